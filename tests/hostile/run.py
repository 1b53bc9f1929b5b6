#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs the hostile programs through the installed service, and looks after each whether it got the right verdict and whether
anything of it is left.

Run it as root on the host of the service: it reads what a user may not. joulectl itself is run as --user. Closes with
"N passed, N failed", and exits with 1 unless all passed and nothing was left out.
"""

import argparse
import fnmatch
import json
import os
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import after  # noqa: E402  (found through the path set above)
import corpus  # noqa: E402
import service  # noqa: E402
from host import Host, Journal, configured_uids  # noqa: E402

HONEST = [{"name": "main", "mode": "755", "content": [{"text": "#!/bin/sh\nn=0\nwhile [ $n -lt 2000 ]; do n=$((n + 1)); done\necho 42\n"}]}]
QUICK = {"trials": "3", "warmups": "0", "cooldown": "0", "thermal-wait": "0"}
REFERENCES = 3
NO_SERVICE = 4  # joulectl's exit status
CANARY = Path("/tmp/jouletrace-hostile-canary")  # where programs/c1-canary.c looks for it
OWN = f"{tempfile.gettempdir()}/jouletrace-hostile-"


def honest_case(limits, measured=False):
    return corpus.Case(row="honest", title="an honest program", limits=limits, expect={"verdict": ["AC"]}, argv=["./main"],
                       files=HONEST, tests=[{"input": "", "answer": "42\n"}], verb="measure" if measured else "validate",
                       options=QUICK if measured else {})


def taken(answer, power=False):
    """Median energy of a measured job, or its power; None when it has none."""
    summary = ((answer.report or {}).get("measurement") or {}).get("summary") or {}
    return summary.get("power_w") if power else (summary.get("total_j") or {}).get("median")


class Resident:
    """The client that asks for the list of jobs all the time; see resident.py."""

    def __init__(self, argv):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def since(self):
        """What its calls since the last question took."""
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            return {"calls": 0, "max_ms": 0, "p95_ms": 0, "error": "the resident client has ended"}

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Meanwhile:
    """What the harness does while a case runs, from when its job has started."""

    def __init__(self, harness, what, directory):
        self.harness, self.what, self.directory = harness, what, directory
        self.others, self.rewritten = [], False
        self.ended = threading.Event()
        self.thread = threading.Thread(target=getattr(self, f"_{what}")) if what else None

    def __enter__(self):
        if self.thread:
            self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        if self.thread:
            self.thread.join()

    def _started(self):
        """Waits until a job is past the queue; its bytes are sealed then."""
        while not self.ended.wait(0.1):
            shown = subprocess.run(self.harness.settings.command("jobs", "--json"), text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, env=self.harness.settings.environment).stdout
            try:
                if any(job["state"] not in ("queued", "completed", "failed", "cancelled") for job in json.loads(shown)["jobs"]):
                    return True
            except (ValueError, KeyError, TypeError):
                continue
        return False

    def _load(self):
        spin = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
        self.ended.wait()
        for process in spin:
            process.kill()
            process.wait()

    def _validations(self):
        number = 0
        while self._started():
            number += 1
            place = self.directory / f"other-{number}"
            place.mkdir()
            try:
                answer = service.submit(honest_case(self.harness.defaults), place, self.harness.settings)
                self.others.append(answer.report["job"])
            except (service.NoAnswer, TypeError, KeyError):
                continue

    def _rewrite(self):
        if self._started():
            for path in self.directory.glob("main*"):
                path.write_text("print('rewritten')\n", encoding="utf-8")
                self.rewritten = True


class Harness:
    def __init__(self, settings, host, journal, resident, limits, defaults, temporary):
        self.settings, self.host, self.journal, self.resident = settings, host, journal, resident
        self.limits, self.defaults, self.temporary = limits, defaults, Path(temporary)
        self.start = None  # the service's process on a quiet host
        self.isolation = None
        self.reference = None
        self.before = None  # the host, as it was before the first of the cases that left it so
        self.jobs = None  # of the cases that are looked at together; None before the first
        self.count = 0
        self.calls = {}  # what the resident client's calls took until the last look

    def _directory(self):
        self.count += 1
        path = self.temporary / str(self.count)
        path.mkdir()
        path.chmod(0o755)
        return path

    def _submit(self, case, json_output=True):
        return service.submit(case, self._directory(), self.settings, json_output)

    def prepare(self):
        """What honest jobs get on a quiet host; returns what is wrong with that."""
        answer = self._submit(honest_case(self.defaults))
        wrong = list(after.e_honest_again(answer))
        if wrong:
            return wrong
        times = []
        for _ in range(REFERENCES):
            answer = self._submit(honest_case(self.defaults))
            times.append(answer.elapsed)
        self.limits.overhead = max(times)
        self.isolation = (answer.report.get("environment") or {}).get("isolation")
        if self.limits.energy_band > 0:
            measured = [taken(self._submit(honest_case(self.defaults, measured=True)), self.limits.power) for _ in range(REFERENCES)]
            if None in measured:
                return ["honest jobs are given no energy; without counters, --energy-band=0 leaves that comparison out"]
            self.reference = statistics.median(measured)
        self.start = self.host.service_process()
        return []

    def verdict_problems(self, case, answer):
        """What of the answer is not as the table says."""
        expect = case.expect
        if answer.verdict not in expect["verdict"]:
            said = answer.decisive.get("message") or answer.decisive.get("ended_by") or answer.output.strip()[-300:]
            yield f"the verdict is {answer.verdict}, not {' or '.join(expect['verdict'])}: {said}"
            return
        if answer.verdict == "REFUSED":
            return
        missing = set(expect.get("facts", [])) - answer.facts
        if missing:
            yield f"the facts {', '.join(sorted(answer.facts)) or 'none'} lack {', '.join(sorted(missing))}"
        if answer.verdict == "SV" and "syscall" in expect and answer.syscall != expect["syscall"]:
            yield f"the system call named is {answer.syscall}, not {expect['syscall']}"
        for key, name in (("signal", "signal"), ("exit", "exit_code")):
            if answer.verdict == "RTE" and key in expect and answer.decisive.get(name) != expect[key]:
                yield f"{name} is {answer.decisive.get(name)}, not {expect[key]}"
        verdicts = [test.get("verdict") for test in answer.tests]
        if "tests" in expect and verdicts != expect["tests"]:
            yield f"the tests' verdicts are {verdicts}, not {expect['tests']}"
        if "status" in expect and answer.status not in expect["status"]:
            yield f"the status is {answer.status}, not {' or '.join(expect['status'])}"

    def own_checks(self, case, answer, others):
        for check in case.checks:
            if check == "cpu-overshoot":
                yield from after.cpu_overshoot(case, answer, self.limits)
            elif check == "plain-text":
                yield from after.plain_text(answer.output)
                yield from after.plain_text(self._submit(case, json_output=False).output)
            elif check == "small-report":
                yield from after.small_report(answer)
            elif check == "alone":
                yield from after.alone(answer, others)
            elif check == "no-energy-for-nothing":
                yield from after.no_energy_for_nothing(answer)

    def answer_problems(self, case, answer):
        """What must hold for each answer; pairs of a letter and a sentence."""
        for letter, problems in (("i", after.i_in_time(case, answer, self.limits)),
                                 ("k", after.k_secrets_kept(self.host, answer, self.limits.canary))):
            for problem in problems:
                yield f"({letter}) {problem}"

    def post_conditions(self, answer, during, honest, energy):
        """What must hold after one or several cases, of which this is the last answer."""
        host, limits, before = self.host, self.limits, self.before
        for letter, problems in (
                ("a", after.a_leaf_gone(host, before)), ("b", after.b_nobody_left(host)),
                ("c", after.c_nothing_left(host, before, (OWN, str(CANARY), *limits.own_files))),
                ("d", after.d_daemon_back(host, self.start)),
                ("e", after.e_honest_again(honest, self.reference, taken(honest, limits.power), limits.energy_band if energy else 0,
                                           "W" if limits.power else "J")),
                ("f", after.f_knobs_restored(host, before)), ("g", after.g_answered(during, limits)),
                ("h", after.h_journal_bounded(during)), ("j", after.j_partition_kept(host, before, answer, self.isolation))):
            for problem in problems:
                yield f"({letter}) {problem}"

    def _begin(self):
        """What is there now is what must be there after the next cases."""
        self.before = self.before or after.Before.look(self.host)
        self.jobs = 0
        self.resident.since()
        self.journal.mark()

    def _look(self, answer, energy):
        """Looks at the host. The next cases find it as it was when all of it was as before."""
        during = after.During(self.resident.since(), self.journal.growth(), self.jobs)
        self.calls, self.jobs = during.calls, None
        energy = energy and self.limits.energy_band > 0
        try:
            honest = self._submit(honest_case(self.defaults, measured=energy))
        except service.NoAnswer as error:
            honest = service.Answer(4, None, str(error), 0)
        problems = list(self.post_conditions(answer, during, honest, energy))
        shutil.rmtree(self.temporary / str(self.count), ignore_errors=True)
        if problems:
            self.before = None
        return problems

    def run(self, case, look=True, energy=False):
        """Runs a case; returns the answer (None without one) and what is wrong. Looks at the host after it, and at energy,
        if told to; else that is left to a later case."""
        if self.jobs is None:
            self._begin()
        directory = self._directory()
        with Meanwhile(self, case.meanwhile, directory) as meanwhile:
            try:
                answer = service.submit(case, directory, self.settings)
            except service.NoAnswer as error:
                answer, problems = None, [str(error)]
        self.jobs += 1 + len(meanwhile.others)
        if answer is not None:
            problems = list(self.verdict_problems(case, answer))
            if case.meanwhile == "rewrite" and not meanwhile.rewritten:
                problems.append("the program was not rewritten while it ran")
            if not problems:
                problems += self.own_checks(case, answer, meanwhile.others)
        shown = answer or service.Answer(4, None, "", 0)
        problems += self.answer_problems(case, shown)
        if look:
            problems += self._look(shown, energy)
        shutil.rmtree(directory, ignore_errors=True)
        return answer, problems


def missing_needs(case, prebuilt):
    needs = set(case.needs)
    if case.language in ("c", "cpp") and not prebuilt:
        needs.add({"c": "gcc", "cpp": "g++"}[case.language])
    if case.language == "python3":
        needs.add("python3")
    return sorted(name for name in needs if not shutil.which(name))


def uid_range(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def look_every(text):
    return 0 if text == "row" else int(text)


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="*", help="rows or cases to run, as T1, P8-unshare or X*; else all")
    parser.add_argument("--list", action="store_true", help="print the table and run nothing")
    parser.add_argument("--joulectl", default="joulectl", help="the client [joulectl]")
    parser.add_argument("--user", help="who asks the service [whoever called sudo, else root]")
    parser.add_argument("--uids", type=uid_range, metavar="FIRST-LAST",
                        help="numbers of the boxes' users [BoxUidRange= of the service's configuration]")
    parser.add_argument("--prebuilt", type=Path, metavar="DIR", help="submit the programs built from the C sources in DIR")
    parser.add_argument("--without", action="append", default=[], metavar="PROGRAM", help="leave out, by name, what needs PROGRAM")
    parser.add_argument("--answer-limit", type=float, metavar="MS", help="longest ListJobs of the resident client [100]")
    parser.add_argument("--answer-factor", type=float, metavar="N", help="the same, as a multiple of the longest on a quiet host")
    parser.add_argument("--overshoot", type=float, default=5, metavar="MS", help="CPU time over the limit [5]")
    parser.add_argument("--energy-band", type=float, default=0.25, metavar="FRACTION",
                        help="how far an honest job's energy may be off after a row; 0 leaves it out [0.25]")
    parser.add_argument("--power", action="store_true", help="compare its power instead, as where a second is not always as long")
    parser.add_argument("--look-every", type=look_every, default=1, metavar="N|row",
                        help="look at the host, and run an honest job, after N cases together, or after a row's, not after each")
    parser.add_argument("--own-file", action="append", default=[], metavar="PREFIX", help="paths that others write to meanwhile")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to FILE")
    parser.add_argument("--root", default="/", help=argparse.SUPPRESS)
    parser.add_argument("--pid", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--resident", default=f"{sys.executable} {Path(__file__).resolve().parent / 'resident.py'}", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def chosen(cases, patterns):
    def matches(case, pattern):
        return any(fnmatch.fnmatchcase(name, pattern) for name in (case.row, case.id))

    for pattern in patterns:
        if not any(matches(case, pattern) for case in cases):
            sys.exit(f"no such row or case: {pattern}; --list shows them")
    return [case for case in cases if not patterns or any(matches(case, pattern) for pattern in patterns)]


def print_table(cases):
    for case in cases:
        print(f"{case.id:22} {'|'.join(case.right):12} {case.title}")


def run_all(harness, cases, args):
    """Prints a line for each case; returns the results."""
    results = []
    for number, case in enumerate(cases):
        missing = missing_needs(case, args.prebuilt)
        start = time.monotonic()
        if missing:
            answer, problems = None, [f"{', '.join(missing)} is not installed"]
            result = "left out" if set(missing) <= set(args.without) else "FAILED"
        else:
            last_of_row = number + 1 == len(cases) or cases[number + 1].row != case.row
            look = number + 1 == len(cases) or (last_of_row if args.look_every == 0 else (number + 1) % args.look_every == 0)
            answer, problems = harness.run(case, look, energy=last_of_row or args.look_every > 1)
            result = "FAILED" if problems else "ok"
        got = answer.verdict if answer else "-"
        print(f"{case.id:22} {'|'.join(case.right):12} {got:8} {time.monotonic() - start:6.1f} s  {result}", flush=True)
        for problem in problems:
            print(f"    {problem}", flush=True)
        results.append({"id": case.id, "expected": case.right, "verdict": got, "result": result, "problems": problems,
                        "seconds": round(time.monotonic() - start, 1), "calls": harness.calls})
    return results


def report(results, args):
    count = {word: sum(entry["result"] == word for entry in results) for word in ("ok", "FAILED", "left out")}
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    if count["left out"]:
        print(f"{count['left out']} left out, as told")
    print(f"{count['ok']} passed, {count['FAILED']} failed")
    return 0 if count["ok"] and not count["FAILED"] else 1


def installed(args):
    """Whether the service answers, whatever it says of itself; else joulectl's own words, and how to go on."""
    asked = subprocess.run([*args.joulectl.split(), "status"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if asked.returncode == NO_SERVICE:
        print(asked.stderr.rstrip(), "the hostile programs are run through the installed service", sep="\n", file=sys.stderr)
    return asked.returncode != NO_SERVICE


def plant(text):
    """A new file, whatever somebody may have put in its place: /tmp is everybody's."""
    CANARY.unlink(missing_ok=True)
    with open(CANARY, "x", encoding="utf-8") as file:
        file.write(text)


def main(argv=None):
    args = arguments(argv)
    table = corpus.load()
    cases = chosen(table.cases, args.pattern)
    if args.list:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # for whoever reads the first lines only
        print_table(cases)
        return 0
    if args.root == "/" and not installed(args):
        return NO_SERVICE
    if args.root == "/" and os.geteuid() != 0:
        sys.exit("only root sees what a hostile program may have left: run this as root, and name with --user who asks the service")
    user = args.user if args.user is not None else os.environ.get("SUDO_USER", "")
    uids = args.uids or configured_uids(args.root)
    if not uids:
        sys.exit("there is no BoxUidRange= in /etc/jouletrace; --uids must say under which numbers boxes run")
    limits = after.Limits(answer_ms=args.answer_limit or 100, overshoot_usec=int(args.overshoot * 1000), energy_band=args.energy_band, power=args.power,
                          canary=f"canary-{secrets.token_hex(16)}", own_files=tuple(args.own_file))
    plant(f"#error {limits.canary}\n")
    with tempfile.TemporaryDirectory(prefix="jouletrace-hostile-") as temporary:
        os.chmod(temporary, 0o755)
        resident = Resident(args.resident.split())
        try:
            settings = service.Settings(args.joulectl.split(), user, args.prebuilt)
            harness = Harness(settings, Host(args.root, uids, pid=args.pid), Journal(), resident, limits,
                              table.defaults | {"cpu": 5, "wall": 15}, temporary)
            wrong = harness.prepare()
            if wrong:
                sys.exit("the service does not work for an honest program: " + "; ".join(wrong))
            resident.since()
            if args.answer_factor:
                time.sleep(3)
                limits.answer = "p95_ms"
                limits.answer_ms = args.answer_factor * resident.since()["max_ms"]
            return report(run_all(harness, cases, args), args)
        finally:
            resident.close()
            CANARY.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
