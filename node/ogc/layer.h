/*
 * layer - a published file whose features can be asked for: what OGC API calls a collection, WFS a
 * feature type, and maps a layer. What a visitor sees of them, for the handlers of this room.
 *
 * Which there are, layers.h knows. Here each is asked for on behalf of somebody: the index says
 * whether the dataset is there for this visitor at this moment, and how it is described, so what
 * was withdrawn or is open no more vanishes at once, whatever the tables still hold.
 */
#ifndef ALLMENDE_LAYER_H
#define ALLMENDE_LAYER_H

#include "node/features/feature_query.h"
#include "node/index/index.h"
#include "node/ogc/layers.h"
#include "node/web/web_call.h"

struct layer { /* owns; layer_fini() */
	char id[LAYER_ID_LEN_MAX + 1];
	char *file;  /* name inside the dataset */
	char *table; /* feature_table_open(); NULL: it has to be made first */
	uint64_t file_len;
	char *media_type;
	char *why;                /* ERR_MALFORMED: what is wrong with the file, or NULL */
	struct table_about about; /* of its table, once that was made */
	struct index_item item;   /* of its dataset */
	struct feature_table *open;
};
void layer_init(struct layer *layer);
void layer_fini(struct layer *layer);

/* ERR_ABSENT: none of this id for this visitor; ERR_AGAIN: it is there, and its table will be soon;
   ERR_MALFORMED: its file is not in order (why); else a fault of index or table. With its table
   open. */
enum err layer_get(struct web_call *call, const char *id, struct layer *out);
/* In order of id, from the one behind after ("" for the first) on, at most max, those whose tables
   are there; without opening them. each borrows; *more: there are more. */
enum err layer_each(struct web_call *call, const char *after, size_t max,
		    void (*each)(void *arg, struct layer *layer), void *arg, bool *more);
/* What people call it: the title of the dataset, and the file when there are several. */
void layer_title(const struct layer *layer, struct buf *out);
/* Appends "/d/SLUG/PATH/files/NAME". */
void layer_file_path(const struct layer *layer, struct buf *out);
/* Before an answer that tells of layers, in this form: true, the client has it already, and is
   answered. */
bool layers_fresh(struct web_call *call, const char *form);
/* The same before one about the features of a layer. */
bool layer_fresh(struct web_call *call, const struct layer *layer, const char *form);

#endif
