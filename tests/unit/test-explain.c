/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "client.h"
#include "errors.h"
#include "explain.h"
#include "names.h"

static const char *const jargon[] = {
        "D-Bus", "DBus",        "org.",          "sd_bus", "GDBus",  "polkit",
        "errno", "unique name", "UnknownObject", "unit",   "cgroup", NULL,
};

static void assert_plain(const char *text) {
        g_assert_cmpuint(strlen(text), >, 6);
        for (const char *const *word = jargon; *word; word++)
                if (strstr(text, *word))
                        g_error("\"%s\" speaks of \"%s\"", text, *word);
}

static void assert_three_parts(const char *name) {
        const Style style = {};
        g_autoptr(Explanation) explanation = explain(name, "the queue holds 20 of 20 jobs", "job 7", NULL);
        g_autoptr(GString) out = g_string_new(NULL);
        g_auto(GStrv) lines = NULL;

        explanation_append(out, explanation, "joulectl: ", &style);
        lines = g_strsplit(out->str, "\n", -1);
        g_assert_cmpuint(g_strv_length(lines), ==, 4);
        g_assert_true(g_str_has_prefix(lines[0], "joulectl: "));
        g_assert_true(g_str_has_prefix(lines[1], "  "));
        g_assert_true(strstr(lines[1], "20 of 20") || strstr(lines[1], "job 7"));
        g_assert_true(g_str_has_prefix(lines[2], "  → "));
        for (size_t i = 0; i < 3; i++)
                assert_plain(lines[i]);
        g_assert_cmpstr(explanation->what, !=, explanation->next);
}

/* Every name of the contract has an entry of its own, and every entry its three parts. */
static void test_three_parts(void) {
        for (const ErrorName *e = error_names; e->name; e++) {
                g_assert_cmpstr(error_text(e->name)->name, ==, e->name);
                assert_three_parts(e->name);
        }
        for (const ErrorText *text = error_texts; text->name; text++)
                assert_three_parts(text->name);
        assert_three_parts("com.example.Unheard");
        assert_three_parts(NULL);
}

static void test_the_message_names_the_value(void) {
        g_autoptr(Explanation) ours = explain(JT_ERROR_QUEUE_FULL, "20 of 20 jobs (MaxJobsPerUser)", "job 7", NULL);
        g_autoptr(Explanation) none = explain(JT_ERROR_QUEUE_FULL, NULL, "job 7", NULL);
        g_autoptr(Explanation) foreign = explain(JT_ERROR_NOT_READY,
                                                 "The name org.freedesktop.systemd1 was not provided", "job 7", NULL);
        g_autoptr(Explanation) known = explain(JT_ERROR_RUN_FAILED, NULL, "job 7", "do this");
        g_autoptr(Explanation) nasty = explain("org.example.Newer", "exit\033[2J", "job 7", "do\nthis");

        g_assert_cmpstr(ours->value, ==, "20 of 20 jobs (MaxJobsPerUser)");
        g_assert_cmpstr(none->value, ==, "job 7");
        g_assert_cmpstr(foreign->value, ==, "job 7");
        g_assert_cmpstr(nasty->value, ==, "exit\\x1b[2J");
        g_assert_cmpstr(nasty->next, ==, "do\\x0athis");
        g_assert_cmpstr(known->next, ==, error_text(JT_ERROR_RUN_FAILED)->next);
}

static void test_exit_codes(void) {
        static const struct {
                const char *name;
                int code;
        } codes[] = {
                { SD_BUS_ERROR_ACCESS_DENIED, 3 },   { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, 3 },
                { JT_ERROR_INVALID_REQUEST, 2 },     { SD_BUS_ERROR_INVALID_ARGS, 2 },
                { JT_ERROR_NOT_READY, 4 },           { JT_ERROR_NO_METER, 4 },
                { JT_ERROR_QUEUE_FULL, 4 },          { SD_BUS_ERROR_LIMITS_EXCEEDED, 4 },
                { SD_BUS_ERROR_SERVICE_UNKNOWN, 4 }, { SD_BUS_ERROR_NO_REPLY, 4 },
                { SD_BUS_ERROR_DISCONNECTED, 4 },    { JT_ERROR_SERVICE_RESTARTED, 4 },
                { JT_ERROR_NO_SUCH_JOB, 1 },         { JT_ERROR_NOT_FINISHED, 1 },
                { "com.example.Unheard", 4 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
                g_assert_cmpint(error_text(codes[i].name)->exit_code, ==, codes[i].code);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/explain/three-parts", test_three_parts);
        g_test_add_func("/explain/the-message-names-the-value", test_the_message_names_the_value);
        g_test_add_func("/explain/exit-codes", test_exit_codes);
        return g_test_run();
}
