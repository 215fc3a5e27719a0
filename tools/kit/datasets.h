/*
 * datasets - lists of datasets as `ls` and `search` show them.
 */
#ifndef ALLMENDE_DATASETS_H
#define ALLMENDE_DATASETS_H

#include <jansson.h>

#include "tools/kit/tool.h"

/* The answer's "datasets", one a line. */
void datasets_print(const struct tool *tool, const json_t *answer);
/* Where the data of a version is, in a word or two: own, here, elsewhere, no access, here but
   sealed, damaged. */
const char *datasets_place(const json_t *entry);
/*
 * "riesa, landkreis-meissen (2 copies); not proved: coswig"; empty when nobody is known to. To be
 * freed.
 */
char *datasets_holders(const json_t *entry);
/*
 * Whose version it is: "riesa", "riesa, kept by lk" when it was taken over, with "; tie" when
 * another one has the same number. To be freed.
 */
char *datasets_by(const json_t *entry);

#endif
