/* SPDX-License-Identifier: MIT */
/* Prepares a command to be started with the agent, and reports why that is impossible. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/number.h"
#include "base/worker.h"
#include "cli/cli.h"
#include "cli/program.h"
#include "core/snapshot.h"

/* The part that blocks on a file system that does not answer. It has its own memory
 * because it may be abandoned. */
struct inspection {
	const char *command;
	struct program program;
	char agent[PATH_MAX];
	bool is_go;
	int rc;
	struct err e;
};

static void inspect_program(void *arg)
{
	struct inspection *found = arg;
	char *path = found->program.path;

	found->rc = program_find(found->command, path, PATH_MAX, &found->e);
	if (found->rc == 0)
		found->rc =
			program_find_agent(found->agent, sizeof(found->agent), &found->e);
	if (found->rc != 0)
		return;
	found->program.kind = program_inspect(path);
	found->is_go = program_is_go(path);
}

/* Returns false if the inspection was abandoned; it may still write to found. */
static bool run_inspection(struct inspection *found, bool (*stopped)(void *ctx),
			   void *ctx)
{
	const struct worker_limits limits = {
		.stall_ns = INT64_MAX, .any_call = true, .stopped = stopped, .ctx = ctx};
	struct worker *worker = worker_new();

	if (!worker) {
		inspect_program(found);
		return true;
	}
	if (worker_run(worker, inspect_program, found, &limits) != WORKER_DONE)
		return false;
	worker_free(worker);
	return true;
}

static void say_what_cannot_be(const struct inspection *found)
{
	enum program_kind kind = found->program.kind;
	const char *why = NULL, *how = "it is watched through the kernel (native)";

	if (kind == PROGRAM_STATIC)
		why = "it is statically linked";
	else if (kind == PROGRAM_SECURE)
		why = "it runs with another user's privileges";
	else if (kind == PROGRAM_FOREIGN)
		why = "it is built for another machine";
	else if (kind == PROGRAM_ASAN)
		why = "it uses AddressSanitizer, which has to be the first library";
	else if (kind == PROGRAM_LIBC)
		why = "it uses another C library than this one";
	if (why && kind != PROGRAM_FOREIGN && found->is_go)
		how = "its goroutines are read from outside (goruntime)";
	if (why)
		cli_complain("the agent cannot be preloaded into %s: %s; %s",
			     found->command, why, how);
}

/* Sets LD_PRELOAD if that can work. A program that cannot load the agent is started
 * anyway. */
static int use_inspection(struct inspection *found)
{
	enum program_kind kind = found->program.kind;

	if (found->rc != 0) {
		cli_complain("%s", found->e.text);
		return CLI_UNWATCHABLE;
	}
	say_what_cannot_be(found);
	/* For these kinds the linker would print an error or not start the program.
	 * Programs of the other kinds may start programs that can load the agent. */
	if (kind != PROGRAM_FOREIGN && kind != PROGRAM_LIBC && kind != PROGRAM_ASAN &&
	    program_set_preload(found->agent, &found->e) != 0) {
		cli_complain("%s", found->e.text);
		return CLI_UNWATCHABLE;
	}
	return CLI_FINE;
}

int program_set_ancestors(const char *number, struct err *e)
{
	static const char name[] = "tracebackancestors=";
	const char *at = getenv("GODEBUG");
	struct buf value;
	int64_t wanted;
	int rc = 0;

	if (!number_parse(number, SNAPSHOT_ANCESTORS_MAX, &wanted) || wanted == 0)
		return err_set(e, ERR_USAGE,
			       "--ancestors: '%.40s' is not a number from 1 to %u",
			       number, SNAPSHOT_ANCESTORS_MAX);
	buf_init(&value, 0);
	while (at && *at) {
		size_t bytes = strcspn(at, ",");

		if (bytes > 0 && strncmp(at, name, strlen(name)) != 0) {
			buf_append(&value, at, bytes);
			buf_puts(&value, ",");
		}
		at += bytes + (at[bytes] == ',');
	}
	buf_printf(&value, "%s%d", name, (int)wanted);
	if (value.failed || setenv("GODEBUG", value.bytes, 1) != 0)
		rc = err_set(e, ERR_NOMEM, "out of memory for the environment");
	buf_release(&value);
	return rc;
}

int program_prepare(const char *command, struct program *program,
		    bool (*stopped)(void *ctx), void *ctx)
{
	struct inspection *found = calloc(1, sizeof(*found));
	int rc;

	if (!found) {
		cli_complain("out of memory");
		return CLI_UNWATCHABLE;
	}
	found->command = command;
	if (!run_inspection(found, stopped, ctx))
		return CLI_ENDED;
	rc = use_inspection(found);
	*program = found->program;
	free(found);
	return rc;
}
