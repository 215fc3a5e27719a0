/*
 * dcat_sample - a catalogue for tests: datasets that say as much as can be said, as little as the
 * rules allow, and what nobody should say.
 */
#ifndef ALLMENDE_TEST_DCAT_SAMPLE_H
#define ALLMENDE_TEST_DCAT_SAMPLE_H

#include "node/portal/dcat.h"

enum { DCAT_SAMPLE_COUNT = 4 };

extern const struct dcat_site DCAT_SAMPLE_SITE;
void dcat_sample_item(struct index_item *out, unsigned which);
/* Its files, to each. */
void dcat_sample_files(unsigned which, bool (*each)(void *arg, const struct index_file *file),
		       void *arg);
enum err dcat_sample_write(enum rdf_syntax syntax, struct buf *out);

#endif
