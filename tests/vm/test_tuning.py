# SPDX-License-Identifier: MIT
"""The machine's settings in the kernel's own files: changed while a job is measured, and back whatever ends it. The
frequency driver is the fixture's; its boost, limits and governors are the kernel's, its energy preference a word."""

import pytest

from helpers import configure, detach, install_programs, job_state, joulectl, main_pid, measure, processes, quiesce, \
    wait_record, wait_state, wait_until

pytestmark = pytest.mark.vm(rapl={"cpufreq": 1})

CPUFREQ = "/sys/devices/system/cpu/cpufreq"
PARTITION = "/sys/fs/cgroup/jouletrace.slice/cpuset.cpus.partition"
JOURNAL = "/run/jouletrace/tuning"
RESERVED = "3"
POLICY = f"{CPUFREQ}/policy{RESERVED}/"
WANTED = {
    f"{CPUFREQ}/boost": "0",
    f"{POLICY}scaling_governor": "performance",
    f"{POLICY}energy_performance_preference": "balance_power",
    f"{POLICY}scaling_min_freq": "1600000",
    f"{POLICY}scaling_max_freq": "2000000",
    PARTITION: "root",
}
KNOBS = {"ReservedCPUs": RESERVED, "Partition": "root", "ReleaseSec": 1, "Governor": "performance", "EPP": "balance_power",
         "Turbo": "off", "MinFrequency": 1600000, "MaxFrequency": 2000000, "IRQAffinity": "others"}
PAUSING = (["sleep", "0.2"], ("--trials=6", "--warmups=1", "--cooldown=60s"))
# What the service says of the job; what it runs and how, and the knobs that make the moment last. A pause belongs to the
# trial after it; the first idle window is as long as the shortest window that is told.
JOBS = {
    "starting": (("settling", "baseline"), *PAUSING, {"MinWindow": "10s"}),
    "warming": (("warming",), ["sleep", "280"], ("--trials=2", "--warmups=1", "--wall-limit=300"), {}),
    "measuring": (("measuring",), ["sleep", "281"], ("--trials=2", "--warmups=0", "--wall-limit=300"), {}),
    "pausing": (("measuring",), *PAUSING, {}),
}


def settings(vm):
    """Of every processor and interrupt, and of the partition."""
    files = f"{CPUFREQ}/boost {CPUFREQ}/policy*/scaling_governor {CPUFREQ}/policy*/energy_performance_preference " \
            f"{CPUFREQ}/policy*/scaling_m??_freq /proc/irq/*/smp_affinity_list {PARTITION}"
    found = dict(line.split(":", 1) for line in vm.run(f"grep -s . {files}", check=False).out.splitlines())
    return {PARTITION: "member"} | found


def interrupts(found):
    return {path: cpus for path, cpus in found.items() if path.startswith("/proc/irq/")}


@pytest.fixture(scope="module")
def before(vm):
    """As the machine is by itself."""
    install_programs(vm)
    configure(vm, **KNOBS)
    found = settings(vm)
    assert set(WANTED) <= set(found), "the kernel offers every knob"
    assert not set(WANTED.items()) & set(found.items()), "each of them has something to change"
    assert found[f"{CPUFREQ}/boost"] == "1" and found[f"{POLICY}scaling_max_freq"] == "3000000"
    return found


@pytest.fixture(autouse=True)
def at_rest(vm, before):
    quiesce(vm)
    wait_back(vm, before)


def wait_back(vm, before):
    """All settings are as they were, and none is on record any more."""
    def different():
        now = settings(vm)
        return {path: (value, now.get(path)) for path, value in before.items() if now.get(path) != value}
    try:
        wait_until(lambda: not different(), "the old settings", timeout=20)
    except AssertionError as error:
        raise AssertionError(f"{error}: {different()}") from None
    assert vm.run(["test", "-e", JOURNAL], check=False).rc != 0, "the record of old settings is left"


def assert_changed(vm, before):
    """Each of them, and only they; interrupts are away from the reserved CPU as far as the kernel lets them go."""
    now = settings(vm)
    assert {path: now[path] for path in WANTED} == WANTED
    moved = {path for path, cpus in interrupts(before).items() if now[path] != cpus}
    assert moved, "no interrupt was moved"
    assert all(RESERVED not in now[path].replace("0-3", "0,1,2,3") for path in moved)
    others = set(before) - set(WANTED) - moved
    unasked = {path for path in others if now[path] != before[path] and not path.endswith("scaling_max_freq")}
    assert not unasked, "a processor that runs no job was changed"
    assert vm.run(["test", "-e", JOURNAL], check=False).rc == 0, "the old values are not on record"


def start(vm, moment):
    """A job in that moment."""
    states, command, options, knobs = JOBS[moment]
    configure(vm, "reload", **KNOBS, **knobs)
    job = detach(vm, *command, options=options)
    wait_state(vm, job, *states)
    if moment in ("warming", "measuring"):
        wait_until(lambda: processes(vm, f"^{' '.join(command)}"), "the program")
    return job


def test_they_hold_for_the_job_and_no_longer(vm, before):
    job = start(vm, "measuring")
    assert_changed(vm, before)
    joulectl(vm, "cancel", str(job))
    wait_back(vm, before)
    assert measure(vm, "sleep", "0.15")["job"]["result"] == "done"
    wait_back(vm, before)


def test_they_are_back_after_a_stop(vm, before):
    start(vm, "measuring")
    assert_changed(vm, before)
    vm.run("systemctl stop jouletraced.service", timeout=60)
    wait_back(vm, before)


@pytest.mark.parametrize("moment", JOBS)
def test_they_are_back_after_the_daemon_was_killed(vm, before, moment):
    job = start(vm, moment)
    assert_changed(vm, before)
    pid = main_pid(vm)
    vm.run(["kill", "-KILL", str(pid)])
    wait_back(vm, before)
    wait_until(lambda: main_pid(vm) not in (0, pid), "the service's return", timeout=15)
    assert wait_record(vm, job)["job"]["error"]["name"].endswith(".ServiceRestarted")


@pytest.mark.parametrize("moment", JOBS)
def test_they_are_back_after_the_worker_was_killed(vm, before, moment):
    job = start(vm, moment)
    assert_changed(vm, before)
    vm.run(["pkill", "-KILL", "-x", "jt-judge"])
    assert wait_record(vm, job)["job"]["error"]["name"].endswith(".WorkerFailed")
    wait_back(vm, before)


@pytest.mark.vm(rapl={"cpufreq": 1}, persist_disk=True)
def test_they_are_back_after_a_power_cut(vm, before):
    """The kernel forgets them with the boot; nothing that was written down may bring them back, or be in their way."""
    job = start(vm, "measuring")
    assert_changed(vm, before)
    vm.run("sync")
    vm.kill9()
    vm.reboot_cold()
    wait_back(vm, before)
    assert wait_record(vm, job)["job"]["error"]["name"].endswith(".ServiceRestarted")
    assert job_state(vm, job) is None or job_state(vm, job) == "failed"
    again = start(vm, "measuring")
    assert_changed(vm, before)
    joulectl(vm, "cancel", str(again))
    wait_back(vm, before)
