"""Trained reward models in this process: how a text is laid out for one, where its values are read, and how it runs."""
