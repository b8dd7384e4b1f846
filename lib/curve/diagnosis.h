/* diagnosis.h - what loss curves say about a fit: underfit, overfit, optimal, improving, unstable,
 * diverged, or unknown with the reason. Works on plain arrays; losses are smaller-is-better and not
 * below 0. Which numbers decide stands in diagnosis.c, what they are measured by in
 * diagnosis_measure.c. */
#ifndef MLSD_CURVE_DIAGNOSIS_H
#define MLSD_CURVE_DIAGNOSIS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

typedef enum mlsd__fit_verdict {
    MLSD__FIT_UNKNOWN,
    MLSD__FIT_UNDERFIT,
    MLSD__FIT_OVERFIT,
    MLSD__FIT_OPTIMAL,
    MLSD__FIT_IMPROVING,
    MLSD__FIT_UNSTABLE,
    MLSD__FIT_DIVERGED,
    MLSD__N_FIT_VERDICTS
} mlsd__fit_verdict;

/* What kind of overfit or unstable it is; why it is unknown. */
typedef enum mlsd__fit_kind {
    MLSD__FIT_PLAIN,
    MLSD__FIT_RISE,      /* overfit: the validation loss rose again */
    MLSD__FIT_GAP,       /* overfit: it did not, but the training loss is far below it */
    MLSD__FIT_JITTER,    /* unstable: losses jump from step to step */
    MLSD__FIT_BOTH_RISE, /* unstable: training and validation loss rose again together */
    MLSD__FIT_FEW_STEPS, /* unknown from here on */
    MLSD__FIT_CONSTANT,
    MLSD__FIT_NEGATIVE,
    MLSD__N_FIT_KINDS
} mlsd__fit_kind;

enum {
    MLSD__FLAG_DOUBLE_DESCENT = 1,
    MLSD__FLAG_LEAK = 2,
    MLSD__FLAG_VALIDATION_EASIER = 4,
    MLSD__FLAG_FEW_VALIDATION_ROWS = 8,
    MLSD__FLAG_PLATEAU = 16
};

/* Fewer finite steps are not judged. */
enum { MLSD__FIT_LEAST_STEPS = 8 };

typedef struct mlsd__fit_curves {
    const double *train, *valid; /* n_folds x n_steps; NaN and infinities where training broke */
    int64_t n_folds, n_steps;
    double base;             /* validation loss of the constant predictor; NaN: the first loss */
    double target;           /* the loss that is aimed at; NaN: none */
    double floor;            /* the loss of perfect predictions, 0 for most */
    double n_train, n_valid; /* rows; NaN: not known */
} mlsd__fit_curves;

/* Numbers in the unit of the losses; steps are positions in the arrays. NaN and -1 where there is
 * none. */
typedef struct mlsd__fit_diagnosis {
    mlsd__fit_verdict verdict;
    mlsd__fit_kind kind;
    double confidence;
    double shares[MLSD__N_FIT_VERDICTS]; /* of the resamples */
    int64_t n_finite, broken;            /* finite steps; the first that is not, or -1 */
    int64_t best_step, plateau_step;
    double best_value, last_value, train_last; /* of the smoothed mean curves */
    double base;                               /* what was measured against */
    double rise, rise_se;                      /* validation: last over best */
    double gap;                                /* validation over training, where largest */
    double slope, slope_se, expected_gain;     /* over the last quarter; of as many steps more */
    int64_t slope_steps;
    double noise_train, noise_valid, jitter; /* of single folds; jitter as a part of the level */
    double fold_se;                          /* of the validation loss at the best step */
    int32_t flags;
} mlsd__fit_diagnosis;

/* `smooth`, where not NULL, has room for 4 x n_steps: mean and smoothed training loss, mean and
 * smoothed validation loss (NaN where a fold is not finite). */
mlsd_status mlsd__diagnose_fit(mlsd__scope *scope, const mlsd__fit_curves *curves,
                               int64_t n_resamples, uint64_t seed, double *smooth,
                               mlsd__fit_diagnosis *out);

/* "underfit", ...; "rise", "gap", ... ("" for the plain one). Static. */
const char *mlsd__fit_verdict_name(mlsd__fit_verdict verdict);
const char *mlsd__fit_kind_name(mlsd__fit_kind kind);

#endif
