/* The payload of a join request, which the target signs with the root key of its organisation. */
#include "test/fuzz/fuzz.h"

#include "proto/charter/invitation.h"
#include "test/proto/federation.h"

static const struct fed_id fed = {{1}};

static void text_copy(char *out, struct bytes text)
{
	memcpy(out, text.ptr, text.len);
	out[text.len] = 0;
}

/* Makes the request again from what was read. */
static void make_again(struct buf *out, const struct join_request *r, const struct key *root)
{
	char addresses[LIMIT_ADDRESS_COUNT_MAX][LIMIT_ADDRESS_LEN_MAX + 1];
	const char *list[LIMIT_ADDRESS_COUNT_MAX + 1] = {NULL};
	struct invitation invitation = {.fed = fed, .secret = r->secret};
	text_copy(invitation.name, r->name);
	text_copy(invitation.slug, r->slug);
	text_copy(invitation.ags, r->ags);
	for (size_t i = 0; i < r->address_count; i++) {
		text_copy(addresses[i], r->addresses[i]);
		list[i] = addresses[i];
	}
	join_request_make(out, &invitation, r->orglog_entry, list, &r->commitment, &r->next_root,
			  root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct test_org org;
	const struct charter charter = {.fed = fed};
	struct join_request request;
	struct buf whole, again;
	struct sig sig;
	if (org.entry.len == 0)
		test_org_init(&org, 1);
	sign_make(&sig, &org.root, SIGN_TAG_JOIN, &fed, bytes_of(data, size));
	buf_init(&whole, size + SIG_LEN);
	buf_init(&again, LIMIT_JOIN_REQUEST_LEN_MAX);
	buf_add(&whole, bytes_of(data, size));
	buf_add(&whole, bytes_obj(&sig));
	if (join_request_get(&request, buf_bytes(&whole), &charter) == ERR_OK) {
		fuzz_accepted();
		make_again(&again, &request, &org.root);
		fuzz_same(buf_bytes(&again), buf_bytes(&whole));
	}
	buf_fini(&whole);
	buf_fini(&again);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	static const char *const addresses[] = {"meissen.example:7420", "[::1]:1", NULL};
	struct invitation invitation = {
		.fed = fed, .name = "Stadt Meißen", .slug = "meissen", .ags = "14627140"};
	struct test_org org;
	struct buf out;
	test_org_init(&org, 1);
	buf_init(&out, LIMIT_JOIN_REQUEST_LEN_MAX);
	for (unsigned i = 0; i < 2; i++) {
		buf_reset(&out);
		join_request_make(&out, &invitation, buf_bytes(&org.entry), addresses + 2 * i,
				  &(struct digest){{9}}, &(struct digest){{7}}, &org.root);
		fuzz_seed(corpus, bytes_slice(buf_bytes(&out), 0, out.len - SIG_LEN));
	}
	buf_fini(&out);
	test_org_fini(&org);
}
