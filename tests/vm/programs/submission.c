/* SPDX-License-Identifier: MIT */
/* submission: adds the two numbers it reads, or does what its argument says instead. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int hog(void) {
        const size_t size = 1 << 20;

        for (;;) {
                char *block = malloc(size);

                if (!block)
                        return 1;
                memset(block, 1, size);
        }
}

static int flood(void) {
        static char block[1 << 16];

        memset(block, 'x', sizeof(block));
        for (;;)
                if (fwrite(block, 1, sizeof(block), stdout) != sizeof(block))
                        return 1;
}

/* A session of its own, deaf to the end of its parent. */
static void leave_orphan(void) {
        if (fork() != 0)
                return;
        setsid();
        (void) close(0);
        (void) close(1);
        (void) close(2);
        sleep(600);
        _exit(0);
}

int main(int argc, char *argv[]) {
        const char *what = argc > 1 ? argv[1] : "add";
        int a, b;

        if (strcmp(what, "hog") == 0)
                return hog();
        if (strcmp(what, "flood") == 0)
                return flood();
        if (strcmp(what, "spin") == 0)
                for (volatile int spinning = 1; spinning;)
                        ;
        if (strcmp(what, "sleep") == 0)
                sleep(600);
        if (strcmp(what, "unshare") == 0)
                return unshare(CLONE_NEWNET);
        if (strcmp(what, "exit") == 0)
                return 3;
        if (strcmp(what, "orphan") == 0)
                leave_orphan();
        if (scanf("%d %d", &a, &b) != 2)
                return 1;
        if (strcmp(what, "until") == 0 && argc > 2 && time(NULL) >= atol(argv[2]))
                a++;
        printf("%d\n", a + b + (strcmp(what, "wrong") == 0));
        return 0;
}
