# SPDX-License-Identifier: MIT
"""Calls one function of one file on the inputs of one test.

    python3 jouletrace-runner/function_runner.py CANDIDATE.py FUNCTION LIMIT_USEC < inputs.json

Runs in the box, in a directory of its own, so that no file of the candidate's takes the place of a module. Standard output gets each distinct result as one line of JSON, nearly always one line;
a line that starts with "!" describes a result that JSON cannot express. What the candidate prints is dropped. An exception
ends on standard error and with exit status 1.

Only the calls lie within regions (jouletrace.py); inputs are copied before a region, fresh for each call, and results are
looked at after it, without calling anything of the candidate's: work that it put off until then would cost nothing. Calls are
repeated until the regions have lasted as long as is wanted, but the repeating takes at most half of the candidate's limit
(LIMIT_USEC, 0: none), and what lies outside of the regions a few times as long as is wanted.
"""

import gc
import json
import os
import sys
import traceback
import types
# What is needed after the candidate was loaded goes by names of its own: what it makes of the modules stays its own affair.
from itertools import chain, repeat
from json import dumps
from marshal import dumps as to_bytes
from os import _exit, write
from time import perf_counter, process_time

import jouletrace

# What candidates written for online judges take for granted.
PRELUDE = """
import math, collections, itertools, functools, heapq, bisect, random, typing
from typing import List, Dict, Set, Tuple, Optional, Union, Any
"""

KEPT_BYTES = 32 << 20  # of copied inputs, and of results, at one time
CALLS_MAX = 100_000    # in one region
REGIONS_MAX = 64
WALKED_MAX = 1 << 20   # parts of results, before it is asked whether they come again
DISTINCT_MAX = 10      # results that are written out
OWN_SHARE = 4          # times the wanted time: the most for copying inputs and looking at results

STARTED = perf_counter()


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
        """Results and seconds of so many calls, all in one region, and the seconds of making them ready."""
        began = perf_counter()
        gc.collect()
        gc.disable()  # what is made now is no garbage
        calls = self.prepare(count)
        gc.freeze()
        gc.enable()
        prepared = perf_counter() - began
        jouletrace.begin()
        began = perf_counter()
        results = calls()
        seconds = perf_counter() - began
        jouletrace.end(count)
        return results, seconds, prepared


# Types by their ids: a class may bring its own hash() and ==, which are the candidate's code.
PLAIN_SCALARS = set(map(id, (bool, int, float, str, type(None))))
PLAIN_PARTS = set(map(id, (list, tuple, dict)))
EQUAL_IS_SAME = tuple({id(kind)} for kind in (bool, int, str, type(None)))  # not so float, for -0.0 and NaN
mro_of = type.__dict__["__mro__"].__get__
name_of = type.__dict__["__name__"].__get__


def kinds_of(values):
    return set(map(id, map(type, values)))


def are_plain(values):
    """Whether all in the list values, however deep, is of JSON's types and of none derived from them."""
    seen, walked = set(), 0
    while values:
        kinds = kinds_of(values)
        if not kinds <= PLAIN_SCALARS | PLAIN_PARTS:
            return False
        parts = values if kinds <= PLAIN_PARTS else [value for value in values if id(type(value)) in PLAIN_PARTS]
        walked += sum(map(len, parts))
        if walked > WALKED_MAX:  # perhaps one holds itself; each but once from now on
            parts = list({id(part): part for part in parts if id(part) not in seen}.values())
            seen.update(map(id, parts))
        inner = [dict.values(part) for part in parts if type(part) is dict] if id(dict) in kinds else []
        values = list(chain.from_iterable(chain(parts, inner)))
    return True


def make_plain(value):
    """value in JSON's own types: of a class derived from one of them what that one holds. Calls no method of such a class."""
    for base in mro_of(type(value)):
        if base is bool or base is type(None):
            return value
        if base is int:
            return int.__int__(value)
        if base is float:
            return float.__float__(value)
        if base is str:
            return str.__str__(value)
        if base is list:
            return [make_plain(item) for item in list.__iter__(value)]
        if base is tuple:
            return tuple(make_plain(item) for item in tuple.__iter__(value))
        if base is dict:
            return {make_plain(key): make_plain(item) for key, item in dict.items(value)}
    raise TypeError(f"Object of type {name_of(type(value))} is not JSON serializable")


def to_text(result):
    try:
        return dumps(result if are_plain([result]) else make_plain(result))
    except (TypeError, ValueError, RecursionError) as error:
        return f"!{name_of(type(result))}: {error}"[:1024].replace("\n", " ")


def distinct(results):
    """The results without most of those that are like an earlier one. To write out a large number takes longer than to
    compare it, and one by one takes longer than the calls did."""
    if kinds_of(results) in EQUAL_IS_SAME:
        return list(dict.fromkeys(results))
    if not are_plain(results):
        return results
    try:
        return list(dict(zip(map(to_bytes, results), results)).values())
    except ValueError:  # it holds itself, or is very deep
        return results


class Texts:
    """The distinct texts of results, in the order in which they first came."""

    def __init__(self):
        self.texts = {}

    def take(self, results):
        for result in distinct(results):
            self.texts[to_text(result)] = True
            if self.are_enough():
                return

    def are_enough(self):
        """Whether no further result could make a difference."""
        return len(self.texts) > DISTINCT_MAX or any(text.startswith("!") for text in self.texts)

    def largest(self):
        return max(map(len, self.texts))

    def first(self):
        return list(self.texts)[:DISTINCT_MAX]


class Budget:
    """How many calls may follow. A limit is the candidate's, and our own work shall not use it up."""

    def __init__(self, limit):
        self.wanted = jouletrace.wanted_seconds()
        self.end = limit / 2 if limit else float("inf")
        self.seconds, self.own, self.made = 0.0, 0.0, 0

    def spend(self, count, seconds, own):
        self.seconds, self.own, self.made = self.seconds + seconds, self.own + own, self.made + count
        self.own_of_one = own / count

    def calls(self):
        if self.seconds >= self.wanted:
            return 0
        pace = max(self.seconds / self.made, 1e-8)
        left = self.end - max(perf_counter() - STARTED, process_time())
        # halves, because many calls at once take longer each than a few: their data fit in no cache
        return int(max(0, min(CALLS_MAX, (self.wanted - self.seconds) / pace + 1, left / (pace + self.own_of_one) / 2,
                              (OWN_SHARE * self.wanted - self.own) / self.own_of_one / 2)))


def measure(calls, limit):
    """The distinct results' texts, in the order in which they first came."""
    budget, texts, count = Budget(limit), Texts(), 1
    gc.collect()
    gc.freeze()

    for _ in range(REGIONS_MAX):
        results, seconds, own = calls.run(count)
        began = perf_counter()
        texts.take(results)
        del results
        budget.spend(count, seconds, own + perf_counter() - began)
        count = budget.calls()
        if count == 0 or texts.are_enough():
            break
        count = max(1, min(count, KEPT_BYTES // (calls.bytes + 64), KEPT_BYTES // (8 * texts.largest())))
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
    path, name, limit = sys.argv[1:]
    output = take_stdout()
    sys.set_int_max_str_digits(0)
    inputs = json.loads(sys.stdin.buffer.read())
    try:
        module, before = load(path)
        calls = Calls(find(module, before, name), inputs)
        texts = measure(calls, int(limit) / 1e6)
    except Exception:
        fail()
    data = memoryview("".join(text + "\n" for text in texts).encode())
    while data:
        data = data[write(output, data):]
    _exit(0)  # nothing of the candidate runs after its last call


if __name__ == "__main__":
    main()
