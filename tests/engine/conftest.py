"""Puts this folder on the path of all tests of the engine: they share the tokenizers of `tokenizers_here`."""
