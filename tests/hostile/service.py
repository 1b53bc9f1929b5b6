# SPDX-License-Identifier: MIT
"""How a case is put to the service, and how its answer is read."""

import base64
import json
import os
import pwd
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from corpus import HERE, Case

SUFFIX = {"c": "c", "cpp": "cpp", "python3": "py"}
CLIENT_PATIENCE_SEC = 30  # beyond all limits of the request: then the client itself is taken for hung
COMPILE_SEC = 60
CHUNK = 1 << 20
INVALID = "org.jouletrace.JouleTrace1.Error.InvalidRequest"


class NoAnswer(Exception):
    """joulectl gave neither a report nor a refusal."""


@dataclass
class Settings:
    """joulectl: its words, those that change the user before it. prebuilt: a folder of programs built from the C sources."""

    joulectl: list
    user: str = ""
    prebuilt: Path | None = None
    environment: dict = field(default_factory=lambda: dict(os.environ))

    def command(self, *words):
        """Not by way of runuser, whose two entries in the journal hold the whole command line."""
        become = []
        if self.user:
            become = ["setpriv", f"--reuid={self.user}", f"--regid={pwd.getpwnam(self.user).pw_gid}", "--init-groups", "--"]
        return [*become, *self.joulectl, *words]


@dataclass
class Answer:
    """What came back: the exit code, the report (None when the request was refused), both streams, and how long it took."""

    exit: int
    report: dict | None
    output: str
    elapsed: float

    @property
    def verdict(self):
        """The job's verdict; REFUSED without a report, and when its error says that the request was not right: what only the
        worker sees of a request is refused by it."""
        error = ((self.report or {}).get("job") or {}).get("error") or {}
        if self.report is None or error.get("name") == INVALID:
            return "REFUSED"
        return (self.report.get("validation") or {}).get("verdict") or "none"

    @property
    def status(self):
        return (self.report.get("measurement") or {}).get("status") if self.report else None

    @property
    def tests(self):
        return ((self.report or {}).get("validation") or {}).get("tests") or []

    @property
    def decisive(self):
        """The test that made the verdict; when none did (a program that was never run), what validation itself says."""
        for test in self.tests:
            if test.get("verdict") == self.verdict:
                return test
        return (self.report or {}).get("validation") or {}

    @property
    def facts(self):
        return set(self.decisive.get("facts") or [])

    @property
    def syscall(self):
        """The system call that ended the run: a field of its own, or the name in the sentence about the end."""
        test = self.decisive
        if test.get("syscall"):
            return test["syscall"]
        found = re.search(r"\b(\w+)\(\)", f"{test.get('ended_by') or ''} {test.get('message') or ''}")
        return found.group(1) if found else None


def write_content(path, content):
    with open(path, "wb") as file:
        for part in content:
            if "from" in part:
                file.write((HERE / part["from"]).read_bytes())
            elif "text" in part:
                file.write(part["text"].encode())
            elif "base64" in part:
                file.write(base64.b64decode(part["base64"]))
            elif "repeat" in part:
                for start in range(0, part["times"], CHUNK):
                    file.write(part["repeat"].encode() * min(CHUNK, part["times"] - start))
            elif "hole" in part:
                file.truncate(file.tell() + part["hole"])
                file.seek(0, os.SEEK_END)


def lay_out(case: Case, directory: Path, settings: Settings):
    """Writes the case's files and tests below directory. Returns (pairs of name in the box and path, language, argv)."""
    pairs, language, argv = [], case.language, list(case.argv)
    if case.source:
        stem = Path(case.source).stem
        built = settings.prebuilt and language in ("c", "cpp") and not case.needs
        path = directory / ("main" if built else f"main.{SUFFIX[language]}")
        path.write_bytes((settings.prebuilt / stem if built else HERE / case.source).read_bytes())
        path.chmod(0o755 if built else 0o644)
        pairs.append((path.name, path))
        if built:
            language, argv = "", ["./main"]
    for number, entry in enumerate(case.files):
        path = directory / f"file-{number}"
        write_content(path, entry["content"])
        path.chmod(int(entry.get("mode", "644"), 8))
        pairs.append((entry["name"], path))
    tests = directory / "tests"
    tests.mkdir()
    for number, test in enumerate(case.tests, 1):
        (tests / f"{number:02}.in").write_text(test["input"], encoding="utf-8")
        (tests / f"{number:02}.ans").write_text(test["answer"], encoding="utf-8")
    return pairs, language, argv


def arguments(case: Case):
    words = []
    for arg in case.args:
        if isinstance(arg, str):
            words.append(arg)
        elif "repeat" in arg:
            words.append(arg["repeat"] * arg["times"])
        else:
            words.append(f"{time.time() + arg['now-plus']:.3f}")
    return words


def validator_option(validator):
    """"numbers,absolute=1e-06": the type, then its members as the request names them."""
    words = [validator["type"]]
    for key, value in validator.items():
        if key != "type":
            words.append(f"{key}={str(value).lower()}")
    return ",".join(words)


def command(case: Case, directory: Path, settings: Settings, json_output=True):
    """joulectl's command line for a case. The one place that knows it."""
    pairs, language, argv = lay_out(case, directory, settings)
    limits = case.limits
    words = [case.verb, "--profile=box", *(["--json"] if json_output else []),
             f"--cpu-limit={limits['cpu']}s", f"--wall-limit={limits['wall']}s", f"--memory-max={limits['memory']}",
             f"--tasks-max={limits['tasks']}", f"--output-max={limits['output']}"]
    if language:
        words.append(f"--language={language}")
    for name, path in pairs:
        words.append(f"--file={name}={path}")
    if case.tests:
        words.append(f"--tests={directory / 'tests'}")
    if case.validator:
        words.append(f"--validator={validator_option(case.validator)}")
    words += [f"--{key}={value}" for key, value in case.options.items()]
    return settings.command(*words, "--", *argv, *arguments(case))


def patience(case: Case):
    """Seconds after which a job must have ended, whatever its program does: the wall limit of each run, and the compiler's."""
    runs = max(len(case.tests), 1)
    if case.verb == "measure":
        runs *= 1 + int(case.options.get("trials", 9)) + int(case.options.get("warmups", 2))
    return runs * case.limits["wall"] + (COMPILE_SEC if case.language in ("c", "cpp") else 0)


def read_answer(code, out, err, elapsed):
    """exit code 2 without a report is a refusal; another one without a report is no answer."""
    try:
        report = json.loads(out)
    except ValueError:
        report = None
    if report is None and code != 2:
        raise NoAnswer(f"joulectl exited with {code} and gave no report: {(err or out).strip()[:500]}")
    return Answer(code, report, out + err, elapsed)


def submit(case: Case, directory: Path, settings: Settings, json_output=True):
    """Runs joulectl on the case. With json_output=False the answer has no report, only what a person would read."""
    argv = command(case, directory, settings, json_output)
    start = time.monotonic()
    try:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=directory,
                                   env=settings.environment, start_new_session=True)
    except OSError as error:  # E2BIG: refused by the kernel before joulectl could
        return Answer(2, None, f"{argv[0]}: {error.strerror}", 0)
    try:
        out, err = process.communicate(timeout=patience(case) + CLIENT_PATIENCE_SEC)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise NoAnswer(f"joulectl has not come back after {time.monotonic() - start:.1f} s") from None
    out, err = (text.decode("utf-8", "surrogateescape") for text in (out, err))
    elapsed = time.monotonic() - start
    return read_answer(process.returncode, out, err, elapsed) if json_output else Answer(process.returncode, None, out + err, elapsed)
