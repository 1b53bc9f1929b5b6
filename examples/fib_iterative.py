# SPDX-License-Identifier: MIT
"""The 27th Fibonacci number, by adding up: 27 steps."""


def fib(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


print(fib(27))
