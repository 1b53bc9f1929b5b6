/* SPDX-License-Identifier: MIT */
#include "host-request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "say.h"

int host_command(const char *verb, Request *request, char **args) {
        for (size_t i = 0; args[i]; i++)
                if (!g_utf8_validate(args[i], -1, NULL)) {
                        g_autofree char *shown = text_printable(args[i], false);

                        return usage_error(verb, _("argument %zu is not UTF-8 text: %s"), i, shown);
                }
        request->argv = g_strdupv(args);
        request->given |= UINT64_C(1) << REQUEST_ARGV;
        return 0;
}

/* Variables that cannot travel are left out, and named: a program that needs one shall not fail without a word. */
void host_environment(Request *request, bool quiet) {
        g_autoptr(GPtrArray) env = g_ptr_array_new();

        for (char **variable = environ; *variable; variable++) {
                const char *equals = strchr(*variable, '=');

                if (equals && equals != *variable && g_utf8_validate(*variable, -1, NULL)) {
                        g_ptr_array_add(env, g_strdup(*variable));
                } else if (!quiet) {
                        g_autofree char *name = g_strndup(*variable, strcspn(*variable, "="));
                        g_autofree char *shown = text_printable(name, false);

                        say(stderr, _("joulectl: variable %s is left out: it is not UTF-8 text\n"), shown);
                }
        }
        g_ptr_array_add(env, NULL);
        request->env = (char **) g_ptr_array_free(g_steal_pointer(&env), FALSE);
        request->given |= UINT64_C(1) << REQUEST_ENV;
}

int host_directory(const char *verb, Request *request) {
        request->cwd_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (request->cwd_fd < 0 && errno == EACCES) {
                /* As after su or runuser from a directory of root's. */
                say(stderr, "%s\n", _("joulectl: you may not enter the working directory: the program starts in /"));
                request->cwd_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        }
        if (request->cwd_fd < 0)
                return usage_error(verb, _("the working directory cannot be opened: %s"), g_strerror(errno));
        request->given |= UINT64_C(1) << REQUEST_CWD;
        return 0;
}
