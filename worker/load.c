/* SPDX-License-Identifier: MIT */

/* What a calibration and a self-test run: the same work at every call, on the processor, in memory or none at all, as
 * its standard input says. They say what they came to, so that no compiler leaves work out and every run is checked.
 */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "region/jouletrace.h"

#define SPINS 40000000U
#define SPIN_TIMES_MAX 100U
#define SLEEP_NSEC 500000000L
#define MEMORY_BYTES (UINT64_C(64) << 20) /* more than caches hold */
#define PASSES 4U

/* xorshift64*: each step needs the one before. */
static uint64_t next(uint64_t x) {
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        return x * UINT64_C(2685821657736338717);
}

static uint64_t spin(uint32_t times) {
        uint64_t x = 1;

        for (uint32_t i = 0; i < times * SPINS; i++)
                x = next(x);
        return x;
}

static uint64_t stream(void) {
        const size_t n = MEMORY_BYTES / sizeof(uint64_t);
        uint64_t *words = malloc(MEMORY_BYTES), sum = 0;

        if (!words)
                abort();
        for (size_t i = 0; i < n; i++)
                words[i] = i;
        for (uint32_t pass = 0; pass < PASSES; pass++)
                for (size_t i = 0; i < n; i++) {
                        sum += words[i];
                        words[i] = sum;
                }
        sum = words[n / 2];
        free(words);
        return sum;
}

/* A region in which nothing is done: what is above idle in it is the measuring side's error. */
static int rest(void) {
        struct timespec left = { .tv_nsec = SLEEP_NSEC };

        if (jouletrace_begin() < 0)
                return -1;
        while (nanosleep(&left, &left) < 0)
                ;
        return jouletrace_end(1);
}

int main(void) {
        char line[32] = "", word[16] = "";
        unsigned times = 1;

        if (!fgets(line, sizeof(line), stdin) || sscanf(line, "%15s %u", word, &times) < 1)
                return EXIT_FAILURE;
        if (times < 1 || times > SPIN_TIMES_MAX)
                return EXIT_FAILURE;
        if (strcmp(word, "spin") == 0)
                printf("%" PRIu64 "\n", spin(times));
        else if (strcmp(word, "memory") == 0)
                printf("%" PRIu64 "\n", stream());
        else if (strcmp(word, "sleep") == 0)
                return rest() < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        else
                return EXIT_FAILURE;
        return EXIT_SUCCESS;
}
