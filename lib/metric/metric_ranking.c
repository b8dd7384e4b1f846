/* metric_ranking.c - roc_auc: the chance that a row of the class is scored above one of another.
 *
 * O(n log n) or better for value and interval together: one sort, and a sweep that gives each row
 * its placement, the weighted share of the other side that it beats (ties count half). Of two
 * classes the interval is DeLong's. Where several areas are averaged (classes against the rest,
 * labels), a row's influence on the average is the average of its influences, and the interval is
 * that of their mean; so it stands for the rows, which are what varies, also where a row is in
 * many areas. A class that no row has makes the value undefined.
 *
 * Sources: one against the rest as Provost & Domingos (2000), one against one as Hand & Till
 * (2001), Machine Learning 45:171; the standardised partial area is McClish (1989), Medical
 * Decision Making 9:190. */
#include <math.h>

#include "metric/auc_count.h"
#include "metric/score_sweep.h"
#include "metric/summary.h"
#include "numeric/rank.h"
#include "numeric/sum.h"

/* Rows between two looks at the cancel flag. */
enum { CHECK_ROWS = 1 << 16 };

enum { MACRO, MICRO, WEIGHTED, SAMPLES, NONE };
static const char *const averages[] = {"macro", "micro", "weighted", "samples", "none", NULL};
enum { OVR, OVO };
static const char *const pairings[] = {"ovr", "ovo", NULL};
enum { NO_CURVE, CORNERS, ALL_POINTS };
static const char *const curves[] = {"none", "corners", "all", NULL};

typedef struct roc_params {
    int64_t average, multi_class, curve;
    double max_fpr;
} roc_params;

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

static mlsd_status sweep_new(sweep *w, const mlsd__allocator *a, int64_t n)
{
    w->n = n;
    w->score = mlsd__alloc_raw(a, n, sizeof *w->score);
    if (w->score == NULL) return MLSD_E_NOMEM;
    w->placement = mlsd__alloc_raw(a, n, sizeof *w->placement);
    if (w->placement == NULL) return MLSD_E_NOMEM;
    w->influence = mlsd__alloc(a, n, sizeof *w->influence);
    if (w->influence == NULL) return MLSD_E_NOMEM;
    w->is_positive = mlsd__alloc_raw(a, n, sizeof *w->is_positive);
    if (w->is_positive == NULL) return MLSD_E_NOMEM;
    w->order = mlsd__alloc_raw(a, n, sizeof *w->order);
    return w->order == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static double weight_of(const sweep *w, int64_t i)
{
    return w->weight == NULL ? 1 : w->weight[i];
}

static bool has_labels(const mlsd__scored *s)
{
    return s->y_cols > 1;
}

static int64_t n_columns(const mlsd__scored *s)
{
    return has_labels(s) ? s->y_cols : s->n_classes;
}

/* Is row `row` of class or label c? */
static bool is_of(const mlsd__scored *s, int64_t row, int64_t c)
{
    return has_labels(s) ? s->y[row * s->y_cols + c] != 0 : s->y[row] == (double)c;
}

/* Count what load_* wrote. */
static void count_sides(sweep *w)
{
    w->n_positive = w->n_negative = w->positive_weight = w->negative_weight = 0;
    for (int64_t i = 0; i < w->n; i++) {
        const double weight = weight_of(w, i);
        if (w->is_positive[i]) {
            w->n_positive += weight > 0;
            w->positive_weight += weight;
        } else {
            w->n_negative += weight > 0;
            w->negative_weight += weight;
        }
    }
}

static void load_class(sweep *w, const mlsd__scored *s, const int64_t *rows, int64_t c)
{
    for (int64_t i = 0; i < w->n; i++) {
        const int64_t row = mlsd__scored_row(rows, i);
        w->score[i] = s->prediction[row * n_columns(s) + c];
        w->is_positive[i] = is_of(s, row, c);
    }
    count_sides(w);
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
static double delong_se(const sweep *w, double auc)
{
    if (w->n_positive < 2 || w->n_negative < 2) return NAN;
    double squares[2] = {0};
    for (int64_t i = 0; i < w->n; i++) {
        const double d = weight_of(w, i) * (w->placement[i] - auc);
        squares[w->is_positive[i]] += d * d;
    }
    const double p = w->positive_weight, n = w->negative_weight;
    return sqrt(squares[1] / (p * p) * (w->n_positive / (w->n_positive - 1)) +
                squares[0] / (n * n) * (w->n_negative / (w->n_negative - 1)));
}

/* What the area is known from: the rarer class, however many rows the other has. */
static double support_of(const sweep *w)
{
    return fmin(w->n_positive, w->n_negative);
}

static void estimate_class(const sweep *w, double auc, double level, mlsd__estimate *out)
{
    mlsd__estimate_undefined(out);
    out->value = auc;
    out->support = support_of(w);
    if (isnan(auc) || isnan(level)) return;
    out->se = delong_se(w, auc);
    out->df = INFINITY;
    out->n_rows = (double)w->n;
    mlsd__estimate_interval(out, level, 0, 1);
}

/* The rows at hand, what is asked of them, and where the answer goes. */
typedef struct job {
    mlsd__scope *scope;
    const mlsd__scored *s;
    const int64_t *rows;
    int64_t n_rows;
    const roc_params *p;
    double level;
    double *weight;      /* of the rows; NULL: ones */
    mlsd__measured *out; /* parts and tables; NULL: none are wanted */
    mlsd__estimate *estimate;
} job;

static mlsd_status open_sweep(const job *j, sweep *w)
{
    MLSD__TRY(mlsd__scored_weights(j->scope, j->s, j->rows, j->n_rows, &w->weight));
    return sweep_new(w, j->scope->allocator, j->n_rows);
}

/* The sums down to each threshold of the class that `w` holds. */
static mlsd_status partial_area(const job *j, const sweep *w, double *out_auc)
{
    const mlsd__allocator *const a = j->scope->allocator;
    mlsd__sweep points = {0};
    double *is_positive = mlsd__alloc_raw(a, w->n, sizeof *is_positive);
    if (is_positive == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < w->n; i++) is_positive[i] = w->is_positive[i];
    mlsd_status status = mlsd__sweep_new(j->scope, w->score, is_positive, w->weight, w->n, &points);
    if (status == MLSD_OK && out_auc != NULL) *out_auc = mlsd__sweep_area(&points, j->p->max_fpr);
    if (status == MLSD_OK && out_auc == NULL) {
        mlsd_table *table = NULL;
        status = mlsd__sweep_table(&points, j->p->curve == CORNERS, &table);
        if (status == MLSD_OK) status = mlsd__measured_table(j->out, "curve", table);
    }
    mlsd__sweep_free(&points);
    mlsd__free(a, is_positive);
    return status;
}

static bool is_partial(const roc_params *p)
{
    return p->max_fpr < 1;
}

bool mlsd__auc_is_plain(const void *params)
{
    const roc_params *const p = params;
    return !is_partial(p) && p->curve == NO_CURVE;
}

static mlsd_status score_two_classes(const job *j, sweep *w)
{
    load_class(w, j->s, j->rows, 1);
    double auc = NAN;
    if (is_partial(j->p)) {
        MLSD__TRY(partial_area(j, w, &auc));
        j->estimate->value = auc;
        j->estimate->support = support_of(w);
    } else {
        MLSD__TRY(sweep_class(j->scope, w, &auc));
        estimate_class(w, auc, j->level, j->estimate);
    }
    if (j->out == NULL || j->p->curve == NO_CURVE) return MLSD_OK;
    return partial_area(j, w, NULL);
}

/* Each class or label against the rest. */
static mlsd_status score_each(const job *j, sweep *w)
{
    const int64_t k = n_columns(j->s);
    const bool by_rows = j->p->average == WEIGHTED;
    double sum = 0, total = 0, rarest = INFINITY;
    for (int64_t c = 0; c < k && by_rows; c++) {
        load_class(w, j->s, j->rows, c);
        total += w->positive_weight;
    }
    for (int64_t c = 0; c < k; c++) {
        double auc = NAN;
        load_class(w, j->s, j->rows, c);
        const double share = by_rows ? w->positive_weight / total : 1 / (double)k;
        if (is_partial(j->p)) {
            MLSD__TRY(partial_area(j, w, &auc));
        } else {
            MLSD__TRY(sweep_class(j->scope, w, &auc));
        }
        sum += share * auc;
        rarest = fmin(rarest, support_of(w));
        if (j->out != NULL) {
            mlsd__estimate part;
            estimate_class(w, auc, is_partial(j->p) ? NAN : j->level, &part);
            MLSD__TRY(mlsd__measured_part(j->out, c, &part));
        }
        const double all = w->positive_weight + w->negative_weight;
        for (int64_t i = 0; i < w->n && !isnan(auc); i++) {
            const double side = w->is_positive[i] ? w->positive_weight : w->negative_weight;
            w->influence[i] += (w->placement[i] - auc) * (all / side) * share;
        }
    }
    j->estimate->support = rarest;
    if (j->p->average == NONE) return MLSD_OK;
    j->estimate->value = sum;
    if (isnan(j->level) || isnan(sum) || is_partial(j->p)) return MLSD_OK;
    mlsd__estimate_from_influence(w->influence, w->weight, w->n, j->estimate);
    j->estimate->df = INFINITY;
    return MLSD_OK;
}

/* All decisions in one heap, each of a row's that many times as heavy as the row. */
static mlsd_status score_micro(const job *j, sweep *w)
{
    const int64_t k = n_columns(j->s), n = w->n;
    sweep flat = {0};
    int64_t size = 0;
    double auc = NAN;
    MLSD__TRY(mlsd__mul_size(n, k, &size));
    mlsd_status status = sweep_new(&flat, j->scope->allocator, size);
    if (status == MLSD_OK && w->weight != NULL) {
        flat.weight = mlsd__alloc_raw(j->scope->allocator, size, sizeof *flat.weight);
        if (flat.weight == NULL) status = MLSD_E_NOMEM;
    }
    for (int64_t e = 0; e < size && status == MLSD_OK; e++) {
        const int64_t row = mlsd__scored_row(j->rows, e / k);
        flat.score[e] = j->s->prediction[row * k + e % k];
        flat.is_positive[e] = is_of(j->s, row, e % k);
        if (w->weight != NULL) flat.weight[e] = w->weight[e / k];
    }
    if (status == MLSD_OK) {
        count_sides(&flat);
        status =
            is_partial(j->p) ? partial_area(j, &flat, &auc) : sweep_class(j->scope, &flat, &auc);
    }
    if (status == MLSD_OK) {
        j->estimate->value = auc;
        j->estimate->support = (double)n;
    }
    if (status == MLSD_OK && !isnan(auc) && !isnan(j->level) && !is_partial(j->p)) {
        const double all = (flat.positive_weight + flat.negative_weight) / (double)k;
        for (int64_t e = 0; e < size; e++) {
            const double side = flat.is_positive[e] ? flat.positive_weight : flat.negative_weight;
            w->influence[e / k] += (flat.placement[e] - auc) * (all / side);
        }
        mlsd__estimate_from_influence(w->influence, w->weight, n, j->estimate);
        j->estimate->df = INFINITY;
    }
    sweep_free(&flat, j->scope->allocator);
    return status;
}

/* The mean over rows of the area among a row's labels. A row of one side has none: it makes the
 * value undefined, as a class without rows does. */
static mlsd_status score_samples(const job *j, sweep *w)
{
    const int64_t k = n_columns(j->s);
    sweep one = {0};
    mlsd_status status = sweep_new(&one, j->scope->allocator, k);
    double sum = 0, total = 0;
    for (int64_t i = 0; i < w->n && status == MLSD_OK; i++) {
        const int64_t row = mlsd__scored_row(j->rows, i);
        double auc = NAN;
        w->influence[i] = 0;
        if (!(weight_of(w, i) > 0)) continue;
        for (int64_t c = 0; c < k; c++) {
            one.score[c] = j->s->prediction[row * k + c];
            one.is_positive[c] = is_of(j->s, row, c);
        }
        count_sides(&one);
        status = is_partial(j->p) ? partial_area(j, &one, &auc) : sweep_class(j->scope, &one, &auc);
        w->influence[i] = auc;
        sum += weight_of(w, i) * auc;
        total += weight_of(w, i);
    }
    sweep_free(&one, j->scope->allocator);
    MLSD__TRY(status);
    j->estimate->value = sum / total;
    j->estimate->support = (double)w->n;
    if (isnan(j->estimate->value) || isnan(j->level)) return MLSD_OK;
    for (int64_t i = 0; i < w->n; i++) {
        if (weight_of(w, i) > 0) w->influence[i] -= j->estimate->value;
    }
    mlsd__estimate_from_influence(w->influence, w->weight, w->n, j->estimate);
    return MLSD_OK;
}

/* The mean of both classes' areas among the rows of the two, each by its own column. */
static mlsd_status score_pair(const job *j, const sweep *all, sweep *w, int64_t a, int64_t b,
                              double *out_auc, double *out_weight)
{
    double sum = 0;
    for (int side = 0; side < 2; side++) {
        const int64_t own = side == 0 ? a : b;
        double auc = NAN;
        w->n = 0;
        for (int64_t i = 0; i < j->n_rows; i++) {
            const int64_t row = mlsd__scored_row(j->rows, i);
            if (j->s->y[row] != (double)a && j->s->y[row] != (double)b) continue;
            w->score[w->n] = j->s->prediction[row * j->s->n_classes + own];
            w->is_positive[w->n] = j->s->y[row] == (double)own;
            if (all->weight != NULL) w->weight[w->n] = all->weight[i];
            w->n++;
        }
        count_sides(w);
        MLSD__TRY(sweep_class(j->scope, w, &auc));
        sum += auc / 2;
    }
    *out_auc = sum;
    *out_weight = w->positive_weight + w->negative_weight;
    return MLSD_OK;
}

static mlsd_status score_pairs(const job *j, sweep *w)
{
    const int64_t k = j->s->n_classes;
    double sum = 0, total = 0;
    sweep pair = {0};
    mlsd_status status = open_sweep(j, &pair);
    for (int64_t a = 0; a < k; a++) {
        for (int64_t b = a + 1; b < k && status == MLSD_OK; b++) {
            double auc = NAN, weight = 0;
            status = score_pair(j, w, &pair, a, b, &auc, &weight);
            if (isnan(auc)) continue; /* of classes without rows */
            if (j->p->average != WEIGHTED) weight = 1;
            sum += weight * auc;
            total += weight;
        }
    }
    sweep_free(&pair, j->scope->allocator);
    j->estimate->support = (double)w->n;
    j->estimate->value = total > 0 ? sum / total : NAN;
    return status;
}

static mlsd_status run(const job *j)
{
    sweep w = {0};
    mlsd__estimate_undefined(j->estimate);
    mlsd_status status = open_sweep(j, &w);
    if (status != MLSD_OK) goto out;
    if (!has_labels(j->s) && j->s->n_classes == 2) {
        status = score_two_classes(j, &w);
        goto out;
    }
    if (!has_labels(j->s) && j->p->multi_class == OVO) {
        status = score_pairs(j, &w);
    } else if (j->p->average == MICRO) {
        status = score_micro(j, &w);
    } else if (j->p->average == SAMPLES) {
        status = score_samples(j, &w);
    } else {
        status = score_each(j, &w);
    }
    if (status == MLSD_OK) {
        j->estimate->n_rows = (double)j->n_rows;
        mlsd__estimate_interval(j->estimate, j->level, 0, 1);
    }
out:
    sweep_free(&w, j->scope->allocator);
    return status;
}

static const roc_params defaults = {.max_fpr = NAN};

static mlsd_status score_roc_auc(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                                 int64_t n_rows, double level, mlsd__estimate *out)
{
    const job j = {.scope = scope,
                   .s = s,
                   .rows = rows,
                   .n_rows = n_rows,
                   .p = s->params != NULL ? s->params : &defaults,
                   .level = level,
                   .estimate = out};
    return run(&j);
}

static mlsd_status finish_roc_auc(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    mlsd__scored s;
    mlsd__rows_read(f->state, f->slot, f->metric, &s);
    const job j = {.scope = scope,
                   .s = &s,
                   .n_rows = s.n,
                   .p = f->params,
                   .level = f->level,
                   .out = f->wants_parts ? out : NULL,
                   .estimate = &out->estimate};
    return run(&j);
}

static mlsd_status check_roc_auc(const void *params, const mlsd__shape *shape)
{
    const roc_params *const p = params;
    const bool is_multiclass = shape->y_cols == 1 && shape->n_classes > 2;
    if (is_multiclass && is_partial(p)) {
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'max_fpr' is for two classes, there are %lld; leave it null",
                          (long long)shape->n_classes);
    }
    if (is_multiclass && p->average == SAMPLES) {
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "average = samples is for many labels a row; choose macro");
    }
    if (is_multiclass && p->multi_class == OVO && (p->average == MICRO || p->average == NONE)) {
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "average = %s is not for multi_class = ovo; choose macro or weighted",
                          averages[p->average]);
    }
    return MLSD_OK;
}

static const mlsd_param table[] = {
    MLSD__P_CHOICE(roc_params, average, averages, "\"macro\"",
                   "how classes or labels are put together: macro (mean), micro (all decisions in "
                   "one curve), weighted (by their rows), samples (mean of the rows, of many "
                   "labels), none (each alone)"),
    MLSD__P_CHOICE(roc_params, multi_class, pairings, "\"ovr\"",
                   "of more than two classes: each against the rest, or against each other one"),
    MLSD__P_CHOICE(roc_params, curve, curves, "\"none\"",
                   "table \"curve\" of two classes: its corners, or a point for each score"),
    MLSD__P_F64_NULL(roc_params, max_fpr, 0, 1, MLSD__OPEN_LOWER, "null",
                     "area up to this false positive rate, standardised (1/2 for chance); null: "
                     "all of it"),
};

#define OPS(params_, is_area_)                                                                   \
    {                                                                                            \
        .params = params_, .params_size = sizeof(roc_params), .is_usual = true,                  \
        .greater_is_better = true, .for_classification = true, .needs_proba = true,              \
        .any_score = true, .for_labels = true, .check = check_roc_auc, .finish = finish_roc_auc, \
        .score = score_roc_auc, .direct = mlsd__auc_direct, .is_area = is_area_,                 \
    }
static const mlsd__metric_ops roc_auc_ops = OPS(&defaults, true);
const mlsd_kind mlsd__kind_roc_auc = {
    .name = "roc_auc",
    .family = "metric",
    .doc = "area under the ROC curve, of more than two classes the mean of each against the rest; "
           "DeLong interval",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(roc_params),
    .ops = &roc_auc_ops,
    .traits = "{\"tasks\":[\"binary\",\"multiclass\"],\"direction\":1}",
};

/* scikit-learn's names of scorers. */
static const roc_params ovr_weighted = {.average = WEIGHTED, .max_fpr = NAN};
static const roc_params ovo = {.multi_class = OVO, .max_fpr = NAN};
static const roc_params ovo_weighted = {.average = WEIGHTED, .multi_class = OVO, .max_fpr = NAN};
static const roc_params micro = {.average = MICRO, .max_fpr = NAN};
const mlsd__metric_alias mlsd__ranking_aliases[] = {
    {"roc_auc_ovr", "roc_auc", OPS(&defaults, true)},
    {"roc_auc_ovr_weighted", "roc_auc", OPS(&ovr_weighted, false)},
    {"roc_auc_ovo", "roc_auc", OPS(&ovo, false)},
    {"roc_auc_ovo_weighted", "roc_auc", OPS(&ovo_weighted, false)},
    {"roc_auc_micro", "roc_auc", OPS(&micro, false)},
    {0},
};
