/* curve_impl.h - what a curve is made of, the rule of early stopping, and what fits ask of a curve
 * besides the public calls. */
#ifndef MLSD_CURVE_CURVE_IMPL_H
#define MLSD_CURVE_CURVE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/curve.h"
#include "base/kindtable.h"
#include "base/memory.h"

enum { MLSD__SMOOTH_NONE = 0, MLSD__SMOOTH_EMA = 1, MLSD__SMOOTH_MEDIAN = 2 };
enum {
    MLSD__CRITERION_PATIENCE = 0,
    MLSD__CRITERION_GL = 1,
    MLSD__CRITERION_PQ = 2,
    MLSD__CRITERION_UP = 3
};
enum { MLSD__STOP_ANY = 0, MLSD__STOP_ALL = 1 };
enum { MLSD__MOST_MEDIAN = 31 }; /* points of a running median */

/* The parameters of kind "early_stopping". */
typedef struct mlsd__early_stopping {
    int64_t patience;
    double min_delta, min_delta_rel;
    int64_t start_from, cooldown;
    mlsd__str_list monitor; /* NULL: nothing is watched */
    int64_t stop_when, maximize;
    mlsd__str_list maximize_monitors;
    double baseline, target, divergence; /* NaN: none */
    int64_t check_finite;
    int64_t smoothing;
    double smoothing_beta;
    int64_t smoothing_window;
    int64_t criterion;
    double alpha; /* NaN: the criterion's */
    int64_t strip, n_strips;
    double min_training_progress;
    char *training;     /* the series that strips are of; NULL: none */
    double max_seconds; /* NaN: none */
    int64_t max_steps;  /* MLSD__NULL_I64: none */
    int64_t restore_best;
} mlsd__early_stopping;

/* What watching one series has come to, by losses: values times -1 where higher is better. "best"
 * is any improvement and is what a fit restores; "reference" moves only with progress, an
 * improvement by more than min_delta. Without pointers: a copy goes on like the original. */
typedef struct mlsd__stopper {
    int64_t n, wait, cooldown;  /* points; those since the last progress; those that do not count */
    double best, reference;     /* NaN before the first finite point */
    double best_value, best_x;  /* as it came */
    int64_t has_best, improved; /* improved: the last point is the best so far */
    int64_t now, reason;        /* mlsd_stop_reason of the last point; the first there was */
    double ema, ema_weight;     /* smoothing: m_t and beta^t */
    int64_t n_window;
    double window[MLSD__MOST_MEDIAN];
    double strip_sum, strip_least; /* of the training series in this strip */
    int64_t n_strip, n_rises;
    double strip_end; /* the loss at the end of the last one */
} mlsd__stopper;

void mlsd__stopper_init(mlsd__stopper *s);
/* A point of the watched series, of the training series (before the watched one's of that step). */
void mlsd__stopper_add(mlsd__stopper *s, const mlsd__early_stopping *rule, bool maximize, double x,
                       double value);
void mlsd__stopper_train(mlsd__stopper *s, double value);

/* Prechelt's criteria on loss e, the n-th point: the reason to stop, or MLSD_STOP_NONE. */
mlsd_stop_reason mlsd__stop_criterion(mlsd__stopper *s, const mlsd__early_stopping *rule, double e);

typedef struct mlsd__curve_point {
    double x, value;
} mlsd__curve_point;

typedef struct mlsd__curve_series {
    char *metric, *set, *name;
    int64_t fold, repeat;
    mlsd__curve_point *points; /* by ascending x, each x once */
    int64_t n, capacity;
    int64_t monitor;  /* which of the rule's; -1: none */
    bool is_training; /* its points make the strips */
} mlsd__curve_series;

typedef struct mlsd__curve_set {
    char *name;
    const mlsd_dataset *data; /* borrowed */
} mlsd__curve_set;

struct mlsd_curve {
    uint64_t magic;
    mlsd__allocator allocator;
    mlsd_spec *spec; /* of early stopping */
    const mlsd__early_stopping *rule;
    mlsd__stopper *stoppers; /* of each monitor */
    mlsd_stop_reason reason; /* the rule's */
    mlsd_stop_reason end;    /* the fit's own, where the rule has none */
    double start;            /* seconds; NaN: no point yet */
    char *x;                 /* what it counts */
    mlsd__curve_series *series;
    int64_t n_series, capacity;
    mlsd__curve_set *sets;
    int64_t n_sets, sets_capacity;
};

/* ---- inside the folder ---- */

/* Find a series; NULL without. */
mlsd__curve_series *mlsd__curve_find(const mlsd_curve *curve, const char *metric, const char *set,
                                     int64_t fold, int64_t repeat);
/* Put a point in its place; it does not count for stopping. */
mlsd_status mlsd__curve_put(mlsd_curve *curve, mlsd__curve_series *s, double x, double value);
/* The same of many in any order at once: the later of one x counts. */
mlsd_status mlsd__curve_put_all(mlsd_curve *curve, mlsd__curve_series *s,
                                const mlsd__curve_point *points, int64_t n);
/* A point of a watched or a training series counts. */
mlsd_status mlsd__curve_watch(mlsd_curve *curve, const mlsd__curve_series *s, double x,
                              double value);

/* ---- for fits ---- */

/* As mlsd_curve_new, with a checked spec of kind "early_stopping". */
mlsd_status mlsd__curve_make(const mlsd__allocator *a, const mlsd_spec *early_stopping,
                             mlsd_curve **out);

/* Is the series of that name a watched one? */
bool mlsd__curve_watches(const mlsd_curve *curve, const char *series);
/* Is the last point of the watched series (the first that has points) its best so far? */
bool mlsd__curve_improved(const mlsd_curve *curve);
/* Should a fit give back the state of the best step? */
bool mlsd__curve_restores_best(const mlsd_curve *curve);
/* Training begins: max_seconds count from here. */
void mlsd__curve_begin(mlsd_curve *curve);
/* Say why a fit ended (MLSD_STOP_CONVERGED, MLSD_STOP_BUDGET, or MLSD_STOP_NONFINITE when its own
 * numbers broke down); the rule's reason stays where it has one. */
void mlsd__curve_end(mlsd_curve *curve, mlsd_stop_reason reason);

#endif
