/* scenarios_discriminant.c - decompositions, discriminant analysis, calibrated and augmented
 * classifiers. */
#include <stdlib.h>
#include <string.h>

#include "scenario_data.h"

/* Few rows: these models make many small blocks, and a walk over failing allocations visits each.
 */
enum { N_ROWS = 30 };

/* Fit, predict, write and read what a JSON text says, and hash what came out. */
static mlsd_status run_text(const mlsd_context *context, const char *json, mlsd_output what,
                            const mlsd_dataset *data, const mlsd_matrix *X, uint64_t *hash)
{
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL, *again = NULL;
    unsigned char *bytes = NULL;
    double out[N_ROWS * P];
    size_t size = 0;
    mlsd_status status;
    TRY(mlsd_spec_from_json(context, json, &spec));
    TRY(mlsd_model_fit(context, spec, data, NULL, NULL, &model));
    TRY(mlsd_model_to_bytes(model, NULL, 0, &size));
    bytes = malloc(size);
    TRY(mlsd_model_to_bytes(model, bytes, size, &size));
    TRY(mlsd_model_from_bytes(context, bytes, size, &again));
    TRY(mlsd_model_predict_matrix(context, again, X, what, out, N_ROWS * P));
    mix(hash, out, (size_t)(X->rows * mlsd_model_n_outputs(model, what)) * sizeof *out);
out:
    free(bytes);
    mlsd_model_free(again);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    return status;
}

static mlsd_status run_texts(const mlsd_context *context, const char *const *texts, int n_texts,
                             mlsd_output what, uint64_t *hash)
{
    sample s;
    make_sample(&s);
    const mlsd_matrix X = matrix_of(s.x, N_ROWS, P), w = matrix_of(s.weight, N_ROWS, 1);
    const mlsd_matrix y = matrix_of(s.label, N_ROWS, 1);
    mlsd_dataset *data = NULL;
    mlsd_status status;
    TRY(mlsd_dataset_from_matrix(context, &X, &y, &w, MLSD_TASK_AUTO, &data));
    for (int i = 0; i < n_texts; i++) TRY(run_text(context, texts[i], what, data, &X, hash));
out:
    mlsd_dataset_free(data);
    return status;
}

/* Four columns of 30 rows, and 40 of 3: the other way round. */
mlsd_status run_decompositions(const mlsd_context *context, uint64_t *hash)
{
    static const char *const texts[] = {"{\"kind\":\"pca\",\"whiten\":true}",
                                        "{\"kind\":\"truncated_svd\"}"};
    sample s;
    make_sample(&s);
    const mlsd_matrix wide = matrix_of(s.x, 3, 40);
    mlsd_dataset *data = NULL;
    mlsd_status status;
    TRY(run_texts(context, texts, 2, MLSD_OUTPUT_FEATURES, hash));
    TRY(mlsd_dataset_from_matrix(context, &wide, NULL, NULL, MLSD_TASK_NONE, &data));
    for (int i = 0; i < 2; i++)
        TRY(run_text(context, texts[i], MLSD_OUTPUT_FEATURES, data, &wide, hash));
out:
    mlsd_dataset_free(data);
    return status;
}

mlsd_status run_discriminants(const mlsd_context *context, uint64_t *hash)
{
    static const char *const texts[] = {
        "{\"kind\":\"linear_discriminant_analysis\"}",
        "{\"kind\":\"linear_discriminant_analysis\",\"solver\":\"lsqr\",\"auto_shrinkage\":true}",
        "{\"kind\":\"linear_discriminant_analysis\",\"solver\":\"eigen\"}",
        "{\"kind\":\"quadratic_discriminant_analysis\",\"store_covariance\":true}"};
    return run_texts(context, texts, 4, MLSD_OUTPUT_PROBA, hash);
}

mlsd_status run_calibrated(const mlsd_context *context, uint64_t *hash)
{
    static const char *const texts[] = {
        "{\"kind\":\"calibrated_classifier\",\"n_splits\":2,\"estimator\":{\"kind\":"
        "\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":\"gaussian_nb\"}]}}",
        "{\"kind\":\"calibrated_classifier\",\"n_splits\":2,\"method\":\"isotonic\","
        "\"estimator\":{\"kind\":\"dummy_classifier\"}}",
        "{\"kind\":\"calibrated_classifier\",\"n_splits\":2,\"method\":\"temperature\","
        "\"ensemble\":false,\"estimator\":{\"kind\":\"gaussian_nb\"}}"};
    static const char isotonic[] = "{\"kind\":\"isotonic_regression\",\"auto_increasing\":true}";
    sample s;
    make_sample(&s);
    const mlsd_matrix X = matrix_of(s.x, N_ROWS, 1), y = matrix_of(s.y, N_ROWS, 1);
    mlsd_dataset *data = NULL;
    mlsd_status status;
    TRY(run_texts(context, texts, 3, MLSD_OUTPUT_PROBA, hash));
    TRY(mlsd_dataset_from_matrix(context, &X, &y, NULL, MLSD_TASK_REGRESSION, &data));
    TRY(run_text(context, isotonic, MLSD_OUTPUT_VALUE, data, &X, hash));
out:
    mlsd_dataset_free(data);
    return status;
}

/* Columns and rows, scores of rows that members have not seen, weights in place of copies. */
mlsd_status run_bagging(const mlsd_context *context, uint64_t *hash)
{
    static const char *const texts[] = {
        "{\"kind\":\"bagging_classifier\",\"n_estimators\":2,\"oob_score\":true,"
        "\"max_features\":2,\"estimator\":{\"kind\":\"gaussian_nb\"}}",
        "{\"kind\":\"bagging_classifier\",\"n_estimators\":2,\"estimator\":{\"kind\":"
        "\"calibrated_classifier\",\"n_splits\":2,\"estimator\":{\"kind\":\"gaussian_nb\"}}}"};
    return run_texts(context, texts, 2, MLSD_OUTPUT_PROBA, hash);
}

/* Groups of two columns, a coin, a mixture by the program and one without. */
mlsd_status run_fair_mixture(const mlsd_context *context, uint64_t *hash)
{
    static const char *const texts[] = {
        "{\"kind\":\"exponentiated_gradient\",\"sensitive_features\":[\"x0\",\"x1\"],"
        "\"group_bins\":2,\"max_iter\":2,\"estimator\":{\"kind\":\"gaussian_nb\"}}",
        "{\"kind\":\"exponentiated_gradient\",\"sensitive_features\":[\"x0\"],\"id\":\"x3\","
        "\"lp_step\":false,\"group_bins\":2,\"max_iter\":2,\"constraint\":\"equalized_odds\","
        "\"estimator\":{\"kind\":\"gaussian_nb\"}}"};
    return run_texts(context, texts, 2, MLSD_OUTPUT_PROBA, hash);
}

/* Cycles of a network whose oldest snapshot goes, and of scores that vote. */
mlsd_status run_snapshots(const mlsd_context *context, uint64_t *hash)
{
    static const char *const texts[] = {
        "{\"kind\":\"snapshot_ensemble_classifier\",\"n_snapshots\":3,\"n_last\":2,\"estimator\":"
        "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[3],\"max_iter\":2,"
        "\"early_stopping\":true}}",
        "{\"kind\":\"snapshot_ensemble_classifier\",\"n_snapshots\":2,\"estimator\":{\"kind\":"
        "\"sgd_classifier\",\"loss\":\"hinge\",\"max_iter\":2}}"};
    return run_texts(context, texts, 2, MLSD_OUTPUT_PROBA, hash);
}

static int twice_as_large(const mlsd_spec *spec, uint64_t seed, int64_t epoch, const int64_t *rows,
                          const mlsd_matrix *X, double *out, int64_t *inout_cols, void *user)
{
    (void)spec, (void)seed, (void)epoch, (void)rows, (void)inout_cols, (void)user;
    for (int64_t i = 0; i < X->rows; i++)
        for (int64_t j = 0; j < X->cols; j++)
            out[i * X->cols + j] = 2 * ((const double *)X->data)[i * X->row_stride + j];
    return 0;
}

/* Copies, resampled rows, batches on the fly in front of a scaling, and a callback. */
mlsd_status run_augmented(const mlsd_context *context, uint64_t *hash)
{
    static const char *const texts[] = {
        "{\"kind\":\"augmented\",\"estimator\":{\"kind\":\"gaussian_nb\"},\"augment\":[{\"kind\":"
        "\"borderline_smote\"},{\"kind\":\"random_oversample\"},{\"kind\":\"mixup\"},{\"kind\":"
        "\"jitter\"}]}",
        "{\"kind\":\"augmented\",\"estimator\":{\"kind\":\"pipeline\",\"steps\":[{\"kind\":"
        "\"standardize\"},{\"kind\":\"sgd_classifier\",\"max_iter\":2,\"early_stopping\":true}]},"
        "\"augment\":[{\"kind\":\"random_undersample\"},{\"kind\":\"cutmix\"}]}"};
    static const char plain[] =
        "{\"kind\":\"augmented\",\"estimator\":{\"kind\":\"sgd_classifier\",\"max_iter\":2}}";
    sample s;
    make_sample(&s);
    const mlsd_matrix X = matrix_of(s.x, N_ROWS, P), y = matrix_of(s.label, N_ROWS, 1);
    mlsd_custom *custom = NULL;
    mlsd_spec *own = NULL, *spec = NULL;
    mlsd_dataset *data = NULL;
    mlsd_model *model = NULL;
    double out[N_ROWS * 2];
    mlsd_status status;
    TRY(run_texts(context, texts, 2, MLSD_OUTPUT_PROBA, hash));
    TRY(mlsd_dataset_from_matrix(context, &X, &y, NULL, MLSD_TASK_AUTO, &data));
    TRY(mlsd_custom_new_augmentation(context, "twice", 0, twice_as_large, NULL, NULL, &custom));
    TRY(mlsd_spec_new_custom(custom, &own));
    TRY(mlsd_spec_from_json(context, plain, &spec));
    TRY(mlsd_spec_add(spec, "augment", NULL, own));
    TRY(mlsd_model_fit(context, spec, data, NULL, NULL, &model));
    TRY(mlsd_model_predict_matrix(context, model, &X, MLSD_OUTPUT_PROBA, out, N_ROWS * 2));
    mix(hash, out, sizeof out);
out:
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    mlsd_spec_free(spec);
    mlsd_spec_free(own);
    mlsd_custom_free(custom);
    return status;
}
