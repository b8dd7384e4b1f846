/* calibrated_classifier.h - the fitted state of a calibrated classifier: members, each a fitted
 * estimator with the curves from its scores to probabilities. calibrated_classifier.c fits,
 * calibrated_state.c predicts, tells, saves and loads. */
#ifndef MLSD_MODEL_CALIBRATED_CLASSIFIER_H
#define MLSD_MODEL_CALIBRATED_CLASSIFIER_H

#include "model/calibration/isotonic.h"
#include "model/estimator.h"

enum { MLSD__CALIBRATE_SIGMOID, MLSD__CALIBRATE_ISOTONIC, MLSD__CALIBRATE_TEMPERATURE };

typedef struct mlsd__calibrated_params {
    int64_t method, n_splits, ensemble;
} mlsd__calibrated_params;

/* Curves are numbered member * n_curves + curve; the curve of two classes is the second class's. */
typedef struct mlsd__calibrated {
    mlsd__allocator allocator;
    const mlsd__estimator_ops *child; /* the estimator's table of functions */
    int64_t method;
    int64_t p, k; /* columns, classes */
    int64_t n_members, n_curves;
    int64_t n_scores;        /* that a member gives for a row */
    bool uses_proba;         /* they are probabilities, for want of scores */
    void **members;          /* n_members states */
    mlsd__feature *features; /* p, for messages */
    double *numbers;         /* one block: */
    double *present;         /* k: 1 where the class has rows */
    double *slope, *offset;  /* n_members x n_curves */
    double *temperature;     /* n_members */
    double *converged;       /* 1 */
    int64_t n_numbers;
    mlsd__isotonic *isotonic; /* n_members x n_curves, isotonic only */
    double *points, *starts;  /* as told: (x, y) of all curves, and where each starts */
    int64_t n_points;
} mlsd__calibrated;

/* A state without members' states and curves. ops of the child's final step say what it gives. */
mlsd_status mlsd__calibrated_new(const mlsd__allocator *a, const mlsd_spec *spec,
                                 const mlsd__feature *features, int64_t p, int64_t k,
                                 mlsd__calibrated **out);
void mlsd__calibrated_free(const mlsd__allocator *a, void *state);
/* Lay out the points of isotonic curves for those who ask. */
mlsd_status mlsd__calibrated_finish(mlsd__calibrated *s);

/* What members are asked for. */
mlsd_output mlsd__calibrated_asks(const mlsd__calibrated *s);

/* Logits (n x max(k, 2)) of n rows of scores, for the temperature. */
void mlsd__calibrated_logits(const mlsd__calibrated *s, const double *scores, int64_t n,
                             double *out);

/* Members of the ops table. */
mlsd_status mlsd__calibrated_check_block(const void *state, const double *x, int64_t n, int64_t ld,
                                         int64_t first_row, bool has_nan, double *scratch);
mlsd_status mlsd__calibrated_predict(mlsd__scope *scope, const void *state, const double *x,
                                     int64_t n, int64_t ld, mlsd_output what, double *out,
                                     double *scratch);
int64_t mlsd__calibrated_scratch(const void *state);
int64_t mlsd__calibrated_block_rows(const void *state);
bool mlsd__calibrated_by_rows(const void *state);
mlsd_status mlsd__calibrated_predict_rows(mlsd__scope *scope, const void *state, const double *x,
                                          int64_t n, int64_t ld, int64_t first_row,
                                          mlsd_output what, double *out);
const char *mlsd__calibrated_attribute(const void *state, int64_t i, const double **data,
                                       int64_t *rows, int64_t *cols);
mlsd_status mlsd__calibrated_save(const void *state, mlsd__writer *w);
mlsd_status mlsd__calibrated_load(mlsd__reader *r, const mlsd_spec *spec,
                                  const mlsd__feature *features, int64_t n_features,
                                  int64_t n_classes, void **out_state);

#endif
