/* fairness_impl.h - one run of the kind fairness: what its parts share.
 *
 * fairness_cells reads and counts; fairness_gaps makes what compares groups by their rates,
 * fairness_limits their intervals, fairness_permute how likely chance makes as much;
 * fairness_inequality what looks at persons and not at groups; fairness_scores and fairness_auc
 * what needs probabilities; fairness_consistency what needs features; fairness.c runs them in each
 * cell of the control columns and for each class, and reports; fairness_strata looks at comparisons
 * again within the values of other columns. */
#ifndef MLSD_SLICE_FAIRNESS_IMPL_H
#define MLSD_SLICE_FAIRNESS_IMPL_H

#include "base/random.h"
#include "base/text.h"
#include "metric/interval_rates.h"
#include "slice/fairness_cells.h"
#include "validate/result_rows.h"

typedef struct mlsd__fairness_params {
    mlsd__str_list by, control, features, strata;
    char *privileged, *unprivileged;
    int64_t positive, method, min_support, max_groups, permutations, n_bins, n_neighbors;
    int64_t consistency_rows;
    int64_t include_self, subgroup_auc, max_values, group_bins, seed;
    double threshold, tolerance, min_ratio, entropy_power, mean_power, concentration, level;
} mlsd__fairness_params;
enum { MLSD__BETWEEN_GROUPS, MLSD__TO_OVERALL };

typedef enum mlsd__fair_status {
    MLSD__FAIR_OK,
    MLSD__FAIR_LOW_SUPPORT,
    MLSD__FAIR_UNDEFINED
} mlsd__fair_status;
extern const char *const mlsd__fair_statuses[];

/* How a value is held against what is tolerated. */
typedef enum mlsd__fair_rule {
    MLSD__NO_RULE,
    MLSD__AT_MOST,        /* |value| <= tolerance */
    MLSD__AT_LEAST_RATIO, /* value >= min_ratio */
    MLSD__WITHIN_RATIO    /* min_ratio <= value <= 1 / min_ratio */
} mlsd__fair_rule;

/* One row of the table "measures". Groups are numbers, -1 for none. */
typedef struct mlsd__fair_measure {
    const char *name; /* static */
    int64_t control, positive;
    double value, low, high, p_value;
    int64_t group, than; /* the group it is worst for, or whose value is highest; and the other */
    double value_group, value_than; /* their rates */
    double n_group, n_than;
    int64_t n_groups, n_skipped; /* that count, and that have too few rows or none */
    mlsd__fair_status status;
    mlsd__fair_rule rule;
} mlsd__fair_measure;

/* Rows that were asked for their neighbours, and these. */
typedef struct mlsd__fair_near {
    int64_t n, k;
    int64_t *rows;
    int64_t *neighbors; /* n x k, the nearest first */
} mlsd__fair_near;

/* A comparison of two groups in all rows, and within the values of another column. */
typedef enum mlsd__fair_alarm {
    MLSD__NO_ALARM,
    MLSD__TURNS_AROUND, /* the sign flips */
    MLSD__VANISHES,     /* within, it is no more than chance */
    MLSD__APPEARS       /* it is no more than chance in all rows, but within it is more */
} mlsd__fair_alarm;
typedef struct mlsd__fair_stratum {
    const char *within; /* the column; of several, how they are called */
    int64_t positive, group, than, n_strata;
    int rate;
    double difference, difference_p, pooled_odds; /* of all rows */
    mlsd__strata_odds common;
    mlsd__fair_status status;
    mlsd__fair_alarm alarm;
} mlsd__fair_stratum;

typedef struct mlsd__fairness {
    const mlsd__fairness_params *p;
    const mlsd__allocator *allocator;
    mlsd__fair_rows rows;
    mlsd__crossing groups, controls;
    int64_t privileged, unprivileged; /* -1: not given; unprivileged -1: all others */
    mlsd__cells *cells;               /* controls x groups, of the class at work */
    mlsd__fair_rate *rates;           /* MLSD__N_FAIR_RATES x groups, of the part at work */
    mlsd__fair_near near;             /* rows NULL before it is asked for */
    mlsd__fair_measure *measures;
    int64_t n_measures, capacity;
    mlsd__fair_stratum *strata;
    int64_t n_strata, strata_capacity;
    mlsd__crossing *within; /* columns that make strata; the controls are not among them */
    const char **within_names;
    int64_t n_within;
    mlsd__rows group_rows, calibration_rows, auc_rows;
} mlsd__fairness;

/* The part at work: the rows of a cell of the control columns, one class against the rest. */
typedef struct mlsd__fair_part {
    int64_t control, positive;
    const mlsd__cells *cells; /* by group */
} mlsd__fair_part;

static inline const mlsd__fair_rate *mlsd__fair_rates_of(const mlsd__fairness *f, int rate)
{
    return f->rates + rate * f->groups.n_groups;
}

/* An undefined one of the part. */
void mlsd__fair_measure_init(mlsd__fair_measure *m, const char *name, const mlsd__fair_part *part,
                             mlsd__fair_rule rule);
mlsd_status mlsd__fair_measure_add(mlsd__fairness *f, const mlsd__fair_measure *m);

/* Which groups count: those with min_support rows where two have them, otherwise (low support)
 * those with a value. Fills `counts` (by group), n_groups, n_skipped and status. */
void mlsd__fair_usable(const mlsd__fair_rate *rates, int64_t n, bool *counts,
                       mlsd__fair_measure *m);

/* How unequal some values are: a difference, or 1 less a ratio, so that more is worse. NAN where
 * it is not defined. `overall` is the value of all of them together (method to_overall). */
typedef enum mlsd__fair_form { MLSD__FAIR_DIFFERENCE, MLSD__FAIR_RATIO } mlsd__fair_form;
double mlsd__fair_spread(mlsd__fair_form form, int64_t method, const double *values,
                         const bool *counts, int64_t n, double overall, int64_t *out_group,
                         int64_t *out_than);

/* The spread of rates with its interval: value, low, high, groups, support, status. */
typedef struct mlsd__fair_gap_of {
    const mlsd__fair_rate *rates; /* by group */
    int64_t n;
    bool is_odds;
    mlsd__fair_form form;
    int64_t method;
} mlsd__fair_gap_of;
typedef struct mlsd__fair_room { /* a number and a truth for each group */
    double *values;
    bool *counts;
} mlsd__fair_room;
mlsd_status mlsd__fair_room_new(const mlsd__allocator *a, int64_t n, mlsd__fair_room *out);
void mlsd__fair_room_free(mlsd__fair_room *room, const mlsd__allocator *a);
mlsd_status mlsd__fair_gap(mlsd__scope *scope, const mlsd__fair_gap_of *of, double level,
                           const mlsd__fair_room *room, mlsd__fair_measure *m);
/* The level of each of n intervals that shall hold together (Bonferroni). */
double mlsd__fair_together(double level, int64_t n);

/* Limits of a less b, of a by b; m->low and m->high of the widest gap between groups that count (of
 * which m->n_groups), and of a group and all rows. */
static inline mlsd__rate mlsd__fair_counts(const mlsd__fair_rate *r)
{
    return (mlsd__rate){r->successes, r->trials};
}
void mlsd__fair_difference_limits(const mlsd__fair_rate *a, const mlsd__fair_rate *b, bool is_odds,
                                  double level, double *low, double *high);
void mlsd__fair_ratio_limits(const mlsd__fair_rate *a, const mlsd__fair_rate *b, bool is_odds,
                             double level, double *low, double *high);
mlsd_status mlsd__fair_limits_between(mlsd__scope *scope, const mlsd__fair_gap_of *of,
                                      const bool *counts, double level, mlsd__fair_measure *m);
void mlsd__fair_limits_overall(const mlsd__fair_gap_of *of, const bool *counts, double level,
                               mlsd__fair_measure *m);

/* The pair (a of first, b of second), of different groups, that makes a's value less b's plus sign
 * * sqrt(a's x^2 + b's y^2) largest; groups -1 where there is none. sign is 1 or -1; x, y >= 0. */
typedef struct mlsd__fair_span {
    int64_t group;
    double value, x, y;
} mlsd__fair_span;
typedef struct mlsd__fair_spans {
    int64_t n;
    mlsd__fair_span *spans;
} mlsd__fair_spans;
typedef struct mlsd__fair_pair {
    double reach;
    int64_t a, b;
} mlsd__fair_pair;
mlsd_status mlsd__fair_widest(mlsd__scope *scope, const mlsd__fair_spans *first,
                              const mlsd__fair_spans *second, double sign, mlsd__fair_pair *best);

/* What compares groups by rates; part of it are the measures that a permutation tests. */
enum { MLSD__N_FAIR_PARITIES = 20 };
typedef struct mlsd__fair_parity {
    const char *name;
    mlsd__fair_form form;
    int rates[2]; /* the second -1 for one alone */
    bool is_mean; /* of the two; otherwise the worse */
    mlsd__fair_rule rule;
} mlsd__fair_parity;
extern const mlsd__fair_parity mlsd__fair_parities[MLSD__N_FAIR_PARITIES];
mlsd_status mlsd__fair_gaps(mlsd__scope *scope, mlsd__fairness *f, const mlsd__fair_part *part);

/* p-values of the parities (NaN where undefined), of which `observed` are the spreads. */
mlsd_status mlsd__fair_permute(mlsd__scope *scope, const mlsd__fairness *f,
                               const mlsd__fair_part *part, const double *observed,
                               double *p_values);
/* Successes among `drawn` of `total` with `marked` successes: hypergeometric. With a table of
 * logarithms of factorials (NULL: none) the same number comes sooner. */
typedef struct mlsd__log_factorials {
    int64_t n;
    double *log; /* of 0!, 1!, ... */
} mlsd__log_factorials;
int64_t mlsd__hypergeometric(mlsd__stream *stream, int64_t total, int64_t marked, int64_t drawn);
int64_t mlsd__hypergeometric_by(const mlsd__log_factorials *f, mlsd__stream *stream, int64_t total,
                                int64_t marked, int64_t drawn);

mlsd_status mlsd__fair_inequality(mlsd__fairness *f, const mlsd__fair_part *part);
mlsd_status mlsd__fair_calibration(mlsd__scope *scope, mlsd__fairness *f,
                                   const mlsd__fair_part *part);
mlsd_status mlsd__fair_aucs(mlsd__scope *scope, mlsd__fairness *f, const mlsd__fair_part *part);
void mlsd__fair_near_free(mlsd__fair_near *near, const mlsd__allocator *a);
mlsd_status mlsd__fair_consistency(mlsd__scope *scope, mlsd__fairness *f, const mlsd_table *table,
                                   const mlsd__fair_part *part);

/* Every comparison again within strata; then, of all classes and strata, which tell another story.
 */
mlsd_status mlsd__fair_stratify(mlsd__scope *scope, mlsd__fairness *f, int64_t positive,
                                const mlsd__crossing *within, const char *name);
mlsd_status mlsd__fair_find_alarms(mlsd__fairness *f);
mlsd_status mlsd__fair_put_strata(const mlsd__fairness *f, mlsd_result *out);
void mlsd__fair_say_alarms(mlsd__text *t, const mlsd__fairness *f);

#endif
