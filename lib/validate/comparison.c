/* comparison.c - a comparison of models from the caller's matrix to the result. What each test
 * computes stands in compare_<topic>.c, how it is told in compare_report.c. */
#include "mlsd/compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/handle.h"
#include "data/matrix_view.h"
#include "numeric/rank.h"
#include "metric/adjust.h"
#include "validate/compare_impl.h"

enum { NAME_CAPACITY = 32 };

const double *mlsd__comparison_scores(const mlsd__comparison *c, int64_t model)
{
    return c->scores + model * c->n_rows;
}

int64_t mlsd__comparison_differences(const mlsd__comparison *c, int64_t a, int64_t b, double *out)
{
    const double *const x = mlsd__comparison_scores(c, a), *const y = mlsd__comparison_scores(c, b);
    int64_t n = 0;
    for (int64_t i = 0; i < c->n_rows; i++) {
        if (isnan(x[i]) || isnan(y[i])) continue;
        out[n++] = y[i] - x[i];
    }
    return n;
}

int64_t mlsd__comparison_complete_rows(const mlsd__comparison *c, int64_t *out)
{
    int64_t n = 0;
    for (int64_t i = 0; i < c->n_rows; i++) {
        bool is_known = c->y == NULL || !isnan(c->y[i]);
        for (int64_t j = 0; j < c->n_models && is_known; j++)
            is_known = !isnan(mlsd__comparison_scores(c, j)[i]);
        if (is_known) out[n++] = i;
    }
    return n;
}

/* ---- what comes in ---- */

static mlsd_status check_shapes(const mlsd_spec *test, const mlsd_matrix *scores,
                                const mlsd_matrix *y)
{
    const mlsd__comparison_ops *const ops = mlsd__spec_ops(test);
    const mlsd__comparison_params *const p = mlsd__spec_params(test);
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(test));
    MLSD__TRY(mlsd__matrix_check(scores, "scores"));
    if (scores->cols < 2)
        return mlsd__fail(MLSD_E_SHAPE,
                          "scores need a column for each of two models or more, got %lld",
                          (long long)scores->cols);
    if (ops->n_rows > 0 && scores->rows != ops->n_rows)
        return mlsd__fail(MLSD_E_SHAPE, "%s needs %lld rows of scores, got %lld", kind,
                          (long long)ops->n_rows, (long long)scores->rows);
    if (p->names.values != NULL && p->names.n != scores->cols)
        return mlsd__fail(MLSD_E_SHAPE, "'names' has %lld names for %lld columns of scores",
                          (long long)p->names.n, (long long)scores->cols);
    if (p->control != MLSD__NULL_I64 && p->control >= scores->cols)
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'control' is column %lld, scores have %lld, from 0",
                          (long long)p->control, (long long)scores->cols);
    for (int64_t j = 0; j < p->names.n; j++) {
        for (int64_t i = 0; i < j; i++) {
            if (strcmp(p->names.values[i], p->names.values[j]) == 0)
                return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'names' has '%.60s' twice",
                                  p->names.values[j]);
        }
    }
    if (ops->needs_y) MLSD__REQUIRE(y != NULL, "%s needs y, the class of each row", kind);
    if (!ops->takes_y)
        MLSD__REQUIRE(y == NULL, "%s takes no y: its columns are scores, not predictions", kind);
    return y == NULL ? MLSD_OK : mlsd__matrix_check_vector(y, "y", scores->rows);
}

/* Columns apart, in blocks of rows. */
static mlsd_status read_scores(mlsd__comparison *c, const mlsd_matrix *scores)
{
    for (int64_t j = 0; j < c->n_models; j++) {
        mlsd_matrix column = *scores;
        const size_t size = scores->dtype == MLSD_F32 || scores->dtype == MLSD_I32 ? 4 : 8;
        column.cols = 1;
        if (scores->rows > 0)
            column.data = (const char *)scores->data + j * scores->col_stride * (int64_t)size;
        double *const out = c->scores + j * c->n_rows;
        mlsd__matrix_read(&column, NULL, 0, c->n_rows, out);
        for (int64_t i = 0; i < c->n_rows; i++) {
            if (isinf(out[i]))
                return mlsd__fail(MLSD_E_DATA, "row %lld of '%.60s' is infinite", (long long)i,
                                  c->names[j]);
        }
        MLSD__TRY(mlsd__checkpoint(c->scope));
    }
    return MLSD_OK;
}

static mlsd_status make_names(mlsd__comparison *c)
{
    const mlsd__allocator *const a = c->scope->allocator;
    const mlsd__str_list *const given = &c->params->names;
    c->names = mlsd__alloc(a, c->n_models, sizeof *c->names);
    if (c->names == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < c->n_models; j++) {
        char text[NAME_CAPACITY];
        if (c->n_models <= 26) {
            (void)snprintf(text, sizeof text, "%c", (char)('a' + j));
        } else {
            (void)snprintf(text, sizeof text, "model %lld", (long long)j);
        }
        c->names[j] = mlsd__strdup(a, given->values != NULL ? given->values[j] : text);
        if (c->names[j] == NULL) return MLSD_E_NOMEM;
    }
    return MLSD_OK;
}

/* All pairs in order, or all others beside the control. */
static mlsd_status make_pairs(mlsd__comparison *c)
{
    const int64_t k = c->n_models, control = c->params->control;
    const bool has_control = control != MLSD__NULL_I64;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(k, k - 1, &size));
    c->pairs = mlsd__alloc(c->scope->allocator, has_control ? k - 1 : size / 2, sizeof *c->pairs);
    if (c->pairs == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < k; i++) {
        if (has_control) {
            if (i != control) c->pairs[c->n_pairs++] = (mlsd__pair){.a = control, .b = i};
            continue;
        }
        for (int64_t j = i + 1; j < k; j++) c->pairs[c->n_pairs++] = (mlsd__pair){.a = i, .b = j};
    }
    return MLSD_OK;
}

static mlsd_status take_in(mlsd__comparison *c, const mlsd_matrix *scores, const mlsd_matrix *y)
{
    const mlsd__allocator *const a = c->scope->allocator;
    int64_t size;
    c->n_rows = scores->rows;
    c->n_models = scores->cols;
    MLSD__TRY(mlsd__mul_size(c->n_rows, c->n_models, &size));
    c->scores = mlsd__alloc_raw(a, size, sizeof *c->scores);
    c->rank_score = mlsd__alloc(a, c->n_models, sizeof *c->rank_score);
    c->mean_rank = mlsd__alloc(a, c->n_models, sizeof *c->mean_rank);
    if (c->scores == NULL || c->rank_score == NULL || c->mean_rank == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(make_names(c));
    MLSD__TRY(read_scores(c, scores));
    if (y != NULL) {
        c->y = mlsd__alloc_raw(a, c->n_rows, sizeof *c->y);
        if (c->y == NULL) return MLSD_E_NOMEM;
        mlsd__matrix_read(y, NULL, 0, c->n_rows, c->y);
    }
    return make_pairs(c);
}

/* ---- the work ---- */

/* Means of what each model has, and mean ranks in the rows that all have; tests may know better. */
static mlsd_status describe(mlsd__comparison *c)
{
    const mlsd__allocator *const a = c->scope->allocator;
    const int64_t k = c->n_models;
    for (int64_t j = 0; j < k; j++) {
        double sum = 0, n = 0;
        for (int64_t i = 0; i < c->n_rows; i++) {
            const double x = mlsd__comparison_scores(c, j)[i];
            if (isnan(x)) continue;
            n++;
            sum += (x - sum) / n;
        }
        c->rank_score[j] = n > 0 ? sum : (double)NAN;
    }
    int64_t *const rows = mlsd__alloc_raw(a, c->n_rows, sizeof *rows);
    double *const room = mlsd__alloc_raw(a, 2 * k, sizeof *room);
    mlsd_status status = rows == NULL || room == NULL ? MLSD_E_NOMEM : MLSD_OK;
    const int64_t n = status == MLSD_OK ? mlsd__comparison_complete_rows(c, rows) : 0;
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) {
        for (int64_t j = 0; j < k; j++) {
            const double x = mlsd__comparison_scores(c, j)[rows[i]];
            room[j] = c->greater_is_better ? -x : x;
        }
        status = mlsd__midranks(a, room, k, room + k);
        for (int64_t j = 0; j < k && status == MLSD_OK; j++)
            c->mean_rank[j] += (room[k + j] - c->mean_rank[j]) / (double)(i + 1);
        if (status == MLSD_OK) status = mlsd__checkpoint(c->scope);
    }
    for (int64_t j = 0; j < k && n == 0; j++) c->mean_rank[j] = NAN;
    mlsd__free(a, room);
    mlsd__free(a, rows);
    return status;
}

static mlsd_status compare_pair(void *arg, int64_t task, mlsd__scope *scope)
{
    mlsd__comparison *const c = arg;
    return c->ops->pair(scope, c, &c->pairs[task]);
}

/* p_adjusted of those that have none yet. */
static mlsd_status correct(mlsd__comparison *c)
{
    const mlsd__allocator *const a = c->scope->allocator;
    bool is_done = c->ops->is_bayesian;
    for (int64_t i = 0; i < c->n_pairs; i++) is_done |= !isnan(c->pairs[i].is.p_adjusted);
    if (is_done) return MLSD_OK;
    double *const p = mlsd__alloc_raw(a, c->n_pairs, sizeof *p);
    if (p == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < c->n_pairs; i++) p[i] = c->pairs[i].is.p_value;
    const mlsd_status status = mlsd__adjust_p_values(a, c->params->correction, p, c->n_pairs, p);
    for (int64_t i = 0; i < c->n_pairs && status == MLSD_OK; i++) c->pairs[i].is.p_adjusted = p[i];
    mlsd__free(a, p);
    return status;
}

static mlsd_status work(mlsd__comparison *c, const mlsd_matrix *scores, const mlsd_matrix *y)
{
    MLSD__TRY(take_in(c, scores, y));
    if (c->ops->prepare != NULL && c->ops->needs_y) {
        /* Areas are of columns as they are; their means say nothing. */
        MLSD__TRY(describe(c));
        MLSD__TRY(c->ops->prepare(c));
        for (int64_t j = 0; j < c->n_models; j++) c->mean_rank[j] = NAN;
    } else {
        if (c->ops->prepare != NULL) MLSD__TRY(c->ops->prepare(c));
        MLSD__TRY(describe(c));
    }
    mlsd__paired_clear(&c->all);
    c->chi2 = c->chi2_p_value = c->critical_difference = NAN;
    if (c->ops->pair != NULL) MLSD__TRY(mlsd__parallel_for(c->scope, c->n_pairs, compare_pair, c));
    if (c->ops->all != NULL) MLSD__TRY(c->ops->all(c));
    return correct(c);
}

static void end(mlsd__comparison *c)
{
    const mlsd__allocator *const a = c->scope->allocator;
    if (c->ops->end != NULL) c->ops->end(c);
    for (int64_t j = 0; c->names != NULL && j < c->n_models; j++) mlsd__free(a, c->names[j]);
    mlsd__free(a, c->names);
    mlsd__free(a, c->pairs);
    mlsd__free(a, c->mean_rank);
    mlsd__free(a, c->rank_score);
    mlsd__free(a, c->y);
    mlsd__free(a, c->scores);
}

static mlsd_status compare(mlsd__scope *scope, const mlsd_spec *test, const mlsd_matrix *scores,
                           const mlsd_matrix *y, mlsd_result **out)
{
    const mlsd__comparison_params *const p = mlsd__spec_params(test);
    const mlsd__comparison_ops *const ops = mlsd__spec_ops(test);
    mlsd__comparison c = {.scope = scope, .params = p, .ops = ops};
    c.settings = (mlsd__pair_settings){
        .level = p->level, .power = p->power, .rope = p->rope, .alternative = p->alternative};
    c.greater_is_better = ops->direction == MLSD__BY_PARAMETER
                              ? p->greater_is_better != 0
                              : ops->direction == MLSD__GREATER_IS_BETTER;
    mlsd_result *r = NULL;
    mlsd_status status = work(&c, scores, y);
    if (status == MLSD_OK) status = mlsd__result_new(scope->allocator, "comparison", &r);
    if (status == MLSD_OK) status = mlsd__comparison_report(&c, r);
    end(&c);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

mlsd_status mlsd_compare(const mlsd_context *context, const mlsd_spec *test,
                         const mlsd_matrix *scores, const mlsd_matrix *y, mlsd_result **out)
{
    MLSD__REQUIRE(out != NULL, "the pointer for the result is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(test, MLSD__MAGIC_SPEC, "spec");
    MLSD__TRY(mlsd__spec_require(test, "comparison"));
    MLSD__TRY(check_shapes(test, scores, y));

    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    const mlsd_status status = compare(&scope, test, scores, y, out);
    mlsd__scope_close(&scope);
    return status;
}
