"""The Python API: one file for each verb. It works with and without a running event loop."""
