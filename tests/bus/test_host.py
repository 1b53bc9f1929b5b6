# SPDX-License-Identifier: MIT
"""The machine's settings while a job is measured: changed as configured, and back whatever ends the job."""

import os
import shutil
import signal

import pytest

from harness import TOP, wait_for

CPU = "sys/devices/system/cpu"
BEFORE = {
    f"{CPU}/intel_pstate/no_turbo": "0",
    f"{CPU}/cpufreq/policy0/affected_cpus": "0",
    f"{CPU}/cpufreq/policy0/scaling_governor": "powersave",
    f"{CPU}/cpufreq/policy0/energy_performance_preference": "balance_performance",
    f"{CPU}/cpufreq/policy0/scaling_max_freq": "4000000",
    f"{CPU}/cpufreq/policy0/scaling_min_freq": "800000",
    "proc/irq/24/smp_affinity_list": "0-3",
}
KNOBS = {"Governor": "performance", "EPP": "performance", "Turbo": "off", "MinFrequency": 2000000, "MaxFrequency": 2000000}
TUNED = BEFORE | {
    f"{CPU}/intel_pstate/no_turbo": "1",
    f"{CPU}/cpufreq/policy0/scaling_governor": "performance",
    f"{CPU}/cpufreq/policy0/energy_performance_preference": "performance",
    f"{CPU}/cpufreq/policy0/scaling_max_freq": "2000000",
    f"{CPU}/cpufreq/policy0/scaling_min_freq": "2000000",
}


class Machine:
    def __init__(self, tree):
        self.tree = tree
        shutil.copytree(TOP / "tests/fixtures/intel-client", tree, symlinks=True)
        for name, value in BEFORE.items():
            path = tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(value + "\n", encoding="ascii")

    def now(self):
        return {name: (self.tree / name).read_text(encoding="ascii").strip() for name in BEFORE}


@pytest.fixture
def machine(daemon):
    it = Machine(daemon.directory / "machine")
    daemon.more = ("--sysroot", it.tree)
    return it


def measure_on_hold(daemon, user, **keys):
    user.listen()
    number, path = user.measure(daemon.on_hold("a"), **keys)
    daemon.wait_started("a")
    return number, path


def restore(daemon, machine):
    """What ExecStopPost= runs."""
    code, out = daemon.run("--restore-host", "--sysroot", machine.tree, "--runtime-dir", daemon.runtime)
    assert code == 0, out
    return out


def journal(daemon):
    return daemon.runtime / "tuning"


def test_nothing_is_changed_unasked(daemon, machine, user1):
    daemon.configure(LogLevel="debug")
    daemon.start()
    _, path = measure_on_hold(daemon, user1)
    assert machine.now() == BEFORE and not journal(daemon).exists()
    daemon.release("a")
    assert user1.finished(path) == "done"


def test_settings_hold_for_the_job_and_no_longer(daemon, machine, user1):
    daemon.configure(**KNOBS)
    daemon.start()
    assert machine.now() == BEFORE
    _, path = measure_on_hold(daemon, user1)
    assert machine.now() == TUNED and journal(daemon).exists()
    daemon.release("a")
    assert user1.finished(path) == "done"
    assert machine.now() == BEFORE and not journal(daemon).exists()


def test_userspace_governor_is_left_alone(daemon, machine, user1):
    """The frequency it was told could not be put back."""
    governor = machine.tree / CPU / "cpufreq/policy0/scaling_governor"
    governor.write_text("userspace\n", encoding="ascii")
    daemon.configure(Governor="performance")
    daemon.start()
    _, path = measure_on_hold(daemon, user1)
    assert governor.read_text(encoding="ascii") == "userspace\n" and "policy0 is userspace" in daemon.text()
    daemon.release("a")
    assert user1.finished(path) == "done"


def test_validation_changes_nothing(daemon, machine, user1, polkit):
    polkit.set("deny", validate="allow")
    daemon.configure(**KNOBS)
    daemon.start()
    user1.listen()
    _, path = user1.validate(daemon.on_hold("a"), tests=[("1", 0, 1, 1, 1)])
    daemon.wait_started("a")
    assert machine.now() == BEFORE
    daemon.release("a")
    user1.finished(path)


def test_cancelled(daemon, machine, user1):
    daemon.configure(**KNOBS)
    daemon.start()
    _, path = measure_on_hold(daemon, user1)
    user1.call("Cancel", path=path, interface="org.jouletrace.JouleTrace1.Job")
    assert user1.finished(path) == "cancelled"
    assert machine.now() == BEFORE


def test_stopped(daemon, machine, user1):
    daemon.configure(**KNOBS)
    daemon.start()
    measure_on_hold(daemon, user1)
    assert machine.now() == TUNED
    assert daemon.stop() == 0
    assert machine.now() == BEFORE and not journal(daemon).exists()


def test_worker_killed(daemon, machine, user1):
    daemon.configure(**KNOBS)
    daemon.start()
    _, path = measure_on_hold(daemon, user1)
    assert machine.now() == TUNED
    with open(f"/proc/{daemon.pid}/task/{daemon.pid}/children", encoding="ascii") as children:
        for worker in children.read().split():
            os.kill(int(worker), signal.SIGKILL)
    assert user1.finished(path) == "infrastructure"
    assert machine.now() == BEFORE and not journal(daemon).exists()


def test_killed_and_ended_by_systemd(daemon, machine, user1):
    daemon.configure(**KNOBS)
    daemon.start()
    measure_on_hold(daemon, user1)
    daemon.kill()
    assert machine.now() == TUNED
    assert "as they were" in restore(daemon, machine)
    assert machine.now() == BEFORE and not journal(daemon).exists()
    assert restore(daemon, machine) == ""


def test_killed_and_started_again(daemon, machine, user1):
    daemon.configure(**KNOBS)
    daemon.start()
    measure_on_hold(daemon, user1)
    daemon.kill()
    daemon.configure()
    daemon.start()
    assert machine.now() == BEFORE and not journal(daemon).exists()
    assert "as they were" in daemon.text()


def test_a_living_service_is_left_alone(daemon, machine, user1):
    daemon.configure(**KNOBS)
    daemon.start()
    _, path = measure_on_hold(daemon, user1)
    assert "A service is running" in restore(daemon, machine)
    assert machine.now() == TUNED and journal(daemon).exists()
    daemon.release("a")
    assert user1.finished(path) == "done"
    assert machine.now() == BEFORE


PARTITION = "sys/fs/cgroup/jouletrace.slice/cpuset.cpus.partition"


def leave_partition(machine, text):
    path = machine.tree / PARTITION
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="ascii")
    return path


@pytest.mark.parametrize("left", ["root\n", "isolated invalid (Cpu list in cpuset.cpus not exclusive)\n"])
def test_a_crash_leaves_no_partition(daemon, machine, left):
    """Not even until somebody starts the service again."""
    path = leave_partition(machine, left)
    assert f"left behind ({left.strip()})" in restore(daemon, machine)
    assert path.read_text(encoding="ascii").splitlines()[0] == "member"
    assert restore(daemon, machine) == ""


def test_a_living_service_keeps_its_partition(daemon, machine, user1):
    path = leave_partition(machine, "root\n")
    daemon.start()
    restore(daemon, machine)
    assert path.read_text(encoding="ascii") == "root\n"


def test_no_runtime_directory(daemon, machine):
    code, out = daemon.run("--restore-host", "--sysroot", machine.tree, "--runtime-dir", daemon.runtime / "none")
    assert (code, out) == (0, "")


def test_a_directory_of_others_keeps_no_values(daemon, machine, user1):
    """Whoever could write there would have root write for him."""
    daemon.runtime.chmod(0o777)
    daemon.configure(**KNOBS)
    daemon.start()
    _, path = measure_on_hold(daemon, user1)
    assert machine.now() == BEFORE
    daemon.release("a")
    assert user1.finished(path) == "done"
    wait_for(lambda: "stay as they are" in daemon.text(), "the log says why")


def test_sleep_is_not_held_off_without_logind(daemon, machine, user1):
    daemon.start()
    number, path = measure_on_hold(daemon, user1)
    daemon.release("a")
    assert user1.finished(path) == "done"
    assert user1.report(number)["context"]["may_sleep"].startswith("logind does not hold it off: ")
