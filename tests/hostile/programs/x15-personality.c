/* SPDX-License-Identifier: MIT */
/* X15: an older kernel's habits.
 * Tries: READ_IMPLIES_EXEC, a segment of its own in the LDT. (vm86 has no number for x86-64; P7 shows the door to it.)
 * Expected: personality SV|AC, modify_ldt SV|AC
 * Why: ended or denied, both are right. */

#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
        static const unsigned descriptor[4] = { 0, 0, 0xfffff, 0x51 };
        long r;

        if (argc > 1 && strcmp(argv[1], "personality") == 0)
                r = syscall(SYS_personality, READ_IMPLIES_EXEC);
        else
                r = syscall(SYS_modify_ldt, 1, descriptor, sizeof(descriptor));
        puts((int) r < 0 ? "denied" : "done"); /* modify_ldt() returns an int, whatever the ABI says */
        return 0;
}
