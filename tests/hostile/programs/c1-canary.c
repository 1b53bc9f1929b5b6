/* SPDX-License-Identifier: MIT */
/* C1: includes a file of the host that anybody may read.
 * Tries: to have the compiler print it; the harness puts it there and looks for its content in the report.
 * Expected: canary CE
 * Why: the box's /tmp is its own. */

#include "/tmp/jouletrace-hostile-canary"

int main(void) {
        return 0;
}
