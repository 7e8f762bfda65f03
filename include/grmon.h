/* SPDX-License-Identifier: MIT */
/*
 * libgrmon: publishes what every thread of this process is blocked on, for grmon-c.
 *
 * Link with -lgrmon, or start any program with `grmon-c run -- CMD`, which preloads the
 * same library. Either way the library's constructor maps the published region; none of
 * the calls below is needed for threads. They name things (labels), describe waits that
 * libc does not see (wait_begin) and give coroutines rows of their own (task_begin).
 *
 * Promises, for every function here and for every libc function that is interposed: errno
 * is preserved, nothing is logged, the process is never ended, nothing waits for a
 * monitor. Where the library cannot work it does nothing and grmon_status() says why.
 */
#ifndef GRMON_H
#define GRMON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GRMON_API            __attribute__((visibility("default")))

#define GRMON_VERSION_MAJOR  0
#define GRMON_VERSION_MINOR  1
#define GRMON_VERSION_PATCH  0
#define GRMON_VERSION        "0.1.0"

/* Bytes, with the terminating NUL, that are kept of these texts. */
#define GRMON_WHAT_MAX       32
#define GRMON_NAME_MAX       32
#define GRMON_LABEL_KEY_MAX  32
#define GRMON_LABEL_TEXT_MAX 128
/* Labels of one task; the bytes of all keys and texts together are bounded too (504). */
#define GRMON_LABELS_MAX     8

/* Results. Negative, so that a channel call can return a count or an index beside them. */
enum grmon_result {
	GRMON_OK = 0,
	GRMON_EINVAL = -1,  /* an argument is outside what the function accepts */
	GRMON_ENOSLOT = -2, /* slots have run out, or the agent is not running; counted */
	GRMON_ENOMEM = -3,  /* no memory, or a text that no longer fits the label area */
	GRMON_ECLOSED = -4, /* the channel is closed; for a receive also drained */
	GRMON_EAGAIN = -5,  /* a try or a select with default would have blocked */
	GRMON_ETIMEDOUT = -6 /* the deadline passed */
};

/*
 * What a task is blocked on. The numbers are part of the wire format and never change;
 * grmon-c's core/state.def gives each its name, class and help text.
 */
enum grmon_state {
	GRMON_NONE = 0,
	GRMON_CHAN_SEND = 1,
	GRMON_CHAN_RECV = 2,
	GRMON_SELECT = 3,
	GRMON_MUTEX = 4,
	GRMON_RWLOCK_READ = 5,
	GRMON_RWLOCK_WRITE = 6,
	GRMON_COND = 7,
	GRMON_SEMAPHORE = 8,
	GRMON_BARRIER = 9,
	GRMON_WAITGROUP = 10,
	GRMON_JOIN = 11,
	GRMON_FUTEX = 12,
	GRMON_IO_READ = 13,
	GRMON_IO_WRITE = 14,
	GRMON_ACCEPT = 15,
	GRMON_CONNECT = 16,
	GRMON_POLL = 17,
	GRMON_DISK = 18,
	GRMON_FLOCK = 19,
	GRMON_FSYNC = 20,
	GRMON_DNS = 21,
	GRMON_SLEEP = 22,
	GRMON_WAIT_CHILD = 23,
	GRMON_SIGNAL_WAIT = 24,
	/* The last state that grmon_wait_begin() accepts; the rest is the client's. */
	GRMON_STATE_LAST_WAIT = 24
};

struct grmon_options {
	size_t size; /* sizeof(struct grmon_options) as the caller was compiled */
	/* NULL: $GRMON_SOCKET_DIR, $XDG_RUNTIME_DIR/grmon, /tmp/grmon-UID. */
	const char *socket_dir;
};

/*
 * Open the local socket now.
 *
 * The constructor has mapped the region already; what is left is the server thread. In a
 * program that is linked with the library it otherwise starts with the process's first
 * pthread_create(), so that a single-threaded process stays one; in one into which the
 * library is merely preloaded it starts only here, or with GRMON_SOCKET=1. Call this from
 * the main thread, or when the main thread has called it before. Called again it has no
 * effect.
 *
 * options   NULL for defaults. Copied. A smaller size, of an older header, is accepted.
 *
 * Returns 0, GRMON_EINVAL, GRMON_ENOSLOT when the agent is disabled (GRMON_DISABLE=1) or
 * could not map its region, GRMON_ENOMEM when no thread could be started: grmon_status()
 * says why.
 * errno is preserved. Thread-safe: yes. Async-signal-safe: no.
 */
GRMON_API int grmon_start(const struct grmon_options *options);

/*
 * Close the socket, end the server thread and publish nothing any more. Slots already
 * mapped by a client stay readable and say that the agent has stopped.
 *
 * Thread-safe: yes. Async-signal-safe: no. errno is preserved.
 */
GRMON_API void grmon_stop(void);

/*
 * One sentence, static storage, that says whether the agent works and if not why not:
 * "publishing", "disabled by GRMON_DISABLE", "memfd_create failed: ...".
 *
 * Thread-safe: yes. Async-signal-safe: yes.
 */
GRMON_API const char *grmon_status(void);

/*
 * Attach key=text to the calling task (the coroutine that runs here, else the thread).
 *
 * key      1 to GRMON_LABEL_KEY_MAX - 1 bytes; an existing key is replaced.
 * format   printf format of the text, which is cut at GRMON_LABEL_TEXT_MAX - 1 bytes;
 *          NULL removes the key.
 *
 * Returns 0, GRMON_EINVAL, GRMON_ENOSLOT, or GRMON_ENOMEM when the task's labels are full
 * (the old value is then kept). errno is preserved.
 * Thread-safe: yes, writes the caller's own record. Async-signal-safe: no (vsnprintf).
 */
GRMON_API int grmon_label(const char *key, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What grmon_wait_begin() needs to remember; on the caller's stack, never moved. */
struct grmon_wait {
	void *slot;
	uint64_t since_ns;
	uint64_t object;
	uint64_t call_site;
	uint32_t state;
	int32_t fd;
	char what[GRMON_WHAT_MAX];
	uint32_t flags;
	uint32_t generation;
};

/*
 * Publish what the calling task is about to wait for.
 *
 * mark     Caller's storage until grmon_wait_end(mark); keeps what was published before,
 *          so waits nest. Waits that libc functions publish inside are kept beside this
 *          one and do not replace it.
 * object   Address that identifies what is waited for, or NULL. Never read through.
 * what     Short text such as "db pool", or NULL. Copied; at most GRMON_WHAT_MAX - 1 bytes
 *          are kept.
 *
 * Returns 0, GRMON_EINVAL if state is none or unknown, or GRMON_ENOSLOT if the task has no
 * slot; mark is then inert. errno is preserved.
 *
 * Thread-safe: yes, writes only the caller's slot. Async-signal-safe: yes.
 * Never blocks, allocates or prints.
 */
GRMON_API int grmon_wait_begin(struct grmon_wait *mark, enum grmon_state state,
			       const void *object, const char *what);

/*
 * End what grmon_wait_begin() began. The task that began it may be resumed on another
 * thread meanwhile. An inert mark is accepted.
 *
 * Thread-safe, async-signal-safe; errno is preserved.
 */
GRMON_API void grmon_wait_end(struct grmon_wait *mark);

/* A coroutine, fiber or green thread of a library of your own; opaque. */
struct grmon_task;

/*
 * Give a coroutine a row of its own. Its creator's stack is taken from the caller.
 *
 * name     Shown in NAME; copied, at most GRMON_NAME_MAX - 1 bytes. NULL: none.
 *
 * Returns the task, or NULL when slots have run out (counted); every function below
 * accepts NULL. End it by grmon_task_end(). errno is preserved.
 * Thread-safe: yes. Async-signal-safe: no.
 */
GRMON_API struct grmon_task *grmon_task_begin(const char *name);

/*
 * Say that from now on `task` runs on the calling thread: waits and labels go to it.
 * NULL: back to the scheduler, that is to the thread's own row. A task that is switched
 * away from keeps the state that it last published, so publish with grmon_wait_begin()
 * before you switch away from a task that blocks.
 *
 * Thread-safe: yes, but one task runs on one thread at a time. Async-signal-safe: yes.
 * errno is preserved.
 */
GRMON_API void grmon_task_switch(struct grmon_task *task);

/* The coroutine has ended; its row goes away. The caller must have switched away from it
 * or be the one that runs it. Thread-safe: yes. Async-signal-safe: no. */
GRMON_API void grmon_task_end(struct grmon_task *task);

#ifdef __cplusplus
}
#endif

#endif
