# SPDX-License-Identifier: MIT
"""The hostile corpus itself, without a service: its table, its programs, and a harness that must fail when it should.

No hostile program is run here: they are compiled or parsed. The harness is run against a joulectl that answers as it is told.
"""

import ast
import copy
import json
import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

HOSTILE = Path(__file__).resolve().parents[1] / "hostile"
sys.path.insert(0, str(HOSTILE))

import after  # noqa: E402  (found through the path set above)
import corpus  # noqa: E402
import run  # noqa: E402
import service  # noqa: E402
from host import Host, Process, configured_uids  # noqa: E402

TABLE = json.loads((HOSTILE / "corpus.json").read_text(encoding="utf-8"))
CORPUS = corpus.load()
PROGRAMS = sorted((HOSTILE / "programs").iterdir())
BOX_UID = 64000


def case_of(name):
    return next(case for case in CORPUS.cases if case.id == name)


def never_compiled(path):
    """Sources whose only right end is the compiler's."""
    return all(words == ["CE"] for words in corpus.header(path)[1].values())


# The table


def test_every_row_stands_once():
    rows = [row["id"] for row in TABLE["rows"]]
    others = [entry["id"] for key in ("conditions", "not-applicable") for entry in TABLE[key]]
    assert sorted(rows + others) == sorted(corpus.ROW_IDS) and len(set(corpus.ROW_IDS)) == len(corpus.ROW_IDS)
    assert {entry["id"] for entry in TABLE["not-applicable"]} == {"J8", "C4", "E6", "E11"}


def first_case(table):
    return table["rows"][0]["cases"][0]


SPOILT = {
    "unknown key": lambda t: first_case(t).update(verdict="AC"),
    "unknown verdict": lambda t: first_case(t)["expect"].update(verdict=["OK"]),
    "IE": lambda t: first_case(t)["expect"].update(verdict=["IE"]),
    "no verdict": lambda t: first_case(t)["expect"].update(verdict=[]),
    "verdicts without a note": lambda t: first_case(t)["expect"].update(verdict=["TLE", "WTL"]),
    "unknown fact": lambda t: first_case(t)["expect"].update(facts=["cpu"]),
    "system call without SV": lambda t: first_case(t)["expect"].update(syscall="bpf"),
    "signal without RTE": lambda t: first_case(t)["expect"].update(signal=9),
    "status of a validation": lambda t: first_case(t)["expect"].update(status=["OK"]),
    "row twice": lambda t: t["rows"].append(copy.deepcopy(t["rows"][0])),
    "row missing": lambda t: t["rows"].pop(3),
    "row not in the list": lambda t: t["not-applicable"].append({"id": "Z1", "reason": "-"}),
    "row without a case": lambda t: t["rows"][0].update(cases=[]),
    "excuse without a reason": lambda t: t["not-applicable"][0].pop("reason"),
    "no such program": lambda t: first_case(t).update(source="programs/none.c"),
    "program outside": lambda t: first_case(t).update(source="../lint.py"),
    "limit of another name": lambda t: first_case(t).update(limits={"stack": 1}),
    "limit that is no number": lambda t: first_case(t).update(limits={"cpu": "1s"}),
    "limit that is a truth": lambda t: first_case(t).update(limits={"tasks": True}),
    "language and argv": lambda t: first_case(t).update(argv=["./main"]),
    "unknown check": lambda t: first_case(t).update(checks=["cpu"]),
    "test without an answer": lambda t: first_case(t).update(tests=[{"input": ""}]),
    "validator of another type": lambda t: first_case(t).update(validator={"type": "fuzzy"}),
    "mode that is none": lambda t: first_case(t).update(files=[{"name": "x", "mode": "0x1", "content": []}]),
    "argument that is none": lambda t: first_case(t).update(args=[{"repeat": "x"}]),
    "default missing": lambda t: t["defaults"].pop("cpu"),
    "another schema": lambda t: t.update(schema="org.jouletrace.hostile/2"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_the_loader_is_strict(what):
    table = copy.deepcopy(TABLE)
    SPOILT[what](table)
    with pytest.raises(corpus.CorpusError):
        corpus.parse(json.dumps(table))


def test_a_key_twice_is_no_table():
    with pytest.raises(corpus.CorpusError, match="twice"):
        corpus.parse('{"schema": "a", "schema": "b"}')


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_a_programs_head_agrees_with_the_table(path):
    row, verdicts = corpus.header(path)
    cases = {case.name: case for case in CORPUS.cases if case.explained_in == f"programs/{path.name}"}
    assert verdicts == {name: case.right for name, case in cases.items()}
    assert {case.row for case in cases.values()} == {row} and path.name.startswith(row.lower() + "-")


def test_conditions_name_tests_that_exist():
    for condition in CORPUS.conditions:
        for node in condition["tests"]:
            file, _, function = node.partition("::")
            text = (HOSTILE.parents[1] / file).read_text(encoding="utf-8")
            assert re.search(rf"^def {function}\(", text, re.MULTILINE), f"{condition['id']}: there is no {node}"


# The programs


@pytest.mark.parametrize("path", [p for p in PROGRAMS if p.suffix == ".c" and not never_compiled(p)] + [HOSTILE / "fingerprint.c"],
                         ids=lambda path: path.name)
def test_c_sources_compile(path, tmp_path):
    """As a language's plain command compiles them, and statically as for a host without a compiler."""
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", "-O1", "-static", "-o", tmp_path / "program", path], check=True)


def test_only_python_is_parsed_as_python():
    for path in (p for p in PROGRAMS if p.suffix == ".py"):
        ast.parse(path.read_text(encoding="utf-8"), path.name)
    assert {path.suffix for path in PROGRAMS} == {".c", ".cpp", ".py", ".sh"}


def test_generated_files(tmp_path):
    service.write_content(tmp_path / "file", [{"text": "a\0"}, {"base64": "77u/"}, {"repeat": "x", "times": (1 << 20) + 1}, {"hole": 5}])
    assert (tmp_path / "file").read_bytes() == b"a\0\xef\xbb\xbf" + b"x" * ((1 << 20) + 1) + bytes(5)


# The fingerprint


@pytest.fixture(scope="module")
def small_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    subprocess.run(["gcc", "-O1", "-static", "-o", root / "fingerprint", HOSTILE / "fingerprint.c"], check=True)
    (root / "etc").mkdir()
    (root / "etc/file").write_text("1")
    return root


def fingerprint(root, **options):
    out = subprocess.run(["/usr/sbin/chroot", root, "/fingerprint"], text=True, check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                         **{"env": {"A": "1"}, **options}).stdout
    return re.sub(r"^pid \d+ ", "pid ", out, flags=re.MULTILINE)  # no namespace of its own here


def test_a_fingerprint_is_the_same_twice(small_root):
    assert fingerprint(small_root) == fingerprint(small_root)


@pytest.mark.parametrize("change", ["env", "file", "size", "mode", "descriptor", "affinity", "umask", "directory"])
def test_a_fingerprint_sees(small_root, change):
    before = fingerprint(small_root)
    options = {}
    if change == "env":
        options["env"] = {"A": "1", "PHASE": "measure"}
    elif change == "file":
        (small_root / "etc/more").write_text("")
    elif change == "size":
        (small_root / "etc/file").write_text("12")
    elif change == "mode":
        (small_root / "etc/file").chmod(0o600)
    elif change == "descriptor":
        options["pass_fds"] = [os.open("/dev/null", os.O_RDONLY)]
    elif change == "affinity":
        options["preexec_fn"] = lambda: os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    elif change == "umask":
        options["preexec_fn"] = lambda: os.umask(0o77)
    else:
        (small_root / "etc/deep/deep/deep").mkdir(parents=True)
    assert fingerprint(small_root, **options) != before


def test_a_fingerprint_names_its_exceptions(small_root):
    names = subprocess.run([small_root / "fingerprint", "--names"], text=True, check=True, stdout=subprocess.PIPE).stdout.split()
    assert names == re.findall(r"^exception (\w+): ", fingerprint(small_root), re.MULTILINE) and len(names) > 3


# The harness

JOULECTL = """\
    #!/usr/bin/python3
    # Answers as the plan says: "honest" for the harness's own job, "hostile" for another; "leave" is done meanwhile.
    import json, pathlib, sys
    here = pathlib.Path(__file__).parent
    plan = json.loads((here / "plan.json").read_text())
    if sys.argv[1] == "jobs":
        sys.exit(print(json.dumps({"jobs": [{"id": 1, "state": plan.get("state", "measuring")}], "more": 0})))
    files = [a.partition("=")[2] for a in sys.argv if a.startswith("--file=")]
    is_honest = any("while [ $n -lt" in pathlib.Path(f.split("=", 1)[1]).read_text(errors="replace") for f in files)
    (here / "commands").open("a").write(json.dumps(sys.argv[1:]) + "\\n")
    if not is_honest and plan["leave"]:
        exec(plan["leave"], {"root": here / "root", "files": files})
    answer = plan["honest" if is_honest else "hostile"]
    sys.stdout.write(answer if isinstance(answer, str) else json.dumps(answer))
    sys.exit(plan.get("exit", 0) if not is_honest else 0)
    """
RESIDENT = """\
    import json, pathlib, sys
    for line in sys.stdin:
        print(json.dumps(json.loads((pathlib.Path(__file__).parent / "calls.json").read_text())), flush=True)
    """
JOURNALCTL = """\
    #!/bin/sh
    case "$*" in *show-cursor*) echo "-- cursor: c";; *) head -c "$(cat "$(dirname "$0")/journal-bytes")" /dev/zero;; esac
    """


def report(verdict, facts=(), status=None, **test):
    answer = {"job": {"id": 1, "started": 0, "finished": 10}, "environment": {"isolation": "reserved"},
              "validation": {"verdict": verdict, "tests": [{"name": "01", "verdict": verdict, "facts": list(facts),
                                                            "cpu_usec": 1000000, "wall_ns": 1, **test}]}}
    if status:
        answer["measurement"] = {"status": status, "window": {"min_ns": 100},
                                 "trials": [{"windows": [{"wall_ns": 100, "energy_uj": {"package-0": 1}}]}]}
    return answer


class Rig:
    """A made-up host below root, a joulectl that does as it is told, and the harness on both."""

    def __init__(self, path, monkeypatch):
        self.path, self.root = path, path / "root"
        monkeypatch.setattr(after, "SETTLE_SEC", 0)
        monkeypatch.setattr(run, "REFERENCES", 1)
        monkeypatch.setattr(run, "CANARY", path / "canary")
        monkeypatch.setattr(run.tempfile, "tempdir", str(path / "temporary"))
        (path / "temporary").mkdir()
        monkeypatch.setenv("PATH", str(path), prepend=":")
        monkeypatch.delenv("SUDO_USER", raising=False)
        for name, text in (("joulectl", JOULECTL), ("resident.py", RESIDENT), ("journalctl", JOURNALCTL)):
            (path / name).write_text(textwrap.dedent(text))
            (path / name).chmod(0o755)
        (path / "journal-bytes").write_text("100")
        for name in ("proc/1/fd", "proc/7/fd", "proc/sysvipc", "sys/fs/cgroup/jouletrace.slice", "tmp", "etc",
                     "sys/devices/system/cpu/cpu0/cpufreq"):
            (self.root / name).mkdir(parents=True)
        self.write("proc/1/mountinfo", "1 0 0:1 / / rw - tmpfs none rw\n")
        self.write("proc/7/status", "Name:\tjouletraced\nUid:\t0\t0\t0\t0\nVmRSS:\t1000 kB\nThreads:\t1\n")
        self.write("proc/7/cgroup", "0::/system.slice/jouletraced.service\n")
        self.write("proc/sysvipc/shm", "key shmid\n")
        self.write("etc/shadow", "root:$y$j9T$abcdefghijklmn:1::::::\n")
        self.write("sys/fs/cgroup/jouletrace.slice/cpuset.cpus.partition", "isolated\n")
        self.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n")
        self.calls = {"calls": 10, "max_ms": 5.0, "p95_ms": 1.0, "error": None}
        self.plan = {"honest": report("AC"), "hostile": report("TLE", ["cpu-limit"]), "leave": ""}

    def write(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def run(self, *patterns, options=(), uids=(f"--uids={BOX_UID}-{BOX_UID + 9}",)):
        (self.path / "plan.json").write_text(json.dumps(self.plan))
        (self.path / "calls.json").write_text(json.dumps(self.calls))
        return run.main([*patterns, f"--root={self.root}", "--pid=7", *uids, "--energy-band=0",
                         f"--joulectl={self.path / 'joulectl'}", f"--resident={sys.executable} {self.path / 'resident.py'}", *options])


@pytest.fixture
def rig(tmp_path, monkeypatch):
    return Rig(tmp_path, monkeypatch)


def test_right_answers_pass(rig, capsys):
    assert rig.run("T1") == 0
    assert "1 passed, 0 failed" in capsys.readouterr().out
    words = [json.loads(line) for line in (rig.path / "commands").read_text().splitlines()]
    hostile = next(line for line in words if "--language=c" in line)
    assert hostile[:2] == ["validate", "--profile=box"] and "--cpu-limit=1s" in hostile and hostile[-1] == "--"


def test_a_multiple_verdict_and_a_name(rig):
    rig.plan["hostile"] = report("SV", ["seccomp"], message="was killed for calling settimeofday(), which the box does not allow")
    assert rig.run("T15-settimeofday") == 0
    rig.plan["hostile"] = report("AC", ["right-answer"])
    assert rig.run("T15-settimeofday") == 0


def test_a_refusal(rig):
    rig.plan |= {"hostile": "", "exit": 2}
    assert rig.run("X23-name") == 0
    rig.plan |= {"exit": 4}
    assert rig.run("X23-name") == 1
    for name, code in ((service.INVALID, 0), ("org.jouletrace.JouleTrace1.Error.RunFailed", 1)):
        rig.plan["hostile"] = {"job": {"id": 1, "error": {"name": name}}, "validation": None}
        assert rig.run("C5-bogus") == code


WRONG = {
    "another verdict": ("T1", report("WTL", ["wall-limit"]), "the verdict is WTL, not TLE"),
    "our fault": ("T1", report("IE", ["our-fault"]), "the verdict is IE, not TLE"),
    "forgiven": ("T1", report("AC", ["right-answer"]), "the verdict is AC, not TLE"),
    "no fact": ("M1", report("MLE"), "lack oom-kill"),
    "another system call": ("P8-unshare", report("SV", ["seccomp"], syscall="clone"), "named is clone, not unshare"),
    "no system call": ("P8-unshare", report("SV", ["seccomp"]), "named is None, not unshare"),
    "another signal": ("O11-sigpipe", report("RTE", ["signal"], signal=11), "signal is 11, not 13"),
    "another status": ("J1-42", report("RTE", ["nonzero-exit"], exit_code=1), "exit_code is 1, not 42"),
    "one test right": ("J3", report("WA", ["wrong-answer"]), "the tests' verdicts are"),
    "not seen in trials": ("E1", report("AC", status="OK"), "the status is OK, not DIVERGED"),
    "no report": ("T1", "Segmentation fault", "exited with 0 and gave no report"),
    "too late": ("T1", report("TLE", ["cpu-limit"], wall_ns=9 * 10**9), "(i) test 01 ran for 9.00 s"),
    "limit overshot": ("T1", report("TLE", ["cpu-limit"], cpu_usec=1200000), "1200000 µs of CPU time"),
    "control characters": ("O10-escapes", report("WA", ["wrong-answer"], got="\u202e"), None),
    "energy for nothing": ("E12", report("AC", status="OK") | {"measurement": {"status": "OK", "window": {"min_ns": 100}, "trials": [
        {"windows": [{"wall_ns": 99, "energy_uj": {"package-0": 1}}]}]}}, "energy for a window of 99 ns"),
    "a secret": ("C1-shadow", report("CE", ["compile"], message="$y$j9T$abcdefghijklmn"), "(k) the report holds"),
    "a large report": ("C3-million", report("CE", ["compile"], message="x" * 300000), "the report is 300"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_answer_fails(rig, capsys, what):
    name, answer, words = WRONG[what]
    rig.plan["hostile"] = json.dumps(answer, ensure_ascii=False) if what == "control characters" else answer
    assert rig.run(name, options=["--own-file=/etc/"]) == 1
    out = capsys.readouterr().out
    assert (words or "the output has a raw") in out and "0 passed, 1 failed" in out


PROCESS = "(root / 'proc/99').mkdir(); (root / 'proc/99/status').write_text('Name:\\tbomb\\nUid:\\t64001\\t64001\\t64001\\t64001\\n')"
STATUS = "(root / 'proc/7/status').write_text('Name:\\tjouletraced\\nUid:\\t0\\t0\\t0\\t0\\nVmRSS:\\t%d kB\\nThreads:\\t%d\\n')"
LEFT = {
    "a: a scope": ("(root / 'sys/fs/cgroup/jouletrace.slice/jouletrace-job-1.scope').mkdir()", "(a) cgroups are left"),
    "b: a process": (PROCESS, "(b) processes are left: 99 (bomb, uid 64001)"),
    "c: a mount": ("(root / 'proc/1/mountinfo').write_text('1 0 0:1 / / rw - tmpfs none rw\\n2 1 0:2 / /run/box rw - tmpfs none rw\\n')",
                   "(c) mounts are left: /run/box"),
    "c: a segment": ("(root / 'proc/sysvipc/shm').write_text('key shmid\\n20252 1 666\\n')", "(c) System V objects are left: shm: 20252 1"),
    "c: a file": ("(root / 'tmp/left').write_text('')", "(c) files were written outside: /tmp/left"),
    "c: a changed file": ("(root / 'etc/shadow').write_text('root::0')", "(c) files were written outside: /etc/shadow"),
    "c: a removed file": ("(root / 'etc/shadow').unlink()", "(c) files outside are gone: /etc/shadow"),
    "c: a namespace": ("(root / 'proc/7/ns').mkdir(); (root / 'proc/7/ns/net').symlink_to('net:[2]')", "(c) there are 1 net namespaces"),
    "d: a descriptor": ("(root / 'proc/7/fd/9').write_text('')", "(d) the service has 1 descriptors, and had 0"),
    "d: a thread": (STATUS % (1000, 2), "(d) the service has 2 threads"),
    "d: memory": (STATUS % (20000, 1), "(d) the service has 20000 KiB"),
    "d: the service": ("(root / 'proc/7/status').unlink()", "(d) the service has ended"),
    "f: a knob": ("(root / 'sys/devices/system/cpu/cpu0/cpufreq/scaling_governor').write_text('powersave\\n')",
                  "(f) sys/devices/system/cpu/cpu0/cpufreq/scaling_governor is 'powersave\\n'"),
    "j: the partition": ("(root / 'sys/fs/cgroup/jouletrace.slice/cpuset.cpus.partition').write_text('isolated invalid (x)\\n')",
                         "(j) sys/fs/cgroup/jouletrace.slice/cpuset.cpus.partition is 'isolated invalid (x)'"),
}


@pytest.mark.parametrize("what", LEFT)
def test_what_is_left_fails(rig, capsys, what):
    rig.plan["leave"], words = LEFT[what]
    assert rig.run("T1") == 1
    assert words in capsys.readouterr().out


def test_the_resident_client_calls_the_service(daemon, bus):
    daemon.start()
    resident = subprocess.Popen([sys.executable, HOSTILE / "resident.py"], env=bus.environment, text=True, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE)
    try:
        for wanted in (None, "Unknown"):
            time.sleep(0.5)
            resident.stdin.write("\n")
            resident.stdin.flush()
            calls = json.loads(resident.stdout.readline())
            assert calls["calls"] >= 2 and 0 < calls["p95_ms"] <= calls["max_ms"] and bool(calls["error"]) == bool(wanted)
            if not wanted:
                daemon.stop()
    finally:
        resident.stdin.close()
        resident.wait(timeout=10)


def test_a_service_that_does_not_answer_fails(rig, capsys):
    rig.calls["max_ms"] = 150.0
    assert rig.run("T1") == 1
    assert "(g) ListJobs took 150.0 ms" in capsys.readouterr().out
    rig.calls |= {"max_ms": 1.0, "error": "Connection timed out"}
    assert rig.run("T1") == 1
    assert rig.run("T1", options=["--answer-limit=200"]) == 1


def test_a_flooded_journal_fails(rig, capsys):
    (rig.path / "journal-bytes").write_text("70000")
    assert rig.run("T1") == 1
    assert "(h) the journal grew by 70000 bytes" in capsys.readouterr().out


def test_a_next_job_that_is_not_served_fails(rig, capsys):
    rig.plan["leave"] = "p = root.parent / 'plan.json'; import json; d = json.loads(p.read_text()); d['honest'] = %r; p.write_text(json.dumps(d))" % (
        report("IE"),)
    assert rig.run("T1") == 1
    assert "(e) the next honest job got IE" in capsys.readouterr().out


def test_a_job_off_its_core_fails(rig, capsys):
    rig.plan["hostile"] = report("TLE", ["cpu-limit"]) | {"environment": {"isolation": "confined"}}
    assert rig.run("T1") == 1
    assert "(j) the job ran with isolation 'confined'" in capsys.readouterr().out


def test_energy_out_of_its_band():
    good = service.Answer(0, report("AC"), "", 1)
    assert list(after.e_honest_again(good, 1.0, 1.2, 0.25)) == []
    assert list(after.e_honest_again(good, 1.0, 1.3, 0.25)) and list(after.e_honest_again(good, 1.0, None, 0.25))


WAIT = "import pathlib, time; end = time.monotonic() + 10\nwhile time.monotonic() < end and not (%s): time.sleep(0.05)\nassert (%s)"
MEANWHILE = {
    "E7": "__import__('subprocess').call(['pgrep', '-f', 'python3 -c while True: pass'], stdout=-3) == 0",
    "E8": "(root.parent / 'commands').read_text().count('validate') > 4",
    "E16": "'rewritten' in pathlib.Path(files[0].split('=', 1)[1]).read_text()",
}


@pytest.mark.parametrize("name", MEANWHILE)
def test_what_happens_meanwhile(rig, capsys, name):
    """The harness's part of these cases is really done while the job runs."""
    rig.plan["leave"] = WAIT % (MEANWHILE[name], MEANWHILE[name])
    rig.plan["hostile"] = report("AC", status="OK")
    rig.plan["honest"]["job"] |= {"id": 2, "started": 20, "finished": 30}
    assert rig.run(name) == 0, capsys.readouterr().out
    if name == "E8":
        rig.plan["honest"]["job"] |= {"started": 5}
        (rig.path / "commands").unlink()
        assert rig.run(name) == 1
        assert "job 2 ran for" in capsys.readouterr().out


def test_what_could_not_happen_meanwhile(rig, capsys):
    rig.plan |= {"state": "queued", "hostile": report("AC", status="OK")}
    assert rig.run("E16") == 1
    assert "the program was not rewritten while it ran" in capsys.readouterr().out


def submissions(rig):
    """Verb and kind of each job, in order."""
    lines = [json.loads(line) for line in (rig.path / "commands").read_text().splitlines()]
    return [f"{words[0]} {'hostile' if '--language=c' in words else 'honest'}" for words in lines]


@pytest.mark.parametrize("every, looks", [("1", [1, 1, 1]), ("row", [0, 0, 1]), ("2", [0, 1, 1])])
def test_how_often_the_host_is_looked_at(rig, every, looks):
    """Always after the last case; with energy, the honest job after a row is measured."""
    rig.plan["hostile"] = report("RTE", ["nonzero-exit"])
    rig.plan["honest"]["measurement"] = {"summary": {"total_j": {"median": 2.0}, "power_w": 10.0}}
    rig.run("J1-4*", "J1-1", options=[f"--look-every={every}", "--energy-band=0.25"])
    done = submissions(rig)
    done = done[done.index("validate hostile"):]
    measured = every == "2"
    expected = []
    for number, look in enumerate(looks):
        expected.append("validate hostile")
        if look:
            expected.append(f"{'measure' if measured or number == 2 else 'validate'} honest")
    assert done == expected


def test_the_power_of_an_honest_job(rig, capsys):
    rig.plan["honest"]["measurement"] = {"summary": {"total_j": {"median": 2.0}, "power_w": 10.0}}
    rig.plan["leave"] = ("import json; p = root.parent / 'plan.json'; d = json.loads(p.read_text()); "
                         "d['honest']['measurement']['summary'] = {'total_j': {'median': 2.1}, 'power_w': 13.0}; p.write_text(json.dumps(d))")
    assert rig.run("T1", options=["--energy-band=0.25"]) == 0
    assert rig.run("T1", options=["--energy-band=0.25", "--power"]) == 1
    assert "the next honest job took 13 W, and 10 W before: off by more than 25%" in capsys.readouterr().out


def test_a_leak_is_its_row_s_alone(rig, capsys):
    rig.plan["leave"] = "(root / 'tmp' / 'left').exists() or (root / 'tmp' / 'left').write_text('x')"
    assert rig.run("T1", "T5") == 1
    assert capsys.readouterr().out.count("files were written outside: /tmp/left") == 1


def test_who_may_and_what_is_asked_for(rig, monkeypatch):
    monkeypatch.setattr(run.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match="run this as root"):
        run.main(["T1"])
    with pytest.raises(SystemExit, match="no such row or case: Q9"):
        run.main(["T1", "Q9"])


def test_whoever_called_sudo_asks(rig, monkeypatch):
    (rig.path / "setpriv").write_text('#!/bin/sh\necho "$1" >> "$(dirname "$0")/users"\nshift 4\nexec "$@"\n')
    (rig.path / "setpriv").chmod(0o755)
    monkeypatch.setenv("SUDO_USER", "daemon")
    assert rig.run("T1") == 0 and rig.run("T1", options=["--user=nobody"]) == 0
    assert set((rig.path / "users").read_text().split()) == {"--reuid=daemon", "--reuid=nobody"}
    (rig.path / "users").unlink()
    assert rig.run("T1", options=["--user="]) == 0 and not (rig.path / "users").exists()


def test_a_client_that_does_not_come_back(rig, monkeypatch, capsys):
    monkeypatch.setattr(service, "patience", lambda case: 0)
    monkeypatch.setattr(service, "CLIENT_PATIENCE_SEC", 2)
    rig.plan["leave"] = "import time; time.sleep(60)"
    assert rig.run("T1") == 1
    assert "joulectl has not come back after 2." in capsys.readouterr().out


def test_jobs_side_by_side():
    measured = service.Answer(0, {"job": {"id": 1, "started": 10, "finished": 20}}, "", 1)
    assert list(after.alone(measured, [{"id": 2, "started": 20, "finished": 30}, {"id": 3, "started": 0, "finished": 10}])) == []
    assert list(after.alone(measured, [{"id": 2, "started": 19, "finished": 30}])) and list(after.alone(measured, []))


def test_a_service_that_fails_the_honest_is_no_test(rig):
    rig.plan["honest"] = report("IE")
    with pytest.raises(SystemExit, match="does not work for an honest program"):
        rig.run("T1")


def test_what_cannot_be_run_fails_unless_left_out(rig, monkeypatch, capsys):
    monkeypatch.setattr(run.shutil, "which", lambda name: None if name == "gcc" else f"/usr/bin/{name}")
    assert rig.run("T1") == 1
    assert "gcc is not installed" in capsys.readouterr().out
    rig.plan["hostile"] = report("WA", ["wrong-answer"])
    assert rig.run("T1", "J6-all", options=["--without=gcc"]) == 0
    assert "1 left out, as told\n1 passed, 0 failed" in capsys.readouterr().out
    assert rig.run("T1", options=["--without=gcc"]) == 1  # nothing was run


def test_a_prebuilt_program_is_submitted_as_one(rig, tmp_path):
    (tmp_path / "t1-spin").write_bytes(b"\x7fELF")
    assert rig.run("T1", options=[f"--prebuilt={tmp_path}"]) == 0
    words = [json.loads(line) for line in (rig.path / "commands").read_text().splitlines()]
    assert any(line[-2:] == ["--", "./main"] and not any(word.startswith("--language") for word in line) for line in words[2:])


def test_the_harness_itself_leaves_nothing(rig):
    elsewhere = rig.path / "elsewhere"
    elsewhere.write_text("kept")
    run.CANARY.symlink_to(elsewhere)
    rig.plan["leave"] = "assert (root.parent / 'canary').read_text().startswith('#error canary-')"
    assert rig.run("T1") == 0
    assert not run.CANARY.exists() and list((rig.path / "temporary").iterdir()) == [] and elsewhere.read_text() == "kept"


def test_the_canary_is_where_the_program_looks():
    assert f'#include "{run.CANARY}"' in (HOSTILE / "programs/c1-canary.c").read_text(encoding="utf-8")


def test_the_range_is_that_of_the_configuration(rig):
    with pytest.raises(SystemExit, match="no BoxUidRange="):
        rig.run("T1", uids=())
    rig.write("etc/jouletrace/jouletraced.conf", "[Service]\n#BoxUidRange=10-20\n")
    assert configured_uids(rig.root) == range(10, 21)
    rig.write("etc/jouletrace/jouletraced.conf.d/a.conf", "BoxUidRange=30-40\n")
    assert configured_uids(rig.root) == range(30, 41)


def test_processes_of_the_box_are_known_by_any_of_their_ids(rig):
    for number, ids in enumerate(("64001 0 0 0", "0 64001 0 0", "0 0 64001 0", "0 0 0 64001"), 50):
        rig.write(f"proc/{number}/status", f"Name:\tx\nUid:\t{ids}\n".replace(" ", "\t"))
    rig.write("proc/60/status", "Name:\tx\nUid:\t63999\t63999\t63999\t63999\n")
    host = Host(rig.root, range(BOX_UID, BOX_UID + 9), pid=7)
    assert len(host.users_processes()) == 4 and host.service_process() == Process(7, 0, 1, 1000 << 10)
