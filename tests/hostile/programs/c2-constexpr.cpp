/* SPDX-License-Identifier: MIT */
/* C2: a loop at compile time.
 * Tries: to compute without end in the compiler.
 * Expected: constexpr CE
 * Why: the compiler's own bound on such loops, or the limits of the compile step. */

constexpr unsigned long spin() {
        unsigned long n = 1;

        while (n != 0)
                n = n * 6364136223846793005UL | 1;
        return n;
}

static_assert(spin() == 0, "");

int main() {
        return 0;
}
