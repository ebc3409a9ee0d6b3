"""Tool-integrated reasoning: the model writes programs as it reasons, and continues from their output."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from passel.core.ask import Prompt, Sampling
from passel.core.flow import Flow, affordable, call, sample, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.programs import OUTPUT, output_block, program_at_end
from passel.methods.parts.prompts import with_line
from passel.methods.parts.votes import majority

__all__ = ["tool_reasoning"]

LINE = "Where a computation helps, write a ```python block that prints what you need; its output is shown to you."


@needs(generator="text prefix", tool="python")
def tool_reasoning(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 256)] = 1,
    programs: Annotated[int, Linear(1, 16)] = 4,
    seconds: Annotated[float, Log(0.1, 60.0)] = 5.0,
) -> Flow[Result]:
    """The majority answer of n traces in which the model reasons, runs Python programs and continues.

    A trace is sampled up to the end of a program, the program is run in the sandbox, its output is written behind it
    and the trace continues, until it ends without a program. Each program runs by itself, without earlier ones.

    Source: Gou et al. 2023, ToRA (2309.17452), algorithm 1; as used by Yang et al. 2024, Qwen2.5-Math (2409.12122),
    section 4, with Maj@n over traces. Executor and limits: the evaluation code of Qwen2.5-Math.

    Args:
        n: traces; 8 is the paper's Maj@8.
        programs: programs of a trace at most; 4 in the evaluation code. The last round's program is not run.
        seconds: wall time of a program; 5 is ours.

    Cost: generate <= n * (programs + 1), call <= n * programs

    Guarantees: heuristic. A program's output is exact; whether it is the right program depends on the model.

    Deviations: of long output the first and last 400 characters are shown (the code shows 200 each); an error is shown
    by its last line, as there. When the budget ends during a trace, that trace has no answer.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> ran = Reply(value={"status": "ok", "stdout": "42\\n"})
    >>> flow = tool_reasoning(Problem("1", "6 * 7?"), key=Key())
    >>> print(play(flow, ["```python\\nprint(6 * 7)\\n```", ran, "It is 42."]).value.text)
    ```python
    print(6 * 7)
    ```
    ```output
    42
    ```
    It is 42.
    """
    prompt = with_line(problem.prompt, LINE)
    traces = yield from together([_trace(problem, prompt, key, index, programs, seconds) for index in range(n)])
    candidates = [trace for trace, _ in traces]
    return Result.of(majority(candidates), candidates, whole=all(whole for _, whole in traces))


def _trace(
    problem: Problem, prompt: Prompt, key: Key, index: int, programs: int, seconds: float
) -> Flow[tuple[Candidate, bool]]:
    """A trace, and whether it came to its end."""
    text, tokens = "", 0
    until_output = Sampling(stop=(OUTPUT,))
    for turn in range(programs + 1):
        piece = sample(prompt, key=key, first=index, prefix=text, sampling=until_output)
        replies = yield from affordable(piece)
        if replies is None:
            break
        (reply,) = replies
        tokens += reply.usage.completion_tokens
        program = program_at_end(reply.text) if reply.ok else None
        if program is None or turn == programs:
            return replace(candidate(problem, reply, text), tokens=tokens), True
        ran = yield from affordable(call("python", code=program, seconds=seconds))
        if ran is None:
            break
        text += reply.text.rstrip() + output_block(ran.value if ran.ok else None, ran.error)
    return Candidate(text, None, stop="cancelled", tokens=tokens), False
