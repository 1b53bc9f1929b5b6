# SPDX-License-Identifier: MIT
"""Fixtures of the bus tests; what they give is explained in harness.py."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

import harness


def pytest_configure(config):
    if os.geteuid() != 0:
        raise pytest.UsageError("the bus tests act as several users: run them as root (./dev test bus does)")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """The daemon's log stands below a failure."""
    outcome = yield
    report = outcome.get_result()
    daemon = item.funcargs.get("daemon") if hasattr(item, "funcargs") else None
    if report.failed and daemon:
        report.sections.append(("jouletraced", daemon.text()[-20000:]))


@pytest.fixture(scope="session")
def bus():
    private = harness.PrivateBus()
    yield private
    private.close()


@pytest.fixture
def directory():
    """Reachable by every user, unlike pytest's tmp_path."""
    path = Path(tempfile.mkdtemp(prefix="jouletrace-test-"))
    path.chmod(0o1777)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def polkit(bus):
    mock = harness.Polkit(bus)
    yield mock
    mock.root.close()


@pytest.fixture
def daemon(bus, polkit):
    """Not started, so that a test can configure it; polkit allows to measure and nothing else."""
    polkit.set("deny", measure="allow")
    path = Path(tempfile.mkdtemp(prefix="jouletrace-daemon-"))
    it = harness.Daemon(bus, path)
    yield it
    if it.process:
        code = it.stop()
        assert code == 0, f"the daemon ended with {code} at SIGTERM"
    assert "Sanitizer" not in it.text() and "runtime error" not in it.text()
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def clients(bus):
    """clients(user): a new connection of that user, closed with the test."""
    opened = []

    def new(user):
        opened.append(bus.client(user))
        return opened[-1]

    yield new
    for client in opened:
        client.close()


@pytest.fixture
def user1(clients):
    return clients(harness.USER1)


@pytest.fixture
def user2(clients):
    return clients(harness.USER2)
