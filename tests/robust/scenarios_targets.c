/* scenarios_targets.c - several targets at once: least squares and ridge, tall and wide, whole and
 * of lower rank, in and outside of a pipeline. */
#include <stdlib.h>

#include "scenario_data.h"

enum { T = 2 };

static mlsd_status fit_and_save(const mlsd_context *context, const char *json,
                                const mlsd_dataset *data, uint64_t *hash)
{
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL, *again = NULL;
    double out[N * T];
    unsigned char *bytes = NULL;
    size_t size = 0;
    mlsd_status status;
    const int64_t n_out = T * mlsd_dataset_n_rows(data);
    TRY(mlsd_spec_from_json(context, json, &spec));
    TRY(mlsd_model_fit(context, spec, data, NULL, NULL, &model));
    TRY(mlsd_model_predict(context, model, data, MLSD_OUTPUT_VALUE, out, n_out));
    mix(hash, out, (size_t)n_out * sizeof *out);
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

mlsd_status run_targets(const mlsd_context *context, uint64_t *hash)
{
    static const char *const json[] = {
        "{\"kind\":\"linear_regression\"}", "{\"kind\":\"ridge\"}",
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":\"ridge\"}]}"};
    sample s;
    make_sample(&s);
    double y[N * T];
    for (int i = 0; i < N; i++) {
        y[i * T] = s.y[i];
        y[i * T + 1] = s.y[i] * s.y[i];
    }
    const mlsd_matrix X = matrix_of(s.x, N, P), w = matrix_of(s.weight, N, 1);
    const mlsd_matrix both = matrix_of(y, N, T);
    /* Fewer rows than columns. */
    const mlsd_matrix wide = matrix_of(s.x, P - 1, P), few = matrix_of(y, P - 1, T);
    mlsd_dataset *data = NULL;
    mlsd_status status;
    TRY(mlsd_dataset_from_matrix(context, &X, &both, &w, MLSD_TASK_REGRESSION, &data));
    for (int i = 0; i < 3; i++) TRY(fit_and_save(context, json[i], data, hash));
    mlsd_dataset_free(data);
    data = NULL;
    TRY(mlsd_dataset_from_matrix(context, &wide, &few, NULL, MLSD_TASK_REGRESSION, &data));
    for (int i = 0; i < 2; i++) TRY(fit_and_save(context, json[i], data, hash));
out:
    mlsd_dataset_free(data);
    return status;
}
