/* SPDX-License-Identifier: MIT */
#include "examine.h"
#include "selftest.h"

static const Arguments arguments = { .style = { .ascii = true } };

static GArray *host(const char *governor, const char *temperature) {
        GArray *findings = g_array_new(FALSE, TRUE, sizeof(Finding));
        const Finding all[] = { { .name = "governor", .value = (char *) governor },
                                { .name = "temperature", .value = (char *) temperature } };

        g_array_append_vals(findings, all, G_N_ELEMENTS(all));
        return findings;
}

static JsonNode *checks(bool cpus_ok) {
        g_autofree char *text =
                        g_strdup_printf("[{\"name\": \"cpus\", \"ok\": %s}, {\"name\": \"old\", \"ok\": false}]",
                                        cpus_ok ? "true" : "false");

        return json_from_string(text, NULL);
}

/* What the machine was set to, and what the service said of itself; what changes by itself is no setting. */
static void test_settings(void) {
        static const struct {
                const char *governor, *temperature;
                bool before, after;
                SelftestVerdict verdict;
        } cases[] = {
                { "powersave", "50 C", true, true, SELFTEST_OK },
                { "powersave", "70 C", true, true, SELFTEST_OK },
                { "performance", "50 C", true, true, SELFTEST_FAILED },
                { "powersave", "50 C", true, false, SELFTEST_FAILED },
                { "powersave", "50 C", false, false, SELFTEST_OK }, /* it was so before */
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GArray) now = host(cases[i].governor, cases[i].temperature);
                g_autoptr(JsonNode) after = checks(cases[i].after);
                Selftest selftest;

                selftest_init(&selftest, &arguments);
                selftest.host = host("powersave", "50 C");
                selftest.before = checks(cases[i].before);
                selftest_judge_settings(&selftest, now, after);
                g_assert_cmpuint(selftest.checks->len, ==, 1);
                g_assert_cmpint(g_array_index(selftest.checks, SelftestCheck, 0).verdict, ==, cases[i].verdict);
                selftest_done(&selftest);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/selftest/settings", test_settings);
        return g_test_run();
}
