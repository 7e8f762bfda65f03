/* SPDX-License-Identifier: MIT */
/* The letters of a stack spare a search of it, and never hide what the search would
 * find. */
#include "unit.h"

#include <ctype.h>

#include "base/array.h"
#include "core/column.h"
#include "core/query.h"
#include "core/stack.h"

static const char *const functions[] = {
	"net/http.(*conn).serve", "main.Äpfel", "libz.so.1.3.1+0x12", "x", "ab", "", NULL,
};
static const char *const files[] = {
	"/usr/lib/go/src/net/http/server.go", "main.c", "/srv/", "", NULL,
};
static uint64_t random_state;

static uint32_t random_below(size_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 20) % limit);
}

static int set_up(void **state)
{
	random_state = 88172645463325252ull;
	*state = stack_table_new(100000);
	return 0;
}

static int tear_down(void **state)
{
	stack_table_free(*state);
	return 0;
}

static const struct stack *random_stack(struct stack_table *stacks)
{
	struct frame frames[4];
	size_t count = 1 + random_below(4);

	memset(frames, 0, sizeof(frames));
	for (size_t i = 0; i < count; i++) {
		frames[i].function = functions[random_below(ARRAY_COUNT(functions))];
		frames[i].file = files[random_below(ARRAY_COUNT(files))];
		frames[i].line = (int)random_below(3) * (int)random_below(2000);
		frames[i].address = random_below(2) * 0x7f00abcdefull;
	}
	return stack_intern(stacks, frames, count, false);
}

/* Writes a part of a text that is shown of the stack, or of another one. */
static void random_word(const struct stack *stack, char *out)
{
	static const enum column_id columns[] = {COLUMN_FUNCTION, COLUMN_LOCATION,
						 COLUMN_CREATED};
	struct task task = {.stack = stack, .created_by = stack};
	char text[COLUMN_TEXT_MAX];
	const struct frame *frame = &stack->frames[random_below(stack->nr_frames)];
	const char *from = column_format(columns[random_below(3)], &task, 0, text);
	size_t length, at, bytes;

	if (random_below(2) && frame->function)
		from = frame->function;
	else if (random_below(2))
		from = frame_format_location(frame, text);
	length = strlen(from);
	at = length ? random_below(length) : 0;
	bytes = 1 + random_below(12);
	bytes = bytes < length - at ? bytes : length - at;
	memcpy(out, from + at, bytes);
	out[bytes] = '\0';
	for (size_t i = 0; i < bytes; i++)
		if (random_below(8) == 0)
			out[i] = (char)(random_below(2) ? toupper(out[i]) : out[i] ^ 1);
}

static void nothing_is_hidden(void **state)
{
	static const char *const fields[] = {
		"", "fn:", "loc:", "stack:", "created:", "fn=", "loc=", "created="};
	size_t found = 0, spared = 0;

	for (int i = 0; i < 40000; i++) {
		const struct stack *stack = random_stack(*state);
		struct stack *open = malloc(sizeof(*open) +
					    stack->nr_frames * sizeof(open->frames[0]));
		struct task task = {.name = "", .stack = stack, .created_by = stack};
		struct task all = {.name = "", .stack = open, .created_by = open};
		char word[COLUMN_TEXT_MAX], text[COLUMN_TEXT_MAX + 16];
		struct query *query;

		memcpy(open, stack,
		       sizeof(*open) + stack->nr_frames * sizeof(open->frames[0]));
		memset(&open->letters, 0xff, sizeof(open->letters));
		random_word(random_below(3) ? stack : random_stack(*state), word);
		if (word[0] && !strpbrk(word, "\"\\")) {
			struct letters letters = {{0}};

			snprintf(text, sizeof(text), "%s\"%s\"",
				 fields[random_below(ARRAY_COUNT(fields))], word);
			query = query_new(text, NULL);
			assert_non_null(query);
			if (query_match(query, &task, 0) != query_match(query, &all, 0))
				fail_msg("%s in %s", text, stack->frames[0].function);
			found += query_match(query, &task, 0);
			letters_add(&letters, word);
			spared += !letters_have(&stack->letters, &letters);
			query_free(query);
		}
		free(open);
	}
	/* Words of both kinds have been tried. */
	assert_true(found > 5000);
	assert_true(spared > 2000);
}

static void fewer_than_three_are_none(void **state)
{
	static const struct letters none;
	struct letters letters = {{0}};

	letters_add(&letters, "");
	letters_add(&letters, "a");
	letters_add(&letters, "ab");
	assert_memory_equal(&letters, &none, sizeof(none));
	letters_add(&letters, "abc");
	assert_true(letters_have(&letters, &none));
	assert_false(letters_have(&none, &letters));
}

static void case_is_ignored(void **state)
{
	struct letters upper = {{0}}, lower = {{0}};

	letters_add(&upper, "NewProducer[X]");
	letters_add(&lower, "newproducer[x]");
	assert_memory_equal(&upper, &lower, sizeof(lower));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_hidden),
		cmocka_unit_test(fewer_than_three_are_none),
		cmocka_unit_test(case_is_ignored),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
