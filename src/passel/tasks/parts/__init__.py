"""The parts of tasks: `Task` itself, readers and scores by kind of answer, and the sources of rows."""
