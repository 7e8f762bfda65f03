/* SPDX-License-Identifier: MIT */
/* Finds the files of a process's modules and of their debug information for libdwfl.
 * Modules are opened through the process's own root directory, so that containers work.
 * */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/elf/image.h"
#include "source/proc/pages.h"
#include "source/symbols/debuginfod.h"
#include "source/symbols/private.h"

#define PATH_TEXT 4096u

/* Opens a path as the process sees it. */
static bool find_inside(struct target_file *file, const struct process *process,
			const char *name)
{
	char root[PATH_TEXT];

	if (target_file_open(file, process, name))
		return true;
	if (errno != ENOENT)
		return false;
	/* After a bare chroot(), the kernel shows paths relative to the namespace's root.
	 * */
	ssize_t got = process_root(process, root, sizeof(root));

	if (got > 1 && got < (ssize_t)sizeof(root) - 1 &&
	    strncmp(name, root, (size_t)got) == 0 && name[got] == '/')
		return target_file_open(file, process, name + got);
	/* The file may have been opened from outside the root. */
	return !target_file_is_elsewhere(process) && target_file_open_here(file, name);
}

static bool find_module(struct target_file *file, const struct process *process,
			const char *name)
{
	const char *deleted = strstr(name, " (deleted)");
	char target[PATH_TEXT];

	if (!deleted || deleted[10] != '\0')
		return find_inside(file, process, name);
	/* The file was deleted, but the executable can still be opened. */
	process_exe(process, target, sizeof(target));
	return strcmp(target, name) == 0 && target_file_open_exe(file, process);
}

/* Opening the file may block on a file system that does not respond. */
struct module_job {
	struct symbols *symbols;
	struct process process;
	int fd;
	char name[PATH_TEXT];
};

static void module_job(void *arg)
{
	struct module_job *job = arg;
	struct target_file file;

	job->fd = find_module(&file, &job->process, job->name)
			  ? elf_open(&job->symbols->files, &file, job->name)
			  : -1;
}

static int open_module(struct symbols *symbols, const char *name)
{
	struct module_job *job = calloc(1, sizeof(*job));
	int fd = -1;

	if (!job)
		return -1;
	job->symbols = symbols;
	/* The job may outlive what the process holds open. */
	job->process = process_named(symbols->kernel->process.alive);
	if (snprintf(job->name, sizeof(job->name), "%s", name) >=
	    (int)sizeof(job->name)) {
		free(job);
		return -1;
	}
	if (pages_run(symbols->kernel->pages, module_job, job)) {
		fd = job->fd;
		free(job);
	}
	return fd;
}

/* A module's userdata points to symbols after each report. */
int symbols_find_elf(Dwfl_Module *mod, void **userdata, const char *module_name,
		     Dwarf_Addr base, char **file_name, Elf **elf)
{
	struct symbols *symbols = *userdata;

	if (module_name[0] != '/')
		return dwfl_linux_proc_find_elf(mod, userdata, module_name, base,
						file_name, elf);
	int fd = symbols ? open_module(symbols, module_name) : -1;

	if (fd >= 0)
		*file_name = strdup(module_name);
	return fd;
}

/* Opens the file that the module's debug link names, in the places that debuggers search.
 * */
static int open_link(struct symbols *symbols, Dwfl_Module *mod, const char *name,
		     const char *link, uint32_t crc)
{
	const unsigned char *id = NULL;
	struct target_file file;
	char path[PATH_TEXT];
	GElf_Addr address;
	int length = dwfl_module_build_id(mod, &id, &address);
	int fd = -1;
	bool inside;

	for (unsigned way = 0;
	     fd < 0 && elf_link_path(path, sizeof(path), name, link, way, &inside); way++)
		if (inside ? find_inside(&file, &symbols->kernel->process, path)
			   : target_file_open_here(&file, path))
			fd = elf_open_debug(&symbols->files, &file, path, id,
					    length > 0 ? (size_t)length : 0, crc);
	return fd;
}

/* Opens a file that several files of debug information share. It has a path and no
 * checksum. If it is not found, libdw would search for it itself, so it gets an empty
 * one. */
static int open_shared(struct symbols *symbols, const char *link)
{
	struct target_file file;
	int fd = -1;

	if (strncmp(link, ELF_DEBUG_ROOT "/", sizeof(ELF_DEBUG_ROOT)) == 0 &&
	    !strstr(link, "/../") && target_file_open_here(&file, link))
		fd = elf_open(&symbols->files, &file, link);
	return fd >= 0 ? fd : elf_image_empty();
}

/* libdwfl's own search could block on a FIFO, and on a server. */
int symbols_find_debuginfo(Dwfl_Module *mod, void **userdata, const char *module_name,
			   Dwarf_Addr base, const char *file_name, const char *link,
			   GElf_Word crc, char **found)
{
	struct symbols *symbols = *userdata;
	const unsigned char *id;
	GElf_Addr address;
	int fd = dwfl_build_id_find_debuginfo(mod, userdata, module_name, base, file_name,
					      link, crc, found);

	if (fd >= 0 || !symbols)
		return fd;
	if (link && crc == 0)
		fd = open_shared(symbols, link);
	else if (link)
		fd = open_link(symbols, mod, module_name, link, crc);
	int length = fd < 0 ? dwfl_module_build_id(mod, &id, &address) : 0;

	if (length > 0)
		fd = debuginfod_open(symbols->fetch, id, (size_t)length);
	if (fd >= 0)
		*found = strdup(link ? link : module_name);
	return fd;
}
