"""What tasks are made of: the seam, readers and scores by kind of answer, and where rows come from."""
