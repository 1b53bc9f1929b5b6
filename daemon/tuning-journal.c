/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cpuset.h"
#include "fs.h"
#include "tuning-journal.h"

#define JOURNAL "tuning"
#define JOURNAL_NEW JOURNAL ".new"
#define JOURNAL_REJECTED JOURNAL ".rejected"
#define LOCK JOURNAL ".lock"
#define MAGIC "jouletrace-tuning-1"
#define SIZE_MAX_BYTES (1024U * 1024U)
#define NUMBER_MAX 99999U /* of a policy or interrupt */
#define KHZ_MAX UINT64_C(100000000)
#define WORD_MAX 31U
#define CPU_DIR "sys/devices/system/cpu/"

struct TuningJournal {
        int directory_fd;
        int lock_fd;
        char *boot_id;
};

static bool is_word(const char *value) {
        size_t length = strspn(value, "abcdefghijklmnopqrstuvwxyz_");

        return length > 0 && length <= WORD_MAX && value[length] == '\0';
}

static bool is_number(const char *value, uint64_t max) {
        uint64_t number;

        return parse_u64(value, &number) >= 0 && number <= max && (value[0] != '0' || value[1] == '\0');
}

static bool is_flag(const char *value) {
        return is_number(value, 1);
}

static bool is_percentage(const char *value) {
        return is_number(value, 100);
}

/* intel_pstate shows a preference that has no name as the register's byte. */
static bool is_preference(const char *value) {
        return is_word(value) || is_number(value, UINT8_MAX);
}

static bool is_frequency(const char *value) {
        return is_number(value, KHZ_MAX) && value[0] != '0';
}

static bool is_cpulist(const char *value) {
        g_autofree char *canonical = NULL;
        cpu_set_t set;

        if (value[0] == '\0' || cpulist_parse(value, &set) < 0)
                return false;
        canonical = cpulist_format(&set);
        return g_str_equal(canonical, value);
}

static const struct {
        const char *name;
        const char *before, *after; /* path around the number; after NULL: there is one only, and its number is 0 */
        bool (*is_valid)(const char *value);
} kinds[N_TUNING_KINDS] = {
        [TUNING_NO_TURBO] = { "no-turbo", CPU_DIR "intel_pstate/no_turbo", NULL, is_flag },
        [TUNING_MIN_PERF_PCT] = { "min-perf-pct", CPU_DIR "intel_pstate/min_perf_pct", NULL, is_percentage },
        [TUNING_BOOST] = { "boost", CPU_DIR "cpufreq/boost", NULL, is_flag },
        [TUNING_GOVERNOR] = { "governor", CPU_DIR "cpufreq/policy", "/scaling_governor", is_word },
        [TUNING_EPP] = { "epp", CPU_DIR "cpufreq/policy", "/energy_performance_preference", is_preference },
        [TUNING_MAX_KHZ] = { "max-khz", CPU_DIR "cpufreq/policy", "/scaling_max_freq", is_frequency },
        [TUNING_MIN_KHZ] = { "min-khz", CPU_DIR "cpufreq/policy", "/scaling_min_freq", is_frequency },
        [TUNING_IRQ] = { "irq", "proc/irq/", "/smp_affinity_list", is_cpulist },
};

TuningEntry *tuning_entry_new(TuningKind kind, uint32_t number, const char *value) {
        TuningEntry *entry = g_new(TuningEntry, 1);

        *entry = (TuningEntry){ .kind = kind, .number = number, .value = g_strdup(value) };
        return entry;
}

void tuning_entry_free(TuningEntry *entry) {
        g_free(entry->value);
        g_free(entry);
}

static void free_entry(void *p) {
        tuning_entry_free(p);
}

char *tuning_path(TuningKind kind, uint32_t number) {
        if (!kinds[kind].after)
                return g_strdup(kinds[kind].before);
        return g_strdup_printf("%s%" PRIu32 "%s", kinds[kind].before, number, kinds[kind].after);
}

bool tuning_value_is_valid(TuningKind kind, const char *value) {
        return kinds[kind].is_valid(value);
}

/* Whoever may write it could have root write for him; whoever may open the lock could keep it from us. */
static int check_ours(int fd, mode_t type, mode_t denied) {
        struct stat status;

        if (fstat(fd, &status) < 0)
                return -errno;
        if ((status.st_mode & S_IFMT) != type || status.st_uid != geteuid() || (status.st_mode & denied))
                return -EPERM;
        return type == S_IFREG && status.st_nlink != 1 ? -EPERM : 0;
}

/* A file of its own: the directory is open to all, and so would its lock be. */
static int take_charge(int directory_fd) {
        autofd fd = openat(directory_fd, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        int r;

        if (fd < 0)
                return -errno;
        r = check_ours(fd, S_IFREG, 0077);
        if (r < 0)
                return r;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : -errno;
        return steal_fd(&fd);
}

int tuning_journal_open(const char *directory, const char *boot_id, TuningJournal **ret) {
        TuningJournal *journal;
        autofd fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), lock_fd = -1;
        int r;

        if (fd < 0)
                return -errno;
        r = check_ours(fd, S_IFDIR, 0022);
        if (r < 0)
                return r;
        lock_fd = take_charge(fd);
        if (lock_fd < 0)
                return lock_fd;
        journal = g_new(TuningJournal, 1);
        *journal = (TuningJournal){ .directory_fd = steal_fd(&fd),
                                    .lock_fd = steal_fd(&lock_fd),
                                    .boot_id = g_strdup(boot_id) };
        *ret = journal;
        return 0;
}

TuningJournal *tuning_journal_free(TuningJournal *journal) {
        if (!journal)
                return NULL;
        safe_close(journal->lock_fd);
        safe_close(journal->directory_fd);
        g_free(journal->boot_id);
        g_free(journal);
        return NULL;
}

/* ---- reading ---- */

static int read_text(const TuningJournal *journal, char **ret) {
        /* O_NONBLOCK: a FIFO in its place must not stop us before we see that it is one. */
        autofd fd = openat(journal->directory_fd, JOURNAL, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        g_autofree char *text = g_malloc(SIZE_MAX_BYTES + 1);
        size_t size = 0;
        ssize_t n;
        int r;

        if (fd < 0)
                return errno == ELOOP ? -EPERM : -errno;
        r = check_ours(fd, S_IFREG, 0022);
        if (r < 0)
                return r;
        do {
                n = read(fd, text + size, SIZE_MAX_BYTES + 1 - size);
                if (n < 0)
                        return -errno;
                size += (size_t) n;
                if (size > SIZE_MAX_BYTES)
                        return -EFBIG;
        } while (n > 0);
        if (memchr(text, '\0', size) || size == 0 || text[size - 1] != '\n')
                return -EBADMSG;
        text[size - 1] = '\0'; /* of the last line */
        *ret = g_steal_pointer(&text);
        return 0;
}

static bool has_entry(const GPtrArray *entries, TuningKind kind, uint32_t number) {
        for (guint i = 0; i < entries->len; i++) {
                const TuningEntry *entry = g_ptr_array_index(entries, i);

                if (entry->kind == kind && entry->number == number)
                        return true;
        }
        return false;
}

/* "governor 3 powersave" */
static int parse_entry(const char *line, GPtrArray *entries) {
        g_auto(GStrv) words = g_strsplit(line, " ", 4);
        TuningKind kind = 0;
        uint64_t number;

        if (g_strv_length(words) != 3)
                return -EBADMSG;
        while (kind < N_TUNING_KINDS && !g_str_equal(kinds[kind].name, words[0]))
                kind++;
        if (kind == N_TUNING_KINDS || !is_number(words[1], kinds[kind].after ? NUMBER_MAX : 0) ||
            !kinds[kind].is_valid(words[2]))
                return -EBADMSG;
        (void) parse_u64(words[1], &number);
        if (has_entry(entries, kind, (uint32_t) number))
                return -EBADMSG;
        g_ptr_array_add(entries, tuning_entry_new(kind, (uint32_t) number, words[2]));
        return 0;
}

int tuning_journal_read(const TuningJournal *journal, GPtrArray **ret_entries) {
        g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(free_entry);
        g_autofree char *text = NULL, *end = NULL;
        g_auto(GStrv) lines = NULL;
        guint n;
        int r;

        r = read_text(journal, &text);
        if (r < 0)
                return r;
        lines = g_strsplit(text, "\n", -1);
        n = g_strv_length(lines);
        if (!g_str_has_prefix(lines[0], MAGIC " ") || n < 2)
                return -EBADMSG;
        end = g_strdup_printf("end %u", n - 2);
        if (!g_str_equal(lines[n - 1], end))
                return -EBADMSG;
        if (!g_str_equal(lines[0] + strlen(MAGIC " "), journal->boot_id))
                return -ESTALE;
        for (guint i = 1; i < n - 1; i++) {
                r = parse_entry(lines[i], entries);
                if (r < 0)
                        return r;
        }
        *ret_entries = g_steal_pointer(&entries);
        return 0;
}

/* ---- writing ---- */

static char *format(const TuningJournal *journal, const GPtrArray *entries) {
        GString *text = g_string_new(NULL);

        g_string_append_printf(text, MAGIC " %s\n", journal->boot_id);
        for (guint i = 0; i < entries->len; i++) {
                const TuningEntry *entry = g_ptr_array_index(entries, i);

                g_string_append_printf(text, "%s %" PRIu32 " %s\n", kinds[entry->kind].name, entry->number,
                                       entry->value);
        }
        g_string_append_printf(text, "end %u\n", entries->len);
        return g_string_free(text, FALSE);
}

static int write_new(const TuningJournal *journal, const char *text) {
        autofd fd = -1;
        int r;

        /* One that a crash left half written. */
        if (unlinkat(journal->directory_fd, JOURNAL_NEW, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(journal->directory_fd, JOURNAL_NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = write_all(fd, text, strlen(text));
        if (r < 0)
                return r;
        return fsync(fd) < 0 ? -errno : 0;
}

int tuning_journal_write(const TuningJournal *journal, const GPtrArray *entries) {
        g_autofree char *text = format(journal, entries);
        int r;

        if (strlen(text) > SIZE_MAX_BYTES)
                return -EFBIG; /* what could not be read again must not be relied on */
        r = write_new(journal, text);
        if (r < 0)
                return r;
        if (renameat(journal->directory_fd, JOURNAL_NEW, journal->directory_fd, JOURNAL) < 0)
                return -errno;
        return fsync(journal->directory_fd) < 0 ? -errno : 0;
}

int tuning_journal_remove(const TuningJournal *journal) {
        if (unlinkat(journal->directory_fd, JOURNAL, 0) < 0)
                return errno == ENOENT ? 0 : -errno;
        return fsync(journal->directory_fd) < 0 ? -errno : 0;
}

int tuning_journal_set_aside(const TuningJournal *journal) {
        if (renameat(journal->directory_fd, JOURNAL, journal->directory_fd, JOURNAL_REJECTED) < 0)
                return -errno;
        return fsync(journal->directory_fd) < 0 ? -errno : 0;
}
