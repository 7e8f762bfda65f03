/* SPDX-License-Identifier: MIT */
/* Attributes are those that asyncio has had from 3.8 on, and those of anyio and aiohttp. What
 * cannot be read is left out of the text. */
#include "source/python/asyncio_object.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/hash.h"
#include "source/kernel/call.h"

#define FLOAT_VALUE  16u
#define SOCKET_FD    16u
#define TIMER_WORDS  14u
#define YEARS_S      3e9
#define REREAD_LOOKS 16u

static bool number_of(struct python *python, uint64_t object, const char *name,
		      int64_t *value)
{
	return python_int(&python->reader, python_field(&python->reader, object, name),
			  value);
}

/* A float that can be a number of seconds. */
static bool seconds_of(struct python *python, uint64_t object, double *value)
{
	char name[PYTHON_NAME_MAX];
	int64_t number;

	if (python_int(&python->reader, object, &number)) {
		*value = (double)number;
		return true;
	}
	return python_name_of_type(&python->reader, object, name) &&
	       strcmp(name, "float") == 0 &&
	       memory_read(&python->reader.mem, object + FLOAT_VALUE, value,
			   sizeof(*value)) &&
	       *value >= 0 && *value < YEARS_S;
}

static void describe_queue(struct python *python, struct python_asyncio *asyncio,
			   struct python_task *task)
{
	uint64_t items = python_field(&python->reader, task->object, "_queue");
	int64_t most = 0, length;
	char cap[32] = "";

	if (number_of(python, task->object, "_maxsize", &most) && most > 0)
		snprintf(cap, sizeof(cap), " cap %lld,", (long long)most);
	if (python_length(python, items, &length))
		python_task_say(asyncio, task, "channel", "queue%s len %lld", cap,
				(long long)length);
	else
		python_task_say(asyncio, task, "channel", "queue");
}

/* A stream between tasks, of anyio. Both ends have the same state. */
static void describe_stream(struct python *python, struct python_asyncio *asyncio,
			    struct python_task *task)
{
	uint64_t state = python_field(&python->reader, task->object, "_state");
	double most;
	int64_t length;

	if (!python_length(python, python_field(&python->reader, state, "buffer"),
			   &length))
		return;
	task->object = state;
	if (seconds_of(python, python_field(&python->reader, state, "max_buffer_size"),
		       &most))
		python_task_say(asyncio, task, "channel", "stream cap %.0f, len %lld",
				most, (long long)length);
	else
		python_task_say(asyncio, task, "channel", "stream len %lld",
				(long long)length);
}

static void describe_joined(struct python *python, struct python_asyncio *asyncio,
			    struct python_task *task)
{
	int64_t left;

	if (number_of(python, task->object, "_unfinished_tasks", &left))
		python_task_say(asyncio, task, "waitgroup", "queue, %lld task%s not done",
				(long long)left, left == 1 ? "" : "s");
}

/* asyncio's Lock does not know its holder, but an async with statement does; anyio's
 * knows. */
static void describe_lock(struct python *python, struct python_asyncio *asyncio,
			  struct python_task *task)
{
	uint64_t known = python_field(&python->reader, task->object, "_owner_task");
	uint32_t owner = known ? python_task_at(asyncio, known)
			       : python_task_holder(asyncio, task->object);
	const struct python_task *holder = &asyncio->out.list[owner];
	int64_t locked;

	if (number_of(python, task->object, "_locked", &locked) && !locked)
		owner = PYTHON_NO_TASK;
	if (owner == PYTHON_NO_TASK) {
		python_task_say(asyncio, task, "mutex", "lock 0x%llx",
				(unsigned long long)task->object);
		return;
	}
	task->owner = owner;
	python_task_say(asyncio, task, "mutex", "lock 0x%llx, held by %.*s, c%llu",
			(unsigned long long)task->object, PYTHON_NAME_SHOWN, holder->name,
			(unsigned long long)holder->id);
}

/* Where timers of this class keep their end is found once. */
static bool timer_end(struct python *python, struct python_asyncio *asyncio,
		      uint64_t timer, double *seconds)
{
	uint64_t words[TIMER_WORDS];
	uint64_t number[3];

	if (!python_plausible(timer) ||
	    !memory_read(&python->reader.mem, timer, words, sizeof(words)))
		return false;
	if (words[1] != asyncio->timer_type) {
		asyncio->timer_type = words[1];
		asyncio->timer_at = python_slot_at(&python->reader, words[1], "_when");
	}
	if (asyncio->timer_at == 0 || asyncio->timer_at / 8 >= TIMER_WORDS ||
	    !memory_read(&python->reader.mem, words[asyncio->timer_at / 8], number,
			 sizeof(number)))
		return false;
	if (number[1] != asyncio->float_type) {
		if (!seconds_of(python, words[asyncio->timer_at / 8], seconds))
			return false;
		asyncio->float_type = number[1];
	}
	memcpy(seconds, &number[2], sizeof(*seconds));
	return *seconds >= 0 && *seconds < YEARS_S;
}

/* The timer that ends it is a variable. A loop that is not asyncio's own has timers that are
 * not read; then the duration is all that is known. */
static void describe_sleep(struct python *python, struct python_asyncio *asyncio,
			   struct python_task *task, const struct python_frame *frame)
{
	uint64_t timer = python_frame_variable(python, frame, "h");
	char when[KERNEL_CLOCK_MAX];
	double seconds;

	task->object = 0;
	task->limited = true;
	if (timer_end(python, asyncio, timer, &seconds)) {
		task->until_ns = (int64_t)(seconds * 1e9);
		python_task_say(asyncio, task, "timer", "until %s",
				kernel_clock_text(task->until_ns + clock_real_ns() -
							  clock_mono_ns(),
						  when));
	} else if (seconds_of(python, python_frame_variable(python, frame, "delay"),
			      &seconds)) {
		python_task_say(asyncio, task, "timer", "%g s", seconds);
	}
}

static void describe_fd(struct python *python, struct python_asyncio *asyncio,
			struct python_task *task, int64_t fd)
{
	struct kernel_wait wait = {0};

	if (fd < 0 || fd > INT32_MAX)
		return;
	kernel_explain_fd(python->kernel, (int)fd, &wait);
	task->fd = wait.fd;
	task->accepted = wait.accepted;
	task->object = 0;
	python_task_say(asyncio, task, wait.kind, "%s", wait.text);
}

/* A transport of asyncio knows its descriptor. That of TLS is on top of another one. */
static void describe_transport(struct python *python, struct python_asyncio *asyncio,
			       struct python_task *task)
{
	struct python_reader *reader = &python->reader;
	uint64_t transport = python_field(reader, task->object, "_transport");
	uint64_t protocol;
	int64_t fd;

	if (!transport)
		transport = python_field(reader, task->object, "transport");
	if (!transport) {
		protocol = python_field(reader, task->object, "_protocol");
		transport = python_field(reader, protocol, "transport");
	}
	protocol = python_field(reader, transport, "_ssl_protocol");
	if (protocol)
		transport = python_field(reader, protocol, "_transport");
	if (number_of(python, transport, "_sock_fd", &fd))
		describe_fd(python, asyncio, task, fd);
}

static void describe_socket(struct python *python, struct python_asyncio *asyncio,
			    struct python_task *task, const struct python_frame *frame)
{
	uint64_t socket = python_frame_variable(python, frame, "sock"), type;
	char name[PYTHON_NAME_MAX];
	uint32_t fd;

	type = python_type_of(&python->reader, socket);
	if (python_type_name(&python->reader, type, name) &&
	    strcmp(name, "socket") == 0 &&
	    memory_read(&python->reader.mem, socket + SOCKET_FD, &fd, sizeof(fd)))
		describe_fd(python, asyncio, task, (int32_t)fd);
}

static void describe_host(struct python *python, struct python_asyncio *asyncio,
			  struct python_task *task, const struct python_frame *frame)
{
	char host[PYTHON_NAME_SHOWN + 1];

	task->object = 0;
	if (python_text(&python->reader, python_frame_variable(python, frame, "host"),
			host, sizeof(host)) > 0)
		python_task_say(asyncio, task, "name", "%s", host);
}

/* Up to 3.11 wait_for() makes a task of what it waits for, and ends it in time. */
static void describe_limited(struct python *python, struct python_asyncio *asyncio,
			     struct python_task *task, const struct python_frame *frame)
{
	uint32_t inner =
		python_task_at(asyncio, python_frame_variable(python, frame, "fut"));

	task->limited = true;
	task->object = 0;
	if (inner == PYTHON_NO_TASK)
		return;
	python_task_awaits(task, inner);
	asyncio->out.list[inner].limited = true;
	python_task_say(asyncio, task, "task", "task %.*s, c%llu, with a timeout",
			PYTHON_NAME_SHOWN, asyncio->out.list[inner].name,
			(unsigned long long)asyncio->out.list[inner].id);
}

/* What threads wait on is described in the same words. */
static void describe_as_thread(struct python *python, struct python_asyncio *asyncio,
			       struct python_task *task, const struct python_frame *frame,
			       enum python_object object)
{
	struct python_wait wait = {0};

	python_wait_describe(python, frame, object, &wait);
	if (!wait.kind)
		return;
	task->object = wait.address;
	python_task_say(asyncio, task, wait.kind, "%s", wait.text);
}

/* Each has a future of its own. */
static void describe_work(struct python_asyncio *asyncio, struct python_task *task)
{
	task->object = task->waiter;
	python_task_say(asyncio, task, "thread", "work in another thread");
}

static void describe(struct python *python, struct python_asyncio *asyncio,
		     struct python_task *task, const struct python_frame *frame,
		     enum python_object object)
{
	task->object = frame->first;
	if (object == PYTHON_OBJECT_TASK_QUEUE)
		describe_queue(python, asyncio, task);
	else if (object == PYTHON_OBJECT_TASK_STREAM)
		describe_stream(python, asyncio, task);
	else if (object == PYTHON_OBJECT_TASK_QUEUE_TASKS)
		describe_joined(python, asyncio, task);
	else if (object == PYTHON_OBJECT_TASK_LOCK)
		describe_lock(python, asyncio, task);
	else if (object == PYTHON_OBJECT_TASK_SLEEP)
		describe_sleep(python, asyncio, task, frame);
	else if (object == PYTHON_OBJECT_TASK_TRANSPORT)
		describe_transport(python, asyncio, task);
	else if (object == PYTHON_OBJECT_TASK_SOCKET)
		describe_socket(python, asyncio, task, frame);
	else if (object == PYTHON_OBJECT_TASK_HOST)
		describe_host(python, asyncio, task, frame);
	else if (object == PYTHON_OBJECT_TASK_GROUP)
		python_task_describe_group(python, asyncio, task);
	else if (object == PYTHON_OBJECT_TASK_SEVERAL)
		python_task_describe_wait(python, asyncio, task, frame);
	else if (object == PYTHON_OBJECT_TASK_COMPLETED)
		python_task_describe_completed(python, asyncio, task, frame);
	else if (object == PYTHON_OBJECT_TASK_LIMITED)
		describe_limited(python, asyncio, task, frame);
	else if (object == PYTHON_OBJECT_TASK_THREAD)
		describe_work(asyncio, task);
	else if (object != PYTHON_OBJECT_NONE)
		describe_as_thread(python, asyncio, task, frame, object);
	if (!task->kind)
		task->object = 0;
}

/* Whether what is said depends on the object alone, so that all who wait for it share it. */
static bool is_shared(enum python_object object)
{
	return object == PYTHON_OBJECT_TASK_QUEUE || object == PYTHON_OBJECT_TASK_LOCK ||
	       object == PYTHON_OBJECT_SEMAPHORE || object == PYTHON_OBJECT_BARRIER;
}

/* Whether it stays true while the task rests. The others have a length, a number or a
 * holder. */
static bool is_settled(enum python_object object)
{
	return object == PYTHON_OBJECT_TASK_SLEEP ||
	       object == PYTHON_OBJECT_TASK_TRANSPORT ||
	       object == PYTHON_OBJECT_TASK_SOCKET || object == PYTHON_OBJECT_TASK_HOST ||
	       object == PYTHON_OBJECT_TASK_THREAD || object == PYTHON_OBJECT_EVENT ||
	       object == PYTHON_OBJECT_CONDITION;
}

/* A function that waits in the same place again is told from one that still waits by the end of
 * its sleep; otherwise, what is said is read again after a while, a part of the tasks in each
 * look, so that they are neighbours in memory. */
bool python_task_keep(struct python *python, struct python_asyncio *asyncio,
		      struct python_task *task)
{
	const struct python_task *before = python_task_before(asyncio, task);
	size_t index = (size_t)(task - asyncio->out.list);
	char *text;

	if (!before || !task->same || !before->settled || !before->kind ||
	    task->waits_for != before->waits_for ||
	    (before->until_ns && before->until_ns <= python->kernel->now_ns) ||
	    index * REREAD_LOOKS / asyncio->out.nr == python->looks % REREAD_LOOKS)
		return false;
	text = arena_strndup(&asyncio->texts, before->text, KERNEL_TEXT_MAX);
	if (!text)
		return false;
	task->state = before->state;
	task->kind = before->kind;
	task->text = text;
	task->object = before->object;
	task->fd = before->fd;
	task->accepted = before->accepted;
	task->until_ns = before->until_ns;
	task->limited |= before->state == STATE_SLEEP;
	task->settled = true;
	return true;
}

void python_task_describe(struct python *python, struct python_asyncio *asyncio,
			  struct python_task *task, const struct python_frame *frame,
			  enum python_object object)
{
	struct python_shared *shared =
		&asyncio->shared[hash_mix(frame->first, object) % PYTHON_SHARED_KEPT];

	if (is_shared(object) && shared->object == frame->first &&
	    shared->by == (int)object) {
		task->object = frame->first;
		task->kind = shared->kind;
		task->text = shared->text;
		task->owner = shared->owner;
		return;
	}
	describe(python, asyncio, task, frame, object);
	task->settled = is_settled(object);
	if (is_shared(object) && task->kind)
		*shared = (struct python_shared){frame->first, task->kind, task->text,
						 task->owner, (int)object};
}
