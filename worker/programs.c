/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "external.h"
#include "filter.h"
#include "fs.h"
#include "programs.h"
#include "root.h"
#include "uids.h"

#define PRODUCT "program"
#define RUNNER_DIRECTORY "jouletrace-runner/" /* apart: no file of the caller's stands where Python looks first */
#define RUNNER "function_runner.py"
#define RUNNER_MODULE "jouletrace.py"
#define FUNCTION_LANGUAGE "python3"
#define INODES 16384U
#define TMPFS_LEAST (UINT64_C(1) << 20)
#define LOCKS "/run/jouletrace/box-uids"

/* Compilers and validators are no part of the measurement: generous limits, but limits. */
#define TOOL_MEMORY (UINT64_C(2) << 30)
#define TOOL_TASKS 128U
#define TOOL_TMPFS (UINT64_C(256) << 20)

/* The product leaves the box on standard output, where what the compiler prints does not belong. */
static const char compile_script[] = "exec 3>&1 >&2\n\"$@\" || exit\nexec cat <" PRODUCT " >&3 3>&-\n";
static const char check_script[] = "\"$@\" >&2\n";

typedef struct Tool {
        BoxRoot root;
        GArray *files; /* BoxFile */
        char **argv;
} Tool;

struct Programs {
        ProgramsBase base;
        GPtrArray *languages;
        const Language *language, *validator_language;
        Filter *filter;
        UidLease *lease;
        Identity identity;
        int runner_fd, module_fd;
        char **env;
        Tool tools[N_PROGRAMS];
        BoxSpec specs[N_PROGRAMS];
};

static int fail(char **ret_why, const char *format, ...) G_GNUC_PRINTF(2, 3);
static int fail(char **ret_why, const char *format, ...) {
        va_list args;

        va_start(args, format);
        *ret_why = g_strdup_vprintf(format, args);
        va_end(args);
        return -EINVAL;
}

static char *data_path(const char *name) {
        return g_build_filename(g_getenv("JOULETRACE_DATADIR") ?: JT_DATADIR, name, NULL);
}

/* ---- files ---- */

static void add_files(Tool *tool, const Programs *programs, const GArray *files) {
        for (guint i = 0; files && i < files->len; i++) {
                const RequestFile *file = &g_array_index(files, RequestFile, i);
                const BoxFile box_file = { .name = file->name,
                                           .fd = programs->base.workload->blobs_fd,
                                           .offset = file->offset,
                                           .size = file->size,
                                           .mode = file->mode };

                g_array_append_val(tool->files, box_file);
        }
}

static void add_file(Tool *tool, const char *name, int fd, mode_t mode) {
        struct stat st = {};
        BoxFile file = { .name = name, .fd = fd, .mode = mode };

        if (fd >= 0 && fstat(fd, &st) >= 0)
                file.size = (uint64_t) st.st_size;
        g_array_append_val(tool->files, file);
}

static int load_share(const char *name, int *ret_fd, char **ret_why) {
        g_autofree char *relative = g_build_filename("region", name, NULL), *path = data_path(relative), *text = NULL;
        g_autoptr(GError) error = NULL;
        size_t size;

        if (!g_file_get_contents(path, &text, &size, &error)) {
                *ret_why = g_strdup_printf("What calls functions is not installed: %s", error->message);
                return -ENOTSUP;
        }
        *ret_fd = memfd_with(name, text, size);
        return *ret_fd < 0 ? *ret_fd : 0;
}

/* ---- command lines ---- */

/* The names of the files that belong to the language: {files}, and the first of them {main}. */
static char **sources_of(const Language *language, const GArray *files) {
        GPtrArray *names = g_ptr_array_new();

        for (guint i = 0; files && i < files->len; i++) {
                const char *name = g_array_index(files, RequestFile, i).name;

                if (language_owns(language, name))
                        g_ptr_array_add(names, g_strdup(name));
        }
        g_ptr_array_add(names, NULL);
        return (char **) g_ptr_array_free(names, FALSE);
}

static char **append(char **argv, char *const *more) {
        GPtrArray *all = g_ptr_array_new();

        for (char **arg = argv; *arg; arg++)
                g_ptr_array_add(all, *arg);
        for (char *const *arg = more; arg && *arg; arg++)
                g_ptr_array_add(all, g_strdup(*arg));
        g_ptr_array_add(all, NULL);
        g_free(argv);
        return (char **) g_ptr_array_free(all, FALSE);
}

/* What the box has is what the host has; without this, a compiler that is missing would be the program's fault. */
static int check_installed(const Language *language, const char *key, char **ret_why) {
        char *const *const commands[] = { language->compile, language->run };

        for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
                if (commands[i] && commands[i][0][0] == '/' && access(commands[i][0], X_OK) < 0)
                        return fail(ret_why, "%s: \"%s\" needs %s, which is not installed here", key, language->id,
                                    commands[i][0]);
        return 0;
}

static int find_language(const Programs *programs, const char *key, const char *id, const Language **ret,
                         char **ret_why) {
        g_autofree const char **ids = NULL;
        g_autofree char *known = NULL;

        *ret = language_by_id(programs->languages, id);
        if (*ret)
                return check_installed(*ret, key, ret_why);
        ids = languages_ids(programs->languages);
        known = g_strjoinv(", ", (char **) ids);
        return fail(ret_why, "%s: \"%s\" is none of this machine's languages: %s", key, id,
                    ids[0] ? known : "it has none");
}

/* Fills in the compiler's command line, where the language has one, and returns that of the program itself. */
static int plan_language(Programs *programs, const char *key, const Language *language, const GArray *files,
                         uint64_t memory, ProgramId compiler, char ***ret_argv, char **ret_why) {
        g_auto(GStrv) sources = sources_of(language, files), command = NULL;
        const LanguageValues values = { .files = (const char *const *) sources,
                                        .main = sources[0],
                                        .binary = "./" PRODUCT,
                                        .memory_bytes = memory };
        char *const head[] = { (char *) "/bin/sh", (char *) "-c",
                               (char *) (language_makes_binary(language) ? compile_script : check_script),
                               (char *) "compile", NULL };

        if (!sources[0])
                return fail(ret_why, "%s: none of the files is a source of %s (ending in .%s)", key, language->id,
                            language->suffixes[0]);
        *ret_argv = language_expand(language->run, &values);
        if (!language->compile)
                return 0;
        command = language_expand(language->compile, &values);
        programs->tools[compiler].argv = append(g_strdupv((char **) head), command);
        add_files(&programs->tools[compiler], programs, files);
        return 0;
}

static int plan_function(Programs *programs, char **ret_why) {
        const Request *request = programs->base.request;
        Tool *candidate = &programs->tools[PROGRAM_CANDIDATE];
        g_auto(GStrv) sources = sources_of(programs->language, request->files);
        const char *const runner[] = { RUNNER_DIRECTORY RUNNER, NULL };
        const LanguageValues values = {
                .files = runner, .main = runner[0], .binary = "./" PRODUCT, .memory_bytes = request->memory_max
        };
        g_autofree char *limit = g_strdup_printf("%" PRIu64, MIN(request->cpu_limit_usec, request->wall_limit_usec));
        char *const arguments[] = { sources[0], request->function->name, limit, NULL };
        int r;

        r = load_share(RUNNER, &programs->runner_fd, ret_why);
        if (r >= 0)
                r = load_share(RUNNER_MODULE, &programs->module_fd, ret_why);
        if (r < 0)
                return r;
        g_strfreev(candidate->argv);
        candidate->argv = append(language_expand(programs->language->run, &values), arguments);
        add_file(candidate, RUNNER_DIRECTORY RUNNER, programs->runner_fd, 0644);
        add_file(candidate, RUNNER_DIRECTORY RUNNER_MODULE, programs->module_fd, 0644);
        return 0;
}

static int plan_candidate(Programs *programs, char **ret_why) {
        const Request *request = programs->base.request;
        const char *id = request->language ?: request->function ? FUNCTION_LANGUAGE : NULL;
        Tool *candidate = &programs->tools[PROGRAM_CANDIDATE];
        int r;

        add_files(candidate, programs, request->files);
        if (!id) {
                candidate->argv = g_strdupv(request->argv);
                return 0;
        }
        r = find_language(programs, "language", id, &programs->language, ret_why);
        if (r >= 0)
                r = plan_language(programs, "language", programs->language, request->files, request->memory_max,
                                  PROGRAM_COMPILER, &candidate->argv, ret_why);
        if (r >= 0 && request->function)
                r = plan_function(programs, ret_why);
        if (r < 0)
                return r;
        candidate->argv = append(candidate->argv, request->argv);
        if (programs_makes_product(programs, PROGRAM_COMPILER))
                add_file(candidate, PRODUCT, BOX_HANDED(0), 0755);
        return 0;
}

static int plan_validator(Programs *programs, char **ret_why) {
        static const char *const names[VALIDATOR_FILES] = { "jouletrace-input", "jouletrace-answer",
                                                            "jouletrace-output" };
        static const char *const arguments[N_EXTERNAL_PROTOCOLS][4] = {
                [EXTERNAL_KATTIS] = { "jouletrace-input", "jouletrace-answer", "/tmp/", NULL },
                [EXTERNAL_TESTLIB] = { "jouletrace-input", "jouletrace-output", "jouletrace-answer", NULL },
        };
        const RequestValidator *validator = programs->base.request->validator;
        Tool *tool = &programs->tools[PROGRAM_VALIDATOR];
        ExternalProtocol protocol;
        int r, handed = 0;

        if (!validator || external_protocol_from_string(validator->type, &protocol) < 0)
                return 0;
        add_files(tool, programs, validator->files);
        if (validator->language) {
                r = find_language(programs, "validator language", validator->language, &programs->validator_language,
                                  ret_why);
                if (r >= 0)
                        r = plan_language(programs, "validator language", programs->validator_language,
                                          validator->files, TOOL_MEMORY, PROGRAM_VALIDATOR_COMPILER, &tool->argv,
                                          ret_why);
                if (r < 0)
                        return r;
        } else
                tool->argv = g_strdupv(validator->argv);
        tool->argv = append(append(tool->argv, (char **) arguments[protocol]), validator->args);
        if (programs_makes_product(programs, PROGRAM_VALIDATOR_COMPILER))
                add_file(tool, PRODUCT, BOX_HANDED(handed++), 0755);
        for (unsigned i = 0; i < VALIDATOR_FILES; i++)
                add_file(tool, names[i], BOX_HANDED(handed + (int) i), 0644);
        return 0;
}

static void plan_versions(Programs *programs) {
        if (programs->language)
                programs->tools[PROGRAM_VERSION].argv = g_strdupv(programs->language->version);
        if (programs->validator_language && !programs_share_language(programs))
                programs->tools[PROGRAM_VALIDATOR_VERSION].argv = g_strdupv(programs->validator_language->version);
}

/* ---- names ---- */

static bool lies_below(const char *name, const char *directory) {
        const size_t length = strlen(directory);

        return strncmp(name, directory, length) == 0 && name[length] == '/';
}

/* The caller's files come first and do not disturb each other: the request's parser saw to that. What is put beside
 * them needs its places. */
static int check_names(const Tool *tool, const char *key, guint n_callers, char **ret_why) {
        for (guint i = n_callers; i < tool->files->len; i++) {
                const char *ours = g_array_index(tool->files, BoxFile, i).name;

                for (guint j = 0; j < n_callers; j++) {
                        const char *name = g_array_index(tool->files, BoxFile, j).name;

                        if (g_str_equal(name, ours) || lies_below(name, ours) || lies_below(ours, name))
                                return fail(ret_why, "%s: \"%s\" stands where \"%s\" is put; rename it", key, name,
                                            ours);
                }
        }
        return 0;
}

static int check_all_names(const Programs *programs, char **ret_why) {
        const Request *request = programs->base.request;
        const RequestValidator *validator = request->validator;
        int r;

        r = check_names(&programs->tools[PROGRAM_CANDIDATE], "files", request->files ? request->files->len : 0,
                        ret_why);
        if (r < 0)
                return r;
        return check_names(&programs->tools[PROGRAM_VALIDATOR], "validator files",
                           validator && validator->files ? validator->files->len : 0, ret_why);
}

/* ---- what all of them share ---- */

static bool is_function_or_region(const Request *request) {
        return request->region || request->function;
}

/* The same in validation, warm-up and trial, so that nothing tells them apart. */
static char **add_region(char **env, const Programs *programs) {
        g_autofree char *usec = g_strdup_printf("%" PRIu64, programs->base.region_usec);

        if (!is_function_or_region(programs->base.request))
                return env;
        env = g_environ_setenv(env, "JOULETRACE_REGION_FD", "3", TRUE);
        return g_environ_setenv(env, "JOULETRACE_REGION_USEC", usec, TRUE);
}

static int make_locks(int *ret_fd) {
        if (mkdir("/run/jouletrace", 0755) < 0 && errno != EEXIST)
                return -errno;
        if (mkdir(LOCKS, 0700) < 0 && errno != EEXIST)
                return -errno;
        *ret_fd = open(LOCKS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return *ret_fd < 0 ? -errno : 0;
}

static int lease_uid(Programs *programs, char **ret_why) {
        const JobContext *context = programs->base.context;
        autofd locks = -1;
        int r;

        programs->identity = (Identity){ .uid = context->box_uid_first, .gid = (gid_t) context->box_uid_first };
        if (geteuid() != 0)
                return 0; /* in a user namespace: what it seems to be */
        r = make_locks(&locks);
        if (r >= 0)
                r = uid_lease(locks, context->box_uid_first, context->box_uid_last, &programs->lease);
        if (r < 0) {
                *ret_why = r == -EUSERS ? g_strdup("All uids of BoxUidRange are in use")
                                        : g_strdup_printf("No uid for the box can be locked: %s", g_strerror(-r));
                return -ENOTSUP;
        }
        programs->identity.uid = programs->lease->uid;
        programs->identity.gid = (gid_t) programs->lease->uid;
        programs->identity.change = true;
        return 0;
}

static void set_box(Programs *programs, ProgramId id) {
        const ProgramsBase *base = &programs->base;
        const bool tool = id != PROGRAM_CANDIDATE;
        Tool *box = &programs->tools[id];

        box->root = (BoxRoot){ .files = (const BoxFile *) (void *) box->files->data,
                               .n_files = box->files->len,
                               .tmpfs_bytes = tool ? TOOL_TMPFS : MAX(base->request->output_max, TMPFS_LEAST),
                               .inodes = INODES,
                               .netns_fd = -1,
                               .hostname = "box",
                               .filter = programs->filter,
                               .user_namespace = !programs->identity.change,
                               .uid_lock_fd = programs->lease ? programs->lease->fd : -1 };
        programs->specs[id] = (BoxSpec){ .profile = "box",
                                         .root = &box->root,
                                         .identity = &programs->identity,
                                         .argv = box->argv,
                                         .env = tool ? (char *const *) box_environment : programs->env,
                                         .memory_max = tool ? TOOL_MEMORY : base->request->memory_max,
                                         .tasks_max = tool ? TOOL_TASKS : base->request->tasks_max };
}

static int plan_boxes(Programs *programs, char **ret_why) {
        const Request *request = programs->base.request;
        g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
        int r;

        programs->languages = languages_load_installed(problems);
        r = filter_new(&programs->filter);
        if (r < 0) {
                *ret_why = g_strdup_printf("The system call filter cannot be made: %s", g_strerror(-r));
                return -ENOTSUP;
        }
        r = lease_uid(programs, ret_why);
        if (r >= 0)
                r = plan_candidate(programs, ret_why);
        if (r >= 0)
                r = plan_validator(programs, ret_why);
        if (r >= 0)
                r = check_all_names(programs, ret_why);
        if (r < 0)
                return r;
        plan_versions(programs);
        programs->env = g_strdupv(request->env ?: (char **) box_environment);
        programs->env = add_region(programs->env, programs);
        for (ProgramId id = 0; id < N_PROGRAMS; id++)
                set_box(programs, id);
        return 0;
}

static void plan_host(Programs *programs) {
        const ProgramsBase *base = &programs->base;

        programs->env = add_region(g_strdupv((char **) base->env), programs);
        programs->tools[PROGRAM_CANDIDATE].argv = g_strdupv(base->request->argv);
        programs->specs[PROGRAM_CANDIDATE] = (BoxSpec){ .profile = "host",
                                                        .identity = base->caller,
                                                        .argv = programs->tools[PROGRAM_CANDIDATE].argv,
                                                        .env = programs->env,
                                                        .memory_max = base->request->memory_max,
                                                        .tasks_max = base->request->tasks_max };
}

static void plan_floor(Programs *programs) {
        static char *const argv[] = { (char *) "/bin/true", NULL };

        programs->specs[PROGRAM_FLOOR] = programs->specs[PROGRAM_CANDIDATE];
        programs->specs[PROGRAM_FLOOR].argv = argv;
}

int programs_new(const ProgramsBase *base, Programs **ret, char **ret_why) {
        g_autoptr(Programs) programs = g_new0(Programs, 1);
        int r;

        programs->base = *base;
        programs->runner_fd = programs->module_fd = -1;
        for (ProgramId id = 0; id < N_PROGRAMS; id++)
                programs->tools[id].files = g_array_new(FALSE, FALSE, sizeof(BoxFile));
        if (g_str_equal(base->request->profile, "box")) {
                r = plan_boxes(programs, ret_why);
                if (r < 0)
                        return r;
        } else
                plan_host(programs);
        plan_floor(programs);
        for (ProgramId id = 0; id < N_PROGRAMS; id++) {
                BoxSpec *spec = &programs->specs[id];

                spec->cwd_fd = spec->root ? -1 : base->request->cwd_fd;
                spec->stdin_fd = spec->extra_fd = -1;
                spec->cpus = base->cpus;
                spec->containment = base->containment;
                spec->number = id;
        }
        *ret = g_steal_pointer(&programs);
        return 0;
}

Programs *programs_free(Programs *programs) {
        if (!programs)
                return NULL;
        for (ProgramId id = 0; id < N_PROGRAMS; id++) {
                g_array_unref(programs->tools[id].files);
                g_strfreev(programs->tools[id].argv);
        }
        g_strfreev(programs->env);
        g_clear_pointer(&programs->languages, g_ptr_array_unref);
        filter_free(programs->filter);
        uid_lease_free(programs->lease);
        safe_close(programs->runner_fd);
        safe_close(programs->module_fd);
        g_free(programs);
        return NULL;
}

BoxSpec *programs_specs(Programs *programs) {
        return programs->specs;
}

bool programs_has(const Programs *programs, ProgramId id) {
        return programs->tools[id].argv;
}

bool programs_makes_product(const Programs *programs, ProgramId compiler) {
        const Language *language = compiler == PROGRAM_COMPILER ? programs->language : programs->validator_language;

        return language && language->compile && language_makes_binary(language);
}

bool programs_share_language(const Programs *programs) {
        return programs->language && programs->language == programs->validator_language;
}

const char *programs_filter_sha256(const Programs *programs) {
        return programs->filter ? filter_sha256(programs->filter) : NULL;
}
