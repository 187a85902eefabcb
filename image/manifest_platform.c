/*
 * manifest_platform.c - platforms: parsed, and chosen from an index; see manifest.h.
 *
 * A variant is a level: "v8" is 800, "v8.1" 801. What a program for a lower level needs a higher one has, so the best
 * is the highest that is not above the wanted one. Images of before variants were written have none: they are of the
 * level that Docker took for granted.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/utf8.h"
#include "manifest.h"

enum { MINOR_LEVELS = 100, KNOWN_SIZE = 300, PART_MAX = 32, PARTS_MIN = 2, PARTS_MAX = 3 };

/* What machines, and people, call an architecture; Go's name for it, and the variant that the name implies. */
static const struct {
	const char *machine, *architecture, *variant;
} architectures[] = {
	{ "x86_64", "amd64", NULL },    { "aarch64", "arm64", "v8" }, { "armv8l", "arm", "v8" },
	{ "armv7l", "arm", "v7" },      { "armv6l", "arm", "v6" },    { "armhf", "arm", "v7" },
	{ "i386", "386", NULL },        { "i686", "386", NULL },      { "ppc64le", "ppc64le", NULL },
	{ "riscv64", "riscv64", NULL }, { "s390x", "s390x", NULL },   { "loongarch64", "loong64", NULL },
};

static const struct {
	const char *architecture;
	unsigned level;
} without_variant[] = { { "arm64", 800 }, { "arm", 700 }, { "amd64", 100 } };

static unsigned variant_level(const struct platform *platform)
{
	char *end;
	unsigned long major;
	unsigned long minor = 0;

	for (size_t i = 0; !platform->variant && i < ARRAY_SIZE(without_variant); i++)
		if (str_eq(without_variant[i].architecture, platform->architecture))
			return without_variant[i].level;
	if (!platform->variant || platform->variant[0] != 'v' || !isdigit((unsigned char)platform->variant[1]))
		return 0;
	major = strtoul(platform->variant + 1, &end, 10);
	if (*end == '.' && isdigit((unsigned char)end[1]))
		minor = strtoul(end + 1, &end, 10);
	if (*end || major >= MINOR_LEVELS || minor >= MINOR_LEVELS)
		return 0;
	return (unsigned)(major * MINOR_LEVELS + minor);
}

static void set_architecture(struct platform *platform, const char *name)
{
	platform->architecture = name;
	for (size_t i = 0; i < ARRAY_SIZE(architectures); i++) {
		if (!str_eq(architectures[i].machine, name))
			continue;
		platform->architecture = architectures[i].architecture;
		if (!platform->variant)
			platform->variant = architectures[i].variant;
	}
}

static bool is_part(const char *part)
{
	size_t length = strlen(part);

	return length > 0 && length <= PART_MAX &&
	       strspn(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == length;
}

static int this_machine(struct arena *arena, struct platform *ret, struct error *err)
{
	struct utsname name;

	if (uname(&name) < 0)
		return fail(err, errno, "uname");
	*ret = (struct platform){ .os = "linux" };
	set_architecture(ret, arena_strdup(arena, name.machine));
	return 0;
}

int platform_parse(struct arena *arena, const char *text, struct platform *ret, struct error *err)
{
	struct platform platform = { 0 };
	const char *parts[PARTS_MAX] = { NULL };
	size_t count = 0;
	char *rest;

	if (!text)
		return this_machine(arena, ret, err);
	rest = arena_strdup(arena, text);
	for (const char *part = strsep(&rest, "/"); part; part = strsep(&rest, "/")) {
		if (count == PARTS_MAX || !is_part(part))
			return refuse(err, "platform \"%.64s\": expected OS/ARCHITECTURE[/VARIANT]", text);
		parts[count++] = part;
	}
	if (count < PARTS_MIN)
		return refuse(err, "platform \"%.64s\": expected OS/ARCHITECTURE[/VARIANT]", text);
	platform.os = parts[0];
	platform.variant = parts[2];
	set_architecture(&platform, parts[1]);
	*ret = platform;
	return 0;
}

static bool is_image(const struct descriptor *entry)
{
	return entry->kind == MEDIA_MANIFEST || entry->kind == MEDIA_INDEX;
}

/* "linux/amd64, linux/arm/v7" for the error text; what does not fit is left out. */
static void list_platforms(const struct index *index, char *known)
{
	size_t used = 0;

	known[0] = '\0';
	for (size_t i = 0; i < index->n_manifests && used < KNOWN_SIZE - 1; i++) {
		const struct platform *platform = &index->manifests[i].platform;
		int length;

		if (!is_image(&index->manifests[i]) || !platform->os || !platform->architecture)
			continue;
		length = snprintf(known + used, KNOWN_SIZE - used, "%s%.32s/%.32s%s%.32s", used ? ", " : "",
				  platform->os, platform->architecture, platform->variant ? "/" : "",
				  platform->variant ? platform->variant : "");
		used += (size_t)length;
	}
	utf8_one_line(known);
}

/* The one image of an index that says nothing of platforms, as layouts are made for a single image. */
static const struct descriptor *only_image(const struct index *index)
{
	const struct descriptor *only = NULL;

	for (size_t i = 0; i < index->n_manifests; i++) {
		if (!is_image(&index->manifests[i]))
			continue;
		if (only || index->manifests[i].platform.architecture)
			return NULL;
		only = &index->manifests[i];
	}
	return only;
}

int index_choose(const struct index *index, const struct platform *wanted, const struct descriptor **ret,
		 struct error *err)
{
	const struct descriptor *best = NULL;
	unsigned most = variant_level(wanted);
	char known[KNOWN_SIZE];

	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct descriptor *entry = &index->manifests[i];
		const struct platform *platform = &entry->platform;

		if (!is_image(entry) || !str_eq(platform->os, wanted->os) ||
		    !str_eq(platform->architecture, wanted->architecture) || variant_level(platform) > most)
			continue;
		if (!best || variant_level(platform) > variant_level(&best->platform))
			best = entry;
	}
	if (!best)
		best = only_image(index);
	if (best) {
		*ret = best;
		return 0;
	}
	list_platforms(index, known);
	return refuse_as(err, ENOENT, "no image for %s/%s%s%s; there is: %s", wanted->os, wanted->architecture,
			 wanted->variant ? "/" : "", wanted->variant ? wanted->variant : "",
			 *known ? known : "nothing for a known platform");
}
