# SPDX-License-Identifier: MIT
"""joulectl --local: the real service and the real worker, without a bus, on whatever this machine lets a user do."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time

import pytest

from joulectl_rig import BUILD, JOULECTL, TREE, start_on_terminal

# Programs that sleep last at least as long as their window wants, however busy the machine is; where joules do not
# matter no meter is asked for, and then no trial is too short.
MODEL = ["--local", "--meter", "model"]
PLAIN = ["--local", "--meter", "none"]
BRISK = ["--trials", "2", "--warmups", "1", "--cooldown", "0"]

STEADY = ["--trials", "5", "--cooldown", "0"]


@pytest.fixture
def environ(tmp_path):
    """Records of their own for each test."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "NO_COLOR"))}
    return {**kept, "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": str(tmp_path / "state"),
            "JOULETRACED": str(BUILD / "daemon" / "jouletraced"),
            "JOULETRACE_DATADIR": str(TREE),
            "JOULETRACE_WORKER": str(BUILD / "worker" / "jouletrace-worker"),
            # the leak checker of a worker that exits as its terminal goes was seen to wait for ever; leaks of joulectl, of
            # the service and of the worker are looked for in their own tests
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


@pytest.fixture
def run(environ, tmp_path):
    def run(*arguments, input=None, **options):
        options.setdefault("cwd", tmp_path)
        extra = options.pop("env", {})
        if input is None:
            options.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run([JOULECTL, *map(str, arguments)], capture_output=True, text=True, timeout=120, input=input,
                              env={**environ, **extra}, **options)
        if "Sanitizer" in done.stderr:
            sys.exit(done.stderr)
        return done.returncode, done.stdout, done.stderr
    return run


def test_the_processor_is_left_as_it_is(run):
    """Only the service can put back what it changes, whatever ends it."""
    code, out, err = run(*PLAIN, "measure", "--tune", "turbo=off", "true")
    assert code == 2 and out == "" and "tune: only the system service" in err
    code, out, err = run(*PLAIN, "measure", "--tune", "turbo", "true")
    assert code == 2 and out == "" and "is no setting" in err


def test_a_measurement(run):
    code, out, err = run(*MODEL, "measure", "--quick", "--cooldown", "0", "sleep", "0.05")
    assert code == 0, err
    assert re.search(r"^Job 1: sleep 0.05\n +Median +95 % interval", out)
    assert re.search(r"Energy .* m?J .*\(modelled\)", out) and re.search(r"Time +\d\d\.\d\d ms", out)
    assert "no cores reserved" in out and "computed from CPU time" in out
    for line in out.splitlines():
        assert "(modelled)" in line or not re.search(r"\d [mkµ]?J\b", line), line


def test_the_report_and_the_records_agree(run):
    code, out, err = run(*MODEL, "--json", "measure", *BRISK, "--label", "x", "sleep", "0.12")
    report = json.loads(out)
    assert code == 0 and report["job"]["result"] == "done" and report["measurement"]["meter"]["simulated"] is True
    assert json.loads(run("--local", "show", "--json", "1")[1]) == report
    assert json.loads(run("--local", "export", "1")[1]) == [report]
    rows = run("--local", "export", "--format", "csv")[1].splitlines()
    assert len(rows) == 1 + 2 * 3 and rows[1].startswith("1,x,sleep 0.12,done,model,true,")
    assert [row.split(",")[13] for row in rows[1:]] == ["total", "net", "model"] * 2
    assert float(rows[1].split(",")[15]) == pytest.approx(report["measurement"]["trials"][0]["total_uj"] / 1e6)
    record, = json.loads(run("--local", "jobs", "--all", "--json")[1])
    assert record["label"] == "x" and record["simulated"] is True
    assert run("--local", "forget", "1")[0] == 0
    assert run("--local", "show", "1")[0] == 1


def test_the_umask_is_the_callers(run):
    for mask in (0o022, 0o007):
        code, out, err = run(*PLAIN, "measure", *BRISK, "--show-output", "--", "sh", "-c", "umask", umask=mask)
        assert code == 0 and out.startswith(f"{mask:04o}\n"), out + err


def test_a_killed_worker_leaves_nothing_behind(environ, tmp_path):
    """Neither the program, nor its child, nor an orphan in a session of its own."""
    pids = tmp_path / "pids"
    script = f"(setsid sh -c 'echo $$ >> {pids}; exec sleep 300' &); sleep 300 & echo $! >> {pids}; echo $$ >> {pids}; wait"
    client = subprocess.Popen([JOULECTL, *PLAIN, "measure", "--wall-limit", "300", "sh", "-c", script], env=environ,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 60
    while not pids.exists() or len(pids.read_text().split()) < 3:
        assert time.monotonic() < deadline and client.poll() is None
        time.sleep(0.02)
    service, = children(client.pid)
    worker, = children(service)
    os.kill(worker, signal.SIGKILL)
    out, _ = client.communicate(timeout=60)
    assert client.returncode == 4 and "worker" in out, out
    for pid in pids.read_text().split():
        assert not os.path.exists(f"/proc/{pid}"), out


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def test_the_figures_of_one_run(run):
    """What people see is one run's, however many filled the window."""
    report = json.loads(run(*MODEL, "--json", "measure", *BRISK, "sleep", "0.03")[1])
    each = report["measurement"]["summary"]["per_iteration"]
    assert each["iterations"] > 1
    out = run("--local", "show", "1")[1]
    assert f"{each['iterations']} runs in each; figures are of one run" in out
    seen = float(re.search(r"Time +([\d.]+) ms", out).group(1))
    assert seen == pytest.approx(each["wall_s"] * 1e3, rel=1e-3)


def test_the_examples_in_a_table(run):
    for name in ("fib_recursive", "fib_iterative"):
        code, _, err = run(*MODEL, "measure", "--label", name, *STEADY, "--", "/usr/bin/python3", TREE / "examples" / f"{name}.py")
        assert code == 0, err
    assert run(*MODEL, "measure", *STEADY, "--", "/usr/bin/python3", "-c", "pass")[0] == 0
    code, out, _ = run("--local", "show", "--table", "1", "2", "3")
    assert code == 0
    rows = out.splitlines()
    assert [re.search(r"fib_recursive|fib_iterative|-c pass", row).group() for row in rows[1:4]] == [
        "fib_recursive", "fib_iterative", "-c pass"]
    assert all("(modelled)" in row for row in rows[1:4])
    relative = [float(re.search(r"([\d.]+) ×$", row).group(1)) for row in rows[1:4]]
    assert relative[0] > relative[1] and min(relative) == 1


@pytest.mark.parametrize("command, code, says", [
    (["false"], 1, "exited with status 1"),
    (["/nonexistent"], 1, "could not be started"),
    (["sh", "-c", "kill -9 $$"], 1, "signal 9"),
    (["--job-limit", "300ms", "sleep", "5"], 124, "job-limit"),
    (["--wall-limit", "100ms", "sleep", "5"], 1, "the limit is 0.100 s"),
])
def test_failures(run, command, code, says):
    got, out, err = run(*PLAIN, "measure", *BRISK, *command)
    assert got == code and says in out and "→ " in out, (out, err)


def test_an_excerpt_of_what_the_program_said(run):
    code, out, err = run(*PLAIN, "measure", *BRISK, "sh", "-c", "echo one >&2; echo two >&2; exit 3")
    assert code == 1 and "one\n  two\n" in out and "two" not in err, "the job's message has it already"
    code, out, err = run(*PLAIN, "measure", *BRISK, "sh", "-c", "for i in $(seq 100); do echo line $i >&2; done; exit 3")
    assert code == 1 and "line 100\n" in out and "line 100" not in err
    code, out, err = run(*PLAIN, "measure", *BRISK, "sh", "-c", "seq -s ' ' 2000 >&2; echo end >&2; exit 3")
    assert code == 1 and "end\n" in out and "  | end\n" in err, "the message has not all of the long line"
    code, out, err = run(*PLAIN, "measure", *BRISK, "sh", "-c", "echo only output; exit 3")
    assert code == 1 and "  | only output\n" in err


def test_a_service_that_ends_at_once(run):
    code, _, err = run("--local", "--sysroot", "/nonexistent", "topology")
    assert code == 4 and "cannot open /nonexistent" in err and "the embedded service: it ended at once\n" in err


def test_the_model_is_named(run):
    """Not "time alone is measured" when joules are asked of the model."""
    assert re.search(r"counters +none is read: joules are modelled", run(*MODEL, "status")[1])
    assert "modelled" not in run(*PLAIN, "status")[1]


def test_a_job_that_has_ended_is_none_to_cancel(run):
    assert run(*PLAIN, "measure", *BRISK, "true")[0] == 0
    code, _, err = run("--local", "cancel", "1")
    assert code == 1 and "no such job waits or runs\n  job 1\n" in err and "jobs --all" in err


def test_ignore_exit(run):
    assert run(*PLAIN, "measure", *BRISK, "--ignore-exit", "false")[0] == 0


def test_as_if_run_here(run, tmp_path):
    code, out, err = run(*PLAIN, "measure", *BRISK, "--show-output", "sh", "-c", 'cat; pwd; echo "$SOME"; echo here >&2',
                         input="through a pipe\n", env={"SOME": "value"})
    assert code == 0 and out.startswith(f"through a pipe\n{tmp_path}\nvalue\n") and "here" in err
    (tmp_path / "input").write_text("from a file\n")
    with open(tmp_path / "input") as file:
        code, out, _ = run(*PLAIN, "measure", *BRISK, "--output", "out", "cat", stdin=file)
    assert code == 0 and (tmp_path / "out").read_text() == "from a file\n"


def test_without_counters(run):
    no_rapl = TREE / "tests" / "fixtures" / "no-rapl"
    code, out, _ = run("--local", "--sysroot", no_rapl, "measure", *BRISK, "true")
    assert code == 0 and "no joules: " in out and re.search(r"Time +\d", out)
    code, out, err = run("--local", "--sysroot", no_rapl, "--meter", "powercap", "measure", *BRISK, "true")
    assert code == 4 and "powercap" in out + err


def test_topology_of_a_fixture(run):
    code, out, _ = run("--local", "--sysroot", TREE / "tests" / "fixtures" / "intel-client", "topology")
    assert code == 0
    assert re.search(r"^package-0 +package +0 .*part of the total", out, re.M)
    assert re.search(r"^psys .*shown, not added", out, re.M)
    assert re.search(r"^package-0 .*intel-rapl-mmio:0 +not used: MMIO twin", out, re.M)


def test_status(run):
    code, out, _ = run("--local", "status")
    assert code == 0 and out.startswith("Ready to measure (the embedded service")
    assert json.loads(run("--local", "status", "--json")[1])["service"]["ApiVersion"] == 1


def test_one_measurement_at_a_time(run, environ, tmp_path):
    first = subprocess.Popen([JOULECTL, *MODEL, "measure", "--trials", "1", "--warmups", "0", "sleep", "1.5"], env=environ,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "measuring" not in first.stderr.readline():
        assert first.poll() is None
    code, _, err = run(*PLAIN, "measure", *BRISK, "true", env={"XDG_STATE_HOME": str(tmp_path / "other")})
    assert code == 0 and "another measurement keeps this machine busy" in err
    first.communicate(timeout=60)
    assert first.returncode == 0


def survivors(mark):
    return subprocess.run(["pgrep", "-f", f"^sleep {mark}"], capture_output=True, text=True).stdout.split()


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_on_a_terminal(environ, times):
    """The terminal signals the whole foreground group: the embedded service must outlive that to end the job."""
    mark = f"29{times}.5"
    process, fd = start_on_terminal([JOULECTL, *MODEL, "measure", *BRISK, "sleep", mark], {**environ, "TERM": "xterm"})
    seen, end, typed = b"", time.monotonic() + 60, 0
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                seen += os.read(fd, 65536)
            except OSError:
                break
        if typed < times and survivors(mark):
            os.write(fd, b"\x03")
            typed += 1
    os.close(fd)
    assert process.wait(60) == 130, seen
    while survivors(mark):
        assert time.monotonic() < end, "the program outlives its cancelled job"
        time.sleep(0.05)
    assert b"Ctrl-C again leaves at once" in seen


def test_sigterm_cancels_too(environ):
    client = subprocess.Popen([JOULECTL, *MODEL, "measure", *BRISK, "sleep", "293.5"], env=environ, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not survivors("293.5"):
        assert client.poll() is None
        time.sleep(0.05)
    client.send_signal(signal.SIGTERM)
    out, _ = client.communicate(timeout=60)
    assert client.returncode == 130 and "cancelled" in out and not survivors("293.5")


def test_a_service_that_does_not_start(run):
    code, _, err = run("--local", "status", env={"JOULETRACED": "/nonexistent"})
    assert code == 4 and "does not start" in err
    code, _, err = run("--local", "status", env={"JOULETRACED": "/bin/false"})
    assert code == 4 and "does not start" in err
    code, _, err = run("--local", "--sysroot", "/nonexistent", "status")
    assert code == 4 and "/nonexistent" in err


# ---- validation, in real boxes ----

root = pytest.mark.skipif(os.geteuid() != 0, reason="boxes natively as root only")

PROGRAMS = {
    "AC": "a, b = map(int, input().split())\nprint(a + b)\n",
    "WA": "a, b = map(int, input().split())\nprint(a + b if a < 2 else 7)\n",
    "RTE": "import sys\nprint('oops', file=sys.stderr)\nsys.exit(3)\n",
    "OLE": "print('x' * (1 << 20))\n",
    "TLE": "while True: pass\n",
    "SV": "import ctypes\nctypes.CDLL(None).ptrace(0, 0, 0, 0)\n",
}


@pytest.fixture
def problem(tmp_path):
    (tmp_path / "tests").mkdir()
    for n in (1, 2, 3):
        (tmp_path / "tests" / f"{n}.in").write_text(f"{n} {2 * n}\n")
        (tmp_path / "tests" / f"{n}.ans").write_text(f"{3 * n}\n")
    for name, text in PROGRAMS.items():
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "CE.c").write_text("int main(void) { return nothing; }\n")
    return tmp_path


def validated(run, *arguments, verb="validate"):
    code, out, err = run("--local", "--json", verb, *arguments)
    assert out, err
    return code, json.loads(out), run("--local", "show")[1]


@root
@pytest.mark.parametrize("program, seen", [
    ("AC.py", "AC  right on every test: 3 of 3 tests"),
    ("WA.py", "2 WA, line 1, column 1"),
    ("RTE.py", "│ oops"),
    ("OLE.py", "OLE"),
    ("TLE.py", "TLE"),
    ("SV.py", "ptrace"),
    ("CE.c", "│ CE.c:1:"),
])
def test_verdicts(run, problem, program, seen):
    code, report, out = validated(run, "--tests", "tests", "--cpu-limit", "0.5", "--wall-limit", "20", "--output-max", "100K", program)
    verdict = program.partition(".")[0]
    assert report["validation"]["verdict"] == verdict and seen in out, out
    assert code == (0 if verdict == "AC" else 1)


@root
def test_the_phases_of_a_measurement_with_tests(run, problem):
    code, _, err = run(*PLAIN, "measure", "--tests", "tests", *BRISK, "AC.py")
    phases = [line.removeprefix("job 1: ").partition(" ")[0].rstrip(",") for line in err.splitlines() if line.startswith("job 1: ")]
    assert code == 0 and {"validating", "warming", "measuring"} <= set(phases), err
    order = ["queued", "validating", "settling", "warming", "measuring", "finishing"]
    assert [order.index(phase) for phase in phases] == sorted(order.index(phase) for phase in phases), err


@root
def test_the_tests_after_a_failure(run, problem):
    _, report, _ = validated(run, "--tests", "tests", "WA.py")
    assert [test["verdict"] for test in report["validation"]["tests"]] == ["AC", "WA", "SKIPPED"]
    _, report, _ = validated(run, "--tests", "tests", "--on-failure", "continue", "WA.py")
    assert [test["verdict"] for test in report["validation"]["tests"]] == ["AC", "WA", "WA"]
    _, report, _ = validated(run, "--tests", "tests", "--max-tests", "1", "WA.py")
    assert [test["verdict"] for test in report["validation"]["tests"]] == ["AC"]


@root
def test_a_validator_of_ones_own(run, problem):
    (problem / "check.py").write_text("import sys\nsys.exit(42 if sys.stdin.read().strip() == '7' else 43)\n")
    words = ["--tests", "tests", "--validator", "kattis", "--validator-file", "check.py", "--on-failure", "continue"]
    _, report, _ = validated(run, *words, "WA.py")
    assert [test["verdict"] for test in report["validation"]["tests"]] == ["WA", "AC", "AC"]


@root
@pytest.mark.parametrize("answer, verdict", [("354224848179261915075", "AC"), ("354224848179261915076", "WA")])
def test_a_function_of_large_integers(run, tmp_path, answer, verdict):
    (tmp_path / "fib.py").write_text("def fib(n):\n    a, b = 0, 1\n    for _ in range(n): a, b = b, a + b\n    return a\n")
    (tmp_path / "calls.jsonl").write_text(f'{{"inputs": [100], "expected_output": {answer}}}\n')
    code, report, out = validated(run, "--tests", "calls.jsonl", "--function", "fib", "fib.py")
    assert report["validation"]["verdict"] == verdict and code == (verdict != "AC"), out
    assert "fib(), fib.py" in out


FIB = "def solve(n):\n    a, b = 0, 1\n    for _ in range(n): a, b = b, a + b\n    return a\n"


@root
@pytest.mark.parametrize("code, answer, verdict", [
    (FIB, "354224848179261915075", "AC"), (FIB, "354224848179261915076", "WA"),
    ("def solve(n): return 2**64 - 1\n", "18446744073709551615", "AC"), ("def solve(n): return 2**64 - 1\n", "-1", "WA"),
    ("def solve(n): return -1\n", "18446744073709551615", "WA")])
def test_a_request_of_large_integers(run, tmp_path, code, answer, verdict):
    """The original's body, which no reader on the way makes a double or a wrapped integer of."""
    body = json.dumps({"candidate_code": code, "test_cases": [{"inputs": [100], "expected_output": 0, "test_id": "big"}]})
    (tmp_path / "body.json").write_text(body.replace('"expected_output": 0', f'"expected_output": {answer}'))
    code, report, out = validated(run, "--request", "body.json")
    assert report["validation"]["verdict"] == verdict and code == (verdict != "AC"), out
    if verdict == "WA":
        test, = report["validation"]["tests"]
        assert test["expected"] == answer and len(test["got"]) in (2, 20, 21)


@pytest.mark.parametrize("body", ["%s", '{"candidate_code": "x", "test_cases": [{"inputs": %s', '{"candidate_code": "x", "test_cases": %s'])
def test_a_request_of_brackets(run, tmp_path, body):
    (tmp_path / "body.json").write_text(body % ("[" * 100_000))
    began = time.monotonic()
    code, out, err = run("validate", "--request", "body.json")
    print(f"{(time.monotonic() - began) * 1e3:.0f} ms, joulectl's start and all")
    assert (code, out) == (2, "") and "nested more than 64 levels deep" in err and len(err) < 400, err


@root
def test_energy_of_each_test(run, problem):
    # as long as a window wants to be, however busy the machine is
    (problem / "AC.py").write_text("import time\ntime.sleep(0.12)\n" + PROGRAMS["AC"])
    code, report, out = validated(run, "--meter", "model", "--tests", "tests", *BRISK, "AC.py", verb="measure")
    assert code == 0, out
    tests = report["measurement"]["summary"]["per_test"]
    assert [test["name"] for test in tests] == ["1", "2", "3"] and all(test["wall_s"] > 0 for test in tests)
    assert re.search(r"^  1 .* m?J .*ms +\(modelled\)$", out, re.M) and "figures are of all 3 tests, each run once" in out
    assert "AC  right on every test: 3 of 3 tests" in out
    rows = run("--local", "export", "--format", "csv")[1].splitlines()
    assert len(rows) >= 1 + 2 * 3 * 2 and {tuple(row.split(",")[8:14:5]) for row in rows[1:]} == {
        (test, domain) for test in "123" for domain in ("total", "model")}


@root
def test_nothing_is_measured_that_is_not_right(run, problem):
    code, report, out = validated(run, "--meter", "none", "--tests", "tests", *BRISK, "WA.py", verb="measure")
    assert code == 1 and report["measurement"] is None or not report["measurement"]["trials"]
    assert "2 WA, line 1, column 1" in out and "Time " not in out
