/* SPDX-License-Identifier: MIT */
/*
 * Starts with every wait that only other tasks can end and repeatedly removes those that
 * a task which is still able to run can end. The remaining tasks can never continue, and
 * every chain of waits among them ends in a cycle.
 */
#include "core/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* Maximum size of a cycle's support that is examined a second time. */
#define SUPPORT_MAX 1024u

struct owner_node {
	uint64_t key; /* 0 if free */
	uint32_t node;
};

/* Goroutines have a separate range of keys. */
#define KEY_GOROUTINE (1ull << 63)

/* A process as a whole. It can act as long as one of its threads can. */
struct actor {
	pid_t pid;
	bool complete;
	/* its main thread, or its first one; GRAPH_NONE if none is known */
	uint32_t first;
	uint32_t alive; /* threads that can run */
};

struct builder {
	struct snapshot *snapshot;
	size_t nr_nodes;
	struct owner_node *map; /* tasks that other tasks wait for */
	size_t mask;
	struct actor *actors; /* actors[0] is the target */
	size_t nr_actors;
	uint32_t *owner;        /* of each node, or GRAPH_NONE */
	uint32_t *first_waiter; /* per node: head of the list of nodes that wait for it */
	uint32_t *next_waiter;
	uint32_t *work; /* nodes that turned out to be alive */
	size_t nr_work;
	uint32_t *waiting; /* nodes whose wait has actors */
	size_t nr_waiting;
	bool *dead;
	uint32_t *next; /* allocated in the arena */
};

struct task *graph_task(const struct snapshot *snapshot, uint32_t node)
{
	return node < snapshot->nr_tasks
		       ? &snapshot->tasks[node]
		       : &snapshot->others[node - snapshot->nr_tasks].task;
}

const struct other_process *graph_process(const struct snapshot *snapshot, uint32_t node)
{
	return node < snapshot->nr_tasks
		       ? NULL
		       : snapshot->others[node - snapshot->nr_tasks].process;
}

size_t graph_cycles(const struct snapshot *snapshot)
{
	return snapshot->graph ? snapshot->graph->nr_cycles : 0;
}

/* Returns whether the task is a thread whose wait only another task can end, or a
 * goroutine on such a thread. */
static bool waits_for_task(const struct task *task)
{
	return task->kind != TASK_COROUTINE && task->waits.kind &&
	       (task->waits.owner_tid > 0 || task->waits.owner_goid > 0 ||
		task->waits.actors) &&
	       state_blocks(task->state) && !(task->flags & (TASK_SUSPECT | TASK_STALE));
}

/* Returns the key under which the task can be an owner, or 0 if it cannot. */
static uint64_t owner_key(const struct task *task)
{
	return task->kind == TASK_GOROUTINE ? task->id | KEY_GOROUTINE
	       : task->kind == TASK_THREAD  ? (uint64_t)task->tid
					    : 0;
}

static uint64_t wanted_key(const struct waits_on *waits)
{
	return waits->owner_goid > 0 ? waits->owner_goid | KEY_GOROUTINE
				     : (uint64_t)waits->owner_tid;
}

static struct owner_node *find_owner(const struct builder *b, uint64_t key)
{
	size_t at = hash_mix(key, 0) & b->mask;

	while (b->map[at].key != 0 && b->map[at].key != key)
		at = (at + 1) & b->mask;
	return &b->map[at];
}

static struct actor *find_actor(const struct builder *b, pid_t pid)
{
	for (size_t i = 0; i < b->nr_actors; i++)
		if (b->actors[i].pid == pid)
			return &b->actors[i];
	return NULL;
}

static struct actor *actor_of(const struct builder *b, uint32_t node)
{
	const struct other_process *process = graph_process(b->snapshot, node);

	return process ? &b->actors[1 + (size_t)(process - b->snapshot->processes)]
		       : &b->actors[0];
}

static void *zeroed(size_t count, size_t size)
{
	return calloc(count + 1, size);
}

/* edges: the number of waits that have an owner. */
static bool builder_open(struct builder *b, struct snapshot *snapshot, size_t edges)
{
	size_t capacity = 16;

	memset(b, 0, sizeof(*b));
	b->snapshot = snapshot;
	b->nr_nodes = snapshot->nr_tasks + snapshot->nr_others;
	while (capacity < edges * 2)
		capacity *= 2;
	b->mask = capacity - 1;
	b->nr_actors = snapshot->nr_processes + 1;
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
	       b->work && b->waiting && b->dead && b->next;
}

static void builder_release(struct builder *b)
{
	free(b->map);
	free(b->actors);
	free(b->owner);
	free(b->first_waiter);
	free(b->next_waiter);
	free(b->work);
	free(b->waiting);
	free(b->dead);
}

/* Lists the processes, and the nodes of tasks that other tasks wait for. */
static void list_threads(struct builder *b)
{
	struct snapshot *s = b->snapshot;
	int64_t threads = 0;

	for (size_t i = 0; i < s->nr_processes; i++)
		b->actors[i + 1] = (struct actor){
			s->processes[i].pid, s->processes[i].complete, GRAPH_NONE, 0};
	b->actors[0] = (struct actor){s->target.pid, false, GRAPH_NONE, 0};
	for (size_t i = 0; i < b->nr_nodes; i++) {
		uint32_t node = (uint32_t)i;
		const struct task *task = graph_task(s, node);
		struct actor *actor = actor_of(b, node);
		struct owner_node *found;

		if (owner_key(task) == 0)
			continue;
		found = find_owner(b, owner_key(task));
		if (found->key != 0)
			found->node = node;
		if (task->kind != TASK_THREAD)
			continue;
		threads += i < s->nr_tasks;
		if (actor->first == GRAPH_NONE || task->tid == actor->pid)
			actor->first = node;
	}
	/* A thread that is not in any row could still act. */
	b->actors[0].complete = s->dropped == 0 && s->resources.threads >= 0 &&
				s->resources.threads <= threads;
}

static void link_waits(struct builder *b)
{
	struct snapshot *s = b->snapshot;

	for (size_t i = 0; i < b->nr_nodes; i++) {
		const struct task *task = graph_task(s, (uint32_t)i);

		if (waits_for_task(task) && !task->waits.actors) {
			uint64_t key = wanted_key(&task->waits);
			struct owner_node *found = find_owner(b, key);

			found->key = key;
			found->node = GRAPH_NONE;
		}
	}
	list_threads(b);
	for (size_t i = 0; i < b->nr_nodes; i++) {
		uint32_t node = (uint32_t)i;
		const struct task *task = graph_task(s, node);

		b->owner[i] = GRAPH_NONE;
		b->first_waiter[i] = GRAPH_NONE;
		/* A task in a poll waits for more than one event, at least for signals as
		 * well. */
		b->dead[i] = waits_for_task(task) &&
			     (!task->waits.limited || task->waits.retries) &&
			     task->state != STATE_POLL;
		if (b->dead[i] && task->waits.actors)
			b->waiting[b->nr_waiting++] = node;
		if (waits_for_task(task) && !task->waits.actors)
			b->owner[i] = find_owner(b, wanted_key(&task->waits))->node;
	}
	for (size_t i = 0; i < b->nr_nodes; i++) {
		if (b->owner[i] == GRAPH_NONE)
			continue;
		b->next_waiter[i] = b->first_waiter[b->owner[i]];
		b->first_waiter[b->owner[i]] = (uint32_t)i;
	}
}

static void set_alive(struct builder *b, uint32_t node)
{
	if (!b->dead[node])
		return;
	b->dead[node] = false;
	actor_of(b, node)->alive++;
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

/* Each node enters `work` at most once, when it turns out to be alive. */
static void spread_life(struct builder *b)
{
	bool changed = true;

	for (size_t i = 0; i < b->nr_nodes; i++) {
		const struct task *task = graph_task(b->snapshot, (uint32_t)i);

		if (!b->dead[i]) {
			actor_of(b, (uint32_t)i)->alive += task->kind == TASK_THREAD;
			b->work[b->nr_work++] = (uint32_t)i;
		} else if (!task->waits.actors && b->owner[i] == GRAPH_NONE) {
			set_alive(b, (uint32_t)i);
		}
	}
	while (changed) {
		changed = false;
		while (b->nr_work > 0) {
			uint32_t node = b->work[--b->nr_work];
			uint32_t waiter = b->first_waiter[node];

			for (; waiter != GRAPH_NONE; waiter = b->next_waiter[waiter])
				set_alive(b, waiter);
		}
		for (size_t i = 0; i < b->nr_waiting; i++) {
			uint32_t node = b->waiting[i];

			if (b->dead[node] &&
			    actors_alive(b,
					 graph_task(b->snapshot, node)->waits.actors)) {
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
	const struct wait_actors *actors = graph_task(b->snapshot, node)->waits.actors;

	for (size_t i = 0; i < actors->nr_pids; i++) {
		const struct actor *actor = find_actor(b, actors->pids[i]);

		if (actor && actor->first != GRAPH_NONE &&
		    (b->dead[node] || actor != actor_of(b, node)))
			return actor->first;
	}
	return GRAPH_NONE;
}

static void choose_next(struct builder *b)
{
	for (size_t i = 0; i < b->nr_nodes; i++) {
		const struct task *task = graph_task(b->snapshot, (uint32_t)i);

		b->next[i] = b->owner[i];
		if (waits_for_task(task) && task->waits.actors)
			b->next[i] = choose_actor(b, (uint32_t)i);
	}
}

static void add_support(bool *seen, uint32_t node, uint32_t *support, size_t *count)
{
	if (seen[node] || *count > SUPPORT_MAX)
		return;
	seen[node] = true;
	if (*count < SUPPORT_MAX)
		support[*count] = node;
	++*count;
}

/* Collects the cycle's nodes and everything that their waits depend on. Returns 0 if that
 * is too many to examine again. */
static size_t find_support(const struct builder *b, bool *seen, uint32_t *support,
			   size_t count)
{
	for (size_t i = 0; i < count && count <= SUPPORT_MAX; i++) {
		const struct wait_actors *actors =
			graph_task(b->snapshot, support[i])->waits.actors;

		if (!actors) {
			add_support(seen, b->owner[support[i]], support, &count);
			continue;
		}
		for (size_t node = 0; node < b->nr_nodes; node++) {
			const struct actor *actor = actor_of(b, (uint32_t)node);

			for (size_t a = 0; a < actors->nr_pids; a++)
				if (actors->pids[a] == actor->pid &&
				    graph_task(b->snapshot, (uint32_t)node)->kind ==
					    TASK_THREAD)
					add_support(seen, (uint32_t)node, support,
						    &count);
		}
	}
	for (size_t i = 0; i < count && i < SUPPORT_MAX; i++)
		seen[support[i]] = false;
	return count <= SUPPORT_MAX ? count : 0;
}

/* Adds the cycle that begins at node, with its support. Returns false if there is no
 * memory. */
static bool add_cycle(struct builder *b, struct wait_graph *graph, bool *seen,
		      uint32_t node)
{
	uint32_t support[SUPPORT_MAX];
	size_t length = 0, count;
	uint32_t at = node;
	struct cycle *cycle = &graph->cycles[graph->nr_cycles];
	uint32_t *kept;

	do {
		if (length < SUPPORT_MAX) {
			support[length] = at;
			seen[at] = true;
		}
		length++;
		at = b->next[at];
	} while (at != node);
	count = length <= SUPPORT_MAX ? find_support(b, seen, support, length) : 0;
	if (count == 0)
		return true;
	kept = arena_alloc(&b->snapshot->arena, count * sizeof(*kept));
	if (!kept)
		return false;
	memcpy(kept, support, count * sizeof(*kept));
	*cycle = (struct cycle){kept, length, kept, count};
	graph->nr_cycles++;
	return true;
}

/* Every chain of dead nodes leads to a cycle. Cycles that no task of the target is part
 * of or waits for are left out. */
static bool find_cycles(struct builder *b, struct wait_graph *graph)
{
	uint32_t *walk = zeroed(b->nr_nodes, sizeof(*walk)); /* 0 if not visited */
	bool *seen = zeroed(b->nr_nodes, sizeof(*seen));
	size_t nr_dead = 0;
	bool fine = walk && seen;

	for (size_t i = 0; i < b->nr_nodes; i++)
		nr_dead += b->dead[i];
	if (nr_dead > 0)
		graph->cycles = arena_alloc(&b->snapshot->arena,
					    nr_dead * sizeof(*graph->cycles));
	for (size_t start = 0; graph->cycles && fine && start < b->snapshot->nr_tasks;
	     start++) {
		uint32_t at = (uint32_t)start;

		while (at != GRAPH_NONE && b->dead[at] && walk[at] == 0) {
			walk[at] = (uint32_t)start + 1;
			at = b->next[at];
		}
		if (at != GRAPH_NONE && b->dead[at] && walk[at] == start + 1)
			fine = add_cycle(b, graph, seen, at);
	}
	free(walk);
	free(seen);
	return fine;
}

int graph_build(struct snapshot *snapshot, struct err *e)
{
	struct wait_graph *graph;
	struct builder b;
	size_t edges = 0;
	int rc = 0;

	snapshot->graph = NULL;
	for (size_t i = 0; i < snapshot->nr_tasks + snapshot->nr_others; i++)
		edges += waits_for_task(graph_task(snapshot, (uint32_t)i));
	if (edges == 0)
		return 0;
	graph = arena_alloc(&snapshot->arena, sizeof(*graph));
	if (!builder_open(&b, snapshot, edges) || !graph) {
		rc = err_set(e, ERR_NOMEM, "no memory for the graph of waits");
		goto release;
	}
	link_waits(&b);
	spread_life(&b);
	choose_next(&b);
	graph->nr_nodes = b.nr_nodes;
	graph->next = b.next;
	if (!find_cycles(&b, graph)) {
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
