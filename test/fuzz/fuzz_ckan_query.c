/* q, fq and sort of CKAN's package_search: the first byte says which. */
#include "test/fuzz/fuzz.h"

#include <string.h>

#include "node/portal/ckan_query.h"

static void sort_read(const char *text)
{
	char why[WHY_LEN] = "";
	enum index_sort sort;

	if (ckan_sort_read(&sort, text, why) == ERR_OK)
		fuzz_accepted();
	else
		check(*why);
}

static void query_read(const char *text, bool words)
{
	struct ckan_query query;
	char why[WHY_LEN] = "";

	ckan_query_init(&query);
	if (ckan_query_add(&query, text, words, why) == ERR_OK) {
		fuzz_accepted();
		check(query.filter_count <= INDEX_FILTER_COUNT_MAX);
		check(memchr(query.words, 0, sizeof(query.words)));
		check(words || !*query.words);
	} else {
		check(*why);
	}
	ckan_query_fini(&query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[CKAN_QUERY_LEN_MAX + 2];

	if (size < 2 || size - 1 >= sizeof(text))
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	if (*data == 's')
		sort_read(text);
	else
		query_read(text, *data == 'q');
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	static const char *const seeds[] = {
		"qkita pl\xc3\xa4tze",
		"q\"in quotes\" AND title:Haushalt",
		"q*:*",
		"forganization:meissen OR organization:riesa",
		"f(organization:(a OR b)) AND -tags:x NOT groups:ENVI +res_format:CSV",
		"fmetadata_modified:[2026-05-01T07:00:00.123456Z TO *]",
		"ftype:harvest",
		"smetadata_modified desc",
		"sscore desc, metadata_modified desc",
	};

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		fuzz_seed(corpus, bytes_str(seeds[i]));
}
