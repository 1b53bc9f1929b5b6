# SPDX-License-Identifier: MIT
"""dbusmock template of polkit: answers each action with allow, deny, challenge or hang, late if told so, and remembers
what it was asked. dbusmock's own can neither challenge nor be cancelled, and its delay stops everything else."""

import json

import dbus
from dbusmock import MOCK_IFACE
from gi.repository import GLib

BUS_NAME = "org.freedesktop.PolicyKit1"
MAIN_OBJ = "/org/freedesktop/PolicyKit1/Authority"
MAIN_IFACE = "org.freedesktop.PolicyKit1.Authority"
SYSTEM_BUS = True

ANSWERS = {"allow": (True, False), "deny": (False, False), "challenge": (False, True)}


def load(mock, _parameters):
    reset(mock)


def reset(mock):
    mock.default = "deny"
    mock.answers = {}
    mock.delay_ms = 0
    mock.checks = []
    mock.cancelled = []
    mock.hanging = {}


def answer(reply, word):
    reply((*ANSWERS[word], dbus.Dictionary({}, signature="ss")))
    return False


@dbus.service.method(MAIN_IFACE, in_signature="(sa{sv})sa{ss}us", out_signature="(bba{ss})", async_callbacks=("reply", "fail"))
def CheckAuthorization(self, subject, action, details, flags, cancellation, reply, fail):
    self.checks.append({"subject": subject[0], "name": str(subject[1].get("name", "")), "action": str(action),
                        "details": dict(details), "flags": int(flags), "cancellation": str(cancellation)})
    word = self.answers.get(action, self.default)
    if word == "hang":
        self.hanging[str(cancellation)] = (reply, fail)
    elif self.delay_ms:
        GLib.timeout_add(self.delay_ms, answer, reply, word)
    else:
        answer(reply, word)


@dbus.service.method(MAIN_IFACE, in_signature="s", out_signature="")
def CancelCheckAuthorization(self, cancellation):
    self.cancelled.append(str(cancellation))
    _, fail = self.hanging.pop(str(cancellation), (None, None))
    if fail:
        fail(dbus.DBusException("cancelled", name="org.freedesktop.PolicyKit1.Error.Cancelled"))


@dbus.service.method(MOCK_IFACE, in_signature="sa{ss}u", out_signature="")
def SetAnswers(self, default, answers, delay_ms):
    """Forgets what was before."""
    reset(self)
    self.default, self.answers, self.delay_ms = str(default), {str(k): str(v) for k, v in answers.items()}, int(delay_ms)


@dbus.service.method(MOCK_IFACE, in_signature="s", out_signature="")
def Release(self, word):
    """Answers all that hang."""
    for reply, _ in self.hanging.values():
        answer(reply, str(word))
    self.hanging = {}


@dbus.service.method(MOCK_IFACE, in_signature="", out_signature="s")
def Asked(self):
    return json.dumps({"checks": self.checks, "cancelled": self.cancelled, "hanging": sorted(self.hanging)})
