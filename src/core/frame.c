/* SPDX-License-Identifier: MIT */
/* Which frame of a stack a user cares for: the innermost one that is not plumbing. */
#include "core/snapshot.h"

#include <string.h>

/*
 * Plumbing by function name. A name that ends in '*' is a beginning. Names that a program
 * may well use itself ("agent_") need their file as witness.
 */
static const struct {
	const char *function;
	const char
		*file; /* part of the file's path that must be there if a file is known */
} plumbing_functions[] = {
	/* libc: locks, waiting, threads */
	{"pthread_*", NULL},
	{"__*", NULL},
	{"_start", NULL},
	{"start_thread", NULL},
	{"clone", NULL},
	{"clone3", NULL},
	{"futex_*", NULL},
	{"lll_*", NULL},
	{"___pthread_*", NULL},
	{"thrd_*", NULL},
	{"mtx_*", NULL},
	{"cnd_*", NULL},
	{"sem_wait", NULL},
	{"sem_timedwait", NULL},
	{"sem_clockwait", NULL},
	{"do_futex_wait*", NULL},
	{"syscall", NULL},
	/* libc: system calls that block */
	{"read", NULL},
	{"readv", NULL},
	{"pread", NULL},
	{"pread64", NULL},
	{"preadv*", NULL},
	{"write", NULL},
	{"writev", NULL},
	{"pwrite", NULL},
	{"pwrite64", NULL},
	{"pwritev*", NULL},
	{"recv", NULL},
	{"recvfrom", NULL},
	{"recvmsg", NULL},
	{"recvmmsg", NULL},
	{"send", NULL},
	{"sendto", NULL},
	{"sendmsg", NULL},
	{"sendmmsg", NULL},
	{"sendfile*", NULL},
	{"splice", NULL},
	{"accept", NULL},
	{"accept4", NULL},
	{"connect", NULL},
	{"poll", NULL},
	{"ppoll", NULL},
	{"select", NULL},
	/* V8, below JavaScript */
	{"v8::base::*", NULL},
	{"v8::internal::*", NULL},
	{"Builtins_*", NULL},
	/* HotSpot: what parks a thread */
	{"os::PlatformMonitor::wait*", NULL},
	{"os::PlatformEvent::park*", NULL},
	{"Monitor::wait(*", NULL},
	{"Monitor::wait_without_safepoint_check*", NULL},
	{"PosixSemaphore::*", NULL},
	{"Parker::park*", NULL},
	{"ObjectMonitor::*", NULL},
	{"ObjectSynchronizer::*", NULL},
	{"JavaThread::sleep*", NULL},
	{"pselect", NULL},
	{"epoll_wait", NULL},
	{"epoll_pwait*", NULL},
	{"flock", NULL},
	{"lockf*", NULL},
	{"fcntl", NULL},
	{"fcntl64", NULL},
	{"ioctl", NULL},
	{"fsync", NULL},
	{"fdatasync", NULL},
	{"msync", NULL},
	{"sync", NULL},
	{"open", NULL},
	{"open64", NULL},
	{"openat", NULL},
	{"openat64", NULL},
	{"close", NULL},
	{"getrandom", NULL},
	{"sleep", NULL},
	{"usleep", NULL},
	{"nanosleep", NULL},
	{"clock_nanosleep*", NULL},
	{"pause", NULL},
	{"wait", NULL},
	{"wait3", NULL},
	{"wait4", NULL},
	{"waitid", NULL},
	{"waitpid", NULL},
	{"sigsuspend", NULL},
	{"sigwait", NULL},
	{"sigwaitinfo", NULL},
	{"sigtimedwait", NULL},
	{"msgrcv", NULL},
	{"msgsnd", NULL},
	{"semop", NULL},
	{"semtimedop", NULL},
	{"mq_*", NULL},
	{"_IO_*", NULL},
	{"new_do_write", NULL},
	/* the agent */
	{"grmon_*", NULL},
	{"agent_*", "agent/"},
	{"agent_*", "libgrmon"},
	{"block_*", "agent/"},
	{"block_*", "libgrmon"},
	{"chan_*", "agent/"},
	{"chan_*", "libgrmon"},
	/* runtimes and the libraries under a program's own waiting */
	{"std::*", NULL},
	{"<std::*", NULL},
	{"void std::*", NULL},
	{"_ZNSt*", NULL},
	{"_ZSt*", NULL},
	{"core::ops::*", NULL},
	{"parking_lot*", NULL},
	{"uv_cond_*", NULL},
	{"uv_mutex_*", NULL},
	{"uv_sem_*", NULL},
	{"uv_rwlock_*", NULL},
	{"uv_barrier_*", NULL},
	{"uv__io_poll", NULL},
	{"g_cond_*", NULL},
	{"g_mutex_*", NULL},
	{"g_rec_mutex_*", NULL},
	{"g_rw_lock_*", NULL},
	{"g_async_queue_*", NULL},
	{"g_thread_proxy", NULL},
	{"PyThread_*", NULL},
	{"take_gil", NULL},
	{"acquire_timed", NULL},
	{"runtime.*", NULL},
	{"runtime/internal/*", NULL},
	{"internal/*", NULL},
	{"sync.*", NULL},
	{"syscall.*", NULL},
	{"time.Sleep", NULL},
	{"net.(**", NULL}, /* sockets of Go; servers and clients are in net/http */
	{"os.(*File)*", NULL},
	{"bufio.(**", NULL},
	{"io.Copy*", NULL},
	{"io.copyBuffer", NULL},
	{"io.ReadFull", NULL},
	{"io.ReadAtLeast", NULL},
	{"io.ReadAll", NULL},
};

/* Plumbing by file: beginnings of its last part, or folders in its path. */
static const char *const plumbing_libraries[] = {
	"libc.so", "libc-2.",  "libpthread", "ld-linux", "ld-musl",
	"librt",   "libgrmon", "libstdc++",  "[vdso]",   "linux-vdso",
};
static const char *const plumbing_folders[] = {
	"/nptl/", "/sysdeps/", "/glibc", "/src/runtime/", "/libstdc++", "/rustc/",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool name_matches(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	if (pattern[length - 1] == '*')
		return strncmp(pattern, name, length - 1) == 0;
	return strcmp(pattern, name) == 0;
}

static bool function_is_plumbing(const struct frame *frame)
{
	for (size_t i = 0; i < COUNT(plumbing_functions); i++) {
		const char *witness = plumbing_functions[i].file;

		/* Most names differ in their first byte: the answer without a call. */
		if (plumbing_functions[i].function[0] != frame->function[0] ||
		    !name_matches(plumbing_functions[i].function, frame->function))
			continue;
		if (!witness || !frame->file || strstr(frame->file, witness))
			return true;
	}
	return false;
}

static bool file_is_plumbing(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash ? slash + 1 : file;

	for (size_t i = 0; i < COUNT(plumbing_libraries); i++)
		if (strncmp(base, plumbing_libraries[i], strlen(plumbing_libraries[i])) ==
		    0)
			return true;
	for (size_t i = 0; i < COUNT(plumbing_folders); i++)
		if (strstr(file, plumbing_folders[i]))
			return true;
	return false;
}

/* Not if all that is known is "libfoo.so.1+0x1234". */
static bool frame_is_named(const struct frame *frame)
{
	return frame->function && (frame->file || !strstr(frame->function, "+0x"));
}

bool frame_is_plumbing(const struct frame *frame)
{
	return (frame->function && function_is_plumbing(frame)) ||
	       (frame->file && file_is_plumbing(frame->file)) ||
	       (frame->function && !frame_is_named(frame) &&
		file_is_plumbing(frame->function));
}

/*
 * First choice: a named frame of the program. In a stripped program there is none before
 * main's callers, so an unnamed one is taken; and where all is plumbing, the innermost.
 */
size_t stack_find_top(const struct frame *frames, size_t nr_frames)
{
	size_t unnamed = nr_frames;

	for (size_t i = 0; i < nr_frames; i++) {
		if (frame_is_plumbing(&frames[i]))
			continue;
		if (frame_is_named(&frames[i]))
			return i;
		if (unnamed == nr_frames)
			unnamed = i;
	}
	return unnamed < nr_frames ? unnamed : 0;
}

const struct frame *stack_top_frame(const struct stack *stack)
{
	size_t top;

	if (!stack || stack->nr_frames == 0)
		return NULL;
	top = stack->top > 0 ? stack->top - 1
			     : stack_find_top(stack->frames, stack->nr_frames);
	return &stack->frames[top < stack->nr_frames ? top : 0];
}
