/* SPDX-License-Identifier: MIT */
/* Opens files that a target names: its program, its libraries, the debug information and the
 * source files that these refer to. Whoever owns the target decides what lies there, so a
 * name never leads out of the target's root, and nothing but a regular file is opened: no
 * device, no fifo, nothing that the kernel makes up when it is read. Keeps no state; any
 * thread may call it. */
#ifndef BASE_TARGET_FILE_H
#define BASE_TARGET_FILE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct target_file {
	int fd;         /* for reading; the caller's to close */
	struct stat st; /* of that file */
	/* It may be changed while it is read, or made to harm who reads it, by somebody else
	 * than root and our own user: it belongs to another user or everybody may write to it,
	 * or it comes from another mount namespace or a file system that a user serves. */
	bool foreign;
};

/* The path is as the process sees it. All return false if there is no such regular file;
 * errno says why, EINVAL: it is something else. */
bool target_file_open(struct target_file *file, pid_t pid, const char *path);
/* The same, where the last name must not be a symbolic link. */
bool target_file_open_nofollow(struct target_file *file, pid_t pid, const char *path);
/* A path relative to where the process runs. */
bool target_file_open_cwd(struct target_file *file, pid_t pid, const char *path);
/* The program that the process runs, also where it was deleted. */
bool target_file_open_exe(struct target_file *file, pid_t pid);
/* A name that comes from a target, for a file of our own. */
bool target_file_open_here(struct target_file *file, const char *path);
/* What a descriptor of a process refers to: name is its link in dir, /proc/PID/fd. */
bool target_file_open_link(struct target_file *file, int dir, const char *name);

/* Whether the process sees other file systems than we do. */
bool target_file_is_elsewhere(pid_t pid);

/* Resolves path with root as the root, without help of the kernel: for kernels before 5.6,
 * and where a filter forbids openat2. An O_PATH descriptor, or -1. For tests. */
int target_file_walk(int root, const char *path, bool follow);

#endif
