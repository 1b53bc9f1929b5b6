# SPDX-License-Identifier: MIT
"""What the VM tests share: running joulectl as somebody, waiting, the helper programs."""

import json
import subprocess
import tempfile
import time
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
REGION = Path(__file__).resolve().parents[2] / "region"
FINE = ("--resolution=fine", "--trials=9", "--warmups=1")
ASKED_MAX, WRONG_MAX = 7, 3  # of held()
BRISK = ("--trials=2", "--warmups=0", "--cooldown=0")


def install_programs(vm):
    """The C programs of tests/vm/programs, built statically here, in /usr/local/bin there."""
    with tempfile.TemporaryDirectory() as directory:
        for source in sorted(PROGRAMS.glob("*.c")):
            program = Path(directory) / source.stem
            subprocess.run(["gcc", "-O1", "-static", "-I", REGION, "-o", program, source], check=True)
            vm.push(str(program), f"/usr/local/bin/{source.stem}")


def configure(vm, how="restart", **knobs):
    """Knobs of jouletraced.conf; those that an earlier call set have their defaults again."""
    vm.configure("[JouleTrace]\n" + "".join(f"{name}={value}\n" for name, value in knobs.items()), how)


def joulectl(vm, *arguments, user="user1", check=True, timeout=120):
    """(exit code, standard output, standard error) of joulectl run by user."""
    code, out, err = vm.run(["joulectl", *arguments], user=user, check=False, timeout=timeout)
    if check:
        assert code == 0, f"joulectl {' '.join(arguments)} exited with {code}: {err}{out}"
    return code, out, err


def measure(vm, *command, options=BRISK, user="user1", timeout=180):
    """The report of a measurement that must succeed."""
    _, out, _ = joulectl(vm, "measure", "--json", *options, "--", *command, user=user, timeout=timeout)
    return json.loads(out)


def interval(value, half_width):
    return value - half_width, value + half_width


def overlap(a, b):
    return a[0] <= b[1] and b[0] <= a[1]


def held(vm, check, *command, options=()):
    """That check(measurement) holds of the net energy, in figures that are not rounded. The host of an emulated machine may
    leave it no net, or one so uncertain that it says nothing (check() is False): that is no wrong figure, and it may be asked
    for some times. What is told has to hold at the third time: an interval is one of 95 %, and the host moves the machine
    between its idle windows and its trials, too."""
    wrong = 0
    for _ in range(ASKED_MAX):
        found = measure(vm, *command, options=(*FINE, *options), user="root", timeout=300)["measurement"]
        if not found["summary"]["net_j"]:
            continue
        try:
            if check(found) is not False:
                return
        except AssertionError:
            wrong += 1
            if wrong == WRONG_MAX:
                raise
    raise AssertionError(f"no net that says anything in {ASKED_MAX} jobs, {wrong} did not hold: {found['baseline']}")


def detach(vm, *command, options=BRISK, user="user1"):
    """The id of a job that goes on by itself."""
    _, out, _ = joulectl(vm, "measure", "--detach", *options, "--", *command, user=user)
    return int(out.split()[-1])


def jobs(vm, user="root"):
    return json.loads(joulectl(vm, "jobs", "--json", user=user)[1])["jobs"]


def job_state(vm, job, user="root"):
    for entry in jobs(vm, user):
        if entry["id"] == job:
            return entry["state"]
    return None


def wait_until(condition, what, timeout=60, step=0.3):
    """The first true value of condition(); fails with what it waited for."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come in {timeout} s"
        time.sleep(step)


def wait_state(vm, job, *states, timeout=60):
    return wait_until(lambda: job_state(vm, job) in states, f"state {' or '.join(states)} of job {job}", timeout)


def report(vm, job, user="root"):
    return json.loads(joulectl(vm, "show", "--json", str(job), user=user)[1])


def wait_record(vm, job, timeout=60, user="root"):
    """The report of a job, once it has ended."""
    def ended():
        code, out, _ = joulectl(vm, "show", "--json", str(job), user=user, check=False)
        return json.loads(out) if code == 0 and out.strip() else None
    return wait_until(ended, f"the report of job {job}", timeout)


def main_pid(vm, unit="jouletraced.service"):
    return int(vm.run(["systemctl", "show", "-P", "MainPID", unit])[1])


def processes(vm, pattern):
    """Pids of the processes whose command line matches."""
    _, out, _ = vm.run(["pgrep", "-f", pattern], check=False)
    return [int(pid) for pid in out.split()]


def quiesce(vm):
    """Ends what an earlier test left: no job, no scope."""
    vm.run("systemctl reset-failed 'jouletrace*' 2>/dev/null; systemctl start jouletraced.service", timeout=60)
    for entry in jobs(vm):
        if entry["state"] not in ("completed", "failed", "cancelled"):
            joulectl(vm, "cancel", str(entry["id"]), user="root", check=False)
    wait_until(lambda: all(entry["state"] in ("completed", "failed", "cancelled") for entry in jobs(vm)), "an empty queue")
