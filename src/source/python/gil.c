/* SPDX-License-Identifier: MIT */
/* A waiting thread sleeps on the condition of the lock, or on the mutex that guards it. */
#include "source/python/gil.h"

#define GIL_HOLDER  8u
#define GIL_LOCKED  16u
#define GIL_CHANGES 24u
#define GIL_BYTES   32u

static void read_gil(struct python *python, uint64_t address)
{
	struct python_gil *gil = &python->gils[python->nr_gils];
	uint8_t bytes[GIL_BYTES];
	uint64_t holder;

	for (size_t i = 0; i < python->nr_gils; i++)
		if (python->gils[i].address == address)
			return;
	if (!python_plausible(address) || python->nr_gils == PYTHON_GILS_MAX ||
	    !memory_read(&python->reader.mem, address, bytes, sizeof(bytes)))
		return;
	*gil = (struct python_gil){.address = address};
	gil->changes = load_u64(bytes + GIL_CHANGES);
	gil->locked = load_u32(bytes + GIL_LOCKED) == 1;
	holder = load_u64(bytes + GIL_HOLDER);
	for (size_t i = 0; gil->locked && i < python->nr_threads; i++)
		if (python->threads[i].address == holder)
			gil->holder = python->threads[i].tid;
	python->nr_gils++;
}

void python_gils_read(struct python *python)
{
	const struct python_layout *layout = &python->reader.layout;
	uint64_t address;

	python->nr_gils = 0;
	if (layout->runtime_gil >= 0)
		read_gil(python, python->runtime + (uint64_t)layout->runtime_gil);
	for (size_t i = 0; layout->interp_gil >= 0 && i < python->nr_interps; i++)
		if (python_word(&python->reader,
				python->interps[i] + (uint64_t)layout->interp_gil,
				&address))
			read_gil(python, address);
}

const struct python_gil *python_gil_at(const struct python *python, uint64_t futex)
{
	for (size_t i = 0; i < python->nr_gils; i++)
		if (futex >= python->gils[i].address + PYTHON_GIL_COND &&
		    futex < python->gils[i].address + PYTHON_GIL_END)
			return &python->gils[i];
	return NULL;
}
