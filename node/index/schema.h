/*
 * schema - the tables of one database of the index. Private to this room.
 */
#ifndef ALLMENDE_INDEX_SCHEMA_H
#define ALLMENDE_INDEX_SCHEMA_H

/*
 * dataset: one row an item. place is the path that it is kept under, stored the key of it in the
 * core's list, in whose order pages come. listed: 0 not yet, 1, 2 tried in vain. mark is drawn anew
 * with each write, so the sum over the rows that somebody sees is another one whenever an answer
 * may be. title is folded, for the order.
 * alias: slugs beside home. file: of items that are listed.
 * value, facet: what items are counted and filtered by; a value goes with its last item.
 * fts: folded words. word: those of fts, with the number of items that have them; part: their
 * trigrams, so that a part of a compound finds it.
 */
#define INDEX_SCHEMA                                                                               \
	"CREATE TABLE state(generation INTEGER NOT NULL);"                                         \
	"CREATE TABLE dataset(id INTEGER PRIMARY KEY, dataset BLOB NOT NULL UNIQUE,"               \
	" stored BLOB NOT NULL, place TEXT NOT NULL, path TEXT NOT NULL, kept TEXT NOT NULL, "     \
	"slug TEXT NOT NULL,"                                                                      \
	" home TEXT NOT NULL, organisation TEXT NOT NULL, ags TEXT NOT NULL,"                      \
	" uuid TEXT NOT NULL, record BLOB NOT NULL, number INTEGER NOT NULL,"                      \
	" author INTEGER NOT NULL, tier INTEGER NOT NULL, readable INTEGER NOT NULL,"              \
	" held INTEGER NOT NULL, own INTEGER NOT NULL, listed INTEGER NOT NULL,"                   \
	" published INTEGER NOT NULL, first INTEGER NOT NULL, modified INTEGER NOT NULL,"          \
	" indexed INTEGER NOT NULL, bytes INTEGER NOT NULL, description BLOB NOT NULL,"            \
	" title TEXT NOT NULL, digest BLOB NOT NULL, mark INTEGER NOT NULL);"                      \
	"CREATE INDEX dataset_stored ON dataset(stored);"                                          \
	"CREATE INDEX dataset_unlisted ON dataset(id) WHERE held AND readable AND listed = 0;"     \
	"CREATE INDEX dataset_kept ON dataset(kept, mark);"                                        \
	"CREATE INDEX dataset_path ON dataset(path);"                                              \
	"CREATE INDEX dataset_home ON dataset(home);"                                              \
	"CREATE INDEX dataset_uuid ON dataset(uuid);"                                              \
	"CREATE INDEX dataset_title ON dataset(title, path);"                                      \
	"CREATE INDEX dataset_indexed ON dataset(indexed, path);"                                  \
	"CREATE INDEX dataset_published ON dataset(published, path);"                              \
	"CREATE TABLE alias(slug TEXT PRIMARY KEY, home TEXT NOT NULL) WITHOUT ROWID;"             \
	"CREATE TABLE file(id INTEGER NOT NULL, name TEXT NOT NULL, media_type TEXT NOT NULL,"     \
	" format TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL,"                 \
	" hash BLOB NOT NULL, sha256 BLOB, PRIMARY KEY(id, name)) WITHOUT ROWID;"                  \
	"CREATE INDEX file_unsummed ON file(hash) WHERE sha256 IS NULL;"                           \
	"CREATE TABLE value(vid INTEGER PRIMARY KEY, field INTEGER NOT NULL,"                      \
	" value TEXT NOT NULL, label TEXT NOT NULL, n INTEGER NOT NULL, UNIQUE(field, value));"    \
	"CREATE TABLE facet(vid INTEGER NOT NULL, id INTEGER NOT NULL,"                            \
	" PRIMARY KEY(vid, id)) WITHOUT ROWID;"                                                    \
	"CREATE INDEX facet_id ON facet(id, vid);"                                                 \
	"CREATE VIRTUAL TABLE fts USING fts5(title, keywords, path, text, files,"                  \
	" tokenize='ascii', detail=column);"                                                       \
	"CREATE TABLE word(wid INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE,"                    \
	" n INTEGER NOT NULL);"                                                                    \
	"CREATE VIRTUAL TABLE part USING fts5(word, content='word', content_rowid='wid',"          \
	" tokenize='trigram', detail=none);"

#endif
