# SPDX-License-Identifier: MIT
"""Calls one function of one file on the inputs of one test.

    python3 jouletrace-runner/function_runner.py CANDIDATE.py FUNCTION < inputs.json

Runs in the box, in a directory of its own, so that no file of the candidate's takes the place of a module. Standard output gets each distinct result as one line of JSON, nearly always one line;
a line that starts with "!" describes a result that JSON cannot express. What the candidate prints is dropped. An exception
ends on standard error and with exit status 1.

Only the calls lie within regions (jouletrace.py); inputs are copied before a region, fresh for each call, and results are
looked at after it. Calls are repeated until the regions have lasted as long as is wanted.
"""

import gc
import json
import os
import sys
import traceback
import types
# What is needed after the candidate was loaded goes by names of its own: what it makes of the modules stays its own affair.
from itertools import repeat
from json import dumps
from marshal import dumps as to_bytes
from os import _exit, write
from time import perf_counter

import jouletrace

# What candidates written for online judges take for granted.
PRELUDE = """
import math, collections, itertools, functools, heapq, bisect, random, typing
from typing import List, Dict, Set, Tuple, Optional, Union, Any
"""

KEPT_BYTES = 32 << 20  # of copied inputs, and of results, at one time
CALLS_MAX = 100_000    # in one region
REGIONS_MAX = 64
DISTINCT_MAX = 10      # results that are written out


def take_stdout():
    """Keeps standard output for the results; what the candidate prints goes nowhere."""
    ours = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
    return ours


def load(path):
    """The candidate's module: its top level has run, with the names of the prelude in place."""
    with open(path, "rb") as file:
        source = file.read()
    module = types.ModuleType("candidate")
    module.__file__ = path
    sys.modules["candidate"] = module
    exec(PRELUDE, module.__dict__)
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    before = set(module.__dict__)
    exec(compile(source, os.path.basename(path), "exec", dont_inherit=True), module.__dict__)
    return module, before


def find(module, before, name):
    function = getattr(module, name, None)
    if callable(function):
        return function
    defined = sorted(key for key, value in vars(module).items()
                     if callable(value) and key not in before and not key.startswith("__"))
    what = "is not callable" if function is not None else "is not there"
    sys.exit(f"The function \"{name}\" {what}. The file defines: {', '.join(defined) or 'no function'}.")


def arguments(inputs):
    """Positional and keyword arguments: {"args": […], "kwargs": {…}} says both; another object holds keyword arguments, a
    list positional ones; anything else is the only argument."""
    if isinstance(inputs, dict):
        if inputs and set(inputs) <= {"args", "kwargs"} and isinstance(inputs.get("args", []), list) \
                and isinstance(inputs.get("kwargs", {}), dict):
            return inputs.get("args", []), inputs.get("kwargs", {})
        return [], inputs
    return (inputs, {}) if isinstance(inputs, list) else ([inputs], {})


def can_change(value):
    return isinstance(value, (list, dict))


def make_copier(value):
    """A function that copies value's lists and dictionaries and shares what cannot be changed."""
    if isinstance(value, list):
        if not any(map(can_change, value)):
            return list.copy
        copiers = [make_copier(item) for item in value]
        return lambda items: [copy(item) for copy, item in zip(copiers, items)]
    if isinstance(value, dict):
        pairs = [(key, make_copier(item)) for key, item in value.items()]
        return lambda items: {key: copy(items[key]) for key, copy in pairs}
    return lambda item: item


def make_repeater(n):
    """A function that calls another so many times with the same n arguments and returns the results: as timeit does it, so that
    nothing lies between the calls that takes a noticeable part of a short one. In a trace it is one of our own frames."""
    names = "".join(f", _{index}" for index in range(n))
    text = f"lambda count, function{names}: [function({names[2:]}) for _ in repeat(None, count)]"
    return eval(compile(text, __file__, "eval"), {"repeat": repeat})


class Calls:
    """Makes the arguments of many calls, and makes the calls."""

    def __init__(self, function, inputs):
        self.function = function
        self.args, self.kwargs = arguments(inputs)
        self.copy_args, self.copy_kwargs = make_copier(self.args), make_copier(self.kwargs)
        self.repeat = None if self.kwargs or any(map(can_change, self.args)) else make_repeater(len(self.args))
        self.bytes = 8 * len(to_bytes((self.args, self.kwargs)))

    def prepare(self, count):
        """What makes so many calls and returns their results; all they need is made before."""
        function = self.function
        if self.repeat:
            return lambda: self.repeat(count, function, *self.args)
        positional = [self.copy_args(self.args) for _ in range(count)]
        if not self.kwargs:
            return lambda: [function(*args) for args in positional]
        both = [(args, self.copy_kwargs(self.kwargs)) for args in positional]
        return lambda: [function(*args, **kwargs) for args, kwargs in both]

    def run(self, count):
        """Results and seconds of so many calls, all in one region."""
        calls = self.prepare(count)
        gc.collect()
        gc.freeze()
        jouletrace.begin()
        began = perf_counter()
        results = calls()
        seconds = perf_counter() - began
        jouletrace.end(count)
        gc.unfreeze()
        return results, seconds


def to_text(result):
    try:
        return dumps(result)
    except (TypeError, ValueError, RecursionError) as error:
        return f"!{type(result).__name__}: {error}"[:1024].replace("\n", " ")


class Texts:
    """The distinct texts of results, in the order in which they first came. Most results are like one that came before, and to
    write out a large number takes longer than to compare it."""

    def __init__(self):
        self.texts, self.seen = {}, set()

    def add(self, result):
        try:
            key = to_bytes(result)
        except ValueError:
            self.texts[to_text(result)] = True
            return
        if key not in self.seen:
            self.seen.add(key)
            self.texts[to_text(result)] = True

    def are_too_many(self):
        return len(self.texts) > DISTINCT_MAX

    def largest(self):
        return max(map(len, self.texts))

    def first(self):
        return list(self.texts)[:DISTINCT_MAX]


def measure(calls):
    """The distinct results' texts, in the order in which they first came."""
    wanted = jouletrace.wanted_seconds()
    texts = Texts()
    seconds, made, count = 0.0, 0, 1

    for _ in range(REGIONS_MAX):
        results, lasted = calls.run(count)
        seconds, made = seconds + lasted, made + count
        for result in results:
            texts.add(result)
            if texts.are_too_many():
                break
        del results
        if seconds >= wanted or texts.are_too_many():
            break
        pace = max(seconds / made, 1e-8)
        count = max(1, min(CALLS_MAX, int((wanted - seconds) / pace) + 1, KEPT_BYTES // (calls.bytes + 64),
                           KEPT_BYTES // (8 * texts.largest())))
    return texts.first()


def fail():
    """The exception as the candidate's author wants to see it: without our own frames."""
    kind, error, trace = sys.exc_info()
    while trace and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    traceback.print_exception(kind, error, trace)
    sys.stderr.flush()
    _exit(1)


def main():
    path, name = sys.argv[1:]
    output = take_stdout()
    sys.set_int_max_str_digits(0)
    inputs = json.loads(sys.stdin.buffer.read())
    try:
        module, before = load(path)
        calls = Calls(find(module, before, name), inputs)
        texts = measure(calls)
    except Exception:
        fail()
    data = memoryview("".join(text + "\n" for text in texts).encode())
    while data:
        data = data[write(output, data):]
    _exit(0)  # nothing of the candidate runs after its last call


if __name__ == "__main__":
    main()
