/* cv_interval.h - kind "cv_interval": what its methods are given and what they bring. */
#ifndef MLSD_VALIDATE_CV_INTERVAL_H
#define MLSD_VALIDATE_CV_INTERVAL_H

#include "validate/fold_tasks.h"
#include "validate/row_loss.h"
#include "validate/validation.h"

typedef struct mlsd__cv_interval_params {
    int64_t method;
    char *metric;
    int64_t n_repeats, n_splits;
    double level;
    int64_t seed;
} mlsd__cv_interval_params;

typedef struct mlsd__interval_job {
    const mlsd__validation_input *in;
    const mlsd__cv_interval_params *params;
    const char *metric_name;
    const mlsd__metric_ops *metric;
    const mlsd__models *models;
    int64_t n_repeats;
    const mlsd_folds *folds; /* NULL for the bootstrap where the caller gave none */
} mlsd__interval_job;

enum { MLSD__MOST_INTERVAL_NUMBERS = 5, MLSD__PLAN_CAPACITY = 240 };

/* What a method found for one model, on the metric's own scale; value NaN where every fit failed.
 */
typedef struct mlsd__cv_interval {
    mlsd__estimate estimate;
    struct {
        const char *name;
        double value;
    } numbers[MLSD__MOST_INTERVAL_NUMBERS]; /* more of the method */
    int64_t n_numbers;
    int64_t n_done, n_failed;           /* fits, or repeats of nested cross-validation */
    int64_t chosen;                     /* bbc: the model that is best on all rows; -1 otherwise */
    char plan[MLSD__PLAN_CAPACITY];     /* what was done for the fits, in words */
    char message[MLSD__ERROR_CAPACITY]; /* of the first that failed, or empty */
    mlsd_table *repeats;                /* nested: one row a repeat; NULL otherwise */
} mlsd__cv_interval;

void mlsd__cv_interval_number(mlsd__cv_interval *out, const char *name, double value);
void mlsd__cv_interval_note(mlsd__cv_interval *out, const char *message);
/* Keep what the first runs say of themselves. */
mlsd_status mlsd__cv_interval_plan(mlsd__cv_interval *out, const mlsd__fold_output *runs);

/* Fit models first .. first + n - 1 on every split and keep the predictions that the metric needs.
 */
mlsd_status mlsd__interval_run(mlsd__scope *scope, const mlsd__interval_job *job,
                               const mlsd_folds *folds, int64_t first, int64_t n,
                               mlsd__fold_output *runs);

/* The methods, for one model; best_of_many is for all of them. */
mlsd_status mlsd__cv_interval_corrected(mlsd__scope *scope, const mlsd__interval_job *job,
                                        int64_t model, mlsd__cv_interval *out);
mlsd_status mlsd__cv_interval_wald(mlsd__scope *scope, const mlsd__interval_job *job, int64_t model,
                                   mlsd__cv_interval *out);
mlsd_status mlsd__cv_interval_wald_within(mlsd__scope *scope, const mlsd__interval_job *job,
                                          int64_t model, mlsd__cv_interval *out);
mlsd_status mlsd__cv_interval_nested(mlsd__scope *scope, const mlsd__interval_job *job,
                                     int64_t model, mlsd__cv_interval *out);
mlsd_status mlsd__cv_interval_632(mlsd__scope *scope, const mlsd__interval_job *job, int64_t model,
                                  mlsd__cv_interval *out);
mlsd_status mlsd__cv_interval_632_plus(mlsd__scope *scope, const mlsd__interval_job *job,
                                       int64_t model, mlsd__cv_interval *out);
mlsd_status mlsd__cv_interval_bbc(mlsd__scope *scope, const mlsd__interval_job *job, int64_t model,
                                  mlsd__cv_interval *out);

#endif
