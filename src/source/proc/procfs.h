/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/proc reads a process as it is: its files in /proc, memory,
 * registers and sockets. It does not know what a thread waits for, and no symbols or
 * runtimes.
 *
 * Reads and parses what /proc says about one process. A thread's name may hold any byte;
 * every other field is checked. Threads that vanish meanwhile are no errors.
 */
#ifndef SOURCE_PROC_PROCFS_H
#define SOURCE_PROC_PROCFS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define PROC_COMM_MAX 64
#define PROC_TEXT_MAX 1024

struct proc_stat {
	pid_t pid;
	char comm[PROC_COMM_MAX];
	char state;
	pid_t ppid;
	uint32_t kernel_flags; /* PF_* */
	uint64_t cpu_ticks;    /* user and system */
	int64_t threads;
	uint64_t start_ticks; /* since boot */
	uint64_t start_stack; /* another one after exec(); 0: not known */
	int cpu;              /* that it ran on last; -1: not known */
};

#define PROC_PF_EXITING 0x00000004u
#define PROC_PF_KTHREAD 0x00200000u

struct proc_call {
	bool running; /* on a CPU, or about to be: no call */
	long nr;      /* -1: blocked outside a system call */
	uint64_t args[6];
	uint64_t sp;
	uint64_t pc;
};

struct proc_map {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	bool readable;
	bool executable;
	const char *path; /* inside the line; "" if none */
	size_t path_bytes;
};

/* All return true when the text makes sense. length: bytes of text, NUL not counted. */
bool proc_parse_stat(const char *text, size_t length, struct proc_stat *out);
bool proc_parse_call(const char *text, struct proc_call *out);
bool proc_parse_map(const char *line, size_t length, struct proc_map *out);
/* "Key:  text" of a status file; copies the text up to the end of its line. */
bool proc_status_field(const char *status, const char *key, char *out, size_t size);
/* A decimal pid and nothing else; 0 if it is none. */
pid_t proc_parse_pid(const char *text);

/* What does not change while a process lives. */
struct proc_facts {
	uid_t uid;       /* effective */
	pid_t inner_pid; /* as the process sees itself */
	bool nested;     /* in a pid namespace below ours */
	bool foreign;    /* its system calls have other numbers than ours (32 bit) */
	char comm[PROC_COMM_MAX];
	char state;
	uint32_t kernel_flags;
	uint64_t start_ticks;
};

/* ERR_NOTFOUND when there is no such process, with a sentence for the user. */
int proc_facts_read(pid_t pid, struct proc_facts *facts, struct err *e);

/* Thread ids of a process in the order of the kernel's list. Grows *tids. Returns their
 * number, or -errno. task_dir: an open /proc/PID/task. */
ssize_t proc_list_threads(int task_dir, pid_t **tids, size_t *capacity);
/* Threads of a process by one stat() of that directory, or -1. */
int64_t proc_count_threads(int task_dir);
/* Entries of /proc/PID/fd, or -1. */
int64_t proc_count_fds(int proc_dir);
/* Ticks since boot as CLOCK_MONOTONIC. */
int64_t proc_ticks_to_mono_ns(uint64_t ticks);
/* When the thread was put on its CPU last, or was there at a tick of the timer, by the clock of
 * that CPU, from a file "…/sched" of /proc. 0: not said. */
int64_t proc_exec_start_ns(int dir, const char *path);

#endif
