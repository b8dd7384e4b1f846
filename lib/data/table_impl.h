/* table_impl.h - what a table is made of. Columns are reference-counted and shared by tables, data
 * sets and Arrow exports; their values never change once shared. */
#ifndef MLSD_DATA_TABLE_IMPL_H
#define MLSD_DATA_TABLE_IMPL_H

#include <stdatomic.h>
#include <stdint.h>

#include "mlsd/table.h"
#include "base/hash.h"
#include "base/memory.h"

typedef struct mlsd__column {
    atomic_int references;
    mlsd__allocator allocator;
    mlsd_column_type type;
    int64_t n;
    const void *values; /* double, int64_t or int32_t codes by type */
    char **levels;      /* categories: n_levels texts in one arena, in code order */
    int64_t n_levels;
    char *level_arena;
    struct mlsd__column *levels_of; /* retained: the column that owns the levels; NULL: this one */
    void *owned;                    /* what to mlsd__free for values; NULL when adopted */
    mlsd_release_fn release;        /* adopted values: called once with release_user */
    void *release_user;
} mlsd__column;

struct mlsd_table {
    uint64_t magic;
    mlsd__allocator allocator;
    int64_t n_rows, n_columns, capacity;
    char **names;
    mlsd__column **columns;
    char *notes; /* what reading it found, lines; NULL for none */
};

mlsd__column *mlsd__column_retain(const mlsd__column *column);
void mlsd__column_release(mlsd__column *column);

/* Make a column that takes over `owned` values (from mlsd__alloc with the same allocator); on
 * failure the values stay the caller's. Categories: _category takes texts from a dictionary in code
 * order. */
mlsd_status mlsd__column_new(const mlsd__allocator *a, mlsd_column_type type, void *owned,
                             int64_t n, mlsd__column **out);
mlsd_status mlsd__column_new_category(const mlsd__allocator *a, int32_t *owned_codes, int64_t n,
                                      const mlsd__dictionary *levels, mlsd__column **out);

/* The same with the levels put into ascending order of code point first: the codes are rewritten.
 */
mlsd_status mlsd__column_new_sorted(const mlsd__allocator *a, int32_t *owned_codes, int64_t n,
                                    const mlsd__dictionary *levels, mlsd__column **out);

mlsd_status mlsd__table_new(const mlsd__allocator *a, mlsd_table **out);
/* Add or replace a column; takes over the caller's reference also on failure. */
mlsd_status mlsd__table_set_column(mlsd_table *t, const char *name, mlsd__column *column);
/* Add a column whose name is known to be new: no search, so that wide tables cost linear time. */
mlsd_status mlsd__table_append_column(mlsd_table *t, const char *name, mlsd__column *column);
/* A table that shares all columns. */
mlsd_status mlsd__table_share(const mlsd_table *t, mlsd_table **out);
/* A table of some rows (copied values, shared levels). */
mlsd_status mlsd__table_rows(const mlsd_table *t, const int64_t *rows, int64_t n, mlsd_table **out);

#endif
