"""Answers that are mathematics: LaTeX taken apart into forms (numbers, lists, intervals, relations, matrices, words),
and expressions compared by computer algebra in processes of their own."""
