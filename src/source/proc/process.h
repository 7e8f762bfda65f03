/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/proc reads one target: its memory, its memory maps, its files,
 * its threads with their registers and times, its descriptors and its sockets. Everything
 * above it reads a target through these functions and in no other way: no other file of
 * the client names a file of a target in /proc. Today a live process is the only target;
 * a core file can become the second one behind the same functions, by answering from its
 * notes and segments, and with -ENOENT where it has nothing to say (descriptors, limits,
 * schedulers' counts). The folder does not know what a thread waits for, symbols or
 * runtimes.
 *
 * This header has the process as a whole, its maps and its threads; parse.h parses what
 * the kernel writes about them; descriptors.h, memory.h, pages.h, arguments.h,
 * registers.h, sockets.h, file_lock.h and target_file.h have the rest.
 *
 * Not by libproc2: it names a process by its id, which may be reused, keeps no file open,
 * and does not read system calls or how long a thread has run to the nanosecond.
 *
 * These functions never write to the target or stop it. If it has ended, they return
 * -ENOENT or -ESRCH; callers expect that. None of those in this header waits for a file
 * system; pages.h is for reads that may.
 */
#ifndef SOURCE_PROC_PROCESS_H
#define SOURCE_PROC_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "source/proc/parse.h"

struct statx;

/* One target. A copy borrows what the original holds, and must not be closed. */
struct process {
	pid_t pid;
	/* The thread through which memory, maps and descriptors are read: pid, or another
	 * thread's id once the first thread has ended, because the kernel then keeps
	 * nothing of the process under pid but the list of its threads. */
	pid_t alive;
	bool own; /* our own process, which is read as /proc/self */
	/* Private to this folder: directories in /proc; 0 or less if not open. */
	int dir, tasks;
};

/* A process to be read once or twice: nothing is opened, and there is nothing to close.
 * If it ends, its id may come to mean another process. */
struct process process_named(pid_t pid);
/* Our own process, also if /proc is of another pid namespace. Nothing is opened. */
struct process process_self(void);
/* Opens the process: from now on reads fail with -ESRCH once it has ended. */
int process_open(struct process *process, pid_t pid, struct err *e);
void process_close(struct process *process);
/* The thread that `alive` names has ended: selects another one. Returns false if all have
 * ended. */
bool process_move(struct process *process);

/* What does not change while a process lives. */
struct proc_facts {
	uid_t uid;       /* effective */
	pid_t inner_pid; /* as the process sees itself */
	bool nested;     /* in a pid namespace below ours */
	bool foreign;    /* 32-bit: the numbers of its system calls differ from ours */
	char comm[PROC_COMM_MAX];
	char state;
	uint32_t kernel_flags;
	uint64_t start_ticks;
};
/* Returns ERR_NOTFOUND, with a sentence for the user, if there is no such process or pid
 * is another process's thread. */
int process_facts(const struct process *process, struct proc_facts *facts, struct err *e);

/* Texts about the process as the kernel writes them. */
enum process_text {
	PROCESS_CALL, /* of the thread `alive`, for proc_parse_call() */
	PROCESS_STATM,
	PROCESS_STATUS,
	PROCESS_LIMITS,
	PROCESS_CGROUP,
	PROCESS_TIMERS,
	PROCESS_SMAPS,
	PROCESS_MOUNTS,
	PROCESS_TEXTS
};
/* NUL-terminated. Returns the length, cut at size - 1, or -errno. */
ssize_t process_text(const struct process *process, enum process_text which, char *out,
		     size_t size);
/* Appends the whole text; ERR_FORMAT if it has more than max_bytes, of which out then has
 * the beginning. */
int process_text_all(const struct process *process, enum process_text which,
		     struct buf *out, size_t max_bytes, struct err *e);

/* Returns 0 or -errno. */
int process_stat(const struct process *process, struct proc_stat *out);
/* The same where there are thousands of threads, of which the kernel adds up less then. A
 * part of it is what the thread `alive` has. */
int process_stat_many(const struct process *process, struct proc_stat *out);

/* The memory mappings, in the order of their addresses. */
struct process_maps {
	struct buf text; /* private to this folder */
};
/* At most max_bytes of the kernel's list. Returns 0, or an error: ERR_GONE if the process
 * has no memory left, ERR_FORMAT if the list is longer, and then has its beginning. The
 * caller releases maps in any case. */
int process_maps_read(struct process_maps *maps, const struct process *process,
		      size_t max_bytes, struct err *e);
/* The mapping at the cursor *at, which begins as 0 and is moved to the next one.
 * out->path is valid until the release. Returns false after the last one. */
bool process_maps_next(const struct process_maps *maps, size_t *at, struct proc_map *out);
void process_maps_release(struct process_maps *maps);

/* Reads the auxiliary vector, pairs of type and value. Returns its bytes, or -errno. */
ssize_t process_auxv(const struct process *process, void *out, size_t bytes);
/* The kernel's descriptions of pages, 8 bytes for each: a descriptor that the caller
 * closes, or -1. */
int process_pagemap_open(const struct process *process);

/* Paths that the kernel names: of the program and the root directory. NUL-terminated;
 * both return the length or -errno. */
ssize_t process_exe(const struct process *process, char *out, size_t size);
ssize_t process_root(const struct process *process, char *out, size_t size);
/* Identity of the program's file, without asking the server of a remote file system. */
bool process_exe_id(const struct process *process, struct statx *id);
/* A path for us to the file that the process knows as `inside`, which begins with '/'. */
void process_path_inside(const struct process *process, const char *inside, char *out,
			 size_t size);

enum process_network { NETWORK_OURS, NETWORK_OTHER, NETWORK_UNKNOWN, NETWORK_GONE };
enum process_network process_network(const struct process *process);
/* Its network or pid namespace, "net" or "pid": a descriptor that the caller closes, or
 * -1. */
int process_namespace_open(const struct process *process, const char *kind);
/* "pid:[4026531836]"; returns false if it cannot be read. */
bool process_namespace(const struct process *process, const char *kind, char *out,
		       size_t size);

/* Thread ids in the order of the kernel's list. Grows *tids. Returns their number, or
 * -errno. */
ssize_t process_threads(const struct process *process, pid_t **tids, size_t *capacity);
/* The number of threads, at the price of one stat() however many there are, or -1. */
int64_t process_thread_count(const struct process *process);
/* The same, but -1 unless the process runs as this user, by its effective id. */
int64_t process_thread_count_of_user(const struct process *process, uid_t uid);
bool process_has_thread(const struct process *process, pid_t tid);

/* Texts about a thread as the kernel writes them. */
enum process_thread_text {
	THREAD_STAT,
	THREAD_STATUS,
	THREAD_CALL,  /* as proc_parse_call() takes it; a core file has the registers */
	THREAD_PLACE, /* the function of the kernel that it sleeps in */
	THREAD_NAME,
	THREAD_TIMES,    /* nanoseconds run, nanoseconds waited, number of turns */
	THREAD_CHILDREN, /* process ids with a blank behind each */
	THREAD_TEXTS
};
/* NUL-terminated. Returns the length, cut at size - 1, or -errno. */
ssize_t process_thread_text(const struct process *process, pid_t tid,
			    enum process_thread_text which, char *out, size_t size);
/* The same text to be read again and again by fdio_pread_small(): a descriptor that the
 * caller closes, or -errno. */
int process_thread_text_open(const struct process *process, pid_t tid,
			     enum process_thread_text which);
/* Both return 0 or -errno; -EPROTO if the text makes no sense. */
int process_thread_stat(const struct process *process, pid_t tid, struct proc_stat *out);
int process_thread_call(const struct process *process, pid_t tid, struct proc_call *out);
/* Whether it has ended or is about to: what it may be asked for changes then. */
bool process_thread_leaves(const struct process *process, pid_t tid);
/* When the thread was last put on its CPU, or was there at a tick of the timer, by the
 * clock of that CPU. 0 if unknown. */
int64_t process_thread_exec_start_ns(const struct process *process, pid_t tid);
/* The same for the calling thread. */
int64_t process_own_exec_start_ns(void);

/* One process after another, as long as they can be seen. Not by libproc2, as in
 * source/process_scan.h: it reads all of each, and keeps buffers for ever of each thread that
 * has asked; looks at a target stop when their time is over. */
struct process_list {
	void *dir;
};
bool process_list_open(struct process_list *list);
/* Sets *process as process_named() does. Returns false at the end. */
bool process_list_next(struct process_list *list, struct process *process);
void process_list_close(struct process_list *list);

#endif
