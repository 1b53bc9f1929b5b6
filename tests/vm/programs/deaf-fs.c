/* SPDX-License-Identifier: MIT */
/* deaf-fs DIRECTORY: mounts a FUSE file system whose server answers INIT, LOOKUP, OPEN and the root's GETATTR, says
 * that it has no FLUSH, and then answers no other request: every fstat or read of its one file, "file", hangs. Speaks
 * the kernel's protocol itself, so that the test needs no library.
 *
 * FLUSH is waited for by each close(2) of a descriptor, the last or not. With a server that does not answer it,
 * dbus-daemon hangs for everybody when it closes its copy after passing it on, before any service has a say. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int answer(int fd, uint64_t unique, int error, const void *body, size_t length) {
        struct fuse_out_header header = { .len = (uint32_t) (sizeof(header) + length),
                                          .error = error,
                                          .unique = unique };
        struct iovec parts[2] = { { &header, sizeof(header) }, { (void *) body, length } };

        return writev(fd, parts, length > 0 ? 2 : 1) < 0 ? -1 : 0;
}

int main(int argc, char **argv) {
        static char buffer[1 << 18];
        const struct fuse_attr root = { .ino = 1, .mode = S_IFDIR | 0755, .nlink = 2 };
        const struct fuse_attr file = { .ino = 2, .mode = S_IFREG | 0644, .nlink = 1, .size = 4096 };
        char options[128];
        int fd = open("/dev/fuse", O_RDWR);

        snprintf(options, sizeof(options), "fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other", fd);
        if (argc < 2 || fd < 0 || mount("deaf", argv[1], "fuse.deaf", MS_NOSUID | MS_NODEV, options) < 0) {
                perror("deaf-fs");
                return 1;
        }
        for (;;) {
                ssize_t n = read(fd, buffer, sizeof(buffer));
                const struct fuse_in_header *in = (const void *) buffer;

                if (n < 0) {
                        if (errno == EINTR || errno == ENOENT)
                                continue;
                        return 0;
                }
                if (in->opcode == FUSE_INIT) {
                        const struct fuse_init_in *asked = (const void *) (in + 1);
                        struct fuse_init_out out = { .major = 7,
                                                     .minor = asked->minor < 31 ? asked->minor : 31,
                                                     .max_write = 4096 };

                        answer(fd, in->unique, 0, &out, sizeof(out));
                } else if (in->opcode == FUSE_LOOKUP) {
                        struct fuse_entry_out out = { .nodeid = 2, .attr = file, .entry_valid = 3600 };

                        answer(fd, in->unique, 0, &out, sizeof(out));
                } else if (in->opcode == FUSE_GETATTR && in->nodeid == 1) {
                        struct fuse_attr_out out = { .attr = root, .attr_valid = 3600 };

                        answer(fd, in->unique, 0, &out, sizeof(out));
                } else if (in->opcode == FUSE_OPEN || in->opcode == FUSE_OPENDIR) {
                        struct fuse_open_out out = { .fh = 1 };

                        answer(fd, in->unique, 0, &out, sizeof(out));
                } else if (in->opcode == FUSE_FLUSH)
                        answer(fd, in->unique, -ENOSYS, NULL, 0);
                /* Everything else waits for ever. */
        }
}
