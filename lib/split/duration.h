/* duration.h - how long a window is and where it begins: texts such as "30d" or "2024-05-31" as
 * ticks of the times that are split, and back for messages. */
#ifndef MLSD_SPLIT_DURATION_H
#define MLSD_SPLIT_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/kindtable.h"
#include "data/dataset_roles.h"

/* What plain numbers count, times and durations alike: the choices of the parameter time_unit. */
extern const char *const mlsd__time_units[];
#define MLSD__P_TIME_UNIT(S)                                           \
    MLSD__P_CHOICE(S, time_unit, mlsd__time_units, "\"none\"",         \
                   "unit of times that are numbers, and of durations " \
                   "without one; none where nothing has a unit")

/* How ticks and durations go together. */
typedef struct mlsd__ruler {
    mlsd__time_scale scale;
    int64_t time_unit; /* a choice */
} mlsd__ruler;

/* A duration in ticks, >= 0: a number and a unit (ns us ms s min h d w, or their names), all of
 * fixed length (a day has 24 hours), or a plain number of the times' own unit. `name` is the
 * parameter's, for messages. Errors: MLSD_E_PARAM_RANGE for what is none; MLSD_E_DATA where the
 * unit of the times is not known or too coarse. */
mlsd_status mlsd__duration_read(const mlsd__ruler *ruler, const char *name, const char *text,
                                int64_t *out);
/* A moment in ticks: a date of ISO 8601 or a number, as the times are. */
mlsd_status mlsd__moment_read(const mlsd__ruler *ruler, const char *name, const char *text,
                              int64_t *out);

/* For messages; both return out. */
enum { MLSD__TIME_CAPACITY = 48 };
const char *mlsd__duration_text(const mlsd__ruler *ruler, int64_t ticks,
                                char out[MLSD__TIME_CAPACITY]);
const char *mlsd__moment_text(const mlsd__ruler *ruler, int64_t ticks,
                              char out[MLSD__TIME_CAPACITY]);

/* Ticks that stop at the ends of int64. */
static inline int64_t mlsd__tick_add(int64_t a, int64_t b)
{
    int64_t sum = 0;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return b > 0 ? INT64_MAX : INT64_MIN;
}

static inline int64_t mlsd__tick_sub(int64_t a, int64_t b)
{
    int64_t difference = 0;
    if (!__builtin_sub_overflow(a, b, &difference)) return difference;
    return b < 0 ? INT64_MAX : INT64_MIN;
}

#endif
