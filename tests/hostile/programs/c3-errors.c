/* SPDX-License-Identifier: MIT */
/* C3: a million errors.
 * Tries: to fill the report, the journal or the disk with 200 MB of the compiler's messages.
 * Expected: million CE, thousands CE
 * Why: what the compiler says is cut; the harness bounds the report and the journal. Thousands are enough for that
 * where the million last until the compiler is killed. */

#define A 1;
#define B A A A A A A A A A A
#define C B B B B B B B B B B
#define D C C C C C C C C C C
#define E D D D D D D D D D D
#define F E E E E E E E E E E
#define G F F F F F F F F F F

G

                int
                main(void) {
        return 0;
}
