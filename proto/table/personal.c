#include "proto/table/personal.h"

#include <string.h>

#include "crypto/utf8.h"
#include "proto/table/cues.h"

enum { IBAN_LEN_MAX = 34, NAME_LEN_MIN = 4, PHONE_DIGITS_MIN = 7, PHONE_DIGITS_MAX = 15 };

static bool ascii_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool ascii_letter(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool ascii_alnum(uint8_t c)
{
	return ascii_digit(c) || ascii_letter(c);
}

static uint8_t upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

static struct bytes blanks_off(struct bytes text)
{
	while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
		text = bytes_slice(text, 1, text.len);
	while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* The characters of a number that people write with blanks in it; false: they are not so many, or
   others are among them. */
static bool squeezed(uint8_t *out, size_t want, struct bytes text)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len && text.len >= want; i++) {
		if (text.ptr[i] == ' ')
			continue;
		if (!ascii_alnum(text.ptr[i]) || len == want)
			return false;
		out[len++] = upper(text.ptr[i]);
	}
	return len == want;
}

/* ---- accounts ---- */

/* ISO 13616, of those that are near enough to be met. */
static size_t iban_len(const uint8_t *country)
{
	static const struct {
		char country[3];
		uint8_t len;
	} lens[] = {
		{"AT", 20}, {"BE", 16}, {"BG", 22}, {"CH", 21}, {"CY", 28}, {"CZ", 24}, {"DE", 22},
		{"DK", 18}, {"EE", 20}, {"ES", 24}, {"FI", 18}, {"FR", 27}, {"GB", 22}, {"GR", 27},
		{"HR", 21}, {"HU", 28}, {"IE", 22}, {"IS", 26}, {"IT", 27}, {"LI", 21}, {"LT", 20},
		{"LU", 20}, {"LV", 21}, {"MT", 31}, {"NL", 18}, {"NO", 15}, {"PL", 28}, {"PT", 25},
		{"RO", 24}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"TR", 26}, {"UA", 29},
	};

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		if (!memcmp(lens[i].country, country, 2))
			return lens[i].len;
	return 0;
}

static bool iban_right(const uint8_t *iban, size_t len)
{
	unsigned rest = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = iban[(i + 4) % len];
		rest = ascii_digit(c) ? (rest * 10 + (unsigned)(c - '0')) % 97
				      : (rest * 100 + (unsigned)(c - 'A' + 10)) % 97;
	}
	return rest == 1;
}

/* Whether one begins at from; *len as it stands there. */
static bool iban_at(struct bytes text, size_t from, size_t *len)
{
	uint8_t iban[IBAN_LEN_MAX];
	size_t count = 0, want = IBAN_LEN_MAX, i = from;

	for (; i < text.len && count < want; i++) {
		uint8_t c = upper(text.ptr[i]);
		if (c == ' ' && count >= 4 && text.ptr[i - 1] != ' ')
			continue;
		if (count < 2 ? !ascii_letter(c) : count < 4 ? !ascii_digit(c) : !ascii_alnum(c))
			return false;
		iban[count++] = c;
		if (count == 2 && !(want = iban_len(iban)))
			return false;
	}
	*len = i - from;
	return count == want && (i == text.len || !ascii_alnum(text.ptr[i])) &&
	       iban_right(iban, count);
}

bool personal_iban(struct bytes text, struct bytes *found)
{
	for (size_t i = 0; i + 15 <= text.len; i++) {
		size_t len;
		if (!ascii_letter(text.ptr[i]) || !ascii_digit(text.ptr[i + 2]) ||
		    (i && ascii_alnum(text.ptr[i - 1])) || !iban_at(text, i, &len))
			continue;
		*found = bytes_slice(text, i, len);
		return true;
	}
	return false;
}

/* ---- mail ---- */

static bool mail_local(uint8_t c)
{
	return ascii_alnum(c) || (c && strchr("._%+-", c));
}

static bool mail_host(uint8_t c)
{
	return ascii_alnum(c) || c == '.' || c == '-';
}

/* As in anna.mueller, a.mueller or mueller-anna: two parts of letters alone. What is short and no
   first name is an abbreviation: gs.riesa is a school. */
static bool two_names(struct bytes local)
{
	size_t mark = 0;

	for (size_t i = 0; i < local.len; i++) {
		bool is_mark = local.ptr[i] && strchr("._-", local.ptr[i]);
		if ((is_mark && mark) || (!is_mark && !ascii_letter(local.ptr[i])))
			return false;
		mark = is_mark ? i : mark;
	}
	struct bytes first = bytes_slice(local, 0, mark);
	struct bytes second = bytes_slice(local, mark + 1, local.len);
	if (!mark || second.len < 2)
		return false;
	return first.len == 1 || personal_first_name(first) || personal_first_name(second) ||
	       (first.len >= NAME_LEN_MIN && second.len >= NAME_LEN_MIN);
}

static bool mail_personal(struct bytes local, struct bytes host)
{
	return !cues_office(local) && (cues_free_mail(host) || two_names(local));
}

bool personal_mail(struct bytes text, struct bytes *found)
{
	for (size_t at = 1; at < text.len; at++) {
		size_t from = at, to = at + 1, dot = 0;
		if (text.ptr[at] != '@')
			continue;
		while (from > 0 && at - from < 64 && mail_local(text.ptr[from - 1]))
			from--;
		for (; to < text.len && to - at < 254 && mail_host(text.ptr[to]); to++)
			dot = text.ptr[to] == '.' && to + 1 < text.len &&
					      ascii_alnum(text.ptr[to + 1])
				      ? to
				      : dot;
		while (to > at + 1 && !ascii_alnum(text.ptr[to - 1]))
			to--;
		if (from == at || dot <= at + 1 || to < dot + 3)
			continue;
		*found = bytes_slice(text, from, to - from);
		if (mail_personal(bytes_slice(text, from, at - from),
				  bytes_slice(text, at + 1, to - at - 1)))
			return true;
	}
	return false;
}

/* ---- telephone ---- */

/* The digits, national: +49 351 123 as 0351123. 0: it is none. */
static size_t phone_digits(uint8_t out[PHONE_DIGITS_MAX + 4], struct bytes text, bool *marked)
{
	size_t len = 0, skip = 0;

	*marked = text.len && text.ptr[0] == '+';
	for (size_t i = *marked; i < text.len; i++) {
		if (ascii_digit(text.ptr[i]) && len < PHONE_DIGITS_MAX + 4)
			out[len++] = text.ptr[i];
		else if (text.ptr[i] && strchr(" /-()", text.ptr[i]))
			*marked = true;
		else
			return 0;
	}
	if (text.len && text.ptr[0] == '+') {
		skip = len > 2 && !memcmp(out, "49", 2) ? 2 : len;
	} else if (len > 4 && !memcmp(out, "0049", 4)) {
		skip = 4;
	}
	if (skip == len)
		return skip; /* abroad: as many as there are */
	if (skip && out[skip] != '0')
		out[--skip] = '0';
	memmove(out, out + skip, len - skip);
	return len - skip;
}

enum personal_phone personal_phone(struct bytes text, bool told)
{
	uint8_t digits[PHONE_DIGITS_MAX + 4];
	bool marked;
	size_t len;

	text = blanks_off(text);
	if (text.len < PHONE_DIGITS_MIN || text.len > 32 ||
	    (text.ptr[0] != '0' && text.ptr[0] != '+' && text.ptr[0] != '('))
		return PHONE_NONE;
	len = phone_digits(digits, text, &marked);
	if (len < PHONE_DIGITS_MIN || len > PHONE_DIGITS_MAX || (!marked && !told) ||
	    personal_day(text, 0) != PERSONAL_NO_DAY)
		return PHONE_NONE;
	if (digits[0] != '0')
		return text.ptr[0] == '+' ? PHONE_LANDLINE : PHONE_NONE;
	return len >= 10 && digits[1] == '1' && digits[2] >= '5' && digits[2] <= '7'
		       ? PHONE_MOBILE
		       : PHONE_LANDLINE;
}

/* ---- numbers of offices ---- */

/* One digit twice or thrice among the first ten, all others once at most. */
static bool tax_id_spread(const uint8_t *id)
{
	unsigned counts[10] = {0}, often = 0;

	for (size_t i = 0; i < 10; i++)
		counts[id[i] - '0']++;
	for (size_t i = 0; i < 10; i++) {
		if (counts[i] > 3)
			return false;
		often += counts[i] > 1;
	}
	return often == 1;
}

bool personal_tax_id(struct bytes text)
{
	uint8_t id[11];
	unsigned product = 10, sum;

	if (!squeezed(id, sizeof(id), blanks_off(text)) || id[0] == '0')
		return false;
	for (size_t i = 0; i < sizeof(id); i++)
		if (!ascii_digit(id[i]))
			return false;
	for (size_t i = 0; i < 10; i++) {
		sum = ((unsigned)(id[i] - '0') + product) % 10;
		product = (sum ? sum : 10) * 2 % 11;
	}
	return tax_id_spread(id) && (11 - product) % 10 == (unsigned)(id[10] - '0');
}

/* The sum of digits times weights, of products the sum of their digits. */
static unsigned weighed(const uint8_t *digits, const uint8_t *weights, size_t len)
{
	unsigned sum = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned product = (unsigned)(digits[i] - '0') * weights[i];
		sum += product / 10 + product % 10;
	}
	return sum;
}

/* Puts the number of a letter in two digits: A is 01. */
static void letter_put(uint8_t *out, uint8_t letter)
{
	out[0] = (uint8_t)('0' + (letter - 'A' + 1) / 10);
	out[1] = (uint8_t)('0' + (letter - 'A' + 1) % 10);
}

bool personal_health_id(struct bytes text)
{
	static const uint8_t weights[10] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
	uint8_t id[10], digits[10];

	if (!squeezed(id, sizeof(id), blanks_off(text)) || !ascii_letter(id[0]))
		return false;
	for (size_t i = 1; i < sizeof(id); i++)
		if (!ascii_digit(id[i]))
			return false;
	letter_put(digits, id[0]);
	memcpy(digits + 2, id + 1, 8);
	return weighed(digits, weights, 10) % 10 == (unsigned)(id[9] - '0');
}

bool personal_pension_id(struct bytes text)
{
	static const uint8_t weights[12] = {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
	uint8_t id[12], digits[12];

	if (!squeezed(id, sizeof(id), blanks_off(text)) || !ascii_letter(id[8]))
		return false;
	for (size_t i = 0; i < sizeof(id); i++)
		if (i != 8 && !ascii_digit(id[i]))
			return false;
	memcpy(digits, id, 8);
	letter_put(digits + 8, id[8]);
	memcpy(digits + 10, id + 9, 2);
	return (id[4] - '0') * 10 + id[5] - '0' <= 12 &&
	       weighed(digits, weights, 12) % 10 == (unsigned)(id[11] - '0');
}

/* ---- names ---- */

/* Begins like a name: an upper-case letter, or one that is not ASCII. */
static bool name_begins(struct bytes word)
{
	return word.len >= 2 && ((word.ptr[0] >= 'A' && word.ptr[0] <= 'Z') || word.ptr[0] > 0x7f);
}

static bool name_letters(struct bytes word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!ascii_letter(word.ptr[i]) && word.ptr[i] <= 0x7f && word.ptr[i] != '-' &&
		    word.ptr[i] != '\'')
			return false;
	return word.len > 0;
}

/* Cuts a word off the front. */
static struct bytes name_word(struct bytes *text)
{
	size_t len = 0;

	*text = blanks_off(*text);
	while (len < text->len && text->ptr[len] != ' ')
		len++;
	struct bytes word = bytes_slice(*text, 0, len);
	*text = bytes_slice(*text, len, text->len);
	return word;
}

/* Words of lower-case letters alone are none. */
static bool may_be_name(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((text.ptr[i] >= 'A' && text.ptr[i] <= 'Z') || text.ptr[i] > 0x7f)
			return true;
	return false;
}

bool personal_name(struct bytes text)
{
	char folded[CUES_LEN_MAX];
	bool first = false, comma = false;
	size_t count = 0;

	if (text.len > 80 || !may_be_name(text))
		return false;
	for (text = blanks_off(text); text.len > 0;) {
		struct bytes word = name_word(&text);
		bool ends = word.len && word.ptr[word.len - 1] == ',';
		word.len -= ends;
		cues_fold(folded, word);
		if (cues_title(folded))
			continue;
		if (!name_letters(word) || ++count > 4)
			return false;
		if (cues_particle(folded))
			continue;
		if (!name_begins(word) || cues_place(folded))
			return false;
		if (count == 1 || (count == 2 && comma))
			first = first || personal_first_name(word);
		comma = comma || ends;
	}
	return first && count >= 2;
}

/* ---- dates ---- */

/* Days of a date of the Gregorian calendar since 1970-01-01 (Howard Hinnant's days_from_civil). */
static int32_t day_number(int32_t year, int32_t month, int32_t day)
{
	year -= month <= 2;
	int32_t era = (year >= 0 ? year : year - 399) / 400;
	int32_t of_era = year - era * 400;
	int32_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int32_t day_checked(int32_t year, int32_t month, int32_t day)
{
	static const uint8_t lens[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (month < 1 || month > 12 || day < 1 || year < 1000 ||
	    day > lens[month - 1] + (month == 2 && leap))
		return PERSONAL_NO_DAY;
	return day_number(year, month, day);
}

/* Up to three numbers with one mark between them; false: it is no date. *lens: their digits. */
static bool date_numbers(struct bytes text, char mark, int32_t numbers[3], size_t lens[3])
{
	size_t part = 0;

	memset(numbers, 0, 3 * sizeof(*numbers));
	memset(lens, 0, 3 * sizeof(*lens));
	for (size_t i = 0; i < text.len; i++) {
		if (ascii_digit(text.ptr[i]) && lens[part] < 4) {
			numbers[part] = numbers[part] * 10 + (text.ptr[i] - '0');
			lens[part]++;
		} else if (text.ptr[i] == mark && lens[part] && part < 2) {
			part++;
		} else {
			return false;
		}
	}
	return part == 2 && lens[2];
}

int32_t personal_day(struct bytes text, int32_t today)
{
	int32_t n[3];
	size_t lens[3];

	text = blanks_off(text);
	if (text.len > 10 && (text.ptr[10] == 'T' || text.ptr[10] == ' '))
		text.len = 10;
	if (text.len < 6 || text.len > 10)
		return PERSONAL_NO_DAY;
	if (date_numbers(text, '-', n, lens))
		return lens[0] == 4 && lens[1] == 2 && lens[2] == 2 ? day_checked(n[0], n[1], n[2])
								    : PERSONAL_NO_DAY;
	if ((!date_numbers(text, '.', n, lens) && !date_numbers(text, '/', n, lens)) ||
	    lens[0] > 2 || lens[1] > 2)
		return PERSONAL_NO_DAY;
	if (lens[2] == 4)
		return day_checked(n[2], n[1], n[0]);
	if (lens[2] != 2)
		return PERSONAL_NO_DAY;
	int32_t day = day_checked(2000 + n[2], n[1], n[0]);
	return day == PERSONAL_NO_DAY || day > today ? day_checked(1900 + n[2], n[1], n[0]) : day;
}

/* ---- examples ---- */

void personal_mask(char out[PERSONAL_MASKED_LEN], struct bytes text, size_t keep)
{
	size_t len = 0, n;
	uint32_t c;

	for (text = blanks_off(text); (n = utf8_next(text, &c)) > 0;
	     text = bytes_slice(text, n, text.len)) {
		bool kept = keep > 0, hide = c > 0x7f || ascii_alnum((uint8_t)c);
		keep -= kept;
		if (len + n + 4 > PERSONAL_MASKED_LEN) {
			memcpy(out + len, "...", 3);
			len += 3;
			break;
		}
		if (utf8_unsafe(c) || (hide && !kept)) {
			out[len++] = '*';
		} else {
			memcpy(out + len, text.ptr, n);
			len += n;
		}
	}
	out[len] = '\0';
}
