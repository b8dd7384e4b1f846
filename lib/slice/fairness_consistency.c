/* fairness_consistency.c - are persons who are alike treated alike? One less the mean distance of a
 * row's prediction from that of its nearest neighbours (Zemel, Wu, Swersky, Pitassi & Dwork 2013,
 * ICML). Distances are Euclidean on the columns as they are; of rows as near the first is taken. */
#include <math.h>

#include "slice/fairness_impl.h"

enum { QUERIES = 64 }; /* rows of a task */

typedef struct search {
    const mlsd__fairness *f;
    int64_t positive, n, n_features, n_neighbors;
    double *x;   /* n x n_features */
    double *off; /* by row: distance from the neighbours' mean */
} search;

static mlsd_status read_features(mlsd__scope *scope, const mlsd_table *table, search *s)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__str_list *const names = &s->f->p->features;
    s->x = mlsd__alloc_raw(a, s->n * s->n_features, sizeof *s->x);
    if (s->x == NULL) return MLSD_E_NOMEM;
    double *const column = mlsd__alloc_raw(a, s->n, sizeof *column);
    mlsd_status status = column == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t j = 0; j < s->n_features && status == MLSD_OK; j++) {
        int64_t at;
        status = mlsd_table_find(table, names->values[j], &at);
        if (status != MLSD_OK) break;
        if (mlsd_table_type(table, at) == MLSD_COLUMN_CATEGORY) {
            status = mlsd__fail(MLSD_E_TYPE,
                                "'features' names '%.100s', a column of texts; give numbers, such "
                                "as a column for each of its values",
                                names->values[j]);
            break;
        }
        status = mlsd_table_get_f64(table, at, 0, s->n, column);
        for (int64_t i = 0; i < s->n && status == MLSD_OK; i++) {
            s->x[i * s->n_features + j] = column[i];
            if (isfinite(column[i])) continue;
            status = mlsd__fail(MLSD_E_DATA, "row %lld of feature '%.100s' is not a finite number",
                                (long long)i, names->values[j]);
        }
    }
    mlsd__free(a, column);
    return status;
}

/* Keep the nearest in ascending order of distance. */
static void keep(double *distances, int64_t *rows, int64_t *n, int64_t capacity, double d,
                 int64_t row)
{
    if (*n == capacity && !(d < distances[*n - 1])) return;
    int64_t at = *n < capacity ? (*n)++ : *n - 1;
    for (; at > 0 && d < distances[at - 1]; at--) {
        distances[at] = distances[at - 1];
        rows[at] = rows[at - 1];
    }
    distances[at] = d;
    rows[at] = row;
}

static double off_by(const search *s, int64_t i, double *distances, int64_t *rows)
{
    const mlsd__fair_rows *const r = &s->f->rows;
    const double *const here = s->x + i * s->n_features;
    int64_t n = 0;
    double chosen = 0;
    for (int64_t k = 0; k < s->n; k++) {
        if (k == i && !s->f->p->include_self) continue;
        const double *const there = s->x + k * s->n_features;
        double d = 0;
        for (int64_t j = 0; j < s->n_features; j++)
            d += (here[j] - there[j]) * (here[j] - there[j]);
        keep(distances, rows, &n, s->n_neighbors, d, k);
    }
    for (int64_t k = 0; k < n; k++) chosen += r->predicted[rows[k]] == s->positive;
    return fabs((double)(r->predicted[i] == s->positive) - chosen / (double)n);
}

static mlsd_status search_some(void *arg, int64_t task, mlsd__scope *scope)
{
    search *const s = arg;
    const mlsd__allocator *const a = scope->allocator;
    double *const distances = mlsd__alloc_raw(a, s->n_neighbors, sizeof *distances);
    int64_t *const rows = mlsd__alloc_raw(a, s->n_neighbors, sizeof *rows);
    mlsd_status status = distances == NULL || rows == NULL ? MLSD_E_NOMEM : MLSD_OK;
    const int64_t end = task * QUERIES + QUERIES < s->n ? task * QUERIES + QUERIES : s->n;
    for (int64_t i = task * QUERIES; i < end && status == MLSD_OK; i++) {
        s->off[i] = off_by(s, i, distances, rows);
        status = mlsd__checkpoint(scope);
    }
    mlsd__free(a, rows);
    mlsd__free(a, distances);
    return status;
}

static void finish(const search *s, mlsd__fair_measure *m)
{
    double sum = 0, all = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const double w = mlsd__fair_weight(&s->f->rows, i);
        sum += w * s->off[i];
        all += w;
        m->n_group += w > 0;
    }
    m->value = 1 - sum / all;
    m->status = m->n_group < (double)s->f->p->min_support ? MLSD__FAIR_LOW_SUPPORT : MLSD__FAIR_OK;
}

mlsd_status mlsd__fair_consistency(mlsd__scope *scope, mlsd__fairness *f, const mlsd_table *table,
                                   const mlsd__fair_part *part)
{
    search s = {.f = f, .positive = part->positive, .n = f->rows.n};
    mlsd__fair_measure m;
    s.n_features = f->p->features.n;
    if (f->p->features.values == NULL || s.n_features == 0) return MLSD_OK;
    const int64_t others = f->p->include_self ? s.n : s.n - 1;
    s.n_neighbors = f->p->n_neighbors < others ? f->p->n_neighbors : others;
    mlsd__fair_measure_init(&m, "consistency", part, MLSD__NO_RULE);
    m.control = -1;
    mlsd_status status = MLSD_OK;
    if (s.n_neighbors > 0) {
        s.off = mlsd__alloc_raw(scope->allocator, s.n, sizeof *s.off);
        status = s.off == NULL ? MLSD_E_NOMEM : read_features(scope, table, &s);
        if (status == MLSD_OK) {
            status = mlsd__parallel_for(scope, (s.n + QUERIES - 1) / QUERIES, search_some, &s);
        }
        if (status == MLSD_OK) finish(&s, &m);
    }
    if (status == MLSD_OK) status = mlsd__fair_measure_add(f, &m);
    mlsd__free(scope->allocator, s.off);
    mlsd__free(scope->allocator, s.x);
    return status;
}
