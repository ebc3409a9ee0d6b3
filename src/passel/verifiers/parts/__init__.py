"""Pure functions that verifiers share."""
