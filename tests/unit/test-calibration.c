/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "calibration.h"
#include "offline-bus.h"

typedef struct Fixture {
        OfflineBus offline;
        sd_bus_message *m;
        Calibration *first;
} Fixture;

static void set_up(Fixture *f, const void *data) {
        offline_bus_init(&f->offline);
        f->m = offline_message_new(&f->offline);
        f->first = calibration_new();
        f->first->noise_floor = f->first->noise_memory = 0.0123456789012345;
        f->first->noise_spin = 0.004;
        f->first->pairs = 20;
        f->first->meter = g_strdup("perf");
}

static void tear_down(Fixture *f, const void *data) {
        calibration_free(f->first);
        sd_bus_message_unref(f->m);
        offline_bus_clear(&f->offline);
}

static void fill(Calibration *calibration) {
        calibration->simulated = true;
        calibration->tick_ns = 1000123;
        calibration->tick_jitter_ns = 20456;
        calibration->tick_step_uj = 61.03515625;
        calibration->floor_j = 0.0025;
        calibration->floor_error_j = 0.0002;
        calibration->floor_net_j = 0.0011;
        calibration->floor_net_error_j = 0.0004;
        calibration_add_idle(calibration, "package-0", 12.5);
        calibration_add_idle(calibration, "dram", 1.0 / 3);
}

static void assert_same_number(double a, double b) {
        g_assert_true(a == b || (isnan(a) && isnan(b)));
}

static void assert_same(const Calibration *a, const Calibration *b) {
        g_assert_cmpfloat(a->noise_floor, ==, b->noise_floor);
        g_assert_cmpfloat(a->noise_spin, ==, b->noise_spin);
        g_assert_cmpfloat(a->noise_memory, ==, b->noise_memory);
        g_assert_cmpuint(a->pairs, ==, b->pairs);
        g_assert_cmpint(a->simulated, ==, b->simulated);
        g_assert_cmpstr(a->meter, ==, b->meter);
        g_assert_cmpuint(a->tick_ns, ==, b->tick_ns);
        g_assert_cmpuint(a->tick_jitter_ns, ==, b->tick_jitter_ns);
        assert_same_number(a->tick_step_uj, b->tick_step_uj);
        assert_same_number(a->floor_j, b->floor_j);
        assert_same_number(a->floor_error_j, b->floor_error_j);
        assert_same_number(a->floor_net_j, b->floor_net_j);
        assert_same_number(a->floor_net_error_j, b->floor_net_error_j);
        g_assert_cmpuint(a->idle->len, ==, b->idle->len);
        for (guint i = 0; i < a->idle->len; i++) {
                const CalibrationIdle *x = &g_array_index(a->idle, CalibrationIdle, i);
                const CalibrationIdle *y = &g_array_index(b->idle, CalibrationIdle, i);

                g_assert_cmpstr(x->domain, ==, y->domain);
                g_assert_cmpfloat(x->watts, ==, y->watts);
        }
}

static void check_on_the_bus(Fixture *f) {
        g_autoptr(Calibration) second = NULL;

        g_assert_cmpint(calibration_append(f->m, f->first), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(calibration_from_message(f->m, &second), ==, 0);
        assert_same(second, f->first);
        sd_bus_message_unref(f->m);
        f->m = offline_message_new(&f->offline);
}

/* Through the text, as the file has it. */
static void check_in_a_file(Fixture *f) {
        g_autoptr(GKeyFile) written = g_key_file_new(), read = g_key_file_new();
        g_autoptr(Calibration) second = NULL;
        g_autofree char *text = NULL;

        calibration_to_keys(f->first, written);
        text = g_key_file_to_data(written, NULL, NULL);
        g_assert_true(g_key_file_load_from_data(read, text, (gsize) -1, G_KEY_FILE_NONE, NULL));
        g_assert_cmpint(calibration_from_keys(read, &second), ==, 0);
        assert_same(second, f->first);
}

static void test_round_trips(Fixture *f, const void *data) {
        g_autoptr(Calibration) copy = NULL;

        check_on_the_bus(f);
        check_in_a_file(f);
        fill(f->first);
        check_on_the_bus(f);
        check_in_a_file(f);
        copy = calibration_copy(f->first);
        assert_same(copy, f->first);
}

static void check_refused(Fixture *f, const char *types, ...) {
        g_autoptr(Calibration) calibration = NULL;
        va_list arguments;

        va_start(arguments, types);
        g_assert_cmpint(sd_bus_message_appendv(f->m, types, arguments), >=, 0);
        va_end(arguments);
        offline_message_turn(f->m);
        g_assert_cmpint(calibration_from_message(f->m, &calibration), ==, -EINVAL);
        g_assert_null(calibration);
        sd_bus_message_unref(f->m);
        f->m = offline_message_new(&f->offline);
}

#define WHOLE "noise-floor", "d", 0.02, "noise-spin", "d", 0.02, "noise-memory", "d", 0.01, "pairs", "u", 20

static void test_refused(Fixture *f, const void *data) {
        check_refused(f, "s", "calibration");
        check_refused(f, "a{sv}", 0);
        check_refused(f, "a{sv}", 4, WHOLE);
        check_refused(f, "a{sv}", 6, WHOLE, "meter", "s", "perf", "surprise", "u", 1);
        check_refused(f, "a{sv}", 6, WHOLE, "meter", "s", "perf", "meter", "s", "perf");
        check_refused(f, "a{sv}", 6, WHOLE, "meter", "s", "perf", "idle-power", "a{sd}", 1, "dram", (double) NAN);
        check_refused(f, "a{sv}", 5, "noise-floor", "d", -0.5, "noise-spin", "d", 0.02, "noise-memory", "d", 0.01,
                      "pairs", "u", 20, "meter", "s", "perf");
        check_refused(f, "a{sv}", 5, "noise-floor", "d", (double) INFINITY, "noise-spin", "d", 0.02, "noise-memory",
                      "d", 0.01, "pairs", "u", 20, "meter", "s", "perf");
        check_refused(f, "a{sv}", 5, "noise-floor", "d", 0.02, "noise-spin", "d", 0.02, "noise-memory", "d", 0.01,
                      "pairs", "u", 0, "meter", "s", "perf");
}

static void test_refused_in_a_file(Fixture *f, const void *data) {
        static const struct {
                const char *key, *value;
        } wrong[] = {
                { "noise-floor", "much" }, { "noise-floor", "-1" },      { "noise-floor", "nan" },
                { "pairs", "-3" },         { "simulated", "perhaps" },   { "tick-ns", "1 ms" },
                { "pairs", "0" },          { "idle-power.dram", "hot" }, { "floor", "" },
        };

        fill(f->first);
        for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
                g_autoptr(GKeyFile) keys = g_key_file_new();
                g_autoptr(Calibration) calibration = NULL;

                calibration_to_keys(f->first, keys);
                g_key_file_set_value(keys, CALIBRATION_GROUP, wrong[i].key, wrong[i].value);
                g_assert_cmpint(calibration_from_keys(keys, &calibration), ==, -EINVAL);
        }
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("/calibration/round-trips", test_round_trips);
        ADD("/calibration/refused", test_refused);
        ADD("/calibration/refused-in-a-file", test_refused_in_a_file);
        return g_test_run();
}
