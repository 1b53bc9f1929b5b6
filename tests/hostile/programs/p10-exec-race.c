/* SPDX-License-Identifier: MIT */
/* P10: changes the path under an execve() that is under way.
 * Tries: to have one program checked and another one run, as filters that compare the pointer let it.
 * Expected: AC
 * Why: the box decides nothing by an exec's path, so that there is nothing to win: either program runs with the same
 * rights, and both of them say so. */

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static char *volatile path;

static void *flip(void *unused) {
        for (;;) {
                memcpy(path, "/bin/sh\0\0", 9);
                memcpy(path, "/bin/dash", 9);
        }
        return unused;
}

int main(void) {
        pthread_t thread;
        char *args[] = { "sh", "-c", "test \"$(id -u)\" != 0 && echo unprivileged", NULL };

        path = mmap((void *) 0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (path == MAP_FAILED || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
                return 1;
        strcpy(path, "/bin/sh");
        pthread_create(&thread, NULL, flip, NULL);
        for (int i = 0; i < 100000; i++)
                execve(path, args, NULL);
        return 2;
}
