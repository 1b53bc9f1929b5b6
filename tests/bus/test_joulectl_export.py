# SPDX-License-Identifier: MIT
"""joulectl export's documents, read by what they are made for."""

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from joulectl_rig import Rig, report

NASTY = "a|b `c` <b> \"d\" \\ & \x1b[2J"


@pytest.fixture(scope="module")
def rig():
    rig = Rig()
    yield rig
    rig.close()


@pytest.fixture()
def export(rig):
    first = report(1, label=NASTY)
    for trial in first["measurement"]["trials"]:
        trial.update({"temp_start_mc": 48200 + trial["index"], "temp_end_mc": 55300})
    rig.serve(records=[{"id": 2}, {"id": 1}], reports={"1": first, "2": json.dumps(report(2, joules=11.5), indent=1)},
              statistics={"jobs": 12, "duration-mean": 1.25})

    def run(form, *ids, **options):
        code, out, err = rig.run("export", "--format", form, *ids, **options)
        assert (code, err) == (0, "")
        return out
    return run


def test_json_lines(export):
    lines = export("jsonl").splitlines()
    assert [json.loads(line)["job"]["id"] for line in lines] == [2, 1]


@pytest.mark.parametrize("parse", [openmetrics, prometheus], ids=["openmetrics", "node-exporter"])
def test_openmetrics(export, parse):
    families = {family.name: family for family in parse(export("openmetrics", env={"LC_ALL": "de_DE.UTF-8"}))}
    assert {family.type for family in families.values()} == {"gauge"}
    energies = {(s.labels["job"], s.labels["domain"]): s.value for s in families["jouletrace_energy_joules"].samples}
    assert energies == {("1", "total"): 12.345, ("1", "package"): 12.345, ("2", "total"): 11.5, ("2", "package"): 11.5}
    info = [s.labels for s in families["jouletrace_job_info"].samples]
    assert [labels["label"] for labels in info] == ["", NASTY.replace("\x1b", "\\x1b")]
    assert families["jouletrace_service_jobs"].samples[0].value == 12
    assert families["jouletrace_service_duration_mean_seconds"].samples[0].value == 1.25
    assert all(sample.timestamp is None for family in families.values() for sample in family.samples)


def test_html(export):
    """Well-formed, and nothing in it names another place."""
    text = export("html", "1", "2")
    page = ElementTree.fromstring(text.partition("\n")[2])
    assert {element.tag for element in page.iter()}.isdisjoint({"script", "img", "iframe", "object", "embed", "a"})
    assert [link.get("href") for link in page.iter("link")] == ["data:,"]
    assert not [value for element in page.iter() for name, value in element.items() if ":" in name or "//" in value]
    assert "url(" not in text and "@import" not in text
    assert len(list(page.iter("svg"))) == 1 + 2 * 2 + 1, "beside each other; trials and distribution of each; temperature"
    assert "48.2 … 55.3 °C" in [cell.text for cell in page.iter("td")]
    assert [code.text for code in page.iter("code")] == ["true", "true"]
    assert NASTY.replace("\x1b", "\\x1b") in [span.text for span in page.iter("span")]
    tips = [title.text for title in page.iter("title")]
    assert sum(re.fullmatch(r"[1-9]: 12\.35 J", tip) is not None for tip in tips) == 9


def test_markdown(export):
    head, rule, first, second, *_ = export("md", "1", "2").splitlines()
    cells = re.compile(r"(?<!\\)\|")
    assert {len(cells.split(line)) for line in (head, rule, first, second)} == {10}
    assert "| 12.35 J | 12.22 … 12.47 J | 183.2 ms |" in first and "| 11.50 J |" in second


@pytest.mark.parametrize("form", ["jsonl", "csv", "md", "openmetrics", "html"])
def test_json_excludes_the_others(rig, form):
    rig.serve()
    code, out, err = rig.run("export", "--json", "--format", form, "1")
    assert code == 2 and out == "" and form in err
