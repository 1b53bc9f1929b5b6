# SPDX-License-Identifier: MIT
"""A VM as the tests use it: restored from a saved state in seconds, driven through the agent, thrown away."""

import contextlib
import os
import shlex
import shutil
import tarfile
import time
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

from . import cache, image, install, kmod, sources, states
from .cache import RigError
from .channel import Channel, CommandFailed, Process, Result
from .qemu import Machine, Qemu

RAPL = 'jouletrace_rapl_fixture'
LOCK_TIMEOUT_SEC = float(os.environ.get('JOULETRACE_VM_WAIT_SEC', 1800))


class VM:
    """One virtual machine.

    smp, sockets, threads  CPUs in all, packages, threads a core
    rapl                   parameters of the RAPL fixture module ({}: its defaults), None: no RAPL at all
    project                what install.stage() returned: installed when the VM starts; None: a bare Debian
    share                  a directory of the host, mounted at /share
    persist_disk           the disk keeps its writes over kill9() and reboot_cold()
    """

    _running: 'VM | None' = None

    def __init__(self, smp=4, sockets=1, threads=1, release=None, rapl=MappingProxyType({}), project=None, share=None,
                 persist_disk=False, memory_mib=2048, cpu_vendor=''):
        self.release = release or sources.default_release()
        self.machine = Machine(self.release, smp, sockets, threads, memory_mib, cpu_vendor)
        self.rapl, self.project, self.share, self.persist_disk = rapl, project, share, persist_disk
        self.timings: dict[str, float] = {}
        self._stack = contextlib.ExitStack()
        self._qemu: Qemu | None = None
        self._channel: Channel | None = None
        self._disk: Path | None = None

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> 'VM':
        if VM._running is not None:
            raise RigError('this process has a VM already, and there is one at a time')
        VM._running = self
        try:
            self._stack.enter_context(cache.lock('one-vm', LOCK_TIMEOUT_SEC))
            begin = time.monotonic()
            self.image = image.ensure_image(self.release)
            self.machine, state = states.ensure_state(self.image, self.machine, self.project)
            if self.rapl is not None:
                kmod.ensure_module(self.image, self.release)
            self.timings['state'] = time.monotonic() - begin
            begin = time.monotonic()
            self._dir = Path(self._stack.enter_context(run_directory()))
            self._disk = self._dir / 'disk.qcow2'
            states.overlay(state / 'disk.qcow2', self._disk)
            self._launch(restore_from=state / 'ram')
            self._channel.ping(60)
            self.timings['restore'] = time.monotonic() - begin
            self._prepare()
            self.timings['ready'] = time.monotonic() - begin
        except BaseException:
            self.stop()
            raise
        return self

    def _launch(self, restore_from=None) -> None:
        self._shared = Path(self.share).resolve() if self.share else self._dir / 'share'
        self._shared.mkdir(exist_ok=True)
        self._qemu = Qemu(self.machine, self.image, self._disk, self._shared, self._dir / 'console.log',
                          writethrough=self.persist_disk, restore_from=restore_from)
        if restore_from:
            self._qemu.wait_restored()
        self._channel = Channel(self._qemu.agent)

    def _prepare(self) -> None:
        if self.share:
            self.mount_share()
        if self.rapl is not None:
            self.load_rapl(**self.rapl)

    def mount_share(self) -> Path:
        """Mount at /share the folder that is returned: a quick way in for much data. Without share= it is an empty one."""
        self.run('mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 share /share')
        return self._shared

    def kill9(self) -> None:
        """The power cut: QEMU gets SIGKILL."""
        if self._qemu:
            self._qemu.kill()
        if self._channel:
            self._channel.close()
        self._qemu = self._channel = None

    def reboot_cold(self, timeout: float = 240) -> None:
        """Boot again from the same disk, as after a power cut; what only memory held is lost."""
        if not self.persist_disk:
            raise RigError('reboot_cold() needs a VM made with persist_disk=True')
        self.kill9()
        self._launch()
        self._channel.ping(timeout)
        self.run('systemctl is-system-running --wait', timeout=timeout, check=False)
        self._prepare()

    def stop(self) -> None:
        self.kill9()
        self._stack.close()
        if VM._running is self:
            VM._running = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # --- commands -------------------------------------------------------------------------------------------------

    def popen(self, command, *, user=None, env=None, cwd=None, input=False, tty=None, on_output=None) -> Process:
        """Start a command (a list, or a string for /bin/sh) and return at once.

        user runs with the groups the user has; tty=(rows, columns) gives it a terminal (all output is then stdout)."""
        argv = ['/bin/sh', '-c', command] if isinstance(command, str) else [os.fspath(word) for word in command]
        if self._channel is None:
            raise RigError('the VM is not running')
        request = {'argv': argv, 'user': user, 'env': env or {}, 'cwd': cwd, 'input': bool(input), 'tty': tty}
        return self._channel.start(request, on_output)

    def run(self, command, *, user=None, timeout=60, check=True, input=None, env=None, cwd=None, binary=False) -> Result:
        """Run a command to its end. check: raise CommandFailed unless it exits 0. binary: out and err are bytes."""
        process = self.popen(command, user=user, env=env, cwd=cwd, input=input is not None)
        if input is not None:
            process.write(input, timeout)
            process.close_input()
        result = process.wait(timeout, binary)
        if check and result.rc != 0:
            raise CommandFailed(process.argv, *result)
        return result

    def wait_for(self, command, *, timeout=30, interval=0.2, **options) -> Result:
        """Run a command again and again until it exits 0."""
        deadline = time.monotonic() + timeout
        while True:
            result = self.run(command, check=False, **options)
            if result.rc == 0:
                return result
            if time.monotonic() > deadline:
                raise CommandFailed(f'not within {timeout} s: {command}', *result)
            time.sleep(interval)

    def write(self, path: str, data: bytes | str, mode: int = 0o644, owner: str | None = None) -> None:
        """Write a file in the VM, making its folder."""
        script = 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"' + (' && chown "$3" "$1"' if owner else '')
        self.run(['/bin/sh', '-c', script, 'sh', path, f'{mode:o}', owner or ''], input=data)

    def read(self, path: str) -> str:
        return self.run(['cat', path]).out

    def push(self, source, target: str) -> None:
        """Copy a file, or a folder's contents, from the host to the path `target`."""
        source = Path(source)
        if not source.is_dir():
            self.write(target, source.read_bytes(), source.stat().st_mode & 0o7777)
            return
        data = BytesIO()
        with tarfile.open(fileobj=data, mode='w') as tar:
            tar.add(source, '.', filter=_owned_by_root)
        self.push_tar(data.getvalue(), target)

    def push_tar(self, data: bytes, target: str) -> None:
        self.run(['/bin/sh', '-c', 'mkdir -p "$1" && tar --no-overwrite-dir --keep-directory-symlink -x -C "$1"', 'sh', target], input=data,
                 timeout=120)

    def pull(self, source: str, target) -> None:
        """Copy one file from the VM to the host."""
        Path(target).write_bytes(self.run(['cat', source], binary=True).out)

    def configure(self, text: str, how: str = 'restart') -> None:
        """Give the installed service a drop-in with this text instead of the one before, and have it read it."""
        self.write('/etc/jouletrace/jouletraced.conf.d/tests.conf', text)
        self.run(['systemctl', how, 'jouletraced.service'], timeout=60)

    # --- the played counters --------------------------------------------------------------------------------------

    def load_rapl(self, **parameters) -> None:
        """Load the fixture module; parameters as `modinfo` lists them."""
        module = kmod.ensure_module(self.image, self.release)
        self.write(f'/run/{RAPL}.ko', module.read_bytes())
        self.run(['insmod', f'/run/{RAPL}.ko', *(f'{key}={value}' for key, value in parameters.items())])

    def unload_rapl(self) -> None:
        self.run(['rmmod', RAPL])

    def rapl_set(self, **parameters) -> None:
        """Change settings while it is loaded; energy up to now stays as it was."""
        for key, value in parameters.items():
            self.run(f'echo {shlex.quote(str(value))} > /sys/kernel/debug/{RAPL}/{key}')

    def rapl_truth(self) -> dict:
        """The unquantised truth: {'time_ns': n, 'package': [{'pkg_nj', 'dram_nj', 'busy_ns'}, …]}, since loading."""
        return parse_truth(self.read(f'/sys/kernel/debug/{RAPL}/truth'))

    def rapl_marks(self) -> list[dict]:
        """The truth of each moment at which somebody wrote a word to the fixture's marks: {'word', 'time_ns', 'package': as in
        rapl_truth()}; they are forgotten then."""
        path = f'/sys/kernel/debug/{RAPL}/marks'
        return parse_marks(self.run(f'cat {path} && : > {path}').out)

    # --- for the reader of a failure ------------------------------------------------------------------------------

    def journal(self, lines: int = 300) -> str:
        return self.run(['journalctl', '-b', '-o', 'short-precise', '--no-pager', '-n', str(lines)], check=False).out

    def console(self) -> str:
        return self._qemu.last_words() if self._qemu else ''

    def install(self, project) -> None:
        install.install_project(self, project)


def parse_truth(text: str) -> dict:
    truth: dict = {'package': []}
    for line in text.splitlines():
        kind, *words = line.split()
        if kind == 'time_ns':
            truth['time_ns'] = int(words[0])
        elif kind == 'package':
            pairs = dict(word.split('=') for word in words[1:])
            truth['package'].append({key: int(value) for key, value in pairs.items()})
    return truth


def parse_marks(text: str) -> list[dict]:
    marks = []
    for line in text.splitlines():
        mark: dict = {'package': []}
        mark['word'], *words = line.split()
        for word in words:
            key, _, value = word.partition('=')
            if not value:
                mark['package'].append({})
            elif mark['package']:
                mark['package'][-1][key] = int(value)
            else:
                mark[key] = int(value)
        marks.append(mark)
    return marks


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = 'root'
    return member


@contextlib.contextmanager
def run_directory():
    """A working directory in the cache. Its caller holds the lock of the one VM, so what is there is left over."""
    parent = cache.cache_dir() / 'run'
    shutil.rmtree(parent, ignore_errors=True)
    parent.mkdir()
    try:
        yield str(parent)
    finally:
        shutil.rmtree(parent, ignore_errors=True)
