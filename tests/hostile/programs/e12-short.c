/* SPDX-License-Identifier: MIT */
/* E12: so short that no counter moves.
 * Tries: to be given joules for nothing. (The long run that wraps the counter is tests/vm/test_measure.py.)
 * Expected: AC
 * Why: runs are repeated until a window is at least min-window long, or there is no energy in the report and it says
 * why. */

int main(void) {
        return 0;
}
