#include "test/proto/press.h"

enum err press_begin(struct press *p, struct hub_node *node)
{
	memset(p->why, 0, sizeof(p->why));
	enum err err = catalog_publish_begin(&node->hub, node->txn, hub_node_wall(node),
					     &p->options, &p->publication, p->why);
	if (!err)
		p->writer = writer_open(&p->publication.params);
	return err;
}

static void pieces_store(struct press *p, struct hub_node *node, struct packer *packer)
{
	const struct sealer *sealer = writer_sealer(p->writer);
	struct piece *piece;
	while ((piece = writer_take(p->writer))) {
		piece_identify(sealer, piece);
		if (!seen_get(node->txn, sealer, packer, piece)) {
			assert_int_equal(piece_seal(sealer, packer, &node->random, piece), ERR_OK);
			seen_put(node->txn, sealer, piece);
		}
		catalog_publish_chunk(&node->hub, node->txn, &p->publication, &piece->entry.addr,
				      piece->entry.size, buf_bytes(&piece->sealed));
		writer_accept(p->writer, piece);
		piece_close(piece);
	}
}

void press_write(struct press *p, struct hub_node *node)
{
	struct packer *packer = packer_open();
	struct bytes rest = p->content;
	writer_file_begin(p->writer, bytes_str("datei.csv"), bytes_str("text/csv"), 1);
	while (rest.len > 0) {
		rest = bytes_slice(rest, writer_feed(p->writer, rest), rest.len);
		pieces_store(p, node, packer);
	}
	writer_file_end(p->writer);
	writer_end(p->writer);
	pieces_store(p, node, packer);
	assert_int_equal(writer_finish(p->writer), ERR_OK);
	pieces_store(p, node, packer);
	packer_close(packer);
}

enum err press_commit(struct press *p, struct hub_node *node)
{
	enum err err =
		catalog_publish_commit(&node->hub, node->txn, hub_node_wall(node), &p->publication,
				       p->writer, &p->outcome, &p->entry, p->why);
	if (err)
		catalog_publish_abort(&node->hub, node->txn, &p->publication);
	return err;
}

void press_end(struct press *p)
{
	writer_close(p->writer);
	p->writer = NULL;
	publication_fini(&p->publication);
}

enum err press_all(struct press *p, struct hub_node *node)
{
	enum err err = press_begin(p, node);
	if (err)
		return err;
	press_write(p, node);
	err = press_commit(p, node);
	press_end(p);
	return err;
}

void press_version(struct hub_node *node, const char *path, enum tier tier, const char *content,
		   uint64_t number)
{
	struct press p = {.options = {.path = path, .has_tier = true, .tier = tier},
			  .content = bytes_str(content)};
	p.options.description.title = bytes_str("Ein Datensatz");
	assert_int_equal(press_all(&p, node), ERR_OK);
	assert_int_equal(p.entry.number, number);
	catalog_entry_fini(&p.entry);
}
