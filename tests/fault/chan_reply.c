/* SPDX-License-Identifier: MIT */
/*
 * The reply pattern: a client makes a channel, hands it to a server, receives the one
 * reply and frees the channel while the server's send may still be returning. Nothing may
 * touch the channel then; the address sanitizer reports it (make SAN=address).
 * GRMON_SECONDS: how long each test runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "grmon.h"
#include "grmon_chan.h"

#define CLIENTS 2

struct request {
	struct grmon_chan *reply;
	uint64_t number;
	int how; /* 0: send; 1: select of two cases on the same channel */
};

static struct grmon_chan *requests;

static void *server(void *served)
{
	struct request request;

	while (grmon_chan_recv(requests, &request) == GRMON_OK) {
		struct grmon_chan_case cases[] = {
			{.chan = request.reply, .send = true, .element = &request.number},
			{.chan = request.reply, .send = true, .element = &request.number},
		};

		if (request.how == 0)
			grmon_chan_send(request.reply, &request.number);
		else
			grmon_chan_select(cases, 2, -1);
		__atomic_fetch_add((uint64_t *)served, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

struct client {
	uint64_t asked, wrong;
	size_t capacity;
	int how;
	time_t until;
};

static void *client(void *argument)
{
	struct client *self = argument;

	while (time(NULL) < self->until) {
		struct request request = {
			.reply = grmon_chan_new(sizeof(uint64_t), self->capacity),
			.number = ++self->asked,
			.how = self->how};
		uint64_t number = 0;

		if (grmon_chan_send(requests, &request) != GRMON_OK ||
		    grmon_chan_recv(request.reply, &number) != GRMON_OK ||
		    number != request.number)
			self->wrong++;
		grmon_chan_free(request.reply);
	}
	return NULL;
}

static void run(size_t capacity, int how)
{
	const char *seconds = getenv("GRMON_SECONDS");
	struct client clients[CLIENTS];
	pthread_t servers[CLIENTS], threads[CLIENTS];
	uint64_t served = 0, asked = 0;

	requests = grmon_chan_new(sizeof(struct request), 0);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){.capacity = capacity,
					     .how = how,
					     .until = time(NULL) + 1 +
						      (seconds ? atoi(seconds) : 0)};
		pthread_create(&servers[i], NULL, server, &served);
		pthread_create(&threads[i], NULL, client, &clients[i]);
	}
	for (int i = 0; i < CLIENTS; i++) {
		pthread_join(threads[i], NULL);
		asked += clients[i].asked;
		assert_int_equal(clients[i].wrong, 0);
	}
	grmon_chan_close(requests);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(servers[i], NULL);
	grmon_chan_free(requests);
	assert_int_equal(asked, served);
	assert_true(asked > 0);
}

static void test_unbuffered(void **state)
{
	(void)state;
	run(0, 0);
}

static void test_buffered(void **state)
{
	(void)state;
	run(1, 0);
}

static void test_select(void **state)
{
	(void)state;
	run(0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unbuffered),
		cmocka_unit_test(test_buffered),
		cmocka_unit_test(test_select),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
