/* SPDX-License-Identifier: MIT */
/* What the recognisers of typed objects share; see typed.h. */
#include "source/go/holds/typed.h"

static bool read_by_budget(void *ctx, uint64_t address, void *out, size_t bytes)
{
	return go_reach_read(ctx, address, out, bytes);
}

struct go_values go_typed_values(struct go_reach *reach)
{
	const struct go_holds *holds = go_reach_holds(reach);

	return (struct go_values){.types = holds->types,
				  .module = holds->module,
				  .read = read_by_budget,
				  .ctx = reach,
				  .steady = true};
}

const struct go_type *go_typed_target(const struct go_type *type)
{
	return type->kind == GO_KIND_POINTER && !type->named ? go_type_element(type)
							     : type;
}
