/* SPDX-License-Identifier: MIT */
/* O13: leaves links where a judge might look for output.
 * Tries: to have a symbolic link, a FIFO, a device or a hard link followed by somebody with more rights.
 * Expected: WA
 * Why: an answer is what was on standard output; nothing in the box is ever opened from outside. */

#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int main(void) {
        static const char *const names[] = { "output", "answer", "stdout", "1.out", "1.ans", "result.json" };

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                const char *name = names[i];
                int r;

                r = i % 4 == 0   ? symlink("/etc/shadow", name)
                    : i % 4 == 1 ? mkfifo(name, 0666)
                    : i % 4 == 2 ? mknod(name, S_IFCHR | 0666, makedev(1, 5))
                                 : link("/proc/self/exe", name);
                if (r < 0)
                        perror(name);
        }
        puts("see output");
        return 0;
}
