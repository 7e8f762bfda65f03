/* SPDX-License-Identifier: MIT */
/* The table of states, generated from core/state.def, and lookups in it. */
#include "core/state.h"

#include <string.h>

const struct state_info state_table[STATE_COUNT] = {
#define STATE(number, id, class_, state_name, is_idle, help_text)                        \
	[STATE_##id] = {.name = (state_name),                                            \
			.help = (help_text),                                             \
			.class = CLASS_##class_,                                         \
			.idle = (is_idle) != 0},
#include "core/state.def"
#undef STATE
};

static const char *const class_names[CLASS_COUNT] = {
	[CLASS_CHANNEL] = "channel", [CLASS_LOCK] = "lock",       [CLASS_IO] = "io",
	[CLASS_TIMER] = "timer",     [CLASS_PROCESS] = "process", [CLASS_RUN] = "run",
	[CLASS_OTHER] = "other",
};

const char *state_class_name(enum task_class class)
{
	if ((unsigned int)class >= CLASS_COUNT)
		class = CLASS_OTHER;
	return class_names[class];
}

static bool name_is(const char *wanted, const char *name, size_t bytes)
{
	return strlen(wanted) == bytes && memcmp(wanted, name, bytes) == 0;
}

int state_by_name(const char *name, size_t bytes)
{
	for (int i = 0; i < STATE_COUNT; i++)
		if (name_is(state_table[i].name, name, bytes))
			return i;
	return -1;
}

int state_class_by_name(const char *name, size_t bytes)
{
	for (int i = 0; i < CLASS_COUNT; i++)
		if (name_is(class_names[i], name, bytes))
			return i;
	return -1;
}

void state_suggest(struct suggest *suggest)
{
	for (int i = 0; i < STATE_COUNT; i++)
		suggest_offer(suggest, state_table[i].name);
	for (int i = 0; i < CLASS_COUNT; i++)
		suggest_offer(suggest, class_names[i]);
}
