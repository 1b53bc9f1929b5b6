/* SPDX-License-Identifier: MIT */
/* region sleep|spin MILLISECONDS: its declared region is that alone, without its start and its end. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "jouletrace.h"

static long long now_ns(clockid_t clock) {
        struct timespec now;

        clock_gettime(clock, &now);
        return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int main(int argc, char **argv) {
        const long long wanted_ns = argc > 2 ? atoll(argv[2]) * 1000000 : 0;
        const struct timespec wanted = { .tv_sec = wanted_ns / 1000000000, .tv_nsec = wanted_ns % 1000000000 };
        long long begin_ns;

        if (argc != 3 || jouletrace_begin() < 0)
                return 1;
        begin_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
        if (strcmp(argv[1], "sleep") == 0)
                nanosleep(&wanted, NULL);
        else
                while (now_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_ns < wanted_ns)
                        ;
        return jouletrace_end(1) < 0;
}
