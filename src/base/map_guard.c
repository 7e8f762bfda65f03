/* SPDX-License-Identifier: MIT */
/* Calls mmap() directly as a system call, so that a signal handler may use this code. */
#include "base/map_guard.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES                                                                       \
	4096u /* at most the page size of any machine; larger pages are not replaced */

bool map_guard_repair(const siginfo_t *info)
{
	uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)(PAGE_BYTES - 1);
	int error = errno;

	/* Any other cause of SIGBUS is a bug in the program, or faulty memory. */
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
	/* A fault occurs again when this returns. A signal that was sent does not, so it
	 * is raised again. */
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
