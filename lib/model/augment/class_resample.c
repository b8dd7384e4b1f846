/* class_resample.c - see the header. */
#include "model/augment/class_resample.h"

#include <math.h>
#include <string.h>

#include "model/neighbors/points.h"

static bool counts(const mlsd__train *train, int64_t row)
{
    return train->weight == NULL || train->weight[row] > 0;
}

mlsd_status mlsd__class_rows_open(mlsd__class_rows *c, const mlsd__allocator *a,
                                  const mlsd__train *train)
{
    const int64_t n = train->x->n_rows, n_classes = train->n_classes;
    *c = (mlsd__class_rows){.n_classes = n_classes, .n_fewest = INT64_MAX};
    c->start = mlsd__alloc(a, n_classes + 2, sizeof *c->start);
    c->rows = mlsd__alloc(a, n, sizeof *c->rows);
    if (c->start == NULL || c->rows == NULL) return MLSD_E_NOMEM;
    /* One place ahead, so that filling moves the starts to where they belong. */
    int64_t *const next = c->start + 1;
    for (int64_t i = 0; i < n; i++)
        if (counts(train, i)) next[(int64_t)train->y[i] + 1]++;
    for (int64_t k = 0; k < n_classes; k++) {
        const int64_t here = next[k + 1];
        if (here > c->n_most) c->n_most = here;
        if (here > 0 && here < c->n_fewest) c->n_fewest = here;
        next[k + 1] += next[k];
    }
    for (int64_t i = 0; i < n; i++)
        if (counts(train, i)) c->rows[next[(int64_t)train->y[i]]++] = i;
    return MLSD_OK;
}

void mlsd__class_rows_close(mlsd__class_rows *c, const mlsd__allocator *a)
{
    mlsd__free(a, c->start);
    mlsd__free(a, c->rows);
    *c = (mlsd__class_rows){0};
}

int64_t mlsd__class_count(const mlsd__class_rows *c, int64_t k)
{
    return c->start[k + 1] - c->start[k];
}

int64_t mlsd__class_lacks(const mlsd__class_rows *c, int64_t k, double ratio)
{
    const int64_t n = mlsd__class_count(c, k);
    const int64_t wanted = (int64_t)floor(ratio * (double)c->n_most + 0.5);
    return n > 0 && wanted > n ? wanted - n : 0;
}

mlsd_status mlsd__resample_check_classes(const mlsd_spec *spec, const mlsd__train *train)
{
    if (train->task != MLSD_TASK_REGRESSION) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA, "%s balances classes, but the target is a number",
                      mlsd_kind_name(mlsd_spec_kind(spec)));
}

mlsd_status mlsd__pack_rows(const mlsd__allocator *a, const double *x, int64_t p,
                            const int64_t *rows, int64_t n, double **out)
{
    int64_t size;
    *out = NULL;
    MLSD__TRY(mlsd__mul_size(n, p, &size));
    *out = mlsd__alloc_raw(a, size, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n && p > 0; i++)
        memcpy(*out + i * p, x + rows[i] * p, (size_t)p * sizeof **out);
    return MLSD_OK;
}

/* ---- nearest rows ---- */

enum { QUERIES_AT_ONCE = 96, LEAF_SIZE = 30 };

typedef struct search {
    const mlsd__near_job *job;
    const mlsd__points *points;
    int64_t n_found; /* one more than asked for, as the query may be among them */
    int64_t n_room;
    double *room; /* n_room for each worker */
} search;

/* Those that were found but the query itself, or but the last. */
static void keep_others(const double *number, int64_t n_found, int64_t self, int64_t k,
                        int64_t *out)
{
    int64_t n = 0;
    for (int64_t i = 0; i < n_found && n < k; i++)
        if ((int64_t)number[i] != self) out[n++] = (int64_t)number[i];
}

static mlsd_status search_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const search *const s = arg;
    const mlsd__near_job *const job = s->job;
    const int64_t first = block * QUERIES_AT_ONCE;
    const int64_t left = job->n_queries - first;
    const int64_t n = left < QUERIES_AT_ONCE ? left : QUERIES_AT_ONCE, m = s->n_found;
    double *const distance = s->room + scope->worker * s->n_room, *const number = distance + n * m;
    const double *const x = job->queries + first * job->p;
    double *const scratch = number + n * m;
    MLSD__TRY(mlsd__checkpoint(scope));
    MLSD__TRY(mlsd__points_check(s->points, x, n, job->p, first, scratch));
    MLSD__TRY(mlsd__points_find(scope, s->points, x, n, job->p, m, distance, number, scratch));
    for (int64_t i = 0; i < n; i++)
        keep_others(number + i * m, m, job->self[first + i], job->k,
                    job->out + (first + i) * job->k);
    return MLSD_OK;
}

mlsd_status mlsd__nearest_others(mlsd__scope *scope, const mlsd__near_job *job)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__measure measure = {.metric = MLSD__EUCLIDEAN};
    int64_t size;
    mlsd__points *points = NULL;
    MLSD__TRY(mlsd__mul_size(job->n, job->p, &size));
    double *const copy = mlsd__alloc_raw(a, size, sizeof *copy);
    if (copy == NULL) return MLSD_E_NOMEM;
    if (size > 0) memcpy(copy, job->points, (size_t)size * sizeof *copy);
    MLSD__TRY(mlsd__points_new(scope, a, &measure, copy, job->n, job->p, MLSD__SEARCH_AUTO,
                               LEAF_SIZE, &points));
    search s = {.job = job, .points = points, .n_found = job->k + 1};
    s.n_room = QUERIES_AT_ONCE * (2 * s.n_found + mlsd__points_scratch(points));
    s.room = mlsd__alloc_raw(a, scope->n_threads * s.n_room, sizeof *s.room);
    mlsd_status status = s.room == NULL ? MLSD_E_NOMEM : MLSD_OK;
    const int64_t n_blocks = (job->n_queries + QUERIES_AT_ONCE - 1) / QUERIES_AT_ONCE;
    if (status == MLSD_OK) status = mlsd__parallel_for(scope, n_blocks, search_block, &s);
    mlsd__free(a, s.room);
    mlsd__points_free(a, points);
    return status;
}

/* ---- new rows ---- */

mlsd_status mlsd__synthesis_open(mlsd__synthesis *s, mlsd__scope *scope, const mlsd__train *train,
                                 const double *x, uint64_t seed, int64_t n_new,
                                 mlsd__resampled *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = train->x->n_rows, p = train->x->n_features;
    int64_t size;
    *s = (mlsd__synthesis){
        .train = train, .x = x, .p = p, .seed = seed, .out = out, .capacity = n_new};
    MLSD__TRY(mlsd__mul_size(n_new, p, &size));
    out->rows = mlsd__alloc_raw(a, n, sizeof *out->rows);
    out->x = mlsd__alloc_raw(a, size, sizeof *out->x);
    out->y = mlsd__alloc_raw(a, n_new, sizeof *out->y);
    if (train->weight != NULL) out->weight = mlsd__alloc_raw(a, n_new, sizeof *out->weight);
    if (out->rows == NULL || out->x == NULL || out->y == NULL ||
        (train->weight != NULL && out->weight == NULL))
        return MLSD_E_NOMEM;
    out->n_rows = n;
    for (int64_t i = 0; i < n; i++) out->rows[i] = i;
    return MLSD_OK;
}

void mlsd__synthesis_add(mlsd__synthesis *s, int64_t i, int64_t j, double gap)
{
    mlsd__resampled *const out = s->out;
    const int64_t at = out->n_new++, p = s->p;
    const double *const from = s->x + i * p, *const to = s->x + j * p;
    for (int64_t c = 0; c < p; c++) out->x[at * p + c] = from[c] + gap * (to[c] - from[c]);
    out->y[at] = s->train->y[i];
    if (out->weight == NULL) return;
    const double *const w = s->train->weight;
    out->weight[at] = w[i] + gap * (w[j] - w[i]);
}

mlsd__stream mlsd__synthesis_stream(const mlsd__synthesis *s, int64_t k, int64_t number)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, s->seed, (uint64_t)k, (uint64_t)number, 0, MLSD__PURPOSE_AUGMENT);
    return stream;
}
