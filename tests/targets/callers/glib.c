/* SPDX-License-Identifier: MIT */
/* Waits of GLib, each in a function of its own and in a thread with a name of its own. */
#include <glib.h>
#include <stdio.h>
#include <unistd.h>

static GMutex lock, own;
static GCond changed;
static GRWLock shared;
static GAsyncQueue *queue;
static GThread *sleeper;
static GOnce once = G_ONCE_INIT;
static gint bits;

static gpointer sleep_long(gpointer arg)
{
	g_usleep(3000 * G_USEC_PER_SEC);
	return arg;
}

static gpointer wait_mutex(gpointer arg)
{
	g_mutex_lock(&lock);
	return arg;
}

static gpointer wait_bits(gpointer arg)
{
	g_bit_lock(&bits, 3);
	return arg;
}

static gpointer wait_cond(gpointer arg)
{
	g_mutex_lock(&own);
	g_cond_wait(&changed, &own);
	g_mutex_unlock(&own);
	return arg;
}

static gpointer wait_read(gpointer arg)
{
	g_rw_lock_reader_lock(&shared);
	return arg;
}

static gpointer wait_pop(gpointer arg)
{
	printf("%p\n", g_async_queue_pop(queue));
	return arg;
}

static gpointer wait_join(gpointer arg)
{
	printf("%p\n", g_thread_join(sleeper));
	return arg;
}

static gpointer wait_once(gpointer arg)
{
	printf("%p\n", g_once(&once, sleep_long, NULL));
	return arg;
}

static gpointer wait_loop(gpointer arg)
{
	g_main_loop_run(g_main_loop_new(g_main_context_new(), FALSE));
	return arg;
}

static gpointer hold(gpointer arg)
{
	g_once(&once, sleep_long, NULL);
	return arg;
}

int main(void)
{
	static const struct {
		const char *name;
		GThreadFunc wait;
	} waits[] = {
		{"mutex", wait_mutex}, {"bits", wait_bits}, {"cond", wait_cond},
		{"read", wait_read},   {"pop", wait_pop},   {"join", wait_join},
		{"once", wait_once},   {"loop", wait_loop},
	};

	queue = g_async_queue_new();
	g_mutex_lock(&lock);
	g_bit_lock(&bits, 3);
	g_rw_lock_writer_lock(&shared);
	sleeper = g_thread_new("sleeper", sleep_long, NULL);
	g_thread_new("holder", hold, NULL);
	while (g_atomic_int_get((gint *)&once.status) != G_ONCE_STATUS_PROGRESS)
		g_usleep(1000);
	for (gsize i = 0; i < G_N_ELEMENTS(waits); i++)
		g_thread_new(waits[i].name, waits[i].wait, NULL);
	puts("ready");
	fflush(stdout);
	return getchar();
}
