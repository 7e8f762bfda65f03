/* SPDX-License-Identifier: MIT */
/*
 * One look at the tasks. Each is told from those of the last look by the addresses of it
 * and its coroutine, and by its name: asyncio numbers its tasks, but memory is used again.
 */
#include "source/python/asyncio_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/order.h"
#include "base/text.h"
#include "source/proc/blocks.h"

#define OB_TYPE      8u
#define LOOP         16u
#define NAME_BYTES   72u
#define NAME_MAX     256u
#define OB_SIZE      16u
#define INT_DIGITS   24u
#define INT_END      28u
#define TEXTS_BYTES  (64u << 20)
#define GIVEN_NAME   "Task-"
#define DIGITS_MAX   9u
#define NAMED_FIRST  100000u /* numbers of tasks that have a name have six digits */
#define KINDS_LOOKS  64u
#define OTHERS_MOST  4096u /* tasks of classes in Python */
/* What a look may spend, as struct memory counts: to list the tasks, and on them. */
#define LIST_SPENDS  (1u << 20)
#define LOOK_SPENDS  (1u << 18)
#define TASK_SPENDS  16u
#define BLOCKS_MOST  262144u /* 128 MiB, for 100,000 tasks */
#define PROBES_MAX   64u
#define COMPARED_MAX (16u << 20) /* frames, for tasks that run */

/* Sets what the bytes of a task say. Returns false if it is none, or has ended. */
static bool take_task(struct python *python, struct python_asyncio *asyncio,
		      const uint8_t *bytes, struct python_task *task)
{
	const struct python_layout *layout = &python->reader.layout;

	if (python_awaitable(python, asyncio, load_u64(bytes + OB_TYPE)) !=
		    PYTHON_IS_TASK ||
	    load_u32(bytes + layout->task_state) != 0)
		return false;
	task->loop = load_u64(bytes + LOOP);
	task->waiter = load_u64(bytes + layout->task_waiter);
	if (layout->task_awaited_by > 0) {
		task->awaited_by = load_u64(bytes + layout->task_awaited_by);
		task->awaited_by_set = bytes[layout->task_awaited_by_set] != 0;
	}
	task->coroutine = load_u64(bytes + layout->task_coroutine);
	task->name_object = load_u64(bytes + layout->task_name);
	return python_plausible(task->coroutine);
}

/* The same for a task of another class, which asyncio knows because it said so. */
static bool take_other(struct python *python, struct python_task *task)
{
	struct python_reader *reader = &python->reader;
	uint64_t waiter = python_attribute(reader, task->address, "_fut_waiter");

	/* It is the class that says that a task has not ended. */
	if (python_attribute(reader, task->address, "_state"))
		return false;
	task->other = true;
	task->loop = python_attribute(reader, task->address, "_loop");
	task->waiter = waiter != reader->none ? waiter : 0;
	task->coroutine = python_attribute(reader, task->address, "_coro");
	task->name_object = python_attribute(reader, task->address, "_name");
	task->awaited_by = python_attribute(reader, task->address, "_asyncio_awaited_by");
	task->awaited_by_set = true;
	return python_plausible(task->coroutine);
}

/* Of a task up to what is read of it, in any order: from 3.14 on the program says where the
 * fields are. 0 if that makes no sense. */
static size_t task_bytes(const struct python_layout *layout)
{
	const int32_t fields[] = {layout->task_state,      layout->task_waiter,
				  layout->task_coroutine,  layout->task_name,
				  layout->task_awaited_by, layout->task_awaited_by_set};
	int32_t last = LOOP;

	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		last = fields[i] > last ? fields[i] : last;
	return (uint32_t)last <= MEMORY_ITEM_MAX - 8 ? (size_t)last + 8 : 0;
}

static bool take(struct python *python, struct python_asyncio *asyncio,
		 const uint8_t *bytes, struct python_task *task)
{
	if (python_awaitable(python, asyncio, load_u64(bytes + OB_TYPE)) ==
	    PYTHON_IS_TASK)
		return take_task(python, asyncio, bytes, task);
	if (asyncio->nr_others == OTHERS_MOST) {
		asyncio->out.partial = true;
		return false;
	}
	asyncio->nr_others++;
	return take_other(python, task);
}

static void read_tasks(struct python *python, struct python_asyncio *asyncio)
{
	size_t bytes = task_bytes(&python->reader.layout), nr = asyncio->nr_found;
	struct python_tasks *out = &asyncio->out;

	out->nr = asyncio->nr_others = 0;
	if (bytes == 0 || !python_gather_reserve(python, nr) ||
	    !array_reserve(&out->list, &out->capacity, nr))
		return;
	for (size_t i = 0; i < nr; i++)
		python->items[i] =
			(struct memory_item){asyncio->found[i].task, (uint32_t)i, false};
	if (!python_gather(python, nr, bytes))
		return;
	for (size_t i = 0; i < nr; i++) {
		struct python_task task = {.address = python->items[i].address,
					   .name = "",
					   .fd = -1,
					   .owner = PYTHON_NO_TASK};
		uint32_t index = python->items[i].index;

		task.tid = asyncio->found[index].tid;
		if (python->items[i].ok &&
		    take(python, asyncio, python->bytes + index * bytes, &task))
			out->list[out->nr++] = task;
	}
}

/* Reads the tasks once more, and marks those that have gone on in the meantime. */
static void check_tasks(struct python *python, struct python_asyncio *asyncio)
{
	size_t bytes = task_bytes(&python->reader.layout);
	struct python_tasks *out = &asyncio->out;

	asyncio->nr_others = 0;
	for (size_t i = 0; i < out->nr; i++)
		python->items[i] =
			(struct memory_item){out->list[i].address, (uint32_t)i, false};
	if (out->nr == 0 || !python_gather(python, out->nr, bytes))
		return;
	for (size_t i = 0; i < out->nr; i++) {
		struct python_task *task = &out->list[python->items[i].index];
		struct python_task again = {.address = task->address};

		if (!python->items[i].ok ||
		    !take(python, asyncio,
			  python->bytes + (size_t)python->items[i].index * bytes,
			  &again) ||
		    again.waiter != task->waiter || again.coroutine != task->coroutine)
			task->moved = true;
	}
}

/* What two names have in common if they are equal, without what the interpreter changes in
 * the object, and without what is behind it. */
static uint64_t mark_of(struct python_reader *reader, const uint8_t *bytes)
{
	uint64_t type = load_u64(bytes + OB_TYPE), length = load_u64(bytes + OB_SIZE);
	size_t from = INT_DIGITS, end = INT_END;

	if (!python_is_type(reader, type, PYTHON_INT)) {
		from = (size_t)reader->layout.text_ascii;
		end = length < NAME_BYTES - from ? from + (size_t)length : NAME_BYTES;
	}
	return hash_mix(hash_bytes(type, bytes + from, end - from), length);
}

/* From 3.12 on the number stands for the name that asyncio gives. */
static const char *read_name(struct python *python, uint64_t object)
{
	char text[NAME_MAX];
	int64_t number;
	ssize_t length;

	if (python_int(&python->reader, object, &number))
		length = snprintf(text, sizeof(text), "Task-%lld", (long long)number);
	else
		length = python_text(&python->reader, object, text, sizeof(text));
	return length > 0 ? intern_text(python->codes.intern, text, (size_t)length) : "";
}

/* at: where the search begins; tasks are asked for in the order of their addresses. */
static uint32_t find_before(const struct python_asyncio *asyncio,
			    const struct python_task *task, size_t *at)
{
	const struct python_task *before;

	while (*at < asyncio->nr_before && asyncio->before[*at].address < task->address)
		++*at;
	if (*at == asyncio->nr_before)
		return PYTHON_NO_TASK;
	before = &asyncio->before[*at];
	return before->address == task->address && before->coroutine == task->coroutine &&
			       before->name_object == task->name_object &&
			       before->name_mark == task->name_mark
		       ? (uint32_t)*at
		       : PYTHON_NO_TASK;
}

static void name_tasks(struct python *python, struct python_asyncio *asyncio)
{
	struct python_tasks *out = &asyncio->out;
	size_t at = 0;

	for (size_t i = 0; i < out->nr; i++)
		python->items[i] = (struct memory_item){out->list[i].name_object,
							(uint32_t)i, false};
	if (out->nr == 0 || !python_gather(python, out->nr, NAME_BYTES))
		return;
	for (size_t i = 0; i < out->nr; i++) {
		const struct memory_item *item = &python->items[i];

		out->list[item->index].name_mark =
			item->ok ? mark_of(&python->reader,
					   python->bytes +
						   (size_t)item->index * NAME_BYTES)
				 : 0;
	}
	for (size_t i = 0; i < out->nr; i++) {
		struct python_task *task = &out->list[i];
		const struct python_task *before;

		task->before = find_before(asyncio, task, &at);
		before = python_task_before(asyncio, task);
		task->id = before && before->id >= asyncio->first ? before->id : 0;
		task->serial = hash_mix(task->address, task->name_mark) >> 1 | 1;
		task->name = before ? before->name : read_name(python, task->name_object);
	}
}

/* The number that asyncio has given it, unless it has a name of its own. */
static uint64_t wanted_id(const struct python_task *task)
{
	const char *digits = task->name + sizeof(GIVEN_NAME) - 1;

	if (text_starts_with(task->name, GIVEN_NAME) && *digits >= '1' &&
	    strspn(digits, "0123456789") == strlen(digits) &&
	    strlen(digits) <= DIGITS_MAX)
		return strtoull(digits, NULL, 10);
	return NAMED_FIRST + task->serial % (9 * NAMED_FIRST);
}

struct numbers {
	uint64_t *taken; /* 0: free */
	size_t mask;
	uint64_t
		spare; /* those from NAMED_FIRST on below it are taken, or have been passed */
};

/* Returns the place of an id among those that are taken, or where it can be put. */
static size_t find_taken(const struct numbers *numbers, uint64_t id)
{
	size_t at = (size_t)hash_mix(id, 0) & numbers->mask;

	while (numbers->taken[at] && numbers->taken[at] != id)
		at = (at + 1) & numbers->mask;
	return at;
}

/* Returns this number, or one close to it, or any. */
static uint64_t take_number(struct numbers *numbers, uint64_t id)
{
	size_t at = find_taken(numbers, id);

	for (unsigned i = 0; numbers->taken[at]; i++) {
		id = i < PROBES_MAX ? id + 1 : numbers->spare++;
		at = find_taken(numbers, id);
	}
	numbers->taken[at] = id;
	return id;
}

/* Numbers are the same in every dump, as far as possible, so that two can be compared. */
static void number_tasks(struct python_asyncio *asyncio)
{
	struct python_tasks *out = &asyncio->out;
	struct numbers numbers = {NULL, 15, asyncio->first + NAMED_FIRST};

	while (numbers.mask < out->nr * 2)
		numbers.mask = numbers.mask * 2 + 1;
	numbers.taken = calloc(numbers.mask + 1, sizeof(*numbers.taken));
	for (size_t i = 0; numbers.taken && i < out->nr; i++)
		if (out->list[i].id)
			numbers.taken[find_taken(&numbers, out->list[i].id)] =
				out->list[i].id;
	for (size_t i = 0; i < out->nr; i++) {
		struct python_task *task = &out->list[i];

		if (task->id)
			continue;
		task->id = asyncio->first + wanted_id(task);
		if (numbers.taken)
			task->id = take_number(&numbers, task->id);
	}
	free(numbers.taken);
}

/* What is different once a task has gone on, as far as can be told. */
static uint64_t position_of(const struct python_asyncio *asyncio,
			    const struct python_task *task)
{
	const struct python_frame *frames = asyncio->out.frames + task->first_frame;
	uint64_t mark = hash_mix(task->waiter, task->awaited);

	for (uint32_t i = 0; i < task->nr_frames; i++)
		mark = hash_mix(mark ^ frames[i].address,
				frames[i].position ^ frames[i].first);
	return mark;
}

/* The future of a new wait often lies where that of the last one has lain. Then the end of
 * the wait, or the task that it waits for, is another one. */
static uint64_t mark_of_wait(const struct python_asyncio *asyncio,
			     const struct python_task *task)
{
	uint64_t mark = hash_mix(task->position, (uint64_t)task->until_ns);

	return task->awaits && task->owner != PYTHON_NO_TASK
		       ? hash_mix(mark, asyncio->out.list[task->owner].serial)
		       : mark;
}

static void date_tasks(struct python *python, struct python_asyncio *asyncio)
{
	struct python_tasks *out = &asyncio->out;

	for (size_t i = 0; i < out->nr; i++) {
		struct python_task *task = &out->list[i];
		const struct python_task *before = python_task_before(asyncio, task);

		task->position = mark_of_wait(asyncio, task);
		if (!before)
			continue;
		task->turns = before->turns;
		task->since_ns = before->since_ns;
		task->since_exact = before->since_exact;
		task->same = before->position == task->position && !task->moved;
		if (before->position == task->position)
			continue;
		task->turns++;
		task->since_ns = python->kernel->now_ns;
		task->since_exact = true;
	}
}

void python_task_rests(struct python *python, size_t index, int64_t since_ns)
{
	struct python_task *task = &python->asyncio->out.list[index];

	if (task->since_ns && task->since_ns <= since_ns)
		return;
	task->since_ns = since_ns;
	task->since_exact = false;
}

/* Frames of a thread that runs a task, from the innermost one to the task's coroutine. No
 * more tasks run than there are threads, so more than is searched here are no such tasks. */
static void take_running(struct python *python, struct python_asyncio *asyncio,
			 struct python_task *task)
{
	struct python_tasks *out = &asyncio->out;
	uint64_t wanted = task->nr_frames ? out->frames[task->first_frame].address : 0;

	for (size_t t = 0;
	     wanted && t < python->nr_threads && asyncio->compared < COMPARED_MAX; t++) {
		const struct python_thread *thread = &python->threads[t];
		const struct python_frame *frames = python->frames + thread->first_frame;
		uint32_t nr = 0;

		while (nr < thread->nr_frames && frames[nr].address != wanted)
			nr++;
		asyncio->compared += nr + 1;
		if (nr++ == thread->nr_frames)
			continue;
		if (!array_reserve_most(&out->frames, &out->cap_frames,
					out->nr_frames + nr, PYTHON_LINKS_MAX))
			break;
		task->first_frame = (uint32_t)out->nr_frames;
		task->nr_frames = nr;
		memcpy(out->frames + out->nr_frames, frames, nr * sizeof(*frames));
		out->nr_frames += nr;
		task->tid = thread->tid;
		task->moved |= thread->moved;
		return;
	}
	task->moved = true;
}

static void look(struct python *python, struct python_asyncio *asyncio)
{
	struct python_tasks *out = &asyncio->out;
	struct python_task *list = asyncio->before;
	size_t capacity = asyncio->cap_before;

	asyncio->before = out->list;
	asyncio->nr_before = out->nr;
	asyncio->cap_before = out->capacity;
	out->list = list;
	out->capacity = capacity;
	out->partial = false;
	if (python->looks % KINDS_LOOKS == 0)
		memset(asyncio->kinds, 0, sizeof(asyncio->kinds));
	memset(asyncio->shared, 0, sizeof(asyncio->shared));
	asyncio->timer_type = asyncio->float_type = 0;
	arena_release(&asyncio->texts_before);
	asyncio->texts_before = asyncio->texts;
	arena_init(&asyncio->texts, TEXTS_BYTES);
	python->spent |= memory_is_spent(&python->reader.mem);
	memory_allow(&python->reader.mem, LIST_SPENDS);
	memory_keep(&python->reader.mem, asyncio->blocks);
	python_asyncio_list(python, asyncio);
	python->spent |= memory_is_spent(&python->reader.mem);
	memory_allow(&python->reader.mem,
		     LOOK_SPENDS + (uint64_t)asyncio->nr_found * TASK_SPENDS);
	read_tasks(python, asyncio);
	python_asyncio_chains(python, asyncio);
	name_tasks(python, asyncio);
	number_tasks(asyncio);
	for (size_t i = 0; i < out->nr; i++)
		out->list[i].position = position_of(asyncio, &out->list[i]);
	asyncio->compared = 0;
	for (size_t i = 0; i < out->nr; i++)
		if (out->list[i].running)
			take_running(python, asyncio, &out->list[i]);
	python_asyncio_threads(python, asyncio);
	python_asyncio_waits(python, asyncio);
	date_tasks(python, asyncio);
	python_asyncio_awaiters(python, asyncio);
	memory_keep_end(&python->reader.mem);
	check_tasks(python, asyncio);
	python->spent |= memory_is_spent(&python->reader.mem);
	python_asyncio_check(python, asyncio);
	python->spent |= memory_is_spent(&python->reader.mem);
}

static struct python_asyncio *asyncio_of(struct python *python)
{
	struct python_asyncio *asyncio = python->asyncio;

	if (asyncio)
		return asyncio;
	asyncio = python->asyncio = calloc(1, sizeof(*asyncio));
	if (!asyncio)
		return NULL;
	asyncio->blocks = blocks_new(BLOCKS_MOST);
	asyncio->nr_modules = -2;
	arena_init(&asyncio->texts, TEXTS_BYTES);
	arena_init(&asyncio->texts_before, TEXTS_BYTES);
	return asyncio;
}

void python_tasks_beside(struct python *python)
{
	struct python_asyncio *asyncio = asyncio_of(python);

	if (asyncio)
		asyncio->first = PYTHON_TASKS_BESIDE;
}

const struct python_tasks *python_tasks_look(struct python *python)
{
	struct python_asyncio *asyncio = asyncio_of(python);

	if (!asyncio)
		return NULL;
	if (asyncio->look != python->looks)
		look(python, asyncio);
	else /* nothing has run, so nothing was read again */
		for (size_t i = 0; i < asyncio->out.nr; i++)
			asyncio->out.list[i].same = !asyncio->out.list[i].moved;
	asyncio->look = python->looks;
	return asyncio->out.nr > 0 ? &asyncio->out : NULL;
}

void python_tasks_notes(const struct python *python, struct snapshot *out)
{
	const struct python_asyncio *asyncio = python->asyncio;
	int pid = (int)python->kernel->process.pid;

	if (asyncio && asyncio->trio)
		snapshot_note(out,
			      "the tasks of trio in process %d are not listed, only its "
			      "threads: of tasks, those of asyncio are read",
			      pid);
	if (asyncio && (asyncio->gevent || asyncio->eventlet))
		snapshot_note(
			out,
			"the greenlets of %s in process %d are not listed, only the "
			"one that runs in each thread: the interpreter keeps no "
			"list of the others",
			asyncio->gevent ? "gevent" : "eventlet", pid);
}

void python_tasks_free(struct python_asyncio *asyncio)
{
	if (!asyncio)
		return;
	free(asyncio->out.list);
	free(asyncio->out.frames);
	free(asyncio->out.members);
	free(asyncio->out.awaiters);
	free(asyncio->before);
	free(asyncio->found);
	free(asyncio->keys);
	free(asyncio->links);
	free(asyncio->again);
	free(asyncio->steps);
	free(asyncio->loops);
	free(asyncio->locks);
	blocks_free(asyncio->blocks);
	arena_release(&asyncio->texts);
	arena_release(&asyncio->texts_before);
	free(asyncio);
}
