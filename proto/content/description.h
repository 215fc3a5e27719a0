/*
 * description - what people read about a version, in the terms of DCAT-AP.de: the map that its
 * record carries (docs/PROTOCOL.md, section 5.1).
 *
 * A decoded description borrows from the bytes it was decoded from. Texts are UTF-8 without control
 * characters. Forms are checked here (a date is a date, an IRI an IRI); whether a code stands in
 * its vocabulary is not, since vocabularies grow: proto/dcat/metadata.h asks that of people, before
 * they publish. An absent text or list is empty and an absent number 0: neither is written.
 */
#ifndef ALLMENDE_DESCRIPTION_H
#define ALLMENDE_DESCRIPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/box.h"
#include "crypto/bytes.h"
#include "crypto/limits.h"

/* Keys of the map. */
enum description_key {
	DESCRIPTION_TITLE = 1,
	DESCRIPTION_TEXT,
	DESCRIPTION_KEYWORDS,
	DESCRIPTION_THEME,
	DESCRIPTION_LICENSE,
	DESCRIPTION_CONTACT_NAME,
	DESCRIPTION_ISSUED,
	DESCRIPTION_MODIFIED,
	DESCRIPTION_FILE_COUNT,
	DESCRIPTION_BYTE_COUNT,
	DESCRIPTION_PUBLISHER,
	DESCRIPTION_PATH,
	DESCRIPTION_FOLDER,
	DESCRIPTION_THEMES, /* behind the first, which is DESCRIPTION_THEME */
	DESCRIPTION_ATTRIBUTION,
	DESCRIPTION_PUBLISHER_URL,
	DESCRIPTION_CONTACT_EMAIL,
	DESCRIPTION_CONTACT_URL,
	DESCRIPTION_CONTACT_PHONE,
	DESCRIPTION_PLACE_KEY,
	DESCRIPTION_PLACE_NAME,
	DESCRIPTION_BBOX,
	DESCRIPTION_FROM,
	DESCRIPTION_TO,
	DESCRIPTION_FREQUENCY,
	DESCRIPTION_IDENTIFIER,
	DESCRIPTION_HVD,
	DESCRIPTION_LEGISLATION,
	DESCRIPTION_LEVEL,
	DESCRIPTION_CONTRIBUTORS,
	DESCRIPTION_LANGUAGES,
	DESCRIPTION_LANDING_PAGE,
	DESCRIPTION_ACCESS,
	DESCRIPTION_AVAILABILITY,
	DESCRIPTION_PROVENANCE,
	DESCRIPTION_DEFAULTED,
	DESCRIPTION_KEY_END,
};

/* Degrees as whole numbers of this unit: a centimetre. */
#define DESCRIPTION_DEGREE 10000000

struct description {
	struct bytes title; /* at most LIMIT_TITLE_LEN_MAX */
	struct bytes text;  /* at most LIMIT_DESCRIPTION_LEN_MAX; may have line feeds */
	struct bytes keywords[LIMIT_KEYWORD_COUNT_MAX]; /* 1 to LIMIT_NAME_LEN_MAX each */
	uint32_t keyword_count;
	/* Codes of the vocabularies (proto/dcat/vocab.h), at most LIMIT_CODE_LEN_MAX, though the
	   first theme and the licence may be any text of LIMIT_TITLE_LEN_MAX. */
	struct bytes themes[LIMIT_THEME_COUNT_MAX];
	uint32_t theme_count;
	struct bytes license;
	struct bytes contact_name; /* whom to ask; LIMIT_TITLE_LEN_MAX */
	uint64_t issued_ms;        /* when it was first published */
	uint64_t modified_ms;      /* when its files changed last */
	uint64_t file_count;
	uint64_t byte_count;
	struct bytes publisher; /* at most LIMIT_NAME_LEN_MAX */
	struct bytes path;      /* of tier hidden: what its readers call it; no hidden path */
	uint64_t folder;        /* 1: a folder was published, which it stays with one file in it */
	struct bytes attribution; /* what who uses it has to write; LIMIT_TITLE_LEN_MAX */
	struct bytes publisher_url;
	struct bytes contact_email; /* at most LIMIT_EMAIL_LEN_MAX */
	struct bytes contact_url;
	struct bytes contact_phone; /* at most LIMIT_PHONE_LEN_MAX: digits, blanks, + ( ) / - . */
	struct bytes place_key;     /* AGS or regional key: 2 to 12 digits */
	struct bytes place_name;    /* at most LIMIT_NAME_LEN_MAX */
	/* West, south, east, north in WGS 84, in DESCRIPTION_DEGREE; west may be greater than east:
	   across the 180th meridian. */
	bool has_bbox;
	int64_t bbox[4];
	/* YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ */
	struct bytes from, to;
	struct bytes frequency;
	struct bytes identifier;               /* at most LIMIT_IRI_LEN_MAX, as IRIs are */
	struct bytes hvd[LIMIT_HVD_COUNT_MAX]; /* categories of high-value datasets */
	uint32_t hvd_count;
	struct bytes legislation[LIMIT_LEGISLATION_COUNT_MAX]; /* IRIs */
	uint32_t legislation_count;
	struct bytes level;                                     /* of government */
	struct bytes contributors[LIMIT_CONTRIBUTOR_COUNT_MAX]; /* IRIs */
	uint32_t contributor_count;
	struct bytes languages[LIMIT_LANGUAGE_COUNT_MAX];
	uint32_t language_count;
	struct bytes landing_page;
	struct bytes access;
	struct bytes availability;
	struct bytes provenance; /* at most LIMIT_PROVENANCE_LEN_MAX; may have line feeds */
	/* DESCRIPTION_BIT() of each field that came from the settings of the node */
	uint64_t defaulted;
};
#define DESCRIPTION_BIT(key) (UINT64_C(1) << ((key)-1))

/* The longest, encoded or sealed, fits; in tier hidden it takes 16 units (pack.h). */
#define DESCRIPTION_LEN_MAX (16 * 1024 + BOX_OVERHEAD)
/* Of the map itself: with the head of a packed piece 16 KiB. */
#define DESCRIPTION_MAP_LEN_MAX (16 * 1024 - 9)

/* ERR_MALFORMED when a text is too long or no text, or has not the form of its field: what is
   written can be read. ERR_FULL: all of it together is too long. */
enum err description_encode(struct buf *out, const struct description *description);
enum err description_decode(struct description *description, struct bytes in);

/* Whether a field says anything. */
bool description_has(const struct description *description, enum description_key key);
/* Takes over one field, which borrows from the same bytes then; all themes by DESCRIPTION_THEME. */
void description_copy(struct description *to, const struct description *from,
		      enum description_key key);

#endif
