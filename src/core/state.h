/* SPDX-License-Identifier: MIT */
/* States and classes of tasks; everything about them is in core/state.def. */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/suggest.h"

enum task_class {
	CLASS_CHANNEL,
	CLASS_LOCK,
	CLASS_IO,
	CLASS_TIMER,
	CLASS_PROCESS,
	CLASS_RUN,
	CLASS_OTHER,
	CLASS_COUNT,
};

enum task_state {
#define STATE(number, id, class_, name, idle, help) STATE_##id = (number),
#include "core/state.def"
#undef STATE
	STATE_COUNT,
};

struct state_info {
	const char *name; /* "chan-send" */
	const char *help;
	enum task_class class;
	bool idle;
};

extern const struct state_info state_table[STATE_COUNT];

/* Out-of-range states give those of STATE_UNKNOWN. Static storage. Inline: every rule asks
 * for every task of every look. */
static inline const struct state_info *state_info(enum task_state state)
{
	return &state_table[(unsigned int)state < STATE_COUNT ? state : STATE_UNKNOWN];
}

const char *state_class_name(enum task_class class); /* "channel" … "other" */
/* A blocking state can be stuck: not of class run or other, and not stopped. */
static inline bool state_blocks(enum task_state state)
{
	enum task_class class = state_info(state)->class;

	return class != CLASS_RUN && class != CLASS_OTHER && state != STATE_STOPPED;
}

/* -1 if there is no such name. */
int state_by_name(const char *name, size_t bytes);
int state_class_by_name(const char *name, size_t bytes);
/* The names of all states and classes. */
void state_suggest(struct suggest *suggest);

#endif
