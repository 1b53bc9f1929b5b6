# SPDX-License-Identifier: MIT
"""The table of hostile programs: what corpus.json may say, and what it says.

    rows            one for each line of the list of attacks, in its order: id, title, cases
      cases         one run each: what is submitted, and what must come back
        name        none when the row has one case
        source      the program, below this folder; or
        files       what is submitted instead: name, mode, content (a list of parts, see PARTS)
        header      the file whose head explains the case, when there is no source
        language    as in languages.d; absent: argv is run
        args        extra arguments: texts, {"repeat": TEXT, "times": N}, {"now-plus": SECONDS}
        tests       input and answer of each
        validator   as the request's
        verb        "measure"; else the case is validated
        options     further keys of the request
        limits      cpu and wall in seconds, memory and output in bytes, tasks; over the table's defaults
        meanwhile   what the harness does while it runs (MEANWHILE)
        needs       programs of the host without which the case means nothing
        expect      verdict: the set of right ones; and where they are said: facts, syscall (when SV), signal and exit (when
                    RTE), status (of a measurement), tests (the verdict of each)
        checks      post-conditions of this case beside those of all (CHECKS)
        notes       why more than one verdict is right, or why not the one of the list
    conditions      attacks that are no program: the tests that carry them out
    not-applicable  with the reason
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCHEMA = "org.jouletrace.hostile/1"

# IE is missing on purpose: it is never right for a hostile program. REFUSED: the request was not taken.
VERDICTS = ("AC", "WA", "TLE", "WTL", "MLE", "OLE", "RTE", "SV", "XF", "CE", "REFUSED")
FACTS = ("compile", "exec-failed", "seccomp", "output-limit", "oom-kill", "cpu-limit", "wall-limit", "signal", "nonzero-exit",
         "tasks-denied", "cache-capped")
STATUSES = ("OK", "TIME_ONLY", "UNSTABLE", "UNMEASURABLE", "INVALIDATED", "DIVERGED")
CHECKS = ("cpu-overshoot", "plain-text", "small-report", "alone", "no-energy-for-nothing")
MEANWHILE = ("load", "validations", "rewrite")
VALIDATORS = ("tokens", "exact", "lines", "numbers")
PARTS = {"text": str, "base64": str, "from": str, "repeat": str, "times": int, "hole": int}

# The list of attacks, by section: every id of it stands in exactly one place of the table.
ROW_IDS = """
    T1 T2 T3 T4 T5 T7 T8 T10 T11 T12 T15 T16
    P1 P2 P4 P7 P8 P9 P10 P11 P13 P14
    M1 M2 M3 M4 M6 M7 M8 M9 M10 M11 M13 M15
    O1 O2 O4 O5 O6 O7 O9 O10 O11 O13 O14 O15 O16 O18
    X1 X3 X4 X5 X6 X7 X8 X9 X10 X11 X13 X15 X17 X18 X20 X21 X22 X23
    J1 J3 J6 J7 J8 J9
    C1 C2 C3 C4 C5 C6 C7
    E1 E5 E6 E7 E8 E9 E11 E12 E13 E14 E15 E16 E17 E19 E20 E21 E22
""".split()

LIMITS = {"cpu": (int, float), "wall": (int, float), "memory": int, "tasks": int, "output": int}
TEXTS = [str]  # a list of texts
EXPECT = {"verdict": (TEXTS, True), "status": (TEXTS, False), "facts": (TEXTS, False), "syscall": (str, False),
          "signal": (int, False), "exit": (int, False), "tests": (TEXTS, False)}
CASE = {"name": (str, False), "source": (str, False), "files": (list, False), "header": (str, False), "language": (str, False),
        "argv": (TEXTS, False), "args": (list, False), "tests": (list, False), "validator": (dict, False),
        "verb": (str, False), "options": (dict, False), "limits": (dict, False), "meanwhile": (str, False),
        "needs": (TEXTS, False), "expect": (dict, True), "checks": (TEXTS, False), "notes": (str, False)}
ROW = {"id": (str, True), "title": (str, True), "cases": (list, True)}
CONDITION = {"id": (str, True), "title": (str, True), "tests": (TEXTS, True)}
EXCUSE = {"id": (str, True), "reason": (str, True)}
TABLE = {"schema": (str, True), "defaults": (dict, True), "rows": (list, True), "conditions": (list, True),
         "not-applicable": (list, True)}


class CorpusError(Exception):
    """The table says something it may not."""


@dataclass
class Case:
    """One run; its members are the table's keys."""

    row: str
    title: str
    limits: dict
    expect: dict
    name: str = ""
    source: str = ""
    files: list = field(default_factory=list)
    header: str = ""
    language: str = ""
    argv: list = field(default_factory=list)
    args: list = field(default_factory=list)
    tests: list = field(default_factory=list)
    validator: dict = field(default_factory=dict)
    verb: str = "validate"
    options: dict = field(default_factory=dict)
    meanwhile: str = ""
    needs: list = field(default_factory=list)
    checks: list = field(default_factory=list)
    notes: str = ""

    @property
    def id(self):
        return f"{self.row}-{self.name}" if self.name else self.row

    @property
    def explained_in(self):
        return self.header or self.source

    @property
    def right(self):
        """The words its program's head must say: verdicts, but the status where it must not be a good one."""
        status = self.expect.get("status", ["OK"])
        return self.expect["verdict"] if "OK" in status else status


@dataclass
class Corpus:
    defaults: dict
    cases: list
    conditions: list
    not_applicable: list


def _need(condition, where, words):
    if not condition:
        raise CorpusError(f"{where}: {words}")


def _is(value, kind):
    if kind is TEXTS:
        return isinstance(value, list) and value != [] and all(isinstance(word, str) for word in value)
    return isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)


def _keys(where, value, schema):
    """value is an object with the keys of schema, of their types, and no others."""
    _need(isinstance(value, dict), where, "is no object")
    for key in value:
        _need(key in schema, where, f"has no key {key!r}; it may have {', '.join(schema)}")
    for key, (kind, required) in schema.items():
        _need(key in value or not required, where, f"lacks {key!r}")
        _need(key not in value or _is(value[key], kind), where, f"{key!r} is {value.get(key)!r}, of another type")


def _words(where, what, words, known):
    for word in words:
        _need(word in known, where, f"{what} {word!r} is not one of {', '.join(known)}")
    _need(len(set(words)) == len(words), where, f"{what} is named twice")


def _limits(where, limits):
    for key, value in limits.items():
        _need(key in LIMITS, where, f"has no limit {key!r}")
        _need(_is(value, LIMITS[key]) and value >= 0, where, f"limit {key!r} is {value!r}")


def _file(where, name):
    path = (HERE / name).resolve()
    _need(HERE in path.parents and path.is_file(), where, f"there is no {name}")


def _parts(where, files):
    for entry in files:
        _keys(where, entry, {"name": (str, True), "mode": (str, False), "content": (list, True)})
        _need(re.fullmatch("[0-7]{3}", entry.get("mode", "644")), where, f"mode {entry.get('mode')!r} is no mode")
        for part in entry["content"]:
            _need(isinstance(part, dict) and part, where, "a part of a file's content is no object")
            for key, value in part.items():
                _need(key in PARTS and _is(value, PARTS[key]), where, f"{key!r} is no part of a file's content")
            _need(("repeat" in part) == ("times" in part), where, "repeat and times go together")
            if "from" in part:
                _file(where, part["from"])


def _args(where, args):
    for arg in args:
        if isinstance(arg, str):
            continue
        _keys(where, arg, {"repeat": (str, False), "times": (int, False), "now-plus": ((int, float), False)})
        _need(set(arg) in ({"repeat", "times"}, {"now-plus"}), where, f"{arg!r} is no argument")


def _expect(where, expect, measured):
    _keys(where, expect, EXPECT)
    _words(where, "verdict", expect["verdict"], VERDICTS)
    _words(where, "fact", expect.get("facts", []), FACTS)
    _words(where, "status", expect.get("status", []), STATUSES)
    _need(("status" in expect) == measured, where, "a status is expected of what is measured, and of nothing else")
    _need("syscall" not in expect or "SV" in expect["verdict"], where, "a system call is named, but SV is not expected")
    _need(not {"signal", "exit"} & set(expect) or "RTE" in expect["verdict"], where, "an end is named, but RTE is not expected")
    for word in expect.get("tests", []):
        _need(word in VERDICTS, where, f"verdict {word!r} of a test is none")


def _case(row, value, defaults):
    where = f"{row['id']}-{value.get('name', '')}" if isinstance(value, dict) else row["id"]
    _keys(where, value, CASE)
    _need(bool(value.get("source")) or "files" in value, where, "has neither source nor files")
    _need(bool(value.get("source")) or bool(value.get("header")), where, "is explained nowhere")
    _need(bool(value.get("language")) != bool(value.get("argv")), where, "needs either language or argv")
    _need(value.get("verb", "measure") == "measure", where, f"verb {value.get('verb')!r} is not measure")
    _need(value.get("meanwhile", "load") in MEANWHILE, where, f"meanwhile {value.get('meanwhile')!r} is unknown")
    _need(len(value["expect"].get("verdict", [])) < 2 or value.get("notes"), where, "several verdicts are right, and no note says why")
    _words(where, "check", value.get("checks", []), CHECKS)
    for name in filter(None, (value.get("source"), value.get("header"))):
        _file(where, name)
    _limits(where, value.get("limits", {}))
    _parts(where, value.get("files", []))
    _args(where, value.get("args", []))
    for test in value.get("tests", []):
        _keys(where, test, {"input": (str, True), "answer": (str, True)})
    _need(value.get("validator", {"type": "exact"}).get("type") in VALIDATORS, where, "its validator has no known type")
    _expect(where, value["expect"], "verb" in value)
    _need("tests" not in value["expect"] or len(value["expect"]["tests"]) == len(value.get("tests", [])), where,
          "not as many verdicts as tests")
    return Case(row=row["id"], title=row["title"], **{**value, "limits": {**defaults, **value.get("limits", {})}})


def parse(text):
    """The corpus of a table's text; CorpusError says what is wrong with it."""
    def no_twins(pairs):
        _need(len({key for key, _ in pairs}) == len(pairs), "the table", f"a key stands twice in {pairs!r}")
        return dict(pairs)

    try:
        table = json.loads(text, object_pairs_hook=no_twins)
    except ValueError as error:
        raise CorpusError(f"the table: {error}") from error
    _keys("the table", table, TABLE)
    _need(table["schema"] == SCHEMA, "the table", f"its schema is {table['schema']!r}, not {SCHEMA}")
    _limits("defaults", table["defaults"])
    _need(set(table["defaults"]) == set(LIMITS), "defaults", "lacks a limit")
    cases = []
    for row in table["rows"]:
        _keys("a row", row, ROW)
        _need(row["cases"] != [], row["id"], "has no case")
        cases += [_case(row, value, table["defaults"]) for value in row["cases"]]
    for value in table["conditions"]:
        _keys("a condition", value, CONDITION)
    for value in table["not-applicable"]:
        _keys("what is not applicable", value, EXCUSE)
    ids = [entry["id"] for key in ("rows", "conditions", "not-applicable") for entry in table[key]]
    for name in ROW_IDS:
        _need(ids.count(name) == 1, name, f"stands {ids.count(name)} times in the table, not once")
    _need(set(ids) == set(ROW_IDS), "the table", f"has rows that are not in the list: {sorted(set(ids) - set(ROW_IDS))}")
    _need(len({case.id for case in cases}) == len(cases), "the table", "two cases have the same name")
    return Corpus(table["defaults"], cases, table["conditions"], table["not-applicable"])


def load(path=HERE / "corpus.json"):
    return parse(Path(path).read_text(encoding="utf-8"))


def header(path):
    """What a program's head says: its row's id, and the verdicts expected, by case ("" when there is one)."""
    text = (HERE / path).read_text(encoding="utf-8")
    lines = [re.sub(r"^\s*(/\*|\*|#)?\s?", "", line).replace("*/", "") for line in text.splitlines()[:30]]
    head = " ".join(line.strip() for line in lines)
    row = re.search(r"\b([A-Z]\d+): ", head)
    expected = re.search(r"\bExpected: (.*?) Why: ", head)
    _need(row and expected and " Tries: " in head, path, "its head lacks the row, Tries, Expected or Why")
    verdicts = {}
    for item in expected.group(1).split(", "):
        *name, words = item.split()
        _need(len(name) < 2, path, f"{item!r} is not CASE VERDICT|VERDICT")
        verdicts["".join(name)] = words.split("|")
    return row.group(1), verdicts
