/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fs.h"
#include "value.h"
#include "workload.h"

#define SEALS_NEEDED (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int memfd_seal(int fd) {
        if (lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, SEALS_NEEDED | F_SEAL_SEAL) < 0)
                return -errno;
        return 0;
}

int memfd_with(const char *name, const void *data, size_t size) {
        autofd fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int r;

        if (fd < 0)
                return -errno;
        r = write_all(fd, data, size);
        if (r >= 0)
                r = memfd_seal(fd);
        return r < 0 ? r : steal_fd(&fd);
}

static int fail(char **ret_why, const char *format, ...) G_GNUC_PRINTF(2, 3);
static int fail(char **ret_why, const char *format, ...) {
        va_list args;

        va_start(args, format);
        *ret_why = g_strdup_vprintf(format, args);
        va_end(args);
        return -EINVAL;
}

static int map_blobs(Workload *workload, uint64_t max_bytes, char **ret_why) {
        const int seals = fcntl(workload->blobs_fd, F_GET_SEALS);
        struct stat st;

        if (seals < 0 || (seals & SEALS_NEEDED) != SEALS_NEEDED)
                return fail(ret_why, "blobs: is no memfd sealed against writing, growing and shrinking");
        if (fstat(workload->blobs_fd, &st) < 0)
                return -errno;
        if ((uint64_t) st.st_size > max_bytes)
                return fail(ret_why, "blobs: has %" PRIu64 " bytes; at most %" PRIu64 " are allowed (MaxBlobs)",
                            (uint64_t) st.st_size, max_bytes);
        workload->size = (size_t) st.st_size;
        if (workload->size == 0)
                return 0;
        workload->map = mmap(NULL, workload->size, PROT_READ, MAP_PRIVATE, workload->blobs_fd, 0);
        if (workload->map == MAP_FAILED) {
                workload->map = NULL;
                return -errno;
        }
        return 0;
}

/* The sum does not overflow: the request's parser saw to that. */
static int check_slice(const Workload *workload, const char *key, const char *name, uint64_t offset, uint64_t size,
                       char **ret_why) {
        if (offset + size <= workload->size)
                return 0;
        return fail(ret_why, "%s: \"%s\" ends at byte %" PRIu64 " of the blobs, which have %zu", key, name,
                    offset + size, workload->size);
}

static int check_files(const Workload *workload, const char *key, const GArray *files, char **ret_why) {
        for (guint i = 0; files && i < files->len; i++) {
                const RequestFile *file = &g_array_index(files, RequestFile, i);
                int r;

                r = check_slice(workload, key, file->name, file->offset, file->size, ret_why);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_json(const char *name, const char *what, const char *text, size_t size, char **ret_why) {
        g_autoptr(Value) value = NULL;
        g_autofree char *error = NULL;

        if (value_parse(text, size, &value, &error) >= 0)
                return 0;
        return fail(ret_why, "tests: the %s of \"%s\" is no JSON: %s", what, name, error);
}

static int take_tests(Workload *workload, char **ret_why) {
        const Request *request = workload->request;
        const guint n = request->tests ? request->tests->len : 0;

        workload->tests = g_new0(WorkTest, n);
        for (guint i = 0; i < n; i++) {
                const RequestTest *test = &g_array_index(request->tests, RequestTest, i);
                int r;

                r = check_slice(workload, "tests", test->name, test->input_offset, test->input_size, ret_why);
                if (r >= 0)
                        r = check_slice(workload, "tests", test->name, test->answer_offset, test->answer_size,
                                        ret_why);
                if (r < 0)
                        return r;
                if (request->max_tests > 0 && i >= request->max_tests)
                        continue; /* not run, but not allowed to be wrong either */
                workload->tests[workload->n_tests++] =
                                (WorkTest){ .name = test->name,
                                            .input = workload->map + test->input_offset,
                                            .input_size = test->input_size,
                                            .answer = workload->map + test->answer_offset,
                                            .answer_size = test->answer_size,
                                            .right = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) };
        }
        return 0;
}

static int take_blobs(Workload *workload) {
        const Request *request = workload->request;

        if (request->blobs_fd >= 0)
                workload->blobs_fd = fcntl(request->blobs_fd, F_DUPFD_CLOEXEC, 3);
        else if (request->blobs_bytes)
                return workload->blobs_fd = memfd_with("blobs", g_bytes_get_data(request->blobs_bytes, NULL),
                                                       g_bytes_get_size(request->blobs_bytes));
        else
                return 0;
        return workload->blobs_fd < 0 ? -errno : 0;
}

int workload_open(const Request *request, uint64_t max_bytes, Workload **ret, char **ret_why) {
        g_autoptr(Workload) workload = g_new0(Workload, 1);
        int r;

        workload->request = request;
        workload->blobs_fd = -1;
        r = take_blobs(workload);
        if (r >= 0 && workload->blobs_fd >= 0)
                r = map_blobs(workload, max_bytes, ret_why);
        if (r >= 0)
                r = check_files(workload, "files", request->files, ret_why);
        if (r >= 0 && request->validator)
                r = check_files(workload, "validator files", request->validator->files, ret_why);
        if (r >= 0)
                r = take_tests(workload, ret_why);
        if (r < 0) {
                if (!*ret_why)
                        *ret_why = g_strdup_printf("The request's blobs cannot be read: %s", g_strerror(-r));
                return r;
        }
        *ret = g_steal_pointer(&workload);
        return 0;
}

/* The input goes to Python as it is; what that takes may be more than JSON, but not less. Nothing of it is kept: the
 * values of all tests together may be many times as large as their texts. */
int work_test_check(const WorkTest *test, char **ret_why) {
        int r;

        r = check_json(test->name, "input", test->input, test->input_size, ret_why);
        return r < 0 ? r : check_json(test->name, "answer", test->answer, test->answer_size, ret_why);
}

Workload *workload_free(Workload *workload) {
        if (!workload)
                return NULL;
        for (size_t i = 0; i < workload->n_tests; i++)
                g_hash_table_unref(workload->tests[i].right);
        g_free(workload->tests);
        if (workload->map)
                (void) munmap(workload->map, workload->size);
        safe_close(workload->blobs_fd);
        g_free(workload);
        return NULL;
}
