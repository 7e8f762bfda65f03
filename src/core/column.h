/* SPDX-License-Identifier: MIT */
/* The columns of the task view, in one table that is used by the view, dump, --columns,
 * --sort, the filter, the help and the man page. */
#ifndef CORE_COLUMN_H
#define CORE_COLUMN_H

#include "base/err.h"
#include "base/suggest.h"
#include "core/snapshot.h"

enum column_id {
	COLUMN_MARK, /* "!" stuck, "?" long … */
	COLUMN_ID,
	COLUMN_PID,
	COLUMN_PROCESS,
	COLUMN_STATE,
	COLUMN_AGE,
	COLUMN_WAITS,
	COLUMN_NAME,
	COLUMN_FUNCTION,
	COLUMN_LOCATION,
	COLUMN_CREATED,
	COLUMN_CPU,
	COLUMN_SWITCHES,
	COLUMN_LABELS,
	COLUMN_COUNT,
};

enum column_type { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_DURATION };

struct column {
	const char *key;   /* name in --columns, --sort and the filter: "age" */
	const char *alias; /* a second spelling ("fn", "loc"), or NULL */
	const char *title; /* "AGE" */
	const char *help;
	enum column_type type;
	int min_width; /* in display cells */
	int max_width; /* in display cells; 0: takes the remaining width */
	/* columns with higher values are dropped first on a narrow terminal */
	int priority;
	bool right;      /* right-aligned */
	bool descending; /* initial sort direction */
};

#define COLUMN_TEXT_MAX 512
#define COLUMN_KEYS_MAX 128

const struct column *column_info(enum column_id id);
/* Looks up a key, alias or title, ignoring case. Returns -1 if there is none. */
int column_by_name(const char *name, size_t bytes);
/* Offers every name that column_by_name() accepts. */
void column_suggest(struct suggest *suggest);
/* Writes "mark, id, pid, …" for messages, cut to size. Returns the length. */
size_t column_keys(char *out, size_t size);
/* Returns the cell as text without padding. The pointer may refer to the task or to
 * `out`. Bytes from the target may have any value; the code that draws them must escape
 * them. */
const char *column_format(enum column_id id, const struct task *task, int64_t now_ns,
			  char out[COLUMN_TEXT_MAX]);
/* Formats the LOCATION of one frame as "main.c:31", "main.c" or "". */
const char *frame_format_location(const struct frame *frame, char out[COLUMN_TEXT_MAX]);
/* Returns the numeric value for sorting and for `col>value`, in ns, percent or as a
 * count. */
double column_number(enum column_id id, const struct task *task, int64_t now_ns);

/* A list such as "state,age,name?", or "+labels,-cpu" relative to the default. */
struct column_list {
	enum column_id ids[COLUMN_COUNT];
	size_t count;
	/* By column_id: shown by the view even if it is the same in every row. In the
	 * text such a column has no "?". */
	bool always[COLUMN_COUNT];
	/* By column_id: cells in the view, or 0 as the content needs. In the text
	 * "name:20". */
	uint8_t cells[COLUMN_COUNT];
};
#define COLUMN_LIST_TEXT_MAX 256
#define COLUMN_CELLS_MAX     200
void column_list_default(struct column_list *list);
int column_list_parse(struct column_list *list, const char *text, struct err *e);
/* Writes the list as column_list_parse() accepts it. */
void column_list_print(const struct column_list *list, char out[COLUMN_LIST_TEXT_MAX]);
/* Returns whether the column is about a target of several processes, and empty otherwise:
 * pid and process. */
bool column_is_of_processes(enum column_id id);
/* Returns whether the view shows the column whatever it contains: mark, id, state and
 * age. */
bool column_is_essential(enum column_id id);

#endif
