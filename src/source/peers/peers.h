/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/peers finds the process at the other end of a pipe or a socket,
 * and the holder of a lock on a file. It knows nothing about symbols or about the source
 * that took the snapshot.
 *
 * Finds which processes have the other end of a pipe or of a local socket open. The
 * search runs only when a thread waits on one, within a time budget.
 */
#ifndef SOURCE_PEERS_PEERS_H
#define SOURCE_PEERS_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct peers;

struct peers_found {
	const char
		*how; /* static: "pipe", "socket", "file"; NULL if it can have no peers */
	bool complete; /* no other process can have the other end */
	size_t nr_pids;
	pid_t pids[16]; /* the waiting process itself comes last */
};

struct peers *peers_new(void); /* NULL if out of memory */
void peers_free(struct peers *peers);
/* Begins the next sample. */
void peers_begin(struct peers *peers, int64_t now_ns);
/* Sets the process in whose network namespace sockets are searched, in addition to ours.
 * The default is the first process passed to peers_find(). */
void peers_target(struct peers *peers, pid_t target);
/* Makes sure that the index is from this sample. */
void peers_refresh(struct peers *peers);
/* Finds the processes that can end a wait of this process on one of its descriptors:
 * those that write to the pipe that it reads, read from the pipe that it writes to, have
 * the other end of its socket, or have the same file open. */
void peers_find(struct peers *peers, pid_t pid, int fd, bool writes,
		struct peers_found *found);
/* Brings the index up to date if that is due; missing: something was not found in it.
 * Returns a number that changes with the index: what peers_find() has found of a wait that
 * continues is the same until then. */
int64_t peers_keep(struct peers *peers, bool missing);
#define PEERS_LINK_MAX 512
/* Gets the link of descriptors at the other end, from what is known now: the same link
 * for a pipe, another inode for a socket. Returns false if unknown. */
bool peers_other_end(const struct peers *peers, pid_t pid, int fd,
		     char link[PEERS_LINK_MAX]);

#endif
