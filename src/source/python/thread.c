/* SPDX-License-Identifier: MIT */
/* Walks the lists of interpreters and of their threads. The threads of the last look are
 * read at once first; the list is then followed through what was read. */
#include "source/python/thread.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/order.h"
#include "source/python/states.h"

#define INTERPS_MAX    256u
#define THREADS_MAX    20000u
#define STATE_BYTES    208u /* all fields of a thread's state are in front of this */
/* Where the thread's kernel id is in its control block, which its ident is the address
 * of: in glibc and in musl. */
#define TCB_SELF_GLIBC 16u
#define TCB_TID_GLIBC  720u
#define TCB_TID_MUSL   48u

struct known {
	struct memory_item *items; /* sorted by address */
	size_t nr;
	const uint8_t *bytes;
};

static struct known read_known(struct python *python)
{
	size_t nr = python->nr_threads;
	struct known known = {NULL, 0, NULL};

	if (nr == 0 || !array_reserve(&python->items, &python->cap_items, nr) ||
	    !array_reserve(&python->bytes, &python->cap_bytes, nr * STATE_BYTES))
		return known;
	for (size_t i = 0; i < nr; i++)
		python->items[i] = (struct memory_item){python->threads[i].address,
							(uint32_t)i, false};
	memory_gather_read(&python->reader.mem, &python->reader.gather, python->items, nr,
			   python->bytes, STATE_BYTES);
	return (struct known){python->items, nr, python->bytes};
}

static const uint8_t *find_known(const struct known *known, uint64_t address)
{
	size_t at = known->nr == 0 ? 0
				   : ORDER_COUNT_BELOW(known->items, known->nr, address,
						       address);

	if (at == known->nr || known->items[at].address != address ||
	    !known->items[at].ok)
		return NULL;
	return known->bytes + (size_t)known->items[at].index * STATE_BYTES;
}

static pid_t live_tid(struct kernel *kernel, uint64_t inner)
{
	pid_t tid = inner > 0 && inner <= INT32_MAX
			    ? kernel_outer_tid(kernel, (pid_t)inner)
			    : 0;

	return tid > 0 && process_has_thread(&kernel->process, tid) ? tid : 0;
}

/* The C library's own word for the thread. The interpreter's is that of the parent in a
 * process that was forked, and before 3.11 there is none. */
static pid_t tid_of_ident(struct python *python, uint64_t ident)
{
	uint32_t inner = 0;
	uint64_t self;

	if (!python_word(&python->reader, ident + TCB_SELF_GLIBC, &self) ||
	    !memory_read(&python->reader.mem,
			 ident + (self == ident ? TCB_TID_GLIBC : TCB_TID_MUSL), &inner,
			 sizeof(inner)))
		return 0;
	return live_tid(python->kernel, inner);
}

static uint64_t word_at(const uint8_t *state, int32_t offset)
{
	return offset >= 0 && (uint32_t)offset + 8 <= STATE_BYTES
		       ? load_u64(state + offset)
		       : 0;
}

/* A thread that the last look knew keeps its id: that costs no system call. */
static void set_tid(struct python *python, struct python_thread *thread,
		    const struct python_thread *before)
{
	if (before && before->ident == thread->ident &&
	    before->native == thread->native && before->tid) {
		thread->tid = before->tid;
		thread->exact = before->exact;
		return;
	}
	thread->tid = live_tid(python->kernel, thread->native);
	thread->exact = thread->tid != 0;
	if (thread->tid || !thread->ident)
		return;
	thread->tid = tid_of_ident(python, thread->ident);
	/* The thread that forked is the first one of the new process. Another thread that has
	 * this ident there has only got the memory of one that was left behind. */
	if (thread->native && thread->tid != python->kernel->process.pid)
		thread->tid = 0;
}

static const struct python_thread *
find_before(const struct python_thread *list, const struct known *known, uint64_t address)
{
	const uint8_t *bytes = find_known(known, address);

	return bytes ? &list[(size_t)(bytes - known->bytes) / STATE_BYTES] : NULL;
}

/* Adds the threads of one interpreter to the list. Returns false if it is no list. */
static bool list_threads(struct python *python, uint64_t interp,
			 const struct known *known, const struct python_thread *before,
			 struct python_thread **list, size_t *nr, size_t *capacity)
{
	const struct python_layout *layout = &python->reader.layout;
	uint64_t at;

	if (!python_word(&python->reader, interp + (uint64_t)layout->interp_threads, &at))
		return false;
	while (at) {
		const uint8_t *state = find_known(known, at);
		uint8_t own[STATE_BYTES];

		if (!state) {
			state = own;
			if (!python_plausible(at) ||
			    !memory_read(&python->reader.mem, at, own, sizeof(own)))
				return false;
		}
		if (word_at(state, layout->tstate_interp) != interp ||
		    !array_reserve_most(list, capacity, *nr + 1, THREADS_MAX))
			return false;
		struct python_thread *thread = &(*list)[(*nr)++];

		*thread = (struct python_thread){
			.address = at,
			.interp = interp,
			.ident = word_at(state, layout->tstate_ident),
			.native = word_at(state, layout->tstate_tid),
			.order = (uint32_t)*nr,
		};
		set_tid(python, thread, find_before(before, known, at));
		at = word_at(state, layout->tstate_next);
	}
	return true;
}

static bool list_interps(struct python *python)
{
	const struct python_layout *layout = &python->reader.layout;
	uint64_t at;

	python->nr_interps = 0;
	if (!python_word(&python->reader,
			 python->runtime + (uint64_t)layout->runtime_interpreters, &at))
		return false;
	while (at) {
		if (!python_plausible(at) || python->nr_interps == INTERPS_MAX ||
		    !array_reserve(&python->interps, &python->cap_interps,
				   python->nr_interps + 1))
			return false;
		python->interps[python->nr_interps++] = at;
		if (!python_word(&python->reader, at + (uint64_t)layout->interp_next,
				 &at))
			return false;
	}
	return true;
}

bool python_threads_list(struct python *python)
{
	struct python_thread *list = NULL;
	size_t nr = 0, capacity = 0;
	struct known known;
	bool fine = list_interps(python);

	known = fine ? read_known(python) : (struct known){NULL, 0, NULL};
	for (size_t i = 0; fine && i < python->nr_interps; i++)
		fine = list_threads(python, python->interps[i], &known, python->threads,
				    &list, &nr, &capacity);
	free(python->threads);
	python->threads = list;
	python->cap_threads = capacity;
	python->nr_threads = nr;
	python_states_drop(python);
	return fine;
}

/* Reads one word for each thread. */
static void read_words(struct python *python, const uint64_t *addresses, size_t nr,
		       uint64_t *out)
{
	struct memory_span spans[PYTHON_TOPS_MAX];

	for (size_t i = 0; i < nr; i++)
		spans[i] = (struct memory_span){addresses[i], &out[i],
						addresses[i] ? sizeof(out[i]) : 0, false};
	memory_read_spans(&python->reader.mem, spans, nr);
	for (size_t i = 0; i < nr; i++)
		if (!spans[i].ok)
			out[i] = 0;
}

void python_threads_top(struct python *python, struct python_thread **threads, size_t nr)
{
	const struct python_layout *layout = &python->reader.layout;
	uint64_t places[PYTHON_TOPS_MAX] = {0}, words[PYTHON_TOPS_MAX];

	for (size_t i = 0; i < nr; i++)
		places[i] = threads[i]->address + (uint64_t)layout->tstate_frame;
	read_words(python, places, nr, words);
	if (layout->cframe_frame >= 0) {
		for (size_t i = 0; i < nr; i++)
			places[i] = python_plausible(words[i])
					    ? words[i] + (uint64_t)layout->cframe_frame
					    : 0;
		read_words(python, places, nr, words);
	}
	for (size_t i = 0; i < nr; i++)
		threads[i]->top = words[i];
}
