# SPDX-License-Identifier: MIT
"""The `vm` fixture: each test file has a VM of its own, restored from a saved state with the project installed.

@pytest.mark.vm(…) on a module, class or test changes it; its arguments are those of rig.VM, and project=False leaves the
project out. Tests that ask for the same VM stand together, since a change of VM costs a restore.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import rig  # noqa: E402  (found through the path set above)


# The same options must be the same object: pytest tells a fixture's parameters apart by identity.
_options: dict[str, dict] = {}


def pytest_configure(config):
    config.addinivalue_line('markers', 'vm(**options): the VM these tests want; see rig.VM')


def pytest_generate_tests(metafunc):
    if 'vm' not in metafunc.fixturenames:
        return
    options = {}
    for mark in reversed(list(metafunc.definition.iter_markers('vm'))):  # module first, test last
        options |= mark.kwargs
    if options:
        name = ','.join(f'{key}={value}'.replace(' ', '') for key, value in sorted(options.items()))
        metafunc.parametrize('vm', [pytest.param(_options.setdefault(name, options), id=name)], indirect=True, scope='module')


@pytest.fixture(scope='session')
def project():
    """The project as `meson install` lays it out."""
    return rig.stage()


@pytest.fixture(scope='module')
def vm(request):
    options = dict(getattr(request, 'param', {}))
    options.setdefault('release', os.environ.get('JOULETRACE_VM_RELEASE'))
    with_project = options.pop('project', True)
    with rig.VM(project=request.getfixturevalue('project') if with_project else None, **options) as machine:
        yield machine


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    machine = getattr(item, 'funcargs', {}).get('vm')
    if report.failed and isinstance(machine, rig.VM):
        try:
            report.sections.append(('journal of the VM', machine.journal()))
        except rig.RigError as error:
            report.sections.append(('journal of the VM', f'{error}\n{machine.console()}'))
