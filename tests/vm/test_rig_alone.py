# SPDX-License-Identifier: MIT
"""Parts of the rig that need no VM, or make their own: only one runs at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

import rig
from rig import sources


def test_a_folder_of_the_host(tmp_path):
    (tmp_path / 'here').write_text('from here')
    with rig.VM(rapl=None, share=tmp_path) as vm:
        assert vm.read('/share/here') == 'from here'
        vm.run('echo from there > /share/there')
        with pytest.raises(rig.RigError, match='already'):
            rig.VM().start()
    assert (tmp_path / 'there').read_text() == 'from there\n'


def test_the_command_line():
    """stdout, stderr, exit code and "--" of the command come through as they are."""
    script = Path(rig.__file__).parent.parent / 'vm'
    done = subprocess.run([sys.executable, script, '--no-project', '--no-rapl', '--', 'sh', '-c',
                           'cat; echo "$@" >&2; exit 9', 'sh', '--', 'x y'], input='in', text=True, timeout=600,
                          capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (9, 'in', '-- x y\n')


class TestSources:
    """The image's apt sources come from the host's."""

    @pytest.fixture
    def etc(self, tmp_path):
        (tmp_path / 'sources.list.d').mkdir()
        return tmp_path

    def test_deb822(self, etc):
        (etc / 'sources.list.d' / 'debian.sources').write_text(
            'Types: deb deb-src\nURIs: file:/mirror\nSuites: bookworm bookworm-updates bookworm-backports\n'
            'Components: main contrib\nSigned-By: /k.gpg\n\n# off\nEnabled: no\nTypes: deb\nURIs: file:/off\n'
            'Suites: bookworm\nComponents: main\n\nTypes: deb\nURIs: file:/security\nSuites: bookworm-security\n'
            'Components: main\n\nTypes: deb\nURIs: file:/other\nSuites: nodistro\nComponents: main\n')
        assert sources.sources_for('trixie', etc, 'bookworm') == (
            'Types: deb\nURIs: file:/mirror\nSuites: trixie trixie-updates\nComponents: main\nSigned-By: /k.gpg\n\n'
            'Types: deb\nURIs: file:/security\nSuites: trixie-security\nComponents: main\n')

    def test_one_line(self, etc):
        (etc / 'sources.list').write_text('# deb file:/no bookworm main\ndeb [arch=amd64 signed-by=/k.gpg] file:/mirror '
                                          'bookworm main non-free\ndeb-src file:/mirror bookworm main\n')
        assert sources.sources_for('bookworm', etc, 'bookworm') == (
            'Types: deb\nURIs: file:/mirror\nSuites: bookworm\nComponents: main\nSigned-By: /k.gpg\n')

    def test_none(self, etc):
        with pytest.raises(rig.RigError, match='no apt source'):
            sources.sources_for('bookworm', etc, 'bookworm')
