/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "blobs.h"

static uint64_t add(Blobs *blobs, const char *text) {
        g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
        uint64_t offset;

        g_assert_cmpint(blobs_add(blobs, bytes, &offset), ==, 0);
        return offset;
}

static void test_contents(void) {
        g_autoptr(Blobs) blobs = blobs_new();
        g_autoptr(GBytes) joined = NULL;
        char text[8] = {};
        autofd fd = -1;

        g_assert_cmpuint(add(blobs, "abc"), ==, 0);
        g_assert_cmpuint(add(blobs, "de"), ==, 3);
        g_assert_cmpuint(add(blobs, "abc"), ==, 0);
        g_assert_cmpuint(add(blobs, ""), ==, 5);
        g_assert_cmpuint(add(blobs, "de"), ==, 3);
        g_assert_cmpuint(blobs_size(blobs), ==, 5);

        g_assert_cmpint(blobs_seal(blobs, &fd), ==, 0);
        g_assert_cmpint(pread(fd, text, sizeof(text), 0), ==, 5);
        g_assert_cmpstr(text, ==, "abcde");
        g_assert_cmpint(fcntl(fd, F_GET_SEALS), ==, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
        g_assert_cmpint(pwrite(fd, "X", 1, 0), ==, -1);
        g_assert_cmpint(ftruncate(fd, 0), ==, -1);

        g_assert_cmpint(blobs_join(blobs, &joined), ==, 0);
        g_assert_cmpmem(g_bytes_get_data(joined, NULL), g_bytes_get_size(joined), "abcde", 5);
}

static void test_bounds(void) {
        g_autoptr(Blobs) blobs = blobs_new();
        g_autofree char *most = g_malloc0(BLOBS_MAX);
        g_autoptr(GBytes) inlined = g_bytes_new_static(most, BLOBS_INLINE_MAX);
        g_autoptr(GBytes) rest = g_bytes_new_static(most, BLOBS_MAX - BLOBS_INLINE_MAX);
        g_autoptr(GBytes) one = g_bytes_new_static("x", 1), joined = NULL;
        uint64_t offset;

        g_assert_cmpint(blobs_add(blobs, inlined, &offset), ==, 0);
        g_assert_cmpint(blobs_join(blobs, &joined), ==, 0);
        g_assert_cmpint(blobs_add(blobs, rest, &offset), ==, 0);
        g_clear_pointer(&joined, g_bytes_unref);
        g_assert_cmpint(blobs_join(blobs, &joined), ==, -EFBIG);
        g_assert_cmpint(blobs_add(blobs, one, &offset), ==, -EFBIG);
        /* what is there already needs no room */
        g_assert_cmpint(blobs_add(blobs, inlined, &offset), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/blobs/contents", test_contents);
        g_test_add_func("/blobs/bounds", test_bounds);
        return g_test_run();
}
