/* SPDX-License-Identifier: MIT */
#include "source/pprof/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fdio.h"

#define SPOOL_MAX  (1ull << 30) /* what comes after it is not read */
#define TAKE_MAX   (64u << 20)  /* so that a fast writer does not hold up a sample */
#define READ_BYTES (64u << 10)

int pprof_spool_start(struct pprof_spool *spool, int input, struct err *e)
{
	const char *folder = getenv("TMPDIR");

	*spool = (struct pprof_spool){.input = input, .file = -1, .open = true};
	spool->file = open(folder && folder[0] == '/' ? folder : "/tmp",
			   O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (spool->file < 0)
		spool->file = memfd_create("grmon-c", MFD_CLOEXEC);
	if (spool->file < 0)
		return err_sys(e, errno, "cannot keep the input");
	spool->on = true;
	return 0;
}

bool pprof_spool_take(struct pprof_spool *spool, int wait_ms)
{
	struct pollfd ready = {.fd = spool->input, .events = POLLIN};
	char *bytes = malloc(READ_BYTES);
	bool came = false;
	struct err e;

	for (size_t taken = 0; bytes && spool->open && taken < TAKE_MAX;) {
		ssize_t got;

		if (poll(&ready, 1, came ? 0 : wait_ms) <= 0)
			break;
		got = read(spool->input, bytes, READ_BYTES);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		came = true;
		spool->open = got > 0 && spool->bytes + (size_t)got < SPOOL_MAX &&
			      fdio_write_all(spool->file, bytes, (size_t)got, &e) == 0;
		if (spool->open)
			spool->bytes += (size_t)got;
		taken += got > 0 ? (size_t)got : 0;
	}
	free(bytes);
	return came;
}

int pprof_spool_reopen(const struct pprof_spool *spool)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", spool->file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

void pprof_spool_release(struct pprof_spool *spool)
{
	if (spool->on)
		close(spool->file);
	spool->on = spool->open = false;
}
