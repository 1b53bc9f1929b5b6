/* SPDX-License-Identifier: MIT */
#include "arguments.h"

#include <glib/gi18n.h>
#include <stdarg.h>

#include "say.h"

int usage_error(const char *verb, const char *format, ...) {
        g_autofree char *problem = NULL;
        va_list ap;

        va_start(ap, format);
        problem = g_strdup_vprintf(format, ap);
        va_end(ap);
        say(stderr, "joulectl: %s\n", problem);
        if (verb)
                say(stderr, _("See “joulectl %s --help”.\n"), verb);
        else
                say(stderr, "%s\n", _("See “joulectl --help”."));
        return EXIT_USAGE;
}
