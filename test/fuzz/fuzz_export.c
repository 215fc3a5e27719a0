#include "test/fuzz/fuzz.h"

#include "proto/rights/token_file.h"
#include "proto/wire/wire_in.h"
#include "test/proto/rights/exported.h"

/* The federation that the file says it is of: nobody has told us another. */
static bool federation_of(struct fed_id *out, struct bytes in)
{
	struct wire_in w = wire_in(in);
	struct digest id, grant;

	wire_array(&w, 5, 5);
	wire_exact(&w, 1);
	wire_fixed(&w, grant.b, ID_LEN);
	wire_array(&w, 1, LIMIT_CHARTER_NUMBER_MAX);
	struct bytes entry = wire_bin(&w, 1, LIMIT_CHARTER_ENTRY_LEN_MAX);
	if (w.err || charter_entry_id(&id, entry))
		return false;
	memcpy(out->b, id.b, ID_LEN);
	return true;
}

/* Whatever is read, the verdict over it ends, and says what is missing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct token_file file;
	struct verdict verdict;
	struct fed_id fed;
	if (!federation_of(&fed, in))
		return 0;
	enum err err = token_file_read(&file, in, &fed, TEST_TIME_MS);
	check(!err == !file.why[0]);
	if (!err) {
		fuzz_accepted();
		err = token_file_verdict(&file, TEST_TIME_MS, &verdict);
		check(!err == !file.why[0] && (err || verdict.count > 0));
		check(token_file_proof(&file, &verdict, in, in, TEST_TIME_MS) != ERR_OK);
	}
	token_file_fini(&file);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	char why[WHY_LEN];
	for (unsigned records = 0; records <= 70; records += 70) {
		struct exported *e = mem_new(1, sizeof(*e));
		struct buf file;
		exported_init(e, records);
		check(!exported_file(e, &file, why));
		fuzz_seed(corpus, buf_bytes(&file));
		buf_fini(&file);
		exported_fini(e);
		free(e);
	}
}
