/* SPDX-License-Identifier: MIT */
/* Finds the agent of a process. The socket is tried first. A frozen process accepts on it
 * but never answers; then its descriptors and its memory are searched. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/agent/agent.h"
#include "source/agent/region.h"
#include "source/proc/arguments.h"
#include "source/proc/descriptors.h"
#include "source/proc/target_file.h"
#include "wire/wire.h"

#define ANSWER_LIMIT_NS (300 * CLOCK_MS_NS)
#define HELLO_MAX       4096u
#define ENVIRON_MAX     (256u << 10)
#define MAPS_MAX        (64u << 20)
#define LINK_PREFIX     "/memfd:" WIRE_MEMFD
#define DESCRIPTORS_MAX 65536u
#define ANCHOR_LIBRARY  "/libgrmon.so"
#define ANCHOR_DATA_MAX (1u << 20)
#define ANCHOR_STEP     16u /* its alignment in bytes */
#define ANCHOR_BLOCK    2048u

static int connect_within(const char *directory, pid_t inner)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char path[600];
	int dir = -1;

	if (!directory[0] || strstr(directory, ".."))
		return -1;
	snprintf(path, sizeof(path), "%s/%d.sock", directory, (int)inner);
	if (strlen(path) >= sizeof(address.sun_path)) {
		dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			return -1;
		snprintf(path, sizeof(path), "/proc/self/fd/%d/%d.sock", dir, (int)inner);
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		fd = -1;
	}
	if (dir >= 0)
		close(dir);
	return fd;
}

/* Receives a part of the answer. Keeps the first descriptor and closes any others. */
static ssize_t receive_part(int socket, char *out, size_t size, int *region_fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * 8)];
		struct cmsghdr align;
	} control;
	struct iovec iov = {out, size};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (got < 0)
		return got;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part;
	     part = CMSG_NXTHDR(&message, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
			if (*region_fd < 0)
				*region_fd = fd;
			else
				close(fd);
		}
	}
	return got;
}

/* Checks that the first line is a JSON object. That is enough, because the header of the
 * region is checked as well. */
static bool hello_makes_sense(const char *line, size_t length)
{
	json_error_t error;
	json_t *hello = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
	bool sense = json_is_object(hello);

	json_decref(hello);
	return sense;
}

/* Returns the descriptor of the region, or -1. */
static int read_hello(int socket)
{
	int64_t deadline_ns = clock_mono_ns() + ANSWER_LIMIT_NS;
	char hello[HELLO_MAX];
	size_t used = 0;
	int region_fd = -1;

	for (;;) {
		struct pollfd ready = {.fd = socket, .events = POLLIN};
		int64_t left_ns = deadline_ns - clock_mono_ns();
		const char *end;

		if (left_ns <= 0 || used == sizeof(hello))
			break;
		int rc = poll(&ready, 1, (int)(left_ns / CLOCK_MS_NS) + 1);

		if (rc < 0 && errno == EINTR)
			continue;
		if (rc <= 0)
			break;
		ssize_t got = receive_part(socket, hello + used, sizeof(hello) - used,
					   &region_fd);

		if (got <= 0)
			break;
		used += (size_t)got;
		end = memchr(hello, '\n', used);
		if (end && region_fd >= 0 &&
		    hello_makes_sense(hello, (size_t)(end - hello)))
			return region_fd;
		if (end)
			break;
	}
	if (region_fd >= 0)
		close(region_fd);
	return -1;
}

static int try_socket(struct region *region, struct kernel *kernel, const char *directory,
		      struct err *e)
{
	int socket = connect_within(directory, kernel->facts.inner_pid);
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (socket < 0)
		return ERR_NOTFOUND;
	int fd = -1;

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
	    peer.pid == kernel->process.pid)
		fd = read_hello(socket);
	close(socket);
	if (fd < 0)
		return ERR_NOTFOUND;
	int rc = region_adopt(region, kernel, fd, e);

	if (rc)
		close(fd);
	else
		region->way = REGION_SOCKET;
	return rc;
}

static void read_environment(const struct kernel *kernel, struct buf *out)
{
	char *text = malloc(ENVIRON_MAX);
	ssize_t got = text ? arguments_read(&kernel->process, kernel->pages,
					    ARGUMENTS_ENVIRONMENT, text, ENVIRON_MAX)
			   : 0;

	if (got > 0)
		buf_append(out, text, (size_t)got);
	free(text);
}

static int attach_by_socket(struct region *region, struct kernel *kernel, struct err *e)
{
	char directory[512];
	struct buf environment;
	int rc = ERR_NOTFOUND;

	buf_init(&environment, ENVIRON_MAX);
	read_environment(kernel, &environment);
	for (unsigned way = 0;
	     rc == ERR_NOTFOUND &&
	     agent_socket_directory(way, kernel->process.pid, kernel->facts.uid,
				    &environment, directory, sizeof(directory));
	     way++)
		rc = try_socket(region, kernel, directory, e);
	buf_release(&environment);
	return rc;
}

/* Searches a directory of descriptor links. The error about an unusable region is stored
 * in *worst, and the search continues. */
static int search_links(struct region *region, struct kernel *kernel, pid_t tid,
			struct err *worst, struct err *e)
{
	const size_t bytes = strlen(LINK_PREFIX);
	struct process_fds fds;
	int rc = ERR_NOTFOUND;
	size_t nr_read = 0;

	if (process_fds_open(&fds, &kernel->process, tid) != 0)
		return rc;
	while (rc != 0 && process_fds_next(&fds)) {
		struct target_file file;
		char link[64];
		ssize_t got = process_fds_link(&fds, link, sizeof(link));

		if (++nr_read > DESCRIPTORS_MAX)
			break;
		if (got <= 0 || strncmp(link, LINK_PREFIX, bytes) != 0 ||
		    (link[bytes] != '\0' && link[bytes] != ' '))
			continue;
		/* The descriptor may refer to a different file by now. */
		if (!process_fds_open_file(&fds, &file))
			continue;
		rc = region_adopt(region, kernel, file.fd, e);
		if (rc == 0)
			region->way = REGION_FD;
		else
			close(file.fd);
		if (rc == ERR_UNSUPPORTED)
			*worst = *e;
	}
	process_fds_close(&fds);
	return rc;
}

/* Searches the descriptors of the agent's server thread, which has its own table. */
static int search_server_links(struct region *region, struct kernel *kernel,
			       struct err *worst, struct err *e)
{
	pid_t *tids = NULL;
	size_t capacity = 0;
	ssize_t count = process_threads(&kernel->process, &tids, &capacity);
	int rc = ERR_NOTFOUND;

	for (ssize_t i = 0; i < count && rc != 0; i++) {
		char comm[PROC_COMM_MAX];

		if (process_thread_text(&kernel->process, tids[i], THREAD_NAME, comm,
					sizeof(comm)) <= 0 ||
		    strcmp(comm, WIRE_SERVER_COMM "\n") != 0)
			continue;
		rc = search_links(region, kernel, tids[i], worst, e);
	}
	free(tids);
	return rc;
}

/* Calls visit for each mapping until it returns something other than ERR_NOTFOUND. */
static int each_map(const struct process_maps *maps,
		    int (*visit)(const struct proc_map *map, void *context),
		    void *context)
{
	int rc = ERR_NOTFOUND;
	struct proc_map map;
	size_t at = 0;

	while (rc == ERR_NOTFOUND && process_maps_next(maps, &at, &map))
		if (map.readable)
			rc = visit(&map, context);
	return rc;
}

struct map_search {
	struct region *region;
	struct kernel *kernel;
	const struct process_maps *maps;
	struct err *worst, *e;
	const char *program;
	uint64_t address;
};

static bool begins_with(const struct proc_map *map, const char *text)
{
	size_t bytes = strlen(text);

	return map->path_bytes >= bytes && memcmp(map->path, text, bytes) == 0;
}

/* The file behind the mapping can be mapped here too; then no poll copies the region. */
static bool adopt_mapped(struct map_search *search, const struct proc_map *map)
{
	struct target_file file;

	if (!target_file_open_mapped(&file, &search->kernel->process, map))
		return false;
	if (region_adopt(search->region, search->kernel, file.fd, search->e) == 0) {
		search->region->way = REGION_FD;
		return true;
	}
	close(file.fd);
	return false;
}

static int visit_memfd(const struct proc_map *map, void *context)
{
	struct map_search *search = context;

	if (map->offset != 0 || !begins_with(map, LINK_PREFIX))
		return ERR_NOTFOUND;
	if (adopt_mapped(search, map))
		return 0;
	int rc = region_adopt_memory(search->region, search->kernel, map->start,
				     map->end - map->start, search->e);

	if (rc == ERR_UNSUPPORTED)
		*search->worst = *search->e;
	return rc == 0 ? 0 : ERR_NOTFOUND;
}

static int visit_region(const struct proc_map *map, void *context)
{
	struct map_search *search = context;

	if (!map->writable || search->address < map->start || search->address >= map->end)
		return ERR_NOTFOUND;
	int rc = region_adopt_memory(search->region, search->kernel, search->address,
				     map->end - search->address, search->e);

	if (rc == ERR_UNSUPPORTED)
		*search->worst = *search->e;
	return rc;
}

/* Searches the writable data of libgrmon.so, or of a program that contains libgrmon.a,
 * for the anchor, which tells where a region without a memfd is. */
static int visit_anchor(const struct proc_map *map, void *context)
{
	static const char magic[16] = WIRE_ANCHOR_MAGIC;
	struct map_search *search = context;
	struct wire_anchor block[ANCHOR_BLOCK];
	size_t name = strlen(ANCHOR_LIBRARY);

	if (!map->writable || map->path_bytes == 0 ||
	    (!memmem(map->path, map->path_bytes, ANCHOR_LIBRARY, name) &&
	     (!search->program[0] || !begins_with(map, search->program))))
		return ERR_NOTFOUND;
	uint64_t end = map->end - map->start > ANCHOR_DATA_MAX
			       ? map->start + ANCHOR_DATA_MAX
			       : map->end;

	for (uint64_t at = map->start; at < end;) {
		size_t bytes = end - at < sizeof(block) ? end - at : sizeof(block);
		struct wire_anchor anchor;

		if (!kernel_memory_exact(search->kernel, at, block, bytes))
			return ERR_NOTFOUND;
		for (size_t i = 0; i + sizeof(magic) <= bytes; i += ANCHOR_STEP) {
			if (memcmp((char *)block + i, magic, sizeof(magic)) != 0 ||
			    !kernel_memory_exact(search->kernel, at + i, &anchor,
						 sizeof(anchor)))
				continue;
			search->address = anchor.region;
			return anchor.region
				       ? each_map(search->maps, visit_region, search)
				       : ERR_NOTFOUND;
		}
		at += bytes;
	}
	return ERR_NOTFOUND;
}

static int search_maps(struct region *region, struct kernel *kernel, struct err *worst,
		       struct err *e)
{
	char program[PATH_MAX];
	struct process_maps maps;
	struct map_search search = {.region = region,
				    .kernel = kernel,
				    .maps = &maps,
				    .worst = worst,
				    .e = e,
				    .program = program};
	int rc;

	process_exe(&kernel->process, program, sizeof(program));
	process_maps_read(&maps, &kernel->process, MAPS_MAX, NULL);
	rc = each_map(&maps, visit_memfd, &search);
	if (rc != 0)
		rc = each_map(&maps, visit_anchor, &search);
	process_maps_release(&maps);
	return rc;
}

int region_attach(struct region *region, struct kernel *kernel, bool quick, struct err *e)
{
	struct err worst, other;
	bool frozen = kernel->facts.state == 'T' || kernel->facts.state == 't';

	memset(region, 0, sizeof(*region));
	region->fd = -1;
	err_clear(&worst);
	err_clear(&other);
	if (!quick && !frozen) {
		int rc = attach_by_socket(region, kernel, &other);

		if (rc == 0)
			return 0;
		if (rc == ERR_UNSUPPORTED)
			worst = other;
	}
	if (search_links(region, kernel, 0, &worst, &other) == 0)
		return 0;
	if (!worst.code && search_maps(region, kernel, &worst, &other) == 0) {
		struct region by_fd;
		struct err ignored;

		/* Found; reading through a descriptor saves a copy in every poll. */
		if (region->fd < 0 &&
		    search_server_links(&by_fd, kernel, &ignored, &other) == 0) {
			region_release(region);
			*region = by_fd;
		}
		return 0;
	}
	if (worst.code)
		return err_set(e, worst.code, "%s", worst.text);
	return err_set(
		e, ERR_NOTFOUND,
		"process %d has no agent: start it with 'grmon-c run', link it with "
		"-lgrmon, or watch it with --source native",
		(int)kernel->process.pid);
}

bool agent_present(pid_t pid, struct pages *pages, char *unusable, size_t size)
{
	struct kernel kernel;
	struct region region;
	struct err e;

	unusable[0] = '\0';
	err_clear(&e);
	if (kernel_open(&kernel, pid, &e))
		return false;
	kernel_use_pages(&kernel, pages);
	int rc = region_attach(&region, &kernel, true, &e);

	if (rc == ERR_UNSUPPORTED)
		snprintf(unusable, size, "%s", e.text);
	region_release(&region);
	kernel_close(&kernel);
	return rc == 0 || rc == ERR_UNSUPPORTED;
}
