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

        HostReady ready; /* of what is under way; NULL: nothing is */
        void *userdata;
        sd_event_source *step; /* one more setting is to be written */

        /* Of the preparation under way. Its words are ours: the configuration may be read anew meanwhile. */
        TuningWish wish;
        char *governor, *epp, *turbo;
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
        sd_event_source_disable_unref(host->step);
        inhibitor_free(host->inhibitor);
        tuning_free(host->tuning);
        sd_bus_unref(host->bus);
        g_free(host->governor);
        g_free(host->epp);
        g_free(host->turbo);
        g_free(host);
        return NULL;
}

static const char *keep_word(char **word, const char *value) {
        g_free(*word);
        *word = g_str_equal(value, "keep") ? NULL : g_strdup(value);
        return *word;
}

static void build_wish(Host *host, const Config *config, const CpuInfo *cpu, const Tune *tune, const cpu_set_t *cpus) {
        TuningWish *wish = &host->wish;

        *wish = (TuningWish){ .governor = keep_word(&host->governor, tune->governor ?: config->governor),
                              .epp = keep_word(&host->epp, tune->epp ?: config->epp),
                              .turbo = keep_word(&host->turbo, tune->turbo ?: config->turbo),
                              .min_khz = tune->min_khz ?: config->min_khz,
                              .max_khz = tune->max_khz ?: config->max_khz,
                              .move_irqs = g_str_equal(config->irq_affinity, "others"),
                              .cpus = *cpus };
        cpu_info_package_cpus(cpu, -1, &wish->others);
        for (int i = 0; i < CPU_SETSIZE; i++)
                if (CPU_ISSET(i, cpus))
                        CPU_CLR(i, &wish->others);
}

/* Nothing is touched after ready(), in which the job may end. */
static void finish(Host *host) {
        HostReady ready = host->ready;

        host->ready = NULL;
        ready(host, host->userdata);
}

/* One setting a turn of the loop, which serves everybody else in between; a source of its own each time, since one
 * that stays would always be the oldest that is due. */
static void step_later(Host *host);

static int on_step(sd_event_source *source, void *userdata) {
        Host *host = userdata;

        host->step = sd_event_source_disable_unref(host->step);
        if (tuning_step(host->tuning) > 0)
                step_later(host);
        else
                finish(host);
        return 0;
}

static void step_later(Host *host) {
        int r;

        r = sd_event_add_defer(sd_bus_get_event(host->bus), &host->step, on_step, host);
        if (r >= 0)
                return;
        log_errno(LOG_WARNING, r, "The machine is set at once");
        while (tuning_step(host->tuning) > 0)
                ;
        finish(host);
}

static void start_tuning(Host *host) {
        if (host->tuning && tuning_begin(host->tuning, &host->wish) > 0)
                step_later(host);
        else
                finish(host);
}

static void forget_preparation(Host *host) {
        host->step = sd_event_source_disable_unref(host->step);
        host->inhibitor = inhibitor_free(host->inhibitor);
        host->may_sleep = "nothing was measured";
}

static void on_answered(Inhibitor *inhibitor, void *userdata) {
        Host *host = userdata;

        host->may_sleep = inhibitor_why(inhibitor) ?: "";
        if (*host->may_sleep)
                log_notice("The machine may go to sleep while energy is measured: %s", host->may_sleep);
        start_tuning(host);
}

void host_prepare(Host *host, const Config *config, const CpuInfo *cpu, const Tune *tune, const cpu_set_t *cpus,
                  HostReady ready, void *userdata) {
        static const Tune nothing = {};
        int r = -EOPNOTSUPP;

        forget_preparation(host);
        host->ready = ready;
        host->userdata = userdata;
        host->may_sleep = "only the system service holds off sleep";
        build_wish(host, config, cpu, tune ?: &nothing, cpus);
        if (host->bus) {
                r = inhibitor_take(host->bus, on_answered, host, &host->inhibitor);
                if (r < 0) {
                        log_errno(LOG_WARNING, r, "logind cannot be asked to hold off sleep");
                        host->may_sleep = "logind cannot be asked";
                }
        }
        if (r < 0)
                start_tuning(host);
}

void host_restore(Host *host, HostReady restored, void *userdata) {
        forget_preparation(host);
        host->ready = restored;
        host->userdata = userdata;
        if (host->tuning && tuning_begin_restore(host->tuning) > 0)
                step_later(host);
        else
                finish(host);
}

bool host_can_tune(const Host *host) {
        return host->tuning;
}

const char *host_may_sleep(const Host *host) {
        return host->may_sleep;
}
