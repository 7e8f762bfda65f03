/* SPDX-License-Identifier: MIT */
/*
 * A cooperative scheduler that runs coroutines on one thread, with its own sleep and
 * channels, made visible: each coroutine has a row, and a blocked one is shown in sleep,
 * chan-send or chan-recv. The code for this is in co_spawn(), co_resume() and CO_PARK().
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "grmon.h"

#define STACK_BYTES 65536
#define RING_MAX    16

struct coroutine {
	ucontext_t context;
	struct grmon_task *task;
	void (*run)(void *);
	void *arg;
	struct coroutine *next; /* in the one list that it belongs to */
	int64_t wake_ns;
	long value; /* passed to it while it waits on a channel */
	bool over;
	char *stack;
};

struct list {
	struct coroutine *first;
	struct coroutine **end;
};

static struct {
	ucontext_t context;
	struct coroutine *running;
	struct list ready;
	struct coroutine *sleepers;
} scheduler = {.ready = {.end = &scheduler.ready.first}};

static volatile sig_atomic_t stop;

static void list_put(struct list *list, struct coroutine *co)
{
	co->next = NULL;
	*list->end = co;
	list->end = &co->next;
}

static struct coroutine *list_take(struct list *list)
{
	struct coroutine *co = list->first;

	if (co && !(list->first = co->next))
		list->end = &list->first;
	return co;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void co_main(void)
{
	struct coroutine *self = scheduler.running;

	self->run(self->arg);
	self->over = true;
	swapcontext(&self->context, &scheduler.context);
}

/* The caller's stack is recorded as the creator's. */
static void co_spawn(const char *name, void (*run)(void *), void *arg)
{
	struct coroutine *co = calloc(1, sizeof(*co));

	if (!co || !(co->stack = malloc(STACK_BYTES))) {
		perror("scheduler");
		exit(1);
	}
	co->run = run;
	co->arg = arg;
	co->task = grmon_task_begin(name);
	getcontext(&co->context);
	co->context.uc_stack.ss_sp = co->stack;
	co->context.uc_stack.ss_size = STACK_BYTES;
	makecontext(&co->context, co_main, 0);
	list_put(&scheduler.ready, co);
}

static void co_resume(struct coroutine *co)
{
	scheduler.running = co;
	grmon_task_switch(co->task);
	swapcontext(&scheduler.context, &co->context);
	grmon_task_switch(NULL);
	scheduler.running = NULL;
	if (!co->over)
		return;
	grmon_task_end(co->task);
	free(co->stack);
	free(co);
}

/* Blocking functions are inlined, so that the published call site is in the function that
 * calls them. A coroutine that has been switched away from has no other trace of its
 * stack. */
#define CO_INLINE static inline __attribute__((always_inline))

/* Switches to the scheduler until the caller is put on a list again. The wait is
 * published before the switch, with a mark on the coroutine's own stack. */
#define CO_PARK(state, object, what)                                                     \
	do {                                                                             \
		struct grmon_wait wait;                                                  \
                                                                                         \
		grmon_wait_begin(&wait, state, object, what);                            \
		swapcontext(&scheduler.running->context, &scheduler.context);            \
		grmon_wait_end(&wait);                                                   \
	} while (0)

CO_INLINE void co_sleep(int64_t ns)
{
	struct coroutine *self = scheduler.running, **at = &scheduler.sleepers;

	self->wake_ns = now_ns() + ns;
	while (*at && (*at)->wake_ns <= self->wake_ns)
		at = &(*at)->next;
	self->next = *at;
	*at = self;
	CO_PARK(GRMON_SLEEP, NULL, NULL);
}

struct co_chan {
	const char *name;
	size_t capacity, head, length;
	long ring[RING_MAX];
	struct list senders, receivers;
};

static void co_chan_init(struct co_chan *chan, const char *name, size_t capacity)
{
	*chan = (struct co_chan){.name = name, .capacity = capacity};
	chan->senders.end = &chan->senders.first;
	chan->receivers.end = &chan->receivers.first;
}

CO_INLINE void co_send(struct co_chan *chan, long value)
{
	struct coroutine *receiver = list_take(&chan->receivers);

	if (receiver) {
		receiver->value = value;
		list_put(&scheduler.ready, receiver);
	} else if (chan->length < chan->capacity) {
		chan->ring[(chan->head + chan->length++) % RING_MAX] = value;
	} else {
		scheduler.running->value = value;
		list_put(&chan->senders, scheduler.running);
		CO_PARK(GRMON_CHAN_SEND, chan, chan->name);
	}
}

CO_INLINE long co_recv(struct co_chan *chan)
{
	struct coroutine *sender = list_take(&chan->senders);
	long value;

	if (sender)
		list_put(&scheduler.ready, sender);
	if (chan->length > 0) {
		value = chan->ring[chan->head];
		chan->head = (chan->head + 1) % RING_MAX;
		chan->length--;
		if (sender)
			chan->ring[(chan->head + chan->length++) % RING_MAX] =
				sender->value;
		return value;
	}
	if (sender)
		return sender->value;
	list_put(&chan->receivers, scheduler.running);
	CO_PARK(GRMON_CHAN_RECV, chan, chan->name);
	return scheduler.running->value;
}

/* Sleeps while no coroutine can run. This wait belongs to the thread's own row. */
static void co_idle(void)
{
	struct timespec pause = {.tv_nsec = 200000000};
	int64_t left_ns;

	if (scheduler.sleepers) {
		left_ns = scheduler.sleepers->wake_ns - now_ns();
		if (left_ns < pause.tv_nsec)
			pause.tv_nsec = left_ns > 0 ? left_ns : 0;
	}
	nanosleep(&pause, NULL);
}

static void co_run(void)
{
	while (!stop) {
		struct coroutine *co;

		while (scheduler.sleepers && scheduler.sleepers->wake_ns <= now_ns()) {
			co = scheduler.sleepers;
			scheduler.sleepers = co->next;
			list_put(&scheduler.ready, co);
		}
		co = list_take(&scheduler.ready);
		if (co)
			co_resume(co);
		else
			co_idle();
	}
}

/* The program itself: a clock ticks into a pipeline whose last stage counts. One
 * coroutine waits on a forgotten channel, and one for an answer that never comes. */
static struct co_chan ticks, squares, orders, answers;
static long total;

static void clock_tick(void *arg)
{
	for (long i = 1;; i++) {
		co_sleep(*(const int64_t *)arg);
		co_send(&ticks, i);
	}
}

static void square(void *arg)
{
	(void)arg;
	for (;;) {
		long value = co_recv(&ticks);

		co_send(&squares, value * value);
	}
}

static void sum_up(void *arg)
{
	(void)arg;
	for (;;)
		total += co_recv(&squares);
}

static void order_goods(void *arg)
{
	grmon_label("customer", "%s", (const char *)arg);
	for (long i = 0;; i++)
		co_send(&orders, i);
}

static void await_answer(void *arg)
{
	(void)arg;
	co_recv(&answers);
}

static void short_errand(void *arg)
{
	(void)arg;
	co_sleep(1000000);
}

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

int main(void)
{
	static const int64_t period_ns = 50000000;
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	co_chan_init(&ticks, "ticks", 0);
	co_chan_init(&squares, "squares", 4);
	co_chan_init(&orders, "orders", 2);
	co_chan_init(&answers, "answers", 0);
	co_spawn("clock", clock_tick, (void *)&period_ns);
	co_spawn("square", square, NULL);
	co_spawn("sum", sum_up, NULL);
	co_spawn("order", order_goods, (void *)"ann");
	co_spawn("answer", await_answer, NULL);
	co_spawn("errand", short_errand, NULL);
	grmon_start(NULL);
	printf("scheduler: pid %d\n", (int)getpid());
	fflush(stdout);
	co_run();
	printf("the squares of the ticks add up to %ld\n", total);
	return 0;
}
