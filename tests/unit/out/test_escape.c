/* SPDX-License-Identifier: MIT */
/* Texts are escaped eight bytes at a time where nothing is special. What one character
 * becomes does not depend on where it is; and stacks whose text is kept are written as
 * others. */
#include "unit.h"

#include "base/intern.h"
#include "core/stack.h"
#include "out/escape.h"
#include "out/json_field.h"
#include "out/json_stacks.h"

#define LENGTH 27

static void write_as(struct buf *out, const char *text, bool json)
{
	buf_clear(out);
	if (json)
		escape_json(out, text);
	else
		escape_text(out, text, 0, false);
	/* Without the quotes. */
	if (json) {
		assert_true(out->length >= 2);
		memmove(out->bytes, out->bytes + 1, out->length - 2);
		out->length -= 2;
		out->bytes[out->length] = '\0';
	}
}

static void check_byte(unsigned byte, bool json)
{
	char one[2] = {(char)byte, '\0'}, text[LENGTH + 1], expected[256];
	struct buf alone, whole;

	buf_init(&alone, 0);
	buf_init(&whole, 0);
	write_as(&alone, one, json);
	for (size_t at = 0; at < LENGTH; at++) {
		memset(text, 'a', LENGTH);
		text[LENGTH] = '\0';
		text[at] = (char)byte;
		write_as(&whole, text, json);
		snprintf(expected, sizeof(expected), "%.*s%s%s", (int)at, text,
			 alone.bytes, text + at + 1);
		assert_string_equal(whole.bytes, expected);
		if (!json)
			assert_int_equal(escape_cells(text, false),
					 LENGTH - 1 + escape_cells(one, false));
	}
	buf_release(&alone);
	buf_release(&whole);
}

static void a_byte_is_escaped_wherever_it_is(void **state)
{
	(void)state;
	for (unsigned byte = 1; byte < 256; byte++) {
		check_byte(byte, false);
		check_byte(byte, true);
	}
}

static void only_what_is_special_changes(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	for (char byte = 0x20; byte < 0x7f; byte++) {
		char text[2] = {byte, '\0'};

		write_as(&out, text, false);
		assert_string_equal(out.bytes, text);
		write_as(&out, text, true);
		if (byte == '"' || byte == '\\')
			assert_memory_equal(out.bytes, ((char[]){'\\', byte, '\0'}), 3);
		else
			assert_string_equal(out.bytes, text);
	}
	write_as(&out, "\x7f", true);
	assert_string_equal(out.bytes, "\\u007f");
	write_as(&out, "\x1f", true);
	assert_string_equal(out.bytes, "\\u001f");
	buf_release(&out);
}

static void texts_are_cut_at_any_width(void **state)
{
	static const char plain[] = "0123456789abcdefghijklmnopq";
	char expected[64];
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	for (size_t width = 1; width < sizeof(plain); width++) {
		bool cut = width < strlen(plain);

		buf_clear(&out);
		assert_int_equal(escape_text(&out, plain, width, true), width);
		snprintf(expected, sizeof(expected), "%.*s%s", (int)(width - cut), plain,
			 cut ? "~" : "");
		assert_string_equal(out.bytes, expected);
	}
	/* A character that does not fit, after many that do. */
	buf_clear(&out);
	assert_int_equal(escape_text(&out, "0123456789\t0", 12, true), 11);
	assert_string_equal(out.bytes, "0123456789~");
	buf_release(&out);
}

/* More stacks than the table has places, so that they replace each other. */
static void kept_stacks_are_written_as_others(void **state)
{
	struct intern *intern = intern_new(1 << 20);
	struct stack_table *table = stack_table_new(2000);
	struct json_stacks *stacks = json_stacks_new();
	struct frame frames[2] = {{.function = intern_text(intern, "f", 1)},
				  {.function = intern_text(intern, "main", 4)}};
	struct buf kept, plain;

	(void)state;
	assert_non_null(stacks);
	buf_init(&kept, 0);
	buf_init(&plain, 0);
	for (int turn = 0; turn < 3; turn++) {
		for (int i = 1; i <= 1000; i++) {
			const struct stack *stack;

			frames[0].line = i;
			stack = stack_intern(table, frames, 1 + i % 2, false);
			assert_non_null(stack);
			for (int again = 0; again < 2; again++) {
				json_stacks_put(stacks, &kept, stack);
				json_put_frames(&plain, stack);
			}
		}
	}
	json_stacks_put(stacks, &kept, NULL);
	json_put_frames(&plain, NULL);
	json_stacks_put(NULL, &kept, stack_intern(table, frames, 2, false));
	json_put_frames(&plain, stack_intern(table, frames, 2, false));
	assert_int_equal(kept.failed, 0);
	assert_int_equal(kept.length, plain.length);
	assert_memory_equal(kept.bytes, plain.bytes, plain.length);
	buf_release(&kept);
	buf_release(&plain);
	json_stacks_free(stacks);
	stack_table_free(table);
	intern_free(intern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_byte_is_escaped_wherever_it_is),
		cmocka_unit_test(only_what_is_special_changes),
		cmocka_unit_test(texts_are_cut_at_any_width),
		cmocka_unit_test(kept_stacks_are_written_as_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
