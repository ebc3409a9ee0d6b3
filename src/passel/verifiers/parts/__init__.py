"""What verifiers share: pure functions, tested alone."""
