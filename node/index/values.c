#include "node/index/values.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"

#define PLACES_MIN 1024

void values_init(struct values *values)
{
	*values = (struct values){.places = PLACES_MIN};
	values->table = mem_new(values->places, sizeof(*values->table));
}

void values_fini(struct values *values)
{
	for (size_t i = 0; i < values->count; i++)
		free(values->items[i].text);
	free(values->items);
	free(values->table);
	*values = (struct values){.count = 0};
}

/* FNV-1a: what people write into descriptions cannot make more than a few thousand of them slow. */
static size_t value_place(const struct values *values, enum index_field field, const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)field;

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
	return (size_t)(hash >> 7) & (values->places - 1);
}

bool values_find(const struct values *values, enum index_field field, const char *text,
		 uint32_t *out)
{
	uint32_t at = values->table[value_place(values, field, text)];

	for (; at; at = values->items[at - 1].next) {
		const struct value *value = &values->items[at - 1];

		if (value->field != field || strcmp(value->text, text))
			continue;
		*out = at - 1;
		return true;
	}
	return false;
}

static void value_place_put(struct values *values, uint32_t number)
{
	struct value *value = &values->items[number];
	uint32_t *place = &values->table[value_place(values, value->field, value->text)];

	value->next = *place;
	*place = number + 1;
}

static void grow(struct values *values)
{
	free(values->table);
	values->places *= 2;
	values->table = mem_new(values->places, sizeof(*values->table));
	for (uint32_t i = 0; i < values->count; i++)
		if (values->items[i].text)
			value_place_put(values, i);
}

static uint32_t value_number_take(struct values *values)
{
	uint32_t number = values->free;

	if (number) {
		values->free = values->items[number - 1].next;
		return number - 1;
	}
	values->items =
		mem_room(values->items, values->count, &values->cap, sizeof(*values->items));
	return (uint32_t)values->count++;
}

static void value_text_set(struct value *value, const char *text, const char *label)
{
	size_t len = strlen(text) + 1, label_len = strlen(label) + 1;
	char *both = mem_new(1, len + label_len);

	memcpy(both, text, len);
	memcpy(both + len, label, label_len);
	free(value->text);
	value->text = both;
	value->label = both + len;
}

uint32_t values_take(struct values *values, enum index_field field, const char *text,
		     const char *label)
{
	uint32_t number;

	if (values_find(values, field, text, &number)) {
		struct value *value = &values->items[number];

		value->uses++;
		if (strcmp(value->label, label) != 0)
			value_text_set(value, text, label);
		return number;
	}
	if (values->used == values->places)
		grow(values);
	number = value_number_take(values);
	values->items[number] = (struct value){.field = field, .uses = 1};
	value_text_set(&values->items[number], text, label);
	value_place_put(values, number);
	values->used++;
	return number;
}

void values_give(struct values *values, uint32_t number)
{
	struct value *value = &values->items[number];

	if (--value->uses)
		return;
	uint32_t *at = &values->table[value_place(values, value->field, value->text)];
	while (*at != number + 1)
		at = &values->items[*at - 1].next;
	*at = value->next;
	free(value->text);
	value->text = NULL;
	value->next = values->free;
	values->free = number + 1;
	values->used--;
}
