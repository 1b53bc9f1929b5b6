# SPDX-License-Identifier: MIT
"""The 27th Fibonacci number, by the definition: some 830,000 calls."""


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


print(fib(27))
