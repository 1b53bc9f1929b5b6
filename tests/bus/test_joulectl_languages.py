# SPDX-License-Identifier: MIT
"""The words people read, in German and Japanese; numbers that programs read, in none."""

import json
import re
import shutil
import subprocess

import pytest

from joulectl_rig import BUILD, JOULECTL, TREE, Rig, report

LANGUAGES = (TREE / "po" / "LINGUAS").read_text().split()
KEYWORDS = ["--keyword=_", "--keyword=N_", "--keyword=ngettext:1,2"]


@pytest.fixture(scope="module")
def rig():
    rig = Rig()
    rig.environ["JOULETRACE_LOCALEDIR"] = str(BUILD / "po")
    yield rig
    rig.close()


def in_language(rig, locale, *arguments):
    return rig.run(*arguments, env={"LC_ALL": locale})


@pytest.mark.parametrize("language", LANGUAGES)
def test_complete(language, tmp_path):
    """Every text of the sources is translated, none is fuzzy, and the formats agree."""
    pot = tmp_path / "all.pot"
    subprocess.run(["xgettext", *KEYWORDS, "--from-code=UTF-8", "--files-from=po/POTFILES.in", "-o", pot], cwd=TREE, check=True,
                   capture_output=True)
    po = TREE / "po" / f"{language}.po"
    subprocess.run(["msgfmt", "--check", "-o", "/dev/null", po], check=True)
    done = subprocess.run(["msgcmp", po, pot], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "#, fuzzy" not in po.read_text()


def test_every_source_with_texts_is_listed():
    listed = set((TREE / "po" / "POTFILES.in").read_text().split())
    with_texts = {str(path.relative_to(TREE)) for path in [*(TREE / "client").glob("*.c"), *(TREE / "lib" / "wire").glob("*.c"),
                                                                *(TREE / "lib" / "doctor").glob("*.c"),
                                                                *(TREE / "daemon").glob("*.c")]
                  if re.search(r'\b(_|N_|ngettext)\("', path.read_text())}
    assert with_texts <= listed


def test_german(rig):
    rig.serve(reports={"7": report(simulated=True)}, progress=[["measuring", 3, 9, 0.5, {"median": 12.3}]])
    code, out, err = in_language(rig, "de_DE.UTF-8", "measure", "true")
    assert code == 0
    assert re.search(r"Energie +12,35 J +12,22 … 12,47 J .*\(modelliert\)", out)
    assert "9 Messungen, davor 2 Aufwärmläufe" in out and "reservierten Kernen" in out and "aus CPU-Zeit berechnet" in out
    assert "Auftrag 7: misst" in err
    assert "Messungen" in in_language(rig, "de_DE.UTF-8", "show", "--table", "7")[1]


@pytest.mark.parametrize("arguments, german, japanese", [
    (["--trials", "0"], "trials: 0 liegt außerhalb des Bereichs; mindestens 1", "trials: 0 は範囲外です。1 以上"),
    (["--warmups", "101"], "außerhalb des Bereichs; 0 bis 100", "0 から 100 まで"),
    (["--trials", "x"], '"x" ist nicht zu verstehen; anzugeben ist eine ganze Zahl', '"x" は解釈できません。整数を指定'),
    (["--label", "x" * 257], "hat 257 Bytes; höchstens 256", "257 バイトです"),
])
def test_a_refused_option(rig, arguments, german, japanese):
    for locale, words in (("de_DE.UTF-8", german), ("ja_JP.UTF-8", japanese)):
        code, _, err = in_language(rig, locale, "measure", *arguments, "true")
        assert code == 2 and words in err, err


def test_what_the_service_advises(rig):
    rig.serve(checks=[{"name": "meter", "ok": False, "value": "no energy counter", "limit": "at least one package",
                       "remedy": "Set ReservedCPUs= and Partition= in jouletraced.conf."}])
    out = in_language(rig, "de_DE.UTF-8", "status")[1]
    assert "meter: kein Energiezähler (soll: mindestens ein Prozessor)" in out and "in jouletraced.conf setzen" in out
    assert "Project-Id" not in out
    error = {"name": "org.jouletrace.JouleTrace1.Error.RunFailed", "message": "x", "remedy": "Run it by hand."}
    rig.serve(result="failed", reports={"7": report(result="failed", joules=None, error=error)})
    out = in_language(rig, "de_DE.UTF-8", "show", "7")[1]
    assert "Run it by hand" not in out and "--ignore-exit" in out


def test_japanese(rig):
    rig.serve(reports={"7": report(simulated=True)})
    code, out, _ = in_language(rig, "ja_JP.UTF-8", "measure", "true")
    assert code == 0
    assert re.search(r"エネルギー +12.35 J .*(モデル値)", out) and "試行 9 回、" in out.replace(", ", "、")
    # columns line up although the letters are two columns wide
    rows = [line for line in out.splitlines() if "12.35 J" in line or "183.2 ms" in line]
    columns = [sum(2 if ord(c) > 0x2e80 else 1 for c in row[:re.search(r"\d (J|ms)", row).end()]) for row in rows[:2]]
    assert columns[0] == columns[1]


@pytest.mark.parametrize("locale", ["de_DE.UTF-8", "ja_JP.UTF-8"])
def test_programs_read_dots(rig, locale):
    text = json.dumps(report()) + "\n"
    rig.serve(reports={"7": text}, progress=[["measuring", 3, 9, 0.5, {"median": 12.25, "time-left": 1500000}]],
              statistics={"jobs": 1, "duration-mean": 1.5}, records=[{"id": 7, "total-energy": 1.5}],
              domains=[{"name": "package-0", "unit-uj": 61.5}])
    code, out, err = in_language(rig, locale, "--json", "--progress=json", "measure", "--rel-ci", "0.5", "--max-joules", "1.5", "true")
    assert code == 0 and out == text
    request, = rig.calls("Measure")[0]["arguments"]
    assert request["rel-ci"] == 0.5 and request["max-joules"] == 1.5
    assert json.loads(err.splitlines()[1])["median_j"] == 12.25
    assert json.loads(in_language(rig, locale, "status", "--json")[1])["statistics"]["duration-mean"] == 1.5
    assert json.loads(in_language(rig, locale, "jobs", "-a", "--json")[1])[0]["total-energy"] == 1.5
    assert json.loads(in_language(rig, locale, "topology", "--json")[1])[0]["unit-uj"] == 61.5
    assert in_language(rig, locale, "export", "--format", "csv", "7")[1] == in_language(rig, "C", "export", "--format", "csv", "7")[1]
    assert json.loads(in_language(rig, locale, "export", "7")[1])


@pytest.mark.parametrize("locale, word", [("de_DE.UTF-8", "Auftrag"), ("ja_JP.UTF-8", "ジョブ")])
def test_errors_and_help(rig, locale, word):
    rig.serve(reports={})
    code, _, err = in_language(rig, locale, "show", "9")
    assert code == 1 and word in err and len(err.splitlines()) == 3
    assert word in in_language(rig, locale, "show", "--help")[1]
    assert word in in_language(rig, locale, "cancel", "x")[2]


def test_symbols_are_left_out_where_they_cannot_be_shown(rig):
    rig.serve(reports={"7": report(simulated=True)})
    for arguments in (["show", "7"], ["show", "9"], ["show", "--table", "7"], ["--help"], ["measure", "--help"], ["frobnicate"],
                      ["show", "x"], ["jobs"], ["status"]):
        for options, locale in ((["--ascii"], "C.UTF-8"), ([], "C")):
            _, out, err = in_language(rig, locale, *options, *arguments)
            assert (out + err).isascii() and (out + err), arguments
    # letters of a language are no symbols
    assert "ä" in in_language(rig, "de_DE.UTF-8", "--ascii", "show", "7")[1]


def test_installed_catalogues_are_found_by_name():
    assert shutil.which("msgunfmt")
    for language in LANGUAGES:
        catalogue = BUILD / "po" / language / "LC_MESSAGES" / "jouletrace.mo"
        assert "joulectl" in subprocess.run(["msgunfmt", catalogue], capture_output=True, text=True, check=True).stdout
    assert JOULECTL.exists()
