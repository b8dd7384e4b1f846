/* row_batches.c - see the header. */
#include "model/row_batches.h"

#include <string.h>

#include "base/fail.h"
#include "base/random.h"

/* More than this would push itself out of the first-level cache before it is used. */
enum { DOUBLES_A_LINE = 8, MOST_PREFETCHED = 1 << 12 };

mlsd_status mlsd__row_batches_open(mlsd__row_batches *b, const mlsd__allocator *a)
{
    const int64_t n_rows = b->frame->n_rows;
    if (b->size > n_rows) b->size = n_rows;
    int64_t n_x = 0;
    MLSD__TRY(mlsd__mul_size(b->size, b->frame->n_features, &n_x));
    n_x += mlsd__frame_scratch(b->frame, b->size);
    b->order = mlsd__alloc(a, n_rows, sizeof *b->order);
    b->storage = mlsd__alloc(a, b->size, sizeof *b->storage);
    b->x = mlsd__alloc(a, n_x, sizeof *b->x);
    b->y = mlsd__alloc(a, 2 * b->size, sizeof *b->y);
    if (b->order == NULL || b->storage == NULL || b->x == NULL || b->y == NULL) return MLSD_E_NOMEM;
    b->weight = b->y + b->size;
    return MLSD_OK;
}

void mlsd__row_batches_close(mlsd__row_batches *b, const mlsd__allocator *a)
{
    mlsd__free(a, b->order);
    mlsd__free(a, b->storage);
    mlsd__free(a, b->x);
    mlsd__free(a, b->y);
    *b = (mlsd__row_batches){0};
}

/* Fisher-Yates from the end down, as mlsd__stream_shuffle, that can be cancelled on the way. */
mlsd_status mlsd__row_batches_begin(mlsd__row_batches *b, mlsd__scope *scope, bool shuffles,
                                    int64_t seed, int64_t epoch)
{
    const int64_t n = b->frame->n_rows;
    for (int64_t i = 0; i < n; i++) b->order[i] = i;
    if (!shuffles) return MLSD_OK;
    mlsd__stream stream;
    mlsd__stream_init(&stream, (uint64_t)seed, (uint64_t)epoch, 0, 0, MLSD__PURPOSE_SHUFFLE);
    for (int64_t i = n - 1; i > 0; i--) {
        if ((i & 0xffff) == 0) MLSD__TRY(mlsd__checkpoint(scope));
        const int64_t j = (int64_t)mlsd__stream_below(&stream, (uint64_t)i + 1);
        const int64_t row = b->order[i];
        b->order[i] = b->order[j];
        b->order[j] = row;
    }
    return MLSD_OK;
}

/* Ask for the rows of the next batch while this one is worked on: they lie anywhere in memory. */
static void prefetch(const mlsd__row_batches *b, int64_t first, const double *x, int64_t ld)
{
    const int64_t end = first + b->size < b->frame->n_rows ? first + b->size : b->frame->n_rows;
    for (int64_t i = first; i < end; i++) {
        const double *const row = x + b->order[i] * ld;
        for (int64_t j = 0; j < b->frame->n_features; j += DOUBLES_A_LINE)
            __builtin_prefetch(row + j);
    }
}

/* How many rows the batch at place `first` has. */
static int64_t size_at(const mlsd__row_batches *b, int64_t first)
{
    const int64_t left = b->frame->n_rows - first;
    return left < b->size ? left : b->size;
}

static void gather_targets(mlsd__row_batches *b, const int64_t *order, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        b->y[i] = b->from_y[order[i]];
        b->weight[i] = (b->from_weight != NULL ? b->from_weight[order[i]] : 1.0) * b->weight_scale;
    }
}

/* Rows in memory are copied one below the other, others are read through the frame. */
int64_t mlsd__row_batches_gather(mlsd__row_batches *b, int64_t first)
{
    const int64_t p = b->frame->n_features, n = size_at(b, first);
    if (n <= 0) return 0;
    const int64_t *const order = b->order + first;
    int64_t ld = 0;
    const double *const x = mlsd__frame_direct(b->frame, 0, &ld);
    if (x != NULL) {
        for (int64_t i = 0; i < n; i++)
            memcpy(b->x + i * p, x + order[i] * ld, (size_t)p * sizeof *x);
        if (n * p <= MOST_PREFETCHED) prefetch(b, first + n, x, ld);
    } else {
        mlsd__frame batch;
        mlsd__frame_select(b->frame, order, n, b->storage, &batch);
        mlsd__frame_read(&batch, 0, n, b->x, b->x + n * p);
    }
    gather_targets(b, order, n);
    return n;
}

int64_t mlsd__row_batches_find(mlsd__row_batches *b, int64_t first, mlsd__rows_at *out)
{
    const int64_t p = b->frame->n_features;
    int64_t ld = 0;
    const double *const x = mlsd__frame_direct(b->frame, 0, &ld);
    if (x == NULL) {
        *out = (mlsd__rows_at){.x = b->x, .ld = p, .p = p};
        return mlsd__row_batches_gather(b, first);
    }
    const int64_t n = size_at(b, first);
    if (n <= 0) return 0;
    const int64_t *const order = b->order + first;
    *out = (mlsd__rows_at){
        .x = x, .ld = ld, .p = p, .order = order, .n_order = b->frame->n_rows - first};
    mlsd__row_ask(out, n);
    gather_targets(b, order, n);
    return n;
}
