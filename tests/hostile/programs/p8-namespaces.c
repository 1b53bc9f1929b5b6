/* SPDX-License-Identifier: MIT */
/* P8: namespaces of its own.
 * Tries: to become root in a user namespace, where much more of the kernel can be reached.
 * Expected: clone3 AC, clone-user SV, clone-mount SV, clone-net SV, clone-high SV, unshare SV, setns SV, grandchild SV
 * Why: clone3 hides its flags behind a pointer, so that it does not exist (ENOSYS, which the program checks); the
 * others end the run with their name, from whichever process, and whatever stands in the upper half of clone's flags.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long raw_clone(unsigned long flags) {
        long r = syscall(SYS_clone, flags | 17 /* SIGCHLD */, 0, 0, 0, 0);

        if (r == 0)
                _exit(0);
        return r;
}

int main(int argc, char **argv) {
        const char *how = argc > 1 ? argv[1] : "";
        uint64_t args[8] = { CLONE_NEWUSER, 0, 0, 0, 17 };
        long r = -1;

        if (strcmp(how, "clone3") == 0) {
                r = syscall(SYS_clone3, args, sizeof(args));
                if (r == 0)
                        _exit(0);
                if (r < 0 && errno == ENOSYS)
                        return puts("denied ENOSYS") < 0;
        } else if (strcmp(how, "clone-user") == 0)
                r = raw_clone(CLONE_NEWUSER);
        else if (strcmp(how, "clone-mount") == 0)
                r = raw_clone(CLONE_NEWNS);
        else if (strcmp(how, "clone-net") == 0)
                r = raw_clone(CLONE_NEWNET);
        else if (strcmp(how, "clone-high") == 0)
                r = raw_clone(CLONE_NEWUSER | 1UL << 40);
        else if (strcmp(how, "unshare") == 0)
                r = syscall(SYS_unshare, CLONE_NEWUSER);
        else if (strcmp(how, "setns") == 0)
                r = syscall(SYS_setns, open("/proc/self/ns/net", O_RDONLY), CLONE_NEWNET);
        else if (strcmp(how, "grandchild") == 0) {
                if (fork() == 0) {
                        if (fork() == 0)
                                syscall(SYS_unshare, CLONE_NEWNS);
                        wait(NULL);
                        _exit(0);
                }
                wait(NULL);
                r = 0;
        }
        printf("not ended: %s\n", r < 0 ? strerror(errno) : "done");
        return 0;
}
