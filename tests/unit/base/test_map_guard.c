/* SPDX-License-Identifier: MIT */
/* base/map_guard: a file that is cut while it is mapped reads as zeros from there on; any
 * other fault ends the program as before. */
#include "unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/map_guard.h"

#define BYTES (64u * 4096u)

/* Reads all of a mapped file whose second half is cut away, and sums its bytes. */
static unsigned read_cut_file(void)
{
	int fd = memfd_create("cut", MFD_CLOEXEC);
	unsigned sum = 0;

	if (fd < 0 || ftruncate(fd, BYTES) != 0)
		return 0;
	for (unsigned i = 0; i < BYTES; i += 4096)
		if (pwrite(fd, "\1", 1, i) != 1)
			return 0;
	volatile uint8_t *map =
		mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	if (map == MAP_FAILED || ftruncate(fd, BYTES / 2) != 0)
		return 0;
	for (unsigned i = 0; i < BYTES; i += 4096)
		sum += map[i];
	/* libelf changes bytes in its private mapping. */
	map[BYTES - 1] = 1;
	return sum + map[BYTES - 1];
}

static void sent_signal(void)
{
	raise(SIGBUS);
}

static void forbidden_page(void)
{
	volatile int *page =
		mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*page = 1;
}

static int status_of(void (*what)(void), bool guarded)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGBUS, SIG_DFL);
		signal(SIGSEGV, SIG_DFL);
		if (guarded)
			map_guard_install();
		if (what)
			what();
		else if (read_cut_file() != BYTES / 4096 / 2 + 1)
			_exit(1);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void cut_file_reads_as_zeros(void **state)
{
	assert_int_equal(WTERMSIG(status_of(NULL, false)), SIGBUS);
	assert_int_equal(status_of(NULL, true), 0);
}

static void other_faults_are_as_before(void **state)
{
	assert_int_equal(WTERMSIG(status_of(sent_signal, true)), SIGBUS);
	assert_int_equal(WTERMSIG(status_of(forbidden_page, true)), SIGSEGV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_file_reads_as_zeros),
		cmocka_unit_test(other_faults_are_as_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
