/* SPDX-License-Identifier: MIT */
// build: -lpth
/*
 * Makes GNU Pth, a coroutine library without support for grmon, visible with a small
 * adapter. Pth only switches inside its own calls, so it is sufficient to wrap those:
 * publish what the coroutine waits for, give the thread back to the scheduler, make the
 * call and take the thread again. The thread's own row shows the scheduler's wait on
 * behalf of all coroutines.
 */
#include <pth.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "grmon.h"

/* The adapter. */
static pth_key_t task_key;

struct visible_start {
	struct grmon_task *task;
	void *(*run)(void *);
	void *arg;
};

static void *visible_main(void *arg)
{
	struct visible_start start = *(struct visible_start *)arg;
	void *result;

	free(arg);
	pth_key_setdata(task_key, start.task);
	grmon_task_switch(start.task);
	result = start.run(start.arg);
	grmon_task_switch(NULL);
	grmon_task_end(start.task);
	return result;
}

/* pth_spawn() that also creates a row. The caller's stack is recorded as the
 * creator's. */
static void visible_spawn(const char *name, void *(*run)(void *), void *arg)
{
	struct visible_start *start = malloc(sizeof(*start));
	pth_attr_t attributes = pth_attr_new();

	if (!start || !attributes) {
		perror("pth");
		exit(1);
	}
	*start = (struct visible_start){grmon_task_begin(name), run, arg};
	pth_attr_set(attributes, PTH_ATTR_NAME, name);
	pth_attr_set(attributes, PTH_ATTR_JOINABLE, FALSE);
	if (!pth_spawn(attributes, visible_main, start)) {
		perror("pth_spawn");
		exit(1);
	}
	pth_attr_destroy(attributes);
}

/* Wraps any call to Pth that may switch. The mark is on the coroutine's own stack. */
#define VISIBLE(state, object, what, call)                                               \
	({                                                                               \
		struct grmon_task *own_task = pth_key_getdata(task_key);                 \
		struct grmon_wait own_wait;                                              \
                                                                                         \
		grmon_wait_begin(&own_wait, state, object, what);                        \
		grmon_task_switch(NULL);                                                 \
		__auto_type own_result = (call);                                         \
		grmon_task_switch(own_task);                                             \
		grmon_wait_end(&own_wait);                                               \
		own_result;                                                              \
	})

/* The program itself: a small warehouse. */
static pth_mutex_t stock = PTH_MUTEX_INIT;
static pth_mutex_t belt_lock = PTH_MUTEX_INIT;
static pth_cond_t belt_moved = PTH_COND_INIT;
static int belt, handled;
static int door[2];

static void *take_stock(void *arg)
{
	(void)arg;
	VISIBLE(GRMON_MUTEX, &stock, "stock", pth_mutex_acquire(&stock, FALSE, NULL));
	/* Counts with the stock locked, until the program ends. */
	for (;;)
		VISIBLE(GRMON_SLEEP, NULL, NULL, pth_sleep(3600));
	return NULL;
}

static void *fetch_goods(void *arg)
{
	grmon_label("order", "%s", (const char *)arg);
	VISIBLE(GRMON_MUTEX, &stock, "stock", pth_mutex_acquire(&stock, FALSE, NULL));
	pth_mutex_release(&stock);
	return NULL;
}

static void *load_belt(void *arg)
{
	(void)arg;
	for (;;) {
		VISIBLE(GRMON_SLEEP, NULL, NULL, pth_nap(pth_time(0, 50000)));
		VISIBLE(GRMON_MUTEX, &belt_lock, "belt",
			pth_mutex_acquire(&belt_lock, FALSE, NULL));
		belt++;
		pth_cond_notify(&belt_moved, FALSE);
		pth_mutex_release(&belt_lock);
	}
	return NULL;
}

static void *unload_belt(void *arg)
{
	(void)arg;
	for (;;) {
		VISIBLE(GRMON_MUTEX, &belt_lock, "belt",
			pth_mutex_acquire(&belt_lock, FALSE, NULL));
		while (belt == 0)
			VISIBLE(GRMON_COND, &belt_moved, "belt",
				pth_cond_await(&belt_moved, &belt_lock, NULL));
		belt--;
		handled++;
		pth_mutex_release(&belt_lock);
	}
	return NULL;
}

static void *watch_door(void *arg)
{
	char byte;

	(void)arg;
	while (VISIBLE(GRMON_IO_READ, &door, "door", pth_read(door[0], &byte, 1)) > 0)
		handled++;
	return NULL;
}

int main(void)
{
	struct grmon_task *task;
	sigset_t signals;
	int number;

	if (!pth_init() || !pth_key_create(&task_key, NULL) || pipe(door) != 0) {
		perror("pth");
		return 1;
	}
	/* The first coroutine is main() itself; from here on the thread's row is the
	 * scheduler's. */
	task = grmon_task_begin("main");
	pth_key_setdata(task_key, task);
	grmon_task_switch(task);
	visible_spawn("stock", take_stock, NULL);
	visible_spawn("fetch", fetch_goods, (void *)"17");
	visible_spawn("load", load_belt, NULL);
	visible_spawn("unload", unload_belt, NULL);
	visible_spawn("door", watch_door, NULL);
	grmon_start(NULL);
	printf("pth: pid %d\n", (int)getpid());
	fflush(stdout);

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	VISIBLE(GRMON_SIGNAL_WAIT, NULL, NULL, pth_sigwait(&signals, &number));
	printf("%d pieces handled\n", handled);
	return 0;
}
