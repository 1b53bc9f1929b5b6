/* SPDX-License-Identifier: MIT */
/* P7: system calls by the doors of other ABIs.
 * Tries: int $0x80 (i386) and the x32 bit, whose numbers a filter for x86-64 does not know.
 * Expected: int80 SV, x32 SV, child SV|AC
 * Why: a foreign ABI is killed, SV without a name. In a child the kernel tells only the child's parent, which is the
 * program: it must see SIGSYS, and says so; whether the run is ended, too, is open. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long int80_getpid(void) {
        long r = 20; /* getpid of i386 */

        __asm__ volatile("int $0x80" : "+a"(r) : : "memory", "r8", "r9", "r10", "r11");
        return r;
}

int main(int argc, char **argv) {
        const char *how = argc > 1 ? argv[1] : "";
        int status = 0;

        if (strcmp(how, "int80") == 0)
                printf("pid %ld\n", int80_getpid());
        else if (strcmp(how, "x32") == 0)
                printf("pid %ld\n", syscall(0x40000000L + SYS_getpid));
        else if (strcmp(how, "child") == 0) {
                pid_t pid = fork();

                if (pid == 0)
                        _exit(int80_getpid() > 0 ? 0 : 1);
                waitpid(pid, &status, 0);
                puts(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? "killed" : "served");
        }
        return 0;
}
