/* SPDX-License-Identifier: MIT */
/* O10: output that is no text.
 * Tries: all 256 bytes, terminal escapes, and marks of bidirectional text, in the answer and on standard error.
 * Expected: bytes WA, escapes WA, bidi WA
 * Why: a wrong answer whose excerpt is escaped: a report is valid UTF-8 without controls, and no terminal gets an ESC.
 */

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
        const char *how = argc > 1 ? argv[1] : "";

        for (int i = 0; i < 2; i++) {
                FILE *out = i == 0 ? stdout : stderr;

                if (strcmp(how, "bytes") == 0)
                        for (int byte = 0; byte < 256; byte++)
                                putc(byte, out);
                else if (strcmp(how, "escapes") == 0)
                        fputs("\033[2J\033]0;owned\007\033[31m42\033[0m\n", out);
                else
                        fputs("\xe2\x80\xae"
                              "24"
                              "\xe2\x80\xac \xe2\x81\xa6"
                              "42"
                              "\xe2\x81\xa9\n",
                              out);
        }
        return 0;
}
