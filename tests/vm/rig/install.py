# SPDX-License-Identifier: MIT
"""The project, built here and installed in the VM as an administrator would install it."""

import dataclasses
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

from . import cache
from .cache import RigError
from .channel import Channel, CommandFailed

TREE = Path(__file__).resolve().parents[3]
BUILD_TIMEOUT_SEC = 1200
MEMBERS = ('user1', 'user2')
FOREIGN_LOAD = 5  # %, ten times the default: an emulated machine's own services take a share that no real one's do

# Each step is there for a file the project may bring; a tree that has not got that file yet installs all the same.
STEPS = '''
set -e
systemd-sysusers
systemd-tmpfiles --create --prefix=/var/lib/jouletrace --prefix=/run/jouletrace || true
if getent group jouletrace >/dev/null; then
        for user in @MEMBERS@; do usermod -a -G jouletrace $user; done
fi
mkdir -p /etc/jouletrace/jouletraced.conf.d
printf '[JouleTrace]\\nForeignLoadLimit=@FOREIGN_LOAD@\\n' > /etc/jouletrace/jouletraced.conf.d/emulated.conf
systemctl daemon-reload
journalctl --update-catalog
busctl --system call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig >/dev/null
for unit in @UNITS@; do
        case $unit in *@.*) continue;; esac
        if grep -q '^\\[Install\\]' /usr/lib/systemd/system/$unit; then
                case $unit in
                *.socket) systemctl enable --now -q $unit;;
                *) systemctl enable -q $unit;;
                esac
        fi
done
if systemctl is-active -q polkit; then systemctl restart polkit; fi
sync
'''


@dataclasses.dataclass(frozen=True)
class Staged:
    """What `meson install` put into an empty directory: a tar archive, its units, and a digest of its contents."""

    tar: bytes
    units: tuple[str, ...]
    digest: str


def _command(argv, log, **env) -> None:
    try:
        subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                       timeout=BUILD_TIMEOUT_SEC, env={**os.environ, **env})
    except (OSError, subprocess.SubprocessError) as error:
        log.flush()
        tail = ''.join(Path(log.name).read_text(errors='replace').splitlines(True)[-40:])
        raise RigError(f'{" ".join(map(str, argv))}: {error}\n{tail}') from error


def _pack(root: Path) -> Staged:
    """Sorted, without times and owners of this machine: the same contents give the same digest."""
    data, sha, units = BytesIO(), hashlib.sha256(), []
    with tarfile.open(fileobj=data, mode='w') as tar:
        for path in sorted(root.rglob('*')):
            member = tar.gettarinfo(path, str(path.relative_to(root)))
            member.uid = member.gid = member.mtime = 0
            member.uname = member.gname = 'root'
            content = path.read_bytes() if member.isreg() else b''
            sha.update(f'{member.name}\0{member.mode:o}\0{member.linkname}\0{len(content)}\0'.encode() + content)
            # The VM's own directories keep their modes: only those of the project are made.
            tar.addfile(member, BytesIO(content) if member.isreg() else None)
            if path.parent.name == 'system' and path.parent.parent.name == 'systemd' and member.isreg():
                units.append(path.name)
    return Staged(data.getvalue(), tuple(units), sha.hexdigest())


def stage(build_dir: Path | str | None = None) -> Staged:
    """Build the tree (into `build_dir`, else $JOULETRACE_BUILD, else build/) and stage its installation."""
    build = TREE / (build_dir or os.environ.get('JOULETRACE_BUILD') or 'build')
    with cache.lock('stage', 1800), tempfile.TemporaryDirectory(prefix='jouletrace-stage-') as tmp:
        root = Path(tmp) / 'root'
        root.mkdir()
        with open(Path(tmp) / 'log', 'w', encoding='utf-8') as log:
            if not (build / 'build.ninja').exists():
                if not shutil.which('meson'):
                    raise RigError('missing: meson')
                _command(['meson', 'setup', str(build), str(TREE)], log)
            _command(['meson', 'compile', '-C', str(build)], log)
            _command(['meson', 'install', '--no-rebuild', '-C', str(build)], log, DESTDIR=str(root))
        return _pack(root)


def _run(channel: Channel, argv, timeout: float, input: bytes = b'') -> None:
    process = channel.start({'argv': argv, 'input': True})
    process.write(input, timeout)
    process.close_input()
    result = process.wait(timeout)
    if result.rc != 0:
        raise CommandFailed(argv, *result)


def install_over(channel: Channel, project: Staged) -> None:
    """Unpack and do what the manual tells an administrator to do."""
    _run(channel, ['tar', '--no-overwrite-dir', '--keep-directory-symlink', '-x', '-C', '/'], 120, project.tar)
    steps = STEPS
    for name, value in (('MEMBERS', ' '.join(MEMBERS)), ('UNITS', ' '.join(project.units)), ('FOREIGN_LOAD', str(FOREIGN_LOAD))):
        steps = steps.replace(f'@{name}@', value)
    _run(channel, ['/bin/sh', '-c', steps], 180)


def install_project(vm, project: Staged | None = None) -> None:
    """Install the project in a running VM (a VM made with project=… is restored with it installed)."""
    install_over(vm._channel, project or stage())
