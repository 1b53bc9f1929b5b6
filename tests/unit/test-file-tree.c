/* SPDX-License-Identifier: MIT */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "temporary.h"
#include "file-tree.h"

static char *names(const Tree *tree, const char *directory) {
        g_autoptr(GPtrArray) children = NULL;
        g_autofree char *problem = NULL;
        GString *out = g_string_new(NULL);

        if (tree_children(tree, directory, &children, &problem) < 0) {
                g_string_append(out, problem);
                return g_string_free(out, FALSE);
        }
        for (unsigned i = 0; i < children->len; i++)
                g_string_append_printf(out, "%s%s", i ? " " : "",
                                       ((const TreeEntry *) g_ptr_array_index(children, i))->path);
        return g_string_free(out, FALSE);
}

static void assert_names(const Tree *tree, const char *directory, const char *expected) {
        g_autofree char *got = names(tree, directory);

        g_assert_cmpstr(got, ==, expected);
}

static void assert_reads(Tree *tree, const char *path, const char *expected) {
        g_autofree char *problem = NULL;
        g_autoptr(GBytes) bytes = NULL;

        g_assert_cmpint(tree_read(tree, path, &bytes, &problem), ==, 0);
        g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), expected, strlen(expected));
}

static void assert_unreadable(Tree *tree, const char *path, const char *says) {
        g_autofree char *problem = NULL;
        g_autoptr(GBytes) bytes = NULL;

        g_assert_cmpint(tree_read(tree, path, &bytes, &problem), <, 0);
        g_assert_null(bytes);
        if (!strstr(problem, says) || !strstr(problem, path))
                g_error("\"%s\" does not say \"%s\"", problem, says);
}

static void test_directory(void) {
        g_autofree char *top = temporary_new(), *problem = NULL;
        g_autoptr(Tree) tree = NULL;

        temporary_write(top, "data/1.in", "one");
        temporary_write(top, "data/10.in", "ten");
        temporary_write(top, "data/sub/x", "");
        temporary_write(top, "data/.hidden", "");
        temporary_write(top, ".git/config", "");
        temporary_write(top, "run", "#!/bin/sh\n");
        temporary_chmod(top, "run", 0755);

        g_assert_cmpint(tree_open(top, &tree, &problem), ==, 0);
        assert_names(tree, "", "data run");
        assert_names(tree, "data", "data/1.in data/10.in data/sub");
        assert_names(tree, "nowhere", "");
        assert_reads(tree, "data/1.in", "one");
        assert_reads(tree, "data/1.in", "one");
        assert_reads(tree, "data/sub/x", "");
        g_assert_true(tree_has_directory(tree, "data/sub"));
        g_assert_false(tree_has_file(tree, "data/sub"));
        g_assert_cmpuint(tree_find(tree, "run")->mode, ==, 0755);
        g_assert_cmpuint(tree_find(tree, "data/1.in")->mode, ==, 0644);
        g_assert_null(tree_find(tree, ".git/config"));
        assert_unreadable(tree, "data/2.in", "there is no file");
        assert_unreadable(tree, "data", "there is no file");
        temporary_free(top);
}

/* A link may lead about in the package, never out of it: not by its text, nor by what it is exchanged for later. */
static void test_links(void) {
        g_autofree char *top = temporary_new(), *outside = temporary_new(), *problem = NULL;
        g_autofree char *secret = g_build_filename(outside, "secret", NULL);
        g_autoptr(Tree) tree = NULL;

        temporary_write(outside, "secret", "not yours");
        temporary_write(top, "a/1.in", "one");
        temporary_write(top, "a/swapped", "ours");
        temporary_link(top, "inside", "a/1.in");
        temporary_link(top, "b/absolute", secret);
        temporary_link(top, "c/up", "../../../../../../../etc/passwd");
        temporary_link(top, "d/directory", "../a");
        temporary_link(top, "e/dangling", "nowhere");

        g_assert_cmpint(tree_open(top, &tree, &problem), ==, 0);
        assert_reads(tree, "inside", "one");
        assert_unreadable(tree, "b/absolute", "leads out");
        assert_unreadable(tree, "c/up", "leads out");
        assert_unreadable(tree, "d/directory", "no file");
        assert_unreadable(tree, "e/dangling", "No such file");
        {
                g_autofree char *got = names(tree, "b");

                g_assert_nonnull(strstr(got, "leads out"));
        }

        temporary_unlink(top, "a/swapped");
        temporary_link(top, "a/swapped", secret);
        assert_unreadable(tree, "a/swapped", "link"); /* "Invalid cross-device link" */
        temporary_free(top);
        temporary_free(outside);
}

static void test_no_regular_file(void) {
        g_autofree char *top = temporary_new(), *fifo = g_build_filename(top, "fifo", NULL), *problem = NULL;
        g_autoptr(Tree) tree = NULL;

        g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
        temporary_write(top, "bad\nname", "");
        g_assert_cmpint(tree_open(top, &tree, &problem), ==, 0);
        assert_unreadable(tree, "fifo", "no regular file");
        g_assert_cmpint(tree_find(tree, "bad\nname")->kind, ==, TREE_REFUSED);
        temporary_free(top);
}

static void test_not_there(void) {
        g_autofree char *problem = NULL, *other = NULL;
        g_autoptr(Tree) tree = NULL;

        g_assert_cmpint(tree_open("/nowhere/at/all", &tree, &problem), ==, -ENOENT);
        g_assert_nonnull(strstr(problem, "/nowhere/at/all: No such file"));
        g_assert_cmpint(tree_open("/dev/null", &tree, &other), <, 0);
        g_assert_nonnull(strstr(other, "neither a directory nor an archive"));
}

typedef struct Member {
        const char *path, *contents;
        const char *symlink, *hardlink;
        uint64_t zeros; /* that many NUL bytes instead of contents */
} Member;

static void write_member(struct archive *archive, const Member *member) {
        struct archive_entry *entry = archive_entry_new();
        size_t length = member->zeros ?: strlen(member->contents ?: "");

        archive_entry_set_pathname(entry, member->path);
        archive_entry_set_filetype(entry, member->symlink ? AE_IFLNK : AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        if (member->symlink)
                archive_entry_set_symlink(entry, member->symlink);
        else if (member->hardlink)
                archive_entry_set_hardlink(entry, member->hardlink);
        else
                archive_entry_set_size(entry, (int64_t) length);
        g_assert_cmpint(archive_write_header(archive, entry), ==, ARCHIVE_OK);
        if (member->zeros) {
                g_autofree char *block = g_malloc0(1 << 20);

                for (uint64_t left = length; left > 0; left -= MIN(left, 1 << 20))
                        (void) archive_write_data(archive, block, MIN(left, 1 << 20));
        } else if (length > 0)
                (void) archive_write_data(archive, member->contents, length);
        archive_entry_free(entry);
}

static char *archive_of(const char *top, bool zip, const Member *members, size_t n) {
        char *path = g_build_filename(top, zip ? "p.zip" : "p.tar.gz", NULL);
        struct archive *archive = archive_write_new();

        if (zip) {
                (void) archive_write_set_format_zip(archive);
        } else {
                (void) archive_write_set_format_pax_restricted(archive);
                (void) archive_write_add_filter_gzip(archive);
        }
        g_assert_cmpint(archive_write_open_filename(archive, path), ==, ARCHIVE_OK);
        for (size_t i = 0; i < n; i++)
                write_member(archive, &members[i]);
        (void) archive_write_free(archive);
        return path;
}

static void test_archives(void) {
        static const Member members[] = {
                { "pkg/problem.yaml", "name: x\n" },
                { "./pkg//data/secret/1.in", "1\n" },
                { "__MACOSX/pkg/._problem.yaml", "fork" },
        };

        for (int zip = 0; zip < 2; zip++) {
                g_autofree char *top = temporary_new(), *problem = NULL;
                g_autofree char *path = archive_of(top, zip, members, G_N_ELEMENTS(members));
                g_autoptr(Tree) tree = NULL;

                g_assert_cmpint(tree_open(path, &tree, &problem), ==, 0);
                assert_names(tree, "", "data problem.yaml");
                assert_reads(tree, "data/secret/1.in", "1\n");
                temporary_free(top);
        }
}

static void test_hostile_archives(void) {
        static const struct {
                Member members[2];
                const char *says;
                bool tar_only;
        } cases[] = {
                { { { "ok", "" }, { "../escape", "x" } }, "such a name" },
                { { { "ok", "" }, { "a/../../escape", "x" } }, "such a name" },
                { { { "ok", "" }, { "/etc/passwd", "x" } }, "such a name" },
                { { { "ok", "" }, { "a\nb", "x" } }, "such a name" },
                { { { "ok", "" }, { "link", .symlink = "/etc/passwd" } }, "links" },
                { { { "ok", "" }, { "hard", .hardlink = "ok" } }, "links", true },
                { { { "a", "1" }, { "a", "2" } }, "twice" },
                { { { "a", "1" }, { "a/b", "2" } }, "twice" },
                { { { "ok", "" }, { "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "x" } }, "such a name" },
                { { { "ok", "" }, { "bomb", .zeros = TREE_BYTES_MAX + 1 } }, "more than 256 MiB", true },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                for (int zip = 0; zip < (cases[i].tar_only ? 1 : 2); zip++) {
                        g_autofree char *top = temporary_new(), *problem = NULL;
                        g_autofree char *path = archive_of(top, zip, cases[i].members, 2);
                        g_autoptr(Tree) tree = NULL;

                        g_assert_cmpint(tree_open(path, &tree, &problem), <, 0);
                        g_assert_null(tree);
                        if (!strstr(problem, cases[i].says))
                                g_error("case %zu: \"%s\" does not say \"%s\"", i, problem, cases[i].says);
                        temporary_free(top);
                }
}

static void test_cut_archive(void) {
        static const Member members[] = { { "a", "some text, but not all of it" }, { "b", "more" } };
        g_autofree char *top = temporary_new(), *problem = NULL;
        g_autofree char *path = archive_of(top, false, members, 2);
        g_autoptr(Tree) tree = NULL;

        g_assert_cmpint(truncate(path, 60), ==, 0);
        g_assert_cmpint(tree_open(path, &tree, &problem), <, 0);
        g_assert_nonnull(strstr(problem, path));
        temporary_free(top);
}

static void test_natural_order(void) {
        static const char *const ordered[] = { "", "1", "01", "1a", "2", "10", "a", "a1", "a2b", "a2c", "a10", "b" };

        for (size_t i = 0; i < G_N_ELEMENTS(ordered); i++)
                for (size_t j = 0; j < G_N_ELEMENTS(ordered); j++) {
                        int got = natural_compare(ordered[i], ordered[j]);

                        /* of equal numbers the order of their bytes decides */
                        if ((i == 1 && j == 2) || (i == 2 && j == 1))
                                g_assert_cmpint(got, !=, 0);
                        else
                                g_assert_cmpint(CLAMP(got, -1, 1), ==, (i > j) - (i < j));
                }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/file-tree/directory", test_directory);
        g_test_add_func("/file-tree/links", test_links);
        g_test_add_func("/file-tree/no-regular-file", test_no_regular_file);
        g_test_add_func("/file-tree/not-there", test_not_there);
        g_test_add_func("/file-tree/archives", test_archives);
        g_test_add_func("/file-tree/hostile-archives", test_hostile_archives);
        g_test_add_func("/file-tree/cut-archive", test_cut_archive);
        g_test_add_func("/file-tree/natural-order", test_natural_order);
        return g_test_run();
}
