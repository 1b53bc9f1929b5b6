# SPDX-License-Identifier: MIT
"""The contract's documents agree with each other, without anything running."""

import configparser
import gettext
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import xml_contract

TOP = Path(__file__).resolve().parents[2]
DBUS = TOP / "dbus"
BUILD = Path(os.environ.get("JOULETRACE_BUILD", TOP / "build"))
XML = (DBUS / "org.jouletrace.JouleTrace1.xml").read_text(encoding="utf-8")


def names_h():
    """The macros of names.h with their values."""
    text = re.sub(r"\\\n", " ", (DBUS / "names.h").read_text(encoding="utf-8"))
    values = {}
    for name, value in re.findall(r"^#define (JT_\w+) ([^/\n]+)", text, re.MULTILINE):
        values[name] = "".join(values[word] if word.startswith("JT_") else word.strip('"')
                               for word in re.findall(r'"[^"]*"|JT_\w+', value))
    return values


NAMES = names_h()


def test_everything_is_documented():
    assert xml_contract.undocumented(XML) == []
    assert xml_contract.undocumented((DBUS / "org.jouletrace.Worker1.xml").read_text(encoding="utf-8")) == []


def test_every_error_is_documented():
    in_table = {NAMES[macro] for macro in re.findall(r"\{\s*(JT_ERROR_\w+),", (DBUS / "errors.c").read_text(encoding="utf-8"))}
    in_header = {value for name, value in NAMES.items() if name.startswith("JT_ERROR_") and name != "JT_ERROR_PREFIX"}
    documented = xml_contract.documented_errors(XML)
    assert in_header == in_table == set(documented)
    assert all(documented.values())


def test_each_property_states_how_it_changes():
    for prop in ElementTree.fromstring(XML).iter("property"):
        stated = [a.get("value") for a in prop.findall("annotation") if a.get("name") == xml_contract.EMITS_CHANGED]
        assert stated and stated[0] in ("const", "true", "false", "invalidates"), prop.get("name")


def test_interfaces_are_those_of_the_header():
    assert set(xml_contract.interfaces(XML)) == {NAMES["JT_MANAGER_INTERFACE"], NAMES["JT_JOB_INTERFACE"]}


def test_job_broadcasts_nothing_private():
    members = xml_contract.interfaces(XML)[NAMES["JT_JOB_INTERFACE"]]
    assert all(facts[2][xml_contract.EMITS_CHANGED] != "true" for key, facts in members.items() if key[0] == "property")
    assert not any(re.search("label|energy|joule", key[1], re.IGNORECASE) for key in members)


def test_every_message_has_a_catalog_entry():
    catalog = (TOP / "units" / "jouletrace.catalog").read_text(encoding="utf-8")
    entries = re.findall(r"^-- ([0-9a-f]{32})$", catalog, re.MULTILINE)
    assert sorted(entries) == sorted(value for name, value in NAMES.items() if name.startswith("JT_MESSAGE_"))


def test_bus_policy_and_activation():
    policy = ElementTree.parse(DBUS / "org.jouletrace.JouleTrace1.conf").getroot()
    owners = [p.get("user") for p in policy.findall("policy") for a in p.findall("allow") if a.get("own")]
    assert owners == ["root"]
    default = policy.find("policy[@context='default']")
    assert NAMES["JT_BUS_NAME"] in [a.get("send_destination") for a in default.findall("allow")]

    activation = configparser.ConfigParser()
    activation.optionxform = str
    activation.read(DBUS / "org.jouletrace.JouleTrace1.service")
    service = activation["D-BUS Service"]
    assert service["Name"] == NAMES["JT_BUS_NAME"]
    assert service["SystemdService"] == NAMES["JT_SERVICE"]
    assert service["User"] == "root"


POLICY = ElementTree.parse(TOP / "polkit" / "org.jouletrace.JouleTrace1.policy").getroot()


def test_policy_has_each_action_and_its_defaults():
    actions = {}
    for action in POLICY.findall("action"):
        defaults = action.find("defaults")
        actions[action.get("id")] = tuple(defaults.findtext(who) for who in ("allow_any", "allow_inactive", "allow_active"))
    assert set(actions) == {value for name, value in NAMES.items() if name.startswith("JT_ACTION_")}
    for name, answers in actions.items():
        at_the_machine = name in (NAMES["JT_ACTION_MEASURE"], NAMES["JT_ACTION_VALIDATE"])
        assert answers == ("auth_admin_keep", "auth_admin_keep", "yes" if at_the_machine else "auth_admin_keep"), name


def test_measuring_implies_validating_and_nothing_implies_more():
    implied = {action.get("id"): annotation.text for action in POLICY.findall("action") for annotation in action.findall("annotate")
               if annotation.get("key") == "org.freedesktop.policykit.imply"}
    assert implied == {NAMES["JT_ACTION_MEASURE"]: NAMES["JT_ACTION_VALIDATE"]}


def test_group_may_measure_and_validate_and_no_more():
    rules = (BUILD / "polkit" / "org.jouletrace.JouleTrace1.rules").read_text(encoding="utf-8")
    assert set(re.findall(r'action\.id == "([^"]+)"', rules)) == {NAMES["JT_ACTION_MEASURE"], NAMES["JT_ACTION_VALIDATE"]}
    assert re.findall(r'isInGroup\("([^"]+)"\)', rules) == ["jouletrace"]


def test_policy_texts_are_translated():
    texts = [text for action in POLICY.findall("action") for text in (action.find("description"), action.find("message"))]
    assert all(text.get("gettext-domain") == "jouletrace" for text in texts)
    for language in (TOP / "po" / "LINGUAS").read_text(encoding="utf-8").split():
        with open(BUILD / "po" / language / "LC_MESSAGES" / "jouletrace.mo", "rb") as file:
            catalogue = gettext.GNUTranslations(file)
        assert [text.text for text in texts if catalogue.gettext(text.text) == text.text] == [], language


def manual(name):
    """The page as text, without troff's requests and escapes."""
    text = (BUILD / "man" / name).read_text(encoding="utf-8")
    return re.sub(r"\\f[BIR]|\\&|\\(?=[-.'_])", "", text)


def test_manual_names_every_member_key_and_error():
    page = manual("org.jouletrace.JouleTrace1.5")
    members = [name for interface in xml_contract.interfaces(XML).values() for _, name in interface]
    table = json.loads((BUILD / "man" / "keys.json").read_text(encoding="utf-8"))
    keys = [key["name"] for key in table] + [f"{key['name']}.{member['name']}" for key in table for member in key["members"]]
    errors = [name.rsplit(".", 1)[1] for name in xml_contract.documented_errors(XML)]
    assert [name for name in members + keys + errors + sorted(NAMES[n] for n in NAMES if n.startswith("JT_ACTION_"))
            if name not in page] == []
    assert len(keys) > 30


PAGES = ["joulectl.1", "jouletraced.8", "jouletraced.conf.5", "jouletrace-languages.d.5", "jouletrace-region.7",
         "org.jouletrace.JouleTrace1.5"]


def test_pages_are_sound_and_know_each_other():
    """All that are built, named in the README; nothing troff stumbles over, on one long page; no reference to a page of ours that is not there."""
    assert sorted(path.name.split(".scd")[0] for path in (TOP / "man").glob("*.scd*")) == sorted(PAGES)
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    for name in PAGES:
        title, _, section = name.rpartition(".")
        assert f"{title}({section})" in readme, name
        endless = ".pl 100000v\n" + (BUILD / "man" / name).read_text(encoding="utf-8")
        done = subprocess.run(["groff", "-t", "-man", "-Tutf8", "-ww", "-Kutf8"], input=endless, capture_output=True, text=True, check=True)
        assert done.stderr == "", name
        assert manual(name).count(".SH NAME") == 1
        for other, number in re.findall(r"\b(joule[a-z.-]+|org\.joule[\w.]+)\((\d)\)", manual(name)):
            assert f"{other}.{number}" in PAGES, f"{name} refers to {other}({number})"


def test_the_judges_memory_has_a_limit():
    """It holds the largest output that may be asked for twice, and what a request may send along three times."""
    unit = (TOP / "units" / "jouletrace-worker@.service.in").read_text(encoding="utf-8")
    knobs = (TOP / "daemon" / "knobs.c").read_text(encoding="utf-8")
    size = lambda text: int(text[:-1]) << {"M": 20, "G": 30}[text[-1]]
    knob = lambda name: size(re.search(rf'\{{ "{name}", KNOB_BYTES, MEMBER\(\w+\), "(\w+)"', knobs)[1])
    limits = dict(re.findall(r"^(MemoryMax|TasksMax)=(\w+)$", unit, re.MULTILINE))
    assert size(limits["MemoryMax"]) >= 2 * knob("MaxOutput") + 3 * knob("MaxBlobs") + (1 << 30)
    assert 32 <= int(limits["TasksMax"]) <= 256


def test_manual_of_languages():
    """Every key and placeholder, which are required, and the compiler's limits as they are."""
    page = manual("jouletrace-languages.d.5")
    reader = (TOP / "lib" / "judge" / "language.c").read_text(encoding="utf-8")
    keys = re.search(r'#define KNOWN_KEYS "(.*)"', reader)[1].split(", ")
    assert re.findall(r"^(\w+)=$", page, re.M) == keys
    for key in keys:
        required = re.search(rf'"{key}", (true|false)', reader)[1] == "true"
        text = page.split(f"\n{key}=\n")[1].split("\n.RE")[0]
        assert ("Required." in text) == required, key
    assert set(re.findall(r"^(\{\w+\})$", page, re.M)) == set(re.search(r'#define KNOWN_PLACEHOLDERS "(.*)"', reader)[1].split(", "))
    limits = re.search(r"#define COMPILER_LIMITS(.*?)\n\n", (TOP / "worker" / "pipeline-validate.c").read_text(encoding="utf-8"), re.S)[1]
    number = lambda name: eval(re.search(rf"\.{name} = (.*?),? +\\", limits)[1].replace("UINT64_C", "").replace("USEC_PER_SEC", "1"))
    assert (f"{number('cpu_usec')} s of CPU time, {number('wall_usec')} s, {number('memory_max') >> 30} GiB of memory, "
            f"{number('tasks_max')} processes, and write {number('output_max') >> 20} MiB") in " ".join(page.split())
    shipped = (TOP / "languages.d" / "c.conf").read_text(encoding="utf-8")
    assert all(line in page for line in shipped.splitlines() if not line.startswith("#"))


def test_manual_of_regions():
    """Every call of the header and the module, and the protocol's words and bounds."""
    page = manual("jouletrace-region.7")
    header = (TOP / "region" / "jouletrace.h").read_text(encoding="utf-8")
    module = (TOP / "region" / "jouletrace.py").read_text(encoding="utf-8")
    calls = re.findall(r"^static inline \w[\w ]* (jouletrace_\w+[a-z])\(", header, re.M)
    assert len(calls) == 4 and all(f"{call}(" in page for call in calls)
    assert all(name in page for name in json.loads(re.search(r"__all__ = (\[.*\])", module)[1]))
    assert all(name in page for name in set(re.findall(r"JOULETRACE_REGION_[A-Z]+", header)))
    bounds = (TOP / "worker" / "region.h").read_text(encoding="utf-8")
    for bound in re.findall(r"#define REGIONS?_\w*MAX (?:UINT64_C\()?(\d+)", bounds):
        assert re.search(rf"\b{bound}\b", page), bound


def test_manual_of_the_originals_requests():
    """A row for each field, with the bounds and the default the reader has, and whether validating has the field."""
    reader = (TOP / "client" / "problem" / "problem-request.c").read_text(encoding="utf-8")
    fields = re.findall(r'\[BODY_\w+\] = \{ "(\w+)", \w+, (\w+)(?:, (?:true|false)((?:, [\w.]+)*))?', reader)
    page = (TOP / "man" / "joulectl.1.scd").read_text(encoding="utf-8").replace("\\_", "_")
    rows = re.findall(r"^\|[ \[] (.*)\n:[ \[] .*\n:[ \[] (.*)$", page.split("# REQUESTS OF THE ORIGINAL")[1].split("What the original answered")[0], re.M)
    table = {name: text for names, text in rows for name in names.split(", ")}
    assert len(fields) == 16 and set(table) == {"*field*", "test_id", "metadata", *(name for name, _, _ in fields)}
    for name, kinds, numbers in fields:
        assert ("measuring" in table[name]) == (kinds == "MEASURE"), name
        bounds = [float(n.replace("INFINITY", "inf").replace("NAN", "nan")) for n in numbers.split(", ")[1:]]
        if bounds and bounds[1] < float("inf"):
            assert f"{bounds[0]:g} to {bounds[1]:g}, {bounds[2]:g}" in table[name], name


def test_manual_says_who_takes_a_key():
    page = manual("org.jouletrace.JouleTrace1.5")
    table = json.loads((BUILD / "man" / "keys.json").read_text(encoding="utf-8"))
    for key in table:
        entry = re.search(rf"^{re.escape(key['name'])} \({re.escape(key['type'])}.*?^\.RE", page, re.MULTILINE | re.DOTALL).group(0)
        kinds = set(key["kinds"])
        assert ("Measure only." in entry) == (kinds == {"measure"}), entry
        assert ("Compare only." in entry) == (kinds == {"compare"}), entry
        assert ("In Compare of candidates." in entry) == ("candidate" in kinds), entry
        assert ("In Compare of options." in entry) == ("compare" in kinds and len(kinds) > 1), entry
        assert ("Not of Validate." in entry) == ("validate" not in kinds and len(kinds) > 1), entry


def test_words_of_the_evidence_are_explained():
    """Each word the worker can say has its place in joulectl and in the manual."""
    worker = "".join(path.read_text(encoding="utf-8") for path in sorted((TOP / "worker").glob("*.c")))
    words = set(re.findall(r'(?:\{ |add_reason\(record, |invalidate\(trial, |quality, g_strdup\(|trials, i\), )"([A-Z_]+)"', worker))
    words |= {"WRAP_AMBIGUOUS", "READ_ERROR"} & set(re.findall(r'"([A-Z_]+)"', worker))
    assert {"FOREIGN_LOAD", "TREND", "TOO_SHORT", "TEMP_START_OFF", "FAR_OUTLIER"} <= words
    client = (TOP / "client" / "report" / "render.c").read_text(encoding="utf-8")
    manual = (TOP / "man" / "org.jouletrace.JouleTrace1.5.scd.in").read_text(encoding="utf-8").replace("\\_", "_")
    assert not [word for word in sorted(words) if f'{{ "{word}", N_(' not in client]
    assert not [word for word in sorted(words) if f"_{word}_" not in manual]


def test_what_security_says_of_knobs_and_permissions_is_so():
    text = (TOP / "SECURITY.md").read_text(encoding="utf-8")
    defaults = {line.split("\t")[0]: line.split("\t")[2]
                for line in (BUILD / "man" / "knobs").read_text(encoding="utf-8").splitlines()}
    stated = {name: value.replace(" ", "") for name, value in re.findall(r"`(\w+)` \(([0-9]+(?: ms)?)\)", text)}
    assert set(stated) == {"MinWindow", "MaxJobsPerUser", "MaxQueued", "CallsPerMinute"}
    assert stated == {name: defaults[name] for name in stated}
    for action in ("fine-results", "tune", "measure", "validate"):
        assert f"`{action}`" in text and f"org.jouletrace.JouleTrace1.{action}" in NAMES.values()


def test_knobs_are_the_same_everywhere():
    table = [line.split("\t") for line in (BUILD / "man" / "knobs").read_text(encoding="utf-8").splitlines()]
    names = [line[0] for line in table]
    assert len(names) == len(set(names)) > 20
    shipped = re.findall(r"^#(\w+)=(.*)$", (TOP / "units" / "jouletraced.conf").read_text(encoding="utf-8"), re.MULTILINE)
    assert dict(shipped) == {name: default for name, _, default, _, _ in table}
    page = manual("jouletraced.conf.5")
    assert [name for name in names if f"{name}=" not in page] == []
    # A request's key that says a knob moves its bound means one that exists.
    keys = json.loads((BUILD / "man" / "keys.json").read_text(encoding="utf-8"))
    assert {key["knob"] for key in keys if key["knob"]} <= set(names)


@pytest.mark.parametrize("name", ["man/jouletraced.conf.5.scd.in", "SECURITY.md"])
def test_what_reaches_everybody_is_said(name):
    """Turbo= and sleep are the whole machine's, for as long as the jobs of one user take."""
    text = (TOP / name).read_text(encoding="utf-8")
    place = text.index("switch of the whole machine")
    around = text[max(0, place - 700):place + 700]
    assert [word for word in ("Turbo", "MaxJobsPerUser", "MaxJobLimit", "sleep", "ReservedCPUs=none") if word not in around] == []


SAMPLE = """<node><interface name="a.B"><method name="M"><arg name="x" type="u" direction="in"/></method>
<property name="P" type="u" access="read"/><signal name="S"><arg name="y" type="s"/></signal></interface>
<interface name="org.freedesktop.DBus.Peer"/></node>"""


def test_the_comparison_sees_each_difference():
    assert xml_contract.differences(SAMPLE, SAMPLE) == []
    for old, new in (('name="M"', 'name="N"'), ('name="x" type="u"', 'name="x" type="t"'), ('name="x"', 'name="z"'),
                     ('direction="in"', 'direction="out"'), ('type="u" access', 'type="s" access'), ('"read"', '"readwrite"'),
                     ('name="y"', 'name="w"'), ('name="a.B"', 'name="a.C"'),
                     ('access="read"/>', f'access="read"><annotation name="{xml_contract.EMITS_CHANGED}" value="const"/></property>'),
                     ('direction="in"/>', f'direction="in"/><annotation name="{xml_contract.UNPRIVILEGED}" value="true"/>')):
        assert old in SAMPLE
        assert xml_contract.differences(SAMPLE, SAMPLE.replace(old, new)), new


def test_the_documentation_check_sees_a_gap():
    assert sorted(xml_contract.undocumented(SAMPLE))[:3] == ["a.B", "a.B.M", "a.B.M(x)"]
