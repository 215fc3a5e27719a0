/* The body of a key record. */
#include "test/fuzz/fuzz.h"

#include "proto/ledger/keyrecord.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	const struct key other = {{1}};
	struct keyrecord record;
	struct buf out;
	struct key key;
	if (keyrecord_get(&record, in) != ERR_OK)
		return 0;
	fuzz_accepted();
	buf_init(&out, size);
	keyrecord_put(&out, &record);
	fuzz_same(buf_bytes(&out), in);
	check(keyrecord_down_open(&key, &record, &other) != ERR_OK);
	struct back_walk walk = keyrecord_backs(&record);
	struct epoch_link link;
	uint32_t count = 0;
	while (keyrecord_back_next(&walk, &link)) {
		check(keyrecord_back_open(&key, &record, &link, &other) != ERR_OK);
		count++;
	}
	check(count == record.back.count);
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct keyrecord record = {.prefix = bytes_str("meissen"), .number = 1};
	struct buf out;
	buf_init(&out, 2000);
	keyrecord_put(&out, &record);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	record.prefix = bytes_str("meissen/kita");
	record.number = 300;
	record.down = (struct epoch_link){true, bytes_str("meissen"), 7, {1}};
	struct random random = random_seeded(1);
	const struct key key = {{2}};
	struct buf links;
	buf_init(&links, EPOCH_BACK_LEN_MAX);
	keyrecord_back_add(&record, &links, bytes_str("meissen/kita"), 299, &key, &key, &random);
	keyrecord_back_add(&record, &links, bytes_str("meissen"), 7, &key, &key, &random);
	keyrecord_put(&out, &record);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	record.back = (struct epoch_backs){.lost = true};
	keyrecord_put(&out, &record);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&links);
	buf_fini(&out);
}
