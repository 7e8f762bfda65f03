/* SPDX-License-Identifier: MIT */
#include "session/access.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/agent/agent.h"

/* The longest and the first interval between searches for a better source. */
#define PROBE_NS       (2 * CLOCK_SECOND_NS)
#define PROBE_FIRST_NS (CLOCK_SECOND_NS / 5)
#define PROBE_EACH_NS  (CLOCK_SECOND_NS / 10)
#define PROBES_SPARED  4u /* in a row, of a process that seems to be the same */

bool access_is_auto(const struct access *access)
{
	return !access->source || strcmp(access->source, "auto") == 0;
}

void access_close(struct access *access)
{
	if (access->ops && access->ops->close)
		access->ops->close(access->ctx);
	free(access->ctx);
	access->ctx = NULL;
	access->ops = NULL;
}

void access_forget(struct access *access)
{
	access->ops = NULL;
	access->ctx = NULL;
	if (access->pidfd >= 0)
		close(access->pidfd);
	access->pidfd = -1;
	access->target.pid = 0;
}

/* Opens a source and then closes the one in use. If that fails, the old one stays in
 * use. */
int access_open_source(struct access *access, const struct source_ops *ops, struct err *e)
{
	void *ctx = calloc(1, ops->ctx_size ? ops->ctx_size : 1);
	int rc;

	if (!ctx)
		return err_set(e, ERR_NOMEM, "out of memory: cannot open the source %s",
			       ops->name);
	rc = ops->open(ctx, &access->target, e);
	if (rc != 0) {
		if (ops->close)
			ops->close(ctx);
		free(ctx);
		return rc;
	}
	access_close(access);
	access->ops = ops;
	access->ctx = ctx;
	return 0;
}

/* Opens any suitable source except `failed`, best first. e keeps the first error. */
static int open_another(struct access *access, const struct source_ops *failed,
			struct err *e)
{
	for (size_t i = 0; source_table[i]; i++) {
		struct err ignored;

		if (source_table[i] != failed &&
		    source_table[i]->probe(&access->target, &ignored) > 0 &&
		    access_open_source(access, source_table[i], &ignored) == 0)
			return 0;
	}
	return e->code ? e->code : ERR_UNSUPPORTED;
}

/* Probes often at first: a program that has just started may still change. With many
 * processes, each is probed less often. */
static void set_next_probe(struct access *access)
{
	size_t beside = access->target.beside ? *access->target.beside : 0;
	int64_t most_ns = PROBE_NS + (int64_t)beside * PROBE_EACH_NS;

	access->next_probe_ns = clock_mono_ns() + access->probe_every_ns;
	access->probe_every_ns *= 2;
	if (access->probe_every_ns > most_ns)
		access->probe_every_ns = most_ns;
}

static int open_best(struct access *access, struct err *e)
{
	/* All other sources read the target's memory. */
	const struct source_ops *ops =
		access->target.mute ? &source_native
				    : source_choose(access->source, &access->target, e);
	int rc;

	if (!ops)
		return e->code ? e->code
			       : err_set(e, ERR_UNSUPPORTED,
					 "no source can watch process %d",
					 (int)access->target.pid);
	rc = access_open_source(access, ops, e);
	if (rc != 0 && rc != ERR_GONE && access_is_auto(access) && !access->target.mute)
		rc = open_another(access, ops, e);
	access->probe_every_ns = PROBE_FIRST_NS;
	set_next_probe(access);
	return rc;
}

/* Without access, rows would have no states and the process would look healthy. */
static int check_access(const struct access *access, struct err *e)
{
	char why[ERR_TEXT_MAX];

	if (access->partial || access->ops != &source_native ||
	    !kernel_denied(access->target.pid, why, sizeof(why)))
		return 0;
	return err_set(e, ERR_PERM, "%s; use --allow-partial to watch without it", why);
}

int access_name(struct access *access, pid_t pid, struct err *e)
{
	access->target.pid = pid;
	access->target.text = access->text;
	snprintf(access->text, sizeof(access->text), "%d", (int)pid);
	access->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (access->pidfd >= 0 || errno != ESRCH)
		return 0;
	access->target.pid = 0;
	return err_set(e, ERR_NOTFOUND,
		       "there is no process %d; 'grmon-c ls' lists the processes",
		       (int)pid);
}

int access_open(struct access *access, struct err *e)
{
	int rc = open_best(access, e);

	return rc ? rc : check_access(access, e);
}

bool access_ended(const struct access *access)
{
	struct pollfd ended = {.fd = access->pidfd, .events = POLLIN};

	return access->pidfd >= 0 && poll(&ended, 1, 0) > 0;
}

bool access_proving(const struct access *access, unsigned *percent)
{
	return access->ops && access->ops->proving &&
	       access->ops->proving(access->ctx, percent);
}

/* A search reads the whole list of mappings several times. Once the process has been
 * watched for a while, it is left out while nothing seems to have been mapped. */
static bool may_be_better(struct access *access)
{
	int64_t pages = source_mapped_pages(access->target.pid);

	if (access->probe_every_ns >= PROBE_NS && pages > 0 &&
	    pages == access->probed_pages && access->spared < PROBES_SPARED) {
		access->spared++;
		return false;
	}
	access->probed_pages = pages;
	access->spared = 0;
	return true;
}

/* A better source can appear after an exec, when an agent starts late, or when Go's
 * runtime becomes ready. Probes only the sources that are better than the one in use; a
 * failure changes nothing. */
static void change_over(struct access *access)
{
	struct err ignored;

	if (access->target.pid == 0 || !access_is_auto(access) || access->target.mute ||
	    clock_mono_ns() < access->next_probe_ns)
		return;
	set_next_probe(access);
	if (!may_be_better(access))
		return;
	for (size_t i = 0; source_table[i] && source_table[i] != access->ops; i++) {
		err_clear(&ignored);
		if (source_table[i]->probe(&access->target, &ignored) > 0 &&
		    access_open_source(access, source_table[i], &ignored) == 0)
			return;
	}
}

static int say_ended(const struct access *access, struct err *e)
{
	return err_set(e, ERR_GONE, "process %d ended", (int)access->target.pid);
}

int access_renew(struct access *access, struct err *e)
{
	int rc = 0;

	if (access_ended(access))
		return say_ended(access, e);
	if (access->ops)
		change_over(access);
	else
		rc = open_best(access, e);
	if (rc == 0 && !access->ops)
		rc = ERR_UNSUPPORTED;
	return rc;
}

static int sample_once(struct access *access, const struct source_focus *focus,
		       struct snapshot **snapshot, struct err *e)
{
	int rc;

	*snapshot = snapshot_new();
	if (!*snapshot)
		return err_set(e, ERR_NOMEM, "out of memory: cannot take a snapshot");
	rc = access->ops->sample(access->ctx, focus, *snapshot, e);
	if (rc != 0) {
		snapshot_unref(*snapshot);
		*snapshot = NULL;
	}
	return rc;
}

int access_sample(struct access *access, const struct source_focus *focus,
		  struct snapshot **snapshot, struct err *e)
{
	const struct source_ops *failed = access->ops;
	int rc = sample_once(access, focus, snapshot, e);

	if (rc == 0 || access->target.pid == 0)
		return rc;
	access_close(access);
	if (access_ended(access))
		return say_ended(access, e);
	/* Without a pidfd, the source's word that the target ended is taken. */
	if ((rc == ERR_GONE && access->pidfd < 0) || !access_is_auto(access))
		return rc;
	if (open_another(access, failed, e) == 0 && access->ops) {
		struct err first = *e;

		rc = sample_once(access, focus, snapshot, e);
		if (rc == 0)
			snapshot_note(*snapshot, "%s", first.text);
		else
			access_close(access);
	}
	return rc;
}
