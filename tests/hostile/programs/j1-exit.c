/* SPDX-License-Identifier: MIT */
/* J1: exits as a validator or a launcher would.
 * Tries: 42 and 43 (Kattis), 1, 127 (a shell's "not found"), 255, after the right answer.
 * Expected: 42 RTE, 43 RTE, 1 RTE, 127 RTE, 255 RTE
 * Why: the program's status is the program's; a run that exits non-zero has failed whatever it printed. */

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
        puts("42");
        return argc > 1 ? atoi(argv[1]) : 0;
}
