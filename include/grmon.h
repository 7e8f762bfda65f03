/* SPDX-License-Identifier: MIT */
/*
 * libgrmon publishes what every thread of its process is blocked on. grmon-c displays it.
 *
 * Link a program with -lgrmon, or start any program with `grmon-c run -- CMD`, which
 * preloads the same library. In both cases the library's constructor maps the region that
 * grmon-c reads. Threads need none of the calls below. The calls add names (labels),
 * describe waits that libc does not see (grmon_wait_begin) and give each coroutine a row
 * of its own (grmon_task_begin).
 *
 * Every function declared here, and every libc function that the library interposes,
 * preserves errno, logs nothing, never terminates the process and never waits for a
 * monitor. If the library cannot work it does nothing, and grmon_status() returns the
 * reason.
 */
#ifndef GRMON_H
#define GRMON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GRMON_API           __attribute__((visibility("default")))

/* The name of the program that displays what this library publishes, and the version of
 * both. The build, the manual pages and all packages take them from here. With another name
 * some files must be renamed too: `make lint` lists them. */
#define GRMON_TOOL          "grmon-c"
#define GRMON_VERSION_MAJOR 0
#define GRMON_VERSION_MINOR 2
#define GRMON_VERSION_PATCH 0
/* The version as text, such as "1.2.3". */
#define GRMON_VERSION                                                                    \
	GRMON_TEXT_(GRMON_VERSION_MAJOR)                                                 \
	"." GRMON_TEXT_(GRMON_VERSION_MINOR) "." GRMON_TEXT_(GRMON_VERSION_PATCH)
#define GRMON_TEXT_(value)   GRMON_QUOTED_(value)
#define GRMON_QUOTED_(value) #value

/* Sizes of these texts in bytes, including the terminating NUL. Longer texts are cut. */
#define GRMON_WHAT_MAX       32
#define GRMON_NAME_MAX       32
#define GRMON_LABEL_KEY_MAX  32
#define GRMON_LABEL_TEXT_MAX 128
/* Maximum number of labels per task. All keys and texts of a task share 504 bytes. */
#define GRMON_LABELS_MAX     8

/* Result codes. Errors are negative because some channel calls return a count or an
 * index. */
enum grmon_result {
	GRMON_OK = 0,
	GRMON_EINVAL = -1,  /* an argument is outside what the function accepts */
	GRMON_ENOSLOT = -2, /* no free slot, or the agent is not running; counted */
	GRMON_ENOMEM = -3,  /* out of memory, or the label area is full */
	GRMON_ECLOSED = -4, /* the channel is closed and, for a receive, empty */
	/* the try call, or the select with a default, would have blocked */
	GRMON_EAGAIN = -5,
	GRMON_ETIMEDOUT = -6 /* the deadline has passed */
};

/*
 * What a task is blocked on. The values are part of the wire format and never change. The
 * name, class and help text of each state are defined in core/state.def of grmon-c.
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
	/* The last state that grmon_wait_begin() accepts. Higher values belong to the
	 * client. */
	GRMON_STATE_LAST_WAIT = 24
};

struct grmon_options {
	size_t size; /* sizeof(struct grmon_options), set by the caller */
	/* Directory for the socket. If NULL, the library uses $GRMON_SOCKET_DIR, then
	 * $XDG_RUNTIME_DIR/grmon, then /tmp/grmon-UID. */
	const char *socket_dir;
};

/*
 * Start the server thread and open the local socket.
 *
 * The constructor has already mapped the region, so only the server thread is missing. In
 * a program that is linked with the library, that thread otherwise starts at the first
 * pthread_create(), so a single-threaded process stays single-threaded. In a program that
 * merely has the library preloaded, it starts only through this call or if GRMON_SOCKET=1
 * is set.
 *
 * Call this from the main thread. Other threads may call it once the main thread has done
 * so. Further calls have no effect.
 *
 * options   NULL for the defaults. The contents are copied. A smaller size, as compiled
 *           with an older header, is accepted.
 *
 * Returns 0 on success, GRMON_EINVAL if an option is not valid, GRMON_ENOSLOT if the
 * agent is disabled (GRMON_DISABLE=1) or could not map its region, or GRMON_ENOMEM if the
 * thread could not be started. grmon_status() returns the reason.
 *
 * Preserves errno. Thread-safe: yes. Async-signal-safe: no.
 */
GRMON_API int grmon_start(const struct grmon_options *options);

/*
 * Stop publishing, close the socket and end the server thread. Clients that have mapped
 * the region can still read it; its header tells them that the agent has stopped. The
 * agent cannot be started again in this process.
 *
 * Preserves errno. Thread-safe: yes. Async-signal-safe: no.
 */
GRMON_API void grmon_stop(void);

/*
 * Returns one sentence that describes whether the agent works and, if it does not, why:
 * "publishing", "disabled by GRMON_DISABLE", "memfd_create failed: ...". The string has
 * static storage; do not free it. Never returns NULL.
 *
 * Thread-safe: yes. Async-signal-safe: yes.
 */
GRMON_API const char *grmon_status(void);

/*
 * Attach the label key=text to the calling task, that is to the coroutine that runs on
 * the calling thread, or to the thread itself if it runs none.
 *
 * key      1 to GRMON_LABEL_KEY_MAX - 1 bytes. An existing label with this key is
 *          replaced.
 * format   printf format of the text, which is cut to GRMON_LABEL_TEXT_MAX - 1 bytes.
 *          If NULL, the label is removed.
 *
 * Returns 0 on success, GRMON_EINVAL if the key is not valid, GRMON_ENOSLOT if the task
 * has no slot, or GRMON_ENOMEM if the task's label area is full. On error the old label
 * is kept.
 *
 * Preserves errno. Thread-safe: yes, it writes only the calling task's record.
 * Async-signal-safe: no, it calls vsnprintf().
 */
GRMON_API int grmon_label(const char *key, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* State that grmon_wait_begin() saves. Keep it on the stack; do not copy or modify it. */
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
 * mark     Storage owned by the caller, valid until grmon_wait_end(mark). It saves what
 *          was published before, so waits can be nested. A wait that a libc function
 *          publishes inside this one is stored beside it and does not replace it.
 * state    GRMON_CHAN_SEND to GRMON_STATE_LAST_WAIT.
 * object   Address of the object that the task waits for, or NULL. It only serves as an
 *          identifier and is never dereferenced.
 * what     Short text such as "db pool", or NULL. At most GRMON_WHAT_MAX - 1 bytes are
 *          copied.
 *
 * Returns 0 on success, GRMON_EINVAL if mark is NULL or state is out of range, or
 * GRMON_ENOSLOT if the task has no slot. On error mark is inert: passing it to
 * grmon_wait_end() does nothing.
 *
 * Preserves errno. Thread-safe: yes, it writes only the calling task's slot.
 * Async-signal-safe: yes. Never blocks, allocates or prints.
 */
GRMON_API int grmon_wait_begin(struct grmon_wait *mark, enum grmon_state state,
			       const void *object, const char *what);

/*
 * End the wait that grmon_wait_begin(mark) published and restore what was published
 * before. The task may have moved to another thread since. NULL and inert marks are
 * accepted.
 *
 * Preserves errno. Thread-safe: yes. Async-signal-safe: yes.
 */
GRMON_API void grmon_wait_end(struct grmon_wait *mark);

/* Opaque handle of a coroutine, fiber or green thread that the program schedules. */
struct grmon_task;

/*
 * Create a row for a coroutine. The caller's stack is recorded as the creator's stack.
 *
 * name     Displayed in the NAME column; at most GRMON_NAME_MAX - 1 bytes are copied.
 *          NULL for no name.
 *
 * Returns the task, which the caller ends with grmon_task_end(). Returns NULL if no slot
 * is free, which is counted; the functions below accept NULL.
 *
 * Preserves errno. Thread-safe: yes. Async-signal-safe: no.
 */
GRMON_API struct grmon_task *grmon_task_begin(const char *name);

/*
 * Declare that `task` runs on the calling thread from now on: the waits and labels that
 * this thread publishes belong to it. NULL returns to the thread's own row, for example
 * in the scheduler.
 *
 * A task that is switched away from keeps the state that it published last. Call
 * grmon_wait_begin() before switching away from a task that blocks.
 *
 * Preserves errno. Thread-safe: yes, but a task can run on only one thread at a time.
 * Async-signal-safe: yes.
 */
GRMON_API void grmon_task_switch(struct grmon_task *task);

/*
 * End the coroutine's task and remove its row. The task must not be running on another
 * thread; if it runs on the calling thread, the function switches to the thread's own row
 * first. The handle is invalid afterwards. NULL is accepted.
 *
 * Preserves errno. Thread-safe: yes. Async-signal-safe: no.
 */
GRMON_API void grmon_task_end(struct grmon_task *task);

#ifdef __cplusplus
}
#endif

#endif
