/* SPDX-License-Identifier: MIT */
/*
 * Sequences have the form that ECMA-48 gives them, so the end of an unknown one is known
 * too. A sequence that does not go on in time is dropped; Esc alone is then the key.
 * Names of terminfo come first, then what xterm, the Linux console, PuTTY, rxvt, tmux and
 * kitty send.
 */
#include "tui/input.h"

#include <string.h>

#define NCURSES_NOMACROS
#include <curses.h>

#include "base/array.h"
#include "base/clock.h"

#define K(code)      TERMINAL_KEY(code)

/* The rest of a sequence may be late, over ssh or on a busy machine. */
#define SEQUENCE_NS  (100 * CLOCK_MS_NS)
#define STRING_NS    (3 * SEQUENCE_NS)
#define PASTE_NS     (2 * CLOCK_SECOND_NS) /* a long one comes in parts */
#define SEQUENCE_MAX 64                    /* a longer one is unknown */
#define NUMBERS_MAX  4

enum {
	ESC = 0x1b,
	BEL = 0x07,
	CANCEL = 0x18,
	SUBSTITUTE = 0x1a,
	DEL = 0x7f,
};

enum { RELEASED = 3 }; /* the button, in the oldest form */

/* Modifiers, as xterm and kitty count them. */
enum { SHIFT = 1, ALT = 2, CONTROL = 4, LOCKS = 64 | 128 };

enum took { TOOK_EVENT, TOOK_NOTHING, WANTS_MORE };

void input_name(struct input *input, const char *bytes, int key)
{
	if (bytes[0] != ESC || bytes[1] == '\0' || input->nr_names == INPUT_NAMES_MAX)
		return;
	input->names[input->nr_names++] = (struct input_name){bytes, key};
}

uint8_t *input_room(struct input *input, size_t *room)
{
	*room = sizeof(input->bytes) - input->count;
	return input->bytes + input->count;
}

void input_added(struct input *input, size_t count, int64_t now_ns)
{
	input->count += count;
	input->last_ns = now_ns;
}

static void drop(struct input *input, size_t count)
{
	input->count -= count;
	memmove(input->bytes, input->bytes + count, input->count);
}

static enum took key_event(struct input_event *event, int key)
{
	*event = (struct input_event){.kind = INPUT_KEY, .key = key};
	return TOOK_EVENT;
}

/* Decodes the first character. Returns its bytes, or 0 if more are needed; *code is -1
 * for a byte that is no UTF-8. */
static size_t take_character(const uint8_t *bytes, size_t count, int *code)
{
	static const int least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t first = bytes[0];
	size_t size = first < 0x80           ? 1
		      : (first >> 5) == 0x06 ? 2
		      : (first >> 4) == 0x0e ? 3
		      : (first >> 3) == 0x1e ? 4
					     : 0;

	*code = size == 1 ? first : size ? first & (0xff >> (size + 1)) : -1;
	for (size_t i = 1; i < size; i++) {
		if (i == count)
			return 0;
		if ((bytes[i] & 0xc0) != 0x80) {
			*code = -1;
			return i;
		}
		*code = *code << 6 | (bytes[i] & 0x3f);
	}
	if (size && (*code < least[size] || *code > 0x10ffff || (*code >> 11) == 0x1b))
		*code = -1;
	/* Controls of eight bits are no keys. */
	if (*code >= 0x80 && *code < 0xa0)
		*code = -1;
	return size ? size : 1;
}

/* ---- Sequences ---- */

/* ESC [ private numbers intermediates final */
struct sequence {
	int numbers[NUMBERS_MAX];    /* 0 if absent */
	int alternates[NUMBERS_MAX]; /* behind the first colon */
	int nr_numbers;
	uint8_t private, intermediate, final;
};

static void read_sequence(const uint8_t *bytes, size_t size, struct sequence *out)
{
	int at = 0, part = 0;

	memset(out, 0, sizeof(*out));
	out->final = bytes[size - 1];
	for (size_t i = 0; i + 1 < size; i++) {
		int *to = part == 0   ? &out->numbers[at]
			  : part == 1 ? &out->alternates[at]
				      : NULL;

		if (bytes[i] >= '0' && bytes[i] <= '9') {
			if (to && *to < 100000000)
				*to = *to * 10 + bytes[i] - '0';
			out->nr_numbers = at + 1;
		} else if (bytes[i] == ':') {
			part++;
		} else if (bytes[i] == ';') {
			at += at + 1 < NUMBERS_MAX;
			part = 0;
		} else if (bytes[i] >= 0x3c) {
			out->private = bytes[i];
		} else {
			out->intermediate = bytes[i];
		}
	}
}

static int modifiers(const struct sequence *sequence)
{
	int number = sequence->numbers[1];

	return number > 0 ? (number - 1) & ~LOCKS : 0;
}

/* The key of `ESC [ NUMBER ~`, or -1. */
static int numbered_key(int number)
{
	static const struct {
		int number, key;
	} keys[] = {
		{1, KEY_HOME},  {2, KEY_IC},     {3, KEY_DC},     {4, KEY_END},
		{5, KEY_PPAGE}, {6, KEY_NPAGE},  {7, KEY_HOME},   {8, KEY_END},
		{11, KEY_F(1)}, {12, KEY_F(2)},  {13, KEY_F(3)},  {14, KEY_F(4)},
		{15, KEY_F(5)}, {17, KEY_F(6)},  {18, KEY_F(7)},  {19, KEY_F(8)},
		{20, KEY_F(9)}, {21, KEY_F(10)}, {23, KEY_F(11)}, {24, KEY_F(12)},
	};

	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		if (keys[i].number == number)
			return K(keys[i].key);
	return -1;
}

/* The key of `ESC [ LETTER` and `ESC O LETTER`, or -1. */
static int lettered_key(uint8_t letter)
{
	static const struct {
		uint8_t letter;
		int key;
	} keys[] = {
		{'A', KEY_UP},   {'B', KEY_DOWN}, {'C', KEY_RIGHT}, {'D', KEY_LEFT},
		{'F', KEY_END},  {'H', KEY_HOME}, {'P', KEY_F(1)},  {'Q', KEY_F(2)},
		{'R', KEY_F(3)}, {'S', KEY_F(4)}, {'Z', KEY_BTAB},
	};

	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		if (keys[i].letter == letter)
			return K(keys[i].key);
	return -1;
}

/* Keys of kitty that have no character, or -1. */
static int private_key(int code)
{
	static const int keypad[] = {
		KEY_ENTER, -1,        -1,       KEY_LEFT, KEY_RIGHT, KEY_UP, KEY_DOWN,
		KEY_PPAGE, KEY_NPAGE, KEY_HOME, KEY_END,  KEY_IC,    KEY_DC,
	};

	if (code >= 57399 && code <= 57408)
		return '0' + code - 57399;
	if (code < 57414 || code >= 57414 + (int)ARRAY_COUNT(keypad))
		return -1;
	return keypad[code - 57414] < 0 ? -1 : K(keypad[code - 57414]);
}

/* A key with a character, modifiers, the character with shift and the text it types (0 if
 * not known), as kitty and xterm's modifyOtherKeys report it. Returns -1 if such a key
 * means nothing here. */
static int described_key(int code, int mods, int shifted, int text)
{
	static const char with_shift[] = "!\"#$%&()*+:<>?@^_{|}~";

	if (code >= 57344 && code <= 63743)
		return mods == 0 ? private_key(code) : -1;
	if (code == '\t' && mods == SHIFT)
		return K(KEY_BTAB);
	if (mods == CONTROL && ((code >= 'a' && code <= 'z') || code == ' '))
		return code & 0x1f;
	if (mods & ~SHIFT || code <= 0 || code > 0x10ffff ||
	    (code >= 0x80 && code < 0xa0))
		return -1;
	if (code < ' ' || code == DEL)
		return mods == 0 && (code == '\t' || code == '\r' || code == ESC ||
				     code == DEL || code == '\b')
			       ? code
			       : -1;
	if (text > ' ' && text != DEL && text <= 0x10ffff)
		return text;
	if (mods == 0 || (code >= 'A' && code <= 'Z'))
		return code;
	if (shifted > ' ' && shifted != DEL && shifted <= 0x10ffff)
		return shifted;
	if (code >= 'a' && code <= 'z')
		return code - 'a' + 'A';
	return code < 0x80 && strchr(with_shift, code) ? code : -1;
}

/* button as xterm encodes it; y and x from 1. */
static enum took mouse_event(struct input_event *event, int button, int y, int x)
{
	*event = (struct input_event){.kind = INPUT_MOUSE, .y = y - 1, .x = x - 1};
	event->mouse = button == 0          ? MOUSE_CLICK
		       : button == 32       ? MOUSE_DRAG
		       : button == RELEASED ? MOUSE_RELEASE
		       : button == 64       ? MOUSE_WHEEL_UP
		       : button == 65       ? MOUSE_WHEEL_DOWN
					    : MOUSE_NONE;
	return event->mouse == MOUSE_NONE || y < 1 || x < 1 ? TOOK_NOTHING : TOOK_EVENT;
}

/* size is that of the bytes behind `ESC [`. */
static enum took understand(struct input *input, const uint8_t *bytes, size_t size,
			    struct input_event *event)
{
	struct sequence s;
	int key = -1;

	read_sequence(bytes, size, &s);
	if (s.intermediate || s.nr_numbers > NUMBERS_MAX)
		return TOOK_NOTHING;
	if (s.private == '<' && s.final == 'M')
		return mouse_event(event, s.numbers[0], s.numbers[2], s.numbers[1]);
	if (s.private == '<' && s.final == 'm' && s.numbers[0] == 0)
		return mouse_event(event, RELEASED, s.numbers[2], s.numbers[1]);
	if (s.private || s.alternates[1] == 3) /* a key that is released */
		return TOOK_NOTHING;
	if (s.final == '~' && s.numbers[0] == 200) {
		input->mode = INPUT_IN_PASTE;
		return TOOK_NOTHING;
	}
	if (s.final == '~' && s.numbers[0] == 27)
		key = described_key(s.numbers[2], modifiers(&s), s.numbers[2], 0);
	else if (s.final == 'u')
		key = described_key(s.numbers[0], modifiers(&s), s.alternates[0],
				    s.numbers[2]);
	else if (modifiers(&s) != 0)
		key = -1;
	else if (s.final == '~')
		key = numbered_key(s.numbers[0]);
	else if (s.numbers[0] <= 1)
		key = lettered_key(s.final);
	return key < 0 ? TOOK_NOTHING : key_event(event, key);
}

/* Bytes of the sequence that begins with `ESC [`; 0 if its end is missing. */
static size_t sequence_size(const uint8_t *bytes, size_t count)
{
	if (count > 2 && bytes[2] == '[') /* F1 to F5 of the Linux console */
		return count > 3 ? 4 : 0;
	if (count > 2 && bytes[2] == 'M') /* the oldest form of a click */
		return count > 5 ? 6 : 0;
	for (size_t i = 2; i < count; i++) {
		if (bytes[i] >= 0x40 && bytes[i] < DEL)
			return i + 1;
		if (bytes[i] < ' ' || bytes[i] >= DEL)
			return i; /* broken off: that byte begins something else */
	}
	return 0;
}

/* Returns the key that terminfo gives these bytes, or -1. */
static int named_key(const struct input *input, size_t size)
{
	for (size_t i = 0; i < input->nr_names; i++)
		if (strlen(input->names[i].bytes) == size &&
		    memcmp(input->names[i].bytes, input->bytes, size) == 0)
			return input->names[i].key;
	return -1;
}

static enum took take_sequence(struct input *input, struct input_event *event)
{
	size_t size = sequence_size(input->bytes, input->count);
	uint8_t bytes[SEQUENCE_MAX];
	int key;

	if (size == 0 && input->count <= SEQUENCE_MAX)
		return WANTS_MORE;
	if (size == 0 || size > SEQUENCE_MAX) {
		input->mode = size == 0 ? INPUT_IN_SEQUENCE : INPUT_PLAIN;
		drop(input, size ? size : input->count);
		return TOOK_NOTHING;
	}
	key = named_key(input, size);
	memcpy(bytes, input->bytes, size);
	drop(input, size);
	if (key >= 0)
		return key_event(event, key);
	if (size == 6 && bytes[2] == 'M')
		return mouse_event(event, bytes[3] - 32, bytes[5] - 32, bytes[4] - 32);
	if (size == 4 && bytes[2] == '[')
		return bytes[3] >= 'A' && bytes[3] <= 'E'
			       ? key_event(event, K(KEY_F(1 + bytes[3] - 'A')))
			       : TOOK_NOTHING;
	if (size < 3 || bytes[size - 1] < 0x40)
		return TOOK_NOTHING;
	return understand(input, bytes + 2, size - 2, event);
}

/* `ESC O` and a letter, perhaps with a number for modifiers between them. */
static enum took take_shifted(struct input *input, struct input_event *event)
{
	size_t size = 2;
	uint8_t final;
	int key;

	while (size < input->count && size < SEQUENCE_MAX &&
	       ((input->bytes[size] >= '0' && input->bytes[size] <= '9') ||
		input->bytes[size] == ';'))
		size++;
	if (size == SEQUENCE_MAX) {
		input->mode = INPUT_IN_SEQUENCE;
		drop(input, size);
		return TOOK_NOTHING;
	}
	if (size == input->count)
		return WANTS_MORE;
	final = input->bytes[size];
	if (final >= ' ' && final < DEL)
		size++;
	key = named_key(input, size);
	if (key < 0 && size == 3 && final == 'M')
		key = K(KEY_ENTER);
	if (key < 0 && size == 3 && final == 'w') /* PuTTY, like rxvt */
		key = K(KEY_END);
	if (key < 0 && size == 3)
		key = lettered_key(final);
	drop(input, size);
	return key < 0 ? TOOK_NOTHING : key_event(event, key);
}

/* Esc twice, or alt with a sequence, which means nothing here. */
static enum took take_second_escape(struct input *input, struct input_event *event)
{
	size_t size = 3;

	if (input->count < 3)
		return WANTS_MORE;
	if (input->bytes[2] != '[' && input->bytes[2] != 'O') {
		drop(input, 1);
		return key_event(event, ESC);
	}
	if (input->bytes[2] == '[')
		size = sequence_size(input->bytes + 1, input->count - 1);
	else if (input->count < 4)
		size = 0;
	if (size == 0 && input->count <= SEQUENCE_MAX)
		return WANTS_MORE;
	drop(input, size ? 1 + size : input->count);
	return TOOK_NOTHING;
}

static enum took take_escape(struct input *input, struct input_event *event)
{
	bool alone = input->escape_alone;
	size_t size;
	int key;

	input->escape_alone = input->count == 1;
	if (input->count < 2)
		return WANTS_MORE;
	switch (input->bytes[1]) {
	case '[':
		return take_sequence(input, event);
	case 'O':
		return take_shifted(input, event);
	case ESC:
		return take_second_escape(input, event);
	case 'P':
	case 'X':
	case ']':
	case '^':
	case '_':
		input->mode = INPUT_IN_STRING;
		drop(input, 2);
		return TOOK_NOTHING;
	default: /* alt with a key, or a sequence that terminfo knows */
		size = take_character(input->bytes + 1, input->count - 1, &key);
		if (size == 0)
			return WANTS_MORE;
		key = named_key(input, 1 + size);
		/* What alt is pressed with comes at once. */
		size = key < 0 && alone ? 0 : size;
		drop(input, 1 + size);
		if (size == 0)
			key = ESC;
		return key < 0 ? TOOK_NOTHING : key_event(event, key);
	}
}

/* ---- Long texts ---- */

/* The rest of an operating system command, a device control string, and the like. */
static enum took skip_string(struct input *input)
{
	for (size_t i = 0; i < input->count; i++) {
		uint8_t byte = input->bytes[i];
		bool ends = byte == BEL || byte == CANCEL || byte == SUBSTITUTE;

		if (byte == ESC && i + 1 == input->count) {
			drop(input, i);
			return WANTS_MORE;
		}
		if (ends || byte == ESC) {
			input->mode = INPUT_PLAIN;
			drop(input, ends                          ? i + 1
				    : input->bytes[i + 1] == '\\' ? i + 2
								  : i);
			return TOOK_NOTHING;
		}
	}
	drop(input, input->count);
	return WANTS_MORE;
}

static enum took skip_sequence(struct input *input)
{
	for (size_t i = 0; i < input->count; i++) {
		bool ends = input->bytes[i] >= 0x40 && input->bytes[i] < DEL;

		if (ends || input->bytes[i] < ' ' || input->bytes[i] >= DEL) {
			input->mode = INPUT_PLAIN;
			drop(input, ends ? i + 1 : i);
			return TOOK_NOTHING;
		}
	}
	drop(input, input->count);
	return WANTS_MORE;
}

static enum took take_pasted(struct input *input, struct input_event *event)
{
	static const char end[] = "\033[201~";
	size_t length = sizeof(end) - 1, size;
	int code;

	if (input->count == 0)
		return WANTS_MORE;
	if (memcmp(input->bytes, end, input->count < length ? input->count : length) ==
	    0) {
		if (input->count < length)
			return WANTS_MORE;
		input->mode = INPUT_PLAIN;
		drop(input, length);
		return TOOK_NOTHING;
	}
	size = take_character(input->bytes, input->count, &code);
	if (size == 0)
		return WANTS_MORE;
	drop(input, size);
	if (code == '\n' || code == '\r' || code == '\t')
		code = ' ';
	if (code < ' ' || code == DEL)
		return TOOK_NOTHING;
	*event = (struct input_event){.kind = INPUT_PASTED, .key = code};
	return TOOK_EVENT;
}

/* ---- The next event ---- */

static enum took take_plain(struct input *input, struct input_event *event)
{
	size_t size;
	int code;

	if (input->count == 0)
		return WANTS_MORE;
	if (input->bytes[0] == ESC)
		return take_escape(input, event);
	size = take_character(input->bytes, input->count, &code);
	if (size == 0)
		return WANTS_MORE;
	drop(input, size);
	return code < 0 ? TOOK_NOTHING : key_event(event, code);
}

int64_t input_due_ns(const struct input *input)
{
	if (input->mode != INPUT_PLAIN)
		return input->last_ns +
		       (input->mode == INPUT_IN_PASTE ? PASTE_NS : STRING_NS);
	return input->count > 0 ? input->last_ns + SEQUENCE_NS : 0;
}

/* What is missing does not come. */
static bool give_up(struct input *input, struct input_event *event)
{
	bool escape =
		input->mode == INPUT_PLAIN && input->count > 0 &&
		input->bytes[0] == ESC &&
		(input->count == 1 || (input->count == 2 && input->bytes[1] == ESC));

	input->mode = INPUT_PLAIN;
	/* Pressed twice, the second one is next. */
	input->count = escape ? input->count - 1 : 0;
	if (escape)
		key_event(event, ESC);
	return escape;
}

bool input_next(struct input *input, int64_t now_ns, struct input_event *event)
{
	for (;;) {
		enum took took = input->mode == INPUT_IN_STRING     ? skip_string(input)
				 : input->mode == INPUT_IN_SEQUENCE ? skip_sequence(input)
				 : input->mode == INPUT_IN_PASTE
					 ? take_pasted(input, event)
					 : take_plain(input, event);
		int64_t due_ns;

		if (took == TOOK_EVENT)
			return true;
		if (took == TOOK_NOTHING)
			continue;
		due_ns = input_due_ns(input);
		return due_ns != 0 && now_ns >= due_ns && give_up(input, event);
	}
}
