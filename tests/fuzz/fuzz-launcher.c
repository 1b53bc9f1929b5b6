/* SPDX-License-Identifier: MIT */

/* What a judge who is no longer himself may send the launcher, who is root: each packet is answered, once, and the
 * launcher goes on with what it had open before. An input is packets, each
 *
 *   a byte     how many descriptors go along: memfds, and every fourth /dev/null
 *   a byte     the packet's size; 0 ends the input
 *   so much    its bytes; of a run's id the last one answered stands for 0, the one before for 1, and so on
 *
 * No program is ever started. */

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter.h"
#include "fs.h"
#include "launcher-message.h"
#include "no-exec.h"

#define ANSWER_MSEC 10000
#define TRIES 5000U
#define RUNS_MAX 16U
#define NOBODY 65534
#define BOX_UID 70000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void __wrap__exit(int status);
void __real__exit(int status);
void __gcov_dump(void) __attribute__((weak));

typedef struct Run {
        uint32_t id;
        pid_t pid;
        int pidfd;
} Run;

static char *const argv[] = { (char *) "true", NULL };
static char *const env[] = { NULL };
static BoxFile files[] = { { .name = "given", .fd = -1, .mode = 0644 },
                           { .name = "handed", .fd = BOX_HANDED(0), .mode = 0644 },
                           { .name = "other", .fd = BOX_HANDED(1), .mode = 0644 } };
static pid_t child;
static int socket_fd = -1, memfd = -1, null_fd = -1;
static guint files_open;

/* The launcher leaves without what runs at exit: the lines it came to would not be counted. */
void __wrap__exit(int status) {
        if (getpid() == child && __gcov_dump)
                __gcov_dump();
        __real__exit(status);
}

/* Without the network namespaces: those are kept for boxes to come. */
static guint count_files(void) {
        g_autofree char *path = g_strdup_printf("/proc/%d/fd", child);
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name;
        guint n = 0;

        g_assert_nonnull(dir);
        while ((name = g_dir_read_name(dir))) {
                g_autofree char *link = g_build_filename(path, name, NULL), *target = g_file_read_link(link, NULL);

                n += !target || !g_str_has_prefix(target, "net:");
        }
        return n;
}

static void end_launcher(void) {
        safe_close(socket_fd);
        (void) waitpid(child, NULL, 0);
}

static int work(void *userdata, const int *fds, size_t n_fds, GString *reply) {
        g_string_append_printf(reply, "%zu", n_fds);
        return 0;
}

static const ErrandSpec errands[] = { { .work = work, .n_fds = 3 }, { .work = work } };

static void start_launcher(void) {
        static const int kept[] = { STDIN_FILENO };
        const bool root = geteuid() == 0;
        static Identity identity, of_box;
        static BoxRoot box_root;
        static BoxSpec boxes[2];
        Filter *filter;
        LauncherSpec spec;
        int fds[2];

        g_assert_cmpint(filter_new(&filter), >=, 0);
        memfd = memfd_create("handed", MFD_CLOEXEC);
        null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        files[0].fd = fcntl(memfd, F_DUPFD_CLOEXEC, 3);
        identity = (Identity){ .uid = root ? NOBODY : getuid(), .gid = root ? NOBODY : getgid(), .change = root };
        of_box = (Identity){ .uid = BOX_UID, .gid = BOX_UID, .change = root };
        box_root = (BoxRoot){ .files = files,
                              .n_files = G_N_ELEMENTS(files),
                              .tmpfs_bytes = 1U << 20,
                              .inodes = 100,
                              .netns_fd = -1,
                              .hostname = "box",
                              .filter = filter,
                              .user_namespace = !root,
                              .uid_lock_fd = -1 };
        for (uint32_t i = 0; i < G_N_ELEMENTS(boxes); i++)
                boxes[i] = (BoxSpec){ .profile = i == 0 ? "host" : "box",
                                      .root = i == 0 ? NULL : &box_root,
                                      .identity = i == 0 ? &identity : &of_box,
                                      .argv = argv,
                                      .env = env,
                                      .cwd_fd = -1,
                                      .stdin_fd = -1,
                                      .extra_fd = -1,
                                      .memory_max = UINT64_C(64) << 20,
                                      .tasks_max = 8,
                                      .number = i };
        spec = (LauncherSpec){ .boxes = boxes,
                               .n_boxes = G_N_ELEMENTS(boxes),
                               .errands = errands,
                               .n_errands = G_N_ELEMENTS(errands),
                               .identity = &identity,
                               .kept_fds = kept,
                               .n_kept_fds = G_N_ELEMENTS(kept),
                               .daemon_fd = -1 };
        g_assert_cmpint(containment_open_process(&spec.containment), >=, 0);
        for (uint32_t i = 0; i < G_N_ELEMENTS(boxes); i++)
                boxes[i].containment = spec.containment;

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), ==, 0);
        child = fork();
        if (child == 0) {
                child = getpid();
                launcher_serve(&spec, fds[1], getppid(), pidfd_open(getppid(), 0));
        }
        safe_close(fds[1]);
        socket_fd = fds[0];
        containment_hand_over(spec.containment);
        (void) atexit(end_launcher);
}

static LaunchReply ask(const void *packet, size_t size, const int *given, size_t n_given, int *fds,
                       size_t *ret_n_fds) {
        struct pollfd item = { .fd = socket_fd, .events = POLLIN };
        LaunchReply reply;

        g_assert_cmpint(message_send(socket_fd, packet, size, given, n_given), ==, 0);
        g_assert_cmpint(poll(&item, 1, ANSWER_MSEC), ==, 1);
        g_assert_cmpint(message_receive(socket_fd, &reply, sizeof(reply), fds, ret_n_fds), ==, 0);
        g_assert_cmpint(reply.error, <=, 0);
        g_assert_nonnull(memchr(reply.why, '\0', sizeof(reply.why)));
        return reply;
}

static int ask_plainly(LaunchKind kind, uint32_t number) {
        const LaunchRequest request = { .kind = kind, .number = number };
        int fds[LAUNCH_FDS_MAX];
        size_t n_fds;
        LaunchReply reply = ask(&request, sizeof(request), NULL, 0, fds, &n_fds);

        g_assert_cmpuint(n_fds, ==, 0);
        return reply.error;
}

static void set_up_once(void) {
        if (socket_fd >= 0)
                return;
        forbid_exec();
        start_launcher();
        g_assert_cmpint(ask_plainly(LAUNCH_END_ERRAND, 0), ==, 0); /* it has closed what is not its own by now */
        files_open = count_files();
}

/* Dead or not, it is waited for, and forgotten. */
static void end_run(const Run *run) {
        int r = -EBUSY;

        (void) ask_plainly(LAUNCH_KILL, run->id);
        g_assert_cmpint(poll(&(struct pollfd){ .fd = run->pidfd, .events = POLLIN }, 1, ANSWER_MSEC), ==, 1);
        (void) waitpid(run->pid, NULL, 0);
        for (unsigned i = 0; r == -EBUSY && i < TRIES; i++) {
                r = ask_plainly(LAUNCH_REMOVE, run->id);
                if (r == -EBUSY)
                        g_usleep(USEC_PER_MSEC);
        }
        g_assert_true(r == 0 || r == -EINVAL); /* the input may have had it removed */
        safe_close(run->pidfd);
}

/* Takes what came; what is not a run's process is closed. */
static void take_run(const LaunchReply *reply, const int *fds, size_t n_fds, Run *runs, size_t *n_runs) {
        g_assert_true(reply->pid > 0 ? n_fds >= 2 && reply->error == 0 : n_fds == 0);
        for (size_t i = reply->pid > 0; i < n_fds; i++)
                safe_close(fds[i]);
        if (reply->pid > 0)
                runs[(*n_runs)++] = (Run){ .id = reply->id, .pid = reply->pid, .pidfd = fds[0] };
}

/* An errand looks at no descriptor but those it asks for. */
static void assert_errand_whole(const uint8_t *packet, const LaunchReply *reply, size_t n_given) {
        LaunchRequest request;

        memcpy(&request, packet, sizeof(request));
        if (reply->pid > 0 && request.kind == LAUNCH_ERRAND)
                g_assert_cmpuint(n_given, ==, errands[request.number].n_fds);
}

static void name_run(uint8_t *packet, size_t size, const Run *runs, size_t n_runs) {
        LaunchRequest request;

        if (size != sizeof(request))
                return;
        memcpy(&request, packet, sizeof(request));
        if ((request.kind == LAUNCH_KILL || request.kind == LAUNCH_REMOVE) && request.number < n_runs)
                request.number = runs[n_runs - 1 - request.number].id;
        memcpy(packet, &request, sizeof(request));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        int given[LAUNCH_FDS_MAX], fds[LAUNCH_FDS_MAX];
        Run runs[RUNS_MAX];
        size_t n_runs = 0, at = 0;

        set_up_once();
        for (size_t i = 0; i < LAUNCH_FDS_MAX; i++)
                given[i] = i % 4 == 3 ? null_fd : memfd;
        while (n_runs < RUNS_MAX && at + 2 < size && data[at + 1] > 0) {
                const size_t n_given = data[at] % (LAUNCH_FDS_MAX + 1), length = MIN(data[at + 1], size - at - 2);
                uint8_t packet[UINT8_MAX];
                LaunchReply reply;
                size_t n_fds;

                memcpy(packet, data + at + 2, length);
                name_run(packet, length, runs, n_runs);
                reply = ask(packet, length, given, n_given, fds, &n_fds);
                take_run(&reply, fds, n_fds, runs, &n_runs);
                assert_errand_whole(packet, &reply, n_given);
                at += 2 + length;
        }
        g_assert_cmpint(ask_plainly(LAUNCH_END_ERRAND, 0), ==, 0);
        for (size_t i = 0; i < n_runs; i++)
                end_run(&runs[i]);
        g_assert_cmpuint(count_files(), ==, files_open);
        return 0;
}
