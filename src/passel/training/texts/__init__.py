"""What is learnt from: texts as tokens, prompts with their completions."""
