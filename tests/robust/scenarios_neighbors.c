/* scenarios_neighbors.c - nearest rows by filter, tree and plain measuring, in and outside of a
 * pipeline; kernel ridge, by Cholesky and where that fails. */
#include <stdlib.h>
#include <string.h>

#include "scenario_data.h"

static mlsd_status fit_and_find(const mlsd_context *context, const char *json,
                                const mlsd_dataset *data, uint64_t *hash)
{
    enum { K = 3 };
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL, *again = NULL;
    int64_t index[N * K];
    double out[2 * N];
    unsigned char *bytes = NULL;
    size_t size = 0;
    mlsd_status status;
    TRY(mlsd_spec_from_json(context, json, &spec));
    TRY(mlsd_model_fit(context, spec, data, NULL, NULL, &model));
    const mlsd_output what =
        mlsd_model_n_outputs(model, MLSD_OUTPUT_PROBA) > 0 ? MLSD_OUTPUT_PROBA : MLSD_OUTPUT_VALUE;
    const int64_t n_out = N * mlsd_model_n_outputs(model, what);
    TRY(mlsd_model_predict(context, model, data, what, out, n_out));
    mix(hash, out, (size_t)n_out * sizeof *out);
    if (strstr(json, "k_neighbors") != NULL) {
        TRY(mlsd_model_neighbors(context, model, data, K, index, NULL, N * K));
        mix(hash, index, sizeof index);
    }
    TRY(mlsd_model_to_bytes(model, NULL, 0, &size));
    bytes = malloc(size);
    TRY(mlsd_model_to_bytes(model, bytes, size, &size));
    TRY(mlsd_model_from_bytes(context, bytes, size, &again));
out:
    free(bytes);
    mlsd_model_free(again);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    return status;
}

mlsd_status run_neighbors(const mlsd_context *context, uint64_t *hash)
{
    static const char *const votes[] = {
        "{\"kind\":\"k_neighbors_classifier\",\"algorithm\":\"brute\"}",
        "{\"kind\":\"nearest_centroid\",\"shrink_threshold\":0.5}",
        "{\"kind\":\"nearest_centroid\",\"metric\":\"manhattan\"}",
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},"
        "{\"kind\":\"k_neighbors_classifier\",\"algorithm\":\"kd_tree\",\"weights\":\"distance\"}]"
        "}"};
    static const char *const means[] = {
        "{\"kind\":\"k_neighbors_regressor\",\"metric\":\"manhattan\"}",
        "{\"kind\":\"kernel_ridge\",\"kernel\":\"rbf\"}",
        "{\"kind\":\"kernel_ridge\",\"alpha\":0}"};
    sample s;
    make_sample(&s);
    const mlsd_matrix X = matrix_of(s.x, N, P), w = matrix_of(s.weight, N, 1);
    const mlsd_matrix label = matrix_of(s.label, N, 1), y = matrix_of(s.y, N, 1);
    mlsd_dataset *data = NULL;
    mlsd_status status;
    TRY(mlsd_dataset_from_matrix(context, &X, &label, NULL, MLSD_TASK_AUTO, &data));
    for (int i = 0; i < 4; i++) TRY(fit_and_find(context, votes[i], data, hash));
    mlsd_dataset_free(data);
    data = NULL;
    TRY(mlsd_dataset_from_matrix(context, &X, &y, &w, MLSD_TASK_REGRESSION, &data));
    for (int i = 0; i < 3; i++) TRY(fit_and_find(context, means[i], data, hash));
out:
    mlsd_dataset_free(data);
    return status;
}
