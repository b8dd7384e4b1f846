/* robustness_left.c - a metric that is no mean over rows, with rows left out. The same rows are
 * left out of the score on rows as they are and of that on changed ones, so what both have in
 * common cancels: the jackknife of a paired difference.
 *
 * Each row alone where that is cheap: metrics that sums or a table of classes tell (r2, f1), and
 * the area under the ROC curve. Of others a hundred groups of rows, drawn by the seed. */
#include "slice/robustness_impl.h"

#include <math.h>
#include <string.h>

#include "metric/interval_statistic.h"
#include "numeric/rank.h"

/* Groups whose estimates have about the spread that more would have. */
enum { N_GROUPS = 100, TWO = 2 };

/* ---- the area under the ROC curve ---- */

typedef struct area {
    int64_t n;
    const double *y, *weight; /* weight NULL: ones */
    double *score, *beaten;   /* beaten: weight of the other class that a row stands right to */
    int64_t *order;
    double total[TWO]; /* weight of the classes */
    double wins;
} area;

static double weight_at(const area *s, int64_t i)
{
    return s->weight == NULL ? 1 : s->weight[i];
}

/* Rows order[first .. end - 1] are tied: half of the other class among them counts. */
static void place_ties(area *s, int64_t first, int64_t end, double below[TWO])
{
    double tied[TWO] = {0, 0};
    for (int64_t k = first; k < end; k++) tied[s->y[s->order[k]] > 0] += weight_at(s, s->order[k]);
    for (int64_t k = first; k < end; k++) {
        const int64_t i = s->order[k];
        s->beaten[i] = s->y[i] > 0 ? below[0] + tied[0] / 2 : s->total[1] - below[1] - tied[1] / 2;
    }
    s->wins += tied[1] * (below[0] + tied[0] / 2);
    for (int c = 0; c < TWO; c++) below[c] += tied[c];
}

static void sweep(area *s)
{
    double below[TWO] = {0, 0};
    for (int64_t i = 0; i < s->n; i++) s->total[s->y[i] > 0] += weight_at(s, i);
    for (int64_t first = 0, end = 0; first < s->n; first = end) {
        const double score = s->score[s->order[first]];
        for (end = first + 1; end < s->n && s->score[s->order[end]] == score;) end++;
        place_ties(s, first, end, below);
    }
}

/* The pairs that a row is in are gone with it. */
static void leave_each_out(const area *s, double *out)
{
    for (int64_t i = 0; i < s->n; i++) {
        const bool is_positive = s->y[i] > 0;
        const double w = weight_at(s, i), left = s->total[is_positive] - w;
        const double pairs = left * s->total[!is_positive];
        out[i] = pairs > 0 ? (s->wins - w * s->beaten[i]) / pairs : (double)NAN;
    }
}

static mlsd_status leave_area(mlsd__scope *scope, const mlsd__scoring *of, double *out)
{
    const mlsd__allocator *const a = scope->allocator;
    area s = {.n = of->n, .y = of->y, .weight = of->weight};
    mlsd_status status = MLSD_E_NOMEM;
    s.score = mlsd__alloc_raw(a, s.n, sizeof *s.score);
    s.beaten = mlsd__alloc_raw(a, s.n, sizeof *s.beaten);
    s.order = mlsd__alloc_raw(a, s.n, sizeof *s.order);
    if (s.score != NULL && s.beaten != NULL && s.order != NULL) {
        for (int64_t i = 0; i < s.n; i++) s.score[i] = of->proba[TWO * i + 1];
        status = mlsd__argsort_rows(scope, s.score, s.n, s.order);
    }
    if (status == MLSD_OK) {
        sweep(&s);
        leave_each_out(&s, out);
    }
    mlsd__free(a, s.order);
    mlsd__free(a, s.beaten);
    mlsd__free(a, s.score);
    return status;
}

/* ---- any metric ---- */

static mlsd_status leave_any(mlsd__scope *scope, const mlsd__robustness *r,
                             const mlsd__scored *scored, double *out, int64_t *out_n)
{
    mlsd__statistic statistic;
    MLSD__TRY(mlsd__statistic_new(scope, r->metric, scored, NULL, NULL, false, &statistic));
    const mlsd_status status =
        mlsd__leave_each(scope, &statistic, N_GROUPS, (uint64_t)r->p->seed, out, out_n);
    mlsd__statistic_free(&statistic, scope->allocator);
    return status;
}

mlsd_status mlsd__robustness_leave_out(mlsd__scope *scope, const mlsd__robustness *r,
                                       const mlsd__scoring *of, double *out_value, double *out,
                                       int64_t *out_n)
{
    mlsd__scored scored;
    mlsd__estimate e;
    mlsd__scoring_view(of, r->metric, &scored);
    MLSD__TRY(mlsd__metric_score(scope, r->metric, &scored, NULL, of->n, NAN, &e));
    *out_value = e.value;
    if (strcmp(r->names[0], "roc_auc") != 0 || of->n_classes != TWO)
        return leave_any(scope, r, &scored, out, out_n);
    *out_n = of->n;
    return leave_area(scope, of, out);
}

void mlsd__robustness_jackknife(const double *before, const double *after, int64_t n,
                                double *out_se, double *out_df)
{
    double mean = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) {
        const double x = after[i] - before[i], d = x - mean;
        mean += d / (double)(i + 1);
        squares += d * (x - mean);
    }
    *out_df = (double)(n - 1);
    *out_se = n < 2 ? (double)NAN : sqrt(squares * (double)(n - 1) / (double)n);
}
