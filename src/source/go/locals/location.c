/* SPDX-License-Identifier: MIT */
/* Expressions: cmd/compile/internal/ssa/debug.go and cmd/internal/dwarf of each version
 * of Go. Lists: DWARF 4, section 2.6.2, and DWARF 5, section 2.6.2 and 7.29. */
#include "source/go/locals/location.h"

#include <dwarf.h>
#include <string.h>

#define STACK_MAX 16u
#define OPS_MAX   256u

struct reader {
	const uint8_t *at, *end;
	bool failed;
};

static uint64_t read_fixed(struct reader *reader, size_t bytes)
{
	uint64_t value = 0;

	if ((size_t)(reader->end - reader->at) < bytes) {
		reader->failed = true;
		reader->at = reader->end;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)reader->at[i] << (8 * i);
	reader->at += bytes;
	return value;
}

static uint64_t read_leb128(struct reader *reader, bool is_signed)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte = 0x80;

	while (reader->at < reader->end && (byte & 0x80)) {
		byte = *reader->at++;
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	}
	if (byte & 0x80)
		reader->failed = true;
	if (is_signed && (byte & 0x40) && shift < 64)
		value |= UINT64_MAX << shift;
	return value;
}

static uint64_t read_unsigned(struct reader *reader)
{
	return read_leb128(reader, false);
}

static uint64_t read_signed(struct reader *reader)
{
	return read_leb128(reader, true);
}

static uint64_t sign_extend(uint64_t value, unsigned bytes)
{
	uint64_t sign = 1ull << (8 * bytes - 1);

	return (value ^ sign) - sign;
}

/* An expression that is being evaluated. */
struct machine {
	struct reader code;
	uint64_t cfa;
	uint64_t stack[STACK_MAX];
	unsigned depth;
	bool lost;  /* a register was used */
	bool value; /* the result is the value itself */
	bool failed;
};

static void push(struct machine *machine, uint64_t value)
{
	if (machine->depth == STACK_MAX)
		machine->failed = true;
	else
		machine->stack[machine->depth++] = value;
}

static uint64_t pop(struct machine *machine)
{
	if (machine->depth == 0) {
		machine->failed = true;
		return 0;
	}
	return machine->stack[--machine->depth];
}

/* Constants, of which some have their value in the operation. Returns false for another
 * operation. */
static bool run_constant(struct machine *machine, uint8_t op)
{
	struct reader *code = &machine->code;

	if (op >= DW_OP_lit0 && op <= DW_OP_lit31) {
		push(machine, op - DW_OP_lit0);
		return true;
	}
	if (op >= DW_OP_const1u && op <= DW_OP_const8s) {
		unsigned bytes = 1u << ((op - DW_OP_const1u) / 2);
		uint64_t value = read_fixed(code, bytes);
		bool is_signed = (op - DW_OP_const1u) % 2;

		push(machine, is_signed && bytes < 8 ? sign_extend(value, bytes) : value);
		return true;
	}
	if (op != DW_OP_constu && op != DW_OP_consts)
		return false;
	push(machine, op == DW_OP_constu ? read_unsigned(code) : read_signed(code));
	return true;
}

/* Registers are not known. Returns false for another operation. */
static bool run_register(struct machine *machine, uint8_t op)
{
	if (op >= DW_OP_reg0 && op <= DW_OP_reg31) {
		machine->lost = true;
	} else if (op == DW_OP_regx) {
		read_unsigned(&machine->code);
		machine->lost = true;
	} else if ((op >= DW_OP_breg0 && op <= DW_OP_breg31) || op == DW_OP_bregx) {
		if (op == DW_OP_bregx)
			read_unsigned(&machine->code);
		read_signed(&machine->code);
		push(machine, 0);
		machine->lost = true;
	} else {
		return false;
	}
	return true;
}

static void run_operation(struct machine *machine, uint8_t op)
{
	uint64_t top;

	if (run_constant(machine, op) || run_register(machine, op))
		return;
	switch (op) {
	case DW_OP_fbreg:
		push(machine, machine->cfa + read_signed(&machine->code));
		break;
	case DW_OP_call_frame_cfa:
		push(machine, machine->cfa);
		break;
	case DW_OP_plus_uconst:
		top = pop(machine);
		push(machine, top + read_unsigned(&machine->code));
		break;
	case DW_OP_plus:
		top = pop(machine);
		push(machine, pop(machine) + top);
		break;
	case DW_OP_minus:
		top = pop(machine);
		push(machine, pop(machine) - top);
		break;
	case DW_OP_stack_value:
		machine->value = true;
		break;
	case DW_OP_nop:
		break;
	default:
		/* DW_OP_addr too: no variable of a frame is there. */
		machine->failed = true;
		break;
	}
}

/* Ends a part, and begins the next one. */
static struct go_part take_part(struct machine *machine, uint64_t bytes)
{
	struct go_part part = {GO_PART_LOST, 0, 0, bytes};

	if (!machine->lost && machine->depth > 0) {
		part.kind = machine->value ? GO_PART_VALUE : GO_PART_MEMORY;
		part.at = machine->stack[machine->depth - 1];
	}
	machine->depth = 0;
	machine->lost = machine->value = false;
	return part;
}

/* The compiler leaves out the padding between the fields of a struct. */
static uint64_t aligned(uint64_t at, uint64_t bytes)
{
	uint64_t to = bytes >= 8 ? 8 : bytes >= 4 ? 4 : bytes >= 2 ? 2 : 1;

	return (at + to - 1) & ~(to - 1);
}

size_t go_location_find(const uint8_t *expression, size_t length, uint64_t cfa,
			uint64_t size, struct go_part out[GO_LOCATION_PARTS_MAX])
{
	struct machine machine = {.cfa = cfa};
	uint64_t have = 0;
	size_t nr = 0;

	if (length == 0 || size == 0)
		return 0;
	machine.code = (struct reader){expression, expression + length, false};
	for (unsigned i = 0; machine.code.at < machine.code.end; i++) {
		uint8_t op = *machine.code.at++;
		uint64_t bytes;

		if (i == OPS_MAX)
			return 0;
		if (op != DW_OP_piece) {
			run_operation(&machine, op);
			if (machine.failed || machine.code.failed)
				return 0;
			continue;
		}
		bytes = read_unsigned(&machine.code);
		have = aligned(have, bytes);
		if (machine.code.failed || have > size || bytes > size - have ||
		    bytes == 0 || nr == GO_LOCATION_PARTS_MAX)
			return 0;
		out[nr] = take_part(&machine, bytes);
		out[nr++].offset = have;
		have += bytes;
	}
	if (nr > 0)
		return machine.depth == 0 && !machine.lost ? nr : 0;
	out[0] = take_part(&machine, size);
	return out[0].kind == GO_PART_VALUE && size > 8 ? 0 : 1;
}

/* Returns an address of the unit by its number. */
static uint64_t indexed_address(const struct go_location_unit *unit, uint64_t index,
				struct reader *reader)
{
	uint64_t value = 0;

	if (unit->address_base > unit->addresses.length ||
	    index >= (unit->addresses.length - unit->address_base) / sizeof(value)) {
		reader->failed = true;
		return 0;
	}
	memcpy(&value, unit->addresses.at + unit->address_base + index * sizeof(value),
	       sizeof(value));
	return value;
}

static void read_expression(struct reader *reader, uint64_t length,
			    struct go_location_bytes *out)
{
	if (length > (uint64_t)(reader->end - reader->at)) {
		reader->failed = true;
		return;
	}
	*out = (struct go_location_bytes){reader->at, (size_t)length};
	reader->at += length;
}

struct entry {
	uint64_t start, end;
	bool last;   /* of the list */
	bool select; /* it has an expression */
	struct go_location_bytes expression;
};

static void read_entry_4(const struct go_location_unit *unit, struct reader *reader,
			 uint64_t *base, struct entry *entry)
{
	uint64_t start = read_fixed(reader, 8), end = read_fixed(reader, 8);

	(void)unit;
	if (start == UINT64_MAX) {
		*base = end;
		return;
	}
	entry->last = start == 0 && end == 0;
	if (entry->last)
		return;
	entry->start = *base + start;
	entry->end = *base + end;
	entry->select = true;
	read_expression(reader, read_fixed(reader, 2), &entry->expression);
}

static void read_entry_5(const struct go_location_unit *unit, struct reader *reader,
			 uint64_t *base, struct entry *entry)
{
	uint8_t kind = (uint8_t)read_fixed(reader, 1);

	switch (kind) {
	case DW_LLE_end_of_list:
		entry->last = true;
		return;
	case DW_LLE_base_addressx:
		*base = indexed_address(unit, read_unsigned(reader), reader);
		return;
	case DW_LLE_base_address:
		*base = read_fixed(reader, 8);
		return;
	case DW_LLE_startx_endx:
		entry->start = indexed_address(unit, read_unsigned(reader), reader);
		entry->end = indexed_address(unit, read_unsigned(reader), reader);
		break;
	case DW_LLE_startx_length:
		entry->start = indexed_address(unit, read_unsigned(reader), reader);
		entry->end = entry->start + read_unsigned(reader);
		break;
	case DW_LLE_offset_pair:
		entry->start = *base + read_unsigned(reader);
		entry->end = *base + read_unsigned(reader);
		break;
	case DW_LLE_default_location:
		entry->end = UINT64_MAX;
		break;
	case DW_LLE_start_end:
		entry->start = read_fixed(reader, 8);
		entry->end = read_fixed(reader, 8);
		break;
	case DW_LLE_start_length:
		entry->start = read_fixed(reader, 8);
		entry->end = entry->start + read_unsigned(reader);
		break;
	default:
		reader->failed = true;
		return;
	}
	entry->select = true;
	read_expression(reader, read_unsigned(reader), &entry->expression);
}

bool go_location_select(const struct go_location_unit *unit, uint64_t offset,
			uint64_t address, uint64_t *steps_left,
			struct go_location_bytes *out)
{
	struct reader reader;
	uint64_t base = unit->low;

	if (offset >= unit->lists.length)
		return false;
	reader = (struct reader){unit->lists.at + offset,
				 unit->lists.at + unit->lists.length, false};
	while (*steps_left > 0 && reader.at < reader.end) {
		struct entry entry = {0};

		--*steps_left;
		if (unit->version >= 5)
			read_entry_5(unit, &reader, &base, &entry);
		else
			read_entry_4(unit, &reader, &base, &entry);
		if (reader.failed || entry.last)
			return false;
		if (entry.select && address >= entry.start && address < entry.end) {
			*out = entry.expression;
			return true;
		}
	}
	return false;
}
