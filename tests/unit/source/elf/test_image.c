/* SPDX-License-Identifier: MIT */
/* The copy of an ELF file that libdw reads: the copy of a real program gives the same
 * names; files with false contents cost nothing; a file that is cut while it is read does
 * no harm. */
#include "unit.h"

#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/elf/image.h"
#include "source/elf/mini.h"
#include "source/elf/open.h"
#include "source_elf.h"

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
	assert_int_equal(budget.sample_bytes, FILE_BUDGET_SAMPLE_BYTES - taken);
	close(image);
	/* The debug information no longer fits, the symbols do. */
	budget.sample_bytes = taken / 4;
	image = elf_image_make(&source, "/usr/lib/self.so", &budget);
	assert_true(image >= 0);
	assert_true(symbol_value(image, "test_named_function") != 0);
	assert_contains(budget.note, "skipped debug information of self.so");
	close(image);
	/* In a new sample it does, as long as the whole budget lasts. */
	file_budget_begin_sample(&budget);
	budget.sample_ns = 0;
	assert_int_equal(elf_image_make(&source, "/self", &budget), -1);
	file_budget_begin_sample(&budget);
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

/* A table of names that is not marked as a section stays at its place in the file, far
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
	/* No tool compresses symbols. */
	Elf64_Shdr section = {.sh_type = SHT_SYMTAB,
			      .sh_flags = SHF_COMPRESSED,
			      .sh_entsize = 24,
			      .sh_link = 1};
	size_t length = one_section(file, ".symtab", section, packed, 4096);

	close(image_of(file, length, &budget));
	assert_contains(budget.note, "skipped symbols of bytes");
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
	assert_contains(budget.note, "skipped unwind tables of sparse");
	assert_true(FILE_BUDGET_ALL_BYTES - budget.all_bytes < 4096);
	close(image);
	/* Without sections too, where the program headers lead. */
	memset(head + 58, 0, 6);
	memset(head + 40, 0, 8);
	file_budget_begin_sample(&budget);
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
	struct process self = process_self();
	struct elf_opener opener;
	struct target_file file;

	elf_opener_init(&opener);
	for (int i = 0; i < 500; i++) {
		assert_true(target_file_open_here(&file, "/proc/self/exe") == false);
		assert_true(target_file_open_exe(&file, &self));
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
		assert_true(target_file_open_exe(&file, &self));
		file.foreign = true;
		file.st.st_ino += (ino_t)i + 1;
		opener.budget.sample_bytes = opener.budget.all_bytes = 1u << 30;
		file_budget_begin_sample(&opener.budget);
		close(elf_open(&opener, &file, "/self"));
	}
	int after = dup(0);

	close(after);
	assert_true(after > before && after - before < 70);
	assert_true(target_file_open_exe(&file, &self));
	assert_false(file.foreign);
	assert_int_equal(elf_open(&opener, &file, "/self"), file.fd);
	close(file.fd);
	elf_opener_release(&opener);
}

/* libdw accepts it, finds nothing in it, and so searches no further. */
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

/* However the debug information is compressed, it is unpacked to the original. */
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
		cmocka_unit_test(empty_file),
		cmocka_unit_test(compressed_names_are_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
