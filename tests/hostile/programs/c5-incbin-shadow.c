/* SPDX-License-Identifier: MIT */
/* C5: the assembler's .incbin of /etc/shadow.
 * Tries: to get a file into the program past the preprocessor.
 * Expected: shadow CE
 * Why: the assembler runs in the same box. */

#include <stdio.h>

__asm__(".data\nstolen: .incbin \"/etc/shadow\"\n.byte 0\n.text\n");
extern const char stolen[];

int main(void) {
        puts(stolen);
        return 0;
}
