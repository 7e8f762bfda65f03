/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/kernel determines what a thread is blocked on in the kernel: the
 * system call, its arguments, the object behind it, and the holder of a lock (lock.c,
 * musl.c). It does not know function names, nor any runtime other than the locks of the
 * C library.
 *
 * Explains what a thread is blocked on from its system call.
 */
#ifndef SOURCE_KERNEL_KERNEL_H
#define SOURCE_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/snapshot.h"
#include "source/proc/process.h"

#define KERNEL_TEXT_MAX  144
#define KERNEL_NAMES_MAX 256

/* The cached name of a descriptor. */
struct kernel_fd_name {
	int fd;
	int64_t at_ns;
	bool accepted;
	char text[KERNEL_TEXT_MAX];
};

struct kernel_socket;
struct kernel_futexes;
struct pages;

#define KERNEL_SHARERS_MAX 16

/* Maps thread ids as the process sees them to ours; pid.c. */
struct kernel_pids {
	int ns_fd; /* its pid namespace; -1 if not open */
	bool no_ns;
	pid_t *inner; /* if the kernel cannot translate: pairs sorted by inner id */
	size_t nr_inner, cap_inner;
	int64_t inner_at_ns;
	/* Whether the target shares the memory at an address with another process. */
	struct kernel_sharer {
		uint64_t address;
		pid_t pid; /* 0 if free */
		bool shares;
		int64_t at_ns;
	} sharers[KERNEL_SHARERS_MAX];
};

/* A process as seen from outside. */
struct kernel {
	struct process process;
	struct proc_facts facts;
	bool denied;         /* no permission to read system calls and memory */
	bool memory_denied;  /* memory must not or cannot be read */
	bool mute;           /* its memory does not respond; nor may its files be read */
	bool pages_served;   /* a thread waits for userfaultfd: a reader could too */
	struct pages *pages; /* reads its memory; NULL until the first read */
	bool own_pages;
	const size_t *beside; /* as in struct source_target */
	int64_t now_ns;       /* time of this poll */
	int64_t began_ns;     /* when the wait to explain was first seen; 0 if unknown */
	struct kernel_fd_name *names;
	struct kernel_socket *sockets; /* hash by inode */
	int64_t sockets_at_ns;
	int64_t sockets_cost_ns;
	struct kernel_pids pids;
	struct kernel_futexes
		*futexes; /* of this poll; NULL if futexes are read individually */
};

/* A wait as it is shown for a task. */
struct kernel_wait {
	enum task_state state;
	const char *raw;  /* name of the system call, static, or NULL */
	const char *kind; /* as in struct waits_on */
	uint64_t address;
	int fd;
	pid_t owner_tid;
	pid_t owner_pid;    /* the other process: owner_tid's, or a child; else 0 */
	bool reads, writes; /* for a poll of one fd: what it waits for */
	bool accepted;      /* as in struct waits_on */
	bool limited;       /* it has a timeout */
	bool owner_changes; /* the owner or name must be read again in every poll */
	bool ends;        /* the text contains a time, so it is valid for one wait only */
	bool restarted;   /* interrupted and restarted: it began earlier */
	bool sleeps;      /* it is a plain sleep */
	int64_t lasts_ns; /* duration from its start, or 0 */
	int64_t left_ns;  /* or at most this long after the thread last ran, or 0 */
	int64_t end_ns;   /* or ends at this time of CLOCK_MONOTONIC, or 0 */
	int64_t began_ns; /* 0 if unknown */
	int64_t ran_ns;   /* when its thread last ran; 0 if unknown */
	char text[KERNEL_TEXT_MAX]; /* without the text derived from these times */
};

int kernel_open(struct kernel *kernel, pid_t pid, struct err *e);
void kernel_close(struct kernel *kernel);
/* Sets the reader of its memory, which must outlive it. NULL changes nothing. */
void kernel_use_pages(struct kernel *kernel, struct pages *pages);
/* Stops all reads of its memory and of files that access its memory, because they
 * block. */
void kernel_set_mute(struct kernel *kernel);
/* Chooses another thread after the one in `alive` has ended. Returns false if all have
 * ended. */
/* Rereads the facts of the process after an exec(). */
void kernel_reread(struct kernel *kernel);

/* Explains what a thread in state stat_state is blocked on. call is NULL if it cannot be
 * read. */
void kernel_explain(struct kernel *kernel, pid_t tid, char stat_state,
		    const struct proc_call *call, struct kernel_wait *out);
/* Returns what a task in this state waits on, as in struct waits_on, or NULL for
 * nothing. */
const char *kernel_state_kind(enum task_state state);
void kernel_wait_none(struct kernel_wait *wait, enum task_state state);
/* Until when the text of the wait, as it is shown now, remains right if the clock is not
 * set meanwhile. INT64_MAX if it has no time of day. */
int64_t kernel_wait_valid_until_ns(const struct kernel_wait *wait, int64_t now_ns);
/* Copies the wait into a task of out. */
void kernel_wait_to_task(const struct kernel_wait *wait, struct snapshot *out,
			 struct task *task);

/* Returns how many times less often than for a single process something should be read
 * that is expensive and rarely changes. */
unsigned kernel_patience(const struct kernel *kernel);
/* "pipe:[17]", "tcp 127.0.0.1:80 -> 10.0.0.1:4711"; never NULL. Valid until the next
 * call. */
const char *kernel_fd_name(struct kernel *kernel, int fd);
/* Describes an epoll, eventfd, timerfd or similar descriptor. link: the kernel's name for
 * it. anon.c. */
bool kernel_anon_name(const struct kernel *kernel, int fd, const char *link, char *out,
		      size_t size);
#define KERNEL_CLOCK_MAX 32
/* "10:04:12", with the date unless it is within a day. */
const char *kernel_clock_text(int64_t real_ns, char out[KERNEL_CLOCK_MAX]);
/* Returns true if the descriptor that was last named is a connection accepted from a
 * peer. */
bool kernel_fd_accepted(const struct kernel *kernel, int fd);
/* Names a socket by its inode; NULL if unknown. socket.c. */
const char *kernel_socket_name(struct kernel *kernel, uint64_t inode);
bool kernel_socket_accepted(const struct kernel *kernel, uint64_t inode);
#define KERNEL_KIND_MAX 48
/* "netlink route": names the kind of a socket that is in no table because it is not bound
 * or its kind has no table. Returns NULL for other kinds and if the socket cannot be
 * queried. */
const char *kernel_socket_kind(const struct kernel *kernel, int fd,
			       char out[KERNEL_KIND_MAX]);
void kernel_sockets_release(struct kernel *kernel);

/* Returns the number of bytes read, possibly fewer than requested, or -errno. */
ssize_t kernel_memory(struct kernel *kernel, uint64_t address, void *out, size_t bytes);
/* Reads all bytes or returns false. */
bool kernel_memory_exact(struct kernel *kernel, uint64_t address, void *out,
			 size_t bytes);

/* Determines which call restart_syscall() resumes after a stop or a tracer, from the
 * arguments that are still in the registers and from where the thread sleeps. Returns
 * false if that is ambiguous. limit.c. */
bool kernel_restarted_call(struct kernel *kernel, pid_t tid, const struct proc_call *call,
			   struct proc_call *original);
/* Says when the wait ends, as far as is known: "50m00s at most"; otherwise "".
 * limit.c. */
const char *kernel_limit_text(const struct kernel_wait *wait, char out[KERNEL_TEXT_MAX]);

bool kernel_tid_lives(const struct kernel *kernel, pid_t tid);
/* Translates a thread id of the process to ours. Returns 0 if it has no such thread. */
pid_t kernel_outer_tid(struct kernel *kernel, pid_t inner);
/* The same for any thread in its pid namespace. *pid is set to the thread's process. */
pid_t kernel_outer_any(struct kernel *kernel, pid_t inner, pid_t *pid);
/* Returns true if that process shares the memory at this address with ours, so that a
 * lock there may be held by it, or if that cannot be read. */
bool kernel_shares(struct kernel *kernel, uint64_t address, pid_t pid);
void kernel_pids_release(struct kernel *kernel);
/* lock.c: recognises a contended glibc mutex, a rwlock held by a writer, or a join from
 * the futex word and the memory around it. Everything else remains a futex. */
void kernel_explain_futex(struct kernel *kernel, pid_t tid, const struct proc_call *call,
			  struct kernel_wait *out);
/* From now on, all threads that wait for a futex in the same way share what is read of it
 * in a poll. */
void kernel_share_futexes(struct kernel *kernel);
/*
 * Returns our id of the thread that holds the pthread mutex or rwlock (as state says) at
 * address, or 0. *owner_pid is set to its process if another process holds the shared
 * lock, otherwise to 0. The lock is read without stopping the target, so the result is a
 * hint that may be out of date.
 */
pid_t kernel_lock_owner(struct kernel *kernel, enum task_state state, uint64_t address,
			pid_t *owner_pid);
/* ", held by t17", or name and pid of another process. */
void kernel_owner_text(pid_t tid, pid_t pid, char *out, size_t size);
/* Returns the address of the libc object that contains the futex at address, whose
 * kind is known from the stack: all waiters for one condition get the same address.
 * object.c. */
uint64_t kernel_lock_object(struct kernel *kernel, enum task_state state,
			    uint64_t address);
/* Finds the musl object that contains the futex of call, and its holder. The stack has
 * determined the state. musl.c. */
void kernel_explain_musl(struct kernel *kernel, const struct proc_call *call,
			 enum task_state state, struct kernel_wait *wait);
/* Returns the holder of a musl mutex or the thread that a join waits for, or 0 if it is
 * neither. */
pid_t kernel_musl_owner(struct kernel *kernel, enum task_state state, uint64_t address);
/* Explains a thread that libc has put to sleep forever because the kernel refused a
 * deadlock of priority-inheriting mutexes: finds the mutex on its stack. object.c. */
bool kernel_explain_refused(struct kernel *kernel, pid_t tid,
			    const struct proc_call *call, struct kernel_wait *out);

/* Fills the target fields of a snapshot, and adds notes about what could not be read. */
void kernel_describe(const struct kernel *kernel, int64_t start_real_ns,
		     const char *sources, struct snapshot *out);
void kernel_notes(const struct kernel *kernel, struct snapshot *out);
/* Returns true if the kernel does not let this user see what the threads of a process
 * wait for. why is set to a sentence that says what to do. */
bool kernel_denied(pid_t pid, char *why, size_t size);

#endif
