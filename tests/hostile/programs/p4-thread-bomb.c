/* SPDX-License-Identifier: MIT */
/* P4: more threads than it may have, made by one thread or by all at once.
 * Tries: to exhaust thread ids, or to have the count overshoot by a race.
 * Expected: flat RTE, race RTE
 * Why: pids.max counts threads; pthread_create() fails with EAGAIN, upon which the program exits with 1. */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *wait_for_ever(void *unused) {
        for (;;)
                pause();
        return unused;
}

static void *breed(void *unused) {
        pthread_t thread;

        for (;;)
                if (pthread_create(&thread, NULL, breed, NULL) != 0)
                        _exit(1);
        return unused;
}

int main(int argc, char **argv) {
        pthread_t thread;

        if (argc > 1 && strcmp(argv[1], "race") == 0)
                breed(NULL);
        for (int i = 0; i < 100000; i++)
                if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
                        return 1;
        return 0;
}
