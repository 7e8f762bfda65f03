/* SPDX-License-Identifier: MIT */
/*
 * The arguments and variables of a real Python process whose memory is read with false
 * words; see lies.h. A look of true words comes first, so that the lies meet the values.
 * Input: a byte, ways and which
 * stack, then false words.
 */
// link: -Wl,--wrap=process_vm_readv
// max_len: 128
#define LIES_OF_READS
#include "fuzz/lies.h"

#include "base/utf8.h"
#include "source/proc/pages.h"
#include "source/python/asyncio.h"
#include "source/python/locals/locals.h"

#define FICKLE     2 /* every other read is true */
/* System calls of one stack, each value of which is read twice. */
#define CALLS_MOST 60000u

static struct {
	struct kernel kernel;
	struct python *python;
	const struct python_tasks *tasks;
} world;

static void check_text(const char *text, size_t most)
{
	require(text && strlen(text) < most);
	require(utf8_is_clean(text, strlen(text)));
}

static void read_stack(const struct python_frame *frames, uint32_t nr)
{
	struct python *python = world.python;
	uint64_t calls = python->reader.mem.calls;
	struct python_locals locals;
	struct arena arena;

	arena_init(&arena, 0);
	python_locals_read(python, frames, nr, &arena, &locals);
	require(locals.nr <= PYTHON_LOCALS_MAX);
	require(locals.objects <= PYTHON_LOCAL_OBJECTS);
	for (size_t i = 0; i < locals.nr; i++) {
		require(locals.list[i].frame < nr);
		check_text(locals.list[i].name, PYTHON_LOCAL_BYTES);
		check_text(locals.list[i].text, PYTHON_LOCAL_BYTES);
	}
	require(python->reader.mem.calls - calls < CALLS_MOST);
	arena_release(&arena);
}

static size_t nr_stacks(void)
{
	return world.python->nr_threads + world.tasks->nr;
}

static void read_one(size_t index)
{
	const struct python *python = world.python;
	size_t nr = python->nr_threads;

	if (index < nr)
		read_stack(python->frames + python->threads[index].first_frame,
			   python->threads[index].nr_frames);
	else
		read_stack(world.tasks->frames +
				   world.tasks->list[index - nr].first_frame,
			   world.tasks->list[index - nr].nr_frames);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	lies_begin((*argv)[0]);
	require(kernel_open(&world.kernel, lies.pid, NULL) == 0);
	world.kernel.pages = pages_new(NULL);
	world.kernel.own_pages = true;
	world.python = python_new(&world.kernel, lies.intern);
	require(world.python && python_look(world.python, 1, false));
	world.tasks = python_tasks_look(world.python);
	require(world.tasks && world.tasks->nr > 0);
	lies.recording = true;
	for (size_t i = 0; i < nr_stacks(); i++)
		read_one(i);
	lies_end_recording();
	require(lies.nr_words > 1000);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size < 6)
		return -1;
	lies_read(bytes + 1, size - 1);
	lies.fickle = bytes[0] & FICKLE;
	/* Names of types are kept for a look, and would never be false. */
	world.python->reader.look++;
	read_one((bytes[0] >> 2) % nr_stacks());
	lies.nr = 0;
	return 0;
}
