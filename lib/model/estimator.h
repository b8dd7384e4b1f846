/* estimator.h - what an estimator or a transform must bring: one table of functions.
 *
 * fit() reads a frame and makes an immutable state; predict_block() and transform_block() turn n
 * rows into numbers and may be called from many threads at once. Everything else (columns by name,
 * classes, files, threads over blocks, pipelines) is done once, in lib/model/model.c. */
#ifndef MLSD_MODEL_ESTIMATOR_H
#define MLSD_MODEL_ESTIMATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/curve.h"
#include "mlsd/model.h"
#include "base/file.h"
#include "base/kindtable.h"
#include "base/scope.h"
#include "data/frame.h"

/* What fit() is given. All borrowed. Checked before: n_rows >= 1, y finite, weights finite and >= 0
 * with a positive sum, classes 0..n_classes-1 in y; X has no infinity; no NaN unless takes_nan. */
/* A further validation set: only looked at, for the curve. */
typedef struct mlsd__more_set {
    const char *name;
    const mlsd__frame *x;
    const double *y, *weight;
} mlsd__more_set;

typedef struct mlsd__train {
    const mlsd__frame *x;
    const double *y;        /* numbers or class numbers; NULL for a transform without target */
    int64_t n_more_targets; /* beyond the first: y is n_rows x (1 + n_more_targets); 0 unless the
                               ops say takes_targets */
    const double *weight;   /* NULL: ones */
    mlsd_task task;
    int64_t n_classes;          /* 0 for regression; classes that no row has are legal in folds */
    const mlsd__frame *x_valid; /* NULL: none */
    const double *y_valid;
    const double *weight_valid;
    mlsd_curve *curve;                /* NULL: none asked for */
    const mlsd__more_set *more_valid; /* the curve's; looked at only together with it */
    int64_t n_more_valid;
    const struct mlsd__training_file *file; /* kinds that train by epochs, of one fit at a time:
                                               model/training_file.h; or NULL */
    bool x_is_finite;      /* x was looked through before and holds neither NaN nor infinity */
    bool x_lacks_infinity; /* the same, but it may hold NaN */
    void **progress;       /* kinds with a budget: where to go on from and what to leave; or NULL */
    const struct mlsd__augment *augment; /* kinds that say `augments`: what to do to each batch of
                                            training rows (model/augment/augment.h); or NULL */
    const void *start; /* kinds that take it: a state of the kind, of such columns and classes, that
                          training begins from; or NULL */
    struct mlsd__cycle
        *cycle; /* kinds that train by epochs: one of several fits that go on from each
                   other, as cycles of one training (model/trainer.h); or NULL */
    const struct mlsd__clock *clock; /* forecasters: y is in the order of time, and this tells where
                                        it ends (model/series/series_clock.h); otherwise NULL */
} mlsd__train;

typedef struct mlsd__class_weight mlsd__class_weight; /* model/class_weight.h */
struct mlsd__leave_out;                               /* model/linear/leave_rows.h */
struct mlsd__selection_sink;                          /* model/select/selection.h */

typedef struct mlsd__estimator_ops {
    bool classifies, regresses, transforms;         /* what it can be used for, one or more */
    bool (*spec_transforms)(const mlsd_spec *spec); /* where that depends on parameters; or NULL */
    bool takes_targets;                             /* regresses several targets at once */
    bool takes_nan;                                 /* missing values need no imputing */
    bool takes_category; /* category features need no encoding; otherwise they are MLSD_E_DATA */
    bool takes_start;    /* fit() can begin from a state: train->start */
    bool is_iterative;   /* trains by epochs: fills a curve, uses a validation set */
    bool fills_curve;    /* does not train by epochs, but tells a curve of its iterations, and looks
                            at validation sets for that alone */
    bool augments;       /* has train->augment change each batch of rows before it learns from it */
    bool has_proba;      /* predict_block gives probabilities (classifies) */
    bool (*spec_has_proba)(const mlsd_spec *spec); /* where that depends on parameters; or NULL */
    bool lacks_decision;               /* classifies, but predict_block has no DECISION */
    const struct mlsd__path_ops *path; /* model/path.h: many settings or folds at once; or NULL */
    bool checks_x; /* fit() finds NaN and infinity in x itself (mlsd__frame_require_finite):
                      a pass over the data is saved where they show in the sums */

    /* fit() knows its rows by their weighted moments alone, or by those of each class, and takes a
     * weight as a repetition: other rows with the same moments give the same state. */
    bool fits_moments;

    /* fit() parts its rows itself, to test on some what it learned from others: rows that are
     * copies of each other would stand on both sides. */
    bool splits_rows;

    /* The parameter that counts epochs, of kinds that can go on from where they stopped. Where
     * train->progress is set, a fit begins where *progress ends (NULL: at the start) and puts
     * there, as one block for mlsd__free, what a later fit with the same spec but for a larger
     * budget goes on from, on the same rows. It then gives, byte for byte, what a fit from the
     * start gives. Not with a curve or a validation set. NULL: cannot. */
    const char *budget;

    /* Check parameters against each other and the task, before any work; NULL for none. */
    mlsd_status (*check)(const mlsd_spec *spec, mlsd_task task);

    /* Where the parameters say what each class counts; NULL for kinds without that. fit() is given
     * weights that it is in already. */
    const mlsd__class_weight *(*class_weight)(const mlsd_spec *spec);

    /* Forecasters, and only they, have it: the end of the series that a state was fitted to. They
     * read no features; the x that they predict from is one column, the steps after that end. */
    const struct mlsd__clock *(*clock)(const void *state);

    /* Fit. *out_state is freed by free_state. */
    mlsd_status (*fit)(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state);

    /* Whether these rows can be predicted; NULL where every finite row can. first_row is the number
     * of the first one for messages, has_nan tells that there is a NaN among them (takes_nan is
     * then set). scratch as below. */
    mlsd_status (*check_block)(const void *state, const double *x, int64_t n, int64_t ld,
                               int64_t first_row, bool has_nan, double *scratch);

    /* n rows of x (row stride ld) to out. what is VALUE (regression numbers, n x n_targets), PROBA
     * (n x n_classes) or DECISION (n x 1 for two classes, else n x n_classes); class numbers are
     * made from DECISION or PROBA outside. FEATURES is asked of a transform without
     * transform_block. scratch has n * scratch_width(state) doubles. */
    void (*predict_block)(const void *state, const double *x, int64_t n, int64_t ld,
                          mlsd_output what, double *out, double *scratch);
    int64_t (*scratch_width)(const void *state); /* NULL: 0 */
    int64_t (*n_targets)(const void *state);     /* columns of VALUE; NULL: 1 */

    /* In place of predict_block, for what takes long or can fail: calls mlsd__checkpoint, unless
     * scope is NULL (for a single row). */
    mlsd_status (*predict_long)(mlsd__scope *scope, const void *state, const double *x, int64_t n,
                                int64_t ld, mlsd_output what, double *out, double *scratch);
    /* How many rows to predict at a time; NULL: MLSD__BLOCK_ROWS, and never more. */
    int64_t (*block_rows)(const void *state);

    /* The k training rows nearest to each of n rows, nearest first: distances and numbers of the
     * training rows (n x k). NULL: the kind knows none. */
    mlsd_status (*neighbors)(mlsd__scope *scope, const void *state, const double *x, int64_t n,
                             int64_t ld, int64_t k, double *distance, double *number);

    /* For states whose prediction may fail, or must not run on any thread: the user's own, and
     * pipelines that hold one (predicts_rows tells; NULL where none does). Then predict_rows is
     * asked for everything, and check_block, predict_block and transform_block for nothing. Many
     * rows at a time (row stride ld); first_row is the number of the first for messages. scope is
     * NULL for a few rows on the thread that entered. gives_classes: it is asked for VALUE where
     * classes are told. See mlsd__estimator_predict_rows. */
    bool gives_classes;
    bool (*predicts_rows)(const void *state);
    mlsd_status (*predict_rows)(mlsd__scope *scope, const void *state, const double *x, int64_t n,
                                int64_t ld, int64_t first_row, mlsd_output what, double *out);

    /* Transforms: what the columns out are, and the block function (state is passed). */
    const mlsd__feature *(*features_out)(const void *state, int64_t *out_n);
    mlsd__block_fn transform_block;
    /* Whether rows of such features come out as they went in, where all are finite: what only fills
     * gaps or encodes texts has nothing to do then. NULL: never. */
    bool (*does_nothing)(const mlsd_spec *spec, const mlsd__frame *x);
    /* Whether NaN may come out where none went in; NULL: never. A later step then looks again. */
    bool (*makes_nan)(const void *state);
    /* The columns that coefficients are of, where they are not those of the frame: a pipeline's
     * last step's; or NULL. */
    const mlsd__feature *(*features_seen)(const void *state, int64_t *out_n);

    /* Transforms that choose among columns, and what holds such: tell each choice once, with the
     * name of its step, `name` for the state itself (may be NULL). NULL: there is none. */
    mlsd_status (*tell_selections)(const void *state, const char *name,
                                   const struct mlsd__selection_sink *sink);

    /* Cross-fitting. A transform that learns from the target must not show a later step its own
     * training rows as made by a transform that knows their targets: the step would trust a column
     * that holds its answers. transform_train makes such a row as a transform of other training
     * rows would (by fold, say) and is asked for the rows of the fit, by their numbers in the
     * source, as long as the fit of the whole pipeline goes on. All other rows, in validation and
     * prediction, go through the transform of all training rows. Rows of one number are one row and
     * must be treated alike. end_training drops what only transform_train needs; from then on it
     * does what transform_block does. The target need not be y as a model sees it: out-of-fold
     * predictions of an estimator fit in as well. NULL: as transform_block; nothing to drop.
     * Scratch is that of scratch_width. */
    mlsd__rows_fn transform_train;
    void (*end_training)(const mlsd__allocator *a, void *state);

    /* Fitted numbers and arrays by name. list i-th name: "coef", ...; NULL past the end. Data
     * belongs to the state. rows x cols, row-major; a number is 1 x 1. */
    const char *(*attribute)(const void *state, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols);

    /* Linear models of one score: what it takes to leave out each of the rows that the state was
     * fitted to. MLSD_E_UNSUPPORTED for several targets or scores. NULL for all other kinds. */
    mlsd_status (*leave_out)(const mlsd_spec *spec, const mlsd__train *train, const void *state,
                             struct mlsd__leave_out *out);

    mlsd_status (*save)(const void *state, mlsd__writer *w);
    /* Features of the frame the state was fitted on come back with the model, so save need not
     * repeat them. Must survive any bytes: fail through the reader, never crash or over-allocate.
     */
    mlsd_status (*load)(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state);
    void (*free_state)(const mlsd__allocator *a, void *state);
} mlsd__estimator_ops;

/* Fit a spec on a prepared training set without the outer model (pipelines, cross-validation,
 * searches inside a fit). Does the checks that mlsd__train promises. */
mlsd_status mlsd__estimator_fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                                void **out_state);

/* All that mlsd__estimator_fit does before it calls fit(): *out is what fit() is given, borrowed
 * from `train` but for weights times class weights, which are *out_weight's (mlsd__free). */
mlsd_status mlsd__estimator_prepare(mlsd__scope *scope, const mlsd_spec *spec,
                                    const mlsd__train *train, mlsd__train *out,
                                    double **out_weight);

/* predict_long or predict_block, whichever there is. */
mlsd_status mlsd__estimator_predict(mlsd__scope *scope, const mlsd__estimator_ops *ops,
                                    const void *state, const double *x, int64_t n, int64_t ld,
                                    mlsd_output what, double *out, double *scratch);

/* Must a fitted state be asked through predict_rows? */
bool mlsd__estimator_by_rows(const mlsd__estimator_ops *ops, const void *state);

/* Ask such a state for an output (n_rows x width) of a frame's rows, chunk by chunk. check (may be
 * NULL) looks at each chunk's rows before. */
typedef struct mlsd__rows_job {
    const mlsd__estimator_ops *ops;
    const void *state;
    const mlsd__frame *frame;
    mlsd_output what;
    int64_t width;
    mlsd_status (*check)(const void *user, const double *x, int64_t n, int64_t ld,
                         int64_t first_row);
    const void *check_user;
    double *out;
} mlsd__rows_job;
mlsd_status mlsd__estimator_predict_rows(mlsd__scope *scope, const mlsd__allocator *a,
                                         const mlsd__rows_job *job);

/* A fitted transform's output for n rows of p numbers, packed; and for rows of its own fit. Not of
 * states that are asked by rows. scratch has n * scratch width doubles. */
void mlsd__transform_rows(const mlsd__estimator_ops *ops, const void *state, const double *in,
                          int64_t n, int64_t p, double *out, double *scratch);
void mlsd__transform_training_rows(const mlsd__estimator_ops *ops, const void *state,
                                   const int64_t *rows, int64_t first, const double *in, int64_t n,
                                   int64_t p, double *out, double *scratch);
int64_t mlsd__scratch_width(const mlsd__estimator_ops *ops, const void *state);
bool mlsd__makes_nan(const mlsd__estimator_ops *ops, const void *state);

/* The estimator or transform that decides what a spec can do: the last step of a pipeline (nested
 * ones too), the estimator that is augmented, otherwise the spec itself. NULL where there is none.
 * Ask its ops about is_iterative, has_proba, classifies, ... */
const mlsd_spec *mlsd__estimator_final(const mlsd_spec *spec);
const mlsd__estimator_ops *mlsd__estimator_final_ops(const mlsd_spec *spec);

/* Whether it transforms, as its parameters say; whether that is all it does, so that it has no
 * task and needs no target. */
bool mlsd__spec_transforms(const mlsd_spec *spec);
bool mlsd__only_transforms(const mlsd__estimator_ops *ops);

/* MLSD_E_DATA by row and column for the first NaN (unless nan_ok) or infinity of a frame. */
mlsd_status mlsd__frame_require_finite(mlsd__scope *scope, const mlsd__frame *f, bool nan_ok);

/* Whether all features are numbers. */
bool mlsd__frame_is_numeric(const mlsd__frame *f);

/* Owned copies of features: name, levels and texts of each in one block. */
mlsd_status mlsd__feature_copy(const mlsd__allocator *a, const mlsd__feature *in,
                               mlsd__feature *out);
mlsd_status mlsd__features_copy(const mlsd__allocator *a, const mlsd__feature *in, int64_t n,
                                mlsd__feature **out);
/* A numeric feature called left + right. */
mlsd_status mlsd__feature_name(const mlsd__allocator *a, const char *left, const char *right,
                               mlsd__feature *out);
void mlsd__feature_free(const mlsd__allocator *a, mlsd__feature *f);
void mlsd__features_free(const mlsd__allocator *a, mlsd__feature *features, int64_t n);

#endif
