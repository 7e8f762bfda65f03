/* SPDX-License-Identifier: MIT */
/*
 * Up to 3.13 asyncio.tasks has a WeakSet of all tasks, and from 3.12 on a set of those that
 * run for the first time. From 3.14 on each thread has a list of its tasks, and the
 * interpreter has one of those whose thread has ended. The nodes that the last look knew are
 * read at once; the list is then followed through them.
 */
#include <stdlib.h>

#include "base/array.h"
#include "base/order.h"
#include "source/python/asyncio_private.h"

#define LISTS_MINOR  14
#define SET_BYTES    48u
#define SET_MASK     32u
#define SET_TABLE    40u
#define SET_MASK_MAX (1ull << 20)
#define ENTRIES      2048u /* of a set, read at once */
#define TRIES        3
#define REF_BYTES    24u
#define REF_OBJECT   16u
#define NODE_BYTES   16u
#define THREADS_MOST 4096u

static bool push_key(struct python_asyncio *asyncio, uint64_t key)
{
	if (!array_reserve_most(&asyncio->keys, &asyncio->cap_keys, asyncio->nr_keys + 1,
				PYTHON_TASKS_MAX)) {
		asyncio->out.partial = true;
		return false;
	}
	asyncio->keys[asyncio->nr_keys++] = key;
	return true;
}

static bool push_found(struct python_asyncio *asyncio, uint64_t task, pid_t tid)
{
	if (!array_reserve_most(&asyncio->found, &asyncio->cap_found,
				asyncio->nr_found + 1, PYTHON_TASKS_MAX)) {
		asyncio->out.partial = true;
		return false;
	}
	asyncio->found[asyncio->nr_found++] = (struct python_found){task, tid};
	return true;
}

/* Reads the elements of a set once. Returns false if it changed in the meantime. */
static bool read_set_once(struct python *python, struct python_asyncio *asyncio,
			  uint64_t set)
{
	struct memory *mem = &python->reader.mem;
	uint64_t entries[ENTRIES * 2], at, mask;
	uint8_t head[SET_BYTES], again[SET_BYTES];

	if (!memory_read(mem, set, head, sizeof(head)))
		return true;
	mask = load_u64(head + SET_MASK);
	at = load_u64(head + SET_TABLE);
	asyncio->out.partial |= mask > SET_MASK_MAX - 1;
	for (uint64_t left = mask < SET_MASK_MAX ? mask + 1 : SET_MASK_MAX; left > 0;) {
		size_t nr = left < ENTRIES ? (size_t)left : ENTRIES;

		if (!memory_read(mem, at, entries, nr * 16))
			return false;
		for (size_t i = 0; i < nr; i++)
			if (python_plausible(entries[2 * i]) &&
			    !push_key(asyncio, entries[2 * i]))
				return true;
		at += nr * 16;
		left -= nr;
	}
	return memory_read(mem, set, again, sizeof(again)) &&
	       memcmp(head + SET_MASK, again + SET_MASK, 16) == 0;
}

static bool read_set(struct python *python, struct python_asyncio *asyncio, uint64_t set)
{
	struct memory *mem = &python->reader.mem;
	struct blocks *kept = mem->kept;

	if (!python_is(&python->reader, set, PYTHON_SET))
		return false;
	mem->kept = NULL; /* what changes meanwhile is to be seen */
	for (int try = 0; try < TRIES; try++) {
		asyncio->nr_keys = 0;
		if (read_set_once(python, asyncio, set))
			break;
	}
	mem->kept = kept;
	return true;
}

/* The keys are weak references. One whose task has ended refers to None. */
static void follow_references(struct python *python, struct python_asyncio *asyncio)
{
	size_t nr = asyncio->nr_keys;

	if (!python_gather_reserve(python, nr))
		return;
	for (size_t i = 0; i < nr; i++)
		python->items[i] =
			(struct memory_item){asyncio->keys[i], (uint32_t)i, false};
	if (!python_gather(python, nr, REF_BYTES))
		return;
	for (size_t i = 0; i < nr; i++) {
		uint64_t task = load_u64(python->bytes + i * REF_BYTES + REF_OBJECT);

		if (python->items[i].ok && python_plausible(task) &&
		    task != python->reader.none)
			push_found(asyncio, task, 0);
	}
}

/* Whether another module was imported since the last search. */
static bool has_imported(struct python *python, struct python_asyncio *asyncio)
{
	int64_t nr = -1, length;
	uint64_t modules;

	for (size_t i = 0; i < python->nr_interps; i++)
		if (python_word(&python->reader,
				python->interps[i] +
					(uint64_t)python->reader.layout.interp_modules,
				&modules) &&
		    (length = python_dict_length(&python->reader, modules)) > 0)
			nr += length;
	if (nr == asyncio->nr_modules)
		return false;
	asyncio->nr_modules = nr;
	return true;
}

/* Tasks of other frameworks are kept where nothing outside can find them. */
static void find_others(struct python *python, struct python_asyncio *asyncio,
			uint64_t interp)
{
	struct python_reader *reader = &python->reader;

	asyncio->trio |= python_module_dict(reader, interp, "trio._core._run") != 0;
	asyncio->gevent |= python_module_dict(reader, interp, "gevent.hub") != 0;
	asyncio->eventlet |= python_module_dict(reader, interp, "eventlet.hubs") != 0;
}

static void find_sets(struct python *python, struct python_asyncio *asyncio)
{
	struct python_reader *reader = &python->reader;

	asyncio->nr_sets = 0;
	for (size_t i = 0; i < python->nr_interps && asyncio->nr_sets < PYTHON_SETS_MAX;
	     i++) {
		uint64_t dict =
			python_module_dict(reader, python->interps[i], "asyncio.tasks");
		uint64_t set = 0, eager = 0;

		find_others(python, asyncio, python->interps[i]);
		if (dict && reader->layout.minor >= 12) {
			set = python_dict_find(reader, dict, "_scheduled_tasks");
			eager = python_dict_find(reader, dict, "_eager_tasks");
		} else if (dict) {
			set = python_dict_find(reader, dict, "_all_tasks");
		}
		set = set ? python_attribute(reader, set, "data") : 0;
		if (set)
			asyncio->sets[asyncio->nr_sets++] =
				(struct python_task_sets){set, eager};
	}
}

/* From 3.14 on these have only tasks of classes that are not asyncio's own in C. */
static void list_sets(struct python *python, struct python_asyncio *asyncio)
{
	for (size_t i = 0; i < asyncio->nr_sets; i++) {
		const struct python_task_sets *sets = &asyncio->sets[i];

		if (!read_set(python, asyncio, sets->scheduled)) {
			asyncio->nr_modules = -2;
			continue;
		}
		follow_references(python, asyncio);
		if (sets->eager && read_set(python, asyncio, sets->eager))
			for (size_t k = 0; k < asyncio->nr_keys; k++)
				push_found(asyncio, asyncio->keys[k], 0);
	}
}

struct nodes {
	struct python *python;
	size_t nr; /* of python->items, sorted by address */
	uint64_t own[2];
};

/* The addresses of the next and of the previous node; NULL if they cannot be read. */
static const uint64_t *read_node(struct nodes *nodes, uint64_t address)
{
	struct python *python = nodes->python;
	size_t at = nodes->nr == 0 ? 0
				   : ORDER_COUNT_BELOW(python->items, nodes->nr, address,
						       address);

	if (at < nodes->nr && python->items[at].address == address &&
	    python->items[at].ok) {
		memcpy(nodes->own,
		       python->bytes + (size_t)python->items[at].index * NODE_BYTES,
		       NODE_BYTES);
		return nodes->own;
	}
	return python_plausible(address) && memory_read(&python->reader.mem, address,
							nodes->own, NODE_BYTES)
		       ? nodes->own
		       : NULL;
}

/* Follows one list in one direction, 0 or 1, up to its head or to `stop`. Returns the last
 * node before a tear: tasks that end while the list is read are cut out of it. */
static uint64_t walk_list(struct nodes *nodes, struct python_asyncio *asyncio,
			  uint64_t head, pid_t tid, int direction, uint64_t stop)
{
	uint64_t node_offset = (uint64_t)nodes->python->reader.layout.task_node;
	const uint64_t *node = read_node(nodes, head);
	uint64_t at = node ? node[direction] : 0, last = head;

	for (size_t i = 0; at != head && at != stop && i < PYTHON_TASKS_MAX; i++) {
		node = read_node(nodes, at);
		if (!node || !push_found(asyncio, at - node_offset, tid))
			return last;
		last = at;
		at = node[direction];
	}
	return at == head ? 0 : last;
}

static void list_one(struct nodes *nodes, struct python_asyncio *asyncio, uint64_t head,
		     pid_t tid)
{
	uint64_t torn = walk_list(nodes, asyncio, head, tid, 0, 0);

	if (torn)
		walk_list(nodes, asyncio, head, tid, 1, torn);
}

static void list_threads(struct python *python, struct python_asyncio *asyncio)
{
	const struct python_layout *layout = &python->reader.layout;
	struct nodes nodes = {.python = python};
	size_t nr = asyncio->nr_before;

	if (!asyncio->published || !python_gather_reserve(python, nr))
		return;
	for (size_t i = 0; i < nr; i++)
		python->items[i] = (struct memory_item){
			asyncio->before[i].address + (uint64_t)layout->task_node,
			(uint32_t)i, false};
	if (!python_gather(python, nr, NODE_BYTES))
		return;
	nodes.nr = nr;
	for (size_t i = 0; i < python->nr_threads && i < THREADS_MOST; i++)
		list_one(&nodes, asyncio,
			 python->threads[i].address + (uint64_t)layout->tstate_tasks,
			 python->threads[i].tid);
	for (size_t i = 0; i < python->nr_interps; i++)
		list_one(&nodes, asyncio,
			 python->interps[i] + (uint64_t)layout->interp_tasks, 0);
}

void python_asyncio_list(struct python *python, struct python_asyncio *asyncio)
{
	size_t kept = 0;

	asyncio->nr_found = 0;
	if (has_imported(python, asyncio)) {
		find_sets(python, asyncio);
		if (python->reader.layout.minor >= LISTS_MINOR && !asyncio->published)
			asyncio->published = python_asyncio_publish(python);
	}
	if (python->reader.layout.minor >= LISTS_MINOR)
		list_threads(python, asyncio);
	list_sets(python, asyncio);
	if (asyncio->nr_found > 1)
		qsort(asyncio->found, asyncio->nr_found, sizeof(*asyncio->found),
		      order_u64);
	for (size_t i = 0; i < asyncio->nr_found; i++)
		if (i == 0 || asyncio->found[i].task != asyncio->found[kept - 1].task)
			asyncio->found[kept++] = asyncio->found[i];
	asyncio->nr_found = kept;
}
