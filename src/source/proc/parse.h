/* SPDX-License-Identifier: MIT */
/* Parses what the kernel writes about a process. A thread's name may contain any byte;
 * every other field is checked. */
#ifndef SOURCE_PROC_PARSE_H
#define SOURCE_PROC_PARSE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROC_COMM_MAX  64
#define PROC_TEXT_MAX  1024
#define PROC_SCHED_MAX 512

struct proc_stat {
	pid_t pid;
	char comm[PROC_COMM_MAX];
	char state;
	pid_t ppid;
	uint32_t kernel_flags; /* PF_* */
	uint64_t cpu_ticks;    /* user and system */
	int64_t threads;
	uint64_t start_ticks; /* since boot */
	uint64_t start_stack; /* another one after exec(); 0 if unknown */
	int exit_status;      /* of a zombie, as waitpid() gives it; 0 if unknown */
	int cpu;              /* that it ran on last; -1 if unknown */
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
	bool writable;
	bool executable;
	bool private;    /* copied on write: no other process sees what is written */
	char device[16]; /* "fd:01"; with inode, which file or shared memory this is */
	uint64_t inode;
	const char *path; /* inside the line; "" if none */
	size_t path_bytes;
};

/* All return true when the text makes sense. length: bytes of text, NUL not counted. */
bool proc_parse_stat(const char *text, size_t length, struct proc_stat *out);
/* Returns true if only the exit status of a process is left: its first thread has ended,
 * and no other one is there. */
bool proc_has_ended(const struct proc_stat *stat);
bool proc_parse_call(const char *text, struct proc_call *out);
bool proc_parse_map(const char *line, size_t length, struct proc_map *out);
/* "Key:  text" of a status file; copies the text up to the end of its line. */
bool proc_status_field(const char *status, const char *key, char *out, size_t size);
/* A decimal pid and nothing else; 0 if it is none. */
pid_t proc_parse_pid(const char *text);

/* Ticks since boot as CLOCK_MONOTONIC. */
int64_t proc_ticks_to_mono_ns(uint64_t ticks);
/* The time in nanoseconds from a text "sched": see process_thread_exec_start_ns(). 0 if
 * there is none. */
int64_t proc_parse_exec_start_ns(const char *text);

#endif
