/* interval_jackknife.c - estimates with a unit, or a group of units, left out; the standard error,
 * the bias and the acceleration that follow. Efron & Tibshirani (1993), chapters 11 and 14; with
 * strata Davison & Hinkley (1997), Bootstrap Methods and their Application, section 5.3. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "metric/interval_statistic.h"

/* Estimates by stratum: those of stratum h are n_left[h] of estimate. */
typedef struct left {
    const mlsd__statistic *s;
    int64_t n;
    int64_t *n_left;
    double *estimate;
    int32_t *group; /* by unit, of those that are left out one group at a time */
} left;

static void left_free(left *l, const mlsd__allocator *a)
{
    mlsd__free(a, l->n_left);
    mlsd__free(a, l->estimate);
    mlsd__free(a, l->group);
}

/* Units in an order drawn by the seed, cut into groups whose sizes differ by one at most; each
 * stratum has groups in proportion, two at least where it has two units. */
static mlsd_status make_groups(const mlsd__allocator *a, left *l, int64_t n_groups, uint64_t seed)
{
    const mlsd__statistic *const s = l->s;
    l->group = mlsd__alloc_raw(a, s->n_units, sizeof *l->group);
    int64_t *const order = mlsd__alloc_raw(a, s->n_units, sizeof *order);
    if (l->group == NULL || order == NULL) {
        mlsd__free(a, order);
        return MLSD_E_NOMEM;
    }
    mlsd__stream stream;
    mlsd__stream_init(&stream, seed, 0, 0, 1, MLSD__PURPOSE_RESAMPLE);
    for (int64_t h = 0, first = 0; h < s->n_strata; first += s->sizes[h], h++) {
        const int64_t n = s->sizes[h];
        int64_t g = n;
        if (n_groups > 0 && s->n_units > n_groups) {
            g = (int64_t)((double)n_groups * ((double)n / (double)s->n_units));
            if (g < 2) g = n < 2 ? n : 2;
        }
        for (int64_t i = 0; i < n; i++) order[i] = i;
        if (g < n) mlsd__stream_shuffle(&stream, order, n);
        for (int64_t i = 0; i < n; i++) {
            l->group[first + order[i]] = (int32_t)(l->n + (g < n ? i % g : i));
        }
        l->n_left[h] = g;
        l->n += g;
    }
    mlsd__free(a, order);
    return MLSD_OK;
}

static mlsd_status of_sums(mlsd__scope *scope, left *l)
{
    const mlsd__statistic *const s = l->s;
    const int64_t k = s->n_columns;
    double total[6] = {0}, rest[6];
    for (int64_t u = 0; u < s->n_units; u++) {
        for (int64_t j = 0; j < k; j++) total[j] += s->columns[u * k + j];
    }
    mlsd__statistic less = *s;
    less.n_units = s->n_units - 1;
    for (int64_t u = 0; u < s->n_units; u++) {
        for (int64_t j = 0; j < k; j++) rest[j] = total[j] - s->columns[u * k + j];
        l->estimate[u] = mlsd__statistic_of_sums(&less, rest, NULL, NULL);
        if (u % (1 << 16) == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    memcpy(l->n_left, s->sizes, (size_t)s->n_strata * sizeof *l->n_left);
    return MLSD_OK;
}

/* A group of units, or one of a cell's units, is left out. */
static mlsd_status leave_one(void *arg, int64_t task, mlsd__scope *scope)
{
    left *const l = arg;
    const mlsd__statistic *const s = l->s;
    const mlsd__allocator *const a = scope->allocator;
    const bool of_cells = s->form == MLSD__OF_CELLS;
    const int64_t n_counts = of_cells ? s->n_cells : s->n_units;
    mlsd_status status = MLSD_E_NOMEM;
    int32_t *const counts = mlsd__alloc(a, n_counts, sizeof *counts);
    double *const weight = mlsd__alloc_raw(a, of_cells ? s->n_cells : s->scored->n, sizeof *weight);
    if (counts == NULL || weight == NULL) goto out;
    if (of_cells) {
        for (int64_t u = 0; u < s->n_units; u++) counts[s->cell_of_unit[u]]++;
        counts[task]--;
    } else {
        for (int64_t u = 0; u < s->n_units; u++) counts[u] = l->group[u] != task;
    }
    status = mlsd__statistic_of_counts(scope, s, counts, weight, &l->estimate[task]);
    if (status == MLSD_OK) status = mlsd__checkpoint(scope);
out:
    mlsd__free(a, weight);
    mlsd__free(a, counts);
    return status;
}

static mlsd_status of_cells(mlsd__scope *scope, left *l)
{
    const mlsd__statistic *const s = l->s;
    const mlsd__allocator *const a = scope->allocator;
    double *const by_unit = mlsd__alloc_raw(a, s->n_units, sizeof *by_unit);
    if (by_unit == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__parallel_for(scope, s->n_cells, leave_one, l);
    for (int64_t u = 0; status == MLSD_OK && u < s->n_units; u++) {
        by_unit[u] = l->estimate[s->cell_of_unit[u]];
    }
    memcpy(l->n_left, s->sizes, (size_t)s->n_strata * sizeof *l->n_left);
    mlsd__free(a, l->estimate);
    l->estimate = by_unit;
    return status;
}

static mlsd_status make_estimates(mlsd__scope *scope, left *l, int64_t n_groups, uint64_t seed)
{
    const mlsd__statistic *const s = l->s;
    const mlsd__allocator *const a = scope->allocator;
    l->n_left = mlsd__alloc(a, s->n_strata, sizeof *l->n_left);
    if (l->n_left == NULL) return MLSD_E_NOMEM;
    l->n = s->n_units;
    if (s->form == MLSD__OF_ROWS) {
        l->n = 0;
        MLSD__TRY(make_groups(a, l, n_groups, seed));
    }
    const int64_t room = s->n_cells > l->n ? s->n_cells : l->n;
    l->estimate = mlsd__alloc_raw(a, room, sizeof *l->estimate);
    if (l->estimate == NULL) return MLSD_E_NOMEM;
    if (mlsd__statistic_has_columns(s)) return of_sums(scope, l);
    if (s->form == MLSD__OF_CELLS) return of_cells(scope, l);
    return mlsd__parallel_for(scope, l->n, leave_one, l);
}

/* Influences (g - 1) (mean - estimate) of a stratum's g estimates add their powers. */
static void add_stratum(const double *estimate, int64_t g, double value, double *squares,
                        double *cubes, mlsd__left_out *out)
{
    double sum = 0;
    for (int64_t i = 0; i < g; i++) sum += estimate[i];
    const double n = (double)g, mean = sum / n;
    double two = 0, three = 0;
    for (int64_t i = 0; i < g; i++) {
        const double l = (n - 1) * (mean - estimate[i]);
        two += l * l;
        three += l * l * l;
    }
    *squares += two / (n * n);
    *cubes += three / (n * n * n);
    out->se += two / (n * (n - 1));
    out->bias += (n - 1) * (mean - value);
    out->df += n - 1;
}

mlsd_status mlsd__leave_each(mlsd__scope *scope, const mlsd__statistic *s, int64_t n_groups,
                             uint64_t seed, double *out, int64_t *out_n)
{
    left l = {.s = s};
    const mlsd_status status = make_estimates(scope, &l, n_groups, seed);
    *out_n = status == MLSD_OK ? l.n : 0;
    if (*out_n > 0) memcpy(out, l.estimate, (size_t)l.n * sizeof *out);
    left_free(&l, scope->allocator);
    return status;
}

mlsd_status mlsd__leave_out(mlsd__scope *scope, const mlsd__statistic *s, double value,
                            int64_t n_groups, uint64_t seed, mlsd__left_out *out)
{
    left l = {.s = s};
    double squares = 0, cubes = 0;
    *out = (mlsd__left_out){0};
    const mlsd_status status = make_estimates(scope, &l, n_groups, seed);
    for (int64_t h = 0, first = 0; status == MLSD_OK && h < s->n_strata; h++) {
        if (l.n_left[h] > 1) {
            add_stratum(l.estimate + first, l.n_left[h], value, &squares, &cubes, out);
        }
        first += l.n_left[h];
    }
    out->n = l.n;
    out->se = out->df > 0 ? sqrt(out->se) : NAN;
    if (!(out->df > 0)) out->bias = NAN;
    out->acceleration = squares == 0 ? 0 : cubes / (6 * squares * sqrt(squares));
    left_free(&l, scope->allocator);
    return status;
}
