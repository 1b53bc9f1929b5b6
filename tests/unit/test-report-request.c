/* SPDX-License-Identifier: MIT */
#include <json-glib/json-glib.h>

#include "report.h"

/* What the report says of the request, from a record made by hand. */

static int no_cpu_time(void *userdata, uint64_t *ret_usec) {
        *ret_usec = 0;
        return 0;
}

typedef struct Fixture {
        Sysroot *root;
        Topology *topology;
        Meter *meter;
        Request *request;
        JobContext context;
        JsonParser *parser;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        const MeterConfig config = { .name = "model", .model_watts_per_cpu = 1, .cpu_time = no_cpu_time };

        g_assert_cmpint(sysroot_open("/", &f->root), >=, 0);
        g_assert_cmpint(topology_discover(f->root, 0, &f->topology), >=, 0);
        g_assert_cmpint(meter_open(f->topology, f->root, &config, &f->meter, NULL), >=, 0);
        f->request = request_new(JOB_VALIDATE, NULL);
        g_free(f->request->profile);
        f->request->profile = g_strdup("box");
        f->context = (JobContext){ .containment = (char *) "process",
                                   .isolation = (char *) "none",
                                   .partition = (char *) "",
                                   .cpus = (char *) "",
                                   .reserved_cpus = (char *) "",
                                   .sysroot = (char *) "/",
                                   .meter = (char *) "auto",
                                   .may_sleep = (char *) "nothing holds it off",
                                   .noise_floor_absent = (char *) "this host was never calibrated" };
        f->parser = json_parser_new();
}

static void tear_down(Fixture *f, gconstpointer data) {
        g_object_unref(f->parser);
        request_free(f->request);
        meter_free(f->meter);
        topology_free(f->topology);
        sysroot_free(f->root);
}

static JsonObject *report_of(Fixture *f) {
        g_autoptr(JobRecord) record = job_record_new(f->request, &f->context);
        g_autofree char *body = NULL;

        record->root = f->root;
        record->topology = f->topology;
        record->meter = f->meter;
        body = report_body(record, REPORT_PUBLIC);
        g_assert_true(json_parser_load_from_data(f->parser, body, -1, NULL));
        return json_node_get_object(json_parser_get_root(f->parser));
}

static void add_file(GArray *files, const char *name, uint64_t size, uint32_t mode) {
        RequestFile file = { .name = g_strdup(name), .size = size, .mode = mode };

        g_array_append_val(files, file);
}

static void check_file(JsonArray *files, const char *name, gint64 size, gint64 mode) {
        JsonObject *file = json_array_get_object_element(files, 0);

        g_assert_cmpuint(json_array_get_length(files), ==, 1);
        g_assert_cmpstr(json_object_get_string_member(file, "name"), ==, name);
        g_assert_cmpint(json_object_get_int_member(file, "size"), ==, size);
        g_assert_cmpint(json_object_get_int_member(file, "mode"), ==, mode);
}

static void test_parts(Fixture *f, gconstpointer data) {
        RequestTest test = { .name = g_strdup("secret/1") };
        RequestValidator *validator = request_validator_new();
        JsonObject *report, *request, *told;

        f->request->files = request_files_new();
        add_file(f->request->files, "src/a.c", 9, 0644);
        f->request->tests = request_tests_new();
        g_array_append_val(f->request->tests, test);
        f->request->language = g_strdup("c");
        f->request->blobs_bytes = g_bytes_new("x", 1);
        g_free(validator->type);
        validator->type = g_strdup("testlib");
        validator->argv = g_strsplit("./check", " ", -1);
        validator->files = request_files_new();
        add_file(validator->files, "check", 3, 0700);
        f->request->validator = validator;

        report = report_of(f);
        request = json_object_get_object_member(report, "request");
        check_file(json_object_get_array_member(request, "files"), "src/a.c", 9, 0644);
        g_assert_cmpint(json_object_get_int_member(request, "tests"), ==, 1);
        g_assert_cmpstr(json_object_get_string_member(request, "language"), ==, "c");
        g_assert_true(json_object_get_boolean_member(request, "blobs"));
        g_assert_cmpstr(json_object_get_string_member(request, "on-failure"), ==, "stop");
        told = json_object_get_object_member(request, "validator");
        g_assert_cmpstr(json_object_get_string_member(told, "type"), ==, "testlib");
        check_file(json_object_get_array_member(told, "files"), "check", 3, 0700);
        g_assert_cmpuint(json_array_get_length(json_object_get_array_member(told, "argv")), ==, 1);
        g_assert_true(json_object_get_null_member(told, "args"));
        g_assert_true(json_object_get_boolean_member(told, "case-sensitive"));
        /* The program has no command line of its own. */
        g_assert_cmpuint(json_array_get_length(json_object_get_array_member(request, "argv")), ==, 0);
        g_assert_true(json_object_get_null_member(request, "function"));
}

static void test_function(Fixture *f, gconstpointer data) {
        JsonObject *told;

        f->request->function = request_function_new();
        told = json_object_get_object_member(json_object_get_object_member(report_of(f), "request"), "function");
        g_assert_cmpstr(json_object_get_string_member(told, "name"), ==, "solve");
        g_assert_cmpfloat(json_object_get_double_member(told, "float-tolerance"), ==, 1e-9);
        g_assert_true(json_object_get_boolean_member(told, "list-order-matters"));
}

/* What is null has its reason, and keys of another kind of job are not there. */
static void test_absent(Fixture *f, gconstpointer data) {
        static const char *const absent[] = { "files", "tests", "validator", "language", "function", NULL };
        JsonObject *report = report_of(f), *request = json_object_get_object_member(report, "request");
        JsonObject *reasons = json_object_get_object_member(report, "absent");

        for (const char *const *name = absent; *name; name++) {
                g_autofree char *path = g_strconcat("request.", *name, NULL);

                g_assert_true(json_object_get_null_member(request, *name));
                g_assert_cmpstr(json_object_get_string_member(reasons, path), ==, "not asked for");
        }
        g_assert_false(json_object_get_boolean_member(request, "blobs"));
        g_assert_false(json_object_has_member(request, "trials"));
        g_assert_false(json_object_has_member(request, "meter"));
        g_assert_true(json_object_has_member(request, "cpu-limit"));
}

#define ADD(name, function) g_test_add("/report-request/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("parts", test_parts);
        ADD("function", test_function);
        ADD("absent", test_absent);
        return g_test_run();
}
