/* SPDX-License-Identifier: MIT */
/*
 * A process that is made of the input: what the code opens below /proc, the links there,
 * and the memory. The input is a list of pieces, separated by lines "%%". Each file that
 * is read gets the next piece, and after the last one the first again. A piece that
 * begins with "@" is the target of every link. A fuzzer that includes this header names
 * the wrapped functions that it needs in a line "// link:".
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "source/proc/pages.h"

#define WORLD_PIECES  16u
#define WORLD_READS   256u /* of files in one run */
#define WORLD_LOWEST  4096u
#define WORLD_HIGHEST (1ull << 47)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct world_piece {
	const char *bytes;
	size_t length;
};

static struct {
	struct world_piece pieces[WORLD_PIECES];
	struct world_piece link;
	size_t nr_pieces, next, reads;
	const uint8_t
		*memory; /* of memory_bytes, repeated wherever there is memory at all */
	size_t memory_bytes;
} world;

static inline void require(int holds)
{
	if (!holds)
		abort();
}

/* The pieces point into the input, which has to outlive them. */
static inline void world_begin(const uint8_t *bytes, size_t size)
{
	static const char between[] = "\n%%\n";
	const char *at = (const char *)bytes, *end = at + size;

	memset(&world, 0, sizeof(world));
	world.memory = bytes;
	world.memory_bytes = size;
	while (at < end && world.nr_pieces < WORLD_PIECES) {
		const char *stop =
			memmem(at, (size_t)(end - at), between, sizeof(between) - 1);
		size_t length = stop ? (size_t)(stop - at) + 1 : (size_t)(end - at);

		if (*at == '@')
			world.link = (struct world_piece){at + 1, length - 1};
		else
			world.pieces[world.nr_pieces++] =
				(struct world_piece){at, length};
		if (!stop)
			break;
		at = stop + sizeof(between) - 1;
	}
}

/* NULL if this file does not exist. */
static inline const struct world_piece *world_next(void)
{
	const struct world_piece *piece;

	if (world.nr_pieces == 0 || world.reads++ > WORLD_READS)
		return NULL;
	piece = &world.pieces[world.next++ % world.nr_pieces];
	return piece->length == 2 && memcmp(piece->bytes, "-\n", 2) == 0 ? NULL : piece;
}

/* Copies at most size bytes of a piece. Returns how many, or -1 with errno. */
static inline ssize_t world_copy(void *out, size_t size)
{
	const struct world_piece *piece = world_next();
	size_t length;

	if (!piece) {
		errno = ENOENT;
		return -1;
	}
	length = piece->length < size ? piece->length : size;
	if (length)
		memcpy(out, piece->bytes, length);
	return (ssize_t)length;
}

ssize_t __wrap_fdio_read_small(int dirfd, const char *path, char *out, size_t size);
int __wrap_fdio_read_file(const char *path, struct buf *out, size_t max_bytes,
			  struct err *e);
int __wrap_fdio_read_all(int fd, struct buf *out, size_t max_bytes, struct err *e);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int dirfd, const char *path, int flags, ...);
int __wrap_openat(int dirfd, const char *path, int flags, ...);
ssize_t __wrap_readlink(const char *path, char *out, size_t size);
ssize_t __wrap_readlinkat(int dirfd, const char *path, char *out, size_t size);
ssize_t __wrap_getxattr(const char *path, const char *name, void *out, size_t size);
ssize_t __wrap_pages_read(struct pages *pages, const struct process *process,
			  uint64_t address, void *out, size_t bytes, bool wait);

ssize_t __wrap_fdio_read_small(int dirfd, const char *path, char *out, size_t size)
{
	ssize_t got = size ? world_copy(out, size - 1) : -1;

	(void)dirfd, (void)path;
	if (got < 0)
		return -ENOENT;
	out[got] = '\0';
	return got;
}

static inline int world_append(struct buf *out, size_t max_bytes, struct err *e)
{
	const struct world_piece *piece = world_next();

	if (!piece)
		return err_set(e, ERR_NOTFOUND, "there is no such file");
	if (piece->length > max_bytes)
		return err_set(e, ERR_FORMAT, "too long");
	buf_append(out, piece->bytes, piece->length);
	return 0;
}

int __wrap_fdio_read_file(const char *path, struct buf *out, size_t max_bytes,
			  struct err *e)
{
	(void)path;
	return world_append(out, max_bytes, e);
}

int __wrap_fdio_read_all(int fd, struct buf *out, size_t max_bytes, struct err *e)
{
	(void)fd;
	return world_append(out, max_bytes, e);
}

/* Folders are those of this process; the contents of a file are chosen when it is
 * read. */
int __wrap_open(const char *path, int flags, ...)
{
	return __real_open(flags & O_DIRECTORY ? path : "/dev/null",
			   O_RDONLY | O_CLOEXEC);
}

int __wrap_openat(int dirfd, const char *path, int flags, ...)
{
	if (flags & O_DIRECTORY)
		return __real_openat(dirfd, path, flags);
	return __real_open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static inline ssize_t world_link(char *out, size_t size)
{
	size_t length = world.link.length < size ? world.link.length : size;

	/* The kernel allows newlines, but no link ends with one. */
	if (length && world.link.bytes[length - 1] == '\n')
		length--;
	if (!length) {
		errno = ENOENT;
		return -1;
	}
	memcpy(out, world.link.bytes, length);
	return (ssize_t)length;
}

ssize_t __wrap_readlink(const char *path, char *out, size_t size)
{
	(void)path;
	return world_link(out, size);
}

ssize_t __wrap_readlinkat(int dirfd, const char *path, char *out, size_t size)
{
	(void)dirfd, (void)path;
	return world_link(out, size);
}

ssize_t __wrap_getxattr(const char *path, const char *name, void *out, size_t size)
{
	(void)path, (void)name;
	return world_copy(out, size);
}

static inline bool world_read(uint64_t address, uint8_t *out, size_t bytes)
{
	if (address < WORLD_LOWEST || address >= WORLD_HIGHEST || !world.memory_bytes)
		return false;
	for (size_t done = 0; done < bytes;) {
		size_t at = (size_t)((address + done) % world.memory_bytes);
		size_t length = world.memory_bytes - at;

		if (length > bytes - done)
			length = bytes - done;
		memcpy(out + done, world.memory + at, length);
		done += length;
	}
	return true;
}

ssize_t __wrap_pages_read(struct pages *pages, const struct process *process,
			  uint64_t address, void *out, size_t bytes, bool wait)
{
	(void)pages, (void)process, (void)wait;
	return world_read(address, out, bytes) ? (ssize_t)bytes : -EFAULT;
}

#endif
