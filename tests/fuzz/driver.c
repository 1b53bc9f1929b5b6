/* SPDX-License-Identifier: MIT */

/* Runs a fuzz harness without libFuzzer, so that it is also an ordinary test, with gcc as with clang:
 *
 *   fuzz-X [-seconds=N] [-seed=N] [-runs=N] FILE|DIRECTORY…
 *
 * Every file given runs once as it is; then mutations of them run for N seconds (default 0). The seed is printed and
 * is random unless given. libFuzzer's own flags of the same names mean nearly the same. An input that crashes is kept
 * in the file `crash-input` of the working directory. */

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>

#define INPUT_MAX (256U * 1024U)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *current;
static size_t current_size;

static void on_crash(int signal_number) {
        int fd = open("crash-input", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd >= 0 && write(fd, current, current_size) >= 0)
                (void) !write(STDERR_FILENO, "the input is in crash-input\n", 28);
        (void) signal(signal_number, SIG_DFL);
        (void) raise(signal_number);
}

static void run_one(const uint8_t *data, size_t size) {
        /* A copy of its own size, so that a sanitizer sees a read past the end. */
        uint8_t *copy = g_malloc(size + (size == 0));

        if (size > 0)
                memcpy(copy, data, size);
        current = copy;
        current_size = size;
        (void) LLVMFuzzerTestOneInput(copy, size);
        current = NULL;
        current_size = 0;
        g_free(copy);
}

static void load(GPtrArray *corpus, const char *path) {
        g_autofree char *contents = NULL;
        gsize length;

        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
                g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
                const char *name;

                while (dir && (name = g_dir_read_name(dir))) {
                        g_autofree char *child = g_build_filename(path, name, NULL);

                        load(corpus, child);
                }
                return;
        }
        if (!g_file_get_contents(path, &contents, &length, NULL)) {
                fprintf(stderr, "cannot read %s\n", path);
                exit(EXIT_FAILURE);
        }
        if (length <= INPUT_MAX)
                g_ptr_array_add(corpus, g_bytes_new_take(g_steal_pointer(&contents), length));
}

static const uint8_t *pick(GPtrArray *corpus, GRand *rand, gsize *ret_size) {
        GBytes *bytes = g_ptr_array_index(corpus, (guint) g_rand_int_range(rand, 0, (gint32) corpus->len));

        return g_bytes_get_data(bytes, ret_size);
}

static void mutate_once(GByteArray *input, GPtrArray *corpus, GRand *rand) {
        static const char *const interesting[] = {
                "0", "-1", "4294967295", "18446744073709551615", "18446744073709551616", "\n", ":", "", "\xff", "0x"
        };
        guint at = input->len > 0 ? (guint) g_rand_int_range(rand, 0, (gint32) input->len) : 0, length;

        switch (g_rand_int_range(rand, 0, 6)) {
        case 0: /* one bit */
                if (input->len > 0)
                        input->data[at] ^= (guint8) (1U << g_rand_int_range(rand, 0, 8));
                break;
        case 1: /* one byte */
                if (input->len > 0)
                        input->data[at] = (guint8) g_rand_int_range(rand, 0, 256);
                break;
        case 2: /* a piece goes */
                length = (guint) g_rand_int_range(rand, 1, 17);
                if (input->len > 0)
                        g_byte_array_remove_range(input, at, MIN(length, input->len - at));
                break;
        case 3: { /* a word parsers trip over, in place of the rest or of as many bytes */
                const char *word = interesting[g_rand_int_range(rand, 0, G_N_ELEMENTS(interesting))];

                for (size_t i = 0; word[i] != '\0' && at + i < input->len; i++)
                        input->data[at + i] = (guint8) word[i];
                break;
        }
        case 4: { /* a piece of another input is put in */
                gsize size;
                const uint8_t *other = pick(corpus, rand, &size);
                g_autofree uint8_t *tail = NULL;
                guint tail_length = input->len - at;
                gsize from;

                if (size == 0 || input->len >= INPUT_MAX) /* nothing to put in, or no room */
                        break;
                from = (gsize) g_rand_int_range(rand, 0, (gint32) size);
                length = (guint) g_rand_int_range(rand, 1, 257);
                length = (guint) MIN(length, size - from);
                tail = tail_length > 0 ? g_memdup2(input->data + at, tail_length) : NULL;
                g_byte_array_set_size(input, at);
                g_byte_array_append(input, other + from, length);
                g_byte_array_append(input, tail, tail_length);
                break;
        }
        case 5: /* the end goes, rarely */
                if (g_rand_int_range(rand, 0, 8) == 0)
                        g_byte_array_set_size(input, at);
                break;
        }
}

static void mutate(GPtrArray *corpus, GRand *rand) {
        g_autoptr(GByteArray) input = g_byte_array_new();
        gsize size;
        const uint8_t *data = pick(corpus, rand, &size);
        int mutations = 1 << g_rand_int_range(rand, 0, 5);

        g_byte_array_append(input, data, (guint) size);
        for (int i = 0; i < mutations; i++)
                mutate_once(input, corpus, rand);
        run_one(input->data, input->len);
}

int main(int argc, char **argv) {
        g_autoptr(GPtrArray) corpus = g_ptr_array_new_with_free_func((GDestroyNotify) g_bytes_unref);
        g_autoptr(GRand) rand = NULL;
        unsigned long runs = 0, runs_max = 0;
        guint32 seed = g_random_int();
        time_t seconds = 0, end;

        for (int i = 1; i < argc; i++)
                if (g_str_has_prefix(argv[i], "-seconds="))
                        seconds = (time_t) strtoul(argv[i] + 9, NULL, 10);
                else if (g_str_has_prefix(argv[i], "-seed="))
                        seed = (guint32) strtoul(argv[i] + 6, NULL, 10);
                else if (g_str_has_prefix(argv[i], "-runs="))
                        runs_max = strtoul(argv[i] + 6, NULL, 10);
                else if (argv[i][0] == '-')
                        fprintf(stderr, "ignoring %s\n", argv[i]);
                else
                        load(corpus, argv[i]);

        (void) signal(SIGABRT, on_crash);
        (void) signal(SIGSEGV, on_crash);
        (void) signal(SIGFPE, on_crash);

        for (guint i = 0; i < corpus->len; i++) {
                gsize size;
                const uint8_t *data = g_bytes_get_data(g_ptr_array_index(corpus, i), &size);

                run_one(data, size);
        }
        run_one((const uint8_t *) "", 0);

        if (corpus->len == 0)
                g_ptr_array_add(corpus, g_bytes_new_static("0", 1));
        fprintf(stderr, "%u inputs, seed %u\n", corpus->len, seed);
        rand = g_rand_new_with_seed(seed);
        end = time(NULL) + seconds;
        while (time(NULL) < end && (runs_max == 0 || runs < runs_max)) {
                mutate(corpus, rand);
                runs++;
        }
        fprintf(stderr, "%lu mutations without a crash\n", runs);
        return EXIT_SUCCESS;
}
