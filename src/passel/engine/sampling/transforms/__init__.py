"""Transforms: pure functions of logits [rows, vocab] and of parameters by row."""
