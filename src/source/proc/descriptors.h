/* SPDX-License-Identifier: MIT */
/* Descriptors of a target: what each leads to, and what the kernel says of it. They are
 * not opened, because that could wait or have an effect. */
#ifndef SOURCE_PROC_DESCRIPTORS_H
#define SOURCE_PROC_DESCRIPTORS_H

#include <sys/stat.h>

#include "source/proc/process.h"
#include "source/proc/target_file.h"

/* What a descriptor leads to, as the kernel writes it: "socket:[17]", "/dev/null". NUL-
 * terminated. Returns the length, cut at size - 1, or -errno. */
ssize_t process_fd_link(const struct process *process, int fd, char *out, size_t size);
/* Position, flags and what the kind of the descriptor adds, one per line. The rest as
 * above. */
ssize_t process_fd_info(const struct process *process, int fd, char *out, size_t size);
/* Appends the same text whole; ERR_FORMAT as fdio_read_all(). */
int process_fd_info_all(const struct process *process, int fd, struct buf *out,
			size_t max_bytes, struct err *e);
/* stat() of the file. It may ask the server of a remote file system. */
bool process_fd_stat(const struct process *process, int fd, struct stat *out);
/* Device and inode of the file in *id, without asking that server. */
bool process_fd_id(const struct process *process, int fd, struct statx *id);
/* "TCP", "UNIX-STREAM": the protocol of a socket. Returns false if it has none. */
bool process_fd_protocol(const struct process *process, int fd, char *out, size_t size);
/* A duplicate in our process, or -1: to ask it for options, never to read it. The caller
 * closes it. */
int process_fd_borrow(const struct process *process, int fd);
/* The number of descriptors, or -1. */
int64_t process_fd_count(const struct process *process);

/* One descriptor after another. */
struct process_fds {
	int fd;           /* of the target */
	void *dir;        /* private to this folder, */
	const char *name; /* and so is this */
};
/* tid: the descriptors of that thread, which may have its own; 0: of the process. Returns
 * 0 or -errno. */
int process_fds_open(struct process_fds *fds, const struct process *process, pid_t tid);
/* Sets fds->fd. Returns false at the end. */
bool process_fds_next(struct process_fds *fds);
void process_fds_close(struct process_fds *fds);
/* A position that stays valid for another list of the same process: it follows the
 * descriptor that came last. */
long process_fds_tell(const struct process_fds *fds);
void process_fds_seek(struct process_fds *fds, long position);
/* As process_fd_link() for fds->fd. */
ssize_t process_fds_link(const struct process_fds *fds, char *out, size_t size);
/* Whether such a link may name what another process holds the other end of. */
bool process_fds_link_joins(const char *link);
/* Whether it leads to what the kernel says of a process. */
bool process_fds_link_tells(const char *link);
bool process_fds_id(const struct process_fds *fds, struct statx *id);
ssize_t process_fds_info(const struct process_fds *fds, char *out, size_t size);
/* Whether it was opened for reading (S_IRUSR) and for writing (S_IWUSR); 0 if unknown. */
mode_t process_fds_modes(const struct process_fds *fds);
/* Opens it for reading if it is a regular file, as target_file_open_link(). */
bool process_fds_open_file(const struct process_fds *fds, struct target_file *file);

#endif
