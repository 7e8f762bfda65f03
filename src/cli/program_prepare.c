/* SPDX-License-Identifier: MIT */
/* Gets a command ready to be started with the agent inside, and says where that cannot be. */
#include <limits.h>

#include "cli/cli.h"
#include "cli/program.h"

static void say_what_cannot_be(const char *command, const char *path,
			       enum program_kind kind)
{
	const char *why = NULL, *how = "it is watched through the kernel (native)";

	if (kind == PROGRAM_STATIC)
		why = "it is statically linked";
	else if (kind == PROGRAM_SECURE)
		why = "it runs with another user's rights";
	else if (kind == PROGRAM_FOREIGN)
		why = "it is built for another machine";
	else if (kind == PROGRAM_ASAN)
		why = "AddressSanitizer is in it, which has to be the first library";
	else if (kind == PROGRAM_LIBC)
		why = "it uses another C library than this one";
	if (why && kind != PROGRAM_FOREIGN && program_is_go(path))
		how = "its goroutines are read from outside (goruntime)";
	if (why)
		cli_complain("the agent cannot be preloaded into %s: %s; %s", command,
			     why, how);
}

/* Preload where that can work; a program that it cannot reach runs all the same. */
int program_prepare(const char *command, char *path, size_t size)
{
	char agent[PATH_MAX];
	enum program_kind kind;
	struct err e = {0};

	if (program_find(command, path, size, &e) != 0 ||
	    program_find_agent(agent, sizeof(agent), &e) != 0) {
		cli_complain("%s", e.text);
		return CLI_UNWATCHABLE;
	}
	kind = program_inspect(path);
	say_what_cannot_be(command, path, kind);
	/* The linker would complain of a library of another machine, or not start the program;
	 * the other kinds may start programs that can load it. */
	if (kind != PROGRAM_FOREIGN && kind != PROGRAM_LIBC && kind != PROGRAM_ASAN &&
	    program_set_preload(agent, &e) != 0) {
		cli_complain("%s", e.text);
		return CLI_UNWATCHABLE;
	}
	return CLI_FINE;
}
