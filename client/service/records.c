/* SPDX-License-Identifier: MIT */
#include "records.h"

#include "json-read.h"
#include "names.h"

/* The service hands out a bounded page at a time. */
#define PAGE 100U

typedef struct Page {
        const RecordFilter *filter;
        uint32_t limit, before; /* before 0: from the newest */
} Page;

static int append_u32(sd_bus_message *m, const char *key, uint32_t value) {
        return sd_bus_message_append(m, "{sv}", key, "u", value);
}

static int append_string(sd_bus_message *m, const char *key, const char *value) {
        return value ? sd_bus_message_append(m, "{sv}", key, "s", value) : 0;
}

static int fill_page(sd_bus_message *m, void *userdata) {
        const Page *page = userdata;
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = append_u32(m, "limit", page->limit);
        if (r >= 0 && page->before > 0)
                r = append_u32(m, "before", page->before);
        if (r >= 0 && page->filter->has_uid)
                r = append_u32(m, "uid", page->filter->uid);
        if (r >= 0)
                r = append_string(m, "label", page->filter->label);
        if (r >= 0)
                r = append_string(m, "result", page->filter->result);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r;
}

/* The id of the last record of the page; 0 when there is none. */
static uint32_t last_id(JsonArray *records) {
        unsigned n = json_array_get_length(records);
        uint64_t id = 0;

        if (n > 0)
                (void) json_u64(json_element(records, n - 1), "id", &id);
        return id < UINT32_MAX ? (uint32_t) id : 0;
}

int records_list(Service *service, const RecordFilter *filter, JsonNode **ret) {
        g_autoptr(JsonArray) all = json_array_new();
        Page page = { .filter = filter };

        for (;;) {
                uint32_t left = filter->limit ? filter->limit - json_array_get_length(all) : PAGE;
                const Call call = MANAGER_CALL("ListRecords", .fill = fill_page, .userdata = &page);
                g_autoptr(JsonNode) node = NULL;
                JsonArray *records;
                int r;

                page.limit = MIN(left, PAGE);
                r = service_ask(service, &call, &node);
                if (r != 0)
                        return r;

                records = json_node_get_array(node);
                for (unsigned i = 0; i < json_array_get_length(records); i++)
                        json_array_add_element(all, json_node_copy(json_array_get_element(records, i)));
                if (json_array_get_length(records) < page.limit || last_id(records) == 0 ||
                    (page.before && last_id(records) >= page.before) ||
                    (filter->limit && json_array_get_length(all) >= filter->limit))
                        break;
                page.before = last_id(records);
        }
        *ret = json_node_init_array(json_node_alloc(), all);
        return 0;
}

int records_ids(Service *service, const RecordFilter *filter, GArray **ret) {
        g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        g_autoptr(JsonNode) node = NULL;
        JsonArray *records;
        int r;

        r = records_list(service, filter, &node);
        if (r != 0)
                return r;
        records = json_node_get_array(node);
        for (unsigned i = 0; i < json_array_get_length(records); i++) {
                uint64_t id;

                if (json_u64(json_element(records, i), "id", &id) && id < UINT32_MAX) {
                        uint32_t narrow = (uint32_t) id;

                        g_array_append_val(ids, narrow);
                }
        }
        *ret = g_steal_pointer(&ids);
        return 0;
}
