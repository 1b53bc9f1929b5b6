# SPDX-License-Identifier: MIT
"""Reserved cores: the partition is taken when there is work, read back, and given back."""

import pytest

from helpers import configure, detach, install_programs, joulectl, measure, quiesce, wait_state, wait_until

PARTITION = "/sys/fs/cgroup/jouletrace.slice/cpuset.cpus.partition"
MANAGER = ["org.jouletrace.JouleTrace1", "/org/jouletrace/JouleTrace1", "org.jouletrace.JouleTrace1.Manager"]


@pytest.fixture(scope="module", autouse=True)
def programs(vm):
    install_programs(vm)


def partition(vm):
    return vm.run(f"cat {PARTITION} 2>/dev/null || echo member", check=False)[1].strip()


def isolation(vm):
    return vm.run(["busctl", "get-property", *MANAGER, "IsolationLevel"])[1].split('"')[1]


@pytest.mark.parametrize("kind", ["root", "isolated"])
def test_partition_is_taken_and_given_back(vm, kind):
    configure(vm, Partition=kind, ReleaseSec=3)
    job = detach(vm, "sleep", "60", options=("--wall-limit=100",))
    wait_state(vm, job, "warming", "measuring")
    assert partition(vm) == kind
    assert isolation(vm) == "reserved"
    reserved = vm.run(["busctl", "get-property", *MANAGER, "ReservedCPUs"])[1].split('"')[1]
    others = vm.run("cat /sys/fs/cgroup/system.slice/cpuset.cpus.effective || cat /sys/fs/cgroup/cpuset.cpus.effective")[1].strip()
    assert reserved and reserved not in others.split(",") and reserved != others
    joulectl(vm, "cancel", str(job))
    wait_until(lambda: partition(vm) == "member", "the partition's end", timeout=20)
    done = measure(vm, "sleep", "0.15")
    assert done["environment"]["isolation"] == "reserved"
    assert done["environment"]["reserved_cpus"] == reserved


def test_partition_is_given_back_at_stop(vm):
    configure(vm, Partition="root", ReleaseSec=300)
    measure(vm, "sleep", "0.15")
    assert partition(vm) == "root"
    vm.run("systemctl stop jouletraced.service", timeout=60)
    assert partition(vm) == "member"


def test_partition_is_given_back_after_a_crash(vm):
    configure(vm, Partition="root", ReleaseSec=2)
    job = detach(vm, "sleep", "60", options=("--wall-limit=100",))
    wait_state(vm, job, "warming", "measuring")
    vm.run("systemctl kill -s KILL --kill-whom=main jouletraced.service")
    wait_until(lambda: partition(vm) == "member", "the partition's end", timeout=30)


def test_partition_is_given_back_without_another_start(vm):
    dropin = "/run/systemd/system/jouletraced.service.d/stays-down.conf"
    configure(vm, Partition="root", ReleaseSec=300)
    measure(vm, "sleep", "0.15")
    assert partition(vm) == "root"
    vm.run(f"mkdir -p $(dirname {dropin}); printf '[Service]\\nRestart=no\\n' > {dropin}; systemctl daemon-reload")
    vm.run("systemctl kill -s KILL --kill-whom=main jouletraced.service")
    wait_until(lambda: partition(vm) == "member", "the partition's end", timeout=30)
    wait_until(lambda: vm.run(["systemctl", "is-active", "jouletraced.service"], check=False)[1].strip() == "failed", "the service's end")
    vm.run(f"rm {dropin}; systemctl daemon-reload; systemctl reset-failed jouletraced.service")


def test_no_partition_is_confined(vm):
    configure(vm, Partition="none")
    assert measure(vm, "sleep", "0.15")["environment"]["isolation"] == "confined"
    assert partition(vm) == "member"


def test_named_cpus(vm):
    configure(vm, ReservedCPUs="2-3")
    done = measure(vm, "sleep", "0.15")
    assert done["environment"]["reserved_cpus"] == "2-3"


def test_a_lost_partition_is_noticed(vm):
    """Somebody else gives the CPUs away under us: what the report says is what was read back."""
    configure(vm, Partition="root", ReleaseSec=300)
    quiesce(vm)
    measure(vm, "sleep", "0.15")
    vm.run(f"echo member > {PARTITION}")
    done = measure(vm, "sleep", "0.15")
    assert done["environment"]["isolation"] == ("reserved" if partition(vm) == "root" else "confined")
