/* elimination.c - see the header. Order and ranks are those of scikit-learn's RFE; of columns that
 * count alike the first one goes first. */
#include "model/select/elimination.h"

#include "numeric/rank.h"

int64_t mlsd__elimination_step(double step, int64_t p)
{
    const double n = step < 1 ? step * (double)p : step;
    return n < 1 ? 1 : n > (double)p ? p : (int64_t)n;
}

typedef struct elimination_room {
    int64_t *columns, *rising;
    double *importance;
    mlsd__feature *features;
} elimination_room;

static void room_close(elimination_room *room, const mlsd__allocator *a)
{
    mlsd__free(a, room->columns);
    mlsd__free(a, room->importance);
    mlsd__free(a, room->features);
}

static mlsd_status room_open(elimination_room *room, const mlsd__allocator *a, int64_t p)
{
    *room = (elimination_room){.columns = mlsd__alloc_raw(a, p, 2 * sizeof(int64_t)),
                               .importance = mlsd__alloc_raw(a, p, sizeof(double)),
                               .features = mlsd__alloc_raw(a, p, sizeof(mlsd__feature))};
    if (room->columns == NULL || room->importance == NULL || room->features == NULL)
        return MLSD_E_NOMEM;
    room->rising = room->columns + p;
    return MLSD_OK;
}

/* One fit on n columns; with `rank` their order by importance. */
static mlsd_status fit_once(mlsd__scope *scope, const mlsd__elimination *e, elimination_room *room,
                            int64_t n, bool rank)
{
    mlsd__some_columns some = {.n = n, .columns = room->columns, .features = room->features};
    mlsd__frame frame;
    void *state = NULL;
    MLSD__TRY(mlsd__checkpoint(scope));
    MLSD__TRY(mlsd__inner_fit(scope, e->child, e->train, &some, &frame, &state));
    mlsd_status status = MLSD_OK;
    if (e->see != NULL) status = e->see(e->user, scope, state, &some);
    if (status == MLSD_OK && rank)
        status = mlsd__importance_of(e->child, state, room->features, n, true, room->importance);
    if (status == MLSD_OK && rank)
        status = mlsd__argsort(scope->allocator, room->importance, n, room->rising);
    ((const mlsd__estimator_ops *)mlsd__spec_ops(e->child))->free_state(scope->allocator, state);
    return status;
}

static mlsd_status drop_columns(mlsd__scope *scope, const mlsd__elimination *e,
                                elimination_room *room, double *support, double *ranking)
{
    const int64_t p = e->train->x->n_features;
    int64_t n = p;
    for (;;) {
        n = 0;
        for (int64_t j = 0; j < p; j++)
            if (support[j] != 0) room->columns[n++] = j;
        if (n <= e->n_keep) break;
        MLSD__TRY(fit_once(scope, e, room, n, true));
        const int64_t n_drop = e->step < n - e->n_keep ? e->step : n - e->n_keep;
        for (int64_t i = 0; i < n_drop; i++) support[room->columns[room->rising[i]]] = 0;
        for (int64_t j = 0; j < p; j++) ranking[j] += support[j] == 0;
    }
    return e->see != NULL ? fit_once(scope, e, room, n, false) : MLSD_OK;
}

mlsd_status mlsd__eliminate(mlsd__scope *scope, const mlsd__elimination *e, double *support,
                            double *ranking)
{
    const int64_t p = e->train->x->n_features;
    elimination_room room;
    mlsd_status status = room_open(&room, scope->allocator, p);
    for (int64_t j = 0; j < p; j++) support[j] = ranking[j] = 1;
    if (status == MLSD_OK) status = drop_columns(scope, e, &room, support, ranking);
    room_close(&room, scope->allocator);
    return status;
}
