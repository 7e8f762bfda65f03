/* SPDX-License-Identifier: MIT */
/* Where the files of a live process are in /proc. Private to this folder: no other file
 * of the client may make such a path, so that a target can also be something other than a
 * live process. */
#ifndef SOURCE_PROC_LIVE_H
#define SOURCE_PROC_LIVE_H

#include <sys/stat.h>
#include <sys/uio.h>

#include "source/proc/process.h"

#define LIVE_PATH_MAX 80

/* A file of the process, such as "maps" or "fd/7". Writes a path for openat(),
 * readlinkat() and the like, and returns the directory that it is relative to. */
int live_at(const struct process *process, const char *name, char path[LIVE_PATH_MAX]);
/* The same for a file of one of its threads, or the thread's directory if name is NULL. */
int live_thread_at(const struct process *process, pid_t tid, const char *name,
		   char path[LIVE_PATH_MAX]);
/* The path from the root, for calls that have no *at() form. */
void live_path(const struct process *process, const char *name, char path[LIVE_PATH_MAX]);

/* open(), close-on-exec. Returns -1 and sets errno if the file cannot be opened. */
int live_open(const struct process *process, const char *name, int flags);
/* stat() that follows links. */
bool live_stat(const struct process *process, const char *name, struct stat *out);
/* As fdio_read_small() and readlink(); both end the text with NUL and return its length,
 * or -errno. */
ssize_t live_text(const struct process *process, const char *name, char *out,
		  size_t size);
ssize_t live_link(const struct process *process, const char *name, char *out,
		  size_t size);

/* The one call that reads memory: process_vm_readv(). It ends at the first range that
 * cannot be read. Returns the number of bytes, or -errno. */
ssize_t live_memory(pid_t pid, const struct iovec *local, const struct iovec *remote,
		    size_t nr);

#endif
