"""Pieces of the model adapters, each usable and tested alone."""
