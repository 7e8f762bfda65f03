/* SPDX-License-Identifier: MIT */
/*
 * What the preloaded agent costs. Two copies of this program run side by side, one with
 * the agent and one without, and take turns in short rounds. Each figure is the median of
 * the ratios of neighbouring rounds, so that other load on the machine cancels out.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 101

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
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
	void (*round)(void);
} figures[] = {
	{"uncontended mutex lock+unlock, agent / none", "<=1.20", mutex_uncontended},
	{"pipe ping-pong, agent / none", "<=1.05", pipe_ping_pong},
	{"condition ping-pong, agent / none", "<=1.03", cond_ping_pong},
	{"thread create+join, agent / none", "<=1.05", create_join},
	{"fork with one wait in the child, agent / none", "<=1.15", fork_and_wait},
};
#define NR_FIGURES (sizeof(figures) / sizeof(figures[0]))

/* Runs one round for each byte on stdin and answers with its time. */
static int serve(void)
{
	pthread_t thread;
	unsigned char which;

	if (pipe(there) != 0 || pipe(back) != 0 ||
	    pthread_create(&thread, NULL, pipe_partner, NULL) != 0 ||
	    pthread_create(&thread, NULL, cond_partner, NULL) != 0)
		return 1;
	while (read(0, &which, 1) == 1 && which < NR_FIGURES) {
		int64_t start = now_ns();

		figures[which].round();

		int64_t took_ns = now_ns() - start;

		if (write(1, &took_ns, sizeof(took_ns)) != sizeof(took_ns))
			return 1;
	}
	return 0;
}

struct server {
	pid_t pid;
	int ask, answer;
};

static bool server_start(struct server *server, const char *preload)
{
	int to[2], from[2];

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
		execl("/proc/self/exe", "agent_waits", "--serve", (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	server->ask = to[1];
	server->answer = from[0];
	return server->pid > 0;
}

static int64_t server_round(const struct server *server, unsigned char which)
{
	int64_t took_ns;

	if (write(server->ask, &which, 1) != 1 ||
	    read(server->answer, &took_ns, sizeof(took_ns)) != sizeof(took_ns)) {
		fputs("the measured process has ended\n", stderr);
		exit(1);
	}
	return took_ns;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	struct server with, without;
	char preload[512];
	double ratios[ROUNDS];

	if (argc > 1 && strcmp(argv[1], "--serve") == 0)
		return serve();
	snprintf(preload, sizeof(preload), "%s/libgrmon.so",
		 getenv("BUILD") ? getenv("BUILD") : "build");
	if (access(preload, R_OK) != 0 || !server_start(&with, preload) ||
	    !server_start(&without, NULL)) {
		fprintf(stderr, "cannot start with %s; set BUILD to the build folder\n",
			preload);
		return 1;
	}
	for (unsigned char which = 0; which < NR_FIGURES; which++) {
		server_round(&with, which);
		server_round(&without, which);
		for (int i = 0; i < ROUNDS; i++) {
			/* The two take turns at going first. */
			double a = 0, b;

			if (i % 2)
				a = (double)server_round(&with, which);
			b = (double)server_round(&without, which);
			if (i % 2 == 0)
				a = (double)server_round(&with, which);
			ratios[i] = a / b;
		}
		qsort(ratios, ROUNDS, sizeof(ratios[0]), by_value);
		printf("%s\t%.3f\tratio\t%s\n", figures[which].name, ratios[ROUNDS / 2],
		       figures[which].goal);
		fflush(stdout);
	}
	close(with.ask);
	close(without.ask);
	kill(with.pid, SIGKILL);
	kill(without.pid, SIGKILL);
	while (wait(NULL) > 0)
		continue;
	return 0;
}
