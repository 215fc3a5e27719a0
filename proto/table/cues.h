/*
 * cues - the lists by which the guard for personal data (guard.h) tells headings and values apart.
 *
 * German and English. Texts are compared folded: small letters, umlauts spelled out, letters with
 * accents as without. A list is never complete; what it lacks is not found.
 */
#ifndef ALLMENDE_CUES_H
#define ALLMENDE_CUES_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"

#define CUES_LEN_MAX 128

/* Folded: a-z and 0-9, of all else what is nearest, or nothing. Cut. */
void cues_fold(char out[CUES_LEN_MAX], struct bytes text);

/* What a heading says that its column is about. */
enum cue {
	CUE_BIRTH = 1 << 0,      /* dates of birth */
	CUE_FIRST_NAME = 1 << 1, /* the two of which a person's name is made */
	CUE_LAST_NAME = 1 << 2,
	CUE_PERSON = 1 << 3,  /* a whole name: of whom to ask, of an owner */
	CUE_PRIVATE = 1 << 4, /* who has to do with an office as a private person */
	CUE_PHONE = 1 << 5,
	CUE_STREET = 1 << 6,
	CUE_COUNT = 1 << 7,     /* how many persons */
	CUE_ATTRIBUTE = 1 << 8, /* what a person is: sex, age, nationality, illness */
	CUE_AREA = 1 << 9,      /* where: of a few streets, or one house */
	CUE_TAX_ID = 1 << 10,
	CUE_HEALTH_ID = 1 << 11,
	CUE_PENSION_ID = 1 << 12,
	CUE_NOT_BIRTH = 1 << 13, /* a date that is another one */
};
uint32_t cues_of(struct bytes heading);

/* The part before the @ is an office's. */
bool cues_office(struct bytes local);
/* The part behind the @ gives addresses to everybody. */
bool cues_free_mail(struct bytes host);
/* Folded words of a name: herr, dr, prof; von, de; what ends like a street or a house. */
bool cues_title(const char *folded);
bool cues_particle(const char *folded);
bool cues_place(const char *folded);
/* A word in the name of a file that tells of one person's papers; NULL: none. */
const char *cues_papers(struct bytes name);

#endif
