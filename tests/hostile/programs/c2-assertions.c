/* SPDX-License-Identifier: MIT */
/* C2: 10^10 static assertions.
 * Tries: to keep the compiler busy, each with a little memory.
 * Expected: assertions CE
 * Why: the compile step has limits of its own. */

#define A _Static_assert(1, "");
#define B A A A A A A A A A A
#define C B B B B B B B B B B
#define D C C C C C C C C C C
#define E D D D D D D D D D D
#define F E E E E E E E E E E
#define G F F F F F F F F F F
#define H G G G G G G G G G G
#define I H H H H H H H H H H
#define J I I I I I I I I I I
#define K J J J J J J J J J J

K

                int
                main(void) {
        return 0;
}
