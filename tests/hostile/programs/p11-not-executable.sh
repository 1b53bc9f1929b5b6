#!./main
# SPDX-License-Identifier: MIT
# P11: files that cannot be executed.
# Tries: to have the launcher fail, or a shell run what the kernel would not.
# Expected: loop XF, foreign XF, empty XF, truncated XF, closed XF, text XF
# Why: exec itself fails, with its errno in the report: ELOOP for this script, which is its own interpreter; ENOEXEC for
# another machine's ELF, nothing at all, half an ELF header and a text without "#!"; EACCES without an x bit.
echo 42
