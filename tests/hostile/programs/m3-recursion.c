/* SPDX-License-Identifier: MIT */
/* M3: recursion without end.
 * Tries: to grow its stack into the host's memory.
 * Expected: RTE|MLE
 * Why: RLIMIT_STACK is the memory limit: whether the stack's own end (SIGSEGV) or the leaf's (oom_kill) comes first is
 * a matter of a few pages. */

static volatile int deeper = 1;

static int dive(int depth) {
        volatile char frame[512];

        frame[0] = depth;
        return deeper ? dive(depth + 1) + frame[0] : depth;
}

int main(void) {
        return dive(0) & 1;
}
