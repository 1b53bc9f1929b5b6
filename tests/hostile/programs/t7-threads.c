/* SPDX-License-Identifier: MIT */
/* T7: four threads spin.
 * Tries: to have each thread counted by itself.
 * Expected: TLE
 * Why: the limit is on the leaf's cpu.stat, which is the sum over all threads. */

#include <pthread.h>
#include <stddef.h>

static void *spin(void *unused) {
        for (volatile unsigned long n = 0;; n++)
                ;
        return unused;
}

int main(void) {
        pthread_t thread;

        for (int i = 0; i < 3; i++)
                pthread_create(&thread, NULL, spin, NULL);
        spin(NULL);
}
