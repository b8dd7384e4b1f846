/* draw_splits.c - how the rows were split, as a small table that a picture is drawn from: for the
 * three parts and for the first folds of the training part a text a part, whose letters tell the
 * share of each bin of rows from '0' (none) to 'g' (all, sixteen sixteenths). Bins are of the
 * experiment's rows in their order, also for folds. */
#include <stdio.h>

#include "data/dataset_impl.h"
#include "experiment/experiment_impl.h"
#include "split/folds_bins.h"

enum { N_BINS = 94, MOST_FOLDS = 10 };

static const mlsd__row_column columns[] = {{"split", MLSD_COLUMN_CATEGORY},
                                           {"part", MLSD_COLUMN_CATEGORY},
                                           {"rows", MLSD_COLUMN_I64},
                                           {"shares", MLSD_COLUMN_CATEGORY}};

static void put_strip(mlsd__rows *rows, const mlsd_folds *folds, const mlsd__fold_bins *bins,
                      int64_t strip, const char *name)
{
    static const char *const parts[] = {"training", "validation", "test"};
    char shares[N_BINS + 1];
    for (int64_t p = 0; p < bins->n_parts; p++) {
        for (int64_t b = 0; b < bins->n_bins; b++) {
            const int64_t at = (strip * bins->n_bins + b) * bins->n_parts + p;
            shares[b] = mlsd__share_letter((double)bins->shares[at]);
        }
        shares[bins->n_bins] = '\0';
        mlsd__rows_str(rows, name);
        mlsd__rows_str(rows, p == 0 ? parts[0] : p == bins->n_parts - 1 ? parts[2] : parts[1]);
        mlsd__rows_i64(rows, mlsd_folds_part_size(folds, strip, p));
        mlsd__rows_str(rows, shares);
    }
}

static mlsd_status put_folds(mlsd__experiment *x, const mlsd_folds *folds, int64_t n_strips,
                             const int64_t *map, const char *format, mlsd__rows *rows)
{
    mlsd__fold_bins bins;
    MLSD__TRY(mlsd__fold_bins_make(x->scope, folds, n_strips, map, mlsd_dataset_n_rows(x->data),
                                   N_BINS, &bins));
    for (int64_t k = 0; k < n_strips; k++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%s %lld", format, (long long)k + 1);
        put_strip(rows, folds, &bins, k, n_strips == 1 && map == NULL ? format : name);
    }
    mlsd__fold_bins_free(x->scope->allocator, &bins);
    return rows->status;
}

mlsd_status mlsd__experiment_draw_splits(mlsd__experiment *x, const mlsd_folds *folds)
{
    const int64_t n_folds = mlsd_folds_n_splits(folds);
    mlsd__rows rows;
    mlsd__rows_init(&rows, x->scope->allocator, columns, MLSD__COUNT(columns));
    mlsd_status status = put_folds(x, x->partition, 1, NULL, "parts", &rows);
    if (status == MLSD_OK)
        status = put_folds(x, folds, n_folds < MOST_FOLDS ? n_folds : MOST_FOLDS,
                           x->parts[MLSD__TRAIN]->rows, "fold", &rows);
    if (status != MLSD_OK) {
        mlsd__rows_free(&rows);
        return status;
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(x->result, "split_picture", table, false);
}
