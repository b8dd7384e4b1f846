/* slicing.c - the entry of all analyses of slices, and what they read of the caller alike. What
 * each analysis does stands with its kind. */
#include "slice/slicing.h"

#include <math.h>

#include "base/handle.h"
#include "base/text.h"
#include "data/matrix_view.h"
#include "data/table_impl.h"
#include "numeric/blas.h"

mlsd_status mlsd__slicing_column(mlsd__scope *scope, const mlsd__slicing_input *in,
                                 const mlsd_matrix *m, const char *name, double **out)
{
    *out = NULL;
    MLSD__TRY(mlsd__matrix_check_vector(m, name, in->n_rows));
    *out = mlsd__alloc_raw(scope->allocator, in->n_rows, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    mlsd__matrix_read(m, NULL, 0, in->n_rows, *out);
    return MLSD_OK;
}

static mlsd_status check_weights(const double *weight, int64_t n)
{
    static const double least = 1e-100, most = 1e100; /* whose squares and sums are numbers */
    bool some = n == 0;
    for (int64_t i = 0; i < n; i++) {
        some = some || weight[i] > 0;
        if (weight[i] == 0 || (weight[i] >= least && weight[i] <= most)) continue;
        char text[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(weight[i], text);
        return mlsd__fail(MLSD_E_DATA,
                          "weight[%lld] is %s, not 0 or a number between 1e-100 and 1e100",
                          (long long)i, text);
    }
    return some ? MLSD_OK : mlsd__fail(MLSD_E_DATA, "all weights are 0, so that no row counts");
}

mlsd_status mlsd__slicing_weights(mlsd__scope *scope, const mlsd__slicing_input *in, double **out)
{
    *out = NULL;
    if (in->weight == NULL) return MLSD_OK;
    MLSD__TRY(mlsd__slicing_column(scope, in, in->weight, "weight", out));
    const mlsd_status status = check_weights(*out, in->n_rows);
    if (status == MLSD_OK) return MLSD_OK;
    mlsd__free(scope->allocator, *out);
    *out = NULL;
    return status;
}

static mlsd_status find_columns(const mlsd_table *groups, const mlsd__str_list *by, int64_t *out,
                                int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        out[j] = j;
        if (by->values == NULL) continue;
        MLSD__TRY(mlsd_table_find(groups, by->values[j], &out[j]));
        for (int64_t i = 0; i < j; i++) {
            if (out[i] == out[j]) {
                return mlsd__fail(MLSD_E_COLUMN, "'by' names the column '%.100s' twice",
                                  by->values[j]);
            }
        }
    }
    return MLSD_OK;
}

mlsd_status mlsd__slicing_by(mlsd__scope *scope, const mlsd__slicing_input *in,
                             const mlsd__str_list *by, int64_t **out, int64_t *out_n)
{
    *out_n = by->values == NULL ? mlsd_table_n_columns(in->groups) : by->n;
    *out = NULL;
    if (*out_n == 0) return mlsd__fail(MLSD_E_COLUMN, "there is no column to slice by");
    *out = mlsd__alloc_raw(scope->allocator, *out_n, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = find_columns(in->groups, by, *out, *out_n);
    if (status == MLSD_OK) return MLSD_OK;
    mlsd__free(scope->allocator, *out);
    *out = NULL;
    return status;
}

/* Can it be read, and has it a row for each of the table's? */
static mlsd_status check_rows(const mlsd_matrix *m, const char *name, int64_t n_rows)
{
    if (m == NULL) return MLSD_OK;
    MLSD__TRY(mlsd__matrix_check(m, name));
    if (m->rows == n_rows) return MLSD_OK;
    return mlsd__fail(MLSD_E_SHAPE, "the table of groups has %lld rows, %s has %lld",
                      (long long)n_rows, name, (long long)m->rows);
}

mlsd_status mlsd__slicing_check(const mlsd_spec *analysis, const mlsd__slicing_input *in)
{
    const mlsd__slicing_ops *const ops = mlsd__spec_ops(analysis);
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(analysis));
    if (ops->needs_y) MLSD__REQUIRE(in->y != NULL, "%s needs y, what is true of each row", kind);
    if (ops->needs_prediction) {
        MLSD__REQUIRE(in->prediction != NULL, "%s needs a prediction for each row", kind);
    }
    MLSD__TRY(check_rows(in->y, "y", in->n_rows));
    MLSD__TRY(check_rows(in->prediction, "prediction", in->n_rows));
    if (in->weight == NULL) return MLSD_OK;
    return mlsd__matrix_check_vector(in->weight, "weight", in->n_rows);
}

mlsd_status mlsd__slicing_run(mlsd__scope *scope, const mlsd_spec *analysis,
                              const mlsd__slicing_input *in, mlsd_result **out)
{
    *out = NULL;
    MLSD__TRY(mlsd__slicing_check(analysis, in));
    const mlsd__slicing_ops *const ops = mlsd__spec_ops(analysis);
    return ops->run(scope, analysis, in, out);
}

mlsd_status mlsd_slice_run(const mlsd_context *context, const mlsd_spec *analysis,
                           const mlsd_table *groups, const mlsd_matrix *y,
                           const mlsd_matrix *prediction, const mlsd_matrix *weight,
                           mlsd_result **out)
{
    mlsd__scope scope;
    MLSD__REQUIRE(out != NULL, "the place for the result is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(analysis, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE_LIVE(groups, MLSD__MAGIC_TABLE, "table");
    MLSD__TRY(mlsd__spec_require(analysis, "slicing"));
    const mlsd__slicing_input in = {.n_rows = mlsd_table_n_rows(groups),
                                    .groups = groups,
                                    .y = y,
                                    .prediction = prediction,
                                    .weight = weight};
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    const mlsd_status status = mlsd__slicing_run(&scope, analysis, &in, out);
    mlsd__scope_close(&scope);
    return status;
}
