/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "dropped.h"
#include "perf.h"
#include "pmu.h"

#define DEVICES "sys/bus/event_source/devices"

static const struct {
        const char *pmu, *event;
        DomainKind kind;
        bool per_core;
} known_events[] = {
        { "power", "energy-pkg", DOMAIN_PACKAGE, false }, { "power", "energy-ram", DOMAIN_DRAM, false },
        { "power", "energy-cores", DOMAIN_CORE, false },  { "power", "energy-gpu", DOMAIN_UNCORE, false },
        { "power", "energy-psys", DOMAIN_PSYS, false },   { "power_core", "energy-core", DOMAIN_CORE, true },
};

static int parse_bits(const char *format, unsigned *ret_low, unsigned *ret_high) {
        g_auto(GStrv) ends = NULL;
        uint64_t low, high;

        if (!g_str_has_prefix(format, "config:"))
                return -EOPNOTSUPP;
        ends = g_strsplit(format + strlen("config:"), "-", 2);
        if (!ends[0] || parse_u64(ends[0], &low) < 0 || parse_u64(ends[1] ?: ends[0], &high) < 0 || low > high ||
            high > 63)
                return -EINVAL;
        *ret_low = (unsigned) low;
        *ret_high = (unsigned) high;
        return 0;
}

static int parse_value(const char *text, uint64_t *ret) {
        gchar *end;

        if (!g_str_has_prefix(text, "0x"))
                return parse_u64(text, ret);
        if (!g_ascii_isxdigit(text[2]))
                return -EINVAL;
        errno = 0;
        *ret = g_ascii_strtoull(text + 2, &end, 16);
        return errno != 0 || *end != '\0' ? -EINVAL : 0;
}

int pmu_event_parse(const char *text, const char *(*format_of)(const char *term, void *userdata), void *userdata,
                    uint64_t *ret_config) {
        g_auto(GStrv) terms = g_strsplit(text, ",", -1);
        uint64_t config = 0;

        if (!terms[0])
                return -EINVAL;
        for (char **term = terms; *term; term++) {
                char *equals = strchr(*term, '=');
                unsigned low, high;
                const char *format;
                uint64_t value = 1;
                int r;

                if (equals)
                        *equals = '\0';
                if (equals && parse_value(equals + 1, &value) < 0)
                        return -EINVAL;
                format = format_of(*term, userdata);
                if (!format)
                        return -EINVAL;
                r = parse_bits(format, &low, &high);
                if (r < 0)
                        return r;
                if (high - low < 63 && value >> (high - low + 1) != 0)
                        return -EINVAL;
                config |= value << low;
        }
        *ret_config = config;
        return 0;
}

int pmu_unit_parse(const char *scale, const char *unit, double *ret_uj) {
        gchar *end;
        double joules;

        if (strcmp(unit, "Joules") != 0 || !(g_ascii_isdigit(*scale) || *scale == '.'))
                return -EINVAL;
        joules = g_ascii_strtod(scale, &end);
        if (*end != '\0' || !isfinite(joules) || joules <= 0)
                return -EINVAL;
        *ret_uj = joules * 1e6;
        return 0;
}

typedef struct Formats {
        const Sysroot *root;
        const char *pmu;
        char *text;
} Formats;

static const char *read_format(const char *term, void *userdata) {
        Formats *formats = userdata;
        g_autofree char *path = NULL;

        if (*term == '\0' || strchr(term, '/') || *term == '.')
                return NULL;
        path = g_strdup_printf(DEVICES "/%s/format/%s", formats->pmu, term);
        g_clear_pointer(&formats->text, g_free);
        if (sysroot_read(formats->root, path, &formats->text) < 0)
                return NULL;
        return formats->text;
}

/* type, config and unit of one event; on failure *ret_file names what could not be used. */
static int read_event(const Sysroot *root, PerfSource *source, const char **ret_file) {
        g_autofree char *type_path = g_strdup_printf(DEVICES "/%s/type", source->pmu);
        g_autofree char *path = g_strdup_printf(DEVICES "/%s/events/%s", source->pmu, source->event);
        g_autofree char *scale_path = g_strdup_printf("%s.scale", path);
        g_autofree char *unit_path = g_strdup_printf("%s.unit", path);
        g_autofree char *text = NULL, *scale = NULL, *unit = NULL;
        Formats formats = { .root = root, .pmu = source->pmu };
        uint64_t type;
        int r;

        *ret_file = "type";
        r = sysroot_read_u64(root, type_path, &type);
        if (r < 0)
                return r;
        if (type > UINT32_MAX)
                return -ERANGE;
        source->type = (uint32_t) type;

        *ret_file = source->event;
        r = sysroot_read(root, path, &text);
        if (r < 0)
                return r;
        r = pmu_event_parse(text, read_format, &formats, &source->config);
        g_free(formats.text);
        if (r < 0)
                return r;

        *ret_file = ".unit";
        r = sysroot_read(root, unit_path, &unit);
        if (r < 0)
                return r;
        *ret_file = ".scale";
        r = sysroot_read(root, scale_path, &scale);
        if (r < 0)
                return r;
        *ret_file = ".scale and .unit";
        return pmu_unit_parse(scale, unit, &source->unit_uj);
}

static void pmu_event_clear(void *p) {
        PmuEvent *event = p;

        g_free(event->source.pmu);
        g_free(event->source.event);
        g_free(event->source.problem);
}

GArray *pmu_events_new(void) {
        GArray *events = g_array_new(FALSE, FALSE, sizeof(PmuEvent));

        g_array_set_clear_func(events, pmu_event_clear);
        return events;
}

static void add_event(const Sysroot *root, TopologyFlags flags, const Cpu *cpu, size_t known, GArray *events) {
        PmuEvent event = {
                .kind = known_events[known].kind,
                .package = cpu->package,
                .die = cpu->die,
                .per_core = known_events[known].per_core,
                .source = { .pmu = g_strdup(known_events[known].pmu),
                            .event = g_strdup(known_events[known].event),
                            .cpu = cpu->number },
        };
        const char *file;

        event.source.error = read_event(root, &event.source, &file);
        if (event.source.error < 0) {
                event.source.problem = g_strdup_printf("%s: %s", file, g_strerror(-event.source.error));
        } else if ((flags & TOPOLOGY_PROBE) && sysroot_is_host(root)) {
                autofd fd = perf_open(&event.source, -1);

                if (fd < 0) {
                        event.source.error = fd;
                        event.source.problem = g_strdup_printf("perf_event_open: %s", g_strerror(-fd));
                }
        }
        g_array_append_val(events, event);
}

static size_t find_known(const char *pmu, const char *event) {
        size_t i;

        for (i = 0; i < G_N_ELEMENTS(known_events); i++)
                if (strcmp(known_events[i].pmu, pmu) == 0 && strcmp(known_events[i].event, event) == 0)
                        break;
        return i;
}

void pmu_read(const Sysroot *root, TopologyFlags flags, const CpuInfo *cpu, const char *pmu, GArray *events,
              GArray *dropped) {
        g_autofree char *events_path = g_strdup_printf(DEVICES "/%s/events", pmu);
        g_autofree char *mask_path = g_strdup_printf(DEVICES "/%s/cpumask", pmu);
        g_autofree char *mask_text = NULL;
        g_auto(GStrv) names = NULL;
        cpu_set_t mask;
        int r;

        if (sysroot_list(root, events_path, &names) < 0)
                return;
        r = sysroot_read(root, mask_path, &mask_text);
        if (r >= 0)
                r = cpulist_parse(mask_text, &mask);
        if (r < 0) {
                dropped_add(dropped, g_strdup(pmu), g_strdup_printf("%s/", pmu),
                            g_strdup_printf("cpumask: %s", g_strerror(-r)));
                return;
        }

        for (char **name = names; *name; name++) {
                size_t known = find_known(pmu, *name);

                if (strchr(*name, '.'))
                        continue;
                if (known == G_N_ELEMENTS(known_events)) {
                        dropped_add(dropped, g_utf8_make_valid(*name, -1), g_strdup_printf("%s/", pmu),
                                    g_strdup("unknown kind of event"));
                        continue;
                }
                for (size_t i = 0; i < cpu->n_cpus; i++)
                        if (CPU_ISSET(cpu->cpus[i].number, &mask))
                                add_event(root, flags, &cpu->cpus[i], known, events);
        }
}
