"""The mathematics that methods share: pure functions, tested alone."""
