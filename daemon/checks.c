/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "manager.h"

#define N_(text) text /* found by xgettext; joulectl shows it, and calls gettext() */

/* What a measurement needs, checked without measuring. The same table feeds Diagnose, Ready and NotReadyReasons. */

void check_clear(Check *check) {
        g_clear_pointer(&check->value, g_free);
        g_clear_pointer(&check->limit, g_free);
        g_clear_pointer(&check->remedy, g_free);
}

static void check_meter(Manager *manager, Check *check) {
        const char *meter = manager->options->meter ?: manager->config->meter;
        bool counters = manager->topology->total[0] != '\0';

        *check = (Check){ .name = "meter" };
        if (strcmp(meter, "model") == 0 || strcmp(meter, "none") == 0) {
                check->ok = true;
                check->value = g_strdup_printf("%s, by configuration", meter);
        } else {
                check->ok = counters;
                check->value = counters ? g_strdup(manager->topology->total) : g_strdup(N_("no energy counter"));
        }
        check->limit = g_strdup(N_("at least one package"));
        check->remedy = g_strdup(
                        N_("Without counters time is measured and no energy. Load the intel_rapl_msr or rapl module "
                           "where the processor has them; joulectl topology shows what was found."));
}

static void check_worker(Manager *manager, Check *check) {
        const Options *options = manager->options;
        const char *path = options->containment_scope ? options->worker_socket : options->worker;

        *check = (Check){ .name = "worker", .required = true };
        check->ok = access(path, options->containment_scope ? F_OK : X_OK) >= 0;
        check->value = check->ok ? g_strdup(path) : g_strdup_printf("%s: %s", path, g_strerror(errno));
        check->limit = g_strdup(options->containment_scope ? "a socket" : "an executable");
        check->remedy = g_strdup(options->containment_scope ? "systemctl start jouletrace-worker.socket"
                                                            : "Install jouletrace completely.");
}

static void check_containment(Manager *manager, Check *check) {
        *check = (Check){ .name = "containment", .ok = true };
        check->value = g_strdup(manager->systemd ? "scope" : "process");
        check->limit = g_strdup("scope");
        check->remedy = g_strdup(
                        N_("Use the system service: limits of memory and tasks are the kernel's only in a scope."));
        if (!manager->systemd && !manager->options->embedded)
                check->ok = false;
}

static void check_cores(Manager *manager, Check *check) {
        const char *why = cores_why(manager->cores);
        g_autofree char *list = cores_list(manager->cores);

        *check = (Check){ .name = "cpus", .ok = manager->options->embedded || !why };
        check->value = g_strdup_printf("%s on %s%s%s", isolation_to_string(cores_isolation(manager->cores)),
                                       list[0] != '\0' ? list : "all CPUs", why ? ": " : "", why ?: "");
        check->limit = g_strdup(manager->config->isolation);
        check->remedy = g_strdup(N_("Set ReservedCPUs= and Partition= in jouletraced.conf."));
}

static void check_survivors(Manager *manager, Check *check) {
        g_autofree char *names = manager->survivors ? g_strjoinv(", ", manager->survivors) : g_strdup("");

        *check = (Check){ .name = "ended-jobs", .ok = names[0] == '\0', .required = true };
        check->value = check->ok ? g_strdup("none lives on") : g_strdup_printf("processes live on in %s", names);
        check->limit = g_strdup("no process of an ended job");
        check->remedy = g_strdup(
                        "They outlived SIGKILL, so they hang in the kernel, mostly on a disk or file server that does "
                        "not answer: make it answer, or restart the machine. Jobs go on by themselves then; "
                        "systemd-cgls /jouletrace.slice shows the processes.");
}

static void check_lock(Manager *manager, Check *check) {
        *check = (Check){ .name = "machine-lock", .ok = manager->lock, .required = true };
        check->value = g_strdup(manager->lock ? machine_lock_path(manager->lock) : "cannot be opened");
        check->limit = g_strdup("a file that can be locked");
        check->remedy = g_strdup_printf("Make %s writable for the service, and restart it.",
                                        manager->options->runtime_dir);
}

static void check_records(Manager *manager, Check *check) {
        *check = (Check){ .name = "records", .ok = manager->records_error == 0, .required = true };
        check->value = manager->records_error < 0 ? g_strdup_printf("%s: %s", manager->options->state_dir,
                                                                    g_strerror(-manager->records_error))
                                                  : g_strdup(manager->options->state_dir);
        check->limit = g_strdup("can be written");
        check->remedy = g_strdup_printf("Make room in %s.", manager->options->state_dir);
}

void manager_check(Manager *manager, Check ret[static N_CHECKS]) {
        static void (*const checks[N_CHECKS])(Manager *, Check *) = {
                check_meter, check_worker, check_containment, check_cores, check_survivors, check_lock, check_records,
        };

        for (size_t i = 0; i < N_CHECKS; i++)
                checks[i](manager, &ret[i]);
}

char **manager_not_ready(Manager *manager) {
        g_autoptr(GPtrArray) reasons = g_ptr_array_new();
        Check checks[N_CHECKS];

        if (manager->stopping)
                g_ptr_array_add(reasons, g_strdup("The service is stopping."));
        manager_check(manager, checks);
        for (size_t i = 0; i < N_CHECKS; i++) {
                if (checks[i].required && !checks[i].ok)
                        g_ptr_array_add(reasons, g_strdup_printf("%s: %s. %s", checks[i].name, checks[i].value,
                                                                 checks[i].remedy));
                check_clear(&checks[i]);
        }
        g_ptr_array_add(reasons, NULL);
        return (char **) g_ptr_array_free(g_steal_pointer(&reasons), FALSE);
}
