/* metric_agreement.c - how well classes agree as a whole: balanced accuracy, Matthews' correlation,
 * Cohen's kappa, likelihood ratios, and the confusion matrix itself.
 *
 * Each value is a smooth function of the confusion's weights; its slope by every cell gives the
 * standard error (class_ratio.c says how). The likelihood ratios have the log intervals of Simel,
 * Samsa & Matchar (1991), Journal of Clinical Epidemiology 44:763. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "data/table_impl.h"
#include "metric/summary.h"
#include "numeric/distribution.h"
#include "numeric/mathfun.h"

/* A confusion of the chosen classes, its margins, and the slopes that a value fills in. */
typedef struct agreement {
    int64_t k;
    double *w, *squares, *slope; /* k x k */
    double *t, *p;               /* sums of rows and of columns */
    double total, trace, count, all_squares;
} agreement;

static void agreement_free(const mlsd__allocator *a, agreement *g)
{
    mlsd__free(a, g->w);
}

/* labels.n 0: all classes. Rows of other classes, or predicted as others, are left out. */
static mlsd_status agreement_make(const mlsd__allocator *a, const mlsd__finish *f,
                                  mlsd__f64_list labels, agreement *g)
{
    mlsd__confusion c;
    mlsd__confusion_read(f->state, f->slot, &c);
    const int64_t k = labels.n > 0 ? labels.n : c.n_classes;
    *g = (agreement){.k = k};
    g->w = mlsd__alloc(a, 3 * k * k + 2 * k, sizeof *g->w);
    if (g->w == NULL) return MLSD_E_NOMEM;
    g->squares = g->w + k * k;
    g->slope = g->squares + k * k;
    g->t = g->slope + k * k;
    g->p = g->t + k;
    for (int64_t i = 0; i < k; i++) {
        for (int64_t j = 0; j < k; j++) {
            const int64_t row = labels.n > 0 ? (int64_t)labels.values[i] : i;
            const int64_t col = labels.n > 0 ? (int64_t)labels.values[j] : j;
            const int64_t from = row * c.n_classes + col, to = i * k + j;
            g->w[to] = c.weight[from];
            g->squares[to] = c.squares[from];
            g->t[i] += g->w[to];
            g->p[j] += g->w[to];
            g->all_squares += g->squares[to];
            g->count += c.count[from];
        }
        g->trace += g->w[i * k + i];
        g->total += g->t[i];
    }
    return MLSD_OK;
}

static void finish_smooth(const agreement *g, double value, double lower, double level,
                          mlsd__estimate *e)
{
    double squares = 0;
    for (int64_t i = 0; i < g->k * g->k; i++) {
        squares += g->squares[i] * g->slope[i] * g->slope[i];
    }
    mlsd__estimate_undefined(e);
    e->support = g->count;
    if (isnan(value)) return;
    e->value = value;
    e->df = g->count - 1;
    e->n_rows = g->total * g->total / g->all_squares;
    e->se = g->count < 2 ? NAN : sqrt(squares * (g->count / (g->count - 1)));
    mlsd__estimate_interval(e, level, lower, 1);
    if (!mlsd__has_spread(e))
        e->low = e->high = NAN; /* all right or all wrong: nothing tells a spread */
}

/* Every class is right in all of its rows, or in none. */
static void balanced_of_ends(const agreement *g, double level, bool adjusted, mlsd__estimate *e)
{
    double n = 0, sum[2] = {0}, rows[2] = {INFINITY, INFINITY};
    if (isnan(level) || isnan(e->value) || isnan(e->se) || mlsd__has_spread(e)) return;
    for (int64_t i = 0; i < g->k; i++) n += g->t[i] > 0;
    for (int64_t i = 0; i < g->k; i++) {
        const double recall = g->w[i * g->k + i] / g->t[i];
        double squares = 0;
        if (!(g->t[i] > 0)) continue;
        if (recall != 0 && recall != 1) return;
        for (int64_t j = 0; j < g->k; j++) squares += g->squares[i * g->k + j];
        sum[recall == 1] += 1 / n;
        rows[recall == 1] = fmin(rows[recall == 1], n * g->t[i] * g->t[i] / squares);
    }
    mlsd__limits_of_ends(level, sum, rows, e);
    const double chance = adjusted ? 1 / n : 0;
    e->low = (e->low - chance) / (1 - chance);
    e->high = (e->high - chance) / (1 - chance);
}

/* A class without rows has no recall and takes no part. */
static double balanced(agreement *g, bool adjusted, double *out_lower)
{
    double n = 0, sum = 0;
    for (int64_t i = 0; i < g->k; i++) {
        if (!(g->t[i] > 0)) continue;
        n += 1;
        sum += g->w[i * g->k + i] / g->t[i];
    }
    const double chance = adjusted ? 1 / n : 0, scale = 1 / (1 - chance);
    for (int64_t i = 0; i < g->k; i++) {
        const double recall = g->w[i * g->k + i] / g->t[i];
        for (int64_t j = 0; j < g->k && g->t[i] > 0; j++) {
            g->slope[i * g->k + j] = scale * ((i == j ? 1 : 0) - recall) / g->t[i] / n;
        }
    }
    *out_lower = -chance * scale;
    return n > 0 && chance < 1 ? (sum / n - chance) * scale : NAN;
}

/* Gorodkin (2004), Computational Biology and Chemistry 28:367, eq. 8. */
static double matthews(agreement *g)
{
    const double s = g->total;
    double tp = 0, pp = 0, tt = 0;
    for (int64_t i = 0; i < g->k; i++) {
        tp += g->t[i] * g->p[i];
        pp += g->p[i] * g->p[i];
        tt += g->t[i] * g->t[i];
    }
    const double above = g->trace * s - tp, a = s * s - pp, b = s * s - tt;
    if (!(a > 0 && b > 0)) return NAN;
    const double below = sqrt(a) * sqrt(b), value = above / below;
    for (int64_t i = 0; i < g->k; i++) {
        for (int64_t j = 0; j < g->k; j++) {
            const double d_above = (i == j ? s : 0) + g->trace - g->p[i] - g->t[j];
            g->slope[i * g->k + j] =
                d_above / below - value * ((s - g->p[j]) / a + (s - g->t[i]) / b);
        }
    }
    return fmax(-1, fmin(1, value));
}

enum { KAPPA_NONE, KAPPA_LINEAR, KAPPA_QUADRATIC };
static const char *const kappa_weights[] = {"none", "linear", "quadratic", NULL};

static double disagreement(int64_t weights, int64_t i, int64_t j)
{
    const double d = fabs((double)(i - j));
    return weights == KAPPA_NONE ? (i == j ? 0 : 1) : weights == KAPPA_LINEAR ? d : d * d;
}

/* Cohen (1960), Educational and Psychological Measurement 20:37; weighted: Cohen (1968),
 * Psychological Bulletin 70:213. The slopes give the large-sample error of Fleiss, Cohen & Everitt
 * (1969), Psychological Bulletin 72:323. */
static double kappa(agreement *g, int64_t weights)
{
    const int64_t k = g->k;
    double seen = 0, chance = 0;
    for (int64_t i = 0; i < k; i++) {
        for (int64_t j = 0; j < k; j++) {
            const double d = disagreement(weights, i, j);
            seen += d * g->w[i * k + j];
            chance += d * g->t[i] * g->p[j] / g->total;
        }
    }
    if (!(chance > 0)) return NAN;
    for (int64_t i = 0; i < k; i++) {
        double with_p = 0;
        for (int64_t b = 0; b < k; b++) with_p += disagreement(weights, i, b) * g->p[b];
        for (int64_t j = 0; j < k; j++) g->slope[i * k + j] = with_p;
    }
    for (int64_t j = 0; j < k; j++) {
        double with_t = 0;
        for (int64_t a = 0; a < k; a++) with_t += disagreement(weights, a, j) * g->t[a];
        for (int64_t i = 0; i < k; i++) {
            const double d_chance = (g->slope[i * k + j] + with_t - chance) / g->total;
            g->slope[i * k + j] =
                -(disagreement(weights, i, j) - seen / chance * d_chance) / chance;
        }
    }
    return 1 - seen / chance;
}

typedef struct balanced_params {
    int64_t adjusted;
} balanced_params;
static const mlsd_param balanced_table[] = {
    MLSD__P_BOOL(balanced_params, adjusted, "false", "0 for chance and 1 for all right"),
};
static const balanced_params balanced_defaults = {0};

typedef struct kappa_params {
    int64_t weights;
    mlsd__f64_list labels;
} kappa_params;
static const mlsd_param kappa_table[] = {
    MLSD__P_CHOICE(
        kappa_params, weights, kappa_weights, "\"none\"",
        "how much a disagreement counts: none (all the same), linear or quadratic in the "
        "distance of the classes"),
    MLSD__P_F64_LIST(kappa_params, labels, 0, INFINITY, MLSD__OPEN_UPPER, "null", NULL,
                     "class numbers in their order, others are left out; null: all"),
};
static const kappa_params kappa_defaults = {.weights = KAPPA_NONE};

static mlsd_status finish_balanced(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    const balanced_params *const p = f->params;
    agreement g;
    double lower = 0;
    (void)scope;
    MLSD__TRY(agreement_make(out->allocator, f, (mlsd__f64_list){0}, &g));
    const double value = balanced(&g, p->adjusted != 0, &lower);
    finish_smooth(&g, value, lower, f->level, &out->estimate);
    balanced_of_ends(&g, f->level, p->adjusted != 0, &out->estimate);
    agreement_free(out->allocator, &g);
    return MLSD_OK;
}

static mlsd_status finish_matthews(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    agreement g;
    (void)scope;
    MLSD__TRY(agreement_make(out->allocator, f, (mlsd__f64_list){0}, &g));
    const double value = matthews(&g);
    finish_smooth(&g, value, -1, f->level, &out->estimate);
    agreement_free(out->allocator, &g);
    return MLSD_OK;
}

static mlsd_status finish_kappa(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    const kappa_params *const p = f->params;
    agreement g;
    (void)scope;
    MLSD__TRY(agreement_make(out->allocator, f, p->labels, &g));
    const double value = g.total > 0 ? kappa(&g, p->weights) : NAN;
    finish_smooth(&g, value, -INFINITY, f->level, &out->estimate);
    agreement_free(out->allocator, &g);
    return MLSD_OK;
}

static mlsd_status check_label_list(mlsd__f64_list labels, const mlsd__shape *shape)
{
    for (int64_t i = 0; i < labels.n; i++) {
        const double label = labels.values[i];
        if (label < (double)shape->n_classes && label == floor(label)) continue;
        char text[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(label, text);
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'labels' has %s, the classes are 0 .. %lld", text,
                          (long long)shape->n_classes - 1);
    }
    return MLSD_OK;
}

static mlsd_status check_kappa(const void *params, const mlsd__shape *shape)
{
    return check_label_list(((const kappa_params *)params)->labels, shape);
}

/* The ratio (a / (a + b)) / (c / (c + d)) of two shares, with its log interval. */
static void ratio_of_shares(const double w[4], const double squares[4], double level,
                            mlsd__estimate *e)
{
    const double first = w[0] / (w[0] + w[1]), second = w[2] / (w[2] + w[3]);
    if (!(w[0] + w[1] > 0 && w[2] + w[3] > 0 && second > 0)) return;
    e->value = first / second;
    e->numerator = first;
    e->denominator = second;
    const double n_1 = (w[0] + w[1]) * (w[0] + w[1]) / (squares[0] + squares[1]);
    const double n_2 = (w[2] + w[3]) * (w[2] + w[3]) / (squares[2] + squares[3]);
    const double of_log = sqrt((1 - first) / (first * n_1) + (1 - second) / (second * n_2));
    e->df = INFINITY;
    if (!(first > 0) || isnan(level)) return;
    const double z = mlsd__normal_quantile(0.5 + level / 2);
    e->se = e->value * of_log;
    e->low = e->value * mlsd__exp(-z * of_log);
    e->high = e->value * mlsd__exp(z * of_log);
}

/* `data` says which: cells of the numerator's share and of the denominator's. */
typedef struct likelihood_cells {
    int cell[4]; /* index of (true class, predicted class) as 2 t + p */
} likelihood_cells;
static const likelihood_cells positive_cells = {{3, 2, 1, 0}}; /* sensitivity / (1 - specificity) */
static const likelihood_cells negative_cells = {{2, 3, 0, 1}}; /* (1 - sensitivity) / specificity */

static mlsd_status finish_likelihood(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    const likelihood_cells *const cells = f->metric->data;
    mlsd__confusion c;
    double w[4], squares[4];
    (void)scope;
    mlsd__confusion_read(f->state, f->slot, &c);
    for (int i = 0; i < 4; i++) {
        w[i] = c.weight[cells->cell[i]];
        squares[i] = c.squares[cells->cell[i]];
        out->estimate.support += c.count[cells->cell[i]];
    }
    ratio_of_shares(w, squares, f->level, &out->estimate);
    return MLSD_OK;
}

static mlsd_status check_two(const void *params, const mlsd__shape *shape)
{
    (void)params;
    if (shape->n_classes == 2) return MLSD_OK;
    return mlsd__fail(MLSD_E_KIND, "likelihood ratios are for two classes, there are %lld",
                      (long long)shape->n_classes);
}

enum { NORMALIZE_NONE, NORMALIZE_TRUE, NORMALIZE_PRED, NORMALIZE_ALL };
static const char *const normalize_choices[] = {"none", "true", "pred", "all", NULL};
typedef struct confusion_params {
    mlsd__f64_list labels;
    int64_t normalize;
} confusion_params;
static const mlsd_param confusion_table[] = {
    MLSD__P_F64_LIST(confusion_params, labels, 0, INFINITY, MLSD__OPEN_UPPER, "null", NULL,
                     "class numbers in their order, others are left out; null: all"),
    MLSD__P_CHOICE(confusion_params, normalize, normalize_choices, "\"none\"",
                   "shares of the true class (rows), of the predicted class (columns) or of all; a "
                   "share of nothing is undefined"),
};
static const confusion_params confusion_defaults = {.normalize = NORMALIZE_NONE};

static mlsd_status check_confusion(const void *params, const mlsd__shape *shape)
{
    return check_label_list(((const confusion_params *)params)->labels, shape);
}

static double normalizer(const agreement *g, int64_t normalize, int64_t i, int64_t j)
{
    const double by[] = {1, g->t[i], g->p[j], g->total};
    return by[normalize];
}

/* Columns: the true class, then the weight of each predicted one. */
static mlsd_status fill_confusion(const mlsd__allocator *a, const agreement *g,
                                  const confusion_params *p, mlsd_table *table)
{
    double *const column = mlsd__alloc(a, g->k, sizeof *column);
    if (column == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t j = -1; j < g->k && status == MLSD_OK; j++) {
        char name[32] = "class";
        if (j >= 0) {
            char text[MLSD__NUMBER_CAPACITY];
            mlsd__format_double(p->labels.n > 0 ? p->labels.values[j] : (double)j, text);
            memcpy(name, "predicted_", 10);
            memcpy(name + 10, text, strnlen(text, 20) + 1);
        }
        for (int64_t i = 0; i < g->k; i++) {
            const double by = j < 0 ? 1 : normalizer(g, p->normalize, i, j);
            column[i] = j < 0    ? (p->labels.n > 0 ? p->labels.values[i] : (double)i)
                        : by > 0 ? g->w[i * g->k + j] / by
                                 : NAN;
        }
        status = mlsd_table_set_f64(table, name, column, g->k);
    }
    mlsd__free(a, column);
    return status;
}

static mlsd_status finish_confusion(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    const confusion_params *const p = f->params;
    const mlsd__allocator *const a = out->allocator;
    mlsd_table *table = NULL;
    agreement g;
    (void)scope;
    MLSD__TRY(agreement_make(a, f, p->labels, &g));
    out->estimate.support = g.count;
    if (g.total > 0) out->estimate.value = g.trace / g.total;
    mlsd_status status = f->wants_parts ? mlsd__table_new(a, &table) : MLSD_OK;
    if (status == MLSD_OK && f->wants_parts) status = fill_confusion(a, &g, p, table);
    if (status == MLSD_OK && f->wants_parts) {
        status = mlsd__measured_table(out, "confusion", table);
    } else {
        mlsd_table_free(table);
    }
    agreement_free(a, &g);
    return status;
}

#define OPS(greater_, finish_, ...)                                         \
    {                                                                       \
        .greater_is_better = greater_, .for_classification = true,          \
        .summary = &mlsd__summary_confusion, .finish = finish_, __VA_ARGS__ \
    }

static const mlsd__metric_ops balanced_accuracy_ops = OPS(
    true, finish_balanced, .params = &balanced_defaults, .params_size = sizeof(balanced_params));
MLSD__METRIC_KIND_WITH(
    balanced_accuracy, balanced_table, balanced_params, MLSD__OF_CLASSES, "1",
    "mean of the recalls of the classes that have rows; interval by the delta method");

static const mlsd__metric_ops matthews_corrcoef_ops = OPS(true, finish_matthews, .params = NULL);
MLSD__METRIC_KIND(
    matthews_corrcoef, MLSD__OF_CLASSES, "1",
    "correlation of classes and predictions, undefined where either never varies; interval "
    "by the delta method");

static const mlsd__metric_ops cohen_kappa_ops =
    OPS(true, finish_kappa, .check = check_kappa, .params = &kappa_defaults,
        .params_size = sizeof(kappa_params));
MLSD__METRIC_KIND_WITH(
    cohen_kappa, kappa_table, kappa_params, MLSD__OF_CLASSES, "1",
    "agreement beyond chance, undefined where chance agrees with certainty; interval by the "
    "delta method");

static const mlsd__metric_ops positive_likelihood_ratio_ops =
    OPS(true, finish_likelihood, .check = check_two, .data = &positive_cells);
MLSD__METRIC_KIND(positive_likelihood_ratio, MLSD__OF_TWO_CLASSES, "1",
                  "sensitivity / (1 - specificity); log interval");

static const mlsd__metric_ops negative_likelihood_ratio_ops =
    OPS(false, finish_likelihood, .check = check_two, .data = &negative_cells);
MLSD__METRIC_KIND(negative_likelihood_ratio, MLSD__OF_TWO_CLASSES, "-1",
                  "(1 - sensitivity) / specificity; log interval");

static const mlsd__metric_ops confusion_matrix_ops =
    OPS(true, finish_confusion, .check = check_confusion, .params = &confusion_defaults,
        .params_size = sizeof(confusion_params));
MLSD__METRIC_KIND_WITH(
    confusion_matrix, confusion_table, confusion_params, MLSD__OF_CLASSES, "1",
    "weights of the rows by class and predicted class, as the table confusion; the value is "
    "the share of the diagonal");
