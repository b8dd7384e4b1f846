/* resample.c - rows drawn with or without replacement, also from each stratum in proportion.
 *
 * Word for word scikit-learn's utils.resample, and without replacement its utils.shuffle. The
 * bootstrap's splits are made of these draws. */
#include <assert.h>

#include "base/handle.h"
#include "data/matrix_view.h"
#include "numeric/rank.h"
#include "split/resample_draw.h"

/* Draws between two looks at the cancel flag. */
enum { STEP = 1 << 18 };

static mlsd_status draw_with_replacement(mlsd__scope *scope, mlsd__mt19937 *mt, int64_t n,
                                         int64_t n_samples, const mlsd__row_numbers *out,
                                         int64_t first)
{
    const bool is_narrow = out->narrow != NULL && n <= INT32_MAX;
    for (int64_t i = 0; i < n_samples; i += STEP) {
        const int64_t n_now = n_samples - i < STEP ? n_samples - i : STEP;
        if (is_narrow) mlsd__mt_integers_i32(mt, (int32_t)(n - 1), out->narrow + first + i, n_now);
        for (int64_t j = 0; j < n_now && !is_narrow; j++)
            out->wide[first + i + j] = (int64_t)mlsd__mt_interval(mt, (uint64_t)(n - 1));
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

mlsd_status mlsd__resample_draw(mlsd__scope *scope, mlsd__mt19937 *mt, int64_t n, int64_t n_samples,
                                bool replace, const mlsd__row_numbers *out, int64_t first)
{
    if (replace) return draw_with_replacement(scope, mt, n, n_samples, out, first);
    mlsd__row_numbers order;
    mlsd_status status = mlsd__row_numbers_new(scope->allocator, n, n, &order);
    if (status != MLSD_OK) return status;
    mlsd__row_numbers_count_up(&order, n);
    status = mlsd__row_numbers_shuffle(scope, mt, &order, 0, n);
    for (int64_t i = 0; status == MLSD_OK && i < n_samples; i++)
        mlsd__row_number_set(out, first + i, mlsd__row_number(&order, i));
    mlsd__row_numbers_free(&order, scope->allocator);
    return status;
}

mlsd_status mlsd__resample_draw_strata(mlsd__scope *scope, mlsd__mt19937 *mt, const mlsd__strata *s,
                                       int64_t n_samples, bool replace, int64_t *shares,
                                       const mlsd__row_numbers *out, int64_t first)
{
    int64_t at = first;
    MLSD__TRY(mlsd__strata_share(scope, mt, s->counts, s->n, n_samples, shares));
    for (int64_t c = 0; c < s->n; c++) {
        MLSD__TRY(mlsd__resample_draw(scope, mt, s->counts[c], shares[c], replace, out, at));
        for (const int64_t end = at + shares[c]; at < end; at++) {
            const int64_t place = s->starts[c] + mlsd__row_number(out, at);
            mlsd__row_number_set(out, at, mlsd__row_number(&s->rows, place));
        }
    }
    assert(at - first == n_samples);
    return mlsd__row_numbers_shuffle(scope, mt, out, first, n_samples);
}

/* Rows by the values of y, which is one column. */
static mlsd_status read_strata(mlsd__scope *scope, const mlsd_matrix *y, mlsd__strata *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = y->rows;
    int64_t n_values = 0;
    double *values = NULL;
    int32_t *codes = NULL;
    mlsd_status status = MLSD_E_NOMEM;
    double *const x = mlsd__alloc_raw(a, n, sizeof *x);
    if (x == NULL) return status;
    values = mlsd__alloc_raw(a, n, sizeof *values);
    if (values == NULL) goto out;
    codes = mlsd__alloc_raw(a, n, sizeof *codes);
    if (codes == NULL) goto out;
    mlsd__matrix_read(y, NULL, 0, n, x);
    status = mlsd__factorize_rows(scope, x, n, values, &n_values, codes);
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        if (codes[i] < 0)
            status = mlsd__fail(MLSD_E_DATA, "y is missing in row %lld: a class is needed",
                                (long long)i);
    }
    if (status == MLSD_OK) status = mlsd__strata_new(scope, codes, n, n_values, out);
out:
    mlsd__free(a, codes);
    mlsd__free(a, values);
    mlsd__free(a, x);
    return status;
}

/* Into a narrow or wide list of row numbers, whichever fits the rows. */
static mlsd_status draw_rows(mlsd__scope *scope, mlsd__mt19937 *mt, int64_t n, int64_t n_samples,
                             bool replace, const mlsd_matrix *y, const mlsd__row_numbers *out)
{
    if (y == NULL || n == 0) return mlsd__resample_draw(scope, mt, n, n_samples, replace, out, 0);
    const mlsd__allocator *const a = scope->allocator;
    mlsd__strata strata = {0};
    int64_t *shares = NULL;
    mlsd_status status = read_strata(scope, y, &strata);
    if (status != MLSD_OK) goto out;
    shares = mlsd__alloc_raw(a, strata.n, sizeof *shares);
    status = shares == NULL ? MLSD_E_NOMEM
                            : mlsd__resample_draw_strata(scope, mt, &strata, n_samples, replace,
                                                         shares, out, 0);
out:
    mlsd__free(a, shares);
    mlsd__strata_free(&strata, a);
    return status;
}

mlsd_status mlsd_resample_rows(const mlsd_context *context, int64_t n, int64_t n_samples,
                               int32_t replace, const mlsd_matrix *y, int64_t seed, int64_t *out,
                               int64_t capacity)
{
    MLSD__REQUIRE(n >= 0, "the number of rows must not be negative, got %lld", (long long)n);
    MLSD__REQUIRE(n_samples >= 0, "the number of rows to draw must not be negative, got %lld",
                  (long long)n_samples);
    MLSD__REQUIRE(replace == 0 || replace == 1, "'replace' must be 0 or 1, got %d", (int)replace);
    MLSD__REQUIRE(seed >= 0 && seed <= UINT32_MAX, "'seed' must be in [0, %lld], got %lld",
                  (long long)UINT32_MAX, (long long)seed);
    MLSD__REQUIRE(out != NULL || n_samples == 0, "the place for the rows is NULL");
    if (y != NULL) MLSD__TRY(mlsd__matrix_check_vector(y, "y", n));
    if (capacity < n_samples)
        return mlsd__fail(MLSD_E_BUFFER, "%lld rows are to be drawn, room is for %lld",
                          (long long)n_samples, (long long)capacity);
    if (n == 0 && n_samples > 0)
        return mlsd__fail(MLSD_E_DATA, "there are no rows to draw %lld from", (long long)n_samples);
    if (!replace && n_samples > n)
        return mlsd__fail(MLSD_E_DATA,
                          "%lld rows cannot be drawn from %lld without replacement; draw at most "
                          "%lld, or with replacement",
                          (long long)n_samples, (long long)n, (long long)n);

    mlsd__scope scope;
    mlsd__row_numbers rows;
    mlsd__mt19937 mt;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd_status status = mlsd__row_numbers_new(scope.allocator, n, n_samples, &rows);
    if (status == MLSD_OK) {
        mlsd__mt_seed(&mt, (uint32_t)seed);
        status = draw_rows(&scope, &mt, n, n_samples, replace == 1, y, &rows);
    }
    for (int64_t i = 0; status == MLSD_OK && i < n_samples; i++)
        out[i] = mlsd__row_number(&rows, i);
    mlsd__row_numbers_free(&rows, scope.allocator);
    mlsd__scope_close(&scope);
    return status;
}
