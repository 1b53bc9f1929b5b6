# SPDX-License-Identifier: MIT
"""Jobs, their callers, the daemon, the worker and the service ending in every order: nothing of a job outlives it."""

import json
import time

import pytest

from helpers import detach, install_programs, job_state, joulectl, jobs, main_pid, measure, processes, quiesce, \
    wait_record, wait_state, wait_until

LONG = ("--trials=3", "--warmups=1", "--cooldown=200ms", "--wall-limit=300", "--cpu-limit=200")


@pytest.fixture(scope="module", autouse=True)
def programs(vm):
    install_programs(vm)


@pytest.fixture(autouse=True)
def empty_queue(vm):
    quiesce(vm)


def scopes(vm):
    return vm.run("systemctl list-units --plain --no-legend 'jouletrace-job-*.scope'")[1].split("\n")[:-1]


def assert_nothing_lives(vm, pattern, seconds=2.0):
    """No process of the job lives that much later (the VM runs a shell meanwhile: a second is added for it)."""
    wait_until(lambda: not processes(vm, pattern), f"the end of {pattern}", timeout=seconds + 1, step=0.1)
    wait_until(lambda: not scopes(vm), "the end of the scopes", timeout=10)


def test_cancel(vm):
    job = detach(vm, "sleep", "297", options=LONG)
    wait_state(vm, job, "warming")
    joulectl(vm, "cancel", str(job))
    assert_nothing_lives(vm, "sleep 297")
    done = wait_record(vm, job)
    assert done["job"]["result"] == "cancelled" and done["job"]["error"]["name"].endswith(".Cancelled")


def test_ctrl_c_cancels_and_waits(vm):
    client = vm.popen(["joulectl", "measure", *LONG, "--", "sleep", "296"], user="user1")
    wait_until(lambda: processes(vm, "^sleep 296"), "the program")
    vm.run(["pkill", "-INT", "-u", "user1", "-x", "joulectl"])
    code, _, _ = client.wait(timeout=30)
    assert code == 130
    assert_nothing_lives(vm, "^sleep 296")


def test_client_killed(vm):
    client = vm.popen(["joulectl", "measure", *LONG, "--", "sleep", "295"], user="user1")
    wait_until(lambda: processes(vm, "^sleep 295"), "the program")
    job = jobs(vm)[-1]["id"]
    vm.run(["pkill", "-KILL", "-u", "user1", "-x", "joulectl"])
    client.wait(timeout=30)
    assert_nothing_lives(vm, "^sleep 295")
    done = wait_record(vm, job)
    assert done["job"]["result"] == "cancelled" and done["job"]["error"]["name"].endswith(".CallerLeft")


@pytest.mark.parametrize("state, command, options", [
    ("warming", ["sleep", "294"], LONG),
    ("measuring", ["sleep", "293"], ("--trials=3", "--warmups=0", "--wall-limit=300")),
    ("settling", ["sleep", "0.2"], ("--trials=30", "--warmups=0", "--cooldown=30s")),
])
def test_daemon_killed(vm, state, command, options):
    """After SIGKILL no process of the job lives 2 s later; the next start marks what was interrupted."""
    job = detach(vm, *command, options=options)
    waiting = detach(vm, "sleep", "0.15")
    if state == "settling":
        wait_until(lambda: job_state(vm, job) not in ("queued", None), "the job's start")
        time.sleep(2)
    else:
        wait_state(vm, job, state)
    pid = main_pid(vm)
    vm.run(["kill", "-KILL", str(pid)])
    assert_nothing_lives(vm, " ".join(["^" + command[0], *command[1:]]))
    wait_until(lambda: main_pid(vm) not in (0, pid), "the service's return", timeout=15)
    for number in (job, waiting):
        done = wait_record(vm, number)
        assert done["job"]["result"] == "infrastructure"
        assert done["job"]["error"]["name"].endswith(".ServiceRestarted")


def test_daemon_killed_while_the_program_ignores_sigterm(vm):
    detach(vm, "spin", "100000", "ignore-term", options=LONG)
    wait_until(lambda: processes(vm, "^spin 100000"), "the program")
    pid = main_pid(vm)
    began = time.monotonic()
    vm.run(["kill", "-KILL", str(pid)])
    wait_until(lambda: vm.run(["systemctl", "show", "-P", "ActiveState,MainPID", "jouletraced.service"])[1].split() not in
               ([], ["active", str(pid)]) and main_pid(vm) not in (0, pid) and
               vm.run(["systemctl", "is-active", "jouletraced.service"], check=False)[0] == 0, "the service's return", timeout=20, step=0.1)
    took = time.monotonic() - began
    assert took < 6, f"{took:.1f} s here; 3 s on the service's own clock, twice that for the emulation and the polling"
    assert not processes(vm, "^spin 100000")


@pytest.mark.parametrize("state", ["warming", "measuring"])
def test_worker_killed(vm, state):
    job = detach(vm, "sleep", "292", options=LONG if state == "warming" else ("--trials=2", "--warmups=0", "--wall-limit=300"))
    wait_state(vm, job, state)
    wait_until(lambda: processes(vm, "^sleep 292"), "the program")
    vm.run(["pkill", "-KILL", "-x", "jt-judge"])
    assert_nothing_lives(vm, "^sleep 292")
    done = wait_record(vm, job)
    assert done["job"]["result"] == "infrastructure" and done["job"]["error"]["name"].endswith(".WorkerFailed")
    assert measure(vm, "sleep", "0.15")["job"]["result"] == "done"


def test_restart_in_mid_job_and_with_jobs_queued(vm):
    job = detach(vm, "sleep", "291", options=LONG)
    queued = [detach(vm, "sleep", "0.15") for _ in range(2)]
    wait_state(vm, job, "warming")
    vm.run("systemctl restart jouletraced.service", timeout=60)
    assert_nothing_lives(vm, "^sleep 291", seconds=0.5)
    for number in (job, *queued):
        done = wait_record(vm, number)
        assert done["job"]["result"] in ("cancelled", "infrastructure")
        assert done["job"]["error"]["name"].rsplit(".")[-1] in ("ServiceStopped", "ServiceRestarted")
    assert measure(vm, "sleep", "0.15")["job"]["id"] > max(queued), "an id is never used again"


def test_a_waiting_client_says_submit_again(vm):
    client = vm.popen(["joulectl", "measure", *LONG, "--", "sleep", "290"], user="user1")
    wait_until(lambda: processes(vm, "^sleep 290"), "the program")
    vm.run(["kill", "-KILL", str(main_pid(vm))])
    code, _, err = client.wait(timeout=60)
    assert code == 4 and "submit again" in err


def test_stop_in_mid_job_cancels(vm):
    job = detach(vm, "sleep", "289", options=LONG)
    wait_state(vm, job, "warming")
    vm.run("systemctl stop jouletraced.service", timeout=60)
    assert vm.run(["systemctl", "show", "-P", "Result", "jouletraced.service"])[1].strip() == "success"
    assert_nothing_lives(vm, "^sleep 289", seconds=0.5)
    vm.run("systemctl start jouletraced.service")
    done = wait_record(vm, job)
    assert done["job"]["result"] == "cancelled" and done["job"]["error"]["name"].endswith(".ServiceStopped")


def test_leftover_scopes_are_stopped_at_start(vm):
    vm.run("systemctl stop jouletraced.service")
    vm.run("systemd-run --scope --slice=jouletrace.slice --unit=jouletrace-job-leftover-1.scope sleep 288 >/dev/null 2>&1 & sleep 2")
    assert processes(vm, "^sleep 288|sleep 288$")
    vm.run("systemctl start jouletraced.service", timeout=60)
    assert not [line for line in scopes(vm) if "leftover" in line]
    assert not processes(vm, "sleep 288$")


def test_the_journal_tells_the_story(vm):
    job = measure(vm, "sleep", "0.15")["job"]["id"]
    _, out, _ = vm.run(f"journalctl -o json JOULETRACE_JOB={job}")
    lines = [json.loads(line) for line in out.splitlines()]
    assert {"JOULETRACE_UID", "MESSAGE_ID"} <= set().union(*lines)
    _, out, _ = vm.run(f"journalctl -x JOULETRACE_JOB={job}")
    assert "░░" in out or "-- " in out, "no catalog text"
    _, status, _ = vm.run(["systemctl", "show", "-P", "StatusText", "jouletraced.service"])
    assert status.strip()
