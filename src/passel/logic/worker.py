"""The program of a solver's process: a request a line in, a reply a line out, both JSON.

A request has `solver` ("cvc5" or "z3"), `script` (SMT-LIB 2 declarations and assertions) and `seconds`; the reply has
`found` ("unsat", "sat" or "unknown") and `reason`. It imports nothing of Passel, so that it starts quickly.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Writes a line, then answers until the input ends."""
    print("{}", flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


def _answer(request: dict[str, Any]) -> dict[str, str]:
    try:
        script, milliseconds = request["script"], int(1000 * request["seconds"])
        found, reason = (_z3 if request["solver"] == "z3" else _cvc5)(script, milliseconds)
    except MemoryError:
        return {"found": "unknown", "reason": "out of memory"}
    except Exception as error:
        return {"found": "unknown", "reason": f"{type(error).__name__}: {error}"[:300]}
    return {"found": found, "reason": reason}


def _z3(script: str, milliseconds: int) -> tuple[str, str]:
    z3: Any = import_module("z3")
    solver = z3.Solver(ctx=z3.Context())
    solver.set("timeout", milliseconds)
    solver.from_string(script)
    found = str(solver.check())
    return found, solver.reason_unknown() if found == "unknown" else ""


def _cvc5(script: str, milliseconds: int) -> tuple[str, str]:
    cvc5: Any = import_module("cvc5")
    solver = cvc5.Solver()
    solver.setOption("tlimit-per", str(milliseconds))
    solver.setOption("finite-model-find", "true")
    solver.setLogic("UF")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, script, "theory")
    symbols = parser.getSymbolManager()
    while not (command := parser.nextCommand()).isNull():
        said = str(command.invoke(solver, symbols))
        if "error" in said:
            return "unknown", said[:300]
    found = solver.checkSat()
    return ("unsat" if found.isUnsat() else "sat" if found.isSat() else "unknown"), str(found)


if __name__ == "__main__":
    main()
