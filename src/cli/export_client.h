/* SPDX-License-Identifier: MIT */
/*
 * Who is connected to an exporter, for how long, and whose connection is closed when one has
 * had its time or when there is no room left. Only one thread uses it. What is closed here is
 * shut down only: the server sees the end of it, and closes the descriptor.
 */
#ifndef CLI_EXPORT_CLIENT_H
#define CLI_EXPORT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* The server accepts no more than these; it goes on as soon as one is closed. */
#define CLIENTS_MOST 128u

struct client {
	struct client *next; /* the older one first */
	int fd;
	unsigned char address[8]; /* all of IPv4, of IPv6 the network */
	int64_t since_ns;         /* it connected, asked, or had its last answer */
	size_t answer_bytes;      /* that it has been given and has not taken yet */
	bool shut;
};

struct clients {
	struct client *oldest; /* in the order of since_ns */
};

/* NULL: no memory, it is not counted. */
struct client *client_add(struct clients *clients, int fd, int64_t now_ns);
void client_remove(struct clients *clients, struct client *client);
/* The request is complete, and an answer of this many bytes is on its way; 0: it was sent. */
void client_turn(struct clients *clients, struct client *client, size_t answer_bytes,
		 int64_t now_ns);
/* Whether one more from there may connect. A host other than this one has half the room. */
bool clients_accept(const struct clients *clients, const struct sockaddr *address);
/* Shut down those that have had their time, and the oldest ones where room is needed.
 * Returns in how many milliseconds to call again, or -1: when something has changed. */
int clients_make_room(struct clients *clients, int64_t now_ns);

#endif
