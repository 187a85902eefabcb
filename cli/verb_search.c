/* verb_search.c - a verb by its name, among those of this program. */
#include <string.h>

#include "base/str.h"
#include "verb.h"

enum { MEANT_DISTANCE = 2, KNOWN_SIZE = 160 };

const struct verb *verb_find(const char *name)
{
	for (const struct verb *const *verb = verb_list_all(); *verb; verb++) {
		if (str_eq((*verb)->name, name))
			return *verb;
	}
	return NULL;
}

int verb_unknown(const char *name, struct error *err)
{
	const char *meant = NULL;
	unsigned nearest = MEANT_DISTANCE + 1;
	char known[KNOWN_SIZE] = "";

	for (const struct verb *const *verb = verb_list_all(); *verb; verb++) {
		unsigned distance = text_distance(name, (*verb)->name);

		if (distance < nearest && distance < strlen((*verb)->name)) {
			nearest = distance;
			meant = (*verb)->name;
		}
		(void)strncat(known, " ", sizeof(known) - strlen(known) - 1);
		(void)strncat(known, (*verb)->name, sizeof(known) - strlen(known) - 1);
	}
	if (meant)
		return refuse(err, "unknown command \"%.64s\"; did you mean \"%s\"? commands:%s", name, meant, known);
	return refuse(err, "unknown command \"%.64s\"; commands:%s", name, known);
}
