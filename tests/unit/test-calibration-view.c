/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <string.h>

#include "base.h"
#include "calibration-view.h"

#define NOW UINT64_C(1700000000000000)
#define DAY_USEC (UINT64_C(86400) * USEC_PER_SEC)

static JsonObject *calibration(uint64_t age_usec) {
        JsonObject *object = json_object_new();

        json_object_set_double_member(object, "noise-floor", 0.0123);
        json_object_set_int_member(object, "measured", (gint64) (NOW - age_usec));
        json_object_set_boolean_member(object, "expired", FALSE);
        return object;
}

static void check_line(JsonObject *object, const char *expected) {
        g_autofree char *line = calibration_line(object, NOW);

        g_assert_cmpstr(line, ==, expected);
}

static void test_line(void) {
        g_autoptr(JsonObject) fresh = calibration(5 * 60 * USEC_PER_SEC), day = calibration(DAY_USEC);
        g_autoptr(JsonObject) old = calibration(12 * DAY_USEC), future = calibration(0), empty = json_object_new();

        check_line(NULL, "none: “joulectl calibrate” says how much measurements vary here");
        check_line(empty, "none: “joulectl calibrate” says how much measurements vary here");
        check_line(fresh, "noise floor 1.2 %, measured 5 min 0 s ago");
        check_line(day, "noise floor 1.2 %, measured 1 day ago");
        check_line(old, "noise floor 1.2 %, measured 12 days ago");
        json_object_set_int_member(future, "measured", (gint64) (NOW + DAY_USEC));
        check_line(future, "noise floor 1.2 %, measured < 1 s ago");
        json_object_set_boolean_member(old, "simulated", TRUE);
        json_object_set_boolean_member(old, "expired", TRUE);
        json_object_set_string_member(old, "reason", "the kernel is no longer 6.1 but 6.12");
        check_line(old, "noise floor 1.2 %, measured 12 days ago (modelled); it does not hold any more: the kernel is "
                        "no longer 6.1 but 6.12");
}

static void test_whole(void) {
        const Style style = {};
        g_autoptr(JsonObject) object = calibration(0), idle = json_object_new();
        g_autoptr(GString) out = g_string_new(NULL);

        json_object_set_double_member(object, "noise-spin", 0.004);
        json_object_set_double_member(object, "noise-memory", 0.0123);
        json_object_set_int_member(object, "pairs", 20);
        json_object_set_int_member(object, "tick-ns", 999800);
        json_object_set_int_member(object, "tick-jitter-ns", 21000);
        json_object_set_double_member(object, "tick-step-uj", 61.035);
        json_object_set_double_member(object, "floor", 0.0031);
        json_object_set_double_member(object, "floor-uncertainty", 0.0002);
        json_object_set_double_member(object, "floor-net", 0.0012);
        json_object_set_double_member(object, "floor-net-uncertainty", 0.0003);
        json_object_set_double_member(idle, "package-0", 12.34);
        json_object_set_double_member(idle, "dram", 1.5);
        json_object_set_object_member(object, "idle-power", json_object_ref(idle));
        calibration_view_append(out, object, &style);
        g_assert_cmpstr(out->str, ==,
                        "The noise floor of this host is 1.2 %\n"
                        "  noise               0.4 % computing, 1.2 % going through memory; 20 pairs of trials each\n"
                        "  counter moves       every 0.9998 ms, give or take 21 µs, by 61 µJ\n"
                        "  idle power          package-0 12.3 W, dram 1.5 W\n"
                        "  starting a program  3.100 mJ ± 0.200 mJ, of it 1.200 mJ ± 0.300 mJ above idle\n");
}

/* Of a model nothing is uncertain, and where idle is not known there is no net. */
static void test_bare_floor(void) {
        const Style style = {};
        g_autoptr(JsonObject) object = calibration(0);
        g_autoptr(GString) out = g_string_new(NULL);

        json_object_set_double_member(object, "floor", 0.0031);
        calibration_view_append(out, object, &style);
        g_assert_nonnull(strstr(out->str, "starting a program  3.100 mJ\n"));
}

/* Without a tick and a floor there are no lines for them. */
static void test_unknown(void) {
        const Style style = {};
        g_autoptr(JsonObject) object = calibration(0);
        g_autoptr(GString) out = g_string_new(NULL);

        calibration_view_append(out, object, &style);
        g_assert_null(strstr(out->str, "counter moves"));
        g_assert_null(strstr(out->str, "idle power"));
        g_assert_null(strstr(out->str, "starting"));
}

int main(int argc, char **argv) {
        (void) setlocale(LC_ALL, "C.UTF-8");
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/calibration-view/line", test_line);
        g_test_add_func("/calibration-view/whole", test_whole);
        g_test_add_func("/calibration-view/unknown", test_unknown);
        g_test_add_func("/calibration-view/bare-floor", test_bare_floor);
        return g_test_run();
}
