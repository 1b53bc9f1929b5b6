#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fills a manual page's placeholders from what the code itself uses, and writes scdoc.

page.py VERSION XML KEYS KNOBS TEMPLATE

A line that is only @MANAGER@, @JOB@ or @ERRORS@ is replaced from the introspection XML, @KEYS@ from the table of request
keys (JSON), @KNOBS@ from the table of knobs (jouletraced --dump-knobs). @VERSION@ may stand anywhere.
"""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

DOC = "{http://www.freedesktop.org/dbus/1.0/doc.dtd}"
EMITS_CHANGED = "org.freedesktop.DBus.Property.EmitsChangedSignal"
CHANGES = {"const": "constant", "true": "changes are signalled", "false": "changes are not signalled"}


def plain(text):
    """One line, with what scdoc would take as markup escaped."""
    return re.sub(r"([*_\\<>#`\[\]|~])", r"\\\1", " ".join(text.split()))


def sentence(text):
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def doc_text(element):
    doc = element.find(f"{DOC}doc")
    paragraphs = [plain("".join(para.itertext())) for para in doc.iter(f"{DOC}para")]
    return paragraphs or [plain("".join(doc.itertext()))]


def typed(arguments):
    return ", ".join(f"_{plain(a.get('name'))}_ {plain(a.get('type'))}" for a in arguments)


def member_lines(member):
    arguments = member.findall("arg")
    name = f"*{member.get('name')}*"
    if member.tag == "property":
        changes = next(a.get("value") for a in member.findall("annotation") if a.get("name") == EMITS_CHANGED)
        yield f"{name} {plain(member.get('type'))}, {CHANGES[changes]}"
    elif member.tag == "signal":
        yield f"{name}({typed(arguments)})"
    else:
        inward = [a for a in arguments if a.get("direction") == "in"]
        outward = [a for a in arguments if a.get("direction") == "out"]
        yield f"{name}({typed(inward)})" + (f" → {typed(outward)}" if outward else "")
    for paragraph in doc_text(member):
        yield f"\t{paragraph}"
        yield ""
    for argument in arguments:
        yield f"\t_{plain(argument.get('name'))}_: {doc_text(argument)[0]}."
        yield ""


def interface_lines(root, name):
    interface = next(i for i in root.iter("interface") if i.get("name") == f"org.jouletrace.JouleTrace1.{name}")
    for paragraph in doc_text(interface):
        yield paragraph
        yield ""
    for tag, title in (("method", "Methods"), ("property", "Properties"), ("signal", "Signals")):
        yield f"## {title}"
        yield ""
        for member in interface.findall(tag):
            yield from member_lines(member)


def error_lines(root):
    for error in root.iter(f"{DOC}error"):
        yield f"*{error.get('name').rsplit('.', 1)[1]}*"
        yield f"\t{plain(''.join(error.itertext()))}"
        yield ""


def key_bounds(key):
    """What the key accepts, and what it is when it is not given."""
    knob = f"_{key['knob']}_ in *jouletraced.conf*(5)" if key["knob"] else None
    special = {
        "argv": "", "env": "",
        "profile": "One of host, box; default box when files, tests, validator, language or function is given, else host.",
        "wall-limit": f"{key['range']}; {knob} moves the upper bound.",
        "memory-max": f"Default {key.get('default_text')}; from 4M to half of the machine's memory, or {knob}.",
        "cpus": f"Default 1; at most as many as are reserved, see {knob}.",
        "seed": "Less than 2^53.",
        "min-window": f"Default {knob}, 100ms; up to 10s. Shorter, down to 1ms, only with *resolution* fine.",
    }
    if key["name"] in special:
        return special[key["name"]]
    if key["choices"]:
        return f"One of {key['range']}; default {key['choices'][0]}."
    if "default" in key:
        return f"Default {key['default_text']}; {key['range']}" + (f", {knob} moves the upper bound." if knob else ".")
    return "Default false." if key["type"] == "b" else sentence(key["range"])


def key_takers(kinds):
    """Which methods take the key, unless all do; in Compare it is each candidate's, or all of them have it in common."""
    if len(kinds) == 1:
        return f" *{kinds[0].capitalize()}* only."
    compare = " In *Compare* of candidates." if "candidate" in kinds else " In *Compare* of options." if "compare" in kinds else ""
    return compare + ("" if "validate" in kinds else " Not of *Validate*.")


def key_lines(keys):
    for key in keys:
        yield f"*{key['name']}* ({key['type']}{', ' + key['unit'] if key.get('unit') else ''})"
        yield f"\t{sentence(plain(key['doc']))} {key_bounds(key)}{key_takers(key['kinds'])}".rstrip()
        yield ""
        for member in key["members"]:
            yield f"\t*{key['name']}.{member['name']}* ({plain(member['type'])}): {plain(member['doc'])}."
            yield ""


def knob_lines(text):
    """From the lines of jouletraced --dump-knobs: name, type, default, bounds, text."""
    for line in text.splitlines():
        name, kind, default, bounds, doc = line.split("\t")
        metavar = {"time": "TIME", "bytes": "SIZE", "cpus": "auto|none|CPUS", "uids": "FIRST-LAST",
                   "choice": bounds.replace(", ", "|")}.get(kind, "NUMBER")
        limits = "" if kind in ("choice", "cpus") else f"; {bounds}"
        yield f"*{name}=* {plain(metavar)}"
        yield f"\t{sentence(plain(doc))} Default _{default}_{plain(limits)}."
        yield ""


def main():
    version, xml, keys, knobs, template = sys.argv[1:]
    root = ElementTree.parse(xml).getroot()
    fill = {
        "@MANAGER@": lambda: interface_lines(root, "Manager"),
        "@JOB@": lambda: interface_lines(root, "Job"),
        "@ERRORS@": lambda: error_lines(root),
        "@KEYS@": lambda: key_lines(json.loads(Path(keys).read_text(encoding="utf-8"))),
        "@KNOBS@": lambda: knob_lines(Path(knobs).read_text(encoding="utf-8")),
    }
    for line in Path(template).read_text(encoding="utf-8").splitlines():
        if line in fill:
            # The blank line after the last entry is the template's.
            print("\n".join(fill[line]()).rstrip("\n"))
        else:
            print(line.replace("@VERSION@", version))


if __name__ == "__main__":
    main()
