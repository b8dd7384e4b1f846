/* linear_scores.h - the fitted state that all linear classifiers and SGD share: scores x'w + b, and
 * what turns them into numbers or probabilities. */
#ifndef MLSD_MODEL_LINEAR_SCORES_H
#define MLSD_MODEL_LINEAR_SCORES_H

#include <stdint.h>

#include "model/estimator.h"

/* How scores become what is asked for. Values stand in model files: never renumbered. */
typedef int32_t mlsd__link;
enum {
    MLSD__LINK_VALUE = 1,    /* regression: the score itself */
    MLSD__LINK_LOGISTIC = 2, /* two classes: one score; more: softmax over n_classes scores */
    MLSD__LINK_HUBER = 3, /* (clip(score, -1, 1) + 1) / 2, made to sum to one over more classes */
    MLSD__LINK_NONE = 4,  /* scores only: no probabilities */
    MLSD__LINK_LOG = 5    /* regression: exp of the score */
};

enum { MLSD__SCORES_EXTRAS = 12, MLSD__SCORES_NAME = 32 };

/* A further fitted number or array by name. */
typedef struct mlsd__fitted_array {
    char name[MLSD__SCORES_NAME];
    int64_t rows, cols;
    double *data;
} mlsd__fitted_array;

typedef struct mlsd__linear_scores {
    mlsd__allocator allocator;
    mlsd__link link;
    int64_t n_features, n_scores, n_classes;
    double *coef;      /* n_scores x n_features */
    double *intercept; /* n_scores */
    int64_t n_extras;
    mlsd__fitted_array extras[MLSD__SCORES_EXTRAS];
} mlsd__linear_scores;

/* Zero scores for that many features and classes (0: regression). */
mlsd_status mlsd__linear_scores_new(const mlsd__allocator *a, mlsd__link link, int64_t n_features,
                                    int64_t n_classes, mlsd__linear_scores **out);
/* Add a number, or an array (copied). */
mlsd_status mlsd__linear_scores_number(mlsd__linear_scores *s, const char *name, double value);
mlsd_status mlsd__linear_scores_array(mlsd__linear_scores *s, const char *name, const double *data,
                                      int64_t rows, int64_t cols);

/* Probabilities (n x n_classes) of n rows of scores. */
void mlsd__linear_scores_proba(const mlsd__linear_scores *s, const double *scores, int64_t n,
                               double *out);

/* The functions of mlsd__estimator_ops. */
void mlsd__linear_scores_predict(const void *state, const double *x, int64_t n, int64_t ld,
                                 mlsd_output what, double *out, double *scratch);
int64_t mlsd__linear_scores_scratch(const void *state);
const char *mlsd__linear_scores_attribute(const void *state, int64_t i, const double **data,
                                          int64_t *rows, int64_t *cols);
mlsd_status mlsd__linear_scores_save(const void *state, mlsd__writer *w);
mlsd_status mlsd__linear_scores_load(mlsd__reader *r, const mlsd_spec *spec,
                                     const mlsd__feature *features, int64_t n_features,
                                     int64_t n_classes, void **out_state);
void mlsd__linear_scores_free(const mlsd__allocator *a, void *state);

#endif
