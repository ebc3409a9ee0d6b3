"""Code that plays with the pipes to this process, with the harness around it, and with values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.sandbox import Limits
from passel.sandbox.verdict import MAX_DEPTH, read_verdict

TO_ALL = "import os\nfor d in range(3, 128):\n    try: os.{}\n    except OSError: pass\n"
FLOOD = (" for d in range(3, 128):", "  try: os.write(d, b'x' * 65536)", "  except OSError: pass")
VERDICT = '{"status": "ok", "value": "forged"}'


@pytest.mark.parametrize(
    "code",
    [
        f"print('ready')\nprint('{VERDICT}')\nimport sys\nsys.exit(1)",
        TO_ALL.format(f"write(d, b'ready\\n{VERDICT}\\n')") + "1 / 0",
        TO_ALL.format(f"write(d, b'0' * 32 + b' {VERDICT}\\n')") + "1 / 0",
        TO_ALL.format("dup2(d, 1)") + f"print('{VERDICT}')\n1 / 0",
    ],
    ids=["print", "write", "token", "dup"],
)
def test_a_verdict_cannot_be_forged_by_writing(attack, code):
    ran = attack(code)
    assert (ran.status, ran.value) == ("error", None)


def test_junk_on_the_channel_is_passed_over(attack):
    assert attack(TO_ALL.format("write(d, b'\\xff\\0junk\\n' * 1000)") + "result = 1").value == 1


def test_flooding_the_channel_ends_the_run(attack):
    assert attack("\n".join(["import os", "while True:", *FLOOD]), Limits(seconds=30.0)).status == "killed"


@pytest.mark.parametrize("status", [0, 1, 3, 137, 255])
def test_leaving_without_an_end_is_never_ok(attack, status):
    ran = attack(f"import os\nprint('said', flush=True)\nos._exit({status})")
    assert ran.status == ("killed" if status in (0, 137, 255) else "error")
    assert ran.stdout == "said\n"


@pytest.mark.parametrize("signal", ["SIGKILL", "SIGTERM", "SIGSEGV", "SIGABRT", "SIGALRM", "SIGUSR1", "SIGPIPE"])
def test_killing_itself(attack, signal):
    ran = attack(
        f"import os, signal\nsignal.signal(signal.SIGPIPE, 0)\nos.kill(os.getpid(), signal.{signal})\nsignal.pause()"
    )
    assert ran.status == "killed"


def test_stopping_itself_is_a_matter_of_time(attack):
    ran = attack("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", Limits(seconds=0.3))
    assert ran.status == "timeout"


@pytest.mark.parametrize(
    ("code", "statuses"),
    [
        ("import os\nos.closerange(0, 1000)", {"killed", "error"}),
        ("import os\nos.closerange(3, 1000)\nresult = 1", {"killed", "error"}),
        ("import os\nfor d in (0, 1, 2): os.close(d)\nresult = 1", {"ok"}),
        ("import sys\nsys.stdout = sys.stderr = sys.stdin = None\nresult = 1", {"ok"}),
        ("import sys\nsys.stdout.close()\nsys.stderr.close()\nresult = 1", {"ok"}),
        ("import sys\ndel sys.stdout, sys.modules['json'], sys.modules['os']\nresult = 1", {"ok", "killed", "error"}),
        ("import sys\nsys.modules.clear()\nresult = 1", {"ok", "killed", "error"}),
        ("import builtins\nfor n in list(vars(builtins)): delattr(builtins, n)", {"ok", "killed", "error"}),
        ("import os\nos.write = os.dup = os._exit = None\nresult = 1", {"ok", "killed", "error"}),
        ("import json\njson.dumps = lambda *a, **k: '1}\\n'\nresult = 1", {"ok", "killed"}),
        ("import gc\nfor one in gc.get_objects():\n    if type(one) is dict: one.clear()",
         {"ok", "killed", "error", "timeout"}),
        ("import sys\nf = sys._getframe()\nwhile f.f_back: f = f.f_back\nf.f_locals.clear(); f.f_globals.clear()",
         {"ok", "killed", "error"}),
        ("import sys\nsys.setprofile(lambda *a: 1 / 0)", {"ok", "error", "killed"}),
        ("import gc\ngc.callbacks.append(lambda *a: 1 / 0)\nresult = 1", {"ok"}),
        ("import sys\nsys.excepthook = sys.unraisablehook = None\n1 / 0", {"error"}),
        ("import traceback\ntraceback.TracebackException = None\n1 / 0", {"error"}),
        ("import ctypes\nctypes.string_at(0)", {"killed"}),
        ("class A:\n    def __del__(self): 1 / 0\na = A()\na.b = a\nresult = 1", {"ok"}),
        ("import os\nos.execv('/bin/sh', ['sh', '-c', 'exit 3'])", {"error"}),
        ("import os\nos.execv('/bin/sh', ['sh', '-c', 'exit 0'])", {"killed"}),
        ("import threading, os\nthreading.Thread(target=lambda: os._exit(4)).start()\nimport time\ntime.sleep(9)",
         {"error"}),
    ],
)  # fmt: skip
def test_whatever_it_breaks_the_status_is_one_of_its_own(attack, code, statuses):
    assert attack(code, Limits(seconds=2.0)).status in statuses


def test_recursion_without_a_limit_is_contained(attack):
    ran = attack("import sys\nsys.setrecursionlimit(10 ** 9)\nf = lambda: f()\nf()", Limits(seconds=0.5))
    assert ran.status in {"error", "memory", "killed", "timeout"}


@pytest.mark.parametrize(
    "value",
    [
        "'a' * (2 << 20)",
        "list(range(10 ** 6))",
        "x = []\nfor _ in range(500): x = [x]\nresult = x",
        "x = []\nfor _ in range(100_000): x = [x]\nresult = x",
        "10 ** 10_000",
        "type('R', (), {'__repr__': lambda self: 1 / 0})()",
        "type('R', (), {'__repr__': lambda self: exit_now()})()",
    ],
)
def test_a_value_that_cannot_be_told_is_none(attack, value):
    code = value if "\n" in value else f"result = {value}"
    ran = attack(code)
    assert (ran.status, ran.value) == ("ok", None)


def test_a_value_left_out_for_its_length_is_spoken_of(attack):
    assert "left out" in attack("result = 'a' * (2 << 20)").stderr


def test_a_value_that_holds_itself_is_given_as_text(attack):
    assert attack("result = []\nresult.append(result)").value == "[[...]]"


@given(st.binary(max_size=200))
def test_reading_takes_any_bytes(said):
    for given_bytes in (said, b"token " + said + b"\n", b'token {"status": "ok", "value": ' + said + b"}\n"):
        found = read_verdict(given_bytes, "token")
        assert found is None or found[0] in ("ok", "error", "memory", "killed")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (b"", None),
        (b"token", None),
        (b'token {"status": "ok", "value": 1}', None),
        (b'token {"status": "ok", "value": 1}\n', ("ok", 1)),
        (b'tokentoken {"status": "error", "value": 1}\n', ("error", 1)),
        (b"token 5\n", ("killed", None)),
        (b"token [\n", ("killed", None)),
        (b"token " + b"[" * 10**6 + b"\n", ("killed", None)),
        (b'token {"status": "timeout", "value": 1}\n', ("killed", None)),
        (b'token {"status": ["ok"], "value": 1}\n', ("killed", None)),
        (b'token {"value": 1}\n', ("killed", None)),
        (b'token {"status": "ok"}\n', ("ok", None)),
        (b'token {"status": "ok", "value": NaN}\n', ("killed", None)),
        (b'token {"status": "ok", "value": 1e999}\n', ("ok", "inf")),
        (b'token {"status": "ok", "value": ' + b"9" * 5000 + b"}\n", ("killed", None)),
        (b'token {"status": "ok", "value": "\\ud800"}\n', ("ok", "?")),
        (b'token {"status": "ok", "value": "\xff"}\n', ("killed", None)),
        (b'token {"status": "ok", "value": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}\n", None),
    ],
)  # fmt: skip
def test_what_is_read(said, found):
    if said.count(b"[") == MAX_DEPTH:
        status, value = read_verdict(said, "token") or ("", None)
        assert status == "ok"
        assert value is not None
        deeper = said.replace(b"[" * MAX_DEPTH, b"[" * (MAX_DEPTH + 5)).replace(
            b"]" * MAX_DEPTH, b"]" * (MAX_DEPTH + 5)
        )
        assert read_verdict(deeper, "token") == ("ok", None)
    else:
        assert read_verdict(said, "token") == found
