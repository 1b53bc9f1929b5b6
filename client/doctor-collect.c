/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "calibration-view.h"
#include "doctor.h"
#include "examine.h"
#include "explain.h"
#include "json-read.h"
#include "lock.h"
#include "message-json.h"
#include "names.h"
#include "say.h"
#include "service.h"
#include "units.h"

#define GROUP_SERVICE N_("Service")

/* Why the service's own checks matter. */
static const struct {
        const char *name, *why;
} service_whys[] = {
        { "service", N_("Without the service jobs get no cores of their own, and only counters you may read.") },
        { "meter", N_("It decides whether joules are measured, modelled or absent.") },
        { "worker", N_("It runs the jobs.") },
        { "containment", N_("In a scope the kernel itself keeps a job's limits.") },
        { "cpus", N_("On reserved processors a job is measured without what others do there.") },
        { "ended-jobs", N_("What they still do would be counted as the next job's energy.") },
        { "machine-lock", N_("Two measurements at a time would measure each other.") },
        { "records", N_("A result that is not on record is lost when the service restarts.") },
        { "calibration",
          N_("It says how much two measurements of one program differ here. Without it a comparison takes one percent "
             "for that.") },
};

static void set_string(JsonObject *object, const char *name, const char *value) {
        if (value && *value)
                json_object_set_string_member(object, name, value);
        else
                json_object_set_null_member(object, name);
}

static JsonObject *add_check(JsonArray *checks, const char *group, const char *name, FindingLevel level,
                             const char *value) {
        JsonObject *check = json_object_new();

        set_string(check, "group", group);
        set_string(check, "name", name);
        set_string(check, "verdict", finding_level_to_string(level));
        set_string(check, "value", value);
        json_array_add_object_element(checks, check);
        return check;
}

static void set_remedy(JsonObject *check, const char *limit, const char *why, const char *command, const char *advice,
                       bool fixable) {
        set_string(check, "limit", limit);
        set_string(check, "why", why);
        set_string(check, "command", command);
        set_string(check, "advice", advice);
        json_object_set_boolean_member(check, "fixable", fixable);
}

static void add_findings(JsonArray *checks, const GArray *findings) {
        for (unsigned i = 0; i < findings->len; i++) {
                const Finding *finding = &g_array_index(findings, Finding, i);
                JsonObject *check = add_check(checks, finding->group, finding->name, finding->level, finding->value);

                set_remedy(check, NULL, finding->why, finding->command, finding->advice, finding->settings->len > 0);
        }
}

static const char *service_why(const char *name) {
        for (size_t i = 0; i < G_N_ELEMENTS(service_whys); i++)
                if (strcmp(service_whys[i].name, name) == 0)
                        return service_whys[i].why;
        return NULL; /* a newer service's */
}

/* What keeps jobs from running stands in NotReadyReasons too, as "NAME: …". */
static bool keeps_from_running(char **reasons, const char *name) {
        g_autofree char *start = g_strconcat(name, ": ", NULL);

        for (char **reason = reasons; reason && *reason; reason++)
                if (g_str_has_prefix(*reason, start))
                        return true;
        return false;
}

static void add_service_check(JsonArray *checks, JsonObject *from, char **reasons) {
        const char *name = json_string(from, "name") ?: "?";
        bool ok = json_true(from, "ok");
        FindingLevel level = ok ? FINDING_OK : keeps_from_running(reasons, name) ? FINDING_PROBLEM : FINDING_NOTE;
        JsonObject *check = add_check(checks, GROUP_SERVICE, name, level, json_string(from, "value"));

        set_remedy(check, json_string(from, "limit"), service_why(name), NULL, ok ? NULL : json_string(from, "remedy"),
                   false);
}

/* Where nothing is measured there is nothing to calibrate. */
static bool measures_energy(JsonArray *list) {
        JsonObject *meter = json_named(list, "meter");

        return json_true(meter, "ok") && !g_str_has_prefix(json_string(meter, "value") ?: "", "none,");
}

/* The same words in every language, but for the reason, which is the service's. */
static char *calibration_value(JsonObject *calibration) {
        const double floor = json_double(calibration, "noise-floor");
        const char *reason = json_string(calibration, "reason");
        g_autofree char *noise = NULL, *when = NULL;
        uint64_t measured_usec = 0;

        if (!isfinite(floor))
                return g_strdup(N_("none"));
        (void) json_u64(calibration, "measured", &measured_usec);
        noise = format_noise(floor);
        when = format_time(measured_usec);
        return json_true(calibration, "expired") ? g_strdup_printf("%s, %s: %s", noise, when, reason ?: "?")
                                                 : g_strdup_printf("%s, %s", noise, when);
}

static void add_calibration(JsonArray *checks, JsonObject *calibration) {
        const bool ok = isfinite(json_double(calibration, "noise-floor")) && !json_true(calibration, "expired");
        g_autofree char *value = calibration_value(calibration);
        JsonObject *check = add_check(checks, GROUP_SERVICE, "calibration", ok ? FINDING_OK : FINDING_NOTE, value);

        set_remedy(check, NULL, service_why("calibration"), ok ? NULL : "joulectl calibrate", NULL, false);
}

/* A service that is not there is a finding like others. */
static void add_silent_service(JsonArray *checks, const sd_bus_error *error) {
        bool silent = !sd_bus_error_is_set(error) || sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
                      sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
        JsonObject *check = add_check(checks, GROUP_SERVICE, "service", FINDING_PROBLEM,
                                      silent ? N_("does not answer") : error->message ?: error->name);

        set_remedy(check, NULL, service_why("service"),
                   silent ? "systemctl start jouletraced" : "journalctl -u jouletraced", NULL, false);
}

static int add_service(JsonArray *checks, const Arguments *arguments) {
        const Call call = MANAGER_CALL("Diagnose");
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(JsonNode) answer = NULL, properties = NULL;
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(Service) service = NULL;
        g_auto(GStrv) reasons = NULL;
        JsonArray *list;
        int r;

        /* Without a bus there is no service either; what is wrong with the bus has been said. */
        if (service_open(arguments, &service) != 0 || service_try(service, &call, &reply, &error) < 0) {
                add_silent_service(checks, &error);
                return 0;
        }
        r = message_to_json(reply, &answer);
        if (r < 0 || !JSON_NODE_HOLDS_ARRAY(answer))
                return explain_errno(r < 0 ? r : -EBADMSG, service->name, &service->style);
        r = service_properties(service, &properties);
        if (r != 0)
                return r;
        reasons = json_strings(json_node_get_object(properties), "NotReadyReasons");
        list = json_node_get_array(answer);
        for (unsigned i = 0; i < json_array_get_length(list); i++)
                if (json_element(list, i))
                        add_service_check(checks, json_element(list, i), reasons);
        if (measures_energy(list))
                add_calibration(checks, json_object(json_node_get_object(properties), "Calibration"));
        return 0;
}

static JsonObject *change_object(const Finding *finding, size_t done, const char *error) {
        g_autofree char *undo = doctor_undo(finding, done);
        JsonObject *change = json_object_new();
        JsonArray *settings = json_array_new();

        for (size_t i = 0; i < done; i++) {
                const Setting *setting = g_ptr_array_index(finding->settings, i);
                g_autofree char *path = g_strconcat("/", setting->path, NULL);
                JsonObject *object;

                if (!setting->to)
                        continue;
                object = json_object_new();
                set_string(object, "path", path);
                set_string(object, "from", setting->from);
                set_string(object, "to", setting->to);
                json_array_add_object_element(settings, object);
        }
        set_string(change, "check", finding->name);
        json_object_set_array_member(change, "settings", settings);
        set_string(change, "undo", undo);
        set_string(change, "error", error);
        return change;
}

static bool still_wanted(const GArray *findings, const char *name) {
        for (unsigned i = 0; i < findings->len; i++) {
                const Finding *finding = &g_array_index(findings, Finding, i);

                if (strcmp(finding->name, name) == 0)
                        return finding->settings->len > 0;
        }
        return false;
}

/* A service that measures has old values on record and would put them over ours, and ours would not be those that are
 * taken back. Returns 0, or an exit code after having said what is wrong. *ret is NULL where no service ever was. */
static int take_lock(const Arguments *arguments, const Sysroot *root, MachineLock **ret) {
        g_autofree char *path = g_build_filename(arguments->sysroot ?: "/", "run/jouletrace/machine.lock", NULL);
        g_autoptr(MachineLock) lock = NULL;
        int r;

        r = machine_lock_open(path, sysroot_is_host(root) ? "/tmp" : NULL, &lock);
        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                r = machine_lock_try(lock);
        if (r == -EAGAIN) {
                say(stderr, "%s\n",
                    _("joulectl: a job is being measured, and settings of the machine may be changed for it; "
                      "try --fix again when it has ended"));
                return EXIT_INFRASTRUCTURE;
        }
        if (r < 0)
                return explain_errno(r, path, &arguments->style);
        *ret = g_steal_pointer(&lock);
        return 0;
}

/* Writes, then looks again: a write that the kernel took without a word need not have done anything. */
static int mend(const Sysroot *root, JsonArray *changes, GArray **findings) {
        g_autofree int *errors = g_new0(int, (*findings)->len);
        g_autofree size_t *done = g_new0(size_t, (*findings)->len);
        g_autoptr(GArray) after = NULL;
        int r;

        for (unsigned i = 0; i < (*findings)->len; i++)
                errors[i] = doctor_mend(root, &g_array_index(*findings, Finding, i), &done[i]);
        r = doctor_examine(root, &after);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < (*findings)->len; i++) {
                const Finding *finding = &g_array_index(*findings, Finding, i);
                const char *error = errors[i] < 0                        ? g_strerror(-errors[i])
                                    : still_wanted(after, finding->name) ? N_("the kernel did not take it")
                                                                         : NULL;

                if (finding->settings->len > 0)
                        json_array_add_object_element(changes, change_object(finding, done[i], error));
        }
        g_array_unref(*findings);
        *findings = g_steal_pointer(&after);
        return 0;
}

static const char *worst(JsonArray *checks) {
        const char *verdict = finding_level_to_string(FINDING_OK);

        for (unsigned i = 0; i < json_array_get_length(checks); i++) {
                const char *one = json_string(json_element(checks, i), "verdict");

                if (strcmp(one, finding_level_to_string(FINDING_PROBLEM)) == 0)
                        return one;
                if (strcmp(one, finding_level_to_string(FINDING_NOTE)) == 0)
                        verdict = one;
        }
        return verdict;
}

int doctor_collect(const Arguments *arguments, bool fix, JsonNode **ret) {
        g_autoptr(JsonArray) checks = json_array_new(), changes = json_array_new();
        g_autoptr(JsonObject) all = json_object_new();
        const char *place = arguments->sysroot ?: "/";
        g_autoptr(MachineLock) lock = NULL;
        g_autoptr(GArray) findings = NULL;
        g_autoptr(Sysroot) root = NULL;
        int r;

        r = sysroot_open(arguments->sysroot, &root);
        if (r < 0)
                return explain_errno(r, place, &arguments->style);
        if (fix && sysroot_is_host(root) && geteuid() != 0) {
                say(stderr, "%s\n",
                    _("joulectl: --fix changes settings of the kernel, which only root may: "
                      "sudo joulectl doctor --fix"));
                return EXIT_NOT_AUTHORISED;
        }
        if (fix) {
                r = take_lock(arguments, root, &lock);
                if (r != 0)
                        return r;
        }
        r = doctor_examine(root, &findings);
        if (r >= 0 && fix)
                r = mend(root, changes, &findings);
        lock = machine_lock_free(lock);
        if (r < 0)
                return explain_errno(r, place, &arguments->style);
        add_findings(checks, findings);
        if (!arguments->local) {
                r = add_service(checks, arguments);
                if (r != 0)
                        return r;
        }
        set_string(all, "verdict", worst(checks));
        json_object_set_array_member(all, "checks", g_steal_pointer(&checks));
        json_object_set_array_member(all, "changes", g_steal_pointer(&changes));
        *ret = json_node_init_object(json_node_alloc(), all);
        return 0;
}
