/* SPDX-License-Identifier: MIT */

/* Reads energy_uj by descriptors that stay open: the file is 0400 root since 5.10, and opening is what is checked. */

#include <fcntl.h>
#include <string.h>

#include "dropped.h"
#include "ops.h"

static int powercap_open(const Topology *topology, const Sysroot *root, const MeterConfig *config, GArray *domains,
                         GArray *counters, GArray *dropped) {
        int error = 0;

        for (size_t i = 0; i < topology->n_domains; i++) {
                const Domain *domain = &topology->domains[i];
                const PowercapSource *source = &domain->powercap;
                g_autofree char *path = NULL;
                int fd;

                if (!source->id || source->error < 0) {
                        dropped_add(dropped, g_strdup(domain->name), g_strdup(source->id ?: "powercap"),
                                    g_strdup(source->problem ?: "not in powercap"));
                        continue;
                }
                path = g_strdup_printf("%s/energy_uj", source->path);
                fd = sysroot_openat(root, path, O_RDONLY | O_NOCTTY);
                if (fd < 0) {
                        error = fd;
                        dropped_add(dropped, g_strdup(domain->name), g_strdup(source->id),
                                    g_strdup_printf("energy_uj: %s", g_strerror(-fd)));
                        continue;
                }
                counters_add(counters, fd,
                             counters_add_domain(domains, domain, g_strdup(source->id), 1, source->range_uj));
        }
        return domains->len > 0 ? 0 : error;
}

static int powercap_read(const MeterCounter *counter, const MeterConfig *config, uint64_t now_ns,
                         uint64_t *ret_counts) {
        char text[32];
        ssize_t n;

        do
                n = pread(counter->fds[0], text, sizeof(text) - 1, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        if (n == 0)
                return -ENODATA;
        text[n] = '\0';
        text[strcspn(text, "\n")] = '\0';
        return parse_u64(text, ret_counts);
}

const MeterOps powercap_ops = { .name = "powercap", .open = powercap_open, .read = powercap_read, .wraps = true };
