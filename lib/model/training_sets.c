/* training_sets.c - see the header. */
#include "model/training_sets.h"

#include <math.h>

#include "base/fail.h"
#include "base/random.h"

static double sum_of(const double *weight, int64_t n)
{
    if (weight == NULL) return (double)n;
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) sum += weight[i];
    return sum;
}

static void put_set(mlsd__training_sets *s, const char *name, const mlsd__frame *frame,
                    const double *y, const double *weight)
{
    s->sets[s->n++] = (mlsd__training_set){.name = name,
                                           .frame = frame,
                                           .y = y,
                                           .weight = weight,
                                           .total_weight = sum_of(weight, frame->n_rows)};
}

/* Mark the rows held out, at random; at least one row of each class stays. */
static mlsd_status mark_rows(mlsd__scope *scope, const mlsd__hold_out *hold_out,
                             const mlsd__train *train, int64_t *order, unsigned char *is_held)
{
    const int64_t n = train->x->n_rows, n_groups = train->n_classes > 0 ? train->n_classes : 1;
    int64_t *const left = mlsd__alloc(scope->allocator, 2 * n_groups, sizeof *left);
    if (left == NULL) return MLSD_E_NOMEM;
    int64_t *const count = left + n_groups;
    for (int64_t i = 0; i < n; i++) {
        order[i] = i;
        count[train->n_classes > 0 ? (int64_t)train->y[i] : 0]++;
    }
    for (int64_t g = 0; g < n_groups; g++) {
        const int64_t wanted = (int64_t)floor(hold_out->fraction * (double)count[g] + 0.5);
        left[g] = wanted < count[g] ? wanted : count[g] - 1;
    }
    mlsd__stream stream;
    mlsd__stream_init(&stream, (uint64_t)hold_out->seed, 0, 0, 0, MLSD__PURPOSE_SPLIT);
    mlsd__stream_shuffle(&stream, order, n);
    for (int64_t i = 0; i < n; i++) {
        const int64_t g = train->n_classes > 0 ? (int64_t)train->y[order[i]] : 0;
        if (left[g] <= 0) continue;
        left[g]--;
        is_held[order[i]] = 1;
    }
    mlsd__free(scope->allocator, left);
    return MLSD_OK;
}

/* One of the two parts from row `at` on: rows of the frame, y and weights gathered. */
static void take_part(mlsd__training_sets *s, const mlsd__train *train,
                      const unsigned char *is_held, bool held, int64_t at, mlsd__frame *frame)
{
    const int64_t n_all = train->x->n_rows, k = 1 + train->n_more_targets;
    double *const y = s->values + k * at;
    double *const weight = train->weight != NULL ? s->values + k * n_all + at : NULL;
    int64_t n = 0;
    for (int64_t i = 0; i < n_all; i++) {
        if ((is_held[i] != 0) != held) continue;
        s->rows[at + n] = i;
        for (int64_t j = 0; j < k; j++) y[n * k + j] = train->y[i * k + j];
        if (weight != NULL) weight[n] = train->weight[i];
        n++;
    }
    mlsd__frame_select(train->x, s->rows + at, n, s->storage + at, frame);
    put_set(s, held ? "valid" : "train", frame, y, weight);
}

static mlsd_status take_parts(mlsd__training_sets *s, const mlsd__train *train,
                              const unsigned char *is_held)
{
    take_part(s, train, is_held, false, 0, &s->train_frame);
    take_part(s, train, is_held, true, s->train_frame.n_rows, &s->valid_frame);
    s->has_valid = true;
    if (s->valid_frame.n_rows > 0 && s->sets[0].total_weight > 0.0 && s->sets[1].total_weight > 0.0)
        return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "early_stopping holds %lld of %lld rows out, which is too few; "
                      "raise 'validation_fraction' or give a validation set",
                      (long long)s->valid_frame.n_rows, (long long)train->x->n_rows);
}

static mlsd_status hold_rows_out(mlsd__training_sets *s, mlsd__scope *scope,
                                 const mlsd__hold_out *hold_out, const mlsd__train *train)
{
    const mlsd__allocator *a = scope->allocator;
    const int64_t n = train->x->n_rows;
    unsigned char *const is_held = mlsd__alloc(a, n, 1);
    s->rows = mlsd__alloc(a, n, sizeof *s->rows);
    s->storage = mlsd__alloc(a, n, sizeof *s->storage);
    int64_t n_values;
    mlsd_status status = mlsd__mul_size(n, 2 + train->n_more_targets, &n_values);
    if (status == MLSD_OK) {
        s->values = mlsd__alloc(a, n_values, sizeof *s->values);
        if (is_held == NULL || s->rows == NULL || s->storage == NULL || s->values == NULL)
            status = MLSD_E_NOMEM;
    }
    if (status == MLSD_OK) status = mark_rows(scope, hold_out, train, s->rows, is_held);
    if (status == MLSD_OK) status = take_parts(s, train, is_held);
    mlsd__free(a, is_held);
    return status;
}

mlsd_status mlsd__training_sets_open(mlsd__training_sets *s, mlsd__scope *scope,
                                     const mlsd__train *train, const mlsd__hold_out *hold_out)
{
    *s = (mlsd__training_sets){0};
    const int64_t n_more = train->curve != NULL ? train->n_more_valid : 0;
    s->sets = mlsd__alloc(scope->allocator, 2 + n_more, sizeof *s->sets);
    if (s->sets == NULL) return MLSD_E_NOMEM;
    const bool is_given = train->x_valid != NULL;
    if (hold_out->asked && !is_given) {
        MLSD__TRY(hold_rows_out(s, scope, hold_out, train));
    } else {
        put_set(s, "train", train->x, train->y, train->weight);
        s->has_valid = is_given && train->y_valid != NULL;
        if (s->has_valid) put_set(s, "valid", train->x_valid, train->y_valid, train->weight_valid);
    }
    for (int64_t i = 0; i < n_more; i++) {
        const mlsd__more_set *const more = &train->more_valid[i];
        if (more->y != NULL) put_set(s, more->name, more->x, more->y, more->weight);
    }
    return MLSD_OK;
}

void mlsd__training_sets_close(mlsd__training_sets *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->sets);
    mlsd__free(a, s->rows);
    mlsd__free(a, s->storage);
    mlsd__free(a, s->values);
    *s = (mlsd__training_sets){0};
}
