/* SPDX-License-Identifier: MIT */
/* Builds the lines of the waits view from the wait-for graph of a snapshot. Chains can be
 * as long as there are tasks, so nothing here is recursive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#include "base/hash.h"
#include "base/order.h"
#include "tui/waits.h"

#define LINES_MAX 20000u
#define KIN_SHOWN 4u
#define FOLD_MIN  4u /* this many waiters for one object share a line */

enum line_kind { LINE_CYCLE, LINE_TREE, LINE_TASK, LINE_FOLD, LINE_UNKNOWN };

struct forest {
	struct tui *t;
	struct waits *v;
	const struct snapshot *s;
	const struct wait_graph *graph;
	size_t nr_nodes;
	/* Lists of the waiters of each node, except those in its own cycle. */
	uint32_t *first, *sibling;
	/* Number of tasks that wait for a node, directly or indirectly. */
	uint32_t *held;
	uint32_t *cycle; /* 1 + the cycle that a node is in, or 0 */
	bool *shown;
	uint32_t *stack; /* nodes that are still to be shown */
	int *depths;     /* and their depths */
	size_t nr_stack;
	uint32_t *list; /* scratch */
};

bool waits_same_key(const struct waits_key *a, const struct waits_key *b)
{
	return a->id == b->id && a->object == b->object && a->what == b->what;
}

struct waits_key waits_key_of(const struct snapshot *snapshot,
			      const struct warning *warning)
{
	const struct task *task;

	if (warning->node == GRAPH_NONE)
		return (struct waits_key){0, warning->object, LINE_UNKNOWN};
	task = graph_task(snapshot, warning->node);
	if (warning->kind == WARNING_DEADLOCK)
		return (struct waits_key){task->id, 0, LINE_CYCLE};
	return (struct waits_key){task->id, task->serial, LINE_TASK};
}

static bool is_opened(const struct waits *v, const struct waits_key *key)
{
	for (size_t i = 0; i < v->nr_opened; i++)
		if (waits_same_key(&v->opened[i], key))
			return true;
	return false;
}

static const struct task *task_of(const struct forest *f, uint32_t node)
{
	return graph_task(f->s, node);
}

static struct waits_line *add_line(struct forest *f)
{
	struct waits *v = f->v;

	if (!array_reserve_most(&v->lines, &v->cap_lines, v->nr_lines + 1, LINES_MAX))
		return NULL;
	memset(&v->lines[v->nr_lines], 0, sizeof(*v->lines));
	v->lines[v->nr_lines].head = "";
	return &v->lines[v->nr_lines++];
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* Formats "postgres 901": the process of a node, or "" if that is the whole target. */
static const char *name_process(const struct forest *f, uint32_t node, char *out,
				size_t size)
{
	const struct other_process *process = graph_process(f->s, node);
	const struct task *task = task_of(f, node);

	out[0] = '\0';
	if (process)
		snprintf(out, size, "%.64s %d", process->name, (int)process->pid);
	else if (task->pid > 0)
		snprintf(out, size, "%.64s %d",
			 task_more(task)->process ? task_more(task)->process : "process",
			 (int)task->pid);
	return out;
}

/* Formats "t812" or "postgres 901 (t903)". */
static const char *name_node(const struct forest *f, uint32_t node, char *out,
			     size_t size)
{
	char id[TASK_ID_MAX], process[80];

	task_format_short_id(task_of(f, node), id);
	if (*name_process(f, node, process, sizeof(process)) != '\0')
		snprintf(out, size, "%s (%s)", process, id);
	else
		snprintf(out, size, "%s", id);
	return out;
}

/* Of several processes, equal addresses and descriptors are different objects. */
static uint64_t object_of(const struct task *task)
{
	uint64_t object = task->waits.address != 0 ? task->waits.address
			  : task->waits.fd >= 0    ? (uint64_t)task->waits.fd + 1
						   : 0;

	return task->pid > 0 && object != 0 ? hash_mix(object, (uint64_t)task->pid) | 1
					    : object;
}

/* The same for this task in all snapshots. */
static uint64_t key_of(const struct task *task)
{
	return task->serial != 0 ? hash_mix(task->id, task->serial) : task->id;
}

/* Returns whether the line of a task must say its process: it is not the one of the task
 * that it waits for, above it. */
static bool process_differs(const struct forest *f, uint32_t node)
{
	uint32_t next = f->graph ? f->graph->next[node] : GRAPH_NONE;

	if (graph_process(f->s, node)) /* said at the end of the line */
		return false;
	return next != GRAPH_NONE && task_of(f, node)->pid > 0 &&
	       task_of(f, next)->pid != task_of(f, node)->pid;
}

/* Writes ": c5, c7 and 3 more" for a wait for several, and ", awaited by Task-1" for a task
 * that none below it awaits. */
static void name_kin(const struct forest *f, uint32_t node, char *out, size_t size)
{
	const struct task *task = task_of(f, node);
	const struct wait_several *several = wait_more(task)->several;
	char id[TASK_ID_MAX];
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; several && i < several->nr && i < KIN_SHOWN; i++) {
		task_format_coroutine(task, several->cids[i], id);
		id[strcspn(id, "@")] = '\0';
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : ": ",
					 id);
	}
	if (several && several->nr > KIN_SHOWN)
		used += (size_t)snprintf(out + used, size - used, " and %zu more",
					 several->nr - KIN_SHOWN);
	if (f->first[node] == GRAPH_NONE && task_awaited_by(task))
		snprintf(out + used, size - used, ", awaited by %.64s",
			 task_awaited_by(task));
}

static void add_task(struct forest *f, uint32_t node, int depth)
{
	struct waits_line *line = add_line(f);
	const struct task *task = task_of(f, node);
	const struct other_process *process = graph_process(f->s, node);
	char id[TASK_ID_MAX], owner[96] = "", held[48] = "", name[96] = "", kin[320];

	if (!line)
		return;
	f->shown[node] = true;
	if (process)
		snprintf(owner, sizeof(owner), " of process %d", (int)process->pid);
	if (f->held[node] > 0)
		snprintf(held, sizeof(held), "blocks %u%s", f->held[node],
			 task->waits.kind ? ", " : "");
	if (process_differs(f, node))
		name_process(f, node, name, sizeof(name));
	name_kin(f, node, kin, sizeof(kin));
	line->key = (struct waits_key){task->id, task->serial, LINE_TASK};
	line->depth = depth;
	line->task = task;
	line->process = process;
	line->since_ns = task->since_ns;
	line->head = or_empty(arena_printf(&f->v->arena, "%s%s %-8s %-15s %-11s",
					   depth == 0    ? ""
					   : f->t->ascii ? "`-"
							 : "\u2514\u2500",
					   task->flags & TASK_DEADLOCK ? "D"
					   : task->flags & TASK_STUCK  ? "!"
								       : " ",
					   task_format_short_id(task, id), task->name,
					   state_info(task->state)->name));
	line->tail = or_empty(arena_printf(
		&f->v->arena, "%s%s%s%s%s%s", name, *name != '\0' ? ": " : "", held,
		task->waits.kind ? or_empty(task->waits.text) : "", kin, owner));
}

/* A closed fold keeps its tasks. */
static void keep_tasks(struct forest *f, struct waits_line *line, size_t from,
		       size_t count)
{
	line->tasks = arena_alloc(&f->v->arena, count * sizeof(struct task *));
	line->nr_tasks = line->tasks ? count : 0;
	for (size_t i = 0; i < line->nr_tasks; i++)
		line->tasks[i] = task_of(f, f->list[from + i]);
}

/* Adds one line for `count` tasks of f->list, beginning at `from`, that wait for one
 * object and block no other task. */
static void add_fold(struct forest *f, uint32_t owner, size_t from, size_t count,
		     int depth)
{
	const struct task *any = task_of(f, f->list[from]);
	struct waits_line *line = add_line(f);
	char what[WAITS_TEXT_MAX], name[96] = "";
	bool open;

	if (!line)
		return;
	if (process_differs(f, f->list[from]))
		name_process(f, f->list[from], name, sizeof(name));
	if (any->waits.address != 0)
		snprintf(what, sizeof(what), "%s 0x%llx", any->waits.kind,
			 (unsigned long long)any->waits.address);
	else
		snprintf(what, sizeof(what), "%s", or_empty(any->waits.text));
	line->key =
		(struct waits_key){key_of(task_of(f, owner)), object_of(any), LINE_FOLD};
	line->depth = depth;
	line->folded = true;
	for (size_t i = from; i < from + count; i++) {
		int64_t since_ns = task_of(f, f->list[i])->since_ns;

		if (line->since_ns == 0 || (since_ns > 0 && since_ns < line->since_ns))
			line->since_ns = since_ns;
	}
	open = f->v->open_all || is_opened(f->v, &line->key);
	line->head = or_empty(arena_printf(&f->v->arena, "%s %c %zu%s%s wait for %s,",
					   f->t->ascii ? "`-" : "\u2514\u2500",
					   open ? '-' : '+', count,
					   *name != '\0' ? " of " : "", name, what));
	if (!open)
		keep_tasks(f, line, from, count);
	for (size_t i = from; i < from + count; i++) {
		f->shown[f->list[i]] = true;
		if (open)
			add_task(f, f->list[i], depth + 1);
	}
}

static int compare_leaves(const void *left, const void *right, void *arg)
{
	const struct forest *f = arg;
	const struct task *a = task_of(f, *(const uint32_t *)left);
	const struct task *b = task_of(f, *(const uint32_t *)right);

	if (object_of(a) != object_of(b))
		return object_of(a) < object_of(b) ? -1 : 1;
	if (a->since_ns != b->since_ns)
		return a->since_ns < b->since_ns ? -1 : 1;
	return ORDER(a->id, b->id);
}

/* Adds the waiters of a node. Those that block no other task come first, by object. The
 * others go to the stack, to be shown with everything below them. */
static void add_waiters(struct forest *f, uint32_t node, int depth)
{
	size_t count = 0, end;

	for (uint32_t w = f->first[node]; w != GRAPH_NONE; w = f->sibling[w]) {
		if (f->shown[w])
			continue;
		if (f->first[w] == GRAPH_NONE) {
			f->list[count++] = w;
		} else {
			f->shown[w] = true;
			f->stack[f->nr_stack] = w;
			f->depths[f->nr_stack++] = depth;
		}
	}
	if (count > 1)
		qsort_r(f->list, count, sizeof(*f->list), compare_leaves, f);
	for (size_t i = 0; i < count; i = end) {
		uint64_t object = object_of(task_of(f, f->list[i]));

		for (end = i + 1; end < count; end++)
			if (object_of(task_of(f, f->list[end])) != object)
				break;
		if (end - i >= FOLD_MIN)
			add_fold(f, node, i, end - i, depth);
		else
			for (size_t k = i; k < end; k++)
				add_task(f, f->list[k], depth);
	}
}

static void add_tree(struct forest *f, uint32_t root, int depth)
{
	f->shown[root] = true;
	f->nr_stack = 0;
	f->stack[f->nr_stack] = root;
	f->depths[f->nr_stack++] = depth;
	while (f->nr_stack > 0) {
		uint32_t node = f->stack[--f->nr_stack];
		int at = f->depths[f->nr_stack];

		add_task(f, node, at);
		add_waiters(f, node, at + 1);
	}
}

static struct waits_line *add_heading(struct forest *f, uint32_t node, int what)
{
	struct waits_line *line;

	if (f->v->nr_lines > 0 && (line = add_line(f)))
		line->key = (struct waits_key){key_of(task_of(f, node)), 1, what};
	line = add_line(f);
	if (line)
		line->key = (struct waits_key){key_of(task_of(f, node)), 0, what};
	return line;
}

/* Writes " in worker 41" if a cycle of a target that is several is within one of them. */
static const char *name_cycle(const struct forest *f, const struct cycle *cycle,
			      char *out, size_t size)
{
	const struct task *first = task_of(f, cycle->nodes[0]);

	out[0] = '\0';
	for (size_t i = 0; i < cycle->nr_nodes; i++)
		if (first->pid == 0 || graph_process(f->s, cycle->nodes[i]) ||
		    task_of(f, cycle->nodes[i])->pid != first->pid)
			return out;
	memcpy(out, " in ", sizeof(" in "));
	name_process(f, cycle->nodes[0], out + 4, size - 4);
	return out;
}

static void add_cycle(struct forest *f, size_t number)
{
	const struct cycle *cycle = &f->graph->cycles[number];
	struct waits_line *line = add_heading(f, cycle->nodes[0], LINE_CYCLE);
	char text[WAITS_TEXT_MAX], name[128], process[96];
	bool one = *name_cycle(f, cycle, process, sizeof(process)) != '\0';
	size_t used = 0;

	for (size_t i = 0; i < cycle->nr_nodes && used + 160 < sizeof(text); i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s%s",
			i == 0                     ? ""
			: i + 1 == cycle->nr_nodes ? " and "
						   : ", ",
			one ? task_format_short_id(task_of(f, cycle->nodes[i]), name)
			    : name_node(f, cycle->nodes[i], name, sizeof(name)));
	if (line)
		line->head = or_empty(arena_printf(
			&f->v->arena, "Deadlock %zu%s: %s %s", number + 1, process, text,
			cycle->nr_nodes == 1 ? "waits for itself"
					     : "wait for each other"));
	for (size_t i = 0; i < cycle->nr_nodes; i++)
		if (!f->shown[cycle->nodes[i]])
			add_tree(f, cycle->nodes[i], 0);
}

/* Returns the task of the target that is nearest to the root of a tree. */
static uint32_t head_of(const struct forest *f, uint32_t root)
{
	uint32_t best = GRAPH_NONE;

	if (!graph_process(f->s, root))
		return root;
	for (uint32_t w = f->first[root]; w != GRAPH_NONE; w = f->sibling[w])
		if (best == GRAPH_NONE || f->held[w] > f->held[best])
			best = w;
	return best != GRAPH_NONE && !graph_process(f->s, best) ? best : root;
}

/* Adds "t812 holds mutex 0x…, itself in io-read on fd 7 …, with postgres 901; 14
 * wait". */
static void add_sentence(struct forest *f, uint32_t root)
{
	struct waits_line *line = add_heading(f, root, LINE_TREE);
	uint32_t head = head_of(f, root), waiter = f->first[head];
	const struct task *task = task_of(f, head);
	char name[128], holds[160] = "", waits[32] = "";

	if (!line)
		return;
	if (waiter != GRAPH_NONE && task_of(f, waiter)->waits.address != 0 &&
	    task_of(f, waiter)->state != STATE_JOIN &&
	    task_of(f, waiter)->state != STATE_WAITGROUP)
		snprintf(holds, sizeof(holds), " holds %s 0x%llx,",
			 task_of(f, waiter)->waits.kind,
			 (unsigned long long)task_of(f, waiter)->waits.address);
	else if (waiter != GRAPH_NONE)
		snprintf(holds, sizeof(holds), " is waited for,");
	if (f->held[head] > 0)
		snprintf(waits, sizeof(waits), "; %u wait%s", f->held[head],
			 f->held[head] == 1 ? "s" : "");
	line->head = or_empty(arena_printf(
		&f->v->arena, "%s%s%s in %s%s%s%s",
		name_node(f, head, name, sizeof(name)), holds,
		*holds != '\0' ? " itself" : "", state_info(task->state)->name,
		task->waits.kind && *or_empty(task->waits.text) ? " on " : "",
		task->waits.kind ? or_empty(task->waits.text) : "", waits));
}

static int compare_roots(const void *left, const void *right, void *arg)
{
	const struct forest *f = arg;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	if (f->held[a] != f->held[b])
		return f->held[a] < f->held[b] ? 1 : -1;
	return ORDER(a, b);
}

/* Links the lists of waiters and counts, from the leaves inwards, the waiters of each
 * node. */
static void link_nodes(struct forest *f)
{
	uint32_t *left = f->list; /* number of waiters that have not been counted yet */
	size_t count = 0;

	for (size_t i = 0; i < graph_cycles(f->s); i++)
		for (size_t n = 0; n < f->graph->cycles[i].nr_nodes; n++)
			f->cycle[f->graph->cycles[i].nodes[n]] = (uint32_t)i + 1;
	for (size_t i = 0; i < f->nr_nodes; i++)
		f->first[i] = GRAPH_NONE;
	for (size_t i = f->nr_nodes; i-- > 0;) {
		uint32_t next = f->graph->next[i];

		if (next == GRAPH_NONE)
			continue;
		f->v->nr_waiting += i < f->s->nr_tasks;
		if (f->cycle[i] != 0 && f->cycle[i] == f->cycle[next])
			continue;
		f->sibling[i] = f->first[next];
		f->first[next] = (uint32_t)i;
		left[next]++;
	}
	for (size_t i = 0; i < f->nr_nodes; i++)
		if (left[i] == 0)
			f->stack[count++] = (uint32_t)i;
	while (count > 0) {
		uint32_t node = f->stack[--count], next = f->graph->next[node];

		if (next == GRAPH_NONE ||
		    (f->cycle[node] != 0 && f->cycle[node] == f->cycle[next]))
			continue;
		f->held[next] += f->held[node] + 1;
		if (--left[next] == 0)
			f->stack[count++] = next;
	}
}

static void add_trees(struct forest *f)
{
	uint32_t *roots = calloc(f->nr_nodes + 1, sizeof(*roots));
	size_t count = 0;

	for (size_t i = 0; i < graph_cycles(f->s); i++)
		add_cycle(f, i);
	for (size_t i = 0; roots && i < f->nr_nodes; i++)
		if (f->first[i] != GRAPH_NONE && f->graph->next[i] == GRAPH_NONE)
			roots[count++] = (uint32_t)i;
	if (count > 1)
		qsort_r(roots, count, sizeof(*roots), compare_roots, f);
	/* Tasks that are in no tree form cycles that can still be broken, so they are not
	 * deadlocks. */
	for (size_t i = 0; roots && i < f->nr_nodes; i++)
		if (f->first[i] != GRAPH_NONE && f->graph->next[i] != GRAPH_NONE)
			roots[count++] = (uint32_t)i;
	for (size_t i = 0; i < count; i++) {
		if (f->shown[roots[i]])
			continue;
		add_sentence(f, roots[i]);
		add_tree(f, roots[i], 0);
	}
	free(roots);
}

/* Returns true for a wait for something that another task must hold, although it is not
 * known which one. */
static bool lacks_holder(const struct forest *f, uint32_t node)
{
	const struct task *task = task_of(f, node);

	switch (task->state) {
	case STATE_MUTEX:
	case STATE_RWLOCK_READ:
	case STATE_RWLOCK_WRITE:
	case STATE_FLOCK:
		return !f->shown[node] &&
		       (!f->graph || f->graph->next[node] == GRAPH_NONE) &&
		       task->waits.kind && object_of(task) != 0;
	default:
		return false;
	}
}

/* Adds "mutex 0x…: 3 wait, holder unknown" and the tasks, if they are few or unfolded. */
static void add_unknown(struct forest *f, size_t from, size_t count)
{
	const struct task *any = task_of(f, f->list[from]);
	struct waits_line *line = NULL;
	char what[WAITS_TEXT_MAX], owner[TASK_ID_MAX], name[96];
	bool named = task_format_owner(any, owner), open;

	if (f->v->nr_lines > 0 && (line = add_line(f)))
		line->key = (struct waits_key){1, object_of(any), LINE_UNKNOWN};
	line = add_line(f);
	if (!line)
		return;
	if (any->waits.address != 0)
		snprintf(what, sizeof(what), "%s 0x%llx", any->waits.kind,
			 (unsigned long long)any->waits.address);
	else
		snprintf(what, sizeof(what), "%s", or_empty(any->waits.text));
	line->key = (struct waits_key){0, object_of(any), LINE_UNKNOWN};
	line->folded = count >= FOLD_MIN;
	open = !line->folded || f->v->open_all || is_opened(f->v, &line->key);
	line->head = or_empty(arena_printf(
		&f->v->arena, "%s%s%s%s: %zu wait%s, %s%s",
		!line->folded ? ""
		: open        ? "- "
			      : "+ ",
		what, *name_process(f, f->list[from], name, sizeof(name)) ? " in " : "",
		name, count, count == 1 ? "s" : "",
		named ? "held by a task that is not among these, " : "holder unknown",
		named ? owner : ""));
	if (!open)
		keep_tasks(f, line, from, count);
	for (size_t i = from; i < from + count; i++) {
		f->shown[f->list[i]] = true;
		if (open)
			add_task(f, f->list[i], 1);
	}
}

static void add_unknowns(struct forest *f)
{
	size_t count = 0, end;

	for (uint32_t i = 0; i < f->s->nr_tasks; i++)
		if (lacks_holder(f, i))
			f->list[count++] = i;
	if (count > 1)
		qsort_r(f->list, count, sizeof(*f->list), compare_leaves, f);
	for (size_t i = 0; i < count; i = end) {
		uint64_t object = object_of(task_of(f, f->list[i]));

		for (end = i + 1; end < count; end++)
			if (object_of(task_of(f, f->list[end])) != object)
				break;
		add_unknown(f, i, end - i);
	}
}

void waits_build(struct tui *t, struct waits *v)
{
	struct forest f = {.t = t, .v = v, .s = t->snapshot};
	size_t nr_nodes;
	void *all;

	arena_release(&v->arena);
	arena_init(&v->arena, 0);
	v->nr_lines = v->nr_waiting = 0;
	if (!f.s)
		return;
	/* There is no graph if no wait leads to a task. */
	f.graph = f.s->graph;
	f.nr_nodes = nr_nodes = f.graph ? f.graph->nr_nodes : f.s->nr_tasks;
	/* One allocation: the arrays of 32-bit numbers, then the one of bytes. */
	all = calloc(nr_nodes + 1, 7 * sizeof(uint32_t) + sizeof(bool));
	if (!all)
		return;
	f.first = all;
	f.sibling = f.first + nr_nodes;
	f.held = f.sibling + nr_nodes;
	f.cycle = f.held + nr_nodes;
	f.stack = f.cycle + nr_nodes;
	f.depths = (int *)(f.stack + nr_nodes);
	f.list = f.stack + 2 * nr_nodes;
	f.shown = (bool *)(f.list + nr_nodes);
	if (f.graph) {
		link_nodes(&f);
		add_trees(&f);
	}
	add_unknowns(&f);
	free(all);
}
