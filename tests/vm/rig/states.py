# SPDX-License-Identifier: MIT
"""Saved states: a VM that has booted and is idle, and one with the project installed. Restoring takes seconds."""

import dataclasses
import os
import shutil
import time
from pathlib import Path

from . import cache, image, install, qemu
from .cache import RigError
from .channel import Channel
from .qemu import Machine, Qemu

BOOT_TIMEOUT_SEC = {'tcg': 300, 'kvm': 45}
KEEP_BASE, KEEP_INSTALLED = 8, 6


def overlay(backing: Path, disk: Path) -> None:
    image.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', str(backing), str(disk)], timeout=60)


def _qemu_version() -> str:
    path = shutil.which('qemu-system-x86_64')
    if not path:
        raise RigError('missing: qemu-system-x86_64 (Debian: qemu-system-x86)')
    status = os.stat(path)
    return f'{path} {status.st_size} {status.st_mtime_ns}'


def _host() -> str:
    uname = os.uname()
    try:
        model = [line for line in Path('/proc/cpuinfo').read_text().splitlines() if line.startswith('model name')][:1]
    except OSError:  # a chroot without /proc
        model = []
    return f'{uname.release} {model}'


def wanted_accel() -> str:
    """JOULETRACE_VM_ACCEL=tcg|kvm, else kvm where it has not been seen to fail."""
    explicit = os.environ.get('JOULETRACE_VM_ACCEL', 'auto')
    if explicit in ('tcg', 'kvm'):
        return explicit
    if explicit != 'auto':
        raise RigError(f'JOULETRACE_VM_ACCEL={explicit}: expected auto, tcg or kvm')
    if not os.access('/dev/kvm', os.R_OK | os.W_OK) or _kvm_failed().exists():
        return 'tcg'
    return 'kvm'


def _kvm_failed() -> Path:
    return cache.cache_dir() / f'kvm-does-not-boot-{cache.digest(_host(), _qemu_version())}'


def _settle(channel: Channel) -> None:
    """Wait until nothing is left to do, and read in what the first commands will need."""
    warm = ('systemctl is-system-running --wait; systemctl start polkit.service ssh.service; '
            'busctl --system list; systemctl status; ps aux; id user1; perf --version; python3 -c "import gi, json"; '
            'journalctl -n1; for i in 1 2 3; do /bin/true; done; systemd-run --quiet --scope /bin/true; '
            'udevadm settle; sync; sleep 3')
    process = channel.start({'argv': ['/bin/sh', '-c', f'({warm}) >/dev/null 2>&1; cat /proc/loadavg']})
    process.wait(240)


def _save(work: Path, machine: Machine, image_dir: Path, prepare, restore_from: Path | None) -> None:
    """Run work/disk.qcow2, let `prepare` do its part, and leave work/disk.qcow2 and work/ram behind."""
    share = work / 'share'
    share.mkdir()
    process = Qemu(machine, image_dir, work / 'disk.qcow2', share, work / 'console.log', restore_from=restore_from)
    channel = None
    try:
        if restore_from:
            process.wait_restored()
        channel = Channel(process.agent)
        try:
            channel.ping(60 if restore_from else BOOT_TIMEOUT_SEC[machine.accel])
            prepare(channel)
        except RigError as error:
            raise RigError(f'{error}\n{process.last_words()}') from error
        process.save(work / 'ram')
        process.quit()
    finally:
        process.kill()
        if channel:
            channel.close()
    share.rmdir()


def _ensure_base(image_dir: Path, machine: Machine) -> Path:
    key = cache.digest(image_dir.name, machine.name(), _qemu_version(), Path(qemu.__file__), Path(__file__))
    final = cache.cache_dir() / f'base-{machine.name()}-{key}'
    if (final / 'ram').exists():
        os.utime(final)
        return final
    with cache.lock(f'base-{machine.name()}'):
        if (final / 'ram').exists():
            return final
        image.say(f'booting {machine.name()} once, to save its state')
        begin = time.monotonic()
        with cache.build_directory(final) as work:
            overlay(image_dir / 'root.qcow2', work / 'disk.qcow2')
            _save(work, machine, image_dir, _settle, None)
        image.say(f'saved after {time.monotonic() - begin:.0f} s')
        cache.prune(final.parent, 'base-*', KEEP_BASE)
    return final


def _ensure_installed(image_dir: Path, machine: Machine, base: Path, project: install.Staged) -> Path:
    key = cache.digest(base.name, project.digest, Path(install.__file__))
    final = cache.cache_dir() / f'installed-{key}'
    if (final / 'ram').exists():
        os.utime(final)
        return final
    with cache.lock('installed'):
        if (final / 'ram').exists():
            return final
        with cache.build_directory(final) as work:
            shutil.copyfile(base / 'disk.qcow2', work / 'disk.qcow2')
            _save(work, machine, image_dir, lambda channel: install.install_over(channel, project), base / 'ram')
        cache.prune(final.parent, 'installed-*', KEEP_INSTALLED)
    return final


def ensure_state(image_dir: Path, machine: Machine, project: install.Staged | None) -> tuple[Machine, Path]:
    """The saved state to restore, made now when it is not there; and the machine as it really is (accelerator)."""
    machine = dataclasses.replace(machine, accel=wanted_accel())
    try:
        base = _ensure_base(image_dir, machine)
    except RigError as error:
        if machine.accel == 'tcg' or os.environ.get('JOULETRACE_VM_ACCEL') == 'kvm':
            raise
        image.say(f'KVM does not boot a VM here, so software emulation it is ({str(error).splitlines()[0]})')
        _kvm_failed().touch()
        machine = dataclasses.replace(machine, accel='tcg')
        base = _ensure_base(image_dir, machine)
    if project is None:
        return machine, base
    return machine, _ensure_installed(image_dir, machine, base, project)
