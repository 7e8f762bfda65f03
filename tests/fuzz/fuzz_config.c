/* SPDX-License-Identifier: MIT */
/* A configuration file of arbitrary bytes is either refused with a sentence, and nothing
 * of it is used, or what it says is written back and means the same. */
// sources: src/cli/config.c src/cli/values.c
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "cli/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void put_file(const char *path, const uint8_t *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
}

/* Loads and saves the file. Returns false if it was refused. */
static int turn(const char *path, struct buf *out)
{
	struct settings settings, before;
	struct err e = {0};

	memset(&settings, 0, sizeof(settings));
	settings_default(&settings);
	before = settings;
	if (config_load(path, &settings, &e) != 0) {
		require(e.text[0] && memcmp(&settings, &before, sizeof(settings)) == 0);
		return 0;
	}
	if (config_save(path, &settings, &e) != 0) {
		require(e.text[0]);
		return 0;
	}
	require(fdio_read_file(path, out, 1 << 20, &e) == 0);
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static char path[64];
	struct buf first, second;

	if (!path[0])
		snprintf(path, sizeof(path), "/dev/shm/grmon-fuzz-%d", (int)getpid());
	buf_init(&first, 0);
	buf_init(&second, 0);
	put_file(path, bytes, size);
	if (turn(path, &first)) {
		require(turn(path, &second) && first.length == second.length);
		require(memcmp(first.bytes, second.bytes, first.length) == 0);
	}
	buf_release(&first);
	buf_release(&second);
	unlink(path);
	return 0;
}
