/* group_thresholds.h - reading rows for thresholds by group: what the kinds group_thresholds and
 * fairness_frontier share. */
#ifndef MLSD_SLICE_MITIGATION_GROUP_THRESHOLDS_H
#define MLSD_SLICE_MITIGATION_GROUP_THRESHOLDS_H

#include "slice/mitigation/policy_impl.h"

typedef struct mlsd__thresholds_params {
    mlsd__str_list by;
    char *id;
    int64_t constraint, objective, seed, max_groups, max_values, group_bins, n_points;
    double tolerance, cost_fp, cost_fn;
} mlsd__thresholds_params;

extern const char *const mlsd__constraints[];
extern const char *const mlsd__objectives[];
extern const mlsd_kind mlsd__kind_group_thresholds;

typedef struct mlsd__thresholds_work {
    mlsd__grouping_options options;
    int64_t *by, n_by;
    mlsd__crossing groups;
    mlsd__side *sides; /* by group, ready for mlsd__sides_choose */
    double positives, negatives;
} mlsd__thresholds_work;

/* `w` is all zero before; _free also after a failure. */
mlsd_status mlsd__thresholds_read(mlsd__scope *scope, const mlsd__thresholds_params *p,
                                  const mlsd__slicing_input *in, mlsd__thresholds_work *w);
void mlsd__thresholds_free(mlsd__thresholds_work *w, const mlsd__allocator *a);
/* The objective of what was chosen, as people know it. */
double mlsd__thresholds_value(const mlsd__thresholds_params *p, const mlsd__thresholds_work *w);

#endif
