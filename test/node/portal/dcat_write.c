/* dcat_write DIR: the sample catalogue in each syntax, for programs that judge it. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/check.h"
#include "test/node/portal/dcat_sample.h"

int main(int argc, char **argv)
{
	char path[4096];
	struct buf out;

	for (int i = 0; argc == 2 && i < RDF_SYNTAX_COUNT; i++) {
		buf_init(&out, 1 << 24);
		check(!dcat_sample_write((enum rdf_syntax)i, &out));
		snprintf(path, sizeof(path), "%s/sample.%s", argv[1],
			 rdf_extension((enum rdf_syntax)i));
		FILE *file = fopen(path, "wb");
		check(file && fwrite(out.ptr, 1, out.len, file) == out.len && fclose(file) == 0);
		buf_fini(&out);
	}
	return argc == 2 ? 0 : 2;
}
