/* SPDX-License-Identifier: MIT */
/* X23: arguments and names that are too large or odd.
 * Tries: to start itself with arguments of 8 MiB; the other cases are of the request: 2 MiB of arguments, and a file
 * name with a new line in it.
 * Expected: exec AC, argv REFUSED|XF, name REFUSED, climb REFUSED
 * Why: the kernel refuses the first (E2BIG), since it takes 6 MiB at most, however large the stack may grow; what a
 * request may hold is bounded before anything is started. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char long_argument[120000];

int main(int argc, char **argv) {
        static char *args[72];

        (void) argv;
        if (argc > 2)
                return puts("started") < 0;
        memset(long_argument, 'x', sizeof(long_argument) - 1);
        for (int i = 0; i < 71; i++)
                args[i] = long_argument;
        execv("/proc/self/exe", args);
        puts(errno == E2BIG ? "denied E2BIG" : strerror(errno));
        return 0;
}
