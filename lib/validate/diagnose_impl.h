/* diagnose_impl.h - what the parts of a diagnosis share: its parameters, and the curves as arrays.
 */
#ifndef MLSD_VALIDATE_DIAGNOSE_IMPL_H
#define MLSD_VALIDATE_DIAGNOSE_IMPL_H

#include "mlsd/curve.h"
#include "base/kindtable.h"
#include "base/scope.h"
#include "curve/diagnosis.h"
#include "validate/result_impl.h"

/* Parameters of kind "diagnosis". */
typedef struct mlsd__diagnosis_params {
    char *train, *valid;
    double base, target, floor; /* NaN: not known */
    int64_t n_train, n_valid;   /* null: not known */
    mlsd__f64_list losses, probe_losses;
    int64_t n_resamples, seed;
} mlsd__diagnosis_params;

/* Both series of all folds at the steps that all have. */
typedef struct mlsd__fit_series {
    int64_t n_folds, n_steps;
    double *step, *train, *valid; /* n_steps; n_folds x n_steps */
    int64_t n_longest;            /* steps of the longest validation series */
    bool are_means;               /* some training losses are means of several steps */
    const char *missing;          /* the series that is not there, or NULL */
} mlsd__fit_series;

/* MLSD_E_DATA when a fold lacks one of the two. */
mlsd_status mlsd__fit_series_read(mlsd__scope *scope, const mlsd_curve *curve,
                                  const mlsd__diagnosis_params *p, mlsd__fit_series *out);
void mlsd__fit_series_free(const mlsd__allocator *a, mlsd__fit_series *s);

/* The model's losses against those of a flexible probe on the same folds. */
typedef struct mlsd__probe_test {
    bool is_done, has_decided;
    double difference, low, high, p_value; /* model minus probe; one-sided: the probe is better */
    double p_better;                       /* chance that it is, by what matters */
} mlsd__probe_test;

/* What all is told from. `smooth` as in diagnosis.h. */
typedef struct mlsd__fit_findings {
    const mlsd__diagnosis_params *params;
    const mlsd__fit_series *series;
    mlsd__fit_diagnosis is;
    mlsd__probe_test probe;
    const double *smooth;
} mlsd__fit_findings;

/* mlsd_curve_diagnose within a call. */
mlsd_status mlsd__curve_diagnose(mlsd__scope *scope, const mlsd_curve *curve,
                                 const mlsd__diagnosis_params *p, mlsd_result **out);

mlsd_status mlsd__diagnosis_report(const mlsd__fit_findings *f, mlsd_result *r);

#endif
