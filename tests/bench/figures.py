# SPDX-License-Identifier: MIT
"""Figures as rows of a table: what was measured, how often, under which containment, the goal, and whether it is met."""

import dataclasses
import json
import subprocess


class BenchError(Exception):
    """A bench could not be run; never a verdict on its figures."""


@dataclasses.dataclass
class Row:
    """p50 and p99 in the unit of its table; a single value stands in p50 alone. goal: (which of the two, at most)."""

    name: str
    n: int | None = None
    p50: float | None = None
    p99: float | None = None
    goal: tuple[str, float] | None = None
    ratio: float | None = None
    where: str = ''

    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return getattr(self, self.goal[0]) <= self.goal[1]


@dataclasses.dataclass
class Table:
    title: str
    unit: str
    rows: list[Row]
    ratio: str = ''  # what the column of ratios is relative to
    notes: tuple[str, ...] = ()
    goal_words: dict[str, str] = dataclasses.field(default_factory=lambda: {'p50': 'p50', 'p99': 'p99'})
    columns: tuple[str, str] = ('p50', 'p99')  # what these two are called where they are something else


def number(value: float | None) -> str:
    if value is None:
        return ''
    if value == int(value) and abs(value) >= 10 or value == 0:
        return f'{value:.0f}'
    return f'{value:.3g}' if abs(value) < 1000 else f'{value:,.0f}'


def _goal(table: Table, row: Row) -> str:
    if row.goal is None:
        return ''
    return f'{table.goal_words[row.goal[0]]} ≤ {number(row.goal[1])}'.strip()


def render(table: Table) -> str:
    """Columns that no row fills are left out."""
    header = ['', 'n', *(f'{column} {table.unit}' for column in table.columns), f'× {table.ratio}', 'goal', '', 'ran under']
    cells = [[row.name, '' if row.n is None else f'{row.n:,}', number(row.p50), number(row.p99),
              '' if row.ratio is None else f'{row.ratio:.2f}', _goal(table, row),
              {None: '', True: 'met', False: 'MISSED'}[row.met()], row.where] for row in table.rows]
    if all(row.p99 is None for row in table.rows):
        header[2] = table.unit
    used = [i for i in range(len(header)) if i == 0 or any(line[i] for line in cells)]
    widths = {i: max(len(line[i]) for line in [header, *cells]) for i in used}
    left = (0, 5, 6, 7)

    def line(texts):
        return '  '.join(f'{texts[i]:<{widths[i]}}' if i in left else f'{texts[i]:>{widths[i]}}' for i in used).rstrip()

    lines = [table.title, line(header), '  '.join('─' * widths[i] for i in used), *(line(texts) for texts in cells)]
    return '\n'.join([*lines, *(f'  {note}' for note in table.notes)]) + '\n'


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def json_lines(argv, timeout: float, env=None) -> list[dict]:
    """What a bench program prints: one JSON object a line."""
    try:
        done = subprocess.run([str(word) for word in argv], text=True, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=timeout, env=env, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f'{argv[0]}: {error}') from error
    if done.returncode != 0:
        raise BenchError(f'{argv[0]} exited with {done.returncode}: {done.stderr.strip()}')
    return parse_lines(done.stdout)


def parse_lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines() if line.startswith('{')]
