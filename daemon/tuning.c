/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "cpuset.h"
#include "log.h"
#include "names.h"
#include "tuning-journal.h"
#include "tuning.h"

#define POLICIES "sys/devices/system/cpu/cpufreq"
#define IRQS "proc/irq"
#define LOOKS_MAX 10U /* a millisecond between them */
#define LAST_PASS 2U  /* over what is put back: twice if need be, and a last look */
#define THERMAL "sys/class/thermal"

struct Tuning {
        const Sysroot *root;
        TuningJournal *journal;
        GPtrArray *entries; /* TuningEntry: old values, as they stand in the journal */

        /* What tuning_step() is at. */
        enum { RESTING, CHANGING, RESTORING } at;
        guint next;        /* of wanted, or of entries */
        GPtrArray *wanted; /* TuningEntry: new values */
        guint n_taken;     /* of them */
        unsigned pass;     /* over entries */
        guint n_failed;    /* in this pass */
};

static void free_entry(void *p) {
        tuning_entry_free(p);
}

static int read_value(const Tuning *tuning, TuningKind kind, uint32_t number, char **ret) {
        g_autofree char *path = tuning_path(kind, number);

        return sysroot_read(tuning->root, path, ret);
}

/* *ret: what the kernel made of it. cpufreq takes a limit over in a work item, a moment after the write: until then
 * the old one stands. */
static int write_and_look(const Tuning *tuning, TuningKind kind, uint32_t number, const char *value, char **ret) {
        g_autofree char *path = tuning_path(kind, number);
        int r;

        r = sysroot_write(tuning->root, path, value);
        if (r < 0)
                return r;
        for (unsigned look = 0;; look++) {
                g_autofree char *now = NULL;

                r = sysroot_read(tuning->root, path, &now);
                if (r < 0)
                        return r;
                if (g_str_equal(now, value) || look >= LOOKS_MAX) {
                        *ret = g_steal_pointer(&now);
                        return 0;
                }
                g_usleep(USEC_PER_MSEC);
        }
}

/* 0 only when it stands there. */
static int write_value(const Tuning *tuning, TuningKind kind, uint32_t number, const char *value) {
        g_autofree char *now = NULL;
        int r;

        r = write_and_look(tuning, kind, number, value, &now);
        if (r < 0)
                return r;
        return g_str_equal(now, value) ? 0 : -EIO;
}

static bool is_recorded(const Tuning *tuning, TuningKind kind, uint32_t number) {
        for (guint i = 0; i < tuning->entries->len; i++) {
                const TuningEntry *entry = g_ptr_array_index(tuning->entries, i);

                if (entry->kind == kind && entry->number == number)
                        return true;
        }
        return false;
}

/* ---- putting back ---- */

static bool is_limit(TuningKind kind) {
        return kind == TUNING_MAX_KHZ || kind == TUNING_MIN_KHZ;
}

static bool lies_below(const char *now, const char *value) {
        uint64_t now_khz, khz;

        return parse_u64(now, &now_khz) >= 0 && parse_u64(value, &khz) >= 0 && now_khz < khz;
}

/* What is written is a request, what is read the limit in force, which a processor that got hot meanwhile lowers. The
 * kernel keeps the request that it took, so it is no failure; and what is read already need not be the request. */
static int put_limit_back(const Tuning *tuning, const TuningEntry *entry) {
        g_autofree char *now = NULL;
        int r;

        r = write_and_look(tuning, entry->kind, entry->number, entry->value, &now);
        if (r < 0)
                return r;
        return g_str_equal(now, entry->value) || lies_below(now, entry->value) ? 0 : -EIO;
}

/* Whether it stands there again, or there is nothing any more where it could stand. */
static bool put_back(const Tuning *tuning, const TuningEntry *entry, int *ret_error) {
        g_autofree char *now = NULL;
        int r;

        r = read_value(tuning, entry->kind, entry->number, &now);
        if (r >= 0 && is_limit(entry->kind))
                r = put_limit_back(tuning, entry);
        else if (r >= 0 && !g_str_equal(now, entry->value))
                r = write_value(tuning, entry->kind, entry->number, entry->value);
        *ret_error = r;
        return r >= 0 || r == -ENOENT || r == -ENODEV;
}

static gint compare_kinds(gconstpointer a, gconstpointer b) {
        const TuningEntry *left = *(const TuningEntry *const *) a, *right = *(const TuningEntry *const *) b;

        return (gint) left->kind - (gint) right->kind;
}

/* What stands again is forgotten, with the last look at it. */
static void settle(Tuning *tuning, const TuningEntry *entry) {
        g_autofree char *path = tuning_path(entry->kind, entry->number);
        int r = 0;

        if (put_back(tuning, entry, &r)) {
                g_ptr_array_remove_index(tuning->entries, tuning->next);
                return;
        }
        log_at(LOG_ERR, &(const LogContext){ .uid = -1, .message_id = JT_MESSAGE_TUNING_STUCK, .error = r },
               "/%s cannot be set back to %s: %s", path, entry->value, g_strerror(-r));
        tuning->next++;
}

/* The file says what the object knows. */
static int keep_record(Tuning *tuning) {
        int r;

        r = tuning->entries->len > 0 ? tuning_journal_write(tuning->journal, tuning->entries)
                                     : tuning_journal_remove(tuning->journal);
        if (r < 0)
                log_errno(LOG_ERR, r, "The record of the machine's old settings cannot be written");
        return r;
}

int tuning_begin_restore(Tuning *tuning) {
        g_ptr_array_set_size(tuning->wanted, 0);
        tuning->at = tuning->entries->len > 0 ? RESTORING : RESTING;
        tuning->next = tuning->pass = tuning->n_failed = 0;
        /* The order of the kinds, in which one does not undo another. */
        g_ptr_array_sort(tuning->entries, compare_kinds);
        return tuning->at == RESTORING;
}

static int restore_step(Tuning *tuning) {
        const TuningEntry *entry;
        int r;

        if (tuning->next < tuning->entries->len) {
                entry = g_ptr_array_index(tuning->entries, tuning->next);
                if (tuning->pass == LAST_PASS)
                        settle(tuning, entry);
                else {
                        tuning->n_failed += !put_back(tuning, entry, &r);
                        tuning->next++;
                }
                return 1;
        }
        if (tuning->pass < LAST_PASS) {
                /* A lowest frequency above the old highest one, say, is in the way of that the first time. */
                tuning->pass = tuning->n_failed > 0 ? tuning->pass + 1 : LAST_PASS;
                tuning->next = tuning->n_failed = 0;
                return 1;
        }
        tuning->at = RESTING;
        r = keep_record(tuning);
        if (r < 0)
                return r;
        return tuning->entries->len > 0 ? -EIO : 0;
}

int tuning_restore(Tuning *tuning) {
        int r;

        tuning_begin_restore(tuning);
        do
                r = tuning_step(tuning);
        while (r > 0);
        return r;
}

/* ---- changing ---- */

/* An old value that is on record still is older than what stands there now. */
static bool record(Tuning *tuning, TuningKind kind, uint32_t number) {
        g_autofree char *now = NULL;

        if (is_recorded(tuning, kind, number))
                return true;
        if (read_value(tuning, kind, number, &now) < 0 || !tuning_value_is_valid(kind, now))
                return false;
        g_ptr_array_add(tuning->entries, tuning_entry_new(kind, number, now));
        return true;
}

/* Wanted only: nothing is written yet. What has no old value on record is never changed. */
static void want(Tuning *tuning, TuningKind kind, uint32_t number, const char *value, GPtrArray *wanted) {
        g_autofree char *path = tuning_path(kind, number);

        if (record(tuning, kind, number))
                g_ptr_array_add(wanted, tuning_entry_new(kind, number, value));
        else
                log_warning("/%s is not there or says nothing that could be put back; it is not set to %s", path,
                            value);
}

/* "policy3", "24" */
static bool parse_name(const char *name, const char *prefix, uint32_t *ret) {
        uint64_t number;

        if (!g_str_has_prefix(name, prefix) || parse_u64(name + strlen(prefix), &number) < 0 || number > UINT16_MAX)
                return false;
        *ret = (uint32_t) number;
        return true;
}

/* affected_cpus is no list like others: "0 1 2 3". */
static bool policy_has(const Tuning *tuning, uint32_t policy, const cpu_set_t *cpus) {
        g_autofree char *path = g_strdup_printf(POLICIES "/policy%" PRIu32 "/affected_cpus", policy), *text = NULL;
        cpu_set_t common;

        if (CPU_COUNT(cpus) == 0)
                return true;
        if (sysroot_read(tuning->root, path, &text) < 0 || cpulist_parse(g_strdelimit(text, " ", ','), &common) < 0)
                return false;
        CPU_AND(&common, &common, cpus);
        return CPU_COUNT(&common) > 0;
}

/* "Processor" is ACPI's, the others cpufreq's, before and since Linux 5.12. */
static bool lowers_frequencies(const char *type) {
        return g_str_equal(type, "Processor") || g_str_has_prefix(type, "cpufreq-") ||
               g_str_has_prefix(type, "thermal-cpufreq-");
}

/* Then what is read of a limit is what the heat left of it, and put back it would stay when the heat is gone. */
static bool is_cooled(const Tuning *tuning) {
        g_auto(GStrv) names = NULL;

        (void) sysroot_list(tuning->root, THERMAL, &names);
        for (char **name = names; name && *name; name++) {
                g_autofree char *type_path = g_build_filename(THERMAL, *name, "type", NULL), *type = NULL;
                g_autofree char *state_path = g_build_filename(THERMAL, *name, "cur_state", NULL);
                uint64_t state;

                if (g_str_has_prefix(*name, "cooling_device") && sysroot_read(tuning->root, type_path, &type) >= 0 &&
                    lowers_frequencies(type) && sysroot_read_u64(tuning->root, state_path, &state) >= 0 && state > 0)
                        return true;
        }
        return false;
}

static void want_frequency(Tuning *tuning, TuningKind kind, uint32_t policy, uint64_t khz, GPtrArray *wanted) {
        g_autofree char *text = g_strdup_printf("%" PRIu64, khz);

        if (khz > 0)
                want(tuning, kind, policy, text, wanted);
}

/* The frequency that "userspace" was told goes with it, and what can be read of it is the one in force. */
static bool may_change_governor(const Tuning *tuning, uint32_t policy) {
        g_autofree char *now = NULL;

        if (read_value(tuning, TUNING_GOVERNOR, policy, &now) < 0 || !g_str_equal(now, "userspace"))
                return true;
        log_warning("The governor of policy%" PRIu32 " is userspace, whose frequency could not be put back; it is "
                    "left alone",
                    policy);
        return false;
}

static void want_policy(Tuning *tuning, const TuningWish *wish, uint32_t policy, bool cooled, GPtrArray *wanted) {
        if (wish->governor && may_change_governor(tuning, policy)) {
                (void) record(tuning, TUNING_EPP, policy); /* intel_pstate and amd-pstate move it along */
                want(tuning, TUNING_GOVERNOR, policy, wish->governor, wanted);
        }
        if (wish->epp)
                want(tuning, TUNING_EPP, policy, wish->epp, wanted);
        if (!cooled) {
                want_frequency(tuning, TUNING_MAX_KHZ, policy, wish->max_khz, wanted);
                want_frequency(tuning, TUNING_MIN_KHZ, policy, wish->min_khz, wanted);
        }
}

static void want_policies(Tuning *tuning, const TuningWish *wish, GPtrArray *wanted) {
        const bool frequency = wish->governor || wish->epp || wish->max_khz > 0 || wish->min_khz > 0;
        const bool boost = is_recorded(tuning, TUNING_BOOST, 0);
        const bool cooled = (wish->max_khz > 0 || wish->min_khz > 0) && is_cooled(tuning);
        g_auto(GStrv) names = NULL;
        unsigned n = 0;

        if (!frequency && !boost)
                return;
        if (cooled)
                log_warning("The processor is hot and slowed down: MinFrequency and MaxFrequency are left as they "
                            "are");
        (void) sysroot_list(tuning->root, POLICIES, &names);
        for (char **name = names; name && *name; name++) {
                uint32_t policy;

                if (!parse_name(*name, "policy", &policy))
                        continue;
                /* With boost the kernel sets it anew, of all CPUs. Otherwise it is not put back unasked: what is read
                 * is the limit in force, which may be that of a hot processor. */
                if (boost)
                        (void) record(tuning, TUNING_MAX_KHZ, policy);
                if (!frequency || !policy_has(tuning, policy, &wish->cpus))
                        continue;
                want_policy(tuning, wish, policy, cooled, wanted);
                n++;
        }
        if (frequency && n == 0)
                log_warning("The kernel offers no frequency scaling of the CPUs for jobs; it is left as it is");
}

static void want_turbo(Tuning *tuning, const TuningWish *wish, GPtrArray *wanted) {
        const bool on = g_strcmp0(wish->turbo, "on") == 0;

        if (!wish->turbo)
                return;
        if (record(tuning, TUNING_NO_TURBO, 0)) {
                (void) record(tuning, TUNING_MIN_PERF_PCT, 0); /* moved along */
                want(tuning, TUNING_NO_TURBO, 0, on ? "0" : "1", wanted);
        } else if (is_cooled(tuning)) /* boost sets the highest frequencies anew, too */
                log_warning("The processor is hot and slowed down: Turbo is left as it is");
        else
                want(tuning, TUNING_BOOST, 0, on ? "1" : "0", wanted);
}

/* Most interrupts that are bound to a CPU cannot be moved; the kernel says so when it is tried. */
static void want_irqs(Tuning *tuning, const TuningWish *wish, GPtrArray *wanted) {
        g_auto(GStrv) names = NULL;

        if (!wish->move_irqs || CPU_COUNT(&wish->cpus) == 0 || CPU_COUNT(&wish->others) == 0)
                return;
        (void) sysroot_list(tuning->root, IRQS, &names);
        for (char **name = names; name && *name; name++) {
                g_autofree char *now = NULL, *list = NULL;
                cpu_set_t set, rest;
                uint32_t irq;

                if (!parse_name(*name, "", &irq) || read_value(tuning, TUNING_IRQ, irq, &now) < 0 ||
                    cpulist_parse(now, &set) < 0)
                        continue;
                CPU_AND(&rest, &set, &wish->cpus);
                if (CPU_COUNT(&rest) == 0)
                        continue;
                CPU_AND(&rest, &set, &wish->others);
                list = cpulist_format(CPU_COUNT(&rest) > 0 ? &rest : &wish->others);
                want(tuning, TUNING_IRQ, irq, list, wanted);
        }
}

static bool change(const Tuning *tuning, const TuningEntry *entry) {
        g_autofree char *path = tuning_path(entry->kind, entry->number), *now = NULL;
        int r;

        r = read_value(tuning, entry->kind, entry->number, &now);
        if (r >= 0 && !g_str_equal(now, entry->value))
                r = write_value(tuning, entry->kind, entry->number, entry->value);
        if (r < 0)
                log_errno(entry->kind == TUNING_IRQ ? LOG_DEBUG : LOG_WARNING, r, "/%s is not set to %s", path,
                          entry->value);
        return r >= 0;
}

static int change_step(Tuning *tuning) {
        tuning->n_taken += change(tuning, g_ptr_array_index(tuning->wanted, tuning->next));
        tuning->next++;
        if (tuning->next < tuning->wanted->len)
                return 1;
        log_at(LOG_INFO, &(const LogContext){ .uid = -1, .message_id = JT_MESSAGE_TUNED },
               "%u of %u settings of the machine are as configured for jobs", tuning->n_taken, tuning->wanted->len);
        tuning->at = RESTING;
        return 0;
}

int tuning_begin(Tuning *tuning, const TuningWish *wish) {
        guint n_before;
        int r;

        (void) tuning_restore(tuning);
        n_before = tuning->entries->len;
        want_turbo(tuning, wish, tuning->wanted);
        want_policies(tuning, wish, tuning->wanted);
        want_irqs(tuning, wish, tuning->wanted);
        if (tuning->wanted->len == 0) {
                g_ptr_array_set_size(tuning->entries, (int) n_before);
                return 0;
        }

        r = tuning_journal_write(tuning->journal, tuning->entries);
        if (r < 0) {
                g_ptr_array_set_size(tuning->entries, (int) n_before);
                (void) keep_record(tuning);
                return log_errno(LOG_ERR, r,
                                 "The machine's settings cannot be put on record, so they are not changed");
        }
        tuning->at = CHANGING;
        tuning->next = tuning->n_taken = 0;
        return 1;
}

int tuning_step(Tuning *tuning) {
        switch (tuning->at) {
        case CHANGING:
                return change_step(tuning);
        case RESTORING:
                return restore_step(tuning);
        case RESTING:
                break;
        }
        return 0;
}

/* ---- opening ---- */

static int load(Tuning *tuning) {
        g_autoptr(GPtrArray) entries = NULL;
        guint n;
        int r;

        r = tuning_journal_read(tuning->journal, &entries);
        if (r == -ENOENT)
                return 0;
        if (r == -ESTALE) /* the kernel forgot the changes with that boot */
                return tuning_journal_remove(tuning->journal);
        if (r == -EPERM || r == -EFBIG || r == -EBADMSG) {
                log_at(LOG_ERR, &(const LogContext){ .uid = -1, .message_id = JT_MESSAGE_TUNING_STUCK, .error = r },
                       "The record of the machine's old settings is not ours and is not followed: %s", g_strerror(-r));
                return tuning_journal_set_aside(tuning->journal);
        }
        if (r < 0)
                return r;

        n = entries->len;
        g_ptr_array_unref(tuning->entries);
        tuning->entries = g_steal_pointer(&entries);
        if (tuning_restore(tuning) >= 0)
                log_at(LOG_NOTICE, &(const LogContext){ .uid = -1, .message_id = JT_MESSAGE_TUNING_RESTORED },
                       "%u settings of the machine that a crash left are as they were before it", n);
        return 0;
}

int tuning_open(const Sysroot *root, const char *boot_id, const char *directory, Tuning **ret) {
        g_autoptr(Tuning) tuning = g_new(Tuning, 1);
        int r;

        *tuning = (Tuning){ .root = root,
                            .entries = g_ptr_array_new_with_free_func(free_entry),
                            .wanted = g_ptr_array_new_with_free_func(free_entry) };
        r = tuning_journal_open(directory, boot_id, &tuning->journal);
        if (r < 0)
                return r;
        r = load(tuning);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&tuning);
        return 0;
}

Tuning *tuning_free(Tuning *tuning) {
        if (!tuning)
                return NULL;
        (void) tuning_restore(tuning);
        g_ptr_array_unref(tuning->entries);
        g_ptr_array_unref(tuning->wanted);
        tuning_journal_free(tuning->journal);
        g_free(tuning);
        return NULL;
}
