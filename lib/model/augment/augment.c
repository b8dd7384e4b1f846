/* augment.c - the augmentations of one fit, and a batch of rows sent through them one after the
 * other. Each row draws from a stream of its own, named by seed, epoch, row and the augmentation's
 * place in the list. */
#include "model/augment/augment.h"

#include <string.h>

#include "model/augment/augmentation.h"

typedef struct stage {
    const mlsd__augmentation_ops *ops;
    const mlsd_spec *spec;
    void *state;
    uint64_t place; /* in the list of the spec */
} stage;

struct mlsd__augment {
    uint64_t seed;
    int64_t n_stages;
    stage *stages;
    bool mixes;
    mlsd__augment_source source;
    /* Rows go through a chain afterwards: then `own` is the augmentation, and all above unused. */
    const mlsd__augment *own;
    const mlsd__frame *chained;
};

void mlsd__augment_source_row(const mlsd__augment_source *s, int64_t row, double *out)
{
    if (s->direct == NULL)
        mlsd__frame_read(s->rows.frame, row, 1, out, NULL);
    else if (s->p > 0)
        memcpy(out, s->direct + row * s->ld, (size_t)s->p * sizeof *out);
}

int64_t mlsd__augment_draw_row(const mlsd__augment_source *s, mlsd__stream *stream)
{
    const int64_t i = (int64_t)mlsd__stream_below(stream, (uint64_t)s->n_others);
    return s->others != NULL ? s->others[i] : i;
}

/* Rows of weight 0 are as if they were not there. */
static mlsd_status find_others(const mlsd__allocator *a, const mlsd__train *train,
                               mlsd__augment_source *s)
{
    s->n_others = s->n;
    int64_t n = 0;
    for (int64_t i = 0; train->weight != NULL && i < s->n; i++) n += train->weight[i] > 0;
    if (train->weight == NULL || n == s->n) return MLSD_OK;
    s->others = mlsd__alloc_raw(a, n, sizeof *s->others);
    if (s->others == NULL) return MLSD_E_NOMEM;
    s->n_others = 0;
    for (int64_t i = 0; i < s->n; i++)
        if (train->weight[i] > 0) s->others[s->n_others++] = i;
    return MLSD_OK;
}

double mlsd__augment_source_value(const mlsd__augment_source *s, int64_t row, int64_t column,
                                  double *other)
{
    if (s->direct != NULL) return s->direct[row * s->ld + column];
    mlsd__augment_source_row(s, row, other);
    return other[column];
}

void mlsd__augment_mix_targets(const mlsd__augment_source *s, int64_t row, double share,
                               double *targets, int64_t k)
{
    for (int64_t c = 0; c < k; c++) {
        double theirs = s->n_classes > 0 ? s->y[row] : s->y[row * k + c];
        if (s->n_classes > 0 && k > 1) theirs = (double)(theirs == (double)c);
        targets[c] = share * targets[c] + (1 - share) * theirs;
    }
}

void mlsd__augment_close(const mlsd__allocator *a, mlsd__augment *augment)
{
    if (augment == NULL) return;
    for (int64_t i = 0; i < augment->n_stages; i++) mlsd__free(a, augment->stages[i].state);
    mlsd__free(a, augment->stages);
    mlsd__free(a, augment->source.others);
    mlsd__resident_close(&augment->source.rows, a);
    mlsd__free(a, augment);
}

static mlsd_status open_stages(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                               mlsd__augment *augment)
{
    for (int64_t i = 0;; i++) {
        const mlsd_spec *const child = mlsd__spec_slot_at(spec, "augment", i);
        if (child == NULL) return MLSD_OK;
        const mlsd__augmentation_ops *const ops = mlsd__spec_ops(child);
        if (ops->resample != NULL) continue;
        stage *const s = &augment->stages[augment->n_stages++];
        *s = (stage){.ops = ops, .spec = child, .place = (uint64_t)i};
        augment->mixes |= ops->mixes;
        if (ops->open != NULL) MLSD__TRY(ops->open(scope, child, train, &s->state));
    }
}

static int64_t count_stages(const mlsd_spec *spec)
{
    int64_t n = 0;
    for (int64_t i = 0;; i++) {
        const mlsd_spec *const child = mlsd__spec_slot_at(spec, "augment", i);
        if (child == NULL) return n;
        n += ((const mlsd__augmentation_ops *)mlsd__spec_ops(child))->resample == NULL;
    }
}

mlsd_status mlsd__augment_open(mlsd__scope *scope, const mlsd_spec *spec, uint64_t seed,
                               const mlsd__train *train, mlsd__augment **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_stages = count_stages(spec);
    *out = NULL;
    if (n_stages == 0) return MLSD_OK;
    mlsd__augment *const augment = mlsd__alloc(a, 1, sizeof *augment);
    if (augment == NULL) return MLSD_E_NOMEM;
    augment->seed = seed;
    augment->source.n = train->x->n_rows;
    augment->source.p = train->x->n_features;
    augment->source.y = train->y;
    augment->source.n_classes = train->task == MLSD_TASK_REGRESSION ? 0 : train->n_classes;
    augment->stages = mlsd__alloc(a, n_stages, sizeof *augment->stages);
    mlsd_status status = augment->stages == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = find_others(a, train, &augment->source);
    if (status == MLSD_OK) status = mlsd__resident_open(&augment->source.rows, scope, train->x);
    if (status == MLSD_OK)
        augment->source.direct =
            mlsd__frame_direct(augment->source.rows.frame, 0, &augment->source.ld);
    if (status == MLSD_OK) status = open_stages(scope, spec, train, augment);
    if (status != MLSD_OK) {
        mlsd__augment_close(a, augment);
        return status;
    }
    *out = augment;
    return MLSD_OK;
}

mlsd_status mlsd__augment_through(mlsd__scope *scope, const mlsd__augment *augment,
                                  const mlsd__frame *chained, mlsd__augment **out)
{
    *out = mlsd__alloc(scope->allocator, 1, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    (*out)->own = augment;
    (*out)->chained = chained;
    return MLSD_OK;
}

bool mlsd__augment_mixes(const mlsd__augment *augment)
{
    return augment->own != NULL ? mlsd__augment_mixes(augment->own) : augment->mixes;
}

/* A batch on its way. */
typedef struct batch {
    const mlsd__augment *augment;
    uint64_t epoch;
    const int64_t *rows;
    int64_t n, ld, k;
    double *x, *targets, *other;
} batch;

static void change_each(const batch *b, const stage *s)
{
    const mlsd__augment_source *const source = &b->augment->source;
    mlsd__augmented_row row = {.source = source,
                               .params = mlsd__spec_params(s->spec),
                               .state = s->state,
                               .p = source->p,
                               .k = b->k,
                               .other = b->other};
    for (int64_t i = 0; i < b->n; i++) {
        mlsd__stream_init(&row.stream, b->augment->seed, b->epoch, (uint64_t)b->rows[i], s->place,
                          MLSD__PURPOSE_AUGMENT);
        row.x = b->x + i * b->ld;
        row.targets = s->ops->mixes ? b->targets + i * b->k : NULL;
        s->ops->change(&row);
    }
}

static mlsd_status change_packed(const batch *b, const stage *s, mlsd__scope *scope)
{
    const int64_t p = b->augment->source.p;
    double *const packed = mlsd__alloc_raw(scope->allocator, b->n * p, sizeof *packed);
    if (packed == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < b->n && p > 0; i++)
        memcpy(packed + i * p, b->x + i * b->ld, (size_t)p * sizeof *packed);
    mlsd__augmented_rows rows = {.spec = s->spec,
                                 .seed = b->augment->seed + s->place,
                                 .epoch = b->epoch,
                                 .rows = b->rows,
                                 .x = packed,
                                 .n = b->n,
                                 .p = p};
    const mlsd_status status = s->ops->change_rows(scope, &rows);
    for (int64_t i = 0; status == MLSD_OK && i < b->n && p > 0; i++)
        memcpy(b->x + i * b->ld, packed + i * p, (size_t)p * sizeof *packed);
    mlsd__free(scope->allocator, packed);
    return status;
}

static mlsd_status run_stages(batch *b, mlsd__scope *scope)
{
    const mlsd__augment *const augment = b->augment;
    b->other = mlsd__alloc_raw(scope->allocator, augment->source.p, sizeof *b->other);
    if (b->other == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < augment->n_stages; i++) {
        const stage *const s = &augment->stages[i];
        if (s->ops->change != NULL)
            change_each(b, s);
        else
            status = change_packed(b, s, scope);
    }
    mlsd__free(scope->allocator, b->other);
    return status;
}

/* What a batch that goes through a chain needs: p_in doubles a row for the rows before it, p_out
 * behind it, and their numbers in the source. */
typedef struct chain_room {
    double *in, *out, *scratch;
    int64_t *numbers;
} chain_room;

static mlsd_status chain_room_open(const batch *b, const mlsd__frame *chained,
                                   const mlsd__allocator *a, chain_room *room)
{
    const int64_t p_in = b->augment->source.p, p_out = chained->n_features;
    int64_t n_cells;
    *room = (chain_room){0};
    MLSD__TRY(mlsd__mul_size(b->n, p_in + p_out, &n_cells));
    room->in = mlsd__alloc_raw(a, n_cells + mlsd__frame_scratch(chained, b->n), sizeof *room->in);
    room->numbers = mlsd__alloc_raw(a, b->n, sizeof *room->numbers);
    if (room->in == NULL || room->numbers == NULL) return MLSD_E_NOMEM;
    room->out = room->in + b->n * p_in;
    room->scratch = room->out + b->n * p_out;
    return MLSD_OK;
}

/* The rows as they were before the chain, changed, and sent through it. */
static mlsd_status run_through(const batch *b, const mlsd__frame *chained, mlsd__scope *scope)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__augment_source *const source = &b->augment->source;
    const int64_t p_out = chained->n_features;
    chain_room room;
    mlsd_status status = chain_room_open(b, chained, a, &room);
    if (status == MLSD_OK) {
        for (int64_t i = 0; i < b->n; i++) {
            const int64_t row = b->rows[i];
            mlsd__augment_source_row(source, row, room.in + i * source->p);
            room.numbers[i] = chained->rows != NULL ? chained->rows[row] : row;
        }
        batch before = *b;
        before.x = room.in;
        before.ld = source->p;
        status = run_stages(&before, scope);
    }
    if (status == MLSD_OK) {
        mlsd__frame_push(chained, room.numbers, room.in, b->n, room.out, room.scratch);
        for (int64_t i = 0; i < b->n && p_out > 0; i++)
            memcpy(b->x + i * b->ld, room.out + i * p_out, (size_t)p_out * sizeof *b->x);
    }
    mlsd__free(a, room.in);
    mlsd__free(a, room.numbers);
    return status;
}

mlsd_status mlsd__augment_batch(const mlsd__augment *augment, mlsd__scope *scope, uint64_t epoch,
                                const int64_t *rows, int64_t n, double *x, int64_t ld,
                                double *targets, int64_t k)
{
    batch b = {.augment = augment->own != NULL ? augment->own : augment,
               .epoch = epoch,
               .rows = rows,
               .n = n,
               .ld = ld,
               .k = k,
               .x = x,
               .targets = targets};
    if (targets == NULL && mlsd__augment_mixes(augment))
        return mlsd__fail(MLSD_E_INTERNAL, "an augmentation mixes targets, and got none");
    return augment->own != NULL ? run_through(&b, augment->chained, scope) : run_stages(&b, scope);
}
