/* SPDX-License-Identifier: MIT */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "say.h"
#include "units.h"

#define SPOOL_MAX (UINT64_C(256) * 1024 * 1024)
#define TAIL_BYTES 4096
#define HINT_AFTER_MSEC 2000

int spool_new(const char *name, int *ret) {
        int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

        if (fd < 0)
                return -errno;
        *ret = fd;
        return 0;
}

/* A pipe that nobody writes to and nobody closes is what ssh and cron leave behind: say what we wait for. */
static void wait_with_hint(int fd) {
        struct pollfd waiting = { .fd = fd, .events = POLLIN };

        if (poll(&waiting, 1, HINT_AFTER_MSEC) == 0)
                say(stderr, "%s\n",
                    _("joulectl: reading the program's input from the pipe; “< /dev/null” gives it none"));
}

static int drain(int from, int to) {
        g_autofree char *buffer = g_malloc(64 * 1024);
        uint64_t total = 0;

        for (;;) {
                ssize_t n = read(from, buffer, 64 * 1024);
                int r;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                total += (uint64_t) n;
                if (total > SPOOL_MAX)
                        return -EFBIG;
                r = write_all(to, buffer, (size_t) n);
                if (r < 0)
                        return r;
        }
}

static int spool_pipe(int fd, bool hint, int *ret, char **ret_problem) {
        autofd spool = -1;
        int r;

        r = spool_new("stdin", &spool);
        if (r >= 0) {
                if (hint)
                        wait_with_hint(fd);
                r = drain(fd, spool);
        }
        if (r == -EFBIG) {
                g_autofree char *max = format_bytes(SPOOL_MAX);

                *ret_problem = g_strdup_printf(
                                _("the input from the pipe is larger than %s; put it in a file and use “< FILE”"),
                                max);
                return r;
        }
        if (r >= 0 && (lseek(spool, 0, SEEK_SET) < 0 ||
                       fcntl(spool, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0))
                r = -errno;
        if (r < 0) {
                *ret_problem = g_strdup_printf(_("standard input cannot be read: %s"), g_strerror(-r));
                return r;
        }
        *ret = steal_fd(&spool);
        return 0;
}

int spool_stdin(int fd, bool hint, int *ret, char **ret_problem) {
        struct stat st;

        *ret = -1;
        if (fstat(fd, &st) < 0)
                return 0; /* closed: the program gets nothing, as it would here */
        if (S_ISREG(st.st_mode)) {
                int r = fcntl(fd, F_DUPFD_CLOEXEC, 3);

                if (r < 0) {
                        *ret_problem = g_strdup_printf(_("standard input cannot be read: %s"), g_strerror(errno));
                        return -errno;
                }
                *ret = r;
                return 0;
        }
        if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
                return spool_pipe(fd, hint, ret, ret_problem);
        return 0;
}

int spool_copy(int spool, int to) {
        g_autofree char *buffer = g_malloc(64 * 1024);
        off_t offset = 0;

        for (;;) {
                ssize_t n = pread(spool, buffer, 64 * 1024, offset);
                int r;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                r = write_all(to, buffer, (size_t) n);
                if (r < 0)
                        return r;
                offset += n;
        }
}

char *spool_tail(int spool, unsigned max_lines) {
        g_autofree char *buffer = g_malloc0(TAIL_BYTES + 1);
        off_t size = lseek(spool, 0, SEEK_END);
        char *start;
        ssize_t n;

        if (size <= 0)
                return NULL;
        n = pread(spool, buffer, TAIL_BYTES, MAX(size - TAIL_BYTES, 0));
        if (n <= 0)
                return NULL;
        g_strchomp(buffer);
        for (start = buffer + strlen(buffer); start > buffer; start--)
                if (start[-1] == '\n' && --max_lines == 0)
                        break;
        return *start ? text_printable(start, true) : NULL;
}
