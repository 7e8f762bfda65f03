/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/peers finds who is at the other end of a pipe or a socket, and
 * who holds a lock on a file. It does not know symbols, nor which source has made the
 * snapshot.
 *
 * Who has the other end of a pipe or of a local socket: which process has which descriptors
 * open. Looked for only when something waits on one, within a budget of time.
 */
#ifndef SOURCE_PEERS_PEERS_H
#define SOURCE_PEERS_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct peers;

struct peers_found {
	const char *
		how; /* static: "pipe", "socket", "file"; NULL: not of a kind that has peers */
	bool complete; /* no other process can have the other end */
	size_t nr_pids;
	pid_t pids[16]; /* the process that asks comes last */
};

struct peers *peers_new(void); /* NULL: no memory */
void peers_free(struct peers *peers);
/* The next look begins. */
void peers_begin(struct peers *peers, int64_t now_ns);
/* In whose network namespace sockets are looked for, beside ours; else in that of the first
 * process that asks. */
void peers_target(struct peers *peers, pid_t target);
/* What is known is to be of this look from now on. */
void peers_refresh(struct peers *peers);
/* Who can end a wait of this process on one of its descriptors: who writes to the pipe that
 * it reads, reads from the one that it writes to, has the other end of its socket, or has
 * the same file open. */
void peers_find(struct peers *peers, pid_t pid, int fd, bool writes,
		struct peers_found *found);
#define PEERS_LINK_MAX 512
/* What descriptors at the other end of this one are links to, by what is known now: the same
 * for a pipe, another inode for a socket. False: not known. */
bool peers_other_end(const struct peers *peers, pid_t pid, int fd,
		     char link[PEERS_LINK_MAX]);

#endif
