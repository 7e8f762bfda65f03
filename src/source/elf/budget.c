/* SPDX-License-Identifier: MIT */
/* The limits suffice for the programs and libraries of a large container, and stay well
 * below what a small machine would notice. */
#include "source/elf/budget.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define SAMPLE_FILES 128u
#define ALL_FILES    256u
#define SAMPLE_NS    CLOCK_SECOND_NS

void file_budget_begin_sample(struct file_budget *budget)
{
	budget->sample_bytes = FILE_BUDGET_SAMPLE_BYTES;
	budget->sample_files = SAMPLE_FILES;
	budget->sample_ns = SAMPLE_NS;
}

void file_budget_init(struct file_budget *budget)
{
	memset(budget, 0, sizeof(*budget));
	budget->all_bytes = FILE_BUDGET_ALL_BYTES;
	budget->all_files = ALL_FILES;
	file_budget_begin_sample(budget);
}

bool file_budget_take(struct file_budget *budget, uint64_t bytes)
{
	if (bytes > budget->sample_bytes || bytes > budget->all_bytes)
		return false;
	budget->sample_bytes -= bytes;
	budget->all_bytes -= bytes;
	return true;
}

bool file_budget_take_file(struct file_budget *budget)
{
	if (budget->sample_files == 0 || budget->all_files == 0)
		return false;
	budget->sample_files--;
	budget->all_files--;
	return true;
}

void file_budget_spend(struct file_budget *budget, int64_t begin_ns)
{
	budget->sample_ns -= clock_mono_ns() - begin_ns;
}

bool file_budget_has_time(const struct file_budget *budget)
{
	return budget->sample_ns > 0;
}

void file_budget_say(struct file_budget *budget, const char *what, const char *path,
		     const char *why)
{
	const char *slash = strrchr(path, '/');

	if (!budget->note[0])
		snprintf(budget->note, sizeof(budget->note), "skipped %s of %.80s: %s",
			 what, slash ? slash + 1 : path, why);
}
