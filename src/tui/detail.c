/* SPDX-License-Identifier: MIT */
/* The task of a detail, and the other tasks that it has to do with. */
#include "tui/detail.h"

#include <string.h>

#define KIN_ASKED 64u

void detail_init(struct detail *d)
{
	lines_init(&d->lines);
}

void detail_release(struct detail *d)
{
	lines_release(&d->lines);
	snapshot_unref(d->snapshot);
	snapshot_unref(d->others);
}

static void forget_others(struct detail *d)
{
	snapshot_unref(d->others);
	d->others = NULL;
	d->nr_waiters = 0;
	d->all_waiters = 0;
	d->owner = NULL;
	d->creator = NULL;
	d->nr_awaiting = d->nr_several = 0;
}

void detail_forget(struct detail *d)
{
	d->id.set = false;
	d->task = NULL;
	d->excerpt.file = NULL; /* its address may be another file's */
	snapshot_unref(d->snapshot);
	d->snapshot = NULL;
	forget_others(d);
}

/* A snapshot can be older than the history: while the view is paused. */
static void read_history(struct tui *t, struct detail *d)
{
	size_t later = 0;

	d->nr_history = t->feed.ops->history(t->feed.ctx, d->id.kind, d->id.id,
					     d->id.serial, d->history, TRACK_HISTORY_MAX);
	while (later < d->nr_history && d->history[later].since_ns > d->snapshot->mono_ns)
		later++;
	d->nr_history -= later;
	memmove(d->history, d->history + later, d->nr_history * sizeof(d->history[0]));
}

void detail_show(struct tui *t, struct detail *d, struct snapshot *snapshot,
		 const struct task *task)
{
	snapshot_ref(snapshot);
	snapshot_unref(d->snapshot);
	d->snapshot = snapshot;
	d->task = task;
	d->id = identity_of(task);
	d->ended = false;
	forget_others(d);
	read_history(t, d);
}

static bool waits_on_object(const struct waits_on *waits, uint64_t address)
{
	for (unsigned i = 0; i < waits->nr_objects; i++)
		if (waits_more(waits)->objects[i] == address)
			return true;
	return waits->address == address;
}

/* Returns true if both wait for one object; a select may wait for several. */
static bool shares_object(const struct waits_on *a, const struct waits_on *b)
{
	if (a->address == 0 || !b->kind || b->address == 0)
		return false;
	for (unsigned i = 0; i < a->nr_objects; i++)
		if (waits_on_object(b, waits_more(a)->objects[i]))
			return true;
	return waits_on_object(b, a->address);
}

/* Numbers of goroutines and coroutines are those of their process, numbers of threads are not. */
static bool owns(const struct task *task, const struct task *other)
{
	if (wait_more(task)->owner_goid != 0)
		return other->kind == TASK_GOROUTINE && other->pid == task->pid &&
		       other->id == wait_more(task)->owner_goid;
	if (wait_more(task)->owner_cid != 0)
		return other->kind == TASK_COROUTINE && other->pid == task->pid &&
		       other->id == wait_more(task)->owner_cid;
	return task->waits.owner_tid != 0 && other->kind == TASK_THREAD &&
	       other->tid == task->waits.owner_tid;
}

static bool has_cid(const uint64_t *cids, size_t nr, const struct task *other)
{
	for (size_t i = 0; i < nr && i < KIN_ASKED; i++)
		if (cids[i] == other->id)
			return true;
	return false;
}

/* Lists a coroutine that awaits this one, or is awaited by it together with others. */
static void find_kin(struct detail *d, const struct task *other)
{
	const struct task *task = d->task;
	const struct wait_several *several = wait_more(task)->several;

	if (other->kind != TASK_COROUTINE || other->pid != task->pid)
		return;
	if (d->nr_awaiting < DETAIL_KIN_MAX &&
	    has_cid(task_more(task)->awaiting_cids, task_more(task)->nr_awaiting, other))
		d->awaiting[d->nr_awaiting++] = other;
	if (several && d->nr_several < DETAIL_KIN_MAX &&
	    has_cid(several->cids, several->nr, other))
		d->several[d->nr_several++] = other;
}

void detail_find_others(struct detail *d, struct snapshot *snapshot)
{
	const struct task *task = d->task;

	forget_others(d);
	d->others = snapshot_ref(snapshot);
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *other = &snapshot->tasks[i];
		bool same = other->id == task->id && other->serial == task->serial &&
			    other->kind == task->kind && other->pid == task->pid;

		if (owns(task, other))
			d->owner = other;
		find_kin(d, other);
		if (other->pid == task->pid && task->creator_id != 0 &&
		    other->id == task->creator_id && !same &&
		    (!d->creator || other->kind == TASK_THREAD))
			d->creator = other;
		if (same || other->pid != task->pid ||
		    !shares_object(&task->waits, &other->waits))
			continue;
		d->all_waiters++;
		if (d->nr_waiters < DETAIL_WAITERS_MAX)
			d->waiters[d->nr_waiters++] = (uint32_t)i;
	}
}
