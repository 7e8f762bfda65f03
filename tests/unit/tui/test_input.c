/* SPDX-License-Identifier: MIT */
/* Bytes of terminals become keys, clicks and pasted text; whatever is unknown, cut or no
 * UTF-8 becomes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NCURSES_NOMACROS
#include <curses.h>

#include "base/array.h"
#include "base/clock.h"
#include "tui/input.h"

#define K(code) TERMINAL_KEY(code)

static struct input input;
static char events[4096];

/* Appends what has happened: "a", "#258" (a function key), "<a" (pasted), "@3,4", "-3,4" (dragged), ".3,4". */
static void take(int64_t now_ns)
{
	struct input_event event;
	size_t length = strlen(events);

	while (input_next(&input, now_ns, &event)) {
		char *to = events + length;
		size_t room = sizeof(events) - length;

		assert_true(room > 16);
		if (event.kind == INPUT_PASTED)
			length += (size_t)snprintf(to, room, "<%lc", (wint_t)event.key);
		else if (event.kind == INPUT_MOUSE)
			length +=
				(size_t)snprintf(to, room, "%c%d,%d",
						 "?@-.^v"[event.mouse], event.y, event.x);
		else if (event.key >= K(0))
			length += (size_t)snprintf(to, room, "#%d", event.key - K(0));
		else if (event.key < ' ' || event.key > '~')
			length += (size_t)snprintf(to, room, "(%d)", event.key);
		else
			length += (size_t)snprintf(to, room, "%c", event.key);
	}
}

static void send(const char *bytes, size_t count, int64_t now_ns)
{
	while (count > 0) {
		size_t room;
		uint8_t *to = input_room(&input, &room);
		size_t some = count < room ? count : room;

		assert_true(some > 0);
		memcpy(to, bytes, some);
		input_added(&input, some, now_ns);
		take(now_ns);
		bytes += some;
		count -= some;
	}
}

/* The bytes at once, then one by one, then nothing for long: each time these events. */
static void check_bytes(const char *bytes, size_t count, const char *expected)
{
	int64_t now_ns = 1;

	for (int one_by_one = 0; one_by_one < 2; one_by_one++) {
		input.count = 0;
		input.mode = INPUT_PLAIN;
		events[0] = '\0';
		for (size_t i = 0; i < (one_by_one ? count : 1); i++) {
			if (one_by_one)
				send(bytes + i, 1, now_ns += CLOCK_MS_NS);
			else
				send(bytes, count, now_ns);
		}
		now_ns += 10 * CLOCK_SECOND_NS;
		take(now_ns);
		assert_string_equal(events, expected);
		/* The next key is a key again. */
		send("x", 1, now_ns);
		assert_int_equal(events[strlen(events) - 1], 'x');
		assert_int_equal(strlen(events), strlen(expected) + 1);
	}
}

#define check(bytes, expected) check_bytes(bytes, sizeof(bytes) - 1, expected)

static const char *key(int code)
{
	static char text[16];

	snprintf(text, sizeof(text), "#%d", code);
	return text;
}

static void test_keys(void **unused)
{
	static const struct {
		const char *bytes;
		int key;
	} keys[] = {
		{"\033[A", KEY_UP},        {"\033OA", KEY_UP},
		{"\033[1A", KEY_UP},       {"\033[1;1B", KEY_DOWN},
		{"\033[H", KEY_HOME},      {"\033OH", KEY_HOME},
		{"\033[1~", KEY_HOME},     {"\033[7~", KEY_HOME},
		{"\033[F", KEY_END},       {"\033OF", KEY_END},
		{"\033[4~", KEY_END},      {"\033[8~", KEY_END},
		{"\033Ow", KEY_END},       {"\033[5~", KEY_PPAGE},
		{"\033[6~", KEY_NPAGE},    {"\033[3~", KEY_DC},
		{"\033OP", KEY_F(1)},      {"\033[11~", KEY_F(1)},
		{"\033[[A", KEY_F(1)},     {"\033[[E", KEY_F(5)},
		{"\033[15~", KEY_F(5)},    {"\033[P", KEY_F(1)},
		{"\033[21~", KEY_F(10)},   {"\033[24~", KEY_F(12)},
		{"\033[Z", KEY_BTAB},      {"\033OM", KEY_ENTER},
		{"\033[9;2u", KEY_BTAB},   {"\033[27;2;9~", KEY_BTAB},
		{"\033[57423u", KEY_HOME}, {"\033[57414;1u", KEY_ENTER},
		{"\033[1;129A", KEY_UP}, /* with num lock */
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		check_bytes(keys[i].bytes, strlen(keys[i].bytes), key(keys[i].key));
	check("jk", "jk");
	check("\r", "(13)");
	check("\033", "(27)");
	check("\033\033", "(27)(27)");
	check("\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82", "(228)(8364)(128578)");
}

static void test_described_keys(void **unused)
{
	(void)unused;
	check("\033[113u", "q");
	check("\033[113;1:1u", "q");
	check("\033[113;1:2u", "q");
	check("\033[113;1:3u", ""); /* released */
	check("\033[27u", "(27)");
	check("\033[13u", "(13)");
	check("\033[108;5u", "(12)");
	check("\033[27;5;108~", "(12)");
	check("\033[27;2;71~", "G");
	check("\033[27;2;63~", "?");
	check("\033[103;2u", "G");
	check("\033[103:71;2u", "G");
	check("\033[47;2;63u", "?");
	check("\033[47;2u", "");  /* depends on the keyboard */
	check("\033[113;3u", ""); /* alt */
	check("\033[113;9u", ""); /* super */
	check("\033[57441u", ""); /* shift alone */
	check("\033[57400u", "1");
	check("\033[228u", "(228)");
	check("\033[155u", "");
	check("\033[99999999999u", "");
}

static void test_nothing(void **unused)
{
	(void)unused;
	check("\033[25~", "");  /* F13 */
	check("\033[1;5A", ""); /* ctrl-up */
	check("\033[1;2P", "");
	check("\033[5;3~", "");
	check("\033[I\033[O", ""); /* focus */
	check("\033[?1;2c", "");   /* what a terminal can do */
	check("\033[12;40R", "");  /* where its cursor is */
	check("\033[200q\033[>0;1;2c\033[0 q\033[!p", "");
	check("\033O5P\033Oq\033Oj", "");
	check("\033]11;rgb:0000/1111/2222\033\\", "");
	check("\033]52;c;cXF4\a", "");
	check("\033P1$r0m\033\\", "");
	check("\033_Gi=31;OK\033\\\033^q\033\\\033Xq\033\\", "");
	check("\033[\033[A", key(KEY_UP));
	check("\033[12\033OA", key(KEY_UP));
	check("\033\033[A\033\033OA", ""); /* alt-up of rxvt */
	check("\xff\xfe\x80q\xc3q\xe2\x82q\xc0\xaf\xed\xa0\x80\xf8", "qqq");
	check("\xc2\x9b", "");
}

/* A sequence without its end. */
static void test_cut(void **unused)
{
	static const char *const cut[] = {
		"\033[",       "\033[4",       "\033[1;",    "\033O",    "\033O5",
		"\033]11;rgb", "\033P1$r",     "\033[M",     "\033[M ",  "\033[<0;3",
		"\033[[",      "\033[200",     "\033[200~",  "\xe2\x82", "\033\033[",
		"\033\033O",   "\033]11;\033", "\033[27;2;",
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_COUNT(cut); i++)
		check_bytes(cut[i], strlen(cut[i]), "");
}

static void test_alt(void **unused)
{
	(void)unused;
	events[0] = '\0';
	send("\033q\033\xc3\xa4", 5, 1);
	take(10 * CLOCK_SECOND_NS);
	assert_string_equal(events, "");
	/* Esc and a key, quickly. */
	send("\033", 1, 1);
	send("q", 1, 2);
	assert_string_equal(events, "(27)q");
}

static void test_long(void **unused)
{
	static char bytes[100000], expected[2001];

	(void)unused;
	memset(bytes, '1', sizeof(bytes));
	memcpy(bytes, "\033[", 2);
	bytes[sizeof(bytes) - 1] = '~';
	check_bytes(bytes, sizeof(bytes), "");
	memcpy(bytes, "\033]", 2);
	memcpy(bytes + sizeof(bytes) - 2, "\033\\", 2);
	check_bytes(bytes, sizeof(bytes), "");
	memcpy(bytes, "\033O", 2);
	memcpy(bytes + sizeof(bytes) - 2, "1P", 2);
	check_bytes(bytes, sizeof(bytes), "");
	/* A pasted text that is longer than the buffer. */
	memcpy(bytes, "\033[200~", 6);
	memset(bytes + 6, 'q', 1000);
	memcpy(bytes + 1006, "\033[201~", 6);
	for (size_t i = 0; i < 1000; i++)
		memcpy(expected + 2 * i, "<q", 2);
	check_bytes(bytes, 1012, expected);
}

static void test_paste(void **unused)
{
	(void)unused;
	check("\033[200~q\rq\t\n\033[201~", "<q< <q< < ");
	check("\033[200~\033[A\001\x7f\033[201~G", "<[<AG");
	check("\033[200~\033[201", "");
}

static void test_mouse(void **unused)
{
	(void)unused;
	check("\033[<0;5;3M\033[<0;5;3m", "@2,4.2,4");
	check("\033[<0;5;3M\033[<32;6;4M\033[<0;6;4m", "@2,4-3,5.3,5");
	check("\033[<64;5;3M\033[<65;5;3M", "^2,4v2,4");
	check("\033[<2;5;3M\033[<35;5;3M\033[<0;0;0M\033[<0M", "");
	check("\033[M %#", "@2,4");
	check("\033[M`%#", "^2,4");
	check("\033[M@%#", "-2,4");
	check("\033[M#%#", ".2,4");
}

static void test_terminfo(void **unused)
{
	(void)unused;
	memset(&input, 0, sizeof(input));
	input_name(&input, "\033[99^", K(KEY_HOME));
	input_name(&input, "\033A", K(KEY_UP));
	input_name(&input, "\013", K(KEY_UP)); /* a control character is itself */
	check("\033[99^", key(KEY_HOME));
	check("\033A", key(KEY_UP));
	check("\013", "(11)");
	for (int i = 0; i < 100; i++)
		input_name(&input, "\033B", K(KEY_DOWN));
	assert_int_equal(input.nr_names, INPUT_NAMES_MAX);
	memset(&input, 0, sizeof(input));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),     cmocka_unit_test(test_described_keys),
		cmocka_unit_test(test_nothing),  cmocka_unit_test(test_cut),
		cmocka_unit_test(test_alt),      cmocka_unit_test(test_long),
		cmocka_unit_test(test_paste),    cmocka_unit_test(test_mouse),
		cmocka_unit_test(test_terminfo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
