/* sample.c - the rows that an experiment works on: those whose target is known, and of these a
 * random sample, in the order of the table, where it must be quick. The sample depends on the seed
 * and the number of rows alone. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "experiment/experiment_impl.h"

enum { QUICK_ROWS = 20000, FEWEST_ROWS = 10 };

static bool is_known(const mlsd__column *column, int64_t row)
{
    if (column->type == MLSD_COLUMN_F64) return !isnan(((const double *)column->values)[row]);
    if (column->type == MLSD_COLUMN_CATEGORY) return ((const int32_t *)column->values)[row] >= 0;
    return true;
}

/* Keep n of the rows: the first n places of a Fisher-Yates shuffle, put back into order. */
static mlsd_status draw(mlsd__scope *scope, uint64_t seed, int64_t *rows, int64_t n_rows, int64_t n,
                        int64_t n_table)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, seed, 0, 0, 0, MLSD__PURPOSE_SUBSAMPLE);
    for (int64_t i = 0; i < n; i++) {
        const int64_t j = i + (int64_t)mlsd__stream_below(&stream, (uint64_t)(n_rows - i));
        const int64_t row = rows[i];
        rows[i] = rows[j];
        rows[j] = row;
    }
    unsigned char *taken = mlsd__alloc(scope->allocator, n_table, 1);
    if (taken == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) taken[rows[i]] = 1;
    for (int64_t row = 0, i = 0; row < n_table; row++) {
        if (taken[row]) rows[i++] = row;
    }
    mlsd__free(scope->allocator, taken);
    return MLSD_OK;
}

static mlsd_status fail_few(const mlsd_table *table, int64_t target, int64_t n)
{
    if (n == 0) {
        return mlsd__fail(MLSD_E_DATA, "the target '%.60s' is missing in all %lld rows",
                          table->names[target], (long long)table->n_rows);
    }
    return mlsd__fail(
        MLSD_E_DATA,
        "%lld row%s with a known '%.60s' %s too few to train, validate and test on: at "
        "least %d are needed, and some hundred to learn anything",
        (long long)n, n == 1 ? "" : "s", table->names[target], n == 1 ? "is" : "are", FEWEST_ROWS);
}

mlsd_status mlsd__experiment_rows(mlsd__scope *scope, const mlsd__experiment_params *params,
                                  const mlsd_table *table, int64_t target, mlsd_table **out,
                                  int64_t *out_n_missing, int64_t *out_n_known)
{
    *out = NULL;
    const mlsd__column *column = table->columns[target];
    int64_t *rows = mlsd__alloc_raw(scope->allocator, table->n_rows, sizeof *rows);
    if (rows == NULL) return MLSD_E_NOMEM;
    int64_t n = 0;
    for (int64_t i = 0; i < table->n_rows; i++) {
        if (is_known(column, i)) rows[n++] = i;
    }
    *out_n_missing = table->n_rows - n;
    *out_n_known = n;
    mlsd_status status = MLSD_OK;
    if (n < FEWEST_ROWS) status = fail_few(table, target, n);
    if (status == MLSD_OK && params->quick && n > QUICK_ROWS) {
        status = draw(scope, (uint64_t)params->seed, rows, n, QUICK_ROWS, table->n_rows);
        n = QUICK_ROWS;
    }
    if (status == MLSD_OK) {
        status = n == table->n_rows ? mlsd__table_share(table, out)
                                    : mlsd__table_rows(table, rows, n, out);
    }
    mlsd__free(scope->allocator, rows);
    return status;
}
