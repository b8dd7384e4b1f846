/* slice_metrics.h - one run of the kind slice_metrics: what its parts share. slice_metrics.c runs
 * and reports, slice_extremes.c compares the extremes and asks for strata, slice_words.c says it.
 */
#ifndef MLSD_SLICE_SLICE_METRICS_H
#define MLSD_SLICE_SLICE_METRICS_H

#include "metric/interval_rates.h"
#include "slice/slice_views.h"
#include "validate/result_impl.h"
#include "validate/result_rows.h"

typedef struct mlsd__slice_metrics_params {
    mlsd__str_list by, control, metrics, comparisons;
    char *reference;
    mlsd__f64_list cuts;
    int64_t intersections, max_values, n_bins, binning, max_levels, min_support, correction;
    int64_t strata, permutations, seed;
    double merge_rare, level;
} mlsd__slice_metrics_params;

typedef enum mlsd__slice_status {
    MLSD__SLICE_OK,
    MLSD__SLICE_LOW_SUPPORT,
    MLSD__SLICE_UNDEFINED
} mlsd__slice_status;
extern const char *const mlsd__slice_statuses[];

/* One metric of one group. */
typedef struct mlsd__slice_cell {
    mlsd__estimate is, outside;
    mlsd__slice_status status;
    double support;
    int64_t twin; /* the earlier group that is the complement of this one; -1: none */
} mlsd__slice_cell;

/* It against one other set of rows. */
typedef struct mlsd__slice_against {
    mlsd__difference d;
    mlsd__estimate other;
    double p_adjusted, rows_needed;
    bool is_judged, is_finding; /* judged: both sides have rows enough */
    bool is_mirror;             /* the twin's comparison again: counts once */
} mlsd__slice_against;

/* The same difference within the strata of another column. */
typedef struct mlsd__slice_stratum {
    int64_t group, metric, within; /* group of the run, column */
    int64_t n_strata;
    double pooled_odds;
    mlsd__strata_odds common;
    const char *alarm; /* "" for none, "turns around", "vanishes" */
} mlsd__slice_stratum;

typedef struct mlsd__slice_extreme {
    int64_t view, control, metric, high, low; /* groups, -1: none */
    int64_t n_groups, n_skipped;
    mlsd__difference d;
    double p_value, p_adjusted;
    const char *method;
} mlsd__slice_extreme;

typedef struct mlsd__slice_group {
    int64_t view, cell;
} mlsd__slice_group;

typedef struct mlsd__slice_run {
    const mlsd__slice_metrics_params *p;
    const mlsd__allocator *allocator;
    int64_t n_metrics;
    const char **names;
    mlsd__metric_ops *metrics;
    mlsd__views views;
    int64_t n_groups;
    mlsd__slice_group *groups;     /* of all views that are shown */
    mlsd__slice_cell *cells;       /* n_groups x n_metrics */
    mlsd__estimate *overall;       /* control cells x n_metrics */
    int64_t n_against;             /* comparisons */
    const char **against;          /* their names */
    mlsd__slice_against *compared; /* n_against x n_groups x n_metrics */
    int64_t n_extremes, n_strata, extreme_capacity, stratum_capacity;
    mlsd__slice_extreme *extremes;
    mlsd__slice_stratum *strata;
} mlsd__slice_run;

/* Is it larger by chance alone where rows are fewer, so that groups of other sizes are not alike?
 */
bool mlsd__slice_grows_by_chance(const char *metric);

static inline const mlsd__view *mlsd__slice_view(const mlsd__slice_run *r, int64_t group)
{
    return &r->views.views[r->groups[group].view];
}

static inline mlsd__slice_against *mlsd__slice_compared(const mlsd__slice_run *r, int64_t against,
                                                        int64_t group, int64_t metric)
{
    return &r->compared[(against * r->n_groups + group) * r->n_metrics + metric];
}

/* The largest difference between groups of each view, control cell and metric, with how often
 * chance makes as much. */
mlsd_status mlsd__slice_find_extremes(mlsd__scope *scope, mlsd__slice_run *r);
/* Every group of one column within the strata of every other. */
mlsd_status mlsd__slice_find_strata(mlsd__scope *scope, mlsd__slice_run *r);
/* The verdict and the text "worst". */
mlsd_status mlsd__slice_say(const mlsd__slice_run *r, mlsd_result *out);

#endif
