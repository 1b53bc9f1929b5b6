/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base.h"
#include "errors.h"
#include "names.h"

static void test_both_ways(void) {
        unsigned n = 0;

        for (const ErrorName *e = error_names; e->name; e++, n++) {
                g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

                g_assert_true(g_str_has_prefix(e->name, JT_ERROR_PREFIX));
                g_assert_cmpint(e->error, >, 0);
                g_assert_cmpint(error_to_errno(e->name), ==, e->error);
                g_assert_cmpstr(error_from_errno(e->error), ==, e->name);

                g_assert_cmpint(sd_bus_error_set(&error, e->name, "why"), ==, -e->error);
                g_assert_cmpint(sd_bus_error_get_errno(&error), ==, e->error);
        }
        g_assert_cmpuint(n, ==, 24);
}

static void test_unknown(void) {
        g_assert_cmpint(error_to_errno("org.freedesktop.DBus.Error.AccessDenied"), ==, 0);
        g_assert_null(error_from_errno(EACCES));
        g_assert_null(error_from_errno(0));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(errors_register(), >=, 0);
        g_test_add_func("/errors/both-ways", test_both_ways);
        g_test_add_func("/errors/unknown", test_unknown);
        return g_test_run();
}
