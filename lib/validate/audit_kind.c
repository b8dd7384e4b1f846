/* audit_kind.c - the options of a leakage audit. */
#include <math.h>

#include "validate/audit_impl.h"

static const char *const depths[] = {"cheap", "full", NULL};

static const mlsd_param params[] = {
    MLSD__P_CHOICE(mlsd__audit_params, depth, depths, "\"cheap\"",
                   "cheap: what costs little beside a fit; full: all checks"),
    MLSD__P_STR_LIST(mlsd__audit_params, checks, "null",
                     "the checks to run, by name; null: those of 'depth'"),
    MLSD__P_I64(mlsd__audit_params, n_examples, 0, 1000000, "5", NULL,
                "rows that each finding shows as examples"),
    MLSD__P_F64(mlsd__audit_params, auc_threshold, 0.5, 1, MLSD__OPEN_LOWER, "0.99", NULL,
                "a single column whose cross-fitted AUC or R2 for the target is above is a leak"),
    MLSD__P_F64(mlsd__audit_params, near_duplicate_ratio, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER,
                "0.001", "log",
                "rows nearer than this part of the median nearest distance are nearly the same"),
    MLSD__P_F64(mlsd__audit_params, shift_threshold, 0.5, 1, MLSD__OPEN_LOWER, "0.6", NULL,
                "AUC from which test rows that can be told from training rows are reported"),
    MLSD__P_I64(mlsd__audit_params, max_rows, 100, 1000000000, "20000", "log",
                "rows that columns and shift are judged by; of more, evenly spaced ones"),
    MLSD__P_I64(mlsd__audit_params, max_splits, 1, 1000000000, "50", "log",
                "splits that are looked at; of more, evenly spaced ones"),
    MLSD__P_I64(mlsd__audit_params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of projections and of the classifier's folds"),
    MLSD__P_STR(mlsd__audit_params, metric, "null",
                "metric of the estimated effects; null: rmse for regression, log_loss for classes"),
};

static const mlsd__slot slots[] = {
    {"estimator", "estimator", 0,
     "fitted on every split to estimate effects; needed by the check 'preprocessing'"},
};

const mlsd_kind mlsd__kind_leakage_audit = {
    .name = "leakage_audit",
    .family = "audit",
    .doc = "Which checks look for leaks between training and test, and their thresholds",
    .params = params,
    .n_params = MLSD__COUNT(params),
    .params_size = sizeof(mlsd__audit_params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
};
