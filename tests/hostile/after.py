# SPDX-License-Identifier: MIT
"""The post-conditions: what must hold after each hostile program, one function each, by the letters of the list.

Each yields the sentences that say what is wrong; none when it holds. What may take a moment to go (a scope that systemd
removes, memory the allocator gives back) is waited for, at most SETTLE_SEC.
"""

import re
import time
from dataclasses import dataclass, field

from corpus import Case
from service import Answer, patience

SETTLE_SEC = 3
RSS_SLACK = 8 << 20
JOURNAL_MAX = 64 << 10
REPORT_MAX = 256 << 10


@dataclass
class Before:
    """The host as it was before the case."""

    cgroups: set
    mounts: set
    namespaces: dict
    ipc: set
    files: dict
    knobs: dict
    partitions: dict

    @staticmethod
    def look(host):
        return Before(host.cgroups(), host.mounts(), host.namespaces(), host.ipc(), host.files(), host.knobs(), host.partitions())


@dataclass
class During:
    """What was seen while the case ran."""

    calls: dict = field(default_factory=dict)  # of the resident client
    journal_bytes: int | None = None
    jobs: int = 1


@dataclass
class Limits:
    """Thresholds of the run. overhead: seconds an honest job takes, start of the client and polkit included. answer: which of
    the resident client's figures is looked at: the longest call, or where the host itself is emulated, the 95th percentile."""

    answer: str = "max_ms"
    answer_ms: float = 100
    overhead: float = 1
    overshoot_usec: int = 5000
    energy_band: float = 0
    power: bool = False
    canary: str = ""
    own_files: tuple = ()


def settled(look, good):
    """look() until good(value) holds, and the last value."""
    end = time.monotonic() + SETTLE_SEC
    while True:
        value = look()
        if good(value) or time.monotonic() >= end:
            return value
        time.sleep(0.05)


def a_leaf_gone(host, before):
    left = settled(host.cgroups, lambda now: not now - before.cgroups) - before.cgroups
    if left:
        yield f"cgroups are left: {', '.join(sorted(left))}"


def b_nobody_left(host):
    left = settled(host.users_processes, lambda now: not now)
    if left:
        yield f"processes are left: {', '.join(left)}"


def c_nothing_left(host, before, own_files=()):
    left = settled(host.mounts, lambda now: not now - before.mounts) - before.mounts
    if left:
        yield f"mounts are left: {', '.join(sorted(left))}"
    more = {kind: (before.namespaces.get(kind, 0), n) for kind, n in settled(
        host.namespaces, lambda now: all(n <= before.namespaces.get(kind, 0) for kind, n in now.items())).items()
        if n > before.namespaces.get(kind, 0)}
    for kind, (was, n) in sorted(more.items()):
        yield f"there are {n} {kind} namespaces, and there were {was}"
    left = host.ipc() - before.ipc
    if left:
        yield f"System V objects are left: {', '.join(sorted(left))}"
    now = host.files()
    changed = sorted(name for name in now if now[name] != before.files.get(name, "absent") and not name.startswith(tuple(own_files) or "\0"))
    gone = sorted(name for name in before.files if name not in now)
    if changed:
        yield f"files were written outside: {', '.join(changed)}"
    if gone:
        yield f"files outside are gone: {', '.join(gone)}"


def d_daemon_back(host, was):
    """was: the service's process before the first case, so that a leak of a little each time is seen, too."""
    if was is None:
        yield "the service did not run before"
        return
    now = settled(host.service_process, lambda it: it and it.pid == was.pid and it.descriptors <= was.descriptors and
                  it.threads <= was.threads and it.rss <= was.rss + RSS_SLACK)
    if now is None:
        yield "the service has ended"
        return
    if now.pid != was.pid:
        yield f"the service was started anew: process {was.pid} is {now.pid} now"
    if now.descriptors > was.descriptors:
        yield f"the service has {now.descriptors} descriptors, and had {was.descriptors}"
    if now.threads > was.threads:
        yield f"the service has {now.threads} threads, and had {was.threads}"
    if now.rss > was.rss + RSS_SLACK:
        yield f"the service has {now.rss >> 10} KiB of memory, and had {was.rss >> 10}"


def e_honest_again(honest: Answer, reference=None, taken=None, band=0, unit="J"):
    if honest.verdict != "AC":
        yield f"the next honest job got {honest.verdict}: {honest.output.strip()[:300]}"
    if reference is not None and band > 0:
        if taken is None:
            yield "the next honest job was given no energy"
        elif abs(taken / reference - 1) > band:
            yield f"the next honest job took {taken:.4g} {unit}, and {reference:.4g} {unit} before: off by more than {band:.0%}"


def f_knobs_restored(host, before):
    now = settled(host.knobs, lambda now: now == before.knobs)
    for name in sorted(set(now) | set(before.knobs)):
        if now.get(name) != before.knobs.get(name):
            yield f"{name} is {now.get(name)!r}, and was {before.knobs.get(name)!r}"


def g_answered(during: During, limits: Limits):
    calls = during.calls
    if calls.get("error"):
        yield f"the service did not answer the resident client: {calls['error']}"
    if not calls.get("calls"):
        yield "the resident client called nothing"
    elif calls[limits.answer] > limits.answer_ms:
        which = {"max_ms": "", "p95_ms": " (95th percentile)"}[limits.answer]
        yield f"ListJobs took {calls[limits.answer]:.1f} ms{which} while it ran; at most {limits.answer_ms:.0f} ms is allowed"


def h_journal_bounded(during: During):
    if during.journal_bytes is None:
        yield "the journal cannot be read"
    elif during.journal_bytes > JOURNAL_MAX * during.jobs:
        yield f"the journal grew by {during.journal_bytes} bytes for {during.jobs} jobs; at most {JOURNAL_MAX} each are allowed"


def i_in_time(case: Case, answer: Answer, limits: Limits):
    for test in answer.tests:
        wall = (test.get("wall_ns") or 0) / 1e9
        if wall > case.limits["wall"] + 1:
            yield f"test {test.get('name')} ran for {wall:.2f} s; its wall limit is {case.limits['wall']} s"
    most = patience(case) + limits.overhead + 1
    if answer.elapsed > most:
        yield f"the verdict came after {answer.elapsed:.1f} s; at most {most:.1f} s is allowed"


def j_partition_kept(host, before, answer: Answer, isolation=None):
    now = settled(host.partitions, lambda now: not any("invalid" in text for text in now.values()))
    for name, text in sorted(now.items()):
        if "invalid" in text:
            yield f"{name} is {text!r}, and was {before.partitions.get(name)!r}"
    had = ((answer.report or {}).get("environment") or {}).get("isolation")
    if isolation is not None and had is not None and had != isolation:
        yield f"the job ran with isolation {had!r}, and honest jobs with {isolation!r}"


def k_secrets_kept(host, answer: Answer, canary):
    for secret in {canary, *host.secrets()} - {""}:
        if secret in answer.output:
            yield f"the report holds what is the host's: {secret[:12]}…"


def cpu_overshoot(case: Case, answer: Answer, limits: Limits):
    used, limit = answer.decisive.get("cpu_usec"), case.limits["cpu"] * 1e6
    if used is None:
        yield "the report has no CPU time"
    elif used > limit + limits.overshoot_usec:
        yield f"it was killed after {used} µs of CPU time; the limit is {limit:.0f} µs, and {limits.overshoot_usec} µs may be over"


def plain_text(text):
    """No control, no mark of bidirectional text, nothing that is no UTF-8 may reach a terminal."""
    raw = re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\udc80-\udcff]", text)
    if raw:
        yield f"the output has a raw {raw.group(0)!r} at {raw.start()}: {text[max(raw.start() - 20, 0):raw.start() + 20]!r}"


def small_report(answer: Answer):
    if len(answer.output) > REPORT_MAX:
        yield f"the report is {len(answer.output)} bytes; at most {REPORT_MAX} are allowed"


def alone(answer: Answer, others):
    """No other job's interval overlaps the measured one's."""
    job = answer.report["job"]
    if not others:
        yield "no other job was answered meanwhile"
    for other in others:
        start, end = max(job["started"], other["started"]), min(job["finished"], other["finished"])
        if start < end:
            yield f"job {other['id']} ran for {(end - start) / 1e6:.3f} s of the time of job {job['id']}"


def no_energy_for_nothing(answer: Answer):
    """A window with energy is as long as the report says a window must be."""
    measurement = answer.report.get("measurement") or {}
    shortest = (measurement.get("window") or {}).get("min_ns")
    if shortest is None:
        yield "the report does not say how long a window must be"
        return
    for trial in measurement.get("trials") or []:
        for window in trial.get("windows") or []:
            if any(value is not None for value in (window.get("energy_uj") or {}).values()) and window["wall_ns"] < shortest:
                yield f"trial {trial.get('index')} has energy for a window of {window['wall_ns']} ns; the shortest is {shortest} ns"
