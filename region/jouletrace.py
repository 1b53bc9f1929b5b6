# SPDX-License-Identifier: MIT
"""Declares the part of a program that is to be measured.

    import jouletrace

    data = read_input()
    with jouletrace.region() as region:
        for _ in range(100):
            work(data)
        region.iterations = 100

Under `joulectl measure --region` energy and time cover what lies within, of all regions of one run together. Anywhere else
nothing happens. The protocol is described in jouletrace.h and in jouletrace-region(7).
"""

import os
import socket

__all__ = ["measured", "wanted_seconds", "begin", "end", "region"]


def _connect():
    try:
        fd = int(os.environ["JOULETRACE_REGION_FD"])
        return socket.socket(fileno=os.dup(fd))
    except (KeyError, ValueError, OSError):
        return None


_socket = _connect()


def _say(message, answer):
    if _socket is None:
        return
    _socket.send(message)
    reply = _socket.recv(16)
    if reply != answer:
        raise ConnectionError(f"the measuring side answered {reply!r} to {message!r}")


def measured():
    """Whether somebody measures."""
    return _socket is not None


def wanted_seconds():
    """For how long the regions of this run should last together; 0.0 when nobody measures."""
    return int(os.environ.get("JOULETRACE_REGION_USEC", "0")) / 1e6 if measured() else 0.0


def begin():
    """What follows is measured."""
    _say(b"begin", b"go")


def end(iterations=1):
    """What follows is not. iterations: how often the work was done since begin(); figures are of one."""
    if iterations < 1:
        raise ValueError(f"iterations is {iterations}; it has to be at least 1")
    _say(b"end %d" % iterations, b"done")


class region:
    """A context whose body is measured. Set iterations when the body does its work more than once."""

    def __init__(self, iterations=1):
        self.iterations = iterations

    def __enter__(self):
        begin()
        return self

    def __exit__(self, kind, value, traceback):
        end(self.iterations)
