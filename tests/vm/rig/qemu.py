# SPDX-License-Identifier: MIT
"""One QEMU process: its command line, its monitor, its end."""

import ctypes
import dataclasses
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from .cache import RigError

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclasses.dataclass(frozen=True)
class Machine:
    """What a saved state depends on: restoring one needs the very same devices."""

    release: str
    smp: int = 4
    sockets: int = 1
    threads: int = 1
    memory_mib: int = 2048
    cpu_vendor: str = ''
    accel: str = 'tcg'

    def name(self) -> str:
        vendor = f'-{self.cpu_vendor}' if self.cpu_vendor else ''
        return (f'{self.release}-{self.accel}-{self.smp}cpu-{self.sockets}socket-{self.threads}thread'
                f'-{self.memory_mib}m{vendor}')

    def arguments(self) -> list[str]:
        if self.smp % (self.sockets * self.threads):
            raise RigError(f'{self.smp} CPUs cannot be {self.sockets} sockets with {self.threads} threads a core')
        # QEMU shows SMT to the guest only with Intel's way of numbering CPUs.
        vendor = self.cpu_vendor or ('GenuineIntel' if self.threads > 1 else '')
        cores = self.smp // self.sockets // self.threads
        return ['-accel', 'tcg,thread=multi' if self.accel == 'tcg' else self.accel,
                '-cpu', 'max' + (f',vendor={vendor}' if vendor else ''),
                '-smp', f'{self.smp},sockets={self.sockets},cores={cores},threads={self.threads}',
                '-m', str(self.memory_mib)]


def _die_with_parent(parent: int):
    def set_up():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
    return set_up


class Qemu:
    """A running QEMU. The agent's stream is `agent`, a connected socket."""

    def __init__(self, machine: Machine, image: Path, disk: Path, share: Path, console: Path, *,
                 writethrough: bool = False, restore_from: Path | None = None):
        self.console = console
        self.log = console.with_suffix('.qemu.log')
        self.agent, agent_end = socket.socketpair()
        self._qmp, qmp_end = socket.socketpair()
        state = os.open(restore_from, os.O_RDONLY | os.O_CLOEXEC) if restore_from else None
        passed = [agent_end.fileno(), qmp_end.fileno()] + ([state] if state is not None else [])
        argv = ['qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-nic', 'none',
                *machine.arguments(),
                '-kernel', str(image / 'vmlinuz'), '-initrd', str(image / 'initrd'),
                # Under emulation the TSC is one for all CPUs, and far cheaper to read than the HPET.
                '-append', 'root=/dev/vda rw console=ttyS0 quiet panic=1 mitigations=off tsc=reliable',
                '-chardev', f'socket,id=agent,fd={agent_end.fileno()}',
                '-chardev', f'socket,id=monitor,fd={qmp_end.fileno()}', '-mon', 'chardev=monitor,mode=control',
                '-serial', f'file:{console}',
                '-drive', f'file={disk},format=qcow2,if=virtio,cache={"writethrough" if writethrough else "unsafe"}',
                '-device', 'virtio-serial-pci', '-device', 'virtserialport,chardev=agent,name=org.jouletrace.test',
                '-fsdev', f'local,id=share,path={share},security_model=none,multidevs=remap',
                '-device', 'virtio-9p-pci,fsdev=share,mount_tag=share']
        if state is not None:
            argv += ['-incoming', f'fd:{state}']
        try:
            with open(self.log, 'wb') as log:
                self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                pass_fds=passed, preexec_fn=_die_with_parent(os.getpid()))
        except OSError as error:
            raise RigError(f'qemu-system-x86_64: {error}') from error
        finally:
            agent_end.close()
            qmp_end.close()
            if state is not None:
                os.close(state)
        self._replies = self._qmp.makefile('rb')
        self._qmp.settimeout(30)
        self._answer()
        self.command('qmp_capabilities')
        self._place()

    def _place(self) -> None:
        """The main thread plays the timers, which are late by a time slice when it has to wait: it goes first. Each CPU stays on
        one of the host's where there are enough, else two of them may share one while another is free. Root may."""
        host, cpus = sorted(os.sched_getaffinity(0)), self.command('query-cpus-fast')
        try:
            os.sched_setscheduler(self.process.pid, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
            if len(cpus) <= len(host):
                for cpu in cpus:
                    os.sched_setaffinity(cpu['thread-id'], {host[cpu['cpu-index']]})
        except PermissionError:
            pass

    def _answer(self) -> dict:
        try:
            line = self._replies.readline()
        except OSError as error:
            raise RigError(f'QEMU does not answer: {error}\n{self.last_words()}') from error
        if not line:
            raise RigError(f'QEMU ended\n{self.last_words()}')
        return json.loads(line)

    def command(self, name: str, **arguments):
        self._qmp.sendall(json.dumps({'execute': name, 'arguments': arguments}).encode() + b'\n')
        while True:
            reply = self._answer()
            if 'return' in reply:
                return reply['return']
            if 'error' in reply:
                raise RigError(f'QEMU: {name}: {reply["error"]["desc"]}')

    def wait_restored(self, timeout: float = 60) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            status = self.command('query-status')['status']
            if status == 'running':
                return
            if status == 'paused':  # as it was when it was saved
                self.command('cont')
            elif status != 'inmigrate':
                break
            time.sleep(0.05)
        raise RigError(f'the saved state could not be restored\n{self.last_words()}')

    def save(self, path: Path, timeout: float = 180) -> None:
        """Stop the VM and write its state; the disk file then holds what belongs to it."""
        self.command('stop')
        self.command('migrate-set-parameters', **{'max-bandwidth': 1 << 40})
        self.command('migrate', uri=f'exec:cat > {path}')
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            status = self.command('query-migrate').get('status')
            if status == 'completed':
                return
            if status in ('failed', 'cancelled'):
                break
            time.sleep(0.05)
        raise RigError(f'the state of the VM could not be saved\n{self.last_words()}')

    def quit(self) -> None:
        try:
            self.command('quit')
            self.process.wait(10)
        except (RigError, OSError, subprocess.TimeoutExpired):
            pass
        self.kill()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            raise RigError('QEMU cannot be killed') from None
        self._replies.close()
        self._qmp.close()

    def last_words(self) -> str:
        words = []
        for path in (self.log, self.console):
            try:
                words.append(f'--- {path.name}\n' + path.read_text(errors='replace')[-3000:])
            except OSError:
                pass
        return '\n'.join(words)
