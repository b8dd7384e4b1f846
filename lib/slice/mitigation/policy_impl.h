/* policy_impl.h - a policy: how rows are told apart, and the thresholds of each group. */
#ifndef MLSD_SLICE_MITIGATION_POLICY_IMPL_H
#define MLSD_SLICE_MITIGATION_POLICY_IMPL_H

#include "mlsd/policy.h"
#include "slice/crossing.h"
#include "slice/mitigation/roc_hull.h"
#include "slice/slicing.h"

/* What makes the groups, so that rows of other tables find theirs. */
typedef struct mlsd__group_column {
    char *name;
    int64_t n_levels;
    mlsd__level *levels;
    char **labels;
} mlsd__group_column;
typedef struct mlsd__group_map {
    int64_t n_columns, n_groups;
    mlsd__group_column *columns;
    char **labels;  /* of groups */
    int64_t *codes; /* of groups, ascending: the columns' levels, mixed radix */
} mlsd__group_map;

/* From a table and the crossing of its columns. */
mlsd_status mlsd__group_map_make(mlsd__scope *scope, const mlsd_table *table, const int64_t *by,
                                 int64_t n_by, const mlsd__grouping_options *options,
                                 const mlsd__crossing *groups, mlsd__group_map *out);
void mlsd__group_map_free(mlsd__group_map *m, const mlsd__allocator *a);
/* The group of each row of a table: MLSD_E_DATA for one that there is not. */
mlsd_status mlsd__group_map_find(const mlsd__group_map *m, const mlsd__allocator *a,
                                 const mlsd_table *table, int64_t *out);

/* What is told of a group: its rules, and what they are expected to do. */
typedef struct mlsd__policy_group {
    double n, positives, selection_rate, tpr, fpr, accuracy;
    int64_t bound, n_rules;
    mlsd__rule rules[MLSD__MOST_RULES];
} mlsd__policy_group;

struct mlsd_policy {
    uint64_t magic;
    mlsd__allocator allocator;
    mlsd__group_map map;
    mlsd__policy_group *groups;
    char *id, *constraint, *objective; /* id NULL: none was named */
    int64_t seed;
    double value, unconstrained, gap, tolerance;
};

/* The kind's family table: what mlsd_policy_fit enters. */
mlsd_status mlsd__policy_fit(mlsd__scope *scope, const mlsd_spec *spec,
                             const mlsd__slicing_input *in, mlsd_policy **out);
mlsd_status mlsd__policy_new(const mlsd__allocator *a, mlsd_policy **out);
/* A score must be a finite number: MLSD_E_DATA. */
mlsd_status mlsd__policy_check_score(double score, int64_t row);
bool mlsd__policy_is_random(const mlsd_policy *p);
mlsd_status mlsd__policy_describe(const mlsd_policy *p, const mlsd__allocator *a,
                                  mlsd_result **out);

#endif
