/* arrow_column.h - one Arrow column, given in one or more pieces, as a column of a table. */
#ifndef MLSD_DATA_ARROW_COLUMN_H
#define MLSD_DATA_ARROW_COLUMN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"
#include "data/arrow_abi.h"
#include "data/table_impl.h"

/* An array that several adopted columns keep alive. `array` is empty (release NULL) until the
 * import has succeeded: before that the array is the caller's. */
typedef struct mlsd__arrow_keeper {
    atomic_int references;
    mlsd__allocator allocator;
    struct ArrowArray array;
} mlsd__arrow_keeper;

mlsd_status mlsd__arrow_keeper_new(const mlsd__allocator *a, mlsd__arrow_keeper **out);
/* Drop a reference; the last one releases the array. Has the signature of mlsd_release_fn. */
void mlsd__arrow_keeper_release(void *keeper);

/* Elements first .. first + n - 1 of the array's buffers: offsets are added in already. */
typedef struct mlsd__arrow_piece {
    const struct ArrowArray *array;
    int64_t first, n;
} mlsd__arrow_piece;

/* Convert the pieces, or adopt them: keeper is not NULL where there is one piece that may be kept.
 * Errors: MLSD_E_TYPE, MLSD_E_DATA, both name the column. */
mlsd_status mlsd__arrow_column(mlsd__scope *scope, const struct ArrowSchema *schema,
                               const char *name, const mlsd__arrow_piece *pieces, int64_t n_pieces,
                               mlsd__arrow_keeper *keeper, mlsd__column **out);

/* Is element i valid (not null)? A missing bitmap means that all are. */
bool mlsd__arrow_is_valid(const void *bitmap, int64_t i);

#endif
