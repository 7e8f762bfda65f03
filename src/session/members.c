/* SPDX-License-Identifier: MIT */
/* One job samples one process after another. If one does not answer, the job is lost with
 * its worker, and another job continues with that process, whose memory it leaves alone. */
#include "session/members.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/array.h"
#include "base/clock.h"
#include "session/members_merge.h"
#include "source/agent/agent.h"

#define FIND_NS    CLOCK_SECOND_NS /* between two searches for processes */
/* One of many that does not answer delays the others. */
#define STALL_NS   (CLOCK_SECOND_NS / 2)
#define FDS_MOST   200000u
#define BYTES_MOST (1u << 30)
#define TRIES_MOST 2 /* per sample, for a process that does not answer */

struct members {
	struct words *words;
	const struct access *pattern;
	struct guard *guard;
	struct member **list; /* ordered by pid */
	size_t nr, cap;
	int64_t find_ns; /* when to search again */
	size_t over;     /* processes beyond the limit */
	bool found_one;  /* there has been one */
};

/* Each process needs some descriptors. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max < FDS_MOST ? limit.rlim_max : FDS_MOST;
	setrlimit(RLIMIT_NOFILE, &limit);
}

struct members *members_new(struct words *words, const struct access *pattern,
			    struct guard *guard)
{
	struct members *members = calloc(1, sizeof(*members));

	if (!members) {
		words_free(words);
		return NULL;
	}
	members->words = words;
	members->pattern = pattern;
	members->guard = guard;
	guard->stall_ns = STALL_NS;
	guard_share_pages(guard);
	raise_limit();
	return members;
}

static void close_job(void *arg)
{
	access_close(arg);
}

/* What an abandoned job may still use is not freed. */
static void free_member(struct members *members, struct member *member)
{
	struct access *access = &member->access;

	snapshot_unref(member->part);
	if (access->ops && !guard_run_close(members->guard, access, close_job, access))
		return;
	access_forget(access);
	guard_detach(members->guard, access);
	free(member);
}

void members_free(struct members *members)
{
	if (!members)
		return;
	for (size_t i = 0; i < members->nr; i++)
		free_member(members, members->list[i]);
	free(members->list);
	words_free(members->words);
	free(members);
}

static struct member *new_member(struct members *members,
				 const struct words_process *process)
{
	struct member *member = calloc(1, sizeof(*member));

	if (!member)
		return NULL;
	member->access = *members->pattern;
	member->access.pidfd = -1;
	member->access.target.pages = NULL;
	member->access.target.beside = &members->nr;
	member->access.guarded_pid = 0;
	member->pid = process->pid;
	member->start_ticks = process->start_ticks;
	member->name = intern_text(members->pattern->target.intern, process->name,
				   sizeof(process->name));
	guard_attach(members->guard, &member->access, process->pid);
	if (access_name(&member->access, process->pid, NULL) == 0)
		return member;
	free_member(members, member);
	return NULL;
}

/* Removes those that have ended. */
static void remove_ended(struct members *members)
{
	size_t kept = 0;

	for (size_t i = 0; i < members->nr; i++) {
		struct member *member = members->list[i];

		if (!member->gone && !access_ended(&member->access)) {
			members->list[kept++] = member;
			continue;
		}
		words_forget(members->words, member->pid);
		free_member(members, member);
		members->find_ns = 0; /* perhaps another one has replaced it */
	}
	members->nr = kept;
}

/* Frees those before a pid: no word means them any more, since they have called exec or
 * were moved to another cgroup. */
static void leave_before(struct members *members, size_t *at, pid_t pid)
{
	while (*at < members->nr && members->list[*at]->pid < pid)
		free_member(members, members->list[(*at)++]);
}

/* Watches the processes found, which are ordered by pid, and no others. */
static int join_found(struct members *members, const struct words_process *found,
		      size_t count, struct err *e)
{
	struct member **list = NULL;
	size_t nr = 0, cap = 0, at = 0;

	if (!array_reserve(&list, &cap, count + 1) || !list)
		return err_set(e, ERR_NOMEM, "out of memory for the processes");
	members->over = 0;
	for (size_t i = 0; i < count; i++) {
		struct member *member = NULL;

		leave_before(members, &at, found[i].pid);
		if (at < members->nr && members->list[at]->pid == found[i].pid)
			member = members->list[at++];
		else if (nr + members->nr - at < MEMBERS_MAX)
			member = new_member(members, &found[i]);
		else
			members->over++;
		if (member)
			list[nr++] = member;
	}
	leave_before(members, &at, INT_MAX);
	free(members->list);
	members->list = list;
	members->nr = nr;
	members->cap = cap;
	members->found_one |= nr > 0;
	return 0;
}

static int say_none(const struct members *members, struct err *e)
{
	char text[ERR_TEXT_MAX];
	const char *why = words_empty(members->words, text);

	if (members->found_one)
		return err_set(e, ERR_GONE, "all of the processes have ended");
	return err_set(e, ERR_NOTFOUND, "%s", why ? why : "there is no such process");
}

int members_find(struct members *members, struct err *e)
{
	const struct words_process *found;
	size_t count;
	int rc;

	remove_ended(members);
	rc = words_find(members->words, &found, &count, e);
	if (rc == 0)
		rc = join_found(members, found, count, e);
	members->find_ns = clock_mono_ns() + FIND_NS;
	if (rc == 0 && members->nr == 0 && !words_can_grow(members->words))
		rc = say_none(members, e);
	return rc;
}

bool members_ended(const struct members *members)
{
	if (words_can_grow(members->words))
		return false;
	for (size_t i = 0; i < members->nr; i++)
		if (!members->list[i]->gone && !access_ended(&members->list[i]->access))
			return false;
	return true;
}

struct sample_job {
	struct members *members;
	const struct source_focus *focus;
	size_t at;
	/* What tasks hold is asked of their own process. */
	struct holds_wish *wishes; /* ordered by process, as the members are */
	size_t nr_wishes, next_wish;
	size_t bytes; /* of the snapshots so far */
	struct access *current;
};

/* The kernel tells everybody that a thread runs, is stopped or waits for a disk. Any other
 * state is known only to a client that may read the process. */
static bool is_known_to_all(enum task_state state)
{
	return state == STATE_UNKNOWN || state == STATE_RUNNING ||
	       state == STATE_STOPPED || state == STATE_DISK;
}

/* The kernel lets us see only that its threads exist. */
static bool is_denied(const struct member *member, char why[ERR_TEXT_MAX])
{
	const struct snapshot *part = member->part;

	return member->access.ops == &source_native && part->nr_tasks > 0 &&
	       is_known_to_all(part->tasks[0].state) &&
	       kernel_denied(member->pid, why, ERR_TEXT_MAX);
}

/* The name that it has now: exec changes it. */
static void take_name(const struct members *members, struct member *member)
{
	const char *name = member->part ? member->part->target.name : "";

	if (name[0] && strcmp(name, member->name) != 0)
		member->name =
			intern_text(members->pattern->target.intern, name, strlen(name));
}

static void choose_wishes(struct sample_job *job, pid_t pid, struct source_focus *own)
{
	size_t end;

	while (job->next_wish < job->nr_wishes && job->wishes[job->next_wish].pid < pid)
		job->next_wish++;
	end = job->next_wish;
	while (end < job->nr_wishes && job->wishes[end].pid == pid)
		end++;
	own->holds = job->wishes + job->next_wish;
	own->nr_holds = end - job->next_wish;
}

static void sample_member(struct sample_job *job, struct member *member)
{
	struct source_focus own = *job->focus, *focus = &own;
	struct access *access = &member->access;
	bool mute = access->target.mute;
	struct err e = {0};
	int rc;

	if (own.pid != member->pid)
		own.id = 0;
	choose_wishes(job, member->pid, &own);
	guard_refresh(access);
	if (mute && !access->target.mute)
		access_close(access);
	rc = access_renew(access, &e);
	if (rc == 0)
		rc = access_sample(access, focus, &member->part, &e);
	/* It may have ended before its source was opened. */
	member->gone = rc == ERR_GONE || (rc != 0 && access_ended(access));
	member->denied = rc == 0 && is_denied(member, e.text);
	member->trouble[0] = '\0';
	if (member->denied || rc != 0)
		memcpy(member->trouble, e.text, sizeof(member->trouble));
	take_name(job->members, member);
}

/* What one process is allowed for its tasks is the limit for all of them. */
static void limit_bytes(struct sample_job *job, struct member *member)
{
	const struct snapshot *part = member->part;

	if (!part)
		return;
	job->bytes += part->arena.used_bytes + part->nr_tasks * sizeof(*part->tasks);
	if (job->bytes <= BYTES_MOST)
		return;
	snapshot_unref(member->part);
	member->part = NULL;
	snprintf(member->trouble, sizeof(member->trouble),
		 "the tasks of the other processes take all memory that is allowed for "
		 "them");
}

static void sample_job(void *arg)
{
	struct sample_job *job = arg;

	for (; job->at < job->members->nr; job->at++) {
		struct member *member = job->members->list[job->at];

		job->current = &member->access;
		sample_member(job, member);
		limit_bytes(job, member);
	}
}

/* The worker was lost while it read this process: it may still be writing into what it
 * had. */
static void lose_member(struct member *member, const struct err *e)
{
	member->part = NULL;
	member->denied = false;
	memcpy(member->trouble, e->text, sizeof(member->trouble));
}

static int sample_all(struct members *members, const struct source_focus *focus,
		      struct err *e)
{
	struct sample_job job = {.members = members, .focus = focus};
	size_t last = 0;
	int tries = 0, rc = 0;

	job.wishes = calloc(focus->nr_holds + 1, sizeof(*job.wishes));
	if (!job.wishes)
		return err_set(e, ERR_NOMEM, "out of memory: cannot take a snapshot");
	if (focus->nr_holds > 0)
		memcpy(job.wishes, focus->holds, focus->nr_holds * sizeof(*job.wishes));
	job.nr_wishes = focus->nr_holds;
	qsort(job.wishes, job.nr_wishes, sizeof(*job.wishes), holds_wish_order);
	while (job.at < members->nr) {
		job.current = &members->list[job.at]->access;
		if (guard_run_several(members->guard, &job.current, sample_job, &job,
				      e) == 0)
			break;
		if (guard_stopped(members->guard)) {
			rc = ERR_TIMEOUT;
			break;
		}
		lose_member(members->list[job.at], e);
		tries = job.at == last ? tries + 1 : 1;
		last = job.at;
		if (tries == TRIES_MOST ||
		    members->list[job.at]->access.nr_lost == ACCESS_LOST_MAX)
			job.at++;
	}
	free(job.wishes);
	return rc;
}

static bool all_denied(const struct members *members)
{
	for (size_t i = 0; i < members->nr; i++)
		if (!members->list[i]->denied)
			return false;
	return members->nr > 0;
}

static void note_words(const struct members *members, struct snapshot *out)
{
	char text[ERR_TEXT_MAX];
	const char *empty;

	while (words_ended(members->words, text))
		snapshot_note(out, "%s", text);
	empty = words_empty(members->words, text);

	if (members->over > 0)
		snapshot_note(out,
			      "%zu more processes are not shown: at most %u are watched "
			      "together",
			      members->over, MEMBERS_MAX);
	if (empty)
		snapshot_note(out, "%s", empty);
}

int members_sample(struct members *members, const struct source_focus *focus,
		   struct snapshot **snapshot, struct err *e)
{
	int rc = 0;

	*snapshot = NULL;
	remove_ended(members);
	if (clock_mono_ns() >= members->find_ns)
		rc = members_find(members, e);
	if (rc == 0 && members->nr == 0 && !words_can_grow(members->words))
		rc = say_none(members, e);
	if (rc == 0)
		rc = sample_all(members, focus, e);
	if (rc == 0 && !members->pattern->partial && all_denied(members))
		rc = err_set(e, ERR_PERM, "%s; use --allow-partial to watch without it",
			     members->list[0]->trouble);
	if (rc == 0)
		rc = members_merge(members->words, members->pattern->target.stacks,
				   members->list, members->nr, snapshot, e);
	for (size_t i = 0; i < members->nr; i++) {
		snapshot_unref(members->list[i]->part);
		members->list[i]->part = NULL;
	}
	if (rc == 0)
		note_words(members, *snapshot);
	return rc;
}

struct prove_job {
	struct access *access;
	bool start;
};

static void prove_job(void *arg)
{
	const struct prove_job *job = arg;

	job->access->ops->prove(job->access->ctx, job->start);
}

bool members_prove(struct members *members, bool start)
{
	bool any = false;

	for (size_t i = 0; i < members->nr; i++) {
		struct prove_job job = {&members->list[i]->access, start};

		if (!job.access->ops || !job.access->ops->prove)
			continue;
		any |= guard_run(members->guard, job.access, prove_job, &job, NULL) == 0;
	}
	return any;
}

bool members_proving(const struct members *members, unsigned *percent)
{
	bool any = false;
	unsigned one;

	for (size_t i = 0; i < members->nr; i++) {
		if (!access_proving(&members->list[i]->access, &one))
			continue;
		if (!any || one < *percent)
			*percent = one;
		any = true;
	}
	return any;
}
