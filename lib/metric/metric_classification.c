/* metric_classification.c - accuracy, log_loss and brier: means over rows.
 *
 * Accuracy has Wilson's interval, which stays inside [0, 1] and is honest at 0 and 1; the other two
 * have t intervals. Ranking stands in metric_ranking.c. */
#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "metric/intake_block.h"
#include "metric/interval_rates.h"
#include "metric/log_loss_direct.h"
#include "metric/summary.h"
#include "numeric/distribution.h"
#include "numeric/mathfun_block.h"
#include "numeric/sum.h"

/* Right is what is right in every label, of one label or of many. */
static void hit(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n, double *out)
{
    const int64_t cols = s->y_cols > 1 ? s->y_cols : 1;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i) * cols;
        bool is_right = true;
        for (int64_t j = 0; j < cols; j++) is_right &= s->y[row + j] == s->prediction[row + j];
        out[i] = is_right ? 1 : 0;
    }
}

static void miss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n, double *out)
{
    hit(s, rows, first, n, out);
    for (int64_t i = 0; i < n; i++) out[i] = 1 - out[i];
}

/* Share of a row's labels that are wrong. */
static void hamming(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                    double *out)
{
    const int64_t cols = s->y_cols > 1 ? s->y_cols : 1;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i) * cols;
        double wrong = 0;
        for (int64_t j = 0; j < cols; j++) wrong += s->y[row + j] != s->prediction[row + j];
        out[i] = wrong / (double)cols;
    }
}

/* Few classes: from the table that other metrics of labels share. Many would make it large. */
enum { MAX_TABLE_CLASSES = 64 };
static const mlsd__summary_ops *choose_accuracy(const void *params, const mlsd__shape *shape)
{
    (void)params;
    return shape->y_cols == 1 && shape->n_classes <= MAX_TABLE_CLASSES ? &mlsd__summary_confusion
                                                                       : &mlsd__summary_row_loss;
}

static mlsd_status finish_accuracy(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    if (choose_accuracy(NULL, f->shape) == &mlsd__summary_row_loss) {
        return mlsd__row_loss_finish(scope, f, out);
    }
    mlsd__confusion c;
    double right = 0, all = 0, squares = 0, count = 0;
    mlsd__confusion_read(f->state, f->slot, &c);
    for (int64_t i = 0; i < c.n_classes * c.n_classes; i++) {
        all += c.weight[i];
        squares += c.squares[i];
        count += c.count[i];
        if (i % (c.n_classes + 1) == 0) right += c.weight[i];
    }
    mlsd__estimate_share(right, all, squares, count, f->level, &out->estimate);
    return MLSD_OK;
}

/* Wilson's interval; with weights n is the effective number of rows (Kish 1965). */
static mlsd_status score_accuracy(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                                  int64_t n_rows, double level, mlsd__estimate *out)
{
    MLSD__TRY(mlsd__mean_loss(scope, s, rows, n_rows, hit, level, out));
    if (isnan(level) || isnan(out->value)) return MLSD_OK;
    const double p = out->value, n = out->n_rows;
    out->se = sqrt(p * (1 - p) / n);
    out->df = INFINITY;
    mlsd__wilson(p, n, mlsd__normal_quantile(0.5 + level / 2), &out->low, &out->high);
    return MLSD_OK;
}

typedef struct log_loss_params {
    double eps;
} log_loss_params;
static const log_loss_params machine_eps = {DBL_EPSILON};

static inline double clip(double p, double eps)
{
    return p < eps ? eps : p > 1 - eps ? 1 - eps : p;
}

/* Of two classes and rows that stand together: the same operations without a branch. */
static void log_loss_of_two(const mlsd__scored *s, int64_t first, int64_t n, double *out)
{
    if (s->prediction_cols == 1) /* both sum to 1 exactly, also when they were clipped */
        mlsd__block_chosen_of_column(s->y + first, s->prediction + first, n, out);
    else
        mlsd__block_chosen(s->y + first, s->prediction + 2 * first, n, out);
    mlsd__log_block(out, n);
    mlsd__block_negate(out, n);
}

/* scikit-learn 1.2: clip at eps, the machine's unless told otherwise, make the row sum to 1 again,
 * take the logarithm. */
static void log_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                     double *out)
{
    const int64_t k = s->n_classes;
    const double eps = (s->params != NULL ? (const log_loss_params *)s->params : &machine_eps)->eps;
    if (k == 2 && rows == NULL && eps == DBL_EPSILON) {
        log_loss_of_two(s, first, n, out);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        const double *const p = s->prediction + row * k;
        double sum = 0;
        for (int64_t c = 0; c < k; c++) sum += clip(p[c], eps);
        out[i] = clip(p[(int64_t)s->y[row]], eps) / sum;
    }
    mlsd__log_block(out, n);
    for (int64_t i = 0; i < n; i++) out[i] = -out[i];
}

static mlsd_status score_log_loss(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                                  int64_t n_rows, double level, mlsd__estimate *out)
{
    MLSD__TRY(mlsd__mean_loss(scope, s, rows, n_rows, log_loss, level, out));
    mlsd__estimate_interval(out, level, 0, INFINITY);
    return MLSD_OK;
}

/* With eps = 0 a loss may be infinite, which the sums about a pivot cannot hold: from the rows. */
static const mlsd__summary_ops *choose_log_loss(const void *params, const mlsd__shape *shape)
{
    const log_loss_params *const p = params;
    (void)shape;
    return p->eps > 0 ? &mlsd__summary_row_loss : &mlsd__summary_rows;
}

static mlsd_status finish_log_loss(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    mlsd__scored s;
    if (choose_log_loss(f->params, f->shape) == &mlsd__summary_row_loss) {
        return mlsd__row_loss_finish(scope, f, out);
    }
    mlsd__rows_read(f->state, f->slot, f->metric, &s);
    MLSD__TRY(score_log_loss(scope, &s, NULL, s.n, f->level, &out->estimate));
    for (int64_t i = 0; i < s.n; i++) {
        out->estimate.support += s.weight == NULL || s.weight[i] > 0;
    }
    return MLSD_OK;
}

/* The direct way knows the machine's eps alone. */
static mlsd_status direct_log_loss(mlsd__scope *scope, const mlsd__metric_ops *metric,
                                   const mlsd_matrix *y, const mlsd_matrix *prediction,
                                   const mlsd_matrix *weight, double level, mlsd__estimate *out,
                                   bool *out_done)
{
    *out_done = false;
    if (((const log_loss_params *)metric->params)->eps != DBL_EPSILON) return MLSD_OK;
    return mlsd__log_loss_direct(scope, metric, y, prediction, weight, level, out, out_done);
}

/* Brier (1950), Monthly Weather Review 78:1, sums over classes; of two classes both terms are equal
 * and one is custom. */
static void brier(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n, double *out)
{
    const int64_t k = s->n_classes;
    if (k == 2 && rows == NULL && s->prediction_cols == 1) {
        mlsd__block_squares(s->y + first, s->prediction + first, n, out);
        return;
    }
    for (int64_t i = 0; i < n && k == 2 && rows == NULL; i++) {
        const double off = s->prediction[2 * (first + i) + 1] - s->y[first + i];
        out[i] = off * off;
    }
    for (int64_t i = 0; i < n && !(k == 2 && rows == NULL); i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        const double *const p = s->prediction + row * k;
        const int64_t y = (int64_t)s->y[row];
        if (k == 2) {
            const double off = p[1] - (double)y;
            out[i] = off * off;
            continue;
        }
        double sum = 0;
        for (int64_t c = 0; c < k; c++) {
            const double miss = p[c] - (c == y ? 1 : 0);
            sum += miss * miss;
        }
        out[i] = sum;
    }
}

bool mlsd__takes_column(const mlsd__metric_ops *metric)
{
    const log_loss_params *const p = metric->params;
    return metric->row_loss == brier || (metric->row_loss == log_loss && p->eps == DBL_EPSILON);
}

static mlsd_status score_brier(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                               int64_t n_rows, double level, mlsd__estimate *out)
{
    MLSD__TRY(mlsd__mean_loss(scope, s, rows, n_rows, brier, level, out));
    mlsd__estimate_interval(out, level, 0, s->n_classes == 2 ? 1 : 2);
    return MLSD_OK;
}

static mlsd_status finish_brier(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    mlsd__finish bounded = *f;
    mlsd__metric_ops metric = *f->metric;
    metric.upper = f->shape->n_classes == 2 ? 1 : 2;
    bounded.metric = &metric;
    return mlsd__row_loss_finish(scope, &bounded, out);
}

/* max(0, 1 - margin), the margin of the true class's score to the best other one (Crammer & Singer
 * 2001, JMLR 2:265); of two classes the score of class 1, or minus it. */
static void hinge(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n, double *out)
{
    const int64_t k = s->n_classes;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        const double *const score = s->prediction + row * k;
        const int64_t y = (int64_t)s->y[row];
        double other = -INFINITY;
        for (int64_t c = 0; c < k; c++) {
            if (c != y && score[c] > other) other = score[c];
        }
        const double margin = k != 2 ? score[y] - other : y == 1 ? score[1] : -score[1];
        out[i] = fmax(0, 1 - margin);
    }
}

static const mlsd__metric_ops accuracy_ops = {.is_usual = true,
                                              .greater_is_better = true,
                                              .for_classification = true,
                                              .is_share = true,
                                              .for_labels = true,
                                              .row_loss = hit,
                                              .choose = choose_accuracy,
                                              .finish = finish_accuracy,
                                              .score = score_accuracy};
MLSD__METRIC_KIND(accuracy, MLSD__OF_CLASSES, "1",
                  "share of rows whose class is right; Wilson interval");

static const mlsd_param log_loss_table[] = {
    MLSD__P_F64(log_loss_params, eps, 0, 0.5, MLSD__OPEN_UPPER, "2.220446049250313e-16", NULL,
                "probabilities are kept this far from 0 and 1; with 0 a loss may be infinite")};
static const mlsd__metric_ops log_loss_ops = {.params = &machine_eps,
                                              .params_size = sizeof(log_loss_params),
                                              .is_usual = true,
                                              .for_classification = true,
                                              .needs_proba = true,
                                              .row_loss = log_loss,
                                              .choose = choose_log_loss,
                                              .finish = finish_log_loss,
                                              .score = score_log_loss,
                                              .direct = direct_log_loss};
MLSD__METRIC_KIND_WITH(
    log_loss, log_loss_table, log_loss_params, MLSD__OF_CLASSES, "-1",
    "mean of -log of the probability given to the true class; t interval of the mean over "
    "rows");

static const mlsd__metric_ops brier_ops = {.is_usual = true,
                                           .for_classification = true,
                                           .needs_proba = true,
                                           .row_loss = brier,
                                           .summary = &mlsd__summary_row_loss,
                                           .finish = finish_brier,
                                           .score = score_brier};
MLSD__METRIC_KIND(
    brier, MLSD__OF_CLASSES, "-1",
    "mean squared error of the probability of class 1, or of more than two classes the sum of "
    "the squared errors of all; t interval of the mean over rows");

static const mlsd__metric_ops zero_one_loss_ops = {.for_classification = true,
                                                   .for_labels = true,
                                                   .is_share = true,
                                                   .row_loss = miss,
                                                   .summary = &mlsd__summary_row_loss,
                                                   .finish = mlsd__row_loss_finish};
MLSD__METRIC_KIND(
    zero_one_loss, MLSD__OF_CLASSES, "-1",
    "share of rows whose class is wrong, of many labels where any is; Wilson interval");

static const mlsd__metric_ops hamming_loss_ops = {.for_classification = true,
                                                  .for_labels = true,
                                                  .row_loss = hamming,
                                                  .upper = 1,
                                                  .summary = &mlsd__summary_row_loss,
                                                  .finish = mlsd__row_loss_finish};
MLSD__METRIC_KIND(
    hamming_loss, MLSD__OF_CLASSES, "-1",
    "share of wrong labels, of one label a row that of wrong rows; t interval over rows");

static const mlsd__metric_ops hinge_loss_ops = {.for_classification = true,
                                                .needs_proba = true,
                                                .any_score = true,
                                                .any_columns = true,
                                                .of_decisions = true,
                                                .row_loss = hinge,
                                                .summary = &mlsd__summary_row_loss,
                                                .finish = mlsd__row_loss_finish};
MLSD__METRIC_KIND(
    hinge_loss, MLSD__OF_CLASSES, "-1",
    "mean of max(0, 1 - margin), predictions being decision values: of two classes that of "
    "class 1, of more one column a class; t interval of the mean over rows");
