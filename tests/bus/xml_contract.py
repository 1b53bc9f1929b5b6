# SPDX-License-Identifier: MIT
"""Compares two D-Bus introspection documents: what the service answers, and what dbus/*.xml promises."""

import xml.etree.ElementTree as ElementTree

DOC = "{http://www.freedesktop.org/dbus/1.0/doc.dtd}"
EMITS_CHANGED = "org.freedesktop.DBus.Property.EmitsChangedSignal"
UNPRIVILEGED = "org.freedesktop.systemd1.Privileged"
ANNOTATIONS = (EMITS_CHANGED, UNPRIVILEGED, "org.freedesktop.DBus.Deprecated", "org.freedesktop.DBus.Method.NoReply")


def annotations(element):
    return {a.get("name"): a.get("value") for a in element.findall("annotation") if a.get("name") in ANNOTATIONS}


def arguments(element, default_direction):
    return [(a.get("name"), a.get("type"), a.get("direction", default_direction)) for a in element.findall("arg")]


def interfaces(text):
    """{interface: {(kind, member): what both sides must agree on}}; the bus's own interfaces are left out."""
    found = {}
    for interface in ElementTree.fromstring(text).iter("interface"):
        name = interface.get("name")
        if name.startswith("org.freedesktop.DBus."):
            continue
        members = {}
        for method in interface.findall("method"):
            members["method", method.get("name")] = (arguments(method, "in"), annotations(method))
        for signal in interface.findall("signal"):
            members["signal", signal.get("name")] = (arguments(signal, "out"), annotations(signal))
        for prop in interface.findall("property"):
            facts = annotations(prop)
            facts.setdefault(EMITS_CHANGED, "true")
            members["property", prop.get("name")] = (prop.get("type"), prop.get("access"), facts)
        found[name] = members
    return found


def differences(promised, answered, names=None):
    """Sentences on where two documents differ in these interfaces (None: in all either has); empty when they agree."""
    promised, answered = interfaces(promised), interfaces(answered)
    wrong = []
    for name in sorted(names if names is not None else promised.keys() | answered.keys()):
        if name not in promised or name not in answered:
            wrong.append(f"{name}: not {'promised' if name not in promised else 'answered'}")
            continue
        for member in sorted(promised[name].keys() | answered[name].keys()):
            ours, theirs = promised[name].get(member), answered[name].get(member)
            if ours != theirs:
                wrong.append(f"{name} {member[0]} {member[1]}: promised {ours}, answered {theirs}")
    return wrong


def undocumented(text):
    """What has no doc text: each interface, method, argument, property and signal must have one."""
    missing = []

    def check(element, where):
        doc = element.find(f"{DOC}doc")
        if doc is None or not "".join(doc.itertext()).strip():
            missing.append(where)

    for interface in ElementTree.fromstring(text).iter("interface"):
        name = interface.get("name")
        check(interface, name)
        for member in interface:
            if member.tag not in ("method", "signal", "property"):
                continue
            check(member, f"{name}.{member.get('name')}")
            for argument in member.findall("arg"):
                check(argument, f"{name}.{member.get('name')}({argument.get('name')})")
    return missing


def documented_errors(text):
    """{error name: its text}"""
    return {error.get("name"): "".join(error.itertext()).strip()
            for error in ElementTree.fromstring(text).iter(f"{DOC}error")}
