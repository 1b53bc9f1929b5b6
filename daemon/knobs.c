/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <syslog.h>

#include "knobs.h"
#include "cpuset.h"
#include "fs.h"
#include "log.h"
#include "names.h"
#include "tune.h"

#define SECTION "JouleTrace"

static const char *const partitions[] = { "none", "root", "isolated", NULL };
static const char *const isolations[] = { "reserved", "confined", NULL };
static const char *const meters[] = { "auto", "perf", "powercap", "model", "none", NULL };
static const char *const policies[] = { "note", "strict", NULL };
static const char *const affinities[] = { "keep", "others", NULL };
static const char *const log_levels[] = {
        "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", NULL
};

#define MEMBER(m) offsetof(Config, m)
#define DAY (UINT64_C(86400) * USEC_PER_SEC)

const Knob knobs[] = {
        { "ReservedCPUs", KNOB_CPUS, MEMBER(reserved_cpus), "auto",
          .doc = "CPUs jobs run on: auto (the last physical core of the first package that has two), a CPU list, or "
                 "none." },
        { "Partition", KNOB_CHOICE, MEMBER(partition), "root", .choices = partitions,
          .doc = "Kind of cpuset partition that keeps everybody else off the reserved CPUs while jobs run: root, "
                 "isolated (no load balancing either), or none." },
        { "ReleaseSec", KNOB_USEC, MEMBER(release_usec), "10s", 0, UINT64_C(3600) * USEC_PER_SEC,
          .doc = "How long after the last job the reserved CPUs are given back." },
        { "Isolation", KNOB_CHOICE, MEMBER(isolation), "reserved", .choices = isolations,
          .doc = "What a job gets that does not ask: reserved (others are kept out of its CPUs, where the kernel lets "
                 "them be) or confined (it is kept in)." },
        { "BoxUidRange", KNOB_UIDS, MEMBER(box_uids), BOX_UIDS_DEFAULT, .security = true,
          .doc = "User and group ids that programs in boxes run as, each box as one of its own; nobody and nothing "
                 "else may have any of them." },
        { "Meter", KNOB_CHOICE, MEMBER(meter), "auto", .choices = meters,
          .doc = "What counts the energy: auto is perf, or powercap where that can add up more; model is CPU time × "
                 "ModelWatts and no measurement." },
        { "ModelWatts", KNOB_DOUBLE, MEMBER(model_watts), "10", 0, 10000,
          .doc = "Watts of one busy CPU for the model meter." },
        { "MaxJobsPerUser", KNOB_UINT, MEMBER(max_jobs_per_user), "128", 1, 100000, .security = true,
          .doc = "Jobs one user may have queued and running." },
        { "MaxQueued", KNOB_UINT, MEMBER(max_queued), "1024", 1, 100000, .security = true,
          .doc = "Jobs queued in total." },
        { "CallsPerMinute", KNOB_UINT, MEMBER(calls_per_minute), "600", 1, 1000000, .security = true,
          .doc = "Jobs one user may submit in a minute, wrong requests counted; as many may come at once." },
        { "MaxCPULimit", KNOB_USEC, MEMBER(max_cpu_limit_usec), "300s", USEC_PER_MSEC, DAY, .security = true,
          .doc = "Highest cpu-limit a request may ask for." },
        { "MaxWallLimit", KNOB_USEC, MEMBER(max_wall_limit_usec), "900s", 10 * USEC_PER_MSEC, DAY, .security = true,
          .doc = "Highest wall-limit a request may ask for." },
        { "MaxJobLimit", KNOB_USEC, MEMBER(max_job_limit_usec), "3600s", USEC_PER_SEC, 7 * DAY, .security = true,
          .doc = "Highest job-limit a request may ask for." },
        { "MaxMemory", KNOB_BYTES, MEMBER(max_memory), "auto", UINT64_C(4) << 20, UINT64_C(1) << 50, .security = true,
          .doc = "Highest memory-max a request may ask for; auto is half of the machine's memory." },
        { "MaxTasks", KNOB_UINT, MEMBER(max_tasks), "4096", 1, 1000000, .security = true,
          .doc = "Highest tasks-max a request may ask for." },
        { "MaxOutput", KNOB_BYTES, MEMBER(max_output), "1G", 1, UINT64_C(1) << 40, .security = true,
          .doc = "Highest output-max a request may ask for. The judge keeps it and a copy: for more than 1G the "
                 "MemoryMax= of jouletrace-worker@.service has to grow along." },
        { "MaxBlobs", KNOB_BYTES, MEMBER(max_blobs), "256M", 1, UINT64_C(1) << 40, .security = true,
          .doc = "Most bytes of files and tests a request may send along in a descriptor, and of its files together, "
                 "of which each box has a copy beside the program's memory." },
        { "MaxTrials", KNOB_UINT, MEMBER(max_trials), "1000", 1, 1000000, .security = true,
          .doc = "Most trials a request may ask for." },
        { "MinWindow", KNOB_USEC, MEMBER(min_window_usec), "100ms", USEC_PER_MSEC, 10 * USEC_PER_SEC, .security = true,
          .doc = "Shortest window whose energy is shown; requests may only raise it. It bounds what can be learned "
                 "about "
                 "others from the package's counter." },
        { "DefaultTrials", KNOB_UINT, MEMBER(default_trials), "9", 1, 1000,
          .doc = "Trials of a request that does not say." },
        { "DefaultWarmups", KNOB_UINT, MEMBER(default_warmups), "2", 0, 100,
          .doc = "Warm-ups of a request that does not say." },
        { "Cooldown", KNOB_USEC, MEMBER(cooldown_usec), "500ms", 0, 60 * USEC_PER_SEC,
          .doc = "Pause between windows of a request that does not say." },
        { "ThermalBand", KNOB_UINT, MEMBER(thermal_band), "3", 1, 100,
          .doc = "How many degrees Celsius hotter or colder than the job's first trial another may start; it waits "
                 "for "
                 "thermal-wait at most." },
        { "ThermalLimit", KNOB_UINT, MEMBER(thermal_limit), "0", 0, 150,
          .doc = "Degrees Celsius at which no trial starts before it has waited so long; 0 is where the processor "
                 "throttles, beyond which nothing can move it." },
        { "ThermalPolicy", KNOB_CHOICE, MEMBER(thermal_policy), "note", .choices = policies,
          .doc = "What becomes of a trial that still was too hot or too cold after thermal-wait: note counts it and "
                 "says so, strict makes another one." },
        { "Governor", KNOB_CHOICE, MEMBER(governor), "keep", .choices = tune_governors,
          .doc = "Frequency governor of the CPUs jobs run on, while one is measured; keep leaves it alone." },
        { "EPP", KNOB_CHOICE, MEMBER(epp), "keep", .choices = tune_preferences,
          .doc = "Energy performance preference of these CPUs, likewise." },
        { "Turbo", KNOB_CHOICE, MEMBER(turbo), "keep", .choices = tune_turbos,
          .doc = "Whether any CPU of the machine may clock above its base frequency, while a job is measured." },
        { "MinFrequency", KNOB_UINT, MEMBER(min_khz), "0", 0, 100000000,
          .doc = "Lowest frequency of the CPUs jobs run on, in kHz, while one is measured; 0 leaves it alone." },
        { "MaxFrequency", KNOB_UINT, MEMBER(max_khz), "0", 0, 100000000,
          .doc = "Highest frequency of these CPUs, likewise." },
        { "IRQAffinity", KNOB_CHOICE, MEMBER(irq_affinity), "keep", .choices = affinities,
          .doc = "While a job is measured on reserved CPUs: others sends the interrupts that can be moved to the "
                 "other CPUs, keep leaves them where they are." },
        { "CalibrationMaxAge", KNOB_USEC, MEMBER(calibration_max_age_usec), "30d", 0, 36500 * DAY,
          .doc = "How old the calibration of the host may be before its noise floor no longer counts; 0 is no "
                 "limit." },
        { "RetainDays", KNOB_USEC, MEMBER(retain_usec), "90d", 0, 36500 * DAY,
          .doc = "Records older than this are deleted; a plain number is days, 0 keeps them." },
        { "RetainCount", KNOB_UINT, MEMBER(retain_count), "10000", 0, 100000000,
          .doc = "Records kept at most; beyond it, whoever has the most loses the oldest; 0 is no limit." },
        { "RetainBytes", KNOB_BYTES, MEMBER(retain_bytes), "1G", 0, UINT64_C(1) << 50,
          .doc = "Bytes of reports kept at most; beyond it, whoever has the most loses the oldest; 0 is no limit." },
        { "ForeignLoadLimit", KNOB_DOUBLE, MEMBER(foreign_load_limit), "0.5", 0, 100,
          .doc = "Percent of the reserved CPUs' time that others may take during a trial before it is made again; of "
                 "all other CPUs' time, whose energy is counted, too, ten times as much." },
        { "FrequencyLimit", KNOB_DOUBLE, MEMBER(frequency_limit), "5", 0, 100,
          .doc = "Percent a trial's CPU frequency may be off the median of its job's trials before the trial is made "
                 "again; from two fifths of that on it is noted." },
        { "LogLevel", KNOB_CHOICE, MEMBER(log_level), "info", .choices = log_levels,
          .doc = "Least important level that is logged." },
        {},
};

static int scaled_parse(const char *text, const char *const *units, const uint64_t *factors, uint64_t fallback_factor,
                        uint64_t *ret) {
        uint64_t factor = fallback_factor;
        char *end;
        double value;

        if (!g_ascii_isdigit(text[0]))
                return -EINVAL;
        value = g_ascii_strtod(text, &end);
        while (*end == ' ')
                end++;
        if (*end != '\0') {
                size_t i = 0;

                while (units[i] && strcmp(units[i], end) != 0)
                        i++;
                if (!units[i])
                        return -EINVAL;
                factor = factors[i];
        }
        value = round(value * (double) factor);
        if (!isfinite(value) || value >= 0x1p63)
                return -ERANGE;
        *ret = (uint64_t) value;
        return 0;
}

static int time_parse(const char *text, uint64_t plain, uint64_t *ret) {
        static const char *const units[] = { "us", "µs", "ms", "s", "sec", "min", "m", "h", "d", NULL };
        static const uint64_t factors[] = { 1,
                                            1,
                                            USEC_PER_MSEC,
                                            USEC_PER_SEC,
                                            USEC_PER_SEC,
                                            60 * USEC_PER_SEC,
                                            60 * USEC_PER_SEC,
                                            3600 * USEC_PER_SEC,
                                            DAY };

        return scaled_parse(text, units, factors, plain, ret);
}

int time_span_parse(const char *text, uint64_t *ret_usec) {
        return time_parse(text, USEC_PER_SEC, ret_usec);
}

int byte_size_parse(const char *text, uint64_t *ret_bytes) {
        static const char *const units[] = { "B", "K", "M", "G", "T", NULL };
        static const uint64_t factors[] = { 1, UINT64_C(1) << 10, UINT64_C(1) << 20, UINT64_C(1) << 30,
                                            UINT64_C(1) << 40 };

        return scaled_parse(text, units, factors, 1, ret_bytes);
}

static bool is_text(KnobType type) {
        return type == KNOB_CHOICE || type == KNOB_CPUS;
}

static char *number_format(const Knob *knob, uint64_t value) {
        if (knob->type == KNOB_USEC && value % DAY == 0 && value > 0)
                return g_strdup_printf("%" PRIu64 "d", value / DAY);
        if (knob->type == KNOB_USEC && value % USEC_PER_SEC == 0)
                return g_strdup_printf("%" PRIu64 "s", value / USEC_PER_SEC);
        if (knob->type == KNOB_USEC && value % USEC_PER_MSEC == 0)
                return g_strdup_printf("%" PRIu64 "ms", value / USEC_PER_MSEC);
        if (knob->type == KNOB_USEC)
                return g_strdup_printf("%" PRIu64 "us", value);
        if (knob->type == KNOB_BYTES)
                for (int shift = 40; shift > 0 && value > 0; shift -= 10)
                        if (value % (UINT64_C(1) << shift) == 0)
                                return g_strdup_printf("%" PRIu64 "%c", value >> shift, " KMGT"[shift / 10]);
        return g_strdup_printf("%" PRIu64, value);
}

char *config_format(const Config *config, const Knob *knob) {
        const void *member = (const char *) config + knob->offset;
        uint64_t value;

        if (is_text(knob->type))
                return g_strdup(*(char *const *) member);
        if (knob->type == KNOB_UIDS)
                return uid_range_format(member);
        if (knob->type == KNOB_DOUBLE) {
                char buffer[G_ASCII_DTOSTR_BUF_SIZE];

                return g_strdup(g_ascii_formatd(buffer, sizeof(buffer), "%.6g", *(const double *) member));
        }
        memcpy(&value, member, sizeof(value));
        if (knob->type == KNOB_BYTES && value == 0 && knob->min > 0)
                return g_strdup("auto");
        return number_format(knob, value);
}

char *knob_format_bounds(const Knob *knob) {
        g_autofree char *low = NULL, *high = NULL;

        if (knob->type == KNOB_CHOICE)
                return g_strjoinv(", ", (char **) knob->choices);
        if (knob->type == KNOB_CPUS)
                return g_strdup("auto, none, or a CPU list");
        if (knob->type == KNOB_UIDS)
                return uid_range_format_bounds();
        low = number_format(knob, knob->min);
        high = number_format(knob, knob->max);
        return g_strdup_printf(knob->type == KNOB_DOUBLE ? "above %s, up to %s" : "%s to %s", low, high);
}

static int knob_set_text(const Knob *knob, char **member, const char *text, char **ret_reason) {
        if (knob->type == KNOB_CHOICE && !g_strv_contains(knob->choices, text)) {
                g_autofree char *all = g_strjoinv(", ", (char **) knob->choices);

                *ret_reason = g_strdup_printf("is not one of %s", all);
                return -EINVAL;
        }
        if (knob->type == KNOB_CPUS && strcmp(text, "auto") != 0 && strcmp(text, "none") != 0) {
                cpu_set_t cpus;

                if (text[0] == '\0' || cpulist_parse(text, &cpus) < 0) {
                        *ret_reason = g_strdup("is neither auto nor none nor a CPU list such as 2-3");
                        return -EINVAL;
                }
        }
        g_free(*member);
        *member = g_strdup(text);
        return 0;
}

static int knob_set(Config *config, const Knob *knob, const char *text, char **ret_reason) {
        void *member = (char *) config + knob->offset;
        uint64_t value = 0;
        int r;

        if (is_text(knob->type))
                return knob_set_text(knob, member, text, ret_reason);
        if (knob->type == KNOB_UIDS)
                return uid_range_parse(text, member, ret_reason);
        if (knob->type == KNOB_DOUBLE) {
                char *end;
                double watts = g_ascii_strtod(text, &end);

                if (end == text || *end != '\0' || !isfinite(watts) || watts <= 0 || watts > (double) knob->max) {
                        *ret_reason = g_strdup_printf("is no number above 0 and up to %" PRIu64, knob->max);
                        return -EINVAL;
                }
                *(double *) member = watts;
                return 0;
        }
        if (knob->type == KNOB_BYTES && knob->min > 1 && strcmp(text, "auto") == 0) {
                *(uint64_t *) member = 0;
                return 0;
        }

        if (knob->type == KNOB_UINT)
                r = parse_u64(text, &value);
        else if (knob->type == KNOB_USEC)
                r = time_parse(text, strcmp(knob->name, "RetainDays") == 0 ? DAY : USEC_PER_SEC, &value);
        else
                r = byte_size_parse(text, &value);
        if (r < 0 || value < knob->min || value > knob->max) {
                g_autofree char *low = number_format(knob, knob->min), *high = number_format(knob, knob->max);

                *ret_reason = g_strdup_printf("is not between %s and %s", low, high);
                return r < 0 ? r : -ERANGE;
        }
        *(uint64_t *) member = value;
        return 0;
}

Config *config_new(void) {
        Config *config = g_new0(Config, 1);

        for (const Knob *knob = knobs; knob->name; knob++) {
                g_autofree char *reason = NULL;
                int r = knob_set(config, knob, knob->fallback, &reason);

                g_assert(r >= 0);
        }
        return config;
}

Config *config_free(Config *config) {
        if (!config)
                return NULL;
        for (const Knob *knob = knobs; knob->name; knob++)
                if (is_text(knob->type))
                        g_free(*(char **) ((char *) config + knob->offset));
        g_free(config);
        return NULL;
}

void config_problem_free(ConfigProblem *problem) {
        g_free(problem->file);
        g_free(problem->text);
        g_free(problem);
}

static void problem_add(GPtrArray *problems, const char *file, unsigned line, bool fatal, char *text) {
        ConfigProblem *problem = g_new(ConfigProblem, 1);

        *problem = (ConfigProblem){ .file = g_strdup(file), .line = line, .text = text, .fatal = fatal };
        g_ptr_array_add(problems, problem);
}

/* GKeyFile forgets lines: the last one that sets the key. */
static unsigned find_line(const char *text, const char *key) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        size_t length = strlen(key);
        unsigned found = 0;

        for (unsigned i = 0; lines[i]; i++) {
                const char *line = g_strchug(lines[i]);

                if (strncmp(line, key, length) == 0 && (line[length] == '=' || line[length] == ' '))
                        found = i + 1;
        }
        return found;
}

static const Knob *knob_find(const char *name) {
        for (const Knob *knob = knobs; knob->name; knob++)
                if (strcmp(knob->name, name) == 0)
                        return knob;
        return NULL;
}

static int load_key(Config *config, const char *file, const char *text, GKeyFile *keys, const char *key,
                    GPtrArray *problems) {
        g_autofree char *value = g_key_file_get_string(keys, SECTION, key, NULL);
        g_autofree char *reason = NULL;
        const Knob *knob = knob_find(key);
        int r;

        if (!knob) {
                problem_add(problems, file, find_line(text, key), false,
                            g_strdup_printf("unknown knob %s, ignored; see jouletraced.conf(5)", key));
                return 0;
        }
        if (value)
                r = knob_set(config, knob, g_strstrip(value), &reason);
        else
                r = -EINVAL;
        if (r >= 0)
                return 0;

        problem_add(problems, file, find_line(text, key), knob->security,
                    knob->security ? g_strdup_printf("%s=%s %s, and no default is used for a bound", key, value ?: "",
                                                     reason ?: "is not valid text")
                                   : g_strdup_printf("%s=%s %s; using %s", key, value ?: "",
                                                     reason ?: "is not valid text", knob->fallback));
        if (knob->security)
                return -EINVAL;
        g_clear_pointer(&reason, g_free);
        return knob_set(config, knob, knob->fallback, &reason);
}

static int load_file(Config *config, const char *file, GPtrArray *problems) {
        g_autoptr(GKeyFile) keys = g_key_file_new();
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        g_auto(GStrv) groups = NULL, names = NULL;
        size_t length;
        int result = 0;

        if (!g_file_get_contents(file, &text, &length, &error)) {
                if (g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
                        return 0;
                problem_add(problems, file, 0, true, g_strdup(error->message));
                return -EINVAL;
        }
        /* A file that cannot be read as a whole may hold a bound: refuse rather than guess. */
        if (!g_key_file_load_from_data(keys, text, length, G_KEY_FILE_NONE, &error)) {
                problem_add(problems, file, 0, true, g_strdup(error->message));
                return -EINVAL;
        }

        groups = g_key_file_get_groups(keys, NULL);
        for (char **group = groups; *group; group++)
                if (strcmp(*group, SECTION) != 0)
                        problem_add(problems, file, 0, false,
                                    g_strdup_printf("unknown section [%s], ignored; knobs belong to [" SECTION "]",
                                                    *group));

        names = g_key_file_get_keys(keys, SECTION, NULL, NULL);
        for (char **name = names; name && *name; name++) {
                int r = load_key(config, file, text, keys, *name, problems);

                if (r < 0)
                        result = r;
        }
        return result;
}

static int compare_strings(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Not GDir: where there is no such directory it words an error nobody reads, and iconv stays in memory for it. */
static void list_drop_ins(const char *directory, GPtrArray *ret_files) {
        DIR *dir = opendir(directory);
        const struct dirent *entry;

        if (!dir)
                return;
        while ((entry = readdir(dir)))
                if (g_str_has_suffix(entry->d_name, ".conf"))
                        g_ptr_array_add(ret_files, g_build_filename(directory, entry->d_name, NULL));
        (void) closedir(dir);
        g_ptr_array_sort(ret_files, compare_strings);
}

/* Of the range in force, also when no file sets it. */
static int check_box_uids(const Config *config, const char *file, GPtrArray *problems) {
        g_autofree char *reason = NULL, *range = uid_range_format(&config->box_uids);
        int r;

        r = uid_range_check(&config->box_uids, "/etc", &reason);
        if (r < 0)
                problem_add(problems, file, 0, true,
                            g_strdup_printf("BoxUidRange=%s %s; set one that is nobody's", range, reason));
        return r;
}

int config_load(const char *file, Config **ret, GPtrArray *problems) {
        g_autoptr(Config) config = config_new();
        g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *directory = g_strconcat(file, ".d", NULL);
        int r, result;

        result = load_file(config, file, problems);
        list_drop_ins(directory, files);
        for (unsigned i = 0; i < files->len; i++) {
                r = load_file(config, files->pdata[i], problems);
                if (r < 0)
                        result = r;
        }
        if (result < 0)
                return result;
        r = check_box_uids(config, file, problems);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&config);
        return 0;
}

static void free_problem(void *p) {
        config_problem_free(p);
}

int config_load_logged(const char *file, Config **ret) {
        g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(free_problem);
        int r;

        r = config_load(file, ret, problems);
        for (unsigned i = 0; i < problems->len; i++) {
                const ConfigProblem *problem = problems->pdata[i];

                (void) log_at(problem->fatal ? LOG_ERR : LOG_WARNING,
                              &(const LogContext){ .uid = -1, .message_id = JT_MESSAGE_BAD_KNOB }, "%s:%u: %s",
                              problem->file, problem->line, problem->text);
        }
        return r;
}

static void limits_set_fallback(KeyBounds *bounds, uint64_t value) {
        bounds->fallback = CLAMP(value, bounds->min, bounds->max);
}

void config_request_limits(const Config *config, RequestLimits *ret) {
        request_limits_init(ret);

        for (KeyId key = 0; key < N_REQUEST_KEYS; key++) {
                const Knob *knob = request_keys[key].knob ? knob_find(request_keys[key].knob) : NULL;
                KeyBounds *bounds = &ret->bounds[key];
                uint64_t value;

                if (!knob || is_text(knob->type) || knob->type == KNOB_DOUBLE || knob->type == KNOB_UIDS)
                        continue;
                memcpy(&value, (const char *) config + knob->offset, sizeof(value));
                if (value == 0)
                        continue;
                if (key == REQUEST_MIN_WINDOW)
                        bounds->min = value;
                else
                        bounds->max = value;
                limits_set_fallback(bounds, bounds->fallback);
        }
        limits_set_fallback(&ret->bounds[REQUEST_MIN_WINDOW], config->min_window_usec);
        limits_set_fallback(&ret->bounds[REQUEST_TRIALS], config->default_trials);
        limits_set_fallback(&ret->bounds[REQUEST_WARMUPS], config->default_warmups);
        limits_set_fallback(&ret->bounds[REQUEST_COOLDOWN], config->cooldown_usec);
}

int config_log_level(const Config *config) {
        for (int i = 0; log_levels[i]; i++)
                if (strcmp(log_levels[i], config->log_level) == 0)
                        return i;
        return LOG_INFO;
}
