/* SPDX-License-Identifier: MIT */
/* C5: an honest program among files with names that a compiler or a linker takes for something else.
 * Tries: a linker script INPUT(/etc/shadow) beside it, or itself as "-fplugin=main.c", "@main.c" and worse.
 * Expected: linker-script CE|AC, plugin CE|AC|REFUSED, arguments CE|AC|REFUSED, bogus CE|XF|REFUSED
 * Why: names never become options: the file is compiled as what it is, or it is refused. A name whose suffix no
 * language knows leaves nothing to compile. */

#include <stdio.h>

int main(void) {
        puts("42");
        return 0;
}
