/* augmentation.h - what a kind of family "augmentation" must bring: one table of functions. It
 * changes a row at a time (jitter, mixup, flips), or many (a callback), or the training set as a
 * whole once before the fit (resamplers). */
#ifndef MLSD_MODEL_AUGMENTATION_H
#define MLSD_MODEL_AUGMENTATION_H

#include "base/random.h"
#include "model/augment/augment.h"
#include "model/linear/design.h"

/* The training rows as they are, for those that take values from other rows. */
typedef struct mlsd__augment_source {
    mlsd__resident rows;
    const double *direct; /* where the rows lie in memory (row stride ld), or NULL */
    int64_t n, p, ld;
    const double *y;
    int64_t n_classes; /* 0: y are numbers */
    int64_t *others;   /* rows that values may be taken from, n_others: those of weight above 0; */
    int64_t n_others;  /* NULL: all of the n */
} mlsd__augment_source;

/* The number of any row that values may be taken from. */
int64_t mlsd__augment_draw_row(const mlsd__augment_source *s, mlsd__stream *stream);

/* Row `row` of the source into out (p numbers). */
void mlsd__augment_source_row(const mlsd__augment_source *s, int64_t row, double *out);
/* One value of it; other is p doubles to work in. */
double mlsd__augment_source_value(const mlsd__augment_source *s, int64_t row, int64_t column,
                                  double *other);
/* targets := share * targets + (1 - share) * those of that row. */
void mlsd__augment_mix_targets(const mlsd__augment_source *s, int64_t row, double share,
                               double *targets, int64_t k);

/* A row on its way. */
typedef struct mlsd__augmented_row {
    const mlsd__augment_source *source;
    const void *params; /* of the spec */
    const void *state;  /* of open */
    mlsd__stream stream;
    double *x;       /* p numbers, to be changed */
    double *targets; /* k, or NULL where the kind does not mix */
    int64_t p, k;
    double *other; /* p doubles to work in */
} mlsd__augmented_row;

/* Many rows on their way, packed: for callbacks. */
typedef struct mlsd__augmented_rows {
    const mlsd_spec *spec;
    uint64_t seed, epoch;
    const int64_t *rows;
    double *x;
    int64_t n, p;
} mlsd__augmented_rows;

/* The training set that a resampler makes: rows of the old one (they may be repeated, or missing),
 * then new ones. All the caller's by mlsd__free. */
typedef struct mlsd__resampled {
    int64_t *rows;
    int64_t n_rows;
    double *x, *y, *weight; /* n_new x p, n_new, n_new (NULL without weights) */
    int64_t n_new;
} mlsd__resampled;

typedef struct mlsd__augmentation_ops {
    bool mixes;          /* targets as well as rows */
    bool takes_category; /* leaves text columns alone or knows what to do; otherwise MLSD_E_DATA */

    /* Do parameters, columns and task suit it? NULL: always. */
    mlsd_status (*check)(const mlsd_spec *spec, const mlsd__train *train);

    /* What it must know of the training rows, for mlsd__free; NULL: nothing. */
    mlsd_status (*open)(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                        void **out_state);
    /* One of these three. */
    void (*change)(mlsd__augmented_row *row);
    mlsd_status (*change_rows)(mlsd__scope *scope, mlsd__augmented_rows *rows);
    mlsd_status (*resample)(mlsd__scope *scope, const mlsd_spec *spec, uint64_t seed,
                            const mlsd__train *train, mlsd__resampled *out);
} mlsd__augmentation_ops;

#endif
