/* run_layers.c - see run_layers.h. */
#include "run_layers.h"

const char *run_layers(const struct store *store, struct arena *arena, const struct image_record *record,
		       struct overlay *overlay)
{
	const char **lowers = arena_array(arena, record->n_layers + record->n_implied + 1, sizeof(*lowers));
	const char *top = NULL;
	size_t count = 0;

	for (size_t i = 0; i < record->n_implied; i++)
		lowers[count++] = store_layer_path(store, arena, &record->implied[i].diff_id);
	/* The record has the lowest layer first; below an opaque one nothing is to be seen. */
	for (size_t i = record->n_layers; i > 0; i--) {
		const struct record_layer *layer = &record->layers[i - 1];

		lowers[count] = store_layer_path(store, arena, &layer->diff_id);
		if (!top && layer->has_top)
			top = lowers[count];
		count++;
		if (layer->opaque)
			break;
	}
	overlay->lowers = lowers;
	overlay->n_lowers = count;
	return top ? top : lowers[0];
}
