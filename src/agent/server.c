/* SPDX-License-Identifier: MIT */
/*
 * The thread that passes the region to clients over a local socket. It has its own
 * descriptor table, which contains no descriptor of the program, blocks every signal,
 * takes no lock and does not allocate. It therefore answers even if the whole program is
 * deadlocked, and is not affected if the program closes all descriptors.
 */
#include "agent/server.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/libc.h"
#include "agent/memfd.h"
#include "agent/raw.h"
#include "agent/region.h"

/* Wakes the server so that it ends. This is libc's own cancellation signal, which
 * programs do not send to this thread. */
#define SERVER_WAKE_SIGNAL   32
/* The C library uses this signal to run setuid() and similar calls in every thread, so it
 * is never blocked. */
#define SERVER_SETXID_SIGNAL 33
#define SERVER_STACK_BYTES   (64u * 1024)
/* Maximum time that a first pthread_create() waits for the server thread to have its own
 * descriptors. */
#define SERVER_START_WAIT_NS 20000000
#define SERVER_BACKLOG       16
#define SERVER_RETRY_MS      1000

struct server {
	int region; /* descriptors in the thread's own table */
	int wake;
	int listening;
	size_t hello_bytes;
	char hello[512];
};

static uint64_t server_signals(void)
{
	return ~(1ull << (SERVER_SETXID_SIGNAL - 1));
}

static void server_set_state(uint32_t state)
{
	__atomic_store_n(&agent.control->server, state, __ATOMIC_RELEASE);
	raw3(SYS_futex, &agent.control->server, FUTEX_WAKE_PRIVATE, INT32_MAX);
}

/*
 * Leave the program's descriptor table and use a copy that holds only the region. The
 * other copied descriptors, such as the end of a pipe, are closed before anything else,
 * because they would keep their files open.
 */
static bool server_leave_descriptors(int region)
{
	if (region < 0 ||
	    raw3(SYS_close_range, (unsigned)region + 1, ~0u, CLOSE_RANGE_UNSHARE) != 0)
		return false;
	return region == 0 || raw3(SYS_close_range, 0, (unsigned)region - 1, 0) == 0;
}

/* Reopens the region read-only through /proc, if /proc is available. */
static int server_read_only(int region)
{
	char path[64];
	long fd;

	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", region);
	fd = raw4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return region;
	raw1(SYS_close, region);
	return (int)fd;
}

static void server_format_hello(struct server *server)
{
	const struct wire_header *layout = &agent.layout;

	server->hello_bytes = (size_t)snprintf(
		server->hello, sizeof(server->hello),
		"{\"grmon\":1,\"protocol\":%u,\"pid\":%d,\"layout\":{\"region_bytes\":%"
		"llu,"
		"\"slots\":%u,\"slot_bytes\":%u,\"creators\":%u,\"creator_bytes\":%u,"
		"\"labels\":%u,\"label_bytes\":%u,\"chans\":%u,\"chan_bytes\":%u}}\n",
		WIRE_VERSION, (int)agent.header->pid,
		(unsigned long long)layout->region_bytes, layout->nr_slots,
		layout->slot_bytes, layout->nr_creators, layout->creator_bytes,
		layout->nr_labels, layout->labels_bytes, layout->nr_chans,
		layout->chan_bytes);
}

/* Ensures a directory that only this user can write to, so that no other user can put a
 * socket there. */
static bool server_folder(const char *folder)
{
	struct stat about = {0};
	long rc = raw3(SYS_mkdirat, AT_FDCWD, folder, 0700);

	if (rc != 0 && rc != -EEXIST)
		return false;
	if (raw4(SYS_newfstatat, AT_FDCWD, folder, &about, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	return S_ISDIR(about.st_mode) && about.st_uid == (uid_t)raw0(SYS_geteuid) &&
	       (about.st_mode & 077) == 0;
}

static bool server_bind(struct server *server, const char *folder)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%d.sock", folder,
			 (int)agent.header->pid);

	if (n < 0 || (size_t)n >= sizeof(address.sun_path) || !server_folder(folder))
		return false;
	long fd =
		raw3(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return false;
	/* Called before bind(), so the file never exists with another mode. A file that
	 * already has this name belongs to an earlier process with this pid, which has
	 * ended. */
	raw2(SYS_fchmod, fd, 0600);
	raw3(SYS_unlinkat, AT_FDCWD, address.sun_path, 0);
	if (raw3(SYS_bind, fd, &address, sizeof(address)) != 0)
		goto close_fd;
	if (raw2(SYS_listen, fd, SERVER_BACKLOG) != 0) {
		raw3(SYS_unlinkat, AT_FDCWD, address.sun_path, 0);
		goto close_fd;
	}
	memcpy(agent.control->socket_path, address.sun_path, sizeof(address.sun_path));
	__atomic_store_n(&agent.control->server_named, 1, __ATOMIC_RELEASE);
	server->listening = (int)fd;
	return true;

close_fd:
	raw1(SYS_close, fd);
	return false;
}

static bool server_open(struct server *server)
{
	char folder[sizeof(agent.socket_dir)];
	int n;

	if (agent.socket_dir[0])
		return server_bind(server, agent.socket_dir);
	if (agent.runtime_dir[0]) {
		n = snprintf(folder, sizeof(folder), "%s/grmon", agent.runtime_dir);
		if (n > 0 && (size_t)n < sizeof(folder) && server_bind(server, folder))
			return true;
	}
	snprintf(folder, sizeof(folder), "/tmp/grmon-%u", (unsigned)raw0(SYS_geteuid));
	return server_bind(server, folder);
}

/* Sends one line with the region's descriptor attached. A peer that does not read cannot
 * block the server: the line fits into the buffer of an empty socket, and nothing is read
 * from the peer. */
static void server_answer(const struct server *server, int peer)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec line = {(void *)server->hello, server->hello_bytes};
	struct msghdr message = {.msg_iov = &line,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	struct ucred who = {.uid = (uid_t)-1};
	socklen_t bytes = sizeof(who);

	if (raw5(SYS_getsockopt, peer, SOL_SOCKET, SO_PEERCRED, &who, &bytes) != 0 ||
	    (who.uid != 0 && who.uid != (uid_t)raw0(SYS_geteuid)))
		return;
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &server->region, sizeof(int));
	raw3(SYS_sendmsg, peer, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool server_stopping(void)
{
	return __atomic_load_n(&agent.control->server_stop, __ATOMIC_SEQ_CST) != 0;
}

/* The signal may also have come from the program. It is consumed, because the next poll
 * would otherwise return at once. */
static void server_consume_wakeup(const struct server *server)
{
	struct signalfd_siginfo taken;

	raw3(SYS_read, server->wake, &taken, sizeof(taken));
}

static void server_loop(const struct server *server)
{
	while (!server_stopping()) {
		struct pollfd fds[] = {{.fd = server->wake, .events = POLLIN},
				       {.fd = server->listening, .events = POLLIN}};

		raw5(SYS_ppoll, fds, 2, NULL, NULL, 0);
		if (fds[0].revents != 0)
			server_consume_wakeup(server);
		if (fds[1].revents == 0)
			continue;
		long peer = raw4(SYS_accept4, server->listening, NULL, NULL,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (peer >= 0) {
			server_answer(server, (int)peer);
			raw1(SYS_close, peer);
		} else if (peer != -EAGAIN && peer != -EINTR && peer != -ECONNABORTED) {
			/* Out of descriptors or memory. Since this may last, pause before
			 * trying again. */
			struct timespec pause = {SERVER_RETRY_MS / 1000, 0};

			raw5(SYS_ppoll, fds, 1, &pause, NULL, 0);
		}
	}
}

static void *server_main(void *unused)
{
	struct server server = {
		.region = agent.control->server_region, .wake = -1, .listening = -1};
	uint64_t wake = 1ull << (SERVER_WAKE_SIGNAL - 1);
	uint64_t blocked = server_signals();

	agent_tls.internal = true;
	raw2(SYS_prctl, PR_SET_NAME, WIRE_SERVER_COMM);
	/* Needed again, because pthread_create() unblocks the cancellation signal in the
	 * new thread. */
	raw4(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, sizeof(blocked));
	__atomic_store_n(&agent.control->server_tid, (int32_t)raw0(SYS_gettid),
			 __ATOMIC_SEQ_CST);
	if (!server_leave_descriptors(server.region)) {
		agent_set_status(
			"publishing without a socket: no separate descriptor table");
		goto out;
	}
	/* This comes before server_set_state(): the program's descriptor is closed after
	 * that, and at any time at least one of the two tables must hold a descriptor of
	 * the region. */
	server.region = server_read_only(server.region);
	server_set_state(AGENT_SERVER_APART);
	server_format_hello(&server);
	server.wake = (int)raw4(SYS_signalfd4, -1, &wake, sizeof(wake),
				SFD_NONBLOCK | SFD_CLOEXEC);
	if (server.wake < 0 || !server_open(&server)) {
		agent_set_status(
			"publishing without a socket: no private directory for it");
		goto out;
	}
	server_set_state(AGENT_SERVER_LISTENING);
	server_loop(&server);
out:
	__atomic_store_n(&agent.control->server_tid, 0, __ATOMIC_SEQ_CST);
	server_set_state(AGENT_SERVER_ENDED);
	return unused;
}

/* The thread inherits its creator's mask, in which all signals are blocked except libc's
 * setuid() broadcast. */
static const char *server_spawn(void)
{
	static const size_t stacks[] = {SERVER_STACK_BYTES, 4 * SERVER_STACK_BYTES, 0};
	uint64_t blocked = server_signals();
	uint64_t before;
	int rc = EINVAL;

	if (!agent_fd_mine() &&
	    (agent_load(&agent.control->threads) != 0 || !agent_region_move()))
		return "publishing without a socket: the program has closed "
		       "the agent's descriptor";
	agent.control->server_region = agent.fd;
	raw4(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, &before, sizeof(before));
	agent_tls.internal = true;
	/* A program with much thread-local storage needs a larger stack. */
	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]) && rc == EINVAL; i++) {
		pthread_attr_t attributes;

		pthread_attr_init(&attributes);
		if (stacks[i] != 0)
			pthread_attr_setstacksize(&attributes, stacks[i]);
		rc = agent_create_server(&agent.control->server_thread, &attributes,
					 server_main);
		pthread_attr_destroy(&attributes);
	}
	agent_tls.internal = false;
	raw4(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
	return rc == 0 ? NULL : "publishing without a socket: no thread could be started";
}

/*
 * Wait briefly until the server holds its own copy of the region's descriptor, after
 * which the program's can be closed. Call this only while no other thread can be opening
 * files: a number that has been closed and reused must not be closed again.
 */
static void server_take_over(void)
{
	struct timespec wait = {0, SERVER_START_WAIT_NS};

	if (agent_load(&agent.control->threads) != 0)
		return;
	if (agent_load(&agent.control->server) == AGENT_SERVER_STARTING)
		raw4(SYS_futex, &agent.control->server, FUTEX_WAIT_PRIVATE,
		     AGENT_SERVER_STARTING, &wait);
	uint32_t state = agent_load(&agent.control->server);

	if (state == AGENT_SERVER_APART || state == AGENT_SERVER_LISTENING)
		agent_fd_close();
}

bool agent_server_ensure(void)
{
	struct agent_control *control = agent.control;
	uint32_t none = AGENT_SERVER_NONE;

	if (!agent.serves)
		return false;
	if (agent_load(&control->server) != AGENT_SERVER_NONE)
		return agent_load(&control->server) != AGENT_SERVER_ENDED;
	if (agent_load(&agent.filtered)) {
		agent_set_status("publishing without a socket: a seccomp filter is in "
				 "force");
		return false;
	}
	/* If the end of the main thread went unnoticed, the server would keep the process
	 * alive. */
	if (!agent_load(&control->main_watched) || agent_load(&control->main_left)) {
		agent_set_status("publishing without a socket: the main thread has not "
				 "used the agent, or has ended");
		return false;
	}
	if (!__atomic_compare_exchange_n(&control->server, &none, AGENT_SERVER_STARTING,
					 false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return true;
	const char *problem = server_spawn();

	if (problem) {
		agent_set_status(problem);
		server_set_state(AGENT_SERVER_ENDED);
		return false;
	}
	agent_store(&control->server_made, 1);
	server_take_over();
	return true;
}

/* Removes only this process's own file. A child that shares this memory has a different
 * pid. */
static void server_unlink(void)
{
	if (__atomic_exchange_n(&agent.control->server_named, 0, __ATOMIC_ACQ_REL) != 0 &&
	    raw0(SYS_getpid) == agent.header->pid)
		raw3(SYS_unlinkat, AT_FDCWD, agent.control->socket_path, 0);
}

void agent_server_stop(void)
{
	struct agent_control *control = agent.control;
	uint32_t made = 1;

	/* Only one caller joins. If the server was never created, it will not be created
	 * from now on. */
	if (!control ||
	    !__atomic_compare_exchange_n(&control->server_made, &made, 2, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&control->server_stop, 1, __ATOMIC_SEQ_CST);
	int32_t tid = __atomic_load_n(&control->server_tid, __ATOMIC_SEQ_CST);

	/* A server thread without a tid will see server_stop before it polls. */
	if (tid != 0)
		raw3(SYS_tgkill, raw0(SYS_getpid), tid, SERVER_WAKE_SIGNAL);
	agent_join_server(control->server_thread);
	server_unlink();
}

__attribute__((destructor)) static void server_destructor(void)
{
	if (agent.control)
		server_unlink();
}
