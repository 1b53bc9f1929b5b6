/* SPDX-License-Identifier: MIT */
/* spin MILLISECONDS [ignore-term]: uses that much CPU time, then exits 0. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int main(int argc, char **argv) {
        long long wanted_ns = argc > 1 ? atoll(argv[1]) * 1000000 : 0;

        if (argc > 2 && strcmp(argv[2], "ignore-term") == 0)
                signal(SIGTERM, SIG_IGN);
        for (;;) {
                struct timespec now;

                clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
                if (now.tv_sec * 1000000000LL + now.tv_nsec >= wanted_ns)
                        return 0;
        }
}
