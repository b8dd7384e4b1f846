/* scenarios_regression.c - regressors whose targets or parameters are special: fit, predict, keep
 * and load, on a few rows, because each is an allocation walk of its own. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scenario_data.h"

enum { ROWS = 40, COLUMNS = 2 };

static mlsd_status fit_and_keep(const mlsd_context *context, const char *json,
                                const mlsd_dataset *data, uint64_t *hash)
{
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL, *again = NULL, *more = NULL;
    unsigned char *bytes = NULL;
    double out[ROWS];
    size_t size = 0;
    mlsd_status status;
    TRY(mlsd_spec_from_json(context, json, &spec));
    TRY(mlsd_model_fit(context, spec, data, NULL, NULL, &model));
    TRY(mlsd_model_to_bytes(model, NULL, 0, &size));
    bytes = malloc(size);
    TRY(mlsd_model_to_bytes(model, bytes, size, &size));
    TRY(mlsd_model_from_bytes(context, bytes, size, &again));
    TRY(mlsd_model_predict(context, again, data, MLSD_OUTPUT_VALUE, out, ROWS));
    mix(hash, out, sizeof out);
    if (strstr(json, "\"adamw\"") != NULL) {
        TRY(mlsd_model_fit_more(context, again, NULL, data, NULL, NULL, &more));
        TRY(mlsd_model_predict(context, more, data, MLSD_OUTPUT_VALUE, out, ROWS));
        mix(hash, out, sizeof out);
    }
out:
    free(bytes);
    mlsd_model_free(more);
    mlsd_model_free(again);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    return status;
}

/* Targets above 0, with weights or without. */
static mlsd_status fit_all(const mlsd_context *context, const char *const *specs, int n,
                           int weighted, uint64_t *hash)
{
    sample s;
    make_sample(&s);
    for (int i = 0; i < ROWS; i++) s.y[i] = 1 + s.y[i] * s.y[i];
    const mlsd_matrix X = matrix_of(s.x, ROWS, COLUMNS), y = matrix_of(s.y, ROWS, 1);
    const mlsd_matrix w = matrix_of(s.weight, ROWS, 1);
    mlsd_dataset *data = NULL;
    mlsd_status status;
    TRY(mlsd_dataset_from_matrix(context, &X, &y, weighted ? &w : NULL, MLSD_TASK_REGRESSION,
                                 &data));
    for (int k = 0; k < n; k++) TRY(fit_and_keep(context, specs[k], data, hash));
out:
    mlsd_dataset_free(data);
    return status;
}

mlsd_status run_generalised(const mlsd_context *context, uint64_t *hash)
{
    static const char *const specs[] = {
        "{\"kind\":\"poisson_regressor\"}",
        "{\"kind\":\"gamma_regressor\",\"max_iter\":3}",
        "{\"kind\":\"tweedie_regressor\",\"power\":1,\"link\":\"identity\"}",
        "{\"kind\":\"huber_regressor\"}",
        "{\"kind\":\"quantile_regressor\",\"alpha\":0.01}",
        "{\"kind\":\"passive_aggressive_regressor\",\"average\":true,\"max_iter\":2}",
    };
    return fit_all(context, specs, 6, 1, hash);
}

mlsd_status run_networks(const mlsd_context *context, uint64_t *hash)
{
    static const char *const specs[] = {
        "{\"kind\":\"mlp_regressor\",\"hidden_layer_sizes\":[5,3],\"max_iter\":2,\"dropout\":0.5,"
        "\"mixup\":0.5,\"early_stopping\":true,\"solver\":\"adamw\"}",
        "{\"kind\":\"mlp_regressor\",\"hidden_layer_sizes\":[4],\"max_iter\":2,"
        "\"batch_norm\":true,\"solver\":\"sgd\"}",
        "{\"kind\":\"mlp_regressor\",\"hidden_layer_sizes\":[4],\"max_iter\":2,"
        "\"solver\":\"lbfgs\"}",
        "{\"kind\":\"factorization_machine_regressor\",\"n_factors\":2,\"max_iter\":2}",
    };
    return fit_all(context, specs, 4, 1, hash);
}

mlsd_status run_forecasters(const mlsd_context *context, uint64_t *hash)
{
    static const char *const specs[] = {
        "{\"kind\":\"naive_forecaster\",\"sp\":4}",
        "{\"kind\":\"exponential_smoothing\",\"trend\":\"add\",\"max_iter\":2}",
        "{\"kind\":\"auto_reg\",\"max_lags\":3}",
    };
    return fit_all(context, specs, 3, 0, hash);
}

/* Halves of a sample, one after the other. */
typedef struct halves {
    mlsd_dataset *half[3];
    int at;
} halves;

static int32_t next_half(void *user, const mlsd_dataset **out)
{
    halves *const h = user;
    *out = h->half[h->at++];
    return 0;
}

mlsd_status run_chunks(const mlsd_context *context, uint64_t *hash)
{
    static const char *const specs[] = {
        "{\"kind\":\"linear_regression\"}",
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":\"gaussian_nb\"}]}",
    };
    sample s;
    make_sample(&s);
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL;
    halves h = {.at = 0};
    double out[ROWS];
    mlsd_status status = MLSD_OK;
    for (int k = 0; k < 2 && status == MLSD_OK; k++) {
        for (int i = 0; i < ROWS; i++) s.y[i] = k == 0 ? s.y[i] : i % 3;
        for (int i = 0; i < 2; i++) {
            const mlsd_matrix X = matrix_of(s.x + i * ROWS / 2 * COLUMNS, ROWS / 2, COLUMNS);
            const mlsd_matrix y = matrix_of(s.y + i * ROWS / 2, ROWS / 2, 1);
            TRY(mlsd_dataset_from_matrix(context, &X, &y, NULL,
                                         k == 0 ? MLSD_TASK_REGRESSION : MLSD_TASK_MULTICLASS,
                                         &h.half[i]));
        }
        h.at = 0;
        TRY(mlsd_spec_from_json(context, specs[k], &spec));
        TRY(mlsd_model_fit_chunks(context, spec, next_half, &h, &model));
        TRY(mlsd_model_predict(context, model, h.half[0], MLSD_OUTPUT_VALUE, out, ROWS));
        mix(hash, out, ROWS / 2 * sizeof *out);
    out:
        mlsd_model_free(model);
        mlsd_spec_free(spec);
        mlsd_dataset_free(h.half[0]);
        mlsd_dataset_free(h.half[1]);
        model = NULL;
        spec = NULL;
        h.half[0] = h.half[1] = NULL;
    }
    return status;
}
