/* linear_scores.c - the fitted state of linear classifiers and of SGD: predicting, fitted numbers
 * by name, files. How the coefficients are found is in logistic_*.c and sgd*.c. */
#include "model/linear/linear_scores.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "numeric/mathfun.h"
#include "numeric/sum.h"

static int64_t count_scores(int64_t n_classes)
{
    return n_classes <= 2 ? 1 : n_classes;
}

mlsd_status mlsd__linear_scores_new(const mlsd__allocator *a, mlsd__link link, int64_t n_features,
                                    int64_t n_classes, mlsd__linear_scores **out)
{
    *out = NULL;
    mlsd__linear_scores *s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    s->allocator = *a;
    s->link = link;
    s->n_features = n_features;
    s->n_classes = n_classes;
    s->n_scores = count_scores(n_classes);
    int64_t n_coef = 0;
    mlsd_status status = mlsd__mul_size(s->n_scores, n_features, &n_coef);
    if (status == MLSD_OK) {
        s->coef = mlsd__alloc(a, n_coef, sizeof *s->coef);
        s->intercept = mlsd__alloc(a, s->n_scores, sizeof *s->intercept);
        if (s->coef == NULL || s->intercept == NULL) status = MLSD_E_NOMEM;
    }
    if (status != MLSD_OK) {
        mlsd__linear_scores_free(a, s);
        return status;
    }
    *out = s;
    return MLSD_OK;
}

void mlsd__linear_scores_free(const mlsd__allocator *a, void *state)
{
    mlsd__linear_scores *s = state;
    if (s == NULL) return;
    for (int64_t i = 0; i < s->n_extras; i++) mlsd__free(a, s->extras[i].data);
    mlsd__free(a, s->coef);
    mlsd__free(a, s->intercept);
    mlsd__free(a, s);
}

mlsd_status mlsd__linear_scores_array(mlsd__linear_scores *s, const char *name, const double *data,
                                      int64_t rows, int64_t cols)
{
    if (s->n_extras >= MLSD__SCORES_EXTRAS || strlen(name) >= MLSD__SCORES_NAME)
        return mlsd__fail(MLSD_E_INTERNAL, "no room for the fitted array '%s'", name);
    double *const copy = mlsd__memdup(&s->allocator, data, rows * cols, sizeof *copy);
    if (copy == NULL) return MLSD_E_NOMEM;
    mlsd__fitted_array *const extra = &s->extras[s->n_extras++];
    *extra = (mlsd__fitted_array){.rows = rows, .cols = cols, .data = copy};
    memcpy(extra->name, name, strlen(name) + 1);
    return MLSD_OK;
}

mlsd_status mlsd__linear_scores_number(mlsd__linear_scores *s, const char *name, double value)
{
    return mlsd__linear_scores_array(s, name, &value, 1, 1);
}

const char *mlsd__linear_scores_attribute(const void *state, int64_t i, const double **data,
                                          int64_t *rows, int64_t *cols)
{
    const mlsd__linear_scores *s = state;
    if (i < 0 || i >= 2 + s->n_extras) return NULL;
    if (i == 0) {
        *data = s->coef;
        *rows = s->n_scores;
        *cols = s->n_features;
        return "coef";
    }
    if (i == 1) {
        *data = s->intercept;
        *rows = 1;
        *cols = s->n_scores;
        return "intercept";
    }
    const mlsd__fitted_array *extra = &s->extras[i - 2];
    *data = extra->data;
    *rows = extra->rows;
    *cols = extra->cols;
    return extra->name;
}

int64_t mlsd__linear_scores_scratch(const void *state)
{
    return ((const mlsd__linear_scores *)state)->n_scores;
}

static double huber_proba(double score)
{
    return (fmin(fmax(score, -1.0), 1.0) + 1.0) / 2.0;
}

/* One row of more than two classes in place; rows without any positive share get equal ones. */
static void share_huber(double *row, int64_t n_classes)
{
    double sum = 0.0;
    for (int64_t c = 0; c < n_classes; c++) {
        row[c] = huber_proba(row[c]);
        sum += row[c];
    }
    for (int64_t c = 0; c < n_classes; c++)
        row[c] = sum > 0.0 ? row[c] / sum : 1.0 / (double)n_classes;
}

static void proba_of_two(mlsd__link link, const double *scores, int64_t n, double *out)
{
    for (int64_t i = 0; i < n; i++) {
        const double score = scores[i];
        if (link == MLSD__LINK_LOGISTIC) {
            out[2 * i] = mlsd__sigmoid(-score);
            out[2 * i + 1] = mlsd__sigmoid(score);
        } else {
            out[2 * i + 1] = link == MLSD__LINK_HUBER ? huber_proba(score) : NAN;
            out[2 * i] = 1.0 - out[2 * i + 1];
        }
    }
}

void mlsd__linear_scores_proba(const mlsd__linear_scores *s, const double *scores, int64_t n,
                               double *out)
{
    const int64_t k = s->n_classes;
    if (s->n_scores == 1) {
        proba_of_two(s->link, scores, n, out);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        double *const row = out + i * k;
        for (int64_t c = 0; c < k; c++)
            row[c] = s->link == MLSD__LINK_NONE ? NAN : scores[i * k + c];
        if (s->link == MLSD__LINK_LOGISTIC) (void)mlsd__softmax(row, k);
        if (s->link == MLSD__LINK_HUBER) share_huber(row, k);
    }
}

void mlsd__linear_scores_predict(const void *state, const double *x, int64_t n, int64_t ld,
                                 mlsd_output what, double *out, double *scratch)
{
    const mlsd__linear_scores *s = state;
    const int64_t k = s->n_scores, p = s->n_features;
    double *const scores = what == MLSD_OUTPUT_PROBA ? scratch : out;
    /* Not BLAS: its kernels take rows by fours, so a row's bits would depend on its neighbours. */
    for (int64_t i = 0; i < n; i++) {
        for (int64_t c = 0; c < k; c++)
            scores[i * k + c] = s->intercept[c] + mlsd__dot(x + i * ld, s->coef + c * p, p);
    }
    if (what == MLSD_OUTPUT_PROBA) mlsd__linear_scores_proba(s, scores, n, out);
    for (int64_t i = 0; s->link == MLSD__LINK_LOG && i < n; i++)
        out[i] = fmin(mlsd__exp(out[i]), DBL_MAX);
}

mlsd_status mlsd__linear_scores_save(const void *state, mlsd__writer *w)
{
    const mlsd__linear_scores *s = state;
    mlsd__put_u32(w, (uint32_t)s->link);
    mlsd__put_f64s(w, s->coef, s->n_scores * s->n_features);
    mlsd__put_f64s(w, s->intercept, s->n_scores);
    mlsd__put_i64(w, s->n_extras);
    for (int64_t i = 0; i < s->n_extras; i++) {
        const mlsd__fitted_array *extra = &s->extras[i];
        mlsd__put_str(w, extra->name);
        mlsd__put_i64(w, extra->rows);
        mlsd__put_f64s(w, extra->data, extra->rows * extra->cols);
    }
    return w->status;
}

static mlsd_status fail_corrupt(mlsd__reader *r)
{
    if (r->status == MLSD_OK)
        r->status = mlsd__fail(MLSD_E_CORRUPT, "the linear model in the file contradicts itself");
    return r->status;
}

static mlsd_status load_extra(mlsd__reader *r, mlsd__linear_scores *s)
{
    mlsd__fitted_array *const extra = &s->extras[s->n_extras];
    char *const name = mlsd__take_str(r);
    const bool name_fits = name != NULL && strlen(name) < sizeof extra->name;
    if (name_fits) memcpy(extra->name, name, strlen(name) + 1);
    mlsd__free(r->allocator, name);
    extra->rows = mlsd__take_i64(r);
    int64_t n = 0;
    extra->data = mlsd__take_f64s(r, &n);
    s->n_extras++;
    if (r->status != MLSD_OK) return r->status;
    if (!name_fits || extra->rows < 1 || n % extra->rows != 0) return fail_corrupt(r);
    extra->cols = n / extra->rows;
    return MLSD_OK;
}

static mlsd_status load_parts(mlsd__reader *r, mlsd__linear_scores *s)
{
    int64_t n_coef = 0, n_intercept = 0;
    s->link = (mlsd__link)mlsd__take_u32(r);
    s->coef = mlsd__take_f64s(r, &n_coef);
    s->intercept = mlsd__take_f64s(r, &n_intercept);
    const int64_t n_extras = mlsd__take_count(r, MLSD__SCORES_EXTRAS);
    if (r->status != MLSD_OK) return r->status;
    const bool is_regression = s->link == MLSD__LINK_VALUE || s->link == MLSD__LINK_LOG;
    if (s->link < MLSD__LINK_VALUE || s->link > MLSD__LINK_LOG ||
        is_regression != (s->n_classes == 0) || s->n_classes == 1)
        return fail_corrupt(r);
    int64_t n_expected = 0;
    MLSD__TRY(mlsd__mul_size(s->n_scores, s->n_features, &n_expected));
    if (n_coef != n_expected || n_intercept != s->n_scores) return fail_corrupt(r);
    for (int64_t i = 0; i < n_extras; i++) MLSD__TRY(load_extra(r, s));
    return MLSD_OK;
}

mlsd_status mlsd__linear_scores_load(mlsd__reader *r, const mlsd_spec *spec,
                                     const mlsd__feature *features, int64_t n_features,
                                     int64_t n_classes, void **out_state)
{
    (void)spec;
    (void)features;
    *out_state = NULL;
    mlsd__linear_scores *s = mlsd__alloc(r->allocator, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    s->allocator = *r->allocator;
    s->n_features = n_features;
    s->n_classes = n_classes;
    s->n_scores = count_scores(n_classes);
    const mlsd_status status = load_parts(r, s);
    if (status != MLSD_OK) {
        mlsd__linear_scores_free(r->allocator, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}
