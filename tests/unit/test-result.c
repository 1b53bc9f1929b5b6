/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "names.h"
#include "offline-bus.h"
#include "result.h"

typedef struct Fixture {
        OfflineBus offline;
        sd_bus_message *m;
} Fixture;

static void setup(Fixture *f, const void *data) {
        offline_bus_init(&f->offline);
        f->m = offline_message_new(&f->offline);
}

static void teardown(Fixture *f, const void *data) {
        sd_bus_message_unref(f->m);
        offline_bus_clear(&f->offline);
}

static void test_round_trip(Fixture *f, const void *data) {
        g_autoptr(Result) first = result_new(RESULT_UNSTABLE, JT_ERROR_RUN_FAILED, "three of nine"), second = NULL;

        first->verdict = g_strdup("AC");
        first->status = g_strdup("UNSTABLE");
        first->grade = g_strdup("C");
        first->simulated = true;
        first->trials = 9;
        first->invalid_trials = 3;
        first->total_energy = 1.5;
        first->total_energy_low = 1.25;
        first->total_energy_high = 1.75;
        first->net_energy = 0.5;
        first->net_energy_low = 0.25;
        first->net_energy_high = 0.75;
        first->wall = 0.125;
        first->cpu = 0.0625;
        first->power = 12;
        g_assert_cmpint(result_append(f->m, first), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(result_from_message(f->m, &second), ==, 0);

        g_assert_cmpint(second->result, ==, RESULT_UNSTABLE);
        g_assert_cmpstr(second->error, ==, JT_ERROR_RUN_FAILED);
        g_assert_cmpstr(second->message, ==, "three of nine");
        g_assert_cmpstr(second->verdict, ==, "AC");
        g_assert_cmpstr(second->status, ==, "UNSTABLE");
        g_assert_cmpstr(second->grade, ==, "C");
        g_assert_true(second->simulated);
        g_assert_cmpuint(second->trials, ==, 9);
        g_assert_cmpuint(second->invalid_trials, ==, 3);
        g_assert_cmpfloat(second->total_energy, ==, 1.5);
        g_assert_cmpfloat(second->total_energy_low, ==, 1.25);
        g_assert_cmpfloat(second->total_energy_high, ==, 1.75);
        g_assert_cmpfloat(second->net_energy, ==, 0.5);
        g_assert_cmpfloat(second->net_energy_low, ==, 0.25);
        g_assert_cmpfloat(second->net_energy_high, ==, 0.75);
        g_assert_cmpfloat(second->wall, ==, 0.125);
        g_assert_cmpfloat(second->cpu, ==, 0.0625);
        g_assert_cmpfloat(second->power, ==, 12);
}

/* What is unknown is not there; it is not 0. */
static void test_unknown_stays_unknown(Fixture *f, const void *data) {
        g_autoptr(Result) first = result_new(RESULT_DONE, NULL, NULL), second = NULL;
        unsigned entries = 0;

        g_assert_cmpint(result_append(f->m, first), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(result_from_message(f->m, &second), ==, 0);
        g_assert_cmpint(second->result, ==, RESULT_DONE);
        g_assert_null(second->error);
        g_assert_null(second->message);
        g_assert_true(isnan(second->total_energy));
        g_assert_true(isnan(second->net_energy_high));
        g_assert_true(isnan(second->wall));
        g_assert_true(isnan(second->power));

        g_assert_cmpint(sd_bus_message_rewind(f->m, true), >=, 0);
        g_assert_cmpint(sd_bus_message_enter_container(f->m, 'a', "{sv}"), >, 0);
        for (; sd_bus_message_at_end(f->m, false) == 0; entries++)
                g_assert_cmpint(sd_bus_message_skip(f->m, "{sv}"), >=, 0);
        g_assert_cmpuint(entries, ==, 4); /* result, simulated, trials, invalid-trials */
}

static void check_refused(Fixture *f, int error, const char *types, ...) {
        Result *result = NULL;
        va_list arguments;

        va_start(arguments, types);
        g_assert_cmpint(sd_bus_message_appendv(f->m, types, arguments), >=, 0);
        va_end(arguments);
        offline_message_turn(f->m);
        g_assert_cmpint(result_from_message(f->m, &result), ==, error);
        g_assert_null(result);

        sd_bus_message_unref(f->m);
        f->m = offline_message_new(&f->offline);
}

/* The words of the contract, and none that contradicts the result. */
static void test_verdicts(Fixture *f, const void *data) {
        static const char *const words[] = { "OK",  "AC",  "WA", "TLE", "WTL", "MLE", "OLE",
                                             "ELE", "RTE", "SV", "XF",  "CE",  "IE",  "SKIPPED" };

        g_assert_cmpuint(g_strv_length((char **) result_verdicts), ==, G_N_ELEMENTS(words));
        for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
                g_autoptr(Result) first = result_new(RESULT_FAILED, NULL, NULL), second = NULL;

                first->verdict = g_strdup(words[i]);
                g_assert_cmpint(result_append(f->m, first), >=, 0);
                offline_message_turn(f->m);
                g_assert_cmpint(result_from_message(f->m, &second), ==, 0);
                g_assert_cmpstr(second->verdict, ==, words[i]);
                sd_bus_message_unref(f->m);
                f->m = offline_message_new(&f->offline);

                if (i > 1)
                        check_refused(f, -EINVAL, "a{sv}", 2, "result", "s", "done", "verdict", "s", words[i]);
        }
        check_refused(f, -EINVAL, "a{sv}", 2, "result", "s", "failed", "verdict", "s", "ac");
        check_refused(f, -EINVAL, "a{sv}", 2, "result", "s", "failed", "verdict", "s", "");
}

static void test_refused(Fixture *f, const void *data) {
        check_refused(f, -EINVAL, "a{sv}", 0);
        check_refused(f, -EINVAL, "s", "done");
        check_refused(f, -EINVAL, "a{sv}", 1, "result", "s", "perfect");
        check_refused(f, -EINVAL, "a{sv}", 1, "result", "u", 1);
        check_refused(f, -EINVAL, "a{sv}", 1, "trials", "u", 1);
        check_refused(f, -EINVAL, "a{sv}", 2, "result", "s", "done", "result", "s", "done");
        check_refused(f, -EINVAL, "a{sv}", 2, "result", "s", "done", "joules", "d", 1.0);
        check_refused(f, -EINVAL, "a{sv}", 2, "result", "s", "done", "wall", "s", "1");
        check_refused(f, -EINVAL, "a{sv}", 2, "result", "s", "done", "simulated", "u", 1);
        check_refused(f, -EINVAL, "a{sv}", 3, "result", "s", "done", "grade", "s", "A", "grade", "s", "B");
        check_refused(f, -EINVAL, "a{sv}", 2, "result", "s", "failed", "error", "s", "org.example.Error");
        check_refused(f, -EINVAL, "a{sv}", 2, "result", "s", "failed", "error", "s", "");
        check_refused(f, -ERANGE, "a{sv}", 2, "result", "s", "done", "wall", "d", (double) INFINITY);
        check_refused(f, -ERANGE, "a{sv}", 2, "result", "s", "done", "wall", "d", (double) NAN);
}

static Calibration *some_calibration(void) {
        Calibration *calibration = calibration_new();

        calibration->noise_floor = calibration->noise_spin = 0.02;
        calibration->noise_memory = 0.01;
        calibration->pairs = 20;
        calibration->meter = g_strdup("perf");
        return calibration;
}

/* The daemon hears of it, GetResult does not speak of it. */
static void test_calibration(Fixture *f, const void *data) {
        g_autoptr(Result) first = result_new(RESULT_DONE, NULL, NULL), second = NULL, third = NULL;

        first->calibration = some_calibration();
        g_assert_cmpint(result_append(f->m, first), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(result_from_message(f->m, &second), ==, 0);
        g_assert_nonnull(second->calibration);
        g_assert_cmpfloat(second->calibration->noise_floor, ==, 0.02);

        sd_bus_message_unref(f->m);
        f->m = offline_message_new(&f->offline);
        g_assert_cmpint(sd_bus_message_open_container(f->m, 'a', "{sv}"), >=, 0);
        g_assert_cmpint(result_append_members(f->m, first), >=, 0);
        g_assert_cmpint(sd_bus_message_close_container(f->m), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(result_from_message(f->m, &third), ==, 0);
        g_assert_null(third->calibration);

        sd_bus_message_unref(f->m);
        f->m = offline_message_new(&f->offline);
        check_refused(f, -EINVAL, "a{sv}", 2, "result", "s", "done", "calibration", "s", "fine");
        check_refused(f, -EINVAL, "a{sv}", 2, "result", "s", "done", "calibration", "a{sv}", 0);
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, setup, function, teardown)

/* Whoever has taken the judge over has no more of the service's memory, records and journal than a sentence. */
static void test_long(Fixture *f, const void *data) {
        g_autofree char *longer = g_strnfill(RESULT_MESSAGE_MAX + 1, 'x'),
                        *words = g_strnfill(RESULT_WORD_MAX + 1, 'A');
        g_autofree char *most = g_strnfill(RESULT_MESSAGE_MAX, 'x');
        g_autoptr(GString) umlauts = g_string_new(NULL);
        g_autoptr(Result) kept = result_new(RESULT_FAILED, NULL, most), made = result_new(RESULT_FAILED, NULL, longer);
        g_autoptr(Result) read = NULL, cut = NULL;

        g_assert_cmpstr(kept->message, ==, most);
        g_assert_cmpuint(strlen(made->message), ==, RESULT_MESSAGE_MAX);
        g_assert_true(g_str_has_suffix(made->message, "x…"));

        g_assert_cmpint(sd_bus_message_append(f->m, "a{sv}", 2, "result", "s", "failed", "message", "s", longer), >=,
                        0);
        offline_message_turn(f->m);
        g_assert_cmpint(result_from_message(f->m, &read), ==, 0);
        g_assert_cmpstr(read->message, ==, made->message);

        /* Not in the middle of a letter. */
        for (unsigned i = 0; i < RESULT_MESSAGE_MAX; i++)
                g_string_append(umlauts, "ü");
        cut = result_new(RESULT_FAILED, NULL, umlauts->str);
        g_assert_true(g_utf8_validate(cut->message, -1, NULL));
        g_assert_cmpuint(strlen(cut->message), <=, RESULT_MESSAGE_MAX);
        g_assert_cmpuint(strlen(cut->message), >, RESULT_MESSAGE_MAX - 4);

        sd_bus_message_unref(f->m);
        f->m = offline_message_new(&f->offline);
        check_refused(f, -EMSGSIZE, "a{sv}", 2, "result", "s", "done", "status", "s", words);
        check_refused(f, -EMSGSIZE, "a{sv}", 2, "result", "s", "done", "grade", "s", words);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("/result/round-trip", test_round_trip);
        ADD("/result/unknown", test_unknown_stays_unknown);
        ADD("/result/verdicts", test_verdicts);
        ADD("/result/calibration", test_calibration);
        ADD("/result/refused", test_refused);
        ADD("/result/long", test_long);
        return g_test_run();
}
