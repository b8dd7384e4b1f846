/* metric_ranking.c - roc_auc: the chance that a row of the class is scored above one of another.
 *
 * O(n log n) or better for value and interval together: one sort, and a sweep that gives each row
 * its placement, the weighted share of the other side that it beats (ties count half). Of two
 * classes the interval is DeLong's; of more, each class against the rest is averaged, and the
 * interval is that of the mean of the rows' influences. A class that no row has makes the value
 * undefined. */
#include <math.h>

#include "metric/metric_impl.h"
#include "numeric/rank.h"
#include "numeric/sum.h"

/* Rows between two looks at the cancel flag. */
enum { CHECK_ROWS = 1 << 16 };

/* Scratch for one sort, shared by the classes. */
typedef struct sweep {
    int64_t n;
    double *weight;    /* NULL: ones */
    double *score;     /* of the class that is swept */
    double *placement; /* out: by row */
    double *influence; /* of the average over classes */
    bool *is_positive;
    int64_t *order;
    double n_positive, n_negative;           /* rows that weigh anything */
    double positive_weight, negative_weight; /* and what they weigh */
} sweep;

static void sweep_free(sweep *w, const mlsd__allocator *a)
{
    mlsd__free(a, w->weight);
    mlsd__free(a, w->score);
    mlsd__free(a, w->placement);
    mlsd__free(a, w->influence);
    mlsd__free(a, w->is_positive);
    mlsd__free(a, w->order);
}

static mlsd_status sweep_new(sweep *w, mlsd__scope *scope, const mlsd__scored *s,
                             const int64_t *rows, int64_t n_rows)
{
    const mlsd__allocator *const a = scope->allocator;
    w->n = n_rows;
    MLSD__TRY(mlsd__scored_weights(scope, s, rows, n_rows, &w->weight));
    w->score = mlsd__alloc_raw(a, n_rows, sizeof *w->score);
    if (w->score == NULL) return MLSD_E_NOMEM;
    w->placement = mlsd__alloc_raw(a, n_rows, sizeof *w->placement);
    if (w->placement == NULL) return MLSD_E_NOMEM;
    w->influence = mlsd__alloc(a, n_rows, sizeof *w->influence);
    if (w->influence == NULL) return MLSD_E_NOMEM;
    w->is_positive = mlsd__alloc_raw(a, n_rows, sizeof *w->is_positive);
    if (w->is_positive == NULL) return MLSD_E_NOMEM;
    w->order = mlsd__alloc_raw(a, n_rows, sizeof *w->order);
    return w->order == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static double weight_of(const sweep *w, int64_t i)
{
    return w->weight == NULL ? 1 : w->weight[i];
}

static void load_class(sweep *w, const mlsd__scored *s, const int64_t *rows, int64_t class_number)
{
    w->n_positive = w->n_negative = w->positive_weight = w->negative_weight = 0;
    for (int64_t i = 0; i < w->n; i++) {
        const int64_t row = mlsd__scored_row(rows, i);
        const double weight = weight_of(w, i);
        w->score[i] = s->prediction[row * s->n_classes + class_number];
        w->is_positive[i] = s->y[row] == (double)class_number;
        if (w->is_positive[i]) {
            w->n_positive += weight > 0;
            w->positive_weight += weight;
        } else {
            w->n_negative += weight > 0;
            w->negative_weight += weight;
        }
    }
}

/* Rows order[first .. end - 1] are tied: each stands above what lies below and half of its equals.
 */
static void place_ties(sweep *w, int64_t first, int64_t end, double *positive_below,
                       double *negative_below, double *wins)
{
    double positive_tied = 0, negative_tied = 0;
    for (int64_t k = first; k < end; k++) {
        const int64_t i = w->order[k];
        if (w->is_positive[i]) {
            positive_tied += weight_of(w, i);
        } else {
            negative_tied += weight_of(w, i);
        }
    }
    const double beaten = *negative_below + negative_tied / 2;
    const double beating = w->positive_weight - *positive_below - positive_tied / 2;
    for (int64_t k = first; k < end; k++) {
        const int64_t i = w->order[k];
        w->placement[i] =
            w->is_positive[i] ? beaten / w->negative_weight : beating / w->positive_weight;
    }
    *wins += positive_tied * beaten;
    *positive_below += positive_tied;
    *negative_below += negative_tied;
}

/* Without weights every sum is of halves, so the value is the Mann-Whitney count, rounded once. */
static mlsd_status sweep_class(mlsd__scope *scope, sweep *w, double *out_auc)
{
    *out_auc = NAN;
    if (!(w->positive_weight > 0 && w->negative_weight > 0)) return MLSD_OK;
    MLSD__TRY(mlsd__argsort_rows(scope, w->score, w->n, w->order));
    MLSD__TRY(mlsd__checkpoint(scope));
    double positive_below = 0, negative_below = 0, wins = 0;
    int64_t check_at = CHECK_ROWS;
    for (int64_t first = 0, end = 0; first < w->n; first = end) {
        if (first >= check_at) {
            MLSD__TRY(mlsd__checkpoint(scope));
            check_at = first + CHECK_ROWS;
        }
        const double score = w->score[w->order[first]];
        for (end = first + 1; end < w->n && w->score[w->order[end]] == score;) end++;
        place_ties(w, first, end, &positive_below, &negative_below, &wins);
    }
    *out_auc = fmin(1, wins / (w->positive_weight * w->negative_weight));
    return mlsd__checkpoint(scope);
}

/* DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837, by placements as in Sun & Xu (2014),
 * IEEE Signal Processing Letters 21:1389: the variance is S10 / m + S01 / n with the sample
 * variances of the placements of either side; weights enter as in a weighted mean. */
static double delong_se(sweep *w, double auc)
{
    if (w->n_positive < 2 || w->n_negative < 2) return NAN;
    double variance = 0;
    for (int side = 0; side < 2; side++) {
        const bool positive = side == 0;
        for (int64_t i = 0; i < w->n; i++) {
            w->influence[i] =
                w->is_positive[i] == positive ? weight_of(w, i) * (w->placement[i] - auc) : 0;
        }
        const double total = positive ? w->positive_weight : w->negative_weight;
        const double count = positive ? w->n_positive : w->n_negative;
        const double squares = mlsd__dot(w->influence, w->influence, w->n);
        variance += squares / (total * total) * (count / (count - 1));
    }
    return sqrt(variance);
}

static mlsd_status score_two_classes(mlsd__scope *scope, sweep *w, const mlsd__scored *s,
                                     const int64_t *rows, double level, mlsd__estimate *out)
{
    load_class(w, s, rows, 1);
    MLSD__TRY(sweep_class(scope, w, &out->value));
    if (isnan(level) || isnan(out->value)) return MLSD_OK;
    out->se = delong_se(w, out->value);
    return MLSD_OK;
}

/* A row's influence on the average is the average of its influences: (placement - auc) over the
 * share of its side, for each class. */
static mlsd_status score_many_classes(mlsd__scope *scope, sweep *w, const mlsd__scored *s,
                                      const int64_t *rows, double level, mlsd__estimate *out)
{
    const double n_classes = (double)s->n_classes;
    double sum = 0;
    for (int64_t c = 0; c < s->n_classes; c++) {
        double auc = NAN;
        load_class(w, s, rows, c);
        MLSD__TRY(sweep_class(scope, w, &auc));
        sum += auc;
        if (isnan(auc)) break;
        const double total = w->positive_weight + w->negative_weight;
        for (int64_t i = 0; i < w->n; i++) {
            const double side = w->is_positive[i] ? w->positive_weight : w->negative_weight;
            w->influence[i] += (w->placement[i] - auc) * (total / side) / n_classes;
        }
    }
    out->value = sum / n_classes;
    if (isnan(level) || isnan(out->value)) return MLSD_OK;
    mlsd__estimate_from_influence(w->influence, w->weight, w->n, out);
    return MLSD_OK;
}

static mlsd_status score_roc_auc(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                                 int64_t n_rows, double level, mlsd__estimate *out)
{
    sweep w = {0};
    mlsd__estimate_undefined(out);
    mlsd_status status = sweep_new(&w, scope, s, rows, n_rows);
    if (status == MLSD_OK) {
        status = s->n_classes == 2 ? score_two_classes(scope, &w, s, rows, level, out)
                                   : score_many_classes(scope, &w, s, rows, level, out);
    }
    if (status == MLSD_OK) {
        out->df = INFINITY;
        out->n_rows = (double)n_rows;
        mlsd__estimate_interval(out, level, 0, 1);
    }
    sweep_free(&w, scope->allocator);
    return status;
}

static const mlsd__metric_ops roc_auc_ops = {.is_usual = true,
                                             .greater_is_better = true,
                                             .for_classification = true,
                                             .needs_proba = true,
                                             .any_score = true,
                                             .score = score_roc_auc};
const mlsd_kind mlsd__kind_roc_auc = {
    .name = "roc_auc",
    .family = "metric",
    .doc = "area under the ROC curve, of more than two classes the mean of each against the rest; "
           "DeLong interval",
    .ops = &roc_auc_ops,
    .traits = "{\"tasks\":[\"binary\",\"multiclass\"],\"direction\":1}",
};
