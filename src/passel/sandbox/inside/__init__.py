"""The part of the sandbox that runs inside a container, around the code. It imports the standard library only."""
