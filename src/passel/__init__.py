"""Passel: many passes, one answer."""
