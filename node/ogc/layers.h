/*
 * layers - which layers there are, and their tables: made in the background, once for the contents
 * of a file, by a thread of its own.
 *
 * The thread follows the index: when that has changed it walks through the datasets whose contents
 * are here and can be read, and looks at the files whose format can have features. A table of an
 * open dataset is a file in DIR/derived/features, named after the contents, so a new version with
 * the same file needs no new one, nor does a start of the node. What is not open is kept in memory,
 * LAYERS_MEMORY_MAX together; of those the ones asked for last stay. What is published no more is
 * removed with the next walk; nobody is shown it even before that (layer.h).
 *
 * Bounds: LAYERS_MAX layers, LAYERS_DISK_MAX bytes of files; a table as table_from.h says; walks
 * take a twentieth of the time at most.
 */
#ifndef ALLMENDE_LAYERS_H
#define ALLMENDE_LAYERS_H

#include "node/care/node_view.h"
#include "node/features/feature_table.h"
#include "node/index/index.h"

#define LAYERS_MAX        20000
#define LAYERS_MEMORY_MAX (32u * 1024 * 1024)
#define LAYERS_DISK_MAX   (UINT64_C(16) << 30)

struct layers;

/* Never NULL. node: index, contents and dir are borrowed. */
struct layers *layers_open(const struct node_view *node);
/* No work begins any more; what is under way ends soon. */
void layers_stop(struct layers *layers);
bool layers_busy(struct layers *layers); /* the thread has not ended */
void layers_close(struct layers *layers);

/* One of them, as it stands; owns its texts: layer_info_fini(). */
enum layer_state {
	LAYER_WANTED, /* it will be made */
	LAYER_MADE,
	LAYER_UNFIT /* its file is not in order, or too large: why */
};
struct layer_info {
	char *id, *path, *file; /* path: as people see it */
	char *table;            /* for feature_table_open(); of MADE */
	char *media_type, *why; /* why: of UNFIT */
	struct dataset_id dataset;
	uint64_t file_len;
	enum layer_state state;
	struct table_about about; /* of MADE, and once it was */
	bool has_about;
};
void layer_info_fini(struct layer_info *info);
/* Any thread. open: of an open dataset; who may see no others asks for these alone. Of one whose
   table is gone, it is made again. ERR_ABSENT. */
enum err layers_find(struct layers *layers, bool open, const char *id, struct layer_info *out);
/* The next one in order of id. */
enum err layers_after(struct layers *layers, bool open, const char *id, struct layer_info *out);
/* Another one whenever one of them has changed. */
uint64_t layers_generation(struct layers *layers);

/* Of a path and a file, with terminating zero, into LAYER_ID_LEN_MAX + 1 bytes. */
#define LAYER_ID_LEN_MAX 512
void layer_id(char out[LAYER_ID_LEN_MAX + 1], struct bytes path, struct bytes file);

#endif
