"""Falcon's drafter: the network, its state along a text, and the tree of its guesses."""
