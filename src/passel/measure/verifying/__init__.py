"""What a verifier is worth: how well it tells right from wrong, and what that buys."""

from passel.measure.verifying.account import account

__all__ = ["account"]
