/* SPDX-License-Identifier: MIT */
/*
 * A real Python process whose memory is read with false words: its interpreter, threads,
 * stacks, names, and what they wait on; see lies.h. Words that matter are those that a
 * look reads, so only they are false. Input: a byte of ways, then false words.
 */
// link: -Wl,--wrap=process_vm_readv
// max_len: 128
#define LIES_OF_READS
#include "fuzz/lies.h"

#include "source/proc/pages.h"
#include "source/python/wait.h"

#define THREADS_MOST 64u

enum way {
	FRESH = 1,  /* the interpreter is searched with false words too */
	FICKLE = 2, /* every other read is true */
	TWICE = 4,  /* a second look follows, of true words alone */
};

static struct {
	struct kernel kernel;
	struct python *python;
	pid_t tids[THREADS_MOST];
	struct python_blocked blocked[THREADS_MOST];
	size_t nr;
} world;

static void list_threads(void)
{
	pid_t *tids = NULL;
	size_t capacity = 0;
	ssize_t nr = process_threads(&world.kernel.process, &tids, &capacity);

	for (ssize_t i = 0; i < nr && world.nr < THREADS_MOST; i++) {
		struct proc_call call;

		if (process_thread_call(&world.kernel.process, tids[i], &call) != 0)
			continue;
		world.tids[world.nr] = tids[i];
		world.blocked[world.nr++] = (struct python_blocked){
			.state = call.nr == 202 ? STATE_FUTEX : STATE_POLL,
			.futex = call.nr == 202,
			.address = call.args[0],
		};
	}
	free(tids);
}

static void check_thread(const struct python *python, const struct python_thread *thread)
{
	require(thread->first_frame + thread->nr_frames <= python->nr_frames);
	require(thread->nr_frames <= PYTHON_FRAMES_MAX);
	for (uint32_t i = 0; i < thread->nr_frames; i++) {
		const struct python_frame *frame =
			&python->frames[thread->first_frame + i];

		require(frame->code && frame->code->function && frame->code->file);
		require(frame->line >= 0);
	}
}

static void check_wait(const struct python_wait *wait)
{
	require(wait->state < STATE_COUNT);
	require(!wait->kind || wait->text[0]);
	require(strlen(wait->text) < sizeof(wait->text) && wait->owner >= 0);
}

static void look(struct python *python)
{
	struct snapshot *picture = snapshot_new();

	require(picture != NULL);
	if (python_look(python, 1, false))
		for (size_t i = 0; i < python->nr_threads; i++)
			check_thread(python, &python->threads[i]);
	for (size_t i = 0; i < world.nr; i++) {
		const struct python_thread *thread = python_find(python, world.tids[i]);
		struct python_wait wait;

		if (!thread)
			continue;
		python_wait_find(python, thread, &world.blocked[i], &wait);
		check_wait(&wait);
	}
	python_notes(python, picture);
	snapshot_unref(picture);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	lies_begin((*argv)[0]);
	require(kernel_open(&world.kernel, lies.pid, NULL) == 0);
	world.kernel.pages = pages_new(NULL);
	world.kernel.own_pages = true;
	list_threads();
	lies.recording = true;
	world.python = python_new(&world.kernel, lies.intern);
	require(world.python != NULL);
	look(world.python);
	lies_end_recording();
	require(world.python->status == PYTHON_READ);
	require(lies.nr_words > 1000);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct python *python = world.python;

	if (size < 6)
		return -1;
	lies_read(bytes + 1, size - 1);
	lies.fickle = bytes[0] & FICKLE;
	if ((bytes[0] & FRESH) || python->status != PYTHON_READ)
		python = python_new(&world.kernel, lies.intern);
	require(python != NULL);
	look(python);
	lies.nr = 0;
	if (bytes[0] & TWICE)
		look(python);
	if (python != world.python) {
		python_free(python);
	} else if (python->status != PYTHON_READ) {
		python_free(python);
		world.python = python_new(&world.kernel, lies.intern);
		require(world.python != NULL);
		look(world.python);
		require(world.python->status == PYTHON_READ);
	}
	return 0;
}
