/* SPDX-License-Identifier: MIT */
/* Limits how much of a target's files may be read into memory, per sample and in total.
 * One budget covers all files, whatever they are read for. */
#ifndef SOURCE_ELF_BUDGET_H
#define SOURCE_ELF_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_BUDGET_TEXT         256u
#define FILE_BUDGET_SAMPLE_BYTES (128ull << 20)
#define FILE_BUDGET_ALL_BYTES    (192ull << 20)

struct file_budget {
	uint64_t sample_bytes; /* left for this sample … */
	uint64_t all_bytes;    /* … and for all samples */
	uint32_t sample_files;
	uint32_t all_files;
	int64_t sample_ns;           /* time left for reading and checking files */
	char note[FILE_BUDGET_TEXT]; /* what was left out first, and why; "" if nothing */
};

void file_budget_init(struct file_budget *budget);
void file_budget_begin_sample(struct file_budget *budget);
/* Returns false, and takes nothing, if less than that is left. */
bool file_budget_take(struct file_budget *budget, uint64_t bytes);
bool file_budget_take_file(struct file_budget *budget);
/* Charges the time since begin_ns to the budget. */
void file_budget_spend(struct file_budget *budget, int64_t begin_ns);
bool file_budget_has_time(const struct file_budget *budget);
/* Records "skipped debug information of libfoo.so: why". Only the first call has an
 * effect. */
void file_budget_say(struct file_budget *budget, const char *what, const char *path,
		     const char *why);

#endif
