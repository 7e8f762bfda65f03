/* SPDX-License-Identifier: MIT */
/* Whether an executable is a Go program is determined once for all processes that run it.
 * An agent or a Go library may be loaded later, so that is checked again periodically. */
#include "source/processes_fit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uthash.h>

#include "base/clock.h"
#include "source/agent/agent.h"
#include "source/go/module.h"
#include "source/source.h"

#define EXECUTABLES_MAX 4096u
#define AGAIN_NS        (10 * CLOCK_SECOND_NS)
/* New processes in each pass, even if the first of them took all of its time: on a machine
 * without a free CPU, the last ones would never have their turn otherwise. */
#define NEW_LEAST       16u

/* Compared byte by byte, so it must not have padding. */
struct file_id {
	uint64_t device, inode;
	int64_t modified_s, modified_ns;
};

struct executable {
	struct file_id id;
	bool go;
	UT_hash_handle hh;
};

struct known {
	pid_t pid;
	uint64_t start_ticks;
	struct file_id id; /* changes on exec() */
	const char *source;
	int64_t asked_ns;
	bool seen; /* in this pass */
	UT_hash_handle hh;
};

struct fits {
	struct pages *pages; /* the caller's, or NULL */
	struct executable *executables;
	struct known *known;
	/* What is left of this pass' time; of that for cached ones, because new ones take
	 * precedence. */
	int64_t left_ns, left_again_ns;
	size_t nr_new; /* determined in this pass */
};

struct fits *fits_new(struct pages *pages)
{
	struct fits *fits = calloc(1, sizeof(*fits));

	if (fits)
		fits->pages = pages;
	return fits;
}

static void drop_executables(struct fits *fits)
{
	struct executable *one, *next;

	for (one = fits->executables; one; one = next) {
		next = one->hh.next;
		HASH_DEL(fits->executables, one);
		free(one);
	}
}

void fits_free(struct fits *fits)
{
	struct known *one, *next;

	if (!fits)
		return;
	drop_executables(fits);
	for (one = fits->known; one; one = next) {
		next = one->hh.next;
		HASH_DEL(fits->known, one);
		free(one);
	}
	free(fits);
}

void fits_begin(struct fits *fits, int64_t budget_ns)
{
	struct known *one;

	fits->left_ns = budget_ns;
	fits->left_again_ns = budget_ns / 2;
	fits->nr_new = 0;
	for (one = fits->known; one; one = one->hh.next)
		one->seen = false;
}

void fits_end(struct fits *fits)
{
	struct known *one, *next;

	for (one = fits->known; one; one = next) {
		next = one->hh.next;
		if (one->seen)
			continue;
		HASH_DEL(fits->known, one);
		free(one);
	}
}

/* Reads attributes that are cached, without a request to a file server. */
static bool read_id(pid_t pid, struct file_id *id)
{
	struct process process = process_named(pid);
	struct statx status;

	if (!process_exe_id(&process, &status))
		return false;
	*id = (struct file_id){
		(uint64_t)status.stx_dev_major << 32 | status.stx_dev_minor,
		status.stx_ino, status.stx_mtime.tv_sec, status.stx_mtime.tv_nsec};
	return true;
}

static bool runs_go(struct fits *fits, pid_t pid, const struct file_id *id)
{
	struct memory mem = {.process = process_named(pid), .pages = fits->pages};
	struct executable *one;
	struct file_id now;
	struct err why;
	bool go;

	HASH_FIND(hh, fits->executables, id, sizeof(*id), one);
	if (one)
		return one->go;
	err_clear(&why);
	go = go_program_runs_go(&mem, &why);
	/* The answer is valid for other processes if this one could be read and has not
	 * called exec() in the meantime. */
	if ((!go && why.code != ERR_UNSUPPORTED) || !read_id(pid, &now) ||
	    memcmp(&now, id, sizeof(now)) != 0)
		return go;
	if (HASH_COUNT(fits->executables) >= EXECUTABLES_MAX)
		drop_executables(fits);
	one = calloc(1, sizeof(*one));
	if (!one)
		return go;
	one->id = *id;
	one->go = go;
	HASH_ADD(hh, fits->executables, id, sizeof(one->id), one);
	return go;
}

static const char *find_source(struct fits *fits, pid_t pid, const struct file_id *id)
{
	struct memory mem = {.process = process_named(pid), .pages = fits->pages};
	char unusable[ERR_TEXT_MAX];

	if (runs_go(fits, pid, id) || go_program_loads_go(&mem))
		return source_goruntime.name;
	if (agent_present(pid, fits->pages, unusable, sizeof(unusable)) && !unusable[0])
		return source_agent.name;
	return source_native.name;
}

const char *fits_of(struct fits *fits, pid_t pid, uint64_t start_ticks)
{
	int64_t now_ns = clock_mono_ns(), took_ns;
	struct file_id id = {0};
	struct known *one;
	bool same;

	read_id(pid, &id);
	HASH_FIND_INT(fits->known, &pid, one);
	same = one && one->start_ticks == start_ticks &&
	       memcmp(&one->id, &id, sizeof(id)) == 0;
	if (one)
		one->seen = true;
	if (same && (fits->left_again_ns <= 0 || now_ns - one->asked_ns < AGAIN_NS))
		return one->source;
	if (!same && fits->left_ns <= 0 && fits->nr_new >= NEW_LEAST)
		return NULL;
	if (!one) {
		one = calloc(1, sizeof(*one));
		if (!one)
			return NULL;
		one->pid = pid;
		HASH_ADD_INT(fits->known, pid, one);
	}
	one->seen = true;
	one->start_ticks = start_ticks;
	one->id = id;
	one->asked_ns = now_ns;
	one->source = find_source(fits, pid, &id);
	took_ns = clock_mono_ns() - now_ns;
	fits->left_ns -= took_ns;
	fits->left_again_ns -= took_ns;
	fits->nr_new += !same;
	return one->source;
}
