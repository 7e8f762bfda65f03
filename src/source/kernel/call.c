/* SPDX-License-Identifier: MIT */
/* A table of system calls: the state each of them means and what its arguments refer
 * to. */
#include "source/kernel/call.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"

#define CHILDREN_BYTES 4096
#define KCMP_VM        1
#ifdef SYS_open
#define CALL_OPEN SYS_open
#else
#define CALL_OPEN (-1) /* this architecture only has openat */
#endif

/* What the arguments of a call refer to. */
enum call_form {
	FORM_NONE,
	FORM_FD,      /* a descriptor */
	FORM_CONNECT, /* a descriptor and an address */
	FORM_EPOLL,   /* an epoll descriptor */
	FORM_POLL,    /* an array of struct pollfd and its length */
	FORM_SELECT,  /* an upper bound of descriptors and three sets of them */
	FORM_FUTEX,
	FORM_FUTEXES, /* an array of struct futex_waitv and its length */
	FORM_CHILD,   /* a pid, -1 for any */
	FORM_WAITID,  /* a kind of id and the id */
	FORM_FORK,    /* until the child calls exec() or ends */
	FORM_FCNTL,   /* blocks only for locks */
	FORM_IPC,     /* an id of System V IPC */
	FORM_SIGNALS,
	FORM_SLEEP,
	FORM_FILE, /* opening a file */
};

struct call_rule {
	int nr;
	const char *name;
	enum task_state state;
	enum call_form form;
	int arg; /* index of the descriptor, or of the first argument of the form */
	enum call_time time; /* how the timeout is passed */
	int time_arg;        /* index of the timeout */
};

#define CALL(name, state, form, arg)                                                     \
	{                                                                                \
		SYS_##name, #name, STATE_##state, FORM_##form, arg, TIME_NONE, 0         \
	}
#define TIMED(name, state, form, arg, unit, at)                                          \
	{                                                                                \
		SYS_##name, #name, STATE_##state, FORM_##form, arg, TIME_##unit, at      \
	}

static const struct call_rule call_rules[] = {
	TIMED(futex, FUTEX, FUTEX, 0, FUTEX, 3),
#ifdef SYS_futex_waitv
	TIMED(futex_waitv, FUTEX, FUTEXES, 0, WAITV, 3),
#endif
	CALL(read, IO_READ, FD, 0),
	CALL(readv, IO_READ, FD, 0),
	CALL(pread64, IO_READ, FD, 0),
	CALL(preadv, IO_READ, FD, 0),
	CALL(preadv2, IO_READ, FD, 0),
	CALL(recvfrom, IO_READ, FD, 0),
	CALL(recvmsg, IO_READ, FD, 0),
	CALL(recvmmsg, IO_READ, FD, 0),
	CALL(getdents64, IO_READ, FD, 0),
	CALL(vmsplice, IO_WRITE, FD, 0),
	CALL(splice, IO_READ, FD, 0),
	CALL(tee, IO_READ, FD, 0),
	CALL(copy_file_range, IO_READ, FD, 0),
	CALL(write, IO_WRITE, FD, 0),
	CALL(writev, IO_WRITE, FD, 0),
	CALL(pwrite64, IO_WRITE, FD, 0),
	CALL(pwritev, IO_WRITE, FD, 0),
	CALL(pwritev2, IO_WRITE, FD, 0),
	CALL(sendto, IO_WRITE, FD, 0),
	CALL(sendmsg, IO_WRITE, FD, 0),
	CALL(sendmmsg, IO_WRITE, FD, 0),
	CALL(sendfile, IO_WRITE, FD, 0),
	CALL(openat, IO_READ, FILE, 1),
	CALL(accept, ACCEPT, FD, 0),
	CALL(accept4, ACCEPT, FD, 0),
	CALL(connect, CONNECT, CONNECT, 0),
	TIMED(ppoll, POLL, POLL, 0, SPEC, 2),
	TIMED(pselect6, POLL, SELECT, 0, SPEC, 4),
	TIMED(epoll_pwait, POLL, EPOLL, 0, MS, 3),
#ifdef SYS_epoll_pwait2
	TIMED(epoll_pwait2, POLL, EPOLL, 0, SPEC, 3),
#endif
	CALL(fsync, FSYNC, FD, 0),
	CALL(fdatasync, FSYNC, FD, 0),
	CALL(sync_file_range, FSYNC, FD, 0),
	CALL(syncfs, FSYNC, FD, 0),
	CALL(msync, FSYNC, NONE, 0),
	CALL(sync, FSYNC, NONE, 0),
	CALL(flock, FLOCK, FD, 0),
	CALL(fcntl, FLOCK, FCNTL, 0),
	TIMED(nanosleep, SLEEP, SLEEP, 0, SPEC, 0),
	TIMED(clock_nanosleep, SLEEP, SLEEP, 0, CLOCK, 2),
	CALL(wait4, WAIT_CHILD, CHILD, 0),
	CALL(waitid, WAIT_CHILD, WAITID, 0),
	CALL(clone, WAIT_CHILD, FORK, 0),
	CALL(clone3, WAIT_CHILD, FORK, 0),
	TIMED(rt_sigtimedwait, SIGNAL_WAIT, SIGNALS, 0, SPEC, 2),
	CALL(rt_sigsuspend, SIGNAL_WAIT, SIGNALS, 0),
	CALL(msgrcv, CHAN_RECV, IPC, 0),
	CALL(msgsnd, CHAN_SEND, IPC, 0),
	CALL(semop, SEMAPHORE, IPC, 0),
	TIMED(semtimedop, SEMAPHORE, IPC, 0, SPEC, 3),
	TIMED(mq_timedreceive, CHAN_RECV, FD, 0, REAL, 4),
	TIMED(mq_timedsend, CHAN_SEND, FD, 0, REAL, 4),
	TIMED(io_getevents, IO_READ, NONE, 0, SPEC, 4),
#ifdef SYS_io_uring_enter
	CALL(io_uring_enter, POLL, FD, 0),
#endif
	CALL(ioctl, SYSCALL, FD, 0),
	CALL(restart_syscall, SLEEP, NONE, 0),
/* Calls that only older architectures have. */
#ifdef SYS_poll
	TIMED(poll, POLL, POLL, 0, MS, 2),
	TIMED(select, POLL, SELECT, 0, VAL, 4),
	TIMED(epoll_wait, POLL, EPOLL, 0, MS, 3),
	CALL(pause, SIGNAL_WAIT, SIGNALS, 0),
	CALL(open, IO_READ, FILE, 0),
	CALL(vfork, WAIT_CHILD, FORK, 0),
	CALL(fork, SYSCALL, NONE, 0),
#endif
};

static const struct call_rule *call_rule_find(long nr)
{
	for (size_t i = 0; i < ARRAY_COUNT(call_rules); i++)
		if (call_rules[i].nr == nr)
			return &call_rules[i];
	return NULL;
}

/* "epoll 4 of fds 5 7" */
static void explain_epoll(struct kernel *kernel, uint64_t arg, struct kernel_wait *out)
{
	int fd = (int)(int32_t)arg;
	const char *name = kernel_fd_name(kernel, fd);
	bool known = text_starts_with(name, "epoll");

	out->kind = "fd";
	out->fd = fd;
	snprintf(out->text, sizeof(out->text), "epoll %d%s", fd, known ? name + 5 : "");
}

static void explain_child(struct kernel *kernel, uint64_t which, struct kernel_wait *out)
{
	int pid = (int)(int32_t)which;

	out->kind = "pid";
	/* A process in its own pid namespace knows its children by other numbers than we
	 * do. */
	if (pid > 0 && kernel->facts.nested)
		pid = kernel_outer_any(kernel, pid, &out->owner_pid);
	else if (pid > 0)
		out->owner_pid = pid;
	if (pid == 0 && (int32_t)which > 0)
		snprintf(out->text, sizeof(out->text), "a child");
	else if (pid > 0)
		snprintf(out->text, sizeof(out->text), "child %d", pid);
	else
		snprintf(out->text, sizeof(out->text), "%s",
			 pid == -1 ? "any child" : "any child of a process group");
}

/* Finds the child that runs in the thread's memory until it calls exec() or ends. */
static void explain_vfork(const struct kernel *kernel, pid_t tid, struct kernel_wait *out)
{
	char text[CHILDREN_BYTES], *save = NULL;
	size_t nr = 0;
	pid_t only = 0;

	out->kind = "pid";
	if (process_thread_text(&kernel->process, tid, THREAD_CHILDREN, text,
				sizeof(text)) <= 0)
		text[0] = '\0';
	for (char *word = strtok_r(text, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save), nr++) {
		only = proc_parse_pid(word);
		if (syscall(SYS_kcmp, kernel->process.pid, only, KCMP_VM, 0, 0) == 0)
			out->owner_pid = only;
	}
	if (!out->owner_pid && nr == 1)
		out->owner_pid = only;
	if (out->owner_pid)
		snprintf(out->text, sizeof(out->text), "vfork child %d",
			 (int)out->owner_pid);
	else
		snprintf(out->text, sizeof(out->text), "its vfork child");
}

static void explain_file(struct kernel *kernel, uint64_t address, struct kernel_wait *out)
{
	char path[KERNEL_TEXT_MAX - 8] = "";
	ssize_t got = kernel_memory(kernel, address, path, sizeof(path) - 1);

	/* A path that ends close to an unmapped page is read in part. */
	path[got > 0 ? got : 0] = '\0';
	out->kind = "file";
	snprintf(out->text, sizeof(out->text), "opening %s", path);
}

/* Explains calls that wait for descriptors or files. */
static void explain_file_form(struct kernel *kernel, const struct call_rule *rule,
			      const struct proc_call *call, struct kernel_wait *out)
{
	uint64_t arg = call->args[rule->arg];

	switch (rule->form) {
	case FORM_FD:
		kernel_explain_fd(kernel, (int)(int32_t)arg, out);
		break;
	case FORM_CONNECT:
		kernel_explain_fd(kernel, (int)(int32_t)arg, out);
		kernel_explain_connect(kernel, call->args[1], call->args[2], out);
		break;
	case FORM_EPOLL:
		explain_epoll(kernel, arg, out);
		break;
	case FORM_POLL:
		kernel_explain_poll(kernel, arg, call->args[1], out);
		break;
	case FORM_SELECT:
		/* Without descriptors it is a sleep, such as Python's up to 3.10. */
		if (arg == 0 && call->args[4]) {
			out->state = STATE_SLEEP;
			out->kind = kernel_state_kind(STATE_SLEEP);
			break;
		}
		kernel_explain_select(kernel, arg, &call->args[1], out);
		break;
	case FORM_FCNTL:
		kernel_explain_fd(kernel, (int)(int32_t)arg, out);
		if (call->args[1] != F_SETLKW && call->args[1] != F_OFD_SETLKW)
			out->state = STATE_SYSCALL;
		break;
	case FORM_FILE:
		explain_file(kernel, arg, out);
		/* A FIFO that no process has open for reading. */
		if ((call->nr == SYS_openat || call->nr == CALL_OPEN) &&
		    (call->args[rule->arg + 1] & O_ACCMODE) == O_WRONLY)
			out->state = STATE_IO_WRITE;
		break;
	default:
		break;
	}
}

static void explain_form(struct kernel *kernel, pid_t tid, const struct call_rule *rule,
			 const struct proc_call *call, struct kernel_wait *out)
{
	uint64_t arg = call->args[rule->arg];

	switch (rule->form) {
	case FORM_FUTEX:
		kernel_explain_futex(kernel, tid, call, out);
		break;
	case FORM_FUTEXES:
		kernel_explain_futexes(kernel, arg, call->args[1], out);
		break;
	case FORM_CHILD:
		explain_child(kernel, arg, out);
		break;
	case FORM_WAITID:
		explain_child(kernel, arg == 1 /* P_PID */ ? call->args[1] : (uint64_t)-1,
			      out);
		break;
	case FORM_FORK:
		explain_vfork(kernel, tid, out);
		break;
	case FORM_IPC:
		out->kind = "ipc";
		out->address = (uint32_t)arg;
		snprintf(out->text, sizeof(out->text), "id %d", (int)(int32_t)arg);
		break;
	case FORM_SIGNALS:
		out->kind = "signal";
		snprintf(out->text, sizeof(out->text), "a signal");
		/* For the others, the argument is the set of blocked signals. */
		if (rule->time == TIME_SPEC)
			kernel_explain_signals(kernel, arg, out);
		break;
	case FORM_SLEEP:
		out->kind = "timer";
		break;
	default:
		explain_file_form(kernel, rule, call, out);
		break;
	}
}

void kernel_explain(struct kernel *kernel, pid_t tid, char stat_state,
		    const struct proc_call *call, struct kernel_wait *out)
{
	kernel_wait_none(out, STATE_UNKNOWN);
	switch (stat_state) {
	case 'R':
		out->state = STATE_RUNNING;
		return;
	case 'T':
	case 't':
		out->state = STATE_STOPPED;
		return;
	case 'D':
		out->state = STATE_DISK;
		break;
	default:
		break;
	}
	if (!call || kernel->facts.foreign)
		return;
	if (call->running) {
		/* It woke up between the two reads. */
		out->state = STATE_RUNNING;
		return;
	}
	struct proc_call original;
	bool restarted = kernel_restarted_call(kernel, tid, call, &original);

	if (restarted)
		call = &original;
	const struct call_rule *rule = call->nr >= 0 ? call_rule_find(call->nr) : NULL;

	if ((call->nr < 0 || stat_state == 'D' || kernel->pages_served) &&
	    kernel_explain_fault(kernel, tid, out))
		return;
	if (!rule) {
		if (stat_state != 'D')
			out->state = call->nr >= 0 ? STATE_SYSCALL : STATE_DISK;
		out->raw = call->nr >= 0 ? NULL : "page fault";
		return;
	}
	out->raw = rule->name;
	out->state = rule->state;
	out->restarted = restarted;
	out->began_ns = restarted ? 0 : kernel->began_ns;
	explain_form(kernel, tid, rule, call, out);
	kernel_explain_limit(kernel, call, rule->time, rule->time_arg,
			     out->state == STATE_SLEEP, out);
	/* A fork in state D waits for its child; other uninterruptible calls wait for a
	 * disk. */
	if (stat_state == 'D' && rule->form != FORM_FORK && rule->state != STATE_FSYNC)
		out->state = STATE_DISK;
	if (rule->form == FORM_FORK && stat_state != 'D')
		kernel_wait_none(out, STATE_SYSCALL);
}
