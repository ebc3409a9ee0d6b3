"""The kinds of answer, a file each: what a statement has to hold to be read, and when two answers are the same."""
