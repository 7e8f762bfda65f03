/* SPDX-License-Identifier: MIT */
/* The parts of the view that need no terminal: text in cells, the edited line, the widths
 * of columns, the key table. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "core/excerpt.h"
#include "source/code_file.h"
#include "tui/keys.h"
#include "tui/prompt.h"
#include "tui/state.h"
#include "tui/table.h"
#include "tui/terminal.h"
#include "tui/text.h"
#include "tui/tui.h"

static struct text_run run;

/* The result of text_fit() for a text, in UTF-8. */
static const char *fit(const char *text, int width, bool ascii)
{
	static char out[8192];

	text_fit(&run, text, width, ascii);
	run.chars[run.count] = L'\0';
	assert_true(wcstombs(out, run.chars, sizeof(out)) != (size_t)-1);
	return out;
}

static void test_fit(void **unused)
{
	(void)unused;
	assert_string_equal(fit("mutex", 5, false), "mutex");
	assert_int_equal(run.cells, 5);
	assert_false(run.cut);
	assert_string_equal(fit("mutexes", 5, false), "mute\u2026");
	assert_int_equal(run.cells, 5);
	assert_true(run.cut);
	assert_string_equal(fit("mutexes", 5, true), "mute~");
	assert_string_equal(fit("x", 0, false), "");
	assert_string_equal(fit("", 5, false), "");
	assert_string_equal(fit("ab", 1, false), "\u2026");
}

static void test_fit_wide(void **unused)
{
	(void)unused;
	assert_string_equal(fit("\u65e5\u672c", 4, false), "\u65e5\u672c");
	assert_int_equal(run.cells, 4);
	/* The second character does not fit, so the ellipsis takes its place. */
	assert_string_equal(fit("\u65e5\u672c", 3, false), "\u65e5\u2026");
	assert_int_equal(run.cells, 3);
	assert_string_equal(fit("\u65e5\u672c", 2, false), "\u2026");
	assert_string_equal(fit("e\u0301x", 2, false), "e\u0301x");
	assert_int_equal(run.cells, 2);
	assert_string_equal(fit("\u00e4", 8, true), "\\xc3\\xa4");
}

static void test_fit_end(void **unused)
{
	(void)unused;
	text_fit_end(&run, "leaky-server.c:66", 8, false);
	assert_int_equal(run.cells, 8);
	assert_true(wmemcmp(run.chars, L"\u2026er.c:66", 8) == 0);
	text_fit_end(&run, "a.c:1", 8, false);
	assert_int_equal(run.cells, 5);
	assert_false(run.cut);
	text_fit_end(&run, "\u65e5\u672c\u8a9e", 6, true); /* escaped: cut all the same */
	assert_int_equal(run.cells, 5);
}

static void test_hostile_bytes(void **unused)
{
	(void)unused;
	assert_string_equal(fit("a\033[31mb", 20, false), "a\\x1b[31mb");
	assert_string_equal(fit("a\nb\tc\rd\x7f", 40, false), "a\\x0ab\\x09c\\x0dd\\x7f");
	assert_string_equal(fit("\xff\xc3", 20, false), "\\xff\\xc3");
	assert_string_equal(fit("\xc0\x80", 20, false), "\\xc0\\x80"); /* overlong */
	assert_string_equal(fit("\xed\xa0\x80", 20, false),
			    "\\xed\\xa0\\x80");                        /* surrogate */
	assert_string_equal(fit("\xc2\x9b", 20, false), "\\xc2\\x9b"); /* C1: CSI */
	assert_string_equal(fit("\u202eabc", 20, false),
			    "\\xe2\\x80\\xaeabc"); /* reorders */
	assert_string_equal(fit("\u200b", 20, false), "\\xe2\\x80\\x8b");
	assert_string_equal(fit("\u0301x", 20, false),
			    "\\xcc\\x81x"); /* mark without base */
}

/* The output never contains a control character, whatever the input is. */
static void test_every_byte_pair(void **unused)
{
	char text[3] = "";

	(void)unused;
	for (int a = 1; a < 256; a++) {
		for (int b = 1; b < 256; b++) {
			text[0] = (char)a;
			text[1] = (char)b;
			text_fit(&run, text, 8, false);
			assert_in_range(run.cells, 1, 8);
			for (size_t i = 0; i < run.count; i++)
				assert_true(
					run.chars[i] >= L' ' && run.chars[i] != 0x7f &&
					(run.chars[i] < 0x80 || run.chars[i] >= 0xa0));
		}
	}
}

static void test_marks_are_bounded(void **unused)
{
	char text[4001];
	struct text_unit unit;
	size_t used;

	(void)unused;
	strcpy(text, "a");
	for (int i = 0; i < 1000; i++)
		strcat(text, "\u0301");
	used = text_step(text, strlen(text), false, &unit);
	assert_true(used > 1 && used <= 1 + 2 * TEXT_UNIT_MAX);
	assert_true(unit.count <= 5);
	text_fit(&run, text, 512, false); /* the rest is escaped, within bounds */
	assert_true(run.cells <= 512);
}

static void test_wrap(void **unused)
{
	size_t skip;

	(void)unused;
	assert_int_equal(text_wrap("one two three", 8, false, &skip), 7);
	assert_int_equal(skip, 1);
	assert_int_equal(text_wrap("abcdefghijkl", 5, false, &skip), 5);
	assert_int_equal(skip, 0);
	assert_int_equal(text_wrap("short", 80, false, &skip), 5);
	assert_int_equal(text_wrap("\u65e5", 1, false, &skip), 3); /* at least one unit */
	assert_int_equal(text_wrap("", 10, false, &skip), 0);
}

static void test_size(void **unused)
{
	char out[TEXT_SIZE_MAX];

	(void)unused;
	assert_string_equal(text_size(-1, out), "-");
	assert_string_equal(text_size(0, out), "0B");
	assert_string_equal(text_size(999, out), "999B");
	assert_string_equal(text_size(1024, out), "1.0K");
	assert_string_equal(text_size(120 << 20, out), "120M");
	for (int shift = 0; shift < 63; shift++)
		assert_in_range(strlen(text_size((1ll << shift) - 1, out)), 2, 5);
	assert_string_equal(text_size(INT64_MAX, out), "8.0E");
}

static void type(struct prompt *prompt, const char *text)
{
	for (; *text != '\0'; text++)
		prompt_key(prompt, (unsigned char)*text);
}

static void test_prompt(void **unused)
{
	struct prompt_history history = {.count = 0};
	struct prompt prompt;

	(void)unused;
	prompt_start(&prompt, "old", &history);
	type(&prompt, " new");
	assert_string_equal(prompt.text, "old new");
	assert_int_equal(prompt_key(&prompt, 27), PROMPT_CANCELLED);
	assert_string_equal(prompt.text, "old");
	assert_int_equal(history.count, 0);

	prompt_start(&prompt, "", &history);
	type(&prompt, "a b");
	prompt_key(&prompt, 0xe4); /* one character of two bytes */
	assert_string_equal(prompt.text, "a b\u00e4");
	assert_int_equal(prompt_key(&prompt, 127), PROMPT_CHANGED);
	assert_string_equal(prompt.text, "a b");
	assert_int_equal(prompt_key(&prompt, 0x17), PROMPT_CHANGED); /* ctrl-w */
	assert_string_equal(prompt.text, "a ");
	assert_int_equal(prompt_key(&prompt, 1), PROMPT_OPEN); /* ctrl-a */
	type(&prompt, "x");
	assert_string_equal(prompt.text, "xa ");
	assert_int_equal(prompt_key(&prompt, '\r'), PROMPT_ACCEPTED);
	assert_int_equal(history.count, 1);

	prompt_start(&prompt, "", &history);
	type(&prompt, "typed");
	prompt_key(&prompt, 0x10); /* ctrl-p */
	assert_string_equal(prompt.text, "xa ");
	prompt_key(&prompt, 0x0e); /* ctrl-n */
	assert_string_equal(prompt.text, "typed");
	assert_int_equal(prompt_key(&prompt, 7), PROMPT_OPEN); /* no control characters */
	prompt_history_release(&history);
}

static void test_prompt_bounds(void **unused)
{
	struct prompt_history history = {.count = 0};
	struct prompt prompt;
	char text[32];

	(void)unused;
	prompt_start(&prompt, "", &history);
	for (int i = 0; i < 3000; i++)
		prompt_key(&prompt, i % 3 == 0 ? 0x65e5 : 'x');
	assert_true(prompt.length < sizeof(prompt.text));
	assert_int_equal(strlen(prompt.text), prompt.length);
	for (int i = 0; i < 3000; i++)
		prompt_key(&prompt, 127);
	assert_string_equal(prompt.text, "");
	for (int i = 0; i < 3 * PROMPT_HISTORY_MAX; i++) {
		snprintf(text, sizeof(text), "filter %d", i);
		prompt_history_add(&history, text);
	}
	assert_int_equal(history.count, PROMPT_HISTORY_MAX);
	prompt_history_add(&history, history.texts[5]);
	assert_int_equal(history.count, PROMPT_HISTORY_MAX);
	prompt_history_release(&history);
}

static void make_table(struct table *table)
{
	memset(table, 0, sizeof(*table));
	table->count = 4;
	table->sorted = 1;
	table->columns[0] = (struct table_column){.id = 0,
						  .title = "ID",
						  .min_width = 4,
						  .max_width = 8,
						  .pinned = true,
						  .natural = 5};
	table->columns[1] = (struct table_column){.id = 1,
						  .title = "AGE",
						  .min_width = 5,
						  .max_width = 8,
						  .priority = 1,
						  .right = true,
						  .natural = 6};
	table->columns[2] = (struct table_column){
		.id = 2, .title = "TEXT", .min_width = 8, .priority = 2, .natural = 40};
	table->columns[3] = (struct table_column){
		.id = 3, .title = "MORE", .min_width = 8, .priority = 3, .natural = 30};
}

static void test_table(void **unused)
{
	struct table table;

	(void)unused;
	for (int width = 1; width <= 300; width++) {
		int end = 0;

		make_table(&table);
		table_layout(&table, width);
		for (size_t i = 0; i < table.count; i++) {
			if (table.columns[i].width == 0)
				continue;
			assert_true(table.columns[i].x >= end);
			end = table.columns[i].x + table.columns[i].width;
		}
		assert_in_range(end, 1, width);
	}
	make_table(&table);
	table_layout(&table, 100);
	assert_int_equal(table.nr_hidden, 0);
	assert_int_equal(table.columns[2].width, 40); /* wide enough for all of it */
	assert_int_equal(table.columns[1].width, 6);
	make_table(&table);
	table_layout(&table, 30);
	assert_int_equal(table.columns[3].width, 0); /* the least important one goes */
	assert_int_equal(table.nr_hidden, 1);
	make_table(&table);
	table.scroll = 2;
	table_layout(&table, 40);
	assert_true(table.columns[0].width > 0); /* pinned */
	assert_int_equal(table.columns[1].width, 0);
	assert_true(table.columns[3].width > 0);
	assert_int_equal(table_hit(&table, table.columns[3].x)->id, 3);
	assert_null(table_hit(&table, 1000));
}

/* Column widths follow the content without jumping. */
static void test_table_settles(void **unused)
{
	struct table table;
	int64_t now_ns = 1;

	(void)unused;
	make_table(&table);
	table_settle(&table, now_ns);
	table_layout(&table, 60);
	assert_true(table.columns[2].width < 40); /* shared with the other text */

	/* A column widens at once. */
	assert_true(table_measure(&table.columns[2], 45));
	assert_int_equal(table.columns[2].natural, 45);
	/* It does not narrow in this window, */
	table_settle(&table, now_ns += CLOCK_SECOND_NS);
	table_measure(&table.columns[2], 20);
	assert_int_equal(table.columns[2].natural, 45);
	/* nor in the next one, because it was wide in this one, */
	table_settle(&table, now_ns += 3 * CLOCK_SECOND_NS);
	assert_int_equal(table.columns[2].natural, 45);
	/* but in the one after that. A column without content needs no width. */
	table_measure(&table.columns[2], 20);
	table_measure(&table.columns[0], 5);
	table_measure(&table.columns[1], 6);
	table_measure(&table.columns[3], 0);
	table_settle(&table, now_ns += 3 * CLOCK_SECOND_NS);
	assert_int_equal(table.columns[2].natural, 20);
	assert_int_equal(table.columns[3].natural, 0);
	table_layout(&table, 60);
	assert_int_equal(table.columns[3].width, 4);  /* its title */
	assert_int_equal(table.columns[2].width, 20); /* all of it, and no more */
	/* A difference of a few cells does not narrow it. */
	table_measure(&table.columns[2], 18);
	table_settle(&table, now_ns += 3 * CLOCK_SECOND_NS);
	assert_int_equal(table.columns[2].natural, 20);
}

/* Remaining width goes to columns whose content is wider than their maximum. */
static void test_table_beyond(void **unused)
{
	struct table table;

	(void)unused;
	make_table(&table);
	table.columns[2].max_width = 10;
	table.columns[3].natural = 0;
	table_layout(&table, 40);
	assert_true(table.columns[2].width > 10);
	assert_int_equal(table.columns[3].width, 4);
	make_table(&table);
	table.columns[2].max_width = 10;
	table_layout(&table, 4 + 1 + 6 + 1 + 10 + 1 + 30 + 2);
	assert_in_range(table.columns[2].width, 10, 12);
	assert_true(table.columns[3].width >= 30);
}

static void test_keys(void **unused)
{
	(void)unused;
	for (size_t a = 0; a < key_count; a++) {
		assert_true(key_table[a].help[0] != '\0' &&
			    key_table[a].label[0] != '\0');
		assert_string_equal(tui_key_help(a).keys, key_table[a].label);
		for (size_t k = 0; k < key_table[a].nr_codes; k++)
			for (unsigned view = 1; view <= IN_HELP; view <<= 1)
				if (key_table[a].views & view)
					assert_int_equal(
						key_action(key_table[a].codes[k], view),
						key_table[a].action);
	}
	assert_null(tui_key_help(key_count).keys);
	assert_int_equal(key_action('q', IN_TASKS), ACTION_QUIT);
	assert_int_equal(key_action('e', IN_HELP), ACTION_NONE);
	assert_int_equal(key_action('n', IN_SEARCH), ACTION_NEXT_FOUND);
	assert_int_equal(key_action('q', IN_SEARCH), ACTION_NONE);
	assert_int_equal(key_action(-1, IN_TASKS), ACTION_NONE);
}

static void test_excerpt(void **unused)
{
	char path[] = "/tmp/grmon-excerpt-XXXXXX";
	static struct excerpt excerpt;
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	(void)unused;
	assert_non_null(file);
	for (int i = 1; i <= 20; i++)
		fprintf(file, "\tline %d\n", i);
	fclose(file);
	excerpt_load(&excerpt, code_file_read, 0, path, 10);
	assert_int_equal(excerpt.first, 7);
	assert_int_equal(excerpt.count, EXCERPT_LINES_MAX);
	assert_string_equal(excerpt.lines[3], "        line 10");
	excerpt_load(&excerpt, code_file_read, 0, path, 1);
	assert_int_equal(excerpt.first, 1);
	excerpt_load(&excerpt, code_file_read, 0, path,
		     1000); /* another version of the file */
	assert_int_equal(excerpt.count, 0);
	remove(path);
	excerpt_load(&excerpt, code_file_read, 0, "/dev/zero", 1);
	assert_int_equal(excerpt.count, 0);
	excerpt_load(&excerpt, code_file_read, 0, "/proc/self/environ", 1);
	assert_int_equal(excerpt.count, 0);
	excerpt_load(&excerpt, code_file_read, getpid(), "/proc/self/status", 1);
	assert_int_equal(excerpt.count, 0);
	excerpt_load(&excerpt, code_file_read, 0, "/", 1);
	assert_int_equal(excerpt.count, 0);
	excerpt_load(&excerpt, code_file_read, 0, "/no/such/file.c", 1);
	assert_int_equal(excerpt.count, 0);
}

#define MS CLOCK_MS_NS

/* When the next frame is due, in ms after the snapshot, if these ages are shown. */
static int64_t next_frame(int64_t clock_ms, const int64_t *ages_ms, size_t count)
{
	struct tui t = {.taken_ns = 5000 * MS, .wake_ns = INT64_MAX};

	t.clock_ns = t.now_ns = t.taken_ns + clock_ms * MS;
	for (size_t i = 0; i < count; i++)
		tui_shows_age(&t, ages_ms[i] * MS);
	return t.wake_ns == INT64_MAX ? -1 : (t.wake_ns - t.taken_ns) / MS;
}

static void test_frames(void **unused)
{
	static const int64_t ages[] = {7, 320, 9990, 61001, 61500, 75999, -1};
	static const int64_t hours[] = {3600000 + 30300, 7200000 + 30900};
	static const int64_t unknown = -1;

	(void)unused;
	/* Whatever the phases of ages, there is one frame a second, and a sample that
	 * comes each second is drawn first. */
	assert_int_equal(next_frame(0, ages, 7), 1250);
	assert_int_equal(next_frame(200, ages, 7), 1250);
	assert_int_equal(next_frame(1249, ages, 7), 1250);
	assert_int_equal(next_frame(1250, ages, 7), 2250);
	assert_int_equal(next_frame(7300, ages, 7), 8250);
	/* Minutes change after 29.1 and 29.7 s. */
	assert_int_equal(next_frame(0, hours, 2), 29250);
	assert_int_equal(next_frame(0, hours, 1), 30250);
	assert_int_equal(next_frame(0, &unknown, 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_fit_wide),
		cmocka_unit_test(test_fit_end),
		cmocka_unit_test(test_hostile_bytes),
		cmocka_unit_test(test_every_byte_pair),
		cmocka_unit_test(test_marks_are_bounded),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_prompt_bounds),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_settles),
		cmocka_unit_test(test_table_beyond),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_excerpt),
		cmocka_unit_test(test_frames),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
