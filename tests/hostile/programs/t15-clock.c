/* SPDX-License-Identifier: MIT */
/* T15: sets the clock.
 * Tries: to bend the wall time that its run is measured with.
 * Expected: clock_settime SV, settimeofday SV|AC, adjtimex SV|AC, clock_adjtime SV|AC
 * Why: clock_settime ends the run with its name. The others may end it, too, or be refused: without CAP_SYS_TIME the
 * kernel does, and the answer "denied" is right only then. Times are CLOCK_MONOTONIC in any case. */

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
        const char *how = argc > 1 ? argv[1] : "";
        struct timespec spec = { .tv_sec = 1000000000 };
        struct timeval val = { .tv_sec = 1000000000 };
        struct timex timex = { .modes = ADJ_SETOFFSET, .time.tv_sec = 3600 };
        long r = 0;

        if (strcmp(how, "clock_settime") == 0)
                r = syscall(SYS_clock_settime, CLOCK_REALTIME, &spec);
        else if (strcmp(how, "settimeofday") == 0)
                r = syscall(SYS_settimeofday, &val, NULL);
        else if (strcmp(how, "adjtimex") == 0)
                r = syscall(SYS_adjtimex, &timex);
        else if (strcmp(how, "clock_adjtime") == 0)
                r = syscall(SYS_clock_adjtime, CLOCK_REALTIME, &timex);
        puts(r < 0 ? "denied" : "set");
        return 0;
}
