"""The training loop that all recipes share: updates, checkpoints, the log and its curves."""
