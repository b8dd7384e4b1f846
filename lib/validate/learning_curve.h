/* learning_curve.h - kind "learning_curve": its parameters, and the scores that were found on the
 * way to a result. */
#ifndef MLSD_VALIDATE_LEARNING_CURVE_H
#define MLSD_VALIDATE_LEARNING_CURVE_H

#include "base/text.h"
#include "validate/validation.h"

typedef struct mlsd__learning_curve_params {
    mlsd__f64_list train_sizes;
    int64_t shuffle;
    mlsd__str_list metrics;
    double target, level;
    int64_t n_draws, seed;
} mlsd__learning_curve_params;

/* Training rows of a split in the order in which they are taken. */
typedef struct mlsd__ordered_rows {
    int64_t *train, *test;
    int64_t n_train, n_test;
} mlsd__ordered_rows;

typedef struct mlsd__curve_job {
    const mlsd__validation_input *in;
    const mlsd__learning_curve_params *p;
    const mlsd__models *models;
    const mlsd__metrics *metrics;
    int64_t n_splits, n_sizes, n_most; /* n_most: training rows of the first split */
    int64_t *sizes;
    mlsd__ordered_rows *splits;
    bool takes_latest;
    mlsd__text plan; /* what was done, each plan once */
    /* By model, metric, size and split; test_train by size. */
    double *scores, *train_scores, *test_train;
    /* By model, size and split. */
    mlsd_status *statuses;
    char **messages;
} mlsd__curve_job;

/* Where the scores of a size begin, n_splits of them. */
static inline int64_t mlsd__curve_place(const mlsd__curve_job *j, int64_t model, int64_t metric,
                                        int64_t size)
{
    return ((model * j->metrics->n + metric) * j->n_sizes + size) * j->n_splits;
}

/* Of a fit. */
static inline int64_t mlsd__curve_run_place(const mlsd__curve_job *j, int64_t model, int64_t size,
                                            int64_t split)
{
    return (model * j->n_sizes + size) * j->n_splits + split;
}

/* How many rows a split trains on at a size. */
static inline int64_t mlsd__curve_n_train(const mlsd__curve_job *j, int64_t split, int64_t size)
{
    const int64_t n = j->splits[split].n_train;
    return j->sizes[size] < n ? j->sizes[size] : n;
}

/* The scores as a result, with what they say about more rows. */
mlsd_status mlsd__learning_curve_report(mlsd__scope *scope, const mlsd__curve_job *j,
                                        mlsd_result **out);

#endif
