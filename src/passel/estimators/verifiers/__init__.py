"""How well a verifier tells right from wrong, and what that buys."""
