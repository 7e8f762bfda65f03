/* SPDX-License-Identifier: MIT */
/*
 * The asyncio of real Python processes, one of each release that is installed, whose memory
 * is read with false words: sets and lists of tasks, chains of coroutines, what they await,
 * sleeps, streams, locks that are held; see lies.h. Words that matter are those that a look
 * at the tasks reads, so only they are false. Input: a byte of ways, one that chooses the
 * process, then false words.
 */
// link: -Wl,--wrap=process_vm_readv
// max_len: 128
#define LIES_OF_READS
#include "fuzz/lies.h"

#include "source/proc/pages.h"
#include "source/python/asyncio.h"

#define WORLDS_MAX 12u
/* What one look may read in total, threads included; every byte of it counts. */
#define CALLS_MOST 2000000u

enum way {
	FRESH = 1,  /* the interpreter is searched with false words too */
	FICKLE = 2, /* every other read is true */
	TWICE = 4,  /* a second look follows, of true words alone */
	BESIDE = 8, /* the tasks have numbers beside others' */
};

static struct world {
	__typeof__(lies) process;
	struct kernel kernel;
	struct python *python;
} worlds[WORLDS_MAX];
static size_t nr_worlds;

static void check_frames(const struct python_tasks *tasks, const struct python_task *task)
{
	require(task->first_frame + (size_t)task->nr_frames <= tasks->nr_frames);
	for (uint32_t i = 0; i < task->nr_frames; i++) {
		const struct python_frame *frame = &tasks->frames[task->first_frame + i];

		require(frame->code && frame->code->function && frame->code->file);
		require(frame->line >= 0);
	}
}

static int order_ids(const void *a, const void *b)
{
	return order_words(a, b);
}

static void check_ids(const struct python_tasks *tasks)
{
	uint64_t *ids = malloc(tasks->nr * sizeof(*ids));

	require(ids != NULL);
	for (size_t i = 0; i < tasks->nr; i++)
		ids[i] = tasks->list[i].id;
	qsort(ids, tasks->nr, sizeof(*ids), order_ids);
	for (size_t i = 0; i < tasks->nr; i++)
		require(ids[i] != 0 && (i == 0 || ids[i] != ids[i - 1]));
	free(ids);
}

static void check_indices(const struct python_tasks *tasks, const uint32_t *list,
			  size_t nr_list, uint32_t first, uint32_t nr)
{
	require(nr == 0 || (size_t)first + nr <= nr_list);
	for (uint32_t i = 0; i < nr; i++)
		require(list[first + i] < tasks->nr);
}

static void check_task(const struct python_tasks *tasks, size_t index)
{
	const struct python_task *task = &tasks->list[index];

	require(index == 0 || tasks->list[index - 1].address < task->address);
	require(task->state < STATE_COUNT && task->name && task->tid >= 0);
	require(!task->kind || task->text);
	require(task->fd >= -1 && task->until_ns >= 0);
	require(task->owner == PYTHON_NO_TASK || task->owner < tasks->nr);
	require(!task->awaits || task->owner != PYTHON_NO_TASK);
	check_indices(tasks, tasks->members, tasks->nr_members, task->first_member,
		      task->nr_members);
	check_indices(tasks, tasks->awaiters, tasks->nr_awaiters, task->first_awaiter,
		      task->nr_awaiters);
	check_frames(tasks, task);
}

static void look(struct python *python)
{
	const struct python_tasks *tasks =
		python_look(python, 1, false) ? python_tasks_look(python) : NULL;

	if (!tasks)
		return;
	require(tasks->nr > 0 && tasks->nr <= PYTHON_TASKS_MAX);
	check_ids(tasks);
	for (size_t i = 0; i < tasks->nr; i++)
		check_task(tasks, i);
}

static void stop_targets(void)
{
	for (size_t i = 0; i < nr_worlds; i++) {
		kill(worlds[i].process.pid, SIGKILL);
		waitpid(worlds[i].process.pid, NULL, 0);
	}
}

static void begin_world(struct world *world, const char *name)
{
	const struct python_tasks *tasks;

	lies_begin(name);
	require(kernel_open(&world->kernel, lies.pid, NULL) == 0);
	world->kernel.pages = pages_new(NULL);
	world->kernel.own_pages = true;
	world->python = python_new(&world->kernel, lies.intern);
	require(world->python && python_look(world->python, 1, false));
	lies.recording = true;
	tasks = python_tasks_look(world->python);
	/* The second look tells more of some from what was there in the first. */
	require(python_look(world->python, 1, false));
	tasks = python_tasks_look(world->python);
	lies_end_recording();
	require(tasks && tasks->nr > 10);
	require(lies.nr_words > 1000);
	world->process = lies;
	memset(&lies, 0, sizeof(lies));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char name[4096], program[4200];

	(void)argc;
	for (unsigned i = 0; i < WORLDS_MAX; i++) {
		snprintf(name, sizeof(name), "%s.%u", (*argv)[0], i);
		snprintf(program, sizeof(program), "%s.target", name);
		if (access(program, X_OK) == 0)
			begin_world(&worlds[nr_worlds++], name);
	}
	if (nr_worlds == 0) {
		printf("There is no %s.0.target: is Python installed?\n", (*argv)[0]);
		exit(0);
	}
	atexit(stop_targets);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct world *world;
	struct python *python;
	uint64_t calls;

	if (size < 7)
		return -1;
	world = &worlds[bytes[1] % nr_worlds];
	lies = world->process;
	lies_read(bytes + 2, size - 2);
	lies.fickle = bytes[0] & FICKLE;
	python = bytes[0] & FRESH ? python_new(&world->kernel, lies.intern)
				  : world->python;
	require(python != NULL);
	if ((bytes[0] & BESIDE) && python != world->python)
		python_tasks_beside(python);
	calls = python->reader.mem.calls;
	look(python);
	require(python->reader.mem.calls - calls < CALLS_MOST);
	lies.nr = 0;
	if (bytes[0] & TWICE)
		look(python);
	if (python != world->python) {
		python_free(python);
	} else if (python->status != PYTHON_READ) {
		python_free(python);
		world->python = python_new(&world->kernel, lies.intern);
		require(world->python != NULL);
		look(world->python);
		require(world->python->status == PYTHON_READ);
	}
	return 0;
}
