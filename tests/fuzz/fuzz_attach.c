/* SPDX-License-Identifier: MIT */
/*
 * How an agent is found and its region taken: what a socket says and the descriptors that
 * come with it, links, mappings, the anchor in memory, and false headers. Input: a byte
 * of ways, a byte of descriptors and pieces, patches of the header (their number, then
 * place, length and bytes of each), and texts that end with a zero each: entries of the
 * environment up to an empty one, then what the socket says, then /proc/PID/maps.
 */
// link: -Wl,--wrap=connect,--wrap=getsockopt,--wrap=poll,--wrap=recvmsg,--wrap=fdio_read_all,--wrap=pages_read,--wrap=readdir,--wrap=readlinkat,--wrap=openat
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "source/agent/region.h"
#include "source/proc/pages.h"

#define REGION_AT    0x7d0000000000ull /* "7d0000000000" in the mappings */
#define ANCHOR_AT    0x7c0000000000ull
#define ANCHOR_BYTES 4096u
#define REGION_MAX   (1u << 18)

enum way {
	BY_SOCKET = 1,
	BY_LINK = 2,
	SEALED = 4,
	CUT = 8, /* after it was taken */
	OTHER_PEER = 16,
	NO_MEMORY = 32,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);
int __wrap_fdio_read_all(int fd, struct buf *out, size_t max_bytes, struct err *e);
ssize_t __wrap_pages_read(struct pages *pages, const struct process *process,
			  uint64_t address, void *out, size_t bytes, bool wait);
struct dirent *__real_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);
ssize_t __wrap_readlinkat(int dirfd, const char *path, char *out, size_t size);
int __real_openat(int dirfd, const char *path, int flags, ...);
int __wrap_openat(int dirfd, const char *path, int flags, ...);

/* The answers of the wrapped functions. */
static struct {
	unsigned ways;
	bool runs;
	size_t nr_fds, piece;
	long entries; /* of folders, for listing */
	int region_fd;
	uint64_t region_bytes;
	const uint8_t *texts, *end; /* not yet read */
	size_t files;
	uint8_t anchor[ANCHOR_BYTES];
} world;

static void require(int holds)
{
	if (!holds)
		abort();
}

/* The next text with a zero behind it, at most `most` bytes. */
static size_t take_text(const uint8_t **text, size_t most)
{
	size_t left = (size_t)(world.end - world.texts), length;

	*text = world.texts;
	left = left < most ? left : most;
	length = left ? strnlen((const char *)world.texts, left) : 0;
	world.texts += length < left ? length + 1 : length;
	return length;
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	(void)fd, (void)address, (void)size;
	errno = ECONNREFUSED;
	return world.ways & BY_SOCKET ? 0 : -1;
}

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
	struct ucred peer = {.pid = getpid() + !!(world.ways & OTHER_PEER)};

	(void)fd, (void)level, (void)name;
	require(*size == sizeof(peer));
	memcpy(value, &peer, sizeof(peer));
	return 0;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	(void)count, (void)timeout;
	fds[0].revents = POLLIN;
	return 1;
}

/* Copies as many bytes as fit, in pieces; the descriptors come with the first piece. */
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);
	size_t most = message->msg_iov->iov_len;
	const uint8_t *text;
	size_t length;

	(void)fd, (void)flags;
	if (most > world.piece)
		most = world.piece;
	length = take_text(&text, most);
	memcpy(message->msg_iov->iov_base, text, length);
	if (length < most && length > 0)
		((char *)message->msg_iov->iov_base)[length - 1] = '\n';
	message->msg_controllen = 0;
	while (world.nr_fds * sizeof(int) > 8 * sizeof(int))
		world.nr_fds--;
	if (!world.nr_fds)
		return (ssize_t)length;
	message->msg_controllen = CMSG_SPACE(world.nr_fds * sizeof(int));
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(world.nr_fds * sizeof(int));
	for (size_t i = 0; i < world.nr_fds; i++) {
		int one = i ? open("/dev/null", O_RDONLY | O_CLOEXEC)
			    : dup(world.region_fd);

		memcpy(CMSG_DATA(control) + i * sizeof(int), &one, sizeof(one));
	}
	world.nr_fds = 0;
	return (ssize_t)length;
}

/* The mappings. */
int __wrap_fdio_read_all(int fd, struct buf *out, size_t max_bytes, struct err *e)
{
	const uint8_t *text;
	size_t length;

	(void)fd, (void)e;
	length = take_text(&text, max_bytes);
	buf_append(out, text, length);
	return 0;
}

ssize_t __wrap_pages_read(struct pages *pages, const struct process *process,
			  uint64_t address, void *out, size_t bytes, bool wait)
{
	(void)pages, (void)process, (void)wait;
	if (world.ways & NO_MEMORY)
		return -EPERM;
	if (address >= REGION_AT && address - REGION_AT < world.region_bytes) {
		uint64_t left = world.region_bytes - (address - REGION_AT);

		return pread(world.region_fd, out, bytes < left ? bytes : left,
			     (off_t)(address - REGION_AT));
	}
	if (address < ANCHOR_AT || address - ANCHOR_AT >= ANCHOR_BYTES)
		return -EFAULT;
	if (bytes > ANCHOR_BYTES - (address - ANCHOR_AT))
		bytes = ANCHOR_BYTES - (address - ANCHOR_AT);
	memcpy(out, world.anchor + (address - ANCHOR_AT), bytes);
	return (ssize_t)bytes;
}

struct dirent *__wrap_readdir(DIR *dir)
{
	static struct dirent entry = {.d_name = "3"};

	/* The fuzzer reads its folders too. */
	if (!world.runs)
		return __real_readdir(dir);
	return world.entries-- > 0 ? &entry : NULL;
}

ssize_t __wrap_readlinkat(int dirfd, const char *path, char *out, size_t size)
{
	const char *link =
		world.ways & BY_LINK ? "/memfd:grmon (deleted)" : "/x/libgrmon.so";

	(void)dirfd, (void)path;
	require(strlen(link) <= size);
	memcpy(out, link, strlen(link));
	return (ssize_t)strlen(link);
}

int __wrap_openat(int dirfd, const char *path, int flags, ...)
{
	return flags & O_DIRECTORY || !world.runs ? __real_openat(dirfd, path, flags)
						  : dup(world.region_fd);
}

/* Writes a header that is right except for the patches. Returns how much of the input it
 * used. */
static size_t make_region(const uint8_t *bytes, size_t size)
{
	uint8_t *region;
	struct wire_header header;
	size_t used = 1, at;

	wire_layout(&header, 8, 2, 4);
	header.pid = getpid();
	header.nr_slots_used = 8;
	header.nr_chans_used = 4;
	world.region_bytes = header.region_bytes;
	require(world.region_bytes <= REGION_MAX);
	for (unsigned i = 0; i < bytes[0] % 8u && used + 2 <= size; i++) {
		size_t length = 1 + bytes[used + 1] % 8;

		at = bytes[used];
		used += 2;
		if (length > size - used || at + length > sizeof(header))
			break;
		memcpy((uint8_t *)&header + at, bytes + used, length);
		used += length;
	}
	world.region_fd = memfd_create("region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	require(world.region_fd >= 0 &&
		ftruncate(world.region_fd, (off_t)world.region_bytes) == 0);
	region = mmap(NULL, world.region_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		      world.region_fd, 0);
	require(region != MAP_FAILED);
	memcpy(region, &header, sizeof(header));
	/* The slots are made from the texts that are read elsewhere as well. */
	if (size > used)
		for (at = sizeof(header); at < 8192 && size - used > 0;) {
			size_t length = size - used < 8192 - at ? size - used : 8192 - at;

			memcpy(region + at, bytes + used, length);
			at += length;
		}
	munmap(region, world.region_bytes);
	if (world.ways & SEALED)
		fcntl(world.region_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
	return used;
}

static void read_all(struct region *region)
{
	struct wire_creator creator;
	struct wire_labels labels;
	struct wire_slot slot;
	struct wire_chan chan;
	struct err e = {0};

	if (region_refresh(region, &e) != 0) {
		require(e.text[0] && region->nr_slots == 0);
		return;
	}
	for (uint32_t i = 0; i < region->nr_slots; i++) {
		region_read_slot(region, i, &slot);
		region_labels_seq(region, i);
		region_read_labels(region, i, &labels);
		region_read_creator(region, i, &creator);
	}
	for (uint32_t i = 0; i < region->nr_chans; i++)
		region_read_chan(region, i, &chan);
}

static void look(struct kernel *kernel)
{
	struct region region;
	struct err e = {0};
	int rc = region_attach(&region, kernel, false, &e);

	require(rc == 0 || (e.code == rc && e.text[0]));
	if (rc == 0) {
		require(region.layout.pid == kernel->facts.inner_pid);
		read_all(&region);
		if (world.ways & CUT && ftruncate(world.region_fd, 5000) == 0)
			read_all(&region);
	}
	region_release(&region);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char magic[16] = WIRE_ANCHOR_MAGIC;
	static struct kernel kernel;
	struct wire_anchor anchor = {.region = REGION_AT};
	size_t used;

	if (size < 3)
		return -1;
	if (!kernel.names)
		require(kernel_open(&kernel, getpid(), NULL) == 0);
	kernel.memory_denied = false;
	memset(&world, 0, sizeof(world));
	world.runs = true;
	world.ways = bytes[0];
	world.nr_fds = bytes[1] % 16;
	world.piece = 1 + bytes[1] / 16 * 100u;
	world.entries = 2;
	used = 2 + make_region(bytes + 2, size - 2);
	world.texts = bytes + used;
	world.end = bytes + size;
	memcpy(anchor.magic, magic, sizeof(magic));
	memcpy(world.anchor + bytes[0] / 64 * 1024u, &anchor, sizeof(anchor));
	look(&kernel);
	close(world.region_fd);
	world.runs = false;
	return 0;
}
