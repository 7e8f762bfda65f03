/* SPDX-License-Identifier: MIT */
/* source/elf_image and what it is made from: a copy of a real program names the same; files
 * that lie about themselves cost nothing; a file that is cut while it is read does no harm. */
#include "unit.h"

#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/elf/cfi.h"
#include "source/elf/dwarf.h"
#include "source/elf/image.h"
#include "source/elf/mini.h"
#include "source/elf/open.h"

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_linux_proc_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

/* Something to be found: its name, its line and its unwind table. */
__attribute__((noinline, used)) int test_named_function(int x);
__attribute__((noinline, used)) int test_named_function(int x)
{
	__asm__ volatile("");
	return x + 1;
}

static int open_self(struct elf_source *source)
{
	struct stat st;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*source = (struct elf_source){.fd = fd, .length = (uint64_t)st.st_size};
	return fd;
}

static int image_of_self(struct file_budget *budget)
{
	struct elf_source source;
	int fd = open_self(&source);
	int image;

	image = elf_image_make(&source, "/self", budget);
	close(fd);
	return image;
}

/* The offset of test_named_function in this program by its own table of symbols. */
static uint64_t symbol_value(int fd, const char *wanted)
{
	uint64_t value = 0;

	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);

	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		GElf_Sym symbol;

		gelf_getshdr(section, &header);
		if (header.sh_type != SHT_SYMTAB)
			continue;
		Elf_Data *data = elf_getdata(section, NULL);

		for (int i = 0; gelf_getsym(data, i, &symbol); i++) {
			const char *name =
				elf_strptr(elf, header.sh_link, symbol.st_name);

			if (name && strcmp(name, wanted) == 0)
				value = symbol.st_value;
		}
	}
	elf_end(elf);
	return value;
}

static void names_are_the_same(void **state)
{
	struct file_budget budget;
	struct elf_source source;
	Dwarf_Frame *frame = NULL;
	Dwarf_Addr bias;

	assert_int_equal(test_named_function(1), 2);
	file_budget_init(&budget);
	int self = open_self(&source);
	int image = image_of_self(&budget);

	assert_true(image >= 0);
	assert_string_equal(budget.note, "");
	uint64_t value = symbol_value(self, "test_named_function");

	assert_true(value != 0);
	Dwfl *dwfl = dwfl_begin(&callbacks);

	dwfl_report_begin(dwfl);
	Dwfl_Module *mod =
		dwfl_report_elf(dwfl, "self", "/self", image, 0x100000000000, false);

	dwfl_report_end(dwfl, NULL, NULL);
	assert_non_null(mod);
	dwfl_module_getelf(mod, &bias);
	assert_string_equal(dwfl_module_addrname(mod, value + bias),
			    "test_named_function");
	Dwfl_Line *line = dwfl_module_getsrc(mod, value + bias);
	int number = 0;

	assert_non_null(line);
	assert_contains(dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL),
			"test_image.c");
	assert_true(number > 20 && number < 50);
	Dwarf_CFI *cfi = dwfl_module_eh_cfi(mod, &bias);

	assert_non_null(cfi);
	assert_int_equal(dwarf_cfi_addrframe(cfi, value, &frame), 0);
	free(frame);
	dwfl_end(dwfl);
	close(self);
}

static void nobody_can_change_it(void **state)
{
	struct file_budget budget;

	file_budget_init(&budget);
	int image = image_of_self(&budget);

	assert_int_equal(ftruncate(image, 0), -1);
	assert_int_equal(pwrite(image, "x", 1, 0), -1);
	close(image);
}

static void budget_is_kept(void **state)
{
	struct file_budget budget;
	struct elf_source source;

	file_budget_init(&budget);
	int self = open_self(&source);
	uint64_t before = budget.all_bytes;
	int image = elf_image_make(&source, "/self", &budget);
	uint64_t taken = before - budget.all_bytes;

	assert_true(image >= 0);
	assert_true(taken > 0 && taken <= source.length * 2);
	assert_int_equal(budget.look_bytes, FILE_BUDGET_LOOK_BYTES - taken);
	close(image);
	/* The debug information no longer fits, the symbols do. */
	budget.look_bytes = taken / 4;
	image = elf_image_make(&source, "/usr/lib/self.so", &budget);
	assert_true(image >= 0);
	assert_true(symbol_value(image, "test_named_function") != 0);
	assert_contains(budget.note, "debug information of self.so left out");
	close(image);
	/* In a new look it does, as long as the whole budget lasts. */
	file_budget_begin_look(&budget);
	budget.look_ns = 0;
	assert_int_equal(elf_image_make(&source, "/self", &budget), -1);
	file_budget_begin_look(&budget);
	budget.all_files = 0;
	assert_int_equal(elf_image_make(&source, "/self", &budget), -1);
	assert_false(file_budget_take(&budget, UINT64_MAX));
	close(self);
}

/* Whatever the bytes are: an answer, within the budget. */
static int image_of(const uint8_t *bytes, size_t length, struct file_budget *budget)
{
	struct elf_source source = {.fd = -1, .bytes = bytes, .length = length};

	file_budget_init(budget);
	elf_file_is_plain(&source);
	return elf_image_make(&source, "/bytes", budget);
}

static void broken_headers(void **state)
{
	static const size_t places[] = {4, 5, 16, 32, 40, 54, 56, 58, 60, 62};
	struct file_budget budget;
	struct elf_source source;
	int self = open_self(&source);
	uint8_t *bytes = malloc((size_t)source.length);

	assert_true(elf_source_read(&source, 0, bytes, (size_t)source.length));
	assert_true(elf_file_is_plain(&source));
	for (size_t i = 0; i < COUNT(places); i++)
		for (unsigned value = 0; value < 256; value += 5) {
			uint8_t kept[2] = {bytes[places[i]], bytes[places[i] + 1]};

			bytes[places[i]] = (uint8_t)value;
			bytes[places[i] + 1] = (uint8_t)(value * 7);
			int image = image_of(bytes, 65536, &budget);

			if (image >= 0)
				close(image);
			memcpy(bytes + places[i], kept, 2);
		}
	for (size_t length = 0; length < 200; length++)
		assert_int_equal(image_of(bytes, length < 64 ? length : 0, &budget), -1);
	assert_int_equal(image_of((const uint8_t *)"\x1f\x8b\x08 gzip, and more than a "
						   "header of ELF takes, so that it is "
						   "no matter of length",
				  70, &budget),
			 -1);
	free(bytes);
	close(self);
}

/* An ELF file of one section with these bytes and this name. */
static size_t one_section(uint8_t *out, const char *name, Elf64_Shdr section,
			  const void *bytes, size_t length)
{
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_DYN,
		.e_shoff = sizeof(header),
		.e_shentsize = sizeof(section),
		.e_shnum = 3,
		.e_shstrndx = 1,
	};
	Elf64_Shdr sections[3] = {
		{.sh_type = SHT_NULL},
		{.sh_type = SHT_STRTAB,
		 .sh_offset = sizeof(header) + sizeof(sections),
		 .sh_size = 32},
		section,
	};

	sections[2].sh_name = 1;
	sections[2].sh_offset = sections[1].sh_offset + 32;
	if (!sections[2].sh_size)
		sections[2].sh_size = length;
	memset(out, 0, sizeof(header) + sizeof(sections) + 32);
	memcpy(out, &header, sizeof(header));
	memcpy(out + sizeof(header), sections, sizeof(sections));
	strcpy((char *)out + sections[1].sh_offset + 1, name);
	memcpy(out + sections[2].sh_offset, bytes, length);
	return sections[2].sh_offset + length;
}

/* A table of names that says it is no section stays where the file has it, which is far
 * behind the end of the copy. */
static void names_that_are_no_section(void **state)
{
	static const size_t length = 4u << 20, far = 3u << 20;
	uint8_t *bytes = calloc(1, length);
	struct file_budget budget;
	Elf64_Shdr names = {.sh_type = SHT_NULL, .sh_offset = far, .sh_size = 1u << 20};

	assert_non_null(bytes);
	one_section(bytes, ".text", (Elf64_Shdr){.sh_type = SHT_PROGBITS}, "text", 4);
	memcpy(bytes + sizeof(Elf64_Ehdr) + sizeof(names), &names, sizeof(names));
	memset(bytes + far, 'x', length - far);
	int image = image_of(bytes, length, &budget);

	assert_true(image >= 0);
	assert_true(lseek(image, 0, SEEK_END) < 4096);
	close(image);
	free(bytes);
}

/* A table of names that calls itself packed symbols: those become shorter than the names. */
static void names_that_are_symbols(void **state)
{
	static const char name[] = ".gnu_debugdata";
	static const size_t length = 1u << 19;
	uint8_t *bytes = calloc(1, length), small[512], *names;
	struct file_budget budget;
	Elf64_Ehdr header;
	Elf64_Shdr section;

	assert_non_null(bytes);
	size_t inside = one_section(small, ".text", (Elf64_Shdr){.sh_type = SHT_PROGBITS},
				    "text", 4);

	one_section(bytes, ".text", (Elf64_Shdr){.sh_type = SHT_PROGBITS}, "text", 4);
	memcpy(&header, bytes, sizeof(header));
	section = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = 4096};
	section.sh_size = length - section.sh_offset;
	section.sh_name = (Elf64_Word)(section.sh_size - sizeof(name));
	names = bytes + section.sh_offset;
	elf_mini_store(small, inside, names);
	memcpy(names + section.sh_name, name, sizeof(name));
	memcpy(bytes + header.e_shoff + sizeof(section), &section, sizeof(section));
	int image = image_of(bytes, length, &budget);

	assert_true(image >= 0);
	assert_true(lseek(image, 0, SEEK_END) < 4096);
	close(image);
	free(bytes);
}

static void packed_sections(void **state)
{
	static const struct {
		uint64_t says;
		bool credible;
	} cases[] = {
		{100, true},         {32ull << 20, true}, {64ull << 20, false},
		{1ull << 40, false}, {UINT64_MAX, false},
	};
	uint8_t *file = calloc(1, 2 << 20), *packed = calloc(1, 1 << 20);
	struct file_budget budget;

	for (size_t i = 0; i < COUNT(cases); i++) {
		Elf64_Chdr header = {.ch_type = 1, .ch_size = cases[i].says};
		Elf64_Shdr section = {.sh_type = SHT_PROGBITS,
				      .sh_flags = SHF_COMPRESSED};
		uint64_t old = __builtin_bswap64(cases[i].says);

		memcpy(packed, &header, sizeof(header));
		size_t length =
			one_section(file, ".debug_info", section, packed, 1 << 20);
		struct elf_source source = {.fd = -1, .bytes = file, .length = length};

		assert_int_equal(elf_file_is_plain(&source), cases[i].credible);
		close(image_of(file, length, &budget));
		assert_int_equal(budget.note[0] == '\0', cases[i].credible);
		assert_true(FILE_BUDGET_ALL_BYTES - budget.all_bytes <=
			    (2u << 20) + (cases[i].credible ? cases[i].says : 0));
		/* Compressed in the way of old. */
		memcpy(packed, "ZLIB", 4);
		memcpy(packed + 4, &old, sizeof(old));
		section.sh_flags = 0;
		length = one_section(file, ".zdebug_info", section, packed, 1 << 20);
		source.length = length;
		assert_int_equal(elf_file_is_plain(&source), cases[i].credible);
		close(image_of(file, length, &budget));
		assert_int_equal(budget.note[0] == '\0', cases[i].credible);
	}
	/* Symbols are not compressed by anybody. */
	Elf64_Shdr section = {.sh_type = SHT_SYMTAB,
			      .sh_flags = SHF_COMPRESSED,
			      .sh_entsize = 24,
			      .sh_link = 1};
	size_t length = one_section(file, ".symtab", section, packed, 4096);

	close(image_of(file, length, &budget));
	assert_contains(budget.note, "symbols of bytes left out");
	free(file);
	free(packed);
}

static void sparse_file(void **state)
{
	uint8_t head[1024];
	struct file_budget budget;
	Elf64_Shdr section = {.sh_type = SHT_PROGBITS, .sh_size = 1ull << 39};
	size_t length = one_section(head, ".eh_frame", section, "", 1);
	int fd = memfd_create("sparse", MFD_CLOEXEC);
	struct elf_source source = {.fd = fd, .length = 1ull << 40};

	assert_int_equal(pwrite(fd, head, length, 0), length);
	assert_int_equal(ftruncate(fd, 1ll << 40), 0);
	file_budget_init(&budget);
	int image = elf_image_make(&source, "/sparse", &budget);

	assert_true(image >= 0);
	assert_contains(budget.note, "unwind tables of sparse left out");
	assert_true(FILE_BUDGET_ALL_BYTES - budget.all_bytes < 4096);
	close(image);
	/* Without sections too, where the program headers lead. */
	memset(head + 58, 0, 6);
	memset(head + 40, 0, 8);
	file_budget_begin_look(&budget);
	assert_int_equal(pwrite(fd, head, length, 0), length);
	image = elf_image_make(&source, "/sparse", &budget);
	assert_true(image >= 0);
	assert_true(FILE_BUDGET_ALL_BYTES - budget.all_bytes < 40u << 20);
	close(image);
	close(fd);
}

/* Another process makes the file shorter and longer again and again. */
static void cut_while_it_is_read(void **state)
{
	char path[] = "/tmp/grmon-cut-XXXXXX";
	struct elf_source source;
	int self = open_self(&source), fd = mkstemp(path);
	uint8_t *bytes = malloc((size_t)source.length);

	assert_true(elf_source_read(&source, 0, bytes, (size_t)source.length));
	assert_int_equal(pwrite(fd, bytes, (size_t)source.length, 0), source.length);
	pid_t pid = fork();

	if (pid == 0)
		for (;;) {
			if (ftruncate(fd, 4096) != 0 ||
			    pwrite(fd, bytes, (size_t)source.length, 0) < 0)
				_exit(1);
		}
	source.fd = fd;
	for (int i = 0; i < 200; i++) {
		struct elf_opener opener;
		struct target_file file = {.foreign = true};

		elf_opener_init(&opener);
		file.fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_int_equal(fstat(file.fd, &file.st), 0);
		file.st.st_size = (off_t)source.length;
		int image = elf_open(&opener, &file, path);

		if (image >= 0) {
			symbol_value(image, "test_named_function");
			close(image);
		}
		elf_opener_release(&opener);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(path);
	free(bytes);
	close(fd);
	close(self);
}

static void copies_are_kept(void **state)
{
	struct elf_opener opener;
	struct target_file file;

	elf_opener_init(&opener);
	for (int i = 0; i < 500; i++) {
		assert_true(target_file_open_here(&file, "/proc/self/exe") == false);
		assert_true(target_file_open_exe(&file, getpid()));
		file.foreign = true;
		int image = elf_open(&opener, &file, "/self");

		assert_true(image >= 0);
		close(image);
	}
	assert_string_equal(opener.budget.note, "");
	/* Of many files the oldest copies go, with their descriptors. */
	int before = dup(0);

	close(before);
	for (int i = 0; i < 100; i++) {
		assert_true(target_file_open_exe(&file, getpid()));
		file.foreign = true;
		file.st.st_ino += (ino_t)i + 1;
		opener.budget.look_bytes = opener.budget.all_bytes = 1u << 30;
		file_budget_begin_look(&opener.budget);
		close(elf_open(&opener, &file, "/self"));
	}
	int after = dup(0);

	close(after);
	assert_true(after > before && after - before < 70);
	assert_true(target_file_open_exe(&file, getpid()));
	assert_false(file.foreign);
	assert_int_equal(elf_open(&opener, &file, "/self"), file.fd);
	close(file.fd);
	elf_opener_release(&opener);
}

static void links(void **state)
{
	static const struct {
		const char *file, *link;
		unsigned way;
		const char *path;
	} cases[] = {
		{"/usr/lib/a.so", "a.debug", 0, "/usr/lib/.debug/a.debug"},
		{"/usr/lib/a.so", "a.debug", 1, "/usr/lib/a.debug"},
		{"/usr/lib/a.so", "a.debug", 2, "/usr/lib/debug/usr/lib/a.debug"},
		{"/usr/lib/a.so", "a.debug", 3, NULL},
		{"/usr/lib/a.so", "../../etc/shadow", 0, "/usr/lib/.debug/shadow"},
		{"/usr/lib/a.so", "..", 0, NULL},
		{"/usr/lib/a.so", "", 0, NULL},
		{"/usr/lib/a.so", "x/", 0, NULL},
		{"a.so", "a.debug", 0, NULL},
	};
	char path[4096], text[300];
	bool inside;

	for (size_t i = 0; i < COUNT(cases); i++) {
		bool found = elf_link_path(path, sizeof(path), cases[i].file,
					   cases[i].link, cases[i].way, &inside);

		assert_int_equal(found, cases[i].path != NULL);
		if (found) {
			assert_string_equal(path, cases[i].path);
			assert_int_equal(inside, cases[i].way < 2);
		}
	}
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(elf_link_path(path, sizeof(path), "/a", text, 0, &inside));
	assert_false(elf_link_path(path, 8, "/usr/lib/a", "a.debug", 0, &inside));
}

static void build_ids(void **state)
{
	static const uint8_t notes[] = {
		4, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 'G', 'N', 'U', 0, 9, 9, 9, 0,
		4, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0, 1, 2, 3, 0,
	};
	uint8_t id[ELF_ID_MAX], broken[sizeof(notes)];

	assert_int_equal(elf_build_id(notes, sizeof(notes), id), 3);
	assert_memory_equal(id, "\1\2\3", 3);
	for (size_t length = 0; length < sizeof(notes) - 1; length++)
		assert_int_equal(elf_build_id(notes, length, id), 0);
	for (size_t i = 0; i < sizeof(notes); i++) {
		memcpy(broken, notes, sizeof(notes));
		broken[i] = 0xff;
		assert_true(elf_build_id(broken, sizeof(broken), id) <= ELF_ID_MAX);
	}
}

/* libdw takes it, finds nothing in it, and so looks no further. */
static void empty_file(void **state)
{
	int fd = elf_image_empty();

	assert_true(fd >= 0);
	elf_version(EV_CURRENT);
	Dwarf *debug = dwarf_begin(fd, DWARF_C_READ);

	assert_non_null(debug);
	dwarf_end(debug);
	close(fd);
}

static void packed_symbols(void **state)
{
	static const size_t lengths[] = {0, 1, 65535, 65536, 65537, 300000};
	uint8_t *bytes = malloc(300000), *back = malloc(300000);
	uint8_t *packed = malloc(elf_mini_store_bytes(300000));

	for (size_t i = 0; i < 300000; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		size_t length = elf_mini_store(bytes, lengths[i], packed);

		assert_true(length <= elf_mini_store_bytes(lengths[i]));
		assert_int_equal(elf_mini_bytes(packed, length), lengths[i]);
		if (!elf_mini_unpack(packed, length, back, lengths[i]))
			continue; /* no liblzma here */
		assert_memory_equal(bytes, back, lengths[i]);
		/* Cut off, it is none, wherever. */
		assert_true(elf_mini_bytes(packed, length / 2) == UINT64_MAX ||
			    length / 2 > 24);
	}
	size_t length = elf_mini_store(bytes, 100, packed);

	for (size_t i = 0; i < length; i++)
		for (unsigned value = 0; value < 256; value++) {
			uint8_t kept = packed[i];

			packed[i] = (uint8_t)value;
			uint64_t says = elf_mini_bytes(packed, length);

			/* A chunk says at most 2 MB, and takes at least 5 bytes. */
			assert_true(says == UINT64_MAX || says <= (length / 5) << 21);
			packed[i] = kept;
		}
	free(bytes);
	free(back);
	free(packed);
}

/* One common entry, and one of a function with these instructions; returns the length. */
static size_t unwind_tables(uint8_t *out, const char *program, size_t length)
{
	static const uint8_t common[] = {0x14, 0,   0,   0, 0,    0,    0,  0,
					 1,    'z', 'R', 0, 1,    0x78, 16, 1,
					 0x1b, 0xc, 7,   8, 0x90, 1,    0,  0};
	static const uint8_t function[] = {0, 0, 0, 0, 0x1c, 0, 0, 0, 4,
					   0, 0, 0, 4, 0,    0, 0, 0};

	memcpy(out, common, sizeof(common));
	memcpy(out + sizeof(common), function, sizeof(function));
	memcpy(out + sizeof(common) + sizeof(function), program, length);
	out[sizeof(common)] = (uint8_t)(sizeof(function) - 4 + length);
	return sizeof(common) + sizeof(function) + length;
}

static bool is_sane(const uint8_t *bytes, size_t length)
{
	struct elf_cfi frame = {.bytes = bytes, .length = length, .address = 0x1000};
	struct elf_cfi none = {.bytes = NULL}, other = {.bytes = NULL};

	elf_cfi_check(&frame, &none, &other);
	assert_false(none.sane || other.sane);
	return frame.sane;
}

static void unwind_tables_are_checked(void **state)
{
#define PROGRAM(text) text, sizeof(text) - 1
	static const struct {
		const char *text;
		size_t length;
		bool sane;
	} cases[] = {
		{PROGRAM("\x41\x0e\x10\x86\x02\x43\x0d\x06\x0c\x07\x08\x00"), true},
		/* A register that would take gigabytes, in every instruction that names one. */
		{PROGRAM("\x07\x80\xc2\xd7\x2f"), false},
		{PROGRAM("\x05\x80\xc2\xd7\x2f\x01"), false},
		{PROGRAM("\x06\x80\xc2\xd7\x2f"), false},
		{PROGRAM("\x08\x80\xc2\xd7\x2f"), false},
		{PROGRAM("\x09\x80\xc2\xd7\x2f\x01"), false},
		{PROGRAM("\x10\x80\xc2\xd7\x2f\x00"), false},
		{PROGRAM("\x11\x80\xc2\xd7\x2f\x01"), false},
		{PROGRAM("\x14\x80\xc2\xd7\x2f\x01"), false},
		{PROGRAM("\x16\x80\xc2\xd7\x2f\x00"), false},
		{PROGRAM("\x2f\x80\xc2\xd7\x2f\x01"), false},
		/* A large frame is no large register, nor is a block of anything. */
		{PROGRAM("\x0e\x80\xc2\xd7\x2f"), true},
		{PROGRAM("\x0f\x04\x07\x80\xc2\xd7"), true},
		/* Cut off, and instructions that there are not. */
		{PROGRAM("\x0f\x09\x07"), false},
		{PROGRAM("\x04\x07"), false},
		{PROGRAM("\x3f"), false},
		{PROGRAM("\x0a\x0b\x0a\x0b"), true},
	};
	uint8_t bytes[512];
	char remember[100];
	size_t length;

	for (size_t i = 0; i < COUNT(cases); i++) {
		length = unwind_tables(bytes, cases[i].text, cases[i].length);
		if (is_sane(bytes, length) != cases[i].sane)
			fail_msg("program %zu", i);
		for (size_t cut = 0; cut < length; cut++)
			is_sane(bytes, cut);
	}
	memset(remember, 0x0a, sizeof(remember));
	length = unwind_tables(bytes, remember, sizeof(remember));
	assert_false(is_sane(bytes, length));
	/* It refers to the middle of the common entry. */
	length = unwind_tables(bytes, PROGRAM("\0"));
	assert_true(is_sane(bytes, length));
	bytes[28] -= 4;
	assert_false(is_sane(bytes, length));
	for (size_t i = 0; i < length; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			unwind_tables(bytes, PROGRAM("\0"));
			bytes[i] ^= (uint8_t)(1u << bit);
			is_sane(bytes, length);
		}
}

static void sorted_table_leads_to_beginnings(void **state)
{
	uint8_t bytes[512];
	uint32_t words[5] = {0x3b031b01u, 0, 1, 0, 0};
	struct elf_cfi frame = {.bytes = bytes, .address = 0x1000};
	struct elf_cfi table = {.bytes = (const uint8_t *)words,
				.length = sizeof(words),
				.address = 0x900};
	struct elf_cfi none = {.bytes = NULL};

	frame.length = unwind_tables(bytes, PROGRAM("\0"));
	for (uint32_t at = 0; at < frame.length + 8; at++) {
		words[4] = 0x700 + at;
		elf_cfi_check(&frame, &table, &none);
		assert_true(frame.sane);
		assert_int_equal(table.sane, at == 24);
	}
	words[4] = 0x700 + 24;
	words[2] = 2;
	elf_cfi_check(&frame, &table, &none);
	assert_false(table.sane);
}

/* Units of 11 bytes, of which the one at place has another table of abbreviations. */
static size_t make_units(uint8_t *out, size_t count, size_t place, uint32_t table)
{
	static const uint8_t unit[12] = {8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 8, 0};

	for (size_t i = 0; i < count; i++) {
		memcpy(out + i * sizeof(unit), unit, sizeof(unit));
		if (i >= place)
			memcpy(out + i * sizeof(unit) + 6, &table, sizeof(table));
		table += i >= place;
	}
	return count * sizeof(unit);
}

static void units_are_counted(void **state)
{
	static const uint8_t tables[] = {
		1,    0x11, 1,    0x25, 0x0e, 0x13, 0x21, 0x80, 0x7f, 0, 0, 0, 1,
		0x11, 0,    0x03, 0x08, 0,    0,    2,    0x2e, 0,    0, 0, 0,
	};
	uint8_t *units = malloc(12 * 70000);
	size_t length = make_units(units, 100, 100, 0);

	assert_true(elf_dwarf_check(units, length, tables, sizeof(tables)));
	/* One more table is that of the other units. */
	length = make_units(units, 100, 99, 12);
	assert_true(elf_dwarf_check(units, length, tables, sizeof(tables)));
	/* Many that overlap. */
	length = make_units(units, 100, 80, 0);
	assert_false(elf_dwarf_check(units, length, tables, sizeof(tables)));
	/* Outside there is none; a unit that is cut off ends it. */
	length = make_units(units, 100, 90, 1000);
	assert_true(elf_dwarf_check(units, length, tables, sizeof(tables)));
	assert_true(elf_dwarf_check(units, length - 5, tables, sizeof(tables)));
	length = make_units(units, 70000, 70000, 0);
	assert_false(elf_dwarf_check(units, length, tables, sizeof(tables)));
	for (size_t cut = 0; cut < 60; cut++)
		elf_dwarf_check(units, cut, tables, cut < sizeof(tables) ? cut : 0);
	free(units);
}

/* Whatever way the debug information is compressed in, it becomes what it was. */
static void compressed_names_are_the_same(void **state)
{
	static const char *const ways[] = {"zlib-gnu", "zlib-gabi"};
	char command[512], path[] = "/tmp/grmon-packed-XXXXXX", self[256];
	ssize_t got = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(got > 0);
	self[got] = '\0';
	close(mkstemp(path));
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct file_budget budget;
		struct stat st;
		Dwarf_Off next = 0;
		size_t header;

		snprintf(command, sizeof(command),
			 "objcopy --compress-debug-sections=%s %s %s 2>/dev/null",
			 ways[i], self, path);
		if (system(command) != 0)
			break;
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		assert_int_equal(fstat(fd, &st), 0);
		struct elf_source source = {.fd = fd, .length = (uint64_t)st.st_size};

		file_budget_init(&budget);
		int image = elf_image_make(&source, path, &budget);

		assert_true(image >= 0);
		assert_string_equal(budget.note, "");
		elf_version(EV_CURRENT);
		Dwarf *debug = dwarf_begin(image, DWARF_C_READ);

		assert_non_null(debug);
		bool found = false;

		for (Dwarf_Off at = 0;
		     dwarf_nextcu(debug, at, &next, &header, NULL, NULL, NULL) == 0;
		     at = next) {
			Dwarf_Die unit;
			const char *name = dwarf_offdie(debug, at + header, &unit)
						   ? dwarf_diename(&unit)
						   : NULL;

			found = found || (name && strstr(name, "test_image.c"));
		}
		assert_true(found);
		dwarf_end(debug);
		close(image);
		close(fd);
	}
	unlink(path);
}

static void own_tables_are_sane(void **state)
{
	struct elf_source source;
	int self = open_self(&source);

	assert_true(elf_file_unwinds_plainly(&source, source.length));
	close(self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_the_same),
		cmocka_unit_test(nobody_can_change_it),
		cmocka_unit_test(budget_is_kept),
		cmocka_unit_test(broken_headers),
		cmocka_unit_test(names_that_are_no_section),
		cmocka_unit_test(names_that_are_symbols),
		cmocka_unit_test(packed_sections),
		cmocka_unit_test(sparse_file),
		cmocka_unit_test(cut_while_it_is_read),
		cmocka_unit_test(copies_are_kept),
		cmocka_unit_test(links),
		cmocka_unit_test(build_ids),
		cmocka_unit_test(empty_file),
		cmocka_unit_test(unwind_tables_are_checked),
		cmocka_unit_test(sorted_table_leads_to_beginnings),
		cmocka_unit_test(own_tables_are_sane),
		cmocka_unit_test(units_are_counted),
		cmocka_unit_test(compressed_names_are_the_same),
		cmocka_unit_test(packed_symbols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
