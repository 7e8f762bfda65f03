/* SPDX-License-Identifier: MIT */
/* Derives what a thread waits for from the functions on its stack, by the table in
 * stack_rules.def and the user's own rules. */
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "source/symbols/private.h"

#define RULE_FRAMES_MAX 24u

enum rule_where {
	WHERE_LOCK,
	WHERE_OUTER,
	WHERE_NET,
	WHERE_TURNS,
	WHERE_NEAR,
	WHERE_OVER,
};

static const struct {
	const char *function;
	enum rule_where where;
	enum task_state state;
	const char *what;
} known[] = {
#define RULE(function, where, state, what) {function, WHERE_##where, STATE_##state, what},
#include "source/symbols/stack_rules.def"
#undef RULE
};

/* Comparing the first byte rejects most names quickly. Rust writes a method of a type in
 * brackets: "<std::sync::mpsc::Receiver<i32>>::recv". */
static bool rule_matches(const char *pattern, const char *function)
{
	if (function[0] == '<' && pattern[0] != '<')
		function++;
	return (pattern[0] == function[0] || pattern[0] == '*') &&
	       text_matches(function, pattern, "(@");
}

/* Returns true if all frames before index belong to libraries. */
static bool is_near(const struct stack *stack, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (frame_role(&stack->frames[i]) == FRAME_OWN)
			return false;
	return true;
}

/* Returns true if the functions that libc's waiting function calls are musl's: by their
 * names, or by the file name if musl is stripped. */
static bool is_musl(const struct stack *stack, size_t index)
{
	static const char *const beginnings[] = {"__syscall_cp", "__timedwait", "__wait",
						 "ld-musl", "libc.so+0x"};

	for (size_t i = 0; i < index; i++)
		for (size_t j = 0; j < ARRAY_COUNT(beginnings); j++)
			if (stack->frames[i].function &&
			    text_starts_with(stack->frames[i].function, beginnings[j]))
				return true;
	return false;
}

/* Returns true if the function's object is one of libc's, whose layout is known. */
static bool is_of_libc(const char *function)
{
	static const char *const beginnings[] = {"pthread_", "cnd_",     "mtx_",
						 "sem_",     "new_sem_", "thrd_"};
	const char *bare = function + strspn(function, "_");

	for (size_t i = 0; i < ARRAY_COUNT(beginnings); i++)
		if (text_starts_with(bare, beginnings[i]))
			return true;
	return false;
}

static void apply_rules(const struct stack *stack, size_t index,
			enum task_state from_call, struct stack_says *says)
{
	const char *function = stack->frames[index].function;
	bool futex = from_call == STATE_FUTEX;
	const char *bare = function + strspn(function, "_");

	for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
		enum rule_where where = known[i].where;

		if ((where == WHERE_LOCK && (!futex || says->state != STATE_UNKNOWN)) ||
		    (where == WHERE_NET && futex) || (where == WHERE_OVER && !futex) ||
		    !rule_matches(known[i].function, function) ||
		    (where == WHERE_NEAR && !is_near(stack, index)))
			continue;
		says->state = known[i].state;
		says->what = known[i].what;
		says->retries = where == WHERE_TURNS;
		says->java = known[i].state == STATE_MUTEX && says->what &&
			     strcmp(says->what, "monitor") == 0;
		says->musl = !says->what && is_of_libc(function) && is_musl(stack, index);
		says->libc = !says->musl && (text_starts_with(bare, "pthread_") ||
					     text_starts_with(bare, "cnd_"));
		if (where == WHERE_LOCK && !says->musl && is_of_libc(function))
			says->inner = says->state;
		return;
	}
}

struct stack_says symbols_stack_says(const struct symbols *symbols,
				     const struct stack *stack, enum task_state from_call)
{
	const struct stack_rules *user = symbols ? symbols->rules : NULL;
	struct stack_says says = {.state = STATE_UNKNOWN, .inner = STATE_UNKNOWN};
	bool ruled = from_call == STATE_FUTEX || from_call == STATE_POLL ||
		     from_call == STATE_IO_READ;

	for (size_t i = 0; stack && i < stack->nr_frames && i < RULE_FRAMES_MAX; i++) {
		const char *function = stack->frames[i].function;

		if (!function)
			continue;
		for (size_t r = 0; user && r < user->count; r++) {
			/* A rule of the user overrides all others. */
			if (rule_matches(user->list[r].function, function))
				return (struct stack_says){.state = user->list[r].state,
							   .libc = says.libc,
							   .inner = says.inner};
		}
		if (ruled)
			apply_rules(stack, i, from_call, &says);
	}
	return says;
}

void symbols_set_rules(struct symbols *symbols, const struct stack_rules *rules)
{
	if (symbols)
		symbols->rules = rules;
}
