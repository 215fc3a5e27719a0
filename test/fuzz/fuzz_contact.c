#include "test/fuzz/fuzz.h"

#include "proto/charter/contact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct contact contact;
	struct buf out;
	if (contact_get(&contact, in) != ERR_OK)
		return 0;
	fuzz_accepted();
	buf_init(&out, size);
	contact_put(&out, &contact);
	fuzz_same(buf_bytes(&out), in);
	for (size_t i = 0; i < contact.address_count; i++)
		check(contact_address_check(contact.addresses[i]) == ERR_OK);
	buf_fini(&out);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct contact contact = {.addresses = {bytes_str("meissen.example:7420"),
						bytes_str("[2001:db8::1]:7420"),
						bytes_str("192.0.2.7:65535")},
				  .address_count = 3,
				  .software = bytes_str("allmende 0.1"),
				  .operator_name = bytes_str("KISA")};
	struct buf out;
	buf_init(&out, 1000);
	contact_put(&out, &contact);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_reset(&out);
	contact.address_count = 0;
	contact_put(&out, &contact);
	fuzz_seed(corpus, buf_bytes(&out));
	buf_fini(&out);
}
