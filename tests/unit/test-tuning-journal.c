/* SPDX-License-Identifier: MIT */
#include <sys/stat.h>

#include "temporary.h"
#include "tuning-journal.h"

#define BOOT "0f0e0d0c-0b0a-4900-8807-060504030201"
#define HEAD "jouletrace-tuning-1 " BOOT "\n"

typedef struct Fixture {
        char *directory;
        TuningJournal *journal;
} Fixture;

static void setup(Fixture *f, const void *data) {
        f->directory = temporary_new();
        g_assert_cmpint(tuning_journal_open(f->directory, BOOT, &f->journal), ==, 0);
}

static void teardown(Fixture *f, const void *data) {
        tuning_journal_free(f->journal);
        temporary_free(f->directory);
        g_free(f->directory);
}

static void free_entry(void *p) {
        tuning_entry_free(p);
}

static int read_journal(const Fixture *f) {
        g_autoptr(GPtrArray) entries = NULL;
        int r = tuning_journal_read(f->journal, &entries);

        g_assert_true((r == 0) == (entries != NULL));
        return r;
}

static void put(const Fixture *f, const char *text) {
        temporary_write(f->directory, "tuning", text);
        temporary_chmod(f->directory, "tuning", 0600);
}

static GPtrArray *one_of_each(void) {
        static const char *const values[N_TUNING_KINDS] = {
                "0", "100", "1", "powersave", "balance_performance", "3500000", "800000", "0-3,8"
        };
        GPtrArray *entries = g_ptr_array_new_with_free_func(free_entry);

        for (TuningKind kind = 0; kind < N_TUNING_KINDS; kind++)
                g_ptr_array_add(entries, tuning_entry_new(kind, kind < TUNING_GOVERNOR ? 0 : 7 * kind, values[kind]));
        return entries;
}

static void test_round_trip(Fixture *f, const void *data) {
        g_autoptr(GPtrArray) first = one_of_each(), second = NULL;
        g_autofree char *path = g_build_filename(f->directory, "tuning", NULL);
        struct stat status;

        g_assert_cmpint(read_journal(f), ==, -ENOENT);
        g_assert_cmpint(tuning_journal_write(f->journal, first), ==, 0);
        g_assert_cmpint(stat(path, &status), ==, 0);
        g_assert_cmpint(status.st_mode & 07777, ==, 0600);

        g_assert_cmpint(tuning_journal_read(f->journal, &second), ==, 0);
        g_assert_cmpuint(second->len, ==, first->len);
        for (guint i = 0; i < first->len; i++) {
                const TuningEntry *a = g_ptr_array_index(first, i), *b = g_ptr_array_index(second, i);

                g_assert_true(tuning_value_is_valid(a->kind, a->value));
                g_assert_cmpint(a->kind, ==, b->kind);
                g_assert_cmpuint(a->number, ==, b->number);
                g_assert_cmpstr(a->value, ==, b->value);
        }

        g_assert_cmpint(tuning_journal_remove(f->journal), ==, 0);
        g_assert_cmpint(tuning_journal_remove(f->journal), ==, 0);
        g_assert_cmpint(read_journal(f), ==, -ENOENT);
}

/* No line can lead outside of these. */
static void test_paths(void) {
        static const char *const paths[N_TUNING_KINDS] = {
                "sys/devices/system/cpu/intel_pstate/no_turbo",
                "sys/devices/system/cpu/intel_pstate/min_perf_pct",
                "sys/devices/system/cpu/cpufreq/boost",
                "sys/devices/system/cpu/cpufreq/policy7/scaling_governor",
                "sys/devices/system/cpu/cpufreq/policy7/energy_performance_preference",
                "sys/devices/system/cpu/cpufreq/policy7/scaling_max_freq",
                "sys/devices/system/cpu/cpufreq/policy7/scaling_min_freq",
                "proc/irq/7/smp_affinity_list",
        };

        for (TuningKind kind = 0; kind < N_TUNING_KINDS; kind++) {
                g_autofree char *path = tuning_path(kind, 7);

                g_assert_cmpstr(path, ==, paths[kind]);
        }
}

static const struct {
        const char *name, *text;
        int error; /* 0: believed */
} contents[] = {
        { "nothing-changed", HEAD "end 0\n", 0 },
        { "good", HEAD "governor 3 powersave\nepp 3 128\nirq 24 0-3\nend 3\n", 0 },
        { "empty", "", -EBADMSG },
        { "no-end", HEAD "governor 3 powersave\n", -EBADMSG },
        { "end-cut", HEAD "governor 3 powersave\nend 1", -EBADMSG },
        { "end-of-more", HEAD "governor 3 powersave\nend 2\n", -EBADMSG },
        { "line-cut", HEAD "governor 3 pow", -EBADMSG },
        { "head-only", HEAD, -EBADMSG },
        { "another-boot", "jouletrace-tuning-1 1f0e0d0c-0b0a-4900-8807-060504030201\ngovernor 3 powersave\nend 1\n",
          -ESTALE },
        { "no-boot", "jouletrace-tuning-1\nend 0\n", -EBADMSG },
        { "another-version", "jouletrace-tuning-2 " BOOT "\nend 0\n", -EBADMSG },
        { "after-the-end", HEAD "end 0\ngovernor 3 powersave\n", -EBADMSG },
        { "two-ends", HEAD "end 0\nend 1\n", -EBADMSG },
        { "path", HEAD "/etc/shadow 0 x\nend 1\n", -EBADMSG },
        { "kind", HEAD "sysctl 0 1\nend 1\n", -EBADMSG },
        { "kind-in-capitals", HEAD "Governor 0 powersave\nend 1\n", -EBADMSG },
        { "number-climbs", HEAD "governor 3/../../../x powersave\nend 1\n", -EBADMSG },
        { "number-negative", HEAD "governor -1 powersave\nend 1\n", -EBADMSG },
        { "number-wraps", HEAD "governor 4294967299 powersave\nend 1\n", -EBADMSG },
        { "number-padded", HEAD "governor 03 powersave\nend 1\n", -EBADMSG },
        { "number-of-none", HEAD "boost 1 1\nend 1\n", -EBADMSG },
        { "number-missing", HEAD "governor powersave\nend 1\n", -EBADMSG },
        { "value-missing", HEAD "governor 3\nend 1\n", -EBADMSG },
        { "value-empty", HEAD "governor 3 \nend 1\n", -EBADMSG },
        { "value-two-words", HEAD "governor 3 power save\nend 1\n", -EBADMSG },
        { "value-no-word", HEAD "governor 3 ../x\nend 1\n", -EBADMSG },
        { "value-long", HEAD "governor 3 abcdefghijklmnopqrstuvwxyzabcdef\nend 1\n", -EBADMSG },
        { "value-carriage-return", HEAD "governor 3 powersave\r\nend 1\n", -EBADMSG },
        { "turbo-two", HEAD "no-turbo 0 2\nend 1\n", -EBADMSG },
        { "epp-beyond-byte", HEAD "epp 3 256\nend 1\n", -EBADMSG },
        { "khz-zero", HEAD "max-khz 3 0\nend 1\n", -EBADMSG },
        { "khz-huge", HEAD "max-khz 3 100000001\nend 1\n", -EBADMSG },
        { "khz-unsupported", HEAD "max-khz 3 <unsupported>\nend 1\n", -EBADMSG },
        { "percentage", HEAD "min-perf-pct 0 100\nend 1\n", 0 },
        { "percentage-numbered", HEAD "min-perf-pct 1 100\nend 1\n", -EBADMSG },
        { "percentage-beyond", HEAD "min-perf-pct 0 101\nend 1\n", -EBADMSG },
        { "irq-nowhere", HEAD "irq 24 \nend 1\n", -EBADMSG },
        { "irq-mask", HEAD "irq 24 ff\nend 1\n", -EBADMSG },
        { "irq-unlike-kernel", HEAD "irq 24 0,1,2\nend 1\n", -EBADMSG },
        { "twice", HEAD "governor 3 powersave\ngovernor 3 performance\nend 2\n", -EBADMSG },
        { "blank-line", HEAD "\nend 1\n", -EBADMSG },
        { "comment", HEAD "# x y\nend 1\n", -EBADMSG },
};

static void test_contents(Fixture *f, gconstpointer data) {
        size_t i = GPOINTER_TO_UINT(data);

        put(f, contents[i].text);
        g_assert_cmpint(read_journal(f), ==, contents[i].error);
}

static void test_nul(Fixture *f, const void *data) {
        static const char text[] = HEAD "governor 3 powersave\0x\nend 1\n";
        g_autofree char *path = g_build_filename(f->directory, "tuning", NULL);

        g_assert_true(g_file_set_contents(path, text, sizeof(text) - 1, NULL));
        temporary_chmod(f->directory, "tuning", 0600);
        g_assert_cmpint(read_journal(f), ==, -EBADMSG);
}

static void test_too_big(Fixture *f, const void *data) {
        g_autofree char *text = g_strnfill(1024 * 1024 + 1, '\n');
        g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(free_entry);

        put(f, text);
        g_assert_cmpint(read_journal(f), ==, -EFBIG);
        for (uint32_t i = 0; i < 40000; i++)
                g_ptr_array_add(entries, tuning_entry_new(TUNING_GOVERNOR, i, "abcdefghijklmnopqrstuvwxyz"));
        g_assert_cmpint(tuning_journal_write(f->journal, entries), ==, -EFBIG);
}

/* Whoever can write it could have root write for him. */
static void test_not_ours(Fixture *f, const void *data) {
        g_autofree char *path = g_build_filename(f->directory, "tuning", NULL);
        g_autofree char *other = g_build_filename(f->directory, "other", NULL);

        put(f, HEAD "end 0\n");
        g_assert_cmpint(read_journal(f), ==, 0);
        temporary_chmod(f->directory, "tuning", 0620);
        g_assert_cmpint(read_journal(f), ==, -EPERM);
        temporary_chmod(f->directory, "tuning", 0602);
        g_assert_cmpint(read_journal(f), ==, -EPERM);
        temporary_chmod(f->directory, "tuning", 0600);

        g_assert_cmpint(link(path, other), ==, 0);
        g_assert_cmpint(read_journal(f), ==, -EPERM);
        g_assert_cmpint(unlink(path), ==, 0);
        g_assert_cmpint(symlink("other", path), ==, 0);
        g_assert_cmpint(read_journal(f), ==, -EPERM);
        g_assert_cmpint(unlink(path), ==, 0);
        g_assert_cmpint(mkfifo(path, 0600), ==, 0);
        g_assert_cmpint(read_journal(f), ==, -EPERM);
        g_assert_cmpint(unlink(path), ==, 0);
        g_assert_cmpint(mkdir(path, 0700), ==, 0);
        g_assert_cmpint(read_journal(f), ==, -EPERM);
        g_assert_cmpint(rmdir(path), ==, 0);
        if (geteuid() == 0) {
                put(f, HEAD "end 0\n");
                g_assert_cmpint(chown(path, 1, 0), ==, 0);
                g_assert_cmpint(read_journal(f), ==, -EPERM);
        }
}

static void test_directory_not_ours(Fixture *f, const void *data) {
        TuningJournal *journal = NULL;

        temporary_chmod(f->directory, "", 0770);
        g_assert_cmpint(tuning_journal_open(f->directory, BOOT, &journal), ==, -EPERM);
        temporary_chmod(f->directory, "", 0777);
        g_assert_cmpint(tuning_journal_open(f->directory, BOOT, &journal), ==, -EPERM);
        temporary_chmod(f->directory, "", 0755);
        g_assert_cmpint(tuning_journal_open(f->directory, BOOT, &journal), ==, -EBUSY);
        f->journal = tuning_journal_free(f->journal);
        g_assert_cmpint(tuning_journal_open(f->directory, BOOT, &journal), ==, 0);
        tuning_journal_free(journal);
        if (geteuid() == 0) {
                g_assert_cmpint(chown(f->directory, 1, 0), ==, 0);
                g_assert_cmpint(tuning_journal_open(f->directory, BOOT, &journal), ==, -EPERM);
                g_assert_cmpint(chown(f->directory, 0, 0), ==, 0);
        }
        g_assert_cmpint(tuning_journal_open("/nonexistent", BOOT, &journal), ==, -ENOENT);
}

/* Nobody else's lock counts, nor one that others could take. */
static void test_lock(Fixture *f, const void *data) {
        TuningJournal *journal = NULL;

        f->journal = tuning_journal_free(f->journal);
        temporary_chmod(f->directory, "tuning.lock", 0640);
        g_assert_cmpint(tuning_journal_open(f->directory, BOOT, &journal), ==, -EPERM);
        temporary_unlink(f->directory, "tuning.lock");
        temporary_link(f->directory, "tuning.lock", "elsewhere");
        g_assert_cmpint(tuning_journal_open(f->directory, BOOT, &journal), ==, -ELOOP);
}

/* What a crash left of a new one is no journal, and in nobody's way; nor is a link that leads elsewhere followed. */
static void test_half_written(Fixture *f, const void *data) {
        g_autoptr(GPtrArray) entries = one_of_each();
        g_autofree char *victim = NULL;

        temporary_write(f->directory, "tuning.new", HEAD "governor 3 pow");
        g_assert_cmpint(read_journal(f), ==, -ENOENT);
        g_assert_cmpint(tuning_journal_write(f->journal, entries), ==, 0);
        g_assert_cmpint(read_journal(f), ==, 0);

        temporary_write(f->directory, "victim", "as it was");
        temporary_link(f->directory, "tuning.new", "victim");
        g_assert_cmpint(tuning_journal_write(f->journal, entries), ==, 0);
        victim = g_build_filename(f->directory, "victim", NULL);
        g_assert_cmpint(read_journal(f), ==, 0);
        {
                g_autofree char *text = NULL;

                g_assert_true(g_file_get_contents(victim, &text, NULL, NULL));
                g_assert_cmpstr(text, ==, "as it was");
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/tuning-journal/round-trip", Fixture, NULL, setup, test_round_trip, teardown);
        g_test_add_func("/tuning-journal/paths", test_paths);
        for (size_t i = 0; i < G_N_ELEMENTS(contents); i++) {
                g_autofree char *path = g_strconcat("/tuning-journal/contents/", contents[i].name, NULL);

                g_test_add(path, Fixture, GUINT_TO_POINTER(i), setup, test_contents, teardown);
        }
        g_test_add("/tuning-journal/nul", Fixture, NULL, setup, test_nul, teardown);
        g_test_add("/tuning-journal/too-big", Fixture, NULL, setup, test_too_big, teardown);
        g_test_add("/tuning-journal/not-ours", Fixture, NULL, setup, test_not_ours, teardown);
        g_test_add("/tuning-journal/directory-not-ours", Fixture, NULL, setup, test_directory_not_ours, teardown);
        g_test_add("/tuning-journal/lock", Fixture, NULL, setup, test_lock, teardown);
        g_test_add("/tuning-journal/half-written", Fixture, NULL, setup, test_half_written, teardown);
        return g_test_run();
}
