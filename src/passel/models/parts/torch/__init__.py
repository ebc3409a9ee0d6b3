"""The adapter of the engine: from asks to tokens and back."""
