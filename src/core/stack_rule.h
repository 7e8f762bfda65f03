/* SPDX-License-Identifier: MIT */
/* A rule of the user: a function on the stack determines what a blocked thread waits
 * for. */
#ifndef CORE_STACK_RULE_H
#define CORE_STACK_RULE_H

#include <stddef.h>

#include "core/state.h"

#define STACK_RULE_NAME_MAX 128u
#define STACK_RULES_MAX     64u

struct stack_rule {
	char function[STACK_RULE_NAME_MAX]; /* '*' stands for any text */
	enum task_state state;
};

struct stack_rules {
	size_t count;
	struct stack_rule list[STACK_RULES_MAX]; /* the first match applies */
};

#endif
