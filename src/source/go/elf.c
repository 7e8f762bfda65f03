/* SPDX-License-Identifier: MIT */
/* Program headers come from memory (AT_PHDR), sections from /proc/PID/exe, since the path
 * may be gone or refer to another file. Every count and offset is bounded. */
#include "source/go/elf.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "source/proc/pages.h"
#include "source/proc/target_file.h"

#define SECTIONS_MAX     1024u
#define NAMES_BYTES_MAX  (1u << 20)
#define SYMTAB_BYTES_MAX (96u << 20)
#define SYMBOLS_PER_READ 4096u
#define SEGMENT_END_MAX  (1ull << 47)

struct aux {
	uint64_t phdr;
	uint64_t phnum;
};

static int set_denied(pid_t pid, struct err *e)
{
	return err_set(e, ERR_PERM,
		       "no permission to read the memory of process %d: run grmon-c as "
		       "its user or as root, or set kernel.yama.ptrace_scope to 0",
		       (int)pid);
}

static int read_aux(const struct process *process, struct aux *aux, struct err *e)
{
	const pid_t pid = process->pid;
	uint64_t words[128];
	ssize_t got = process_auxv(process, words, sizeof(words));

	if (got == -EACCES || got == -EPERM)
		return set_denied(pid, e);
	if (got < 0)
		return err_sys(e, (int)-got,
			       "cannot read the auxiliary vector of process %d",
			       (int)pid);
	memset(aux, 0, sizeof(*aux));
	for (ssize_t i = 0; i + 16 <= got; i += 16) {
		const uint64_t *pair = &words[i / 8];

		if (pair[0] == AT_PHDR)
			aux->phdr = pair[1];
		else if (pair[0] == AT_PHNUM)
			aux->phnum = pair[1];
	}
	if (!aux->phdr || !aux->phnum || aux->phnum > 256)
		return err_set(e, ERR_UNSUPPORTED,
			       "the auxiliary vector of process %d does not describe its "
			       "executable",
			       (int)pid);
	return 0;
}

void go_elf_segments(struct go_elf *elf, const Elf64_Phdr *headers, size_t nr_headers)
{
	elf->nr_segments = 0;
	for (size_t i = 0; i < nr_headers && elf->nr_segments < GO_SEGMENTS_MAX; i++) {
		const Elf64_Phdr *header = &headers[i];
		struct go_segment *segment = &elf->segments[elf->nr_segments];

		segment->start = header->p_vaddr + elf->bias;
		if (header->p_type != PT_LOAD || segment->start > SEGMENT_END_MAX ||
		    header->p_memsz > SEGMENT_END_MAX ||
		    header->p_filesz > header->p_memsz)
			continue;
		segment->file_end = segment->start + header->p_filesz;
		segment->end = segment->start + header->p_memsz;
		segment->writable = header->p_flags & PF_W;
		segment->executable = header->p_flags & PF_X;
		elf->nr_segments++;
	}
}

static int read_segments(struct go_elf *elf, struct memory *mem, const struct aux *aux,
			 struct err *e)
{
	Elf64_Phdr headers[256];

	if (!memory_read(mem, aux->phdr, headers, aux->phnum * sizeof(headers[0])))
		return mem->failed == EPERM
			       ? set_denied(mem->process.pid, e)
			       : err_sys(e, mem->failed,
					 "cannot read the memory of process %d",
					 (int)mem->process.pid);
	elf->bias = 0;
	for (size_t i = 0; i < aux->phnum; i++)
		if (headers[i].p_type == PT_PHDR)
			elf->bias = aux->phdr - headers[i].p_vaddr;
	go_elf_segments(elf, headers, aux->phnum);
	return 0;
}

static bool read_at(int fd, uint64_t offset, void *out, size_t bytes)
{
	return offset < INT64_MAX &&
	       pread(fd, out, bytes, (off_t)offset) == (ssize_t)bytes;
}

static void note_section(struct go_elf *elf, const Elf64_Shdr *section, const char *name)
{
	struct go_range range = {section->sh_addr + elf->bias, 0};

	range.end = range.start + section->sh_size;
	if (section->sh_addr && range.end > range.start) {
		if (strcmp(name, ".gopclntab") == 0 ||
		    strcmp(name, ".data.rel.ro.gopclntab") == 0)
			elf->pclntab = range;
		else if (strcmp(name, ".go.buildinfo") == 0)
			elf->buildinfo = range;
	}
	range.start = section->sh_offset;
	range.end = range.start + section->sh_size;
	if (range.end > range.start && section->sh_size <= SYMTAB_BYTES_MAX) {
		if (section->sh_type == SHT_SYMTAB &&
		    section->sh_entsize == sizeof(Elf64_Sym))
			elf->symtab = range;
		else if (strcmp(name, ".strtab") == 0)
			elf->strtab = range;
	}
}

static void read_sections(struct go_elf *elf, int fd)
{
	Elf64_Ehdr header;
	Elf64_Shdr *sections = NULL;
	char *names = NULL;
	size_t bytes, count;

	if (!read_at(fd, 0, &header, sizeof(header)) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shoff == 0 ||
	    header.e_shnum == 0 || header.e_shnum > SECTIONS_MAX ||
	    header.e_shentsize != sizeof(Elf64_Shdr) ||
	    header.e_shstrndx >= header.e_shnum)
		return;
	count = header.e_shnum;
	sections = calloc(count, sizeof(*sections));
	if (!sections ||
	    !read_at(fd, header.e_shoff, sections, count * sizeof(*sections)))
		goto out;
	bytes = sections[header.e_shstrndx].sh_size;
	if (bytes == 0 || bytes > NAMES_BYTES_MAX)
		goto out;
	names = calloc(1, bytes + 1);
	if (!names || !read_at(fd, sections[header.e_shstrndx].sh_offset, names, bytes))
		goto out;
	elf->sections = true;
	for (size_t i = 0; i < count; i++)
		if (sections[i].sh_name < bytes)
			note_section(elf, &sections[i], names + sections[i].sh_name);
out:
	free(names);
	free(sections);
}

static int open_exe(const struct process *process)
{
	struct target_file file;

	return target_file_open_exe(&file, process) ? file.fd : -1;
}

struct sections_job {
	struct process process;
	struct go_elf elf;
};

static void sections_job(void *arg)
{
	struct sections_job *job = arg;
	int fd = open_exe(&job->process);

	if (fd < 0)
		return;
	read_sections(&job->elf, fd);
	close(fd);
}

int go_elf_read(struct go_elf *elf, struct memory *mem, struct err *e)
{
	struct aux aux = {0};
	struct sections_job *job;
	int rc;

	memset(elf, 0, sizeof(*elf));
	rc = read_aux(&mem->process, &aux, e);
	if (rc)
		return rc;
	rc = read_segments(elf, mem, &aux, e);
	if (rc)
		return rc;
	job = calloc(1, sizeof(*job));
	if (!job)
		return 0; /* without the file, memory is searched */
	/* The job may outlive what the process holds open. */
	job->process = process_named(mem->process.alive);
	job->elf = *elf;
	if (pages_run(mem->pages, sections_job, job)) {
		*elf = job->elf;
		free(job);
	}
	return 0;
}

bool go_elf_is_go(const struct go_elf *elf)
{
	return elf->pclntab.start || elf->buildinfo.start;
}

bool go_elf_contains(const struct go_elf *elf, uint64_t address, bool writable)
{
	for (size_t i = 0; i < elf->nr_segments; i++) {
		const struct go_segment *segment = &elf->segments[i];

		if (address >= segment->start && address < segment->end)
			return segment->writable || !writable;
	}
	return false;
}

struct wanted {
	const char *const *names;
	uint64_t *addresses;
	size_t count;
	uint64_t bias;
};

static void match_symbols(const struct wanted *wanted, const Elf64_Sym *symbols,
			  size_t count, const char *texts, size_t text_bytes)
{
	for (size_t i = 0; i < count; i++) {
		const Elf64_Sym *symbol = &symbols[i];

		if (ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT ||
		    symbol->st_value == 0 || symbol->st_name >= text_bytes)
			continue;
		for (size_t k = 0; k < wanted->count; k++)
			if (strcmp(texts + symbol->st_name, wanted->names[k]) == 0)
				wanted->addresses[k] = symbol->st_value + wanted->bias;
	}
}

void go_elf_symbols(const struct go_elf *elf, const struct process *process,
		    const char *const *names, size_t count, uint64_t *addresses)
{
	struct wanted wanted = {names, addresses, count, elf->bias};
	size_t text_bytes = elf->strtab.end - elf->strtab.start;
	Elf64_Sym *symbols = calloc(SYMBOLS_PER_READ, sizeof(*symbols));
	char *texts = calloc(1, text_bytes + 1);
	int fd = open_exe(process);

	memset(addresses, 0, count * sizeof(*addresses));
	if (!symbols || !texts || fd < 0 || !elf->symtab.start || text_bytes == 0 ||
	    !read_at(fd, elf->strtab.start, texts, text_bytes))
		goto out;
	for (uint64_t at = elf->symtab.start; at < elf->symtab.end;) {
		size_t bytes = SYMBOLS_PER_READ * sizeof(*symbols);

		if (bytes > elf->symtab.end - at)
			bytes = elf->symtab.end - at;
		if (!read_at(fd, at, symbols, bytes))
			break;
		match_symbols(&wanted, symbols, bytes / sizeof(*symbols), texts,
			      text_bytes);
		at += bytes;
	}
out:
	if (fd >= 0)
		close(fd);
	free(texts);
	free(symbols);
}
