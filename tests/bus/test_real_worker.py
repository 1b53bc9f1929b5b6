# SPDX-License-Identifier: MIT
"""The real worker behind the service, with the model meter and without scopes: the whole chain but root's part of it."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from gi.repository import GLib

from harness import BUILD, BUS, ERROR, MANAGER, MANAGER_INTERFACE, TOP, USER1, WAIT, memfd, request_text, wait_for

QUICK = {"trials": 3, "warmups": 1, "cooldown": 0, "meter": "none"}


@pytest.fixture
def real(daemon):
    daemon.worker = BUILD / "worker/jouletrace-worker"
    daemon.configure(ModelWatts=20)
    daemon.start()
    return daemon


def measure(user, argv, **keys):
    fds = keys.pop("fds", ())
    user.listen()
    number, path = user.measure(argv, fds=fds, **{**QUICK, **keys})
    return user.finished(path), user.report(number), path


def test_a_program_is_measured(real, user1):
    result, report, path = measure(user1, ["/bin/sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"], meter="model")
    assert result == "done"
    summary = report["measurement"]["summary"]
    assert summary["n"] == 3 and len(report["measurement"]["trials"]) == 3
    assert report["measurement"]["meter"]["simulated"] is True
    assert 0 < summary["total_j"]["min"] <= summary["total_j"]["median"] <= summary["total_j"]["max"]
    assert user1.job(path, "GetResult")["total-energy"] == pytest.approx(summary["total_j"]["median"], abs=1e-3)
    assert report["program"]["argv"][0] == "/bin/sh"


def test_phases_come_in_order(real, user1):
    user1.listen()
    _, path = user1.measure(["/bin/true"], **QUICK)
    user1.finished(path)
    phases = [s["args"][0] for s in user1.heard_of("Progress", path)]
    order = ["queued", "validating", "settling", "baseline", "warming", "measuring", "finishing"]
    assert phases and [order.index(p) for p in phases] == sorted(order.index(p) for p in phases)


def test_the_program_is_the_caller(real, user1, directory):
    out = directory / "out"
    out.touch(mode=0o666)
    out.chmod(0o666)
    result, _, _ = measure(user1, ["/bin/sh", "-c", "id -u; id -g; id -G; pwd; cat; echo $NAME"], cwd=GLib.Variant("h", 0),
                           stdin=GLib.Variant("h", 1), output=GLib.Variant("h", 2), env=["NAME=value", "PATH=/usr/bin:/bin"],
                           fds=[{"open": str(directory)}, memfd(b"input\n"), {"open": str(out), "flags": 1}])
    assert result == "done"
    uid, gid, groups, cwd, given, name = wait_for(lambda: out.read_text(encoding="utf-8").splitlines(), "the output")
    assert int(uid) == user1.uid and gid == "60" and groups == "60"
    assert (cwd, given, name) == (str(directory), "input", "value")


def test_a_program_that_fails(real, user1):
    result, report, path = measure(user1, ["/bin/sh", "-c", "exit 3"])
    assert result == "failed" and report["job"]["state"] == "completed"
    assert report["job"]["error"]["name"] == ERROR + "RunFailed" and "3" in report["job"]["error"]["message"]
    assert measure(user1, ["/bin/sh", "-c", "exit 3"], ignore_exit=True)[0] == "done"


def test_a_program_that_is_not_there(real, user1):
    result, report, _ = measure(user1, ["/no/such/program"])
    assert result == "failed"
    assert report["job"]["error"]["name"] == ERROR + "ExecFailed" and "/no/such/program" in report["job"]["error"]["message"]


def test_job_limit(real, user1):
    result, report, _ = measure(user1, ["/bin/sleep", "60"], job_limit=500_000, wall_limit=120_000_000)
    assert result == "timeout" and report["job"]["error"]["name"] == ERROR + "JobLimit"


@pytest.mark.parametrize("how", ["cancel", "leave", "sigterm", "sigkill"])
def test_nothing_lives_on(real, user1, clients, how):
    """Whatever ends a job, its processes end with it, orphans in sessions of their own included."""
    marker = f"{4_000_000 + real.pid}.25"
    _, path = user1.measure(["/bin/sh", "-c", f"setsid sleep {marker} & sleep {marker}"], trials=1, warmups=0, wall_limit=200_000_000)

    def alive():
        return subprocess.run(["pgrep", "-f", f"sleep {marker}"], stdout=subprocess.DEVNULL, check=False).returncode == 0
    wait_for(alive, "the program runs")
    {"cancel": lambda: user1.job(path, "Cancel"), "leave": user1.leave, "sigterm": real.stop, "sigkill": real.kill}[how]()
    wait_for(lambda: not alive(), "nothing of the job lives")


def test_what_reads_the_output_is_not_root(real, user1):
    _, path = user1.measure(["/bin/sleep", "60"], trials=1, warmups=0, wall_limit=200_000_000)

    def children(name):
        found = subprocess.run(["pgrep", "-x", name], stdout=subprocess.PIPE, text=True, check=False).stdout.split()
        return [status for status in map(status_of, found) if status and worker_of(status)]

    def status_of(pid):
        try:
            return dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines())
        except FileNotFoundError:
            return None

    def worker_of(status):
        """The judge is the daemon's child, the launcher the judge's."""
        parent = int(status["PPid"])
        return real.pid in (parent, int((status_of(parent) or status)["PPid"]))

    judge = wait_for(lambda: [j for j in children("jt-judge") if j["NoNewPrivs"].strip() == "1"], "the judge")[0]
    assert "0" not in judge["Uid"].split() and "0" not in judge["Gid"].split() and not judge["Groups"].split()
    assert {int(judge[c], 16) for c in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    launcher = children("jt-launcher")[0]
    assert launcher["PPid"] == judge["Pid"] and set(launcher["Uid"].split()) == {"0"} and int(launcher["CapEff"], 16) != 0
    user1.job(path, "Cancel")


def test_what_the_program_writes_is_not_in_the_journal(real, user1):
    """It is in the report, which is its owner's; the journal is every administrator's, and kept for longer."""
    result, report, _ = measure(user1, ["/bin/sh", "-c", "echo s3cr3t-output >&2; exit 1"], label="s3cr3t-label")
    assert result == "failed" and "s3cr3t-output" in report["job"]["error"]["message"]
    assert ERROR + "RunFailed" in real.text() and "s3cr3t" not in real.text()


def blobs(*parts):
    """The parts back to back, and where each of them lies."""
    places, offset = [], 0
    for part in parts:
        places.append((offset, len(part)))
        offset += len(part)
    return b"".join(parts), places


DOUBLE = b"""#include <stdio.h>
int main(void) { int n; if (scanf("%d", &n) != 1) return 3; printf("%d\\n", 2 * n); return 0; }
"""


def submission(source=DOUBLE, answers=(b"42\n", b"-8\n"), **keys):
    """A program in C on two tests, everything sent along as bytes: as somebody without descriptors would."""
    data, places = blobs(source, b"21\n", b"-4\n", *answers)
    return request_text({"files": [("double.c", *places[0], 0o644)], "language": "c", "blobs": GLib.Variant("ay", data),
                         "tests": [("first", *places[1], *places[3]), ("second", *places[2], *places[4])],
                         "on-failure": "continue", **keys})


@pytest.mark.parametrize("source, answers, result, verdict, error, verdicts", [
    (DOUBLE, (b"42\n", b"-8\n"), "done", "AC", None, ["AC", "AC"]),
    (DOUBLE, (b"42\n", b"8\n"), "failed", "WA", "WrongAnswer", ["AC", "WA"]),
    (DOUBLE.replace(b"return 0", b"return n < 0"), (b"42\n", b"-8\n"), "failed", "RTE", "RunFailed", ["AC", "RTE"]),
    (b"int main(void) { return", (b"42\n", b"-8\n"), "failed", "CE", "CompileFailed", []),
], ids=["right", "wrong", "crashes", "broken"])
def test_validation_from_end_to_end(real, polkit, user1, source, answers, result, verdict, error, verdicts):
    polkit.set("deny", validate="allow")
    user1.listen()
    number, path = user1.call("Validate", submission(source, answers))
    assert user1.finished(path) == result
    report = user1.report(number)
    assert report["job"]["kind"] == "validate" and report["job"]["state"] == "completed"
    assert report["validation"]["verdict"] == verdict
    assert [test["verdict"] for test in report["validation"]["tests"]] == verdicts
    got = user1.job(path, "GetResult")
    assert (got["result"], got["verdict"]) == (result, verdict) and "total-energy" not in got
    if error:
        assert report["job"]["error"]["name"] == ERROR + error and report["job"]["error"]["remedy"]
    else:
        assert report["job"]["error"] is None
    record, = user1.records()
    assert (record["kind"], record["result"], record["verdict"]) == ("validate", result, verdict)
    assert polkit.actions() == ["validate"]


def test_validation_typed_by_hand(real, polkit, bus):
    polkit.set("deny", validate="allow")
    data, ((_, source), (at, asked), (where, answer)) = blobs(DOUBLE, b"21\n", b"42\n")

    def busctl(*arguments):
        return subprocess.run(["busctl", "call", BUS, MANAGER, MANAGER_INTERFACE, *arguments], env=bus.environment, text=True,
                              cwd="/", timeout=WAIT, check=True, stdout=subprocess.PIPE, user=USER1, group="games", extra_groups=[]).stdout
    said = busctl("Validate", "a{sv}", "5", "language", "s", "c", "files", "a(sttu)", "1", "double.c", "0", str(source), "420",
                  "tests", "a(stttt)", "1", "one", str(at), str(asked), str(where), str(answer),
                  "blobs", "ay", str(len(data)), *map(str, data), "detach", "b", "true")

    def records():
        return [line for line in [busctl("ListRecords", "a{sv}", "0")] if '"completed"' in line]
    assert '"verdict" s "AC"' in wait_for(records, "the record")[0]
    assert '\\"verdict\\":\\"AC\\"' in busctl("GetReport", "u", said.split()[1]).replace(" ", "")


@pytest.fixture
def cgroup():
    """One that root may fill without CAP_DAC_OVERRIDE, as systemd's scopes are."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    own = re.search(r"^0::/(.*)$", Path("/proc/self/cgroup").read_text(encoding="utf-8"), re.MULTILINE)[1]
    path = Path(next(fields[1] for fields in mounts if fields[2] == "cgroup2")) / own / f"jouletrace-test-{os.getpid()}"
    path.mkdir()
    yield path
    wait_for(lambda: "populated 0" in (path / "cgroup.events").read_text(encoding="utf-8"), "nobody is left")
    for inner in [p for p in sorted(path.rglob("*"), reverse=True) if p.is_dir()]:
        inner.rmdir()
    path.rmdir()


@pytest.mark.parametrize("left_out", ["", "sys_admin"])
def test_the_capabilities_of_the_unit_are_enough_for_a_box(cgroup, daemon, polkit, user1, left_out):
    """And not more than enough: without the one that makes namespaces nothing is run."""
    unit = (TOP / "units/jouletrace-worker@.service.in").read_text(encoding="utf-8")
    names = re.search(r"^CapabilityBoundingSet=(.+)$", unit, re.MULTILINE)[1].lower().replace("cap_", "").split()
    polkit.set("deny", validate="allow")
    daemon.worker = BUILD / "worker/jouletrace-worker"
    bounding = ",".join(["-all", *(f"+{name}" for name in names if name != left_out)])
    daemon.prefix = ("sh", "-c", f'echo $$ >{cgroup}/cgroup.procs && exec "$@"', "sh",
                     "setpriv", "--no-new-privs", f"--bounding-set={bounding}", "--inh-caps=-all")
    daemon.start()
    user1.listen()
    number, path = user1.call("Validate", submission())
    assert user1.finished(path) == ("infrastructure" if left_out else "done")
    report = user1.report(number)
    assert report["environment"]["containment"] == "cgroup"
    if left_out:
        assert "not permitted" in report["job"]["error"]["message"] and report["job"]["error"]["remedy"]
