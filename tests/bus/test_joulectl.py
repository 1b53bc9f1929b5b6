# SPDX-License-Identifier: MIT
"""joulectl against a service that follows a script: what it asks, what it prints, how it exits."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from joulectl_rig import CODES, ERROR, JOULECTL, PROGRESS, Rig, report

@pytest.fixture(scope="module")
def rig():
    rig = Rig()
    yield rig
    rig.close()


# results

@pytest.mark.parametrize("result, code", CODES.items())
def test_exit_codes(rig, result, code):
    rig.serve(result=result, reports={"7": report(result=result)})
    assert rig.run("measure", "true")[0] == code


def test_a_result_at_a_glance(rig):
    rig.serve()
    code, out, err = rig.run("measure", "--", "true")
    assert code == 0
    assert "Energy     12.35 J" in out and "12.22 … 12.47 J" in out and "183.2 ms" in out
    assert "9 trials, 2 warm-ups before" in out and "reserved cores (3,7)" in out
    assert "\033" not in out and "modelled" not in out


def test_modelled_joules_are_marked(rig):
    rig.serve(reports={"7": report(simulated=True)})
    _, out, _ = rig.run("measure", "true")
    for line in out.splitlines():
        if re.search(r"\d [mk]?J\b", line):
            assert "(modelled)" in line, line
    assert "computed from CPU time" in out


def test_time_only_says_why(rig):
    body = report()
    del body["measurement"]["summary"]["total_j"]
    body["measurement"]["status"] = "TIME_ONLY"
    body["absent"]["measurement.summary.total_j"] = "this machine has no energy counters"
    rig.serve(reports={"7": body})
    code, out, _ = rig.run("measure", "true")
    assert code == 0 and "no joules: this machine has no energy counters" in out and "183.2 ms" in out


def test_a_failed_job_explains_itself(rig):
    error = {"name": ERROR + "RunFailed", "message": "trial 1 exited with status 3", "remedy": "try it by hand"}
    rig.serve(result="failed", reports={"7": report(result="failed", joules=None, error=error)},
              output=["", "one\ntwo\033[2J\n"])
    code, out, err = rig.run("measure", "false")
    assert code == 1
    assert out.splitlines()[1:] == ["  the program failed", "  trial 1 exited with status 3", "  → mend it, raise the limit it met, or measure it all the same with --ignore-exit"]
    assert "  | one\n  | two\\x1b[2J" in err


def test_json_is_the_report_as_given(rig):
    text = json.dumps(report()) + "\n"
    rig.serve(reports={"7": text})
    assert rig.run("measure", "--json", "true")[1] == text
    assert rig.run("--json", "show", "7")[1] == text


def test_a_report_that_is_none(rig):
    rig.serve(reports={"7": '{"schema":"org.jouletrace.report/1"'})
    code, out, err = rig.run("show", "7")
    assert code == 4 and not out and "cannot be read" in err


# what is asked

def test_the_request(rig, tmp_path):
    rig.serve()
    rig.run("measure", "--trials", "5", "--cpu-limit=2s", "--memory-max", "64M", "--ignore-exit", "--label", "x", "--meter",
            "perf", "--", "prog", "-q", "--trials", cwd=tmp_path, env={"SOME": "value"})
    request, = rig.calls("Measure")[0]["arguments"]
    assert request["argv"] == ["prog", "-q", "--trials"]
    assert (request["trials"], request["cpu-limit"], request["memory-max"]) == (5, 2000000, 64 << 20)
    assert request["ignore-exit"] is True and request["label"] == "x" and request["meter"] == "perf"
    assert request["cwd"] == str(tmp_path) and "SOME=value" in request["env"]
    # what was not asked for is the service's to decide
    assert set(request) == {"argv", "cwd", "env", "trials", "cpu-limit", "memory-max", "ignore-exit", "label", "meter",
                            "output", "error-output"}


@pytest.mark.parametrize("options, trials", [(["--quick"], 6), (["--careful"], 20)])
def test_quick_and_careful(rig, options, trials):
    rig.serve()
    rig.run("measure", *options, "true")
    assert rig.calls("Measure")[0]["arguments"][0]["trials"] == trials


def test_options_end_at_the_command(rig):
    rig.serve()
    rig.run("measure", "ls", "--json", "-q")
    assert rig.calls("Measure")[0]["arguments"][0]["argv"] == ["ls", "--json", "-q"]


def test_stdin(rig, tmp_path):
    rig.serve()
    rig.run("measure", "cat", input="one\ntwo\n")
    assert rig.calls("Measure")[0]["arguments"][0]["stdin"] == "one\ntwo\n"
    assert any(line.get("seals") == 0xf for line in rig.lines()), "the spool is sealed"

    rig.serve()
    (tmp_path / "input").write_text("from a file")
    with open(tmp_path / "input") as file:
        rig.run("measure", "cat", stdin=file)
    assert rig.calls("Measure")[0]["arguments"][0]["stdin"] == "from a file"

    rig.serve()
    rig.run("measure", "cat", stdin=subprocess.DEVNULL)
    assert "stdin" not in rig.calls("Measure")[0]["arguments"][0]


def test_a_pipe_that_stays_open_gets_a_hint(rig):
    rig.serve()
    reading, writing = os.pipe()
    client = rig.popen("measure", "cat", stdin=reading)
    os.close(reading)
    try:
        assert "/dev/null" in client.stderr.readline()
    finally:
        os.close(writing)
    assert client.wait(timeout=20) == 0


def test_a_variable_that_cannot_travel_is_named(rig):
    rig.serve()
    client = subprocess.run([JOULECTL, "measure", "true"], stdin=subprocess.DEVNULL, capture_output=True,
                            env={**{k.encode(): v.encode() for k, v in rig.environ.items()}, b"BAD": b"\xff", b"GOOD": b"1"})
    assert client.returncode == 0 and b"BAD" in client.stderr
    environ = rig.calls("Measure")[0]["arguments"][0]["env"]
    assert "GOOD=1" in environ and not [entry for entry in environ if entry.startswith("BAD")]


def test_show_output(rig):
    rig.serve(output=["to stdout\n", "to stderr\n"])
    code, out, err = rig.run("measure", "--show-output", "true")
    assert code == 0 and out.startswith("to stdout\n") and "Energy" in out and "to stderr\n" in err
    code, out, err = rig.run("measure", "--json", "--show-output", "true")
    assert json.loads(out) and "to stdout" in err
    assert "to stdout" not in rig.run("measure", "true")[1]


def test_output_file(rig, tmp_path):
    rig.serve(output=["to stdout\n", ""])
    assert rig.run("measure", "--output", tmp_path / "out", "true")[0] == 0
    assert (tmp_path / "out").read_text() == "to stdout\n"
    code, _, err = rig.run("measure", "--output", tmp_path / "none" / "out", "true")
    assert code == 2 and "cannot be written" in err


def test_prepare(rig, tmp_path):
    rig.serve()
    code, out, err = rig.run("measure", "--json", "--prepare", "echo made; pwd > made", "true", cwd=tmp_path)
    assert code == 0 and json.loads(out) and "made" in err and (tmp_path / "made").read_text() == f"{tmp_path}\n"
    rig.serve()
    code, out, err = rig.run("measure", "--prepare", "exit 3", "true")
    assert code == 1 and "exit status 3" in err and not out and not rig.calls("Measure")


def test_detach(rig):
    rig.serve(result=None)
    code, out, _ = rig.run("measure", "--detach", "true")
    assert (code, out) == (0, "7\n")
    request, = rig.calls("Measure")[0]["arguments"]
    assert request["detach"] is True and "output" not in request


# progress

def test_progress_json(rig):
    rig.serve(progress=PROGRESS)
    code, out, err = rig.run("measure", "--json", "--progress=json", "true")
    lines = [json.loads(line) for line in err.splitlines()]
    assert code == 0 and json.loads(out)
    assert [line["phase"] for line in lines] == ["queued", "queued", "warming", "measuring", "finished"]
    assert lines[1] == {"phase": "queued", "job": 7, "step": 2, "steps": 0, "fraction": 0, "queue_position": 2,
                        "time_left_s": 90}
    assert lines[3]["median_j"] == 12.3 and lines[3]["step"] == 3 and lines[3]["steps"] == 9
    assert lines[4] == {"phase": "finished", "job": 7, "result": "done"}


def test_waiting_for_another_measurement(rig):
    rig.serve(progress=[["queued", 0, 0, 0.0, {"waits-for": "host"}]] * 3 + PROGRESS[1:])
    assert rig.run("measure", "true")[2].splitlines()[:3] == [
        "job 7: queued", "job 7: queued, another measurement keeps this machine busy", "job 7: warming up 1/2"]
    lines = [json.loads(line) for line in rig.run("--progress=json", "measure", "true")[2].splitlines()]
    assert [line.get("waits_for") for line in lines[:3]] == [None, "host", None], "nothing is said twice"


def test_a_modelled_median_is_marked_while_it_grows(rig):
    rig.serve(progress=[["measuring", 3, 9, 0.5, {"median": 12.3, "simulated": True}]])
    assert "median 12.30 J (modelled)" in rig.on_terminal("measure", "true")[1]
    assert '"simulated":true' in rig.run("--progress=json", "measure", "true")[2]


def test_progress_without_a_terminal(rig):
    rig.serve(progress=PROGRESS)
    _, _, err = rig.run("measure", "true")
    assert err == ("job 7: queued\njob 7: queued, number 2 in the queue  1 min 30 s left\njob 7: warming up 1/2\n"
                   "job 7: measuring 3/9  median 12.30 J  4 s left\n")


@pytest.mark.parametrize("option", ["-q", "--quiet", "--progress=none"])
def test_quiet(rig, option):
    rig.serve(progress=PROGRESS)
    code, out, err = rig.run("measure", option, "true")
    assert code == 0 and err == "" and "Energy" in out


def test_a_live_line_on_a_terminal(rig):
    rig.serve(progress=PROGRESS)
    code, seen = rig.on_terminal("measure", "true")
    assert code == 0
    assert "\rjob 7: queued" in seen and "number 2 in the queue  1 min 30 s left" in seen
    assert "job 7: measuring 3/9  median 12.30 J  4 s left\033[K" in seen
    # the line is gone before the result stands there, in colour
    assert "\r\033[KJob 7: \033[1mtrue" in seen and "\033[1;32m12.35 J\033[0m" in seen


def test_ctrl_c_on_a_terminal(rig):
    rig.serve(result=None, reports={"7": report(result="cancelled", joules=None)})
    code, seen = rig.on_terminal("measure", "true", keys=b"\x03")
    assert code == 130 and "Ctrl-C again leaves at once" in seen and len(rig.calls("Cancel")) == 1


def test_no_color(rig):
    rig.serve()
    assert "\033[1" not in rig.on_terminal("--no-color", "show", "7")[1]
    rig.environ["NO_COLOR"] = "1"
    try:
        assert "\033[1" not in rig.on_terminal("show", "7")[1]
    finally:
        del rig.environ["NO_COLOR"]
    assert "\033[1" in rig.on_terminal("show", "7")[1]


def test_ascii(rig):
    rig.serve(reports={"7": report(simulated=True)}, progress=PROGRESS)
    code, out, err = rig.run("--ascii", "measure", "true")
    assert code == 0 and out.isascii() and err.isascii() and ".." in out
    assert rig.run("show", "7", env={"LC_ALL": "C"})[1].isascii()


# interruption

def test_ctrl_c_cancels_and_waits(rig):
    rig.serve(result=None, reports={"7": report(result="cancelled", joules=None)})
    client = rig.popen("measure", "true")
    rig.wait_for(lambda: rig.calls("Measure"), "Measure")
    assert "queued" in client.stderr.readline()
    rig.interrupt(client)
    out, err = client.communicate(timeout=20)
    assert client.returncode == 130 and len(rig.calls("Cancel")) == 1
    assert "again leaves at once" in err and "cancelled" in out


def test_second_ctrl_c_leaves_at_once(rig):
    rig.serve(result=None, cancel=False)
    client = rig.popen("measure", "true")
    assert "queued" in client.stderr.readline()
    rig.interrupt(client)
    rig.wait_for(lambda: rig.calls("Cancel"), "Cancel")
    assert client.poll() is None
    rig.interrupt(client)
    assert client.wait(timeout=5) == 130


def test_the_service_goes_away(rig):
    rig.serve(vanish=True)
    code, out, err = rig.run("measure", "true")
    assert code == 4 and "the service was restarted" in err and "submit again" in err


def test_only_the_service_speaks_for_the_job(rig):
    rig.serve(spoof=True)
    assert rig.run("measure", "true")[0] == 0


# errors

@pytest.mark.parametrize("name, code", [
    ("NotReady", 4), ("NoMeter", 4), ("QueueFull", 4), ("NoSuchJob", 1), ("NotFinished", 1), ("InvalidRequest", 2)])
def test_errors_have_three_parts(rig, name, code):
    rig.serve(error=[ERROR + name, "20 of 20 jobs (MaxJobsPerUser)"])
    for arguments in (["measure", "true"], ["measure", "--detach", "true"], ["show", "7"]):
        got, out, err = rig.run(*arguments)
        assert got == code and out == ""
        first, value, advice = err.splitlines()
        assert first.startswith("joulectl: ") and value.startswith("  ") and advice.startswith("  → ")
        assert "20 of 20" in value or "job 7" in value or "service" in value
        assert not re.search(r"D-?Bus|org\.|sd_bus|Error\.", err)


@pytest.mark.parametrize("name, code", [
    ("AccessDenied", 3), ("InteractiveAuthorizationRequired", 3), ("LimitsExceeded", 4), ("InvalidArgs", 2),
    ("ServiceUnknown", 4), ("NoReply", 4), ("Disconnected", 4)])
def test_standard_errors(rig, name, code):
    rig.serve(error=["org.freedesktop.DBus.Error." + name, "Sender is not authorized to org.freedesktop.x"])
    got, _, err = rig.run("measure", "true")
    assert got == code and len(err.splitlines()) == 3 and "org." not in err


def test_no_service(rig):
    rig.stop_service()
    code, _, err = rig.run("status")
    assert code == 4 and "not there" in err and "--local" in err
    code, _, err = rig.run("status", env={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"})
    assert code == 4 and len(err.splitlines()) == 3


def test_a_password_is_asked_for_only_when_needed(rig):
    rig.serve(challenge=True)
    assert rig.run("measure", "true")[0] == 0
    assert [call["interactive"] for call in rig.calls("Measure")] == [False, True]
    rig.serve()
    assert rig.run("measure", "true")[0] == 0
    assert [call["interactive"] for call in rig.calls("Measure")] == [False]
    rig.serve(challenge="always")
    code, _, err = rig.run("measure", "true")
    assert code == 3 and "jouletrace" in err


AGENT = """#!/bin/bash
# registers by closing the descriptor, then lives until it is ended
echo "started $*" >> "$0.log"
trap 'echo ended >> "$0.log"; exit' TERM
eval "exec $2>&-"
while :; do sleep 0.05; done
"""


def test_an_agent_asks_on_a_terminal(rig):
    """Only where it may be needed: not for root, not without a terminal, not before the service wants a password."""
    agent = rig.directory / "pkttyagent"
    agent.write_text(AGENT)
    agent.chmod(0o755)
    log = rig.directory / "pkttyagent.log"
    log.touch()
    log.chmod(0o666)
    path = {"PATH": f"{rig.directory}:/usr/bin:/bin"}
    user = 65534 if os.geteuid() == 0 else os.geteuid()

    rig.serve()
    assert rig.on_terminal("measure", "true", env=path, uid=user)[0] == 0 and log.read_text() == ""
    rig.serve(challenge=True)
    assert rig.run("measure", "true", env=path)[0] == 0 and log.read_text() == ""
    code, seen = rig.on_terminal("measure", "true", env=path, uid=user)
    assert code == 0, seen
    assert re.fullmatch(r"started --notify-fd \d+( --fallback)?\nended\n", log.read_text())
    assert rig.on_terminal("cancel", "7", env=path, uid=user)[0] == 0
    assert log.read_text().count("started") == 2


@pytest.fixture
def there(rig, tmp_path):
    """An ssh to the one machine there is: what sd-bus starts on the other one, and the words it was called with."""
    log = tmp_path / "ssh.log"
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec systemd-stdio-bridge -p "$DBUS_SYSTEM_BUS_ADDRESS"\n')
    ssh.chmod(0o755)
    return {"PATH": f"{ssh.parent}:{os.environ['PATH']}", "SSH_LOG": str(log)}


def test_a_request_to_another_machine(rig, there, tmp_path):
    """A program is sent inside the message: no descriptor crosses ssh."""
    (tmp_path / "sum.py").write_text("print(3)\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "1.in").write_text("1 2\n")
    (tmp_path / "tests" / "1.ans").write_text("3\n")
    rig.serve()
    code, out, err = rig.run("-H", "me@there", "measure", "--tests", "tests", "sum.py", cwd=tmp_path, env=there)
    assert code == 0 and out.startswith("Job 7"), err
    request, = [call["arguments"][0] for call in rig.calls("Measure")]
    assert request["files"] == [["sum.py", "print(3)\n", 0o644]] and request["tests"] == [["1", "1 2\n", "3\n"]]
    assert request["language"] == "python3" and not request["env"] and "cwd" not in request
    assert "me@there" in Path(there["SSH_LOG"]).read_text()
    code, out, err = rig.run("-H", "there", "validate", "--detach", "--tests", "tests", "sum.py", cwd=tmp_path, env=there)
    assert (code, out) == (0, "7\n"), err
    code, out, err = rig.run("-H", "there", "show", "7", env=there)
    assert code == 0 and out.startswith("Job 7"), err


def test_a_host_that_is_not_there(rig):
    code, _, err = rig.run("-H", "nowhere.invalid", "status")
    assert code == 4 and "nowhere.invalid" in err
    code, _, err = rig.run("-H", "server", "measure", "ls", "-l")
    assert code == 2 and "ssh server joulectl measure -- ls -l" in err


# usage

@pytest.mark.parametrize("arguments, says", [
    ([], "verb is missing"),
    (["measrue", "true"], "did you mean “measure”"),
    (["frobnicate"], "no verb “frobnicate”"),
    (["measure"], "which command"),
    (["measure", "--trails", "3", "true"], "did you mean --trials"),
    (["measure", "--trials", "0", "true"], "trials"),
    (["measure", "--trials", "many", "true"], "many"),
    (["measure", "--trials"], "needs a value"),
    (["measure", "--isolation", "x", "true"], "configured, confined, reserved"),
    (["measure", "--detach", "--show-output", "true"], "--output"),
    (["measure", "--output", "x", "--show-output", "true"], "exclude"),
    (["measure", "--local", "--detach", "true"], "--local"),
    (["--local", "-H", "x", "status"], "exclude"),
    (["--sysroot", "/", "status"], "--local"),
    (["--meter", "perf", "status"], "--local"),
    (["-H", "-oProxyCommand=x", "status"], "no host"),
    (["show", "seven"], "seven"),
    (["show", "--follow"], "which job"),
    (["show", "--follow", "1", "2"], "at most 1 job"),
    (["cancel"], "which job"),
    (["forget", "0"], "“0”"),
    (["cancel", "4294967296"], "4294967296"),
    (["jobs", "7"], "joulectl show 7"),
    (["jobs", "--limit", "0"], "--limit"),
    (["jobs", "--user", "nobody-of-that-name"], "nobody-of-that-name"),
    (["export", "--format", "xml"], "json, jsonl, csv, md, openmetrics, html"),
    (["status", "--verbose"], "--verbose"),
    (["measure", "\xff\udcff"], "UTF-8"),
])
def test_usage(rig, arguments, says):
    rig.serve()
    code, out, err = rig.run(*arguments)
    assert code == 2 and out == "" and says in err and "--help" in err
    assert not rig.calls("Measure")


def test_help_and_version(rig):
    assert rig.run("--version")[1].startswith("joulectl ")
    code, out, _ = rig.run("--help")
    assert code == 0
    for verb in re.findall(r"^  (\w+)  ", out, re.M):
        code, text, _ = rig.run(verb, "--help")
        assert code == 0 and text.startswith(f"joulectl {verb}") and "--json" in text
