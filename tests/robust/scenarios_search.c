/* scenarios_search.c - searches of each kind of rounds: all candidates at once, rungs of rows, a
 * race; and a search in the place of an estimator. */
#include "scenario_data.h"

static mlsd_status search_with(const mlsd_context *context, const char *kind,
                               const mlsd_spec *estimator, const mlsd_dataset *data,
                               const char *const *space, int64_t n, uint64_t *hash)
{
    mlsd_spec *search = NULL, *splitter = NULL;
    mlsd_result *result = NULL;
    mlsd_status status;
    TRY(mlsd_spec_new(context, kind, &search));
    TRY(mlsd_spec_new(context, "stratified_kfold", &splitter));
    TRY(mlsd_spec_set_i64(splitter, "n_splits", 4));
    TRY(mlsd_spec_add(search, "estimator", NULL, estimator));
    TRY(mlsd_spec_add(search, "splitter", NULL, splitter));
    TRY(mlsd_spec_set_str_list(search, "space", space, n));
    TRY(mlsd_spec_set_bool(search, "measure_bytes", 1));
    TRY(mlsd_validate(context, search, data, NULL, &result));
    TRY(hash_result(result, hash));
out:
    mlsd_result_free(result);
    mlsd_spec_free(splitter);
    mlsd_spec_free(search);
    return status;
}

static mlsd_status fit_search(const mlsd_context *context, const mlsd_spec *estimator,
                              const mlsd_dataset *data, const char *const *space, int64_t n,
                              uint64_t *hash)
{
    double out[N];
    mlsd_spec *search = NULL;
    mlsd_model *model = NULL;
    mlsd_table *candidates = NULL;
    mlsd_status status;
    TRY(mlsd_spec_new(context, "grid_search", &search));
    TRY(mlsd_spec_add(search, "estimator", NULL, estimator));
    TRY(mlsd_spec_set_str_list(search, "space", space, n));
    TRY(mlsd_search_candidates(context, search, NULL, &candidates));
    mlsd_table_free(candidates);
    candidates = NULL;
    TRY(mlsd_search_candidates(context, search, data, &candidates));
    TRY(mlsd_model_fit(context, search, data, NULL, NULL, &model));
    TRY(mlsd_model_predict(context, model, data, MLSD_OUTPUT_VALUE, out, N));
    mix(hash, out, sizeof out);
out:
    mlsd_table_free(candidates);
    mlsd_model_free(model);
    mlsd_spec_free(search);
    return status;
}

/* Epochs that go on from rung to rung, a nested search and a curve. */
static mlsd_status run_specs(const mlsd_context *context, const mlsd_dataset *data, uint64_t *hash)
{
    static const char *const specs[] = {
        "{\"kind\":\"halving_grid_search\",\"space\":[\"alpha = 0.001, 0.01, 0.1\"],"
        "\"estimator\":{\"kind\":\"sgd_classifier\"},\"resource\":\"max_iter\",\"max_resources\":"
        "3}",
        "{\"kind\":\"nested_cv\",\"search\":{\"kind\":\"grid_search\",\"estimator\":{\"kind\":"
        "\"gaussian_nb\"},\"space\":[\"var_smoothing = 0.1, 1\"]}}",
        "{\"kind\":\"validation_curve\",\"estimator\":{\"kind\":\"gaussian_nb\"},"
        "\"space\":[\"var_smoothing = 0.1, 1\"]}",
    };
    mlsd_spec *spec = NULL;
    mlsd_result *result = NULL;
    mlsd_status status;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        TRY(mlsd_spec_from_json(context, specs[i], &spec));
        TRY(mlsd_validate(context, spec, data, NULL, &result));
        TRY(hash_result(result, hash));
        mlsd_result_free(result);
        mlsd_spec_free(spec);
        result = NULL;
        spec = NULL;
    }
out:
    mlsd_result_free(result);
    mlsd_spec_free(spec);
    return status;
}

mlsd_status run_searches(const mlsd_context *context, uint64_t *hash)
{
    static const char *const space[] = {"var_smoothing = 1e-9, 0.1, 1", "or", "var_smoothing = 10"};
    sample s;
    make_sample(&s);
    const mlsd_matrix X = matrix_of(s.x, N, P), y = matrix_of(s.label, N, 1);
    mlsd_dataset *data = NULL;
    mlsd_spec *bayes = NULL;
    mlsd_status status;
    TRY(mlsd_dataset_from_matrix(context, &X, &y, NULL, MLSD_TASK_BINARY, &data));
    TRY(mlsd_spec_new(context, "gaussian_nb", &bayes));
    TRY(search_with(context, "grid_search", bayes, data, space, 3, hash));
    TRY(search_with(context, "halving_grid_search", bayes, data, space, 3, hash));
    TRY(search_with(context, "racing_search", bayes, data, space, 3, hash));
    TRY(fit_search(context, bayes, data, space, 1, hash));
    TRY(run_specs(context, data, hash));
out:
    mlsd_spec_free(bayes);
    mlsd_dataset_free(data);
    return status;
}
