/* metric.c - what all metrics share: finding one by name, reading and checking the caller's
 * matrices, means of losses with their standard errors, and the public calls.
 *
 * Weights say how much a row counts, not how often it was seen: multiplying them all by a number
 * changes nothing. The standard error of a weighted mean is that of a ratio of two sums (Cochran
 * 1977, Sampling Techniques, 3rd ed., eq. 6.13); with equal weights it is s / sqrt(n) exactly. A
 * row that weighs 0 is as good as absent. */
#include "metric/metric_impl.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "data/matrix_view.h"
#include "metric/scorecard.h"
#include "numeric/distribution.h"
#include "numeric/sum.h"

/* Rows between two looks at the cancel flag: about a millisecond of logarithms. */
enum { CHECK_ROWS = 1 << 16 };

/* What the probabilities of a row may miss a sum of 1 by: those of floats are off by 1e-7. */
#define PROBABILITY_SUM_TOLERANCE 1e-5

static const mlsd_kind *find_kind(const char *name)
{
    const mlsd_kind *const kind = name == NULL ? NULL : mlsd_kind_find(name);
    return kind != NULL && strcmp(kind->family, "metric") == 0 ? kind : NULL;
}

static int64_t count_names(void)
{
    int64_t n = mlsd_kind_count("metric");
    for (int64_t i = 0; mlsd__metric_alias_at(i) != NULL; i++) n++;
    return n;
}

static const char *metric_name_at(const void *user, int64_t i)
{
    (void)user;
    const int64_t n = mlsd_kind_count("metric");
    return i < n ? mlsd_kind_name(mlsd_kind_at("metric", i)) : mlsd__metric_alias_at(i - n)->name;
}

mlsd_status mlsd__metric_find(const char *name, const mlsd__metric_ops **out)
{
    *out = NULL;
    MLSD__REQUIRE(name != NULL, "the metric's name is NULL");
    const mlsd_kind *const kind = find_kind(name);
    if (kind != NULL) {
        *out = kind->ops;
        return MLSD_OK;
    }
    for (int64_t i = 0; mlsd__metric_alias_at(i) != NULL; i++) {
        const mlsd__metric_alias *const alias = mlsd__metric_alias_at(i);
        if (strcmp(name, alias->name) != 0) continue;
        *out = &alias->ops;
        return MLSD_OK;
    }
    const char *const near = mlsd__nearest_name(name, metric_name_at, NULL, count_names());
    if (near != NULL) {
        return mlsd__fail(MLSD_E_KIND, "no metric '%s'; did you mean '%s'?", name, near);
    }
    return mlsd__fail(MLSD_E_KIND,
                      "no metric '%s'; there are rmse, mae, r2, accuracy, log_loss, roc_auc, brier",
                      name);
}

mlsd_status mlsd__metric_of_spec(const mlsd_spec *spec, mlsd__metric_ops *out)
{
    MLSD__TRY(mlsd__spec_require(spec, "metric"));
    *out = *(const mlsd__metric_ops *)mlsd__spec_ops(spec);
    if (mlsd__spec_params(spec) != NULL) out->params = mlsd__spec_params(spec);
    return MLSD_OK;
}

mlsd_status mlsd__metric_check(const char *name, mlsd_task task)
{
    const mlsd__metric_ops *ops = NULL;
    MLSD__TRY(mlsd__metric_find(name, &ops));
    return mlsd__metric_ops_check(ops, name, task);
}

mlsd_status mlsd__metric_ops_check(const mlsd__metric_ops *ops, const char *name, mlsd_task task)
{
    if (task == MLSD_TASK_NONE) {
        return mlsd__fail(MLSD_E_KIND, "'%s' needs a target, and there is none", name);
    }
    if (!ops->for_regression && !ops->for_classification) {
        return mlsd__fail(MLSD_E_KIND,
                          "'%s' compares clusterings or survival times, not what a model predicts "
                          "here; use mlsd_metric_evaluate",
                          name);
    }
    if (ops->of_decisions) {
        return mlsd__fail(MLSD_E_KIND,
                          "'%s' is for decision values, models here predict classes and "
                          "probabilities; use log_loss, or mlsd_metric_evaluate",
                          name);
    }
    if (task == MLSD_TASK_REGRESSION && !ops->for_regression) {
        return mlsd__fail(MLSD_E_KIND,
                          "'%s' is for classes, the target is a number; use rmse, mae or r2", name);
    }
    if (task != MLSD_TASK_REGRESSION && !ops->for_classification) {
        return mlsd__fail(MLSD_E_KIND,
                          "'%s' is for numbers, the target has classes; use accuracy, log_loss, "
                          "roc_auc or brier",
                          name);
    }
    if (task == MLSD_TASK_MULTICLASS && ops->for_binary_only) {
        return mlsd__fail(MLSD_E_KIND, "'%s' is for two classes; use accuracy or log_loss", name);
    }
    if (ops->check == NULL) return MLSD_OK;
    const mlsd__shape shape = {.n_classes = task == MLSD_TASK_REGRESSION   ? 0
                                            : task == MLSD_TASK_MULTICLASS ? 3
                                                                           : 2,
                               .y_cols = 1,
                               .prediction_cols = 1,
                               .n_slots = 1,
                               .has_proba = ops->needs_proba};
    return ops->check(ops->params, &shape);
}

const char *mlsd__metric_default(mlsd_task task)
{
    return task == MLSD_TASK_REGRESSION ? "rmse" : "log_loss";
}

int32_t mlsd_metric_direction(const char *metric)
{
    const mlsd__metric_ops *ops = NULL;
    if (mlsd__metric_find(metric, &ops) != MLSD_OK) return 0;
    return ops->greater_is_better ? 1 : -1;
}

void mlsd__estimate_undefined(mlsd__estimate *out)
{
    *out = (mlsd__estimate){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0};
}

void mlsd__estimate_interval(mlsd__estimate *e, double level, double lower, double upper)
{
    e->low = e->high = NAN;
    if (isnan(level) || isnan(e->se) || isnan(e->value)) return;
    const double p = 0.5 + level / 2;
    const double q = isinf(e->df) ? mlsd__normal_quantile(p) : mlsd__t_quantile(p, e->df);
    e->low = fmax(lower, e->value - q * e->se);
    e->high = fmin(upper, e->value + q * e->se);
}

mlsd_status mlsd__scored_weights(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                                 int64_t n_rows, double **out)
{
    *out = NULL;
    if (s->weight == NULL) return MLSD_OK;
    *out = mlsd__alloc_raw(scope->allocator, n_rows, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_rows; i++) (*out)[i] = s->weight[mlsd__scored_row(rows, i)];
    return MLSD_OK;
}

/* Sum of weights, and how many are not 0. */
static double total_weight(const double *weight, int64_t n, double *out_n_positive)
{
    if (weight == NULL) {
        *out_n_positive = (double)n;
        return (double)n;
    }
    int64_t n_positive = 0;
    for (int64_t i = 0; i < n; i++) n_positive += weight[i] > 0;
    *out_n_positive = (double)n_positive;
    return mlsd__sum(weight, n);
}

void mlsd__estimate_from_influence(const double *influence, const double *weight, int64_t n,
                                   mlsd__estimate *out)
{
    double count = 0;
    const double total = total_weight(weight, n, &count);
    out->df = count - 1;
    out->n_rows = weight == NULL ? count : total * total / mlsd__dot(weight, weight, n);
    out->se = NAN;
    if (count < 2) return;
    /* sum (w (x - mean))^2 by blocks whose sums are then added: no second array is needed. */
    double squares[128], sum = 0;
    int64_t filled = 0;
    for (int64_t i = 0; i < n; i++) {
        const double term = weight == NULL ? influence[i] : weight[i] * influence[i];
        squares[filled++] = term * term;
        if (filled == 128 || i == n - 1) {
            sum += mlsd__sum(squares, filled);
            filled = 0;
        }
    }
    out->se = sqrt(sum * (count / (count - 1))) / total;
}

mlsd_status mlsd__mean_loss(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                            int64_t n_rows, mlsd__loss_fn loss, double level, mlsd__estimate *out)
{
    const mlsd__allocator *const a = scope->allocator;
    double *weight = NULL, *losses = NULL;
    mlsd__estimate_undefined(out);
    mlsd_status status = mlsd__scored_weights(scope, s, rows, n_rows, &weight);
    if (status != MLSD_OK) goto out;
    losses = mlsd__alloc_raw(a, n_rows, sizeof *losses);
    if (losses == NULL) {
        status = MLSD_E_NOMEM;
        goto out;
    }
    for (int64_t first = 0; first < n_rows; first += CHECK_ROWS) {
        const int64_t n = n_rows - first < CHECK_ROWS ? n_rows - first : CHECK_ROWS;
        loss(s, rows, first, n, losses + first);
        status = mlsd__checkpoint(scope);
        if (status != MLSD_OK) goto out;
    }
    double count = 0;
    const double total = total_weight(weight, n_rows, &count);
    if (!(total > 0)) goto out;
    const double sum =
        weight == NULL ? mlsd__sum(losses, n_rows) : mlsd__dot(weight, losses, n_rows);
    out->value = sum / total;
    if (isnan(level)) goto out;
    for (int64_t i = 0; i < n_rows; i++) losses[i] -= out->value;
    mlsd__estimate_from_influence(losses, weight, n_rows, out);
out:
    mlsd__free(a, losses);
    mlsd__free(a, weight);
    return status;
}

/* The caller's predictions as n x width doubles; one column of scores of class 1 becomes two. */
static mlsd_status read_prediction(mlsd__scope *scope, const mlsd_matrix *m, bool widen,
                                   double **out)
{
    const int64_t n = m->rows, width = widen ? 2 : m->cols;
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(n, width, &size));
    *out = mlsd__alloc_raw(scope->allocator, size, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    double *const p = *out;
    mlsd__matrix_read(m, NULL, 0, n, p);
    for (int64_t i = n - 1; widen && i >= 0; i--) {
        const double score = p[i];
        p[2 * i + 1] = score;
        p[2 * i] = 1 - score;
    }
    return mlsd__checkpoint(scope);
}

static mlsd_status bad_value(const char *name, int64_t row, double value, const char *what)
{
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(value, text);
    return mlsd__fail(MLSD_E_DATA, "%s[%lld] is %s, %s", name, (long long)row, text, what);
}

static mlsd_status check_classes(const char *name, const double *x, int64_t n, int64_t n_classes)
{
    for (int64_t i = 0; i < n; i++) {
        if (x[i] >= 0 && x[i] < (double)n_classes && x[i] == floor(x[i])) continue;
        char text[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(x[i], text);
        return n_classes == INT32_MAX
                   ? mlsd__fail(MLSD_E_DATA, "%s[%lld] is %s, not a class number 0, 1, ...", name,
                                (long long)i, text)
                   : mlsd__fail(MLSD_E_DATA, "%s[%lld] is %s, not a class number in 0 .. %lld",
                                name, (long long)i, text, (long long)(n_classes - 1));
    }
    return MLSD_OK;
}

static mlsd_status check_finite(const char *name, const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) return bad_value(name, i, x[i], "not a finite number");
    }
    return MLSD_OK;
}

static mlsd_status check_probabilities(const double *p, int64_t n, int64_t n_classes)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t c = 0; c < n_classes; c++) {
            const double value = p[i * n_classes + c];
            if (!(value >= 0 && value <= 1)) {
                return bad_value("prediction", i, value, "not a probability in [0, 1]");
            }
            sum += value;
        }
        if (!(fabs(sum - 1) <= PROBABILITY_SUM_TOLERANCE)) {
            char text[MLSD__NUMBER_CAPACITY];
            mlsd__format_double(sum, text);
            return mlsd__fail(MLSD_E_DATA, "the probabilities in row %lld sum to %s, not to 1",
                              (long long)i, text);
        }
    }
    return MLSD_OK;
}

/* Probabilities of class 1 of two that stand for classes: not all are class numbers. */
static bool are_probabilities(const double *p, int64_t n)
{
    bool is_fraction = false;
    for (int64_t i = 0; i < n; i++) {
        if (!(p[i] >= 0 && p[i] <= 1)) return false;
        is_fraction |= p[i] != floor(p[i]);
    }
    return is_fraction;
}

/* The predicted classes, in place: the most probable, of equal ones the first. */
static mlsd_status choose_classes(double *p, int64_t n, int64_t cols)
{
    if (cols == 1) {
        const bool is_proba = are_probabilities(p, n);
        for (int64_t i = 0; is_proba && i < n; i++) p[i] = p[i] > 0.5;
        return MLSD_OK;
    }
    MLSD__TRY(check_probabilities(p, n, cols));
    for (int64_t i = 0; i < n; i++) {
        const double *const row = p + i * cols;
        int64_t best = 0;
        for (int64_t c = 1; c < cols; c++) best = row[c] > row[best] ? c : best;
        p[i] = (double)best;
    }
    return MLSD_OK;
}

static mlsd_status check_values(const mlsd__metric_ops *metric, bool widened, mlsd__scored *s)
{
    if (s->weight != NULL) {
        for (int64_t i = 0; i < s->n; i++) {
            if (!(s->weight[i] >= 0 && isfinite(s->weight[i]))) {
                return bad_value("weight", i, s->weight[i], "not a finite number of at least 0");
            }
        }
    }
    if (!metric->for_classification) {
        MLSD__TRY(check_finite("y", s->y, s->n));
        return check_finite("prediction", s->prediction, s->n);
    }
    if (!metric->needs_proba) {
        MLSD__TRY(check_classes("y", s->y, s->n, INT32_MAX));
        MLSD__TRY(check_classes("prediction", s->prediction, s->n, INT32_MAX));
        double largest = 0;
        for (int64_t i = 0; i < s->n; i++) {
            largest = fmax(largest, fmax(s->y[i], s->prediction[i]));
        }
        s->n_classes = (int64_t)largest + 1;
        return MLSD_OK;
    }
    MLSD__TRY(check_classes("y", s->y, s->n, s->n_classes));
    if (!widened && metric->any_columns) {
        return check_finite("prediction", s->prediction, s->n * s->n_classes);
    }
    if (!widened) return check_probabilities(s->prediction, s->n, s->n_classes);
    for (int64_t i = 0; i < s->n; i++) {
        const double score = s->prediction[2 * i + 1];
        if (!isfinite(score)) return bad_value("prediction", i, score, "not a finite number");
        if (!metric->any_score && !(score >= 0 && score <= 1)) {
            return bad_value("prediction", i, score, "not a probability in [0, 1]");
        }
    }
    return MLSD_OK;
}

static mlsd_status check_shapes(const mlsd__metric_ops *metric, const mlsd_matrix *y,
                                const mlsd_matrix *prediction, const mlsd_matrix *weight)
{
    MLSD__TRY(mlsd__matrix_check(y, "y"));
    MLSD__TRY(mlsd__matrix_check_vector(y, "y", y->rows));
    MLSD__TRY(mlsd__matrix_check(prediction, "prediction"));
    const bool may_be_wide = metric->needs_proba || metric->for_classification;
    if (!may_be_wide) {
        MLSD__TRY(mlsd__matrix_check_vector(prediction, "prediction", y->rows));
    } else if (prediction->rows != y->rows || prediction->cols < 1) {
        return mlsd__fail(
            MLSD_E_SHAPE, "prediction must be %lld x the number of classes, got %lld x %lld",
            (long long)y->rows, (long long)prediction->rows, (long long)prediction->cols);
    }
    if (weight != NULL) MLSD__TRY(mlsd__matrix_check_vector(weight, "weight", y->rows));
    return MLSD_OK;
}

mlsd_status mlsd__scored_read(mlsd__scope *scope, const mlsd__metric_ops *metric,
                              const mlsd_matrix *y, const mlsd_matrix *prediction,
                              const mlsd_matrix *weight, mlsd__scored_copy *out)
{
    const mlsd__allocator *const a = scope->allocator;
    memset(out, 0, sizeof *out);
    MLSD__TRY(check_shapes(metric, y, prediction, weight));
    const int64_t n = y->rows;
    const bool widen = metric->needs_proba && prediction->cols == 1;

    mlsd_status status = read_prediction(scope, prediction, widen, &out->prediction);
    if (status != MLSD_OK) goto out;
    status = MLSD_E_NOMEM;
    out->y = mlsd__alloc_raw(a, n, sizeof *out->y);
    if (out->y == NULL) goto out;
    mlsd__matrix_read(y, NULL, 0, n, out->y);
    if (weight != NULL) {
        out->weight = mlsd__alloc_raw(a, n, sizeof *out->weight);
        if (out->weight == NULL) goto out;
        mlsd__matrix_read(weight, NULL, 0, n, out->weight);
    }
    out->view = (mlsd__scored){.n = n,
                               .n_classes = !metric->needs_proba ? 0
                                            : widen              ? 2
                                                                 : prediction->cols,
                               .y = out->y,
                               .prediction = out->prediction,
                               .weight = out->weight};
    const bool by_classes = metric->for_classification && !metric->needs_proba;
    status = by_classes ? choose_classes(out->prediction, n, prediction->cols) : MLSD_OK;
    if (by_classes && status == MLSD_OK && prediction->cols > 1) {
        status = check_classes("y", out->y, n, prediction->cols);
    }
    if (status == MLSD_OK) status = check_values(metric, widen, &out->view);
    if (by_classes && prediction->cols > out->view.n_classes) {
        out->view.n_classes = prediction->cols;
    }
out:
    if (status != MLSD_OK) mlsd__scored_free(out, a);
    return status;
}

void mlsd__scored_free(mlsd__scored_copy *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->y);
    mlsd__free(a, s->prediction);
    mlsd__free(a, s->weight);
    memset(s, 0, sizeof *s);
}

mlsd_status mlsd_metric_score(const mlsd_context *context, const char *metric, const mlsd_matrix *y,
                              const mlsd_matrix *prediction, const mlsd_matrix *weight,
                              double level, double *out_value, double *out_low, double *out_high)
{
    const mlsd__metric_ops *ops = NULL;
    const bool wants_interval = out_low != NULL || out_high != NULL;
    MLSD__REQUIRE(out_value != NULL, "the place for the value is NULL");
    MLSD__REQUIRE(y != NULL, "y is NULL");
    MLSD__REQUIRE(prediction != NULL, "prediction is NULL");
    MLSD__REQUIRE(!wants_interval || (level > 0 && level < 1),
                  "the level of an interval must be in (0, 1), such as 0.95");
    MLSD__TRY(mlsd__metric_find(metric, &ops));

    mlsd__scope scope;
    mlsd__scored_copy scored = {0};
    mlsd__estimate e;
    mlsd__estimate_undefined(&e);
    MLSD__TRY(mlsd__scope_open(&scope, context));
    bool is_done = false;
    mlsd_status status = check_shapes(ops, y, prediction, weight);
    if (status == MLSD_OK && ops->direct != NULL) {
        status = ops->direct(&scope, ops, y, prediction, weight, wants_interval ? level : NAN, &e,
                             &is_done);
    }
    if (status == MLSD_OK && !is_done) {
        mlsd__metric_ops metric_ops = *ops;
        status = mlsd__scorecard_value(&scope, &metric_ops, y, prediction, weight,
                                       wants_interval ? level : NAN, &e, &is_done);
        /* What is wrong is said, or taken, by those who look at all rows at once. */
        if (status != MLSD_E_NOMEM && status != MLSD_E_CANCELLED) status = MLSD_OK;
    }
    if (status == MLSD_OK && !is_done) {
        status = mlsd__scored_read(&scope, ops, y, prediction, weight, &scored);
    }
    if (status == MLSD_OK && !is_done) {
        status = mlsd__metric_score(&scope, ops, &scored.view, NULL, scored.view.n,
                                    wants_interval ? level : NAN, &e);
    }
    mlsd__scored_free(&scored, scope.allocator);
    mlsd__scope_close(&scope);
    if (status != MLSD_OK) return status;

    *out_value = e.value;
    if (out_low != NULL) *out_low = e.low;
    if (out_high != NULL) *out_high = e.high;
    return MLSD_OK;
}
