/* path.h - what a kind brings so that many settings, or many folds, cost little more than one fit.
 *
 * A kind that has none of this is cross-validated by the plain loop (fit, predict, score), and
 * whatever stands here must give what that loop gives; a test of each kind compares them. Both
 * functions hand over predictions, not models: what is kept in the end is fitted as always.
 *
 * `run` serves settings that differ in some parameters only, on the training rows of one fold: all
 * penalties from one factorisation, all numbers of neighbors from one search. It also serves as the
 * last step of a pipeline, whose other steps are then fitted once a fold for all settings.
 *
 * `run_folds` serves all folds at once from one pass over the data: training moments are those of
 * all rows less those of the fold. */
#ifndef MLSD_MODEL_PATH_H
#define MLSD_MODEL_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "model/estimator.h"

/* Where predictions go, setting by setting, in any order, from any task of the caller's: `scope` is
 * that task's. What is borrowed lives until the function returns. Each (split, setting, part) is
 * either taken once or failed once. */
typedef struct mlsd__path_sink {
    /* Predictions for the rows of `part` (rows x width, packed). */
    mlsd_status (*take)(void *user, mlsd__scope *scope, int64_t split, int64_t setting,
                        int64_t part, const double *prediction);
    /* In place of them where they are not asked for (wants_squares_only): the sum of w (y - f)^2
     * over the rows of the part, for each target of `all` (1 + n_more_targets). */
    mlsd_status (*take_squares)(void *user, int64_t split, int64_t setting, int64_t part,
                                const double *squares);
    /* This setting cannot be fitted to the rows of this split, and mlsd_last_error says why (a
     * status about data, as fit() would give). Returns what the caller must return at once unless
     * MLSD_OK. */
    mlsd_status (*fail)(void *user, int64_t split, int64_t setting, mlsd_status status);
    void *user;
} mlsd__path_sink;

typedef struct mlsd__path_fold {
    const mlsd_spec *const *settings; /* n_settings, which share */
    int64_t n_settings;
    const mlsd__train *train; /* checked as for fit(); class weights are in its weights */
    const mlsd__frame *parts; /* n_parts: rows to predict, part 0 the test rows; other parts (such
                                 as the training rows) where their scores are asked for. They hold
                                 no infinity, and no NaN unless the kind takes_nan */
    int64_t n_parts;
    mlsd_output what; /* VALUE (numbers; or classes of kinds with gives_classes), PROBA or DECISION
                         as predict_block gives it */
    int64_t width;
    int64_t split; /* to be handed to the sink */
    const mlsd__path_sink *sink;
} mlsd__path_fold;

typedef struct mlsd__path_rows {
    const int64_t *train, *test; /* numbers of rows of all->x, as the splitter gave them */
    int64_t n_train, n_test;
} mlsd__path_rows;

typedef struct mlsd__path_folds {
    const mlsd_spec *const *settings;
    int64_t n_settings;
    const mlsd_spec *standardize; /* NULL, or the pipeline's step before: standardise in each fold
                                     as this spec of kind "standardize" says */
    const mlsd__train *all;       /* every row; looked at for NaN and infinity where it says so. A
                                     permutation test       gives the permuted targets as more targets */
    const mlsd__path_rows *splits;
    int64_t n_splits;
    bool is_partition; /* each row is tested once and trained on in all other splits */
    mlsd_output what;
    int64_t width;
    bool wants_squares_only;     /* sums of squared errors are all that is asked for */
    const mlsd__path_sink *sink; /* part 0, the test rows, only */
} mlsd__path_folds;

typedef struct mlsd__path_ops {
    /* What a result says was done, "one factorisation a fold for all penalties". */
    const char *run_plan, *folds_plan;
    /* May two settings be served together? Both are of the kind. */
    bool (*shares)(const mlsd_spec *a, const mlsd_spec *b);
    mlsd_status (*run)(mlsd__scope *scope, const mlsd__path_fold *fold); /* NULL: no such way */
    /* *out_served = false, and nothing taken or failed: not of this data, these splits or settings;
     * the plain ways are then gone. May be NULL; may be asked for a single setting. It may also
     * leave single splits or settings to the plain way, where a difference of moments would lose
     * digits: those it neither takes nor fails. */
    mlsd_status (*run_folds)(mlsd__scope *scope, const mlsd__path_folds *folds, bool *out_served);
} mlsd__path_ops;

#endif
