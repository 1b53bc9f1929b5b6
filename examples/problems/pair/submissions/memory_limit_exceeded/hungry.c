/* SPDX-License-Identifier: MIT */
/* Touches every page of 256 MiB. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
        long sum = 0;

        for (int i = 0; i < 256; i++) {
                char *block = malloc(1 << 20);

                if (!block)
                        return 1;
                memset(block, i, 1 << 20);
                sum += block[12345];
        }
        printf("%ld\n", sum);
        return 0;
}
