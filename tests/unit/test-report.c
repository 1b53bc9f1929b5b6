/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include <json-glib/json-glib.h>

#include "errors.h"
#include "names.h"
#include "report.h"

static Record *record_new(void) {
        Record *record = g_new0(Record, 1);

        record->id = 7;
        record->uuid = g_strdup("uuid");
        record->uid = 1000;
        record->label = g_strdup("a \"label\"\n");
        record->submitted_usec = UINT64_C(1700000000000001);
        record->finished_usec = UINT64_C(1700000001500000);
        record->state = JOB_COMPLETED;
        record->result = result_new(RESULT_DONE, NULL, NULL);
        return record;
}

static JsonObject *parse(JsonParser *parser, const char *text) {
        g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
        return json_node_get_object(json_parser_get_root(parser));
}

static void test_with_body(void) {
        g_autoptr(Record) record = record_new();
        g_autoptr(JsonParser) parser = json_parser_new();
        g_autofree char *text = report_build(record, "{\"absent\":{},\"program\":{\"argv\":[\"a\"]}}\n");
        JsonObject *report = parse(parser, text), *job = json_object_get_object_member(report, "job");

        g_assert_cmpstr(json_object_get_string_member(report, "schema"), ==, JT_REPORT_SCHEMA);
        g_assert_true(json_object_has_member(report, "program"));
        g_assert_cmpint(json_object_get_int_member(job, "id"), ==, 7);
        g_assert_cmpint(json_object_get_int_member(job, "uid"), ==, 1000);
        g_assert_cmpstr(json_object_get_string_member(job, "label"), ==, "a \"label\"\n");
        g_assert_cmpstr(json_object_get_string_member(job, "submitted"), ==, "2023-11-14T22:13:20.000001Z");
        g_assert_cmpstr(json_object_get_string_member(job, "finished"), ==, "2023-11-14T22:13:21.500000Z");
        g_assert_true(json_object_get_null_member(job, "started"));
        g_assert_true(json_object_get_null_member(job, "error"));
        g_assert_true(json_object_get_null_member(job, "candidate_id"));
        g_assert_cmpstr(json_object_get_string_member(job, "result"), ==, "done");
}

static void test_empty_body(void) {
        g_autoptr(Record) record = record_new();
        g_autoptr(JsonParser) parser = json_parser_new();
        g_autofree char *text = report_build(record, "{ }");

        g_assert_cmpuint(json_object_get_size(parse(parser, text)), ==, 2);
}

static void test_without_body(void) {
        g_autoptr(Record) record = record_new();
        g_autoptr(JsonParser) parser = json_parser_new();
        g_autofree char *text = NULL;
        JsonObject *report, *error;

        result_free(record->result);
        record->result = result_new(RESULT_INFRASTRUCTURE, JT_ERROR_SERVICE_RESTARTED, "It went away.");
        text = report_build(record, NULL);
        report = parse(parser, text);
        error = json_object_get_object_member(json_object_get_object_member(report, "job"), "error");
        g_assert_cmpstr(json_object_get_string_member(error, "name"), ==, JT_ERROR_SERVICE_RESTARTED);
        g_assert_cmpstr(json_object_get_string_member(error, "message"), ==, "It went away.");
        g_assert_cmpstr(json_object_get_string_member(error, "remedy"), ==, "Submit again.");
        g_assert_true(json_object_get_null_member(report, "measurement"));
        g_assert_nonnull(strstr(
                        json_object_get_string_member(json_object_get_object_member(report, "absent"), "measurement"),
                        "It went away."));
}

/* Every cause a job can end with tells what to do. */
static void test_remedies(void) {
        static const char *const returned[] = { JT_ERROR_NOT_READY, JT_ERROR_QUEUE_FULL, JT_ERROR_NO_SUCH_JOB,
                                                JT_ERROR_NOT_FINISHED, NULL };

        for (const ErrorName *e = error_names; e->name; e++)
                if (!g_strv_contains(returned, e->name))
                        g_assert_nonnull(report_remedy(e->name));
        g_assert_null(report_remedy("org.example.Other"));
}

static int memfd_with(const void *data, size_t size, int seals) {
        int fd = memfd_create("body", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(write(fd, data, size), ==, (gssize) size);
        g_assert_cmpint(fcntl(fd, F_ADD_SEALS, seals), ==, 0);
        return fd;
}

static void test_read_body(void) {
        const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
        g_autofree char *large = g_malloc0(REPORT_BODY_MAX + 1);
        const struct {
                const void *data;
                size_t size;
                int seals, r;
        } table[] = {
                { "{\"a\":1}", 7, seals, 0 },
                { "{\"a\":1}", 7, F_SEAL_SHRINK | F_SEAL_GROW, -EBADMSG },
                { "[1]", 3, seals, -EBADMSG },
                { "", 0, seals, -EBADMSG },
                { "{\"\xff\":1}", 7, seals, -EBADMSG },
                { "{\"\0\":1}", 7, seals, -EBADMSG },
                { large, REPORT_BODY_MAX + 1, seals, -EFBIG },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                autofd fd = memfd_with(table[i].data, table[i].size, table[i].seals);
                g_autofree char *text = NULL;

                g_test_message("body %zu", i);
                g_assert_cmpint(report_read_body(fd, &text), ==, table[i].r);
                if (table[i].r == 0)
                        g_assert_cmpstr(text, ==, table[i].data);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/report/with-body", test_with_body);
        g_test_add_func("/report/empty-body", test_empty_body);
        g_test_add_func("/report/without-body", test_without_body);
        g_test_add_func("/report/remedies", test_remedies);
        g_test_add_func("/report/read-body", test_read_body);
        return g_test_run();
}
