/* scenarios_transform.c - every transform on a small table of numbers and categories: fitted, used,
 * and written. */
#include "scenario_data.h"

enum { ROWS = 30, MOST_OUT = 20 };

static const char *const scalers[] = {
    "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"min_max_scale\"},{\"kind\":\"max_abs_scale\"},"
    "{\"kind\":\"robust_scale\"},{\"kind\":\"normalize\"},{\"kind\":\"binarize\"}]}",
    "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"quantile_transform\",\"n_quantiles\":4},"
    "{\"kind\":\"power_transform\"},{\"kind\":\"log_transform\",\"signed\":true}]}",
};

static const char *const encoders[] = {
    "{\"kind\":\"ordinal_encode\",\"max_categories\":2}",
    "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"target_encode\"},{\"kind\":\"impute\"},"
    "{\"kind\":\"standardize\"}]}",
};

static const char *const features[] = {
    "{\"kind\":\"column_transform\",\"remainder\":\"passthrough\",\"transforms\":[{\"kind\":"
    "\"polynomial_features\"},{\"kind\":\"on_columns\",\"columns\":[\"g\"],\"transform\":{"
    "\"kind\":\"target_encode\"}}]}",
    "{\"kind\":\"spline_features\",\"knots\":\"quantile\",\"n_knots\":3}",
    "{\"kind\":\"spline_features\",\"n_knots\":4,\"extrapolation\":\"linear\"}",
    "{\"kind\":\"bin\",\"strategy\":\"kmeans\",\"n_bins\":3}",
};

#define CODED "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"impute\"},{\"kind\":\"one_hot\"},"

static const char *const selections[] = {
    CODED "{\"kind\":\"variance_threshold\"},{\"kind\":\"univariate_select\",\"k\":2}]}",
    CODED "{\"kind\":\"select_from_model\",\"estimator\":{\"kind\":\"ridge\"}}]}",
    CODED "{\"kind\":\"rfe\",\"step\":2,\"estimator\":{\"kind\":\"ridge\"}}]}",
    CODED "{\"kind\":\"rfecv\",\"step\":3,\"n_splits\":2,\"estimator\":{\"kind\":\"ridge\"}}]}",
    CODED "{\"kind\":\"sequential_select\",\"n_features_to_select\":1,\"n_splits\":2,\"estimator\":"
          "{\"kind\":\"ridge\"}}]}",
};

static const char *const against_noise[] = {
    CODED
    "{\"kind\":\"permutation_select\",\"n_splits\":2,\"n_repeats\":1,\"alpha\":1,\"estimator\":"
    "{\"kind\":\"ridge\"}}]}",
    CODED "{\"kind\":\"stability_selection\",\"n_subsamples\":2}]}",
    CODED "{\"kind\":\"boruta\",\"max_iter\":2,\"keep_tentative\":true}]}",
    CODED "{\"kind\":\"knockoff_filter\",\"fdr\":0.9,\"estimator\":{\"kind\":\"ridge\"}}]}",
};

/* Without weights, which these cannot take. */
static const char *const unweighted[] = {
    CODED "{\"kind\":\"univariate_select\",\"score_func\":\"mutual_info\",\"k\":2}]}",
};

static mlsd_status make_table(const mlsd_context *context, mlsd_table **out)
{
    sample s;
    make_sample(&s);
    const char *letters[ROWS];
    double x[ROWS];
    for (int i = 0; i < ROWS; i++) {
        letters[i] = i % 7 == 2 ? NULL : i % 3 == 0 ? "a" : i % 5 == 0 ? "b" : "c";
        x[i] = s.x[i * P];
    }
    mlsd_status status = mlsd_table_new(context, out);
    if (status == MLSD_OK) status = mlsd_table_set_f64(*out, "x", x, ROWS);
    if (status == MLSD_OK) status = mlsd_table_set_str(*out, "g", letters, ROWS);
    if (status == MLSD_OK) status = mlsd_table_set_f64(*out, "w", s.weight, ROWS);
    if (status == MLSD_OK) status = mlsd_table_set_f64(*out, "y", s.y, ROWS);
    return status;
}

static mlsd_status run_one(const mlsd_context *context, const char *json, const mlsd_dataset *data,
                           uint64_t *hash)
{
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL;
    double out[ROWS * MOST_OUT];
    size_t size = 0;
    mlsd_status status;
    TRY(mlsd_spec_from_json(context, json, &spec));
    TRY(mlsd_model_fit(context, spec, data, NULL, NULL, &model));
    const int64_t p = mlsd_model_n_outputs(model, MLSD_OUTPUT_FEATURES);
    TRY(mlsd_model_predict(context, model, data, MLSD_OUTPUT_FEATURES, out, ROWS * MOST_OUT));
    mix(hash, out, (size_t)(ROWS * p) * sizeof *out);
    TRY(mlsd_model_predict(context, model, data, MLSD_OUTPUT_TRAIN_FEATURES, out, ROWS * MOST_OUT));
    mix(hash, out, (size_t)(ROWS * p) * sizeof *out);
    TRY(mlsd_model_to_bytes(model, NULL, 0, &size));
    mix(hash, &size, sizeof size);
out:
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    return status;
}

/* n_roles 2: with weights; 1: w is a feature. */
static mlsd_status run_roles(const mlsd_context *context, const char *const *specs, int n,
                             int n_roles, uint64_t *hash)
{
    const char *const columns[] = {"y", "w"}, *const roles[] = {"target", "weight"};
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    mlsd_status status;
    TRY(make_table(context, &table));
    TRY(mlsd_dataset_from_table(context, table, columns, roles, n_roles, MLSD_TASK_REGRESSION,
                                &data));
    for (int i = 0; i < n; i++) TRY(run_one(context, specs[i], data, hash));
out:
    mlsd_dataset_free(data);
    mlsd_table_free(table);
    return status;
}

static mlsd_status run_all(const mlsd_context *context, const char *const *specs, int n,
                           uint64_t *hash)
{
    return run_roles(context, specs, n, 2, hash);
}

mlsd_status run_scalers(const mlsd_context *context, uint64_t *hash)
{
    return run_all(context, scalers, sizeof scalers / sizeof *scalers, hash);
}

mlsd_status run_encoders(const mlsd_context *context, uint64_t *hash)
{
    return run_all(context, encoders, sizeof encoders / sizeof *encoders, hash);
}

mlsd_status run_features(const mlsd_context *context, uint64_t *hash)
{
    return run_all(context, features, sizeof features / sizeof *features, hash);
}

mlsd_status run_selections(const mlsd_context *context, uint64_t *hash)
{
    mlsd_status status;
    TRY(run_all(context, selections, sizeof selections / sizeof *selections, hash));
    TRY(run_roles(context, unweighted, sizeof unweighted / sizeof *unweighted, 1, hash));
out:
    return status;
}

mlsd_status run_against_noise(const mlsd_context *context, uint64_t *hash)
{
    return run_all(context, against_noise, sizeof against_noise / sizeof *against_noise, hash);
}
