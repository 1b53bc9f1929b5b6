/* SPDX-License-Identifier: MIT */
#pragma once

/* Members of a report by their path. */

#include <stdlib.h>

#include <json-glib/json-glib.h>

/* "measurement.trials.0.total_uj"; aborts the test when a step is missing. */
static inline JsonNode *report_node(JsonObject *report, const char *path) {
        g_auto(GStrv) steps = g_strsplit(path, ".", -1);
        JsonObject *object = report;
        JsonNode *node = NULL;

        for (char **step = steps; *step; step++) {
                if (g_ascii_isdigit(**step))
                        node = json_array_get_element(json_node_get_array(node), (guint) atoi(*step));
                else {
                        if (!json_object_has_member(object, *step))
                                g_error("%s is not in the report", path);
                        node = json_object_get_member(object, *step);
                }
                object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        }
        return node;
}

static inline int64_t report_int(JsonObject *report, const char *path) {
        return json_node_get_int(report_node(report, path));
}

static inline double report_double(JsonObject *report, const char *path) {
        return json_node_get_double(report_node(report, path));
}

static inline const char *report_string(JsonObject *report, const char *path) {
        return json_node_get_string(report_node(report, path));
}
