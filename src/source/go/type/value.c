/* SPDX-License-Identifier: MIT */
#include "source/go/type/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/url_mask.h"
#include "source/go/type/print.h"

#define COUNT_MAX   (1ull << 46) /* elements or bytes that are plausible */
#define HEX_FROM    8u /* arrays of at least this length are shown in hexadecimal */
#define HEX_MAX     32u
#define FLOAT_PLAIN 1e15 /* larger numbers have an exponent */
#define FLOAT_SMALL 1e-5

static void print_any(struct go_print *print, const struct go_type *type,
		      const struct go_place *place, unsigned levels, bool typed);

static bool reads(struct go_print *print, const struct go_place *place, void *out,
		  size_t bytes)
{
	if (go_place_read(print->values, place, 0, out, bytes))
		return true;
	oneline_put(print->text, GO_UNREADABLE);
	return false;
}

static bool is_composite(const struct go_type *type)
{
	return type->kind == GO_KIND_STRUCT || type->kind == GO_KIND_ARRAY ||
	       type->kind == GO_KIND_POINTER || type->kind == GO_KIND_INTERFACE ||
	       type->kind == GO_KIND_SLICE || type->kind == GO_KIND_MAP;
}

static void print_integer(struct go_print *print, const struct go_type *type,
			  const struct go_place *place)
{
	bool is_signed = type->kind <= GO_KIND_INT64;
	unsigned unused = 64 - 8 * (unsigned)type->bytes;
	uint64_t value = 0;

	if (type->bytes == 0 || type->bytes > 8 ||
	    !reads(print, place, &value, type->bytes))
		return;
	if (type->kind == GO_KIND_UINTPTR)
		oneline_printf(print->text, "0x%llx", (unsigned long long)value);
	else if (is_signed)
		oneline_printf(print->text, "%lld",
			       (long long)((int64_t)(value << unused) >> unused));
	else
		oneline_printf(print->text, "%llu", (unsigned long long)value);
}

/* The shortest number that is read back as the same. */
static void put_float(struct oneline *text, double value, bool is_float)
{
	double size = fabs(value);
	char digits[64];
	int precision = 0;

	if (isnan(value) || isinf(value)) {
		oneline_put(text, isnan(value) ? "NaN" : value < 0 ? "-Inf" : "+Inf");
		return;
	}
	for (; precision < 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*e", precision, value);
		if (is_float ? strtof(digits, NULL) == (float)value
			     : strtod(digits, NULL) == value)
			break;
	}
	if (value == 0 || (size >= FLOAT_SMALL && size < FLOAT_PLAIN)) {
		int exponent = (int)strtol(strchr(digits, 'e') + 1, NULL, 10);
		int after = precision - exponent;

		snprintf(digits, sizeof(digits), "%.*f", after > 0 ? after : 0, value);
	}
	oneline_put(text, digits);
}

static void print_float(struct go_print *print, const struct go_type *type,
			const struct go_place *place)
{
	bool is_complex = type->kind >= GO_KIND_COMPLEX64;
	bool is_float = type->kind == GO_KIND_FLOAT32 || type->kind == GO_KIND_COMPLEX64;
	double parts[2] = {0};
	float floats[2] = {0};
	size_t bytes = (is_complex ? 2 : 1) * (is_float ? sizeof(float) : sizeof(double));

	if (!reads(print, place, is_float ? (void *)floats : (void *)parts, bytes))
		return;
	if (is_float) {
		parts[0] = (double)floats[0];
		parts[1] = (double)floats[1];
	}
	if (is_complex)
		oneline_put(print->text, "(");
	put_float(print->text, parts[0], is_float);
	if (is_complex) {
		oneline_put(print->text, " + ");
		put_float(print->text, parts[1], is_float);
		oneline_put(print->text, "i)");
	}
}

static void print_bool(struct go_print *print, const struct go_place *place)
{
	uint8_t value;

	if (reads(print, place, &value, 1))
		oneline_put(print->text, value == 0   ? "false"
					 : value == 1 ? "true"
						      : "(invalid)");
}

/* Quotes the first bytes of a text of that length. */
static void put_quoted(struct go_print *print, const uint8_t *bytes, size_t nr,
		       uint64_t length)
{
	char masked[GO_VALUE_STRING + URL_MASK_MORE];
	size_t shown = url_mask_copy((const char *)bytes, nr, nr < length, masked);

	oneline_quote(print->text, '"', masked, shown, length - nr);
}

/* Prints bytes in quotes. words: what must not have changed afterwards. */
static void print_quoted(struct go_print *print, const struct go_place *place,
			 const uint64_t words[2], size_t word_bytes)
{
	uint8_t bytes[GO_VALUE_STRING] = {0};
	size_t nr = words[1] < sizeof(bytes) ? words[1] : sizeof(bytes);

	if (words[1] > COUNT_MAX) {
		oneline_put(print->text, "(invalid)");
		return;
	}
	if (nr > 0 && !go_print_read(print->values, words[0], bytes, nr)) {
		oneline_put(print->text, GO_UNREADABLE);
		return;
	}
	put_quoted(print, bytes, nr, words[1]);
	if (nr > 0)
		go_print_confirm(print->values, place, words, word_bytes);
}

static void print_string(struct go_print *print, const struct go_place *place)
{
	uint64_t words[2];

	if (reads(print, place, words, sizeof(words)))
		print_quoted(print, place, words, sizeof(words));
}

static void put_more(struct go_print *print, uint64_t shown, uint64_t length)
{
	if (shown < length)
		oneline_printf(print->text, "%s...+%llu more", shown ? "," : "",
			       (unsigned long long)(length - shown));
}

/* Prints elements that follow each other. */
static void print_elements(struct go_print *print, const struct go_type *element,
			   const struct go_place *place, uint64_t length, unsigned levels)
{
	uint8_t copy[GO_COPY_BYTES];
	struct go_place all = *place;
	uint64_t shown = 0, fit = length < GO_VALUE_ELEMENTS ? length : GO_VALUE_ELEMENTS;

	if (!all.bytes && element->bytes > 0) {
		size_t bytes = fit * element->bytes < sizeof(copy) ? fit * element->bytes
								   : sizeof(copy);

		if (fit > 0 && !go_print_read(print->values, all.address, copy, bytes)) {
			oneline_put(print->text, GO_UNREADABLE);
			return;
		}
		all.bytes = copy;
		all.copied = bytes;
	}
	oneline_put(print->text, "[");
	for (; shown < fit && !print->text->full; shown++) {
		struct go_place one = go_place_at(&all, shown * element->bytes);

		if (shown > 0)
			oneline_put(print->text, ",");
		print_any(print, element, &one,
			  is_composite(element) ? levels - 1 : levels,
			  element->kind == GO_KIND_INTERFACE);
	}
	put_more(print, shown, length);
	oneline_put(print->text, "]");
}

/* Bytes that are a text are shown as such. */
static bool print_text(struct go_print *print, const struct go_place *place,
		       const uint64_t words[3])
{
	uint8_t bytes[GO_VALUE_STRING];
	size_t nr = words[1] < sizeof(bytes) ? words[1] : sizeof(bytes);

	if (nr == 0 || !go_print_read(print->values, words[0], bytes, nr))
		return false;
	for (size_t i = 0; i < nr; i++)
		if (bytes[i] >= 0x7f || (bytes[i] < ' ' && !strchr("\t\r\n", bytes[i])))
			return false;
	put_quoted(print, bytes, nr, words[1]);
	go_print_confirm(print->values, place, words, 24);
	return true;
}

static void print_slice(struct go_print *print, const struct go_type *type,
			const struct go_place *place, unsigned levels, bool typed)
{
	const struct go_type *element = go_type_element(type);
	struct go_place all;
	uint64_t words[3];

	if (!reads(print, place, words, sizeof(words)))
		return;
	if (words[1] > words[2] || words[2] > COUNT_MAX || (words[0] == 0 && words[2])) {
		oneline_put(print->text, "(invalid)");
		return;
	}
	if (words[0] == 0) {
		oneline_put(print->text, "nil");
		return;
	}
	if (typed)
		oneline_printf(print->text, "%.100s ", type->name);
	oneline_printf(print->text, "len: %llu, cap: %llu", (unsigned long long)words[1],
		       (unsigned long long)words[2]);
	if (!element || (levels == 0 && is_composite(element)))
		return;
	oneline_put(print->text, ", ");
	if (element->kind == GO_KIND_UINT8 && print_text(print, place, words))
		return;
	all = (struct go_place){.address = words[0]};
	print_elements(print, element, &all, words[1], levels);
	if (words[1] > 0)
		go_print_confirm(print->values, place, words, sizeof(words));
}

static void print_bytes(struct go_print *print, const struct go_place *place, size_t nr,
			bool is_uuid)
{
	size_t shown = nr < HEX_MAX ? nr : HEX_MAX;
	uint8_t bytes[HEX_MAX];

	if (!reads(print, place, bytes, shown))
		return;
	for (size_t i = 0; i < shown; i++)
		oneline_printf(print->text, "%s%02x",
			       is_uuid && (i == 4 || i == 6 || i == 8 || i == 10) ? "-"
										  : "",
			       bytes[i]);
	if (shown < nr)
		oneline_printf(print->text, "...+%zu more", nr - shown);
}

static void print_array(struct go_print *print, const struct go_type *type,
			const struct go_place *place, unsigned levels, bool typed)
{
	const struct go_type *element = go_type_element(type);
	size_t name = strlen(type->name);

	if (typed)
		oneline_printf(print->text, "%.100s ", type->name);
	if (!element || (levels == 0 && is_composite(element)))
		oneline_put(print->text, "[...]");
	else if (element->kind == GO_KIND_UINT8 && type->length >= HEX_FROM)
		print_bytes(print, place, type->length,
			    type->length == 16 && name >= 4 &&
				    strcmp(type->name + name - 4, "UUID") == 0);
	else
		print_elements(print, element, place, type->length, levels);
}

static void print_struct(struct go_print *print, const struct go_type *type,
			 const struct go_place *place, unsigned levels, bool typed)
{
	size_t nr, shown = 0;
	const struct go_field *fields = go_type_fields(type, &nr);

	if (typed)
		oneline_printf(print->text, "%.100s ", type->name);
	if (levels == 0 && nr > 0) {
		oneline_put(print->text, "{...}");
		return;
	}
	oneline_put(print->text, "{");
	for (size_t i = 0; i < nr && !print->text->full; i++) {
		struct go_place part = go_place_at(place, fields[i].offset);

		if (strcmp(fields[i].name, "_") == 0)
			continue;
		if (shown++ == GO_VALUE_FIELDS) {
			put_more(print, i, nr);
			break;
		}
		oneline_printf(print->text, "%s%.100s: ", shown > 1 ? ", " : "",
			       fields[i].name);
		if (fields[i].type)
			print_any(print, fields[i].type, &part, levels - 1, true);
		else
			oneline_put(print->text, "(unknown type)");
	}
	oneline_put(print->text, "}");
}

static void print_pointer(struct go_print *print, const struct go_type *type,
			  const struct go_place *place, unsigned levels, bool typed)
{
	const struct go_type *element = go_type_element(type);
	uint8_t copy[GO_COPY_BYTES];
	struct go_place target = {.bytes = copy};
	uint64_t word;

	if (!reads(print, place, &word, sizeof(word)))
		return;
	if (word == 0) {
		oneline_put(print->text, "nil");
		return;
	}
	target.address = word;
	if (element)
		target.copied =
			element->bytes < sizeof(copy) ? element->bytes : sizeof(copy);
	if (!element || levels == 0 ||
	    !go_print_read(print->values, word, copy, target.copied)) {
		oneline_printf(print->text, "(%.100s)(%#llx)", type->name,
			       (unsigned long long)word);
		return;
	}
	if (typed || !go_known_of(element))
		oneline_put(print->text, "*");
	print_any(print, element, &target,
		  element->kind == GO_KIND_STRUCT ? levels : levels - 1, typed);
	go_print_confirm(print->values, place, &word, sizeof(word));
}

static void print_interface(struct go_print *print, const struct go_type *type,
			    const struct go_place *place, unsigned levels, bool typed)
{
	struct go_dynamic dynamic;
	uint8_t copy[GO_COPY_BYTES];
	uint64_t words[2];

	if (!reads(print, place, words, sizeof(words)))
		return;
	if (words[0] == 0) {
		oneline_put(print->text, words[1] ? "(invalid)" : "nil");
		return;
	}
	if (!go_value_dynamic(print->values, type, place, &dynamic)) {
		oneline_put(print->text, "(unknown type)");
		return;
	}
	if (typed)
		oneline_printf(print->text, "%.100s", type->name);
	oneline_printf(print->text, "(%.100s) ", dynamic.type->name);
	if (!dynamic.type->direct) {
		size_t bytes = dynamic.type->bytes;

		dynamic.place.bytes = copy;
		dynamic.place.copied = bytes < sizeof(copy) ? bytes : sizeof(copy);
		if (!go_print_read(print->values, words[1], copy, dynamic.place.copied)) {
			oneline_put(print->text, GO_UNREADABLE);
			return;
		}
	}
	print_any(print, dynamic.type, &dynamic.place, levels, false);
	go_print_confirm(print->values, place, words, sizeof(words));
}

/* The runtime keeps the length, the capacity and the size of an element in a channel. */
static bool is_chan(const uint8_t bytes[32], const struct go_type *type)
{
	const struct go_type *element = go_type_element(type);
	uint64_t size = load_u32(bytes + 24) & 0xffff;

	return load_u64(bytes) <= load_u64(bytes + 8) && load_u32(bytes + 28) <= 1 &&
	       (!element || size == element->bytes);
}

static void print_chan(struct go_print *print, const struct go_type *type,
		       const struct go_place *place, bool typed)
{
	uint8_t bytes[32];
	uint64_t word;

	if (!go_print_header(print, type, place, typed, &word, bytes, sizeof(bytes)))
		return;
	/* It is something else: then so is the value that points to it. */
	if (!is_chan(bytes, type)) {
		print->values->changed = true;
		return;
	}
	oneline_printf(print->text, "%llu/%llu%s", (unsigned long long)load_u64(bytes),
		       (unsigned long long)load_u64(bytes + 8),
		       load_u32(bytes + 28) ? ", closed" : "");
	go_print_confirm(print->values, place, &word, sizeof(word));
}

static void print_function(struct go_print *print, const struct go_place *place)
{
	uint64_t word;

	if (!reads(print, place, &word, sizeof(word)))
		return;
	if (word == 0)
		oneline_put(print->text, "nil");
	else if (!go_value_function(print->values, word, print->text))
		oneline_printf(print->text, "func(%#llx)", (unsigned long long)word);
	else
		go_print_confirm(print->values, place, &word, sizeof(word));
}

static bool print_in_words(struct go_print *print, const struct go_type *type,
			   const struct go_place *place, bool typed)
{
	const struct go_known *known = go_known_of(type);
	char words[GO_KNOWN_MAX];
	struct oneline text;
	struct go_print inner = *print;
	uint8_t copy[GO_PLACE_BYTES];
	struct go_place loaded = *place;

	if (!known)
		return false;
	inner.text = &text;
	oneline_init(&text, words, sizeof(words));
	text.raw = known->quoted;
	go_place_load(print->values, type, &loaded, copy);
	if (!known->print(&inner, type, &loaded))
		return false;
	if (typed)
		oneline_printf(print->text, "%.100s(", type->name);
	if (known->quoted)
		oneline_quote(print->text, '"', words, text.used, 0);
	else
		oneline_put(print->text, words);
	oneline_put(print->text, typed ? ")" : "");
	return true;
}

static void print_any(struct go_print *print, const struct go_type *type,
		      const struct go_place *place, unsigned levels, bool typed)
{
	uint64_t word;

	if (print->text->full || print_in_words(print, type, place, typed))
		return;
	switch (type->kind) {
	case GO_KIND_BOOL:
		print_bool(print, place);
		break;
	case GO_KIND_FLOAT32:
	case GO_KIND_FLOAT64:
	case GO_KIND_COMPLEX64:
	case GO_KIND_COMPLEX128:
		print_float(print, type, place);
		break;
	case GO_KIND_STRING:
		print_string(print, place);
		break;
	case GO_KIND_SLICE:
		print_slice(print, type, place, levels, typed);
		break;
	case GO_KIND_ARRAY:
		print_array(print, type, place, levels, typed);
		break;
	case GO_KIND_STRUCT:
		print_struct(print, type, place, levels, typed);
		break;
	case GO_KIND_POINTER:
		print_pointer(print, type, place, levels, typed);
		break;
	case GO_KIND_INTERFACE:
		print_interface(print, type, place, levels, typed);
		break;
	case GO_KIND_MAP:
		go_print_map(print, type, place, levels, typed);
		break;
	case GO_KIND_CHAN:
		print_chan(print, type, place, typed);
		break;
	case GO_KIND_FUNC:
		print_function(print, place);
		break;
	case GO_KIND_UNSAFE_POINTER:
		if (reads(print, place, &word, sizeof(word)))
			oneline_printf(print->text, "unsafe.Pointer(0x%llx)",
				       (unsigned long long)word);
		break;
	default:
		print_integer(print, type, place);
		break;
	}
}

/* The copy of the value itself is checked too. */
static bool is_readable(struct go_values *values, const struct go_type *type,
			const struct go_place *place)
{
	uint8_t bytes[1];

	return type->bytes == 0 || go_place_read(values, place, 0, bytes, sizeof(bytes));
}

bool go_value_print(struct go_values *values, const struct go_type *type,
		    const struct go_place *place, bool typed, struct oneline *text)
{
	struct go_print print = {values, text, print_any, go_known_of};
	bool printed = is_readable(values, type, place);

	values->reads_left = GO_VALUE_READS;
	values->changed = false;
	values->depth++;
	if (printed)
		print_any(&print, type, place,
			  values->levels ? values->levels : GO_VALUE_LEVELS, typed);
	values->depth--;
	return printed && !values->changed;
}

bool go_value_print_known(struct go_values *values, const struct go_type *type,
			  const struct go_place *place, struct oneline *text)
{
	const struct go_known *known = go_known_of(type);
	char words[GO_KNOWN_MAX];
	struct oneline inner;
	struct go_print print = {values, &inner, print_any, go_known_of};
	uint8_t copy[GO_PLACE_BYTES];
	struct go_place loaded = *place;
	bool printed;

	if (!known)
		return false;
	oneline_init(&inner, words, sizeof(words));
	values->reads_left = GO_VALUE_READS;
	values->changed = false;
	values->depth++;
	go_place_load(values, type, &loaded, copy);
	printed = known->print(&print, type, &loaded) && !values->changed;
	values->depth--;
	if (printed)
		oneline_put(text, words);
	return printed;
}
