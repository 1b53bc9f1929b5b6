/* SPDX-License-Identifier: MIT */
/* Answers, and then says that it failed. */
#include <stdio.h>

int main(void) {
        puts("impossible");
        return 3;
}
