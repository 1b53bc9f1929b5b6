/* SPDX-License-Identifier: MIT */
/* marked-spin MILLISECONDS: uses that much CPU time in a declared region, and marks the first and the last moment of
 * it with the fixture's own truth, just within. */
#include "jouletrace.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define MARKS "/sys/kernel/debug/jouletrace_rapl_fixture/marks"

static long long cpu_ns(void) {
        struct timespec now;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int mark(int fd, const char *word) {
        return write(fd, word, strlen(word)) < 0;
}

int main(int argc, char **argv) {
        const long long wanted_ns = argc > 1 ? atoll(argv[1]) * 1000000 : 0;
        const int fd = open(MARKS, O_WRONLY | O_CLOEXEC);
        long long end_ns;
        int failed;

        if (fd < 0) {
                perror(MARKS);
                return 2;
        }
        (void) mark(fd, ""); /* refused; the first call takes longest */
        failed = jouletrace_begin() < 0;
        failed |= mark(fd, "begin");
        for (end_ns = cpu_ns() + wanted_ns; cpu_ns() < end_ns;)
                ;
        failed |= mark(fd, "end");
        failed |= jouletrace_end(1) < 0;
        return failed;
}
