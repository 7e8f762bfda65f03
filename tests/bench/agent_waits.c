/* SPDX-License-Identifier: MIT */
/*
 * What the preloaded agent costs, in processor time. Two copies of this program, one with
 * the agent and one without, take turns: one, other, other, one. Each four turns give one
 * ratio, so that other load on the machine cancels out. Both copies are started again now
 * and then, because where a process happens to lie in memory has a part in its speed.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

/* Sets of four turns: at least, at most, and how many until a fresh start. */
#define SETS_MIN  32
#define SETS_MAX  1024
#define SETS_PAIR 4

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* Processor time of this process and of the children that it has waited for. */
static int64_t used_ns(void)
{
	struct rusage children;

	getrusage(RUSAGE_CHILDREN, &children);
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID) +
	       (children.ru_utime.tv_sec + children.ru_stime.tv_sec) * 1000000000ll +
	       (children.ru_utime.tv_usec + children.ru_stime.tv_usec) * 1000ll;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn;
static int there[2], back[2];

static void mutex_uncontended(void)
{
	for (int i = 0; i < 200000; i++) {
		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
	}
}

#define PINGS 1000

static void *pipe_partner(void *unused)
{
	char byte;

	while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
		continue;
	return unused;
}

static void pipe_ping_pong(void)
{
	char byte = 0;

	for (int i = 0; i < PINGS; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			abort();
}

static void take_turns(int mine, int times)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < times; i++) {
		while (turn != mine)
			pthread_cond_wait(&turned, &lock);
		turn = !mine;
		pthread_cond_signal(&turned);
	}
	pthread_mutex_unlock(&lock);
}

static void *cond_partner(void *unused)
{
	for (;;)
		take_turns(1, PINGS);
	return unused;
}

static void cond_ping_pong(void)
{
	take_turns(0, PINGS);
}

static void *nothing(void *unused)
{
	return unused;
}

static void create_join(void)
{
	pthread_t thread;

	for (int i = 0; i < 300; i++) {
		if (pthread_create(&thread, NULL, nothing, NULL) != 0)
			abort();
		pthread_join(thread, NULL);
	}
}

/* A child would get a region of its own at its first wait. */
static void fork_and_wait(void)
{
	struct timespec moment = {0, 1};

	for (int i = 0; i < 20; i++) {
		pid_t child = fork();

		if (child == 0) {
			nanosleep(&moment, NULL);
			_exit(0);
		}
		if (child < 0 || waitpid(child, NULL, 0) != child)
			abort();
	}
}

static const struct figure {
	const char *name;
	const char *goal;
	void (*turn)(void);
	bool alone; /* in a process without other threads */
} figures[] = {
	{"uncontended mutex lock+unlock, agent / none", "<=1.10", mutex_uncontended,
	 false},
	{"the same in a process of one thread, agent / none", "<=1.10", mutex_uncontended,
	 true},
	{"pipe ping-pong, agent / none", "<=1.05", pipe_ping_pong, false},
	{"condition ping-pong, agent / none", "<=1.03", cond_ping_pong, false},
	{"thread create+join, agent / none", "<=1.03", create_join, false},
	{"fork with one wait in the child, agent / none", "<=1.10", fork_and_wait, false},
};
#define NR_FIGURES (sizeof(figures) / sizeof(figures[0]))

/* Takes one turn for each byte on stdin and answers with its processor time. */
static int serve(const struct figure *figure)
{
	pthread_t thread;
	char byte;

	if (!figure->alone && (pipe(there) != 0 || pipe(back) != 0 ||
			       pthread_create(&thread, NULL, pipe_partner, NULL) != 0 ||
			       pthread_create(&thread, NULL, cond_partner, NULL) != 0))
		return 1;
	while (read(0, &byte, 1) == 1) {
		int64_t start_ns = used_ns();

		figure->turn();

		int64_t took_ns = used_ns() - start_ns;

		if (write(1, &took_ns, sizeof(took_ns)) != sizeof(took_ns))
			return 1;
	}
	return 0;
}

struct server {
	pid_t pid;
	int ask, answer;
};

static bool server_start(struct server *server, const char *preload, unsigned which)
{
	char number[16];
	int to[2], from[2];

	snprintf(number, sizeof(number), "%u", which);
	if (pipe(to) != 0 || pipe(from) != 0)
		return false;
	server->pid = fork();
	if (server->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(to[0], 0);
		dup2(from[1], 1);
		for (int fd = 3; fd < 20; fd++)
			close(fd);
		if (preload)
			setenv("LD_PRELOAD", preload, 1);
		execl("/proc/self/exe", "agent_waits", "--serve", number, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	server->ask = to[1];
	server->answer = from[0];
	return server->pid > 0;
}

static void server_stop(struct server *server)
{
	close(server->ask);
	close(server->answer);
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
}

static double server_turn(const struct server *server)
{
	int64_t took_ns;

	if (write(server->ask, "", 1) != 1 ||
	    read(server->answer, &took_ns, sizeof(took_ns)) != sizeof(took_ns)) {
		fputs("the measured process has ended\n", stderr);
		exit(1);
	}
	return (double)took_ns;
}

struct measured {
	const char *preload;
	unsigned which;
	struct server with, without;
};

static void start_again(struct measured *measured, size_t number)
{
	if (number > 0) {
		server_stop(&measured->with);
		server_stop(&measured->without);
	}
	if (!server_start(&measured->with, measured->preload, measured->which) ||
	    !server_start(&measured->without, NULL, measured->which)) {
		perror("cannot start the measured process");
		exit(1);
	}
	server_turn(&measured->with);
	server_turn(&measured->without);
}

/* One ratio. The two kinds take turns at going first. */
static double four_turns(void *ctx, size_t number)
{
	struct measured *measured = ctx;

	if (number % SETS_PAIR == 0)
		start_again(measured, number);
	bool first = number % 2;
	const struct server *outer = first ? &measured->with : &measured->without;
	const struct server *inner = first ? &measured->without : &measured->with;
	double outside = server_turn(outer);
	double inside = server_turn(inner) + server_turn(inner);

	outside += server_turn(outer);
	return first ? outside / inside : inside / outside;
}

static void measure(unsigned which, const char *preload)
{
	struct measured measured = {.preload = preload, .which = which};
	const struct bench_row row = {.name = figures[which].name,
				      .unit = "ratio",
				      .goal = figures[which].goal,
				      .turns = SETS_MIN,
				      .turns_most = SETS_MAX};

	bench_measure(&row, four_turns, &measured);
	server_stop(&measured.with);
	server_stop(&measured.without);
}

int main(int argc, char **argv)
{
	char preload[512];

	if (argc > 2 && strcmp(argv[1], "--serve") == 0)
		return serve(&figures[strtoul(argv[2], NULL, 10) % NR_FIGURES]);
	snprintf(preload, sizeof(preload), "%s/libgrmon.so", bench_build());
	if (access(preload, R_OK) != 0) {
		fprintf(stderr, "no %s; set BUILD to the build folder\n", preload);
		return 1;
	}
	for (unsigned which = 0; which < NR_FIGURES; which++) {
		/* For one figure alone: its number, from 0. */
		if (argc < 2 || strtoul(argv[1], NULL, 10) == which)
			measure(which, preload);
	}
	return 0;
}
