/* SPDX-License-Identifier: MIT */
/* Times and durations. Layouts: time/time.go and zoneinfo.go of Go 1.16 to 1.27. */
#include <stdio.h>

#include "source/go/type/print.h"

#define MONOTONIC    (1ull << 63)
#define NANOSECONDS  ((1u << 30) - 1)
#define TO_UNIX      62135596800ll /* seconds from the year 1 to 1970 */
#define FROM_1885    59453308800ll /* seconds from the year 1 to 1885 */
#define DAY_SECONDS  86400ll
#define YEAR_MAX     9999
#define SECOND_NS    1000000000ull
#define TRANSITIONS  400u
#define ZONE_BYTES   32u /* name, seconds east of UTC, whether it is summer time */
#define CHANGE_BYTES 16u /* when, index of the zone */
#define OFFSET_MAX   (24 * 3600)

/* Days since 1970 to a date of the Gregorian calendar. */
static void to_date(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t shifted = days + 719468; /* from the first of March of the year 0 */
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t of_era = shifted - era * 146097;
	int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
	int64_t part = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * part + 2) / 5 + 1);
	*month = (int)(part < 10 ? part + 3 : part - 9);
	*year = years + era * 400 + (*month <= 2);
}

/* Appends ".25" for 250,000,000 of `digits` decimal digits. */
static void put_fraction(struct oneline *text, uint64_t value, int digits)
{
	if (value == 0)
		return;
	while (value % 10 == 0) {
		value /= 10;
		digits--;
	}
	oneline_printf(text, ".%0*llu", digits, (unsigned long long)value);
}

/* Looks through the changes of the zone; beyond the last one, a rule holds that is not
 * read. */
static bool offset_of_change(struct go_values *values, const struct go_type *location,
			     const struct go_place *place, int64_t seconds,
			     int64_t *offset)
{
	uint8_t bytes[GO_VALUE_BYTES_MAX];
	uint64_t zones[3], changes[3], rule[2];
	uint64_t best = UINT64_MAX;

	if (!go_print_field(values, location, place, "zone", zones, sizeof(zones)) ||
	    !go_print_field(values, location, place, "tx", changes, sizeof(changes)) ||
	    !go_print_field(values, location, place, "extend", rule, sizeof(rule)) ||
	    changes[1] == 0 || changes[1] > TRANSITIONS)
		return false;
	for (uint64_t i = 0; i < changes[1]; i++) {
		uint64_t in_copy = i % (sizeof(bytes) / CHANGE_BYTES);
		uint64_t left = (changes[1] - i) * CHANGE_BYTES;

		if (in_copy == 0 &&
		    !go_print_read(values, changes[0] + i * CHANGE_BYTES, bytes,
				   left < sizeof(bytes) ? left : sizeof(bytes)))
			return false;
		if ((int64_t)load_u64(bytes + in_copy * CHANGE_BYTES) > seconds)
			break;
		best = bytes[in_copy * CHANGE_BYTES + 8];
		if (i + 1 == changes[1] && rule[1] > 0)
			return false;
	}
	return best < zones[1] && go_print_read(values, zones[0] + best * ZONE_BYTES + 16,
						offset, sizeof(*offset));
}

/* Returns false if it is unknown. */
static bool offset_at(struct go_values *values, const struct go_type *pointer,
		      uint64_t address, int64_t seconds, int64_t *offset)
{
	const struct go_type *location = go_type_element(pointer);
	struct go_place place = {.address = address};
	int64_t from, until;
	uint64_t zone, zones[3];
	bool known;

	if (!location || !go_type_is(location, "time.Location", "time") ||
	    !go_print_field(values, location, &place, "zone", zones, sizeof(zones)))
		return false;
	*offset = 0;
	if (zones[1] == 0)
		return true;
	known = go_print_field(values, location, &place, "cacheStart", &from,
			       sizeof(from)) &&
		go_print_field(values, location, &place, "cacheEnd", &until,
			       sizeof(until)) &&
		go_print_field(values, location, &place, "cacheZone", &zone,
			       sizeof(zone)) &&
		zone && seconds >= from && seconds < until &&
		go_print_read(values, zone + 16, offset, sizeof(*offset));
	if (!known)
		known = offset_of_change(values, location, &place, seconds, offset);
	return known && *offset > -OFFSET_MAX && *offset < OFFSET_MAX;
}

/* In the form of RFC 3339. A zone whose offset is unknown is shown as UTC. */
static bool put_time(struct oneline *text, int64_t seconds, uint64_t nanoseconds,
		     int64_t offset)
{
	int64_t local = seconds + offset, year, days, of_day;
	int month, day;

	days = local / DAY_SECONDS;
	of_day = local % DAY_SECONDS;
	if (of_day < 0) {
		of_day += DAY_SECONDS;
		days--;
	}
	to_date(days, &year, &month, &day);
	if (year < 0 || year > YEAR_MAX)
		return false;
	oneline_printf(text, "%04lld-%02d-%02dT%02lld:%02lld:%02lld", (long long)year,
		       month, day, (long long)of_day / 3600, (long long)of_day / 60 % 60,
		       (long long)of_day % 60);
	put_fraction(text, nanoseconds, 9);
	if (offset == 0)
		oneline_put(text, "Z");
	else
		oneline_printf(text, "%c%02lld:%02lld", offset < 0 ? '-' : '+',
			       (long long)(offset < 0 ? -offset : offset) / 3600,
			       (long long)(offset < 0 ? -offset : offset) / 60 % 60);
	return true;
}

bool go_print_time(struct go_print *print, const struct go_type *type,
		   const struct go_place *place)
{
	uint64_t wall, location = 0;
	int64_t seconds, offset = 0;
	const struct go_type *pointer;
	struct go_place part;

	if (!go_print_field(print->values, type, place, "wall", &wall, sizeof(wall)) ||
	    !go_print_field(print->values, type, place, "ext", &seconds, sizeof(seconds)))
		return false;
	/* With a reading of the monotonic clock, which is then in `ext`, the seconds
	 * are in 33 bits of `wall`. */
	if (wall & MONOTONIC)
		seconds = FROM_1885 + (int64_t)(wall << 1 >> 31);
	if ((wall & NANOSECONDS) >= SECOND_NS || seconds > INT64_MAX / 2 ||
	    seconds < INT64_MIN / 2)
		return false;
	seconds -= TO_UNIX;
	pointer = go_place_field(type, place, "loc", GO_KIND_POINTER, &part);
	if (pointer &&
	    go_place_read(print->values, &part, 0, &location, sizeof(location)) &&
	    location && !offset_at(print->values, pointer, location, seconds, &offset))
		offset = 0;
	return put_time(print->text, seconds, wall & NANOSECONDS, offset);
}

bool go_print_duration(struct go_print *print, const struct go_type *type,
		       const struct go_place *place)
{
	static const struct {
		uint64_t ns;
		int digits;
		const char *unit;
	} small[] = {{1000000, 6, "ms"}, {1000, 3, "µs"}, {1, 0, "ns"}};
	int64_t value;
	uint64_t ns, seconds;
	size_t i = 0;

	if (type->kind != GO_KIND_INT64 ||
	    !go_place_read(print->values, place, 0, &value, sizeof(value)))
		return false;
	ns = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	seconds = ns / SECOND_NS;
	oneline_put(print->text, value < 0 ? "-" : "");
	if (ns > 0 && seconds == 0) {
		while (ns < small[i].ns)
			i++;
		oneline_printf(print->text, "%llu",
			       (unsigned long long)(ns / small[i].ns));
		put_fraction(print->text, ns % small[i].ns, small[i].digits);
		oneline_put(print->text, small[i].unit);
		return true;
	}
	if (seconds >= 3600)
		oneline_printf(print->text, "%lluh", (unsigned long long)seconds / 3600);
	if (seconds >= 60)
		oneline_printf(print->text, "%llum",
			       (unsigned long long)seconds / 60 % 60);
	oneline_printf(print->text, "%llu", (unsigned long long)seconds % 60);
	put_fraction(print->text, ns % SECOND_NS, 9);
	oneline_put(print->text, "s");
	return true;
}
