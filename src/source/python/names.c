/* SPDX-License-Identifier: MIT */
/* threading._active is a dict of idents and Thread objects, which have a name. */
#include "source/python/thread.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/order.h"

#define NAME_BYTES   256u
#define REREAD_LOOKS 16u
#define THREADS_MOST 20000u
#define TRIES        4
#define MAIN_NAME    "MainThread"
#define INTERPS_MOST 16u

struct entry {
	uint64_t ident;
	const char *name;
	uint32_t order; /* in which they were read */
};

static int compare_entries(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	return left->ident != right->ident ? ORDER(left->ident, right->ident)
					   : ORDER(left->order, right->order);
}

/* The dict of an interpreter; 0 if not found yet. */
struct active {
	uint64_t interp, dict;
};

struct python_names {
	struct intern *intern;
	struct active active[INTERPS_MOST]; /* parallel to the last interpreters */
	struct entry *list;                 /* sorted by ident */
	size_t nr, capacity;
	uint32_t look; /* in which they were read */
	uint64_t mark; /* changes with the set of threads */
};

struct python_names *python_names_new(struct intern *intern)
{
	struct python_names *names = calloc(1, sizeof(*names));

	if (names)
		names->intern = intern;
	return names;
}

void python_names_free(struct python_names *names)
{
	if (!names)
		return;
	free(names->list);
	free(names);
}

/* sys.modules["threading"]._active */
static uint64_t find_active(struct python *python, uint64_t interp)
{
	struct python_reader *reader = &python->reader;
	uint64_t dict = python_module_dict(reader, interp, "threading");

	return dict ? python_dict_find(reader, dict, "_active") : 0;
}

/* Each interpreter calls the thread that used it first its main thread. Returns false if
 * the dict changed in the meantime. */
static bool read_once(struct python *python, struct python_names *names,
		      const struct active *active, bool others)
{
	struct python_reader *reader = &python->reader;
	struct python_dict walk, before, after;
	uint64_t key, thread;

	if (!python_dict_open(reader, active->dict, &walk))
		return false;
	before = walk;
	while (names->nr < THREADS_MOST &&
	       python_dict_next(reader, &walk, &key, &thread)) {
		char text[NAME_BYTES];
		int64_t ident;

		if (!python_int(reader, key, &ident) ||
		    python_text(reader, python_attribute(reader, thread, "_name"), text,
				sizeof(text)) <= 0 ||
		    (others && strcmp(text, MAIN_NAME) == 0) ||
		    !array_reserve(&names->list, &names->capacity, names->nr + 1))
			continue;
		names->list[names->nr] = (struct entry){
			(uint64_t)ident, intern_text(names->intern, text, strlen(text)),
			(uint32_t)names->nr};
		names->nr++;
	}
	return python_dict_open(reader, active->dict, &after) &&
	       after.entries == before.entries && after.left == before.left;
}

/* Threads that begin and end change the dict all the time. */
static void read_interp(struct python *python, struct python_names *names,
			struct active *active, bool others)
{
	size_t first = names->nr;

	for (int try = 0; try < TRIES; try++) {
		if (!active->dict)
			active->dict = find_active(python, active->interp);
		names->nr = first;
		if (read_once(python, names, active, others))
			return;
	}
	if (names->nr == first)
		active->dict = 0;
}

/* The main interpreter is the last of the list, as the others were added before it. What
 * it calls a thread is found first. */
static void read_names(struct python *python, struct python_names *names)
{
	names->nr = 0;
	for (size_t i = 0; i < python->nr_interps && i < INTERPS_MOST; i++) {
		struct active *active = &names->active[i];
		uint64_t interp = python->interps[python->nr_interps - 1 - i];

		if (active->interp != interp)
			*active = (struct active){interp, 0};
		read_interp(python, names, active, i > 0);
	}
	if (names->nr > 1)
		qsort(names->list, names->nr, sizeof(*names->list), compare_entries);
}

static uint64_t mark_of(const struct python *python)
{
	uint64_t mark = python->nr_threads;

	for (size_t i = 0; i < python->nr_threads; i++)
		mark = hash_mix(mark,
				python->threads[i].ident ^ python->threads[i].address);
	return mark;
}

static const char *find_name(const struct python_names *names, uint64_t ident)
{
	size_t at = names->nr == 0
			    ? 0
			    : ORDER_COUNT_BELOW(names->list, names->nr, ident, ident);

	return at < names->nr && names->list[at].ident == ident ? names->list[at].name
								: NULL;
}

/* A thread has its name only after it began to run. */
static bool lacks_names(const struct python *python, const struct python_names *names)
{
	for (size_t i = 0; i < python->nr_threads; i++)
		if (python->threads[i].nr_frames > 0 &&
		    !find_name(names, python->threads[i].ident))
			return true;
	return false;
}

void python_names_set(struct python *python)
{
	struct python_names *names = python->names;
	uint64_t mark = mark_of(python);

	if (!names || python->nr_interps == 0)
		return;
	if (mark != names->mark || python->looks - names->look >= REREAD_LOOKS ||
	    (python->looks != names->look && lacks_names(python, names) &&
	     python->looks % 4 == 0)) {
		names->mark = mark;
		names->look = python->looks;
		read_names(python, names);
	}
	for (size_t i = 0; i < python->nr_threads; i++)
		python->threads[i].name = find_name(names, python->threads[i].ident);
}
