"""The adapter of the white-box engine: from asks to tokens and back."""
