/* curve_band.c - curves over folds and repeats: the mean with its band, the gap between two sets,
 * and how many epochs to train for. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/handle.h"
#include "base/scope.h"
#include "curve/curve_impl.h"
#include "data/table_impl.h"
#include "numeric/distribution.h"
#include "numeric/rank.h"

static const double LEVEL = 0.95;

/* Points of one fold, borrowed or its own. */
typedef struct line {
    const mlsd__curve_point *points;
    int64_t n, at; /* at: a cursor */
} line;

/* At every x of any line; all columns in one block. */
typedef struct band {
    int64_t n;
    double *x, *mean, *sd, *se, *lower, *upper, *count;
} band;

enum { N_COLUMNS = 7 };

static bool is_of(const mlsd__curve_series *s, const char *metric, const char *set, bool in_folds)
{
    return (s->fold >= 0) == in_folds && strcmp(s->metric, metric) == 0 && strcmp(s->set, set) == 0;
}

/* The series of a metric and set: those in folds, or without any of these the others. */
static mlsd_status choose(const mlsd_curve *curve, const char *metric, const char *set,
                          bool *out_in_folds, int64_t *out_n)
{
    MLSD__REQUIRE(metric != NULL && set != NULL, "'metric' or 'set' is NULL");
    for (int in_folds = 1; in_folds >= 0; in_folds--) {
        int64_t n = 0;
        for (int64_t i = 0; i < curve->n_series; i++)
            n += is_of(&curve->series[i], metric, set, in_folds != 0);
        *out_in_folds = in_folds != 0;
        *out_n = n;
        if (n > 0) return MLSD_OK;
    }
    return mlsd__fail(MLSD_E_DATA, "the curve has no series of metric '%.60s' and set '%.60s'",
                      metric, set);
}

/* The next x, and the values that are at it. */
static int64_t take_values(line *lines, int64_t n_lines, double *x, double *values)
{
    double next = INFINITY;
    int64_t n = 0;
    for (int64_t k = 0; k < n_lines; k++)
        if (lines[k].at < lines[k].n) next = fmin(next, lines[k].points[lines[k].at].x);
    for (int64_t k = 0; k < n_lines; k++) {
        line *const l = &lines[k];
        if (l->at < l->n && l->points[l->at].x == next) values[n++] = l->points[l->at++].value;
    }
    *x = next;
    return n;
}

static void put_moments(band *b, const double *values, int64_t n, double t)
{
    const int64_t i = b->n;
    double mean = 0.0, squares = 0.0;
    bool is_finite = true;
    for (int64_t k = 0; k < n; k++) is_finite = is_finite && isfinite(values[k]);
    for (int64_t k = 0; k < n; k++) mean += values[k];
    mean /= (double)n;
    for (int64_t k = 0; k < n; k++) squares += (values[k] - mean) * (values[k] - mean);
    const bool has_sd = is_finite && n > 1;
    b->mean[i] = mean;
    b->sd[i] = has_sd ? sqrt(squares / (double)(n - 1)) : NAN;
    b->se[i] = has_sd ? b->sd[i] / sqrt((double)n) : NAN;
    b->lower[i] = has_sd ? mean - t * b->se[i] : NAN;
    b->upper[i] = has_sd ? mean + t * b->se[i] : NAN;
    b->count[i] = (double)n;
}

static mlsd_status band_make(band *b, const mlsd__allocator *a, line *lines, int64_t n_lines)
{
    int64_t most = 0, last_n = 0;
    double t = NAN;
    for (int64_t k = 0; k < n_lines; k++) most += lines[k].n;
    b->x = mlsd__alloc(a, N_COLUMNS * most, sizeof *b->x);
    double *const values = mlsd__alloc(a, n_lines, sizeof *values);
    if (b->x == NULL || values == NULL) {
        mlsd__free(a, values);
        return MLSD_E_NOMEM;
    }
    double **const columns[] = {&b->mean, &b->sd, &b->se, &b->lower, &b->upper, &b->count};
    for (int64_t c = 0; c < N_COLUMNS - 1; c++) *columns[c] = b->x + (c + 1) * most;
    for (;;) {
        double x = 0.0;
        const int64_t n = take_values(lines, n_lines, &x, values);
        if (n == 0) break;
        if (n != last_n && n > 1) t = mlsd__t_quantile(0.5 + 0.5 * LEVEL, (double)(n - 1));
        last_n = n;
        b->x[b->n] = x;
        put_moments(b, values, n, t);
        b->n++;
    }
    mlsd__free(a, values);
    return MLSD_OK;
}

static mlsd_status band_table(const band *b, const mlsd__allocator *a, const char *x,
                              mlsd_table **out)
{
    const struct {
        const char *name;
        const double *values;
    } columns[] = {{x, b->x},           {"mean", b->mean},   {"sd", b->sd},  {"se", b->se},
                   {"lower", b->lower}, {"upper", b->upper}, {"n", b->count}};
    mlsd_table *table = NULL;
    mlsd_status status = mlsd__table_new(a, &table);
    for (int64_t c = 0; status == MLSD_OK && c < N_COLUMNS; c++)
        status = mlsd_table_set_f64(table, columns[c].name, columns[c].values, b->n);
    if (status == MLSD_OK)
        *out = table;
    else
        mlsd_table_free(table);
    return status;
}

/* The points of a, minus those of b, where both are; into room for a's. */
static int64_t subtract(const mlsd__curve_series *a, const mlsd__curve_series *b,
                        mlsd__curve_point *out)
{
    int64_t n = 0, k = 0;
    for (int64_t i = 0; b != NULL && i < a->n; i++) {
        while (k < b->n && b->points[k].x < a->points[i].x) k++;
        if (k < b->n && b->points[k].x == a->points[i].x)
            out[n++] = (mlsd__curve_point){a->points[i].x, a->points[i].value - b->points[k].value};
    }
    return n;
}

/* The lines of a metric and set, those of `reference` (NULL: nothing) taken off them. */
typedef struct lines_of {
    line *lines;
    int64_t n;
    mlsd__curve_point *points; /* of differences */
} lines_of;

static void lines_free(lines_of *l, const mlsd__allocator *a)
{
    mlsd__free(a, l->lines);
    mlsd__free(a, l->points);
}

static mlsd_status lines_make(lines_of *l, const mlsd__allocator *a, const mlsd_curve *curve,
                              const char *metric, const char *set, const char *reference)
{
    bool in_folds = false;
    int64_t n_lines = 0, n_points = 0;
    MLSD__TRY(choose(curve, metric, set, &in_folds, &n_lines));
    for (int64_t i = 0; i < curve->n_series; i++)
        if (is_of(&curve->series[i], metric, set, in_folds)) n_points += curve->series[i].n;
    l->lines = mlsd__alloc(a, n_lines, sizeof *l->lines);
    l->points = mlsd__alloc(a, reference != NULL ? n_points : 0, sizeof *l->points);
    if (l->lines == NULL || l->points == NULL) return MLSD_E_NOMEM;
    mlsd__curve_point *room = l->points;
    for (int64_t i = 0; i < curve->n_series; i++) {
        const mlsd__curve_series *const s = &curve->series[i];
        if (!is_of(s, metric, set, in_folds)) continue;
        line *const to = &l->lines[l->n++];
        *to = (line){.points = s->points, .n = s->n};
        if (reference == NULL) continue;
        to->points = room;
        to->n = subtract(s, mlsd__curve_find(curve, metric, reference, s->fold, s->repeat), room);
        room += to->n;
    }
    return MLSD_OK;
}

static mlsd_status make_table(const mlsd_context *context, const mlsd_curve *curve,
                              const char *metric, const char *set, const char *reference,
                              mlsd_table **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    if (context != NULL) MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    const mlsd__allocator *a = mlsd__context_allocator(context);
    lines_of l = {0};
    band b = {0};
    mlsd_status status = lines_make(&l, a, curve, metric, set, reference);
    if (status == MLSD_OK) status = band_make(&b, a, l.lines, l.n);
    if (status == MLSD_OK && reference != NULL && b.n == 0)
        status = mlsd__fail(MLSD_E_DATA, "sets '%.60s' and '%.60s' have no point in common", set,
                            reference);
    if (status == MLSD_OK) status = band_table(&b, a, curve->x, out);
    mlsd__free(a, b.x);
    lines_free(&l, a);
    return status;
}

mlsd_status mlsd_curve_mean(const mlsd_context *context, const mlsd_curve *curve,
                            const char *metric, const char *set, mlsd_table **out)
{
    return make_table(context, curve, metric, set, NULL, out);
}

mlsd_status mlsd_curve_gap(const mlsd_context *context, const mlsd_curve *curve, const char *metric,
                           const char *set, const char *reference, mlsd_table **out)
{
    MLSD__REQUIRE(reference != NULL, "'reference' is NULL");
    return make_table(context, curve, metric, set, reference, out);
}

/* ---- how many epochs ---- */

/* The place of the least of sign * values[i * stride] among the finite ones; -1 without. */
static int64_t least_at(const double *values, int64_t n, int64_t stride, double sign)
{
    int64_t best = -1;
    for (int64_t i = 0; i < n; i++) {
        const double value = sign * values[i * stride];
        if (isfinite(value) && (best < 0 || value < sign * values[best * stride])) best = i;
    }
    return best;
}

/* x of the first i whose mean is within one standard error of the best one's. */
static double one_se_x(const band *b, int64_t best, double sign)
{
    const double se = isnan(b->se[best]) ? 0.0 : b->se[best];
    for (int64_t i = 0; i < best; i++)
        if (b->count[i] == b->count[best] && sign * b->mean[i] <= sign * b->mean[best] + se)
            return b->x[i];
    return b->x[best];
}

/* The median over lines of the number of epochs up to the best one; NaN without. */
static mlsd_status median_epochs(const mlsd__allocator *a, const line *lines, int64_t n_lines,
                                 double sign, double *out)
{
    int64_t n = 0;
    double *const epochs = mlsd__alloc(a, 2 * n_lines, sizeof *epochs);
    int64_t *const order = mlsd__alloc(a, n_lines, sizeof *order);
    mlsd_status status = epochs != NULL && order != NULL ? MLSD_OK : MLSD_E_NOMEM;
    for (int64_t k = 0; status == MLSD_OK && k < n_lines; k++) {
        if (lines[k].n == 0) continue;
        const int64_t best = least_at(&lines[k].points[0].value, lines[k].n, 2, sign);
        if (best >= 0) epochs[n++] = lines[k].points[best].x + 1.0;
    }
    if (status == MLSD_OK) status = mlsd__argsort(a, epochs, n, order);
    if (status == MLSD_OK) {
        double *const sorted = epochs + n_lines;
        for (int64_t k = 0; k < n; k++) sorted[k] = epochs[order[k]];
        *out = n > 0 ? mlsd__quantile_sorted(sorted, n, 0.5) : NAN;
    }
    mlsd__free(a, epochs);
    mlsd__free(a, order);
    return status;
}

static int64_t whole_epochs(double epochs)
{
    return epochs < 0x1p62 ? (int64_t)fmax(floor(epochs + 0.5), 1.0) : INT64_MAX;
}

mlsd_status mlsd_curve_refit_steps(const mlsd_curve *curve, const char *metric, const char *set,
                                   double rows_ratio, int64_t *out_best, int64_t *out_one_se,
                                   int64_t *out_refit)
{
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    MLSD__REQUIRE(rows_ratio > 0.0 && isfinite(rows_ratio), "'rows_ratio' must be above 0");
    const mlsd__allocator *const a = &curve->allocator;
    const double sign = curve->rule->maximize ? -1.0 : 1.0;
    lines_of l = {0};
    band b = {0};
    double median = NAN;
    mlsd_status status = lines_make(&l, a, curve, metric, set, NULL);
    if (status == MLSD_OK) status = median_epochs(a, l.lines, l.n, sign, &median);
    if (status == MLSD_OK) status = band_make(&b, a, l.lines, l.n);
    if (status == MLSD_OK) {
        const int64_t best = least_at(b.mean, b.n, 1, sign);
        if (best < 0)
            status = mlsd__fail(MLSD_E_DATA, "set '%.60s' has no mean that is finite", set);
        if (best >= 0 && out_best != NULL) *out_best = whole_epochs(b.x[best] + 1.0);
        if (best >= 0 && out_one_se != NULL)
            *out_one_se = whole_epochs(one_se_x(&b, best, sign) + 1.0);
        if (best >= 0 && out_refit != NULL) *out_refit = whole_epochs(median * rows_ratio);
    }
    mlsd__free(a, b.x);
    lines_free(&l, a);
    return status;
}
