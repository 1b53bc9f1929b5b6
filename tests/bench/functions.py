# SPDX-License-Identifier: MIT
"""Python functions in the VM: what a call takes beside timeit's word on it, and what must make no difference."""

import json
import re
import statistics
from pathlib import Path

import rig
from figures import BenchError, Row, Table

IDLE_MW, CORE_MW = 10000, 10000
ROUNDS = 3
UNSTABLE = 5  # joulectl's exit status
SHORT_CALLS = '--min-window=500ms'  # timeit's own is 200 ms at least; emulated, a region costs about a millisecond
FIBONACCI = {
    'recursive': 'def solve(n):\n    return n if n < 2 else solve(n - 1) + solve(n - 2)\n',
    'iterative': 'def solve(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a\n'}
N, VALUE = 15, 610
LIGHT = 'import json\n'
HEAVY = 'import asyncio, ctypes, decimal, email.mime.text, http.client, json, sqlite3, unittest, xml.dom.minidom\n'
LENGTH = 1000000
LONG = list(range(LENGTH))


class Client:
    """joulectl and timeit in the same VM."""

    def __init__(self, machine: rig.VM):
        self.machine = machine

    def _report(self, code: str, inputs: list, expected, options: tuple[str, ...], user: str) -> dict:
        self.machine.write('/tmp/request.json', json.dumps({
            'candidate_code': code, 'test_cases': [{'test_id': 'one', 'inputs': inputs, 'expected_output': expected}],
            'function_name': 'solve', 'timeout_seconds': 30, 'energy_measurement_trials': 5, 'warmup_trials': 1}))
        result = self.machine.run(['joulectl', 'measure', '--json', *options, '--request=/tmp/request.json'], user=user, timeout=600,
                                  check=False)
        if result.rc not in (0, UNSTABLE):
            raise BenchError(f'joulectl measure exited with {result.rc}: {result.err}{result.out[:2000]}')
        return json.loads(result.out)['measurement']

    def measure(self, code: str, inputs: list, expected, *options: str) -> tuple[float, float, float]:
        """Seconds and package joules of a call, and joules of a whole run with its start: the least of the trials, as timeit says
        the best of its five."""
        found = self._report(code, inputs, expected, options, 'user1')
        windows = [trial['windows'][0] for trial in found['trials'] if trial['valid']]
        if found['status'] != 'OK':
            raise BenchError(f'joulectl measure: {found["status"]}, {found["reasons"]}')
        return (min(window['wall_ns'] / window['iterations'] for window in windows) / 1e9,
                min(window['energy_uj']['package-0'] / window['iterations'] for window in windows) / 1e6,
                min(window['whole']['energy_uj']['package-0'] for window in windows) / 1e6)

    def most(self, code: str, inputs: list, expected) -> float:
        """Joules that a call takes at most which is too short for an ordinary user to be told."""
        found = self._report(code, inputs, expected, ('--resolution=fine', '--min-window=1ms'), 'root')
        if found['status'] == 'OK':
            return max(trial['total_uj'] / trial['iterations'] for trial in found['trials'] if trial['valid']) / 1e6
        if found['upper_bound_j'] is None:
            raise BenchError(f'joulectl measure: {found["status"]}, without a bound')
        return found['upper_bound_j']

    def timeit(self, code: str, call: str) -> float:
        """Seconds of a call of the same function: of a module, since one that timeit's own set-up defines is slower to call itself."""
        self.machine.write('/tmp/candidate.py', code)
        out = self.machine.run(['env', 'PYTHONPATH=/tmp', 'python3', '-m', 'timeit', '-u', 'nsec', '-s', 'from candidate import solve',
                                call], user='user1', timeout=600).out
        return float(re.search(r'best of \d+: ([\d.e+]+) nsec', out).group(1)) / 1e9


def _fibonacci(client: Client) -> Table:
    rows, seconds = [], {}
    for kind, code in FIBONACCI.items():
        ours, theirs, joules = [], [], []
        for _ in range(ROUNDS):
            theirs.append(client.timeit(code, f'solve({N})'))
            call, package, _ = client.measure(code, [N], VALUE, SHORT_CALLS)
            ours.append(call)
            joules.append(package)
        seconds[kind] = statistics.median(ours), statistics.median(theirs)
        time_off = abs(seconds[kind][0] / seconds[kind][1] - 1)
        formula = (IDLE_MW + CORE_MW) / 1e3 * seconds[kind][1]
        rows.append(Row(f'{kind}: time of a call, % off timeit\'s {seconds[kind][1] * 1e6:.3g} µs', ROUNDS, time_off * 100,
                        goal=('p50', 20)))
        rows.append(Row(f'{kind}: energy of a call, % off (idle + core power) × timeit\'s time', ROUNDS,
                        abs(statistics.median(joules) / formula - 1) * 100, goal=('p50', 25) if kind == 'iterative' else None))
    ratio = [seconds['recursive'][i] / seconds['iterative'][i] for i in (0, 1)]
    return Table(f'Fibonacci of {N} in Python, as a request, in the VM', '%', rows, goal_words={'p50': ''}, notes=(
        f'Recursive over iterative: {ratio[0]:.4g} × in ours, {ratio[1]:.4g} × in timeit\'s.',
        'timeit says the best of its five, and ours is the best of five trials; both are medians of the rounds, alternated.'))


def _differences(client: Client) -> Table:
    light, heavy = [], []
    for _ in range(ROUNDS):
        for imports, group in ((LIGHT, light), (HEAVY, heavy)):
            group.append(client.measure(imports + FIBONACCI['iterative'], [N], VALUE, SHORT_CALLS))
    call = [statistics.median(figures[1] for figures in group) for group in (light, heavy)]
    whole = [statistics.median(figures[2] for figures in group) for group in (light, heavy)]
    nothing = client.most('def solve(values):\n    return 0\n', [LONG[::-1]], 0)
    sorting = client.measure('def solve(values):\n    values.sort(key=lambda v: v * 7919 % 1000003)\n    return 0\n', [LONG[::-1]], 0)[1]
    return Table('What must make no difference to the energy of a call, in the VM', '%', [
        Row('heavy imports: energy of a call, % off that with a light one', ROUNDS, abs(call[1] / call[0] - 1) * 100, goal=('p50', 10)),
        Row(f'return 0 on a list of {LENGTH:,}, at most, % of sorting it', 1, nothing / sorting * 100, goal=('p50', 1))],
                 goal_words={'p50': ''}, notes=(
                     f'The heavy imports take {whole[1] / whole[0]:.3g} × the energy of the light one\'s whole run.',))


def functions(build: Path) -> list[Table]:
    """Python functions in the VM, beside timeit"""
    with rig.VM(project=rig.stage(build)) as machine:
        machine.rapl_set(idle_mw=IDLE_MW, core_mw=CORE_MW)
        client = Client(machine)
        return [_fibonacci(client), _differences(client)]
