/* SPDX-License-Identifier: MIT */
/*
 * Values in words, in the form in which their own packages print them. Layouts: packages
 * bytes, strings and net/http of Go 1.16 to 1.27, and those of the other files. Fields
 * are found by name and checked by kind, so that another layout gives no words.
 */
#include "source/go/type/print.h"

/* Bytes that have been collected: bytes.Buffer, strings.Builder. */
static bool print_collected(struct go_print *print, const struct go_type *type,
			    const struct go_place *place)
{
	struct go_place part;
	uint64_t words[3], read = 0;

	if (!go_place_field(type, place, "buf", GO_KIND_SLICE, &part) ||
	    !go_place_read(print->values, &part, 0, words, sizeof(words)) ||
	    words[1] > words[2])
		return false;
	if (go_print_field(print->values, type, place, "off", &read, sizeof(read)) &&
	    read <= words[1]) {
		words[0] += read;
		words[1] -= read;
	}
	return go_print_bytes(print, words);
}

bool go_print_request(struct go_print *print, const struct go_type *type,
		      const struct go_place *place)
{
	const struct go_type *pointer, *url;
	struct go_place part, target;
	uint64_t word, host[2] = {0};
	uint8_t copy[GO_PLACE_BYTES];
	size_t before;

	pointer = go_place_field(type, place, "URL", GO_KIND_POINTER, &part);
	url = pointer ? go_type_element(pointer) : NULL;
	if (!url || !go_place_read(print->values, &part, 0, &word, sizeof(word)) || !word)
		return false;
	before = print->text->used;
	if (!go_print_string(print, type, place, "Method"))
		return false;
	oneline_put(print->text, print->text->used > before ? " " : "GET ");
	target = (struct go_place){.address = word};
	go_place_load(print->values, url, &target, copy);
	/* A server has the host in a field of its own. */
	if (go_print_field(print->values, url, &target, "Host", host, sizeof(host)) &&
	    host[1] == 0)
		go_print_string(print, type, place, "Host");
	if (!go_print_url(print, url, &target))
		return false;
	go_print_confirm(print->values, &part, &word, sizeof(word));
	return true;
}

static const struct go_known list[] = {
	{"time.Time", "time", go_print_time, false},
	{"time.Duration", "time", go_print_duration, false},
	{"net.IP", "net", go_print_ip, false},
	{"net.TCPAddr", "net", go_print_endpoint, false},
	{"net.UDPAddr", "net", go_print_endpoint, false},
	{"net.IPAddr", "net", go_print_endpoint, false},
	{"net.UnixAddr", "net", go_print_unix, false},
	{"netip.Addr", "net/netip", go_print_netip, false},
	{"netip.AddrPort", "net/netip", go_print_netip, false},
	{"netip.Prefix", "net/netip", go_print_netip, false},
	{"url.URL", "net/url", go_print_url, false},
	{"url.Userinfo", "net/url", go_print_userinfo, false},
	{"http.Request", "net/http", go_print_request, false},
	{"sync.Mutex", "sync", go_print_mutex, false},
	{"sync.Mutex", "internal/sync", go_print_mutex, false},
	{"sync.RWMutex", "sync", go_print_rwmutex, false},
	{"sync.WaitGroup", "sync", go_print_waitgroup, false},
	{"sync.Once", "sync", go_print_once, false},
	{"strings.Builder", "strings", print_collected, true},
	{"bytes.Buffer", "bytes", print_collected, true},
	{"syscall.Errno", "syscall", go_print_errno, true},
};

/* Types of package sync/atomic, and of the runtime's. */
static const struct go_known atomic = {"atomic.", "atomic", go_print_atomic, false};

const struct go_known *go_known_of(const struct go_type *type)
{
	if (!type->named)
		return NULL;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (strcmp(type->name, list[i].name) == 0 &&
		    strcmp(type->package, list[i].package) == 0)
			return &list[i];
	if (type->kind == GO_KIND_STRUCT && strncmp(type->name, atomic.name, 7) == 0 &&
	    (strcmp(type->package, "sync/atomic") == 0 ||
	     strcmp(type->package, "internal/runtime/atomic") == 0))
		return &atomic;
	return go_known_error(type);
}
