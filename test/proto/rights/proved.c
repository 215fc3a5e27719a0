#include "test/proto/rights/proved.h"

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/content/writer.h"
#include "proto/rights/token_export.h"

const char PROVED_A[] = "zeit;pegel\n2026-05-01;1,23\n",
	   PROVED_B[] = "zeit;pegel\n2026-05-02;4,56\n";

static void defaults(struct proved *p)
{
	p->author = p->author ? p->author : author_of(EXPORTED_O, 0);
	p->owner = p->owner ? p->owner : author_member(p->author);
	p->path = p->path ? p->path : "gemeinde-2/pegel";
	p->id_path = p->id_path ? p->id_path : p->path;
	p->number = p->number ? p->number : 1;
	p->id_number = p->id_number ? p->id_number : p->number;
	p->names[0] = p->names[0] ? p->names[0] : "a.csv";
	p->names[1] = p->names[1] ? p->names[1] : "b.csv";
}

/* Seals what the writer has; of the manifest the chunks are kept. */
static void take(struct proved *p, struct writer *writer, struct packer *packer)
{
	struct random random = random_seeded(1);
	struct piece *piece;

	while ((piece = writer_take(writer))) {
		piece_identify(writer_sealer(writer), piece);
		check(!piece_seal(writer_sealer(writer), packer, &random, piece));
		if (piece->kind == BOX_KIND_MANIFEST) {
			const uint32_t size = (uint32_t)piece->sealed.len;
			buf_add(&p->chunks, buf_bytes(&piece->sealed));
			buf_add(&p->sizes, bytes_obj(&size));
		}
		writer_accept(writer, piece);
		piece_close(piece);
	}
}

static void file_put(struct proved *p, struct writer *writer, struct packer *packer,
		     const char *name, const char *text)
{
	struct bytes block = bytes_str(text);

	check(!writer_file_begin(writer, bytes_str(name), bytes_str("text/csv"), 99));
	while (block.len > 0) {
		block = bytes_slice(block, writer_feed(writer, block), block.len);
		take(p, writer, packer);
	}
	writer_file_end(writer);
	take(p, writer, packer);
}

static void record_put(struct proved *p, const struct exported *e, struct version *version,
		       const struct dataset_id *dataset)
{
	struct record_slot slot = record_slot_version(dataset, p->id_number);
	struct key seed = exported_seed(e, p->author);
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	version_encode(&body, version);
	check(!body.err);
	struct record fields = {.author = p->author,
				.incarnation = 1,
				.sequence = 1000,
				.time_ms = TEST_TIME_MS,
				.kind = RECORD_VERSION,
				.slot = record_slot_bytes(&slot),
				.body = buf_bytes(&body)};
	record_make(&p->record, &fields, &e->fed.charter.fed, &seed);
	buf_fini(&body);
}

void proved_make(struct proved *p, const struct exported *e)
{
	static const struct description DESCRIPTION = {.title = {(const uint8_t *)"Pegel", 5}};
	struct packer *packer = packer_open();
	struct version version;
	struct dataset_id dataset;
	struct buf description, sealed;
	struct random random = random_seeded(2);

	defaults(p);
	buf_init(&p->record, LIMIT_RECORD_LEN_MAX);
	buf_init(&p->chunks, 1 << 20);
	buf_init(&p->sizes, 1 << 12);
	buf_init(&description, DESCRIPTION_LEN_MAX);
	buf_init(&sealed, DESCRIPTION_LEN_MAX);
	path_dataset_id(&dataset, &e->fed.orgs[p->owner - 1].id, bytes_str(p->id_path));
	struct writer_params params = {.dataset = dataset,
				       .number = p->number,
				       .tier = p->not_open ? TIER_MEMBERS : TIER_OPEN,
				       .dataset_key = test_key(77),
				       .epoch_prefix = bytes_str(p->not_open ? "" : p->path),
				       .epoch_number = 1,
				       .cut_key = {"the cut key, 16."}};
	struct writer *writer = writer_open(&params);
	file_put(p, writer, packer, p->names[0], PROVED_A);
	file_put(p, writer, packer, p->names[1], PROVED_B);
	writer_end(writer);
	take(p, writer, packer);
	check(!writer_finish(writer));
	take(p, writer, packer);
	memset(&version, 0, sizeof(version));
	check(!writer_done(writer, &version));
	check(!description_encode(&description, &DESCRIPTION));
	version.path = bytes_str(p->path);
	version.description = buf_bytes(&description);
	if (p->not_open) {
		check(!writer_description(writer, packer, &random, buf_bytes(&description),
					  &sealed));
		version.description = buf_bytes(&sealed);
	}
	version.has_grant = p->by_grant;
	version.grant = (struct digest){{7}};
	record_put(p, e, &version, &dataset);
	writer_close(writer);
	packer_close(packer);
	buf_fini(&description);
	buf_fini(&sealed);
}

void proved_fini(struct proved *p)
{
	buf_fini(&p->record);
	buf_fini(&p->chunks);
	buf_fini(&p->sizes);
}

void proved_file(struct buf *out, const struct proved *p, struct exported *e, const char *name)
{
	const size_t count = p->sizes.len / sizeof(uint32_t);
	size_t at = 0;

	buf_init(out, FILE_PROOF_LEN_MAX);
	file_proof_begin(out, bytes_str(name), buf_bytes(&p->record), (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		uint32_t size;
		memcpy(&size, p->sizes.ptr + i * sizeof(size), sizeof(size));
		file_proof_chunk(out, bytes_slice(buf_bytes(&p->chunks), at, size));
		at += size;
	}
	check(!token_export_place(out, &e->node.hub.ledger, e->node.txn, author_member(p->author)));
	check(!out->err);
}
