/* SPDX-License-Identifier: MIT */
#pragma once

/* Columns that line up, whatever the alphabet. */

#include <glib.h>

#include "text.h"

typedef struct Table Table;

/* alignment: one letter per column, 'l' or 'r'. */
Table *table_new(const char *alignment);

/* The next cell, row by row; a row is full when every column has one. NULL is an empty cell. */
void table_cell(Table *table, Colour colour, const char *text);
void table_cellf(Table *table, Colour colour, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Lines of indent spaces and cells two spaces apart, without blanks at the end. */
void table_append(GString *out, const Table *table, const Style *style, size_t indent);

Table *table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)
