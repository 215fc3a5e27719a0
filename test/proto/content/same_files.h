/* Whether two manifests name the same files with the same contents. */
#ifndef ALLMENDE_TEST_SAME_FILES_H
#define ALLMENDE_TEST_SAME_FILES_H

#include "proto/content/manifest.h"

static inline bool same_files(const struct manifest *a, const struct manifest *b)
{
	if (manifest_file_count(a) != manifest_file_count(b))
		return false;
	for (uint32_t i = 0; i < manifest_file_count(a); i++) {
		const struct manifest_file *x = manifest_file(a, i), *y = manifest_file(b, i);
		if (!bytes_eq(x->name, y->name) || x->size != y->size ||
		    !id_eq(&x->sha256, &y->sha256))
			return false;
	}
	return true;
}

#endif
