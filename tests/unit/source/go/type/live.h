/* SPDX-License-Identifier: MIT */
/* For tests of readers of Go programs: a program of tests/targets/go, built by the test
 * and running, and what it prints about itself. GRMON_GO names another go command. */
#ifndef TESTS_GO_TYPE_LIVE_H
#define TESTS_GO_TYPE_LIVE_H

#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/go/module.h"

struct live {
	pid_t pid;
	int input; /* closing it ends the program */
	FILE *output;
	char *line;
	size_t capacity;
	struct memory mem;
	struct go_elf elf;
	struct go_module module;
};

static inline const char *live_go(void)
{
	return getenv("GRMON_GO") ? getenv("GRMON_GO") : "go";
}

/* Builds tests/targets/go/NAME.go. Returns false if there is no Go. */
static inline bool live_build(const char *name, const char *options, const char *program)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "{ command -v %s && cd tests/targets/go && GOENV=off GOFLAGS= "
		 "GOTOOLCHAIN=local GO111MODULE=off %s build %s -o %s %s.go; } "
		 ">%s.log 2>&1",
		 live_go(), live_go(), options, program, name, program);
	return system(command) == 0;
}

static inline void live_run(struct live *live, char *program)
{
	int input[2], output[2];

	assert_int_equal(pipe(input), 0);
	assert_int_equal(pipe(output), 0);
	live->pid = fork();
	assert_true(live->pid >= 0);
	if (live->pid == 0) {
		dup2(input[0], 0);
		dup2(output[1], 1);
		close(input[1]);
		close(output[0]);
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	close(input[0]);
	close(output[1]);
	live->input = input[1];
	live->output = fdopen(output[0], "r");
	assert_non_null(live->output);
}

/* Returns the next line, without its end, split into columns; false after "ready". */
static inline bool live_row(struct live *live, char **columns, size_t nr_columns)
{
	char *at;

	if (getline(&live->line, &live->capacity, live->output) < 0)
		fail_msg("the program has ended");
	live->line[strcspn(live->line, "\n")] = 0;
	if (strcmp(live->line, "ready") == 0)
		return false;
	at = live->line;
	for (size_t i = 0; i < nr_columns; i++)
		columns[i] = strsep(&at, "\t");
	return true;
}

static inline void live_attach(struct live *live)
{
	struct err e;

	err_clear(&e);
	live->mem = (struct memory){.process = process_named(live->pid)};
	if (go_program_read(&live->module, &live->elf, &live->mem, &e))
		fail_msg("%s", e.text);
}

static inline void live_end(struct live *live)
{
	go_module_release(&live->module);
	free(live->line);
	fclose(live->output);
	close(live->input);
	kill(live->pid, SIGKILL);
	waitpid(live->pid, NULL, 0);
}

#endif
