# SPDX-License-Identifier: MIT
"""Output validator: check.py INPUT ANSWER FEEDBACK_DIRECTORY < OUTPUT; exits with 42 for right and 43 for wrong."""
import sys


def wrong(why):
    with open(sys.argv[3] + "/judgemessage.txt", "w") as message:
        message.write(why + "\n")
    sys.exit(43)


def place(word, n):
    if not (word.isascii() and word.isdigit() and len(word) <= 9 and 1 <= int(word) <= n):
        wrong(f"{word!r:.40} is no place from 1 to {n}")
    return int(word) - 1


with open(sys.argv[1]) as data:
    n, wanted, *values = map(int, data.read().split())
with open(sys.argv[2]) as answer:
    possible = answer.read().split() != ["impossible"]
words = sys.stdin.buffer.read(1 << 16).decode(errors="replace").split()

if words == ["impossible"]:
    if possible:
        wrong("it is possible")
    sys.exit(42)
if len(words) != 2:
    wrong(f"{len(words)} words instead of 2")
a, b = (place(word, n) for word in words)
if a == b:
    wrong("twice the same place")
if values[a] + values[b] != wanted:
    wrong(f"{values[a]} + {values[b]} is not {wanted}")
if not possible:
    sys.exit("the jury's answer says that it is impossible")
sys.exit(42)
