/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "host.h"
#include "inhibitor.h"
#include "log.h"

struct Host {
        sd_bus *bus;
        Tuning *tuning;       /* NULL: nothing is ever changed */
        Inhibitor *inhibitor; /* asked for, or held */
        const char *may_sleep;

        /* Of the preparation under way. */
        TuningWish wish;
        HostReady ready;
        void *userdata;
};

int host_open_tuning(const Sysroot *root, const char *runtime_dir, Tuning **ret) {
        g_autofree char *boot_id = NULL;
        int r;

        r = read_file_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &boot_id);
        if (r < 0)
                return r;
        return tuning_open(root, boot_id, runtime_dir, ret);
}

Host *host_new(sd_bus *bus, const Sysroot *root, const char *runtime_dir) {
        Host *host = g_new(Host, 1);
        int r;

        *host = (Host){ .bus = sd_bus_ref(bus), .may_sleep = "nothing was measured" };
        if (bus) {
                r = host_open_tuning(root, runtime_dir, &host->tuning);
                if (r < 0)
                        log_errno(LOG_WARNING, r,
                                  "The machine's settings stay as they are: %s cannot keep the old ones safely",
                                  runtime_dir);
        }
        return host;
}

Host *host_free(Host *host) {
        if (!host)
                return NULL;
        host_restore(host);
        tuning_free(host->tuning);
        sd_bus_unref(host->bus);
        g_free(host);
        return NULL;
}

static const char *unless_kept(const char *value) {
        return g_str_equal(value, "keep") ? NULL : value;
}

static void build_wish(TuningWish *ret, const Config *config, const CpuInfo *cpu, const Tune *tune,
                       const cpu_set_t *cpus) {
        *ret = (TuningWish){ .governor = unless_kept(tune->governor ?: config->governor),
                             .epp = unless_kept(tune->epp ?: config->epp),
                             .turbo = unless_kept(tune->turbo ?: config->turbo),
                             .min_khz = tune->min_khz ?: config->min_khz,
                             .max_khz = tune->max_khz ?: config->max_khz,
                             .move_irqs = g_str_equal(config->irq_affinity, "others"),
                             .cpus = *cpus };
        cpu_info_package_cpus(cpu, -1, &ret->others);
        for (int i = 0; i < CPU_SETSIZE; i++)
                if (CPU_ISSET(i, cpus))
                        CPU_CLR(i, &ret->others);
}

/* Nothing is touched after ready(), in which the job may end. */
static void finish(Host *host) {
        HostReady ready = host->ready;

        host->ready = NULL;
        if (host->tuning)
                (void) tuning_apply(host->tuning, &host->wish);
        ready(host, host->userdata);
}

static void on_answered(Inhibitor *inhibitor, void *userdata) {
        Host *host = userdata;

        host->may_sleep = inhibitor_why(inhibitor) ?: "";
        if (*host->may_sleep)
                log_notice("The machine may go to sleep while energy is measured: %s", host->may_sleep);
        finish(host);
}

void host_prepare(Host *host, const Config *config, const CpuInfo *cpu, const Tune *tune, const cpu_set_t *cpus,
                  HostReady ready, void *userdata) {
        static const Tune nothing = {};
        int r = -EOPNOTSUPP;

        host_restore(host);
        host->ready = ready;
        host->userdata = userdata;
        host->may_sleep = "only the system service holds off sleep";
        build_wish(&host->wish, config, cpu, tune ?: &nothing, cpus);
        if (host->bus) {
                r = inhibitor_take(host->bus, on_answered, host, &host->inhibitor);
                if (r < 0) {
                        log_errno(LOG_WARNING, r, "logind cannot be asked to hold off sleep");
                        host->may_sleep = "logind cannot be asked";
                }
        }
        if (r < 0)
                finish(host);
}

void host_restore(Host *host) {
        host->ready = NULL;
        host->may_sleep = "nothing was measured";
        host->inhibitor = inhibitor_free(host->inhibitor);
        if (host->tuning)
                (void) tuning_restore(host->tuning);
}

bool host_can_tune(const Host *host) {
        return host->tuning;
}

const char *host_may_sleep(const Host *host) {
        return host->may_sleep;
}
