// SPDX-License-Identifier: MIT
// build: $(pkg-config --cflags --libs glib-2.0)
// GLib: an exclusive and a shared pool, an asynchronous queue with a thread of its own.
// Does a bit of everything whenever a line comes in.
#include <glib.h>
#include <stdio.h>

static volatile int sink;

static void work(gpointer data, gpointer user)
{
	(void)user;
	for (int i = 0; i < GPOINTER_TO_INT(data) * 1000; i++)
		sink += i;
}

static gpointer consume(gpointer data)
{
	for (;;)
		sink += GPOINTER_TO_INT(g_async_queue_pop(data));
	return NULL;
}

int main(void)
{
	GThreadPool *own = g_thread_pool_new(work, NULL, 3, TRUE, NULL);
	GThreadPool *shared = g_thread_pool_new(work, NULL, 3, FALSE, NULL);
	GAsyncQueue *queue = g_async_queue_new();
	char line[100];

	g_thread_new("consumer", consume, queue);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		g_thread_pool_push(own, GINT_TO_POINTER(1), NULL);
		g_thread_pool_push(shared, GINT_TO_POINTER(2), NULL);
		g_async_queue_push(queue, GINT_TO_POINTER(3));
	}
	/* The rest of its life it waits for a signal. */
	g_main_loop_run(g_main_loop_new(NULL, FALSE));
	return 0;
}
