/* SPDX-License-Identifier: MIT */
/* Shared by holders.c, which fills, and holders_confirm.c, which looks again. */
#ifndef SOURCE_PEERS_HOLDERS_PRIVATE_H
#define SOURCE_PEERS_HOLDERS_PRIVATE_H

#include "source/kernel/kernel.h"
#include "source/peers/holders.h"
#include "source/peers/peers.h"

#define HOLDERS_PROCESSES 8u  /* other processes that are followed … */
#define HOLDERS_THREADS   64u /* … and threads of each */
#define HOLDERS_OTHERS    (HOLDERS_PROCESSES * HOLDERS_THREADS)
#define CONFIRMED_MAX     16u
#define HOLDERS_ANSWERS   64u
/* Threads whose descriptors are looked at in one look for who has an other end. */
#define HOLDERS_PROBES    1024u

/* Since when a thread of another process has been seen in its wait. */
struct seen {
	pid_t tid;
	uint64_t start_ticks;
	uint64_t call; /* hash of the kernel's line */
	int64_t since_ns;
};

struct holders {
	struct peers *peers;
	struct other_process *processes; /* of this look; the snapshot's */
	size_t nr_processes;
	struct other_task others[HOLDERS_OTHERS];
	size_t nr_others;
	size_t nr_probes;
	/* Who shares which open file with a lock, of this look. */
	struct lock_answer {
		pid_t pid;
		uint64_t inode;
		int answer; /* enum file_lock_answer */
	} answers[HOLDERS_ANSWERS];
	size_t nr_answers;
	struct seen seen[2][HOLDERS_OTHERS];
	size_t nr_seen[2];
	unsigned now;                      /* which of the two belongs to this look */
	uint64_t confirmed[CONFIRMED_MAX]; /* marks of the cycles that held */
	size_t next_confirmed;
};

/* Everybody who could end the wait of this task of process pid, or NULL. */
const struct wait_actors *holders_find(struct holders *holders, struct snapshot *snapshot,
				       pid_t pid, const struct task *task);

/* Who holds the lock on a file that task of process pid waits for; holders_lock.c. */
void holders_of_lock(struct holders *holders, pid_t pid, const struct task *task,
		     struct peers_found *found);

/* The thread of that process which waits on the other end of a pipe or socket that task of
 * process pid waits on; 0: none, or the process has but one. holders_thread.c. */
pid_t holders_thread(struct holders *holders, pid_t pid, const struct task *task,
		     const struct other_process *process);

#endif
