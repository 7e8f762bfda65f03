/* SPDX-License-Identifier: MIT */
/* How the user sorts a table: a menu of its columns, a title that is clicked, and keys. */
#ifndef TUI_TABLE_SORT_H
#define TUI_TABLE_SORT_H

#include "tui/table.h"
#include "tui/views.h"

/* Sorts by a column, and the other way round if it is the sort column already. Calls
 * table->resort. */
void table_sort_by(struct table *table, int column);
/* Sorts or scrolls the table if the action says so. Returns false if it does not. */
bool table_act(struct tui *t, struct table *table, enum action action);

#endif
