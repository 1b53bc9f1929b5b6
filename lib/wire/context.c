/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "context.h"
#include "dictionary.h"

static const struct {
        const char *name;
        const char *signature;
        size_t offset;
} keys[] = {
        { "job", "u", offsetof(JobContext, job) },
        { "uid", "u", offsetof(JobContext, uid) },
        { "groups", "au", offsetof(JobContext, groups) },
        { "containment", "s", offsetof(JobContext, containment) },
        { "isolation", "s", offsetof(JobContext, isolation) },
        { "partition", "s", offsetof(JobContext, partition) },
        { "cpus", "s", offsetof(JobContext, cpus) },
        { "reserved-cpus", "s", offsetof(JobContext, reserved_cpus) },
        { "sysroot", "s", offsetof(JobContext, sysroot) },
        { "meter", "s", offsetof(JobContext, meter) },
        { "model-watts", "d", offsetof(JobContext, model_watts) },
        { "foreign-load-limit", "d", offsetof(JobContext, foreign_load_limit) },
        { "frequency-limit", "d", offsetof(JobContext, frequency_limit) },
        { "region-min", "t", offsetof(JobContext, region_min_usec) },
        { "box-uid-first", "u", offsetof(JobContext, box_uid_first) },
        { "box-uid-last", "u", offsetof(JobContext, box_uid_last) },
        { "max-blobs", "t", offsetof(JobContext, max_blobs) },
        { "thermal-band", "t", offsetof(JobContext, thermal_band_mc) },
        { "thermal-limit", "t", offsetof(JobContext, thermal_limit_mc) },
        { "thermal-strict", "b", offsetof(JobContext, thermal_strict) },
        { "may-sleep", "s", offsetof(JobContext, may_sleep) },
        { "smt-shared", "b", offsetof(JobContext, smt_shared) },
        { "noise-floor", "d", offsetof(JobContext, noise_floor) },
        { "noise-floor-measured", "t", offsetof(JobContext, noise_floor_usec) },
        { "noise-floor-absent", "s", offsetof(JobContext, noise_floor_absent) },
};

#define ALL_KEYS ((UINT64_C(1) << G_N_ELEMENTS(keys)) - 1)

G_STATIC_ASSERT(sizeof(uid_t) == sizeof(uint32_t) && sizeof(gid_t) == sizeof(uint32_t));

JobContext *job_context_free(JobContext *context) {
        if (!context)
                return NULL;
        g_free(context->groups);
        g_free(context->containment);
        g_free(context->isolation);
        g_free(context->partition);
        g_free(context->cpus);
        g_free(context->reserved_cpus);
        g_free(context->sysroot);
        g_free(context->meter);
        g_free(context->may_sleep);
        g_free(context->noise_floor_absent);
        g_free(context);
        return NULL;
}

static int append_groups(sd_bus_message *m, const JobContext *context) {
        int r;

        r = sd_bus_message_open_container(m, 'v', "au");
        if (r < 0)
                return r;
        r = sd_bus_message_append_array(m, 'u', context->groups, context->n_groups * sizeof(gid_t));
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int append_value(sd_bus_message *m, const JobContext *context, size_t i) {
        const void *p = (const uint8_t *) context + keys[i].offset;

        switch (keys[i].signature[0]) {
        case 'a':
                return append_groups(m, context);
        case 's':
                return sd_bus_message_append(m, "v", "s", *(char *const *) p ?: "");
        case 'u':
                return sd_bus_message_append(m, "v", "u", *(const uint32_t *) p);
        case 't':
                return sd_bus_message_append(m, "v", "t", *(const uint64_t *) p);
        case 'd':
                return sd_bus_message_append(m, "v", "d", *(const double *) p);
        default:
                return sd_bus_message_append(m, "v", "b", (int) *(const bool *) p);
        }
}

int job_context_append(sd_bus_message *m, const JobContext *context) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
                r = sd_bus_message_open_container(m, 'e', "sv");
                if (r < 0)
                        return r;
                r = sd_bus_message_append_basic(m, 's', keys[i].name);
                if (r < 0)
                        return r;
                r = append_value(m, context, i);
                if (r < 0)
                        return r;
                r = sd_bus_message_close_container(m);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

static int read_groups(sd_bus_message *m, JobContext *context) {
        const void *groups;
        size_t size;
        int r;

        r = sd_bus_message_enter_container(m, 'v', "au");
        if (r < 0)
                return r;
        r = sd_bus_message_read_array(m, 'u', &groups, &size);
        if (r < 0)
                return r;
        context->groups = g_memdup2(groups, size);
        context->n_groups = size / sizeof(gid_t);
        return sd_bus_message_exit_container(m);
}

static int read_value(sd_bus_message *m, JobContext *context, size_t i) {
        void *p = (uint8_t *) context + keys[i].offset;
        const char *text;
        int boolean, r;

        switch (keys[i].signature[0]) {
        case 'a':
                return read_groups(m, context);
        case 's':
                r = sd_bus_message_read(m, "v", "s", &text);
                if (r < 0)
                        return r;
                *(char **) p = g_strdup(text);
                return 0;
        case 'b':
                r = sd_bus_message_read(m, "v", "b", &boolean);
                if (r < 0)
                        return r;
                *(bool *) p = boolean;
                return 0;
        default:
                return sd_bus_message_read(m, "v", keys[i].signature, p);
        }
}

typedef struct Reader {
        JobContext *context;
        uint64_t seen;
} Reader;

static int read_entry(sd_bus_message *m, const char *key, void *userdata) {
        Reader *reader = userdata;
        int r;

        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
                if (strcmp(key, keys[i].name) != 0)
                        continue;
                r = dictionary_mark(&reader->seen, i);
                if (r < 0)
                        return -EINVAL;
                return read_value(m, reader->context, i);
        }
        return -EINVAL;
}

int job_context_from_message(sd_bus_message *m, JobContext **ret) {
        g_autoptr(JobContext) context = g_new0(JobContext, 1);
        Reader reader = { .context = context };
        int r;

        r = dictionary_read(m, read_entry, &reader);
        if (r < 0)
                return r == -ENXIO ? -EINVAL : r;
        if (reader.seen != ALL_KEYS)
                return -EINVAL;

        *ret = g_steal_pointer(&context);
        return 0;
}
