/* SPDX-License-Identifier: MIT */
#include "survivors.h"
#include "tree.h"

#define POPULATED "populated 1\nfrozen 0\n"
#define EMPTY "populated 0\nfrozen 0\n"

static void test_find(void) {
        g_autoptr(Tree) tree = tree_new();
        g_autofree char *names = NULL;
        g_auto(GStrv) found = NULL;

        tree_put(tree, "jouletrace.slice/cgroup.events", POPULATED);
        tree_put(tree, "jouletrace.slice/jouletrace-job-0000-2.scope/cgroup.events", POPULATED);
        tree_put(tree, "jouletrace.slice/jouletrace-job-0000-1.scope/cgroup.events", POPULATED);
        tree_put(tree, "jouletrace.slice/jouletrace-job-0000-3.scope/cgroup.events", EMPTY);
        tree_put(tree, "jouletrace.slice/jouletrace-job-0000-4.scope/cgroup.procs", "");
        tree_put(tree, "jouletrace.slice/jouletrace-job-0000-5.scope/cgroup.events", "frozen 0\n");
        tree_put(tree, "jouletrace.slice/run-u1.scope/cgroup.events", POPULATED);
        tree_put(tree, "jouletrace-job-0000-6.scope/cgroup.events", POPULATED);

        found = survivors_find(tree);
        names = g_strjoinv(" ", found);
        /* The fifth does not say that it is empty. */
        g_assert_cmpstr(names, ==,
                        "jouletrace-job-0000-1.scope jouletrace-job-0000-2.scope jouletrace-job-0000-5.scope");
}

static void test_no_slice(void) {
        g_auto(GStrv) found = survivors_find("/nowhere");

        g_assert_null(found[0]);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/survivors/find", test_find);
        g_test_add_func("/survivors/no-slice", test_no_slice);
        return g_test_run();
}
