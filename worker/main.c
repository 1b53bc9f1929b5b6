/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "connection.h"
#include "dbus/errors.h"
#include "keeper.h"
#include "log.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1 /* clang's way of saying it */
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
int __lsan_is_turned_off(void);

/* Whoever started us with sd_bus_set_exec() closes with SIGTERM and SIGCONT, and a SIGCONT undoes the SIGSTOP for
 * which LeakSanitizer waits at our end, for ever. What leaks is found where the same code runs inside a test. */
int __lsan_is_turned_off(void) {
        return 1;
}
#endif

/* The connection is our standard input and output; it moves away, so that nothing else speaks on it by accident. */
static int take_connection(int *ret_fd) {
        autofd fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        autofd null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (fd < 0 || null_fd < 0)
                return -errno;
        if (dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0)
                return -errno;
        *ret_fd = steal_fd(&fd);
        return 0;
}

static int end_on_signals(sd_event *event) {
        sigset_t set;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGINT);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        /* A gate whose run is dead answers EPIPE. */
        if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return -errno;
        return sd_event_set_signal_exit(event, true);
}

static int run(void) {
        g_autoptr(sd_event) event = NULL;
        g_autoptr(Connection) connection = NULL;
        int fd = -1, r;

        r = errors_register();
        if (r < 0)
                return log_errno(LOG_ERR, r, "The error names cannot be registered");
        r = sd_event_default(&event);
        if (r < 0)
                return log_errno(LOG_ERR, r, "There is no event loop");
        r = end_on_signals(event);
        if (r < 0)
                return log_errno(LOG_ERR, r, "Signals cannot be caught");
        r = take_connection(&fd);
        if (r < 0)
                return log_errno(LOG_ERR, r, "Standard input cannot be taken");
        r = connection_new(event, fd, &connection);
        if (r < 0)
                return log_errno(LOG_ERR, r, "No connection on standard input: jouletraced starts this program");
        return sd_event_loop(event);
}

int main(int argc, char **argv) {
        if (argc == 2 && strcmp(argv[1], "--keeper") == 0)
                return keeper_main();
        if (argc == 2 && strcmp(argv[1], "--version") == 0) {
                puts("jouletrace-worker " JT_VERSION);
                return EXIT_SUCCESS;
        }
        if (argc > 1) {
                fprintf(stderr, "jouletrace-worker takes no arguments; jouletraced starts it\n");
                return EXIT_FAILURE;
        }
        log_open("jouletrace-worker", LOG_INFO);
        return run() < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
