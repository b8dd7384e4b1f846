/* text.h - numbers as text in every locale alike, growing texts, JSON writing, nearest names. */
#ifndef MLSD_BASE_TEXT_H
#define MLSD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/memory.h"

/* Shortest decimal text that reads back to the same double ("0.1", "1e+300", "nan", "inf", "-inf",
 * "-0"); whole numbers below 1e15 without exponent or point. out needs MLSD__NUMBER_CAPACITY bytes.
 * Returns the length. */
enum { MLSD__NUMBER_CAPACITY = 32 };
int32_t mlsd__format_double(double value, char out[MLSD__NUMBER_CAPACITY]);

/* Read a whole text as the nearest double ("1e5", "-.5", "nan", "inf", "infinity", any case of
 * letters; no hex, no spaces, no locale); false when it is not one. */
bool mlsd__parse_double(const char *text, size_t length, double *out);
bool mlsd__parse_int64(const char *text, size_t length, int64_t *out);

/* A text that grows. The first failure sticks in `status`; later appends do nothing, so callers
 * check once at the end. `data` is always NUL-terminated when not NULL. */
typedef struct mlsd__text {
    const mlsd__allocator *allocator;
    char *data;
    int64_t length, capacity;
    mlsd_status status;
} mlsd__text;

void mlsd__text_init(mlsd__text *t, const mlsd__allocator *a);
void mlsd__text_free(mlsd__text *t);
void mlsd__text_append(mlsd__text *t, const char *text);
void mlsd__text_append_n(mlsd__text *t, const char *bytes, size_t n);
/* Only %s %d %lld %zu %c and the like: never %f or %g, which follow the locale. */
void mlsd__text_format(mlsd__text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void mlsd__text_double(mlsd__text *t, double value);              /* shortest exact */
void mlsd__text_fixed(mlsd__text *t, double value, int decimals); /* rounded, for people */

/* The double nearest to the value with so many significant decimal digits (1 to 17), whose shortest
 * text has no more of them. What is not finite stays. */
double mlsd__round_significant(double value, int digits);

/* JSON. A string is quoted and escaped (bytes that are not UTF-8 become U+FFFD); a number that is
 * NaN is null, infinities are the strings "inf" and "-inf". */
void mlsd__text_json_string(mlsd__text *t, const char *text);
void mlsd__text_json_double(mlsd__text *t, double value);

/* Hand a finished text to a caller's buffer: the convention of mlsd/status.h. */
mlsd_status mlsd__text_to_buffer(const mlsd__text *t, char *buf, int64_t capacity,
                                 int64_t *out_length);

/* Is it well-formed UTF-8? On false *bad is the offset of the first bad byte. */
bool mlsd__utf8_valid(const char *text, size_t length, size_t *bad);

/* The name nearest to `wanted` (optimal string alignment distance <= max(1, len/3), or a prefix),
 * NULL when none is near: `name_at(user, i)` for i in [0, n). */
const char *mlsd__nearest_name(const char *wanted,
                               const char *(*name_at)(const void *user, int64_t i),
                               const void *user, int64_t n);

#endif
