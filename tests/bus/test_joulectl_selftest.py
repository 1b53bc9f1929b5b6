# SPDX-License-Identifier: MIT
"""joulectl selftest against a scripted service whose measurements are as told, and with the real one without a bus."""

import copy
import json
import os
import re
import subprocess
import sys

import pytest

from joulectl_rig import BUILD, ERROR, JOULECTL, TREE, Rig, figure, report

METER = {"name": "meter", "ok": True, "value": "package-0", "limit": "at least one package", "remedy": "Load it."}
PARTITION = {"name": "cpus", "ok": True, "value": "reserved on 3", "limit": "reserved", "remedy": "Reserve some."}
DOMAINS = [{"name": "package-0", "kind": "package", "source": "perf", "readable": True, "range-uj": 262143328850},
           {"name": "core", "kind": "core", "source": "perf", "readable": True, "range-uj": 1}]
NAMES = ["counters", "tick", "range", "spin", "power", "repeats", "longer", "reader", "perf", "sleep", "short", "same", "settings"]


# 9 J in half a second, as the service's spin; the user's own arguments are kept.
PERF = """#!/bin/sh
echo "$@" >"$0.called"
[ "$LC_ALL" = C ] || exit 9
echo "9.02,Joules,power/energy-pkg/,501000000,100.00,," >&2
echo "501000000,ns,duration_time,501000000,100.00,," >&2
"""


def play_perf(script):
    path = PERF_DIRECTORY / "perf"
    path.write_text(script)
    path.chmod(0o755)


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    global PERF_DIRECTORY
    PERF_DIRECTORY = tmp_path_factory.mktemp("perf")
    rig = Rig()
    rig.environ["PATH"] = f"{PERF_DIRECTORY}:{os.environ['PATH']}"
    play_perf(PERF)
    yield rig
    rig.close()


def measured(joules, net, seconds, **more):
    told = report(joules=joules, seconds=seconds, **more)
    part = told["measurement"]
    part["meter"].update(tick_ns=999800, domains=[{"name": "package-0", "kind": "package", "in_total": True}])
    part["summary"]["net_j"] = net if isinstance(net, dict) else figure(net)
    return told


def compared(word):
    told = report()
    one = {"request": {}, "measurement": told["measurement"]}
    told.update(measurement=None, comparison={
        "of": "total_j", "threshold": 0.01, "candidates": [one, one],
        "changes": [{"candidate": 2, "against": 1, "change": 0.001, "ci95": [-0.002, 0.003], "p": 0.5, "p_adjusted": 0.5, "word": word}]})
    return told


def healthy():
    """The jobs' reports by their labels, as a good machine has them."""
    around_0 = {**figure(0.001), "ci95": [-0.02, 0.03]}
    powercap = measured(9.1, 5.0, 0.5)
    powercap["measurement"]["meter"]["name"] = "powercap"
    return {"spin": measured(9.0, 5.0, 0.5), "longer": measured(18.0, 10.1, 1.0), "reader": powercap,
            "sleep": measured(4.0, around_0, 0.5), "short": measured(0.02, 0.004, 0.001), "same": compared("no change detected")}


def serve(rig, reports, **scenario):
    scenario.setdefault("checks", [METER, PARTITION])
    rig.serve(by_label={f"selftest: {name}": {"result": told["job"]["result"], "report": told} for name, told in reports.items()},
              **{"domains": DOMAINS, **scenario})


def examine(rig, *arguments):
    code, out, err = rig.run("--json", "selftest", *arguments)
    body = json.loads(out)
    return code, body, {check["name"]: check for check in body["checks"]}


def examine_beside(rig, perf):
    """A good machine beside another perf."""
    serve(rig, healthy())
    play_perf(perf)
    try:
        return examine(rig)
    finally:
        play_perf(PERF)


def test_a_good_machine(rig):
    serve(rig, healthy())
    code, body, checks = examine(rig)
    assert list(checks) == NAMES
    assert {name: check["value"] for name, check in checks.items() if check["verdict"] != "ok"} == {}
    assert code == 0 and body["verdict"] == "ok" and body["simulated"] is False and body["lacking"] is None
    assert all(check["value"] and check["expected"] for check in checks.values())
    assert len(body["reports"]) == 6 and body["reports"][0]["measurement"]["meter"]["tick_ns"] == 999800
    assert body["service"]["Version"] == "0.1.0" and checks["spin"]["job"] == 7 and checks["settings"]["job"] is None


def test_table(rig):
    serve(rig, healthy())
    code, out, _ = rig.run("selftest")
    assert code == 0 and re.search(r"^ +Check +Value +Expected$", out, re.M)
    assert re.search(r"^  ok  tick +every 0.9998 ms +every 0.1 to 20 ms$", out, re.M)
    assert re.search(r"^  ok  range +package-0 wraps after 4 h 2 min at this power", out, re.M)
    assert re.search(r"^  ok  spin +4.950 … 5.050 J above idle +above 0$", out, re.M)
    assert re.search(r"^  ok  reader +powercap reads 1.011 times as much +the same within 5 %$", out, re.M)
    assert out.endswith("\nThis machine's numbers can be trusted.\n")
    assert rig.run("--ascii", "selftest")[1].isascii()


def test_what_the_service_is_asked(rig):
    serve(rig, healthy())
    assert rig.run("selftest", "--quick")[0] == 0
    jobs = {call["arguments"][0]["label"]: call["arguments"][0] for call in rig.calls("Measure")}
    assert list(jobs) == [f"selftest: {name}" for name in ("spin", "longer", "reader", "sleep", "short")]
    assert {job["trials"] for job in jobs.values()} == {6}
    assert [label for label, job in jobs.items() if job.get("region")] == ["selftest: sleep"]
    assert jobs["selftest: reader"]["meter"] == "powercap" and "meter" not in jobs["selftest: spin"]
    assert jobs["selftest: short"]["argv"] == ["/bin/true"] and jobs["selftest: spin"]["argv"][0].endswith("/jouletrace-load")
    (candidates, options), = [call["arguments"] for call in rig.calls("Compare")]
    assert len(candidates) == 2 and candidates[0] == candidates[1] and options["trials"] == 6
    assert {call["interactive"] for call in rig.calls()} == {False}


def changed(name, change):
    reports = copy.deepcopy(healthy())
    change(reports[name]["measurement"] or reports[name])
    return reports


def net(median, low, high):
    return lambda part: part["summary"].update(net_j={**figure(median), "ci95": [low, high]})


def trials(*joules):
    return lambda part: part.update(trials=[{"index": i, "valid": True, "total_uj": int(j * 1e6), "wall_ns": 1, "cpu_usec": 1, "windows": []}
                                            for i, j in enumerate(joules)])


@pytest.mark.parametrize("job, change, check", [
    ("spin", lambda part: part["meter"].update(tick_ns=None), "tick"),
    ("spin", lambda part: part["meter"].update(tick_ns=50e6), "tick"),
    ("spin", net(0.1, -0.1, 0.2), "spin"),
    ("spin", lambda part: part["summary"].update(net_j=None), "spin"),
    ("spin", lambda part: part["summary"].update(cpu_s=figure(0.002)), "power"),
    ("spin", trials(9, 10, 9, 10, 9, 10), "repeats"),
    ("longer", net(13, 12.9, 13.1), "longer"),
    ("longer", net(5.1, 5, 5.2), "longer"),
    ("reader", lambda part: part["summary"].update(total_j=figure(9.6)), "reader"),
    ("sleep", net(0.06, 0.05, 0.07), "sleep"),
    ("sleep", net(-0.06, -0.07, -0.05), "sleep"),
    ("sleep", lambda part: part["summary"].update(net_j=None), "sleep"),
    ("short", lambda part: part.update(status="UNMEASURABLE"), "short"),
    ("same", lambda told: told["comparison"]["changes"][0].update(word="regressed"), "same"),
    ("same", lambda told: told["comparison"]["changes"][0].update(word="too few pairs to tell"), "same")])
def test_what_is_not_as_expected(rig, job, change, check):
    serve(rig, changed(job, change))
    code, body, checks = examine(rig)
    failed = [name for name, told in checks.items() if told["verdict"] == "failed"]
    assert code == 1 and body["verdict"] == "failed" and check in failed, checks[check]
    out = rig.run("selftest")[1]
    assert re.search(rf"^  failed +{check} ", out, re.M) and "Do not trust this machine's numbers" in out


def test_a_counter_that_comes_round_at_once(rig):
    serve(rig, healthy(), domains=[{**DOMAINS[0], "range-uj": 100_000_000}])
    code, _, checks = examine(rig)
    assert code == 1 and checks["range"]["value"] == "package-0 wraps after 5 s at this power"


@pytest.mark.parametrize("domains", [[{**DOMAINS[0], "range-uj": 0}], [*DOMAINS, {**DOMAINS[0], "name": "dram-0", "kind": "dram", "range-uj": 0}]])
def test_one_reader(rig, domains):
    """Nothing is measured by a reader that lacks a counter of the total."""
    serve(rig, healthy(), domains=[{key: value for key, value in domain.items() if value != 0} for domain in domains])
    code, _, checks = examine(rig)
    assert code == 0 and "reader" not in checks and checks["range"]["verdict"] == ("ok" if len(domains) > 1 else "skipped")


def test_beside_perf(rig):
    serve(rig, healthy())
    checks = examine(rig)[2]
    assert checks["perf"] == {"name": "perf", "verdict": "ok", "value": "perf stat sees 18 W, the service 18 W",
                              "expected": "the same within 20 %", "job": 7}
    called = (PERF_DIRECTORY / "perf.called").read_text()
    assert called.startswith("stat -a -x , -e power/energy-pkg/,duration_time -- ") and called.rstrip().endswith("spin 3")


@pytest.mark.parametrize("joules, verdict", [("7.3", "ok"), ("7.1", "failed"), ("10.7", "ok"), ("10.9", "failed")])
def test_beside_another_perf(rig, joules, verdict):
    code, _, checks = examine_beside(rig, PERF.replace("9.02", joules))
    assert checks["perf"]["verdict"] == verdict and code == (verdict == "failed")


@pytest.mark.parametrize("script", ["#!/bin/sh\necho 'Error: paranoid is 4' >&2\nexit 255\n", PERF.replace("9.02", "<not supported>")])
def test_perf_that_cannot_tell(rig, script):
    """No evidence against the service: said, and nothing else."""
    code, body, checks = examine_beside(rig, script)
    assert code == 0 and body["verdict"] == "ok" and checks["perf"]["verdict"] == "skipped"
    assert "perf stat does not count energy" in checks["perf"]["value"]


def test_no_perf(rig, tmp_path):
    serve(rig, healthy())
    code, out, _ = rig.run("selftest", env={"PATH": str(tmp_path)})
    assert code == 0 and re.search(r"^  skipped +perf +perf is not installed", out, re.M)


def test_small_nets_are_none(rig):
    """An interval beside 0 is no alarm where it is below what a result is told to."""
    serve(rig, changed("sleep", net(0.02, 0.01, 0.03)))
    assert examine(rig)[0] == 0


def test_a_job_that_does_not_end_well(rig):
    reports = healthy()
    reports["sleep"]["job"]["result"], reports["sleep"]["measurement"]["status"] = "unstable", "UNSTABLE"
    serve(rig, reports)
    code, _, checks = examine(rig)
    assert code == 1 and checks["sleep"]["verdict"] == "failed" and "differ too much" in checks["sleep"]["value"]
    assert list(checks) == NAMES  # the others are looked at all the same


def test_modelled_joules_are_no_evidence(rig):
    reports = healthy()
    for told in reports.values():
        if told["measurement"]:
            told["measurement"]["meter"].update(name="model", simulated=True, tick_ns=None, domains=[])
            told["measurement"]["summary"]["net_j"] = None
    serve(rig, reports)
    code, body, checks = examine(rig)
    assert code == 0 and body["simulated"] is True
    assert {name for name, check in checks.items() if check["verdict"] == "skipped"} == {"tick", "range", "spin", "sleep"}
    out = rig.run("selftest")[1]
    assert "this says nothing about the machine" in out and "can be trusted" not in out


def test_what_the_service_found_well_before_is_well_afterwards(rig):
    serve(rig, healthy(), checks_after={"jobs": 6, "checks": [METER, {**PARTITION, "ok": False}]})
    code, _, checks = examine(rig)
    assert code == 1 and checks["settings"]["value"] == "cpus is no longer as it was"


def test_nothing_to_test(rig):
    """No counter, no job: what there is, and what would be needed."""
    serve(rig, healthy(), checks=[{**METER, "ok": False, "value": "no energy counter", "remedy": "Load the module."}])
    code, out, _ = rig.run("selftest")
    assert code == 4 and out == "There is nothing to test: no energy counter.\nLoad the module.\n" and not rig.calls("Measure")
    code, body, checks = examine(rig)
    assert code == 4 and body["verdict"] == "nothing" and body["needed"] == "Load the module." and not checks
    serve(rig, healthy(), properties={"Ready": False, "NotReadyReasons": ["worker: gone. Install it."]})
    code, out, _ = rig.run("selftest")
    assert code == 4 and "cannot run jobs" in out and "Install it." in out and not rig.calls("Measure")


def test_time_alone(rig):
    reports = healthy()
    told = reports["spin"]["measurement"]
    told.update(status="TIME_ONLY", meter={"name": "none", "simulated": False, "domains": []})
    told["summary"].update(total_j=None, net_j=None)
    serve(rig, reports)
    code, out, _ = rig.run("selftest")
    assert code == 4 and out.startswith("There is nothing to test") and len(rig.calls("Measure")) == 1


def test_refusals(rig):
    serve(rig, healthy(), refuse=["selftest: longer"])
    code, out, err = rig.run("selftest")
    assert code == 2 and out == "" and "is not liked" in err
    rig.serve(error=[ERROR + "Busy", "busy"])
    assert rig.run("selftest")[0] == 4


@pytest.mark.parametrize("arguments", [["x"], ["--list"], ["--user", "me"], ["--hostile", "--quick"], ["--trials", "9"]])
def test_usage(rig, arguments):
    code, out, err = rig.run("selftest", *arguments)
    assert code == 2 and out == "" and err.startswith("joulectl: ")


def test_another_machine_is_not_looked_at(rig):
    code, _, err = rig.run("-H", "server", "selftest")
    assert code == 2 and "ssh server joulectl selftest" in err


def test_hostile(rig, tmp_path):
    assert rig.run("--json", "selftest", "--hostile")[0] == 2
    code, _, err = rig.run("selftest", "--hostile", env={"JOULETRACE_DATADIR": str(tmp_path)})
    assert code == 4 and "the hostile programs are not installed" in err
    (tmp_path / "hostile").mkdir()
    (tmp_path / "hostile" / "run.py").write_text("import sys\nprint(sys.argv[1:])\nsys.exit(7)\n")
    code, out, _ = rig.run("selftest", "--hostile", "--user", "me", "T1", "P*", env={"JOULETRACE_DATADIR": str(tmp_path)})
    assert code == 7 and out == "['--user', 'me', 'T1', 'P*']\n"
    code, _, err = rig.run("selftest", "--hostile", env={"JOULETRACE_DATADIR": str(tmp_path), "PATH": str(tmp_path)})
    assert code == 4 and "python3 is not installed" in err


def test_with_the_real_worker(tmp_path):
    """Every job runs and is judged; that joules are modelled is said, and that none are known without a model."""
    environ = {**os.environ, "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": str(tmp_path / "state"), "JOULETRACE_DATADIR": str(TREE),
               "JOULETRACED": str(BUILD / "daemon" / "jouletraced"), "JOULETRACE_WORKER": str(BUILD / "worker" / "jouletrace-worker")}

    def selftest(meter):
        done = subprocess.run([JOULECTL, "--local", "--meter", meter, "--json", "selftest", "--quick"], capture_output=True, text=True,
                              timeout=300, env=environ, check=False, stdin=subprocess.DEVNULL)
        return done.returncode, json.loads(done.stdout), done.stderr

    code, body, err = selftest("none")
    assert code == 4 and body["verdict"] == "nothing" and body["lacking"], err
    code, body, err = selftest("model")
    checks = {check["name"]: check for check in body["checks"]}
    if any("UNSTABLE" in json.dumps(told) for told in body["reports"]):
        pytest.skip("the machine is too busy")
    assert code in (0, 1) and body["simulated"] and len(body["reports"]) == 5, err
    assert list(checks) == [name for name in NAMES if name not in ("reader", "perf")]
    assert [checks[name]["verdict"] for name in ("spin", "longer", "short", "settings")] == ["ok"] * 4, checks
    assert [checks[name]["verdict"] for name in ("tick", "sleep")] == ["skipped"] * 2, checks


HOSTILE = [sys.executable, str(TREE / "tests" / "hostile" / "run.py")]


def test_hostile_without_a_service(tmp_path):
    """Whoever runs it: the documented status of a service that is not there, and why."""
    (tmp_path / "joulectl").write_text("#!/bin/sh\necho 'joulectl: the measuring service is not running' >&2\nexit 4\n")
    (tmp_path / "joulectl").chmod(0o755)
    done = subprocess.run([*HOSTILE, "--joulectl", tmp_path / "joulectl"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (4, "") and "service is not running" in done.stderr and "installed service" in done.stderr


def test_the_list_of_hostile_programs_may_be_cut_short():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*HOSTILE, "--list"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(writer)
    assert done.stderr == ""


def test_dev_has_the_hostile_programs():
    environ = {**os.environ, "JOULETRACE_BUILD": str(BUILD)}
    done = subprocess.run([TREE / "dev", "joulectl", "selftest", "--hostile", "--list"], capture_output=True, text=True, check=False, timeout=60, env=environ)
    assert done.returncode == 0 and len(done.stdout.splitlines()) > 30, done.stderr


def test_dev_runs_it_where_it_was_called(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"stdin": "", "expected_stdout": ""}\n')
    environ = {**os.environ, "JOULETRACE_BUILD": str(BUILD), "LC_ALL": "C.UTF-8"}
    done = subprocess.run([TREE / "dev", "joulectl", "package", "list", "x.jsonl"], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60, env=environ)
    assert done.returncode == 0 and "x.jsonl" in done.stdout, done.stderr


@pytest.mark.parametrize("command", ["bench", "vm", "mutants", "test"])
def test_dev_installs_nothing_to_give_help(tmp_path, command):
    """With an apt-get and a package database in which nothing is installed: neither is asked."""
    for name in ("apt-get", "dpkg-query", "sudo", "ninja", "meson"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho called {name} >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([TREE / "dev", command, "--help"], capture_output=True, text=True, check=False, timeout=60, env=environ)
    assert done.returncode == 0 and command in done.stdout and "called" not in done.stderr, done.stdout + done.stderr
