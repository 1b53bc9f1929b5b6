/* SPDX-License-Identifier: MIT */

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include "cpuset.h"
#include "fs.h"
#include "log.h"
#include "names.h"
#include "partition.h"

#define PARTITION_FILE JT_SLICE "/cpuset.cpus.partition"
#define EFFECTIVE_FILE JT_SLICE "/cpuset.cpus.effective"

struct Partition {
        sd_event *event;
        int cgroup_fd;
        char *path;

        /* Of the write under way. */
        GThread *thread; /* NULL when it was made at once, for want of a thread */
        const char *value;
        int r;
        int done_fd;
        sd_event_source *done; /* as long as there is one */
        PartitionWritten written;
        void *userdata;
};

int partition_new(sd_event *event, const char *cgroup_root, Partition **ret) {
        Partition *partition;
        autofd cgroup_fd = open(cgroup_root, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (cgroup_fd < 0)
                return -errno;
        partition = g_new0(Partition, 1);
        partition->event = sd_event_ref(event);
        partition->path = g_build_filename(cgroup_root, PARTITION_FILE, NULL);
        partition->cgroup_fd = steal_fd(&cgroup_fd);
        partition->done_fd = -1;
        *ret = partition;
        return 0;
}

Partition *partition_free(Partition *partition) {
        if (!partition)
                return NULL;
        (void) partition_wait(partition);
        sd_event_unref(partition->event);
        safe_close(partition->cgroup_fd);
        g_free(partition->path);
        g_free(partition);
        return NULL;
}

int partition_read(const Partition *partition, char **ret) {
        int r;

        r = read_file_at(partition->cgroup_fd, PARTITION_FILE, ret);
        if (r < 0)
                return r;
        (*ret)[strcspn(*ret, "\n")] = '\0';
        return 0;
}

int partition_read_cpus(const Partition *partition, cpu_set_t *ret, char **ret_text) {
        g_autofree char *text = NULL;
        int r;

        r = read_file_at(partition->cgroup_fd, EFFECTIVE_FILE, &text);
        if (r >= 0)
                r = cpulist_parse(g_strstrip(text), ret);
        if (r >= 0)
                *ret_text = g_steal_pointer(&text);
        return r;
}

static int write_value(const Partition *partition) {
        g_autofree char *line = g_strconcat(partition->value, "\n", NULL);

        return write_file_at(partition->cgroup_fd, PARTITION_FILE, line);
}

static void *write_in_thread(void *userdata) {
        Partition *partition = userdata;

        partition->r = write_value(partition);
        (void) eventfd_write(partition->done_fd, 1);
        return NULL;
}

int partition_wait(Partition *partition) {
        if (!partition->done)
                return 0;
        if (partition->thread)
                (void) g_thread_join(g_steal_pointer(&partition->thread));
        partition->done = sd_event_source_disable_unref(partition->done);
        partition->done_fd = safe_close(partition->done_fd);
        return partition->r;
}

static int on_done(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Partition *partition = userdata;
        int r = partition_wait(partition);

        partition->written(r, partition->userdata);
        return 0;
}

static int on_done_at_once(sd_event_source *source, void *userdata) {
        return on_done(source, -1, 0, userdata);
}

static int start_thread(Partition *partition) {
        int r;

        partition->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (partition->done_fd < 0)
                return -errno;
        r = sd_event_add_io(partition->event, &partition->done, partition->done_fd, EPOLLIN, on_done, partition);
        if (r < 0)
                return r;
        partition->thread = g_thread_try_new("partition", write_in_thread, partition, NULL);
        return partition->thread ? 0 : -EAGAIN;
}

void partition_write(Partition *partition, const char *value, PartitionWritten written, void *userdata) {
        int r;

        partition->value = value;
        partition->written = written;
        partition->userdata = userdata;
        r = start_thread(partition);
        if (r >= 0)
                return;

        /* Rather late than never. */
        log_errno(LOG_WARNING, r, "The partition of " JT_SLICE " is written without a thread");
        partition->done = sd_event_source_disable_unref(partition->done);
        partition->done_fd = safe_close(partition->done_fd);
        partition->r = write_value(partition);
        r = sd_event_add_defer(partition->event, &partition->done, on_done_at_once, partition);
        if (r < 0)
                written(partition->r, userdata);
}

int partition_write_now(Partition *partition, const char *value) {
        (void) partition_wait(partition);
        partition->value = value;
        return write_value(partition);
}

int partition_watch(Partition *partition, sd_event_inotify_handler_t handler, void *userdata, sd_event_source **ret) {
        return sd_event_add_inotify(partition->event, ret, partition->path, IN_MODIFY, handler, userdata);
}
