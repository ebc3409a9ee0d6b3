"""What runs inside a sandbox, beside the code: standard library only, no import of the rest of Passel."""
