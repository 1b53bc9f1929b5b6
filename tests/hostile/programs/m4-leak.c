/* SPDX-License-Identifier: MIT */
/* M4: leaks.
 * Tries: one block larger than any host's memory, many tiny blocks, and a dive with a large frame on each step.
 * Expected: huge RTE|MLE, tiny MLE, dive MLE|RTE
 * Why: an overcommit that the kernel refuses is the program's own failure (it exits with 1), one that it grants is
 * killed when it is touched. A stack as large as the memory limit ends at either of the two, as in M3. */

#include <alloca.h>
#include <stdlib.h>
#include <string.h>

static volatile int deeper = 1;

static int dive(int depth) {
        volatile char *frame = alloca(64 << 10);

        for (size_t i = 0; i < 64 << 10; i += 4096)
                frame[i] = depth;
        return deeper ? dive(depth + 1) + frame[0] : depth;
}

int main(int argc, char **argv) {
        const char *how = argc > 1 ? argv[1] : "";

        if (strcmp(how, "huge") == 0) {
                volatile char *block = malloc(1UL << 46);

                if (!block)
                        return 1;
                for (size_t i = 0; i < 1UL << 46; i += 4096)
                        block[i] = 1;
        } else if (strcmp(how, "tiny") == 0)
                for (;;) {
                        volatile char *block = malloc(16);

                        if (!block)
                                return 1;
                        block[0] = 1;
                }
        else if (strcmp(how, "dive") == 0)
                return dive(0) & 1;
        return 0;
}
