/* bagging_draw.c - see bagging.h: which rows and columns a member gets, by seed and its number
 * alone. */
#include <string.h>

#include "model/ensemble/bagging.h"

enum { MOST_DRAWS = 100 };

int64_t mlsd__bagging_count(double asked, int64_t n)
{
    if (asked > 1) return asked <= (double)n ? (int64_t)asked : 0;
    const int64_t count = (int64_t)(asked * (double)n);
    return count > 1 ? count : 1;
}

void mlsd__bagging_draw(mlsd__stream *stream, int64_t n, int64_t m, bool again, int64_t *counts,
                        int64_t *room)
{
    if (again) {
        for (int64_t i = 0; i < m; i++) counts[mlsd__stream_below(stream, (uint64_t)n)]++;
        return;
    }
    for (int64_t i = 0; i < n; i++) room[i] = i;
    if (m < n) mlsd__stream_shuffle(stream, room, n);
    for (int64_t i = 0; i < m; i++) counts[room[i]] = 1;
}

static bool has_classes(const mlsd__train *train, const int64_t *counts)
{
    double first = -1;
    for (int64_t i = 0; i < train->x->n_rows; i++) {
        if (counts[i] == 0) continue;
        if (first < 0) first = train->y[i];
        if (train->y[i] != first) return true;
    }
    return false;
}

void mlsd__bagging_draw_rows(const mlsd__bagging_params *params, int64_t member,
                             const mlsd__train *train, int64_t m, int64_t *counts, int64_t *room)
{
    const int64_t n = train->x->n_rows;
    for (uint64_t draw = 0; draw < MOST_DRAWS; draw++) {
        mlsd__stream stream;
        mlsd__stream_init(&stream, (uint64_t)params->seed, (uint64_t)member, draw, 0,
                          MLSD__PURPOSE_BOOTSTRAP);
        memset(counts, 0, (size_t)n * sizeof *counts);
        mlsd__bagging_draw(&stream, n, m, params->bootstrap != 0, counts, room);
        if (train->n_classes < 2 || has_classes(train, counts)) return;
    }
}

mlsd_status mlsd__bagging_draw_columns(const mlsd__bagging_params *params, mlsd__bagging *s)
{
    int64_t *const counts = mlsd__alloc(&s->own.allocator, s->own.p, 2 * sizeof *counts);
    if (counts == NULL) return MLSD_E_NOMEM;
    for (int64_t m = 0; m < s->own.n; m++) {
        mlsd__stream stream;
        mlsd__stream_init(&stream, (uint64_t)params->seed, (uint64_t)m, 0, 0,
                          MLSD__PURPOSE_SUBSAMPLE);
        memset(counts, 0, (size_t)s->own.p * sizeof *counts);
        mlsd__bagging_draw(&stream, s->own.p, s->width, params->bootstrap_features != 0, counts,
                           counts + s->own.p);
        int64_t *out = s->columns + m * s->width;
        for (int64_t j = 0; j < s->own.p; j++)
            for (int64_t c = 0; c < counts[j]; c++) *out++ = j;
    }
    mlsd__free(&s->own.allocator, counts);
    mlsd__bagging_place_columns(s);
    return MLSD_OK;
}
