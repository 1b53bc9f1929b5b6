/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "client.h"
#include "config.h"
#include "say.h"
#include "selftest.h"

#define INTERPRETER "python3"

/* Its table and its exit status are ours. */
int selftest_hostile(const char *user, bool list, char **rows) {
        g_autofree char *script =
                        g_build_filename(g_getenv("JOULETRACE_DATADIR") ?: JT_DATADIR, "hostile", "run.py", NULL);
        g_autofree char *python = g_find_program_in_path(INTERPRETER);
        g_autoptr(GPtrArray) argv = g_ptr_array_new();

        if (!g_file_test(script, G_FILE_TEST_EXISTS)) {
                say(stderr, _("joulectl: %s is not there: the hostile programs are not installed\n"), script);
                return EXIT_INFRASTRUCTURE;
        }
        if (!python) {
                say(stderr, _("joulectl: %s is not installed, which runs the hostile programs: install it\n"),
                    INTERPRETER);
                return EXIT_INFRASTRUCTURE;
        }
        g_ptr_array_add(argv, python);
        g_ptr_array_add(argv, script);
        if (user) {
                g_ptr_array_add(argv, (char *) "--user");
                g_ptr_array_add(argv, (char *) user);
        }
        if (list)
                g_ptr_array_add(argv, (char *) "--list");
        for (; *rows; rows++)
                g_ptr_array_add(argv, *rows);
        g_ptr_array_add(argv, NULL);
        fflush(NULL);
        (void) execv(python, (char **) argv->pdata);
        say(stderr, _("joulectl: %s cannot be run: %s\n"), python, g_strerror(errno));
        return EXIT_INFRASTRUCTURE;
}
