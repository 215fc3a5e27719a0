/*
 * schema - the tables of one database of the index. Private to this room.
 */
#ifndef ALLMENDE_INDEX_SCHEMA_H
#define ALLMENDE_INDEX_SCHEMA_H

/*
 * dataset: one row an item. place is the path that it is kept under, stored the key of it in the
 * core's list, in whose order pages come. listed: 0 not yet, 1, 2 tried in vain. mark is drawn anew
 * with each write, so the sum over the rows that somebody sees is another one whenever an answer
 * may be.
 * alias: slugs beside home. file: of items that are listed.
 * fts: folded words. terms: how many items have each; place: which, and where.
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
	" digest BLOB NOT NULL, mark INTEGER NOT NULL);"                                           \
	"CREATE INDEX dataset_stored ON dataset(stored);"                                          \
	"CREATE INDEX dataset_unlisted ON dataset(id) WHERE held AND readable AND listed = 0;"     \
	"CREATE INDEX dataset_kept ON dataset(kept, mark);"                                        \
	"CREATE INDEX dataset_path ON dataset(path);"                                              \
	"CREATE INDEX dataset_home ON dataset(home);"                                              \
	"CREATE INDEX dataset_uuid ON dataset(uuid);"                                              \
	"CREATE TABLE alias(slug TEXT PRIMARY KEY, home TEXT NOT NULL) WITHOUT ROWID;"             \
	"CREATE TABLE file(id INTEGER NOT NULL, name TEXT NOT NULL, media_type TEXT NOT NULL,"     \
	" format TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL,"                 \
	" sha256 BLOB NOT NULL, uuid TEXT NOT NULL, PRIMARY KEY(id, name))"                        \
	" WITHOUT ROWID;"                                                                          \
	"CREATE INDEX file_uuid ON file(uuid);"                                                    \
	"CREATE VIRTUAL TABLE fts USING fts5(title, keywords, path, text, files,"                  \
	" tokenize='ascii', detail=column);"                                                       \
	"CREATE VIRTUAL TABLE terms USING fts5vocab(fts, row);"                                    \
	"CREATE VIRTUAL TABLE place USING fts5vocab(fts, instance);"

#endif
