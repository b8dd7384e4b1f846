/* score_sweep.c - one sort by score, and the sums of weights of both classes down to each value.
 *
 * Without weights every sum is a whole number, hence exact. Curves of ROC, precision and recall,
 * detection errors and lift, and what is made of them, are all read off these sums. */
#include "metric/score_sweep.h"

#include <math.h>

#include "data/table_impl.h"
#include "numeric/rank.h"

/* Rows between two looks at the cancel flag. */
enum { CHECK_ROWS = 1 << 16 };

void mlsd__sweep_free(mlsd__sweep *s)
{
    if (s->allocator == NULL) return;
    mlsd__free(s->allocator, s->threshold);
    mlsd__free(s->allocator, s->hits);
    mlsd__free(s->allocator, s->alarms);
    *s = (mlsd__sweep){0};
}

static mlsd_status allocate(const mlsd__allocator *a, int64_t n, mlsd__sweep *s)
{
    s->allocator = a;
    s->threshold = mlsd__alloc_raw(a, n, sizeof *s->threshold);
    if (s->threshold == NULL) return MLSD_E_NOMEM;
    s->hits = mlsd__alloc_raw(a, n, sizeof *s->hits);
    if (s->hits == NULL) return MLSD_E_NOMEM;
    s->alarms = mlsd__alloc_raw(a, n, sizeof *s->alarms);
    return s->alarms != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

static void count_row(mlsd__sweep *s, bool is_positive, double w)
{
    s->n_rows += 1;
    if (is_positive) {
        s->n_positive += 1;
        s->positives += w;
        s->positive_squares += w * w;
    } else {
        s->n_negative += 1;
        s->negatives += w;
        s->negative_squares += w * w;
    }
}

static mlsd_status add_up(mlsd__scope *scope, const double *score, const double *is_positive,
                          const double *weight, const int64_t *order, int64_t n, mlsd__sweep *s)
{
    for (int64_t k = n - 1; k >= 0; k--) {
        if (k % CHECK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        const int64_t i = order[k];
        const double w = weight == NULL ? 1 : weight[i];
        if (!(w > 0)) continue;
        if (s->n == 0 || score[i] != s->threshold[s->n - 1]) s->threshold[s->n++] = score[i];
        count_row(s, is_positive[i] != 0, w);
        s->hits[s->n - 1] = s->positives;
        s->alarms[s->n - 1] = s->negatives;
    }
    return MLSD_OK;
}

mlsd_status mlsd__sweep_new(mlsd__scope *scope, const double *score, const double *is_positive,
                            const double *weight, int64_t n, mlsd__sweep *out)
{
    const mlsd__allocator *const a = scope->allocator;
    *out = (mlsd__sweep){0};
    int64_t *order = mlsd__alloc_raw(a, n, sizeof *order);
    mlsd_status status = order != NULL ? allocate(a, n, out) : MLSD_E_NOMEM;
    if (status == MLSD_OK) status = mlsd__argsort_rows(scope, score, n, order);
    if (status == MLSD_OK) status = add_up(scope, score, is_positive, weight, order, n, out);
    mlsd__free(a, order);
    if (status != MLSD_OK) mlsd__sweep_free(out);
    return status;
}

static bool has_both(const mlsd__sweep *s)
{
    return s->positives > 0 && s->negatives > 0;
}

double mlsd__sweep_precision(const mlsd__sweep *s)
{
    double sum = 0, hits = 0;
    if (!(s->positives > 0)) return NAN;
    for (int64_t k = 0; k < s->n; k++) {
        const double gained = s->hits[k] - hits;
        if (gained > 0) sum += gained * (s->hits[k] / (s->hits[k] + s->alarms[k]));
        hits = s->hits[k];
    }
    return fmin(1, sum / s->positives);
}

static mlsd__sweep_shares shares_at(const mlsd__sweep *s, int64_t k)
{
    return (mlsd__sweep_shares){.hits = s->hits[k] / s->positives,
                                .alarms = s->alarms[k] / s->negatives};
}

double mlsd__sweep_distance(const mlsd__sweep *s, mlsd__sweep_shares *out)
{
    double largest = -1;
    *out = (mlsd__sweep_shares){NAN, NAN};
    if (!has_both(s)) return NAN;
    for (int64_t k = 0; k < s->n; k++) {
        const mlsd__sweep_shares here = shares_at(s, k);
        const double d = fabs(here.hits - here.alarms);
        if (d > largest) {
            largest = d;
            *out = here;
        }
    }
    return largest;
}

double mlsd__sweep_equal_error(const mlsd__sweep *s)
{
    double before_alarms = 0, before_misses = 1;
    if (!has_both(s)) return NAN;
    for (int64_t k = 0; k < s->n; k++) {
        const double alarms = s->alarms[k] / s->negatives;
        const double misses = 1 - s->hits[k] / s->positives;
        if (alarms >= misses) {
            const double gap = before_misses - before_alarms;
            const double closed = gap + alarms - misses;
            return before_alarms + (alarms - before_alarms) * (closed > 0 ? gap / closed : 0);
        }
        before_alarms = alarms;
        before_misses = misses;
    }
    return NAN;
}

double mlsd__sweep_alarm_share(const mlsd__sweep *s, double reach)
{
    mlsd__sweep_shares first = {0, 0}, last = {1, 1};
    for (int64_t k = 0; k < s->n; k++) {
        const mlsd__sweep_shares here = shares_at(s, k);
        const double ahead = here.alarms - (1 - here.hits);
        if (ahead <= -reach) first = here;
        if (ahead < reach) continue;
        last = here;
        break;
    }
    const double alarms = last.alarms - first.alarms, hits = last.hits - first.hits;
    return alarms / (alarms + hits);
}

/* Is a point on the straight line between its neighbours, equally far in both? scikit-learn drops
 * those whose second differences are both 0. */
static bool is_inner(const double *x, const double *y, int64_t k)
{
    return (x[k + 1] - x[k]) - (x[k] - x[k - 1]) == 0 && (y[k + 1] - y[k]) - (y[k] - y[k - 1]) == 0;
}

mlsd_status mlsd__sweep_table(const mlsd__sweep *s, bool corners_only, mlsd_table **out)
{
    static const char *const names[] = {"threshold", "hits", "alarms"};
    const double *const columns[] = {s->threshold, s->hits, s->alarms};
    double *kept = mlsd__alloc_raw(s->allocator, s->n, sizeof *kept);
    *out = NULL;
    mlsd_status status = kept == NULL ? MLSD_E_NOMEM : mlsd__table_new(s->allocator, out);
    for (int c = 0; c < 3 && status == MLSD_OK; c++) {
        int64_t n = 0;
        for (int64_t k = 0; k < s->n; k++) {
            if (corners_only && k > 0 && k < s->n - 1 && is_inner(s->hits, s->alarms, k)) continue;
            kept[n++] = columns[c][k];
        }
        status = mlsd_table_set_f64(*out, names[c], kept, n);
    }
    mlsd__free(s->allocator, kept);
    if (status != MLSD_OK) {
        mlsd_table_free(*out);
        *out = NULL;
    }
    return status;
}
