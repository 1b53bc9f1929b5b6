# SPDX-License-Identifier: MIT
"""The runner of Python functions and the module that declares regions, without a service: the test answers the socket."""

import json
import os
import re
import resource
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

REGION = Path(__file__).resolve().parents[2] / "region"
PYTHON = "/usr/bin/python3"


class Supervisor(threading.Thread):
    """Answers as the worker does, and keeps what it was told, with the times."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.words = []
        self.regions = []  # (seconds, iterations)

    def run(self):
        while word := self.server.recv(64):
            self.words.append(word.decode())
            if word == b"begin":
                self.began = time.perf_counter()
                self.server.send(b"go")
            else:
                self.regions.append((time.perf_counter() - self.began, int(word.split()[1])))
                self.server.send(b"done")

    @property
    def iterations(self):
        return sum(count for _, count in self.regions)

    @property
    def seconds(self):
        return sum(seconds for seconds, _ in self.regions)


def run(argv, *, stdin="", usec=20_000, measured=True, cwd="/"):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    supervisor = Supervisor(ours)
    supervisor.start()
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REGION), "PYTHONDONTWRITEBYTECODE": "1"}
    if measured:
        env |= {"JOULETRACE_REGION_FD": str(theirs.fileno()), "JOULETRACE_REGION_USEC": str(usec)}
    done = subprocess.run([PYTHON, *argv], input=stdin, text=True, capture_output=True, env=env, cwd=cwd,
                          pass_fds=[theirs.fileno()], timeout=60)
    theirs.close()
    supervisor.join(10)
    return done, supervisor


def cpu_seconds_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture
def call(tmp_path):
    def call(source, inputs, function="solve", limit_usec=0, **options):
        candidate = tmp_path / "candidate.py"
        candidate.write_text(source, encoding="utf-8")
        text = inputs if isinstance(inputs, str) else json.dumps(inputs)  # a string is JSON already
        return run([str(REGION / "function_runner.py"), str(candidate), function, str(limit_usec)], stdin=text, **options)
    return call


FIB = "def solve(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a\n"


def test_integers_of_any_size(call):
    done, supervisor = call(FIB, "[100]")
    assert (done.returncode, done.stdout, done.stderr) == (0, "354224848179261915075\n", "")
    zeros = "0" * 5000
    assert call("def solve(n): return n + 1\n", f"1{zeros}")[0].stdout == f"1{zeros[1:]}1\n"


@pytest.mark.parametrize("inputs, seen", [
    ({"a": 1, "b": 2}, [[], {"a": 1, "b": 2}]),
    ([1, 2], [[1, 2], {}]),
    (7, [[7], {}]),
    (None, [[None], {}]),
    ('"text"', [["text"], {}]),
    ([[1, 2]], [[[1, 2]], {}]),
    ({"args": [1], "kwargs": {"b": 2}}, [[1], {"b": 2}]),
    ({"args": [[1, 2]]}, [[[1, 2]], {}]),
    ({"kwargs": {"args": 1}}, [[], {"args": 1}]),
    ({"args": 1}, [[], {"args": 1}]),
    ({}, [[], {}]),
    ([], [[], {}]),
])
def test_calling_convention(call, inputs, seen):
    done, _ = call("def solve(*args, **kwargs): return [args, kwargs]\n", inputs)
    assert json.loads(done.stdout) == seen, done.stderr


def test_inputs_are_fresh_for_each_call(call):
    source = "def solve(data, more):\n    data.sort(); data.append(9); more['x'].append(1)\n    return [data, more]\n"
    done, supervisor = call(source, [[3, 1, 2], {"x": [0]}])
    assert json.loads(done.stdout) == [[1, 2, 3, 9], {"x": [0, 1]}]
    assert supervisor.iterations > 100


def test_results_that_differ_are_all_told(call):
    done, _ = call("calls = []\ndef solve(n):\n    calls.append(n)\n    return len(calls) > 5\n", 1)
    assert done.stdout.split() == ["false", "true"]
    done, _ = call("import itertools\ncount = itertools.count()\ndef solve(n): return next(count)\n", 1)
    assert done.stdout.split() == [str(n) for n in range(10)]


def test_prints_are_harmless(call):
    done, _ = call("import os\nprint('[1]')\ndef solve(n):\n    print('[2]', flush=True)\n    os.write(1, b'[3]')\n    return n\n", 5)
    assert done.stdout == "5\n"


def test_prelude(call):
    source = """
def solve(numbers: List[int]) -> Optional[Dict[str, Any]]:
    heap = numbers[:]
    heapq.heapify(heap)
    return [math.gcd(*numbers), collections.Counter(numbers)[6], list(itertools.accumulate(numbers)), heap[0],
            functools.reduce(lambda a, b: a + b, numbers), bisect.bisect(numbers, 5), random.Random(1).randint(1, 1),
            typing.get_args(Union[int, str])[0].__name__]
"""
    done, _ = call(source, [[4, 6]])
    assert json.loads(done.stdout) == [2, 1, [4, 10], 4, 10, 1, 1, "int"], done.stderr


def test_future_annotations_and_dataclasses(call):
    source = ("from __future__ import annotations\nfrom dataclasses import dataclass, asdict\n@dataclass\nclass P:\n    x: Later\n"
              "class Later: pass\ndef solve(n): return asdict(P(n))\n")
    assert json.loads(call(source, 3)[0].stdout) == {"x": 3}


def test_missing_function_names_what_there_is(call):
    done, supervisor = call("import os\ndef one(): pass\nclass Two: pass\nthree = 3\n", 1)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == 'The function "solve" is not there. The file defines: Two, one.\n'
    assert call("solve = 3\n", 1)[0].stderr == 'The function "solve" is not callable. The file defines: no function.\n'
    assert supervisor.words == []


def test_exception_shows_the_candidates_frames_only(call):
    done, _ = call("def solve(n):\n    return 1 // n\n", 0)
    assert done.returncode == 1 and done.stdout == ""
    assert 'File "candidate.py", line 2, in solve' in done.stderr and "ZeroDivisionError" in done.stderr
    assert "function_runner" not in done.stderr
    for inputs in (0, [[0]], {"n": 0}):
        done, _ = call("def solve(n):\n    return 1 // (n and n[0])\n", inputs)
        assert re.findall(r'File "(.*?)"', done.stderr) == ["candidate.py"], done.stderr
    assert "SyntaxError" in call("def solve(:\n", 0)[0].stderr


def test_what_json_has_not_is_said(call):
    assert call("def solve(n): return {1}\n", 0)[0].stdout.startswith("!set: ")
    assert call("def solve(n):\n    a = []\n    a.append(a)\n    return a\n", 0)[0].stdout.startswith("!list: ")
    assert call("def solve(n): return float('nan'), (1, 2)\n", 0)[0].stdout == "[NaN, [1, 2]]\n"


def test_a_result_is_read_without_running_the_candidates_code(call):
    """Work that is put off until the result is looked at would cost nothing."""
    source = ("class Lazy(list):\n    def __iter__(self): return iter([1, 2, 3])\n    def __len__(self): return 3\n"
              "class Late(dict):\n    def items(self): return [('a', 1)]\n    def __iter__(self): return iter('a')\n"
              "class Meta(type):\n    def __hash__(self): raise SystemExit(7)\n"
              "class Odd(metaclass=Meta):\n    def __buffer__(self, flags):\n        shared[0] = 1\n        return memoryview(b'1')\n"
              "shared = [Odd()]\n"
              "def solve(n): return [Lazy(), [Lazy([n])], Late(b=n)] if n else shared\n")
    assert call(source, 5)[0].stdout == '[[], [[5]], {"b": 5}]\n'
    done, supervisor = call(source, 0)
    assert done.stdout == "!list: Object of type Odd is not JSON serializable\n", done.stderr
    assert supervisor.iterations == 1


def test_results_of_the_librarys_types(call):
    source = ("import enum\nclass P(typing.NamedTuple):\n    x: int\n    y: float\nclass E(enum.IntEnum):\n    ONE = 1\n"
              "def solve(n):\n    d = collections.defaultdict(list)\n    d['a'].append((n, True, None))\n"
              "    return [d, collections.Counter('aab'), P(E.ONE, 0.5), collections.OrderedDict({1: 2})]\n")
    assert json.loads(call(source, 5)[0].stdout) == [{"a": [[5, True, None]]}, {"a": 2, "b": 1}, [1, 0.5], {"1": 2}]
    assert call("def solve(n): return (i for i in [n])\n", 5)[0].stdout.startswith("!generator: ")


def test_numbers_that_are_equal_are_told_apart(call):
    source = "from itertools import cycle\nvalues = cycle([1, True, 1.0, 0.0, -0.0])\ndef solve(n): return next(values)\n"
    assert call(source, 0)[0].stdout.split() == ["1", "true", "1.0", "0.0", "-0.0"]


@pytest.mark.parametrize("source, inputs", [
    ("def solve(x): return x\n", 5),
    ("def solve(a):\n    a.sort()\n    return a\n", [[3, 1, 2]]),
    ("def solve(a): return a\n", [[[1, 2], [3, 4]]]),
    ("def solve(a): return a\n", {"a": {"b": [[1, "x"]]}}),
    ("def solve(a): return 0\n", [[[1, 2]] * 20_000]),
])
def test_repeating_leaves_half_of_the_limit(call, source, inputs):
    """What the runner does between the calls is no fault of the candidate's."""
    before = cpu_seconds_of_children()
    done, supervisor = call(source, inputs, usec=800_000, limit_usec=1_000_000)
    assert done.returncode == 0 and not done.stdout.startswith("!")
    assert cpu_seconds_of_children() - before < 0.7
    assert supervisor.iterations > 1


def test_own_work_is_a_few_times_what_is_wanted(call):
    before = cpu_seconds_of_children()
    call("def solve(a): return 0\n", [[[1, 2]] * 10_000], usec=50_000)
    assert cpu_seconds_of_children() - before < 0.5


def test_short_calls_fill_what_is_wanted(call):
    for source, inputs in ("def solve(x): return x\n", 5), ("def solve(a):\n    a.sort()\n    return a\n", [[3, 1, 2] * 10]):
        _, supervisor = call(source, inputs, usec=50_000)
        assert supervisor.seconds >= 0.005 and supervisor.iterations > 10_000


def test_nobody_measures_one_call(call):
    assert call(FIB, 10, usec=0)[1].iterations == 1


def test_regions_fill_the_window_with_calls_only(call):
    source = "import time\ntime.sleep(0.3)\ndef solve(n):\n    time.sleep(0.002)\n    return n\n"
    done, supervisor = call(source, 1, usec=50_000)
    assert done.returncode == 0
    assert 0.05 <= supervisor.seconds < 0.25  # the import is not within
    assert supervisor.iterations >= 20


def test_long_call_is_made_once(call):
    _, supervisor = call("import time\ndef solve(n):\n    time.sleep(0.1)\n    return n\n", 1)
    assert [count for _, count in supervisor.regions] == [1]


def test_copying_is_not_within(call):
    """The inputs are large and the function does nothing: nearly all of the run's time is outside."""
    began = time.perf_counter()
    _, supervisor = call("def solve(n): return 0\n", [list(range(10 ** 6))], usec=100_000)
    assert supervisor.seconds < 0.1 * (time.perf_counter() - began)


def test_exit_within_the_candidate_tells_no_result(call):
    done, _ = call("import sys\ndef solve(n): sys.exit(0)\n", 1)
    assert (done.returncode, done.stdout) == (0, "")


def test_without_a_supervisor(call):
    done, supervisor = call(FIB, 10, measured=False)
    assert done.stdout == "55\n" and supervisor.words == []


def test_module(tmp_path):
    source = ("import jouletrace\nassert jouletrace.measured() and jouletrace.wanted_seconds() == 0.02\n"
              "with jouletrace.region() as region:\n    region.iterations = 5\n"
              "jouletrace.begin()\njouletrace.end()\n"
              "try:\n    jouletrace.end(0)\nexcept ValueError as error:\n    print(error)\n")
    done, supervisor = run(["-c", source])
    assert done.stderr == ""
    assert supervisor.words == ["begin", "end 5", "begin", "end 1"]
    assert done.stdout == "iterations is 0; it has to be at least 1\n"
    done, supervisor = run(["-c", "import jouletrace\nwith jouletrace.region(): print(jouletrace.measured())"], measured=False)
    assert done.stdout == "False\n" and supervisor.words == []


@pytest.mark.parametrize("compiler", [["gcc", "-std=c99", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic", "-Werror"],
                                      ["clang", "-x", "c++", "-std=c++11", "-Wall", "-Wextra", "-Werror"]])
def test_header_compiles_alone(tmp_path, compiler):
    main = tmp_path / "main.c"
    main.write_text('#include "jouletrace.h"\nint main(void) { return jouletrace_begin() || jouletrace_end(1); }\n')
    subprocess.run([*compiler, "-I", str(REGION), "-o", str(tmp_path / "main"), str(main)], check=True)
    assert subprocess.run([str(tmp_path / "main")], env={}, check=False).returncode == 0
