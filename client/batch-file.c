/* SPDX-License-Identifier: MIT */
#include "batch-file.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "json-read.h"
#include "json-slice.h"
#include "json.h"
#include "text.h"

#define FILE_BYTES_MAX (UINT64_C(256) * 1024 * 1024)

static void item_clear(void *p) {
        BatchItem *item = p;

        g_free(item->text);
        g_free(item->key);
        g_free(item->name);
        g_free(item->result);
        g_free(item->verdict);
        g_free(item->message);
        g_free(item->failures);
}

/* What a key of that kind starts with: what was only validated has not been measured. */
static const char *key_prefix(JobKind kind) {
        return kind == JOB_VALIDATE ? "validate-" : "measure-";
}

static void add_item(GArray *items, GHashTable *counts, JobKind kind, unsigned line, const char *text, size_t length) {
        g_autofree char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const uint8_t *) text, length);
        unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, digest)) + 1;
        BatchItem item = {
                .line = line,
                .text = g_strndup(text, length),
                .key = g_strdup_printf("%s%s-%u", key_prefix(kind), digest, n),
                .energy_j = NAN,
                .time_s = NAN,
        };

        g_hash_table_insert(counts, g_steal_pointer(&digest), GUINT_TO_POINTER(n));
        g_array_append_val(items, item);
}

int batch_read(const char *path, JobKind kind, GArray **ret, char **ret_problem) {
        g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(BatchItem));
        g_autofree char *text = NULL, *shown = text_printable(path, false);
        g_autoptr(GError) error = NULL;
        struct stat st;
        size_t size;
        unsigned number = 0;

        g_array_set_clear_func(items, item_clear);
        if (stat(path, &st) >= 0 && (uint64_t) st.st_size > FILE_BYTES_MAX) {
                *ret_problem = g_strdup_printf(_("%s: larger than 256 MiB"), shown);
                return -EFBIG;
        }
        if (!g_file_get_contents(path, &text, &size, &error)) {
                *ret_problem = g_strdup(error->message);
                return -EINVAL;
        }
        for (const char *line = text, *end = text + size; line < end;) {
                const char *newline = memchr(line, '\n', (size_t) (end - line)) ?: end;
                size_t length = (size_t) (newline - line);

                number++;
                if (length > 0 && line[length - 1] == '\r')
                        length--;
                if (length > 0)
                        add_item(items, counts, kind, number, line, length);
                line = newline + 1;
        }
        if (items->len == 0 || items->len > BATCH_ITEMS_MAX) {
                *ret_problem = items->len == 0 ? g_strdup_printf(_("%s: there are no requests in it"), shown)
                                               : g_strdup_printf(_("%s: %u requests; at most %d are taken"), shown,
                                                                 items->len, BATCH_ITEMS_MAX);
                return -EINVAL;
        }
        *ret = g_steal_pointer(&items);
        return 0;
}

static void take_result(BatchItem *item, JsonObject *object) {
        uint64_t job = 0;

        (void) json_u64(object, "job", &job);
        item->finished = true;
        item->job = job <= UINT32_MAX ? (uint32_t) job : 0;
        item->name = g_strdup(json_string(object, "name"));
        item->result = g_strdup(json_string(object, "result"));
        item->verdict = g_strdup(json_string(object, "verdict"));
        item->message = g_strdup(json_string(object, "message"));
        item->energy_j = json_double(object, "energy_j");
        item->time_s = json_double(object, "time_s");
        item->simulated = json_true(object, "simulated");
}

static bool find_list(JsonSlice object, const char *wanted, JsonSlice *ret) {
        g_autofree char *name = NULL;
        size_t at = 0;

        while (json_slice_is_object(object) && json_slice_member(object, &at, &name, ret)) {
                if (strcmp(name, wanted) == 0)
                        return json_slice_is_array(*ret);
                g_clear_pointer(&name, g_free);
        }
        return false;
}

/* The results in one of the file's lists. text is that list again: what is only kept stays as it was written. */
static void take_results(JsonArray *array, JsonSlice text, JobKind kind, GHashTable *by_key, GPtrArray *others) {
        const char *other = key_prefix(kind == JOB_VALIDATE ? JOB_MEASURE : JOB_VALIDATE);
        JsonSlice element, failures;
        size_t at = 0;

        for (unsigned i = 0; json_slice_element(text, &at, &element); i++) {
                JsonObject *object = json_element(array, i);
                const char *key = json_string(object, "key");
                BatchItem *item = key ? g_hash_table_lookup(by_key, key) : NULL;

                if (key && g_str_has_prefix(key, other))
                        g_ptr_array_add(others, g_strndup(element.text, element.size));
                if (!item || item->finished || !json_string(object, "result"))
                        continue;
                take_result(item, object);
                if (find_list(element, "failures", &failures))
                        item->failures = g_strndup(failures.text, failures.size);
        }
}

int batch_read_results(const char *path, JobKind kind, GArray *items, GPtrArray *others, char **ret_problem) {
        g_autoptr(GHashTable) by_key = g_hash_table_new(g_str_hash, g_str_equal);
        g_autofree char *text = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) node = NULL;
        JsonSlice whole, list;
        JsonObject *root;
        JsonArray *array;
        size_t size;

        if (!g_file_get_contents(path, &text, &size, &error)) {
                if (g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
                        return 0;
                *ret_problem = g_strdup(error->message);
                return -EINVAL;
        }
        root = json_parse(text, size, &node) >= 0 ? json_node_get_object(node) : NULL;
        array = json_array(root, "items");
        if (!array || g_strcmp0(json_string(root, "schema"), BATCH_SCHEMA) != 0 ||
            json_slice_parse(text, size, &whole, NULL) < 0) {
                g_autofree char *shown = text_printable(path, false);

                *ret_problem = g_strdup_printf(_("%s holds no results of a batch; name another file with --output"),
                                               shown);
                return -EBADMSG;
        }
        for (unsigned i = 0; i < items->len; i++) {
                BatchItem *item = &g_array_index(items, BatchItem, i);

                g_hash_table_insert(by_key, item->key, item);
        }
        if (find_list(whole, "items", &list))
                take_results(array, list, kind, by_key, others);
        if (find_list(whole, "others", &list))
                take_results(json_array(root, "others"), list, kind, by_key, others);
        return 0;
}

static void append_number(GString *out, const char *name, double value) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        g_string_append_printf(out, ",\"%s\":%s", name,
                               isfinite(value) ? g_ascii_formatd(text, sizeof(text), "%.9g", value) : "null");
}

static void append_member(GString *out, const char *name, const char *text) {
        g_string_append_printf(out, ",\"%s\":", name);
        json_append_string(out, text);
}

void batch_append_json(GString *out, const char *source, const GArray *items, const GPtrArray *others) {
        bool first = true;

        g_string_append(out, "{\"schema\":\"" BATCH_SCHEMA "\",\"source\":");
        json_append_string(out, source);
        g_string_append_printf(out, ",\"total\":%u,\"items\":[", items->len);
        for (unsigned i = 0; i < items->len; i++) {
                const BatchItem *item = &g_array_index(items, BatchItem, i);

                if (!item->finished)
                        continue;
                g_string_append_printf(out, "%s\n{\"line\":%u,\"key\":\"%s\",\"job\":", first ? "" : ",", item->line,
                                       item->key);
                if (item->job)
                        g_string_append_printf(out, "%u", item->job);
                else
                        g_string_append(out, "null");
                append_member(out, "name", item->name);
                append_member(out, "result", item->result);
                append_member(out, "verdict", item->verdict);
                append_member(out, "message", item->message);
                append_number(out, "energy_j", item->energy_j);
                append_number(out, "time_s", item->time_s);
                g_string_append_printf(out, ",\"simulated\":%s", item->simulated ? "true" : "false");
                if (item->failures && out->len + strlen(item->failures) < JSON_SIZE_MAX / 2)
                        g_string_append_printf(out, ",\"failures\":%s", item->failures);
                g_string_append_c(out, '}');
                first = false;
        }
        g_string_append(out, "\n]");
        for (unsigned i = 0; others && i < others->len; i++)
                g_string_append_printf(out, "%s\n%s", i ? "," : ",\"others\":[",
                                       (const char *) g_ptr_array_index(others, i));
        g_string_append(out, others && others->len > 0 ? "\n]}\n" : "}\n");
}

int batch_write_results(const char *path, const char *source, const GArray *items, const GPtrArray *others,
                        char **ret_problem) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(GError) error = NULL;

        batch_append_json(out, source, items, others);
        if (!g_file_set_contents_full(path, out->str, (gssize) out->len,
                                      G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666, &error)) {
                *ret_problem = g_strdup(error->message);
                return -EIO;
        }
        return 0;
}
