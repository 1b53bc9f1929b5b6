/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "json.h"
#include "render.h"
#include "units.h"

#define BAR_WIDTH 12
#define SEPARATOR "  "
#define PLAIN_PERIOD_USEC (20 * USEC_PER_SEC) /* between lines that stay, of one phase */

struct Progress {
        ProgressMode mode;
        bool live; /* standard error is a terminal that can go back to the line's start */
        bool shown;
        bool quiet;
        char *last;         /* what was printed where the line is not live, or what it was about */
        uint64_t last_usec; /* when */
        uint32_t item, items;
        Style style;
};

static void append_bar(GString *line, double fraction, const Style *style) {
        int full = (int) (CLAMP(fraction, 0, 1) * BAR_WIDTH + 0.5);

        g_string_append_c(line, '[');
        for (int i = 0; i < BAR_WIDTH; i++)
                g_string_append(line, i < full ? (style->ascii ? "#" : "█") : (style->ascii ? "." : "·"));
        g_string_append(line, "]" SEPARATOR);
}

char *progress_line(const ProgressState *state, size_t width, const Style *style) {
        g_autoptr(GString) line = g_string_new(NULL);
        bool queued = strcmp(state->phase, "queued") == 0;

        if (isfinite(state->fraction) && width >= 60)
                append_bar(line, state->fraction, style);
        if (state->items > 0)
                g_string_append_printf(line, "%u/%u" SEPARATOR, state->item, state->items);
        if (state->job)
                g_string_append_printf(line, _("job %u"), state->job);
        g_string_append_printf(line, "%s%s", state->job ? ": " : "", render_word(state->phase));
        if (queued && state->queue_position > 0) {
                g_string_append(line, ", ");
                g_string_append_printf(line, _("number %u in the queue"), state->queue_position);
        }
        if (state->waits_for_host) {
                g_string_append(line, ", ");
                g_string_append(line, _("another measurement keeps this machine busy"));
        }
        if (!queued && state->step > 0)
                g_string_append_printf(line, " %u/%u", state->step, state->steps);
        if (isfinite(state->median_j)) {
                Scale scale = scale_energy(state->median_j, 0, style->ascii);
                g_autofree char *median = scale_format(&scale, state->median_j);

                g_string_append(line, SEPARATOR);
                g_string_append_printf(line, _("median %s"), median);
                if (state->simulated)
                        g_string_append_printf(line, " %s", _("(modelled)"));
        }
        if (state->time_left_usec > 0 && state->time_left_usec != UINT64_MAX) {
                g_autofree char *left = format_span(state->time_left_usec);

                g_string_append(line, SEPARATOR);
                g_string_append_printf(line, _("%s left"), left);
        }
        return text_ellipsize(line->str, width, style->ascii);
}

static void append_number(GString *json, const char *name, double value) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        if (isfinite(value))
                g_string_append_printf(json, ",\"%s\":%s", name, g_ascii_formatd(text, sizeof(text), "%.9g", value));
}

char *progress_json(const ProgressState *state) {
        GString *json = g_string_new("{\"phase\":");

        json_append_string(json, state->phase);
        g_string_append_printf(json, ",\"job\":%u,\"step\":%u,\"steps\":%u", state->job, state->step, state->steps);
        if (state->items > 0)
                g_string_append_printf(json, ",\"item\":%u,\"items\":%u", state->item, state->items);
        append_number(json, "fraction", state->fraction);
        append_number(json, "median_j", state->median_j);
        if (isfinite(state->median_j))
                g_string_append_printf(json, ",\"simulated\":%s", state->simulated ? "true" : "false");
        if (state->queue_position > 0)
                g_string_append_printf(json, ",\"queue_position\":%u", state->queue_position);
        if (state->waits_for_host)
                g_string_append(json, ",\"waits_for\":\"host\"");
        if (state->time_left_usec != UINT64_MAX)
                append_number(json, "time_left_s", (double) state->time_left_usec / 1e6);
        g_string_append_c(json, '}');
        return g_string_free(json, FALSE);
}

Progress *progress_new(const Arguments *arguments) {
        const char *term = getenv("TERM");
        Progress *progress = g_new0(Progress, 1);

        progress->mode = arguments->progress;
        progress->quiet = arguments->quiet && arguments->progress != PROGRESS_JSON;
        progress->live = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
        progress->style = (Style){ .ascii = arguments->style.ascii };
        return progress;
}

static size_t terminal_width(void) {
        struct winsize size = {};

        return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) >= 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* Lines that stay: none is repeated. */
static void show_once(Progress *progress, char *line) {
        if (g_strcmp0(progress->last, line) != 0)
                fprintf(stderr, "%s\n", line);
        g_free(progress->last);
        progress->last = line;
}

bool progress_plain_due(const char *last, uint64_t last_usec, const char *about, uint64_t now_usec) {
        return g_strcmp0(last, about) != 0 || now_usec - last_usec >= PLAIN_PERIOD_USEC;
}

/* A log shows each phase, and of a long one now and then where it stands and how long it will last. */
static void show_plain(Progress *progress, const ProgressState *state) {
        g_autofree char *about = g_strdup_printf("%u %s %d %d", state->job, state->phase, state->waits_for_host,
                                                 state->queue_position > 0);
        const uint64_t now_usec = now_monotonic_usec();
        ProgressState barless = *state;
        g_autofree char *line = NULL;

        if (!progress_plain_due(progress->last, progress->last_usec, about, now_usec))
                return;
        barless.fraction = NAN;
        line = progress_line(&barless, SIZE_MAX, &progress->style);
        fprintf(stderr, "%s\n", line);
        g_free(progress->last);
        progress->last = g_steal_pointer(&about);
        progress->last_usec = now_usec;
}

void progress_item(Progress *progress, uint32_t item, uint32_t items) {
        progress->item = item;
        progress->items = items;
}

void progress_show(Progress *progress, const ProgressState *of_job) {
        ProgressState copy = *of_job, *state = &copy;

        copy.item = progress->item;
        copy.items = progress->items;
        if (progress->quiet || progress->mode == PROGRESS_NONE)
                return;
        if (progress->mode == PROGRESS_JSON) {
                show_once(progress, progress_json(state));
        } else if (progress->live) {
                /* one column is left free: a full line would wrap on some terminals */
                g_autofree char *line = progress_line(state, terminal_width() - 1, &progress->style);

                fprintf(stderr, "\r%s\033[K", line);
                fflush(stderr);
                progress->shown = true;
        } else if (state->job)
                show_plain(progress, state);
}

void progress_finished(Progress *progress, uint32_t job, const char *result) {
        g_autoptr(GString) json = g_string_new(NULL);

        progress_clear(progress);
        if (progress->mode != PROGRESS_JSON)
                return;
        g_string_append_printf(json, "{\"phase\":\"finished\",\"job\":%u,\"result\":", job);
        json_append_string(json, result);
        fprintf(stderr, "%s}\n", json->str);
}

void progress_clear(Progress *progress) {
        if (progress->shown)
                fputs("\r\033[K", stderr);
        fflush(stderr);
        progress->shown = false;
}

Progress *progress_free(Progress *progress) {
        if (!progress)
                return NULL;
        progress_clear(progress);
        g_free(progress->last);
        g_free(progress);
        return NULL;
}
