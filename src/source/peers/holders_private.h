/* SPDX-License-Identifier: MIT */
/* Shared by holders.c, which fills a snapshot, the other holders_*.c files, and
 * holders_confirm.c, which reads a cycle again. */
#ifndef SOURCE_PEERS_HOLDERS_PRIVATE_H
#define SOURCE_PEERS_HOLDERS_PRIVATE_H

#include "source/kernel/kernel.h"
#include "source/peers/holders.h"
#include "source/peers/peers.h"

#define HOLDERS_PROCESSES 8u  /* limit of other processes that are followed */
#define HOLDERS_THREADS   64u /* limit of threads of each */
#define HOLDERS_OTHERS    (HOLDERS_PROCESSES * HOLDERS_THREADS)
#define CONFIRMED_MAX     16u
#define HOLDERS_ANSWERS   64u
/* Limit of threads per sample whose descriptors are searched for the other end of a
 * wait. */
#define HOLDERS_PROBES    1024u
#define HOLDERS_ENDS      4096u

/* How long a thread of another process has been seen in its wait. */
struct seen {
	pid_t tid;
	uint64_t start_ticks;
	uint64_t call; /* hash of the kernel's line */
	int64_t since_ns;
};

/* The other end of a pipe or socket that a thread waits on, which stays while the thread
 * does not run and the index of descriptors is the same. */
struct known_end {
	pid_t tid; /* 0 if free */
	int fd;
	uint64_t switches;
	int64_t index; /* peers_keep() */
	bool writes, named;
	pid_t thread; /* holders_thread(), if named */
	struct peers_found found;
};

struct holders {
	struct peers *peers;
	struct other_process *processes; /* of this sample; owned by the snapshot */
	size_t nr_processes;
	struct other_task others[HOLDERS_OTHERS];
	size_t nr_others;
	size_t nr_probes;
	/* Which processes share an open file that carries a lock, as of this sample. */
	struct lock_answer {
		pid_t pid;
		uint64_t inode;
		int answer; /* enum file_lock_answer */
	} answers[HOLDERS_ANSWERS];
	size_t nr_answers;
	struct known_end ends[HOLDERS_ENDS]; /* by tid */
	struct seen seen[2][HOLDERS_OTHERS];
	size_t nr_seen[2];
	unsigned now;                      /* index in `seen` of this sample */
	uint64_t confirmed[CONFIRMED_MAX]; /* marks of confirmed cycles */
	size_t next_confirmed;
};

/* Returns whether the process is the target, or one of its processes. */
bool holders_is_own(const struct snapshot *snapshot, pid_t pid);

/* Returns the processes that could end the wait of this task of process pid, or NULL. */
struct wait_actors *holders_find(struct holders *holders, struct snapshot *snapshot,
				 pid_t pid, const struct task *task);

/* Finds the processes at the other end of the pipe or socket that task of process pid waits
 * on; holders_end.c. */
void holders_of_end(struct holders *holders, pid_t pid, const struct task *task,
		    struct peers_found *found);
/* The same for holders_thread() of the first of them. */
pid_t holders_end_thread(struct holders *holders, const struct snapshot *snapshot,
			 pid_t pid, const struct task *task, pid_t other);

/* Finds the holders of the file lock that task of process pid waits for;
 * holders_lock.c. */
void holders_of_lock(struct holders *holders, pid_t pid, const struct task *task,
		     struct peers_found *found);

/* Returns the thread of process `other` that waits on the other end of the pipe or socket
 * that task of process pid waits on, or 0 if there is none or `other` has only one thread.
 * holders_thread.c. */
pid_t holders_thread(struct holders *holders, const struct snapshot *snapshot, pid_t pid,
		     const struct task *task, pid_t other);

#endif
