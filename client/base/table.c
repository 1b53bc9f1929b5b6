/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <stdarg.h>
#include <string.h>

#define GAP "  "

typedef struct Cell {
        Colour colour;
        char *text;
} Cell;

struct Table {
        char *alignment;
        size_t columns;
        GArray *cells; /* of Cell */
};

static void cell_clear(void *data) {
        g_free(((Cell *) data)->text);
}

Table *table_new(const char *alignment) {
        Table *table = g_new0(Table, 1);

        table->alignment = g_strdup(alignment);
        table->columns = strlen(alignment);
        table->cells = g_array_new(FALSE, FALSE, sizeof(Cell));
        g_array_set_clear_func(table->cells, cell_clear);
        return table;
}

void table_cell(Table *table, Colour colour, const char *text) {
        Cell cell = { colour, g_strdup(text ?: "") };

        g_array_append_val(table->cells, cell);
}

void table_cellf(Table *table, Colour colour, const char *format, ...) {
        Cell cell = { colour, NULL };
        va_list ap;

        va_start(ap, format);
        cell.text = g_strdup_vprintf(format, ap);
        va_end(ap);
        g_array_append_val(table->cells, cell);
}

static size_t column_width(const Table *table, size_t column) {
        size_t width = 0;

        for (size_t i = column; i < table->cells->len; i += table->columns)
                width = MAX(width, text_width(g_array_index(table->cells, Cell, i).text));
        return width;
}

static void append_row(GString *out, const Table *table, size_t first, const size_t *widths, const Style *style,
                       size_t indent) {
        size_t pending = indent;

        for (size_t i = 0; i < table->columns && first + i < table->cells->len; i++) {
                const Cell *cell = &g_array_index(table->cells, Cell, first + i);
                size_t missing = widths[i] - text_width(cell->text);
                bool right = table->alignment[i] == 'r';

                if (*cell->text) {
                        g_string_append_printf(out, "%*s", (int) (pending + (right ? missing : 0)), "");
                        text_append_coloured(out, style, cell->colour, cell->text);
                        pending = right ? 0 : missing;
                } else {
                        pending += widths[i];
                }
                pending += widths[i] ? strlen(GAP) : 0;
        }
        g_string_append_c(out, '\n');
}

void table_append(GString *out, const Table *table, const Style *style, size_t indent) {
        g_autofree size_t *widths = g_new0(size_t, table->columns);

        for (size_t i = 0; i < table->columns; i++)
                widths[i] = column_width(table, i);
        for (size_t i = 0; i < table->cells->len; i += table->columns)
                append_row(out, table, i, widths, style, indent);
}

Table *table_free(Table *table) {
        if (!table)
                return NULL;
        g_array_unref(table->cells);
        g_free(table->alignment);
        g_free(table);
        return NULL;
}
