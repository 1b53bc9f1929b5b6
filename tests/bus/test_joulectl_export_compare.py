# SPDX-License-Identifier: MIT
"""joulectl export and show --explain, of a job that compared candidates."""

import csv
import json
import re
import xml.etree.ElementTree as ElementTree

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics

from joulectl_rig import Rig, report

ORDER = [[1, 2, 3], [3, 1, 2], [2, 3, 1]] * 3
NASTY = "b|<b>"


def candidate(number, joules, command, label=None, **options):
    """A candidate whose trials differ, and are warmer turn by turn."""
    one = report(joules=joules, argv=command, **options)
    for trial, order in zip(one["measurement"]["trials"], ORDER):
        turn = 3 * (trial["index"] - 1) + order.index(number)
        energy = round(joules * 1e6 * (1 + trial["index"] / 1000))
        trial.update(total_uj=energy, temp_start_mc=40000 + 1000 * turn, temp_end_mc=40500 + 1000 * turn)
        trial["windows"][0]["energy_uj"]["package-0"] = energy
    return {"program": one["program"], "request": {"candidate-id": label, "resolution": "fine"}, "validation": None,
            "measurement": one["measurement"]}


def comparison(job=7, **changed):
    whole = report(job, label="which")
    whole["job"]["kind"] = "compare"
    whole["absent"] = {"measurement": "each of comparison.candidates has its own",
                       "comparison.changes[1].change": "no pair of trials is valid",
                       "comparison.noise_floor": "the host was not calibrated"}
    whole.update(program=None, measurement=None, comparison={
        "of": "total_j", "seed": 42, "order": ORDER, "threshold": 0.02, "noise_floor": None, "test": "sign test",
        "adjustment": "Holm", "changes": [
            {"candidate": 2, "against": 1, "pairs": 9, "change": 0.05, "ci95": [0.041, 0.062], "sigma_pair": 0.01, "p": 0.0039,
             "p_adjusted": 0.0078, "word": "regressed"},
            {"candidate": 3, "against": 1, "pairs": 0, "change": None, "ci95": None, "word": None}],
        "candidates": [candidate(1, 10.0, ["./a"]), candidate(2, 10.5, ["./b", "x y"], NASTY), candidate(3, 9.0, ["./c"], "./c")],
        **changed})
    return whole


def disturbed(job):
    whole = comparison(job)
    whole["comparison"]["candidates"][0]["measurement"]["trials"][2].update(valid=False, quality=["FOREIGN_LOAD"])
    return whole


@pytest.fixture(scope="module")
def rig():
    rig = Rig()
    rig.serve(records=[{"id": 7}, {"id": 8}], statistics={}, reports={
        "7": comparison(), "8": report(8, argv=["./plain"]), "9": comparison(9, order=[[2, 1, 9]]),
        "10": comparison(10, noise_floor=0.02),
        "11": comparison(11, candidates=[candidate(n, 10.0, ["./a"], simulated=True) for n in (1, 2, 3)]),
        "12": disturbed(12)})
    yield rig
    rig.close()


def exported(rig, form, *ids):
    code, out, err = rig.run("export", "--format", form, *ids)
    assert (code, err) == (0, "")
    return out


def figures(page):
    return {figure.find("figcaption").text: figure.find("svg") for figure in page.iter("figure")}


def circles(svg, word):
    """What is said of those of a class, from left to right."""
    found = [element for element in svg.iter("circle") if word in element.get("class").split()]
    return [element.find("title").text for element in sorted(found, key=lambda element: float(element.get("cx")))]


@pytest.fixture()
def page(rig):
    return ElementTree.fromstring(exported(rig, "html", 7).partition("\n")[2])


def test_html_table(page):
    table = next(page.iter("table"))
    rows = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
    assert rows == [["", "Command", "Trials", "Energy", "Change", "95 % interval", ""],
                    ["● 1", "./a", "9", "10.00 J", "", "", ""],
                    ["● 2", NASTY, "9", "10.50 J", "+5.0 %", "+4.1 to +6.2 %", "regressed"],
                    ["● 3", "./c", "9", "9.00 J", "", "", "no pair of trials is valid"]]
    text = " ".join("".join(page.itertext()).split())
    assert "of note above 2.0 %" in text and "no joules" not in text
    # joulectl calls a candidate by its command: told once
    assert [span.text for span in page.iter("span") if span.get("class") == "label"] == ["which", NASTY]
    assert [code.text for heading in page.iter("h3") for code in heading.iter("code")] == ["./a", "./b 'x y'", "./c"]


def test_html_changes(page):
    """The dot on its interval, and right of it 0 and the threshold; one that is not known has its line and no dot."""
    svg = next(svg for title, svg in figures(page).items() if title.startswith("Changes"))
    at = {line.get("class"): line for line in svg.iter("line")}
    dot, = svg.iter("circle")
    assert dot.find("title").text == "2: +5.0 % (+4.1 to +6.2 %), regressed" and dot.get("class") == "dot c2"
    ends = float(at["span c2"].get("x1")), float(at["span c2"].get("x2"))
    limits = sorted(float(line.get("x1")) for line in svg.iter("line") if line.get("class") == "limit")
    zero, = (float(line.get("x1")) for line in svg.iter("line")
             if line.get("class") == "tick" and line.get("x1") == line.get("x2") and float(line.get("y1")) < 100)
    assert limits[0] < zero < limits[1] < ends[0] < float(dot.get("cx")) < ends[1]
    assert zero - limits[0] == pytest.approx(limits[1] - zero, abs=0.2)
    assert {"2", "3"} <= {text.text for text in svg.iter("text") if text.get("class") == "y"}


def test_html_turns(page):
    """Every trial once, in the turn it had."""
    svg = next(svg for title, svg in figures(page).items() if title.startswith("Trials of all"))
    tips = circles(svg, "dot")
    assert [tuple(map(int, re.match(r"(\d), trial (\d):", tip).groups())) for tip in tips] == [
        (number, trial) for trial, order in enumerate(ORDER, 1) for number in order]
    assert tips[1] == "2, trial 1: 10.51 J"
    assert len(circles(svg, "c3")) == 9


def test_html_invalid_trial(rig):
    """It is where it ran, says why it does not count, and is in nothing that is made of the others."""
    drawn = figures(ElementTree.fromstring(exported(rig, "html", 12).partition("\n")[2]))
    turns, spreads = (next(svg for title, svg in drawn.items() if title.startswith(word)) for word in ("Trials of all", "Valid"))
    assert circles(turns, "bad") == ["1, trial 3: 10.03 J, FOREIGN_LOAD"] and len(circles(turns, "c1")) == 8
    threads = {path.get("class"): len(path.get("d").split("L")) for path in turns.iter("path")}
    assert threads == {"thread c1": 8, "thread c2": 9, "thread c3": 9}
    assert len(circles(spreads, "faint")) == 8 + 9 + 9


def test_html_spreads(page):
    """The trials of each and their median, in lines of their own."""
    svg = next(svg for title, svg in figures(page).items() if title.startswith("Valid trials of each"))
    for number in (1, 2, 3):
        assert len(circles(svg, f"c{number}")) == 9 + 1 and len([e for e in svg.iter("circle")
                                                                 if e.get("class") == f"dot c{number}"]) == 1
    median = {e.get("class"): float(e.get("cx")) for e in svg.iter("circle")}
    assert median["dot c3"] < median["dot c1"] < median["dot c2"]


def test_html_temperature(page):
    """Warmer from turn to turn only when the turns are in their order."""
    svg = next(svg for title, svg in figures(page).items() if title.startswith("Temperature"))
    start = next(path for path in svg.iter("path") if path.get("class") == "start").get("d")
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", start)]
    assert len(heights) == 27 and heights == sorted(heights, reverse=True)


def test_html_without_an_order(rig):
    """An order that cannot be right is not believed, and nothing is lost."""
    page = ElementTree.fromstring(exported(rig, "html", 9).partition("\n")[2])
    svg = next(svg for title, svg in figures(page).items() if title.startswith("Trials of all"))
    assert [tip[0] for tip in circles(svg, "dot")] == ["1", "2", "3"] * 9


def test_html_of_a_model(rig):
    """Whoever reads no further than the table knows."""
    page = ElementTree.fromstring(exported(rig, "html", 11).partition("\n")[2])
    assert any(p.text.startswith("joules are modelled") for p in page.iter("p"))


def test_csv(rig):
    header, *_ = exported(rig, "csv", 7, 8).splitlines()
    rows = list(csv.DictReader(exported(rig, "csv", 7, 8).splitlines()))
    assert header.endswith("domain,kind,energy_j,candidate")
    compared = [row for row in rows if row["job"] == "7"]
    assert len(compared) == 3 * 9 * 2 and {row["candidate"] for row in rows if row["job"] == "8"} == {""}
    assert {(row["candidate"], row["command"], row["label"], row["result"], row["meter"]) for row in compared} == {
        ("1", "./a", "which", "done", "perf"), ("2", "./b 'x y'", "which", "done", "perf"), ("3", "./c", "which", "done", "perf")}
    assert [row["energy_j"] for row in compared if (row["candidate"], row["trial"], row["domain"]) == ("2", "4", "package-0")] == [
        "10.542"]


def test_markdown(rig):
    lines = exported(rig, "md", 7, 8).splitlines()
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:6]]
    assert {len(line) for line in cells} == {8}
    assert [(line[0], line[1], line[7]) for line in cells] == [
        ("7 (1)", "`./a`", "done"),
        ("7 (2)", r"`./b 'x y'` `b\|<b>`", r"+5.0 % \(+4.1 to +6.2 %\): regressed"),
        ("7 (3)", "`./c`", "no pair of trials is valid"), ("8", "`./plain`", "done")]
    assert "no joules" not in "\n".join(lines) and "- measured in turns; changes are against the first, and of note above 2.0 %" in lines


def test_openmetrics(rig):
    families = {family.name: family for family in openmetrics(exported(rig, "openmetrics", 7, 8))}

    def values(name, **wanted):
        return {(s.labels["job"], s.labels.get("candidate")): s.value for s in families[name].samples
                if wanted.items() <= s.labels.items()}
    assert values("jouletrace_energy_joules", domain="total") == {
        ("7", "1"): 10.0, ("7", "2"): 10.5, ("7", "3"): 9.0, ("8", None): 12.345}
    assert values("jouletrace_trials", valid="true") == {("7", "1"): 9, ("7", "2"): 9, ("7", "3"): 9, ("8", None): 9}
    assert [values(f"jouletrace_change_{end}ratio") for end in ("", "low_", "high_")] == [
        {("7", "2"): value} for value in (0.05, 0.041, 0.062)]
    assert set(values("jouletrace_finished_seconds")) == {("7", None), ("8", None)}
    assert {(s.labels.get("candidate"), s.labels["label"], s.labels["command"], s.labels["meter"])
            for s in families["jouletrace_job_info"].samples if s.labels["job"] == "7"} == {
        (None, "which", "", ""), ("1", "", "./a", "perf"), ("2", NASTY, "./b 'x y'", "perf"), ("3", "./c", "./c", "perf")}


def test_explain(rig):
    code, out, err = rig.run("show", "--explain", 7)
    text = " ".join(out.split())
    assert (code, err) == (0, "")
    assert "one turn in each of 9 rounds, in an order drawn with the seed 42" in text
    assert "of note above 2.0 %; how much two runs of one program differ on this machine is not known (the host was not calibrated)" in text
    assert "2: 9 pairs;" in text and "0.0039 (0.0078 for all candidates together): regressed." in text
    assert "3: cannot be compared: no pair of trials is valid." in text
    assert text.index("How the changes came about") < text.index("How this came about")


def test_explain_of_a_calibrated_machine(rig):
    text = " ".join(rig.run("show", "--explain", 10)[1].split())
    assert "19 in 20 differed by at most 2.0 % when this machine was calibrated" in text and "on this machine is not known" not in text


def test_explain_of_one_program(rig):
    assert "How the changes" not in rig.run("show", "--explain", 8)[1]


def test_json_is_the_report(rig):
    assert json.loads(exported(rig, "jsonl", 7)) == comparison()
