# SPDX-License-Identifier: MIT
"""The host's end of the agent's port: many commands at once over one stream."""

import collections
import itertools
import json
import queue
import signal
import socket
import struct
import threading
import time

from .cache import RigError

HEADER = struct.Struct('>IIB')
RUN, IN, KILL, PING, OUT, ERR, TAKEN, EXIT, PONG = range(9)
PIECE = 1 << 16

Result = collections.namedtuple('Result', 'rc out err')


class CommandFailed(AssertionError):
    """A command that had to succeed did not."""

    def __init__(self, argv, rc, out, err):
        self.argv, self.rc, self.out, self.err = argv, rc, out, err
        super().__init__(f'{argv} ended with {rc}\n--- stdout\n{_text(out)}\n--- stderr\n{_text(err)}')


class CommandTimeout(RigError):
    """A command was still running at its deadline; it was killed."""

    def __init__(self, argv, timeout, out, err):
        self.out, self.err = out, err
        super().__init__(f'{argv} still ran after {timeout} s\n--- stdout\n{_text(out)}\n--- stderr\n{_text(err)}')


def _text(data) -> str:
    text = data if isinstance(data, str) else data.decode(errors='replace')
    return text if len(text) < 6000 else text[:1500] + '\n[...]\n' + text[-4500:]


class Process:
    """A command in the VM. `out` and `err` grow while it runs."""

    def __init__(self, channel: 'Channel', number: int, argv, on_output=None):
        self._channel, self._number, self.argv = channel, number, argv
        self._out, self._err = bytearray(), bytearray()
        # Re-entrant: wait() reads the output while it holds it.
        self._condition = threading.Condition(threading.RLock())
        self._credit = threading.Semaphore(1)
        self._on_output = on_output
        self.pid: int | None = None
        self.returncode: int | None = None

    @property
    def out(self) -> str:
        with self._condition:
            return self._out.decode(errors='replace')

    @property
    def err(self) -> str:
        with self._condition:
            return self._err.decode(errors='replace')

    @property
    def out_bytes(self) -> bytes:
        with self._condition:
            return bytes(self._out)

    @property
    def err_bytes(self) -> bytes:
        with self._condition:
            return bytes(self._err)

    def _receive(self, kind: int, payload: bytes) -> None:
        if kind == TAKEN:
            self._credit.release()
            return
        if kind in (OUT, ERR) and self._on_output:
            self._on_output(kind == ERR, payload)
        with self._condition:
            if kind == OUT:
                self._out += payload
            elif kind == ERR:
                self._err += payload
            elif kind == PONG:
                self.pid = int(payload)
            elif kind == EXIT:
                self.returncode = json.loads(payload)['rc']
                self._credit.release()
            self._condition.notify_all()

    def _lost(self) -> None:
        with self._condition:
            if self.returncode is None:
                self.returncode = -signal.SIGKILL
            self._credit.release()
            self._condition.notify_all()

    def started(self, timeout: float = 30) -> int:
        """Its pid in the VM, once it runs."""
        with self._condition:
            if not self._condition.wait_for(lambda: self.pid is not None or self.returncode is not None, timeout):
                raise RigError(f'{self.argv} did not start within {timeout} s')
            return self.pid

    def write(self, data: bytes | str, timeout: float = 60) -> None:
        """Feed its stdin (started with input=True or on a terminal)."""
        data = data.encode() if isinstance(data, str) else data
        for start in range(0, len(data), PIECE):
            if not self._credit.acquire(timeout=timeout):
                raise RigError(f'{self.argv} took no input for {timeout} s')
            if self.returncode is not None:
                self._credit.release()
                return
            self._channel.send(self._number, IN, data[start:start + PIECE])

    def close_input(self) -> None:
        self._channel.send(self._number, IN, b'')

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Signal its whole process group."""
        self._channel.send(self._number, KILL, str(int(number)).encode())

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float = 60, binary: bool = False) -> Result:
        """Its exit code (-n: ended by signal n) and output; past `timeout` it is killed and CommandTimeout raised."""
        with self._condition:
            if self._condition.wait_for(lambda: self.returncode is not None, timeout):
                if binary:
                    return Result(self.returncode, self.out_bytes, self.err_bytes)
                return Result(self.returncode, self.out, self.err)
        self.kill()
        with self._condition:
            self._condition.wait_for(lambda: self.returncode is not None, 5)
        raise CommandTimeout(self.argv, timeout, self.out_bytes, self.err_bytes)

    def expect(self, what: str, timeout: float = 30, stream: str = 'out') -> str:
        """Wait until its output contains `what`."""
        deadline = time.monotonic() + timeout
        with self._condition:
            buffer = self._out if stream == 'out' else self._err
            while what.encode() not in buffer:
                left = deadline - time.monotonic()
                if left <= 0 or self.returncode is not None:
                    raise AssertionError(f'{self.argv}: no {what!r} in its std{stream} '
                                         f'({"ended with %s" % self.returncode if left > 0 else "in time"}):\n'
                                         f'{_text(bytes(self._out))}\n--- stderr\n{_text(bytes(self._err))}')
                self._condition.wait(left)
            return buffer.decode(errors='replace')


class Channel:
    def __init__(self, sock: socket.socket):
        self._sock = sock
        self._numbers = itertools.count(1)
        self._processes: dict[int, Process] = {}
        self._lock = threading.Lock()
        self._pongs: queue.Queue = queue.Queue()
        self._closed = False
        self._thread = threading.Thread(target=self._read, name='vm-agent', daemon=True)
        self._thread.start()

    def _read(self) -> None:
        buffer = bytearray()
        while True:
            try:
                data = self._sock.recv(1 << 18)
            except OSError:
                data = b''
            if not data:
                break
            buffer += data
            while len(buffer) >= HEADER.size:
                length, number, kind = HEADER.unpack_from(buffer)
                end = HEADER.size + length
                if len(buffer) < end:
                    break
                payload = bytes(buffer[HEADER.size:end])
                del buffer[:end]
                self._dispatch(number, kind, payload)
        with self._lock:
            self._closed = True
            processes = list(self._processes.values())
            self._processes.clear()
        for process in processes:
            process._lost()

    def _dispatch(self, number: int, kind: int, payload: bytes) -> None:
        if number == 0:
            self._pongs.put(payload)
            return
        process = self._processes.get(number)
        if process:
            process._receive(kind, payload)
            if kind == EXIT:
                with self._lock:
                    self._processes.pop(number, None)

    def send(self, number: int, kind: int, payload: bytes = b'') -> None:
        with self._lock:
            if self._closed:
                return
            try:
                self._sock.sendall(HEADER.pack(len(payload), number, kind) + payload)
            except OSError:
                self._closed = True

    def ping(self, timeout: float) -> None:
        """Wait for the agent's answer, setting the VM's clock to ours on the way."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._closed:
                raise RigError('the VM ended before it answered')
            self.send(0, PING, str(time.time_ns()).encode())
            try:
                self._pongs.get(timeout=min(1.0, max(0.01, deadline - time.monotonic())))
                return
            except queue.Empty:
                continue
        raise RigError(f'the VM gave no answer within {timeout:.0f} s')

    def start(self, request: dict, on_output=None) -> Process:
        number = next(self._numbers)
        process = Process(self, number, request['argv'], on_output)
        with self._lock:
            if self._closed:
                raise RigError('the VM is not running')
            self._processes[number] = process
        self.send(number, RUN, json.dumps(request).encode())
        return process

    def close(self) -> None:
        # shutdown() wakes the reader; the socket is closed once it is out of recv().
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._thread.join(5)
        self._sock.close()
