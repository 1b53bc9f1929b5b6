/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "material.h"

#define PROGRAM_MAX_BYTES (UINT64_C(256) * 1024U * 1024U)
#define BLOCK_BYTES (256U * 1024U)

void material_init(Material *material, sd_event *event, const Request *request, char **env) {
        *material = (Material){ .event = event, .request = request, .env = env, .stdin_fd = -1 };
}

void material_clear(Material *material) {
        material->errand = errand_free(material->errand);
        material->stdin_fd = safe_close(material->stdin_fd);
        g_clear_pointer(&material->program.path, g_free);
        g_clear_pointer(&material->program.sha256, g_free);
        g_clear_pointer(&material->program.absent, g_free);
        g_clear_pointer(&material->output_problem, g_free);
}

/* As execvp(3): the first that may be executed; not confused by directories. O_NONBLOCK for what is no file at all. */
static int open_program(const Material *material, char **ret_path) {
        const char *name = material->request->argv[0];
        const char *path = g_environ_getenv(material->env, "PATH") ?: "/bin:/usr/bin";
        g_auto(GStrv) dirs = NULL;

        if (strchr(name, '/')) {
                *ret_path = g_strdup(name);
                return open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        }
        dirs = g_strsplit(path, ":", -1);
        for (char **dir = dirs; *dir; dir++) {
                g_autofree char *candidate = g_build_filename(**dir ? *dir : ".", name, NULL);
                struct stat st;

                if (access(candidate, X_OK) < 0 || stat(candidate, &st) < 0 || !S_ISREG(st.st_mode))
                        continue;
                *ret_path = g_steal_pointer(&candidate);
                return open(*ret_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        }
        errno = ENOENT;
        return -1;
}

static int hash_fd(int fd, GString *reply) {
        g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
        g_autofree uint8_t *block = g_malloc(BLOCK_BYTES);
        uint64_t size = 0;
        ssize_t n;

        while ((n = read(fd, block, BLOCK_BYTES)) > 0) {
                g_checksum_update(sum, block, n);
                size += (uint64_t) n;
                if (size > PROGRAM_MAX_BYTES)
                        return -EFBIG;
        }
        if (n < 0)
                return -errno;
        g_string_append_printf(reply, "%" PRIu64 " %s ", size, g_checksum_get_string(sum));
        return 0;
}

static int work_program(void *userdata, const int *fds, size_t n_fds, GString *reply) {
        const Material *material = userdata;
        g_autofree char *path = NULL;
        autofd fd = -1;
        struct stat st;
        int r;

        if ((material->request->cwd_fd >= 0 ? fchdir(material->request->cwd_fd) : chdir("/")) < 0)
                return -errno;
        fd = open_program(material, &path);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EMEDIUMTYPE;
        r = hash_fd(fd, reply);
        if (r < 0)
                return r;
        g_string_append(reply, path);
        return 0;
}

static void take_program(Material *material, int r, const char *reply, size_t length) {
        g_autofree char *text = g_strndup(reply, length);
        g_auto(GStrv) parts = g_strsplit(text, " ", 3);

        if (r < 0 || g_strv_length(parts) != 3 || parse_u64(parts[0], &material->program.size) < 0) {
                material->program.absent = g_strdup_printf("the program's file could not be read as its user: %s",
                                                           g_strerror(r < 0 ? -r : EBADMSG));
                return;
        }
        material->program.sha256 = g_strdup(parts[1]);
        material->program.path = g_utf8_make_valid(parts[2], -1);
}

/* Into our memfd, fds[0]; from the beginning of the file, wherever the caller's offset stands. */
static int work_stdin(void *userdata, const int *fds, size_t n_fds, GString *reply) {
        const int source = ((const Material *) userdata)->request->stdin_fd;
        g_autofree uint8_t *block = g_malloc(BLOCK_BYTES);
        uint64_t size = 0;
        struct stat st;

        if (fstat(source, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EMEDIUMTYPE;
        for (;;) {
                const ssize_t n = pread(source, block, BLOCK_BYTES, (off_t) size);
                int r;

                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0;
                size += (uint64_t) n;
                if (size > STDIN_MAX_BYTES)
                        return -EFBIG;
                r = write_all(fds[0], block, (size_t) n);
                if (r < 0)
                        return r;
        }
}

static char *describe_stdin(int r) {
        switch (r) {
        case -EMEDIUMTYPE:
                return g_strdup("Standard input is neither a regular file nor a memfd; pass one of them");
        case -EFBIG:
                return g_strdup_printf("Standard input is larger than %" PRIu64 " MiB, the most a run can be given",
                                       STDIN_MAX_BYTES / (1024 * 1024));
        case -ETIMEDOUT:
                return g_strdup("The file given as standard input could not be read in time");
        default:
                return g_strdup_printf("The file given as standard input cannot be read: %s", g_strerror(-r));
        }
}

static void on_stdin(int r, const char *reply, size_t length, void *userdata) {
        Material *material = userdata;
        g_autofree char *why = NULL;

        material->errand = NULL;
        if (r >= 0)
                r = memfd_seal(material->stdin_fd);
        if (r < 0)
                why = describe_stdin(r);
        material->done(r, why, material->userdata);
}

static int start_stdin(Material *material, uint64_t timeout_usec) {
        const Request *request = material->request;
        gsize size;
        const uint8_t *data;
        int r;

        if (request->stdin_fd < 0 && !request->stdin_bytes)
                return 0;
        material->stdin_fd = memfd_create("jouletrace-stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (material->stdin_fd < 0)
                return -errno;
        if (request->stdin_fd >= 0) {
                r = errand_start(material->event, material->launcher, material->first_errand + MATERIAL_STDIN,
                                 &material->stdin_fd, 1, timeout_usec, on_stdin, material, &material->errand);
                return r < 0 ? r : 1;
        }
        data = g_bytes_get_data(request->stdin_bytes, &size);
        r = write_all(material->stdin_fd, data, size);
        if (r < 0)
                return r;
        return memfd_seal(material->stdin_fd);
}

/* What a compiler makes of it takes its place. */
static void take_first_file(Material *material, const Workload *workload) {
        const GArray *files = material->request->files;
        const RequestFile *file = files && files->len > 0 ? &g_array_index(files, RequestFile, 0) : NULL;

        if (!file) {
                material->program.absent = g_strdup("the program is a file of the box");
                return;
        }
        material->program.path = g_strdup(file->name);
        material->program.size = file->size;
        material->program.sha256 = g_compute_checksum_for_data(
                        G_CHECKSUM_SHA256, (const guchar *) workload->map + file->offset, file->size);
}

static void fetch_stdin(Material *material) {
        g_autofree char *why = NULL;
        int r;

        r = start_stdin(material, material->timeout_usec);
        if (r > 0)
                return;
        if (r < 0)
                why = describe_stdin(r);
        material->done(r, why, material->userdata);
}

static void on_program(int r, const char *reply, size_t length, void *userdata) {
        Material *material = userdata;

        material->errand = NULL;
        take_program(material, r, reply, length);
        fetch_stdin(material);
}

int material_fetch(Material *material, const Workload *workload, uint64_t timeout_usec,
                   void (*done)(int r, const char *why, void *userdata), void *userdata) {
        material->done = done;
        material->userdata = userdata;
        material->timeout_usec = timeout_usec;
        if (!g_str_equal(material->request->profile, "box"))
                return errand_start(material->event, material->launcher, material->first_errand + MATERIAL_PROGRAM,
                                    NULL, 0, timeout_usec, on_program, material, &material->errand);
        take_first_file(material, workload);
        fetch_stdin(material);
        return 0;
}

static int copy_output(int from, int to, uint8_t *block) {
        off_t done = 0;

        for (;;) {
                const ssize_t n = pread(from, block, BLOCK_BYTES, done);
                int r;

                if (n <= 0)
                        return n < 0 ? -errno : 0;
                r = write_all(to, block, (size_t) n);
                if (r < 0)
                        return r;
                done += n;
        }
}

/* fds: a memfd of ours for each output the caller wants, standard output first. */
static int work_output(void *userdata, const int *fds, size_t n_fds, GString *reply) {
        const Request *request = ((const Material *) userdata)->request;
        const int targets[] = { request->output_fd, request->error_output_fd };
        g_autofree uint8_t *block = g_malloc(BLOCK_BYTES);
        size_t next = 0;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(targets) && next < n_fds; i++)
                if (targets[i] >= 0)
                        r = copy_output(fds[next++], targets[i], block);
        return r;
}

void material_launch(Material *material, uint32_t first_errand, ErrandSpec errands[static MATERIAL_ERRANDS],
                     int kept_fds[static MATERIAL_FDS]) {
        const Request *request = material->request;

        material->first_errand = first_errand;
        errands[MATERIAL_PROGRAM] = (ErrandSpec){ work_program, material, 0 };
        errands[MATERIAL_STDIN] = (ErrandSpec){ work_stdin, material, 1 };
        errands[MATERIAL_OUTPUT] = (ErrandSpec){ work_output, material,
                                                 (request->output_fd >= 0) + (request->error_output_fd >= 0) };
        kept_fds[0] = request->stdin_fd;
        kept_fds[1] = request->output_fd;
        kept_fds[2] = request->error_output_fd;
}

static void on_output(int r, const char *reply, size_t length, void *userdata) {
        Material *material = userdata;

        material->errand = NULL;
        if (r < 0) {
                g_free(material->output_problem);
                material->output_problem = g_strdup_printf("the first run's output could not be handed over: %s",
                                                           r == -ETIMEDOUT ? "nobody took it in time"
                                                           : r == -ECHILD  ? "its reader is gone"
                                                                           : g_strerror(-r));
        }
        material->done(0, NULL, material->userdata);
}

static void note_cut(Material *material, const Capture *capture, const char *name) {
        if (capture->bytes == capture->seen)
                return;
        g_free(material->output_problem);
        material->output_problem = g_strdup_printf("the first run wrote %" PRIu64 " bytes to %s, of which only the "
                                                   "first %" PRIu64 " were kept",
                                                   capture->seen, name, capture->bytes);
}

int material_deliver(Material *material, const Capture *output, const Capture *error_output, uint64_t timeout_usec,
                     void (*done)(int r, const char *why, void *userdata), void *userdata) {
        autofd first = material->request->output_fd >= 0 ? capture_memfd(output) : -1;
        autofd second = material->request->error_output_fd >= 0 ? capture_memfd(error_output) : -1;
        int fds[2], r;
        size_t n_fds = 0;

        if (material->request->error_output_fd >= 0)
                note_cut(material, error_output, "standard error");
        if (material->request->output_fd >= 0) {
                note_cut(material, output, "standard output");
                fds[n_fds++] = first;
        }
        if (material->request->error_output_fd >= 0)
                fds[n_fds++] = second;
        if (n_fds == 0)
                return 0;
        for (size_t i = 0; i < n_fds; i++)
                if (fds[i] < 0)
                        return fds[i];
        material->done = done;
        material->userdata = userdata;
        r = errand_start(material->event, material->launcher, material->first_errand + MATERIAL_OUTPUT, fds, n_fds,
                         timeout_usec, on_output, material, &material->errand);
        return r < 0 ? r : 1;
}
