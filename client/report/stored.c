/* SPDX-License-Identifier: MIT */
#include "stored.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "json-read.h"

/* ---- values ---- */

static double value_of_test(const TrialTest *test, bool energy) {
        return (energy ? test->total_j : test->wall_s) / (double) test->iterations;
}

/* Tests are repeated differently often, and the energy of one may be too short to be told; where all are repeated as
 * often, the trial's own tells what the set of them takes once. NaN: unknown. */
static double value_of(const Trial *trial, bool energy) {
        const uint64_t iterations = trial->n_tests > 0 ? trial->tests[0].iterations : 0;
        bool even = iterations > 0;
        double sum = 0;

        for (size_t i = 0; i < trial->n_tests; i++) {
                even = even && trial->tests[i].iterations == iterations;
                sum += value_of_test(&trial->tests[i], energy);
        }
        if (even)
                return (energy ? trial->total_j : trial->wall_s) / (double) iterations;
        return trial->n_tests > 0 ? sum : NAN;
}

static void read_values(Stored *stored) {
        const Report *report = stored->report;

        stored->has_energy = report_has_energy(report);
        stored->values = g_new(double, report->n_trials + 1);
        for (size_t i = 0; i < report->n_trials; i++)
                if (report->trials[i].valid)
                        stored->values[stored->n++] = value_of(&report->trials[i], stored->has_energy);
}

/* What a calibration found out is of energies. */
static void read_noise_floor(Stored *stored, JsonObject *measurement) {
        const double fraction = json_double(json_object(measurement, "noise_floor"), "fraction");

        stored->noise_floor = stored->has_energy && isfinite(fraction) ? fmax(fraction, 0) : 0;
}

/* ---- conditions ---- */

/* Without what is not known: it is the same where nobody knows it. */
static void add_condition(GHashTable *conditions, const char *name, JsonNode *node) {
        if (node && !JSON_NODE_HOLDS_NULL(node))
                g_hash_table_insert(conditions, g_strdup(name), json_to_string(node, false));
}

static void add_members(GHashTable *conditions, const char *prefix, JsonObject *object) {
        g_autoptr(GList) names = object ? json_object_get_members(object) : NULL;

        for (GList *name = names; name; name = name->next) {
                g_autofree char *path = g_strconcat(prefix, name->data, NULL);

                add_condition(conditions, path, json_object_get_member(object, name->data));
        }
}

static void add_meter(GHashTable *conditions, JsonObject *meter) {
        JsonArray *domains = json_array(meter, "domains");

        if (!meter)
                return;
        add_condition(conditions, "meter", json_object_get_member(meter, "name"));
        for (unsigned i = 0; domains && i < json_array_get_length(domains); i++) {
                JsonObject *domain = json_element(domains, i);
                const char *name = json_string(domain, "name");
                g_autofree char *path = g_strconcat("domain ", name ?: "?", NULL);

                if (json_true(domain, "in_total"))
                        add_condition(conditions, path, json_object_get_member(domain, "name"));
        }
}

/* All of environment{} but the temperature, which is another one in every job, and whether sleep was held off, since a
 * trial that slept does not count; how it was measured; and by which version. */
static void read_conditions(Stored *stored, JsonObject *root) {
        JsonObject *environment = json_object(root, "environment"), *measurement = json_object(root, "measurement");
        JsonObject *region = json_object(measurement, "region"), *versions = json_object(root, "versions");
        GHashTable *conditions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

        stored->conditions = conditions;
        add_members(conditions, "", environment);
        if (g_hash_table_remove(conditions, "mitigations"))
                add_members(conditions, "mitigations.", json_object(environment, "mitigations"));
        g_hash_table_remove(conditions, "thermal");
        g_hash_table_remove(conditions, "sleep_inhibited");
        add_meter(conditions, json_object(measurement, "meter"));
        add_members(conditions, "region.", region);
        add_condition(conditions, "jouletrace", versions ? json_object_get_member(versions, "jouletrace") : NULL);
}

static int by_name(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static GPtrArray *names_of_both(GHashTable *a, GHashTable *b) {
        GPtrArray *names = g_ptr_array_new();
        GHashTableIter iter;
        void *name;

        g_hash_table_iter_init(&iter, a);
        while (g_hash_table_iter_next(&iter, &name, NULL))
                g_ptr_array_add(names, name);
        g_hash_table_iter_init(&iter, b);
        while (g_hash_table_iter_next(&iter, &name, NULL))
                if (!g_hash_table_contains(a, name))
                        g_ptr_array_add(names, name);
        g_ptr_array_sort(names, by_name);
        return names;
}

GPtrArray *stored_differences(const Stored *first, const Stored *other) {
        g_autoptr(GPtrArray) names = names_of_both(first->conditions, other->conditions);
        GPtrArray *differences = g_ptr_array_new_with_free_func(g_free);

        for (unsigned i = 0; i < names->len; i++) {
                const char *name = g_ptr_array_index(names, i);
                const char *a = g_hash_table_lookup(first->conditions, name);
                const char *b = g_hash_table_lookup(other->conditions, name);

                if (g_strcmp0(a, b) != 0)
                        g_ptr_array_add(differences, g_strdup_printf(_("%s: %s and %s"), name, a ?: _("unknown"),
                                                                     b ?: _("unknown")));
        }
        return differences;
}

/* ---- results ---- */

int stored_parse(const char *text, size_t size, Stored **ret) {
        g_autoptr(Stored) stored = g_new0(Stored, 1);
        g_autoptr(JsonNode) node = NULL;
        int r;

        r = report_parse(text, size, &stored->report);
        if (r < 0)
                return r;
        r = json_parse(text, size, &node);
        if (r < 0)
                return r;
        read_values(stored);
        read_noise_floor(stored, json_object(json_node_get_object(node), "measurement"));
        read_conditions(stored, json_node_get_object(node));
        *ret = g_steal_pointer(&stored);
        return 0;
}

Stored *stored_free(Stored *stored) {
        if (!stored)
                return NULL;
        report_free(stored->report);
        g_free(stored->values);
        g_clear_pointer(&stored->conditions, g_hash_table_unref);
        g_free(stored);
        return NULL;
}

const char *stored_obstacle(const Stored *stored) {
        const Report *report = stored->report;

        if (g_strcmp0(report->kind, "measure") != 0)
                return _("it is no measurement of one program");
        if (g_strcmp0(report->result, "done") != 0)
                return _("the job did not end well");
        if (stored->n == 0)
                return _("it has no valid trial");
        for (size_t i = 0; i < stored->n; i++)
                if (!isfinite(stored->values[i]))
                        return _("it does not say what each trial took");
        for (size_t i = 0; i < stored->n; i++)
                if (stored->values[i] <= 0)
                        return _("an energy in it is 0 at the resolution it is told with");
        return NULL;
}

int stored_compare(const Stored *const *results, size_t n, Comparison *ret) {
        g_autofree Comparison *all = g_new(Comparison, n);
        int r;

        for (size_t i = 1; i < n; i++) {
                r = comparison_of_stored(results[0]->values, results[0]->n, results[i]->values, results[i]->n,
                                         fmax(results[0]->noise_floor, results[i]->noise_floor), &all[i - 1]);
                if (r < 0)
                        return r;
        }
        comparison_adjust(all, n - 1);
        memcpy(ret, all, (n - 1) * sizeof(Comparison));
        return 0;
}
