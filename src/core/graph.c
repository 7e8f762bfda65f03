/* SPDX-License-Identifier: MIT */
/*
 * Starts with every wait that only other tasks can end and repeatedly removes those that
 * a task which is still able to run can end. The remaining tasks can never continue, and
 * every chain of waits among them ends in a cycle.
 */
#include "core/graph_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/ahead.h"

/* What node_bits() and list_threads() read of a task. */
#define TASK_GRAPH_BYTES (offsetof(struct task, tid) + sizeof(pid_t))

/* Returns the key under which the task can be an owner, or 0 if it cannot. */
static uint64_t owner_key(const struct task *task)
{
	return task->kind == TASK_GOROUTINE ? task->id | KEY_GOROUTINE
	       : task->kind == TASK_THREAD  ? (uint64_t)task->tid
					    : task->id | KEY_COROUTINE;
}

static uint64_t wanted_key(const struct waits_on *waits)
{
	return waits_more(waits)->owner_goid > 0
		       ? waits_more(waits)->owner_goid | KEY_GOROUTINE
	       : waits_more(waits)->owner_cid > 0
		       ? waits_more(waits)->owner_cid | KEY_COROUTINE
		       : (uint64_t)waits->owner_tid;
}

/* Only threads have ids that are unique among all processes. */
static pid_t owner_pid(const struct task *task)
{
	return wait_more(task)->owner_goid > 0 || wait_more(task)->owner_cid > 0
		       ? task->pid
		       : 0;
}

static struct owner_node *find_owner_of(const struct builder *b, const struct task *task)
{
	return graph_find(b, wanted_key(&task->waits), owner_pid(task));
}

static struct actor *find_actor(const struct builder *b, pid_t pid)
{
	const struct member_process *member = snapshot_member(b->snapshot, pid);

	if (member)
		return &b->actors[member - b->snapshot->members];
	for (size_t i = b->snapshot->nr_members; i < b->nr_actors; i++)
		if (b->actors[i].pid == pid)
			return &b->actors[i];
	return NULL;
}

static void *zeroed(size_t count, size_t size)
{
	return calloc(count + 1, size);
}

static uint8_t node_bits(const struct task *task)
{
	const struct waits_on *waits = &task->waits;
	unsigned bits = task->kind == TASK_THREAD ? NODE_THREAD : 0;

	if (waits_more(waits)->actors)
		bits |= NODE_ACTORS;
	if (waits_more(waits)->several)
		bits |= NODE_SEVERAL;
	if (!graph_waits(task))
		return (uint8_t)bits;
	/* A task in a poll waits for more than one event, at least for signals as well. */
	if ((!waits->limited || waits->retries) && task->state != STATE_POLL)
		bits |= NODE_HELD;
	return (uint8_t)(bits | NODE_WAITS);
}

/* Returns whether there is memory. edges: as for builder_open(). */
static bool look_at_nodes(struct builder *b, struct snapshot *snapshot, size_t *edges)
{
	memset(b, 0, sizeof(*b));
	b->snapshot = snapshot;
	b->nr_nodes = snapshot->nr_tasks + snapshot->nr_others;
	b->what = zeroed(b->nr_nodes, sizeof(*b->what));
	for (size_t i = 0; b->what && i < b->nr_nodes; i++) {
		if (i < snapshot->nr_tasks)
			ahead_bring(snapshot->tasks, sizeof(struct task), i,
				    snapshot->nr_tasks, TASK_GRAPH_BYTES);
		b->what[i] = node_bits(graph_task(snapshot, (uint32_t)i));
		*edges += (b->what[i] & NODE_WAITS) != 0;
	}
	return b->what;
}

/* edges: the number of waits that have an owner; several: of tasks that are waited for
 * together with others. */
static bool builder_open(struct builder *b, size_t edges, size_t several)
{
	struct snapshot *snapshot = b->snapshot;
	size_t capacity = 16;

	while (capacity < (edges + several) * 2)
		capacity *= 2;
	b->mask = capacity - 1;
	b->nr_own = snapshot->nr_members ? snapshot->nr_members : 1;
	b->nr_actors = b->nr_own + snapshot->nr_processes;
	b->map = calloc(capacity, sizeof(*b->map));
	b->actors = zeroed(b->nr_actors, sizeof(*b->actors));
	b->owner = zeroed(b->nr_nodes, sizeof(*b->owner));
	b->first_waiter = zeroed(b->nr_nodes, sizeof(*b->first_waiter));
	b->next_waiter = zeroed(b->nr_nodes, sizeof(*b->next_waiter));
	b->work = zeroed(b->nr_nodes, sizeof(*b->work));
	b->waiting = zeroed(b->nr_nodes, sizeof(*b->waiting));
	b->dead = zeroed(b->nr_nodes, sizeof(*b->dead));
	b->next = arena_alloc(&snapshot->arena, (b->nr_nodes + 1) * sizeof(*b->next));
	return b->map && b->actors && b->owner && b->first_waiter && b->next_waiter &&
	       b->work && b->waiting && b->dead && b->next &&
	       (several == 0 || graph_several_open(b, several));
}

static void builder_release(struct builder *b)
{
	free(b->what);
	free(b->map);
	free(b->actors);
	free(b->owner);
	free(b->first_waiter);
	free(b->next_waiter);
	free(b->work);
	free(b->waiting);
	free(b->dead);
	graph_several_release(b);
}

/* Returns whether the number of threads of the target's process is known. */
static bool knows_threads(const struct snapshot *s, size_t process)
{
	return (s->nr_members ? s->members[process].resources.threads
			      : s->resources.threads) >= 0;
}

static void list_actors(struct builder *b)
{
	const struct snapshot *s = b->snapshot;

	for (size_t i = 0; i < s->nr_processes; i++)
		b->actors[b->nr_own + i] =
			(struct actor){.pid = s->processes[i].pid,
				       .complete = s->processes[i].complete,
				       .first = GRAPH_NONE};
	b->actors[0] = (struct actor){.pid = s->target.pid,
				      .first = GRAPH_NONE,
				      .missing = s->resources.threads};
	for (size_t i = 0; i < s->nr_members; i++)
		b->actors[i] = (struct actor){.pid = s->members[i].pid,
					      .first = GRAPH_NONE,
					      .missing = s->members[i].resources.threads};
}

/* Lists the processes, and the nodes of tasks that other tasks wait for. */
static void list_threads(struct builder *b)
{
	struct snapshot *s = b->snapshot;

	list_actors(b);
	for (size_t i = 0; i < b->nr_nodes; i++) {
		uint32_t node = (uint32_t)i;
		const struct task *task = graph_task(s, node);
		struct actor *actor = graph_actor(b, node);
		struct owner_node *found;

		if (owner_key(task) == 0)
			continue;
		found = graph_find(b, owner_key(task),
				   task->kind == TASK_THREAD ? 0 : task->pid);
		if (found->key != 0)
			found->node = node;
		if (task->kind != TASK_THREAD)
			continue;
		actor->missing -= i < s->nr_tasks;
		if (actor->first == GRAPH_NONE || task->tid == actor->pid)
			actor->first = node;
	}
	for (size_t i = 0; i < b->nr_own; i++)
		b->actors[i].complete = s->dropped == 0 && knows_threads(s, i) &&
					b->actors[i].missing <= 0;
}

/* Makes an entry for the task that this one waits for. */
static void want_owner(struct builder *b, const struct task *task)
{
	const struct wait_actors *actors = wait_more(task)->actors;
	struct owner_node *found;

	if (actors && !actors->tid)
		return;
	found = actors ? graph_find(b, (uint64_t)actors->tid, 0) : find_owner_of(b, task);
	found->key = actors ? (uint64_t)actors->tid : wanted_key(&task->waits);
	found->pid = actors ? 0 : owner_pid(task);
	found->node = GRAPH_NONE;
}

static void link_waits(struct builder *b)
{
	struct snapshot *s = b->snapshot;

	for (size_t i = 0; i < b->nr_nodes; i++)
		if ((b->what[i] & (NODE_WAITS | NODE_SEVERAL)) == NODE_WAITS)
			want_owner(b, graph_task(s, (uint32_t)i));
	list_threads(b);
	for (size_t i = 0; i < b->nr_nodes; i++) {
		uint8_t what = b->what[i];

		b->owner[i] = GRAPH_NONE;
		b->first_waiter[i] = GRAPH_NONE;
		b->dead[i] = what & NODE_HELD;
		if (b->dead[i] && (what & NODE_ACTORS))
			b->waiting[b->nr_waiting++] = (uint32_t)i;
		if ((what & NODE_WAITS) && !(what & (NODE_ACTORS | NODE_SEVERAL)))
			b->owner[i] = find_owner_of(b, graph_task(s, (uint32_t)i))->node;
	}
	for (size_t i = 0; i < b->nr_nodes; i++) {
		if (b->owner[i] == GRAPH_NONE)
			continue;
		b->next_waiter[i] = b->first_waiter[b->owner[i]];
		b->first_waiter[b->owner[i]] = (uint32_t)i;
	}
	graph_several_link(b);
}

static void set_alive(struct builder *b, uint32_t node)
{
	if (!b->dead[node])
		return;
	b->dead[node] = false;
	graph_actor(b, node)->alive++;
	b->work[b->nr_work++] = node;
}

static bool actors_alive(const struct builder *b, const struct wait_actors *actors)
{
	if (!actors->complete || actors->nr_pids == 0)
		return true;
	for (size_t i = 0; i < actors->nr_pids; i++) {
		const struct actor *actor = find_actor(b, actors->pids[i]);

		if (!actor || !actor->complete || actor->alive > 0 ||
		    actor->first == GRAPH_NONE)
			return true;
	}
	return false;
}

static void wake_waiters(struct builder *b, uint32_t node)
{
	uint32_t at = b->first_waiter[node], woken;

	for (; at != GRAPH_NONE; at = b->next_waiter[at])
		set_alive(b, at);
	at = b->first_member ? b->first_member[node] : GRAPH_NONE;
	for (; at != GRAPH_NONE; at = b->members[at].next) {
		woken = graph_several_wake(b, &b->members[at]);
		if (woken != GRAPH_NONE)
			set_alive(b, woken);
	}
}

/* Each node enters `work` at most once, when it turns out to be alive. */
static void spread_life(struct builder *b)
{
	bool changed = true;

	for (size_t i = 0; i < b->nr_nodes; i++) {
		if (!b->dead[i]) {
			if (b->what[i] & NODE_THREAD)
				graph_actor(b, (uint32_t)i)->alive++;
			b->work[b->nr_work++] = (uint32_t)i;
		} else if (!(b->what[i] & (NODE_ACTORS | NODE_SEVERAL)) &&
			   b->owner[i] == GRAPH_NONE) {
			set_alive(b, (uint32_t)i);
		}
	}
	while (changed) {
		changed = false;
		while (b->nr_work > 0)
			wake_waiters(b, b->work[--b->nr_work]);
		for (size_t i = 0; i < b->nr_waiting; i++) {
			uint32_t node = b->waiting[i];

			if (b->dead[node] &&
			    actors_alive(
				    b,
				    wait_more(graph_task(b->snapshot, node))->actors)) {
				set_alive(b, node);
				changed = true;
			}
		}
	}
}

/* Chooses the actor to be shown among those that could end a wait, preferring one of
 * another process. That its own process could end the wait says nothing if the wait
 * continues. */
static uint32_t choose_actor(const struct builder *b, uint32_t node)
{
	const struct wait_actors *actors =
		wait_more(graph_task(b->snapshot, node))->actors;
	uint32_t thread;

	for (size_t i = 0; i < actors->nr_pids; i++) {
		const struct actor *actor = find_actor(b, actors->pids[i]);

		if (!actor || actor->first == GRAPH_NONE ||
		    (!b->dead[node] && actor == graph_actor(b, node)))
			continue;
		thread = i == 0 && actors->tid
				 ? graph_find(b, (uint64_t)actors->tid, 0)->node
				 : GRAPH_NONE;
		return thread != GRAPH_NONE ? thread : actor->first;
	}
	return GRAPH_NONE;
}

static bool choose_next(struct builder *b)
{
	for (size_t i = 0; i < b->nr_nodes; i++) {
		b->next[i] = b->owner[i];
		if ((b->what[i] & NODE_WAITS) && (b->what[i] & NODE_ACTORS))
			b->next[i] = choose_actor(b, (uint32_t)i);
	}
	return graph_several_choose(b);
}

int graph_build(struct snapshot *snapshot, struct err *e)
{
	struct wait_graph *graph;
	struct builder b;
	size_t edges = 0;
	int rc = 0;

	snapshot->graph = NULL;
	if (!look_at_nodes(&b, snapshot, &edges))
		return err_set(e, ERR_NOMEM, "no memory for the graph of waits");
	if (edges == 0)
		goto release;
	graph = arena_alloc(&snapshot->arena, sizeof(*graph));
	if (!builder_open(&b, edges, graph_several_count(&b)) || !graph) {
		rc = err_set(e, ERR_NOMEM, "no memory for the graph of waits");
		goto release;
	}
	link_waits(&b);
	spread_life(&b);
	graph->nr_nodes = b.nr_nodes;
	graph->next = b.next;
	if (!choose_next(&b) || !graph_find_cycles(&b, graph)) {
		rc = err_set(e, ERR_NOMEM, "no memory to search for deadlocks");
		goto release;
	}
	snapshot->graph = graph;
release:
	builder_release(&b);
	return rc;
}

void graph_settle(struct snapshot *snapshot,
		  bool (*confirm)(void *ctx, struct snapshot *snapshot,
				  const struct cycle *cycle),
		  void *ctx)
{
	/* Still writable, because the snapshot is not complete yet. */
	struct wait_graph *graph = (struct wait_graph *)snapshot->graph;
	size_t kept = 0;

	for (size_t i = 0; graph && i < graph->nr_cycles; i++) {
		const struct cycle *cycle = &graph->cycles[i];

		if (confirm && !confirm(ctx, snapshot, cycle))
			continue;
		for (size_t n = 0; n < cycle->nr_nodes; n++)
			graph_task(snapshot, cycle->nodes[n])->flags |= TASK_DEADLOCK;
		graph->cycles[kept++] = *cycle;
	}
	if (graph)
		graph->nr_cycles = kept;
}
