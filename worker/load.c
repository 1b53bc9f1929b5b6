/* SPDX-License-Identifier: MIT */

/* What a calibration runs: the same work at every call, on the processor or in memory, as its standard input says.
 * Both say what they came to, so that no compiler leaves them out and every run is checked. */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPINS 40000000U
#define MEMORY_BYTES (UINT64_C(64) << 20) /* more than caches hold */
#define PASSES 4U

/* xorshift64*: each step needs the one before. */
static uint64_t next(uint64_t x) {
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        return x * UINT64_C(2685821657736338717);
}

static uint64_t spin(void) {
        uint64_t x = 1;

        for (uint32_t i = 0; i < SPINS; i++)
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

int main(void) {
        char word[16] = "";

        if (!fgets(word, sizeof(word), stdin))
                return EXIT_FAILURE;
        word[strcspn(word, "\n")] = '\0';
        if (strcmp(word, "spin") == 0)
                printf("%" PRIu64 "\n", spin());
        else if (strcmp(word, "memory") == 0)
                printf("%" PRIu64 "\n", stream());
        else
                return EXIT_FAILURE;
        return EXIT_SUCCESS;
}
