/* robustness_impl.h - a model asked again about rows that were changed, between the file that
 * changes them and the one that tells what came of it. */
#ifndef MLSD_SLICE_ROBUSTNESS_IMPL_H
#define MLSD_SLICE_ROBUSTNESS_IMPL_H

#include "mlsd/robustness.h"
#include "validate/result_impl.h"
#include "validate/row_loss.h"

typedef struct mlsd__robustness_params {
    char *metric;
    mlsd__f64_list noise, missing_rate, label_noise;
    int64_t seed, n_repeats, n_rows, min_support;
    double level;
} mlsd__robustness_params;

typedef int32_t mlsd__shake_how;
enum {
    MLSD__SHAKE_PERMUTED,
    MLSD__SHAKE_NOISE,
    MLSD__SHAKE_MISSING,
    MLSD__SHAKE_BELOW,
    MLSD__SHAKE_ABOVE,
    MLSD__SHAKE_UNSEEN,
    MLSD__SHAKE_SWAPPED,
    MLSD__SHAKE_SOME_MISSING /* of all columns */
};

/* One change of the rows, and what the model made of it. */
typedef struct mlsd__shake {
    int64_t feature; /* -1: all */
    mlsd__shake_how how;
    double amount; /* standard deviations, the value that was put, or a rate; NaN for none */
    int64_t n_draws;
    double score, difference, low, high, p_value, q_value;
    double total; /* of the draws' scores, where the metric is no mean over rows */
    double shift; /* mean absolute change of the prediction, of numbers */
    int64_t n_changed, n_asked;
    bool is_refused;
    mlsd__text message; /* owned */
} mlsd__shake;

typedef struct mlsd__wrong_labels {
    double rate, score, sd; /* mean and standard deviation over draws */
} mlsd__wrong_labels;

typedef struct mlsd__robustness {
    const mlsd__robustness_params *p;
    const mlsd_model *model;
    const mlsd__metric_ops *metric;
    const char *names[2]; /* the metric, and accuracy where there are classes */
    int64_t n_names;
    int64_t n, n_features;
    int64_t *row;        /* its number in the data */
    double *clean_x, *x; /* n x n_features; the one that is changed */
    double *y, *weight;  /* weight NULL: ones */
    mlsd__frame frame;   /* of x */
    mlsd__scoring clean;
    mlsd__estimate clean_score;
    double support;     /* rows that the metric counts */
    double clean_value; /* where the metric is no mean over rows: the score, and in the place of
                           losses n_left scores without some of the rows */
    int64_t n_left;
    double *clean_loss, *loss, *influence;
    int64_t *order, *edge; /* edge: how often the least noise turned a row's class */
    int64_t n_edge;        /* out of so many times */
    double least_noise;
    mlsd__shake *shakes; /* those of the features, then those of all */
    int64_t n_shakes;
    mlsd__wrong_labels *wrong;
} mlsd__robustness;

/* Below this corrected p a change of the score is called one. */
bool mlsd__shake_is_finding(const mlsd__robustness *r, const mlsd__shake *s);
/* Does it make the score worse? */
bool mlsd__shake_is_worse(const mlsd__robustness *r, const mlsd__shake *s);
const char *mlsd__shake_status(const mlsd__robustness *r, const mlsd__shake *s);

/* robustness_left.c: the score and, with each row or each of some groups of rows left out, out_n
 * scores (no more than rows). */
mlsd_status mlsd__robustness_leave_out(mlsd__scope *scope, const mlsd__robustness *r,
                                       const mlsd__scoring *of, double *out_value, double *out,
                                       int64_t *out_n);
/* Standard error of the difference of two scores from n of each, the same rows left out of both:
 * Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 11. */
void mlsd__robustness_jackknife(const double *before, const double *after, int64_t n,
                                double *out_se, double *out_df);

/* robustness_report.c: numbers, tables and verdict. */
mlsd_status mlsd__robustness_report(mlsd__scope *scope, const mlsd__robustness *r,
                                    mlsd_result *out);

#endif
