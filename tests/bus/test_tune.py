# SPDX-License-Identifier: MIT
"""The machine's settings as a request asks for them: with an administrator's word, for that job, and no longer."""

import pytest

from harness import ACCESS_DENIED, ERROR
from test_host import BEFORE, CPU, journal, machine, measure_on_hold  # noqa: F401

ASKED = "governor=performance,turbo=off"
TUNED = BEFORE | {
    f"{CPU}/intel_pstate/no_turbo": "1",
    f"{CPU}/cpufreq/policy0/scaling_governor": "performance",
}


@pytest.fixture
def administrator(polkit):
    polkit.set("deny", measure="allow", tune="allow")


def test_it_needs_a_permission_of_its_own(daemon, machine, polkit, user1):  # noqa: F811
    polkit.set("deny", measure="allow")
    daemon.start()
    error = user1.refuse_measure(tune=ASKED)
    assert error.name == ACCESS_DENIED and "org.jouletrace.JouleTrace1.tune" in error.message
    assert machine.now() == BEFORE and user1.call("ListJobs") == []
    user1.listen()
    _, path = user1.measure(["fake"])
    assert user1.finished(path) == "done"


def test_it_holds_for_that_job_and_no_longer(daemon, machine, administrator, user1):  # noqa: F811
    daemon.start()
    number, path = measure_on_hold(daemon, user1, tune=ASKED)
    assert machine.now() == TUNED and journal(daemon).exists()
    daemon.release("a")
    assert user1.finished(path) == "done"
    assert machine.now() == BEFORE and not journal(daemon).exists()
    assert user1.report(number)["request"]["tune"] == ASKED
    daemon.release("b")
    _, path = user1.measure(daemon.on_hold("b"))
    daemon.wait_started("b")
    assert machine.now() == BEFORE
    assert user1.finished(path) == "done"


def test_it_goes_before_the_configuration(daemon, machine, administrator, user1):  # noqa: F811
    daemon.configure(Governor="schedutil", MaxFrequency=3000000)
    daemon.start()
    _, path = measure_on_hold(daemon, user1, tune="governor=keep,max-frequency=2000000")
    assert machine.now() == BEFORE | {f"{CPU}/cpufreq/policy0/scaling_max_freq": "2000000"}
    daemon.release("a")
    assert user1.finished(path) == "done"
    assert machine.now() == BEFORE


@pytest.mark.parametrize("tune", ["governor=/etc/passwd", "irq=2", "turbo", "min-frequency=2,max-frequency=1"])
def test_a_wrong_one_is_refused_before_anybody_is_asked(daemon, machine, administrator, polkit, user1, tune):  # noqa: F811
    daemon.start()
    error = user1.refuse_measure(tune=tune)
    assert error.name == ERROR + "InvalidRequest" and error.message.startswith("tune: ")
    assert polkit.actions() == []


def test_validation_takes_none(daemon, polkit, user1):
    daemon.start()
    error = user1.refuse_validate(tune=ASKED)
    assert error.name == ERROR + "InvalidRequest" and "tune" in error.message


def test_nothing_is_promised_that_could_not_be_put_back(daemon, machine, administrator, user1):  # noqa: F811
    daemon.runtime.chmod(0o777)
    daemon.start()
    error = user1.refuse_measure(tune=ASKED)
    assert error.name == ERROR + "NotReady" and "no safe place" in error.message
    assert machine.now() == BEFORE
