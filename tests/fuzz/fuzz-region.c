/* SPDX-License-Identifier: MIT */

/* What a program says on the socket of its region, a packet a line. Whatever it is, the record is whole, and a region
 * that was not declared as it has to be is a problem with a name. */

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "region.h"

#define PACKETS_MAX 200U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int cpu_time(void *userdata, uint64_t *ret_usec) {
        uint64_t *clock_usec = userdata;

        *ret_usec = ++*clock_usec;
        return 0;
}

static void open_meter(Meter **ret, uint64_t *clock_usec) {
        static Sysroot *root;
        static Topology *topology;
        const MeterConfig config = {
                .name = "model", .model_watts_per_cpu = 1, .cpu_time = cpu_time, .userdata = clock_usec
        };
        g_autofree char *why = NULL;

        if (!root) {
                g_assert_cmpint(sysroot_open(NULL, &root), ==, 0);
                g_assert_cmpint(topology_discover(root, 0, &topology), ==, 0);
        }
        g_assert_cmpint(meter_open(topology, root, &config, ret, &why), ==, 0);
}

/* True while it is answered: anything else ends the conversation. */
static bool say(sd_event *event, int fd, const uint8_t *packet, size_t size) {
        char reply[8];
        ssize_t n;

        if (send(fd, packet, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                return false;
        g_assert_cmpint(sd_event_run(event, 0), >=, 0);
        n = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);
        if (n < 0) { /* rests before the first region */
                g_assert_cmpint(sd_event_run(event, USEC_PER_SEC), >, 0);
                n = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);
        }
        g_assert_true(n <= 0 || (n == 2 && memcmp(reply, "go", 2) == 0) || (n == 4 && memcmp(reply, "done", 4) == 0));
        return n > 0;
}

/* Whether all of it was heard. */
static bool talk(sd_event *event, int fd, const uint8_t *data, size_t size) {
        for (unsigned i = 0; size > 0 && i < PACKETS_MAX; i++) {
                const uint8_t *newline = memchr(data, '\n', size);
                const size_t length = newline ? (size_t) (newline - data) : size;

                if (length > 0 && !say(event, fd, data, length))
                        return false;
                data += MIN(length + 1, size);
                size -= MIN(length + 1, size);
        }
        return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        uint64_t clock_usec = 0;
        sd_event *event = NULL;
        Ticker ticker = {};
        Region *region = NULL;
        RegionRecord *record;
        int fd = -1;
        bool heard;

        open_meter(&ticker.meter, &clock_usec);
        g_assert_cmpint(sd_event_new(&event), ==, 0);
        g_assert_cmpint(region_new(event, &ticker, cpu_time, &clock_usec, &region, &fd), ==, 0);
        g_assert_cmpint(region_listen(region), ==, 0);
        heard = talk(event, fd, data, size);
        safe_close(fd);
        record = region_close(region);
        g_assert_true(heard || record->problem);
        g_assert_true(record->regions > 0 || record->problem);
        g_assert_cmpuint(record->figures.iterations, >=, record->regions);
        g_assert_cmpuint(record->figures.cpu_usec, >=, record->regions);
        g_assert_true(!record->problem || g_utf8_validate(record->problem, -1, NULL));
        g_assert_true(!record->problem || !strchr(record->problem, '\033'));
        region_record_free(record);
        region_free(region);
        meter_free(ticker.meter);
        sd_event_unref(event);
        return 0;
}
