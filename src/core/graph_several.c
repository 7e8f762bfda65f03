/* SPDX-License-Identifier: MIT */
/*
 * Tasks that wait for several others at once. One that needs all of them can never continue
 * if one of these cannot; one that needs any of them, only if none of these can. That one
 * may fail, and is then not waited for any longer, is not thought of: nor is it of a lock.
 */
#include <stdlib.h>

#include "core/graph_private.h"

size_t graph_several_count(const struct builder *b)
{
	const struct task *tasks = b->snapshot->tasks;
	size_t count = 0;

	for (size_t i = 0; i < b->snapshot->nr_tasks; i++)
		if ((b->what[i] & NODE_SEVERAL) && (b->what[i] & NODE_WAITS))
			count += wait_more(&tasks[i])->several->nr;
	return count;
}

static void list_members(struct builder *b, uint32_t node, size_t *count)
{
	const struct task *task = graph_task(b->snapshot, node);
	const struct wait_several *from = wait_more(task)->several;
	struct several_node *several = &b->several[b->nr_several];

	*several = (struct several_node){
		.node = node,
		.first = (uint32_t)*count,
		.nr = (uint32_t)from->nr,
		.any = from->any,
	};
	b->several_of[node] = (uint32_t)++b->nr_several;
	for (size_t i = 0; i < from->nr; i++, ++*count) {
		uint64_t key = from->cids[i] | KEY_COROUTINE;
		struct owner_node *found = graph_find(b, key, task->pid);

		*found = (struct owner_node){key, task->pid, GRAPH_NONE};
		b->members[*count] = (struct several_member){
			GRAPH_NONE, (uint32_t)b->nr_several - 1, GRAPH_NONE};
	}
}

bool graph_several_open(struct builder *b, size_t count)
{
	const struct snapshot *s = b->snapshot;
	size_t nr = 0;

	b->several = calloc(s->nr_tasks + 1, sizeof(*b->several));
	b->members = calloc(count, sizeof(*b->members));
	b->several_of = calloc(b->nr_nodes + 1, sizeof(*b->several_of));
	b->first_member = calloc(b->nr_nodes + 1, sizeof(*b->first_member));
	if (!b->several || !b->members || !b->several_of || !b->first_member)
		return false;
	for (size_t i = 0; i < b->nr_nodes; i++)
		b->first_member[i] = GRAPH_NONE;
	for (size_t i = 0; i < s->nr_tasks; i++)
		if (wait_more(&s->tasks[i])->several && graph_waits(&s->tasks[i]))
			list_members(b, (uint32_t)i, &nr);
	return true;
}

void graph_several_release(struct builder *b)
{
	free(b->several);
	free(b->members);
	free(b->several_of);
	free(b->first_member);
}

const struct several_node *graph_several(const struct builder *b, uint32_t node)
{
	return b->several_of && b->several_of[node] ? &b->several[b->several_of[node] - 1]
						    : NULL;
}

/* Returns whether some member is not among the tasks, and so may be able to continue. */
static bool link_members(struct builder *b, struct several_node *several)
{
	const struct task *task = graph_task(b->snapshot, several->node);
	bool unknown = false;

	for (uint32_t i = 0; i < several->nr; i++) {
		struct several_member *member = &b->members[several->first + i];
		uint64_t key = wait_more(task)->several->cids[i] | KEY_COROUTINE;

		member->node = graph_find(b, key, task->pid)->node;
		if (member->node == GRAPH_NONE) {
			unknown = true;
			continue;
		}
		several->left++;
		member->next = b->first_member[member->node];
		b->first_member[member->node] = several->first + i;
	}
	return unknown;
}

void graph_several_link(struct builder *b)
{
	for (size_t i = 0; i < b->nr_several; i++) {
		struct several_node *several = &b->several[i];
		const struct task *task = graph_task(b->snapshot, several->node);
		bool open = link_members(b, several) || wait_more(task)->several->open;

		if (several->left == 0 || (several->any && open))
			b->dead[several->node] = false;
	}
}

uint32_t graph_several_wake(struct builder *b, const struct several_member *member)
{
	struct several_node *several = &b->several[member->several];

	several->left--;
	return several->any || several->left == 0 ? several->node : GRAPH_NONE;
}

/* Tarjan's search for strongly connected components, among the nodes that are dead. */
struct components {
	const struct builder *b;
	uint32_t *order; /* when a node was found, from 1 on; 0 if it was not */
	uint32_t *low;   /* the earliest node that it leads to; then its component */
	uint32_t *at;    /* its successors that were visited */
	uint32_t *open;  /* nodes that have no component yet */
	uint32_t *path;
	size_t nr_open, nr_path;
	uint32_t found;
};

#define COMPONENT (1u << 31)

/* Returns GRAPH_NONE behind the last one. Others may be so too, or not be dead. */
static bool successor(const struct builder *b, uint32_t node, uint32_t at, uint32_t *out)
{
	const struct several_node *several = graph_several(b, node);

	if (at >= (several ? several->nr : 1))
		return false;
	*out = several ? b->members[several->first + at].node : b->next[node];
	return true;
}

static void enter(struct components *c, uint32_t node)
{
	c->order[node] = c->low[node] = ++c->found;
	c->open[c->nr_open++] = node;
	c->path[c->nr_path++] = node;
}

static void leave(struct components *c, uint32_t node)
{
	uint32_t last, low = c->low[node];

	c->nr_path--;
	if (c->nr_path > 0 && low < c->low[c->path[c->nr_path - 1]])
		c->low[c->path[c->nr_path - 1]] = low;
	if (low != c->order[node])
		return;
	do {
		last = c->open[--c->nr_open];
		c->low[last] = node | COMPONENT;
	} while (last != node);
}

static void visit(struct components *c, uint32_t start)
{
	uint32_t next;

	enter(c, start);
	while (c->nr_path > 0) {
		uint32_t node = c->path[c->nr_path - 1];

		if (!successor(c->b, node, c->at[node]++, &next)) {
			leave(c, node);
			continue;
		}
		if (next == GRAPH_NONE || !c->b->dead[next])
			continue;
		if (c->order[next] == 0)
			enter(c, next);
		else if (!(c->low[next] & COMPONENT) && c->order[next] < c->low[node])
			c->low[node] = c->order[next];
	}
}

/* component: of each node, or NULL if none is dead. */
static uint32_t choose(const struct builder *b, const struct several_node *several,
		       const uint32_t *component)
{
	uint32_t best = GRAPH_NONE;
	int rank = 0;

	for (uint32_t i = 0; i < several->nr; i++) {
		uint32_t node = b->members[several->first + i].node;
		int is = node == GRAPH_NONE ? 0
			 : !b->dead[node]   ? 1
			 : !component       ? 2
			 : component[node] == component[several->node] &&
					 b->dead[several->node]
				 ? 3
				 : 2;

		if (is > rank) {
			rank = is;
			best = node;
		}
	}
	return best;
}

bool graph_several_choose(struct builder *b)
{
	size_t nr = b->nr_nodes + 1;
	uint32_t *all = NULL;
	bool dead = false;

	for (size_t i = 0; i < b->nr_several; i++)
		dead |= b->dead[b->several[i].node];
	if (dead) {
		struct components c = {.b = b};

		all = calloc(nr, 5 * sizeof(*all));
		if (!all)
			return false;
		c.low = all;
		c.order = all + nr;
		c.at = all + 2 * nr;
		c.open = all + 3 * nr;
		c.path = all + 4 * nr;
		for (size_t i = 0; i < b->nr_nodes; i++)
			if (b->dead[i] && c.order[i] == 0)
				visit(&c, (uint32_t)i);
	}
	for (size_t i = 0; i < b->nr_several; i++)
		b->next[b->several[i].node] = choose(b, &b->several[i], all);
	free(all);
	return true;
}
