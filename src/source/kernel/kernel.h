/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/kernel says what the kernel has a thread blocked on: the system
 * call, its arguments, the object behind it. It does not know names of functions, and no
 * runtime but the C library's locks.
 *
 * What the kernel says that a thread is blocked on: its system call, explained.
 */
#ifndef SOURCE_KERNEL_KERNEL_H
#define SOURCE_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/snapshot.h"
#include "source/proc/procfs.h"

#define KERNEL_TEXT_MAX  144
#define KERNEL_NAMES_MAX 256

/* A name of a descriptor, remembered for a short while. */
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

/* Ids of threads as the process sees them, and ours; pid.c. */
struct kernel_pids {
	int ns_fd; /* its namespace; -1: not open */
	bool no_ns;
	pid_t *inner; /* where the kernel does not translate: pairs, sorted by inner */
	size_t nr_inner;
	int64_t inner_at_ns;
	/* Whether another process has the memory at an address in common with it. */
	struct kernel_sharer {
		uint64_t address;
		pid_t pid; /* 0: free */
		bool shares;
		int64_t at_ns;
	} sharers[KERNEL_SHARERS_MAX];
};

/* One process, as seen from outside. */
struct kernel {
	pid_t pid;
	/* Whose memory, maps and descriptors are read: pid, or another thread's once the first
	 * one has ended, as the kernel keeps nothing of it but the list of threads. */
	pid_t alive;
	int proc_dir; /* /proc/ALIVE, kept open: reads fail with ESRCH once it is gone */
	int task_dir; /* /proc/PID/task */
	struct proc_facts facts;
	bool denied;         /* system calls and memory may not be read */
	bool memory_denied;  /* memory may not be read */
	bool mute;           /* … as it does not answer; nor may its files be */
	bool pages_served;   /* a thread waits for userfaultfd: so might a reader */
	struct pages *pages; /* reads its memory; NULL: nothing was read yet */
	bool own_pages;
	int64_t now_ns;   /* of this poll */
	int64_t began_ns; /* when the wait to be explained was first seen; 0: not known */
	struct kernel_fd_name *names;
	struct kernel_socket *sockets; /* hash by inode */
	int64_t sockets_at_ns;
	int64_t sockets_cost_ns;
	struct kernel_pids pids;
	struct kernel_futexes *futexes; /* of this poll; NULL: each is read for itself */
};

/* A wait, as a task shows it. */
struct kernel_wait {
	enum task_state state;
	const char *raw;  /* name of the system call, static, or NULL */
	const char *kind; /* as struct waits_on */
	uint64_t address;
	int fd;
	pid_t owner_tid;
	pid_t owner_pid;    /* the other process: of owner_tid, or a child; else 0 */
	bool reads, writes; /* a poll of one fd: what it waits for */
	bool accepted;      /* as struct waits_on */
	bool limited;       /* it ends by itself after a time */
	bool owner_changes; /* the owner or name must be read again in every poll */
	bool ends;          /* the text says when, so it belongs to one wait only */
	bool restarted;     /* interrupted, and taken up again: it began before */
	bool sleeps;        /* it waits for nothing but its end */
	int64_t lasts_ns;   /* its end is this long after its beginning … */
	int64_t left_ns;    /* … or at most so long after its thread ran last … */
	int64_t end_ns;     /* … or at this time of CLOCK_MONOTONIC; 0: not so */
	int64_t began_ns;   /* 0: not known */
	int64_t ran_ns;     /* its thread ran last; 0: not known */
	char text[KERNEL_TEXT_MAX]; /* without what follows from these times */
};

int kernel_open(struct kernel *kernel, pid_t pid, struct err *e);
void kernel_close(struct kernel *kernel);
/* Its memory is read by these, which outlive it; NULL: as before. */
void kernel_use_pages(struct kernel *kernel, struct pages *pages);
/* Read neither its memory nor its files: they do not answer. */
void kernel_set_mute(struct kernel *kernel);
/* The thread that `alive` names has ended: another one from now on. False: all have. */
bool kernel_move(struct kernel *kernel);
/* It has ended, or is on its way: what it may be asked for changes meanwhile. */
bool kernel_thread_leaves(const struct kernel *kernel, pid_t tid);
/* After exec(): what it is now. */
void kernel_reread(struct kernel *kernel);

/* Explain a thread that stat says is in stat_state; call NULL: not readable. */
void kernel_explain(struct kernel *kernel, pid_t tid, char stat_state,
		    const struct proc_call *call, struct kernel_wait *out);
/* What a task in this state waits on, as struct waits_on has it; NULL: nothing. */
const char *kernel_state_kind(enum task_state state);
void kernel_wait_none(struct kernel_wait *wait, enum task_state state);
/* Copy it into a task of out. */
void kernel_wait_to_task(const struct kernel_wait *wait, struct snapshot *out,
			 struct task *task);

/* "pipe:[17]", "tcp 127.0.0.1:80 -> 10.0.0.1:4711"; never NULL. Lives until the next call. */
const char *kernel_fd_name(struct kernel *kernel, int fd);
/* What an epoll, eventfd, timerfd and the like is about; link: what the kernel calls it.
 * anon.c. */
bool kernel_anon_name(const struct kernel *kernel, int fd, const char *link, char *out,
		      size_t size);
#define KERNEL_CLOCK_MAX 32
/* "10:04:12", with the date where it is far away. */
const char *kernel_clock_text(int64_t real_ns, char out[KERNEL_CLOCK_MAX]);
/* Whether the descriptor that was named last is a connection which its peer has made. */
bool kernel_fd_accepted(const struct kernel *kernel, int fd);
/* The same for a socket's inode, or NULL; socket.c. */
const char *kernel_socket_name(struct kernel *kernel, uint64_t inode);
bool kernel_socket_accepted(const struct kernel *kernel, uint64_t inode);
#define KERNEL_KIND_MAX 48
/* "netlink route": of a socket that is in no table, as it is not bound, and of kinds that have
 * no table; NULL: it is of another kind, or cannot be asked. */
const char *kernel_socket_kind(const struct kernel *kernel, int fd,
			       char out[KERNEL_KIND_MAX]);
void kernel_sockets_release(struct kernel *kernel);

/* Bytes read (maybe fewer than asked for), or -errno. */
ssize_t kernel_memory(struct kernel *kernel, uint64_t address, void *out, size_t bytes);
/* Whole or not at all. */
bool kernel_memory_exact(struct kernel *kernel, uint64_t address, void *out,
			 size_t bytes);

/* The call that restart_syscall goes on with after a stop or a tracer, by its arguments, which
 * are still in the registers, and by where it sleeps. False: it cannot be told.
 * limit.c. */
bool kernel_restarted_call(struct kernel *kernel, pid_t tid, const struct proc_call *call,
			   struct proc_call *original);
/* When the wait ends, as far as is known: "50m00s at most"; "" else. limit.c. */
const char *kernel_limit_text(const struct kernel_wait *wait, char out[KERNEL_TEXT_MAX]);

bool kernel_tid_lives(const struct kernel *kernel, pid_t tid);
/* A thread id as the process sees it, as ours; 0 if it has no such thread. */
pid_t kernel_outer_tid(struct kernel *kernel, pid_t inner);
/* The same of any thread in its pid namespace; *pid: its process. */
pid_t kernel_outer_any(struct kernel *kernel, pid_t inner, pid_t *pid);
/* Whether that process has the memory at this address in common with ours: a lock there may
 * be its. True where that cannot be read. */
bool kernel_shares(struct kernel *kernel, uint64_t address, pid_t pid);
void kernel_pids_release(struct kernel *kernel);
/* lock.c: a contended glibc mutex, a rwlock that a writer holds, a join, told from
 * the futex word and what lies around it; everything else stays a futex. */
void kernel_explain_futex(struct kernel *kernel, pid_t tid, const struct proc_call *call,
			  struct kernel_wait *out);
/* From now on all threads that wait for one futex in the same way share what a poll reads of
 * it. */
void kernel_share_futexes(struct kernel *kernel);
/* Who holds the pthread mutex or rwlock (state says which) at address: our thread id, or 0;
 * in *owner_pid the process if it is another one, which shares the lock, else 0. Read
 * without stopping anybody: a hint that may be out of date. */
pid_t kernel_lock_owner(struct kernel *kernel, enum task_state state, uint64_t address,
			pid_t *owner_pid);
/* ", held by t17", or by name and id of another process. */
void kernel_owner_text(pid_t tid, pid_t pid, char *out, size_t size);
/* The object of libc that the futex at address is part of, where the stack says what it is:
 * all who wait for one condition have one address. object.c. */
uint64_t kernel_lock_object(struct kernel *kernel, enum task_state state,
			    uint64_t address);
/* The same of musl, and who holds it: the futex of call, which the stack says is for state.
 * musl.c. */
void kernel_explain_musl(struct kernel *kernel, const struct proc_call *call,
			 enum task_state state, struct kernel_wait *wait);
/* Who holds a mutex of musl, or is waited for in a join; 0: it is none. */
pid_t kernel_musl_owner(struct kernel *kernel, enum task_state state, uint64_t address);
/* A thread that libc lets sleep for ever because the kernel refused to close a circle of
 * priority-inheriting mutexes: finds the mutex on its stack. object.c. */
bool kernel_explain_refused(struct kernel *kernel, pid_t tid,
			    const struct proc_call *call, struct kernel_wait *out);

/* Fill the target fields of a snapshot; say what could not be read. */
void kernel_describe(const struct kernel *kernel, int64_t start_real_ns,
		     const char *sources, struct snapshot *out);
void kernel_notes(const struct kernel *kernel, struct snapshot *out);
/* Whether the kernel keeps from this user what the threads of a process wait for; why: in a
 * sentence that says what to do. */
bool kernel_denied(pid_t pid, char *why, size_t size);

#endif
