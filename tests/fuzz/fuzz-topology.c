/* SPDX-License-Identifier: MIT */

/* Any tree of /sys and /proc files must give a topology that keeps its promises, and a meter that can be read. The
 * input is what bundle.py writes; a part of it also goes to each parser by itself. */

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

#include "meter.h"
#include "pmu.h"
#include "zones.h"

#define FILES_MAX 400
#define PATH_LENGTH_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool path_is_harmless(const char *path) {
        return (g_str_has_prefix(path, "sys/") || g_str_has_prefix(path, "proc/") || strcmp(path, ".faults") == 0) &&
               strlen(path) <= PATH_LENGTH_MAX && !strstr(path, "..") && !strstr(path, "//");
}

static void put(const char *tree, const char *path, const char *text) {
        g_autofree char *full = g_build_filename(tree, path, NULL);
        g_autofree char *directory = g_path_get_dirname(full);

        /* A path that clashes with another one is left out. */
        if (g_mkdir_with_parents(directory, 0700) == 0) {
                FILE *file = fopen(full, "we");

                if (file) {
                        (void) fputs(text, file);
                        (void) fclose(file);
                }
        }
}

static void unpack(const char *tree, const char *text) {
        g_auto(GStrv) files = g_strsplit(text, "\n=", FILES_MAX);

        for (char **file = files; *file; file++) {
                const char *path = file == files && **file == '=' ? *file + 1 : *file;
                char *newline = strchr(*file, '\n');

                if (!newline)
                        continue;
                *newline = '\0';
                if (path_is_harmless(path))
                        put(tree, path, newline + 1);
        }
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

static const char *any_format(const char *term, void *userdata) {
        return *term == 'o' ? "config:8-15" : *term == 'n' ? NULL : userdata;
}

static void parse_alone(const char *text) {
        g_autofree char *line = g_strndup(text, strcspn(text, "\n"));
        g_autofree char *cpulist = NULL;
        CpuInfo info = {};
        DomainKind kind;
        ZoneId id;
        cpu_set_t cpus;
        uint64_t config;
        double unit_uj;
        int package, die;

        (void) zone_id_parse(line, &id);
        (void) zone_name_parse(line, &kind, &package, &die);
        (void) pmu_event_parse(line, any_format, (void *) "config:0-7", &config);
        (void) pmu_event_parse("event=0x1", any_format, line, &config);
        if (pmu_unit_parse(line, "Joules", &unit_uj) == 0)
                g_assert_cmpfloat(unit_uj, >, 0);
        if (cpulist_parse(line, &cpus) == 0) {
                cpu_set_t again;

                cpulist = cpulist_format(&cpus);
                g_assert_cmpint(cpulist_parse(cpulist, &again), ==, 0);
                g_assert_true(CPU_EQUAL(&cpus, &again));
        }
        cpu_info_parse_cpuinfo(&info, text);
        g_free(info.vendor);
        g_free(info.model);
        g_free(info.microcode);
}

static void check_domains(const Topology *topology) {
        for (size_t i = 0; i < topology->n_domains; i++) {
                const Domain *domain = &topology->domains[i];
                bool powercap = domain->powercap.id && domain->powercap.error == 0;
                bool perf = domain->perf.pmu && domain->perf.error == 0;

                g_assert_true(powercap || perf);
                g_assert_true(domain->in_total == domain_kind_in_total(domain->kind));
                g_assert_cmpfloat(domain->unit_uj, >, 0);
                g_assert_true(!powercap || domain->powercap.range_uj > 0);
                g_assert_true(topology_find(topology, domain->name) == domain);
        }
        for (size_t i = 0; i < topology->n_dropped; i++) {
                g_assert_nonnull(topology->dropped[i].name);
                g_assert_nonnull(topology->dropped[i].source);
                g_assert_nonnull(topology->dropped[i].reason);
        }
        g_assert_null(strstr(topology->total, "psys"));
        g_assert_null(strstr(topology->total, "core"));
}

static void check_cpus(const Topology *topology) {
        cpu_set_t reserved, rest, lead;

        topology_lead_cpus(topology, &lead);
        g_assert_cmpuint((size_t) CPU_COUNT(&lead), ==, topology->cpu->n_packages);
        if (topology_reserve_auto(topology, &reserved) == RESERVATION_CORE) {
                topology_housekeeping(topology, &reserved, &rest);
                CPU_AND(&lead, &lead, &reserved);
                g_assert_cmpint(CPU_COUNT(&lead), ==, 0);
                CPU_AND(&rest, &rest, &reserved);
                g_assert_cmpint(CPU_COUNT(&rest), ==, 0);
        }
        g_assert_cmpint(CPU_COUNT(&reserved), >, 0);
        (void) topology_smt_shared(topology, &reserved);
}

static void read_meter(const Topology *topology, const Sysroot *root) {
        g_autofree char *reason = NULL;
        g_autoptr(Meter) meter = NULL;
        static Reading reading;
        uint64_t total;

        if (meter_open(topology, root, &(MeterConfig){}, &meter, &reason) < 0) {
                g_assert_nonnull(reason);
                return;
        }
        g_assert_cmpstr(meter_total(meter), !=, "");
        g_assert_cmpfloat(meter_precision_uj(meter), >, 0);
        (void) meter_watchdog_usec(meter);
        if (meter_read(meter, &reading) == 0 && meter_total_uj(meter, &reading, &reading, &total) == 0)
                g_assert_cmpuint(total, ==, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *) data, size);
        g_autofree char *tree =
                        g_build_filename(g_file_test("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm" : g_get_tmp_dir(),
                                         "jt-fuzz-XXXXXX", NULL);
        g_autoptr(Sysroot) root = NULL;

        parse_alone(text);

        g_assert_nonnull(g_mkdtemp(tree));
        unpack(tree, text);
        if (sysroot_open(tree, &root) == 0) {
                for (int flags = 0; flags <= TOPOLOGY_PROBE; flags++) {
                        g_autoptr(Topology) topology = NULL;
                        g_autofree char *description = NULL;

                        if (topology_discover(root, (TopologyFlags) flags, &topology) < 0)
                                continue;
                        check_domains(topology);
                        check_cpus(topology);
                        description = topology_describe(topology);
                        g_assert_true(g_utf8_validate(description, -1, NULL));
                        read_meter(topology, root);
                }
        }
        (void) nftw(tree, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        return 0;
}
