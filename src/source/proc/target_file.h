/* SPDX-License-Identifier: MIT */
/* Opens files that a target names: its program, its libraries, and the debug information
 * and source files that these refer to. The owner of the target controls what is at such
 * a path. The path is therefore never resolved outside the target's root, and only
 * regular files are opened: no devices, no FIFOs and no files that the kernel generates
 * when they are read. They may wait for a file system, see pages_run(). Has no state; any
 * thread may call these functions. */
#ifndef SOURCE_PROC_TARGET_FILE_H
#define SOURCE_PROC_TARGET_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "source/proc/process.h"

struct target_file {
	int fd;         /* open for reading; the caller closes it */
	struct stat st; /* of that file */
	/* True if a user other than root and the caller's could change the file while it
	 * is read, or may have crafted it to harm the reader. That is the case if it
	 * belongs to another user, is writable by everyone, is in another mount
	 * namespace, or is on a file system served by a user. */
	bool foreign;
};

/* path is as the process sees it. All functions return false if there is no regular file
 * of that name; errno gives the reason, which is EINVAL if the file has another type. */
bool target_file_open(struct target_file *file, const struct process *process,
		      const char *path);
/* Does the same, but the last component must not be a symbolic link. */
bool target_file_open_nofollow(struct target_file *file, const struct process *process,
			       const char *path);
/* path is relative to the working directory of the process. */
bool target_file_open_cwd(struct target_file *file, const struct process *process,
			  const char *path);
/* Opens the program that the process runs, even if it has been deleted. */
bool target_file_open_exe(struct target_file *file, const struct process *process);
/* Opens a file in this process's own mount namespace whose name comes from a target. */
bool target_file_open_here(struct target_file *file, const char *path);
/* Opens the file that a descriptor of a process refers to. name is the link in dir, which
 * is /proc/PID/fd. */
bool target_file_open_link(struct target_file *file, int dir, const char *name);

/* Opens the file that a process has mapped there. The kernel allows that to root alone. */
bool target_file_open_mapped(struct target_file *file, const struct process *process,
			     const struct proc_map *map);

/* Returns whether the process sees file systems other than those of this process. */
bool target_file_is_elsewhere(const struct process *process);

/* Resolves path with `root` as the root directory, without the kernel's help: for kernels
 * before 5.6 and where a filter forbids openat2(). Returns an O_PATH descriptor or -1.
 * Exported for tests. */
int target_file_walk(int root, const char *path, bool follow);

#endif
