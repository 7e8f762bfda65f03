/* SPDX-License-Identifier: MIT */
/*
 * Removes the library from LD_PRELOAD for programs that cannot load it. A program of
 * another C library would not start, and the dynamic linker of a 32-bit program would
 * complain on its standard error. A program that can load the library, and any call in a
 * process that was not preloaded, is passed to the real function unchanged.
 *
 * This also runs in children of vfork(). It therefore only uses stack memory and raw
 * system calls, and no system call at all under a seccomp filter that the program has
 * installed itself.
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
/* Longer library paths are not examined. */
#define EXEC_PATH_MAX   512
/* EXEC_STACK_MIN bytes of the stack, which may be as small as 16 KB, are always used; if
 * more is free, this fraction of it. */
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

/* Returns the last LD_PRELOAD entry that names this library, or NULL. */
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

/* Copies the preload without this library. Returns whether anything remains. */
static bool exec_copy_without_us(char *to, const char *from)
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

/* Returns whether the library cannot be opened where the program will run, as after
 * chroot(). */
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
	/* Landlock and similar mechanisms refuse to open files that access() reports as
	 * accessible. */
	long fd = raw4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);

	if (fd >= 0)
		raw1(SYS_close, fd);
	return fd < 0 && fd != -EMFILE && fd != -ENFILE;
}

/* Size in bytes of the environment that has to replace this one, or 0 if none has to. */
static size_t exec_replacement_bytes(const struct exec_file *file,
				     char *const *environment)
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

/* Memory for an environment that does not fit on the stack. */
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

/* If the program starts, a child of vfork() leaves this mapping behind in its parent. */
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

/* The text of the remaining preload is stored after the entries. */
static char *const *exec_replace(char **to, char *const *from)
{
	size_t index = 0, count, used = 0;
	const char *preload = exec_preload(from, &index, &count);
	char *value = (char *)(to + count + 1);
	bool stays = exec_copy_without_us(value, preload);

	for (size_t i = 0; i < count; i++) {
		if (i == index && stays)
			to[used++] = value;
		else if (!exec_names_us(from[i]))
			to[used++] = from[i];
	}
	to[used] = NULL;
	return to;
}

/* Memory that is valid until the call is done. If none is available, the environment is
 * passed on unchanged. */
#define EXEC_ENVIRONMENT(file, environment)                                              \
	struct exec_map map __attribute__((cleanup(exec_unmap))) = {NULL, 0};            \
	do {                                                                             \
		size_t bytes = exec_replacement_bytes(file, environment);                \
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

/* Copies the words of a variadic call, including the final NULL, to the caller's
 * stack. */
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

/* The environment follows the NULL. */
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
/* The layout of an action in glibc 2.29 and later, where newer versions append fields. */
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

/* Returns whether a child will look for its program from another directory. Unknown
 * actions count as if they did. */
static bool exec_changes_directory(const posix_spawn_file_actions_t *actions)
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
static bool exec_changes_directory(const posix_spawn_file_actions_t *actions)
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
	const struct exec_file file = {.path = path,
				       .dir = AT_FDCWD,
				       .fd = -1,
				       .moves = exec_changes_directory(actions)};

	EXEC_ENVIRONMENT(&file, environment);
	return WRAP_REAL(posix_spawn)(pid, path, actions, attributes, words, environment);
}

int wrap_posix_spawnp SPAWN_PARAMETERS
{
	const struct exec_file file = {.path = path,
				       .dir = AT_FDCWD,
				       .fd = -1,
				       .search = true,
				       .moves = exec_changes_directory(actions)};

	EXEC_ENVIRONMENT(&file, environment);
	return WRAP_REAL(posix_spawnp)(pid, path, actions, attributes, words,
				       environment);
}
