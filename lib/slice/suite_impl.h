/* suite_impl.h - what a suite is made of, what its sets are run on, and what they find. */
#ifndef MLSD_SLICE_SUITE_IMPL_H
#define MLSD_SLICE_SUITE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/suite.h"
#include "base/kindtable.h"
#include "base/scope.h"
#include "base/text.h"
#include "data/table_impl.h"
#include "metric/metric_impl.h"
#include "validate/result_rows.h"

/* ---- a suite: made by suite_read.c and suite_cases.c, fixed from then on ---- */

/* A file of cases; sets that name the same one share it. */
typedef struct mlsd__suite_file {
    const char *name; /* as the suite says it */
    const char *path;
    mlsd_table *table;
    int64_t *lines; /* of each row, from 1 */
} mlsd__suite_file;

/* A limit: a number for all cases, or a column with one for each (empty: none). */
typedef struct mlsd__suite_limit {
    double number;  /* NaN: not given */
    int64_t column; /* -1: none */
} mlsd__suite_limit;

typedef int32_t mlsd__suite_change_type;
enum {
    MLSD__CHANGE_SET = 0, /* to each of `n` values in turn */
    MLSD__CHANGE_TIMES,
    MLSD__CHANGE_ADD,
    MLSD__CHANGE_NOISE, /* normal, with that standard deviation */
    MLSD__CHANGE_SWAP   /* texts[0] and texts[1] */
};

/* What becomes of one column of the cases. */
typedef struct mlsd__suite_change {
    const char *name; /* of the column */
    int64_t line, column;
    mlsd__suite_change_type type;
    double amount;
    int64_t n;
    bool is_text;
    const char **texts; /* NULL: missing */
    double *numbers;    /* NaN: missing */
} mlsd__suite_change;

typedef int32_t mlsd__suite_expect;
enum {
    MLSD__EXPECT_NOTHING = 0, /* but the limits */
    MLSD__EXPECT_SAME,
    MLSD__EXPECT_NOT_LOWER,
    MLSD__EXPECT_NOT_HIGHER,
    MLSD__EXPECT_HIGHER,
    MLSD__EXPECT_LOWER
};

/* What was kept of a set's cases in one run. */
typedef struct mlsd__suite_kept {
    int64_t run;
    int64_t n;          /* rows; 0: nothing was kept */
    const char **whats; /* what of the case: "log_loss", "p(yes)", ... (suite_outcome.c) */
    const char **keys;  /* the case's name */
    double *outcomes;
} mlsd__suite_kept;

typedef struct mlsd__suite_point {
    int64_t run;
    const char *name;
    int64_t n;
    double value, low, high;
} mlsd__suite_point;

typedef struct mlsd__suite_set {
    const struct mlsd__suite_role *role;
    const char *name;
    int64_t line;
    mlsd__suite_file *file;
    int64_t *rows, n_rows; /* of the file; ascending */
    int64_t label, id;     /* columns, -1 for none */
    int64_t weight;        /* the same */
    double level, rate;
    double tolerance;  /* NaN: not given */
    const char *class; /* whose probability; NULL: the label's, or the last of two */
    mlsd__suite_limit low, high;
    const char *metric;    /* as it is told: f1, f_score {"beta": 2} */
    mlsd__metric_ops ops;  /* of it, with its parameters */
    mlsd_spec *parameters; /* owned; NULL where it is a name */
    int64_t *by, n_by;     /* columns */
    double margin, goal;
    int64_t min_support, seed;
    mlsd__suite_expect expect;
    mlsd__suite_change *changes;
    int64_t n_changes, n_copies;
    mlsd__suite_kept last, baseline; /* the second without rows: they are of one run */
    mlsd__suite_point *trend;
    int64_t n_trend;
} mlsd__suite_set;

struct mlsd_suite {
    uint64_t magic;
    mlsd__allocator allocator;
    void **blocks; /* all memory but the tables' */
    int64_t n_blocks, blocks_capacity;
    const char *path, *name;
    const char *last_path, *history_path;
    mlsd__suite_file *files;
    int64_t n_files;
    mlsd__suite_set *sets; /* room for n_rooms; what is not read yet is 0 */
    int64_t n_sets, n_rooms, n_runs;
    bool has_others; /* what was kept has sets that the suite has not */
};

/* Memory that ends with the suite. */
void *mlsd__suite_alloc(mlsd_suite *s, int64_t n, size_t size);
const char *mlsd__suite_text(mlsd_suite *s, const char *text);
/* "path:line: ..."; 0 leaves the line out. */
mlsd_status mlsd__suite_fail(const char *path, int64_t line, mlsd_status status, const char *format,
                             ...) __attribute__((format(printf, 4, 5)));
/* The last error again, with "path:line: " in front. */
mlsd_status mlsd__suite_refail(const char *path, int64_t line, mlsd_status status);

/* suite_read.c: the sets of a text. */
mlsd_status mlsd__suite_read(const mlsd_context *context, mlsd_suite *s, const char *text,
                             size_t size);

/* suite_cases.c */
mlsd_status mlsd__suite_open_file(const mlsd_context *context, mlsd_suite *s, const char *name,
                                  mlsd__suite_file **out);
/* The text of a cell: numbers the shortest way, NULL where it is missing. */
const char *mlsd__suite_cell_text(const mlsd_table *t, int64_t column, int64_t row,
                                  char buffer[MLSD__NUMBER_CAPACITY]);
/* NaN where it is missing or a text. */
double mlsd__suite_cell_number(const mlsd_table *t, int64_t column, int64_t row);
/* A name for each case that does not depend on where it stands: its id, or the hash of its cells;
 * the second of a kind is "...+1". The result's by mlsd__free, each its own. */
mlsd_status mlsd__case_keys(const mlsd__allocator *a, const mlsd__suite_set *set, char ***out);
void mlsd__case_keys_free(const mlsd__allocator *a, const mlsd__suite_set *set, char **keys);

/* suite_keep.c: what was kept, and the columns of the file and of the table "outcomes". */
enum { MLSD__N_OUTCOME_COLUMNS = 5 };
extern const mlsd__row_column mlsd__outcome_columns[MLSD__N_OUTCOME_COLUMNS];
mlsd_status mlsd__suite_recall(const mlsd_context *context, mlsd_suite *s);

/* ---- what predicts ---- */

/* Answers to some cases. */
typedef struct mlsd__answers {
    int64_t n;
    double *value; /* numbers or class numbers */
    double *proba; /* n x n_classes, or NULL */
} mlsd__answers;

typedef struct mlsd__predictor {
    int64_t n_classes; /* 0: numbers */
    const char *const *classes;
    bool has_proba;
    const mlsd_model *model; /* or one of the two below */
    mlsd_suite_predict_fn function;
    void *user;
    const mlsd_table *predictions;
    int64_t prediction_column, *proba_columns; /* -1 for none */
    int64_t **rows_of_file;                    /* of `predictions`, for each row of a file */
    struct mlsd__dictionary *class_names;      /* owned, of predictions */
} mlsd__predictor;

/* A run: suite, predictor, and what has been found so far. */
typedef struct mlsd__suite_run {
    const mlsd_context *context;
    mlsd__scope *scope;
    const mlsd_suite *suite;
    mlsd__predictor predictor;
    mlsd__answers *answers; /* of each file, once asked for */
    mlsd__rows failures, groups, trend, outcomes;
} mlsd__suite_run;

#define MLSD__PROBA_TOLERANCE 1e-5 /* of a sum: probabilities may have been floats */
void mlsd__answers_free(const mlsd__allocator *a, mlsd__answers *answers);
/* Predict a table of cases (`file` says whose columns; `rows` of which it holds, NULL for all). */
mlsd_status mlsd__suite_predict(mlsd__suite_run *run, const mlsd_table *cases,
                                const mlsd__suite_file *file, mlsd__answers *out);
/* The answers to all cases of a set's file; borrowed. */
mlsd_status mlsd__suite_answers(mlsd__suite_run *run, const mlsd__suite_set *set,
                                const mlsd__answers **out);
/* suite_predictions.c: the columns of a table of predictions. */
mlsd_status mlsd__predictions_open(mlsd__suite_run *run, const mlsd_table *predictions);
void mlsd__predictions_close(mlsd__suite_run *run);
mlsd_status mlsd__predictions_read(const mlsd__suite_run *run, const mlsd__suite_file *file,
                                   mlsd__answers *out);
/* The number of a class by name, -1 where the predictor does not know it. */
int64_t mlsd__class_number(const mlsd__predictor *p, const char *name);
/* Labels of a set's cases as numbers or class numbers; an empty or unknown one is an error, or NaN
 * where `may_lack`. The result's by mlsd__free. */
mlsd_status mlsd__suite_labels(const mlsd__suite_run *run, const mlsd__suite_set *set,
                               bool may_lack, double **out);
/* Weights of a set's cases: NULL where it names no column of them. The result's by mlsd__free.
 * Errors: MLSD_E_DATA (an empty, negative or infinite one, or no case that weighs anything). */
mlsd_status mlsd__suite_weights(const mlsd__suite_run *run, const mlsd__suite_set *set,
                                double **out);
/* An answer as a person reads it: "yes (0.83)", "12.5". */
void mlsd__answer_text(const mlsd__predictor *p, const mlsd__answers *answers, int64_t i,
                       int digits, mlsd__text *t);
/* The number that a person reads there: the value, or its class's probability. */
double mlsd__answer_number(const mlsd__predictor *p, const mlsd__answers *answers, int64_t i);

/* ---- what a set found ---- */

typedef int32_t mlsd__suite_status;
enum { MLSD__SET_PASSED = 0, MLSD__SET_FAILED, MLSD__SET_CANNOT_TELL, MLSD__SET_ERROR };

typedef struct mlsd__finding_of_set {
    mlsd__suite_status status;
    int64_t n, n_failed;
    double value, low, high, wanted, p_value, last;
    mlsd__text detail;
} mlsd__suite_finding;

typedef struct mlsd__suite_role {
    const char *name;
    const char *keys; /* that it takes beside those of all, each between blanks */
    mlsd_status (*run)(mlsd__suite_run *run, const mlsd__suite_set *set, mlsd__suite_finding *out);
} mlsd__suite_role;

mlsd_status mlsd__suite_run_regression(mlsd__suite_run *run, const mlsd__suite_set *set,
                                       mlsd__suite_finding *out);
mlsd_status mlsd__suite_run_uniformity(mlsd__suite_run *run, const mlsd__suite_set *set,
                                       mlsd__suite_finding *out);
mlsd_status mlsd__suite_run_goal(mlsd__suite_run *run, const mlsd__suite_set *set,
                                 mlsd__suite_finding *out);
mlsd_status mlsd__suite_run_edge(mlsd__suite_run *run, const mlsd__suite_set *set,
                                 mlsd__suite_finding *out);

/* "97.2 %", and "99.999 %" where rounding would say 100. */
void mlsd__percent_text(double share, mlsd__text *t);
/* Four significant digits. */
enum { MLSD__SHORT_DIGITS = 4 };
void mlsd__short_text(double value, mlsd__text *t);
/* As many more as tell two numbers apart that are different. */
int mlsd__digits_apart(double a, double b);
void mlsd__digits_text(double value, int digits, mlsd__text *t);

/* A row of the table "failures". */
void mlsd__suite_failure(mlsd__suite_run *run, const mlsd__suite_set *set, int64_t row,
                         const char *change, const char *expected, const char *got);

/* suite_rate.c: the verdict on k of n cases that passed, against set->rate. */
void mlsd__suite_judge_rate(const mlsd__suite_set *set, mlsd__suite_finding *out);
/* suite_limits.c: what the limits of a set are about: the number that is predicted, or the
 * probability of a class. */
typedef struct mlsd__suite_quantity {
    int64_t class; /* -1: the number; -2: the class that the case's label names */
} mlsd__suite_quantity;
bool mlsd__suite_has_limits(const mlsd__suite_set *set);
mlsd_status mlsd__suite_quantity_open(const mlsd__suite_run *run, const mlsd__suite_set *set,
                                      mlsd__suite_quantity *out);
double mlsd__suite_quantity_of(const mlsd__predictor *p, mlsd__suite_quantity q,
                               const mlsd__answers *answers, int64_t i, double label);
/* The limits of a row of the file; NaN where there is none. */
void mlsd__suite_limits_of(const mlsd__suite_set *set, int64_t row, double *low, double *high);
/* "p(yes) ", "" for a number. */
void mlsd__suite_quantity_text(const mlsd__predictor *p, mlsd__suite_quantity q, double label,
                               mlsd__text *t);
/* "in [0.2, 0.5]", "at least 0.2". */
void mlsd__suite_limits_text(double low, double high, mlsd__text *t);

/* suite_change.c: the cases of a set with its changes made, the `copy`-th value of each list. */
mlsd_status mlsd__suite_change_cases(mlsd__suite_run *run, const mlsd__suite_set *set, int64_t copy,
                                     mlsd_table **out);
/* Whether that changed case i of the set. */
bool mlsd__suite_is_changed(const mlsd__suite_set *set, const mlsd_table *changed, int64_t i);
/* "afam: no -> yes, pirat: 0.2 -> 0.4" */
void mlsd__suite_change_text(const mlsd__suite_set *set, const mlsd_table *changed, int64_t i,
                             mlsd__text *t);

/* suite_metric.c: a metric by its name, or as an object with its kind and parameters. */
struct mlsd__json;
mlsd_status mlsd__suite_metric_read(const mlsd_context *context, mlsd_suite *s,
                                    mlsd__suite_set *set, const struct mlsd__json *value);
/* A metric over some of a set's cases. */
typedef struct mlsd__suite_score {
    double value, low, high;
    double support; /* cases that the metric is about: of recall the positives */
} mlsd__suite_score;
/* What a set's metric is computed from; labels and weights (or NULL) are of its cases. */
typedef struct mlsd__suite_scored {
    const mlsd__answers *answers;
    double *labels, *weights; /* owned */
} mlsd__suite_scored;
/* Errors: the metric does not suit what predicts; those of answers, labels and weights. Free it
 * also after a failure. */
mlsd_status mlsd__suite_scored_open(mlsd__suite_run *run, const mlsd__suite_set *set,
                                    mlsd__suite_scored *out);
void mlsd__suite_scored_free(const mlsd__allocator *a, mlsd__suite_scored *s);
/* What the metric reads of n cases, those of `which` (NULL: all); free by mlsd__scored_free. */
mlsd_status mlsd__suite_gather(const mlsd__suite_run *run, const mlsd__suite_set *set,
                               const mlsd__suite_scored *s, const int64_t *which, int64_t n,
                               mlsd__scored_copy *out);
mlsd_status mlsd__suite_score_rows(const mlsd__suite_run *run, const mlsd__suite_set *set,
                                   const mlsd__suite_scored *s, const int64_t *which, int64_t n,
                                   double level, mlsd__suite_score *out);

/* ---- goals: now against a run that was kept ---- */

/* What is kept of each of a set's cases, `width` numbers, rounded as the file has them. */
typedef struct mlsd__outcomes {
    const mlsd__metric_ops *metric;
    bool is_part;     /* the case's part of a metric that is a mean; else what the metric reads */
    int64_t n, width; /* 1, or of probabilities a number for each class */
    double *values;   /* owned */
} mlsd__outcomes;
/* suite_outcome.c */
mlsd_status mlsd__outcomes_make(mlsd__suite_run *run, const mlsd__suite_set *set,
                                const mlsd__suite_scored *s, mlsd__outcomes *out);
void mlsd__outcomes_free(const mlsd__allocator *a, mlsd__outcomes *o);
/* Rows of the table "outcomes": of this run, which has the number `number`, or as they were kept.
 */
void mlsd__outcomes_put(mlsd__suite_run *run, const mlsd__suite_set *set, const mlsd__outcomes *o,
                        char *const *keys, int64_t number);
void mlsd__kept_put(mlsd__rows *rows, const mlsd__suite_set *set, const mlsd__suite_kept *kept);

/* Cases of both runs that weigh something. */
typedef struct mlsd__outcome_pairs {
    bool fits; /* what was kept is of this metric and these classes */
    int64_t n, width;
    double *before, *now;     /* n x width, owned */
    double *labels, *weights; /* of each, owned; NULL: all weigh 1 */
} mlsd__outcome_pairs;
mlsd_status mlsd__outcomes_match(const mlsd__suite_run *run, const mlsd__suite_set *set,
                                 const mlsd__outcomes *now, const mlsd__suite_scored *s,
                                 char *const *keys, const mlsd__suite_kept *kept,
                                 mlsd__outcome_pairs *out);
void mlsd__outcome_pairs_free(const mlsd__allocator *a, mlsd__outcome_pairs *p);

/* suite_paired.c: one-sided p-value of "now is worse"; NaN where it is not defined. */
mlsd_status mlsd__outcomes_test(mlsd__suite_run *run, const mlsd__suite_set *set,
                                const mlsd__outcomes *now, const mlsd__outcome_pairs *pairs,
                                double *out_p);

#endif
