# SPDX-License-Identifier: MIT
"""The built jouletraced on a private bus, with the real worker and the model meter."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from figures import BenchError

TOP = Path(__file__).resolve().parents[2]
WAIT_SEC = 60
# What a bench asks for in a minute, a user may not; and its runs are shorter than energy may be told for.
CONFIG = '''[JouleTrace]
MaxJobsPerUser=5000
MaxQueued=5000
CallsPerMinute=1000000
MinWindow=1ms
'''
BUS_CONFIG = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={directory}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <allow own="org.freedesktop.PolicyKit1"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.PolicyKit1"/>
  </policy>
  <include>{policy}</include>
</busconfig>
'''


def _wait(condition, what: str) -> None:
    end = time.monotonic() + WAIT_SEC
    while not condition():
        if time.monotonic() > end:
            raise BenchError(f'{what}: not within {WAIT_SEC} s')
        time.sleep(0.02)


class Service:
    """directory, environment (with the bus's address), pid, bus_pid."""

    def __init__(self, build: Path, directory: Path):
        self.build, self.directory = build, directory
        self.environment = {**os.environ, 'JOULETRACE_DATADIR': str(TOP), 'DBUS_SYSTEM_BUS_ADDRESS': f'unix:path={directory}/bus'}
        self.environment.pop('WATCHDOG_USEC', None)
        self.log = directory / 'log'
        self._processes: list[subprocess.Popen] = []

    def _start(self, argv, **more) -> subprocess.Popen:
        with open(self.log, 'ab') as log:
            process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd='/',
                                       env={**self.environment, **more})
        self._processes.append(process)
        return process

    def start(self) -> None:
        policy = TOP / 'dbus' / 'org.jouletrace.JouleTrace1.conf'
        (self.directory / 'bus.conf').write_text(BUS_CONFIG.format(directory=self.directory, policy=policy), encoding='utf-8')
        (self.directory / 'jouletraced.conf').write_text(CONFIG, encoding='utf-8')
        for name in ('state', 'run'):
            (self.directory / name).mkdir()
        # As tmpfiles.d makes it.
        lock = self.directory / 'run' / 'machine.lock'
        lock.touch(0o640)
        os.chown(lock, 0, 1)
        bus = self._start(['dbus-daemon', f'--config-file={self.directory}/bus.conf', '--nofork', '--nopidfile'])
        self.bus_pid = bus.pid
        _wait((self.directory / 'bus').exists, 'the private bus')

        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(str(self.directory / 'notify'))
        notify.settimeout(WAIT_SEC)
        daemon = self._start([self.build / 'daemon' / 'jouletraced', '--containment=process', '--meter=model',
                              '--config', self.directory / 'jouletraced.conf', '--state-dir', self.directory / 'state',
                              '--runtime-dir', self.directory / 'run',
                              '--worker', self.build / 'worker' / 'jouletrace-worker'],
                             NOTIFY_SOCKET=str(self.directory / 'notify'))
        self.pid = daemon.pid
        with contextlib.closing(notify):
            try:
                while 'READY=1' not in notify.recv(4096).decode().splitlines():
                    pass
            except TimeoutError:
                raise BenchError(f'jouletraced does not get ready: {self.words()}') from None

    def start_helper(self, argv) -> None:
        """Something that lives as long as the service."""
        self._start(argv)
        time.sleep(1)

    def words(self) -> str:
        return self.log.read_text(encoding='utf-8', errors='replace')[-2000:]

    def status(self) -> dict[str, int]:
        """The numbers of /proc/PID/status, sizes in KiB."""
        try:
            lines = Path(f'/proc/{self.pid}/status').read_text(encoding='ascii').splitlines()
        except OSError:
            raise BenchError(f'jouletraced is gone: {self.words()}') from None
        pairs = (line.split(':', 1) for line in lines)
        return {key: int(value.split()[0]) for key, value in pairs if value.split() and value.split()[0].isdigit()}

    def joulectl(self, *arguments) -> subprocess.CompletedProcess:
        return subprocess.run([str(self.build / 'client' / 'joulectl'), *arguments], env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=600, check=False)

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def running(build: Path):
    directory = Path(tempfile.mkdtemp(prefix='jouletrace-bench-'))
    directory.chmod(0o755)
    service = Service(build, directory)
    try:
        service.start()
        yield service
    finally:
        service.stop()
        shutil.rmtree(directory, ignore_errors=True)
