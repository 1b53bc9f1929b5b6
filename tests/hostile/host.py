# SPDX-License-Identifier: MIT
"""What of the host is looked at before and after a hostile program. Everything is read below one root, so that the checks
can be tried on a made-up tree."""

import os
import re
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

WATCHED = ("tmp", "var/tmp", "dev/shm", "dev/mqueue", "run/lock", "run/netns", "etc", "root")
KNOBS = ("sys/devices/system/cpu/cpu*/cpufreq/scaling_governor", "sys/devices/system/cpu/cpu*/cpufreq/energy_performance_preference",
         "sys/devices/system/cpu/cpu*/cpufreq/scaling_m*_freq", "sys/devices/system/cpu/cpufreq/boost",
         "sys/devices/system/cpu/intel_pstate/no_turbo", "sys/devices/system/cpu/smt/control",
         "sys/devices/system/cpu/cpu*/online", "proc/irq/*/smp_affinity_list", "proc/sys/kernel/core_pattern",
         "proc/sys/kernel/hostname", "sys/devices/virtual/powercap/*/*/constraint_*_power_limit_uw")
SLICE = "jouletrace.slice"


@dataclass
class Process:
    """The service's main process."""

    pid: int
    descriptors: int
    threads: int
    rss: int


def configured_uids(root="/"):
    """BoxUidRange= as the service's files say it: the last assignment, else the default that the shipped file shows."""
    folder = Path(root) / "etc/jouletrace"
    value = default = None
    for path in [folder / "jouletraced.conf", *sorted((folder / "jouletraced.conf.d").glob("*.conf"))]:
        for comment, first, last in re.findall(r"^(#?)\s*BoxUidRange\s*=\s*(\d+)-(\d+)\s*$", _text(path) or "", re.MULTILINE):
            if comment:
                default = default or range(int(first), int(last) + 1)
            else:
                value = range(int(first), int(last) + 1)
    return value or default or range(0)


def _text(path):
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None


class Host:
    def __init__(self, root="/", uids=range(0), service="jouletraced.service", pid=None):
        self.root = Path(root)
        self.uids = uids
        self.service = service
        self.pid = pid

    def _processes(self):
        for entry in (self.root / "proc").iterdir():
            if entry.name.isdigit():
                yield entry

    def users_processes(self):
        """"PID (COMMAND, uid UID)" of each process under a number of the box's range, zombies included."""
        found = []
        for entry in self._processes():
            status = _text(entry / "status") or ""
            uid = re.search(r"^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", status, re.MULTILINE)
            if uid and any(int(number) in self.uids for number in uid.groups()):
                name = re.search(r"^Name:\s+(.*)", status, re.MULTILINE)
                found.append(f"{entry.name} ({name.group(1) if name else '?'}, uid {uid.group(1)})")
        return found

    def cgroups(self):
        """What hangs below the slice, and scopes of jobs wherever they are."""
        found = set()
        for directory, names, _ in os.walk(self.root / "sys/fs/cgroup"):
            found |= {str((Path(directory) / name).relative_to(self.root)) for name in names
                      if name.startswith("jouletrace-job-") or Path(directory).name == SLICE}
        return found

    def mounts(self):
        """Mount points of the host's first process and of the service, without the ids the kernel counts up."""
        found = set()
        for who in {1, self.service_pid()} - {None}:
            for line in (_text(self.root / f"proc/{who}/mountinfo") or "").splitlines():
                words = line.split()
                found.add(f"{words[4]} ({words[words.index('-') + 1]}, of process {who})")
        return found

    def namespaces(self):
        """How many namespaces of each kind the service's processes are in, its workers and jobs included."""
        kinds = {}
        for entry in self._processes():
            if "jouletrace" not in (_text(entry / "cgroup") or ""):
                continue
            for kind in ("net", "mnt", "pid", "ipc", "uts", "user", "cgroup"):
                try:
                    kinds.setdefault(kind, set()).add(os.readlink(entry / "ns" / kind))
                except OSError:
                    pass
        return {kind: len(members) for kind, members in kinds.items()}

    def ipc(self):
        """System V objects, as the kernel lists them."""
        return {f"{kind}: {' '.join(line.split()[:2])}" for kind in ("shm", "sem", "msg")
                for line in (_text(self.root / "proc/sysvipc" / kind) or "").splitlines()[1:]}

    def files(self):
        """Names in the directories a program might write to, with size and time of what is no directory."""
        found = {}
        for name in WATCHED:
            try:
                entries = list(os.scandir(self.root / name))
            except OSError:
                continue
            for entry in entries:
                try:
                    st = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                found[f"/{name}/{entry.name}"] = None if stat.S_ISDIR(st.st_mode) else (st.st_size, st.st_mtime_ns)
        return found

    def knobs(self):
        """What a job may set for its time, and what it must have set back."""
        return {str(path.relative_to(self.root)): _text(path) for pattern in KNOBS for path in self.root.glob(pattern)}

    def partitions(self):
        """cpuset.cpus.partition of the slice and of what it hangs below."""
        return {str(path.relative_to(self.root)): (_text(path) or "").strip()
                for pattern in (f"sys/fs/cgroup/{SLICE}", f"sys/fs/cgroup/unified/{SLICE}")
                for path in self.root.glob(f"{pattern}/cpuset.cpus.partition")}

    def service_pid(self):
        """systemd is asked only when the process it named has gone."""
        if self.root == Path("/") and not os.path.exists(f"/proc/{self.pid}"):
            shown = subprocess.run(["systemctl", "show", "-p", "MainPID", "--value", self.service], text=True, stdout=subprocess.PIPE)
            self.pid = int(shown.stdout.strip() or 0) or None
        return self.pid

    def service_process(self):
        """None when it does not run."""
        pid = self.service_pid()
        entry = self.root / f"proc/{pid}"
        status = _text(entry / "status")
        if not pid or not status:
            return None
        numbers = dict(re.findall(r"^(Threads|VmRSS):\s+(\d+)", status, re.MULTILINE))
        return Process(pid, len(os.listdir(entry / "fd")), int(numbers.get("Threads", 0)), int(numbers.get("VmRSS", 0)) * 1024)

    def secrets(self):
        """Texts of the host that no report may hold: hashes and lines that name accounts with a home or a password."""
        found = set()
        for line in (_text(self.root / "etc/shadow") or "").splitlines():
            password = line.split(":")[1] if ":" in line else ""
            if len(password) > 12:
                found |= {password, line}
        for line in (_text(self.root / "etc/passwd") or "").splitlines():
            words = line.split(":")
            if len(words) == 7 and words[5].startswith("/home/"):
                found.add(line)
        return found


class Journal:
    """How much the journal grew: bytes of its entries as they are exported, fields and all."""

    def __init__(self):
        self.cursor = None

    def _read(self, *words):
        return subprocess.run(["journalctl", "--quiet", "--no-pager", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def mark(self):
        shown = self._read("--lines=0", "--show-cursor", "--output=cat")
        found = re.search(rb"-- cursor: (.*)", shown)
        self.cursor = found.group(1).decode() if found else None

    def growth(self):
        return len(self._read("--output=export", f"--after-cursor={self.cursor}")) if self.cursor else None
