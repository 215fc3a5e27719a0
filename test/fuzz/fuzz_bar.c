#include "test/fuzz/fuzz.h"

#include "crypto/path.h"
#include "proto/ledger/bar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bar items[BAR_COUNT_MAX];
	struct bytes in = bytes_of(data, size);
	struct bar_list list;
	struct buf out;
	size_t count = 0;
	if (bar_list_get(&list, in))
		return 0;
	fuzz_accepted();
	uint32_t left = list.left;
	while (count < BAR_COUNT_MAX && bar_list_next(&list, &items[count])) {
		check(items[count].has_line || !path_check(items[count].prefix));
		check(count == 0 || bar_cmp(&items[count - 1], &items[count]) < 0);
		count++;
	}
	check(count == left && count > 0);
	buf_init(&out, size);
	bar_list_put(&out, &list.org, items, count);
	fuzz_same(buf_bytes(&out), in);
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	const struct org_id org = {{6}};
	struct bar items[] = {
		{.nonce = {1}, .has_line = true, .line = {{2}}, .barred = true},
		{.nonce = {1}, .has_line = true, .line = {{3}}, .keep = KEEPING_ALL},
		{.nonce = {1}, .prefix = bytes_str("meissen"), .barred = true},
		{.nonce = {2}, .prefix = bytes_str("meissen/kita"), .keep = KEEPING_CURRENT},
	};
	struct buf out;
	for (size_t count = 1; count <= sizeof(items) / sizeof(items[0]); count++) {
		buf_init(&out, 2000);
		bar_list_put(&out, &org, items, count);
		fuzz_seed(corpus, buf_bytes(&out));
		buf_fini(&out);
	}
}
