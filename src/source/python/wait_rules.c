/* SPDX-License-Identifier: MIT */
/* Which functions of the standard library, and of some packages, wait for what. */
#include "source/python/wait_rules.h"

#include "base/array.h"
#include "base/hash.h"
#include "base/text.h"

#define TYPE_BASE 256u
#define BASES_MAX 8u

static const struct python_rule rules[] = {
#define WAIT(file, function, how, state, object)                                         \
	{file, function, PYTHON_BY_##how, STATE_##state, PYTHON_OBJECT_##object},
#include "source/python/wait_rules.def"
#undef WAIT
};
_Static_assert(ARRAY_COUNT(rules) <= UINT8_MAX, "python_code has their numbers");

static const char *last_part(const char *function)
{
	const char *dot = strrchr(function, '.');

	return dot ? dot + 1 : function;
}

static bool file_matches(const char *file, const char *wanted)
{
	size_t length = strlen(file), bytes = strlen(wanted);

	return text_ends_with(file, wanted) &&
	       (length == bytes || file[length - bytes - 1] == '/');
}

/* Finds the rules that may be about this function. */
static bool has_rules(struct python_code *code)
{
	if (code->rules_known)
		return code->nr_rules > 0;
	code->rules_known = true;
	code->nr_rules = 0;
	for (size_t i = 0; code->library && i < ARRAY_COUNT(rules); i++)
		if (code->nr_rules < PYTHON_RULES_OF_CODE &&
		    strcmp(last_part(code->function), last_part(rules[i].function)) ==
			    0 &&
		    file_matches(code->file, rules[i].file))
			code->rules[code->nr_rules++] = (uint8_t)i;
	return code->nr_rules > 0;
}

static bool is_class(struct python *python, uint64_t type, const char *wanted,
		     size_t length)
{
	char name[PYTHON_NAME_MAX];

	for (unsigned i = 0; i < BASES_MAX && type; i++) {
		if (!python_type_name(&python->reader, type, name))
			return false;
		if (strlen(name) == length && memcmp(name, wanted, length) == 0)
			return true;
		python_word(&python->reader, type + TYPE_BASE, &type);
	}
	return false;
}

bool python_is_instance(struct python *python, uint64_t object, const char *wanted,
			size_t length)
{
	uint64_t type = python_type_of(&python->reader, object);
	struct python_class *class =
		&python->classes[hash_mix(type, (uint64_t)(uintptr_t)wanted) %
				 PYTHON_CLASSES];

	if (class->type != type || class->wanted != wanted ||
	    class->look != python->looks) {
		*class = (struct python_class){type, wanted, python->looks, false};
		class->is = is_class(python, type, wanted, length);
	}
	return class->is;
}

/* Up to 3.10 the class is not part of a function's name, nor is the function that it is in. */
static bool is_function(struct python *python, const struct python_frame *frame,
			const char *function)
{
	const char *dot = strrchr(function, '.');

	if (python->reader.layout.minor >= 11)
		return strcmp(frame->code->function, function) == 0;
	return strcmp(frame->code->function, last_part(function)) == 0 &&
	       (!dot || dot[-1] == '>' ||
		python_is_instance(python, frame->first, function,
				   (size_t)(dot - function)));
}

bool python_is_call(struct python *python, const struct python_frame *frame,
		    const char *file, const char *function)
{
	return has_rules(frame->code) && is_function(python, frame, function) &&
	       file_matches(frame->code->file, file);
}

const struct python_rule *python_rule_find(struct python *python,
					   const struct python_frame *frame,
					   enum python_how how)
{
	if (!has_rules(frame->code))
		return NULL;
	for (size_t i = 0; i < frame->code->nr_rules; i++) {
		const struct python_rule *rule = &rules[frame->code->rules[i]];

		if ((rule->how == how ||
		     (rule->how == PYTHON_BY_ANY &&
		      (how == PYTHON_BY_LOCK || how == PYTHON_BY_CALL))) &&
		    is_function(python, frame, rule->function))
			return rule;
	}
	return NULL;
}
