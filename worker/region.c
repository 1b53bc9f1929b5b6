/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/socket.h>

#include "fs.h"
#include "region.h"
#include "printable.h"

#define MESSAGE_MAX 32U
#define EXCERPT_MAX 64U
#define LAG_MAX_NS (20U * NSEC_PER_USEC * USEC_PER_MSEC)

struct Region {
        sd_event *event;
        Ticker *ticker;
        RegionCpuTime cpu_time;
        void *userdata;
        int fd;
        sd_event_source *source;
        sd_event_source *rest; /* goes off when the first region may begin */
        bool inside;
        Span span;
        uint64_t begin_cpu_usec;
        RegionRecord *record;
};

RegionRecord *region_record_free(RegionRecord *record) {
        if (!record)
                return NULL;
        figures_clear(&record->figures);
        g_free(record->problem);
        g_free(record);
        return NULL;
}

int region_parse(const char *message, size_t length, RegionWord *ret, uint64_t *ret_iterations) {
        char text[MESSAGE_MAX + 1];
        uint64_t iterations;
        int r;

        if (length > MESSAGE_MAX || memchr(message, 0, length))
                return -EBADMSG;
        memcpy(text, message, length);
        text[length] = 0;
        if (g_str_equal(text, "begin")) {
                *ret = REGION_BEGIN;
                return 0;
        }
        if (!g_str_has_prefix(text, "end "))
                return -EBADMSG;
        r = parse_u64(text + strlen("end "), &iterations);
        if (r < 0)
                return r == -ERANGE ? r : -EBADMSG;
        if (iterations == 0 || iterations > REGION_ITERATIONS_MAX)
                return -ERANGE;
        *ret = REGION_END;
        *ret_iterations = iterations;
        return 0;
}

static void add_region(Region *region, uint64_t end_cpu_usec, uint64_t iterations) {
        const uint64_t wall_ns = region->span.to_ns - region->span.from_ns;
        RegionRecord *record = region->record;
        Figures *figures = &record->figures;

        record->shortest_ns = record->regions == 0 ? wall_ns : MIN(record->shortest_ns, wall_ns);
        record->regions++;
        figures->iterations += iterations;
        figures->cpu_usec += end_cpu_usec - MIN(end_cpu_usec, region->begin_cpu_usec);
        figures_add_span(figures, region->ticker, &region->span);
}

/* The program is not heard any more; its next word fails with EPIPE or ECONNRESET. */
static int give_up(Region *region, char *problem) {
        if (region->record->problem)
                g_free(problem);
        else
                region->record->problem = problem;
        region->source = sd_event_source_disable_unref(region->source);
        region->rest = sd_event_source_disable_unref(region->rest);
        region->fd = safe_close(region->fd);
        return 0;
}

static int answer(Region *region, const char *word) {
        if (send(region->fd, word, strlen(word), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
                return 0;
        return give_up(region, g_strdup_printf("the program could not be answered: %s", g_strerror(errno)));
}

static int begin(Region *region) {
        int r;

        r = span_open(region->ticker, &region->span);
        if (r >= 0)
                r = region->cpu_time(region->userdata, &region->begin_cpu_usec);
        if (r < 0)
                return give_up(region, g_strdup_printf("the counters could not be read: %s", g_strerror(-r)));
        region->inside = true;
        region->span.from_ns = now_monotonic_ns();
        return answer(region, "go");
}

static int on_rested(sd_event_source *source, uint64_t usec, void *userdata) {
        Region *region = userdata;

        region->rest = sd_event_source_disable_unref(region->rest);
        (void) region_listen(region);
        return begin(region);
}

static int on_begin(Region *region) {
        int r;

        if (region->inside)
                return give_up(region, g_strdup("the program began a region within a region"));
        if (region->record->regions >= REGIONS_MAX)
                return give_up(region, g_strdup_printf("the program began more than %u regions", REGIONS_MAX));
        if (region->record->regions > 0)
                return begin(region);

        /* The program was started just now, and waits for the answer. Its limits are watched meanwhile. */
        r = sd_event_add_time_relative(region->event, &region->rest, CLOCK_MONOTONIC, METER_REST_USEC, 1, on_rested,
                                       region);
        if (r >= 0)
                r = sd_event_source_set_enabled(region->source, SD_EVENT_OFF);
        return r < 0 ? give_up(region, g_strdup_printf("the region cannot begin: %s", g_strerror(-r))) : 0;
}

static int on_end(Region *region, uint64_t end_ns, uint64_t iterations) {
        uint64_t cpu_usec = 0;
        int r;

        if (!region->inside)
                return give_up(region, g_strdup("the program ended a region it had not begun"));
        r = region->cpu_time(region->userdata, &cpu_usec);
        if (r >= 0)
                r = span_close(region->ticker, &region->span, end_ns);
        if (r < 0)
                return give_up(region, g_strdup_printf("the counters could not be read: %s", g_strerror(-r)));
        region->inside = false;
        add_region(region, cpu_usec, iterations);
        return answer(region, "done");
}

/* When the kernel took the message over, which it says by the clock that may be set: one that is set in between makes
 * it wrong by LAG_MAX_NS at most; held up between our two looks at the clocks, we take it for later. */
static uint64_t sent_ns(struct msghdr *header) {
        const uint64_t real_ns = clock_ns(CLOCK_REALTIME), now_ns = now_monotonic_ns();
        struct timespec stamp;
        uint64_t stamp_ns;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
                        continue;
                memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
                stamp_ns = (uint64_t) stamp.tv_sec * NSEC_PER_SEC + (uint64_t) stamp.tv_nsec;
                if (stamp_ns < real_ns && real_ns - stamp_ns < LAG_MAX_NS)
                        return now_ns - (real_ns - stamp_ns);
        }
        return now_ns;
}

/* As recv(2). The time stamp comes first and fills the buffer: descriptors sent along are not taken. */
static ssize_t receive(int fd, char *message, size_t size, uint64_t *ret_sent_ns) {
        union {
                struct cmsghdr align;
                char space[CMSG_SPACE(sizeof(struct timespec))];
        } control;
        struct iovec part = { .iov_base = message, .iov_len = size };
        struct msghdr header = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
        };
        const ssize_t n = recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

        if (n > 0)
                *ret_sent_ns = sent_ns(&header);
        return n;
}

static int on_message(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Region *region = userdata;
        char message[MESSAGE_MAX + 1];
        g_autofree char *shown = NULL;
        uint64_t iterations = 0, sent = 0;
        RegionWord word;
        ssize_t n;
        int r;

        n = receive(region->fd, message, sizeof(message), &sent);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR
                                       ? 0
                                       : give_up(region, g_strdup_printf("the program's socket failed: %s",
                                                                         g_strerror(errno)));
        if (n == 0) {
                region->source = sd_event_source_disable_unref(region->source);
                return 0;
        }
        r = region_parse(message, (size_t) n, &word, &iterations);
        if (r >= 0)
                return word == REGION_BEGIN ? on_begin(region) : on_end(region, sent, iterations);
        shown = text_printable(message, MIN((size_t) n, EXCERPT_MAX));
        if (r == -ERANGE)
                return give_up(region, g_strdup_printf("the program said \"%s\"; it may have done its work 1 to "
                                                       "%" PRIu64 " times",
                                                       shown, REGION_ITERATIONS_MAX));
        return give_up(region, g_strdup_printf("the program said \"%s\"; it may say \"begin\" and \"end N\"", shown));
}

int region_new(sd_event *event, Ticker *ticker, RegionCpuTime cpu_time, void *userdata, Region **ret,
               int *ret_program_fd) {
        g_autoptr(Region) region = g_new0(Region, 1);
        const int on = 1;
        size_t n_domains;
        int fds[2];
        int r;

        region->event = sd_event_ref(event);
        region->ticker = ticker;
        region->cpu_time = cpu_time;
        region->userdata = userdata;
        region->fd = -1;
        (void) meter_domains(ticker->meter, &n_domains);
        region->record = g_new0(RegionRecord, 1);
        figures_init(&region->record->figures, n_domains);

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        region->fd = fds[0];
        r = setsockopt(region->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ? -errno : 0;
        if (r >= 0)
                r = sd_event_add_io(event, &region->source, region->fd, EPOLLIN, on_message, region);
        if (r >= 0)
                r = sd_event_source_set_enabled(region->source, SD_EVENT_OFF);
        if (r < 0) {
                safe_close(fds[1]);
                return r;
        }
        *ret_program_fd = fds[1];
        *ret = g_steal_pointer(&region);
        return 0;
}

int region_listen(Region *region) {
        return sd_event_source_set_enabled(region->source, SD_EVENT_ON);
}

RegionRecord *region_close(Region *region) {
        if (region->inside || region->rest)
                (void) give_up(region, g_strdup("the program ended within a region"));
        else if (region->record->regions == 0)
                (void) give_up(region, g_strdup("the program declared no region"));
        return g_steal_pointer(&region->record);
}

Region *region_free(Region *region) {
        if (!region)
                return NULL;
        sd_event_source_disable_unref(region->source);
        sd_event_source_disable_unref(region->rest);
        safe_close(region->fd);
        region_record_free(region->record);
        sd_event_unref(region->event);
        g_free(region);
        return NULL;
}
