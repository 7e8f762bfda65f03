/* SPDX-License-Identifier: MIT */
/* The files of a process's modules and of their debug information. Modules are read through
 * the process's own root directory, so that containers work. Whoever owns the process may
 * put anything where a file should be: only regular files are opened, none is waited for,
 * and those of other users are copied first, since a mapped file that shrinks is fatal. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/target_file.h"
#include "source/debuginfod.h"
#include "source/symbols_private.h"

#define FOREIGN_BYTES_MAX (512ll << 20)
#define FOREIGN_LINES_MAX (16ll << 20)
#define DEBUG_BYTES_MAX   (2ll << 30)
#define PATH_TEXT         (4096u + 64u)
#define DEBUG_ROOT        "/usr/lib/debug"

/* A copy that its owner cannot change; closes fd. */
static int copy_file(int fd, off_t bytes)
{
	int copy = bytes <= FOREIGN_BYTES_MAX ? memfd_create("module", MFD_CLOEXEC) : -1;
	off_t at = 0;

	while (copy >= 0 && at < bytes)
		if (sendfile(copy, fd, &at, (size_t)(bytes - at)) <= 0)
			break;
	close(fd);
	return copy;
}

/* What a section takes once it is read: a few bytes of a compressed one may be gigabytes. */
static int64_t section_bytes(Elf_Scn *section, const GElf_Shdr *header)
{
	GElf_Chdr compressed;

	if (header->sh_type == SHT_NOBITS)
		return 0;
	if (!(header->sh_flags & SHF_COMPRESSED))
		return (int64_t)(header->sh_size & INT64_MAX);
	return gelf_getchdr(section, &compressed)
		       ? (int64_t)(compressed.ch_size & INT64_MAX)
		       : FOREIGN_BYTES_MAX + 1;
}

/* Whether libdw can be let loose on somebody else's file. A byte of line numbers becomes
 * fifty in memory. */
static bool is_modest(int fd)
{
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	Elf_Scn *section = NULL;
	size_t names = 0;
	bool modest = elf && elf_getshdrstrndx(elf, &names) == 0;

	while (modest && (section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		bool read = gelf_getshdr(section, &header) != NULL;
		const char *name = read ? elf_strptr(elf, names, header.sh_name) : NULL;
		bool lines = name && strcmp(name, ".debug_line") == 0;
		/* Compressed in the way of old; its header is libdw's affair. */
		bool old = name && strncmp(name, ".zdebug", 7) == 0;

		modest = read && !old &&
			 section_bytes(section, &header) <=
				 (lines ? FOREIGN_LINES_MAX : FOREIGN_BYTES_MAX);
	}
	elf_end(elf);
	return modest;
}

static int open_foreign(int fd, off_t bytes)
{
	int copy = copy_file(fd, bytes);

	if (copy < 0 || is_modest(copy))
		return copy;
	close(copy);
	return -1;
}

/* Its descriptor, or one of a copy. */
static int take(bool opened, const struct target_file *file)
{
	if (!opened)
		return -1;
	return file->foreign ? open_foreign(file->fd, file->st.st_size) : file->fd;
}

/* A file of our own that the target names. */
static int open_here(const char *name)
{
	struct target_file file;

	return take(target_file_open_here(&file, name), &file);
}

/* A path as the process sees it. */
static int open_inside(pid_t pid, const char *name)
{
	struct target_file file;
	char link[32], root[4096];

	if (target_file_open(&file, pid, name))
		return take(true, &file);
	if (errno != ENOENT)
		return -1;
	/* After chroot() alone the kernel names files from the root of the namespace. */
	snprintf(link, sizeof(link), "/proc/%d/root", (int)pid);
	ssize_t got = readlink(link, root, sizeof(root));

	if (got > 1 && got < (ssize_t)sizeof(root) &&
	    strncmp(name, root, (size_t)got) == 0 && name[got] == '/')
		return take(target_file_open(&file, pid, name + got), &file);
	/* It may have come from outside of its root. */
	return target_file_is_elsewhere(pid) ? -1 : open_here(name);
}

static int open_module(pid_t pid, const char *name)
{
	const char *deleted = strstr(name, " (deleted)");
	struct target_file file;
	char path[32];
	char target[4096];

	if (!deleted || deleted[10] != '\0')
		return open_inside(pid, name);
	/* The file is gone, but the executable can still be reached. */
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	ssize_t got = readlink(path, target, sizeof(target) - 1);

	target[got > 0 ? got : 0] = '\0';
	return strcmp(target, name) == 0 ? take(target_file_open_exe(&file, pid), &file)
					 : -1;
}

/* A module's userdata is set to its symbols after each report. */
int symbols_find_elf(Dwfl_Module *mod, void **userdata, const char *module_name,
		     Dwarf_Addr base, char **file_name, Elf **elf)
{
	const struct symbols *symbols = *userdata;

	if (!symbols || module_name[0] != '/')
		return dwfl_linux_proc_find_elf(mod, userdata, module_name, base,
						file_name, elf);
	int fd = open_module(symbols->kernel->alive, module_name);

	if (fd >= 0)
		*file_name = strdup(module_name);
	return fd;
}

/* Whether the file is the one that the link means. */
static bool has_crc(int fd, uint32_t wanted)
{
	static const off_t step = 1 << 20;
	unsigned char *bytes = malloc((size_t)step);
	uLong sum = crc32(0, NULL, 0);
	off_t at = 0;
	ssize_t got = bytes ? 1 : 0;

	while (got > 0 && at < DEBUG_BYTES_MAX) {
		got = pread(fd, bytes, (size_t)step, at);
		if (got > 0)
			sum = crc32(sum, bytes, (uInt)got);
		at += got > 0 ? got : 0;
	}
	free(bytes);
	return got == 0 && at > 0 && sum == wanted;
}

static int check_crc(int fd, uint32_t crc)
{
	if (fd < 0 || has_crc(fd, crc))
		return fd;
	close(fd);
	return -1;
}

/* By the name that the module says, in the places where debuggers look. */
static int open_link(pid_t pid, const char *file, const char *link, uint32_t crc)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	const char *name = strrchr(link, '/');
	char path[4096];
	int folder = slash ? (int)(slash - file) : 0;

	/* What several share, and what it was compressed against, lies at a path. */
	if (strncmp(link, DEBUG_ROOT "/", sizeof(DEBUG_ROOT)) == 0 &&
	    !strstr(link, "/../"))
		return open_here(link);
	name = name ? name + 1 : link;
	if (!slash || !name[0] || strnlen(name, 256) > 255 || folder > 3500)
		return -1;
	snprintf(path, sizeof(path), "%.*s/.debug/%s", folder, file, name);
	int fd = check_crc(open_inside(pid, path), crc);

	if (fd < 0 && strcmp(name, slash + 1) != 0) {
		snprintf(path, sizeof(path), "%.*s/%s", folder, file, name);
		fd = check_crc(open_inside(pid, path), crc);
	}
	if (fd < 0) {
		snprintf(path, sizeof(path), DEBUG_ROOT "%.*s/%s", folder, file, name);
		fd = check_crc(open_here(path), crc);
	}
	return fd;
}

/* libdwfl's own search would wait for a fifo in place of a file, and for a server. */
int symbols_find_debuginfo(Dwfl_Module *mod, void **userdata, const char *module_name,
			   Dwarf_Addr base, const char *file_name, const char *link,
			   GElf_Word crc, char **found)
{
	const struct symbols *symbols = *userdata;
	const unsigned char *id;
	GElf_Addr address;
	int fd = dwfl_build_id_find_debuginfo(mod, userdata, module_name, base, file_name,
					      link, crc, found);

	if (fd >= 0 || !symbols)
		return fd;
	if (link)
		fd = open_link(symbols->kernel->alive, module_name, link, crc);
	int length = fd < 0 ? dwfl_module_build_id(mod, &id, &address) : 0;

	if (length > 0)
		fd = debuginfod_open(symbols->fetch, id, (size_t)length);
	if (fd >= 0)
		*found = strdup(link ? link : module_name);
	return fd;
}
