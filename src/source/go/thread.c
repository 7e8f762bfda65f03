/* SPDX-License-Identifier: MIT */
/* See thread.h. Frames in Go code come from Go's tables, which a stripped program has
 * too; frames in C from the unwinder of the source native. */
#include "source/go/thread.h"
#include "base/array.h"
#include "wire/wire.h"

#include <stdlib.h>

#define THREADS_PER_LOOK 4096u
#define ON_MAX           65536u
#define BUDGET_NS        20000000ll
#define FIRST_BUDGET_NS  60000000ll
#define ALL_BUDGET_NS    5000000000ll
#define SYSTEM_STACK_MAX (8u << 20)

void go_threads_init(struct go_threads *threads, const struct source_target *target,
		     struct kernel *kernel, struct memory *mem, struct go_layout *layout,
		     struct go_stacks *stacks, const struct go_agent_rows *agent)
{
	memset(threads, 0, sizeof(*threads));
	threads->target = target;
	threads->kernel = kernel;
	threads->mem = mem;
	threads->layout = layout;
	threads->stacks = stacks;
	threads->agent = agent;
	thread_table_init(&threads->table, kernel, NULL);
}

void go_threads_forget(struct go_threads *threads)
{
	thread_table_set_symbols(&threads->table, NULL);
	symbols_free(threads->symbols);
	threads->symbols = NULL;
}

void go_threads_release(struct go_threads *threads)
{
	thread_table_release(&threads->table);
	go_threads_forget(threads);
	free(threads->tids);
	free(threads->on);
	free(threads->seen);
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
	threads->nr_on = threads->nr_seen = 0;
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

	if (!m || !memory_read(threads->mem, m, words, sizeof(words)))
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
		thread_table_set_symbols(&threads->table, threads->symbols);
		begin_symbols(threads);
	}
	thread_unwind(&threads->table, thread, false);
}

/* A frame of what cgo generates, or beyond it: the walk does not know of the change of
 * stacks. */
static bool ends_c(const struct frame *frame)
{
	static const char *const beginnings[] = {"runtime.",     "_cgo_",   "crosscall",
						 "start_thread", "__clone", "clone"};

	for (size_t i = 0;
	     frame->function && i < sizeof(beginnings) / sizeof(*beginnings); i++)
		if (strncmp(frame->function, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
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
	       !is_go(threads, c->frames[nr].address) && !ends_c(&c->frames[nr])) {
		frames[nr] = c->frames[nr];
		nr++;
	}
	if (nr == 0 || !go)
		return go;
	for (size_t i = 0; i < go->nr_frames && nr < SNAPSHOT_FRAMES_MAX; i++)
		frames[nr++] = go->frames[i];
	return stack_intern(threads->target->stacks, frames, nr, go->truncated);
}

/* At most once in a look. */
static struct thread *look_at(struct go_threads *threads, pid_t tid)
{
	struct thread *thread = thread_get(&threads->table, tid);

	if (!thread ||
	    (thread->looked && thread->generation == threads->table.generation))
		return thread;
	if (thread_look(&threads->table, thread) != 0)
		return NULL;
	thread->generation = threads->table.generation;
	return thread;
}

static bool see(struct go_threads *threads, pid_t tid)
{
	struct thread *thread;

	if (!array_reserve(&threads->seen, &threads->cap_seen, threads->nr_seen + 1))
		return false;
	thread = tid ? look_at(threads, tid) : NULL;
	if (thread)
		threads->seen[threads->nr_seen++] = thread;
	return true;
}

void go_threads_look(struct go_threads *threads, const struct go_sampler *sampler,
		     bool all)
{
	ssize_t count = all ? proc_list_threads(threads->kernel->task_dir, &threads->tids,
						&threads->cap_tids)
			    : 0;

	for (ssize_t i = 0; i < count; i++)
		if (!see(threads, threads->tids[i]))
			break;
	for (size_t i = 0; !all && i < sampler->nr_entries; i++) {
		const struct go_entry *entry = &sampler->entries[i];

		if (entry->live && entry->status == GO_STATUS_SYSCALL && entry->m &&
		    (threads->nr_seen >= THREADS_PER_LOOK ||
		     !see(threads, go_threads_of(threads, entry->m))))
			break;
	}
	thread_read_sleeps(&threads->table, threads->seen, threads->nr_seen,
			   threads->all);
}

bool go_threads_explain(struct go_threads *threads, const struct go_entry *entry,
			struct snapshot *out, struct task *task)
{
	const struct go_g_layout *layout = &threads->layout->g;
	struct thread *thread;
	uint8_t now[GO_G_BYTES_MAX];
	struct task row = {.cpu_percent = -1, .waits.fd = -1};
	const struct stack *stack;

	if (threads->explained++ >= THREADS_PER_LOOK)
		return false;
	thread = look_at(threads, task->tid);
	if (!thread)
		return false;
	if (thread->call_text[0] && !thread->call.running &&
	    !is_go(threads, thread->call.pc))
		unwind_c(threads, thread);
	/* Is it still there? Otherwise the thread does something else by now. */
	if (!entry->hash ||
	    !memory_read(threads->mem, entry->address, now, layout->bytes) ||
	    go_g_hash(now, layout) != entry->hash)
		return false;
	stack = with_c_frames(threads, thread->stack, task->stack);
	if (stack)
		task->stack = stack;
	if (thread->wait.state == STATE_UNKNOWN || thread->wait.state == STATE_RUNNING ||
	    task->state != STATE_SYSCALL)
		return true;
	thread_to_task(thread, out, &row);
	task->state = row.state;
	task->waits = row.waits;
	if (thread->slept_ns && thread->slept_ns < task->since_ns) {
		task->since_ns = thread->slept_ns;
		task->flags &= ~(uint32_t)TASK_AGE_EXACT;
	}
	go_agent_explain(threads->agent, task);
	return true;
}

void go_threads_note(struct go_threads *threads, const struct go_entry *entry,
		     const struct task *task, bool in_c)
{
	if (!task->tid || !array_reserve_most(&threads->on, &threads->cap_on,
					      threads->nr_on + 1, ON_MAX))
		return;
	threads->on[threads->nr_on++] =
		(struct go_on_thread){task->tid, task->id, in_c ? task->stack : NULL,
				      go_owner_sure(threads->mem, entry, task->tid)};
}

static int compare_tids(const void *a, const void *b)
{
	const struct go_on_thread *left = a, *right = b;

	return (left->tid > right->tid) - (left->tid < right->tid);
}

static struct go_on_thread *on_thread(const struct go_threads *threads, pid_t tid)
{
	struct go_on_thread key = {.tid = tid};

	return threads->nr_on ? bsearch(&key, threads->on, threads->nr_on, sizeof(key),
					compare_tids)
			      : NULL;
}

static void name_owner(const struct go_threads *threads, struct snapshot *out,
		       struct task *task)
{
	struct go_on_thread *on = on_thread(threads, task->waits.owner_tid);

	if (!on)
		return;
	if (!on->sure && task->tid == on->tid)
		on->sure = go_owner_repeats(threads->stacks, on->stack);
	go_owner_name(on, out, task);
}

void go_threads_own(struct go_threads *threads, struct snapshot *out)
{
	if (threads->nr_on == 0)
		return;
	qsort(threads->on, threads->nr_on, sizeof(*threads->on), compare_tids);
	for (size_t i = 0; i < out->nr_tasks; i++)
		if (out->tasks[i].waits.owner_tid > 0)
			name_owner(threads, out, &out->tasks[i]);
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
	const struct go_on_thread *on = on_thread(threads, task->tid);
	size_t nr = task->nr_labels;
	struct label *labels;

	if (nr >= SNAPSHOT_LABELS_MAX)
		nr = SNAPSHOT_LABELS_MAX - 1;
	labels = on ? arena_alloc(&out->arena, (nr + 1) * sizeof(*labels)) : NULL;
	if (!labels)
		return;
	labels[0].key = "goroutine";
	labels[0].text = arena_printf(&out->arena, "g%llu", (unsigned long long)on->goid);
	if (!labels[0].text)
		return;
	/* Those that the program gave by the agent. */
	if (nr > 0)
		memcpy(labels + 1, task->labels, nr * sizeof(*labels));
	task->labels = labels;
	task->nr_labels = nr + 1;
}

static int add_thread(struct go_threads *threads, struct thread *thread, bool focused,
		      struct snapshot *out, struct err *e)
{
	bool blocked = thread->call_text[0] && !thread->call.running;
	const struct task *row = go_agent_row(threads->agent, thread->tid);
	const struct go_on_thread *on;
	struct task *task;

	/* The agent's own thread is none of the program's. */
	if (!row && threads->agent->published && thread->tid != threads->mem->pid &&
	    strcmp(thread->comm, WIRE_SERVER_COMM) == 0)
		return 0;
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
	if (row)
		*task = *row;
	if (row && !task->since_ns)
		task->since_ns = thread->slept_ns;
	if (blocked && is_go(threads, thread->call.pc))
		task->stack = go_frames(threads, thread);
	else if (thread->stack)
		task->stack = thread->stack;
	/* Across the change of stacks only Go knows the way. */
	on = on_thread(threads, task->tid);
	if (on && on->stack)
		task->stack = on->stack;
	if (task->waits.owner_tid > 0)
		name_owner(threads, out, task);
	add_goroutine(threads, out, task);
	return 0;
}

int go_threads_add(struct go_threads *threads, const struct source_focus *focus,
		   struct snapshot *out, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < threads->nr_seen && rc == 0; i++) {
		struct thread *thread = threads->seen[i];
		bool focused = focus && focus->kind == TASK_THREAD &&
			       focus->id == (uint64_t)thread->tid;

		rc = add_thread(threads, thread, focused, out, e);
	}
	return rc;
}
