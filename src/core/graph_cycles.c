/* SPDX-License-Identifier: MIT */
/* Collects the cycles among the tasks that can never continue. */
#include <stdlib.h>
#include <string.h>

#include "core/graph_private.h"

/* Maximum size of a cycle's support that is examined a second time. */
#define SUPPORT_MAX 1024u

static void add_support(bool *seen, uint32_t node, uint32_t *support, size_t *count)
{
	if (seen[node] || *count > SUPPORT_MAX)
		return;
	seen[node] = true;
	if (*count < SUPPORT_MAX)
		support[*count] = node;
	++*count;
}

/* One of several that can never end keeps up a task which waits for all of them. */
static void add_owners(const struct builder *b, bool *seen, uint32_t *support,
		       uint32_t node, size_t *count)
{
	const struct several_node *several = graph_several(b, node);

	if (!several || !several->any) {
		add_support(seen, b->next[node], support, count);
		return;
	}
	for (uint32_t i = 0; i < several->nr; i++)
		add_support(seen, b->members[several->first + i].node, support, count);
}

/* Collects the cycle's nodes and everything that their waits depend on. Returns 0 if that
 * is too many to examine again. */
static size_t find_support(const struct builder *b, bool *seen, uint32_t *support,
			   size_t count)
{
	for (size_t i = 0; i < count && count <= SUPPORT_MAX; i++) {
		const struct wait_actors *actors =
			wait_more(graph_task(b->snapshot, support[i]))->actors;

		if (!actors) {
			add_owners(b, seen, support, support[i], &count);
			continue;
		}
		for (size_t node = 0; node < b->nr_nodes; node++) {
			const struct actor *actor = graph_actor(b, (uint32_t)node);

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

bool graph_find_cycles(struct builder *b, struct wait_graph *graph)
{
	uint32_t *walk = calloc(b->nr_nodes + 1, sizeof(*walk)); /* 0 if not visited */
	bool *seen = calloc(b->nr_nodes + 1, sizeof(*seen));
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
