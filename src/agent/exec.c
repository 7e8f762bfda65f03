/* SPDX-License-Identifier: MIT */
/*
 * Keeps LD_PRELOAD away from programs that cannot load this library: those of another C
 * library would not start, and the dynamic linker of 32-bit ones would complain on their
 * standard error. A program that can load it, and every call of a program that was not
 * preloaded, goes to the real function as it is.
 *
 * Also runs in children of vfork(): no memory but the stack, raw system calls only, and none
 * at all under a seccomp filter that the program has put on itself.
 */
#include "agent/exec_file.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/raw.h"
#include "agent/state.h"
#include "agent/wrap.h"

#define EXEC_PRELOAD    "LD_PRELOAD="
#define EXEC_LIBRARY    "libgrmon"
/* A longer path of the library is not looked at. */
#define EXEC_PATH_MAX   512
/* So much of a stack that may be 16 KB small is taken in any case, and this part of one of
 * which more is left. */
#define EXEC_STACK_MIN  2048
#define EXEC_STACK_PART 4

static bool exec_separates(char c)
{
	return c == ' ' || c == ':';
}

static bool exec_names_us(const char *entry)
{
	return strncmp(entry, EXEC_PRELOAD, sizeof(EXEC_PRELOAD) - 1) == 0 &&
	       strstr(entry, EXEC_LIBRARY);
}

/* Where the preload of an environment names us, the last time; NULL: nowhere. */
static const char *exec_preload(char *const *environment, size_t *index, size_t *count)
{
	const char *found = NULL;

	*count = 0;
	for (size_t i = 0; environment && environment[i]; i++) {
		if (exec_names_us(environment[i])) {
			found = environment[i];
			*index = i;
		}
		(*count)++;
	}
	return found;
}

/* The preload without us; returns whether anything is left. */
static bool exec_without(char *to, const char *from)
{
	size_t used = sizeof(EXEC_PRELOAD) - 1;
	bool any = false;

	memcpy(to, from, used);
	from += used;
	while (*from) {
		size_t bytes = 0;
		bool ours = false;

		while (exec_separates(*from))
			from++;
		while (from[bytes] && !exec_separates(from[bytes]))
			bytes++;
		for (size_t i = 0; i + sizeof(EXEC_LIBRARY) - 1 <= bytes; i++)
			ours |= strncmp(from + i, EXEC_LIBRARY,
					sizeof(EXEC_LIBRARY) - 1) == 0;
		if (!ours && bytes > 0) {
			if (any)
				to[used++] = ':';
			memcpy(to + used, from, bytes);
			used += bytes;
			any = true;
		}
		from += bytes;
	}
	to[used] = '\0';
	return any;
}

/* The library's file cannot be opened where the program will run, as after chroot(). */
static bool exec_library_gone(const char *preload)
{
	const char *at = strstr(preload, EXEC_LIBRARY);
	char path[EXEC_PATH_MAX];
	size_t bytes = 0;

	while (at > preload + sizeof(EXEC_PRELOAD) - 1 && !exec_separates(at[-1]))
		at--;
	while (at[bytes] && !exec_separates(at[bytes]))
		bytes++;
	if (at[0] != '/' || bytes >= sizeof(path))
		return false;
	memcpy(path, at, bytes);
	path[bytes] = '\0';
	/* Landlock and the like refuse to open what access() finds. */
	long fd = raw4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);

	if (fd >= 0)
		raw1(SYS_close, fd);
	return fd < 0 && fd != -EMFILE && fd != -ENFILE;
}

/* Bytes of the environment that has to replace this one, or 0: none. */
static size_t exec_replaces(const struct exec_file *file, char *const *environment)
{
	size_t index, count;
	const char *preload;

	if (agent_filtered_itself())
		return 0;
	preload = exec_preload(environment, &index, &count);
	if (!preload || (!exec_library_gone(preload) && !exec_cannot_load(file)))
		return 0;
	return (count + 1) * sizeof(*environment) + strlen(preload) + 1;
}

/* Memory for what does not fit on the stack. */
struct exec_map {
	void *start;
	size_t bytes;
};

static void exec_unmap(const struct exec_map *map)
{
	if (map->start)
		raw2(SYS_munmap, map->start, map->bytes);
}

static bool exec_fits_stack(size_t bytes)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t top = agent_tls.stack_top;
	size_t window = agent_tls.stack_window;

	if (bytes <= EXEC_STACK_MIN)
		return true;
	return here < top && top - here < window &&
	       bytes <= (window - (top - here)) / EXEC_STACK_PART;
}

/* A child of vfork() leaves it behind to its parent, where its program starts. */
static void *exec_mapped(struct exec_map *map, size_t bytes)
{
	long start = raw6(SYS_mmap, NULL, bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start < 0 && start > -4096)
		return NULL;
	map->start = (void *)start;
	map->bytes = bytes;
	return map->start;
}

/* The text of what remains of the preload stands behind the entries. */
static char *const *exec_replace(char **to, char *const *from)
{
	size_t index = 0, count, used = 0;
	const char *preload = exec_preload(from, &index, &count);
	char *value = (char *)(to + count + 1);
	bool stays = exec_without(value, preload);

	for (size_t i = 0; i < count; i++) {
		if (i == index && stays)
			to[used++] = value;
		else if (!exec_names_us(from[i]))
			to[used++] = from[i];
	}
	to[used] = NULL;
	return to;
}

/* Memory that lasts until the call is done. Where there is none the environment stays. */
#define EXEC_ENVIRONMENT(file, environment)                                              \
	struct exec_map map __attribute__((cleanup(exec_unmap))) = {NULL, 0};            \
	do {                                                                             \
		size_t bytes = exec_replaces(file, environment);                         \
		void *to = NULL;                                                         \
                                                                                         \
		if (bytes > 0)                                                           \
			to = exec_fits_stack(bytes) ? alloca(bytes)                      \
						    : exec_mapped(&map, bytes);          \
		if (to)                                                                  \
			(environment) = exec_replace(to, environment);                   \
	} while (0)

WRAP_DECLARE(int, execve,
	     (const char *path, char *const *words, char *const *environment))
WRAP_DECLARE(int, execv, (const char *path, char *const *words))
WRAP_DECLARE(int, execvp, (const char *name, char *const *words))
WRAP_DECLARE(int, execvpe,
	     (const char *name, char *const *words, char *const *environment))
WRAP_DECLARE(int, fexecve, (int fd, char *const *words, char *const *environment))
WRAP_DECLARE(int, execveat,
	     (int dir, const char *path, char *const *words, char *const *environment,
	      int flags))
WRAP_DECLARE(int, execl, (const char *path, const char *word, ...))
WRAP_DECLARE(int, execlp, (const char *name, const char *word, ...))
WRAP_DECLARE(int, execle, (const char *path, const char *word, ...))

int wrap_execve(const char *path, char *const *words, char *const *environment)
{
	const struct exec_file file = {.path = path, .dir = AT_FDCWD, .fd = -1};

	EXEC_ENVIRONMENT(&file, environment);
	return WRAP_REAL(execve)(path, words, environment);
}

int wrap_execv(const char *path, char *const *words)
{
	return wrap_execve(path, words, environ);
}

int wrap_execvpe(const char *name, char *const *words, char *const *environment)
{
	const struct exec_file file = {
		.path = name, .dir = AT_FDCWD, .fd = -1, .search = true};

	EXEC_ENVIRONMENT(&file, environment);
	return WRAP_REAL(execvpe)(name, words, environment);
}

int wrap_execvp(const char *name, char *const *words)
{
	return wrap_execvpe(name, words, environ);
}

int wrap_fexecve(int fd, char *const *words, char *const *environment)
{
	const struct exec_file file = {.fd = fd};

	EXEC_ENVIRONMENT(&file, environment);
	return WRAP_REAL(fexecve)(fd, words, environment);
}

int wrap_execveat(int dir, const char *path, char *const *words, char *const *environment,
		  int flags)
{
	bool by_fd = path && path[0] == '\0' && (flags & AT_EMPTY_PATH);
	const struct exec_file file = {.path = path, .dir = dir, .fd = by_fd ? dir : -1};

	EXEC_ENVIRONMENT(&file, environment);
	return WRAP_REAL(execveat)(dir, path, words, environment, flags);
}

/* The words of a variadic call, up to and with the NULL, on the caller's stack. */
#define EXEC_WORDS(words, word, list)                                                    \
	do {                                                                             \
		size_t count = 1;                                                        \
                                                                                         \
		va_start(list, word);                                                    \
		for (const char *at = word; at; at = va_arg(list, const char *))         \
			count++;                                                         \
		va_end(list);                                                            \
		(words) = alloca(count * sizeof(*(words)));                              \
		count = 0;                                                               \
		va_start(list, word);                                                    \
		for (const char *at = word; at; at = va_arg(list, const char *))         \
			(words)[count++] = (char *)at;                                   \
		(words)[count] = NULL;                                                   \
	} while (0)

int wrap_execl(const char *path, const char *word, ...)
{
	char **words;
	va_list list;

	EXEC_WORDS(words, word, list);
	va_end(list);
	return wrap_execve(path, words, environ);
}

int wrap_execlp(const char *name, const char *word, ...)
{
	char **words;
	va_list list;

	EXEC_WORDS(words, word, list);
	va_end(list);
	return wrap_execvpe(name, words, environ);
}

/* The environment comes after the NULL. */
int wrap_execle(const char *path, const char *word, ...)
{
	char **words, *const *environment;
	va_list list;

	EXEC_WORDS(words, word, list);
	environment = va_arg(list, char *const *);
	va_end(list);
	return wrap_execve(path, words, environment);
}

#ifdef __GLIBC__
/* As glibc 2.29 and later keep an action, in an order that newer ones add to. */
struct exec_action {
	int kind;
	union {
		struct {
			int fd;
			char *path;
			int flags;
			mode_t mode;
		} open;
	} of;
};
enum { EXEC_ACTION_CHDIR = 3, EXEC_ACTION_FCHDIR = 4, EXEC_ACTION_LAST = 6 };

/* Whether a child will look for its program from another folder; what is not known may. */
static bool exec_moves(const posix_spawn_file_actions_t *actions)
{
	const struct exec_action *all;

	if (!actions)
		return false;
	all = (const struct exec_action *)actions->__actions;
	for (int i = 0; all && i < actions->__used; i++)
		if (all[i].kind == EXEC_ACTION_CHDIR ||
		    all[i].kind == EXEC_ACTION_FCHDIR || all[i].kind < 0 ||
		    all[i].kind > EXEC_ACTION_LAST)
			return true;
	return false;
}
#else
static bool exec_moves(const posix_spawn_file_actions_t *actions)
{
	return actions != NULL;
}
#endif

#define SPAWN_PARAMETERS                                                                 \
	(pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,       \
	 const posix_spawnattr_t *attributes, char *const *words,                        \
	 char *const *environment)

WRAP_DECLARE(int, posix_spawn, SPAWN_PARAMETERS)
WRAP_DECLARE(int, posix_spawnp, SPAWN_PARAMETERS)

int wrap_posix_spawn SPAWN_PARAMETERS
{
	const struct exec_file file = {
		.path = path, .dir = AT_FDCWD, .fd = -1, .moves = exec_moves(actions)};

	EXEC_ENVIRONMENT(&file, environment);
	return WRAP_REAL(posix_spawn)(pid, path, actions, attributes, words, environment);
}

int wrap_posix_spawnp SPAWN_PARAMETERS
{
	const struct exec_file file = {.path = path,
				       .dir = AT_FDCWD,
				       .fd = -1,
				       .search = true,
				       .moves = exec_moves(actions)};

	EXEC_ENVIRONMENT(&file, environment);
	return WRAP_REAL(posix_spawnp)(pid, path, actions, attributes, words,
				       environment);
}
