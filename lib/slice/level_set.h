/* level_set.h - a set of levels of one column in words and as JSON: "age > 30 or missing", "city in
 * {a, b}". */
#ifndef MLSD_SLICE_LEVEL_SET_H
#define MLSD_SLICE_LEVEL_SET_H

#include "slice/sliced.h"

/* allowed[] has a place for each level of the column's grouping. Levels of numbers must follow each
 * other but for the missing one. */
void mlsd__level_set_words(const mlsd__sliced *s, int32_t column, const bool *allowed,
                           mlsd__text *t);

/* {"column": c, "in": [...]} of categories, "missing": true where only missing ones are in
 * it and "or_missing": true where they are too,
 * "above" or "at_least" and "at_most" of numbers. */
void mlsd__level_set_json(const mlsd__sliced *s, int32_t column, const bool *allowed,
                          mlsd__text *t);

#endif
