/* SPDX-License-Identifier: MIT */
/* The source for Go programs: every goroutine, read out of the runtime's own memory from
 * outside. It needs no symbols and no change to the program, and never stops it. */
#include "source/source.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "source/agent.h"
#include "source/go_label.h"
#include "source/go_prove.h"
#include "source/go_queue.h"
#include "source/go_sample.h"
#include "source/thread.h"

#define THREADS_PER_LOOK 4096u

struct goruntime {
	bool open;
	struct source_target target;
	struct kernel kernel;
	struct resource_reader resources;
	struct thread_table threads;
	int64_t start_real_ns;

	struct go_mem mem;
	struct go_elf elf;
	struct go_module module;
	struct go_layout layout;
	struct go_reasons reasons;
	struct go_stacks stacks;
	struct go_sampler sampler;
	struct go_labels labels;
	struct go_queues queues;
	struct go_prove prove;
	bool prove_next; /* begin a proof after the next look */
	char runtime[GO_VERSION_MAX];
};

static void detach(struct goruntime *go)
{
	go_prove_release(&go->prove);
	go_sampler_release(&go->sampler);
	go_stacks_release(&go->stacks);
	go_queues_release(&go->queues);
	go_labels_release(&go->labels);
	go_module_release(&go->module);
}

/* Everything that belongs to the program which the process runs now. */
static int attach(struct goruntime *go, struct err *e)
{
	struct intern *intern = go->target.intern;
	int rc;

	go->mem = (struct go_mem){.pid = go->target.pid};
	rc = go_elf_read(&go->elf, &go->mem, e);
	if (!rc)
		rc = go_module_read(&go->module, &go->elf, &go->mem, e);
	if (!rc)
		rc = go_layout_read(&go->layout, &go->module, &go->elf, &go->mem, e);
	if (!rc && !go_reasons_read(&go->reasons, &go->module, &go->mem, intern))
		rc = err_set(
			e, ERR_UNSUPPORTED,
			"process %d (%s) does not say what its goroutines wait for; its "
			"threads can be watched with --source native",
			(int)go->target.pid, go_version_name(&go->module));
	if (rc)
		return rc;
	go_labels_init(&go->labels, go->module.minor);
	snprintf(go->runtime, sizeof(go->runtime), "%s", go_version_name(&go->module));
	if (!go_queues_init(&go->queues) ||
	    !go_stacks_init(&go->stacks, &go->module, &go->mem, intern,
			    go->target.stacks) ||
	    !go_sampler_init(&go->sampler, &go->mem, &go->layout, &go->reasons,
			     &go->stacks))
		return err_set(e, ERR_NOMEM, "no memory to watch process %d",
			       (int)go->target.pid);
	return 0;
}

static void goruntime_close(void *ctx)
{
	struct goruntime *go = ctx;

	if (!go->open)
		return;
	go->open = false;
	detach(go);
	thread_table_release(&go->threads);
	kernel_close(&go->kernel);
}

static int goruntime_open(void *ctx, const struct source_target *t, struct err *e)
{
	struct goruntime *go = ctx;
	int rc;

	go->target = *t;
	rc = kernel_open(&go->kernel, t->pid, e);
	if (rc)
		return rc;
	go->open = true;
	thread_table_init(&go->threads, &go->kernel, NULL);
	resource_init(&go->resources, &go->kernel);
	go->start_real_ns = proc_ticks_to_mono_ns(go->kernel.facts.start_ticks) -
			    clock_mono_ns() + clock_real_ns();
	return attach(go, e);
}

/* Called every few seconds: whether it can be verified shows when it is opened. */
static int goruntime_probe(const struct source_target *t, struct err *e)
{
	struct go_mem mem = {.pid = t->pid};
	struct go_elf elf;

	if (t->pid <= 0) {
		err_set(e, ERR_UNSUPPORTED, "'%s' is not a process",
			t->text ? t->text : "");
		return 0;
	}
	if (go_elf_read(&elf, &mem, e))
		return 0;
	if (!go_module_find_table(&elf, &mem)) {
		err_set(e, ERR_UNSUPPORTED,
			"process %d is not a Go program (1.16 or later, x86-64)",
			(int)t->pid);
		return 0;
	}
	return 80;
}

/* The thread's id at the offset that this version should have, else at the other. */
static pid_t thread_of(struct goruntime *go, uint64_t m)
{
	static const unsigned offsets[] = {64, 72};
	uint64_t words[16];
	pid_t tid = 0;

	if (!m || !go_read(&go->mem, m, words, sizeof(words)))
		return 0;
	for (size_t i = 0; i < 3 && !tid; i++) {
		unsigned offset = i == 0 ? go->layout.procid : offsets[i - 1];

		if (words[offset / 8] == 0 || words[offset / 8] > INT32_MAX)
			continue;
		tid = kernel_outer_tid(&go->kernel, (pid_t)words[offset / 8]);
		if (!kernel_tid_lives(&go->kernel, tid))
			tid = 0;
		else
			go->layout.procid = offset;
	}
	return tid;
}

/* A goroutine in a system call or in C code: what its thread does there. */
static void explain_thread(struct goruntime *go, const struct go_entry *entry,
			   struct snapshot *out, struct task *task)
{
	struct thread *thread = thread_get(&go->threads, task->tid);
	uint8_t now[GO_G_BYTES_MAX];
	const char *raw = task->raw;

	if (!thread || thread_look(&go->threads, thread) != 0)
		return;
	thread->generation = go->threads.generation;
	/* Is it still there? Otherwise the thread does something else by now. */
	if (!entry->hash || !go_read(&go->mem, entry->address, now, go->layout.g.bytes) ||
	    go_g_hash(now, &go->layout.g) != entry->hash)
		return;
	if (thread->wait.state != STATE_UNKNOWN && thread->wait.state != STATE_RUNNING &&
	    task->state == STATE_SYSCALL) {
		kernel_wait_to_task(&thread->wait, out, task);
		task->raw = raw;
	}
}

static const char *raw_word(const struct go_entry *entry)
{
	switch (entry->status) {
	case GO_STATUS_RUNNABLE:
		return "runnable";
	case GO_STATUS_RUNNING:
		return "running";
	case GO_STATUS_SYSCALL:
		return "syscall";
	case GO_STATUS_COPYSTACK:
		return "copystack";
	case GO_STATUS_PREEMPTED:
		return "preempted";
	case GO_STATUS_LEAKED:
		return "leaked";
	default:
		return "waiting";
	}
}

static void explain_fd(struct goruntime *go, const struct go_entry *entry,
		       struct snapshot *out, struct waits_on *waits)
{
	const char *name;

	waits->kind = "fd";
	waits->text = "network or file";
	if (entry->fd < 0)
		return;
	waits->fd = entry->fd;
	waits->address = entry->object;
	name = arena_strndup(&out->arena, kernel_fd_name(&go->kernel, entry->fd),
			     KERNEL_TEXT_MAX);
	waits->text = name ? name : "";
}

static void fill_task(struct goruntime *go, const struct go_entry *entry,
		      struct snapshot *out, struct task *task)
{
	int64_t since_ns = entry->first_ns;

	task->id = entry->goid;
	task->kind = TASK_GOROUTINE;
	task->state = entry->state;
	task->raw = entry->reason ? entry->reason->text : raw_word(entry);
	task->name = entry->name ? entry->name : "";
	task->stack = entry->stack;
	task->created_by = entry->created_by;
	task->creator_id = entry->parent;
	if (entry->watched)
		task->flags |= TASK_AGE_EXACT;
	if (entry->since_ns && entry->since_ns < since_ns) {
		since_ns = entry->since_ns;
		task->flags &= ~(uint32_t)TASK_AGE_EXACT;
	}
	task->since_ns = since_ns;
	if (entry->suspect)
		task->flags |= TASK_SUSPECT;
	if (go_prove_has(&go->prove, (size_t)(entry - go->sampler.entries), entry))
		task->flags |= TASK_UNREACHABLE;
	if (entry->labels)
		task->labels = go_labels_get(&go->labels, &go->mem, entry->labels, out,
					     &task->nr_labels);
	if (entry->reason && entry->reason->object == GO_OBJECT_FD)
		explain_fd(go, entry, out, &task->waits);
	else
		go_queues_explain(&go->queues, entry, out, &task->waits);
	if (entry->m)
		task->tid = thread_of(go, entry->m);
}

static void note_losses(const struct goruntime *go, size_t suspect, struct snapshot *out)
{
	if (suspect > 0)
		snapshot_note(
			out,
			"%zu goroutines ran while they were read; their rows have no "
			"stack",
			suspect);
	if (go->module.table.steps_left == 0)
		snapshot_note(
			out,
			"the function tables of this program are too large: names and "
			"stacks are missing");
}

static int add_tasks(struct goruntime *go, struct snapshot *out, struct err *e)
{
	size_t suspect = 0, threads = 0;

	go->threads.generation++;
	go_labels_begin(&go->labels);
	for (size_t i = 0; i < go->sampler.nr_entries; i++) {
		const struct go_entry *entry = &go->sampler.entries[i];
		struct task *task;

		if (!entry->live || (entry->system && !go->stacks.runtime))
			continue;
		task = snapshot_add(out);
		if (!task)
			return err_set(e, ERR_NOMEM, "no memory for %zu goroutines",
				       go->sampler.nr_entries);
		fill_task(go, entry, out, task);
		suspect += entry->suspect;
		if (entry->status == GO_STATUS_SYSCALL && task->tid &&
		    threads++ < THREADS_PER_LOOK)
			explain_thread(go, entry, out, task);
	}
	thread_sweep(&go->threads);
	note_losses(go, suspect, out);
	return 0;
}

static int goruntime_sample(void *ctx, const struct source_focus *focus,
			    struct snapshot *out, struct err *e)
{
	struct goruntime *go = ctx;
	const char *runtime;
	int rc;

	out->mono_ns = go->kernel.now_ns = clock_mono_ns();
	out->real_ns = clock_real_ns();
	rc = resource_read(&go->resources, NULL, 0, out, e);
	if (rc)
		return rc;
	if (!go_module_holds(&go->module, &go->mem)) { /* it has called exec */
		detach(go);
		rc = attach(go, e);
		if (rc)
			return rc;
	}
	rc = go_sampler_look(&go->sampler, out->mono_ns, e);
	if (rc)
		return rc;
	if (go->prove_next)
		go_prove_start(&go->prove, go->target.pid, &go->module, &go->sampler);
	go->prove_next = false;
	go_prove_poll(&go->prove, out);
	if (!go_queues_read(&go->queues, &go->sampler))
		snapshot_note(out, "no memory to say what all goroutines wait on");
	rc = add_tasks(go, out, e);
	if (rc)
		return rc;
	native_describe(&go->kernel, go->start_real_ns, "goruntime", out);
	runtime = arena_strndup(&out->arena, go->runtime, sizeof(go->runtime));
	out->target.runtime = runtime;
	native_notes(&go->kernel, out);
	return 0;
}

static void goruntime_prove(void *ctx, bool start)
{
	struct goruntime *go = ctx;

	go->prove_next = start;
	if (!start)
		go_prove_cancel(&go->prove);
}

const struct source_ops source_goruntime = {
	.name = "goruntime",
	.summary = "Go programs: every goroutine, from outside, stripped or not",
	.ctx_size = sizeof(struct goruntime),
	.probe = goruntime_probe,
	.open = goruntime_open,
	.sample = goruntime_sample,
	.close = goruntime_close,
	.prove = goruntime_prove,
};
