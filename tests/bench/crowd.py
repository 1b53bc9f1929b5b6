# SPDX-License-Identifier: MIT
"""Many clients at once, natively and in the VM: what is lost, who waits for whom, and how long."""

import subprocess
import time
from pathlib import Path

import rig
import service
from figures import Row, Table, percentile

SCRIPT = Path(__file__).resolve().parent / 'stress.py'
USERS = ('daemon', 'bin', 'games', 'man', 'lp', 'mail', 'news', 'uucp', 'proxy', 'nobody')
JOBS, CLIENTS_OF_A_USER = 1000, 3
VM_USERS = ('user1', 'user2')
VM_JOBS, VM_CLIENTS_OF_A_USER = 100, 5
VM_ADDRESS = 'unix:path=/run/dbus/system_bus_socket'
MIB_KIB = 1024


def largest_gap(finished: list[tuple[float, str]], users) -> int:
    """Over all points of time while every user still has a job: how many more one user had served than another."""
    left = {user: sum(name == user for _, name in finished) for user in users}
    served = dict.fromkeys(users, 0)
    gap = 0
    for _, user in sorted(finished):
        served[user] += 1
        left[user] -= 1
        if min(left.values()) == 0:
            break
        gap = max(gap, max(served.values()) - min(served.values()))
    return gap


def _rows(printed: dict[str, str], jobs: int, began: float, where: str) -> list[Row]:
    """printed: by user, what stress.py said of that user's jobs."""
    finished, seconds, results = [], [], []
    for user, text in printed.items():
        for line in text.splitlines():
            when, took, result = line.split(' ', 2)
            finished.append((float(when), user))
            seconds.append(float(took))
            results.append(result)
    total = max(when for when, _ in finished) - began
    return [Row('jobs lost', jobs, jobs - len(finished), goal=('p50', 0), where=where),
            Row('jobs not done', jobs, sum(result != 'done' for result in results), goal=('p50', 0)),
            Row('jobs a second', jobs, len(finished) / total), Row('latency p50, s', jobs, percentile(seconds, 0.5)),
            Row('latency p95, s', jobs, percentile(seconds, 0.95)),
            Row('jobs that one user was ahead of another, at most', jobs, largest_gap(finished, tuple(printed)), goal=('p50', 2))]


def stress(build: Path) -> list[Table]:
    """The original's stress: 1,000 jobs of 30 clients at once"""
    with service.running(build) as it:
        address = it.environment['DBUS_SYSTEM_BUS_ADDRESS']
        it.start_helper(['/usr/bin/python3', SCRIPT, 'polkit', address])
        began = time.time()
        running = {user: subprocess.Popen(
            ['runuser', '-u', user, '--', '/usr/bin/python3', SCRIPT, 'clients', address, str(JOBS // len(USERS)),
             str(CLIENTS_OF_A_USER)], cwd='/', text=True, stdout=subprocess.PIPE) for user in USERS}
        rows = _rows({user: process.communicate(timeout=1800)[0] for user, process in running.items()}, JOBS, began,
                     'private bus, mock systemd')
        rows.append(Row('VmRSS of the service afterwards, MiB', None, it.status()['VmRSS'] / MIB_KIB))
    return [Table('1,000 one-trial jobs of a Python function with two tests, each run in a box of its own', 'value', rows,
                  goal_words={'p50': ''}, notes=(
                      f'{len(USERS) * CLIENTS_OF_A_USER} clients of {len(USERS)} users on a private bus; one job at a time, so that none '
                      'disturbs another; the original ran four at once, unboxed and unchecked, at 21.5 a second.',))]


def crowd(build: Path) -> list[Table]:
    """100 such jobs of 10 clients in the VM, with real scopes"""
    with rig.VM(project=rig.stage(build)) as machine:
        machine.push(str(SCRIPT), '/usr/local/bin/stress.py')
        machine.configure(service.CONFIG)
        began = float(machine.run(['date', '+%s.%N']).out)
        running = {user: machine.popen(['python3', '/usr/local/bin/stress.py', 'clients', VM_ADDRESS, str(VM_JOBS // len(VM_USERS)),
                                        str(VM_CLIENTS_OF_A_USER)], user=user) for user in VM_USERS}
        printed = {user: process.wait(timeout=1800).out for user, process in running.items()}
        scopes = machine.run("systemctl list-units --no-legend --plain 'jouletrace-job-*.scope' | wc -l").out.strip()
    rows = _rows(printed, VM_JOBS, began, 'real systemd, polkit and bus')
    rows.append(Row('scopes left afterwards', None, int(scopes), goal=('p50', 0)))
    return [Table('100 of the same jobs in the VM', 'value', rows, goal_words={'p50': ''}, notes=(
        f'{len(VM_USERS) * VM_CLIENTS_OF_A_USER} clients of {len(VM_USERS)} users; emulated, so the times are not those of a machine.',))]
