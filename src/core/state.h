/* SPDX-License-Identifier: MIT */
/* States and classes of tasks. All their properties are in core/state.def. */
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

/* One byte, because there may be a million tasks. */
enum __attribute__((packed)) task_state {
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

/* An out-of-range state yields the entry of STATE_UNKNOWN. The result has static storage.
 * Inline, because every rule needs it for every task of every sample. */
static inline const struct state_info *state_info(enum task_state state)
{
	return &state_table[(unsigned int)state < STATE_COUNT ? state : STATE_UNKNOWN];
}

const char *state_class_name(enum task_class class); /* "channel" … "other" */
/* Returns whether a task in this state can be stuck: its class is neither run nor other,
 * and it is not stopped. */
static inline bool state_blocks(enum task_state state)
{
	enum task_class class = state_info(state)->class;

	return class != CLASS_RUN && class != CLASS_OTHER && state != STATE_STOPPED;
}

/* Returns -1 if there is no such name. */
int state_by_name(const char *name, size_t bytes);
int state_class_by_name(const char *name, size_t bytes);
/* Offers the names of all states and classes. */
void state_suggest(struct suggest *suggest);

#endif
