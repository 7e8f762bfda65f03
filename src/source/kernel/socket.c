/* SPDX-License-Identifier: MIT */
/* Names the sockets of the process by their inode, from the tables of its network
 * namespace, which may contain very many others. They are read at most every five
 * seconds, and only when a thread waits on a socket. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uthash.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "source/kernel/kernel.h"
#include "source/proc/descriptors.h"
#include "source/proc/sockets.h"

#define SOCKETS_KEPT_NS   (5 * CLOCK_SECOND_NS)
/* For a socket that is missing, the tables are reread sooner if that is cheap. */
#define MISSING_WAIT_NS   (CLOCK_SECOND_NS / 5)
#define MISSING_SHARE     50
#define SOCKETS_MAX       32768u
#define SOCKETS_FILE_MAX  (64u << 20)
#define SOCKET_NAME_BYTES 272
#define TABLES_COMMON     5u
#define PACKET_ALL        3u
#define UNIX_LISTENS      0x10000u /* __SO_ACCEPTCON */
#define SS_CONNECTED      3u

struct kernel_socket {
	uint64_t inode;
	bool accepted;
	char text[SOCKET_NAME_BYTES]; /* empty if not in the tables */
	UT_hash_handle hh;
};

void kernel_sockets_release(struct kernel *kernel)
{
	struct kernel_socket *socket, *next;

	HASH_ITER (hh, kernel->sockets, socket, next) {
		HASH_DEL(kernel->sockets, socket);
		free(socket);
	}
	kernel->sockets = NULL;
}

static struct kernel_socket *socket_find(const struct kernel *kernel, uint64_t inode)
{
	struct kernel_socket *socket = NULL;

	if (kernel->sockets)
		HASH_FIND(hh, kernel->sockets, &inode, sizeof(inode), socket);
	return socket;
}

/* Adds every socket that the process has open, without a name. */
static void list_sockets(struct kernel *kernel)
{
	struct process_fds fds;

	if (process_fds_open(&fds, &kernel->process, 0) != 0)
		return;
	while (process_fds_next(&fds) && HASH_COUNT(kernel->sockets) < SOCKETS_MAX) {
		char link[64];
		struct kernel_socket *socket;
		uint64_t inode;

		if (process_fds_link(&fds, link, sizeof(link)) <= 0 ||
		    sscanf(link, "socket:[%" SCNu64, &inode) != 1 ||
		    socket_find(kernel, inode))
			continue;
		socket = calloc(1, sizeof(*socket));
		if (!socket)
			break;
		socket->inode = inode;
		HASH_ADD(hh, kernel->sockets, inode, sizeof(socket->inode), socket);
	}
	process_fds_close(&fds);
}

/* Returns the number in the given column of a line, counting from 0. */
static uint64_t column_number(const char *line, int column)
{
	for (line += strspn(line, " "); column > 0; column--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return strtoull(line, NULL, 10);
}

/* "0100007F:1F90": the words of an address in host byte order and a port, in
 * hexadecimal. */
static void format_address(const char *hex, char *out, size_t size)
{
	const char *colon = strchr(hex, ':');
	unsigned port = colon ? (unsigned)strtoul(colon + 1, NULL, 16) : 0;
	size_t digits = colon ? (size_t)(colon - hex) : 0;
	uint32_t words[4] = {0};
	char address[INET6_ADDRSTRLEN] = "?";

	for (size_t i = 0; i < digits / 8 && i < 4; i++) {
		char word[9] = "";

		memcpy(word, hex + i * 8, 8);
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	inet_ntop(digits == 32 ? AF_INET6 : AF_INET, words, address, sizeof(address));
	snprintf(out, size, digits == 32 ? "[%s]:%u" : "%s:%u", address, port);
}

/* ", 512 B to send, 3 B to read", or nothing. */
static void format_queues(unsigned to_send, unsigned to_read, const char *what, char *out,
			  size_t size)
{
	bool counts = strcmp(what, "waiting") == 0;
	size_t used = 0;

	out[0] = '\0';
	if (to_send)
		used = (size_t)snprintf(out, size, ", %u B to send", to_send);
	if (to_read)
		snprintf(out + used, size - used, ", %u%s %s", to_read,
			 counts ? "" : " B", what);
}

/* NULL for a connected socket, which needs no mention. */
static const char *state_name(const char *protocol, unsigned state)
{
	int known = SOCKET_ESTABLISHED + (int)state - 1;

	return strcmp(protocol, "tcp") == 0 && known > SOCKET_ESTABLISHED &&
			       known <= SOCKET_CLOSING
		       ? socket_state_name(known)
		       : NULL;
}

/* Ports with a listening socket in the namespace, one bit each. */
struct listening {
	uint64_t ports[65536 / 64];
};

static bool is_listening(const struct listening *listening, const char *address)
{
	const char *colon = strchr(address, ':');
	unsigned long port = colon ? strtoul(colon + 1, NULL, 16) & 0xffff : 0;

	return listening->ports[port / 64] >> (port % 64) & 1;
}

/* Records a listening port. Listening sockets come first in the kernel's table, so all of
 * them are known when the connections follow. */
static void note_listening(struct listening *listening, const char *line)
{
	const char *colon = strchr(line, ':'), *end;
	unsigned long port;

	colon = colon ? strchr(colon + 1, ':') : NULL;
	end = colon ? strchr(colon + 1, ' ') : NULL;
	end = end ? strchr(end + 1, ' ') : NULL;
	if (!end || !text_starts_with(end, " 0A "))
		return;
	port = strtoul(colon + 1, NULL, 16) & 0xffff;
	listening->ports[port / 64] |= 1ull << (port % 64);
}

static void parse_inet_line(struct kernel_socket *socket, const char *protocol,
			    const char *line, const struct listening *listening)
{
	char local[64], remote[64];
	char local_text[64], remote_text[64], more[64];
	char *text = socket->text;
	unsigned state, to_send, to_read;

	if (sscanf(line, " %*d: %63[0-9A-F:] %63[0-9A-F:] %x %x:%x", local, remote,
		   &state, &to_send, &to_read) != 5)
		return;
	format_address(local, local_text, sizeof(local_text));
	format_address(remote, remote_text, sizeof(remote_text));
	bool listens = state == 10;
	const char *port = strrchr(remote_text, ':');

	format_queues(listens ? 0 : to_send, to_read, listens ? "waiting" : "to read",
		      more, sizeof(more));
	socket->accepted = !listens && strcmp(protocol, "tcp") == 0 &&
			   is_listening(listening, local);
	if (listens)
		snprintf(text, SOCKET_NAME_BYTES, "%s %s listening%s", protocol,
			 local_text, more);
	else if (port && strcmp(port, ":0") == 0)
		snprintf(text, SOCKET_NAME_BYTES, "%s %s%s", protocol, local_text, more);
	else
		snprintf(text, SOCKET_NAME_BYTES, "%s %s -> %s%s%s%s", protocol,
			 local_text, remote_text, state_name(protocol, state) ? " " : "",
			 state_name(protocol, state) ? state_name(protocol, state) : "",
			 more);
}

/* An accepted socket has the path of its listening socket; a connecting one usually has
 * none. */
static void parse_unix_line(struct kernel_socket *socket, const char *protocol,
			    const char *line, const struct listening *listening)
{
	unsigned flags = 0, type = 0, state = 0;
	int path = 0;

	(void)protocol;
	(void)listening;
	if (sscanf(line, "%*[^:]: %*s %*s %x %x %x %*u%n", &flags, &type, &state,
		   &path) != 3 ||
	    path == 0)
		return;
	socket->accepted = state == SS_CONNECTED && !(flags & UNIX_LISTENS) &&
			   type != SOCK_DGRAM && line[path] == ' ' && line[path + 1];
	snprintf(socket->text, sizeof(socket->text), "unix%.90s", line + path);
}

static const char *const netlink_names[] = {
	[0] = "route",   [2] = "usersock",  [3] = "firewall",        [4] = "sock_diag",
	[5] = "nflog",   [6] = "xfrm",      [7] = "selinux",         [8] = "iscsi",
	[9] = "audit",   [10] = "fib",      [11] = "connector",      [12] = "netfilter",
	[13] = "ip6_fw", [14] = "dnrtmsg",  [15] = "kobject_uevent", [16] = "generic",
	[18] = "scsi",   [19] = "ecryptfs", [20] = "rdma",           [21] = "crypto",
	[22] = "smc",
};

static void parse_netlink_line(struct kernel_socket *socket, const char *protocol,
			       const char *line, const struct listening *listening)
{
	unsigned family, to_read, to_send;
	const char *name = NULL;
	char more[48];

	(void)listening;
	if (sscanf(line, "%*s %u %*u %*s %u %u", &family, &to_read, &to_send) != 3)
		return;
	if (family < ARRAY_COUNT(netlink_names))
		name = netlink_names[family];
	format_queues(to_send, to_read, "to read", more, sizeof(more));
	if (name)
		snprintf(socket->text, sizeof(socket->text), "%s %s%s", protocol, name,
			 more);
	else
		snprintf(socket->text, sizeof(socket->text), "%s %u%s", protocol, family,
			 more);
}

static void parse_packet_line(struct kernel_socket *socket, const char *protocol,
			      const char *line, const struct listening *listening)
{
	char interface[32] = "";
	unsigned ethernet, index, to_read;
	char more[48];

	(void)listening;
	if (sscanf(line, "%*s %*s %*s %x %u %*u %u", &ethernet, &index, &to_read) != 3)
		return;
	if (index)
		snprintf(interface, sizeof(interface), " of interface %u", index);
	format_queues(0, to_read, "to read", more, sizeof(more));
	if (ethernet == PACKET_ALL)
		snprintf(socket->text, sizeof(socket->text), "%s all%s%s", protocol,
			 interface, more);
	else
		snprintf(socket->text, sizeof(socket->text), "%s 0x%04x%s%s", protocol,
			 ethernet, interface, more);
}

static const struct {
	int domain;
	const char *name;
} socket_domains[] = {
	{AF_PACKET, "packet"}, {AF_VSOCK, "vsock"}, {AF_ALG, "alg"},
	{AF_CAN, "can"},       {AF_XDP, "xdp"},     {AF_BLUETOOTH, "bluetooth"},
	{AF_TIPC, "tipc"},     {AF_RDS, "rds"},     {AF_KEY, "key"},
};

static bool socket_option(int fd, int option, int *value)
{
	socklen_t size = sizeof(*value);

	return getsockopt(fd, SOL_SOCKET, option, value, &size) == 0;
}

static const char *name_kind(int domain, int protocol, char out[KERNEL_KIND_MAX])
{
	const char *name = NULL;

	if (domain == AF_NETLINK) {
		if ((unsigned)protocol < ARRAY_COUNT(netlink_names))
			name = netlink_names[protocol];
		if (name)
			snprintf(out, KERNEL_KIND_MAX, "netlink %s", name);
		else
			snprintf(out, KERNEL_KIND_MAX, "netlink %d", protocol);
		return out;
	}
	for (size_t i = 0; i < ARRAY_COUNT(socket_domains); i++)
		if (socket_domains[i].domain == domain)
			return socket_domains[i].name;
	return NULL;
}

const char *kernel_socket_kind(const struct kernel *kernel, int fd,
			       char out[KERNEL_KIND_MAX])
{
	int own = process_fd_borrow(&kernel->process, fd);
	int domain, protocol;
	const char *name = NULL;

	if (own >= 0 && socket_option(own, SO_DOMAIN, &domain) &&
	    socket_option(own, SO_PROTOCOL, &protocol))
		name = name_kind(domain, protocol, out);
	if (own >= 0)
		close(own);
	return name;
}

/* The rare ones are read only while a socket has no name. */
static const struct socket_table {
	const char *name;
	const char *protocol;
	int inode_column;
	void (*parse)(struct kernel_socket *socket, const char *protocol,
		      const char *line, const struct listening *listening);
} socket_tables[] = {
	{"tcp", "tcp", 9, parse_inet_line},
	{"tcp6", "tcp", 9, parse_inet_line},
	{"udp", "udp", 9, parse_inet_line},
	{"udp6", "udp", 9, parse_inet_line},
	{"unix", "unix", 6, parse_unix_line},
	{"netlink", "netlink", 9, parse_netlink_line},
	{"packet", "packet", 8, parse_packet_line},
	{"raw", "raw", 9, parse_inet_line},
	{"raw6", "raw", 9, parse_inet_line},
	{"icmp", "icmp", 9, parse_inet_line},
	{"icmp6", "icmp", 9, parse_inet_line},
	{"udplite", "udplite", 9, parse_inet_line},
};

static bool all_named(const struct kernel *kernel)
{
	for (const struct kernel_socket *socket = kernel->sockets; socket;
	     socket = socket->hh.next)
		if (!socket->text[0])
			return false;
	return true;
}

struct reading {
	struct kernel *kernel;
	const struct socket_table *table;
	struct listening listening;
};

static void read_line(void *ctx, char *line)
{
	struct reading *reading = ctx;
	const struct socket_table *table = reading->table;
	struct kernel_socket *socket =
		socket_find(reading->kernel, column_number(line, table->inode_column));

	if (strcmp(table->protocol, "tcp") == 0)
		note_listening(&reading->listening, line);
	if (socket)
		table->parse(socket, table->protocol, line, &reading->listening);
}

static void read_sockets(struct kernel *kernel)
{
	int64_t begin_ns = clock_mono_ns();
	struct reading reading = {.kernel = kernel};

	kernel_sockets_release(kernel);
	kernel->sockets_at_ns = kernel->now_ns;
	list_sockets(kernel);
	for (size_t i = 0; i < ARRAY_COUNT(socket_tables); i++) {
		if (i >= TABLES_COMMON && all_named(kernel))
			break;
		reading.table = &socket_tables[i];
		sockets_table_each(&kernel->process, reading.table->name,
				   SOCKETS_FILE_MAX, read_line, &reading);
	}
	kernel->sockets_cost_ns = clock_mono_ns() - begin_ns;
}

const char *kernel_socket_name(struct kernel *kernel, uint64_t inode)
{
	const struct kernel_socket *socket;
	int64_t age_ns = kernel->now_ns - kernel->sockets_at_ns;

	/* States and queues go stale even if the name is known. */
	if (!kernel->sockets_at_ns || age_ns >= SOCKETS_KEPT_NS)
		read_sockets(kernel);
	socket = socket_find(kernel, inode);
	if ((!socket || !socket->text[0]) && age_ns >= MISSING_WAIT_NS &&
	    age_ns >= MISSING_SHARE * kernel->sockets_cost_ns) {
		read_sockets(kernel);
		socket = socket_find(kernel, inode);
	}
	return socket && socket->text[0] ? socket->text : NULL;
}

bool kernel_socket_accepted(const struct kernel *kernel, uint64_t inode)
{
	const struct kernel_socket *socket = socket_find(kernel, inode);

	return socket && socket->accepted;
}
