/* SPDX-License-Identifier: MIT */
/* Types of what coroutines await, by their names and those of their bases. */
#include "base/array.h"
#include "base/hash.h"
#include "source/python/asyncio_private.h"

#define TYPE_BASE 256u
#define BASES_MAX 8u

static const struct {
	const char *name;
	enum python_awaitable kind;
} names[] = {
	{"coroutine", PYTHON_IS_COROUTINE},
	{"generator", PYTHON_IS_GENERATOR},
	{"async_generator", PYTHON_IS_GENERATOR},
	{"coroutine_wrapper", PYTHON_IS_WRAPPER},
	{"async_generator_asend", PYTHON_IS_WRAPPER},
	{"async_generator_athrow", PYTHON_IS_WRAPPER},
	{"anext_awaitable", PYTHON_IS_WRAPPER},
	{"_GatheringFuture", PYTHON_IS_GATHER},
	{"_asyncio.Task", PYTHON_IS_TASK},
	{"_asyncio.Future", PYTHON_IS_FUTURE},
};

/* Classes that are derived from a Task or a Future are laid out like it. */
static enum python_awaitable find_kind(struct python *python, uint64_t type)
{
	char name[PYTHON_NAME_MAX];

	for (unsigned i = 0; i < BASES_MAX && type; i++) {
		if (!python_type_name(&python->reader, type, name))
			break;
		for (size_t k = 0; k < ARRAY_COUNT(names); k++)
			if (strcmp(name, names[k].name) == 0)
				return names[k].kind;
		python_word(&python->reader, type + TYPE_BASE, &type);
	}
	return PYTHON_NOT_FOLLOWED;
}

enum python_awaitable python_awaitable(struct python *python,
				       struct python_asyncio *asyncio, uint64_t type)
{
	size_t at = hash_mix(type, 0) % PYTHON_KINDS_KEPT;

	if (!python_plausible(type))
		return PYTHON_NOT_FOLLOWED;
	if (asyncio->kinds[at].type != type) {
		asyncio->kinds[at].type = type;
		asyncio->kinds[at].kind = find_kind(python, type);
	}
	return asyncio->kinds[at].kind;
}
