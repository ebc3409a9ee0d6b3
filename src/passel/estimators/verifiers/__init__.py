"""What a verifier is worth: how well it tells right from wrong, and what that buys."""

from passel.estimators.verifiers.account import account

__all__ = ["account"]
