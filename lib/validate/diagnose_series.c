/* diagnose_series.c - curves as other programs log them become arrays: folds beside each other, the
 * steps that all of them have, training losses where validation was looked at. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "numeric/rank.h"
#include "validate/diagnose_impl.h"

/* Points of one series, by ascending step, each step once. */
typedef struct line {
    double *x, *y;
    int64_t n;
} line;

typedef struct fold_pair {
    int64_t key, train, valid; /* numbers of series; -1: not there */
} fold_pair;

typedef struct pairs {
    fold_pair *of;
    int64_t n, capacity;
} pairs;

static void line_free(const mlsd__allocator *a, line *l)
{
    mlsd__free(a, l->x);
    mlsd__free(a, l->y);
    *l = (line){0};
}

enum { MOST_FOLDS = 1 << 20 }; /* of a repeat */

/* Which fold of the set a series of losses is, also one that is called "valid.3"; false for another
 * set's. */
static bool is_of_set(const mlsd_curve *curve, int64_t series, const char *set, int64_t *out_fold)
{
    const char *const name = mlsd_curve_series_set(curve, series);
    const size_t n = strlen(set);
    if (strcmp(mlsd_curve_series_metric(curve, series), "loss") != 0) return false;
    if (strncmp(name, set, n) != 0) return false;
    *out_fold = mlsd_curve_series_fold(curve, series);
    if (*out_fold >= 0) {
        *out_fold += mlsd_curve_series_repeat(curve, series) * MOST_FOLDS;
        return name[n] == '\0';
    }
    if (name[n] == '\0') return true;
    return name[n] == '.' && mlsd__parse_int64(name + n + 1, strlen(name + n + 1), out_fold) &&
           *out_fold >= 0;
}

static mlsd_status pair_up(const mlsd__allocator *a, pairs *p, int64_t key, int64_t series,
                           bool is_train)
{
    fold_pair *found = NULL;
    for (int64_t i = 0; i < p->n && found == NULL; i++)
        if (p->of[i].key == key) found = &p->of[i];
    if (found == NULL) {
        void *of = p->of;
        const mlsd_status status = mlsd__reserve(a, &of, &p->capacity, p->n + 1, sizeof *p->of);
        p->of = of;
        if (status != MLSD_OK) return status;
        found = &p->of[p->n++];
        *found = (fold_pair){key, -1, -1};
    }
    *(is_train ? &found->train : &found->valid) = series;
    return MLSD_OK;
}

static mlsd_status find_pairs(const mlsd__allocator *a, const mlsd_curve *curve,
                              const mlsd__diagnosis_params *p, pairs *out, const char **missing)
{
    bool has_train = false, has_valid = false;
    for (int64_t s = 0; s < mlsd_curve_series_count(curve); s++) {
        int64_t key;
        if (mlsd_curve_point_count(curve, s) == 0) continue;
        const bool is_train = is_of_set(curve, s, p->train, &key);
        if (!is_train && !is_of_set(curve, s, p->valid, &key)) continue;
        *(is_train ? &has_train : &has_valid) = true;
        MLSD__TRY(pair_up(a, out, key, s, is_train));
    }
    *missing = !has_train ? p->train : !has_valid ? p->valid : NULL;
    for (int64_t i = 0; i < out->n && *missing == NULL; i++) {
        const fold_pair *const f = &out->of[i];
        if (f->train >= 0 && f->valid >= 0) continue;
        const char *const set = f->train < 0 ? p->train : p->valid;
        if (f->key < 0)
            return mlsd__fail(MLSD_E_DATA, "series '%.60s' is missing beside those of folds", set);
        return mlsd__fail(MLSD_E_DATA, "fold %lld of the curve has no series '%.60s'",
                          (long long)f->key, set);
    }
    return MLSD_OK;
}

static mlsd_status read_line(mlsd__scope *scope, const mlsd_curve *curve, int64_t series, line *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = mlsd_curve_point_count(curve, series);
    double *const x = mlsd__alloc_raw(a, 2 * n, sizeof *x);
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    *out = (line){mlsd__alloc_raw(a, n, sizeof *out->x), mlsd__alloc_raw(a, n, sizeof *out->y), 0};
    mlsd_status status =
        x == NULL || order == NULL || out->x == NULL || out->y == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; i < n && status == MLSD_OK; i++)
        status = mlsd_curve_point(curve, series, i, &x[i], &x[n + i]);
    if (status == MLSD_OK) status = mlsd__argsort_rows(scope, x, n, order);
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) {
        const double at = x[order[i]];
        if (out->n > 0 && out->x[out->n - 1] == at) out->n--; /* stable: the later one counts */
        out->x[out->n] = at;
        out->y[out->n++] = x[n + order[i]];
    }
    mlsd__free(a, order);
    mlsd__free(a, x);
    return status;
}

/* Of the steps in `grid` those that the line has, too. */
static int64_t keep_common(double *grid, int64_t n, const line *l)
{
    int64_t kept = 0, at = 0;
    for (int64_t i = 0; i < n; i++) {
        while (at < l->n && l->x[at] < grid[i]) at++;
        if (at < l->n && l->x[at] == grid[i]) grid[kept++] = grid[i];
    }
    return kept;
}

/* Of the steps in `grid` those by which the line has gone on since the step before. */
static int64_t keep_reached(double *grid, int64_t n, const line *l)
{
    int64_t kept = 0, at = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t before = at;
        while (at < l->n && l->x[at] <= grid[i]) at++;
        if (at > before) grid[kept++] = grid[i];
    }
    return kept;
}

/* The line's value at each step of the grid: as it is, or the mean since the step before. */
static bool take_values(const double *grid, int64_t n, const line *l, bool may_be_mean, double *out)
{
    bool are_means = false;
    int64_t at = 0;
    for (int64_t i = 0; i < n; i++) {
        double mean = 0;
        int64_t count = 0;
        for (; at < l->n && l->x[at] <= grid[i]; at++) mean += (l->y[at] - mean) / (double)++count;
        const bool is_there = l->x[at - 1] == grid[i];
        out[i] = is_there || !may_be_mean ? l->y[at - 1] : mean;
        are_means |= !is_there;
    }
    return are_means;
}

static mlsd_status align(mlsd__scope *scope, const line *train, const line *valid, int64_t n_folds,
                         mlsd__fit_series *out)
{
    const mlsd__allocator *const a = scope->allocator;
    out->n_folds = n_folds;
    out->step = mlsd__alloc_raw(a, valid[0].n, sizeof *out->step);
    if (out->step == NULL) return MLSD_E_NOMEM;
    int64_t n = valid[0].n, size;
    memcpy(out->step, valid[0].x, (size_t)n * sizeof *out->step);
    for (int64_t k = 0; k < n_folds; k++) {
        n = keep_common(out->step, n, &valid[k]);
        out->n_longest = valid[k].n > out->n_longest ? valid[k].n : out->n_longest;
    }
    for (int64_t k = 0; k < n_folds; k++) n = keep_reached(out->step, n, &train[k]);
    out->n_steps = n;
    MLSD__TRY(mlsd__mul_size(n_folds, n, &size));
    out->train = mlsd__alloc_raw(a, size, sizeof *out->train);
    out->valid = mlsd__alloc_raw(a, size, sizeof *out->valid);
    if (out->train == NULL || out->valid == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < n_folds; k++) {
        out->are_means |= take_values(out->step, n, &train[k], true, out->train + k * n);
        (void)take_values(out->step, n, &valid[k], false, out->valid + k * n);
    }
    return MLSD_OK;
}

mlsd_status mlsd__fit_series_read(mlsd__scope *scope, const mlsd_curve *curve,
                                  const mlsd__diagnosis_params *p, mlsd__fit_series *out)
{
    const mlsd__allocator *const a = scope->allocator;
    pairs found = {0};
    line *lines = NULL;
    *out = (mlsd__fit_series){0};
    mlsd_status status = find_pairs(a, curve, p, &found, &out->missing);
    if (status != MLSD_OK || out->missing != NULL) goto out;
    lines = mlsd__alloc(a, 2 * found.n, sizeof *lines);
    if (lines == NULL) status = MLSD_E_NOMEM;
    for (int64_t k = 0; k < found.n && status == MLSD_OK; k++) {
        status = read_line(scope, curve, found.of[k].train, &lines[k]);
        if (status == MLSD_OK)
            status = read_line(scope, curve, found.of[k].valid, &lines[found.n + k]);
    }
    if (status == MLSD_OK) status = align(scope, lines, lines + found.n, found.n, out);

out:
    for (int64_t i = 0; lines != NULL && i < 2 * found.n; i++) line_free(a, &lines[i]);
    mlsd__free(a, lines);
    mlsd__free(a, found.of);
    if (status != MLSD_OK) mlsd__fit_series_free(a, out);
    return status;
}

void mlsd__fit_series_free(const mlsd__allocator *a, mlsd__fit_series *s)
{
    mlsd__free(a, s->step);
    mlsd__free(a, s->train);
    mlsd__free(a, s->valid);
    s->step = s->train = s->valid = NULL;
}
