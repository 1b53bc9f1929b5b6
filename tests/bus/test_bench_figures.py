# SPDX-License-Identifier: MIT
"""What the benches compute from what they measured, without measuring."""

import random
import sys
from pathlib import Path

import pytest

# Behind our own folder, which has tests of the same names as that of the VM.
sys.path += [str(Path(__file__).resolve().parents[1] / name) for name in ("bench", "vm")]

import equivalence  # noqa: E402  (found through the path set above)
import rig  # noqa: E402
import truth  # noqa: E402
from tost import t_quantile, tost  # noqa: E402


@pytest.mark.parametrize("share, degrees, tabled", [(0.95, 9, 1.8331), (0.95, 29, 1.6991), (0.95, 199, 1.6525), (0.975, 9, 2.2622),
                                                    (0.975, 60, 2.0003), (0.99, 9, 2.8214), (0.5, 20, 0)])
def test_quantiles_are_the_tables(share, degrees, tabled):
    assert t_quantile(share, degrees) == pytest.approx(tabled, abs=0.001)
    assert t_quantile(1 - share, degrees) == pytest.approx(-tabled, abs=0.001)


# By hand: mean 0.002, standard deviation 0.001 × sqrt(10 / 9), half width 1.8331 × that / sqrt(10) = 0.000611.
AROUND = [0.001, 0.003] * 5


@pytest.mark.parametrize("margin, equivalent", [(0.005, True), (0.00262, True), (0.0026, False), (0.001, False)])
def test_the_interval_must_lie_within_the_margin(margin, equivalent):
    for sign in (1, -1):
        result = tost([sign * value for value in AROUND], margin)
        assert result.mean == pytest.approx(sign * 0.002)
        assert (result.low, result.high) == pytest.approx((sign * 0.002 - 0.000611, sign * 0.002 + 0.000611), abs=1e-6)
        assert result.equivalent is equivalent


def test_scatter_is_not_equivalence():
    """A mean of 0 shows nothing where the values scatter too much to know it."""
    assert tost([0.02, -0.02] * 50, 0.005).equivalent
    assert not tost([0.02, -0.02] * 5, 0.005).equivalent


def test_what_is_just_not_equivalent_is_said_to_be_at_alpha_at_most():
    """Of 2,000 experiments whose true difference is the margin itself, about 5 % may say equivalent."""
    source = random.Random(20)
    said = sum(tost([source.gauss(0.005, 0.004) for _ in range(20)], 0.005).equivalent for _ in range(2000))
    assert 60 <= said <= 140


def test_too_few():
    with pytest.raises(ValueError, match="too few"):
        tost([0.0] * 9, 0.005)


@pytest.mark.parametrize("factor, met", [(1.002, True), (0.998, True), (1.006, False), (0.994, False)])
def test_equivalence_says_met_or_missed(factor, met):
    they = [[10 + 0.01 * (i % 3), 10.02] for i in range(40)]
    rows = equivalence.rows([[factor * value for value in values] for values in they], they)
    assert [row.met() for row in rows if row.goal] == [met]
    assert rows[0].p50 == pytest.approx((10.02 * factor / 10 - 1) * 100, abs=0.2)


def singles(*gross_j):
    return [truth.Single(value, value / 2, 10.0, 5.0) for value in gross_j]


@pytest.mark.parametrize("ms, theirs, ours, met", [
    (500, [10, 11], [10, 10.19], [True]), (500, [10, 11], [10, 10.21], [False]),
    (50, [10, 11], [10, 10.19], [True]), (50, [10, 11], [10, 10.21], [False]), (5, [10, 11], [10, 20], [])])
def test_goals_of_the_spread(ms, theirs, ours, met):
    we, they = singles(*ours), singles(*theirs)
    assert [row.met() for row in truth.spread_rows(ms, we, they) if row.goal] == met
    errors = truth.error_rows(ms, we, they)
    assert errors[0].p99 == errors[1].p99 == pytest.approx((ours[-1] / 10 - 1) * 100)


def test_the_goal_is_of_most_runs_as_part_of_the_truth():
    def runs(error, stall):
        true = [10 + i % 7 / 10 for i in range(60)]
        return [truth.Single(t * (1 + error * (i % 3)) + (stall if i == 7 else 0), t, t, t) for i, t in enumerate(true)]
    for error, stall, met in ((0.002, 0, True), (0.002, 9, True), (0.02, 0, False)):
        assert [row.met() for row in truth.spread_rows(50, runs(error, stall), runs(0.01, 0)) if row.goal] == [met]


def test_what_differs_by_itself_is_no_spread_of_the_tool():
    both = [truth.Single(1.1 * true, true, true, true) for true in (10, 11, 14)]
    spreads = truth.Spreads.of(both)
    assert spreads.told == pytest.approx(spreads.true) and spreads.told.whole == pytest.approx(40)
    assert spreads.share == pytest.approx((0, 0))


def test_marks_are_read():
    text = "begin time_ns=7 package-0 pkg_nj=1 core_nj=2 package-1 pkg_nj=3 core_nj=4\n"
    assert rig.machine.parse_marks(text) == [
        {"word": "begin", "time_ns": 7, "package": [{"pkg_nj": 1, "core_nj": 2}, {"pkg_nj": 3, "core_nj": 4}]}]
