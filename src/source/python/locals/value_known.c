/* SPDX-License-Identifier: MIT */
/* Types of the interpreter and of its standard library whose objects say what they are in
 * fields of C. These have been where they are since 3.8. */
#include "source/python/locals/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "source/python/lock.h"

#define FLAG_HEAP_TYPE  (1u << 9)
#define FLAG_TYPE       (1u << 31)
#define TYPE_BASE       256u
#define BASES_MAX       8u
#define INT_TAG         16u
#define DIGIT_BITS      30u
#define FLOAT_VALUE     16u
#define FUNCTION_IN_C   16u /* of a builtin: where its name is */
#define METHOD_FUNCTION 16u
#define MODULE_DICT     16u
#define SOCKET_FD       16u
#define TIME_DATA       25u
#define TIME_BYTES      10u
#define DURATION_DATA   24u
#define FLOAT_DIGITS    17
#define FLOAT_SIZE      40u
#define ATTRIBUTES_SEEN 8u
#define ENTRIES_MOST    64u
#define NAME_BYTES      128u

typedef bool (*print_known)(struct python_values *values,
			    const struct python_object_at *at, struct oneline *text);

/* A number with more bits than we count with. */
static bool print_int(struct python_values *values, const struct python_object_at *at,
		      struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	int64_t value;
	uint64_t tag;

	if (python_int(reader, at->address, &value)) {
		oneline_printf(text, "%" PRId64, value);
		return true;
	}
	if (!python_word(reader, at->address + INT_TAG, &tag))
		return false;
	if (reader->layout.minor >= 12)
		tag >>= 3;
	else if ((int64_t)tag < 0)
		tag = 0 - tag;
	oneline_printf(text, "<int of up to %" PRIu64 " bits>", tag * DIGIT_BITS);
	return true;
}

static bool print_bool(struct python_values *values, const struct python_object_at *at,
		       struct oneline *text)
{
	int64_t value;

	if (!python_int(&values->python->reader, at->address, &value))
		return false;
	oneline_put(text, value ? "True" : "False");
	return true;
}

static bool print_none(struct python_values *values, const struct python_object_at *at,
		       struct oneline *text)
{
	(void)values;
	oneline_put(text, at->name[0] == 'N' ? "None" : "Ellipsis");
	return true;
}

/* With as many digits as tell it from all others, and with a point. */
static bool print_float(struct python_values *values, const struct python_object_at *at,
			struct oneline *text)
{
	char out[FLOAT_SIZE];
	double value;

	if (!memory_read(&values->python->reader.mem, at->address + FLOAT_VALUE, &value,
			 sizeof(value)))
		return false;
	if (isnan(value) || isinf(value)) {
		oneline_put(text, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
		return true;
	}
	for (int digits = 1; digits <= FLOAT_DIGITS; digits++) {
		snprintf(out, sizeof(out), "%.*g", digits, value);
		if (strtod(out, NULL) == value)
			break;
	}
	if (fabs(value) >= 1 && fabs(value) < 1e16 && strchr(out, 'e'))
		snprintf(out, sizeof(out), "%.0f", value);
	oneline_put(text, out);
	if (!strpbrk(out, ".e"))
		oneline_put(text, ".0");
	return true;
}

static void put_quoted_name(struct oneline *text, const char *what, const char *name)
{
	oneline_printf(text, "<%s%s", what, *name ? " " : "");
	oneline_clean(text, name, strlen(name));
	oneline_put(text, ">");
}

static const char *function_of_code(struct python_values *values, uint64_t address)
{
	struct python *python = values->python;
	struct python_code *code =
		python_codes_get(&python->codes, &python->reader, address);

	return code ? code->function : "";
}

static bool print_function(struct python_values *values,
			   const struct python_object_at *at, struct oneline *text)
{
	put_quoted_name(
		text, "function",
		function_of_code(values, python_function_code(&values->python->reader,
							      at->address)));
	return true;
}

static bool print_method(struct python_values *values, const struct python_object_at *at,
			 struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	uint64_t function;

	if (!python_word(reader, at->address + METHOD_FUNCTION, &function))
		return false;
	put_quoted_name(text, "method",
			function_of_code(values, python_function_code(reader, function)));
	return true;
}

static bool print_builtin(struct python_values *values, const struct python_object_at *at,
			  struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	char name[NAME_BYTES];
	uint64_t word;
	size_t got = 0;

	if (python_word(reader, at->address + FUNCTION_IN_C, &word) &&
	    python_word(reader, word, &word))
		got = memory_read_some(&reader->mem, word, name, sizeof(name) - 1);
	name[got] = '\0';
	put_quoted_name(text, "built-in", name);
	return true;
}

/* The code of a generator or coroutine is in its frame. */
static bool print_coroutine(struct python_values *values,
			    const struct python_object_at *at, struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	const struct python_layout *layout = &reader->layout;
	uint64_t frame = at->address + (uint64_t)layout->generator_frame, code;

	if (layout->minor <= 10 && !python_word(reader, frame, &frame))
		return false;
	if (!python_word(reader, frame + (uint64_t)layout->frame_code, &code))
		code = 0;
	if (layout->minor >= 14)
		code &= ~3ull;
	put_quoted_name(text, at->name, function_of_code(values, code));
	return true;
}

static bool print_module(struct python_values *values, const struct python_object_at *at,
			 struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	char name[NAME_BYTES] = "";
	struct python_dict dict;
	uint64_t word, key, value;

	if (!python_word(reader, at->address + MODULE_DICT, &word) ||
	    !python_dict_open(reader, word, &dict))
		return false;
	dict.left = dict.left < ENTRIES_MOST ? dict.left : ENTRIES_MOST;
	for (unsigned i = 0; i < ATTRIBUTES_SEEN && !name[0] &&
			     python_dict_next(reader, &dict, &key, &value);
	     i++)
		if (python_text_equals(reader, key, "__name__"))
			python_text(reader, value, name, sizeof(name));
	put_quoted_name(text, "module", name);
	return true;
}

static bool print_type(struct python_values *values, const struct python_object_at *at,
		       struct oneline *text)
{
	char name[PYTHON_NAME_MAX];

	python_type_name(&values->python->reader, at->address, name);
	put_quoted_name(text, "class", name);
	return true;
}

/* The address is that which the column WAITS ON has. */
static bool print_lock(struct python_values *values, const struct python_object_at *at,
		       struct oneline *text)
{
	struct python_lock lock;

	if (!python_lock_read(values->python, at->address, &lock))
		return false;
	oneline_printf(text, "<%s 0x%" PRIx64 ", %s",
		       lock.kind == PYTHON_RLOCK ? "rlock" : "lock", at->address,
		       lock.free     ? "free"
		       : lock.holder ? "held by "
				     : "held");
	if (!lock.free && lock.holder)
		oneline_printf(text, "t%d", (int)lock.holder);
	oneline_put(text, ">");
	return true;
}

static bool print_time(struct python_values *values, const struct python_object_at *at,
		       struct oneline *text)
{
	uint8_t data[TIME_BYTES] = {0};
	bool date = strcmp(at->name, "datetime.date") == 0;
	unsigned micros;

	if (!memory_read(&values->python->reader.mem, at->address + TIME_DATA, data,
			 date ? 4 : sizeof(data)))
		return false;
	micros = (unsigned)data[7] << 16 | (unsigned)data[8] << 8 | data[9];
	oneline_printf(text, "<%s %04u-%02u-%02u", date ? "date" : "datetime",
		       (unsigned)data[0] << 8 | data[1], data[2], data[3]);
	if (!date)
		oneline_printf(text, " %02u:%02u:%02u", data[4], data[5], data[6]);
	if (micros)
		oneline_printf(text, ".%06u", micros);
	oneline_put(text, ">");
	return true;
}

static bool print_duration(struct python_values *values,
			   const struct python_object_at *at, struct oneline *text)
{
	int32_t data[3];

	if (!memory_read(&values->python->reader.mem, at->address + DURATION_DATA, data,
			 sizeof(data)))
		return false;
	oneline_printf(text, "<timedelta %d days, %d.%06d s>", (int)data[0], (int)data[1],
		       (int)data[2]);
	return true;
}

static bool print_task(struct python_values *values, const struct python_object_at *at,
		       struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	char name[NAME_BYTES] = "";
	uint64_t word;
	int64_t number;

	if (!python_word(reader, at->address + (uint64_t)reader->layout.task_name, &word))
		return false;
	/* From 3.12 on the number stands for the name that asyncio gives. */
	if (python_int(reader, word, &number))
		snprintf(name, sizeof(name), "Task-%" PRId64, number);
	else
		python_text(reader, word, name, sizeof(name));
	put_quoted_name(text, "Task", name);
	return true;
}

static const struct {
	const char *name;
	print_known print;
	bool of_c; /* a class of a program may have this name too */
} known[] = {
	{"NoneType", print_none, true},
	{"ellipsis", print_none, true},
	{"float", print_float, true},
	{"function", print_function, true},
	{"method", print_method, true},
	{"builtin_function_or_method", print_builtin, true},
	{"coroutine", print_coroutine, true},
	{"generator", print_coroutine, true},
	{"async_generator", print_coroutine, true},
	{"module", print_module, true},
	{"_thread.lock", print_lock, false},
	{"_thread.RLock", print_lock, false},
	{"datetime.datetime", print_time, false},
	{"datetime.date", print_time, false},
	{"datetime.timedelta", print_duration, false},
	{"_asyncio.Task", print_task, false},
};

/* Sockets of Python's own class are derived from that in C. */
static bool print_socket(struct python_values *values, const struct python_object_at *at,
			 struct oneline *text)
{
	struct python *python = values->python;
	char name[PYTHON_NAME_MAX];
	uint64_t type = at->type;
	int32_t fd;
	bool is = false;

	for (unsigned i = 0; i < BASES_MAX && type && !is; i++) {
		is = python_type_name(&python->reader, type, name) &&
		     strcmp(name, "_socket.socket") == 0;
		python_word(&python->reader, type + TYPE_BASE, &type);
	}
	if (!is ||
	    !memory_read(&python->reader.mem, at->address + SOCKET_FD, &fd, sizeof(fd)))
		return false;
	oneline_put(text, "<");
	oneline_clean(text, at->name, strlen(at->name));
	if (fd >= 0) {
		const char *what = kernel_fd_name(python->kernel, fd);

		oneline_printf(text, " fd %d ", (int)fd);
		oneline_clean(text, what, strlen(what));
		oneline_put(text, ">");
	} else {
		oneline_put(text, ", closed>");
	}
	return true;
}

bool python_value_known(struct python_values *values, const struct python_object_at *at,
			struct oneline *text)
{
	struct python_reader *reader = &values->python->reader;
	bool heap = at->flags & FLAG_HEAP_TYPE;

	if (python_is_type(reader, at->type, PYTHON_INT))
		return print_int(values, at, text);
	if (python_is_type(reader, at->type, PYTHON_BOOL))
		return print_bool(values, at, text);
	/* A class, of whatever metaclass. */
	if (at->flags & FLAG_TYPE)
		return print_type(values, at, text);
	for (size_t i = 0; i < ARRAY_COUNT(known); i++)
		if (strcmp(at->name, known[i].name) == 0 && !(known[i].of_c && heap))
			return known[i].print(values, at, text);
	return heap && at->depth == 0 && print_socket(values, at, text);
}
