/* scenarios_intervals.c - how sure scores are: every interval of a cross-validated score. */
#include "scenario_data.h"

/* Rows: every allocation is made to fail, so there are few of them. */
enum { FEW = 40 };

static mlsd_status validate(const mlsd_context *context, const char *json, const mlsd_dataset *data,
                            uint64_t *hash)
{
    mlsd_spec *spec = NULL;
    mlsd_result *result = NULL;
    mlsd_status status;
    TRY(mlsd_spec_from_json(context, json, &spec));
    TRY(mlsd_validate(context, spec, data, NULL, &result));
    TRY(hash_result(result, hash));
out:
    mlsd_result_free(result);
    mlsd_spec_free(spec);
    return status;
}

mlsd_status run_intervals(const mlsd_context *context, uint64_t *hash)
{
    static const char *const numbers[] = {
        "{\"kind\":\"cv_interval\",\"method\":\"nested\",\"n_repeats\":1,\"n_splits\":3,"
        "\"estimators\":[{\"kind\":\"ridge\"}]}",
        "{\"kind\":\"cv_interval\",\"method\":\"bootstrap_632_plus\",\"n_repeats\":2,"
        "\"metric\":\"mae\",\"estimators\":[{\"kind\":\"ridge\"}]}",
        "{\"kind\":\"cv_interval\",\"method\":\"bbc\",\"n_repeats\":3,\"n_splits\":2,"
        "\"estimators\":[{\"kind\":\"dummy_regressor\"},{\"kind\":\"ridge\"}]}",
        "{\"kind\":\"learning_curve\",\"n_draws\":10,\"train_sizes\":[0.25,0.5,0.75,1],"
        "\"splitter\":{\"kind\":\"kfold\",\"n_splits\":2},\"estimators\":[{\"kind\":\"ridge\"}]}",
        "{\"kind\":\"permutation_test\",\"n_permutations\":2,\"splitter\":{\"kind\":\"kfold\","
        "\"n_splits\":2},\"estimators\":[{\"kind\":\"ridge\"}]}",
        "{\"kind\":\"permutation_test\",\"n_permutations\":2,\"metric\":\"mae\",\"splitter\":{"
        "\"kind\":\"kfold\",\"n_splits\":2},\"estimators\":[{\"kind\":\"ridge\"}]}",
        "{\"kind\":\"augmentation_test\",\"splitter\":{\"kind\":\"kfold\",\"n_splits\":2},"
        "\"estimator\":{\"kind\":\"augmented\",\"estimator\":{\"kind\":\"ridge\"},"
        "\"augment\":[{\"kind\":\"jitter\"}]}}"};
    sample s;
    make_sample(&s);
    const mlsd_matrix X = matrix_of(s.x, FEW, P), y = matrix_of(s.y, FEW, 1);
    const mlsd_matrix label = matrix_of(s.label, FEW, 1), weight = matrix_of(s.weight, FEW, 1);
    mlsd_dataset *data = NULL, *classes = NULL;
    mlsd_status status;
    TRY(mlsd_dataset_from_matrix(context, &X, &y, &weight, MLSD_TASK_REGRESSION, &data));
    for (int i = 0; i < 7; i++) TRY(validate(context, numbers[i], data, hash));
    TRY(mlsd_dataset_from_matrix(context, &X, &label, NULL, MLSD_TASK_BINARY, &classes));
    TRY(validate(context,
                 "{\"kind\":\"cv_interval\",\"method\":\"wald\",\"n_splits\":2,"
                 "\"estimators\":[{\"kind\":\"gaussian_nb\"}]}",
                 classes, hash));
out:
    mlsd_dataset_free(classes);
    mlsd_dataset_free(data);
    return status;
}
