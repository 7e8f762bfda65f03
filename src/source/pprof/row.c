/* SPDX-License-Identifier: MIT */
/* Rows that stand for all goroutines with one stack. */
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/text.h"
#include "source/go/words.h"
#include "source/pprof/private.h"

bool pprof_is_start(const char *function)
{
	return strcmp(function, "runtime.goexit") == 0 ||
	       strcmp(function, "runtime.main") == 0;
}

/* Profiles contain no state, but the functions that park a goroutine imply it. */
static enum task_state state_of(const struct stack *stack)
{
	static const struct {
		const char *function;
		enum task_state state;
	} known[] = {
		{"runtime.chansend", STATE_CHAN_SEND},
		{"runtime.chanrecv", STATE_CHAN_RECV},
		{"runtime.selectgo", STATE_SELECT},
		{"runtime.block", STATE_SELECT},
		{"runtime.netpollblock", STATE_POLL},
		{"internal/poll.runtime_pollWait", STATE_POLL},
		{"time.Sleep", STATE_SLEEP},
		{"sync.runtime_notifyListWait", STATE_COND},
		{"runtime.semacquire", STATE_SEMAPHORE},
		{"sync.runtime_Semacquire", STATE_SEMAPHORE},
		{"internal/sync.runtime_Semacquire", STATE_SEMAPHORE},
		{"sync.(*Mutex).Lock", STATE_SEMAPHORE},
		{"sync.(*RWMutex).", STATE_SEMAPHORE},
		{"sync.(*WaitGroup).Wait", STATE_SEMAPHORE},
		{"sync.(*Cond).Wait", STATE_COND},
		{"os/signal.signal_recv", STATE_SIGNAL_WAIT},
		{"runtime.notetsleepg", STATE_SYSCALL},
		{"syscall.Syscall", STATE_SYSCALL},
		{"runtime/pprof.", STATE_RUNNING},
	};

	for (size_t i = 0; stack && i < stack->nr_frames && i < 6; i++) {
		const char *function = stack->frames[i].function;

		for (size_t k = 0; function && k < ARRAY_COUNT(known); k++)
			if (text_starts_with(function, known[k].function))
				return go_stack_state(stack, known[k].state);
	}
	return STATE_UNKNOWN;
}

/* Gives the same stack the same id in every sample. */
static uint64_t group_id(const struct frame *frames, size_t nr_frames,
			 const struct label *labels, size_t nr_labels)
{
	uint64_t id = nr_frames;

	for (size_t i = 0; i < nr_frames; i++) {
		const char *function = frames[i].function;

		id = hash_mix(id, (uint64_t)frames[i].line);
		id = function ? hash_bytes(id, function, strlen(function))
			      : hash_mix(id, frames[i].address);
	}
	for (size_t i = 0; i < nr_labels; i++) {
		id = hash_bytes(id, labels[i].key, strlen(labels[i].key));
		id = hash_bytes(id, labels[i].text, strlen(labels[i].text));
	}
	return id;
}

bool pprof_add_group(const struct pprof_out *out, const struct frame *frames,
		     size_t nr_frames, uint64_t count, const struct label *labels,
		     size_t nr_labels)
{
	struct arena *arena = &out->snapshot->arena;
	const struct stack *stack = stack_intern(out->stacks, frames, nr_frames, false);
	struct task *task = snapshot_add(out->snapshot);
	size_t kept =
		nr_labels < SNAPSHOT_LABELS_MAX ? nr_labels : SNAPSHOT_LABELS_MAX - 1;
	struct label *list;
	const char *outer = NULL, *name;

	if (!task)
		return false;
	for (size_t i = 0; stack && i < stack->nr_frames; i++)
		if (!outer || (stack->frames[i].function &&
			       !pprof_is_start(stack->frames[i].function)))
			outer = stack->frames[i].function;
	list = arena_alloc(arena, (kept + 1) * sizeof(*list));
	name = arena_printf(arena, "%llu x %s", (unsigned long long)count,
			    outer ? outer : "?");
	task->kind = TASK_GOROUTINE;
	task->serial = group_id(frames, nr_frames, labels, nr_labels) | 1;
	task->id = task->serial >> 40;
	task->state = state_of(stack);
	task->stack = stack;
	task->name = name ? name : "";
	if (list) {
		if (kept > 0)
			memcpy(list + 1, labels, kept * sizeof(*list));
		list[0].key = "goroutines";
		list[0].text = arena_printf(arena, "%llu", (unsigned long long)count);
		if (list[0].text) {
			task->labels = list;
			task->nr_labels = kept + 1;
		}
	}
	return true;
}
