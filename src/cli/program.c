/* SPDX-License-Identifier: MIT */
/* Checks what the kernel and the dynamic linker will check. A wrong result here leads to
 * a wrong message, but never prevents the start. */
#include "cli/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fdio.h"
#include "base/text.h"
#include "grmon.h"
#include "source/child/sanitizer.h"

#define HEAD_BYTES   4096u
#define TEXT_OF(x)   #x
#define TEXT(x)      TEXT_OF(x)
#define RUNTIME_NAME "libgrmon.so." TEXT(GRMON_VERSION_MAJOR)
#define GO_DATA_MAX  (64u << 20)

static bool is_program(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
	       access(path, X_OK) == 0;
}

int program_find(const char *command, char *path, size_t size, struct err *e)
{
	const char *folders = getenv("PATH");

	if (!*command)
		return err_set(e, ERR_NOTFOUND, "the command to run is empty");
	if (strchr(command, '/')) {
		snprintf(path, size, "%s", command);
		if (is_program(path))
			return 0;
		if (access(path, F_OK) != 0)
			return err_set(e, ERR_NOTFOUND, "cannot run %s: %s", command,
				       strerror(errno));
		return err_set(e, ERR_NOTFOUND,
			       "cannot run %s: it is not an executable file", command);
	}
	for (const char *at = folders && *folders ? folders
						  : "/usr/local/bin:/usr/bin:/bin";
	     at;) {
		size_t bytes = strcspn(at, ":");

		snprintf(path, size, "%.*s%s%s", (int)bytes, at, bytes ? "/" : "./",
			 command);
		if (is_program(path))
			return 0;
		at = at[bytes] ? at + bytes + 1 : NULL;
	}
	return err_set(
		e, ERR_NOTFOUND,
		"there is no program '%s' in PATH; give its path if it is elsewhere",
		command);
}

/* Returns true if the loader will use secure mode for this file and user. */
static bool is_secure(int fd)
{
	struct stat status;
	char capability[64];

	if (fstat(fd, &status) != 0)
		return false;
	if ((status.st_mode & S_ISUID) && status.st_uid != getuid())
		return true;
	if ((status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
	    status.st_gid != getgid())
		return true;
	return getuid() != 0 &&
	       fgetxattr(fd, "security.capability", capability, sizeof(capability)) > 0;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Finds the dynamic linker of this program, which uses the same C library as the
 * agent. */
static int find_own_linker(struct dl_phdr_info *info, size_t bytes, void *name)
{
	(void)bytes;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			*(const char **)name = last_part((const char *)info->dlpi_addr +
							 info->dlpi_phdr[i].p_vaddr);
	return 1;
}

/* Determines the kind from the file's dynamic linker. */
static enum program_kind kind_of_linker(int fd, const ElfW(Phdr) * part)
{
	const char *own = NULL;
	char linker[PATH_MAX];

	dl_iterate_phdr(find_own_linker, &own);
	if (!own || part->p_filesz == 0 || part->p_filesz >= sizeof(linker) ||
	    pread(fd, linker, part->p_filesz, (off_t)part->p_offset) !=
		    (ssize_t)part->p_filesz)
		return PROGRAM_DYNAMIC;
	linker[part->p_filesz] = '\0';
	return strcmp(last_part(linker), own) == 0 ? PROGRAM_DYNAMIC : PROGRAM_LIBC;
}

static enum program_kind kind_of_parts(int fd, const ElfW(Ehdr) * header)
{
	for (unsigned i = 0; i < header->e_phnum && i < 256; i++) {
		ElfW(Phdr) part;
		off_t at = (off_t)(header->e_phoff + (uint64_t)i * sizeof(part));

		if (pread(fd, &part, sizeof(part), at) != (ssize_t)sizeof(part))
			break;
		if (part.p_type == PT_INTERP)
			return kind_of_linker(fd, &part);
	}
	return PROGRAM_STATIC;
}

static enum program_kind inspect_elf(int fd, const char *head, size_t length)
{
	const int class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
	ElfW(Ehdr) header, own;
	int self;

	if (length < sizeof(header) || head[EI_CLASS] != class)
		return PROGRAM_FOREIGN;
	memcpy(&header, head, sizeof(header));
	self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (self >= 0) {
		if (pread(self, &own, sizeof(own), 0) == (ssize_t)sizeof(own) &&
		    own.e_machine != header.e_machine) {
			close(self);
			return PROGRAM_FOREIGN;
		}
		close(self);
	}
	if (header.e_phentsize != sizeof(ElfW(Phdr)))
		return PROGRAM_UNKNOWN;
	return kind_of_parts(fd, &header);
}

/* Extracts the path from "#! /path argument", in place. */
static const char *script_interpreter(char *head)
{
	char *path = head + 2 + strspn(head + 2, " \t");

	path[strcspn(path, " \t\r\n")] = '\0';
	return *path == '/' ? path : NULL;
}

static enum program_kind inspect_file(const char *path, int depth)
{
	enum program_kind kind = PROGRAM_UNKNOWN;
	char head[HEAD_BYTES];
	ssize_t length;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return PROGRAM_UNKNOWN;
	length = pread(fd, head, sizeof(head) - 1, 0);
	head[length > 0 ? length : 0] = '\0';
	if (length > SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0) {
		kind = is_secure(fd) ? PROGRAM_SECURE
				     : inspect_elf(fd, head, (size_t)length);
		if (kind == PROGRAM_DYNAMIC && sanitizer_comes_first(path))
			kind = PROGRAM_ASAN;
	} else if (length > 2 && head[0] == '#' && head[1] == '!' && depth < 4) {
		const char *interpreter = script_interpreter(head);

		if (interpreter)
			kind = inspect_file(interpreter, depth + 1);
	}
	close(fd);
	return kind;
}

enum program_kind program_inspect(const char *path)
{
	return inspect_file(path, 0);
}

/* Go's linker adds a note, and 32 bytes that describe how the program was built. */
static bool has_go_note(const char *bytes, size_t size)
{
	static const char note[] = "\4\0\0\0Go\0";

	for (size_t at = 0; at + 16 <= size; at += 4)
		if (memcmp(bytes + at, note, 4) == 0 &&
		    memcmp(bytes + at + 8, note, 4) == 0 &&
		    memcmp(bytes + at + 12, note + 4, 4) == 0)
			return true;
	return false;
}

static bool has_build_info(int fd, const ElfW(Phdr) * part)
{
	static const char magic[] = "\xff Go buildinf:";
	size_t size = part->p_filesz < GO_DATA_MAX ? part->p_filesz : GO_DATA_MAX;
	char *bytes = malloc(size + 1);
	ssize_t got = bytes ? pread(fd, bytes, size, (off_t)part->p_offset) : 0;
	bool found = got > 0 && memmem(bytes, (size_t)got, magic, sizeof(magic) - 1);

	free(bytes);
	return found;
}

static bool part_is_go(int fd, const ElfW(Phdr) * part)
{
	char notes[HEAD_BYTES];
	ssize_t got;

	if (part->p_type == PT_LOAD && (part->p_flags & PF_W) && part->p_filesz > 0)
		return has_build_info(fd, part);
	if (part->p_type != PT_NOTE)
		return false;
	got = pread(fd, notes,
		    part->p_filesz < sizeof(notes) ? part->p_filesz : sizeof(notes),
		    (off_t)part->p_offset);
	return got > 0 && has_go_note(notes, (size_t)got);
}

bool program_is_go(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ElfW(Ehdr) header;
	ElfW(Phdr) part;
	bool go = false;

	if (fd < 0)
		return false;
	if (pread(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header) &&
	    memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
	    header.e_phentsize == sizeof(part))
		for (unsigned i = 0; i < header.e_phnum && i < 256 && !go; i++) {
			off_t at = (off_t)(header.e_phoff + (uint64_t)i * sizeof(part));

			if (pread(fd, &part, sizeof(part), at) != (ssize_t)sizeof(part))
				break;
			go = part_is_go(fd, &part);
		}
	close(fd);
	return go;
}

int program_find_agent(char *path, size_t size, struct err *e)
{
	char folder[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
	/* The second path of each pair is the one in a runtime package. */
	static const char *const places[] = {"%s/libgrmon.so",
					     "%s/" RUNTIME_NAME,
					     "%s/../lib/libgrmon.so",
					     "%s/../lib/" RUNTIME_NAME,
					     GRMON_LIBDIR "/libgrmon.so",
					     GRMON_LIBDIR "/" RUNTIME_NAME};

	folder[length > 0 ? length : 0] = '\0';
	if (strrchr(folder, '/'))
		*strrchr(folder, '/') = '\0';
	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		char candidate[PATH_MAX + 32];
		const char *tail =
			text_starts_with(places[i], "%s") ? places[i] + 2 : NULL;

		if (tail && length <= 0)
			continue;
		snprintf(candidate, sizeof(candidate), "%s%s", tail ? folder : "",
			 tail ? tail : places[i]);
		if (size >= PATH_MAX && realpath(candidate, path))
			return 0;
	}
	return err_set(e, ERR_NOTFOUND,
		       "the agent libgrmon.so is neither beside this program, nor in "
		       "../lib, nor "
		       "in " GRMON_LIBDIR
		       "; install it with 'make install', or start the "
		       "command without 'grmon-c run' and watch it by its pid");
}

int program_set_preload(const char *agent, struct err *e)
{
	const char *before = getenv("LD_PRELOAD");
	struct buf value;
	int rc = 0;

	if (strpbrk(agent, " :\t"))
		return err_set(e, ERR_UNSUPPORTED,
			       "the dynamic linker does not accept a path with a space "
			       "or a colon: %s; install grmon-c elsewhere",
			       agent);
	buf_init(&value, 0);
	buf_puts(&value, agent);
	if (before && *before)
		buf_printf(&value, ":%s", before);
	if (value.failed || setenv("LD_PRELOAD", value.bytes, 1) != 0)
		rc = err_set(e, ERR_NOMEM, "out of memory for the environment");
	buf_release(&value);
	return rc;
}
