# SPDX-License-Identifier: MIT
"""joulectl's verbs but measure, against a service that follows a script; and every public thing everywhere."""

import json
import os
import re
import subprocess
import time
import unicodedata

import pytest

from joulectl_rig import BUILD, CODES, PROGRESS, TREE, Rig, report


@pytest.fixture(scope="module")
def rig():
    rig = Rig()
    yield rig
    rig.close()


def test_show_several(rig):
    rig.serve(reports={"1": report(1), "2": report(2, argv=("two",))})
    code, out, _ = rig.run("show", "1", "2")
    assert code == 0 and "Job 1: true" in out and "Job 2: two" in out
    assert [body["job"]["id"] for body in json.loads(rig.run("show", "--json", "1", "2")[1])] == [1, 2]
    code, out, err = rig.run("show", "--json", "1", "3")
    assert code == 1 and out == "" and "job 3" in err


def test_explain(rig):
    rig.serve(reports={"1": report(1, window={"min_ns": 100_000_000}, reasons=["TREND"], grade="B"), "2": report(2)})
    code, out, _ = rig.run("show", "--explain", "1")
    assert code == 0 and out.startswith("Job 1: true\n") and "  How this came about\n" in out and "  What limits it\n" in out
    assert "medians of 9 trials that count, each a window of 100.0 ms or more" in " ".join(out.split())
    assert "from trial to trial" in out and "Grade B" in out
    assert rig.run("show", "1", "2", "-e")[1].count("How this came about") == 2
    assert "How this came about" not in rig.run("show", "1")[1]
    for other in ("--follow", "--table", "--json"):
        assert rig.run("show", "--explain", other, "1")[0] == 2


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
    assert "more" not in out
    assert json.loads(rig.run("jobs", "--json")[1]) == {"more": 0, "jobs": [
        {"id": 7, "uid": os.getuid(), "kind": "measure", "state": "queued", "path": path + "7"},
        {"id": 8, "kind": "measure", "state": "measuring", "path": path + "8"}]}
    rig.serve(jobs=[])
    assert "No job" in rig.run("jobs")[1] and json.loads(rig.run("jobs", "--json")[1]) == {"jobs": [], "more": 0}


@pytest.mark.parametrize("queued, running, more", [(999, 7, 900), (100, 7, 1), (99, 7, 0), (150, 0, 50)])
def test_more_jobs_than_are_listed(rig, queued, running, more):
    path = "/org/jouletrace/JouleTrace1/job/_"
    jobs = [[100 + i, 4294967295, "measure", "queued", f"{path}{100 + i}"] for i in range(100)]
    rig.serve(jobs=jobs, properties={"QueueLength": queued, "RunningJob": running})
    lines = rig.run("jobs")[1].splitlines()
    words = {0: [], 1: ["and 1 more waits"]}.get(more, [f"and {more} more wait"])
    assert lines[101:] == words
    told = json.loads(rig.run("jobs", "--json")[1])
    assert told["more"] == more and len(told["jobs"]) == 100


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
    rig.serve(records=[{"id": 9, "kind": "measure", "state": "queued", "submitted": 1700000000000000}])
    assert re.search(r"^ *9 +queued$", rig.run("jobs", "--all")[1], re.M), "one that has not ended is on record, too"
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
    assert code == 0 and len(rows) == 1 + 9 * 2
    assert rows[1] == '1,"a,b",true,done,perf,false,1,true,,,1,0.1832,0.1832,total,total,12.345,'
    assert rows[2] == '1,"a,b",true,done,perf,false,1,true,,,1,0.1832,0.1832,package-0,package,12.345,'
    man = (BUILD / "man" / "joulectl.1").read_text()
    assert all(f"\\fI{column}\\fR".replace("_", "\\_") in man or f"\\fI{column}\\fR" in man for column in rows[0].split(","))
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


def test_status_shows_the_calibration(rig):
    rig.serve()
    assert re.search(r"^  calibration +none: “joulectl calibrate” says", rig.run("status")[1], re.M)
    assert json.loads(rig.run("status", "--json")[1])["service"]["Calibration"] == {}
    measured = int((time.time() - 3 * 86400 - 60) * 1e6)
    rig.serve(calibration={"noise-floor": 0.0123, "measured": measured, "expired": False})
    assert re.search(r"^  calibration +noise floor 1.2 %, measured 3 days ago$", rig.run("status")[1], re.M)
    rig.serve(calibration={"noise-floor": 0.0123, "measured": measured, "expired": True, "reason": "the kernel is another"})
    assert "measured 3 days ago; it does not hold any more: the kernel is another" in rig.run("status")[1]


# every public thing everywhere

def help_options(rig, *verb):
    text = rig.run(*verb, "--help")[1]
    return set(re.findall(r"^ +(?:-\w, )? *--([\w-]+)", text, re.M))


def verbs(rig):
    return re.findall(r"^  (\w+)  ", rig.run("--help")[1], re.M)


@pytest.mark.parametrize("locale", ["C.UTF-8", "de_DE.UTF-8", "ja_JP.UTF-8"])
def test_help_fits_a_terminal(rig, locale):
    """80 columns, and the text of each option in a column of its own, whatever the length of its name."""
    environ = {"LC_ALL": locale, "LANGUAGE": "", "JOULETRACE_LOCALEDIR": str(BUILD / "po")}
    for verb in [[], *([verb] for verb in verbs(rig))]:
        lines = rig.run(*verb, "--help", env=environ)[1].splitlines()
        for line in lines:
            assert sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) <= 80, line
        for line, after in zip(lines, lines[1:]):
            option = re.match(r" +(?:-\w, )? *--[\w-]+(?: [^ ]+)?(?P<text>  +\S)?", line)
            if option:
                text = line if option["text"] else after
                assert text[30:32] == "  " and text[32:33].strip(), (line, after)


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


def test_every_verb_has_its_own_options_everywhere(rig):
    """Neither more nor fewer than --help lists: in the manual's section of the verb, and in each shell's table."""
    shared = help_options(rig)
    page = (BUILD / "man" / "joulectl.1").read_text().replace("\\-", "-")
    sections = dict(re.findall(r"^\.SS (\w+)\n(.*?)(?=^\.S[SH] )", page, re.M | re.S))
    fish = (BUILD / "client" / "completion" / "joulectl.fish").read_text()
    bash = dict(re.findall(r"^ +(\w+)\) options='(.*?)'", (BUILD / "client" / "completion" / "joulectl").read_text(), re.M))
    zsh = dict(re.findall(r"^ +(\w+)\)\n +options\+=\(\n(.*?)^ +\)$", (BUILD / "client" / "completion" / "_joulectl").read_text(), re.M | re.S))
    names = verbs(rig)
    assert set(sections) >= set(names) and set(bash) == set(names) and len(names) > 10
    for verb in names:
        own = help_options(rig, verb) - shared
        assert set(re.findall(r"^(?:\\fB-\w\\fR, )?\\fB--([\w-]+)\\fR", sections[verb], re.M)) == own, verb
        assert set(re.findall(rf"seen_subcommand_from {verb}' -l ([\w-]+)", fish)) == own, verb
        assert set(re.findall(r" --([\w-]+)", bash[verb])) == own, verb
        assert set(re.findall(r"--([\w-]+)=?\[", zsh.get(verb, ""))) == own, verb


@pytest.mark.parametrize("shell, file", [("bash", "joulectl"), ("zsh", "_joulectl"), ("fish", "joulectl.fish")])
def test_completions_parse(shell, file):
    subprocess.run([shell, "-n", BUILD / "client" / "completion" / file], check=True)


@pytest.mark.parametrize("line, words", [
    ("joulectl me", {"measure"}), ("joulectl measure --tri", {"--trials"}), ("joulectl --meter model measure --isol", {"--isolation"}),
    ("joulectl measure --isolation ", {"configured", "confined", "reserved"}), ("joulectl export --format ",
     {"json", "jsonl", "csv", "md", "openmetrics", "html"}),
    ("joulectl show --fo", {"--follow"}), ("joulectl jobs --result d", {"done"}),
    ("joulectl validate --validator te", {"testlib"}), ("joulectl measure --validator ",
     {"tokens", "exact", "lines", "numbers", "kattis", "testlib"}),
    ("joulectl validate --language c", {"c", "cpp"}), ("joulectl validate --validator-language py", {"python3"}),
    (f"joulectl validate --problem {TREE}/examples/problems/runs --submission acc", None),
    (f"joulectl package li", {"list"}), (f"joulectl package list {TREE}/examples/prob", {f"{TREE}/examples/problems"}),
    (f"joulectl package verify {TREE}/examples/problems/run", {f"{TREE}/examples/problems/runs", f"{TREE}/examples/problems/runs.jsonl"})])
def test_bash_completes(line, words):
    script = f"""PATH={BUILD}/client:$PATH JOULETRACE_DATADIR={TREE}; export PATH JOULETRACE_DATADIR
    source {BUILD}/client/completion/joulectl
    COMP_WORDS=({line}); [[ "{line}" = *" " ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _joulectl; printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    if words is None:
        runs = TREE / "examples" / "problems" / "runs" / "submissions"
        words = {f"accepted/{path.name}" for path in (runs / "accepted").iterdir()}
    assert set(done.stdout.split()) == words, done.stderr


def test_trials_that_all_failed_for_one_reason(rig):
    """Trials of which none is valid do not differ too much."""
    told = report(result="unstable", joules=None)
    trials = [{"index": i, "valid": False, "quality": ["REGION"], "windows": []} for i in range(2)]
    told["measurement"] = {"status": "UNSTABLE", "reasons": ["REGION"], "meter": {"name": "perf"}, "warmups": [], "trials": trials}
    told["absent"] = {f"measurement.trials[{i}].total_uj": "the program declared no region" for i in range(2)}
    rig.serve(reports={"7": told})
    out = rig.run("show", "7")[1]
    assert "unstable: the program declared no region" in out and "differ too much" not in out
    trials[1]["valid"] = True
    rig.serve(reports={"7": told})
    assert "differ too much" in rig.run("show", "7")[1]
