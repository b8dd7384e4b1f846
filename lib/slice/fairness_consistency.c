/* fairness_consistency.c - are persons who are alike treated alike? One less the mean distance of a
 * row's prediction from that of its nearest neighbours (Zemel, Wu, Swersky, Pitassi & Dwork 2013,
 * ICML). Distances are Euclidean on the columns as they are; of rows as near the first is taken;
 * rows that weigh nothing are nobody.
 *
 * All rows may be a neighbour, but only consistency_rows of them, drawn, are asked for theirs: a
 * mean of ten thousand numbers between 0 and 1 is known to a hundredth. The limits are those of a
 * weighted mean; they take what rows say for independent, which rows that share neighbours are not
 * quite. */
#include <math.h>
#include <string.h>

#include "model/neighbors/points.h"
#include "numeric/distribution.h"
#include "slice/fairness_impl.h"

enum {
    QUERIES = 128,
    LEAF_SIZE = 30
}; /* rows of a task; of a leaf of the tree, as neighbors have */

void mlsd__fair_near_free(mlsd__fair_near *near, const mlsd__allocator *a)
{
    mlsd__free(a, near->rows);
    mlsd__free(a, near->neighbors);
    memset(near, 0, sizeof *near);
}

/* ---- neighbours ---- */

typedef struct search {
    const mlsd__fairness *f;
    mlsd__fair_near *near;
    int64_t n, p;    /* persons, and columns that they are alike in */
    int64_t *person; /* the row of each */
    int64_t *asked;  /* which of them are asked */
    double *x;       /* n x p */
    mlsd__points *points;
    bool drops_self;
} search;

static void search_free(search *s, const mlsd__allocator *a)
{
    mlsd__points_free(a, s->points);
    mlsd__free(a, s->x);
    mlsd__free(a, s->asked);
    mlsd__free(a, s->person);
}

static mlsd_status read_feature(const mlsd_table *table, const char *name, int64_t j,
                                double *column, search *s)
{
    int64_t at;
    MLSD__TRY(mlsd_table_find(table, name, &at));
    if (mlsd_table_type(table, at) == MLSD_COLUMN_CATEGORY) {
        return mlsd__fail(MLSD_E_TYPE,
                          "'features' names '%.100s', a column of texts; give numbers, such as a "
                          "column for each of its values",
                          name);
    }
    MLSD__TRY(mlsd_table_get_f64(table, at, 0, s->f->rows.n, column));
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t row = s->person[i];
        if (!isfinite(column[row])) {
            return mlsd__fail(MLSD_E_DATA,
                              "row %lld of feature '%.100s' is not a finite number; leave the row "
                              "out or fill it in",
                              (long long)row, name);
        }
        s->x[i * s->p + j] = column[row];
    }
    return MLSD_OK;
}

static mlsd_status read_features(mlsd__scope *scope, const mlsd_table *table, search *s)
{
    const mlsd__allocator *const a = scope->allocator;
    double *const column = mlsd__alloc_raw(a, s->f->rows.n, sizeof *column);
    mlsd_status status = column == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t j = 0; j < s->p && status == MLSD_OK; j++) {
        status = read_feature(table, s->f->p->features.values[j], j, column, s);
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    }
    mlsd__free(a, column);
    return status;
}

/* Rows that weigh something, and which of them are asked: each with the same chance, in order. */
static mlsd_status choose_rows(search *s, const mlsd__allocator *a)
{
    const mlsd__fairness_params *const p = s->f->p;
    const int64_t n_rows = s->f->rows.n;
    mlsd__stream stream;
    s->person = mlsd__alloc_raw(a, n_rows, sizeof *s->person);
    if (s->person == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_rows; i++) {
        if (mlsd__fair_weight(&s->f->rows, i) > 0) s->person[s->n++] = i;
    }
    const bool all = p->consistency_rows == MLSD__NULL_I64 || p->consistency_rows >= s->n;
    const int64_t wanted = all ? s->n : p->consistency_rows;
    s->asked = mlsd__alloc_raw(a, wanted, sizeof *s->asked);
    if (s->asked == NULL) return MLSD_E_NOMEM;
    mlsd__stream_init(&stream, (uint64_t)p->seed, 0, 0, 0, MLSD__PURPOSE_SUBSAMPLE);
    for (int64_t i = 0; s->near->n < wanted; i++) { /* Knuth's algorithm S */
        const int64_t left = s->n - i, missing = wanted - s->near->n;
        if (left > missing && mlsd__stream_double(&stream) * (double)left >= (double)missing) {
            continue;
        }
        s->asked[s->near->n++] = i;
    }
    return MLSD_OK;
}

/* One row's neighbours: `found` are wanted and, where a row is not its own, one more; that is the
 * row itself, or the last where rows before it are the same. */
static void take_neighbors(const search *s, int64_t query, const double *found, int64_t n_found)
{
    int64_t *const out = s->near->neighbors + query * s->near->k;
    int64_t n = 0;
    for (int64_t k = 0; k < n_found && n < s->near->k; k++) {
        if (s->drops_self && (int64_t)found[k] == s->asked[query]) continue;
        out[n++] = s->person[(int64_t)found[k]];
    }
}

static mlsd_status ask_some(void *arg, int64_t task, mlsd__scope *scope)
{
    const search *const s = arg;
    const mlsd__allocator *const a = scope->allocator;
    const int64_t first = task * QUERIES, k = s->near->k + s->drops_self;
    const int64_t n = first + QUERIES < s->near->n ? QUERIES : s->near->n - first;
    const int64_t width = s->p + 2 * k + mlsd__points_scratch(s->points);
    double *const room = mlsd__alloc_raw(a, n * width, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    double *const x = room, *const distance = x + n * s->p, *const number = distance + n * k;
    for (int64_t i = 0; i < n; i++) {
        memcpy(x + i * s->p, s->x + s->asked[first + i] * s->p, (size_t)s->p * sizeof *x);
    }
    const mlsd_status status =
        mlsd__points_find(scope, s->points, x, n, s->p, k, distance, number, number + n * k);
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) {
        take_neighbors(s, first + i, number + i * k, k);
    }
    mlsd__free(a, room);
    return status == MLSD_OK ? mlsd__checkpoint(scope) : status;
}

/* The rows that are searched become the points', so that queries are read from a copy. */
static mlsd_status make_points(mlsd__scope *scope, search *s)
{
    static const mlsd__measure measure = {.metric = MLSD__EUCLIDEAN};
    const mlsd__allocator *const a = scope->allocator;
    double *const x = mlsd__memdup(a, s->x, s->n * s->p, sizeof *x);
    if (x == NULL) return MLSD_E_NOMEM;
    return mlsd__points_new(scope, a, &measure, x, s->n, s->p, MLSD__SEARCH_AUTO, LEAF_SIZE,
                            &s->points);
}

static mlsd_status find_neighbors(mlsd__scope *scope, const mlsd_table *table, search *s)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__fairness_params *const p = s->f->p;
    mlsd__fair_near *const near = s->near;
    MLSD__TRY(choose_rows(s, a));
    const int64_t others = s->drops_self ? s->n - 1 : s->n;
    near->k = p->n_neighbors < others ? p->n_neighbors : others;
    int64_t n_cells = 0;
    MLSD__TRY(mlsd__mul_size(s->n, s->p, &n_cells));
    s->x = mlsd__alloc_raw(a, n_cells, sizeof *s->x);
    if (s->x == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(read_features(scope, table, s));
    near->rows = mlsd__alloc_raw(a, near->n, sizeof *near->rows);
    if (near->rows == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < near->n; i++) near->rows[i] = s->person[s->asked[i]];
    if (near->k == 0) return MLSD_OK;
    near->neighbors = mlsd__alloc_raw(a, near->n * near->k, sizeof *near->neighbors);
    if (near->neighbors == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(make_points(scope, s));
    return mlsd__parallel_for(scope, (near->n + QUERIES - 1) / QUERIES, ask_some, s);
}

/* ---- the measure ---- */

/* How far a row's prediction is from its neighbours' mean. */
static double off_by(const mlsd__fairness *f, int64_t positive, int64_t query)
{
    const mlsd__fair_near *const near = &f->near;
    const int64_t *const of = near->neighbors + query * near->k;
    double chosen = 0;
    for (int64_t k = 0; k < near->k; k++) chosen += f->rows.predicted[of[k]] == positive;
    const double own = f->rows.predicted[near->rows[query]] == positive;
    return fabs(own - chosen / (double)near->k);
}

static void measure_consistency(const mlsd__fairness *f, int64_t positive, mlsd__fair_measure *m)
{
    const mlsd__fair_near *const near = &f->near;
    const double n = (double)near->n;
    double sum = 0, all = 0, squares = 0;
    for (int64_t i = 0; i < near->n; i++) {
        const double w = mlsd__fair_weight(&f->rows, near->rows[i]);
        sum += w * off_by(f, positive, i);
        all += w;
    }
    m->n_group = n;
    if (near->k == 0 || near->n == 0) return;
    m->value = 1 - sum / all;
    m->status = n < (double)f->p->min_support ? MLSD__FAIR_LOW_SUPPORT : MLSD__FAIR_OK;
    for (int64_t i = 0; i < near->n; i++) {
        const double w = mlsd__fair_weight(&f->rows, near->rows[i]);
        const double d = w * (1 - off_by(f, positive, i) - m->value);
        squares += d * d;
    }
    if (n < 2) return;
    const double se = sqrt(squares * n / (n - 1)) / all;
    const double half = se * mlsd__normal_quantile(0.5 + f->p->level / 2);
    m->low = fmax(0, m->value - half);
    m->high = fmin(1, m->value + half);
}

mlsd_status mlsd__fair_consistency(mlsd__scope *scope, mlsd__fairness *f, const mlsd_table *table,
                                   const mlsd__fair_part *part)
{
    mlsd__fair_measure m;
    if (f->p->features.values == NULL || f->p->features.n == 0) return MLSD_OK;
    if (f->near.rows == NULL) { /* of the first class; the others have the same */
        search s = {.f = f, .near = &f->near, .p = f->p->features.n};
        s.drops_self = f->p->include_self == 0;
        const mlsd_status status = find_neighbors(scope, table, &s);
        search_free(&s, scope->allocator);
        MLSD__TRY(status);
    }
    mlsd__fair_measure_init(&m, "consistency", part, MLSD__NO_RULE);
    m.control = -1;
    measure_consistency(f, part->positive, &m);
    return mlsd__fair_measure_add(f, &m);
}
