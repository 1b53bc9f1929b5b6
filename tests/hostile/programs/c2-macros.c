/* SPDX-License-Identifier: MIT */
/* C2: a macro bomb.
 * Tries: 10^10 tokens out of ten lines.
 * Expected: macros CE
 * Why: the compile step has limits of its own. */

#define A 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
#define B A A A A A A A A A A
#define C B B B B B B B B B B
#define D C C C C C C C C C C
#define E D D D D D D D D D D
#define F E E E E E E E E E E
#define G F F F F F F F F F F
#define H G G G G G G G G G G
#define I H H H H H H H H H H
#define J I I I I I I I I I I

static const char bomb[] = { J };

int main(void) {
        return bomb[1];
}
