/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "config.h"
#include "say.h"

#define INTERPRETER "python3"

enum {
        OPTION_HOSTILE,
        OPTION_USER,
        OPTION_LIST,
};

typedef struct Selftest {
        bool hostile, list;
        const char *user;
} Selftest;

const Option *selftest_options(void) {
        static const Option options[] = {
                { "hostile", 0, NULL, N_("run the hostile programs that come with the service, as root"),
                  OPTION_HOSTILE },
                { "user", 0, "USER", N_("who asks the service to run them; else whoever called sudo"), OPTION_USER },
                { "list", 0, NULL, N_("only list them, with the verdict each must get"), OPTION_LIST },
                {},
        };

        return options;
}

static int set_option(void *userdata, int id, const char *value, char **ret_problem) {
        Selftest *selftest = userdata;

        switch (id) {
        case OPTION_HOSTILE:
                selftest->hostile = true;
                break;
        case OPTION_USER:
                selftest->user = value;
                break;
        default:
                selftest->list = true;
        }
        return 0;
}

/* Its table and its exit status are ours. */
static int run_corpus(const Selftest *selftest, char **rows) {
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
        if (selftest->user) {
                g_ptr_array_add(argv, (char *) "--user");
                g_ptr_array_add(argv, (char *) selftest->user);
        }
        if (selftest->list)
                g_ptr_array_add(argv, (char *) "--list");
        for (; *rows; rows++)
                g_ptr_array_add(argv, *rows);
        g_ptr_array_add(argv, NULL);
        fflush(NULL);
        (void) execv(python, (char **) argv->pdata);
        say(stderr, _("joulectl: %s cannot be run: %s\n"), python, g_strerror(errno));
        return EXIT_INFRASTRUCTURE;
}

int verb_selftest(Arguments *arguments, char **args) {
        g_autofree char **operands = NULL;
        Selftest selftest = {};
        int r;

        r = verb_parse("selftest", arguments, selftest_options(), set_option, &selftest, args, &operands);
        if (r != 0)
                return r;
        if (!selftest.hostile)
                return usage_error("selftest", _("there is one test so far: --hostile"));
        if (arguments->local || arguments->host || arguments->json)
                return usage_error("selftest", _("--hostile looks at the service of this machine and prints a table: "
                                                 "it takes neither --local, --host nor --json"));
        return run_corpus(&selftest, operands);
}
