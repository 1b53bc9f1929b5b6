# SPDX-License-Identifier: MIT
"""-H HOST over the VM's own sshd, and the languages of the words people read."""

import json

import pytest

from helpers import BRISK, joulectl, measure


@pytest.fixture(scope="module", autouse=True)
def keys(vm):
    vm.run("systemctl start ssh", timeout=60)
    vm.run("mkdir -p ~/.ssh && ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519 && cp ~/.ssh/id_ed25519.pub ~/.ssh/authorized_keys "
           "&& chmod 600 ~/.ssh/authorized_keys && ssh-keyscan localhost > ~/.ssh/known_hosts 2>/dev/null", user="user1", timeout=60)


def test_reading_verbs(vm):
    job = measure(vm, "sleep", "0.15")["job"]["id"]
    assert json.loads(joulectl(vm, "-H", "localhost", "show", "--json", str(job))[1])["job"]["id"] == job
    assert json.loads(joulectl(vm, "-H", "localhost", "status", "--json")[1])
    assert "package-0" in joulectl(vm, "-H", "localhost", "topology")[1]
    assert str(job) in joulectl(vm, "-H", "localhost", "jobs", "--all")[1]


def test_measure_says_how(vm):
    code, _, err = joulectl(vm, "-H", "localhost", "measure", *BRISK, "--", "sleep", "0.15", check=False)
    assert code == 2 and "ssh localhost joulectl" in err


def test_a_host_that_is_not_there(vm):
    code, _, err = joulectl(vm, "-H", "nowhere.invalid", "status", check=False, timeout=90)
    assert code not in (0, 1) and "nowhere.invalid" in err
