# SPDX-License-Identifier: MIT
"""Real polkit: allowed, denied, asked for a password, and a password prompt that its caller walks away from."""

import json
import time

import pytest

from helpers import BRISK, install_programs, joulectl, jobs, measure, wait_until

DENY = """polkit.addRule(function(action, subject) {
    if (action.id == "org.jouletrace.JouleTrace1.measure" && subject.user == "user2")
        return polkit.Result.NO;
});
"""

@pytest.fixture(scope="module", autouse=True)
def prepared(vm):
    install_programs(vm)
    vm.run("echo root:secret | chpasswd")


def on_terminal(vm, *command, user="outsider"):
    """The command on a terminal of its own, at the password prompt."""
    process = vm.popen(command, user=user, tty=(24, 100))
    process.expect("Password:", timeout=60)
    time.sleep(1)  # the prompt is drawn before echo goes off, which forgets what was typed
    return process


def test_a_member_is_not_asked(vm):
    assert measure(vm, "sleep", "0.15")["job"]["result"] == "done"


def test_denied(vm):
    vm.run("cat > /etc/polkit-1/rules.d/10-deny.rules", input=DENY.encode())
    try:
        wait_until(lambda: joulectl(vm, "measure", *BRISK, "--", "sleep", "0.15", user="user2", check=False)[0] == 3, "the denial")
        code, out, err = joulectl(vm, "measure", *BRISK, "--", "sleep", "0.15", user="user2", check=False)
        assert code == 3 and not out and err.strip()
        assert "org.freedesktop" not in err and "GDBus" not in err
    finally:
        vm.run("rm /etc/polkit-1/rules.d/10-deny.rules")
    wait_until(lambda: joulectl(vm, "measure", *BRISK, "--", "sleep", "0.15", user="user2", check=False)[0] == 0, "the rule's end")


def test_an_outsider_without_a_terminal_is_refused(vm):
    before = len(jobs(vm))
    code, _, err = joulectl(vm, "measure", *BRISK, "--", "sleep", "0.15", user="outsider", check=False)
    assert code == 3 and "jouletrace" in err, "the message names the group that would help"
    assert len(jobs(vm)) == before


def test_challenge_answered(vm):
    process = on_terminal(vm, "joulectl", "measure", *BRISK, "--", "sleep", "0.15")
    process.write("secret\n")
    code, out, _ = process.wait(timeout=120)
    assert code == 0, out


def test_challenge_failed(vm):
    vm.run("systemctl restart polkit")
    process = on_terminal(vm, "joulectl", "measure", *BRISK, "--", "sleep", "0.15")
    process.write("wrong\n")
    assert process.wait(timeout=120).rc == 3


def test_prompt_that_its_caller_leaves(vm):
    """While a password prompt stands, other calls are answered; when the caller leaves, the check is cancelled, and nothing
    was allocated."""
    vm.run("systemctl restart polkit")
    before = jobs(vm)
    monitor = vm.popen(["busctl", "monitor", "org.freedesktop.PolicyKit1"])
    monitor.expect("Monitoring", timeout=20, stream="err")
    client = on_terminal(vm, "joulectl", "measure", *BRISK, "--", "sleep", "0.15")
    assert json.loads(joulectl(vm, "status", "--json", user="user2")[1])
    assert jobs(vm) == before
    vm.run("pkill -KILL -u outsider", check=False)
    client.wait(timeout=30)
    monitor.expect("CancelCheckAuthorization", timeout=30)
    monitor.kill()
    monitor.wait(timeout=30)
    assert jobs(vm) == before
    assert measure(vm, "sleep", "0.15")["job"]["result"] == "done"


def test_polkit_that_hangs(vm):
    """The real polkitd stopped: who needs it waits, everybody else is answered."""
    before = jobs(vm)
    vm.run("pkill -STOP polkitd")
    try:
        client = vm.popen(["joulectl", "measure", *BRISK, "--", "sleep", "0.15"], user="user1")
        wait_until(lambda: vm.run("pgrep -u user1 -x joulectl", check=False)[0] == 0, "the caller")
        assert json.loads(joulectl(vm, "status", "--json", user="user2")[1])
        assert measure(vm, "sleep", "0.15", user="root")["job"]["result"] == "done"
        vm.run("pkill -KILL -u user1 -x joulectl")
        client.wait(timeout=30)
    finally:
        vm.run("pkill -CONT polkitd")
    assert measure(vm, "sleep", "0.15")["job"]["result"] == "done"
    assert len(jobs(vm)) <= len(before) + 2, "the caller who left has no job"


def test_a_confined_caller_is_refused(vm):
    code, _, err = vm.run("unshare -Urm joulectl measure --trials=1 --warmups=0 -- sleep 0.15", user="user1", check=False, timeout=60)
    assert code == 3 and err.strip()
