/* SPDX-License-Identifier: MIT */
/* bench-bus [N]: round trips of ListJobs to the service on the bus that DBUS_SYSTEM_BUS_ADDRESS names; prints one JSON
 * line. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base.h"
#include "names.h"

static int compare(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return (x > y) - (x < y);
}

int main(int argc, char **argv) {
        size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
        g_autofree uint64_t *took_ns = g_new0(uint64_t, n);
        g_autoptr(sd_bus) bus = NULL;
        int r;

        if (n == 0 || (r = sd_bus_open_system(&bus)) < 0) {
                fprintf(stderr, "usage: bench-bus [N > 0], with a bus\n");
                return 1;
        }
        for (size_t i = 0; i < n; i++) {
                g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
                g_autoptr(sd_bus_message) reply = NULL;
                uint64_t begin_ns = now_monotonic_ns();

                r = sd_bus_call_method(bus, JT_BUS_NAME, JT_MANAGER_PATH, JT_MANAGER_INTERFACE, "ListJobs", &error,
                                       &reply, NULL);
                if (r < 0) {
                        fprintf(stderr, "ListJobs: %s\n", error.message ?: g_strerror(-r));
                        return 1;
                }
                took_ns[i] = now_monotonic_ns() - begin_ns;
        }
        qsort(took_ns, n, sizeof(*took_ns), compare);
        printf("{\"bench\":\"list-jobs\",\"n\":%zu,\"p50_us\":%.1f,\"p99_us\":%.1f}\n", n,
               (double) took_ns[n / 2] / 1e3, (double) took_ns[n * 99 / 100] / 1e3);
        return 0;
}
