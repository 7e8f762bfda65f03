/* SPDX-License-Identifier: MIT */
/* The columns of the task view: one table that view, dump, --columns, --sort, the filter,
 * the help and the man page read. */
#ifndef CORE_COLUMN_H
#define CORE_COLUMN_H

#include "base/err.h"
#include "base/suggest.h"
#include "core/snapshot.h"

enum column_id {
	COLUMN_MARK, /* "!" stuck, "?" long … */
	COLUMN_ID,
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
	const char *key;   /* what --columns, --sort and the filter accept: "age" */
	const char *alias; /* a second spelling ("fn", "loc"), or NULL */
	const char *title; /* "AGE" */
	const char *help;
	enum column_type type;
	int min_width;   /* display cells */
	int max_width;   /* 0: takes what is left */
	int priority;    /* 0 stays longest when the terminal is narrow */
	bool right;      /* aligned right */
	bool descending; /* first sort direction */
};

#define COLUMN_TEXT_MAX 512
#define COLUMN_KEYS_MAX 128

const struct column *column_info(enum column_id id);
/* Key, alias or title, any case; -1 if there is none. */
int column_by_name(const char *name, size_t bytes);
/* Every spelling that column_by_name() takes. */
void column_suggest(struct suggest *suggest);
/* "mark, id, state, …", for messages; cut at size. Returns the length. */
size_t column_keys(char *out, size_t size);
/* The cell as text, without padding; the address may be inside the task or `out`. Bytes
 * from the target may be anything: the drawer escapes them. */
const char *column_format(enum column_id id, const struct task *task, int64_t now_ns,
			  char out[COLUMN_TEXT_MAX]);
/* "main.c:31", "main.c" or "": the LOCATION of one frame. */
const char *frame_format_location(const struct frame *frame, char out[COLUMN_TEXT_MAX]);
/* Numeric value for sorting and `col>value`: ns, percent, count. */
double column_number(enum column_id id, const struct task *task, int64_t now_ns);

/* "state,age,name" or "+labels,-cpu" relative to the default. */
struct column_list {
	enum column_id ids[COLUMN_COUNT];
	size_t count;
};
void column_list_default(struct column_list *list);
int column_list_parse(struct column_list *list, const char *text, struct err *e);

#endif
