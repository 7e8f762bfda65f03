/* SPDX-License-Identifier: MIT */
/* Source for Go programs: every goroutine, read from the runtime's own memory from
 * outside. Needs no symbols and no change to the program, and never stops it. */
#include "source/resource/resource.h"
#include "source/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ahead.h"
#include "base/clock.h"
#include "source/go/heap_stats.h"
#include "source/go/holds/holds.h"
#include "source/go/label.h"
#include "source/go/proof/prove.h"
#include "source/go/queue.h"
#include "source/go/sample.h"
#include "source/go/thread.h"
#include "source/go/timer.h"
#include "source/goruntime_agent.h"
#include "source/peers/peers.h"

#define MODULES_AGAIN_NS (2 * CLOCK_SECOND_NS)
#define FRESH_NS         CLOCK_SECOND_NS /* a proof may begin with a sample of this age */

struct goruntime {
	bool open;
	struct source_target target;
	struct kernel kernel;
	struct resource_reader resources;
	struct go_threads threads;
	struct go_agent agent;
	struct peers *peers; /* created on first use */
	int64_t start_ns;    /* start of the process, CLOCK_MONOTONIC */
	int64_t start_real_ns;
	int64_t real_offset_ns;   /* CLOCK_REALTIME minus CLOCK_MONOTONIC */
	int64_t modules_again_ns; /* when to search for plugins again */

	struct memory mem;
	struct go_elf elf;
	struct go_module module;
	struct go_layout layout;
	struct go_reasons reasons;
	struct go_stacks stacks;
	struct go_sampler sampler;
	struct go_labels labels;
	struct go_queues queues;
	struct go_timers timers;
	struct go_heap_stats heap;
	struct go_holds holds;
	struct go_prove prove;
	bool prove_next;    /* begin a proof after the next sample */
	int64_t sampled_ns; /* when the last sample was complete; 0 if there is none */
	char runtime[GO_VERSION_MAX];
};

static void detach_program(struct goruntime *go)
{
	go->sampled_ns = 0;
	go_prove_release(&go->prove);
	go_holds_release(&go->holds);
	go_threads_forget(&go->threads);
	go_agent_detach(&go->agent);
	go_sampler_release(&go->sampler);
	go_stacks_release(&go->stacks);
	go_queues_release(&go->queues);
	go_timers_release(&go->timers);
	go_labels_release(&go->labels);
	go_module_release(&go->module);
}

/* Reads everything that belongs to the program that the process runs now. */
static int attach_program(struct goruntime *go, struct err *e)
{
	struct intern *intern = go->target.intern;
	int rc;

	go->mem = (struct memory){.process = process_named(go->target.pid),
				  .pages = go->target.pages};
	rc = go_program_read(&go->module, &go->elf, &go->mem, e);
	if (!rc)
		rc = go_layout_read(&go->layout, &go->module, &go->elf, &go->mem, e);
	if (!rc && !go_reasons_read(&go->reasons, &go->module, &go->mem, intern))
		rc = err_set(
			e, ERR_UNSUPPORTED,
			"cannot tell what the goroutines of process %d (%s) wait for; "
			"watch its threads with --source native",
			(int)go->target.pid, go_version_name(&go->module));
	if (rc)
		return rc;
	go_labels_init(&go->labels, go->module.minor);
	go_timers_init(&go->timers, &go->mem, &go->module, intern);
	go_heap_stats_init(&go->heap);
	go_holds_init(&go->holds, &go->mem, &go->elf, &go->module, &go->sampler,
		      &go->queues);
	go->holds.kernel = &go->kernel;
	go->holds.threads = &go->threads;
	snprintf(go->runtime, sizeof(go->runtime), "%s", go_version_name(&go->module));
	if (!go_queues_init(&go->queues) ||
	    !go_stacks_init(&go->stacks, &go->module, &go->mem, intern,
			    go->target.stacks) ||
	    !go_sampler_init(&go->sampler, &go->mem, &go->layout, &go->reasons,
			     &go->stacks))
		return err_set(e, ERR_NOMEM, "no memory to watch process %d",
			       (int)go->target.pid);
	go->stacks.runtime = go->target.runtime;
	go_module_read_more(&go->module, &go->elf, &go->mem);
	return 0;
}

/* Stacks contain unknown code, so a plugin may have been loaded. */
static void look_for_plugins(struct goruntime *go)
{
	if (go->stacks.strangers == 0 || go->kernel.now_ns < go->modules_again_ns)
		return;
	go->modules_again_ns = go->kernel.now_ns + MODULES_AGAIN_NS;
	go->stacks.strangers = 0;
	if (!go_module_read_more(&go->module, &go->elf, &go->mem))
		return;
	go_stacks_forget(&go->stacks);
	go_holds_forget(&go->holds);
	go_sampler_doubt(&go->sampler);
}

static void goruntime_close(void *ctx)
{
	struct goruntime *go = ctx;

	if (!go->open)
		return;
	go->open = false;
	detach_program(go);
	go_threads_release(&go->threads);
	go_agent_release(&go->agent);
	if (go->peers)
		peers_free(go->peers);
	go->peers = NULL;
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
	kernel_use_pages(&go->kernel, t->pages);
	go->kernel.beside = t->beside;
	go->open = true;
	go_agent_init(&go->agent, &go->target);
	go_threads_init(&go->threads, &go->target, &go->kernel, &go->mem, &go->layout,
			&go->stacks, &go->agent.rows);
	resource_init(&go->resources, &go->kernel);
	go->real_offset_ns = clock_real_ns() - clock_mono_ns();
	go->start_ns = proc_ticks_to_mono_ns(go->kernel.facts.start_ticks);
	go->start_real_ns = go->start_ns + go->real_offset_ns;
	return attach_program(go, e);
}

/* This is called every few seconds; whether the program can be read is checked by open.
 * */
static int goruntime_probe(const struct source_target *t, struct err *e)
{
	struct memory mem = {.process = process_named(t->pid), .pages = t->pages};

	if (t->pid > 0)
		return go_program_is_go(&mem, e) ? 95 : 0;
	err_set(e, ERR_UNSUPPORTED, "'%s' is not a process", t->text ? t->text : "");
	return 0;
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

/* Names the local processes at the other end, for the selected goroutine. */
static const char *peers_text(struct goruntime *go, const struct go_entry *entry,
			      struct snapshot *out)
{
	struct peers_found found = {0};
	const char *text = NULL;

	if (!go->peers)
		go->peers = peers_new();
	if (!go->peers)
		return NULL;
	peers_begin(go->peers, out->mono_ns);
	peers_find(go->peers, go->target.pid, entry->fd, entry->state == STATE_IO_WRITE,
		   &found);
	for (size_t i = 0; i < found.nr_pids; i++) {
		struct process other = process_named(found.pids[i]);
		struct proc_facts facts;

		/* Our target comes last, even if other processes are at the other end. */
		if ((found.pids[i] == go->target.pid && text) ||
		    process_facts(&other, &facts, NULL))
			continue;
		text = arena_printf(&out->arena, "%s%s %s %d", text ? text : "",
				    text ? "," : "at its other end:", facts.comm,
				    (int)found.pids[i]);
	}
	return text;
}

static void explain_fd(struct goruntime *go, const struct go_entry *entry, bool whole,
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
	waits->accepted = kernel_fd_accepted(&go->kernel, entry->fd);
	if (whole && (entry->state == STATE_IO_READ || entry->state == STATE_IO_WRITE))
		waits_edit(waits, &out->arena)->detail = peers_text(go, entry, out);
}

static void explain_sleep(struct goruntime *go, const struct go_entry *entry,
			  struct snapshot *out, struct waits_on *waits)
{
	char when[KERNEL_CLOCK_MAX];
	const char *text;

	waits->kind = "timer";
	/* The runtime limits longer times to this value. */
	if (entry->until_ns == INT64_MAX) {
		waits->text = "forever";
		return;
	}
	text = arena_printf(
		&out->arena, "until %s",
		kernel_clock_text(clock_add(entry->until_ns, go->real_offset_ns), when));
	waits->text = text ? text : "";
	waits->limited = true;
	waits_edit(waits, &out->arena)->until_ns = entry->until_ns;
}

static void explain_wait(struct goruntime *go, const struct go_entry *entry, bool whole,
			 struct snapshot *out, struct waits_on *waits)
{
	if (entry->sleeps && entry->until_ns)
		explain_sleep(go, entry, out, waits);
	else if (entry->reason && entry->reason->object == GO_OBJECT_FD)
		explain_fd(go, entry, whole, out, waits);
	else
		go_queues_explain(&go->queues, entry, whole, out, waits);
}

/* Fills in the thread it runs on, or the only thread it may run on. */
static void fill_thread(struct goruntime *go, const struct go_entry *entry,
			struct snapshot *out, struct task *task)
{
	const struct go_more *more = go_entry_more(entry);
	char *raw;

	if (more->m)
		task->tid = go_threads_of(&go->threads, more->m);
	if (!more->locked)
		return;
	if (!task->tid)
		task->tid = go_threads_of(&go->threads, more->locked);
	raw = arena_printf(&out->arena, "%s, locked to thread", task->raw);
	if (raw)
		task->raw = raw;
}

/* Marks it as the runtime's own dump does. */
static void fill_leaked(struct snapshot *out, struct task *task)
{
	char *raw = arena_printf(&out->arena, "%s (leaked)", task->raw);

	if (raw && strcmp(task->raw, "leaked") != 0)
		task->raw = raw;
}

static void fill_ancestors(const struct go_more *more, struct snapshot *out,
			   struct task *task)
{
	struct task_more *about;
	uint64_t *ids = NULL;

	if (!more->ancestry)
		return;
	if (more->ancestor_ids)
		ids = arena_alloc(&out->arena, more->ancestry->nr * sizeof(*ids));
	if (ids)
		memcpy(ids, more->ancestor_ids, more->ancestry->nr * sizeof(*ids));
	about = task_edit(task, &out->arena);
	about->ancestry = more->ancestry;
	about->ancestor_ids = ids;
}

static void fill_task(struct goruntime *go, const struct go_entry *entry, bool whole,
		      struct snapshot *out, struct task *task)
{
	const struct go_more *more = go_entry_more(entry);
	int64_t since_ns = entry->first_ns;
	int64_t own_ns = go_sampler_kept(&go->sampler, entry)->since_ns;
	size_t nr_labels = 0;

	task->id = entry->goid;
	task->kind = TASK_GOROUTINE;
	task->state = entry->state;
	task->raw = entry->reason ? entry->reason->text : raw_word(entry);
	task->name = entry->name ? entry->name : "";
	task->stack = entry->stack;
	task->created_by = entry->created_by;
	task->creator_id = entry->parent;
	fill_ancestors(more, out, task);
	task->turn = entry->turned ? entry->turn + 1u : 0;
	if (entry->watched)
		task->flags |= TASK_AGE_EXACT;
	if (own_ns && own_ns < since_ns) {
		/* A wait cannot be older than the process. */
		since_ns = own_ns > go->start_ns ? own_ns : go->start_ns;
		task->flags &= ~(uint32_t)TASK_AGE_EXACT;
	}
	task->since_ns = since_ns;
	if (entry->suspect)
		task->flags |= TASK_SUSPECT;
	if (entry->status == GO_STATUS_LEAKED)
		fill_leaked(out, task);
	if (entry->status == GO_STATUS_LEAKED ||
	    go_prove_has(&go->prove, &go->sampler, entry))
		task->flags |= TASK_UNREACHABLE;
	if (more->labels)
		task->labels = go_labels_get(&go->labels, &go->mem, more->labels, out,
					     &nr_labels);
	task->nr_labels = (uint32_t)nr_labels;
	explain_wait(go, entry, whole, out, &task->waits);
	fill_thread(go, entry, out, task);
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

static int add_tasks(struct goruntime *go, const struct source_focus *focus,
		     struct snapshot *out, struct err *e)
{
	size_t suspect = 0;

	go_labels_begin(&go->labels);
	for (size_t i = 0; i < go->sampler.nr_entries; i++) {
		const struct go_entry *entry = &go->sampler.entries[i];
		bool whole = focus && (focus->all || (focus->kind == TASK_GOROUTINE &&
						      focus->id == entry->goid));
		struct task *task;
		bool in_c = false;

		ahead_bring(go->sampler.entries, sizeof(*entry), i,
			    go->sampler.nr_entries, sizeof(*entry));
		if (!entry->live || (entry->system && !go->stacks.runtime))
			continue;
		task = snapshot_add(out);
		if (!task)
			return err_set(e, ERR_NOMEM, "no memory for %zu goroutines",
				       go->sampler.nr_entries);
		fill_task(go, entry, whole, out, task);
		suspect += entry->suspect;
		if (entry->status == GO_STATUS_SYSCALL && task->tid)
			in_c = go_threads_explain(&go->threads, &go->sampler, entry, out,
						  task);
		if (task->tid)
			go_threads_note(&go->threads, entry, task, in_c);
	}
	go_threads_own(&go->threads, out);
	note_losses(go, suspect, out);
	return 0;
}

/* A program in another language has threads that do not run Go. */
static bool shows_threads(const struct goruntime *go)
{
	return go->target.threads || go->module.library;
}

static const char *source_names(const struct goruntime *go)
{
	if (!shows_threads(go))
		return go->agent.ctx ? "goruntime, agent" : "goruntime";
	return go->agent.ctx ? "goruntime, agent, native" : "goruntime, native";
}

static int goruntime_sample(void *ctx, const struct source_focus *focus,
			    struct snapshot *out, struct err *e)
{
	struct goruntime *go = ctx;
	const char *runtime;
	int rc = 0;

	if (!go_agent_sample(&go->agent, shows_threads(go) ? focus : NULL, out))
		rc = resource_read(&go->resources, NULL, 0, out, e);
	out->mono_ns = go->kernel.now_ns = clock_mono_ns();
	out->real_ns = clock_real_ns();
	if (rc)
		return rc;
	if (!go_module_holds(&go->module, &go->mem)) { /* the process has called exec */
		detach_program(go);
		kernel_reread(&go->kernel);
		rc = attach_program(go, e);
		if (rc) { /* the next sample must not use what was attached before */
			detach_program(go);
			return rc;
		}
	}
	look_for_plugins(go);
	rc = go_sampler_run(&go->sampler, out->mono_ns, e);
	if (rc)
		return rc;
	snapshot_reserve(out, go->sampler.nr_entries + 16);
	go_timers_sample(&go->timers, out);
	if (go->prove_next)
		go_prove_start(&go->prove, &go->target, &go->module, &go->sampler);
	go->prove_next = false;
	go_prove_poll(&go->prove, out);
	if (!go_queues_read(&go->queues, &go->sampler))
		snapshot_note(out, "no memory to show what every goroutine waits on");
	go_heap_stats_read(&go->heap, &go->module, &go->elf, &go->mem, out->mono_ns,
			   &out->resources.go_heap);
	go_heap_stats_count(&go->heap, (uint32_t)go->sampler.nr_shown,
			    &out->resources.go_heap);
	go_threads_begin(&go->threads, focus);
	go_threads_sample(&go->threads, &go->sampler, shows_threads(go));
	rc = add_tasks(go, focus, out, e);
	if (!rc && shows_threads(go))
		rc = go_threads_add(&go->threads, focus, out, e);
	go_threads_end(&go->threads);
	if (rc)
		return rc;
	if (focus && focus->nr_holds > 0)
		go_holds_read(&go->holds, focus->holds, focus->nr_holds, out);
	kernel_describe(&go->kernel, go->start_real_ns, source_names(go), out);
	runtime = arena_strndup(&out->arena, go->runtime, sizeof(go->runtime));
	out->target.runtime = runtime;
	kernel_notes(&go->kernel, out);
	symbols_notes(go->threads.symbols, out);
	go->sampled_ns = clock_mono_ns();
	return 0;
}

static void goruntime_prove(void *ctx, bool start)
{
	struct goruntime *go = ctx;

	go->prove_next = false;
	if (!start)
		go_prove_cancel(&go->prove);
	else if (go->sampled_ns && clock_mono_ns() - go->sampled_ns < FRESH_NS)
		go_prove_start(&go->prove, &go->target, &go->module, &go->sampler);
	else
		go->prove_next = true;
}

static bool goruntime_proving(void *ctx, unsigned *percent)
{
	const struct goruntime *go = ctx;

	return go_prove_runs(&go->prove, percent);
}

const struct source_ops source_goruntime = {
	.name = "goruntime",
	.summary = "a Go program: every goroutine, from outside, stripped or not",
	.ctx_size = sizeof(struct goruntime),
	.probe = goruntime_probe,
	.open = goruntime_open,
	.sample = goruntime_sample,
	.close = goruntime_close,
	.prove = goruntime_prove,
	.proving = goruntime_proving,
};
