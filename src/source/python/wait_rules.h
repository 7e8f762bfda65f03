/* SPDX-License-Identifier: MIT */
/* The table of wait_rules.def: which function waits for what. */
#ifndef SOURCE_PYTHON_WAIT_RULES_H
#define SOURCE_PYTHON_WAIT_RULES_H

#include "source/python/wait_object.h"

enum python_how {
	PYTHON_BY_CONDITION,
	PYTHON_BY_LOCK,
	PYTHON_BY_CALL,
	PYTHON_BY_ANY,
	PYTHON_BY_TASK,
	PYTHON_BY_OUTER
};

struct python_rule {
	const char *file, *function;
	enum python_how how;
	enum task_state state;
	enum python_object object;
};

/* Returns the rule about this function and this way to wait, or NULL. */
const struct python_rule *python_rule_find(struct python *python,
					   const struct python_frame *frame,
					   enum python_how how);
/* Whether the frame is a call of this function, which must be in the table. */
bool python_is_call(struct python *python, const struct python_frame *frame,
		    const char *file, const char *function);
/* Whether the object is of a class with this name, or of one that is derived from it. wanted must be a part
 * of the table. */
bool python_is_instance(struct python *python, uint64_t object, const char *wanted,
			size_t length);

#endif
