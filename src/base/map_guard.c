/* SPDX-License-Identifier: MIT */
/* mmap() is a bare system call here, so that a handler may use it. */
#include "base/map_guard.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES                                                                       \
	4096u /* at most the page of any machine: a larger one is not replaced */

bool map_guard_repair(const siginfo_t *info)
{
	uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)(PAGE_BYTES - 1);
	int error = errno;

	/* What else raises it is a fault of the program, or of the memory. */
	if (info->si_signo != SIGBUS || info->si_code != BUS_ADRERR)
		return false;
	void *memory = mmap((void *)page, PAGE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	errno = error;
	return memory != MAP_FAILED;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	struct sigaction usual = {.sa_handler = SIG_DFL};

	(void)context;
	if (map_guard_repair(info))
		return;
	/* A fault happens again when this returns; a signal that was sent does not. */
	sigaction(number, &usual, NULL);
	if (info->si_code <= 0)
		raise(number);
}

void map_guard_install(void)
{
	struct sigaction action = {.sa_sigaction = on_fault,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK};

	sigfillset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
}
