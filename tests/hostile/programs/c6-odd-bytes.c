/* SPDX-License-Identifier: MIT */
/* C6: an honest program with odd bytes before or after it.
 * Tries: a NUL, a byte order mark, a line of 64 MiB, and a gigabyte.
 * Expected: nul AC|CE, bom AC|CE, long-line AC|CE, gigabyte REFUSED
 * Why: the first three are the compiler's to accept or to refuse; the last is more than a request may hold. */

#include <stdio.h>

int main(void) {
        puts("42");
        return 0;
}
