/* SPDX-License-Identifier: MIT */
/* The running test as an ELF file. */
#ifndef TESTS_UNIT_SOURCE_ELF_H
#define TESTS_UNIT_SOURCE_ELF_H

#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/elf/image.h"

/* The caller closes the descriptor. */
static inline int open_self(struct elf_source *source)
{
	struct stat st;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*source = (struct elf_source){.fd = fd, .length = (uint64_t)st.st_size};
	return fd;
}

#endif
