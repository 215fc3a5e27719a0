/* The payload of an invitation; the target adds the check sum and makes the text. */
#include "test/fuzz/fuzz.h"

#include "crypto/hash.h"
#include "proto/charter/invitation.h"
#include "test/proto/federation.h"

#define SUM_LEN 4

static void text_of(struct buf *text, struct bytes payload)
{
	struct buf bytes;
	uint8_t sum[ID_LEN];
	hash_once(sum, "am1.invite", payload);
	buf_init(&bytes, payload.len + SUM_LEN);
	buf_add(&bytes, payload);
	buf_add(&bytes, bytes_of(sum, SUM_LEN));
	buf_add(text, bytes_str("allmende2-"));
	base64_put(text, buf_bytes(&bytes));
	buf_fini(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct invitation invitation;
	struct buf text, again;
	buf_init(&text, 2 * size + 100);
	buf_init(&again, 2 * size + 100);
	/* the bytes as text, too: nothing else begins like that */
	check(invitation_get(&invitation, bytes_of(data, size)) != ERR_OK);
	text_of(&text, bytes_of(data, size));
	if (invitation_get(&invitation, buf_bytes(&text)) == ERR_OK) {
		fuzz_accepted();
		check(invitation_put(&again, &invitation) == ERR_OK);
		fuzz_same(buf_bytes(&again), buf_bytes(&text));
	}
	buf_fini(&text);
	buf_fini(&again);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct invitation invitation = {.fed_name = "Landkreis Meißen",
					.charter_number = 3,
					.address = "meissen.example:7420",
					.name = "Gemeinde Nünchritz",
					.slug = "nuenchritz",
					.ags = "14627180",
					.valid_until_ms = TEST_TIME_MS};
	struct buf text, bytes;
	buf_init(&text, LIMIT_INVITATION_LEN_MAX);
	buf_init(&bytes, LIMIT_INVITATION_LEN_MAX);
	check(invitation_put(&text, &invitation) == ERR_OK);
	check(base64_get(&bytes, bytes_slice(buf_bytes(&text), 10, text.len)) == ERR_OK);
	fuzz_seed(corpus, bytes_slice(buf_bytes(&bytes), 0, bytes.len - SUM_LEN));
	buf_fini(&text);
	buf_fini(&bytes);
}
