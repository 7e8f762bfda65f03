/* SPDX-License-Identifier: MIT */
/* Finds the interpreter, decides whether its layout is known, verifies that, and looks. */
#include "source/python/python.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "source/python/asyncio.h"
#include "source/python/frame.h"
#include "source/python/gil.h"
#include "source/python/held.h"
#include "source/python/hidden.h"
#include "source/python/module.h"
#include "source/python/states.h"
#include "source/python/thread.h"

#define FAILURES_MAX    8u         /* of looks one after the other */
#define LOOK_SPENDS     (1u << 20) /* at threads; see struct memory */
#define UNVERIFIED_MAX  4u
#define LIST_TRIES      4
/* The time to the next search for an interpreter doubles up to this many times. */
#define SEARCH_AGAIN_NS CLOCK_SECOND_NS
#define SEARCHES_MOST   6u

struct python *python_new(struct kernel *kernel, struct intern *intern)
{
	struct python *python = calloc(1, sizeof(*python));

	if (!python)
		return NULL;
	python->kernel = kernel;
	python->codes.intern = intern;
	python->names = python_names_new(intern);
	if (!python->names || !memory_gather_init(&python->reader.gather)) {
		python_free(python);
		return NULL;
	}
	return python;
}

void python_free(struct python *python)
{
	if (!python)
		return;
	memory_gather_release(&python->reader.gather);
	python_codes_release(&python->codes);
	python_walk_free(python->walk);
	python_names_free(python->names);
	python_holders_free(python->holders);
	python_tasks_free(python->asyncio);
	free(python->threads);
	free(python->frames);
	free(python->interps);
	free(python->items);
	free(python->bytes);
	free(python);
}

static void refuse(struct python *python, const char *what)
{
	python->status = PYTHON_REFUSED;
	snprintf(python->why, sizeof(python->why),
		 "process %d runs %s, so its threads are shown without their Python "
		 "functions",
		 (int)python->kernel->process.pid, what);
}

static void set_version(struct python *python, uint32_t version)
{
	python->version = version;
	snprintf(python->version_text, sizeof(python->version_text), "%u.%u.%u",
		 version >> 24, version >> 16 & 255, version >> 8 & 255);
}

/* From 3.11 on, Py_Version says it; before, the name of the file does. Else the text for
 * sys.version is searched for. */
static bool find_version(struct python *python, const struct python_module *module)
{
	struct memory *mem = &python->reader.mem;
	uint64_t address = python_module_symbol(module, mem, "Py_Version");
	uint32_t version;

	if (address && memory_read(mem, address, &version, sizeof(version)) &&
	    version >> 24 == 3) {
		set_version(python, version);
		return true;
	}
	if (module->runtime && module->named_minor > 0 && module->named_minor <= 255) {
		python->version = 3u << 24 | (uint32_t)module->named_minor << 16;
		snprintf(python->version_text, sizeof(python->version_text), "3.%d",
			 module->named_minor);
		return true;
	}
	if (!python_hidden_version(module, mem, &version))
		return false;
	set_version(python, version);
	return true;
}

/* From 3.13 on, the interpreter publishes where it keeps things. */
static bool set_published(struct python *python, const uint8_t *table, size_t size,
			  const struct python_offsets *offsets)
{
	char text[96];

	set_version(python, offsets->version);
	if (offsets->free_threaded) {
		snprintf(text, sizeof(text),
			 "a free-threaded CPython %s, which is not read",
			 python->version_text);
		refuse(python, text);
		return false;
	}
	return python_layout_set(&python->reader.layout,
				 (int)(offsets->version >> 16 & 255)) &&
	       python_layout_publish(&python->reader.layout, table, size);
}

static bool is_known(uint32_t version)
{
	return version >> 24 == 3 && (version >> 16 & 255) >= PYTHON_MINOR_FIRST &&
	       (version >> 16 & 255) <= PYTHON_MINOR_LAST;
}

/* What is not exported is only there once the interpreter has begun to run. */
static bool find_hidden(struct python *python, struct python_module *module)
{
	struct python_layout *layout = &python->reader.layout;

	if (!find_version(python, module))
		return false;
	if (is_known(python->version) &&
	    python_layout_set(layout, (int)(python->version >> 16 & 255)))
		module->runtime =
			python_hidden_runtime(module, &python->reader.mem, layout);
	return true;
}

static bool set_layout(struct python *python, const struct python_module *module)
{
	uint8_t table[PYTHON_OFFSETS_MAX];
	struct python_offsets offsets;
	size_t got = memory_read_some(&python->reader.mem, module->runtime, table,
				      sizeof(table));

	if (python_offsets_read(&offsets, table, got))
		return set_published(python, table, got, &offsets);
	return (python->version || find_version(python, module)) &&
	       is_known(python->version) &&
	       (python->version >> 16 & 255) < PYTHON_MINOR_OFFSETS &&
	       python_layout_set(&python->reader.layout,
				 (int)(python->version >> 16 & 255));
}

static void learn_types(struct python *python, const struct python_module *module)
{
	struct python_reader *reader = &python->reader;

	for (int i = 0; i < PYTHON_TYPES; i++)
		reader->types[i] = python_module_symbol(
			module, &reader->mem, python_type_symbol((enum python_type)i));
	reader->none = python_module_symbol(module, &reader->mem, "_Py_NoneStruct");
	if (!reader->types[PYTHON_TYPE])
		reader->types[PYTHON_TYPE] = module->type;
}

/* Why the layout is not known. */
static void refuse_layout(struct python *python)
{
	char text[96];

	if (python->status == PYTHON_REFUSED)
		return;
	if (!python->version)
		snprintf(text, sizeof(text), "a Python whose version is unknown");
	else if (is_known(python->version))
		snprintf(text, sizeof(text), "CPython %s in a form that is not known",
			 python->version_text);
	else
		snprintf(text, sizeof(text), "CPython %s, and only 3.8 to 3.15 are read",
			 python->version_text);
	refuse(python, text);
}

static void recognise(struct python *python)
{
	struct python_module module;

	python->status = PYTHON_ABSENT;
	python->version = 0;
	if (!python_module_find(&module, &python->reader.mem))
		return;
	if (module.pypy) {
		refuse(python, "PyPy, which is not read");
		return;
	}
	if (!module.runtime && !find_hidden(python, &module)) {
		python->unborn = true;
		return;
	}
	python->unborn = false;
	python->runtime = module.runtime;
	if (module.runtime && set_layout(python, &module)) {
		learn_types(python, &module);
		python->status = PYTHON_STARTS;
	} else if (module.runtime || !is_known(python->version) ||
		   ++python->failures == FAILURES_MAX) {
		refuse_layout(python);
	} else {
		python->unborn = true;
	}
}

/* A layout that is not that of the process shows at the first look: then the list of
 * threads is none, or no thread of it is one of the process, or their frames have no
 * code. */
static bool is_verified(const struct python *python)
{
	bool living = false, code = false, frames = false;

	for (size_t i = 0; i < python->nr_threads; i++) {
		if (!python->threads[i].tid)
			continue;
		living = true;
		code |= python->threads[i].nr_frames > 0;
		frames |= python->threads[i].top != 0;
	}
	return living && (code || !frames);
}

static void note_failure(struct python *python)
{
	char text[96];

	python->nr_threads = python->nr_frames = 0;
	if (++python->failures < FAILURES_MAX)
		return;
	snprintf(text, sizeof(text), "CPython %s in a form that is not known",
		 python->version_text);
	refuse(python, text);
}

static bool look(struct python *python)
{
	bool listed = false;

	python_codes_begin(&python->codes);
	/* A thread that ends while the list is followed leads astray. */
	for (int try = 0; try < LIST_TRIES && !listed; try++)
		listed = python_threads_list(python);
	if (!listed && (python->status != PYTHON_READ || python->nr_threads == 0))
		return false;
	if (python->nr_threads == 0)
		return python->status == PYTHON_STARTS; /* not yet, or no longer */
	python_walk_threads(python);
	python_states_settle(python);
	/* The only thread may be read at a moment when its frame is not one yet. */
	if (is_verified(python))
		python->unverified = 0;
	else if (python->status != PYTHON_READ || ++python->unverified > UNVERIFIED_MAX)
		return false;
	python->status = PYTHON_READ;
	python_names_set(python);
	python_gils_read(python);
	return true;
}

bool python_look(struct python *python, uint64_t epoch, bool rested)
{
	if (python->kernel->denied || python->kernel->memory_denied ||
	    python->kernel->mute)
		return false;
	if (python->status == PYTHON_REFUSED)
		return false;
	memory_allow(&python->reader.mem, LOOK_SPENDS);
	if (rested && python->looks > 0 && python->status == PYTHON_READ &&
	    python->failures == 0)
		return true;
	python->reader.mem.process = python->kernel->process;
	python->reader.mem.pages = python->kernel->pages;
	if (python->status == PYTHON_ABSENT) {
		int64_t now_ns = python->kernel->now_ns;

		if (python->searched &&
		    ((python->searched_epoch == epoch && !python->unborn) ||
		     now_ns < python->search_at_ns))
			return false;
		/* Programs that generate code have something new all the time. */
		python->search_at_ns = now_ns + (SEARCH_AGAIN_NS << python->searched);
		python->searched += python->searched < SEARCHES_MOST;
		python->searched_epoch = epoch;
		recognise(python);
	}
	if (python->status != PYTHON_STARTS && python->status != PYTHON_READ)
		return false;
	python->reader.look = ++python->looks;
	python->spent = false;
	if (look(python)) {
		python->failures = 0;
		return python->status == PYTHON_READ;
	}
	note_failure(python);
	return false;
}

static int rank_of(const struct python *python, const struct python_thread *thread)
{
	return thread->nr_frames == 0                                      ? 0
	       : thread->interp == python->interps[python->nr_interps - 1] ? 2
									   : 1;
}

const struct python_thread *python_find(const struct python *python, pid_t tid)
{
	const struct python_thread *found = NULL;
	size_t low = 0, high = python ? python->nr_threads : 0;

	if (high == 0 || tid <= 0)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (python->threads[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	/* A thread that uses several interpreters is in the list of each, and before 3.13 also
	 * one that has only made another interpreter. What the main one says is certain. */
	for (; low < python->nr_threads && python->threads[low].tid == tid; low++) {
		const struct python_thread *thread = &python->threads[low];

		if (!found || rank_of(python, thread) > rank_of(python, found))
			found = thread;
	}
	return found;
}

uint64_t python_place(const struct python *python, const struct python_thread *thread)
{
	return thread->nr_frames > 0 && !thread->moved
		       ? python->frames[thread->first_frame].position
		       : 0;
}

static void note_spent(const struct python *python, struct snapshot *out)
{
	snapshot_note(out,
		      "the Python objects of process %d are more than one look reads, so "
		      "something may be missing",
		      (int)python->kernel->process.pid);
}

void python_notes(const struct python *python, struct snapshot *out)
{
	if (!python)
		return;
	if (python->status == PYTHON_REFUSED)
		snapshot_note(out, "%s", python->why);
	else if (python->failures > 0 && python->status != PYTHON_ABSENT)
		snapshot_note(out,
			      "process %d runs CPython %s, which could not be read "
			      "this time, so its threads are shown without their Python "
			      "functions",
			      (int)python->kernel->process.pid, python->version_text);
	else if (python->spent || memory_is_spent(&python->reader.mem))
		note_spent(python, out);
}
