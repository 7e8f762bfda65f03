/* SPDX-License-Identifier: MIT */
/* Uses libdebuginfod, which is loaded only if a server is configured. Files that arrived
 * earlier are found in its cache without a request. */
#include "source/symbols/debuginfod.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"

#define ASKED_MAX    256u
#define ID_BYTES_MAX 32u
#define HEX_MAX      (2 * ID_BYTES_MAX + 1)
#define PATH_TEXT    4096u

typedef int (*progress_fn)(void *client, long done, long all);
struct library {
	void *(*begin)(void);
	void (*end)(void *client);
	int (*find)(void *client, const unsigned char *id, int length, char **path);
	void (*set_progress)(void *client, progress_fn progress);
};

/* Shared by both threads; the last user frees it. */
struct debuginfod {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct library library;
	atomic_bool stop;
	bool arrived;
	unsigned users;
	size_t nr_asked;
	size_t next; /* index in asked of the next file to fetch */
	char asked[ASKED_MAX][HEX_MAX];
};

static void drop_user(struct debuginfod *fetch)
{
	pthread_mutex_lock(&fetch->lock);
	bool last = --fetch->users == 0;

	pthread_mutex_unlock(&fetch->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&fetch->lock);
	pthread_cond_destroy(&fetch->work);
	free(fetch);
}

/* A non-zero return cancels the download. The callback receives only the client, so the
 * object is found through the calling thread. */
static _Thread_local struct debuginfod *current;
static int on_progress(void *client, long done, long all)
{
	(void)client, (void)done, (void)all;
	return atomic_load(&current->stop);
}

static void *fetch_all(void *arg)
{
	struct debuginfod *fetch = arg;
	void *client = fetch->library.begin();

	current = fetch;
	if (client)
		fetch->library.set_progress(client, on_progress);
	pthread_mutex_lock(&fetch->lock);
	while (client && !atomic_load(&fetch->stop)) {
		char hex[HEX_MAX];
		char *path = NULL;

		if (fetch->next == fetch->nr_asked) {
			pthread_cond_wait(&fetch->work, &fetch->lock);
			continue;
		}
		memcpy(hex, fetch->asked[fetch->next++], sizeof(hex));
		pthread_mutex_unlock(&fetch->lock);
		/* A length of 0 means that the id is text. */
		int fd =
			fetch->library.find(client, (const unsigned char *)hex, 0, &path);

		free(path);
		if (fd >= 0)
			close(fd);
		pthread_mutex_lock(&fetch->lock);
		fetch->arrived = fetch->arrived || fd >= 0;
	}
	pthread_mutex_unlock(&fetch->lock);
	if (client)
		fetch->library.end(client);
	drop_user(fetch);
	return NULL;
}

static bool load_library(struct library *out)
{
	static const char *const names[] = {
		"debuginfod_begin",
		"debuginfod_end",
		"debuginfod_find_debuginfo",
		"debuginfod_set_progressfn",
	};
	void *library = dlopen("libdebuginfod.so.1", RTLD_LAZY | RTLD_LOCAL);
	void *found[ARRAY_COUNT(names)];

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		found[i] = library ? dlsym(library, names[i]) : NULL;
		if (!found[i])
			return false;
	}
	/* The library is never unloaded: a thread may still be in it when the client
	 * ends. */
	_Static_assert(sizeof(*out) == sizeof(found),
		       "one function per name, in this order");
	memcpy(out, found, sizeof(found));
	return true;
}

struct debuginfod *debuginfod_new(void)
{
	const char *servers = getenv("DEBUGINFOD_URLS");
	struct debuginfod *fetch = NULL;
	sigset_t all, before;
	pthread_t thread;

	if (servers && servers[strspn(servers, " ")])
		fetch = calloc(1, sizeof(*fetch));
	if (!fetch)
		return NULL;
	pthread_mutex_init(&fetch->lock, NULL);
	pthread_cond_init(&fetch->work, NULL);
	fetch->users = 2;
	if (!load_library(&fetch->library))
		goto failed;
	/* Signals are handled by the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&thread, NULL, fetch_all, fetch);

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		goto failed;
	pthread_detach(thread);
	return fetch;
failed:
	fetch->users = 1;
	drop_user(fetch);
	return NULL;
}

void debuginfod_free(struct debuginfod *fetch)
{
	if (!fetch)
		return;
	atomic_store(&fetch->stop, true);
	pthread_mutex_lock(&fetch->lock);
	pthread_cond_signal(&fetch->work);
	pthread_mutex_unlock(&fetch->lock);
	drop_user(fetch);
}

/* Opens a cached file. An empty one means that no server has it. */
static int open_cached(const char *hex)
{
	const char *folder = getenv("DEBUGINFOD_CACHE_PATH");
	const char *home = getenv("XDG_CACHE_HOME");
	const char *between = "/debuginfod_client";
	char path[PATH_TEXT];
	struct stat st;

	if (folder && folder[0]) {
		between = "";
	} else if (home && home[0]) {
		folder = home;
	} else {
		folder = getenv("HOME");
		between = "/.cache/debuginfod_client";
	}
	snprintf(path, sizeof(path), "%.3800s%s/%s/debuginfo", folder ? folder : "",
		 between, hex);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int debuginfod_open(struct debuginfod *fetch, const uint8_t *id, size_t length)
{
	char hex[HEX_MAX];
	size_t at = 0;

	if (!fetch || length == 0 || length > ID_BYTES_MAX)
		return -1;
	for (size_t i = 0; i < length; i++)
		snprintf(hex + 2 * i, 3, "%02x", id[i]);
	int fd = open_cached(hex);

	if (fd >= 0)
		return fd;
	pthread_mutex_lock(&fetch->lock);
	while (at < fetch->nr_asked && strcmp(fetch->asked[at], hex) != 0)
		at++;
	if (at == fetch->nr_asked && at < ASKED_MAX) {
		memcpy(fetch->asked[fetch->nr_asked++], hex, sizeof(hex));
		pthread_cond_signal(&fetch->work);
	}
	pthread_mutex_unlock(&fetch->lock);
	return -1;
}

bool debuginfod_arrived(struct debuginfod *fetch)
{
	bool arrived = false;

	if (!fetch)
		return false;
	pthread_mutex_lock(&fetch->lock);
	arrived = fetch->arrived;
	fetch->arrived = false;
	pthread_mutex_unlock(&fetch->lock);
	return arrived;
}
