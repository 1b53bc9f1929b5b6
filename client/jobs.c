/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "explain.h"
#include "fs.h"
#include "json-read.h"
#include "message-json.h"
#include "names.h"
#include "records.h"
#include "render.h"
#include "say.h"
#include "states.h"
#include "table.h"
#include "units.h"

#define LABEL_WIDTH 32
/* Own jobs whose details are asked for one by one. */
#define DETAILS_MAX 20U

enum {
        OPTION_ALL,
        OPTION_LABEL,
        OPTION_RESULT,
        OPTION_USER,
        OPTION_LIMIT,
};

typedef struct Jobs {
        bool all;
        RecordFilter filter;
} Jobs;

static const char *const results[] = { "done", "failed", "unstable", "timeout", "infrastructure", "cancelled", NULL };

const Option *jobs_options(void) {
        static const Option options[] = {
                { "all", 'a', NULL, N_("list the jobs on record, newest first"), OPTION_ALL },
                { "label", 0, "TEXT", N_("only records with this label"), OPTION_LABEL },
                { "result", 0, "RESULT", N_("only records with this result"), OPTION_RESULT, results },
                { "user", 0, "USER", N_("records of another user; needs an administrator"), OPTION_USER },
                { "limit", 'n', "N", N_("only the newest N records"), OPTION_LIMIT },
                {},
        };

        return options;
}

static int parse_u32(const char *text, uint32_t *ret) {
        uint64_t value;

        if (parse_u64(text, &value) < 0 || value >= UINT32_MAX)
                return -EINVAL;
        *ret = (uint32_t) value;
        return 0;
}

static int set_option(void *userdata, int id, const char *value, char **ret_problem) {
        Jobs *jobs = userdata;
        const struct passwd *user;

        jobs->all = true;
        switch (id) {
        case OPTION_LABEL:
                jobs->filter.label = value;
                break;
        case OPTION_RESULT:
                jobs->filter.result = value;
                break;
        case OPTION_USER:
                jobs->filter.has_uid = true;
                user = getpwnam(value);
                if (user) {
                        jobs->filter.uid = user->pw_uid;
                } else if (parse_u32(value, &jobs->filter.uid) < 0) {
                        *ret_problem = g_strdup_printf(_("there is no user “%s”"), value);
                        return -EINVAL;
                }
                break;
        case OPTION_LIMIT:
                if (parse_u32(value, &jobs->filter.limit) < 0 || jobs->filter.limit == 0) {
                        *ret_problem = g_strdup_printf(_("--limit cannot be “%s”; give a number from 1 on"), value);
                        return -EINVAL;
                }
                break;
        }
        return 0;
}

static char *owner(JsonObject *object) {
        const struct passwd *user;
        uint64_t uid;

        if (!json_u64(object, "uid", &uid))
                return g_strdup(_("somebody else"));
        user = getpwuid((uid_t) uid);
        return user ? text_printable(user->pw_name, false) : g_strdup_printf("%u", (unsigned) uid);
}

/* ListJobs' structures as objects; a uid that is none's is left out: the job is somebody else's. */
static JsonNode *jobs_as_objects(JsonArray *jobs) {
        static const char *const names[] = { "id", "uid", "kind", "state", "path" };
        g_autoptr(JsonArray) objects = json_array_new();

        for (unsigned i = 0; i < json_array_get_length(jobs); i++) {
                JsonArray *job = json_array_get_array_element(jobs, i);
                JsonObject *object = json_object_new();

                for (unsigned j = 0; j < G_N_ELEMENTS(names) && j < json_array_get_length(job); j++) {
                        JsonNode *value = json_array_get_element(job, j);

                        if (strcmp(names[j], "uid") == 0 && json_node_get_int(value) == UINT32_MAX)
                                continue;
                        json_object_set_member(object, names[j], json_node_copy(value));
                }
                json_array_add_object_element(objects, object);
        }
        return json_node_init_array(json_node_alloc(), objects);
}

static int fill_job_interface(sd_bus_message *m, void *userdata) {
        return sd_bus_message_append(m, "s", JT_JOB_INTERFACE);
}

/* "number 3 in the queue, 2 min left", "5/9": what the job's own properties say; empty when they do not. */
static char *details(Service *service, JsonObject *job) {
        const Call call = {
                .path = json_string(job, "path"),
                .interface = "org.freedesktop.DBus.Properties",
                .member = "GetAll",
                .fill = fill_job_interface,
        };
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GString) text = g_string_new(NULL);
        uint64_t position, trial, trials, finish;
        g_autoptr(JsonNode) node = NULL;
        JsonObject *properties;

        if (!call.path || service_try(service, &call, &reply, &error) < 0 || message_to_json(reply, &node) < 0)
                return g_strdup("");
        properties = json_node_get_object(node);
        if (json_u64(properties, "QueuePosition", &position) && position > 0)
                g_string_append_printf(text, _("number %u in the queue"), (unsigned) position);
        else if (json_u64(properties, "Trial", &trial) && json_u64(properties, "Trials", &trials) && trial > 0)
                g_string_append_printf(text, _("trial %u of %u"), (unsigned) trial, (unsigned) trials);
        if (json_u64(properties, "EstimatedFinish", &finish) && finish > now_realtime_usec()) {
                g_autofree char *left = format_span(finish - now_realtime_usec());

                g_string_append(text, text->len ? ", " : "");
                g_string_append_printf(text, _("%s left"), left);
        }
        return g_strdup(text->str);
}

/* How many more there are than the answer had room for: they come and go meanwhile, so it may be wrong by a few. */
static int count_more(Service *service, unsigned listed, uint64_t *ret) {
        g_autoptr(JsonNode) node = NULL;
        uint64_t length = 0, running = 0;
        int r;

        *ret = 0;
        if (listed < JT_LIST_JOBS_MAX)
                return 0;
        r = service_properties(service, &node);
        if (r != 0)
                return r;
        (void) json_u64(json_node_get_object(node), "QueueLength", &length);
        (void) json_u64(json_node_get_object(node), "RunningJob", &running);
        length += running > 0;
        *ret = length > listed ? length - listed : 0;
        return 0;
}

static void print_more(uint64_t more) {
        if (more > 0)
                say(stdout, ngettext("and %u more waits\n", "and %u more wait\n", (unsigned) more), (unsigned) more);
}

static int print_jobs(const Arguments *arguments, Service *service, JsonArray *jobs, uint64_t n_more) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(Table) table = table_new("rlll");
        unsigned asked = 0;

        if (json_array_get_length(jobs) == 0) {
                say(stdout, "%s\n", _("No job waits or runs. “joulectl jobs --all” lists the finished ones."));
                return EXIT_DONE;
        }
        table_cell(table, COLOUR_DIM, _("Job"));
        table_cell(table, COLOUR_DIM, _("State"));
        table_cell(table, COLOUR_DIM, _("Owner"));
        table_cell(table, COLOUR_NONE, "");
        for (unsigned i = 0; i < json_array_get_length(jobs); i++) {
                JsonObject *job = json_element(jobs, i);
                g_autofree char *whose = owner(job), *more = NULL;
                JobState state;
                uint64_t id = 0;

                (void) json_u64(job, "id", &id);
                if (json_object_has_member(job, "uid") && asked < DETAILS_MAX &&
                    (job_state_from_string(json_string(job, "state") ?: "", &state) < 0 || state < JOB_COMPLETED)) {
                        more = details(service, job);
                        asked++;
                }
                table_cellf(table, COLOUR_STRONG, "%u", (unsigned) id);
                table_cell(table, COLOUR_NONE, render_word(json_string(job, "state")));
                table_cell(table, COLOUR_NONE, whose);
                table_cell(table, COLOUR_DIM, more);
        }
        table_append(out, table, &arguments->style, 0);
        say(stdout, "%s", out->str);
        print_more(n_more);
        return EXIT_DONE;
}

static int list_jobs(const Arguments *arguments, Service *service) {
        const Call call = MANAGER_CALL("ListJobs");
        g_autoptr(JsonNode) node = NULL, objects = NULL, all = NULL;
        JsonArray *jobs;
        uint64_t more;
        int r;

        r = service_ask(service, &call, &node);
        if (r != 0)
                return r;
        objects = jobs_as_objects(json_node_get_array(node));
        jobs = json_node_get_array(objects);
        r = count_more(service, json_array_get_length(jobs), &more);
        if (r != 0)
                return r;
        if (!arguments->json)
                return print_jobs(arguments, service, jobs, more);

        all = json_node_init_object(json_node_alloc(), json_object_new());
        json_object_set_member(json_node_get_object(all), "jobs", g_steal_pointer(&objects));
        json_object_set_int_member(json_node_get_object(all), "more", (gint64) more);
        json_print(all);
        return EXIT_DONE;
}

static void record_row(Table *table, JsonObject *record, const Style *style) {
        double energy = json_double(record, "total-energy"), wall = json_double(record, "wall");
        Scale energy_scale = scale_energy_told(energy, style->ascii), time_scale = scale_time(wall, style->ascii);
        const char *label = json_string(record, "label"), *result = json_string(record, "result");
        g_autofree char *printable = text_printable(label ?: "", false), *when = NULL, *joules = NULL, *time = NULL;
        g_autofree char *shown = text_ellipsize(printable, LABEL_WIDTH, style->ascii);
        uint64_t id = 0, finished = 0;

        (void) json_u64(record, "id", &id);
        (void) json_u64(record, "finished", &finished);
        when = finished > 0 ? format_time(finished) : g_strdup("");
        joules = scale_format(&energy_scale, energy);
        time = scale_format(&time_scale, wall);
        table_cellf(table, COLOUR_STRONG, "%u", (unsigned) id);
        table_cell(table, COLOUR_NONE, when);
        table_cell(table, !result || g_str_equal(result, "done") ? COLOUR_NONE : COLOUR_BAD,
                   render_word(result ?: json_string(record, "state")));
        table_cell(table, COLOUR_ENERGY, isfinite(energy) ? joules : "");
        table_cell(table, COLOUR_WARNING, isfinite(energy) && json_true(record, "simulated") ? _("(modelled)") : "");
        table_cell(table, COLOUR_TIME, isfinite(wall) ? time : "");
        table_cell(table, COLOUR_NONE, shown);
}

static int list_records(const Arguments *arguments, Service *service, const RecordFilter *filter) {
        const char *const heads[] = { _("Job"), _("Finished"), _("Result"), _("Energy"), "", _("Time"), _("Label") };
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(Table) table = table_new("rllrlrl");
        g_autoptr(JsonNode) node = NULL;
        JsonArray *records;
        int r;

        r = records_list(service, filter, &node);
        if (r != 0)
                return r;
        if (arguments->json) {
                json_print(node);
                return EXIT_DONE;
        }
        records = json_node_get_array(node);
        if (json_array_get_length(records) == 0) {
                say(stdout, "%s\n", _("No such job is on record."));
                return EXIT_DONE;
        }
        for (size_t i = 0; i < G_N_ELEMENTS(heads); i++)
                table_cell(table, COLOUR_DIM, heads[i]);
        for (unsigned i = 0; i < json_array_get_length(records); i++)
                record_row(table, json_element(records, i), &arguments->style);
        table_append(out, table, &arguments->style, 0);
        say(stdout, "%s", out->str);
        return EXIT_DONE;
}

int verb_jobs(Arguments *arguments, char **args) {
        g_autofree char **operands = NULL;
        g_autoptr(Service) service = NULL;
        Jobs jobs = {};
        int r;

        r = verb_parse("jobs", arguments, jobs_options(), set_option, &jobs, args, &operands);
        if (r != 0)
                return r;
        if (operands[0])
                return usage_error("jobs", _("“jobs” takes no operand; “joulectl show %s” shows one job"),
                                   operands[0]);
        r = service_open(arguments, &service);
        if (r != 0)
                return r;
        return jobs.all ? list_records(arguments, service, &jobs.filter) : list_jobs(arguments, service);
}
