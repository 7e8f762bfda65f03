/* SPDX-License-Identifier: MIT */
// build: -Wno-deprecated-declarations $(pkg-config --cflags --libs glib-2.0 libzmq apr-util-1 apr-1) -lnng
/* The waits of GLib, APR, ZeroMQ and nng, each in a thread for ever; see wrap_waits.c. */
#include <apr_pools.h>
#include <apr_queue.h>
#include <glib.h>
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

#include "grmon.h"

static pthread_mutex_t print_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t spoken;

static void expect(const char *name, int state, const void *object)
{
	pthread_mutex_lock(&print_lock);
	printf("wait %s %d %d %#lx -1\n", name, gettid(), state, (unsigned long)object);
	fflush(stdout);
	spoken++;
	pthread_mutex_unlock(&print_lock);
}

static GAsyncQueue *queue;
static GMutex g_lock;
static GCond g_condition;
static apr_queue_t *apr_full, *apr_empty;
static void *zmq_socket_of[6];
static nng_socket nng_of[4];
static zmq_pollitem_t item;
static zmq_msg_t message[2];
static nng_msg *nng_message;
static char text[8];
static size_t text_bytes = sizeof(text);

#define ID(socket) ((void *)(uintptr_t)nng_socket_id(socket))
#define WAITS                                                                            \
	W(g_async_queue_pop, CHAN_RECV, queue, g_async_queue_pop(queue))                 \
	W(g_async_queue_timeout_pop, CHAN_RECV, queue,                                   \
	  g_async_queue_timeout_pop(queue, 1000000000))                                  \
	W(g_cond_wait, COND, &g_condition, g_cond_wait(&g_condition, &own))              \
	W(apr_queue_push, CHAN_SEND, apr_full, apr_queue_push(apr_full, text))           \
	W(apr_queue_pop, CHAN_RECV, apr_empty, apr_queue_pop(apr_empty, &element))       \
	W(zmq_recv, CHAN_RECV, zmq_socket_of[0], zmq_recv(zmq_socket_of[0], text, 8, 0)) \
	W(zmq_send, CHAN_SEND, zmq_socket_of[1], zmq_send(zmq_socket_of[1], text, 8, 0)) \
	W(zmq_msg_recv, CHAN_RECV, zmq_socket_of[2],                                     \
	  zmq_msg_recv(&message[0], zmq_socket_of[2], 0))                                \
	W(zmq_msg_send, CHAN_SEND, zmq_socket_of[3],                                     \
	  zmq_msg_send(&message[1], zmq_socket_of[3], 0))                                \
	W(zmq_poll, POLL, &item, zmq_poll(&item, 1, -1))                                 \
	W(nng_recv, CHAN_RECV, ID(nng_of[0]), nng_recv(nng_of[0], text, &text_bytes, 0)) \
	W(nng_send, CHAN_SEND, ID(nng_of[1]), nng_send(nng_of[1], text, 8, 0))           \
	W(nng_recvmsg, CHAN_RECV, ID(nng_of[2]), nng_recvmsg(nng_of[2], &nng_got, 0))    \
	W(nng_sendmsg, CHAN_SEND, ID(nng_of[3]), nng_sendmsg(nng_of[3], nng_message, 0))

#define W(name, state, object, call)                                                     \
	static void *wait_##name(void *unused)                                           \
	{                                                                                \
		GMutex own;                                                              \
		void *element = NULL;                                                    \
		nng_msg *nng_got = NULL;                                                 \
		g_mutex_init(&own);                                                      \
		g_mutex_lock(&own);                                                      \
		(void)element, (void)nng_got;                                            \
		expect(#name, GRMON_##state, object);                                    \
		for (;;)                                                                 \
			(void)(call);                                                    \
		return unused;                                                           \
	}
WAITS
#undef W

static void *(*const waits[])(void *) = {
#define W(name, ...) wait_##name,
	WAITS
#undef W
};
#define NR_WAITS (sizeof(waits) / sizeof(waits[0]))

static pthread_t threads[NR_WAITS];

/* Not main, because the plugin's host calls it too. */
int run_libraries(void);
int run_libraries(void)
{
	static const int types[] = {ZMQ_PULL, ZMQ_PUSH, ZMQ_PULL, ZMQ_PUSH, ZMQ_PULL};
	apr_pool_t *pool;
	void *context = zmq_ctx_new();

	g_mutex_init(&g_lock);
	queue = g_async_queue_new();
	apr_initialize();
	apr_pool_create(&pool, NULL);
	if (apr_queue_create(&apr_full, 1, pool) ||
	    apr_queue_create(&apr_empty, 1, pool) || apr_queue_push(apr_full, text))
		return 1;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		zmq_socket_of[i] = zmq_socket(context, types[i]);
	item = (zmq_pollitem_t){.socket = zmq_socket_of[4], .events = ZMQ_POLLIN};
	zmq_msg_init(&message[0]);
	zmq_msg_init_size(&message[1], 8);
	for (size_t i = 0; i < 4; i++)
		if (nng_pair0_open(&nng_of[i]))
			return 1;
	if (nng_msg_alloc(&nng_message, 8))
		return 1;
	for (size_t i = 0; i < NR_WAITS; i++)
		if (pthread_create(&threads[i], NULL, waits[i], NULL))
			return 1;
	for (size_t n = 0; n < NR_WAITS; usleep(1000)) {
		pthread_mutex_lock(&print_lock);
		n = spoken;
		pthread_mutex_unlock(&print_lock);
	}
	puts("ready");
	fflush(stdout);
	(void)!read(0, text, 1);
	_exit(0);
}

#ifndef WRAP_PLUGIN
int main(void)
{
	return run_libraries();
}
#endif
