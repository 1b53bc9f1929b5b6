/* SPDX-License-Identifier: MIT */
/* T1: a loop without end.
 * Tries: to hold its core for longer than it may.
 * Expected: TLE
 * Why: the leaf's cpu.stat reaches cpu-limit; the timer armed for what is left kills the leaf. */

int main(void) {
        for (volatile unsigned long n = 0;; n++)
                ;
}
