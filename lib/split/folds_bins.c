/* folds_bins.c - how many rows of a bin are in each part of a split. Splits are counted in
 * parallel, each into a strip of its own. */
#include "split/folds_bins.h"

#include <math.h>

#include "split/folds_walk.h"

enum { LEVELS = 16 };
static const char letters[] = "0123456789abcdefg";

/* Exact where n_rows * n_bins would overflow: rows are below 2^53 and bins few. */
int64_t mlsd__bin_start(int64_t bin, int64_t n_rows, int64_t n_bins)
{
    return n_rows / n_bins * bin + n_rows % n_bins * bin / n_bins;
}

int64_t mlsd__bin_of_row(int64_t row, int64_t n_rows, int64_t n_bins)
{
    int64_t bin = (int64_t)((double)row / (double)n_rows * (double)n_bins);
    while (bin > 0 && mlsd__bin_start(bin, n_rows, n_bins) > row) bin--;
    while (bin < n_bins - 1 && mlsd__bin_start(bin + 1, n_rows, n_bins) <= row) bin++;
    return bin;
}

typedef struct work {
    const mlsd_folds *folds;
    const int64_t *rows;
    const int64_t *starts; /* of bins, and n_rows */
    mlsd__fold_bins *bins;
} work;

static mlsd_status count_part(mlsd__scope *scope, const work *w, int64_t split, int64_t part,
                              int64_t *counts)
{
    const mlsd__fold_bins *const b = w->bins;
    mlsd__fold_cursor cursor;
    MLSD__TRY(mlsd__fold_cursor_open(&cursor, w->folds, split, part));
    mlsd_status status = MLSD_OK;
    int64_t bin = 0;
    for (int64_t n; status == MLSD_OK && (n = mlsd__fold_cursor_read(&cursor)) > 0;) {
        for (int64_t i = 0; i < n; i++) {
            const int64_t row = w->rows != NULL ? w->rows[cursor.rows[i]] : cursor.rows[i];
            /* Rows mostly ascend: look up a bin only where another begins. */
            if (row < w->starts[bin] || row >= w->starts[bin + 1])
                bin = mlsd__bin_of_row(row, b->n_rows, b->n_bins);
            counts[bin * b->n_parts + part]++;
        }
        status = mlsd__checkpoint(scope);
    }
    mlsd__fold_cursor_close(&cursor);
    return status;
}

static mlsd_status count_split(void *arg, int64_t split, mlsd__scope *scope)
{
    const work *const w = arg;
    const mlsd__fold_bins *const b = w->bins;
    int64_t *const counts = mlsd__alloc(scope->allocator, b->n_bins * b->n_parts, sizeof *counts);
    mlsd_status status = counts == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t p = 0; status == MLSD_OK && p < b->n_parts; p++)
        status = count_part(scope, w, split, p, counts);
    float *const shares = b->shares + split * b->n_bins * b->n_parts;
    for (int64_t k = 0; status == MLSD_OK && k < b->n_bins; k++) {
        int64_t n_here = w->starts[k + 1] - w->starts[k], n_counted = 0;
        for (int64_t p = 0; p < b->n_parts; p++) n_counted += counts[k * b->n_parts + p];
        if (n_counted > n_here) n_here = n_counted;
        for (int64_t p = 0; p < b->n_parts; p++)
            shares[k * b->n_parts + p] =
                (float)((double)counts[k * b->n_parts + p] / (double)n_here);
    }
    mlsd__free(scope->allocator, counts);
    return status;
}

mlsd_status mlsd__fold_bins_make(mlsd__scope *scope, const mlsd_folds *folds, int64_t n_strips,
                                 const int64_t *rows, int64_t n_rows, int64_t most_bins,
                                 mlsd__fold_bins *out)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t n_shares = 0;
    *out = (mlsd__fold_bins){.n_rows = n_rows,
                             .n_bins = n_rows < most_bins ? n_rows : most_bins,
                             .n_strips = n_strips,
                             .n_parts = folds->n_parts};
    MLSD__TRY(mlsd__mul_size(out->n_bins * n_strips, out->n_parts, &n_shares));
    int64_t *const starts = mlsd__alloc_raw(a, out->n_bins + 1, sizeof *starts);
    out->shares = mlsd__alloc_raw(a, n_shares, sizeof *out->shares);
    mlsd_status status = starts == NULL || out->shares == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        for (int64_t k = 0; k <= out->n_bins; k++)
            starts[k] = mlsd__bin_start(k, n_rows, out->n_bins);
        work w = {.folds = folds, .rows = rows, .starts = starts, .bins = out};
        status = mlsd__parallel_for(scope, n_strips, count_split, &w);
    }
    mlsd__free(a, starts);
    if (status != MLSD_OK) mlsd__fold_bins_free(a, out);
    return status;
}

void mlsd__fold_bins_free(const mlsd__allocator *a, mlsd__fold_bins *b)
{
    mlsd__free(a, b->shares);
    b->shares = NULL;
}

char mlsd__share_letter(double share)
{
    int64_t level = (int64_t)floor(share * LEVELS + 0.5);
    if (level < 1 && share > 0) level = 1;
    if (level >= LEVELS && share < 1) level = LEVELS - 1;
    return letters[level < 0 ? 0 : level > LEVELS ? LEVELS : level];
}

double mlsd__share_of_letter(char letter)
{
    for (int level = 0; level <= LEVELS; level++) {
        if (letters[level] == letter) return (double)level / LEVELS;
    }
    return -1;
}
