/* Filters of WFS. */
#include "test/fuzz/fuzz.h"

#include "node/ogc/fes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[WHY_LEN];
	struct fes fes;

	if (!fes_read(&fes, bytes_of(data, size), why)) {
		fuzz_accepted();
		check(fes.has_box || fes.equal_count || fes.has_ids);
		check(fes.equal_count <= FES_EQUAL_MAX);
	}
	fes_fini(&fes);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	fuzz_seed(corpus,
		  bytes_str("<f:Filter><And><BBOX><Envelope srsName=\"EPSG:25833\"><lowerCorner>1 "
			    "2</lowerCorner><upperCorner>3 4</upperCorner></Envelope></BBOX>"
			    "<PropertyIsEqualTo><ValueReference>a</ValueReference><Literal>b&amp;"
			    "&#xe4;</Literal></PropertyIsEqualTo></And></f:Filter>"));
	fuzz_seed(corpus, bytes_str("<?xml?><Filter><!-- --><ResourceId rid='a.1'/></Filter>"));
}
