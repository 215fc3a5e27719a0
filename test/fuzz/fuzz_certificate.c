#include "test/fuzz/fuzz.h"

#include "crypto/wrap.h"
#include "proto/link/certificate.h"
#include "test/proto/federation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dh_pk transport;
	struct bytes in = bytes_of(data, size);
	struct certificate certificate;
	struct buf out;
	if (id_zero(&transport)) {
		struct test_org org;
		test_org_init(&org, 1);
		dh_pk_of(&transport, &org.transport);
		test_org_fini(&org);
	}
	if (certificate_get(&certificate, in) != ERR_OK)
		return 0;
	fuzz_accepted();
	buf_init(&out, size);
	certificate_put(&out, &certificate);
	fuzz_same(buf_bytes(&out), in);
	certificate_check(&certificate, &transport);
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct test_org org;
	struct buf out;
	test_org_init(&org, 1);
	buf_init(&out, LIMIT_FRAME_LEN_MAX);
	for (uint32_t member = 0; member < 2; member++) {
		struct certificate certificate = {.version = 1,
						  .member = member,
						  .org = org.id,
						  .entry = buf_bytes(&org.entry)};
		buf_reset(&out);
		certificate_put(&out, &certificate);
		fuzz_seed(corpus, buf_bytes(&out));
	}
	buf_fini(&out);
	test_org_fini(&org);
}
