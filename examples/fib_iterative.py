# SPDX-License-Identifier: MIT
"""The 28th Fibonacci number, by adding up: 28 steps."""


def fib(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


print(fib(28))
