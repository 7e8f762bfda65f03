/* SPDX-License-Identifier: MIT */
/*
 * dead_files FOLDER FILE: a file system (FUSE) at FOLDER with one file, "file": the bytes
 * of FILE and, behind them, TAIL_BYTES that have never been read. Prints "ready". After
 * SIGUSR1 it accepts every request and answers none, so that the process that asked
 * cannot even be killed. After SIGUSR2 it answers again, the old requests too. It ends,
 * and releases every waiting process, with its standard input or SIGTERM.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define TAIL_BYTES    (4 << 20)
#define REQUEST_BYTES (1 << 18)
#define LEFT_MAX      64
#define FILE_NODE     2
#define FOREVER_S     86400

static volatile sig_atomic_t silent, over;
static char *content;
static size_t content_bytes;

static void on_signal(int number)
{
	if (number == SIGTERM || number == SIGINT)
		over = 1;
	else
		silent = number == SIGUSR1;
}

static void reply(int fd, uint64_t unique, int error, const void *body, size_t bytes)
{
	struct fuse_out_header header = {.len = (uint32_t)(sizeof(header) + bytes),
					 .error = -error,
					 .unique = unique};
	struct iovec parts[2] = {{&header, sizeof(header)}, {(void *)body, bytes}};
	ssize_t put = writev(fd, parts, bytes ? 2 : 1);

	(void)put; /* the process that asked may be gone */
}

static struct fuse_attr attributes(uint64_t node)
{
	struct fuse_attr attr = {.ino = node, .nlink = 1, .blksize = 4096};

	attr.mode = node == FILE_NODE ? S_IFREG | 0755 : S_IFDIR | 0755;
	attr.size = node == FILE_NODE ? content_bytes : 0;
	attr.uid = getuid();
	attr.gid = getgid();
	return attr;
}

static void answer_init(int fd, const struct fuse_in_header *in)
{
	const struct fuse_init_in *asked = (const void *)(in + 1);
	struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION,
				    .minor = FUSE_KERNEL_MINOR_VERSION,
				    .max_readahead = 65536,
				    .max_write = 4096,
				    .flags = asked->flags & FUSE_ASYNC_READ};

	if (asked->minor < out.minor)
		out.minor = asked->minor;
	reply(fd, in->unique, 0, &out, sizeof(out));
}

static void answer(int fd, const struct fuse_in_header *in)
{
	const void *body = in + 1;

	switch (in->opcode) {
	case FUSE_INIT:
		answer_init(fd, in);
		break;
	case FUSE_LOOKUP: {
		struct fuse_entry_out out = {.nodeid = FILE_NODE,
					     .attr = attributes(FILE_NODE),
					     .entry_valid = FOREVER_S,
					     .attr_valid = FOREVER_S};

		if (strcmp(body, "file") == 0)
			reply(fd, in->unique, 0, &out, sizeof(out));
		else
			reply(fd, in->unique, ENOENT, NULL, 0);
		break;
	}
	case FUSE_GETATTR: {
		struct fuse_attr_out out = {.attr = attributes(in->nodeid),
					    .attr_valid = FOREVER_S};

		reply(fd, in->unique, 0, &out, sizeof(out));
		break;
	}
	case FUSE_OPEN: {
		struct fuse_open_out out = {.open_flags = FOPEN_KEEP_CACHE};

		reply(fd, in->unique, 0, &out, sizeof(out));
		break;
	}
	case FUSE_READ: {
		const struct fuse_read_in *wanted = body;
		size_t at =
			wanted->offset < content_bytes ? wanted->offset : content_bytes;
		size_t bytes = content_bytes - at < wanted->size ? content_bytes - at
								 : wanted->size;

		reply(fd, in->unique, 0, content + at, bytes);
		break;
	}
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		reply(fd, in->unique, 0, NULL, 0);
		break;
	default:
		reply(fd, in->unique, ENOSYS, NULL, 0);
	}
}

static void serve(int fd)
{
	static char request[REQUEST_BYTES];
	static void *left[LEFT_MAX];
	size_t nr_left = 0;
	struct pollfd wait[] = {{fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};

	while (!over) {
		while (!silent && nr_left > 0) {
			answer(fd, left[--nr_left]);
			free(left[nr_left]);
		}
		if (poll(wait, 2, -1) < 0)
			continue;
		if (wait[1].revents)
			break;
		if (!(wait[0].revents & POLLIN))
			continue;
		ssize_t got = read(fd, request, sizeof(request));

		if (got < (ssize_t)sizeof(struct fuse_in_header)) {
			if (got < 0 && errno == ENODEV)
				break;
			continue;
		}
		if (!silent)
			answer(fd, (const void *)request);
		else if (nr_left < LEFT_MAX && (left[nr_left] = malloc((size_t)got)))
			memcpy(left[nr_left++], request, (size_t)got);
	}
}

static int read_content(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return -1;
	content_bytes = (size_t)st.st_size + TAIL_BYTES;
	content = calloc(1, content_bytes);
	return content && read(fd, content, (size_t)st.st_size) == st.st_size ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	char options[128];
	int fd;

	if (argc < 3 || read_content(argv[2]) != 0)
		return 2;
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40755,user_id=%u,group_id=%u,allow_other", fd, getuid(),
		 getgid());
	if (fd < 0 ||
	    mount("dead", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
		perror("cannot mount");
		return 77;
	}
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	puts("ready");
	fflush(stdout);
	serve(fd);
	close(fd); /* waiting processes get an error */
	umount2(argv[1], MNT_DETACH);
	return 0;
}
