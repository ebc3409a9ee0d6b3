"""Training texts: files, prompts with completions, and their tokens."""
