/* The body of a version, its list of chunks, and its keys. */
#include "test/fuzz/fuzz.h"

#include <string.h>

#include "proto/content/pack.h"
#include "proto/content/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct version version;
	struct index_entry entry;
	struct buf out, list;
	struct key key, fed_key = {{0}};
	struct dataset_id dataset = {{0}};
	uint32_t count = 0;
	if (version_decode(&version, in) != ERR_OK)
		return 0;
	fuzz_accepted();
	buf_init(&out, size);
	buf_init(&list, size);
	version_encode(&out, &version);
	fuzz_same(buf_bytes(&out), in);
	struct version_parts parts = version_parts(&version);
	while (version_parts_next(&parts, &entry)) {
		version_part_put(&list, &entry);
		count++;
	}
	check(count == version.manifest_count);
	fuzz_same(buf_bytes(&list), version.manifest);
	version_dataset_key(&key, &version, &dataset, &fed_key);
	buf_fini(&out);
	buf_fini(&list);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct buf out, parts, description;
	struct description title = {.title = bytes_str("Pegel")};
	struct index_entry part = {{{0}}, 0};
	buf_init(&out, LIMIT_RECORD_LEN_MAX);
	buf_init(&parts, LIMIT_RECORD_LEN_MAX);
	buf_init(&description, DESCRIPTION_LEN_MAX);
	for (enum tier tier = TIER_OPEN; tier <= TIER_HIDDEN; tier++) {
		bool hidden = tier == TIER_HIDDEN;
		struct bytes path = bytes_str(hidden ? "meissen/~abcdefghijklmnopqrstuvwxya"
						     : "meissen/wasser/pegel-elbe");
		size_t sealed_len = hidden ? chunk_hidden_len(BOX_KIND_DESCRIPTION, 50) : 104;
		buf_reset(&out);
		buf_reset(&parts);
		part.size = LIMIT_CHUNK_LEN_MAX;
		version_part_put(&parts, &part);
		part.size = (uint32_t)chunk_hidden_len(BOX_KIND_MANIFEST, 500);
		version_part_put(&parts, &part);
		buf_reset(&description);
		if (tier == TIER_OPEN)
			check(description_encode(&description, &title) == ERR_OK);
		else
			memset(buf_space(&description, sealed_len), 1, sealed_len);
		struct version version = {
			.path = path,
			.tier = tier,
			.epoch_prefix = tier == TIER_OPEN || hidden ? path
					: tier == TIER_MEMBERS      ? bytes_of(NULL, 0)
								    : bytes_str("meissen/wasser"),
			.epoch_number = 1,
			.number = 2,
			.has_replaces = tier % 2 == 0,
			.description = buf_bytes(&description),
			.description_key = 3,
			.manifest = buf_bytes(&parts),
			.manifest_count = 2,
			.index = {{{0}}, 3, 272000},
			.has_origin = tier % 2 == 0,
			.origin_author = 259,
			.has_grant = tier == TIER_GRANTED,
		};
		version_encode(&out, &version);
		fuzz_seed(corpus, buf_bytes(&out));
	}
	buf_fini(&out);
	buf_fini(&parts);
	buf_fini(&description);
}
