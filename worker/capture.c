/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/mman.h>

#include "capture.h"
#include "fs.h"
#include "printable.h"
#include "workload.h"

#define CHUNK_FIRST (16U * 1024U)
#define CHUNK_BYTES (256U * 1024U)
#define ELLIPSIS "…"

typedef struct Chunk {
        size_t size, used;
        uint8_t data[];
} Chunk;

void capture_init(Capture *capture, uint64_t limit) {
        *capture = (Capture){ .chunks = g_ptr_array_new_with_free_func(g_free), .limit = limit };
}

void capture_clear(Capture *capture) {
        g_clear_pointer(&capture->chunks, g_ptr_array_unref);
        capture->bytes = capture->seen = 0;
}

static Chunk *chunk_with_room(Capture *capture) {
        Chunk *chunk = NULL;
        size_t size;

        if (capture->chunks->len > 0)
                chunk = g_ptr_array_index(capture->chunks, capture->chunks->len - 1);
        if (chunk && chunk->used < chunk->size)
                return chunk;

        size = chunk ? CHUNK_BYTES : CHUNK_FIRST;
        chunk = g_malloc(sizeof(Chunk) + size);
        chunk->size = size;
        chunk->used = 0;
        g_ptr_array_add(capture->chunks, chunk);
        return chunk;
}

int capture_drain(Capture *capture, int fd, uint64_t most) {
        uint64_t done = 0;

        while (done < most) {
                Chunk *chunk = chunk_with_room(capture);
                const size_t room = chunk->size - chunk->used;
                ssize_t n;
                uint64_t kept;

                n = read(fd, chunk->data + chunk->used, room);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? 0 : -errno;
                if (n == 0)
                        return -EPIPE;
                kept = MIN((uint64_t) n, capture->limit - capture->bytes);
                chunk->used += kept;
                capture->bytes += kept;
                capture->seen += (uint64_t) n;
                done += (uint64_t) n;
        }
        return 1;
}

char *capture_sha256(const Capture *capture) {
        g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

        for (guint i = 0; i < capture->chunks->len; i++) {
                const Chunk *chunk = g_ptr_array_index(capture->chunks, i);

                g_checksum_update(sum, chunk->data, (gssize) chunk->used);
        }
        return g_strdup(g_checksum_get_string(sum));
}

char *capture_text(const Capture *capture) {
        char *text = g_malloc(capture->bytes + 1), *end = text;

        for (guint i = 0; i < capture->chunks->len; i++) {
                const Chunk *chunk = g_ptr_array_index(capture->chunks, i);

                memcpy(end, chunk->data, chunk->used);
                end += chunk->used;
        }
        *end = 0;
        return text;
}

/* What stands between blanks, as printable text; NULL: nothing. */
static char *shown_line(const char *line, const char *end) {
        while (line < end && g_ascii_isspace(*line))
                line++;
        while (end > line && g_ascii_isspace(end[-1]))
                end--;
        return line < end ? g_strdelimit(text_printable(line, (size_t) (end - line)), "\t", ' ') : NULL;
}

char *capture_line(const Capture *capture, size_t most) {
        g_autofree char *text = capture_text(capture), *shown = NULL;
        const char *const end = text + capture->bytes;

        for (const char *line = text; line < end && !shown;) {
                const char *line_end = memchr(line, '\n', (size_t) (end - line)) ?: end;

                shown = shown_line(line, line_end);
                line = line_end + 1;
        }
        if (!shown || strlen(shown) <= most)
                return g_steal_pointer(&shown);
        most -= strlen(ELLIPSIS);
        while (((guchar) shown[most] & 0xc0) == 0x80) /* not in the middle of a character */
                most--;
        shown[most] = '\0';
        return g_strconcat(shown, ELLIPSIS, NULL);
}

int capture_memfd(const Capture *capture) {
        autofd fd = memfd_create("output", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int r;

        if (fd < 0)
                return -errno;
        r = capture_write(capture, fd);
        if (r >= 0)
                r = memfd_seal(fd);
        return r < 0 ? r : steal_fd(&fd);
}

static GString *last_bytes(const Capture *capture, size_t most) {
        GString *tail = g_string_new(NULL);

        for (guint i = capture->chunks->len; i-- > 0 && tail->len < most;) {
                const Chunk *chunk = g_ptr_array_index(capture->chunks, i);
                const size_t n = MIN(chunk->used, most - tail->len);

                g_string_prepend_len(tail, (const char *) chunk->data + chunk->used - n, (gssize) n);
        }
        return tail;
}

char *capture_tail(const Capture *capture, size_t most) {
        g_autoptr(GString) raw = last_bytes(capture, most);
        g_autofree char *text = text_printable(raw->str, raw->len);

        return g_strconcat(raw->len < capture->bytes ? ELLIPSIS : "", text,
                           capture->bytes < capture->seen ? ELLIPSIS : "", NULL);
}

int capture_write(const Capture *capture, int fd) {
        for (guint i = 0; i < capture->chunks->len; i++) {
                const Chunk *chunk = g_ptr_array_index(capture->chunks, i);
                int r;

                r = write_all(fd, chunk->data, chunk->used);
                if (r < 0)
                        return r;
        }
        return 0;
}
