/* SPDX-License-Identifier: MIT */
/* What is known about a program before it is started: where it is, where the agent is, and
 * whether the dynamic linker will load the agent into it. */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* The file that execvp() would run. ERR_NOTFOUND with a sentence. */
int program_find(const char *command, char *path, size_t size, struct err *e);

enum program_kind {
	PROGRAM_DYNAMIC, /* the agent can be preloaded */
	PROGRAM_STATIC,  /* no dynamic linker: much of Go, -static */
	PROGRAM_SECURE, /* set-uid, set-gid or with capabilities: LD_PRELOAD is ignored */
	PROGRAM_FOREIGN, /* of another machine or word size than the agent */
	PROGRAM_ASAN,    /* of AddressSanitizer, which has to be the first library */
	PROGRAM_LIBC,    /* of another C library, such as musl: it would not start */
	PROGRAM_UNKNOWN, /* not readable, or no ELF file */
};
/* A script stands for its interpreter. */
enum program_kind program_inspect(const char *path);

/* Whether the file is a Go program, whose goroutines can be read without an agent. */
bool program_is_go(const char *path);

/* libgrmon.so, or as libgrmon.so.N, beside this executable, in ../lib, or where it was
 * installed. */
int program_find_agent(char *path, size_t size, struct err *e);

/* A command's file, which may lie on a file system that does not answer. */
struct program {
	char path[PATH_MAX];
	enum program_kind kind;
};
/* The file of a command, and LD_PRELOAD where the agent can be loaded into it. Returns an exit
 * code after a complaint. `stopped` (NULL: never) is asked while it is waited for: once it is
 * true, CLI_ENDED is returned without a complaint. */
int program_prepare(const char *command, struct program *program,
		    bool (*stopped)(void *ctx), void *ctx);
/* Put the agent before what LD_PRELOAD holds in this process's environment. */
int program_set_preload(const char *agent, struct err *e);

#endif
