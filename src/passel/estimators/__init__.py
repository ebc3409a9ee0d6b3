"""Pure functions of arrays, from numpy and a Key: coverage, votes, selection, intervals, curves."""
