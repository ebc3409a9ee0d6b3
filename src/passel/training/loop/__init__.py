"""The loop of every training: updates, checkpoints, the log and its curves."""
