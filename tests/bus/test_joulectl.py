# SPDX-License-Identifier: MIT
"""joulectl against a service that follows a script: what it asks, what it prints, how it exits."""

import json
import os
import pty
import re
import select
import subprocess
import time

import pytest

from joulectl_rig import BUILD, JOULECTL, Rig, report

PROGRESS = [["queued", 2, 0, 0.0, {"queue-position": 2, "time-left": 90000000}],
            ["warming", 1, 2, 0.1, {}],
            ["measuring", 3, 9, 0.5, {"median": 12.3, "time-left": 4000000}]]
ERROR = "org.jouletrace.JouleTrace1.Error."
CODES = {"done": 0, "failed": 1, "unstable": 5, "timeout": 124, "infrastructure": 4, "cancelled": 130}


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    rig = Rig(tmp_path_factory.mktemp("joulectl"))
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
    error = {"name": ERROR + "RunFailed", "message": "trial 1 exited with status 3", "remedy": "mend it"}
    rig.serve(result="failed", reports={"7": report(result="failed", joules=None, error=error)},
              output=["", "one\ntwo\033[2J\n"])
    code, out, err = rig.run("measure", "false")
    assert code == 1
    assert out.splitlines()[1:] == ["  the program failed", "  trial 1 exited with status 3", "  → mend it"]
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
    assert rig.run("measure", "true")[2].splitlines()[:3] == ["job 7: queued", "job 7: another measurement keeps this machine busy",
                                                              "job 7: warming up"]
    lines = [json.loads(line) for line in rig.run("--progress=json", "measure", "true")[2].splitlines()]
    assert [line.get("waits_for") for line in lines[:3]] == [None, "host", None], "nothing is said twice"


def test_a_modelled_median_is_marked_while_it_grows(rig):
    rig.serve(progress=[["measuring", 3, 9, 0.5, {"median": 12.3, "simulated": True}]])
    assert "median 12.30 J (modelled)" in on_terminal(rig, "measure", "true")[1]
    assert '"simulated":true' in rig.run("--progress=json", "measure", "true")[2]


def test_progress_without_a_terminal(rig):
    rig.serve(progress=PROGRESS)
    _, _, err = rig.run("measure", "true")
    assert err == "job 7: queued\njob 7: warming up\njob 7: measuring\n"


@pytest.mark.parametrize("option", ["-q", "--quiet", "--progress=none"])
def test_quiet(rig, option):
    rig.serve(progress=PROGRESS)
    code, out, err = rig.run("measure", option, "true")
    assert code == 0 and err == "" and "Energy" in out


def on_terminal(rig, *arguments, keys=None, timeout=20):
    """What a terminal sees; keys are typed once the first line has been drawn."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(JOULECTL, ["joulectl", *arguments], {**rig.environ, "TERM": "xterm"})
    seen, end = b"", time.monotonic() + timeout
    while time.monotonic() < end:
        if not select.select([fd], [], [], 0.2)[0]:
            continue
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
        if keys and b"job 7" in seen:
            os.write(fd, keys)
            keys = None
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()


def test_a_live_line_on_a_terminal(rig):
    rig.serve(progress=PROGRESS)
    code, seen = on_terminal(rig, "measure", "true")
    assert code == 0
    assert "\rjob 7: queued" in seen and "number 2 in the queue  1 min 30 s left" in seen
    assert "job 7: measuring 3/9  median 12.30 J  4 s left\033[K" in seen
    # the line is gone before the result stands there, in colour
    assert "\r\033[KJob 7: \033[1mtrue" in seen and "\033[1;32m12.35 J\033[0m" in seen


def test_ctrl_c_on_a_terminal(rig):
    rig.serve(result=None, reports={"7": report(result="cancelled", joules=None)})
    code, seen = on_terminal(rig, "measure", "true", keys=b"\x03")
    assert code == 130 and "Ctrl-C again leaves at once" in seen and len(rig.calls("Cancel")) == 1


def test_no_color(rig):
    rig.serve()
    assert "\033[1" not in on_terminal(rig, "--no-color", "show", "7")[1]
    rig.environ["NO_COLOR"] = "1"
    try:
        assert "\033[1" not in on_terminal(rig, "show", "7")[1]
    finally:
        del rig.environ["NO_COLOR"]
    assert "\033[1" in on_terminal(rig, "show", "7")[1]


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
    (["export", "--format", "xml"], "json, csv"),
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


# the other verbs

def test_show_several(rig):
    rig.serve(reports={"1": report(1), "2": report(2, argv=("two",))})
    code, out, _ = rig.run("show", "1", "2")
    assert code == 0 and "Job 1: true" in out and "Job 2: two" in out
    assert [body["job"]["id"] for body in json.loads(rig.run("show", "--json", "1", "2")[1])] == [1, 2]
    code, out, err = rig.run("show", "--json", "1", "3")
    assert code == 1 and out == "" and "job 3" in err


def test_show_newest(rig):
    rig.serve(records=[{"id": 7, "result": "done"}])
    assert "Job 7" in rig.run("show")[1]
    rig.serve(records=[])
    assert rig.run("show")[0] == 2


def test_table(rig):
    rig.serve(reports={"1": report(1, label="recursive", joules=2.0, simulated=True),
                       "2": report(2, label="iterative", joules=0.5, simulated=True),
                       "3": report(3, argv=("python3", "-c", "pass"), joules=0.25, simulated=True)})
    code, out, _ = rig.run("show", "--table", "1", "2", "3")
    assert code == 0
    rows = out.splitlines()
    assert re.search(r"recursive +9 +2.000 J .*\(modelled\).* 8.00 ×$", rows[1])
    assert re.search(r"iterative +9 +0.500 J .*\(modelled\).* 2.00 ×$", rows[2])
    assert re.search(r"python3 -c pass +9 +0.250 J .*\(modelled\).* 1.00 ×$", rows[3])


def test_follow(rig):
    rig.serve(state="measuring", progress=PROGRESS, result="failed", reports={"7": report(result="failed")})
    code, out, err = rig.run("show", "--follow", "7")
    assert code == 1 and "Job 7" in out and "job 7: measuring" in err and len(rig.calls("Attach")) == 1
    # ended before we came, and only on record
    rig.serve(state="completed", result=None)
    assert rig.run("show", "-f", "7")[0] == 0
    rig.serve(no_object=True)
    assert rig.run("show", "-f", "7")[0] == 0


def test_ctrl_c_while_following_leaves_the_job_alone(rig):
    rig.serve(state="measuring", result=None, progress=PROGRESS)
    client = rig.popen("show", "--follow", "7")
    assert "measuring" in client.stderr.readline()
    rig.interrupt(client)
    _, err = client.communicate(timeout=20)
    assert client.returncode == 130 and "job 7 goes on" in err and not rig.calls("Cancel")


def test_jobs(rig):
    path = "/org/jouletrace/JouleTrace1/job/_"
    rig.serve(jobs=[[7, os.getuid(), "measure", "queued", path + "7"], [8, 4294967295, "measure", "measuring", path + "8"]])
    code, out, _ = rig.run("jobs")
    assert code == 0
    assert re.search(r"^ *7  queued +\S+ +number 3 in the queue$", out, re.M)
    assert re.search(r"^ *8  measuring +somebody else$", out, re.M)
    assert json.loads(rig.run("jobs", "--json")[1]) == [
        {"id": 7, "uid": os.getuid(), "kind": "measure", "state": "queued", "path": path + "7"},
        {"id": 8, "kind": "measure", "state": "measuring", "path": path + "8"}]
    rig.serve(jobs=[])
    assert "No job" in rig.run("jobs")[1] and rig.run("jobs", "--json")[1] == "[]\n"


def record(job):
    return {"id": job, "kind": "measure", "result": "done", "label": f"label {job}", "finished": 1700000000000000,
            "total-energy": 1.5, "wall": 0.25, "simulated": job % 2 == 0}


def test_records(rig):
    rig.serve(records=[record(job) for job in range(250, 0, -1)])
    code, out, _ = rig.run("jobs", "--all")
    assert code == 0 and len(out.splitlines()) == 251
    assert re.search(r"^250  .*done +1.500 J +\(modelled\) +250.0 ms +label 250$", out, re.M)
    assert [call["arguments"][0].get("before") for call in rig.calls("ListRecords")] == [None, 151, 51]
    assert len(json.loads(rig.run("jobs", "--all", "--json")[1])) == 250
    assert len(rig.run("jobs", "-n", "3")[1].splitlines()) == 4
    rig.serve(records=[])
    rig.run("jobs", "--label", "x", "--result", "done", "--user", "0")
    assert rig.calls("ListRecords")[0]["arguments"] == [{"limit": 100, "uid": 0, "label": "x", "result": "done"}]


def test_cancel_and_forget(rig):
    rig.serve()
    assert rig.run("cancel", "7")[0] == 0 and rig.calls("Cancel")[0]["path"].endswith("/job/_7")
    code, _, err = rig.run("cancel", "8", "7")
    assert code == 1 and "job 8" in err and rig.calls("Cancel")[-1]["path"].endswith("_7"), "the others are still tried"
    assert rig.run("forget", "7", "8")[0] == 0
    assert [call["arguments"] for call in rig.calls("Forget")] == [[7], [8]]


def test_export(rig, tmp_path):
    rig.serve(records=[{"id": 2}, {"id": 1}], reports={"1": report(1, label="a,b"), "2": report(2)})
    assert [body["job"]["id"] for body in json.loads(rig.run("export")[1])] == [2, 1]
    code, out, _ = rig.run("export", "--format", "csv", "1", env={"LC_ALL": "de_DE.UTF-8"})
    rows = out.splitlines()
    assert code == 0 and len(rows) == 10
    assert rows[1] == '1,"a,b",true,done,perf,false,1,true,1,0.1832,0.1832,12.345,,12.345,'
    assert rig.run("export", "--format=csv", "--output", tmp_path / "x.csv", "1")[0] == 0
    assert (tmp_path / "x.csv").read_text() == out
    assert rig.run("export", "--output", tmp_path / "none" / "x", "1")[0] == 4
    rig.serve(records=[])
    assert json.loads(rig.run("export")[1]) == []


DOMAINS = [{"name": "package-0", "kind": "package", "package": 0, "source": "perf", "unit-uj": 61.035, "range-uj": 262143328850,
            "readable": True, "reader": "perf"},
           {"name": "core", "kind": "core", "package": 0, "source": "perf", "unit-uj": 0.000232831, "range-uj": 1, "readable": True,
            "reader": "perf"},
           {"name": "package-0", "source": "powercap", "dropped": "the same counter through MMIO"}]


def test_topology(rig):
    rig.serve(domains=DOMAINS)
    code, out, _ = rig.run("topology")
    assert code == 0
    assert re.search(r"^package-0 +package +0 +perf +61.03 µJ +262.1 kJ +part of the total, read by perf$", out, re.M)
    assert re.search(r"^core .* 0.2328 nJ .*shown, not added, read by perf$", out, re.M)
    assert re.search(r"^package-0 .*powercap .*not used: the same counter through MMIO$", out, re.M)
    assert json.loads(rig.run("topology", "--json")[1]) == DOMAINS
    rig.serve(domains=[])
    assert "no energy counters" in rig.run("topology")[1]


def test_status(rig):
    rig.serve(domains=DOMAINS, statistics={"jobs": 12, "failed": 1, "refused": 2, "duration-mean": 75.0},
              checks=[{"name": "counters", "ok": True, "value": "package-0", "limit": "", "remedy": ""},
                      {"name": "governor", "ok": False, "value": "powersave", "limit": "performance", "remedy": "set it"}])
    code, out, _ = rig.run("status")
    assert code == 0 and out.startswith("Ready to measure")
    assert re.search(r"counters +package-0$", out, re.M) and "cores 3,7 are reserved" in out
    assert "job 7 runs, 2 jobs wait" in out and "12 jobs, 1 failed, 2 refused" in out and "1 min 15 s" in out
    assert "governor: powersave (should be performance)\n    → set it" in out and "counters:" not in out
    body = json.loads(rig.run("status", "--json")[1])
    assert body["service"]["Ready"] is True and body["checks"][1]["remedy"] == "set it"
    rig.serve(properties={"Ready": False, "NotReadyReasons": ["no worker"], "IsolationLevel": "none"})
    out = rig.run("status")[1]
    assert out.startswith("Not ready to measure") and "no worker" in out and "time alone" in out


# every public thing everywhere

def help_options(rig, *verb):
    text = rig.run(*verb, "--help")[1]
    return set(re.findall(r"^ +(?:-\w, )? *--([\w-]+)", text, re.M))


def verbs(rig):
    return re.findall(r"^  (\w+)  ", rig.run("--help")[1], re.M)


@pytest.mark.parametrize("file, pattern", [("client/completion/joulectl", "--{}"), ("client/completion/_joulectl", "--{}"),
                                           ("client/completion/joulectl.fish", "-l {}")])
def test_completions_list_every_option(rig, file, pattern):
    text = (BUILD / file).read_text()
    for verb in verbs(rig):
        assert re.search(rf"\b{verb}\b", text)
        for option in help_options(rig, verb):
            assert re.search(re.escape(pattern.format(option)) + r"\b(?!-)", text), option


def test_the_manual_lists_every_option(rig):
    page = (BUILD / "man" / "joulectl.1").read_text().replace("\\-", "-")
    for verb in verbs(rig):
        for option in help_options(rig, verb):
            assert f"\\fB--{option}\\fR" in page, option
    for code in CODES.values():
        assert f"\\fB{code}\\fR" in page


@pytest.mark.parametrize("shell, file", [("bash", "joulectl"), ("zsh", "_joulectl"), ("fish", "joulectl.fish")])
def test_completions_parse(shell, file):
    subprocess.run([shell, "-n", BUILD / "client" / "completion" / file], check=True)


@pytest.mark.parametrize("line, words", [
    ("joulectl me", {"measure"}), ("joulectl measure --tri", {"--trials"}), ("joulectl --meter model measure --isol", {"--isolation"}),
    ("joulectl measure --isolation ", {"configured", "confined", "reserved"}), ("joulectl export --format ", {"json", "csv"}),
    ("joulectl show --fo", {"--follow"}), ("joulectl jobs --result d", {"done"})])
def test_bash_completes(line, words):
    script = f"""source {BUILD}/client/completion/joulectl
    COMP_WORDS=({line}); [[ "{line}" = *" " ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _joulectl; printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == words, done.stderr
