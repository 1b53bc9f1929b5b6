/* SPDX-License-Identifier: MIT */
/* debugfs, jouletrace_rapl_fixture/marks: a program that writes a word there has the truth of that moment noted beside
 * it, so that a figure of a part of the program can be held against what that part really took. Truncating the file
 * forgets all marks. */

#include "fixture.h"

#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#define MARKS_MAX 1024
#define WORD_SIZE 16

typedef struct Mark {
        char word[WORD_SIZE];
        Truth truth;
} Mark;

static Mark marks[MARKS_MAX];
static unsigned int n_marks;
static DEFINE_MUTEX(lock);

static int marks_show(struct seq_file *file, void *unused) {
        mutex_lock(&lock);
        for (unsigned int i = 0; i < n_marks; i++) {
                const Mark *mark = marks + i;

                seq_printf(file, "%s time_ns=%llu", mark->word, mark->truth.time_ns);
                for (unsigned int p = 0; p < energy_packages(); p++) {
                        seq_printf(file, " package-%u", p);
                        energy_truth_print(file, &mark->truth.packages[p]);
                }
                seq_putc(file, '\n');
        }
        mutex_unlock(&lock);
        return 0;
}

static int marks_open(struct inode *inode, struct file *file) {
        if (file->f_flags & O_TRUNC) {
                mutex_lock(&lock);
                n_marks = 0;
                mutex_unlock(&lock);
        }
        return single_open(file, marks_show, NULL);
}

/* One word, of letters, digits and hyphens; a newline behind it is left out. The truth is looked at before all else.
 */
static ssize_t marks_write(struct file *file, const char __user *text, size_t size, loff_t *offset) {
        Mark mark = {};
        int r = 0;

        energy_truth(&mark.truth);
        if (size >= WORD_SIZE)
                return -EINVAL;
        if (copy_from_user(mark.word, text, size))
                return -EFAULT;
        if (size > 0 && mark.word[size - 1] == '\n')
                mark.word[size - 1] = 0;
        if (!mark.word[0])
                return -EINVAL;
        for (const char *c = mark.word; *c; c++)
                if (!isalnum(*c) && *c != '-')
                        return -EINVAL;

        mutex_lock(&lock);
        if (n_marks < MARKS_MAX)
                marks[n_marks++] = mark;
        else
                r = -ENOSPC;
        mutex_unlock(&lock);
        return r < 0 ? r : size;
}

static const struct file_operations marks_fops = {
        .owner = THIS_MODULE,
        .open = marks_open,
        .read = seq_read,
        .write = marks_write,
        .llseek = seq_lseek,
        .release = single_release,
};

void marks_init(void) {
        debugfs_create_file("marks", 0600, energy_debugfs(), NULL, &marks_fops);
}
