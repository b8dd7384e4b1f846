/* dataset_roles.h - groups, times and ids of rows, which are no features: gathered from a data
 * set's columns or read from the caller's. */
#ifndef MLSD_DATA_DATASET_ROLES_H
#define MLSD_DATA_DATASET_ROLES_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/dataset.h"
#include "mlsd/matrix.h"
#include "base/memory.h"

/* Times are whole ticks, so that windows have exact borders. Numbers: per_unit ticks are 1, a power
 * of two. Dates: a tick is a microsecond since 1970 and per_second is 1e6. What is not known is 0.
 */
typedef struct mlsd__time_scale {
    double per_unit, per_second;
} mlsd__time_scale;

/* The groups of the data set's rows: numbers (NaN where missing), or each text's place among the
 * column's levels by code point; then *out_names are the levels in that order, borrowed from the
 * table. *out and *out_names end by mlsd__free with the store's allocator, and are NULL without a
 * group column and for numbers. */
mlsd_status mlsd__dataset_gather_group(const mlsd_dataset *d, double **out, char ***out_names);

/* Ticks of the roles "time" and "time_end", NULL without; they end by mlsd__free with the store's
 * allocator. Texts are dates of ISO 8601. Errors: MLSD_E_DATA for a time that is missing, infinite
 * or not a date, with its row. */
mlsd_status mlsd__dataset_gather_times(const mlsd_dataset *d, int64_t **out_times,
                                       int64_t **out_ends, mlsd__time_scale *out_scale);
/* The same of n x 1 matrices, NULL for what is not there; times of int64 stay exact. */
mlsd_status mlsd__times_of_matrices(const mlsd__allocator *a, const mlsd_matrix *times,
                                    const mlsd_matrix *ends, int64_t **out_times,
                                    int64_t **out_ends, mlsd__time_scale *out_scale);

/* 64 bits that stand for a row's id, the same on any machine and for ever: XXH3 of the eight
 * little-endian bytes of a whole number, of the eight bytes of a double's bits for other numbers,
 * or of a text's UTF-8 bytes. Of several id columns: XXH3 of these values one after the other. NULL
 * without ids. Errors: MLSD_E_DATA for an id that is missing, with its row. */
mlsd_status mlsd__dataset_gather_ids(const mlsd_dataset *d, uint64_t **out);
mlsd_status mlsd__ids_of_matrix(const mlsd__allocator *a, const mlsd_matrix *ids, uint64_t **out);
uint64_t mlsd__id_of_i64(int64_t value);
uint64_t mlsd__id_of_f64(double value);
uint64_t mlsd__id_of_text(const char *text);
/* Any of the ids of a row, mixed into one. */
uint64_t mlsd__id_join(uint64_t first, uint64_t second);

/* A date or time of ISO 8601 (2024-05-31, 2024-05-31T23:59:59.5Z, 20240531, blank or T between) as
 * microseconds since 1970 in UTC; local time counts as UTC where no offset is given. false when it
 * is none. */
bool mlsd__parse_time(const char *text, int64_t *out);

#endif
