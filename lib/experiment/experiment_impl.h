/* experiment_impl.h - what an experiment holds while it runs, and its steps in their order. */
#ifndef MLSD_EXPERIMENT_EXPERIMENT_IMPL_H
#define MLSD_EXPERIMENT_EXPERIMENT_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/experiment.h"
#include "base/kindtable.h"
#include "split/splitter.h"
#include "validate/leaderboard.h"
#include "validate/result_rows.h"

typedef struct mlsd__experiment_params {
    char *target;
    int64_t task;
    mlsd__str_list slices;
    mlsd__f64_list split;
    int64_t n_splits, seed, quick;
    char *metric;
    mlsd__str_list drop;
    int64_t max_categories, min_support;
    double level;
    int64_t audit;
    char *group, *time;
    int64_t choose;
    double tolerance, rope, max_latency_us, max_bytes; /* NaN: null */
} mlsd__experiment_params;

/* Positions of the choices of 'task' are the values of mlsd_task: auto is 0. */

/* What is known about a column of the table and what becomes of it. */
typedef struct mlsd__finding {
    bool is_target, is_slice, is_used;
    const char *split_role; /* "group" or "time": what the split goes by; NULL for neither */
    int64_t n_missing, n_unique;
    char reason[160]; /* why it is not used, or what to know about it; "" for nothing */
} mlsd__finding;

/* The audit of the folds in the result; that of the parts stands behind MLSD__AUDIT_PREFIX. */
#define MLSD__FOLDS_AUDIT_PREFIX "folds_audit."

enum { MLSD__TRAIN = 0, MLSD__VALID = 1, MLSD__TEST = 2, MLSD__N_PARTS = 3 };

typedef struct mlsd__experiment {
    const mlsd_context *context;
    mlsd__scope *scope;
    const mlsd_table *input;
    mlsd_spec *spec; /* complete */
    const mlsd__experiment_params *params;
    mlsd_task task;
    const mlsd__metric_ops *metric;
    int64_t target; /* its column */

    mlsd__finding *findings; /* one a column of the table */
    mlsd_table *table;       /* the rows that count */
    mlsd_dataset *data;
    mlsd_folds *partition; /* of data into training, validation and test */
    mlsd_dataset *parts[MLSD__N_PARTS];

    const mlsd_spec **models; /* borrowed from spec */
    const char **names;
    int64_t n_models, chosen, watched; /* watched: the model of the curve, -1 for none */
    mlsd_result *board;
    mlsd__fold_output runs;

    mlsd_model *baseline; /* NULL where the first model is the chosen one */
    mlsd_model *final;    /* until the result takes it over */
    bool fitted_on_valid; /* final and baseline saw the validation part as well */
    mlsd__estimate test_score, baseline_score;
    int64_t test_looks; /* the number of this look at the test part */

    mlsd__rows notes; /* remarks for people, a row each */
    mlsd_result *result;
} mlsd__experiment;

/* ladder.c: the models from simple to strong, each with its preprocessing, as children of `spec`.
 */
mlsd_status mlsd__experiment_add_ladder(mlsd__scope *scope, mlsd_spec *spec,
                                        const mlsd_table *table, int64_t target, mlsd_task task);

/* complete.c: fill in what a spec leaves open. */
mlsd_status mlsd__experiment_complete(const mlsd_context *context, mlsd__scope *scope,
                                      const mlsd_spec *spec, const mlsd_table *table,
                                      mlsd_spec **out);

/* sample.c: the rows whose target is known, at most QUICK_ROWS of them when it must be quick. */
mlsd_status mlsd__experiment_rows(mlsd__scope *scope, const mlsd__experiment_params *params,
                                  const mlsd_table *table, int64_t target, mlsd_table **out,
                                  int64_t *out_n_missing, int64_t *out_n_known);

/* screen.c: which columns can serve, and why others cannot. */
mlsd_status mlsd__experiment_screen(mlsd__experiment *x);

/* partition.c: data set, training, validation and test. */
mlsd_status mlsd__experiment_partition(mlsd__experiment *x);

/* leakage.c: the audit of the three parts, and of the folds of the training part. */
mlsd_status mlsd__experiment_audit(mlsd__experiment *x);
mlsd_status mlsd__experiment_audit_folds(mlsd__experiment *x, const mlsd_folds *folds);

/* draw_splits.c: the table that the picture of parts and folds is drawn from. */
mlsd_status mlsd__experiment_draw_splits(mlsd__experiment *x, const mlsd_folds *folds);

/* compare.c: the leaderboard on training. */
mlsd_status mlsd__experiment_compare(mlsd__experiment *x);

/* final_fit.c: the curve and the final models. */
mlsd_status mlsd__experiment_fit(mlsd__experiment *x);

/* fit_diagnosis.c: what the curve of the watched model means. */
mlsd_status mlsd__experiment_diagnose(mlsd__experiment *x, const mlsd_curve *curve);

/* judge.c: the test part, once, overall and by slice. */
mlsd_status mlsd__experiment_judge(mlsd__experiment *x);

/* looks.c: count the look at the test part. */
mlsd_status mlsd__experiment_look(mlsd__experiment *x);

/* coefficients.c: what a linear model learned; no table for others. */
mlsd_status mlsd__experiment_coefficients(mlsd__experiment *x);

/* conclude.c: the sentences. */
mlsd_status mlsd__experiment_conclude(mlsd__experiment *x);

/* A remark for people, one a row of the table "notes". */
void mlsd__experiment_note(mlsd__experiment *x, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
