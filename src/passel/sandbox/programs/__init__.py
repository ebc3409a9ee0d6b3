"""Programs that a model wrote, tested in the sandbox: given tests, given inputs, and the hidden tests of benchmarks.

`run_tests` gives a verdict on each test, `outputs_of` what a program returns for each input. `AssertTests` and
`OutputTests` score a program by hidden tests. `docstring_examples` and `single_tests` take public tests out of prompts
and benchmark files.
"""

from passel.sandbox.programs.docstring_examples import docstring_examples
from passel.sandbox.programs.hidden_tests import AssertTests, HiddenTests
from passel.sandbox.programs.output_tests import OutputTests
from passel.sandbox.programs.runner import Program, job_for_tests, outputs_of, run_tests, verdicts_of
from passel.sandbox.programs.single_tests import single_tests

__all__ = ["AssertTests", "HiddenTests", "OutputTests", "Program", "docstring_examples", "job_for_tests", "outputs_of"]
__all__ += ["run_tests", "single_tests", "verdicts_of"]
