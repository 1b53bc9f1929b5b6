/* SPDX-License-Identifier: MIT */
/* Writes for ever. */
#include <stdio.h>

int main(void) {
        for (;;)
                puts("the same line again");
}
