/* augment_rows.h - augmentations of a small training set, asked for rows directly. */
#ifndef MLSD_TESTS_AUGMENT_ROWS_H
#define MLSD_TESTS_AUGMENT_ROWS_H

#include "linear_data.h"
#include "model/augment/augmented.h"

typedef struct augment_rows {
    mlsd__scope scope;
    mlsd_spec *spec;
    mlsd__feature *features;
    mlsd__frame frame;
    mlsd__train train;
    mlsd__augment *augment;
} augment_rows;

/* y are class numbers, or numbers where n_classes is 0. `list` is the JSON of slot "augment". */
static inline void augment_rows_prepare(augment_rows *a, const char *list, const double *x,
                                        const double *y, int64_t n, int64_t p, int64_t n_classes)
{
    char json[800];
    snprintf(json, sizeof json,
             "{\"kind\":\"augmented\",\"estimator\":{\"kind\":\"sgd_regressor\"},\"augment\":[%s]}",
             list);
    *a = (augment_rows){.spec = spec_from(json)};
    assert_int_equal(mlsd__scope_open(&a->scope, NULL), MLSD_OK);
    a->features = calloc((size_t)p + 1, sizeof *a->features);
    for (int64_t j = 0; j < p; j++)
        a->features[j] = (mlsd__feature){.name = "column", .type = MLSD__NUMERIC};
    a->frame = (mlsd__frame){.n_rows = n,
                             .n_features = p,
                             .features = a->features,
                             .matrix = {x, n, p, p, 1, MLSD_F64, 0},
                             .n_source = p,
                             .max_width = p};
    a->train = (mlsd__train){.x = &a->frame,
                             .y = y,
                             .task = n_classes == 0  ? MLSD_TASK_REGRESSION
                                     : n_classes > 2 ? MLSD_TASK_MULTICLASS
                                                     : MLSD_TASK_BINARY,
                             .n_classes = n_classes,
                             .x_is_finite = true};
}

static inline void augment_rows_open(augment_rows *a, const char *list, uint64_t seed,
                                     const double *x, const double *y, int64_t n, int64_t p,
                                     int64_t n_classes)
{
    augment_rows_prepare(a, list, x, y, n, p, n_classes);
    if (mlsd__augment_open(&a->scope, a->spec, seed, &a->train, &a->augment) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
}

static inline void augment_rows_close(augment_rows *a)
{
    mlsd__augment_close(a->scope.allocator, a->augment);
    mlsd__scope_close(&a->scope);
    mlsd_spec_free(a->spec);
    free(a->features);
}

/* All rows of an epoch in one batch into out (n x p), targets (n x k) where they are not NULL. */
static inline void augment_all(augment_rows *a, uint64_t epoch, double *out, double *targets,
                               int64_t k)
{
    const int64_t n = a->frame.n_rows, p = a->frame.n_features;
    int64_t *const rows = malloc((size_t)n * sizeof *rows);
    memcpy(out, a->frame.matrix.data, (size_t)(n * p) * sizeof *out);
    for (int64_t i = 0; i < n; i++) {
        rows[i] = i;
        for (int64_t c = 0; targets != NULL && c < k; c++)
            targets[i * k + c] = k > 1 ? a->train.y[i] == (double)c : a->train.y[i];
    }
    if (mlsd__augment_batch(a->augment, &a->scope, epoch, rows, n, out, p, targets, k) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    free(rows);
}

#endif
