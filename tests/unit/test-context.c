/* SPDX-License-Identifier: MIT */
#include "context.h"
#include "offline-bus.h"

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
        gid_t groups[] = { 4, 1000, 4294967294 };
        JobContext first = {
                .job = 7,
                .uid = 1000,
                .groups = groups,
                .n_groups = G_N_ELEMENTS(groups),
                .containment = (char *) "scope",
                .isolation = (char *) "reserved",
                .partition = (char *) "root",
                .cpus = (char *) "3",
                .reserved_cpus = (char *) "2-3",
                .sysroot = (char *) "/",
                .meter = (char *) "auto",
                .model_watts = 12.5,
                .foreign_load_limit = 0.25,
                .frequency_limit = 7,
                .region_min_usec = 100000,
                .box_uid_first = 70000,
                .box_uid_last = 70255,
                .max_blobs = UINT64_C(5) << 30,
                .thermal_band_mc = 2000,
                .thermal_limit_mc = 85000,
                .thermal_strict = true,
                .may_sleep = (char *) "logind is not there",
                .smt_shared = true,
                .noise_floor = 0.0125,
                .noise_floor_usec = UINT64_C(1700000000000000),
                .noise_floor_absent = (char *) "it was made long ago",
        };
        g_autoptr(JobContext) second = NULL;

        g_assert_cmpint(job_context_append(f->m, &first), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(job_context_from_message(f->m, &second), ==, 0);

        g_assert_cmpuint(second->job, ==, 7);
        g_assert_cmpuint(second->uid, ==, 1000);
        g_assert_cmpmem(second->groups, second->n_groups * sizeof(gid_t), groups, sizeof(groups));
        g_assert_cmpstr(second->containment, ==, "scope");
        g_assert_cmpstr(second->isolation, ==, "reserved");
        g_assert_cmpstr(second->partition, ==, "root");
        g_assert_cmpstr(second->cpus, ==, "3");
        g_assert_cmpstr(second->reserved_cpus, ==, "2-3");
        g_assert_cmpstr(second->sysroot, ==, "/");
        g_assert_cmpstr(second->meter, ==, "auto");
        g_assert_cmpuint(second->thermal_band_mc, ==, 2000);
        g_assert_cmpuint(second->thermal_limit_mc, ==, 85000);
        g_assert_true(second->thermal_strict);
        g_assert_cmpstr(second->may_sleep, ==, "logind is not there");
        g_assert_cmpfloat(second->model_watts, ==, 12.5);
        g_assert_cmpfloat(second->foreign_load_limit, ==, 0.25);
        g_assert_cmpfloat(second->frequency_limit, ==, 7);
        g_assert_cmpuint(second->region_min_usec, ==, 100000);
        g_assert_cmpuint(second->box_uid_first, ==, 70000);
        g_assert_cmpuint(second->box_uid_last, ==, 70255);
        g_assert_cmpuint(second->max_blobs, ==, UINT64_C(5) << 30);
        g_assert_true(second->smt_shared);
        g_assert_cmpfloat(second->noise_floor, ==, 0.0125);
        g_assert_cmpuint(second->noise_floor_usec, ==, UINT64_C(1700000000000000));
        g_assert_cmpstr(second->noise_floor_absent, ==, "it was made long ago");
}

static void test_empty(Fixture *f, const void *data) {
        g_autoptr(JobContext) second = NULL;
        JobContext first = {};

        g_assert_cmpint(job_context_append(f->m, &first), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(job_context_from_message(f->m, &second), ==, 0);
        g_assert_cmpuint(second->n_groups, ==, 0);
        g_assert_cmpstr(second->cpus, ==, "");
        g_assert_false(second->smt_shared);
}

static void check_refused(Fixture *f, const char *types, ...) {
        JobContext *context = NULL;
        va_list arguments;

        va_start(arguments, types);
        g_assert_cmpint(sd_bus_message_appendv(f->m, types, arguments), >=, 0);
        va_end(arguments);
        offline_message_turn(f->m);
        g_assert_cmpint(job_context_from_message(f->m, &context), ==, -EINVAL);
        g_assert_null(context);

        sd_bus_message_unref(f->m);
        f->m = offline_message_new(&f->offline);
}

static void test_refused(Fixture *f, const void *data) {
        check_refused(f, "s", "job");
        check_refused(f, "a{sv}", 0);
        check_refused(f, "a{sv}", 1, "job", "u", 1);
        check_refused(f, "a{sv}", 1, "job", "s", "1");
        check_refused(f, "a{sv}", 2, "job", "u", 1, "job", "u", 1);
        check_refused(f, "a{sv}", 1, "groups", "as", 1, "wheel");
        check_refused(f, "a{sv}", 1, "smt-shared", "u", 1);
        check_refused(f, "a{sv}", 1, "model-watts", "u", 1);
        check_refused(f, "a{sv}", 1, "cpus", "u", 1);
        check_refused(f, "a{sv}", 1, "gid", "u", 0);
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("/context/round-trip", test_round_trip);
        ADD("/context/empty", test_empty);
        ADD("/context/refused", test_refused);
        return g_test_run();
}
