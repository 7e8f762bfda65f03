/* SPDX-License-Identifier: MIT */
/* Network addresses and URLs. Layouts: packages net, net/netip and net/url. */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/text.h"
#include "base/url_mask.h"
#include "source/go/type/print.h"

#define IP4_BYTES  4u
#define IP6_BYTES  16u
#define PATH_BYTES 256u
#define PORT_MAX   65535

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static void put_ip(struct oneline *text, const uint8_t *bytes, size_t nr)
{
	char words[INET6_ADDRSTRLEN] = "";

	if (nr == IP6_BYTES && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
		bytes += sizeof(mapped);
		nr = IP4_BYTES;
	}
	inet_ntop(nr == IP4_BYTES ? AF_INET : AF_INET6, bytes, words, sizeof(words));
	oneline_put(text, words);
}

/* Reads a slice of 4 or 16 bytes. Returns their number, or 0. */
static size_t read_ip(struct go_values *values, const struct go_place *place,
		      uint8_t bytes[IP6_BYTES])
{
	uint64_t words[3];

	if (!go_place_read(values, place, 0, words, sizeof(words)) ||
	    (words[1] != IP4_BYTES && words[1] != IP6_BYTES) || words[2] < words[1] ||
	    !go_print_read(values, words[0], bytes, words[1]))
		return 0;
	go_print_confirm(values, place, words, sizeof(words));
	return words[1];
}

bool go_print_ip(struct go_print *print, const struct go_type *type,
		 const struct go_place *place)
{
	uint8_t bytes[IP6_BYTES];
	size_t nr =
		type->kind == GO_KIND_SLICE ? read_ip(print->values, place, bytes) : 0;

	if (nr > 0)
		put_ip(print->text, bytes, nr);
	return nr > 0;
}

/* net.TCPAddr, net.UDPAddr; net.IPAddr has no port. */
bool go_print_endpoint(struct go_print *print, const struct go_type *type,
		       const struct go_place *place)
{
	uint8_t bytes[IP6_BYTES];
	struct go_place part;
	size_t nr;
	int64_t port = 0;
	uint64_t zone[2] = {0};
	bool has_port, wide;

	if (!go_place_field(type, place, "IP", GO_KIND_SLICE, &part))
		return false;
	nr = read_ip(print->values, &part, bytes);
	has_port =
		go_print_field(print->values, type, place, "Port", &port, sizeof(port));
	if (port < 0 || port > PORT_MAX || (nr == 0 && !has_port))
		return false;
	wide = nr == IP6_BYTES && memcmp(bytes, mapped, sizeof(mapped)) != 0;
	oneline_put(print->text, wide && has_port ? "[" : "");
	if (nr > 0)
		put_ip(print->text, bytes, nr);
	if (wide &&
	    go_print_field(print->values, type, place, "Zone", zone, sizeof(zone)) &&
	    zone[1] > 0) {
		oneline_put(print->text, "%");
		go_print_string(print, type, place, "Zone");
	}
	oneline_put(print->text, wide && has_port ? "]" : "");
	if (has_port)
		oneline_printf(print->text, ":%d", (int)port);
	return true;
}

bool go_print_unix(struct go_print *print, const struct go_type *type,
		   const struct go_place *place)
{
	return go_print_string(print, type, place, "Name");
}

/* Since Go 1.23 the family leads to {isV6, zoneV6}; before, to an interface value that is
 * the zone, or nil. */
static void put_zone(struct go_print *print, const struct go_type *type,
		     const struct go_place *place)
{
	const struct go_type *outer = type, *inner;
	struct go_place part = *place, target;
	struct go_dynamic dynamic;
	uint64_t zone[2] = {0}, word;

	if (go_type_is(type, "netip.AddrPort", NULL))
		outer = go_place_field(type, place, "ip", GO_KIND_STRUCT, &part);
	target = part;
	inner = outer ? go_place_field(outer, &target, "z", GO_KIND_STRUCT, &part) : NULL;
	if (inner) {
		target = part;
		inner = go_place_field(inner, &target, "value", GO_KIND_POINTER, &part);
	} else if (outer) {
		inner = go_place_field(outer, &target, "z", GO_KIND_POINTER, &part);
	}
	inner = inner ? go_type_element(inner) : NULL;
	if (!inner || !go_place_read(print->values, &part, 0, &word, sizeof(word)))
		return;
	target = (struct go_place){.address = word};
	if (go_place_field(inner, &target, "zoneV6", GO_KIND_STRING, &part)) {
		go_place_read(print->values, &part, 0, zone, sizeof(zone));
	} else {
		inner = go_place_field(inner, &target, "cmpVal", GO_KIND_INTERFACE,
				       &part);
		if (inner && go_value_dynamic(print->values, inner, &part, &dynamic) &&
		    dynamic.type && dynamic.type->kind == GO_KIND_STRING)
			go_place_read(print->values, &dynamic.place, 0, zone,
				      sizeof(zone));
	}
	if (zone[1] == 0)
		return;
	oneline_put(print->text, "%");
	go_print_bytes(print, zone);
}

/* netip.Addr is two words and a pointer that says which family it is; AddrPort has a port
 * behind that, Prefix the bits and one. */
bool go_print_netip(struct go_print *print, const struct go_type *type,
		    const struct go_place *place)
{
	uint64_t words[2], family;
	uint8_t bytes[IP6_BYTES], bits = 0;
	uint16_t port = 0;
	bool has_port, wide;

	if (!go_place_read(print->values, place, 0, words, sizeof(words)) ||
	    !go_place_read(print->values, place, 16, &family, sizeof(family)) ||
	    type->bytes < 24)
		return false;
	if (family == 0) {
		oneline_put(print->text, "invalid IP");
		return true;
	}
	for (size_t i = 0; i < IP6_BYTES; i++)
		bytes[i] = (uint8_t)(words[i / 8] >> (56 - 8 * (i % 8)));
	has_port =
		go_print_field(print->values, type, place, "port", &port, sizeof(port));
	wide = memcmp(bytes, mapped, sizeof(mapped)) != 0;
	oneline_put(print->text, wide && has_port ? "[" : "");
	put_ip(print->text, bytes, IP6_BYTES);
	if (wide)
		put_zone(print, type, place);
	if (has_port)
		oneline_printf(print->text, "%s:%u", wide ? "]" : "", (unsigned)port);
	else if (go_print_field(print->values, type, place, "bitsPlusOne", &bits, 1) &&
		 bits > 0)
		oneline_printf(print->text, "/%u", bits - 1u);
	return true;
}

/* Returns false if there is no such field or it is empty. */
static bool has(struct go_print *print, const struct go_type *type,
		const struct go_place *place, const char *name)
{
	uint64_t words[2];

	return go_print_field(print->values, type, place, name, words, sizeof(words)) &&
	       words[1] > 0;
}

/* Appends a path as it is written in a URL. */
static bool put_path(struct go_print *print, const struct go_type *type,
		     const struct go_place *place)
{
	char bytes[PATH_BYTES];
	struct oneline path;
	struct go_print inner = {.values = print->values, .text = &path};

	if (has(print, type, place, "RawPath"))
		return go_print_string(print, type, place, "RawPath");
	oneline_init(&path, bytes, sizeof(bytes));
	path.raw = true;
	if (!go_print_string(&inner, type, place, "Path"))
		return false;
	for (size_t i = 0, nr; i < path.used; i += nr) {
		unsigned char byte = (unsigned char)bytes[i];

		nr = 1;
		if (byte <= ' ' || byte == 0x7f || strchr("\"%<>?#[\\]^`{|}", byte)) {
			oneline_printf(print->text, "%%%02X", byte);
			continue;
		}
		while (byte >= 0x80 && i + nr < path.used &&
		       (unsigned char)bytes[i + nr] >= 0x80)
			nr++;
		oneline_clean(print->text, bytes + i, nr);
	}
	return true;
}

/* The name of a user; a password is not shown. Never fails, as its fields would be printed
 * then. */
bool go_print_userinfo(struct go_print *print, const struct go_type *type,
		       const struct go_place *place)
{
	uint8_t has_password = 0;

	if (!go_print_string(print, type, place, "username"))
		oneline_put(print->text, GO_UNREADABLE);
	if (go_print_field(print->values, type, place, "passwordSet", &has_password, 1) &&
	    has_password)
		oneline_put(print->text, ":" URL_MASK);
	return true;
}

static void put_user(struct go_print *print, const struct go_type *type,
		     const struct go_place *place)
{
	struct go_place part, target;
	const struct go_type *pointer =
		go_place_field(type, place, "User", GO_KIND_POINTER, &part);
	const struct go_type *user = pointer ? go_type_element(pointer) : NULL;
	uint64_t word;

	if (!user || !go_place_read(print->values, &part, 0, &word, sizeof(word)) ||
	    !word)
		return;
	target = (struct go_place){.address = word};
	go_print_userinfo(print, user, &target);
	oneline_put(print->text, "@");
}

/* A path behind a scheme has two slashes before it too, unless the text that was parsed
 * had none. */
static bool has_host(struct go_print *print, const struct go_type *type,
		     const struct go_place *place)
{
	uint8_t omitted = 0;

	if (has(print, type, place, "Host"))
		return true;
	go_print_field(print->values, type, place, "OmitHost", &omitted, 1);
	return !omitted && has(print, type, place, "Scheme") &&
	       has(print, type, place, "Path");
}

bool go_print_url(struct go_print *print, const struct go_type *type,
		  const struct go_place *place)
{
	if (type->kind != GO_KIND_STRUCT)
		return false;
	if (has(print, type, place, "Scheme")) {
		go_print_string(print, type, place, "Scheme");
		oneline_put(print->text, ":");
	}
	if (has(print, type, place, "Opaque")) {
		go_print_string(print, type, place, "Opaque");
	} else {
		if (has_host(print, type, place)) {
			oneline_put(print->text, "//");
			put_user(print, type, place);
			go_print_string(print, type, place, "Host");
		}
		if (!put_path(print, type, place))
			return false;
	}
	if (has(print, type, place, "RawQuery")) {
		oneline_put(print->text, "?");
		go_print_string(print, type, place, "RawQuery");
	}
	if (has(print, type, place, "Fragment")) {
		oneline_put(print->text, "#");
		go_print_string(print, type, place, "Fragment");
	}
	return true;
}
