/* scenario_data.h - what the scenarios share: data made by a small fixed generator, so that every
 * run sees the same, and a hash of what came out. */
#ifndef MLSD_TESTS_SCENARIO_DATA_H
#define MLSD_TESTS_SCENARIO_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/mlsd.h"

#define TRY(call)                        \
    do {                                 \
        status = (call);                 \
        if (status != MLSD_OK) goto out; \
    } while (0)

enum { N = 160, P = 4 };

typedef struct sample {
    double x[N * P], y[N], label[N], weight[N];
} sample;

const sample *make_sample(sample *s);
mlsd_matrix matrix_of(const double *values, int64_t rows, int64_t cols);

void mix(uint64_t *hash, const void *bytes, size_t size);

/* A path of its own for each thread and process. */
void file_path(char out[160], const char *name);

/* Scenarios of splits and folds, in scenarios_split.c. */
mlsd_status run_split(const mlsd_context *context, uint64_t *hash);
mlsd_status run_drawn_splits(const mlsd_context *context, uint64_t *hash);
mlsd_status run_splits_by_time(const mlsd_context *context, uint64_t *hash);
mlsd_status run_split_columns(const mlsd_context *context, uint64_t *hash);
mlsd_status run_stored_folds(const mlsd_context *context, uint64_t *hash);

/* In scenarios_discriminant.c. */
mlsd_status run_decompositions(const mlsd_context *context, uint64_t *hash);
mlsd_status run_calibrated(const mlsd_context *context, uint64_t *hash);
mlsd_status run_augmented(const mlsd_context *context, uint64_t *hash);
mlsd_status run_bagging(const mlsd_context *context, uint64_t *hash);
mlsd_status run_fair_mixture(const mlsd_context *context, uint64_t *hash);
mlsd_status run_snapshots(const mlsd_context *context, uint64_t *hash);
mlsd_status run_discriminants(const mlsd_context *context, uint64_t *hash);

/* In scenarios_regression.c. */
mlsd_status run_generalised(const mlsd_context *context, uint64_t *hash);
mlsd_status run_networks(const mlsd_context *context, uint64_t *hash);
mlsd_status run_forecasters(const mlsd_context *context, uint64_t *hash);
mlsd_status run_chunks(const mlsd_context *context, uint64_t *hash);

/* Scenarios of transforms, in scenarios_transform.c. */
mlsd_status run_scalers(const mlsd_context *context, uint64_t *hash);
mlsd_status run_encoders(const mlsd_context *context, uint64_t *hash);
mlsd_status run_features(const mlsd_context *context, uint64_t *hash);
mlsd_status run_selections(const mlsd_context *context, uint64_t *hash);
mlsd_status run_against_noise(const mlsd_context *context, uint64_t *hash);

/* Mix in a result but for its timings; in scenarios.c. */
mlsd_status hash_result(const mlsd_result *r, uint64_t *hash);

/* Looks at a test set, in scenarios_evaluate.c. */
mlsd_status run_evaluate(const mlsd_context *context, uint64_t *hash);
mlsd_status run_metrics(const mlsd_context *context, uint64_t *hash);
mlsd_status run_value_metrics(const mlsd_context *context, uint64_t *hash);
mlsd_status run_scorecard(const mlsd_context *context, uint64_t *hash);

/* Test suites, in scenarios_suite.c. */
mlsd_status run_suites(const mlsd_context *context, uint64_t *hash);

/* Several targets, in scenarios_targets.c. */
mlsd_status run_targets(const mlsd_context *context, uint64_t *hash);
/* Nearest rows, in scenarios_neighbors.c. */
mlsd_status run_neighbors(const mlsd_context *context, uint64_t *hash);

/* How sure scores are, in scenarios_intervals.c. */
mlsd_status run_intervals(const mlsd_context *context, uint64_t *hash);
/* How sure rates are, in scenarios_rates.c. */
mlsd_status run_rates(const mlsd_context *context, uint64_t *hash);
mlsd_status run_resampling(const mlsd_context *context, uint64_t *hash);
mlsd_status run_poisson_bootstrap(const mlsd_context *context, uint64_t *hash);
/* Searches, in scenarios_search.c. */
mlsd_status run_searches(const mlsd_context *context, uint64_t *hash);
/* Searches for slices, in scenarios_slices.c. */
mlsd_status run_slice_searches(const mlsd_context *context, uint64_t *hash);
mlsd_status run_slice_comparison(const mlsd_context *context, uint64_t *hash);
mlsd_status run_fairness(const mlsd_context *context, uint64_t *hash);
mlsd_status run_mitigation(const mlsd_context *context, uint64_t *hash);
/* A model on changed rows, in scenarios_shaken.c. */
mlsd_status run_shaken(const mlsd_context *context, uint64_t *hash);

/* Estimators of the user's, in scenarios_custom.c. */
mlsd_status run_custom(const mlsd_context *context, uint64_t *hash);

#endif
