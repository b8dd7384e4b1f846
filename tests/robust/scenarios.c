/* scenarios.c - the list of scenarios, and those that are not about splits. */
#include "scenarios.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scenario_data.h"

char scenario_directory[64];

void scenario_directory_make(void)
{
    strcpy(scenario_directory, "/tmp/mlsd-robust-XXXXXX");
    if (mkdtemp(scenario_directory) == NULL) abort();
}

void scenario_directory_remove(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", scenario_directory);
    if (system(command) != 0) fprintf(stderr, "could not remove %s\n", scenario_directory);
}

mlsd_status hash_result(const mlsd_result *r, uint64_t *hash)
{
    int64_t length = 0;
    mlsd_status status = mlsd_result_to_json(r, NULL, 0, &length);
    if (status != MLSD_OK) return status;
    char *text = malloc((size_t)length + 1);
    if (text == NULL) abort();
    status = mlsd_result_to_json(r, text, length + 1, NULL);
    if (status == MLSD_OK) {
        const char *timings = strstr(text, "\"timings\"");
        mix(hash, text, timings != NULL ? (size_t)(timings - text) : strlen(text));
    }
    free(text);
    return status;
}

static mlsd_status run_spec(const mlsd_context *context, uint64_t *hash)
{
    mlsd_spec *pipeline = NULL, *child = NULL, *copy = NULL, *again = NULL, *other = NULL;
    const double alphas[] = {1, 10};
    const char *const names[] = {"a", "b"};
    const char *word = NULL;
    double got[2];
    int64_t n = 0;
    int32_t flag = 0;
    char text[4096], path[160];
    mlsd_status status;
    TRY(mlsd_spec_new(context, "pipeline", &pipeline));
    TRY(mlsd_spec_new(context, "impute", &child));
    TRY(mlsd_spec_add(pipeline, "steps", NULL, child));
    mlsd_spec_free(child);
    child = NULL;
    TRY(mlsd_spec_new(context, "ridge_cv", &child));
    TRY(mlsd_spec_set_text(child, "alphas", "0.1,1,10"));
    TRY(mlsd_spec_add(pipeline, "steps", "model", child));
    TRY(mlsd_spec_clone(pipeline, &copy));
    TRY(mlsd_spec_to_json(copy, 1, text, sizeof text, NULL));
    mix(hash, text, strlen(text));
    TRY(mlsd_spec_from_json(context, text, &again));
    mlsd_spec_free(again);
    again = NULL;
    file_path(path, "spec.json");
    TRY(mlsd_spec_save(copy, path));
    TRY(mlsd_spec_load(context, path, &again));
    TRY(mlsd_spec_reset(again, "model.alphas"));
    TRY(mlsd_spec_set_f64_list(again, "model.alphas", alphas, 2));
    TRY(mlsd_spec_get_f64_list(again, "model.alphas", got, 2, &n));
    TRY(mlsd_spec_get_str(again, "impute.strategy", &word));
    TRY(mlsd_spec_get_bool(again, "model.fit_intercept", &flag));
    TRY(mlsd_spec_is_null(again, "impute.strategy", &flag));
    mix(hash, got, sizeof got);
    TRY(mlsd_spec_new(context, "ridge", &other));
    TRY(mlsd_spec_set_f64(other, "alpha", 3.5));
    TRY(mlsd_spec_get_f64(other, "alpha", &got[0]));
    mlsd_spec_free(other);
    other = NULL;
    TRY(mlsd_spec_new(context, "experiment", &other));
    TRY(mlsd_spec_set_str_list(other, "slices", names, 2));
    TRY(mlsd_spec_get_str_at(other, "slices", 1, &word, &n));
    TRY(mlsd_spec_get_i64(other, "n_splits", &n));
    mix(hash, word, strlen(word));
out:
    mlsd_spec_free(other);
    mlsd_spec_free(again);
    mlsd_spec_free(copy);
    mlsd_spec_free(child);
    mlsd_spec_free(pipeline);
    return status;
}

static mlsd_status run_kinds(const mlsd_context *context, uint64_t *hash)
{
    (void)context;
    int64_t length = 0;
    const mlsd_status status = mlsd_kind_json(NULL, NULL, 0, &length);
    mix(hash, &length, sizeof length);
    return status;
}

static const char csv_text[] = "a,b,\"c d\",y\r\n"
                               "1,2.5,red,0\r\n"
                               "2,,\"gr\"\"een\",1\r\n"
                               "3,1e-3,red,1\r\n"
                               "4,-7,NA,0\r\n"
                               "5,8,\"blue, dark\",1\r\n"
                               "6,9,red,0\r\n";

static mlsd_status run_table(const mlsd_context *context, uint64_t *hash)
{
    mlsd_table *table = NULL, *more = NULL, *described = NULL, *again = NULL, *numbers = NULL;
    char path[160];
    double values[6];
    const char *texts[6] = {"x", NULL, "y", "x", "z", ""};
    const int64_t whole[6] = {1, 2, 3, 4, 5, 6};
    mlsd_status status;
    TRY(mlsd_table_parse_csv(context, csv_text, sizeof csv_text - 1, NULL, &table));
    TRY(mlsd_table_get_f64(table, 1, 0, 6, values));
    mix(hash, &values[2], sizeof values - 2 * sizeof values[0]);
    TRY(mlsd_table_new(context, &more));
    TRY(mlsd_table_set_f64(more, "n", values, 6));
    TRY(mlsd_table_set_str(more, "t", texts, 6));
    TRY(mlsd_table_set_i64(more, "i", whole, 6));
    TRY(mlsd_table_describe(context, table, &described));
    file_path(path, "table.csv");
    TRY(mlsd_table_write_csv(more, path));
    TRY(mlsd_table_read_csv(context, path, NULL, &again));
    const mlsd_matrix m = matrix_of(values, 2, 3);
    TRY(mlsd_table_from_matrix(context, &m, NULL, &numbers));
out:
    mlsd_table_free(numbers);
    mlsd_table_free(again);
    mlsd_table_free(described);
    mlsd_table_free(more);
    mlsd_table_free(table);
    return status;
}

/* The structs of the Arrow C data and stream interfaces, as far as passing them on needs. */
struct ArrowSchema {
    const void *parts[9]; /* the 8th is release */
};
struct ArrowArray {
    int64_t numbers[5];
    const void *parts[5]; /* the 4th is release */
};
struct ArrowArrayStream {
    const void *parts[5]; /* the 4th is release */
};

static void release_arrow(struct ArrowSchema *schema, struct ArrowArray *array)
{
    if (schema->parts[7] != NULL)
        ((void (*)(struct ArrowSchema *))(uintptr_t)schema->parts[7])(schema);
    if (array->parts[3] != NULL) ((void (*)(struct ArrowArray *))(uintptr_t)array->parts[3])(array);
}

static mlsd_status run_arrow(const mlsd_context *context, uint64_t *hash)
{
    mlsd_table *table = NULL, *batch = NULL, *streamed = NULL;
    struct ArrowSchema schema = {{NULL}};
    struct ArrowArray array = {{0}, {NULL}};
    struct ArrowArrayStream stream = {{NULL}};
    int64_t column = 0, codes[6];
    mlsd_status status;
    TRY(mlsd_table_parse_csv(context, csv_text, sizeof csv_text - 1, NULL, &table));
    TRY(mlsd_table_export_arrow(table, &array, &schema));
    TRY(mlsd_table_import_arrow(context, &array, &schema, &batch));
    TRY(mlsd_table_export_arrow_stream(batch, &stream));
    TRY(mlsd_table_import_arrow_stream(context, &stream, &streamed));
    TRY(mlsd_table_find(streamed, "c d", &column));
    TRY(mlsd_table_get_i64(streamed, column, 0, 6, codes));
    mix(hash, codes, sizeof codes);
out:
    release_arrow(&schema, &array);
    mlsd_table_free(streamed);
    mlsd_table_free(batch);
    mlsd_table_free(table);
    return status;
}

static int64_t n_released;

static void count_release(void *user)
{
    __atomic_fetch_add((int64_t *)user, 1, __ATOMIC_RELAXED);
}

static mlsd_status run_dataset(const mlsd_context *context, uint64_t *hash)
{
    mlsd_table *table = NULL;
    mlsd_dataset *from_table = NULL, *copied = NULL, *adopted = NULL, *view = NULL;
    sample s;
    make_sample(&s);
    const mlsd_matrix X = matrix_of(s.x, N, P), y = matrix_of(s.y, N, 1),
                      w = matrix_of(s.weight, N, 1);
    const char *columns[] = {"y", "a"};
    const char *roles[] = {"target", "ignore"};
    const int64_t rows[] = {3, 1, 3, 0};
    double target[N];
    mlsd_status status;
    TRY(mlsd_table_parse_csv(context, csv_text, sizeof csv_text - 1, NULL, &table));
    TRY(mlsd_dataset_from_table(context, table, columns, roles, 2, MLSD_TASK_AUTO, &from_table));
    TRY(mlsd_dataset_from_matrix(context, &X, &y, &w, MLSD_TASK_AUTO, &copied));
    TRY(mlsd_dataset_adopt(context, &X, &y, NULL, MLSD_TASK_REGRESSION, count_release, &n_released,
                           &adopted));
    TRY(mlsd_dataset_rows(adopted, rows, 4, &view));
    TRY(mlsd_dataset_target(view, target, N));
    mix(hash, target, 4 * sizeof *target);
out:
    mlsd_dataset_free(adopted);
    mlsd_dataset_free(view);
    mlsd_dataset_free(copied);
    mlsd_dataset_free(from_table);
    mlsd_table_free(table);
    return status;
}

static mlsd_status run_diagnosis(const mlsd_context *context, uint64_t *hash)
{
    mlsd_spec *spec = NULL;
    mlsd_curve *curve = NULL;
    mlsd_result *result = NULL;
    mlsd_status status;
    TRY(mlsd_spec_from_json(context,
                            "{\"kind\":\"diagnosis\",\"n_resamples\":3,"
                            "\"probe_losses\":[0.2,0.21],\"losses\":[0.3,0.35]}",
                            &spec));
    TRY(mlsd_curve_new(context, NULL, &curve));
    for (int i = 0; i < 12; i++) {
        TRY(mlsd_curve_add(curve, "train", i, 1.0 / (i + 1)));
        TRY(mlsd_curve_add(curve, "valid", i, 0.1 + 1.0 / (i + 1)));
    }
    TRY(mlsd_curve_diagnose(context, curve, spec, &result));
    double rise = 0, confidence = 0;
    TRY(mlsd_result_get_f64(result, "rise", &rise));
    TRY(mlsd_result_get_f64(result, "confidence", &confidence));
    mix(hash, &rise, sizeof rise);
    mix(hash, &confidence, sizeof confidence);
out:
    mlsd_result_free(result);
    mlsd_curve_free(curve);
    mlsd_spec_free(spec);
    return status;
}

static mlsd_status run_curve(const mlsd_context *context, uint64_t *hash)
{
    mlsd_spec *rule = NULL;
    mlsd_curve *curve = NULL;
    mlsd_table *table = NULL;
    mlsd_status status;
    TRY(mlsd_spec_new(context, "early_stopping", &rule));
    TRY(mlsd_spec_set_i64(rule, "patience", 3));
    TRY(mlsd_curve_new(context, rule, &curve));
    for (int i = 0; i < 40; i++) {
        TRY(mlsd_curve_add(curve, "train", i, 10.0 / (i + 1)));
        TRY(mlsd_curve_add(curve, "valid", i, (i - 5.0) * (i - 5.0)));
    }
    TRY(mlsd_curve_to_table(context, curve, &table));
    double step = 0, value = 0;
    TRY(mlsd_curve_point(curve, 1, 3, &step, &value));
    const int64_t best = mlsd_curve_best_step(curve);
    mix(hash, &best, sizeof best);
    mix(hash, &value, sizeof value);
out:
    mlsd_table_free(table);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
    return status;
}

/* Curves of folds, and all that is made of them. */
static mlsd_status run_curves(const mlsd_context *context, uint64_t *hash)
{
    char path[160];
    mlsd_dataset *set = NULL;
    mlsd_curve *curve = NULL, *fold = NULL, *back = NULL;
    mlsd_table *table = NULL, *mean = NULL, *gap = NULL, *smooth = NULL;
    mlsd_status status;
    TRY(mlsd_curve_new(context, NULL, &curve));
    TRY(mlsd_curve_new(context, NULL, &fold));
    TRY(mlsd_curve_set_x(curve, "epoch"));
    for (int i = 0; i < 3; i++) {
        TRY(mlsd_curve_add(fold, "train", i, 3.0 - i));
        TRY(mlsd_curve_add(fold, "valid", i, (i - 1.0) * (i - 1.0)));
    }
    int64_t accuracy = 0;
    TRY(mlsd_curve_series(fold, "accuracy", "valid", -1, 0, &accuracy));
    TRY(mlsd_curve_add_point(fold, accuracy, 0.0, 0.5));
    TRY(mlsd_curve_merge(curve, fold, 0, 0));
    TRY(mlsd_curve_merge(curve, fold, 1, 0));
    TRY(mlsd_curve_mean(context, curve, "loss", "valid", &mean));
    TRY(mlsd_curve_gap(context, curve, "loss", "valid", "train", &gap));
    TRY(mlsd_curve_smooth(context, curve, 0, "median", 3.0, &smooth));
    TRY(mlsd_curve_to_points(context, curve, &table));
    TRY(mlsd_curve_from_table(context, table, &back));
    file_path(path, "curve.csv");
    TRY(mlsd_curve_write_csv(context, curve, "wide", path));
    mlsd_curve_free(back);
    back = NULL;
    TRY(mlsd_curve_read_csv(context, path, &back));
    TRY(mlsd_dataset_from_table(context, table, NULL, NULL, 0, MLSD_TASK_NONE, &set));
    TRY(mlsd_curve_add_set(back, "more", set));
    int64_t steps[3] = {0};
    TRY(mlsd_curve_refit_steps(back, "loss", "valid", 1.0, &steps[0], &steps[1], &steps[2]));
    char text[8192];
    int64_t length = 0;
    TRY(mlsd_curve_to_jsonl(back, text, sizeof text, &length));
    mix(hash, steps, sizeof steps);
    mix(hash, text, (size_t)length);
out:
    mlsd_table_free(smooth);
    mlsd_table_free(gap);
    mlsd_table_free(mean);
    mlsd_table_free(table);
    mlsd_curve_free(back);
    mlsd_dataset_free(set);
    mlsd_curve_free(fold);
    mlsd_curve_free(curve);
    return status;
}

static mlsd_status fit_one(const mlsd_context *context, const char *kind, const mlsd_dataset *data,
                           const mlsd_matrix *X, uint64_t *hash)
{
    mlsd_spec *pipeline = NULL, *step = NULL;
    mlsd_model *model = NULL, *again = NULL, *loaded = NULL;
    double *out = NULL;
    unsigned char *bytes = NULL;
    char path[160];
    size_t size = 0;
    mlsd_status status;
    TRY(mlsd_spec_new(context, "pipeline", &pipeline));
    TRY(mlsd_spec_new(context, "standardize", &step));
    TRY(mlsd_spec_add(pipeline, "steps", NULL, step));
    mlsd_spec_free(step);
    step = NULL;
    TRY(mlsd_spec_new(context, kind, &step));
    if (strncmp(kind, "sgd", 3) == 0) TRY(mlsd_spec_set_i64(step, "max_iter", 5));
    TRY(mlsd_spec_add(pipeline, "steps", NULL, step));
    TRY(mlsd_model_fit(context, pipeline, data, NULL, NULL, &model));
    const mlsd_output what =
        mlsd_model_n_outputs(model, MLSD_OUTPUT_PROBA) > 0 ? MLSD_OUTPUT_PROBA : MLSD_OUTPUT_VALUE;
    const int64_t n_out = N * mlsd_model_n_outputs(model, what);
    out = malloc((size_t)n_out * sizeof *out);
    TRY(mlsd_model_predict(context, model, data, what, out, n_out));
    mix(hash, out, (size_t)n_out * sizeof *out);
    TRY(mlsd_model_predict_matrix(context, model, X, what, out, n_out));
    const bool is_linear = strncmp(kind, "dummy", 5) != 0 && strstr(kind, "_nb") == NULL;
    if (is_linear) {
        double coef[P];
        int64_t rows = 0, cols = 0;
        TRY(mlsd_model_get_array(model, "coef", coef, P, &rows, &cols));
        TRY(mlsd_model_get_f64(model, "intercept", &out[0]));
    }
    mix(hash, out, (size_t)n_out * sizeof *out);
    TRY(mlsd_model_to_bytes(model, NULL, 0, &size));
    bytes = malloc(size);
    TRY(mlsd_model_to_bytes(model, bytes, size, &size));
    TRY(mlsd_model_from_bytes(context, bytes, size, &again));
    if (strcmp(kind, "ridge") == 0) { /* one for all: the disk is waited for */
        file_path(path, "model.mlsd");
        TRY(mlsd_model_save(model, path));
        TRY(mlsd_model_load(context, path, &loaded));
    }
out:
    free(bytes);
    free(out);
    mlsd_model_free(loaded);
    mlsd_model_free(again);
    mlsd_model_free(model);
    mlsd_spec_free(step);
    mlsd_spec_free(pipeline);
    return status;
}

static mlsd_status run_kinds_of(const mlsd_context *context, const char *const *kinds, int n_kinds,
                                int classifies, uint64_t *hash)
{
    sample s;
    make_sample(&s);
    const mlsd_matrix X = matrix_of(s.x, N, P), w = matrix_of(s.weight, N, 1);
    const mlsd_matrix y = matrix_of(classifies ? s.label : s.y, N, 1);
    mlsd_status status = MLSD_OK;
    mlsd_dataset *data = NULL;
    for (int k = 0; k < n_kinds; k++) {
        TRY(mlsd_dataset_from_matrix(context, &X, &y, &w, MLSD_TASK_AUTO, &data));
        TRY(fit_one(context, kinds[k], data, &X, hash));
        mlsd_dataset_free(data);
        data = NULL;
    }
out:
    mlsd_dataset_free(data);
    return status;
}

static mlsd_status run_regressors(const mlsd_context *context, uint64_t *hash)
{
    static const char *const kinds[] = {"dummy_regressor", "linear_regression", "ridge", "ridge_cv",
                                        "sgd_regressor"};
    return run_kinds_of(context, kinds, 5, 0, hash);
}

static mlsd_status run_sparse(const mlsd_context *context, uint64_t *hash)
{
    static const char *const kinds[] = {"lasso", "elastic_net"};
    return run_kinds_of(context, kinds, 2, 0, hash);
}

static mlsd_status run_classifiers(const mlsd_context *context, uint64_t *hash)
{
    static const char *const kinds[] = {"dummy_classifier", "logistic_regression", "sgd_classifier",
                                        "gaussian_nb", "bernoulli_nb"};
    return run_kinds_of(context, kinds, 5, 1, hash);
}

/* Numbers, and two classes. */
static mlsd_status run_support_vectors(const mlsd_context *context, uint64_t *hash)
{
    static const char *const regressor = "linear_svr", *const classifier = "linear_svc";
    mlsd_status status = MLSD_OK;
    TRY(run_kinds_of(context, &regressor, 1, 0, hash));
    TRY(run_kinds_of(context, &classifier, 1, 1, hash));
out:
    return status;
}

/* Models that fit many times. */
static mlsd_status run_tuned(const mlsd_context *context, uint64_t *hash)
{
    static const char *const kinds[] = {"logistic_regression_cv", "lasso_cv", "elastic_net_cv"};
    sample s;
    make_sample(&s);
    const mlsd_matrix X = matrix_of(s.x, N, P), label = matrix_of(s.label, N, 1);
    const mlsd_matrix number = matrix_of(s.y, N, 1);
    mlsd_dataset *data = NULL;
    mlsd_status status = MLSD_OK;
    for (int k = 0; k < 3; k++) {
        TRY(mlsd_dataset_from_matrix(context, &X, k == 0 ? &label : &number, NULL, MLSD_TASK_AUTO,
                                     &data));
        TRY(fit_one(context, kinds[k], data, &X, hash));
        mlsd_dataset_free(data);
        data = NULL;
    }
out:
    mlsd_dataset_free(data);
    return status;
}

static mlsd_status run_mixed(const mlsd_context *context, uint64_t *hash)
{
    static const char *const steps[] = {"impute", "one_hot", "standardize", "logistic_regression"};
    const char *column = "y", *role = "target";
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    mlsd_spec *pipeline = NULL, *step = NULL;
    mlsd_model *model = NULL;
    double out[12];
    mlsd_status status;
    TRY(mlsd_table_parse_csv(context, csv_text, sizeof csv_text - 1, NULL, &table));
    TRY(mlsd_dataset_from_table(context, table, &column, &role, 1, MLSD_TASK_AUTO, &data));
    TRY(mlsd_spec_new(context, "pipeline", &pipeline));
    for (int i = 0; i < 4; i++) {
        TRY(mlsd_spec_new(context, steps[i], &step));
        TRY(mlsd_spec_add(pipeline, "steps", NULL, step));
        mlsd_spec_free(step);
        step = NULL;
    }
    TRY(mlsd_model_fit(context, pipeline, data, NULL, NULL, &model));
    TRY(mlsd_model_predict(context, model, data, MLSD_OUTPUT_PROBA, out, 12));
    mix(hash, out, sizeof out);
out:
    mlsd_model_free(model);
    mlsd_spec_free(step);
    mlsd_spec_free(pipeline);
    mlsd_dataset_free(data);
    mlsd_table_free(table);
    return status;
}

static mlsd_status run_scores(const mlsd_context *context, uint64_t *hash)
{
    static const char *const metrics[] = {"accuracy", "log_loss", "roc_auc", "brier"};
    sample s;
    make_sample(&s);
    double proba[2 * N];
    const char *group[N];
    for (int i = 0; i < N; i++) {
        proba[2 * i + 1] = 0.5 + 0.09 * s.y[i] / 2;
        proba[2 * i] = 1 - proba[2 * i + 1];
        group[i] = i % 4 == 0 ? "a" : "b";
    }
    const mlsd_matrix y = matrix_of(s.label, N, 1), p = matrix_of(proba, N, 2);
    const mlsd_matrix value = matrix_of(s.y, N, 1), guess = matrix_of(s.x, N, 1);
    mlsd_table *groups = NULL;
    mlsd_result *slices = NULL;
    mlsd_spec *by_group = NULL;
    char picture[8192];
    double score[3];
    mlsd_status status = MLSD_OK;
    for (int k = 0; k < 4; k++) {
        TRY(mlsd_metric_score(context, metrics[k], &y, k == 0 ? &y : &p, NULL, 0.95, &score[0],
                              &score[1], &score[2]));
        mix(hash, score, sizeof score);
    }
    TRY(mlsd_metric_score(context, "rmse", &value, &guess, NULL, 0.95, &score[0], NULL, NULL));
    TRY(mlsd_metric_score(context, "mae", &value, &guess, NULL, 0.95, &score[0], NULL, NULL));
    TRY(mlsd_metric_score(context, "r2", &value, &guess, NULL, 0.95, &score[0], NULL, NULL));
    TRY(mlsd_table_new(context, &groups));
    TRY(mlsd_table_set_str(groups, "g", group, N));
    TRY(mlsd_spec_new(context, "slice_metrics", &by_group));
    TRY(mlsd_spec_set_str_list(by_group, "metrics", &metrics[3], 1));
    TRY(mlsd_slice_run(context, by_group, groups, &y, &p, NULL, &slices));
    TRY(hash_result(slices, hash));
    TRY(mlsd_slices_svg(context, slices, picture, sizeof picture, NULL));
    mix(hash, picture, strlen(picture));
out:
    mlsd_result_free(slices);
    mlsd_spec_free(by_group);
    mlsd_table_free(groups);
    return status;
}

static mlsd_status run_validate(const mlsd_context *context, uint64_t *hash)
{
    sample s;
    make_sample(&s);
    const mlsd_matrix X = matrix_of(s.x, N, P), y = matrix_of(s.y, N, 1);
    mlsd_dataset *data = NULL;
    mlsd_spec *splitter = NULL, *models[2] = {NULL, NULL};
    mlsd_folds *folds = NULL;
    mlsd_spec *run = NULL;
    mlsd_result *scores = NULL, *board = NULL, *validated = NULL;
    const char *metrics[] = {"rmse", "r2"}, *names[] = {"constant", "ridge"}, *chosen = NULL;
    double mean = 0, by_fold[2 * 2 * 5], on_train[2 * 2 * 5];
    int64_t n_failed = 0;
    mlsd_status status;
    TRY(mlsd_dataset_from_matrix(context, &X, &y, NULL, MLSD_TASK_REGRESSION, &data));
    TRY(mlsd_spec_new(context, "kfold", &splitter));
    TRY(mlsd_folds_split_dataset(context, splitter, data, &folds));
    TRY(mlsd_spec_new(context, "dummy_regressor", &models[0]));
    TRY(mlsd_spec_new(context, "ridge", &models[1]));
    TRY(mlsd_cross_validate(context, models[1], data, folds, metrics, 2, &scores));
    TRY(hash_result(scores, hash));
    TRY(mlsd_result_get_f64(scores, "rmse.mean", &mean));
    TRY(mlsd_fold_scores(context, (const mlsd_spec *const *)models, 2, data, folds, metrics, 2,
                         by_fold, 2 * 2 * 5, on_train, NULL, &n_failed));
    mix(hash, by_fold, sizeof by_fold);
    mix(hash, on_train, sizeof on_train);
    TRY(mlsd_leaderboard(context, (const mlsd_spec *const *)models, names, 2, data, folds, "rmse",
                         &board));
    TRY(hash_result(board, hash));
    TRY(mlsd_result_get_str(board, "chosen", &chosen));
    TRY(mlsd_spec_new(context, "cross_validate", &run));
    TRY(mlsd_spec_add(run, "estimators", NULL, models[0]));
    TRY(mlsd_spec_add(run, "estimators", NULL, models[1]));
    TRY(mlsd_spec_set_str_list(run, "metrics", metrics, 2));
    TRY(mlsd_validate(context, run, data, NULL, &validated));
    TRY(hash_result(validated, hash));
out:
    mlsd_result_free(validated);
    mlsd_spec_free(run);
    mlsd_result_free(board);
    mlsd_result_free(scores);
    mlsd_spec_free(models[0]);
    mlsd_spec_free(models[1]);
    mlsd_folds_free(folds);
    mlsd_spec_free(splitter);
    mlsd_dataset_free(data);
    return status;
}

/* Losses of the epochs of each fold: by the parts of a data set, behind a step, and of a search. */
static mlsd_status run_fold_curves(const mlsd_context *context, uint64_t *hash)
{
    sample s;
    make_sample(&s);
    const mlsd_matrix X = matrix_of(s.x, N, P), y = matrix_of(s.y, N, 1);
    static const char text[] =
        "{\"kind\":\"cross_validate\",\"return_curves\":true,\"estimators\":[{\"name\":\"plain\","
        "\"kind\":\"ridge\"},{\"name\":\"steps\",\"kind\":\"pipeline\",\"steps\":[{\"kind\":"
        "\"standardize\"},{\"kind\":\"sgd_regressor\",\"max_iter\":3}]},{\"name\":\"search\","
        "\"kind\":\"grid_search\",\"estimator\":{\"kind\":\"sgd_regressor\",\"max_iter\":2},"
        "\"space\":[\"alpha = 0.01, 0.1\"]}],\"splitter\":{\"kind\":\"kfold\",\"n_splits\":2}}";
    mlsd_dataset *data = NULL;
    mlsd_spec *run = NULL;
    mlsd_result *result = NULL;
    mlsd_status status;
    TRY(mlsd_dataset_from_matrix(context, &X, &y, NULL, MLSD_TASK_REGRESSION, &data));
    TRY(mlsd_spec_from_json(context, text, &run));
    TRY(mlsd_validate(context, run, data, NULL, &result));
    TRY(hash_result(result, hash));
out:
    mlsd_result_free(result);
    mlsd_spec_free(run);
    mlsd_dataset_free(data);
    return status;
}

/* Every check of an audit, with copies, groups and times to be found. */
static mlsd_status run_audit(const mlsd_context *context, uint64_t *hash)
{
    sample s;
    make_sample(&s);
    static const char *const names[] = {"y", "who", "when", "until"};
    static const char *const roles[] = {"target", "group", "time", "time_end"};
    double column[N];
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    mlsd_spec *splitter = NULL, *options = NULL, *model = NULL, *step = NULL;
    mlsd_folds *folds = NULL;
    mlsd_result *result = NULL;
    mlsd_status status;
    TRY(mlsd_table_new(context, &table));
    for (int j = 0; j < P; j++) {
        char name[8];
        snprintf(name, sizeof name, "x%d", j);
        for (int i = 0; i < N; i++) {
            /* Rows 20 .. 29 are copies, rows 30 .. 39 nearly. */
            const int from = i >= 20 && i < 40 ? i % 10 : i;
            column[i] = s.x[from * P + j] + (i >= 30 && i < 40 ? 1e-6 : 0);
        }
        TRY(mlsd_table_set_f64(table, name, column, N));
    }
    TRY(mlsd_table_set_f64(table, "y", s.label, N));
    for (int k = 1; k < 4; k++) {
        for (int i = 0; i < N; i++) column[i] = k == 1 ? i % 20 : i + 2 * (k == 3);
        TRY(mlsd_table_set_f64(table, names[k], column, N));
    }
    TRY(mlsd_dataset_from_table(context, table, names, roles, 4, MLSD_TASK_BINARY, &data));
    TRY(mlsd_spec_new(context, "kfold", &splitter));
    TRY(mlsd_spec_set_i64(splitter, "n_splits", 2));
    TRY(mlsd_spec_set_bool(splitter, "shuffle", 1));
    TRY(mlsd_folds_split_dataset(context, splitter, data, &folds));
    TRY(mlsd_spec_new(context, "leakage_audit", &options));
    TRY(mlsd_spec_set_str(options, "depth", "full"));
    TRY(mlsd_spec_new(context, "pipeline", &model));
    TRY(mlsd_spec_new(context, "standardize", &step));
    TRY(mlsd_spec_add(model, "steps", NULL, step));
    mlsd_spec_free(step);
    step = NULL;
    TRY(mlsd_spec_new(context, "logistic_regression", &step));
    TRY(mlsd_spec_add(model, "steps", NULL, step));
    TRY(mlsd_spec_add(options, "estimator", NULL, model));
    TRY(mlsd_folds_audit(context, options, data, folds, &result));
    TRY(hash_result(result, hash));
out:
    mlsd_result_free(result);
    mlsd_spec_free(step);
    mlsd_spec_free(model);
    mlsd_spec_free(options);
    mlsd_folds_free(folds);
    mlsd_spec_free(splitter);
    mlsd_dataset_free(data);
    mlsd_table_free(table);
    return status;
}

/* Every comparison of three models by what it takes. */
static mlsd_status run_compare(const mlsd_context *context, uint64_t *hash)
{
    static const char *const tests[] = {
        "{\"kind\":\"corrected_t\",\"test_train\":0.1}",
        "{\"kind\":\"bayes_correlated_t\",\"test_train\":0.1,\"rope\":0.01}",
        "{\"kind\":\"five_by_two_f\"}",
        "{\"kind\":\"five_by_two_t\",\"control\":1}",
        "{\"kind\":\"wilcoxon\",\"names\":[\"u\",\"v\",\"w\"]}",
        "{\"kind\":\"sign_test\"}",
        "{\"kind\":\"paired_permutation\",\"n_permutations\":200}",
        "{\"kind\":\"max_t\",\"n_permutations\":200}",
        "{\"kind\":\"bayes_signed_rank\",\"n_draws\":1200}",
        "{\"kind\":\"friedman\"}",
        "{\"kind\":\"diebold_mariano\",\"horizon\":2}",
        "{\"kind\":\"delong\"}",
        "{\"kind\":\"mcnemar\"}",
        "{\"kind\":\"cochran_q\"}",
    };
    enum { N_TESTS = sizeof tests / sizeof tests[0], WITH_Y = 10, RIGHT = 12, ROWS = 10 };
    sample s;
    make_sample(&s);
    double right[ROWS * 3], y[ROWS], p[] = {0.01, 0.04, 0.03};
    for (int i = 0; i < ROWS * 3; i++) right[i] = s.x[i] > -0.5;
    for (int i = 0; i < ROWS; i++) y[i] = i % 2;
    const mlsd_matrix scores = matrix_of(s.x, ROWS, 3), truth = matrix_of(y, ROWS, 1),
                      wrong = matrix_of(right, ROWS, 3);
    mlsd_spec *test = NULL;
    mlsd_result *result = NULL;
    mlsd_status status;
    char picture[8192];
    for (int i = 0; i < N_TESTS; i++) {
        TRY(mlsd_spec_from_json(context, tests[i], &test));
        TRY(mlsd_compare(context, test, i < RIGHT ? &scores : &wrong, i < WITH_Y ? NULL : &truth,
                         &result));
        TRY(hash_result(result, hash));
        if (i % 9 == 0) { /* corrected_t, friedman */
            TRY(mlsd_comparison_svg(context, result, picture, sizeof picture, NULL));
            mix(hash, picture, strlen(picture));
            TRY(mlsd_comparison_draw_text(context, result, 60, 0, picture, sizeof picture, NULL));
            mix(hash, picture, strlen(picture));
        }
        mlsd_result_free(result);
        result = NULL;
        mlsd_spec_free(test);
        test = NULL;
    }
    TRY(mlsd_adjust_p_values("holm", p, 3, p));
    mix(hash, p, sizeof p);
out:
    mlsd_result_free(result);
    mlsd_spec_free(test);
    return status;
}

static mlsd_status run_experiment(const mlsd_context *context, uint64_t *hash)
{
    sample s;
    make_sample(&s);
    mlsd_table *table = NULL;
    mlsd_spec *spec = NULL, *complete = NULL;
    mlsd_result *result = NULL;
    const char *group[N], *label[N], *slices = "g";
    double column[N];
    char path[160];
    mlsd_status status;
    TRY(mlsd_table_new(context, &table));
    for (int j = 0; j < P; j++) {
        char name[8];
        snprintf(name, sizeof name, "x%d", j);
        for (int i = 0; i < N; i++) column[i] = s.x[i * P + j];
        TRY(mlsd_table_set_f64(table, name, column, N));
    }
    for (int i = 0; i < N; i++) {
        group[i] = i % 3 == 0 ? "left" : "right";
        label[i] = s.label[i] != 0 ? "yes" : "no";
    }
    TRY(mlsd_table_set_str(table, "g", group, N));
    TRY(mlsd_table_set_str(table, "y", label, N));
    TRY(mlsd_spec_new(context, "experiment", &spec));
    TRY(mlsd_spec_set_str(spec, "target", "y"));
    TRY(mlsd_spec_set_bool(spec, "quick", 1));
    TRY(mlsd_spec_set_str_list(spec, "slices", &slices, 1));
    TRY(mlsd_experiment_complete(context, spec, table, &complete));
    TRY(mlsd_experiment_run(context, complete, table, &result));
    TRY(hash_result(result, hash));
    file_path(path, "result.json");
    TRY(mlsd_result_save(result, path));
    file_path(path, "report.html");
    TRY(mlsd_report_save(context, result, "t", path));
out:
    mlsd_result_free(result);
    mlsd_spec_free(complete);
    mlsd_spec_free(spec);
    mlsd_table_free(table);
    return status;
}

const scenario scenarios[] = {
    {"kinds", run_kinds, 0},
    {"spec", run_spec, 0},
    {"table", run_table, 0},
    {"arrow", run_arrow, 0},
    {"dataset", run_dataset, 0},
    {"split", run_split, 0},
    {"drawn_splits", run_drawn_splits, 0},
    {"split_columns", run_split_columns, 0},
    {"splits_by_time", run_splits_by_time, 0},
    {"stored_folds", run_stored_folds, 0},
    {"curve", run_curve, 0},
    {"diagnosis", run_diagnosis, 0},
    {"curves", run_curves, 0},
    {"regressors", run_regressors, 0},
    {"networks", run_networks, 0},
    {"sparse", run_sparse, 0},
    {"generalised", run_generalised, 0},
    {"forecasters", run_forecasters, 0},
    {"chunks", run_chunks, 0},
    {"classifiers", run_classifiers, 0},
    {"support vectors", run_support_vectors, 0},
    {"neighbors", run_neighbors, 0},
    {"targets", run_targets, 0},
    {"tuned", run_tuned, 1},
    {"decompositions", run_decompositions, 0},
    {"discriminants", run_discriminants, 0},
    {"calibrated", run_calibrated, 0},
    {"augmented", run_augmented, 0},
    {"bagging", run_bagging, 0},
    {"snapshots", run_snapshots, 0},
    {"fair_mixture", run_fair_mixture, 0},
    {"mixed", run_mixed, 0},
    {"scalers", run_scalers, 0},
    {"encoders", run_encoders, 0},
    {"features", run_features, 0},
    {"selections", run_selections, 0},
    {"selections against noise", run_against_noise, 0},
    {"custom", run_custom, 0},
    {"scores", run_scores, 0},
    {"validate", run_validate, 0},
    {"fold curves", run_fold_curves, 0},
    {"evaluate", run_evaluate, 0},
    {"metrics", run_metrics, 0},
    {"metrics of numbers", run_value_metrics, 0},
    {"scorecard", run_scorecard, 0},
    {"intervals", run_intervals, 0},
    {"rates", run_rates, 0},
    {"resampling", run_resampling, 0},
    {"poisson_bootstrap", run_poisson_bootstrap, 0},
    {"suites", run_suites, 1},
    {"searches", run_searches, 1},
    {"slice searches", run_slice_searches, 1},
    {"slice comparison", run_slice_comparison, 0},
    {"shaken", run_shaken, 0},
    {"fairness", run_fairness, 0},
    {"mitigation", run_mitigation, 0},
    {"audit", run_audit, 0},
    {"compare", run_compare, 0},
    {"experiment", run_experiment, 1},
};
const int n_scenarios = sizeof scenarios / sizeof scenarios[0];
