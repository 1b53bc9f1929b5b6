/* SPDX-License-Identifier: MIT */
/* X7: looks into another process.
 * Tries: ptrace(), process_vm_readv(), process_vm_writev() and pidfd_getfd() on the box's first process, which is
 * ours. Expected: ptrace SV, process_vm_readv SV, process_vm_writev SV, pidfd_getfd SV|AC, mem AC Why: the first three
 * end the run with their name. pidfd_getfd() may, or may be denied, as /proc/1/mem must be. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int main(int argc, char **argv) {
        const char *how = argc > 1 ? argv[1] : "";
        char buffer[64];
        struct iovec here = { buffer, sizeof(buffer) }, there = { (void *) 0x400000, sizeof(buffer) };
        long r = 0;

        if (strcmp(how, "ptrace") == 0)
                r = syscall(SYS_ptrace, PTRACE_SEIZE, 1, NULL, NULL);
        else if (strcmp(how, "process_vm_readv") == 0)
                r = syscall(SYS_process_vm_readv, 1, &here, 1, &there, 1, 0);
        else if (strcmp(how, "process_vm_writev") == 0)
                r = syscall(SYS_process_vm_writev, 1, &here, 1, &there, 1, 0);
        else if (strcmp(how, "pidfd_getfd") == 0) {
                r = syscall(SYS_pidfd_open, 1, 0);
                for (int fd = 0; r >= 0 && fd < 64; fd++)
                        if (syscall(SYS_pidfd_getfd, r, fd, 0) >= 0)
                                return puts("has one of ours") < 0;
                r = -1;
        } else if (strcmp(how, "mem") == 0)
                r = open("/proc/1/mem", O_RDWR);
        puts(r < 0 ? "denied" : "done");
        return 0;
}
