/* SPDX-License-Identifier: MIT */
/* M2: a static array eight times as large as the memory limit.
 * Tries: to be refused for what it only declares, or to get what it was not refused.
 * Expected: untouched AC, touched MLE
 * Why: memory is charged when a page is touched, not when it is mapped. */

#include <stdio.h>
#include <string.h>

static char array[512 << 20];

int main(int argc, char **argv) {
        if (argc > 1 && strcmp(argv[1], "touched") == 0)
                for (size_t i = 0; i < sizeof(array); i += 4096)
                        ((volatile char *) array)[i] = 1;
        printf("%d\n", ((volatile char *) array)[0]);
        return 0;
}
