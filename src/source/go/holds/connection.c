/* SPDX-License-Identifier: MIT */
/* Connections and other files: packages net and os of Go 1.16 to 1.27. */
#include "source/go/holds/typed.h"

#include <string.h>

#include "base/array.h"
#include "base/text.h"

#define ANCESTORS     4u  /* objects on the way that may know the name of the other end */
#define NETWORK_BYTES 16u /* of "ip6:ipv6-icmp" and shorter names */

/* Appends the address in an interface field. */
static bool put_address(struct go_values *values, const struct go_type *type,
			const struct go_place *place, const char *name,
			struct oneline *line)
{
	struct go_dynamic dynamic;
	struct go_place part;
	const struct go_type *field =
		go_place_field(type, place, name, GO_KIND_INTERFACE, &part);
	const struct go_type *target;
	uint64_t word;

	if (!field || !go_value_dynamic(values, field, &part, &dynamic) ||
	    !dynamic.type || dynamic.type->kind != GO_KIND_POINTER)
		return false;
	target = go_type_element(dynamic.type);
	if (!target || !go_place_read(values, &dynamic.place, 0, &word, sizeof(word)) ||
	    !word)
		return false;
	part = (struct go_place){.address = word};
	return go_value_print_known(values, target, &part, line);
}

/* Returns the number of the descriptor, or -1. */
static int descriptor_of(struct go_values *values, const struct go_type *type,
			 const struct go_place *place)
{
	struct go_place poll, part;
	const struct go_type *inner =
		go_place_field(type, place, "pfd", GO_KIND_STRUCT, &poll);
	int64_t fd;

	if (!inner || !go_place_field(inner, &poll, "Sysfd", GO_KIND_INT, &part) ||
	    !go_place_read(values, &part, 0, &fd, sizeof(fd)) || fd < 0 || fd > INT32_MAX)
		return -1;
	return (int)fd;
}

/* The name of the other end, where an object on the way to the connection has it. */
static bool put_remote_name(struct go_reach *reach, struct go_values *values,
			    const struct go_reached *object, const char *remote,
			    struct oneline *line)
{
	for (unsigned i = 0; object && i < ANCESTORS;
	     i++, object = go_reach_parent(reach, object)) {
		const struct go_type *type = object->type, *key = NULL;
		struct go_place part, place;
		size_t before = line->used;

		if (!type || !object->copy || object->type_at >= object->copied)
			continue;
		place = (struct go_place){object->address + object->type_at,
					  object->copy + object->type_at,
					  object->copied - object->type_at};
		if (go_type_is(type, "http.persistConn", "net/http"))
			key = go_place_field(type, &place, "cacheKey", GO_KIND_STRUCT,
					     &part);
		oneline_put(line, " (");
		if ((key && go_place_text(values, key, &part, "addr", line)) ||
		    (go_type_is(type, "tls.Conn", "crypto/tls") &&
		     go_place_text(values, type, &place, "serverName", line))) {
			/* An address that was not looked up says nothing new. */
			if (line->used > before + 2 &&
			    strcmp(line->out + before + 2, remote) != 0) {
				oneline_put(line, ")");
				return true;
			}
		}
		line->used = before;
		line->out[before] = 0;
	}
	return false;
}

static void put_ends(struct go_reach *reach, struct go_values *values,
		     const struct go_reached *object, const struct go_type *type,
		     const struct go_place *place, struct oneline *line)
{
	size_t before = line->used;
	bool local = put_address(values, type, place, "laddr", line);
	char remote[HOLDS_TEXT_MAX];
	struct oneline other;

	oneline_init(&other, remote, sizeof(remote));
	if (!put_address(values, type, place, "raddr", &other) || !remote[0])
		return;
	if (local && line->used > before)
		oneline_put(line, " → ");
	oneline_put(line, remote);
	put_remote_name(reach, values, object, remote, line);
}

/* The package net knows these networks, with a digit or a protocol after them. */
static bool is_network(const char *text)
{
	static const char *const names[] = {"tcp", "udp", "unix", "ip"};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (text_starts_with(text, names[i]))
			return strlen(text) < NETWORK_BYTES;
	return text[0] == '\0';
}

static bool tell(struct go_reach *reach, const struct go_reached *object,
		 const struct go_type *type, const struct go_place *place)
{
	struct go_values values = go_typed_values(reach);
	struct kernel *kernel = go_reach_holds(reach)->kernel;
	struct go_place loaded = *place;
	uint8_t copy[GO_PLACE_BYTES];
	int fd;
	char text[HOLDS_TEXT_MAX];
	struct oneline line;
	size_t before;

	go_place_load(&values, type, &loaded, copy);
	fd = descriptor_of(&values, type, &loaded);
	oneline_init(&line, text, sizeof(text));
	if (go_place_text(&values, type, &loaded, "net", &line) && line.used) {
		if (!is_network(text))
			return true; /* it is something else */
		oneline_put(&line, " ");
	}
	before = line.used;
	put_ends(reach, &values, object, type, &loaded, &line);
	/* What the program does not remember, the kernel may know. */
	if (line.used == before && fd >= 0 && kernel) {
		line.used = 0;
		oneline_put(&line, kernel_fd_name(kernel, fd));
	}
	if (fd >= 0)
		oneline_printf(&line, ", fd %d", fd);
	else
		oneline_put(&line, ", closed");
	go_reach_add(reach, HELD_CONNECTION, object, place->address, NULL, "net.Conn",
		     text);
	return true;
}

bool go_special_connection(struct go_reach *reach, const struct go_reached *object,
			   const struct go_type *type, const struct go_place *place)
{
	const struct go_reached *parent = go_reach_parent(reach, object);

	/* It has been told with the connection that leads to it. */
	if (parent && parent->type && strcmp(parent->type->package, "net") == 0)
		return true;
	return tell(reach, object, type, place);
}

/* net.TCPConn and others have a pointer to it. */
bool go_special_holder(struct go_reach *reach, const struct go_reached *object,
		       const struct go_type *type, const struct go_place *place)
{
	struct go_values values = go_typed_values(reach);
	struct go_place part, target;
	const struct go_type *pointer =
		go_place_field(type, place, "fd", GO_KIND_POINTER, &part);
	const struct go_type *inner = pointer ? go_type_element(pointer) : NULL;
	uint64_t word;

	if (!inner || !go_type_is(inner, "net.netFD", "net") ||
	    !go_place_read(&values, &part, 0, &word, sizeof(word)) || !word)
		return false;
	target = (struct go_place){.address = word};
	return tell(reach, object, inner, &target);
}

bool go_special_file(struct go_reach *reach, const struct go_reached *object,
		     const struct go_type *type, const struct go_place *place)
{
	struct go_values values = go_typed_values(reach);
	struct go_place part, target = *place;
	const struct go_type *pointer =
		go_place_field(type, place, "file", GO_KIND_POINTER, &part);
	char text[HOLDS_TEXT_MAX];
	struct oneline line;
	uint8_t copy[GO_PLACE_BYTES];
	uint64_t word;
	int fd;

	if (pointer) {
		type = go_type_element(pointer);
		if (!type || !go_place_read(&values, &part, 0, &word, sizeof(word)) ||
		    !word)
			return false;
		target = (struct go_place){.address = word};
	}
	go_place_load(&values, type, &target, copy);
	fd = descriptor_of(&values, type, &target);
	oneline_init(&line, text, sizeof(text));
	if (!go_place_text(&values, type, &target, "name", &line))
		return false;
	if (fd >= 0)
		oneline_printf(&line, ", fd %d", fd);
	else
		oneline_put(&line, ", closed");
	go_reach_add(reach, HELD_CONNECTION, object, target.address, NULL, "*os.File",
		     text);
	return true;
}
