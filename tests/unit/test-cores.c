/* SPDX-License-Identifier: MIT */

/* Which cores are reserved, and the partition, on a directory of plain files. The kernel's part is played by a wrapped
 * write_file_at(): what a write to cpuset.cpus.partition makes of the file is each test's choice. */

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

#include "cores.h"
#include "cpuset.h"
#include "fake-systemd.h"
#include "fs.h"

#define RELEASE_USEC (100 * USEC_PER_MSEC)

typedef enum Kernel {
        KERNEL_GRANTS,
        KERNEL_INVALID, /* the write succeeds, and the file says why it is none */
        KERNEL_EINVAL,
        KERNEL_FEWER, /* a partition without one of the CPUs */
} Kernel;

static struct {
        Kernel kernel;
        char *root;
        GString *written;    /* "member root " */
        uint64_t write_usec; /* how long a write takes */
} sim;

static void put(const char *file, const char *text) {
        g_autofree char *path = g_build_filename(sim.root, "jouletrace.slice", file, NULL);
        autofd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t) strlen(text));
}

static char *get(const char *file) {
        g_autofree char *path = g_build_filename(sim.root, "jouletrace.slice", file, NULL);
        char *text = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        return g_strchomp(text);
}

static void remove_file(const char *file) {
        g_autofree char *path = g_build_filename(sim.root, "jouletrace.slice", file, NULL);

        g_assert_cmpint(g_unlink(path), ==, 0);
}

int __wrap_write_file_at(int dir_fd, const char *path, const char *text);
int __wrap_write_file_at(int dir_fd, const char *path, const char *text) {
        g_autofree char *asked = g_strchomp(g_strdup(text)), *refused = NULL;

        g_assert_cmpstr(path, ==, "jouletrace.slice/cpuset.cpus.partition");
        if (faccessat(dir_fd, path, F_OK, 0) < 0)
                return -errno;
        g_usleep(sim.write_usec);
        g_string_append_printf(sim.written, "%s ", asked);
        if (g_str_equal(asked, "member")) {
                put("cpuset.cpus.partition", "member\n");
                return 0;
        }
        switch (sim.kernel) {
        case KERNEL_EINVAL:
                return -EINVAL;
        case KERNEL_INVALID:
                refused = g_strdup_printf("%s invalid (Cpu list in cpuset.cpus not exclusive)", asked);
                break;
        case KERNEL_FEWER:
                put("cpuset.cpus.effective", "3\n");
                break;
        case KERNEL_GRANTS:
                break;
        }
        put("cpuset.cpus.partition", refused ?: asked);
        return 0;
}

/* Two cores with two threads each, 0,2 and 1,3, in one package. */
static Cpu four[4];
static CpuInfo four_info = { .cpus = four, .n_cpus = 4, .n_packages = 1 };
static Topology four_cpus = { .cpu = &four_info };

static Cpu one[1];
static CpuInfo one_info = { .cpus = one, .n_cpus = 1, .n_packages = 1 };
static Topology one_cpu = { .cpu = &one_info };

/* One core with two threads. */
static Cpu two[2];
static CpuInfo two_info = { .cpus = two, .n_cpus = 2, .n_packages = 1 };
static Topology one_core = { .cpu = &two_info };

static void make_cpus(Cpu *cpus, unsigned n, unsigned n_cores) {
        for (unsigned i = 0; i < n; i++) {
                cpus[i].number = i;
                for (unsigned j = i % n_cores; j < n; j += n_cores)
                        CPU_SET(j, &cpus[i].threads);
        }
}

typedef struct Fixture {
        sd_event *event;
        sd_bus *server;
        sd_bus *client;
        FakeSystemd fake;
        Systemd *systemd;
        Cores *cores;
        bool ready;
        int ready_r;
        char *message;
        bool changed;
        unsigned n_changed;
} Fixture;

static void apply_cpus(const char *list, void *userdata) {
        g_autofree char *path = g_build_filename(sim.root, "jouletrace.slice", "cpuset.cpus.effective", NULL);

        if (g_file_test(path, G_FILE_TEST_EXISTS))
                put("cpuset.cpus.effective", list);
}

static void set_up(Fixture *f, gconstpointer data) {
        g_autofree char *slice = NULL;

        sim.kernel = KERNEL_GRANTS;
        sim.write_usec = 0;
        sim.root = g_dir_make_tmp("test-cores-XXXXXX", NULL);
        g_assert_nonnull(sim.root);
        sim.written = g_string_new(NULL);
        slice = g_build_filename(sim.root, "jouletrace.slice", NULL);
        g_assert_cmpint(g_mkdir(slice, 0755), ==, 0);
        put("cpuset.cpus.partition", "member\n");
        put("cpuset.cpus.effective", "0-3\n");

        g_assert_cmpint(sd_event_new(&f->event), >=, 0);
        fake_peers(f->event, &f->server, &f->client);
        fake_systemd_serve(&f->fake, f->server);
        f->fake.apply_cpus = apply_cpus;
        g_assert_cmpint(systemd_new(f->client, f->event, &f->systemd), ==, 0);
}

static void tear_down(Fixture *f, gconstpointer data) {
        static const char *const files[] = { "jouletrace.slice/cpuset.cpus.partition",
                                             "jouletrace.slice/cpuset.cpus.effective", "jouletrace.slice", "" };

        cores_free(f->cores);
        systemd_free(f->systemd);
        fake_systemd_clear(&f->fake);
        sd_bus_flush_close_unref(f->client);
        sd_bus_flush_close_unref(f->server);
        sd_event_unref(f->event);
        g_free(f->message);
        for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
                g_autofree char *path = g_build_filename(sim.root, files[i], NULL);

                (void) g_remove(path);
        }
        g_clear_pointer(&sim.root, g_free);
        g_string_free(sim.written, TRUE);
}

static void on_changed(Cores *cores, void *userdata) {
        Fixture *f = userdata;

        f->changed = true;
        f->n_changed++;
        /* As the daemon does for PropertiesChanged. */
        (void) cores_isolation(cores);
        (void) cores_partition(cores);
}

static void on_ready(Cores *cores, int r, const char *message, void *userdata) {
        Fixture *f = userdata;

        g_assert_false(f->ready);
        f->ready = true;
        f->ready_r = r;
        g_free(f->message);
        f->message = g_strdup(message);
}

static void make(Fixture *f, const char *reserved, const char *partition) {
        CoresConfig config = { .reserved = reserved, .partition = partition, .release_usec = RELEASE_USEC };
        g_autofree char *message = NULL;

        g_assert_cmpint(cores_new(&four_cpus, &config, f->systemd, f->event, sim.root, on_changed, f, &f->cores,
                                  &message),
                        ==, 0);
        g_assert_null(message);
}

static int acquire(Fixture *f) {
        f->ready = false;
        g_assert_cmpint(cores_acquire(f->cores, on_ready, f), ==, 0);
        g_assert_false(f->ready);
        g_assert_true(run_until(f->event, &f->ready));
        return f->ready_r;
}

static void assert_state(Fixture *f, Isolation isolation, const char *partition, const char *why) {
        g_assert_cmpstr(isolation_to_string(cores_isolation(f->cores)), ==, isolation_to_string(isolation));
        g_assert_cmpstr(cores_partition(f->cores), ==, partition);
        g_assert_cmpstr(cores_why(f->cores), ==, why);
}

static void assert_written(const char *expected) {
        g_assert_cmpstr(sim.written->str, ==, expected);
        g_string_truncate(sim.written, 0);
}

static void assert_file(const char *expected) {
        g_autofree char *text = get("cpuset.cpus.partition");

        g_assert_cmpstr(text, ==, expected);
}

static const struct Choice {
        const char *reserved;
        const char *partition;
        const Topology *topology;
        bool embedded;
        const char *list; /* NULL: refused */
        Isolation isolation;
        bool smt_shared;
        const char *message; /* why, or why refused */
} choices[] = {
        { "auto", "root", &four_cpus, false, "1,3", ISOLATION_RESERVED, false, NULL },
        { "auto", "none", &four_cpus, false, "1,3", ISOLATION_CONFINED, false, NULL },
        { "auto", "root", &one_core, false, "1", ISOLATION_CONFINED, true, "no physical core can be spared" },
        { "auto", "root", &one_cpu, false, "", ISOLATION_NONE, false, "there is only one CPU" },
        { "none", "root", &four_cpus, false, "", ISOLATION_NONE, false, NULL },
        { "none", "root", &one_cpu, false, "", ISOLATION_NONE, false, NULL },
        { "3", "isolated", &four_cpus, false, "3", ISOLATION_RESERVED, true, NULL },
        { "1-3", "root", &four_cpus, false, "1-3", ISOLATION_RESERVED, true, NULL },
        { "auto", "root", &four_cpus, true, "", ISOLATION_NONE, false,
          "CPUs are reserved by the system service only" },
        { "one core, please", "root", &four_cpus, false, NULL, 0, false,
          "ReservedCPUs=one core, please is neither auto nor none nor a list of CPUs" },
        { "", "root", &four_cpus, false, NULL, 0, false, "ReservedCPUs= is neither auto nor none nor a list of CPUs" },
        { "3-4", "root", &four_cpus, false, NULL, 0, false, "ReservedCPUs=3-4 names CPUs that are not online" },
        { "0,2", "root", &four_cpus, false, NULL, 0, false,
          "ReservedCPUs=0,2 names CPU 0, on which a package's counters are read" },
        { "0-3", "root", &four_cpus, false, NULL, 0, false, "ReservedCPUs=0-3 leaves no CPU to the system" },
        { "0-3", "root", &four_cpus, true, NULL, 0, false, "ReservedCPUs=0-3 leaves no CPU to the system" },
};

static void test_choice(Fixture *f, gconstpointer data) {
        const struct Choice *c = data;
        CoresConfig config = { .reserved = c->reserved, .partition = c->partition };
        g_autofree char *message = NULL, *list = NULL;
        int r;

        r = cores_new(c->topology, &config, c->embedded ? NULL : f->systemd, f->event, sim.root, NULL, NULL, &f->cores,
                      &message);
        if (!c->list) {
                g_assert_cmpint(r, ==, -EINVAL);
                g_assert_null(f->cores);
                g_assert_cmpstr(message, ==, c->message);
                return;
        }
        g_assert_cmpint(r, ==, 0);
        list = cores_list(f->cores);
        g_assert_cmpstr(list, ==, c->list);
        assert_state(f, c->isolation, "", c->message);
        g_assert_true(cores_smt_shared(f->cores) == c->smt_shared);
        assert_written("");
}

/* From the first job to the next queue. */
static void test_life(Fixture *f, gconstpointer data) {
        const char *kind = data;
        g_autofree char *calls = NULL, *expected = NULL;

        make(f, "auto", kind);
        g_assert_cmpint(acquire(f), ==, 0);
        assert_state(f, ISOLATION_RESERVED, kind, NULL);
        g_assert_cmpuint(f->n_changed, ==, 1);
        calls = fake_calls(&f->fake);
        g_assert_cmpstr(calls, ==,
                        "StartUnit jouletrace.slice replace, SetUnitProperties jouletrace.slice runtime "
                        "AllowedCPUs=1,3, Get ActiveState");
        expected = g_strdup_printf("%s ", kind);
        assert_written(expected);

        /* The next job needs nothing, and keeps it from being given back. */
        cores_release_later(f->cores);
        g_assert_cmpint(acquire(f), ==, 0);
        run_for(f->event, 2 * RELEASE_USEC);
        assert_state(f, ISOLATION_RESERVED, kind, NULL);
        assert_written("");
        g_assert_cmpuint(f->fake.calls->len, ==, 0);
        g_assert_cmpuint(f->n_changed, ==, 1);

        cores_release_later(f->cores);
        cores_release_later(f->cores);
        assert_file(kind);
        f->changed = false;
        g_assert_true(run_until(f->event, &f->changed));
        assert_written("member ");
        assert_state(f, ISOLATION_RESERVED, "", NULL);
        assert_file("member");

        g_assert_cmpint(acquire(f), ==, 0);
        assert_written(expected);
        cores_release_now(f->cores);
        cores_release_now(f->cores);
        assert_written("member ");
        run_for(f->event, 20 * USEC_PER_MSEC);
        g_assert_cmpuint(f->n_changed, ==, 4);

        g_assert_cmpint(acquire(f), ==, 0);
        assert_written(expected);
        f->cores = cores_free(f->cores);
        assert_written("member ");
}

static void test_refused(Fixture *f, gconstpointer data) {
        sim.kernel = KERNEL_INVALID;
        make(f, "auto", "root");
        g_assert_cmpint(acquire(f), ==, 0);
        assert_state(f, ISOLATION_CONFINED, "",
                     "the kernel refuses the partition: root invalid (Cpu list in cpuset.cpus not exclusive)");
        /* It must not become one later, by itself. */
        assert_written("root member ");

        sim.kernel = KERNEL_EINVAL;
        g_assert_cmpint(acquire(f), ==, 0);
        assert_state(f, ISOLATION_CONFINED, "", "the kernel refuses the partition: Invalid argument");
        cores_release_now(f->cores);
        assert_written("root ");

        sim.kernel = KERNEL_GRANTS;
        g_assert_cmpint(acquire(f), ==, 0);
        assert_state(f, ISOLATION_RESERVED, "root", NULL);
}

static void test_no_partition_file(Fixture *f, gconstpointer data) {
        remove_file("cpuset.cpus.partition");
        make(f, "auto", "root");
        g_assert_cmpint(acquire(f), ==, 0);
        assert_state(f, ISOLATION_CONFINED, "", "the kernel has no cpuset partitions here");
}

static void test_no_cpuset(Fixture *f, gconstpointer data) {
        remove_file("cpuset.cpus.partition");
        remove_file("cpuset.cpus.effective");
        make(f, "auto", "root");
        g_assert_cmpint(acquire(f), ==, 0);
        assert_state(f, ISOLATION_NONE, "", "the kernel or container has no cpusets for jouletrace.slice");
}

static void test_partition_not_wanted(Fixture *f, gconstpointer data) {
        make(f, "3", "none");
        g_assert_cmpint(acquire(f), ==, 0);
        assert_state(f, ISOLATION_CONFINED, "", NULL);
        assert_written("");
}

/* systemd only warns when the kernel refuses its write. */
static void test_other_cpus(Fixture *f, gconstpointer data) {
        f->fake.apply_cpus = NULL;
        make(f, "auto", "root");
        g_assert_cmpint(acquire(f), ==, -EADDRNOTAVAIL);
        g_assert_cmpstr(f->message, ==, "the kernel gives jouletrace.slice the CPUs 0-3 instead of 1,3");
        assert_written("");
}

static void test_fewer_cpus(Fixture *f, gconstpointer data) {
        sim.kernel = KERNEL_FEWER;
        make(f, "auto", "root");
        g_assert_cmpint(acquire(f), ==, -EADDRNOTAVAIL);
        g_assert_cmpstr(f->message, ==, "the kernel gives jouletrace.slice the CPUs 3 instead of 1,3");
        assert_written("root member ");
        assert_file("member");
}

static void test_slice_fails(Fixture *f, gconstpointer data) {
        f->fake.slice_result = "failed";
        make(f, "auto", "root");
        g_assert_cmpint(acquire(f), ==, -ENOTRECOVERABLE);
        g_assert_cmpstr(f->message, ==, "systemd could not start jouletrace.slice: failed");
}

/* With another configuration than before, what systemd still has is undone. */
static void test_none_resets(Fixture *f, gconstpointer data) {
        g_autofree char *calls = NULL;

        make(f, "none", "root");
        g_assert_cmpint(acquire(f), ==, 0);
        calls = fake_calls(&f->fake);
        g_assert_cmpstr(calls, ==,
                        "StartUnit jouletrace.slice replace, SetUnitProperties jouletrace.slice runtime AllowedCPUs=, "
                        "Get ActiveState");
        assert_state(f, ISOLATION_NONE, "", NULL);
        assert_written("");
}

static void test_lost(Fixture *f, gconstpointer data) {
        make(f, "auto", "root");
        g_assert_cmpint(acquire(f), ==, 0);
        f->changed = false;
        put("cpuset.cpus.partition", "root invalid (No cpu available due to hotplug)\n");
        g_assert_true(run_until(f->event, &f->changed));
        assert_state(f, ISOLATION_CONFINED, "",
                     "the partition of jouletrace.slice was lost: root invalid (No cpu available due to hotplug)");

        /* It may come back. */
        f->changed = false;
        put("cpuset.cpus.partition", "root\n");
        g_assert_true(run_until(f->event, &f->changed));
        assert_state(f, ISOLATION_RESERVED, "root", NULL);

        /* What is asked before the event loop ran is the truth as well, and is announced afterwards. */
        f->changed = false;
        put("cpuset.cpus.partition", "member\n");
        assert_state(f, ISOLATION_CONFINED, "", "the partition of jouletrace.slice was lost: member");
        g_assert_true(run_until(f->event, &f->changed));

        /* Kernel 6.1 keeps a partition whose CPUs go offline. */
        put("cpuset.cpus.partition", "root\n");
        assert_state(f, ISOLATION_RESERVED, "root", NULL);
        put("cpuset.cpus.effective", "3\n");
        assert_state(f, ISOLATION_CONFINED, "",
                     "the partition of jouletrace.slice was lost: the kernel gives jouletrace.slice the CPUs 3 "
                     "instead "
                     "of 1,3");

        /* The next job asks for it anew. */
        g_string_truncate(sim.written, 0);
        g_assert_cmpint(acquire(f), ==, 0);
        assert_written("member root ");
        assert_state(f, ISOLATION_RESERVED, "root", NULL);

        /* Lost or not, it is given back. */
        put("cpuset.cpus.partition", "root invalid (No cpu available due to hotplug)\n");
        cores_release_now(f->cores);
        assert_written("member ");
        assert_state(f, ISOLATION_RESERVED, "", NULL);
}

/* As when somebody stops the slice: its cgroup goes. */
static void test_slice_vanishes(Fixture *f, gconstpointer data) {
        make(f, "auto", "root");
        g_assert_cmpint(acquire(f), ==, 0);
        f->changed = false;
        remove_file("cpuset.cpus.partition");
        g_assert_true(run_until(f->event, &f->changed));
        assert_state(f, ISOLATION_CONFINED, "",
                     "the partition of jouletrace.slice was lost: No such file or directory");
        cores_release_now(f->cores);
        run_for(f->event, 20 * USEC_PER_MSEC);
        put("cpuset.cpus.partition", "member\n");
}

static void test_crash(Fixture *f, gconstpointer data) {
        put("cpuset.cpus.partition", data);
        make(f, "auto", "none");
        assert_written("member ");
        assert_file("member");

        /* Nor has the service to be started again for it. */
        put("cpuset.cpus.partition", data);
        g_assert_cmpint(cores_give_back(sim.root), ==, 0);
        assert_written("member ");
        g_assert_cmpint(cores_give_back(sim.root), ==, 0);
        assert_written("");
        g_assert_cmpint(cores_give_back("/nonexistent"), ==, -ENOENT);
}

static void test_embedded(Fixture *f, gconstpointer data) {
        CoresConfig config = { .reserved = "auto", .partition = "root" };
        g_autofree char *message = NULL;

        /* Not ours: the system service's. */
        put("cpuset.cpus.partition", "root\n");
        g_assert_cmpint(cores_new(&four_cpus, &config, NULL, f->event, "/nonexistent", on_changed, f, &f->cores,
                                  &message),
                        ==, 0);
        g_assert_cmpint(cores_acquire(f->cores, on_ready, f), ==, 0);
        g_assert_true(f->ready);
        g_assert_cmpint(f->ready_r, ==, 0);
        cores_release_later(f->cores);
        cores_release_now(f->cores);
        assert_written("");
        assert_file("root");
}

static void test_no_cgroup_root(Fixture *f, gconstpointer data) {
        CoresConfig config = { .reserved = "auto", .partition = "root" };
        g_autofree char *message = NULL;

        g_assert_cmpint(cores_new(&four_cpus, &config, f->systemd, f->event, "/nonexistent", NULL, NULL, &f->cores,
                                  &message),
                        ==, -ENOENT);
        g_assert_cmpstr(message, ==, "/nonexistent cannot be opened: No such file or directory");
}

static void test_forgotten(Fixture *f, gconstpointer data) {
        make(f, "auto", "root");
        g_assert_cmpint(cores_acquire(f->cores, on_ready, f), ==, 0);
        g_assert_cmpint(cores_acquire(f->cores, on_ready, f), ==, -EBUSY);
        cores_release_later(f->cores); /* does not stop one who acquires */
        cores_release_now(f->cores);
        run_for(f->event, 50 * USEC_PER_MSEC);
        g_assert_false(f->ready);
        assert_written("");

        g_assert_cmpint(cores_acquire(f->cores, on_ready, f), ==, 0);
        f->cores = cores_free(f->cores);
        run_for(f->event, 50 * USEC_PER_MSEC);
        g_assert_false(f->ready);
        assert_written("");
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        unsigned *ticks = userdata;

        ++*ticks;
        g_assert_cmpint(sd_event_source_set_time_relative(source, USEC_PER_MSEC), >=, 0);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* The kernel may take its time over a partition: the loop turns meanwhile, and what is asked meanwhile comes in order.
 */
static void test_slow(Fixture *f, gconstpointer data) {
        sd_event_source *ticker = NULL;
        unsigned ticks = 0, seen;

        sim.write_usec = 200 * USEC_PER_MSEC;
        make(f, "auto", "root");
        g_assert_cmpint(sd_event_add_time_relative(f->event, &ticker, CLOCK_MONOTONIC, 0, 1, on_tick, &ticks), >=, 0);
        g_assert_cmpint(acquire(f), ==, 0);
        assert_state(f, ISOLATION_RESERVED, "root", NULL);
        g_assert_cmpuint(ticks, >, 20);

        /* Asked for again while it is given back. */
        cores_release_later(f->cores);
        run_for(f->event, RELEASE_USEC + sim.write_usec / 2);
        assert_written("root ");
        seen = ticks;
        g_assert_cmpint(acquire(f), ==, 0);
        g_assert_cmpuint(ticks, >, seen + 20);
        assert_written("member root ");
        assert_state(f, ISOLATION_RESERVED, "root", NULL);

        /* A stop while it is given back, and while it is taken. */
        cores_release_later(f->cores);
        run_for(f->event, RELEASE_USEC + sim.write_usec / 2);
        cores_release_now(f->cores);
        assert_written("member ");
        f->ready = false;
        g_assert_cmpint(cores_acquire(f->cores, on_ready, f), ==, 0);
        run_for(f->event, sim.write_usec / 2);
        cores_release_now(f->cores);
        assert_written("root member ");
        assert_state(f, ISOLATION_RESERVED, "", NULL);
        assert_file("member");
        g_assert_false(f->ready);
        sd_event_source_disable_unref(ticker);
}

static void add(const char *name, gconstpointer data, void (*test)(Fixture *, gconstpointer)) {
        g_test_add(name, Fixture, data, set_up, test, tear_down);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        make_cpus(four, 4, 2);
        make_cpus(two, 2, 1);
        make_cpus(one, 1, 1);

        for (size_t i = 0; i < G_N_ELEMENTS(choices); i++) {
                g_autofree char *name = g_strdup_printf("/cores/choice/%zu", i);

                add(name, &choices[i], test_choice);
        }
        add("/cores/life/root", "root", test_life);
        add("/cores/life/isolated", "isolated", test_life);
        add("/cores/refused", NULL, test_refused);
        add("/cores/no-partition-file", NULL, test_no_partition_file);
        add("/cores/no-cpuset", NULL, test_no_cpuset);
        add("/cores/partition-not-wanted", NULL, test_partition_not_wanted);
        add("/cores/other-cpus", NULL, test_other_cpus);
        add("/cores/fewer-cpus", NULL, test_fewer_cpus);
        add("/cores/slice-fails", NULL, test_slice_fails);
        add("/cores/none-resets", NULL, test_none_resets);
        add("/cores/lost", NULL, test_lost);
        add("/cores/slice-vanishes", NULL, test_slice_vanishes);
        add("/cores/crash/root", "root\n", test_crash);
        add("/cores/crash/invalid", "isolated invalid (Cpu list in cpuset.cpus not exclusive)\n", test_crash);
        add("/cores/embedded", NULL, test_embedded);
        add("/cores/no-cgroup-root", NULL, test_no_cgroup_root);
        add("/cores/forgotten", NULL, test_forgotten);
        add("/cores/slow", NULL, test_slow);
        return g_test_run();
}
