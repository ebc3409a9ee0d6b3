"""Modules beside a model, which training writes and decoding reads."""
