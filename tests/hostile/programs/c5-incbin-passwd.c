/* SPDX-License-Identifier: MIT */
/* C5: the assembler's .incbin of /etc/passwd.
 * Tries: to learn the host's users.
 * Expected: passwd CE|WA
 * Why: the box has no such file (CE), or one of its own with nobody of the host in it (WA); the harness looks for the
 * host's lines in the report. */

#include <stdio.h>

__asm__(".data\nstolen: .incbin \"/etc/passwd\"\n.byte 0\n.text\n");
extern const char stolen[];

int main(void) {
        puts(stolen);
        return 0;
}
