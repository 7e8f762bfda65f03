/* SPDX-License-Identifier: MIT */
/* What is known about a program before it is started: its path, the path of the agent,
 * and whether the dynamic linker will load the agent into it. */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Finds the file that execvp() would run. Returns ERR_NOTFOUND with a message. */
int program_find(const char *command, char *path, size_t size, struct err *e);

enum program_kind {
	PROGRAM_DYNAMIC, /* the agent can be preloaded */
	PROGRAM_STATIC,  /* no dynamic linker, as in most Go programs and with -static */
	/* set-uid, set-gid or with capabilities: the loader ignores LD_PRELOAD */
	PROGRAM_SECURE,
	PROGRAM_FOREIGN, /* for another machine or word size than the agent */
	PROGRAM_ASAN,    /* uses AddressSanitizer, which has to be the first library */
	PROGRAM_LIBC,    /* uses another C library, such as musl, and would not start */
	PROGRAM_UNKNOWN, /* unreadable, or not an ELF file */
};
/* For a script, inspects its interpreter. */
enum program_kind program_inspect(const char *path);

/* Returns true for a Go program, whose goroutines can be read without an agent. */
bool program_is_go(const char *path);

/* Finds libgrmon.so or libgrmon.so.N beside this executable, in ../lib, or in the install
 * directory. */
int program_find_agent(char *path, size_t size, struct err *e);

/* A command's file, which may be on a file system that does not answer. */
struct program {
	char path[PATH_MAX];
	enum program_kind kind;
};
/* Finds the file of a command and sets LD_PRELOAD if the agent can be loaded into it.
 * Returns an exit code, after a message on failure. While it waits, it calls `stopped`
 * (may be NULL); if that returns true, it returns CLI_ENDED without a message. */
int program_prepare(const char *command, struct program *program,
		    bool (*stopped)(void *ctx), void *ctx);
/* Puts the agent before the present value of LD_PRELOAD in our environment. */
int program_set_preload(const char *agent, struct err *e);
/* Sets tracebackancestors in GODEBUG in our environment; its other settings stay. */
int program_set_ancestors(const char *number, struct err *e);

#endif
