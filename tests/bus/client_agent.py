# SPDX-License-Identifier: MIT
"""One connection to the bus under the uid this process was started with; commands and answers are lines of JSON.

Started with `python3 -c` by harness.Client, since other users cannot read a tree in root's home.
"""

import base64
import fcntl
import json
import os
import sys
import time

from gi.repository import Gio, GLib


class Agent:
    def __init__(self, address):
        self.address = address
        self.loop = GLib.MainLoop()
        self.connection = None
        self.buffer = b""
        GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, 0, GLib.IOCondition.IN | GLib.IOCondition.HUP, self.on_input)

    def say(self, **what):
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()

    def on_input(self, fd, _condition):
        data = os.read(fd, 65536)
        if not data:
            self.loop.quit()
            return False
        self.buffer += data
        *lines, self.buffer = self.buffer.split(b"\n")
        for line in lines:
            command = json.loads(line)
            try:
                getattr(self, "do_" + command.pop("op"))(**command)
            except GLib.Error as error:
                self.say(id=command["id"], error="local", message=str(error))
        return True

    def do_connect(self, id):
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.connection = Gio.DBusConnection.new_for_address_sync(self.address, flags, None, None)
        self.connection.set_exit_on_close(False)
        self.say(id=id, reply=self.connection.get_unique_name())

    def do_leave(self, id):
        if self.connection:
            self.connection.close_sync(None)
        self.connection = None
        self.say(id=id, reply=None)

    def do_listen(self, id):
        """Everything this connection can get: what is broadcast, and what is sent to it."""
        self.connection.signal_subscribe(None, None, None, None, None, Gio.DBusSignalFlags.NONE, self.on_signal)
        self.connection.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus.Peer", "Ping", None, None, 0, -1, None)
        self.say(id=id, reply=None)

    def on_signal(self, _connection, sender, path, interface, member, args):
        self.say(signal={"sender": sender, "path": path, "interface": interface, "member": member,
                         "args": args.unpack(), "time": time.monotonic()})

    def do_call(self, id, dest, path, interface, method, args, fds, interactive, timeout):
        message = Gio.DBusMessage.new_method_call(dest, path, interface, method)
        message.set_body(GLib.Variant.parse(None, args, None, None))
        if interactive:
            message.set_flags(Gio.DBusMessageFlags.ALLOW_INTERACTIVE_AUTHORIZATION)
        if fds:
            handles = Gio.UnixFDList.new()
            for spec in fds:
                fd = self.open(spec)
                handles.append(fd)
                os.close(fd)
            message.set_unix_fd_list(handles)
        self.connection.send_message_with_reply(message, Gio.DBusSendMessageFlags.NONE, timeout * 1000, None,
                                                self.on_reply, id)

    def do_emit(self, id, dest, path, interface, member, args):
        self.connection.emit_signal(dest, path, interface, member, GLib.Variant.parse(None, args, None, None))
        self.connection.flush_sync(None)
        self.say(id=id, reply=None)

    def on_reply(self, connection, result, id):
        try:
            reply = connection.send_message_with_reply_finish(result)
        except GLib.Error as error:
            self.say(id=id, error="local", message=str(error))
            return
        body = reply.get_body()
        values = body.unpack() if body is not None else ()
        if reply.get_message_type() == Gio.DBusMessageType.ERROR:
            self.say(id=id, error=reply.get_error_name(), message=values[0] if values else "")
        else:
            self.say(id=id, reply=values)

    @staticmethod
    def open(spec):
        if "open" in spec:
            return os.open(spec["open"], spec.get("flags", os.O_RDONLY))
        if "memfd" in spec:
            fd = os.memfd_create("test", os.MFD_ALLOW_SEALING)
            os.write(fd, base64.b64decode(spec["memfd"]))
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, spec.get("seals", 0))
            return fd
        reader, writer = os.pipe()
        os.close(writer)
        return reader


if __name__ == "__main__":
    Agent(sys.argv[1]).loop.run()
