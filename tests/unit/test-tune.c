/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <glib.h>

#include "request.h"
#include "tune.h"

static void test_good(void) {
        g_autofree char *message = NULL;
        Tune tune;

        g_assert_cmpint(tune_parse("governor=performance", &tune, &message), ==, 0);
        g_assert_cmpstr(tune.governor, ==, "performance");
        g_assert_null(tune.epp);
        g_assert_null(tune.turbo);
        g_assert_cmpuint(tune.min_khz, ==, 0);
        g_assert_cmpuint(tune.max_khz, ==, 0);
        g_assert_cmpint(tune_parse("max-frequency=2000000,turbo=off,epp=balance_power,min-frequency=2000000,governor="
                                   "keep",
                                   &tune, &message),
                        ==, 0);
        g_assert_cmpstr(tune.governor, ==, "keep");
        g_assert_cmpstr(tune.epp, ==, "balance_power");
        g_assert_cmpstr(tune.turbo, ==, "off");
        g_assert_cmpuint(tune.min_khz, ==, 2000000);
        g_assert_cmpuint(tune.max_khz, ==, 2000000);
}

static const struct {
        const char *text, *says;
} bad[] = {
        { "", "no setting" },
        { "governor", "\"governor\" is no setting" },
        { "governor=", "is none of: keep, performance" },
        { "governor=userspace", "governor=userspace is none of" },
        { "governor=performance\n", "is none of" },
        { "governor=performance, turbo=off", "\" turbo\" is no setting" },
        { "governor=performance,governor=powersave", "governor is there twice" },
        { "turbo=maybe", "is none of: keep, on, off" },
        { "irq=2", "\"irq\" is no setting" },
        { "../boost=1", "is no setting" },
        { "min-frequency=0", "out of range" },
        { "min-frequency=-5", "out of range" },
        { "max-frequency=100000001", "out of range" },
        { "max-frequency=2GHz", "out of range" },
        { "max-frequency=1,max-frequency=1", "max-frequency is there twice" },
        { "min-frequency=3,max-frequency=2", "above" },
        { "turbo=on,", "\"\" is no setting" },
};

static void test_bad(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autofree char *message = NULL;
                Tune tune = { .min_khz = 7 };

                g_test_message("%s", bad[i].text);
                g_assert_cmpint(tune_parse(bad[i].text, &tune, &message), ==, -EINVAL);
                g_assert_nonnull(strstr(message, bad[i].says));
                g_assert_cmpuint(tune.min_khz, ==, 7);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/tune/good", test_good);
        g_test_add_func("/tune/bad", test_bad);
        return g_test_run();
}
