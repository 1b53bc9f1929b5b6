/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "region.h"
#include "region/jouletrace.h"

static const struct {
        const char *message;
        int r;
        RegionWord word;
        uint64_t iterations;
} messages[] = {
        { "begin", 0, REGION_BEGIN, 0 },
        { "end 1", 0, REGION_END, 1 },
        { "end 1000000000000", 0, REGION_END, UINT64_C(1000000000000) },
        { "end 1000000000001", -ERANGE, 0, 0 },
        { "end 0", -ERANGE, 0, 0 },
        { "end 99999999999999999999", -ERANGE, 0, 0 },
        { "end", -EBADMSG, 0, 0 },
        { "end ", -EBADMSG, 0, 0 },
        { "end -1", -EBADMSG, 0, 0 },
        { "end 1 ", -EBADMSG, 0, 0 },
        { "end 1.5", -EBADMSG, 0, 0 },
        { "begin ", -EBADMSG, 0, 0 },
        { "Begin", -EBADMSG, 0, 0 },
        { "", -EBADMSG, 0, 0 },
        { "end 000000000000000000000000000001", -EBADMSG, 0, 0 },
};

static void test_parse(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
                uint64_t iterations = 0;
                RegionWord word = REGION_BEGIN;

                g_test_message("\"%s\"", messages[i].message);
                g_assert_cmpint(region_parse(messages[i].message, strlen(messages[i].message), &word, &iterations), ==,
                                messages[i].r);
                g_assert_cmpint(word, ==, messages[i].word);
                g_assert_cmpuint(iterations, ==, messages[i].iterations);
        }
        g_assert_cmpint(region_parse("begin\0", 6, &(RegionWord){ 0 }, &(uint64_t){ 0 }), ==, -EBADMSG);
}

/* A host on which only the model meter counts: one microjoule for each microsecond of the CPU time below. */
typedef struct Host {
        Sysroot *root;
        Topology *topology;
        Meter *meter;
        Ticker ticker;
        sd_event *event;
        Region *region;
        int program_fd;
        bool rested;
        uint64_t cpu_usec;
} Host;

static int cpu_time(void *userdata, uint64_t *ret_usec) {
        Host *host = userdata;

        *ret_usec = host->cpu_usec;
        return 0;
}

static void host_up(Host *host, gconstpointer data) {
        const MeterConfig config = {
                .name = "model", .model_watts_per_cpu = 1, .cpu_time = cpu_time, .userdata = host
        };
        g_autofree char *why = NULL;

        g_assert_cmpint(sysroot_open(NULL, &host->root), ==, 0);
        g_assert_cmpint(topology_discover(host->root, 0, &host->topology), ==, 0);
        g_assert_cmpint(meter_open(host->topology, host->root, &config, &host->meter, &why), ==, 0);
        host->ticker = (Ticker){ .meter = host->meter };
        g_assert_cmpint(sd_event_new(&host->event), ==, 0);
        g_assert_cmpint(region_new(host->event, &host->ticker, cpu_time, host, &host->region, &host->program_fd), ==,
                        0);
        g_assert_cmpint(region_listen(host->region), ==, 0);
}

static void host_down(Host *host, gconstpointer data) {
        region_free(host->region);
        safe_close(host->program_fd);
        sd_event_unref(host->event);
        meter_free(host->meter);
        topology_free(host->topology);
        sysroot_free(host->root);
}

static void say(Host *host, const char *message) {
        g_assert_cmpint(send(host->program_fd, message, strlen(message), MSG_NOSIGNAL), ==, (int) strlen(message));
        g_assert_cmpint(sd_event_run(host->event, UINT64_MAX), >=, 0);
        if (!host->rested && g_str_equal(message, "begin"))
                g_assert_cmpint(sd_event_run(host->event, USEC_PER_SEC), >, 0);
        host->rested = true;
}

static void hear(Host *host, const char *expected) {
        char reply[16];
        const ssize_t n = recv(host->program_fd, reply, sizeof(reply), MSG_DONTWAIT);

        g_assert_cmpmem(reply, n < 0 ? 0 : n, expected, strlen(expected));
}

/* What starting the program left to the kernel is over when the first region begins. */
static void test_rest(Host *host, gconstpointer data) {
        const uint64_t asked_usec = now_monotonic_usec();

        say(host, "begin");
        hear(host, "go");
        g_assert_cmpuint(now_monotonic_usec(), >=, asked_usec + METER_REST_USEC);
}

/* What does not wait for its answers is heard one word after the other all the same. */
static void test_hasty(Host *host, gconstpointer data) {
        g_autoptr(RegionRecord) record = NULL;

        g_assert_cmpint(send(host->program_fd, "begin", 5, MSG_NOSIGNAL), ==, 5);
        g_assert_cmpint(send(host->program_fd, "end 7", 5, MSG_NOSIGNAL), ==, 5);
        for (unsigned i = 0; i < 3; i++)
                g_assert_cmpint(sd_event_run(host->event, USEC_PER_SEC), >, 0);
        hear(host, "go");
        hear(host, "done");
        record = region_close(host->region);
        g_assert_null(record->problem);
        g_assert_cmpuint(record->figures.iterations, ==, 7);
}

static void end_heard_after(Host *host, unsigned late_usec) {
        say(host, "begin");
        hear(host, "go");
        g_assert_cmpint(send(host->program_fd, "end 1", 5, MSG_NOSIGNAL), ==, 5);
        g_usleep(late_usec);
        g_assert_cmpint(sd_event_run(host->event, UINT64_MAX), >, 0);
        hear(host, "done");
}

/* A region ends when the program says so, not when that is heard. One of some: this machine may hold us up, too. */
static void test_heard_late(Host *host, gconstpointer data) {
        g_autoptr(RegionRecord) record = NULL;

        for (unsigned i = 0; i < 5; i++)
                end_heard_after(host, 10000);
        record = region_close(host->region);
        g_assert_null(record->problem);
        g_assert_cmpuint(record->shortest_ns, <, UINT64_C(10000) * NSEC_PER_USEC);
}

/* A stamp from long ago tells that the clock was set meanwhile. */
static void test_heard_too_late(Host *host, gconstpointer data) {
        g_autoptr(RegionRecord) record = NULL;

        end_heard_after(host, 100000);
        record = region_close(host->region);
        g_assert_cmpuint(record->shortest_ns, >=, UINT64_C(100000) * NSEC_PER_USEC);
}

static int lowest_free_fd(void) {
        autofd fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        g_assert_cmpint(fd, >=, 0);
        return fd;
}

/* What a program sends along with its words is not taken in. */
static void test_descriptors(Host *host, gconstpointer data) {
        union {
                struct cmsghdr align;
                char space[CMSG_SPACE(4 * sizeof(int))];
        } control = {};
        struct iovec part = { .iov_base = (char *) "end 1", .iov_len = 5 };
        struct msghdr message = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
        };
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        const int sent[4] = { host->program_fd, host->program_fd, host->program_fd, host->program_fd };
        int free_fd;

        say(host, "begin");
        hear(host, "go");
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(sent));
        memcpy(CMSG_DATA(header), sent, sizeof(sent));
        free_fd = lowest_free_fd();
        g_assert_cmpint(sendmsg(host->program_fd, &message, MSG_NOSIGNAL), ==, 5);
        g_assert_cmpint(sd_event_run(host->event, UINT64_MAX), >, 0);
        hear(host, "done");
        g_assert_cmpint(lowest_free_fd(), ==, free_fd);
}

static void test_ends_at_rest(Host *host, gconstpointer data) {
        g_autoptr(RegionRecord) record = NULL;

        g_assert_cmpint(send(host->program_fd, "begin", 5, MSG_NOSIGNAL), ==, 5);
        g_assert_cmpint(sd_event_run(host->event, USEC_PER_SEC), >, 0);
        record = region_close(host->region);
        g_assert_nonnull(strstr(record->problem, "ended within a region"));
}

/* What happens outside is not counted, what happens inside of several regions is, and the work done is added up. */
static void test_sum(Host *host, gconstpointer data) {
        g_autoptr(RegionRecord) record = NULL;

        host->cpu_usec = 500;
        say(host, "begin");
        hear(host, "go");
        host->cpu_usec = 600;
        say(host, "end 3");
        hear(host, "done");
        host->cpu_usec = 5000;
        say(host, "begin");
        hear(host, "go");
        host->cpu_usec = 5010;
        say(host, "end 4");
        hear(host, "done");
        host->cpu_usec = 9999;

        record = region_close(host->region);
        g_assert_null(record->problem);
        g_assert_cmpuint(record->regions, ==, 2);
        g_assert_cmpuint(record->figures.iterations, ==, 7);
        g_assert_cmpuint(record->figures.cpu_usec, ==, 110);
        g_assert_cmpuint(record->figures.total_uj, ==, 110);
        g_assert_cmpint(record->figures.total_error, ==, 0);
        g_assert_cmpuint(record->figures.wall_ns, >, 0);
        g_assert_cmpuint(record->figures.wall_ns, <, UINT64_C(10) * NSEC_PER_SEC);
}

static const struct {
        const char *path;
        const char *messages[4];
        const char *problem;
} problems[] = {
        { "/region/none", { NULL }, "declared no region" },
        { "/region/not-ended", { "begin" }, "ended within a region" },
        { "/region/twice", { "begin", "begin" }, "a region within a region" },
        { "/region/not-begun", { "end 1" }, "had not begun" },
        { "/region/twice-ended", { "begin", "end 1", "end 1" }, "had not begun" },
        { "/region/no-work", { "begin", "end 0" }, "1 to 1000000000000 times" },
        { "/region/garbage", { "\033[31mhello" }, "said \"\\x1b[31mhello\"" },
        { "/region/too-long", { "begin, if you would be so kind as to" }, "it may say \"begin\"" },
};

static void test_problem(Host *host, gconstpointer data) {
        const char *const *message = problems[GPOINTER_TO_UINT(data)].messages;
        g_autoptr(RegionRecord) record = NULL;

        for (; *message; message++)
                say(host, *message);
        record = region_close(host->region);
        g_assert_nonnull(record->problem);
        g_assert_nonnull(strstr(record->problem, problems[GPOINTER_TO_UINT(data)].problem));
}

static void test_too_many(Host *host, gconstpointer data) {
        g_autoptr(RegionRecord) record = NULL;
        char buffer[16];

        for (unsigned i = 0; i < REGIONS_MAX; i++) {
                say(host, "begin");
                say(host, "end 1");
                hear(host, "go");
                hear(host, "done");
        }
        say(host, "begin");
        g_assert_cmpint(recv(host->program_fd, buffer, sizeof(buffer), MSG_DONTWAIT), ==, 0); /* not heard any more */
        record = region_close(host->region);
        g_assert_nonnull(strstr(record->problem, "more than 4096 regions"));
        g_assert_cmpuint(record->regions, ==, REGIONS_MAX);
}

/* A program that never reads its answers does not hold us up. */
static void test_deaf(Host *host, gconstpointer data) {
        g_autoptr(RegionRecord) record = NULL;

        for (unsigned i = 0; i < REGIONS_MAX; i++) {
                if (send(host->program_fd, "begin", 5, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                        break;
                g_assert_cmpint(sd_event_run(host->event, UINT64_MAX), >=, 0);
                if (send(host->program_fd, "end 1", 5, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                        break;
                g_assert_cmpint(sd_event_run(host->event, UINT64_MAX), >=, 0);
        }
        record = region_close(host->region);
        g_assert_nonnull(strstr(record->problem, "could not be answered"));
}

/* The header of ours, in a process of its own. */
static void test_header(Host *host, gconstpointer data) {
        g_autoptr(RegionRecord) record = NULL;
        int status;
        pid_t pid;

        pid = fork();
        if (pid == 0) {
                char fd[16];

                if (jouletrace_measured() || jouletrace_begin() != 0 || jouletrace_end(1) != 0)
                        _exit(1); /* nobody measures: nothing happens */
                (void) snprintf(fd, sizeof(fd), "%d", host->program_fd);
                (void) setenv("JOULETRACE_REGION_FD", fd, 1);
                (void) setenv("JOULETRACE_REGION_USEC", "100000", 1);
                if (!jouletrace_measured() || jouletrace_wanted_usec() != 100000)
                        _exit(2);
                _exit(jouletrace_begin() == 0 && jouletrace_end(42) == 0 ? 0 : 3);
        }
        g_assert_cmpint(pid, >, 0);
        for (unsigned i = 0; i < 3; i++) /* "begin", the rest, "end" */
                g_assert_cmpint(sd_event_run(host->event, 10 * USEC_PER_SEC), >, 0);
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_cmpint(status, ==, 0);
        record = region_close(host->region);
        g_assert_null(record->problem);
        g_assert_cmpuint(record->figures.iterations, ==, 42);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/region/parse", test_parse);
        g_test_add("/region/rests-before-the-first", Host, NULL, host_up, test_rest, host_down);
        g_test_add("/region/hasty", Host, NULL, host_up, test_hasty, host_down);
        g_test_add("/region/heard-late", Host, NULL, host_up, test_heard_late, host_down);
        g_test_add("/region/heard-too-late", Host, NULL, host_up, test_heard_too_late, host_down);
        g_test_add("/region/descriptors", Host, NULL, host_up, test_descriptors, host_down);
        g_test_add("/region/ends-at-rest", Host, NULL, host_up, test_ends_at_rest, host_down);
        g_test_add("/region/sum", Host, NULL, host_up, test_sum, host_down);
        for (unsigned i = 0; i < G_N_ELEMENTS(problems); i++)
                g_test_add(problems[i].path, Host, GUINT_TO_POINTER(i), host_up, test_problem, host_down);
        g_test_add("/region/too-many", Host, NULL, host_up, test_too_many, host_down);
        g_test_add("/region/deaf", Host, NULL, host_up, test_deaf, host_down);
        g_test_add("/region/header", Host, NULL, host_up, test_header, host_down);
        return g_test_run();
}
