/* scenarios_custom.c - estimators of the user's: in a pipeline on folds beside a model of the
 * library, and saved and loaded. Whatever fails, each state is ended and each user released. */
#include "custom_models.h"
#include "scenario_data.h"

static int64_t all_columns(const void *state, void *user)
{
    (void)user;
    return ((const custom_means *)state)->p;
}

static mlsd_status cross_validate(const mlsd_context *context, const mlsd_spec *spec,
                                  const mlsd_dataset *data, uint64_t *hash)
{
    static const char *const metrics[] = {"accuracy", "log_loss"};
    mlsd_spec *kfold = NULL;
    mlsd_folds *folds = NULL;
    mlsd_result *result = NULL;
    double value = 0;
    mlsd_status status;
    TRY(mlsd_spec_new(context, "stratified_kfold", &kfold));
    TRY(mlsd_spec_set_i64(kfold, "n_splits", 3));
    TRY(mlsd_folds_split_dataset(context, kfold, data, &folds));
    TRY(mlsd_cross_validate(context, spec, data, folds, metrics, 2, &result));
    TRY(mlsd_result_get_f64(result, "log_loss.mean", &value));
    mix(hash, &value, sizeof value);
out:
    mlsd_result_free(result);
    mlsd_folds_free(folds);
    mlsd_spec_free(kfold);
    return status;
}

/* Write a model and read it again in a context that knows the two. */
static mlsd_status save_and_load(const mlsd_model *model, const mlsd_custom *centre,
                                 const mlsd_custom *nearest, const mlsd_matrix *X, uint64_t *hash)
{
    unsigned char bytes[4096];
    size_t size = 0;
    double out[N];
    mlsd_context *own = NULL;
    mlsd_model *copy = NULL;
    mlsd_status status;
    TRY(mlsd_context_new(&own));
    TRY(mlsd_context_add_custom(own, centre));
    TRY(mlsd_context_add_custom(own, nearest));
    TRY(mlsd_model_to_bytes(model, bytes, sizeof bytes, &size));
    TRY(mlsd_model_from_bytes(own, bytes, size, &copy));
    TRY(mlsd_model_predict_matrix(own, copy, X, MLSD_OUTPUT_DECISION, out, N));
    mix(hash, out, sizeof out);
out:
    mlsd_model_free(copy);
    mlsd_context_free(own);
    return status;
}

mlsd_status run_custom(const mlsd_context *context, uint64_t *hash)
{
    sample s;
    make_sample(&s);
    const mlsd_matrix X = matrix_of(s.x, N, P), y = matrix_of(s.label, N, 1);
    custom_log log = {0}, of_transform = {0};
    mlsd_custom *nearest = NULL, *centre = NULL;
    mlsd_spec *pipeline = NULL, *step = NULL;
    mlsd_dataset *data = NULL;
    mlsd_model *model = NULL;
    mlsd_status status;
    TRY(custom_describe(context, &log, 0, 0, &nearest));
    TRY(custom_describe(context, &of_transform, 1, 0, &centre));
    TRY(mlsd_custom_set_width(centre, all_columns));
    TRY(mlsd_spec_new(context, "pipeline", &pipeline));
    TRY(mlsd_spec_new_custom(centre, &step));
    TRY(mlsd_spec_add(pipeline, "steps", NULL, step));
    mlsd_spec_free(step);
    step = NULL;
    TRY(mlsd_spec_new(context, "standardize", &step));
    TRY(mlsd_spec_add(pipeline, "steps", NULL, step));
    mlsd_spec_free(step);
    step = NULL;
    TRY(mlsd_spec_new_custom(nearest, &step));
    TRY(mlsd_spec_add(pipeline, "steps", NULL, step));
    TRY(mlsd_dataset_from_matrix(context, &X, &y, NULL, MLSD_TASK_AUTO, &data));
    TRY(cross_validate(context, pipeline, data, hash));
    TRY(mlsd_model_fit(context, pipeline, data, NULL, NULL, &model));
    TRY(save_and_load(model, centre, nearest, &X, hash));
out:
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    mlsd_spec_free(step);
    mlsd_spec_free(pipeline);
    mlsd_custom_free(centre);
    mlsd_custom_free(nearest);
    if (atomic_load(&log.n_states) != 0 || atomic_load(&of_transform.n_states) != 0) abort();
    if (atomic_load(&log.n_elsewhere) + atomic_load(&of_transform.n_elsewhere) != 0) abort();
    return status;
}
