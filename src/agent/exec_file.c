/* SPDX-License-Identifier: MIT */
#include "agent/exec_file.h"

#include <alloca.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/raw.h"
#include "agent/state.h"

/* A script's interpreter may itself be a script; the kernel's limit is 5. */
#define EXEC_SCRIPTS_MAX 5
/* In nearly every program the name of its dynamic linker is within this range too. */
#define EXEC_HEAD_BYTES  1024
#define EXEC_PHDRS_MAX   32
/* These buffers are on stacks that may be as small as 16 KB. */
#define EXEC_LINKER_MAX  256

/* This process's own dynamic linker; empty if unknown. */
static char exec_linker[EXEC_LINKER_MAX];

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
					(const char *)info->dlpi_addr +
						info->dlpi_phdr[i].p_vaddr,
					sizeof(exec_linker));
	/* The first object is the program itself. */
	return 1;
}

__attribute__((constructor(102))) static void exec_start(void)
{
	dl_iterate_phdr(exec_find_linker, NULL);
}

/*
 * A different file under the same name belongs to another build of the C library, which
 * may be too old for this library and would refuse to start the program.
 */
static bool exec_other_linker(const char *linker)
{
	struct stat ours = {0}, theirs = {0};

	if (!exec_linker[0] || strcmp(linker, exec_linker) == 0)
		return false;
	if (strcmp(exec_base(linker), exec_base(exec_linker)) != 0)
		return true;
	if (agent_filtered())
		return true;
	return raw4(SYS_newfstatat, AT_FDCWD, exec_linker, &ours, 0) == 0 &&
	       raw4(SYS_newfstatat, AT_FDCWD, linker, &theirs, 0) == 0 &&
	       (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino);
}

/* The first bytes of a file. */
struct exec_head {
	int fd;
	size_t bytes;
	char text[EXEC_HEAD_BYTES + 1] __attribute__((aligned(8)));
};

static bool exec_read(const struct exec_head *head, void *to, size_t bytes, uint64_t at)
{
	if (at < head->bytes && bytes <= head->bytes - at) {
		memcpy(to, head->text + at, bytes);
		return true;
	}
	return !agent_filtered() &&
	       raw4(SYS_pread64, head->fd, to, bytes, at) == (long)bytes;
}

/* Returns whether the program's dynamic linker belongs to another C library, or cannot be
 * read. */
static bool exec_foreign_linker(const struct exec_head *head)
{
	const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)head->text;
	char linker[EXEC_LINKER_MAX];

	if (header->e_phentsize != sizeof(ElfW(Phdr)))
		return true;
	for (unsigned i = 0; i < header->e_phnum && i < EXEC_PHDRS_MAX; i++) {
		ElfW(Phdr) entry = {0};

		if (!exec_read(head, &entry, sizeof(entry),
			       header->e_phoff + i * sizeof(entry)))
			return true;
		if (entry.p_type != PT_INTERP)
			continue;
		size_t bytes = entry.p_filesz;

		if (bytes == 0 || bytes >= sizeof(linker) ||
		    !exec_read(head, linker, bytes, entry.p_offset))
			return true;
		linker[bytes] = '\0';
		return exec_other_linker(linker);
	}
	/* A static program: the programs that it starts may be able to load the
	 * library. */
	return false;
}

static bool exec_is_file(int dir, const char *path)
{
	struct stat about = {0};

	return raw4(SYS_newfstatat, dir, path, &about, 0) == 0 && S_ISREG(about.st_mode);
}

/* Opens regular files only. Opening a FIFO waits for its other end, and opening a device
 * may have side effects. */
static int exec_open_at(int dir, const char *path)
{
	if (!agent_filtered() && !exec_is_file(dir, path))
		return -1;
	return (int)raw4(SYS_openat, dir, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
}

/* A file that cannot be read may be of any kind. */
enum exec_verdict { EXEC_LOADS, EXEC_CANNOT, EXEC_SCRIPT };

/* Replaces the head's text by the first word after "#!". */
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

/* For a script, head->text holds the interpreter's path afterwards. */
static enum exec_verdict exec_inspect(struct exec_head *head)
{
	const ElfW(Ehdr) *ours = (const ElfW(Ehdr) *)head->text;
	struct stat about = {0};
	bool filtered = agent_filtered();
	long got = filtered ? raw3(SYS_read, head->fd, head->text, EXEC_HEAD_BYTES)
			    : raw4(SYS_pread64, head->fd, head->text, EXEC_HEAD_BYTES, 0);

	if (got < 0)
		return EXEC_CANNOT;
	if (got < 2)
		return EXEC_LOADS;
	head->bytes = (size_t)got;
	head->text[got] = '\0';
	if (head->text[0] == '#' && head->text[1] == '!')
		return exec_interpreter(head->text) ? EXEC_SCRIPT : EXEC_LOADS;
	if (got < (long)sizeof(*ours) || memcmp(head->text, ELFMAG, SELFMAG) != 0)
		return EXEC_LOADS;
	if (!filtered && raw2(SYS_fstat, head->fd, &about) == 0 &&
	    (about.st_mode & (S_ISUID | S_ISGID)))
		return EXEC_CANNOT;
#if defined(__x86_64__)
	if (ours->e_ident[EI_CLASS] != ELFCLASS64 || ours->e_machine != EM_X86_64)
		return EXEC_CANNOT;
#elif defined(__aarch64__)
	if (ours->e_ident[EI_CLASS] != ELFCLASS64 || ours->e_machine != EM_AARCH64)
		return EXEC_CANNOT;
#endif
	return exec_foreign_linker(head) ? EXEC_CANNOT : EXEC_LOADS;
}

static bool exec_can_execute(const char *path)
{
	char byte;

	if (!agent_filtered())
		return exec_is_file(AT_FDCWD, path) &&
		       raw3(SYS_faccessat, AT_FDCWD, path, X_OK) == 0;
	int fd = exec_open_at(AT_FDCWD, path);

	if (fd < 0)
		return false;
	long got = raw3(SYS_read, fd, &byte, 1);

	raw1(SYS_close, fd);
	return got >= 0;
}

/* Finds the first executable file of this name, as execvp() does. */
static int exec_search(const char *name)
{
	const char *folders = getenv("PATH");
	size_t name_bytes = strlen(name) + 1, longest = 0;

	if (!folders)
		folders = "/bin:/usr/bin";
	if (name_bytes > NAME_MAX + 1)
		return -1;
	for (const char *at = folders; *at; at += at[0] == ':') {
		size_t bytes = strcspn(at, ":");

		if (bytes > longest && bytes < PATH_MAX)
			longest = bytes;
		at += bytes;
	}
	/* The real function allocates it on the stack too. */
	char *path = alloca(longest + 1 + name_bytes);

	for (const char *at = folders;; at++) {
		size_t bytes = strcspn(at, ":");

		if (bytes <= longest) {
			memcpy(path, at, bytes);
			path[bytes] = '/';
			memcpy(path + bytes + (bytes > 0), name, name_bytes);
			if (exec_can_execute(path))
				return exec_open_at(AT_FDCWD, path);
		}
		at += bytes;
		if (*at == '\0')
			return -1;
	}
}

static int exec_open(const struct exec_file *file)
{
	if (file->fd >= 0 && agent_filtered())
		return -1;
	if (file->fd >= 0)
		return (int)raw3(SYS_fcntl, file->fd, F_DUPFD_CLOEXEC, 0);
	if (!file->path || !file->path[0])
		return -1;
	if (file->search && !strchr(file->path, '/'))
		return exec_search(file->path);
	/* It is not known here where the child will look for it. */
	if (file->moves && file->path[0] != '/')
		return -1;
	return exec_open_at(file->dir, file->path);
}

/*
 * Emulators such as qemu-i386 pass their environment on to a program for another machine,
 * whose dynamic linker would complain. qemu-x86_64 and its tools (qemu-system-…,
 * qemu-img) can load the library.
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

bool exec_cannot_load(const struct exec_file *file)
{
	enum exec_verdict verdict = EXEC_SCRIPT;
	struct exec_head head;

	if (exec_emulates_another(file->path))
		return true;
	for (int depth = 0; depth <= EXEC_SCRIPTS_MAX && verdict == EXEC_SCRIPT;
	     depth++) {
		head.fd =
			depth == 0 ? exec_open(file) : exec_open_at(AT_FDCWD, head.text);
		if (head.fd < 0)
			return true;
		head.bytes = 0;
		verdict = exec_inspect(&head);
		raw1(SYS_close, head.fd);
	}
	return verdict == EXEC_CANNOT;
}
