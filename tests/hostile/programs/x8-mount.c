/* SPDX-License-Identifier: MIT */
/* X8: changes what is mounted.
 * Tries: the old mount API and the new one.
 * Expected: mount SV, umount2 SV, pivot_root SV|AC, fsopen AC, open_tree AC, move_mount AC, fsmount AC, mount_setattr
 * AC Why: mount() and umount2() end the run with their name, pivot_root() does or is denied; the new API does not
 * exist (ENOSYS, which the program checks), so that programs for newer kernels go on without it. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
        static const struct {
                const char *name;
                long number;
        } new_api[] = { { "open_tree", 428 },
                        { "move_mount", 429 },
                        { "fsopen", 430 },
                        { "fsmount", 432 },
                        { "mount_setattr", 442 } };
        const char *how = argc > 1 ? argv[1] : "";
        long r = 0;

        if (strcmp(how, "mount") == 0)
                r = syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL);
        else if (strcmp(how, "umount2") == 0)
                r = syscall(SYS_umount2, "/proc", MNT_DETACH);
        else if (strcmp(how, "pivot_root") == 0)
                r = syscall(SYS_pivot_root, ".", ".");
        for (size_t i = 0; i < sizeof(new_api) / sizeof(new_api[0]); i++)
                if (strcmp(how, new_api[i].name) == 0) {
                        r = syscall(new_api[i].number, "tmpfs", 0, 0, 0, 0);
                        return puts(r < 0 && errno == ENOSYS ? "denied ENOSYS" : "there") < 0;
                }
        puts(r < 0 ? "denied" : "done");
        return 0;
}
