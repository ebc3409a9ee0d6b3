"""The Python API: one file a verb. Usable with and without a running event loop."""
