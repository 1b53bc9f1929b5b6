#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The rig's hand inside the VM: runs commands that arrive on a virtio-serial port.

Frame: payload length (u32), channel (u32), type (u8), all big-endian, then the payload. Each command has a channel of
its own, so that many run at once. Types towards the VM: RUN (JSON), IN (stdin; empty is its end), KILL (signal number),
PING (host time in ns, to which the clock is set). Types from it: OUT, ERR, TAKEN (n bytes of stdin were written), EXIT
(JSON), PONG.
"""

import errno
import fcntl
import json
import os
import pwd
import selectors
import signal
import struct
import subprocess
import termios
import time

PORT = '/dev/virtio-ports/org.jouletrace.test'
HEADER = struct.Struct('>IIB')
RUN, IN, KILL, PING, OUT, ERR, TAKEN, EXIT, PONG = range(9)
# After a command ends, how long a child of its may still hold its output open.
LINGER_SEC = 1.0
PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


class Port:
    """The host's end may vanish and come back (saved states): then wait, and drop the half-read frame."""

    def __init__(self):
        self.fd = os.open(PORT, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        self.buffer = b''

    def frames(self):
        try:
            data = os.read(self.fd, 1 << 18)
        except BlockingIOError:
            return
        if not data:
            self.buffer = b''
            time.sleep(0.05)
            return
        self.buffer += data
        while len(self.buffer) >= HEADER.size:
            length, channel, kind = HEADER.unpack_from(self.buffer)
            end = HEADER.size + length
            if len(self.buffer) < end:
                return
            payload, self.buffer = self.buffer[HEADER.size:end], self.buffer[end:]
            yield channel, kind, payload

    def send(self, channel, kind, payload=b''):
        data = memoryview(HEADER.pack(len(payload), channel, kind) + payload)
        while data:
            try:
                data = data[os.write(self.fd, data[:1 << 15]):]
            except BlockingIOError:
                time.sleep(0.002)


class Command:
    def __init__(self, agent, channel, request):
        self.agent, self.channel = agent, channel
        self.outputs, self.pending, self.input_ended = {}, b'', False
        self.exit, self.deadline = None, None
        self.input = None
        tty = request.get('tty')
        options = {}
        master = slave = None
        if tty:
            master, slave = os.openpty()
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', *tty, 0, 0))
            options = {'stdin': slave, 'stdout': slave, 'stderr': slave,
                       'preexec_fn': lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)}
        else:
            options = {'stdin': subprocess.PIPE if request.get('input') else subprocess.DEVNULL,
                       'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE}
        who = pwd.getpwnam(request.get('user') or 'root')
        if who.pw_uid:
            options |= {'user': who.pw_uid, 'group': who.pw_gid,
                        'extra_groups': os.getgrouplist(who.pw_name, who.pw_gid)}
        env = {'PATH': PATH, 'LANG': 'C.UTF-8', 'HOME': who.pw_dir, 'USER': who.pw_name, 'LOGNAME': who.pw_name,
               'SHELL': who.pw_shell, 'TERM': 'xterm' if tty else 'dumb', **request.get('env', {})}
        try:
            self.process = subprocess.Popen(request['argv'], cwd=request.get('cwd') or who.pw_dir, env=env, bufsize=0,
                                            start_new_session=True, **options)
        finally:
            if slave is not None:
                os.close(slave)
        if tty:
            self.input = master
            self.watch_output(master, OUT)
        else:
            if self.process.stdin:
                self.input = os.dup(self.process.stdin.fileno())
                self.process.stdin.close()
            self.watch_output(os.dup(self.process.stdout.fileno()), OUT)
            self.watch_output(os.dup(self.process.stderr.fileno()), ERR)
            self.process.stdout.close()
            self.process.stderr.close()
        self.tty = bool(tty)
        if self.input is not None:
            os.set_blocking(self.input, False)
        self.pidfd = os.pidfd_open(self.process.pid)
        agent.selector.register(self.pidfd, selectors.EVENT_READ, self.on_exit)
        agent.send(channel, PONG, str(self.process.pid).encode())

    def watch_output(self, fd, kind):
        os.set_blocking(fd, False)
        self.outputs[fd] = kind
        self.agent.selector.register(fd, selectors.EVENT_READ, lambda: self.on_output(fd))

    def on_output(self, fd):
        try:
            data = os.read(fd, 1 << 16)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.EIO:  # EIO: a terminal whose other end is closed
                raise
            data = b''
        if data:
            self.agent.send(self.channel, self.outputs[fd], data)
            return True
        self.close_output(fd)
        return False

    def close_output(self, fd):
        self.agent.selector.unregister(fd)
        del self.outputs[fd]
        if fd == self.input:
            self.input = None
        os.close(fd)
        self.finish_when_done()

    def on_exit(self):
        self.agent.selector.unregister(self.pidfd)
        os.close(self.pidfd)
        self.exit = self.process.wait()
        self.deadline = time.monotonic() + LINGER_SEC
        if self.input is not None and not self.tty:
            os.close(self.input)
            self.input = None
        self.finish_when_done()

    def finish_when_done(self):
        if self.exit is None or self.channel not in self.agent.commands:
            return
        if self.outputs and time.monotonic() < self.deadline:
            return
        for fd in list(self.outputs):
            while fd in self.outputs and self.on_output(fd):
                pass
            if fd in self.outputs:
                self.agent.selector.unregister(fd)
                del self.outputs[fd]
                os.close(fd)
        if self.agent.commands.pop(self.channel, None):
            self.agent.send(self.channel, EXIT, json.dumps({'rc': self.exit}).encode())

    def feed(self, data):
        if not data:
            self.input_ended = True
        self.pending += data
        self.write_input(len(data))

    def write_input(self, arrived):
        while self.pending and self.input is not None:
            try:
                done = os.write(self.input, self.pending)
            except BlockingIOError:
                # The host sends one piece at a time and waits for TAKEN, so that nothing piles up here.
                self.agent.selector_add_write(self)
                return
            except OSError:
                done = len(self.pending)
            self.pending = self.pending[done:]
        self.pending = b''
        if arrived:
            self.agent.send(self.channel, TAKEN)
        if self.input_ended and self.input is not None and not self.tty:
            os.close(self.input)
            self.input = None


class Agent:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.port = Port()
        self.commands = {}
        self.writers = []
        self.send = self.port.send

    def selector_add_write(self, command):
        if command not in self.writers:
            self.writers.append(command)

    def handle(self, channel, kind, payload):
        if kind == PING:
            now_ns = int(payload)
            if abs(time.time_ns() - now_ns) > 500_000_000:
                time.clock_settime_ns(time.CLOCK_REALTIME, now_ns)
            self.send(channel, PONG, b'ready')
        elif kind == RUN:
            try:
                self.commands[channel] = Command(self, channel, json.loads(payload))
            except (OSError, KeyError, ValueError, subprocess.SubprocessError) as error:
                self.commands.pop(channel, None)
                rc = 127 if isinstance(error, FileNotFoundError) else 126
                self.send(channel, ERR, f'{error}\n'.encode())
                self.send(channel, EXIT, json.dumps({'rc': rc}).encode())
        elif channel in self.commands:
            command = self.commands[channel]
            if kind == IN:
                command.feed(payload)
            elif kind == KILL and command.exit is None:
                try:
                    os.killpg(command.process.pid, int(payload))
                except ProcessLookupError:
                    pass

    def loop(self):
        self.selector.register(self.port.fd, selectors.EVENT_READ, None)
        while True:
            lingering = any(c.exit is not None for c in self.commands.values())
            timeout = 0.01 if self.writers else 0.1 if lingering else None
            for key, _ in self.selector.select(timeout):
                if key.data:
                    # An earlier callback of this round may have closed the fd, and another may have reused its number.
                    registered = self.selector.get_map().get(key.fd)
                    if registered and registered.data is key.data:
                        key.data()
                else:
                    for frame in self.port.frames():
                        self.handle(*frame)
            writers, self.writers = self.writers, []
            for command in writers:
                command.write_input(1)
            for command in list(self.commands.values()):
                command.finish_when_done()


if __name__ == '__main__':
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    Agent().loop()
