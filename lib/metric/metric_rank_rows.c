/* metric_rank_rows.c - how well each row's labels or classes are put in order, as a mean over rows:
 * ndcg, dcg, label_ranking_average_precision, label_ranking_loss, coverage_error, precision_at_k,
 * recall_at_k, top_k_accuracy.
 *
 * Each sorts a row's scores once and walks them from the top, equal scores together. What a row
 * does not define (recall_at_k of one without a relevant label) is left out of the mean. Intervals
 * are t intervals of the mean over rows; of hits and misses Wilson's. */
#include <math.h>

#include "metric/summary.h"
#include "numeric/mathfun.h"
#include "numeric/rank.h"
#include "numeric/sum.h"

typedef struct rank_params {
    int64_t k;       /* MLSD__NULL_I64: all */
    double log_base; /* 0 where it is no parameter: 2 */
    int64_t ignore_ties;
} rank_params;

/* A row: `order` lists the columns from the highest score down, of equal ones the last first. */
typedef struct rank_row {
    int64_t n, k;
    const double *y, *score;
    int64_t *order, *ideal;
    const double *discount; /* by place */
    const mlsd__allocator *allocator;
    const rank_params *p;
} rank_row;

/* Sets *out; NaN leaves the row out. */
typedef mlsd_status (*row_fn)(const rank_row *r, double *out);
typedef struct rank_metric {
    row_fn row;
    double upper; /* of the interval */
} rank_metric;

static mlsd_status sort_down(const mlsd__allocator *a, const double *x, int64_t n, int64_t *order)
{
    MLSD__TRY(mlsd__argsort(a, x, n, order));
    for (int64_t i = 0; i < n / 2; i++) {
        const int64_t kept = order[i];
        order[i] = order[n - 1 - i];
        order[n - 1 - i] = kept;
    }
    return MLSD_OK;
}

/* First place after those that are scored as place `first` is. */
static int64_t end_of_ties(const rank_row *r, int64_t first)
{
    int64_t end = first + 1;
    while (end < r->n && r->score[r->order[end]] == r->score[r->order[first]]) end++;
    return end;
}

static double sum_relevant(const rank_row *r, int64_t first, int64_t end)
{
    double sum = 0;
    for (int64_t i = first; i < end; i++) sum += r->y[r->order[i]];
    return sum;
}

/* Jarvelin & Kekalainen (2002), ACM TOIS 20:422; equal scores share the mean of their gains
 * (McSherry & Najork 2008, ECIR). */
static mlsd_status dcg_row(const rank_row *r, double *out)
{
    double sum = 0;
    for (int64_t first = 0, end = 0; first < r->n && first < r->k; first = end) {
        end = r->p->ignore_ties ? first + 1 : end_of_ties(r, first);
        const double gain = sum_relevant(r, first, end) / (double)(end - first);
        for (int64_t i = first; i < end && i < r->k; i++) sum += gain * r->discount[i];
    }
    *out = sum;
    return MLSD_OK;
}

/* A row without anything relevant counts 0, as in scikit-learn. */
static mlsd_status ndcg_row(const rank_row *r, double *out)
{
    double best = 0;
    MLSD__TRY(dcg_row(r, out));
    MLSD__TRY(sort_down(r->allocator, r->y, r->n, r->ideal));
    for (int64_t i = 0; i < r->n && i < r->k; i++) best += r->y[r->ideal[i]] * r->discount[i];
    *out = best == 0 ? 0 : *out / best;
    return MLSD_OK;
}

/* Schapire & Singer (2000), Machine Learning 39:135; the next two as well. */
static mlsd_status lrap_row(const rank_row *r, double *out)
{
    const double n_relevant = sum_relevant(r, 0, r->n);
    double sum = 0, found = 0;
    *out = 1;
    if (n_relevant == 0 || n_relevant == (double)r->n) return MLSD_OK;
    for (int64_t first = 0, end = 0; first < r->n; first = end) {
        end = end_of_ties(r, first);
        const double here = sum_relevant(r, first, end);
        found += here;
        sum += here * (found / (double)end);
    }
    *out = sum / n_relevant;
    return MLSD_OK;
}

/* Pairs of a relevant label and another that is scored as high or higher. */
static mlsd_status loss_row(const rank_row *r, double *out)
{
    const double n_relevant = sum_relevant(r, 0, r->n), others = (double)r->n - n_relevant;
    double sum = 0, others_above = 0;
    *out = 0;
    if (n_relevant == 0 || others == 0) return MLSD_OK;
    for (int64_t first = 0, end = 0; first < r->n; first = end) {
        end = end_of_ties(r, first);
        const double here = sum_relevant(r, first, end);
        others_above += (double)(end - first) - here;
        sum += here * others_above;
    }
    *out = sum / (n_relevant * others);
    return MLSD_OK;
}

static mlsd_status coverage_row(const rank_row *r, double *out)
{
    *out = 0;
    for (int64_t first = 0, end = 0; first < r->n; first = end) {
        end = end_of_ties(r, first);
        if (sum_relevant(r, first, end) > 0) *out = (double)end;
    }
    return MLSD_OK;
}

/* Relevant labels among the first k; equal scores at the border share the places left. */
static double found_at_k(const rank_row *r)
{
    double sum = 0;
    for (int64_t first = 0, end = 0; first < r->n && first < r->k; first = end) {
        end = end_of_ties(r, first);
        const double share = (double)((end < r->k ? end : r->k) - first) / (double)(end - first);
        sum += sum_relevant(r, first, end) * share;
    }
    return sum;
}

static mlsd_status precision_row(const rank_row *r, double *out)
{
    *out = found_at_k(r) / (double)(r->k < r->n ? r->k : r->n);
    return MLSD_OK;
}

static mlsd_status recall_row(const rank_row *r, double *out)
{
    const double n_relevant = sum_relevant(r, 0, r->n);
    *out = n_relevant > 0 ? found_at_k(r) / n_relevant : NAN;
    return MLSD_OK;
}

static mlsd_status top_k_row(const rank_row *r, double *out)
{
    *out = 0;
    for (int64_t i = 0; i < r->n && i < r->k; i++) {
        if ((double)r->order[i] == r->y[0]) *out = 1;
    }
    return MLSD_OK;
}

typedef struct job {
    const mlsd__scored *s;
    const rank_params *p;
    row_fn row;
    int64_t n_columns, y_cols;
    double *discount, *values;
} job;

static mlsd_status fill_block(void *arg, int64_t task, mlsd__scope *scope)
{
    const job *const j = arg;
    const mlsd__allocator *const a = scope->allocator;
    const int64_t k = j->n_columns;
    int64_t first = 0, n = 0;
    mlsd__block_range(j->s->n, task, &first, &n);
    int64_t *const orders = mlsd__alloc_raw(a, k, 2 * sizeof *orders);
    mlsd_status status = orders == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = first; i < first + n && status == MLSD_OK; i++) {
        const rank_row r = {.n = k,
                            .k = j->p->k == MLSD__NULL_I64 ? k : j->p->k,
                            .y = j->s->y + i * j->y_cols,
                            .score = j->s->prediction + i * k,
                            .order = orders,
                            .ideal = orders + k,
                            .discount = j->discount,
                            .allocator = a,
                            .p = j->p};
        status = sort_down(a, r.score, k, orders);
        if (status == MLSD_OK) status = j->row(&r, &j->values[i]);
        if (status == MLSD_OK && i % 64 == 0) status = mlsd__checkpoint(scope);
    }
    mlsd__free(a, orders);
    return status;
}

/* Rows whose value is NaN are left out: those that follow move up. */
static void average(const mlsd__finish *f, const mlsd__scored *s, double *values, double *weight,
                    mlsd__estimate *e)
{
    int64_t n = 0;
    double squares = 0, support = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const double w = s->weight == NULL ? 1 : s->weight[i];
        if (isnan(values[i]) || !(w > 0)) continue;
        values[n] = values[i];
        weight[n++] = w;
        squares += w * w;
        support += 1;
    }
    const double total = mlsd__sum(weight, n), sum = mlsd__dot(weight, values, n);
    e->support = support;
    if (!(total > 0)) return;
    if (f->metric->is_share) {
        mlsd__estimate_share(fmin(sum, total), total, squares, support, f->level, e);
        return;
    }
    e->value = sum / total;
    if (isnan(f->level)) return;
    for (int64_t i = 0; i < n; i++) values[i] -= e->value;
    mlsd__estimate_from_influence(values, weight, n, e);
    const double upper = ((const rank_metric *)f->metric->data)->upper;
    mlsd__estimate_interval(e, f->level, upper > 1 ? -INFINITY : 0, upper);
}

static const rank_params all_places = {.k = MLSD__NULL_I64};

static mlsd_status finish_rows(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const rank_metric *const metric = f->metric->data;
    mlsd__scored s;
    mlsd__rows_read(f->state, f->slot, f->metric, &s);
    const int64_t y_cols = f->shape->y_cols;
    job j = {.s = &s,
             .p = f->params != NULL ? f->params : &all_places,
             .row = metric->row,
             .y_cols = y_cols};
    j.n_columns = y_cols > 1 ? y_cols : s.n_classes;
    double *const weight = mlsd__alloc_raw(a, s.n, sizeof *weight);
    j.discount = mlsd__alloc_raw(a, j.n_columns, sizeof *j.discount);
    j.values = mlsd__alloc_raw(a, s.n, sizeof *j.values);
    mlsd_status status = MLSD_E_NOMEM;
    if (weight != NULL && j.discount != NULL && j.values != NULL) {
        const double base = mlsd__log(j.p->log_base > 0 ? j.p->log_base : 2);
        for (int64_t i = 0; i < j.n_columns; i++) {
            j.discount[i] = base / mlsd__log((double)(i + 2));
        }
        status = mlsd__parallel_for(scope, mlsd__n_blocks(s.n), fill_block, &j);
    }
    if (status == MLSD_OK) average(f, &s, j.values, weight, &out->estimate);
    mlsd__free(a, j.values);
    mlsd__free(a, j.discount);
    mlsd__free(a, weight);
    return status;
}

static mlsd_status need_many(const void *params, const mlsd__shape *shape)
{
    (void)params;
    if (shape->y_cols < 2) {
        return mlsd__fail(MLSD_E_SHAPE,
                          "y must be n x the number of labels, at least 2, got 1 column");
    }
    if (shape->prediction_cols == shape->y_cols) return MLSD_OK;
    return mlsd__fail(MLSD_E_SHAPE, "prediction must have %lld columns as y has, got %lld",
                      (long long)shape->y_cols, (long long)shape->prediction_cols);
}

#define K_OF(doc_) MLSD__P_I64_NULL(rank_params, k, 1, INT32_MAX, "null", doc_)
#define TIES                                                                              \
    MLSD__P_BOOL(rank_params, ignore_ties, "false",                                       \
                 "take equal scores as if they were ordered (by column, the last first) " \
                 "instead of averaging over their orders")
static const mlsd_param dcg_table[] = {
    K_OF("places that count; null: all"),
    MLSD__P_F64(rank_params, log_base, 1, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "2.0",
                NULL, "base of the discount's logarithm"),
    TIES,
};
static const mlsd_param ndcg_table[] = {K_OF("places that count; null: all"), TIES};
static const mlsd_param at_k_table[] = {
    MLSD__P_I64(rank_params, k, 1, INT32_MAX, "5", NULL, "places that count")};
static const mlsd_param top_k_table[] = {
    MLSD__P_I64(rank_params, k, 1, INT32_MAX, "2", NULL, "classes that count as named")};

static const rank_params binary_logarithm = {.k = MLSD__NULL_I64, .log_base = 2};
static const rank_params five_places = {.k = 5};
static const rank_params two_places = {.k = 2};

#define FINISH(metric_, greater_) \
    .data = metric_, .greater_is_better = greater_, .finish = finish_rows
#define PARAMS(params_) .params = params_, .params_size = sizeof(rank_params)
#define OF_NUMBERS .for_regression = true, .for_outputs = true, .check = need_many
#define OF_LABELS                                                                           \
    .for_classification = true, .needs_proba = true, .any_score = true, .for_labels = true, \
    .check = need_many

static const rank_metric of_ndcg = {ndcg_row, 1}, of_dcg = {dcg_row, INFINITY};
static const rank_metric of_lrap = {lrap_row, 1}, of_loss = {loss_row, 1};
static const rank_metric of_coverage = {coverage_row, INFINITY};
static const rank_metric of_precision = {precision_row, 1}, of_recall = {recall_row, 1};
static const rank_metric of_top_k = {top_k_row, 1};

static const mlsd__metric_ops ndcg_ops = {FINISH(&of_ndcg, true), PARAMS(&all_places), OF_NUMBERS};
MLSD__METRIC_KIND_WITH(
    ndcg, ndcg_table, rank_params, MLSD__OF_NO_TASK, "1",
    "gains of the columns discounted by their place in the order of the scores, as a share "
    "of the best order's; mean over rows, t interval");

static const mlsd__metric_ops dcg_ops = {FINISH(&of_dcg, true), PARAMS(&binary_logarithm),
                                         OF_NUMBERS};
MLSD__METRIC_KIND_WITH(
    dcg, dcg_table, rank_params, MLSD__OF_NO_TASK, "1",
    "sum of the gains of the columns, discounted by their place in the order of the scores; "
    "mean over rows, t interval");

static const mlsd__metric_ops label_ranking_average_precision_ops = {FINISH(&of_lrap, true),
                                                                     OF_LABELS};
MLSD__METRIC_KIND(
    label_ranking_average_precision, MLSD__OF_NO_TASK, "1",
    "of each relevant label, the share of relevant ones among those scored as high; mean "
    "over rows, t interval");

static const mlsd__metric_ops label_ranking_loss_ops = {FINISH(&of_loss, false), OF_LABELS};
MLSD__METRIC_KIND(
    label_ranking_loss, MLSD__OF_NO_TASK, "-1",
    "share of the pairs of a relevant and another label that are not in this order; mean "
    "over rows, t interval");

static const mlsd__metric_ops coverage_error_ops = {FINISH(&of_coverage, false), OF_LABELS};
MLSD__METRIC_KIND(
    coverage_error, MLSD__OF_NO_TASK, "-1",
    "how far down the labels one must go to have all relevant ones; mean over rows, t "
    "interval");

static const mlsd__metric_ops precision_at_k_ops = {FINISH(&of_precision, true),
                                                    PARAMS(&five_places), OF_LABELS};
MLSD__METRIC_KIND_WITH(
    precision_at_k, at_k_table, rank_params, MLSD__OF_NO_TASK, "1",
    "share of relevant labels among the k scored highest; mean over rows, t interval");

static const mlsd__metric_ops recall_at_k_ops = {FINISH(&of_recall, true), PARAMS(&five_places),
                                                 OF_LABELS};
MLSD__METRIC_KIND_WITH(
    recall_at_k, at_k_table, rank_params, MLSD__OF_NO_TASK, "1",
    "share of the relevant labels that are among the k scored highest; mean over the rows "
    "that have any, t interval");

static const mlsd__metric_ops top_k_accuracy_ops = {
    FINISH(&of_top_k, true), PARAMS(&two_places), .for_classification = true,
    .needs_proba = true,     .any_score = true,   .any_columns = true,
    .is_share = true};
MLSD__METRIC_KIND_WITH(top_k_accuracy, top_k_table, rank_params, MLSD__OF_CLASSES, "1",
                       "share of rows whose class is among the k scored highest; Wilson interval");
