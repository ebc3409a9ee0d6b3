"""Programs that a model wrote, run in the sandbox: their tests, examples and outputs."""
