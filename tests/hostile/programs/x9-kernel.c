/* SPDX-License-Identifier: MIT */
/* X9: the doors into the kernel.
 * Tries: each call below, with arguments that do nothing where it should be let through.
 * Expected: bpf SV, perf_event_open SV, keyctl SV, add_key SV|AC, request_key SV|AC, kexec_load SV, kexec_file_load
 * SV, init_module SV, finit_module SV, delete_module SV, open_by_handle_at SV|AC, userfaultfd AC, io_uring_setup AC,
 * memfd_secret AC, future AC Why: those of the first kind end the run with their name; those of the last do not exist
 * (ENOSYS, which the program checks), and neither does a number that no kernel has yet. add_key, request_key and
 * open_by_handle_at may end the run or be denied. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
        static const struct {
                const char *name;
                long number;
                int absent;
        } calls[] = {
                { "bpf", SYS_bpf, 0 },
                { "perf_event_open", SYS_perf_event_open, 0 },
                { "keyctl", SYS_keyctl, 0 },
                { "add_key", SYS_add_key, 0 },
                { "request_key", SYS_request_key, 0 },
                { "kexec_load", SYS_kexec_load, 0 },
                { "kexec_file_load", SYS_kexec_file_load, 0 },
                { "init_module", SYS_init_module, 0 },
                { "finit_module", SYS_finit_module, 0 },
                { "delete_module", SYS_delete_module, 0 },
                { "open_by_handle_at", SYS_open_by_handle_at, 0 },
                { "userfaultfd", SYS_userfaultfd, 1 },
                { "io_uring_setup", 425, 1 },
                { "memfd_secret", 447, 1 },
                { "future", 9999, 1 },
        };

        for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
                if (argc > 1 && strcmp(argv[1], calls[i].name) == 0) {
                        long r = syscall(calls[i].number, -1L, 0L, 0L, 0L, 0L);

                        if (calls[i].absent)
                                puts(r < 0 && errno == ENOSYS ? "denied ENOSYS" : "there");
                        else
                                puts(r < 0 && (errno == EPERM || errno == ENOSYS) ? "denied" : "let through");
                }
        return 0;
}
