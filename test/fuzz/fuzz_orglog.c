/*
 * The payload of an organisation log entry, which the target signs with the root key: so all that a
 * hostile organisation can say about itself is tried, as its first entry and as its second.
 */
#include "test/fuzz/fuzz.h"

#include "crypto/wrap.h"
#include "test/proto/federation.h"

static void entry_try(const struct orglog *now, struct bytes entry, const struct key *root)
{
	struct orglog log;
	struct buf again;
	orglog_init(&log);
	if (now->number > 0)
		check(orglog_entry_peek(&log, entry) != ERR_EXISTS);
	orglog_fini(&log);
	/* a copy to apply it to */
	log = *now;
	log.nodes = mem_new(now->node_count + 1, sizeof(*log.nodes));
	if (now->node_count > 0)
		memcpy(log.nodes, now->nodes, now->node_count * sizeof(*log.nodes));
	log.wraps = mem_new(now->wrap_count + 1, sizeof(*log.wraps));
	if (now->wrap_count > 0)
		memcpy(log.wraps, now->wraps, now->wrap_count * sizeof(*log.wraps));
	if (orglog_apply(&log, entry) == ERR_OK) {
		fuzz_accepted();
		buf_init(&again, LIMIT_ORGLOG_ENTRY_LEN_MAX);
		orglog_make(&again, now, &log, root);
		fuzz_same(buf_bytes(&again), entry);
		buf_fini(&again);
		check(log.number == now->number + 1);
	} else {
		check(log.number == now->number && id_eq(&log.entry_id, &now->entry_id));
	}
	orglog_fini(&log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct test_org org;
	static struct orglog first;
	struct orglog none;
	struct buf entry;
	struct sig sig;
	if (org.entry.len == 0) {
		test_org_init(&org, 1);
		orglog_init(&first);
		check(orglog_apply(&first, buf_bytes(&org.entry)) == ERR_OK);
	}
	orglog_init(&none);
	sign_make(&sig, &org.root, SIGN_TAG_ORGLOG, NULL, bytes_of(data, size));
	buf_init(&entry, size + SIG_LEN);
	buf_add(&entry, bytes_of(data, size));
	buf_add(&entry, bytes_obj(&sig));
	entry_try(&none, buf_bytes(&entry), &org.root);
	entry_try(&first, buf_bytes(&entry), &org.root);
	buf_fini(&entry);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	struct test_org org;
	struct orglog log;
	struct buf second;
	test_org_init(&org, 1);
	fuzz_seed(corpus, bytes_slice(buf_bytes(&org.entry), 0, org.entry.len - SIG_LEN));
	orglog_init(&log);
	check(orglog_apply(&log, buf_bytes(&org.entry)) == ERR_OK);
	/* the node is retired, another one comes */
	struct orglog_node nodes[2] = {log.nodes[0], test_node(1, 500, &org.root_pk)};
	struct orglog next = log;
	struct key wrap = test_key(501);
	nodes[0].state = ORGLOG_NODE_RETIRED;
	dh_pk_of(&next.wrap, &wrap);
	next.nodes = nodes;
	next.node_count = 2;
	next.time_ms++;
	buf_init(&second, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&second, &log, &next, &org.root);
	fuzz_seed(corpus, bytes_slice(buf_bytes(&second), 0, second.len - SIG_LEN));
	buf_fini(&second);
	orglog_fini(&log);
	test_org_fini(&org);
}
