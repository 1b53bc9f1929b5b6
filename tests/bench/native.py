# SPDX-License-Identifier: MIT
"""The benches that need no VM."""

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import service
from figures import BenchError, Row, Table, json_lines, percentile

TOP = Path(__file__).resolve().parents[2]
RUNS, SLOW_RUNS = 1000, 200
IDLE_SEC = 30
JOBS = 1000
WINDOW_JOBS = 4000
MIB_KIB = 1024


def bus(build: Path) -> list[Table]:
    """Round trips of ListJobs"""
    rows = []
    with service.running(build) as daemon:
        for queued in (0, 1000):
            for line in json_lines([build / 'tests/bench/bench-bus', '-n', RUNS, '-q', queued, '-b', daemon.bus_pid,
                                    '-s', daemon.pid], 600, daemon.environment):
                names = {'bus daemon': 'GetId, answered by the bus daemon', 'ping': 'Ping', 'list-jobs': 'ListJobs'}
                goal = ('p50', 0.3) if line['bench'] == 'list-jobs' else None
                rows.append(Row(f'{names[line["bench"]]}, {queued:,} queued', line['n'], line['p50_us'] / 1e3,
                                line['p99_us'] / 1e3, goal, where=f'private dbus-daemon; a call takes it {line["bus_cpu_us"] / 1e3:.2f} ms of CPU time, '
                                      f'the service {line["service_cpu_us"] / 1e3:.2f}'))
    return [Table('Round trips on the bus', 'ms', rows)]


def spawn_rows(bench_spawn: Path, n: int) -> tuple[list[Row], float]:
    """/bin/true bare and under the peers, and the p50 of bare."""
    commands = {'bare: posix_spawn() and wait()': ['/bin/true'],
                'perf stat': ['perf', 'stat', '/bin/true'],
                'bwrap, all namespaces': ['bwrap', '--unshare-all', '--ro-bind', '/', '/', '/bin/true']}
    rows = []
    for name, command in commands.items():
        try:
            line = json_lines([bench_spawn, n, *command], 900)[0]
            rows.append(Row(name, line['n'], line['p50_us'] / 1e3, line['p99_us'] / 1e3, where='none'))
        except BenchError as error:
            rows.append(Row(name, where=f'does not run here: {error}'))
    rows.insert(2, hyperfine_row(n))
    return rows, rows[0].p50


def hyperfine_row(n: int) -> Row:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / 'times.json'
        begin = time.monotonic()
        subprocess.run(['hyperfine', '-N', '--style=none', '--runs', str(n), '--warmup=0', f'--export-json={path}', '/bin/true'],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=900)
        per_run_ms = (time.monotonic() - begin) / n * 1e3
        times = [value * 1e3 for value in json.loads(path.read_text(encoding='utf-8'))['results'][0]['times']]
    return Row('hyperfine -N, what it reports', n, percentile(times, 0.5), percentile(times, 0.99),
               where=f'none; {per_run_ms:.2f} ms a run with its own work')


def box(build: Path) -> list[Table]:
    """A whole run of /bin/true, and from the gate to exec"""
    peers, bare = spawn_rows(build / 'tests/bench/bench-spawn', RUNS)
    lines = {line['bench']: line for line in json_lines([build / 'tests/bench/bench-box', '-n', RUNS, '-l', 0], 900)}
    names = {'whole': ('JouleTrace, whole run', None), 'outside': ('JouleTrace, the part outside the window', ('p50', 6)),
             'gate-exec': ('JouleTrace, gate → exec', ('p50', 0.3))}
    ours = [Row(name, lines[key]['n'], lines[key]['p50_us'] / 1e3, lines[key]['p99_us'] / 1e3, goal,
                where=lines[key]['containment']) for key, (name, goal) in names.items()]
    boxed = {line['bench']: line for line in json_lines([build / 'tests/bench/bench-box', '-n', RUNS, '-l', 0, '--box'], 900)}
    ours += [Row(name, boxed[key]['n'], boxed[key]['p50_us'] / 1e3, boxed[key]['p99_us'] / 1e3, goal,
                 where=boxed[key]['containment'])
             for key, name, goal in (('whole', 'JouleTrace, whole run in a box of its own', None),
                                     ('outside', 'JouleTrace, the part of that outside the window', ('p50', 4)))]
    for row in (*peers, *ours[:2], *ours[3:]):
        row.ratio = row.p50 / bare if row.p50 else None
    return [Table('/bin/true, run by run', 'ms', [*peers, *ours], 'bare', notes=(
        'whole: from building the box to its removal, with the pipes drained, the evidence read and the output hashed.',
        'gate → exec: until we are told that the program\'s image is in place; execve() itself is in it.'))]


def meter(build: Path) -> list[Table]:
    """One reading of all domains"""
    rows = []
    for line in json_lines([build / 'tests/bench/bench-meter', '-n', 10000, TOP / 'tests/fixtures/intel-server'], 300):
        # A package's counter is read on any CPU of the package; a software event elsewhere costs an interrupt there.
        goal = None if 'other CPU' in line['source'] else ('p99', 5)
        rows.append(Row(f'{line["meter"]}, {line["domains"]} domains: {line["source"]}', line['n'], line['p50_us'],
                        line['p99_us'], goal))
    return [Table('One reading of all domains', 'µs', rows, notes=(
        'Without RAPL here, what the register itself costs is not in these figures.',))]


def window(build: Path) -> list[Table]:
    """Bias and spread of windows on a simulated machine, beside plain readings"""
    rows = []
    for line in json_lines([build / 'tests/bench/bench-window', '-n', WINDOW_JOBS], 1800):
        ms, goals = line['job_ms'], line['job_ms'] == 10
        if goals and not (-2.0 <= line['plain_bias'] <= -1.6 and 1.5 <= line['plain_sd'] <= 1.9):
            raise BenchError(f'the simulator is wrong: plain readings of 10 ms are off by {line["plain_bias"]} ± {line["plain_sd"]} %, '
                             'not by -1.8 ± 1.7 %')
        rows += [Row(f'{ms:g} ms, plain readings: bias', line['n'], line['plain_bias']),
                 Row(f'{ms:g} ms, plain readings: standard deviation', line['n'], line['plain_sd']),
                 Row(f'{ms:g} ms, windows: |bias|', line['n'], abs(line['bias']), goal=('p50', 0.05) if goals else None),
                 Row(f'{ms:g} ms, windows: standard deviation', line['n'], line['sd'], goal=('p50', 0.2) if goals else None),
                 Row(f'{ms:g} ms, windows outside their stated uncertainty', line['n'], 100 - line['covered'], goal=('p50', 5))]
    return [Table('Energy of jobs of 80 W on an idle machine of 50 W, simulated', '%', rows, goal_words={'p50': ''}, notes=(
        'A tick of 1 ms ± 20 µs; a look at the counter takes 1 µs ± 20 %; one wait in a hundred is held up for 50 µs; looking takes 5 W.',
        'The product\'s own calibration, idle windows and windows, on the simulator\'s clock and counter.'))]


def limit(build: Path) -> list[Table]:
    """CPU time past a CPU limit"""
    line = json_lines([build / 'tests/bench/bench-box', '-n', 1, '-l', SLOW_RUNS], 900)[-1]
    return [Table('An endless loop with cpu-limit 20 ms: CPU time beyond it when it is dead', 'ms',
                  [Row('overshoot', line['n'], line['p50_us'] / 1e3, line['p99_us'] / 1e3, ('p99', 3),
                       where=line['containment'])])]


def daemon(build: Path) -> list[Table]:
    """Memory and wake-ups of the idle service"""
    with service.running(build) as it:
        time.sleep(3)
        before = it.status()
        time.sleep(IDLE_SEC)
        after_idle = it.status()
        switches = sum(after_idle[key] - before[key] for key in ('voluntary_ctxt_switches', 'nonvoluntary_ctxt_switches'))
        idle = after_idle['VmRSS'], after_idle['RssAnon']
        begin = time.monotonic()
        for _ in range(JOBS):
            done = it.joulectl('measure', '-q', '--trials=1', '--warmups=0', '--cooldown=0', '--min-window=1ms', '--', '/bin/true')
            if done.returncode != 0:
                raise BenchError(f'a job failed ({done.returncode}): {done.stderr}{it.words()}')
        took = time.monotonic() - begin
        time.sleep(3)
        end = it.status()
    memory = [Row('VmRSS idle', None, idle[0] / MIB_KIB, goal=('p50', 6)),
              Row('of which RssAnon: the rest is shared libraries', None, idle[1] / MIB_KIB),
              Row(f'VmRSS grown after {JOBS:,} jobs', None, (end['VmRSS'] - idle[0]) / MIB_KIB, goal=('p50', 1)),
              Row(f'RssAnon grown after {JOBS:,} jobs', None, (end['RssAnon'] - idle[1]) / MIB_KIB)]
    return [Table('The service\'s memory', 'MiB', memory, goal_words={'p50': ''}, notes=(
                f'{JOBS:,} jobs of /bin/true one after the other, {took / JOBS * 1e3:.0f} ms each with joulectl.',)),
            Table(f'The idle service for {IDLE_SEC} s', 'count',
                  [Row('context switches, voluntary and not', None, switches, goal=('p50', 0))], goal_words={'p50': ''})]


def tools_needed() -> None:
    missing = [tool for tool in ('hyperfine', 'bwrap', 'perf', 'dbus-daemon') if not shutil.which(tool)]
    if missing:
        raise BenchError(f'missing: {", ".join(missing)} (./dev bench installs them)')
