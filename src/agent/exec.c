/* SPDX-License-Identifier: MIT */
/*
 * Keeps LD_PRELOAD away from programs that cannot load this library: those of another C
 * library would not start, and the dynamic linker of 32-bit ones would complain on their
 * standard error. A program that can load it, and every call of a program that was not
 * preloaded, goes to the real function as it is.
 *
 * Also runs in children of vfork(): no memory but the stack, raw system calls only, and none
 * at all under a seccomp filter.
 */
#include <alloca.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/raw.h"
#include "agent/state.h"
#include "agent/wrap.h"

#define EXEC_PRELOAD     "LD_PRELOAD="
#define EXEC_LIBRARY     "libgrmon"
/* A script's interpreter may be a script; the kernel's own limit is 5. */
#define EXEC_SCRIPTS_MAX 5
#define EXEC_HEAD_BYTES  512
#define EXEC_PHDRS_MAX   32
/* A longer path is not looked at. All of this lies on stacks that may be 16 KB small. */
#define EXEC_PATH_MAX    512
/* A larger environment is passed on as it is: what replaces it lies on the stack. */
#define EXEC_ENTRIES_MAX 8192
#define EXEC_VALUE_MAX   4096
#define EXEC_NAME_MAX    64

/* The last part of this process's own dynamic linker's path; empty: not known. */
static char exec_linker[EXEC_NAME_MAX];

static const char *exec_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int exec_find_linker(struct dl_phdr_info *info, size_t bytes, void *unused)
{
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			agent_copy_text(exec_linker,
					exec_base((const char *)info->dlpi_addr +
						  info->dlpi_phdr[i].p_vaddr),
					sizeof(exec_linker));
	/* The first object is the program. */
	return 1;
}

__attribute__((constructor(102))) static void exec_start(void)
{
	dl_iterate_phdr(exec_find_linker, NULL);
}

/* Its dynamic linker is that of another C library, as far as the file says. */
static bool exec_foreign_linker(int fd, const ElfW(Ehdr) * header)
{
	char linker[EXEC_PATH_MAX];

	if (header->e_phentsize != sizeof(ElfW(Phdr)))
		return false;
	for (unsigned i = 0; i < header->e_phnum && i < EXEC_PHDRS_MAX; i++) {
		ElfW(Phdr) entry = {0};

		if (raw4(SYS_pread64, fd, &entry, sizeof(entry),
			 header->e_phoff + i * sizeof(entry)) != (long)sizeof(entry))
			return false;
		if (entry.p_type != PT_INTERP)
			continue;
		size_t bytes = entry.p_filesz;

		if (bytes == 0 || bytes >= sizeof(linker) ||
		    raw4(SYS_pread64, fd, linker, bytes, entry.p_offset) != (long)bytes)
			return false;
		linker[bytes] = '\0';
		return exec_linker[0] && strcmp(exec_base(linker), exec_linker) != 0;
	}
	/* A static program: the programs that it starts may load us. */
	return false;
}

/* Only of a regular file: to open a fifo waits for its other end, and a device may act. */
static int exec_open_at(int dir, const char *path)
{
	struct stat about = {0};

	if (raw4(SYS_newfstatat, dir, path, &about, 0) != 0 || !S_ISREG(about.st_mode))
		return -1;
	return (int)raw4(SYS_openat, dir, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
}

enum exec_verdict { EXEC_LOADS, EXEC_CANNOT, EXEC_SCRIPT };

/* The first word after "#!" in place of the head's text. */
static bool exec_interpreter(char *head)
{
	char *from = head + 2 + strspn(head + 2, " \t");
	size_t bytes = strcspn(from, " \t\n");

	if (bytes == 0)
		return false;
	memmove(head, from, bytes);
	head[bytes] = '\0';
	return true;
}

/* head: EXEC_HEAD_BYTES + 1; of a script, its interpreter's path afterwards. */
static enum exec_verdict exec_inspect(int fd, char *head)
{
	const ElfW(Ehdr) *ours = (const ElfW(Ehdr) *)head;
	struct stat about = {0};
	long got = raw4(SYS_pread64, fd, head, EXEC_HEAD_BYTES, 0);

	if (got < 2)
		return EXEC_LOADS;
	head[got] = '\0';
	if (head[0] == '#' && head[1] == '!')
		return exec_interpreter(head) ? EXEC_SCRIPT : EXEC_LOADS;
	if (got < (long)sizeof(*ours) || memcmp(head, ELFMAG, SELFMAG) != 0)
		return EXEC_LOADS;
	if (raw2(SYS_fstat, fd, &about) == 0 && (about.st_mode & (S_ISUID | S_ISGID)))
		return EXEC_CANNOT;
#if defined(__x86_64__)
	if (ours->e_ident[EI_CLASS] != ELFCLASS64 || ours->e_machine != EM_X86_64)
		return EXEC_CANNOT;
#elif defined(__aarch64__)
	if (ours->e_ident[EI_CLASS] != ELFCLASS64 || ours->e_machine != EM_AARCH64)
		return EXEC_CANNOT;
#endif
	return exec_foreign_linker(fd, ours) ? EXEC_CANNOT : EXEC_LOADS;
}

/* fd is closed. */
static bool exec_cannot_load(int fd)
{
	char head[EXEC_HEAD_BYTES + 1] __attribute__((aligned(8)));
	enum exec_verdict verdict = EXEC_SCRIPT;

	for (int depth = 0; fd >= 0 && verdict == EXEC_SCRIPT; depth++) {
		verdict = exec_inspect(fd, head);
		raw1(SYS_close, fd);
		fd = -1;
		if (verdict == EXEC_SCRIPT && depth < EXEC_SCRIPTS_MAX)
			fd = exec_open_at(AT_FDCWD, head);
	}
	return verdict == EXEC_CANNOT;
}

static bool exec_separates(char c)
{
	return c == ' ' || c == ':';
}

/* Where the preload of an environment names us; NULL: nowhere. */
static const char *exec_preload(char *const *environment, size_t *index, size_t *count)
{
	const char *found = NULL;

	*count = 0;
	for (size_t i = 0; environment && environment[i]; i++) {
		if (strncmp(environment[i], EXEC_PRELOAD, sizeof(EXEC_PRELOAD) - 1) ==
			    0 &&
		    strstr(environment[i], EXEC_LIBRARY)) {
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
	return raw3(SYS_faccessat, AT_FDCWD, path, R_OK) != 0;
}

/* What a program is named by. */
struct exec_file {
	const char *path;
	int dir; /* AT_FDCWD; or of execveat() */
	int fd;  /* of fexecve(); else -1 */
	bool search;
};

/* As execvp() finds it: the first of this name that can be executed. */
static int exec_search(const char *name)
{
	const char *folders = getenv("PATH");
	char path[EXEC_PATH_MAX];

	for (const char *at = folders ? folders : "/bin:/usr/bin";; at++) {
		size_t bytes = strcspn(at, ":"), name_bytes = strlen(name) + 1;

		if (bytes + 1 + name_bytes <= sizeof(path)) {
			memcpy(path, at, bytes);
			path[bytes] = '/';
			memcpy(path + bytes + (bytes > 0), name, name_bytes);
			if (raw3(SYS_faccessat, AT_FDCWD, path, X_OK) == 0)
				return exec_open_at(AT_FDCWD, path);
		}
		at += bytes;
		if (*at == '\0')
			return -1;
	}
}

static int exec_open(const struct exec_file *file)
{
	if (file->fd >= 0)
		return (int)raw3(SYS_fcntl, file->fd, F_DUPFD_CLOEXEC, 0);
	if (!file->path || !file->path[0])
		return -1;
	if (file->search && !strchr(file->path, '/'))
		return exec_search(file->path);
	return exec_open_at(file->dir, file->path);
}

/*
 * qemu-i386 and the like hand their environment on to a program of another machine, whose
 * dynamic linker would complain. qemu-x86_64 and its tools (qemu-system-…, qemu-img) load us.
 */
static bool exec_emulates_another(const char *path)
{
	static const char *const machines[] = {
		"i386",    "arm",   "aarch64", "mips", "ppc",       "riscv", "s390x",
		"sparc",   "alpha", "hppa",    "m68k", "loongarch", "sh4",   "microblaze",
		"hexagon", "or1k",  "nios2",   "cris", "xtensa",    "x86_64"};
	const char *name = path ? exec_base(path) : "";
#if defined(__x86_64__)
	static const char own[] = "x86_64";
#elif defined(__aarch64__)
	static const char own[] = "aarch64";
#else
	static const char own[] = "";
#endif

	if (strncmp(name, "qemu-", 5) != 0)
		return false;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (strncmp(name + 5, machines[i], strlen(machines[i])) == 0)
			return strncmp(name + 5, own, sizeof(own) - 1) != 0;
	return false;
}

/* Entries of the environment that has to replace this one, or 0: none. */
static size_t exec_replaces(const struct exec_file *file, char *const *environment)
{
	size_t index, count;
	const char *preload;

	if (agent_filtered())
		return 0;
	preload = exec_preload(environment, &index, &count);
	if (!preload || count > EXEC_ENTRIES_MAX || strlen(preload) >= EXEC_VALUE_MAX)
		return 0;
	return exec_library_gone(preload) || exec_emulates_another(file->path) ||
			       exec_cannot_load(exec_open(file))
		       ? count
		       : 0;
}

/* Room for what remains of the preload. */
static size_t exec_value_bytes(char *const *environment)
{
	size_t index, count;
	const char *preload = exec_preload(environment, &index, &count);

	return preload ? strlen(preload) + 1 : 1;
}

static void exec_replace(char **to, char *value, char *const *from)
{
	size_t index = 0, count, used = 0;
	const char *preload = exec_preload(from, &index, &count);
	bool stays = exec_without(value, preload);

	for (size_t i = 0; i < count; i++) {
		if (i != index)
			to[used++] = from[i];
		else if (stays)
			to[used++] = value;
	}
	to[used] = NULL;
}

/* On the caller's stack, which lasts until the call is done. */
#define EXEC_ENVIRONMENT(file, environment)                                              \
	do {                                                                             \
		size_t entries = exec_replaces(file, environment);                       \
                                                                                         \
		if (entries > 0) {                                                       \
			char **to = alloca((entries + 1) * sizeof(*to));                 \
                                                                                         \
			exec_replace(to, alloca(exec_value_bytes(environment)),          \
				     environment);                                       \
			(environment) = to;                                              \
		}                                                                        \
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

#define SPAWN_PARAMETERS                                                                 \
	(pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,       \
	 const posix_spawnattr_t *attributes, char *const *words,                        \
	 char *const *environment)

WRAP_DECLARE(int, posix_spawn, SPAWN_PARAMETERS)
WRAP_DECLARE(int, posix_spawnp, SPAWN_PARAMETERS)

int wrap_posix_spawn SPAWN_PARAMETERS
{
	const struct exec_file file = {.path = path, .dir = AT_FDCWD, .fd = -1};

	EXEC_ENVIRONMENT(&file, environment);
	return WRAP_REAL(posix_spawn)(pid, path, actions, attributes, words, environment);
}

int wrap_posix_spawnp SPAWN_PARAMETERS
{
	const struct exec_file file = {
		.path = path, .dir = AT_FDCWD, .fd = -1, .search = true};

	EXEC_ENVIRONMENT(&file, environment);
	return WRAP_REAL(posix_spawnp)(pid, path, actions, attributes, words,
				       environment);
}
