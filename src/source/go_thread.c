/* SPDX-License-Identifier: MIT */
/* See go_thread.h. Frames in Go code come from Go's tables, which a stripped program has
 * too; frames in C from the unwinder of the source native. */
#include "source/go_thread.h"

#include <stdlib.h>

#define THREADS_PER_LOOK 4096u
#define ON_MAX           65536u
#define BUDGET_NS        20000000ll
#define FIRST_BUDGET_NS  60000000ll
#define ALL_BUDGET_NS    5000000000ll
#define SYSTEM_STACK_MAX (8u << 20)

struct go_on_thread {
	pid_t tid;
	uint64_t goid;
};

void go_threads_init(struct go_threads *threads, const struct source_target *target,
		     struct kernel *kernel, struct go_mem *mem, struct go_layout *layout,
		     struct go_stacks *stacks)
{
	memset(threads, 0, sizeof(*threads));
	threads->target = target;
	threads->kernel = kernel;
	threads->mem = mem;
	threads->layout = layout;
	threads->stacks = stacks;
	thread_table_init(&threads->table, kernel, NULL);
}

void go_threads_forget(struct go_threads *threads)
{
	symbols_free(threads->symbols);
	threads->symbols = threads->table.symbols = NULL;
}

void go_threads_release(struct go_threads *threads)
{
	thread_table_release(&threads->table);
	go_threads_forget(threads);
	free(threads->tids);
	free(threads->on);
}

static void begin_symbols(struct go_threads *threads)
{
	symbols_begin_poll(threads->symbols, threads->all          ? ALL_BUDGET_NS
					     : threads->looks == 1 ? FIRST_BUDGET_NS
								   : BUDGET_NS);
}

void go_threads_begin(struct go_threads *threads, const struct source_focus *focus)
{
	threads->table.generation++;
	threads->looks++;
	threads->all = focus && focus->all;
	threads->explained = 0;
	threads->nr_on = 0;
	if (threads->symbols)
		begin_symbols(threads);
}

void go_threads_end(struct go_threads *threads)
{
	thread_sweep(&threads->table);
}

/* The id stands at the offset that this version should have, else at the other. */
pid_t go_threads_of(struct go_threads *threads, uint64_t m)
{
	static const unsigned offsets[] = {64, 72};
	uint64_t words[16];
	pid_t tid = 0;

	if (!m || !go_read(threads->mem, m, words, sizeof(words)))
		return 0;
	for (size_t i = 0; i < 3 && !tid; i++) {
		unsigned offset = i == 0 ? threads->layout->procid : offsets[i - 1];

		if (words[offset / 8] == 0 || words[offset / 8] > INT32_MAX)
			continue;
		tid = kernel_outer_tid(threads->kernel, (pid_t)words[offset / 8]);
		if (!kernel_tid_lives(threads->kernel, tid))
			tid = 0;
		else
			threads->layout->procid = offset;
	}
	return tid;
}

static bool is_go(const struct go_threads *threads, uint64_t pc)
{
	return go_module_of(threads->stacks->module, pc) != NULL;
}

static void unwind_c(struct go_threads *threads, struct thread *thread)
{
	if (!threads->symbols) {
		threads->symbols = symbols_new(threads->kernel, threads->target->intern,
					       threads->target->stacks);
		if (!threads->symbols)
			return;
		symbols_set_rules(threads->symbols, threads->target->rules);
		threads->table.symbols = threads->symbols;
		begin_symbols(threads);
	}
	thread_unwind(&threads->table, thread, false);
}

/* The frames in C that lie on the goroutine's own: those up to the first one in Go. */
static const struct stack *with_c_frames(struct go_threads *threads,
					 const struct stack *c, const struct stack *go)
{
	struct frame frames[SNAPSHOT_FRAMES_MAX];
	size_t nr = 0;

	if (!c)
		return go;
	while (nr < c->nr_frames && nr < SNAPSHOT_FRAMES_MAX &&
	       !is_go(threads, c->frames[nr].address)) {
		frames[nr] = c->frames[nr];
		nr++;
	}
	if (nr == 0 || !go)
		return go;
	for (size_t i = 0; i < go->nr_frames && nr < SNAPSHOT_FRAMES_MAX; i++)
		frames[nr++] = go->frames[i];
	return stack_intern(threads->target->stacks, frames, nr, go->truncated);
}

void go_threads_explain(struct go_threads *threads, const struct go_entry *entry,
			struct snapshot *out, struct task *task)
{
	const struct go_g_layout *layout = &threads->layout->g;
	struct thread *thread;
	uint8_t now[GO_G_BYTES_MAX];
	const char *raw = task->raw;
	const struct stack *stack;

	if (threads->explained++ >= THREADS_PER_LOOK)
		return;
	thread = thread_get(&threads->table, task->tid);
	if (!thread || thread_look(&threads->table, thread) != 0)
		return;
	thread->generation = threads->table.generation;
	if (thread->call_text[0] && !thread->call.running &&
	    !is_go(threads, thread->call.pc))
		unwind_c(threads, thread);
	/* Is it still there? Otherwise the thread does something else by now. */
	if (!entry->hash || !go_read(threads->mem, entry->address, now, layout->bytes) ||
	    go_g_hash(now, layout) != entry->hash)
		return;
	stack = with_c_frames(threads, thread->stack, task->stack);
	if (stack)
		task->stack = stack;
	if (thread->wait.state != STATE_UNKNOWN && thread->wait.state != STATE_RUNNING &&
	    task->state == STATE_SYSCALL) {
		kernel_wait_to_task(&thread->wait, out, task);
		task->raw = raw;
	}
}

void go_threads_note(struct go_threads *threads, const struct task *task)
{
	if (!task->tid || threads->nr_on >= ON_MAX)
		return;
	if (threads->nr_on == threads->cap_on) {
		size_t capacity = threads->cap_on ? threads->cap_on * 2 : 64;
		struct go_on_thread *on = realloc(threads->on, capacity * sizeof(*on));

		if (!on)
			return;
		threads->on = on;
		threads->cap_on = capacity;
	}
	threads->on[threads->nr_on++] = (struct go_on_thread){task->tid, task->id};
}

static int compare_tids(const void *a, const void *b)
{
	const struct go_on_thread *left = a, *right = b;

	return (left->tid > right->tid) - (left->tid < right->tid);
}

/* Of a thread that is blocked in Go's code; those of the runtime have no other frames. */
static const struct stack *go_frames(struct go_threads *threads,
				     const struct thread *thread)
{
	struct go_walk walk = {
		.pc = thread->call.pc,
		.sp = thread->call.sp,
		.high = thread->call.sp + SYSTEM_STACK_MAX,
		.syscall = true,
	};

	return go_stacks_walk(threads->stacks, &walk).stack;
}

static void add_goroutine(const struct go_threads *threads, struct snapshot *out,
			  struct task *task)
{
	struct go_on_thread key = {task->tid, 0}, *on;
	struct label *label;

	on = threads->nr_on ? bsearch(&key, threads->on, threads->nr_on, sizeof(key),
				      compare_tids)
			    : NULL;
	label = on ? arena_alloc(&out->arena, sizeof(*label)) : NULL;
	if (!label)
		return;
	label->key = "goroutine";
	label->text = arena_printf(&out->arena, "g%llu", (unsigned long long)on->goid);
	if (!label->text)
		return;
	task->labels = label;
	task->nr_labels = 1;
}

static int add_thread(struct go_threads *threads, struct thread *thread, bool focused,
		      struct snapshot *out, struct err *e)
{
	bool blocked = thread->call_text[0] && !thread->call.running;
	struct task *task;

	if (blocked && !is_go(threads, thread->call.pc)) {
		unwind_c(threads, thread);
		if (focused)
			thread_unwind(&threads->table, thread, true);
	}
	task = snapshot_add(out);
	if (!task)
		return err_set(e, ERR_NOMEM, "no memory for the threads of process %d",
			       (int)threads->mem->pid);
	thread_to_task(thread, out, task);
	if (blocked && is_go(threads, thread->call.pc))
		task->stack = go_frames(threads, thread);
	add_goroutine(threads, out, task);
	return 0;
}

int go_threads_add(struct go_threads *threads, const struct source_focus *focus,
		   struct snapshot *out, struct err *e)
{
	ssize_t count = proc_list_threads(threads->kernel->task_dir, &threads->tids,
					  &threads->cap_tids);
	int rc = 0;

	if (threads->nr_on > 0)
		qsort(threads->on, threads->nr_on, sizeof(*threads->on), compare_tids);
	for (ssize_t i = 0; i < count && rc == 0; i++) {
		struct thread *thread = thread_get(&threads->table, threads->tids[i]);
		bool focused = focus && focus->kind == TASK_THREAD &&
			       focus->id == (uint64_t)threads->tids[i];

		if (!thread || thread_look(&threads->table, thread) != 0)
			continue;
		thread->generation = threads->table.generation;
		rc = add_thread(threads, thread, focused, out, e);
	}
	return rc;
}
