/* SPDX-License-Identifier: MIT */
/* What the files of the wait-for graph share. graph.c makes a graph of the others' parts. */
#ifndef CORE_GRAPH_PRIVATE_H
#define CORE_GRAPH_PRIVATE_H

#include "core/graph.h"

struct owner_node {
	uint64_t key; /* 0 if free */
	pid_t pid; /* of a goroutine or coroutine, whose id is unique only in its process */
	uint32_t node;
};

/* Goroutines and coroutines have separate ranges of keys. */
#define KEY_GOROUTINE (1ull << 63)
#define KEY_COROUTINE (1ull << 62)

/* A process as a whole. It can act as long as one of its threads can. */
struct actor {
	pid_t pid;
	bool complete;
	/* its main thread, or its first one; GRAPH_NONE if none is known */
	uint32_t first;
	uint32_t alive; /* threads that can run */
	/* of the target: its threads that are in no row, and could still act */
	int64_t missing;
};

/* A task that waits for several others. */
struct several_node {
	uint32_t node;
	uint32_t first, nr; /* in builder->members */
	uint32_t left;      /* of these, may be unable to continue */
	bool any;           /* one that ends is enough */
};

struct several_member {
	uint32_t node;    /* or GRAPH_NONE */
	uint32_t several; /* who waits for it */
	uint32_t next;    /* who waits for the same node, an index, or GRAPH_NONE */
};

enum node_bits {
	NODE_WAITS = 1u << 0,   /* graph_waits() */
	NODE_ACTORS = 1u << 1,  /* it waits for a process */
	NODE_SEVERAL = 1u << 2, /* it waits for several tasks */
	NODE_HELD = 1u << 3,    /* its wait ends only if another task ends it */
	NODE_THREAD = 1u << 4,
};

struct builder {
	struct snapshot *snapshot;
	size_t nr_nodes;
	uint8_t *what;          /* enum node_bits of each node: its task is read once */
	struct owner_node *map; /* tasks that other tasks wait for */
	size_t mask;
	/* the processes of the target, which is one unless it has members, then others */
	struct actor *actors;
	size_t nr_actors, nr_own;
	uint32_t *owner;        /* of each node, or GRAPH_NONE */
	uint32_t *first_waiter; /* per node: head of the list of nodes that wait for it */
	uint32_t *next_waiter;
	uint32_t *work; /* nodes that turned out to be alive */
	size_t nr_work;
	uint32_t *waiting; /* nodes whose wait has actors */
	size_t nr_waiting;
	/* Empty, and several_of and first_member NULL, if no task waits for several. */
	struct several_node *several;
	size_t nr_several;
	struct several_member *members;
	uint32_t *several_of;   /* 1 + index, or 0 */
	uint32_t *first_member; /* per node: head of the list of members that it is */
	bool *dead;
	uint32_t *next; /* allocated in the arena */
};

/* Returns whether the task is a thread whose wait only another task can end, a goroutine
 * on such a thread, or a coroutine that waits for others. */
bool graph_waits(const struct task *task);
/* Returns the entry of the key, or the free one where it belongs. pid: the process that
 * the key is of. */
struct owner_node *graph_find(const struct builder *b, uint64_t key, pid_t pid);
/* Returns the process of a node. */
struct actor *graph_actor(const struct builder *b, uint32_t node);

/* Counts how many tasks those that wait for several wait for. */
size_t graph_several_count(const struct builder *b);
/* Lists the tasks that wait for several, and makes entries for what they wait for. count
 * is not 0. Returns false if there is no memory. graph_several.c. */
bool graph_several_open(struct builder *b, size_t count);
void graph_several_release(struct builder *b);
/* Links them, when the entries have their nodes. Returns those that can continue in any
 * case as not dead. */
void graph_several_link(struct builder *b);
/* Returns NULL if the node does not wait for several. */
const struct several_node *graph_several(const struct builder *b, uint32_t node);
/* A node of this member can continue. Returns the task that now can too, or GRAPH_NONE. */
uint32_t graph_several_wake(struct builder *b, const struct several_member *member);
/* Sets b->next of those nodes: one that is in a cycle with it, one that can never
 * continue, or the first. Returns false if there is no memory. */
bool graph_several_choose(struct builder *b);

/* Every chain of dead nodes leads to a cycle. Cycles that no task of the target is part
 * of or waits for are left out. Returns false if there is no memory. graph_cycles.c. */
bool graph_find_cycles(struct builder *b, struct wait_graph *graph);

#endif
