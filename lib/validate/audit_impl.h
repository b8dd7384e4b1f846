/* audit_impl.h - what an audit holds while it runs, what a check brings, and how it tells what it
 * found.
 *
 * A check is opened, visits the splits one by one, and is closed; what it reports when it is closed
 * covers all splits together. Checks run in the order of their table and see whole rows, columns
 * and splits, so nothing depends on threads. */
#ifndef MLSD_VALIDATE_AUDIT_IMPL_H
#define MLSD_VALIDATE_AUDIT_IMPL_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "mlsd/audit.h"
#include "base/kindtable.h"
#include "base/scope.h"
#include "base/text.h"
#include "data/dataset_impl.h"
#include "validate/result_impl.h"

typedef struct mlsd__audit_params {
    int64_t depth;
    mlsd__str_list checks;
    int64_t n_examples;
    double auc_threshold, near_duplicate_ratio, shift_threshold;
    int64_t max_rows, max_splits, seed;
    char *metric;
} mlsd__audit_params;

typedef int32_t mlsd__severity;
enum { MLSD__INFO = 0, MLSD__WARNING = 1, MLSD__ERROR = 2 };

/* A flagged test row of a split, and the training row it meets (-1: none). */
typedef struct mlsd__audit_hit {
    int64_t split, row, other;
    bool is_first; /* no earlier split flagged this row */
} mlsd__audit_hit;

/* Flagged rows on their way into a finding. Rows are counted once, however many splits they are
 * flagged in; all are kept where an effect is to be estimated, otherwise the first few. */
typedef struct mlsd__audit_hits {
    mlsd__audit_hit *items;
    int64_t n_items, capacity;
    uint8_t *seen; /* by row */
    int64_t n_rows, n_splits, first_split, last_split;
} mlsd__audit_hits;

typedef struct mlsd__audit_finding {
    const char *check, *kind; /* static */
    mlsd__severity severity;
    int64_t split, count;
    char *columns; /* "a, b", or NULL */
    char *message;
    double effect;
    mlsd__audit_hits hits;
} mlsd__audit_finding;

/* One split with all its parts; train is part 0, test the last. */
typedef struct mlsd__audit_split {
    int64_t number, n_parts;
    const int64_t *const *parts;
    const int64_t *sizes;
    const int64_t *train, *test;
    int64_t n_train, n_test;
    const uint8_t *mark; /* by row: MLSD__IN_TRAIN, MLSD__IN_TEST */
    bool is_ordered;     /* every training row stands before every test row */
    bool is_blocked;     /* neighbouring rows are mostly on one side */
} mlsd__audit_split;
enum { MLSD__IN_TRAIN = 1, MLSD__IN_TEST = 2 };

typedef struct mlsd__audit {
    mlsd__scope *scope;
    const mlsd_context *context;
    const mlsd__audit_params *params;
    const mlsd_spec *estimator; /* or NULL */
    const mlsd_dataset *dataset;
    const mlsd_folds *folds;
    int64_t n_rows, n_features, n_splits;
    int64_t n_looked; /* splits that are looked at; look_at() numbers them */
    mlsd_task task;
    int64_t n_classes;
    double *y;           /* NULL without a target */
    mlsd__frame frame;   /* of the features */
    bool keeps_all_hits; /* an effect will be estimated */

    int64_t n_sample; /* rows that stand for all in checks of columns: evenly spaced */
    int64_t *sample;  /* their numbers; in the source of the frame: */
    int64_t *sample_source;
    double *sample_y;

    uint64_t *row_hash;  /* two of each row's features; made once they are asked for */
    int64_t *twin;       /* the first row of equal features */
    int64_t n_with_twin; /* rows that are not alone */

    mlsd__audit_finding *findings;
    int64_t n_findings, finding_capacity;

    const char *check;  /* the one that runs */
    const char *reason; /* why it was skipped; NULL: it was not */
    const char *measure;
    double value;
} mlsd__audit;

typedef struct mlsd__audit_check {
    const char *name;
    bool is_cheap;
    /* Make the state. A check that cannot run says so with mlsd__audit_skip and is not called
     * again but for free_state. */
    mlsd_status (*open)(mlsd__audit *a, void **out_state);
    mlsd_status (*visit)(mlsd__audit *a, void *state, const mlsd__audit_split *split); /* or NULL */
    mlsd_status (*close)(mlsd__audit *a, void *state);
    void (*free_state)(mlsd__audit *a, void *state); /* NULL state is fine */
} mlsd__audit_check;

extern const mlsd__audit_check mlsd__audit_overlap, mlsd__audit_duplicates,
    mlsd__audit_near_duplicates, mlsd__audit_groups, mlsd__audit_time, mlsd__audit_target_leak,
    mlsd__audit_order, mlsd__audit_shift, mlsd__audit_preprocessing, mlsd__audit_stratification;

/* The audit inside a scope; options NULL or of kind leakage_audit, sizes are checked. */
mlsd_status mlsd__audit_run(mlsd__scope *scope, const mlsd_context *context,
                            const mlsd_spec *options, const mlsd_dataset *dataset,
                            const mlsd_folds *folds, mlsd_result **out);
mlsd_status mlsd__audit_validate(const mlsd_spec *options, const mlsd_dataset *dataset,
                                 const mlsd_folds *folds);
const char *mlsd__severity_name(mlsd__severity severity);
/* audit_report.c: tables, numbers and verdict of what was found. */
mlsd_status mlsd__audit_put_findings(mlsd__audit *a, mlsd_result *r);

/* Where an audit stands in the result of something larger. */
#define MLSD__AUDIT_PREFIX "audit."
/* A line in the log for each warning and error of an audit's result. */
mlsd_status mlsd__audit_log(mlsd__scope *scope, const mlsd_result *audit);
/* Append `lead` and the verdict of an audit that a result absorbed behind `prefix`, where there are
 * errors or warnings; otherwise nothing. */
void mlsd__audit_say(mlsd__text *t, const char *lead, const mlsd_result *r, const char *prefix);

/* Is the work over before another thread would have started? */
bool mlsd__audit_is_small(const mlsd__audit *a);
/* For checks: it cannot run, and why (static). */
void mlsd__audit_skip(mlsd__audit *a, const char *reason);
/* The number by which it judged. */
void mlsd__audit_measure(mlsd__audit *a, const char *measure, double value);
/* The i-th split that is looked at. */
int64_t mlsd__audit_split_at(const mlsd__audit *a, int64_t i);

/* Flag a test row of a split; splits come in ascending order. */
mlsd_status mlsd__audit_hit_add(mlsd__audit *a, mlsd__audit_hits *hits, int64_t split, int64_t row,
                                int64_t other);
void mlsd__audit_hits_free(mlsd__audit *a, mlsd__audit_hits *hits);

/* Report a finding of the running check. `hits` (may be NULL) is taken over and left empty, also on
 * failure; its rows and split are the finding's unless count >= 0. columns may be NULL. */
mlsd_status mlsd__audit_report(mlsd__audit *a, const char *kind, mlsd__severity severity,
                               int64_t split, int64_t count, const char *columns,
                               mlsd__audit_hits *hits, const char *format, ...)
    __attribute__((format(printf, 8, 9)));
/* A share or score for a message: "12.3 %", "0.983". */
enum { MLSD__AUDIT_NUMBER = 32 };
const char *mlsd__audit_percent(double share, char out[MLSD__AUDIT_NUMBER]);
const char *mlsd__audit_decimal(double value, int decimals, char out[MLSD__AUDIT_NUMBER]);
/* "1 test row", "12 test rows". */
const char *mlsd__audit_counted(int64_t n, const char *noun, char out[64]);

/* audit_rows.c: hash each row's features (-0 as 0, every NaN alike) and find equal rows. */
mlsd_status mlsd__audit_find_twins(mlsd__audit *a);
/* The part of a row's two hashes that column j with this value adds. Whole numbers differ in the
 * upper bits of a double alone, which each multiplication carries up and each shift brings down. */
static inline void mlsd__audit_hash_value(int64_t j, double value, uint64_t out[2])
{
    const double plain = value == value ? value + 0.0 : (double)NAN;
    uint64_t bits;
    memcpy(&bits, &plain, sizeof bits);
    uint64_t h = bits ^ (uint64_t)(j + 1) * UINT64_C(0x9e3779b97f4a7c15);
    h *= UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ h >> 32) * UINT64_C(0x94d049bb133111eb);
    h ^= h >> 32;
    const uint64_t g = h * UINT64_C(0xd1b54a32d192ed03);
    out[0] = h;
    out[1] = g ^ g >> 32;
}
/* Number equal pairs of hashes (a + b two words each): out[i] is the first i with the same. */
mlsd_status mlsd__audit_first_equal(mlsd__audit *a, const uint64_t *hashes, int64_t n, int64_t *out,
                                    int64_t *out_n_paired);

/* audit_columns.c: columns 0 .. n_features - 1 are features, those behind are columns of the table
 * without a role that models see. */
int64_t mlsd__audit_n_columns(const mlsd__audit *a);
const char *mlsd__audit_column_name(const mlsd__audit *a, int64_t j);
bool mlsd__audit_column_is_category(const mlsd__audit *a, int64_t j, int64_t *out_n_levels);
bool mlsd__audit_column_is_feature(const mlsd__audit *a, int64_t j);
/* Read a column; rows are of the source (the frame's rows, or sample_source), NULL: all in order.
 */
void mlsd__audit_column_read(const mlsd__audit *a, int64_t j, const int64_t *rows, int64_t first,
                             int64_t n, double *out);
/* The column behind features of that position among the table's others. */
const mlsd__column *mlsd__audit_extra_column(const mlsd__audit *a, int64_t i, const char **name);

/* audit_math.c: area under the ROC curve of a score for y == 1 (ties half), NaN with one class. */
mlsd_status mlsd__audit_auc(const mlsd__allocator *al, const double *score, const uint8_t *positive,
                            int64_t n, double *out);
/* Spearman's rank correlation over the rows where x is known. */
mlsd_status mlsd__audit_spearman(const mlsd__allocator *al, const double *x, const double *y,
                                 int64_t n, double *out);
/* Pearson's correlation of two sets of midranks. */
double mlsd__audit_rank_correlation(const double *rank_x, const double *rank_y, int64_t n);
/* Spearman's correlation of each number but the first with the one before, and of all with their
 * place: from one sort. */
mlsd_status mlsd__audit_serial_ranks(const mlsd__allocator *al, const double *y, int64_t n,
                                     double *out_serial, double *out_trend);
/* Upper tail of the chi-square distribution. */
double mlsd__audit_chi2_tail(double x, double df);
/* P(X >= k) of a Poisson count with that mean. */
double mlsd__audit_poisson_tail(int64_t k, double mean);

/* audit_effect.c: the estimator on all splits, and each finding's effect. */
mlsd_status mlsd__audit_effects(mlsd__audit *a);

#endif
