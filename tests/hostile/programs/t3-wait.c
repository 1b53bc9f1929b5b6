/* SPDX-License-Identifier: MIT */
/* T3: waiting for what never comes.
 * Tries: pause(), select() without descriptors, and a read of standard input past its end.
 * Expected: pause WTL, select WTL, stdin AC
 * Why: the first two are ended by the wall limit; standard input is a file, so that its end reads as 0 at once. */

#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

int main(int argc, char **argv) {
        const char *how = argc > 1 ? argv[1] : "";
        char buffer[4096];

        if (strcmp(how, "pause") == 0)
                pause();
        else if (strcmp(how, "select") == 0)
                select(0, NULL, NULL, NULL, NULL);
        else if (strcmp(how, "stdin") == 0) {
                while (read(STDIN_FILENO, buffer, sizeof(buffer)) > 0)
                        ;
                puts("eof");
        }
        return 0;
}
