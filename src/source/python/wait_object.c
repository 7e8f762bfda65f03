/* SPDX-License-Identifier: MIT */
/* Attributes are those that the standard library has had from 3.8 on. What cannot be read
 * is left out of the text. */
#include "source/python/wait_object.h"

#include <stdarg.h>
#include <stdio.h>

#include "source/python/wait_rules.h"

#define VARIABLES_MAX 64u
#define NAME_BYTES    128u
#define TAG_BITS      3ull
/* Up to 3.10 code objects have these tuples of names behind that of the local variables. */
#define CODE_FREE     8u
#define CODE_CELLS    16u
#define CELL_OBJECT   16u
#define NO_CELLS      11 /* from this release on, shared variables are among the local ones */

static void append(struct python_wait *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(struct python_wait *out, const char *format, ...)
{
	size_t used = strlen(out->text);
	va_list args;

	va_start(args, format);
	vsnprintf(out->text + used, sizeof(out->text) - used, format, args);
	va_end(args);
}

static bool number_of(struct python *python, uint64_t object, const char *name,
		      int64_t *value)
{
	return python_int(&python->reader,
			  python_attribute(&python->reader, object, name), value);
}

/* Returns the number of the variable of this name, or -1. */
static int find_variable(struct python *python, struct python_code *code,
			 const char *name)
{
	struct python_reader *reader = &python->reader;
	uint64_t items, item;
	ssize_t nr;

	if (code->variable == name)
		return code->variable_at;
	code->variable = name;
	code->variable_at = -1;
	nr = python_items(reader, code->local_names, &items);
	for (ssize_t i = 0; i < nr && i < (ssize_t)VARIABLES_MAX; i++)
		if (python_word(reader, items + 8 * (uint64_t)i, &item) &&
		    python_text_equals(reader, item, name)) {
			code->variable_at = (int)i;
			break;
		}
	return code->variable_at;
}

uint64_t python_frame_variable(struct python *python, const struct python_frame *frame,
			       const char *name)
{
	const struct python_layout *layout = &python->reader.layout;
	int at = find_variable(python, frame->code, name);
	uint64_t value;

	if (at < 0 || !python_word(&python->reader,
				   frame->address + (uint64_t)layout->frame_locals +
					   8 * (uint64_t)at,
				   &value))
		return 0;
	return layout->minor >= 14 ? value & ~TAG_BITS : value;
}

static uint64_t in_cell(struct python *python, uint64_t cell)
{
	char name[PYTHON_NAME_MAX];
	uint64_t value;

	return python_name_of_type(&python->reader, cell, name) &&
			       strcmp(name, "cell") == 0 &&
			       python_word(&python->reader, cell + CELL_OBJECT, &value)
		       ? value
		       : 0;
}

/* Returns the index of a name in a tuple, or -1. */
static ssize_t find_name(struct python *python, uint64_t tuple, const char *name)
{
	uint64_t items, item;
	ssize_t nr = python_items(&python->reader, tuple, &items);

	for (ssize_t i = 0; i < nr && i < (ssize_t)VARIABLES_MAX; i++)
		if (python_word(&python->reader, items + 8 * (uint64_t)i, &item) &&
		    python_text_equals(&python->reader, item, name))
			return i;
	return -1;
}

uint64_t python_frame_shared(struct python *python, const struct python_frame *frame,
			     const char *name)
{
	const struct python_layout *layout = &python->reader.layout;
	uint64_t names, cell, code = frame->code_address;
	uint32_t nr_locals;
	ssize_t at;

	if (layout->minor >= NO_CELLS)
		return in_cell(python, python_frame_variable(python, frame, name));
	if (!python_word(&python->reader,
			 code + (uint64_t)layout->code_local_names + CODE_CELLS,
			 &names) ||
	    (at = find_name(python, names, name)) < 0 ||
	    !memory_read(&python->reader.mem, code + (uint64_t)layout->code_nr_locals,
			 &nr_locals, sizeof(nr_locals)) ||
	    nr_locals > VARIABLES_MAX ||
	    !python_word(&python->reader,
			 frame->address + (uint64_t)layout->frame_locals +
				 8 * ((uint64_t)at + nr_locals),
			 &cell))
		return 0;
	return in_cell(python, cell);
}

bool python_is_function(struct python *python, uint64_t object, const char *name)
{
	struct python_reader *reader = &python->reader;
	char type[PYTHON_NAME_MAX];
	uint64_t code, text;

	return python_name_of_type(reader, object, type) &&
	       strcmp(type, "function") == 0 &&
	       (code = python_function_code(reader, object)) &&
	       python_word(reader, code + (uint64_t)reader->layout.code_name, &text) &&
	       python_text_equals(reader, text, name);
}

uint64_t python_function_outer(struct python *python, uint64_t function, const char *name)
{
	struct python_reader *reader = &python->reader;
	bool old = reader->layout.minor < NO_CELLS;
	uint64_t code = python_function_code(reader, function);
	uint64_t names, closure, items, cell;
	ssize_t nr, nr_names, at;

	if (!code ||
	    !python_word(reader,
			 code + (uint64_t)reader->layout.code_local_names +
				 (old ? CODE_FREE : 0),
			 &names) ||
	    !python_word(reader, function + (reader->layout.minor >= 10 ? 72 : 48),
			 &closure))
		return 0;
	nr = python_items(reader, closure, &items);
	nr_names = python_items(reader, names, &cell);
	at = find_name(python, names, name) - (nr_names - nr);
	return at >= 0 && at < nr && python_word(reader, items + 8 * (uint64_t)at, &cell)
		       ? in_cell(python, cell)
		       : 0;
}

bool python_length(struct python *python, uint64_t object, int64_t *length)
{
	char name[PYTHON_NAME_MAX];
	uint64_t size;

	if (!python_name_of_type(&python->reader, object, name) ||
	    (strcmp(name, "collections.deque") != 0 && strcmp(name, "list") != 0) ||
	    !python_word(&python->reader, object + 16, &size) || size > INT32_MAX)
		return false;
	*length = (int64_t)size;
	return true;
}

static void describe_queue(struct python *python, uint64_t queue, struct python_wait *out)
{
	int64_t most, length;

	append(out, "queue");
	if (number_of(python, queue, "maxsize", &most) && most > 0)
		append(out, " cap %lld", (long long)most);
	if (python_length(python, python_attribute(&python->reader, queue, "queue"),
			  &length))
		append(out, "%s len %lld", most > 0 ? "," : "", (long long)length);
}

static void describe_tasks(struct python *python, uint64_t queue, struct python_wait *out)
{
	int64_t tasks;

	append(out, "queue");
	if (number_of(python, queue, "unfinished_tasks", &tasks))
		append(out, ", %lld task%s not done", (long long)tasks,
		       tasks == 1 ? "" : "s");
}

static void describe_semaphore(struct python *python, uint64_t semaphore,
			       struct python_wait *out)
{
	int64_t value;

	append(out, "semaphore 0x%llx", (unsigned long long)semaphore);
	if (number_of(python, semaphore, "_value", &value))
		append(out, ", value %lld", (long long)value);
}

static void describe_barrier(struct python *python, uint64_t barrier,
			     struct python_wait *out)
{
	int64_t parties, count;

	append(out, "barrier 0x%llx", (unsigned long long)barrier);
	if (number_of(python, barrier, "_parties", &parties) &&
	    number_of(python, barrier, "_count", &count))
		append(out, ", %lld of %lld are there", (long long)count,
		       (long long)parties);
}

/* The name of a Thread object, and the thread that it is. */
static void describe_thread(struct python *python, uint64_t object,
			    struct python_wait *out)
{
	const struct python_thread *thread = NULL;
	char name[NAME_BYTES];
	int64_t ident;

	if (number_of(python, object, "_ident", &ident))
		thread = python_by_ident(python, (uint64_t)ident);
	append(out, "thread");
	if (python_text(&python->reader,
			python_attribute(&python->reader, object, "_name"), name,
			sizeof(name)) > 0)
		append(out, " %.64s", name);
	if (thread && thread->tid) {
		out->owner = thread->tid;
		append(out, ", t%d", (int)thread->tid);
	}
}

/* The lock of a module that is being imported: its name, and the thread that imports it. */
static void describe_import(struct python *python, uint64_t object,
			    struct python_wait *out)
{
	const struct python_thread *thread = NULL;
	char name[NAME_BYTES];
	int64_t ident;

	append(out, "import lock");
	if (python_text(&python->reader,
			python_attribute(&python->reader, object, "name"), name,
			sizeof(name)) > 0)
		append(out, " of %.64s", name);
	if (number_of(python, object, "owner", &ident))
		thread = python_by_ident(python, (uint64_t)ident);
	if (thread && thread->tid) {
		out->owner = thread->tid;
		append(out, ", held by t%d", (int)thread->tid);
	}
}

/* A future of concurrent.futures says whether its work still waits in the queue of the
 * pool. That it runs is said too early in a pool of processes. */
static void describe_future(struct python *python, uint64_t future,
			    struct python_wait *out)
{
	char state[NAME_BYTES];

	append(out, "future 0x%llx", (unsigned long long)future);
	if (python_text(&python->reader,
			python_attribute(&python->reader, future, "_state"), state,
			sizeof(state)) > 0 &&
	    strcmp(state, "PENDING") == 0)
		append(out, ", not begun");
}

/* All locks of multiprocessing are semaphores. A with statement uses a Lock as a lock; no
 * process knows which other one holds it. */
static void describe_process_lock(struct python *python, uint64_t object,
				  struct python_wait *out)
{
	bool lock = python_is_instance(python, object, "Lock", 4) ||
		    python_is_instance(python, object, "RLock", 5);

	if (lock) {
		out->state = STATE_MUTEX;
		out->kind = "mutex";
	}
	append(out, "%s between processes 0x%llx%s", lock ? "lock" : "semaphore",
	       (unsigned long long)object, lock ? ", holder unknown" : "");
}

static void describe_child(struct python *python, uint64_t object,
			   struct python_wait *out)
{
	int64_t pid;

	if (number_of(python, object, "pid", &pid) && pid > 0)
		append(out, "pid %lld", (long long)pid);
}

/* The name of the pool is part of its threads' names. */
static uint64_t describe_pool(struct python *python, const struct python_frame *frame,
			      struct python_wait *out)
{
	append(out, "queue of a thread pool");
	return python_frame_variable(python, frame, "work_queue");
}

static const struct {
	const char *kind, *text; /* text: all that is said, but for the address */
} known[] = {
	[PYTHON_OBJECT_QUEUE] = {"channel", NULL},
	[PYTHON_OBJECT_QUEUE_TASKS] = {"waitgroup", NULL},
	[PYTHON_OBJECT_CONDITION] = {"cond", "condition"},
	[PYTHON_OBJECT_EVENT] = {"cond", "event"},
	[PYTHON_OBJECT_SEMAPHORE] = {"semaphore", NULL},
	[PYTHON_OBJECT_BARRIER] = {"barrier", NULL},
	[PYTHON_OBJECT_TIMER] = {"timer", "timer"},
	[PYTHON_OBJECT_STARTED] = {"cond", "start of a thread"},
	[PYTHON_OBJECT_THREAD] = {"thread", NULL},
	[PYTHON_OBJECT_THREADS] = {"thread", NULL},
	[PYTHON_OBJECT_FUTURE] = {"waitgroup", NULL},
	[PYTHON_OBJECT_FUTURES] = {"waitgroup", "futures"},
	[PYTHON_OBJECT_POOL] = {"channel", NULL},
	[PYTHON_OBJECT_PROCESS_QUEUE] = {"channel", "queue between processes"},
	[PYTHON_OBJECT_CHILD] = {"pid", NULL},
	[PYTHON_OBJECT_IMPORT] = {"mutex", NULL},
	[PYTHON_OBJECT_PROCESS_LOCK] = {"semaphore", NULL},
};

void python_wait_describe(struct python *python, const struct python_frame *frame,
			  enum python_object object, struct python_wait *out)
{
	if (object == PYTHON_OBJECT_NONE)
		return;
	out->address = frame->first;
	out->kind = known[object].kind;
	if (object == PYTHON_OBJECT_FUTURES || object == PYTHON_OBJECT_TIMER ||
	    object == PYTHON_OBJECT_STARTED || object == PYTHON_OBJECT_PROCESS_QUEUE)
		append(out, "%s", known[object].text);
	else if (known[object].text)
		append(out, "%s 0x%llx", known[object].text,
		       (unsigned long long)out->address);
	else if (object == PYTHON_OBJECT_QUEUE)
		describe_queue(python, out->address, out);
	else if (object == PYTHON_OBJECT_QUEUE_TASKS)
		describe_tasks(python, out->address, out);
	else if (object == PYTHON_OBJECT_SEMAPHORE)
		describe_semaphore(python, out->address, out);
	else if (object == PYTHON_OBJECT_BARRIER)
		describe_barrier(python, out->address, out);
	else if (object == PYTHON_OBJECT_FUTURE)
		describe_future(python, out->address, out);
	else if (object == PYTHON_OBJECT_PROCESS_LOCK)
		describe_process_lock(python, out->address, out);
	else if (object == PYTHON_OBJECT_THREAD)
		describe_thread(python, out->address, out);
	else if (object == PYTHON_OBJECT_POOL)
		out->address = describe_pool(python, frame, out);
	else if (object == PYTHON_OBJECT_IMPORT)
		describe_import(python, out->address, out);
	else if (object == PYTHON_OBJECT_CHILD)
		describe_child(python, out->address, out);
	else
		append(out, "threads that are not daemons");
	if (!out->text[0])
		out->kind = NULL;
}
