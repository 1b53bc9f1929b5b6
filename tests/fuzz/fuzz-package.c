/* SPDX-License-Identifier: MIT */

/* Archives of problems, as somebody sends them: unpacked, and whatever lies in them read, from problem.yaml to the
 * submissions. */

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base.h"
#include "fs.h"
#include "problem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_file(const ProblemFile *file) {
        g_assert_true(*file->name != '\0' && *file->name != '/');
        g_assert_null(strstr(file->name, "../"));
        g_assert_cmpuint(file->mode & ~0777U, ==, 0);
}

static void check(const Problem *problem) {
        g_assert_cmpuint(problem->validators->len, >, 0);
        for (unsigned i = 0; i < problem->tests->len; i++) {
                const ProblemTest *test = g_ptr_array_index(problem->tests, i);

                g_assert_cmpuint(test->validator, <, problem->validators->len);
                g_assert_true(g_utf8_validate(test->name, -1, NULL));
        }
        for (unsigned i = 0; i < problem->submissions->len; i++) {
                const Submission *submission = g_ptr_array_index(problem->submissions, i);

                for (unsigned f = 0; f < submission->files->len; f++)
                        check_file(g_ptr_array_index(submission->files, f));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        autofd fd = memfd_create("archive", MFD_CLOEXEC);
        g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd), *why = NULL;
        g_autoptr(Problem) problem = NULL;
        int r;

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(write_all(fd, data, size), ==, 0);
        r = problem_load(path, &problem, &why);
        g_assert_true((r >= 0) == (problem != NULL));
        g_assert_true((r < 0) == (why != NULL));
        if (problem)
                check(problem);
        return 0;
}
