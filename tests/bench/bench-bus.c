/* SPDX-License-Identifier: MIT */

/* Round trips to the service on the bus that DBUS_SYSTEM_BUS_ADDRESS names.
 *
 *   bench-bus [-n CALLS] [-q JOBS] [-b PID-OF-BUS] [-s PID-OF-SERVICE]
 *
 * Three JSON lines, times in microseconds: a call that the bus daemon itself answers, Ping to the service, ListJobs.
 * With -q that many jobs wait while it is measured, behind one that sleeps; they are ours and go when we leave. The
 * CPU time of the bus daemon and of the service is that of one call. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "names.h"

typedef struct Call {
        const char *name, *destination, *path, *interface, *member;
} Call;

static const Call calls[] = {
        { "bus daemon", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId" },
        { "ping", JT_BUS_NAME, JT_MANAGER_PATH, "org.freedesktop.DBus.Peer", "Ping" },
        { "list-jobs", JT_BUS_NAME, JT_MANAGER_PATH, JT_MANAGER_INTERFACE, "ListJobs" },
};

typedef struct Setting {
        size_t n, queued, bus_pid, service_pid;
} Setting;

static int compare(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return (x > y) - (x < y);
}

static int fail(int r, const char *what, const sd_bus_error *error) {
        fprintf(stderr, "bench-bus: %s: %s\n", what, error->message ?: g_strerror(-r));
        return r;
}

/* 0 for pid 0. */
static double cpu_usec(size_t pid) {
        clockid_t clock;

        if (pid == 0 || clock_getcpuclockid((pid_t) pid, &clock) != 0)
                return 0;
        return (double) clock_ns(clock) / 1e3;
}

static int bench(sd_bus *bus, const Call *call, const Setting *setting) {
        const size_t n = setting->n;
        const double bus_usec = cpu_usec(setting->bus_pid), service_usec = cpu_usec(setting->service_pid);
        g_autofree uint64_t *took_ns = g_new(uint64_t, n);

        for (size_t i = 0; i < n; i++) {
                g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
                g_autoptr(sd_bus_message) reply = NULL;
                const uint64_t begin_ns = now_monotonic_ns();
                int r;

                r = sd_bus_call_method(bus, call->destination, call->path, call->interface, call->member, &error,
                                       &reply, NULL);
                if (r < 0)
                        return fail(r, call->member, &error);
                took_ns[i] = now_monotonic_ns() - begin_ns;
        }
        qsort(took_ns, n, sizeof(*took_ns), compare);
        printf("{\"bench\":\"%s\",\"queued\":%zu,\"n\":%zu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"bus_cpu_us\":%.1f,"
               "\"service_cpu_us\":%.1f}\n",
               call->name, setting->queued, n, (double) took_ns[n / 2] / 1e3, (double) took_ns[n * 99 / 100] / 1e3,
               (cpu_usec(setting->bus_pid) - bus_usec) / (double) n,
               (cpu_usec(setting->service_pid) - service_usec) / (double) n);
        return 0;
}

static int submit(sd_bus *bus) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, JT_BUS_NAME, JT_MANAGER_PATH, JT_MANAGER_INTERFACE, "Measure", &error, NULL,
                               "a{sv}", 2, "argv", "as", 2, "/bin/sleep", "600", "trials", "u", 1);
        return r < 0 ? fail(r, "Measure", &error) : 0;
}

/* The job that runs and the queued ones are in the list, as far as it goes. */
static int check_length(sd_bus *bus, size_t queued) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = NULL;
        size_t length = 0;
        int r;

        r = sd_bus_call_method(bus, JT_BUS_NAME, JT_MANAGER_PATH, JT_MANAGER_INTERFACE, "ListJobs", &error, &reply,
                               NULL);
        if (r < 0)
                return fail(r, "ListJobs", &error);
        r = sd_bus_message_enter_container(reply, 'a', "(uusso)");
        while (r >= 0 && (r = sd_bus_message_skip(reply, "(uusso)")) > 0)
                length++;
        if (length != (queued > 0 ? MIN(queued + 1, JT_LIST_JOBS_MAX) : 0)) {
                fprintf(stderr, "bench-bus: %zu jobs are listed with %zu queued\n", length, queued);
                return -EINVAL;
        }
        return 0;
}

static int parse(int argc, char **argv, Setting *setting) {
        for (int i = 1; i < argc; i += 2) {
                size_t *value = strcmp(argv[i], "-n") == 0   ? &setting->n
                                : strcmp(argv[i], "-q") == 0 ? &setting->queued
                                : strcmp(argv[i], "-b") == 0 ? &setting->bus_pid
                                : strcmp(argv[i], "-s") == 0 ? &setting->service_pid
                                                             : NULL;

                if (!value || i + 1 == argc)
                        return -EINVAL;
                *value = strtoul(argv[i + 1], NULL, 10);
        }
        return setting->n > 0 ? 0 : -EINVAL;
}

int main(int argc, char **argv) {
        g_autoptr(sd_bus) bus = NULL;
        Setting setting = { .n = 1000 };
        int r;

        if (parse(argc, argv, &setting) < 0) {
                fprintf(stderr, "usage: bench-bus [-n CALLS] [-q JOBS] [-b PID-OF-BUS] [-s PID-OF-SERVICE]\n");
                return EXIT_FAILURE;
        }
        r = sd_bus_open_system(&bus);
        if (r < 0)
                fprintf(stderr, "bench-bus: no bus: %s\n", g_strerror(-r));
        for (size_t i = 0; r >= 0 && setting.queued > 0 && i < setting.queued + 1; i++)
                r = submit(bus);
        if (r >= 0)
                r = check_length(bus, setting.queued);
        for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(calls); i++)
                r = bench(bus, &calls[i], &setting);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
