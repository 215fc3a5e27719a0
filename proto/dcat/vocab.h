/*
 * vocab - the vocabularies of DCAT-AP.de 3.0, offline: codes, IRIs, German and English labels.
 *
 * Constant tables; every function may be called on any thread. A term is found by its code ("ENVI",
 * "dl-by-de/2.0") or by its IRI, whatever the case of the letters and with http or https.
 */
#ifndef ALLMENDE_VOCAB_H
#define ALLMENDE_VOCAB_H

#include <stdbool.h>
#include <stddef.h>

#include "crypto/bytes.h"

enum vocab {
	VOCAB_THEME,          /* EU data-theme */
	VOCAB_LICENSE,        /* dcat-ap.de/def/licenses */
	VOCAB_FREQUENCY,      /* EU frequency */
	VOCAB_FILE_TYPE,      /* EU file-type */
	VOCAB_ACCESS,         /* EU access-right */
	VOCAB_AVAILABILITY,   /* EU planned-availability */
	VOCAB_STATUS,         /* EU distribution-status */
	VOCAB_LANGUAGE,       /* EU language; also by two letters ("de") */
	VOCAB_LEVEL,          /* dcat-ap.de/def/politicalGeocoding/Level */
	VOCAB_HVD,            /* categories of high-value datasets, all levels */
	VOCAB_CONTRIBUTOR,    /* dcat-ap.de/def/contributors: who may deliver to GovData */
	VOCAB_PUBLISHER_TYPE, /* purl.org/adms/publishertype */
	VOCAB_END,
};

struct vocab_term {
	const char *code, *iri;
	const char *de, *en;    /* labels; the code, where there is no other */
	const char *parent;     /* code of the category above; NULL: none */
	const char *page;       /* licence: its text; or NULL */
	const char *media_type; /* file type; or NULL */
	const char *endings;    /* file type: of names, without dot, blanks between; or NULL */
	const char *alias;      /* language: two letters; or NULL */
	bool is_open, is_by;    /* licence: open by the list; wants a text of attribution */
};

/* Its name as sentences have it ("licence"). */
const char *vocab_name(enum vocab vocab);
/* What all IRIs of it begin with. */
const char *vocab_base(enum vocab vocab);
/* NULL: it has no such term. */
const struct vocab_term *vocab_find(enum vocab vocab, struct bytes code_or_iri);
/* The terms, in the order of their list; NULL at the end. */
const struct vocab_term *vocab_at(enum vocab vocab, size_t i);
/*
 * The terms whose code or label is nearest to what somebody wrote, the nearest first, at most max;
 * returns how many.
 */
size_t vocab_nearest(enum vocab vocab, struct bytes text, const struct vocab_term **out,
		     size_t max);
/* The file type of a file by its name's ending, else by its media type; NULL: not known. */
const struct vocab_term *vocab_file_type(struct bytes name, struct bytes media_type);
/*
 * Appends the IRI of a place of dcat-ap.de/def/politicalGeocoding by its key (form_place()):
 * stateKey, governmentDistrictKey, districtKey, municipalityKey, municipalAssociationKey,
 * regionalKey. False: it is no key.
 */
bool vocab_place_iri(struct buf *out, struct bytes key);

#endif
