# SPDX-License-Identifier: MIT
"""QEMU is killed right after Finished, on a disk that keeps its writes: the record is there after boot."""

import pytest

from helpers import joulectl, measure, report


BOOT = "/proc/sys/kernel/random/boot_id"


@pytest.mark.vm(persist_disk=True)
def test_the_record_survives(vm):
    boot = vm.read(BOOT)
    done = measure(vm, "sleep", "0.15")
    vm.kill9()
    vm.reboot_cold()
    assert vm.read(BOOT) != boot, "it is another boot"
    kept = report(vm, done["job"]["id"])
    assert kept["job"]["uuid"] == done["job"]["uuid"] and kept["job"]["result"] == "done"
    assert kept["measurement"] == done["measurement"]
    assert measure(vm, "sleep", "0.15")["job"]["id"] > done["job"]["id"]
    assert joulectl(vm, "jobs", "--all")[1].count("\n") >= 2
