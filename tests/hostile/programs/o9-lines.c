/* SPDX-License-Identifier: MIT */
/* O9: lines that are no lines.
 * Tries: ten million bytes in one, none at the end, the ends of other systems, a byte order mark.
 * Expected: long WA, unended AC, crlf AC, lone-cr AC, bom WA, unended-exact WA, crlf-exact WA
 * Why: CR and LF are white space between tokens, and a last line need not be ended; a mark is part of the first token.
 * "exact" forgives nothing. */

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
        const char *how = argc > 1 ? argv[1] : "";

        if (strcmp(how, "long") == 0)
                for (int i = 0; i < 10000000; i++)
                        putchar('4');
        else if (strcmp(how, "unended") == 0)
                fputs("4 2", stdout);
        else if (strcmp(how, "crlf") == 0)
                fputs("4 2\r\n", stdout);
        else if (strcmp(how, "lone-cr") == 0)
                fputs("4\r2\r", stdout);
        else if (strcmp(how, "bom") == 0)
                fputs("\xef\xbb\xbf"
                      "4 2\n",
                      stdout);
        return 0;
}
