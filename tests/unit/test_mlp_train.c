/* test_mlp_train.c - networks as they are trained: the same bytes however the work is cut, going
 * on, files, weights of rows, what regularises, and bad input. Witness: identities of the method; a
 * step of gradient descent from numbers that a training of no length gives back. scikit-learn's own
 * steps are followed in tests/reference/test_mlp_sklearn.py. */
#include "linear_data.h"
#include "model/model_impl.h"
#include "numeric/blas.h"

/* Everything that draws or cuts, and rows that do not fill their batches. */
static const char *const FORMS[] = {
    "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[9,5],\"batch_size\":150,\"max_iter\":4,"
    "\"dropout\":0.3,\"mixup\":0.4,\"input_noise\":0.1,\"label_smoothing\":0.1,\"clip_norm\":0.5}",
    "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[70,80],\"batch_size\":200,\"max_iter\":3,"
    "\"solver\":\"adamw\",\"activation\":\"gelu\",\"early_stopping\":true}",
    "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[8],\"batch_norm\":true,\"max_iter\":4,"
    "\"precision\":\"double\","
    "\"solver\":\"sgd\",\"learning_rate_init\":0.05,\"activation\":\"tanh\"}",
    "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[8],\"max_iter\":4,\"solver\":\"lbfgs\","
    "\"activation\":\"logistic\",\"alpha\":0.1}",
    "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[8],\"max_iter\":4,\"pruning\":0.5,"
    "\"pruning_epochs\":2,\"learning_rate_init\":0.01}",
    "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[8],\"max_iter\":4,\"solver\":\"adamw\","
    "\"schedule\":{\"kind\":\"exponential_decay\",\"warmup_epochs\":1}}",
};

static void test_mlp_train__bytes_do_not_depend_on_threads(void **state)
{
    (void)state;
    static const int64_t THREADS[] = {1, 2, 3, 7};
    static const char *const NUMERICS[] = {"fast", "exact"};
    linear_data d = make_linear_data(701, 5, 3, 11);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    for (size_t f = 0; f < sizeof FORMS / sizeof *FORMS; f++)
        for (int e = 0; e < 2; e++) {
            mlsd_model *first = NULL;
            for (int i = 0; i < 4; i++) {
                mlsd_context *context = context_with_threads(THREADS[i]);
                assert_int_equal(mlsd_context_set_str(context, "numerics", NUMERICS[e]), MLSD_OK);
                mlsd_model *model = fit_json(context, FORMS[f], data, NULL, NULL);
                if (first == NULL)
                    first = model;
                else {
                    assert_same_model(first, model);
                    mlsd_model_free(model);
                }
                mlsd_context_free(context);
            }
            mlsd_model_free(first);
        }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Rows that are changed as they are gathered: their draws are theirs. */
static void test_mlp_train__augmented_rows_do_not_depend_on_threads(void **state)
{
    (void)state;
    static const char JSON[] =
        "{\"kind\":\"augmented\",\"augment\":[{\"kind\":\"jitter\"},{\"kind\":\"mixup\"}],"
        "\"estimator\":{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[12],\"max_iter\":3,"
        "\"batch_size\":256}}";
    linear_data d = make_linear_data(701, 5, 3, 11);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 0);
    mlsd_context *one = context_with_threads(1), *three = context_with_threads(3);
    mlsd_model *a = fit_json(one, JSON, data, NULL, NULL);
    mlsd_model *b = fit_json(three, JSON, data, NULL, NULL);
    mlsd_model *plain = fit_json(one,
                                 "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[12],"
                                 "\"max_iter\":3,\"batch_size\":256}",
                                 data, NULL, NULL);
    double changed[60], as_it_is[60];
    assert_same_model(a, b);
    array_of(a, "coefs_0", changed, 60);
    array_of(plain, "coefs_0", as_it_is, 60);
    assert_memory_not_equal(changed, as_it_is, sizeof changed);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_model_free(plain);
    mlsd_context_free(one);
    mlsd_context_free(three);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Train to 2, then to 3, then to 6 epochs: the bytes of 6 at once. */
static void test_mlp_train__goes_on_where_it_stopped(void **state)
{
    (void)state;
    static const int64_t BUDGETS[] = {2, 3, 6};
    linear_data d = make_linear_data(300, 4, 3, 17);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    for (size_t f = 0; f < sizeof FORMS / sizeof *FORMS; f++) {
        mlsd_spec *spec = spec_from(FORMS[f]);
        mlsd__scope scope;
        void *progress = NULL;
        mlsd_model *whole = NULL, *parts = NULL;
        assert_int_equal(mlsd__numeric_open(&scope, NULL), MLSD_OK);
        for (int i = 0; i < 3; i++) {
            mlsd_model_free(parts);
            assert_int_equal(mlsd_spec_set_i64(spec, "max_iter", BUDGETS[i]), MLSD_OK);
            assert_int_equal(mlsd__model_fit_on(&scope, spec, data, &progress, &parts), MLSD_OK);
        }
        assert_int_equal(mlsd__model_fit(&scope, spec, data, NULL, NULL, &whole), MLSD_OK);
        assert_same_model(whole, parts);
        mlsd__free(scope.allocator, progress);
        mlsd_model_free(whole);
        mlsd_model_free(parts);
        mlsd__scope_close(&scope);
        mlsd_spec_free(spec);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_mlp_train__files_and_single_rows(void **state)
{
    (void)state;
    linear_data d = make_linear_data(90, 4, 3, 3);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 0);
    for (size_t f = 0; f < sizeof FORMS / sizeof *FORMS; f++) {
        mlsd_model *model = fit_json(NULL, FORMS[f], data, NULL, NULL), *again = NULL;
        size_t size = 0;
        unsigned char *bytes = bytes_of(model, &size);
        double many[270], other[270], one[3];
        assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &again), MLSD_OK);
        assert_same_model(model, again);
        assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_PROBA, many, 270),
                         MLSD_OK);
        assert_int_equal(mlsd_model_predict(NULL, again, data, MLSD_OUTPUT_PROBA, other, 270),
                         MLSD_OK);
        assert_memory_equal(many, other, sizeof many);
        for (int64_t i = 0; i < 90; i++) {
            const mlsd_matrix row = {d.x + 4 * i, 1, 4, 4, 1, MLSD_F64, 0};
            assert_int_equal(
                mlsd_model_predict_matrix(NULL, again, &row, MLSD_OUTPUT_PROBA, one, 3), MLSD_OK);
            assert_memory_equal(one, many + 3 * i, sizeof one);
        }
        free(bytes);
        mlsd_model_free(again);
        mlsd_model_free(model);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* A weight counts how often a row was seen, where a batch is all rows. */
static void test_mlp_train__weights_are_repetitions(void **state)
{
    (void)state;
    enum { N = 60 };
    linear_data d = make_linear_data(N, 3, 0, 9), twice = make_linear_data(2 * N, 3, 0, 9);
    int64_t n = 0;
    for (int64_t i = 0; i < N; i++)
        for (int64_t k = 0; k < (int64_t)d.weight[i] && n < 2 * N; k++, n++) {
            memcpy(twice.x + 3 * n, d.x + 3 * i, 3 * sizeof *d.x);
            twice.y[n] = d.y[i];
        }
    assert_int_equal(n, 2 * N);
    mlsd_dataset *weighted = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_dataset *repeated = dataset_of(&twice, MLSD_TASK_REGRESSION, 0);
    const char *json = "{\"kind\":\"mlp_regressor\",\"hidden_layer_sizes\":[6],\"batch_size\":120,"
                       "\"alpha\":0,\"max_iter\":30,\"solver\":\"sgd\",\"activation\":\"tanh\","
                       "\"precision\":\"double\"}";
    mlsd_model *a = fit_json(NULL, json, weighted, NULL, NULL);
    mlsd_model *b = fit_json(NULL, json, repeated, NULL, NULL);
    double got[18], want[18];
    array_of(a, "coefs_0", got, 18);
    array_of(b, "coefs_0", want, 18);
    assert_close(got, want, 18, 1e-13);
    assert_true(fabs(number_of(a, "loss") - number_of(b, "loss")) < 1e-13);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_dataset_free(weighted);
    mlsd_dataset_free(repeated);
    free_linear_data(&d);
    free_linear_data(&twice);
}

/* Numbers of a linear model (3 coefficients and the intercept) after an epoch of one step. */
static void step_of(const mlsd_dataset *data, const char *more, double *theta)
{
    char json[300];
    (void)snprintf(
        json, sizeof json,
        "{\"kind\":\"mlp_regressor\",\"hidden_layer_sizes\":[],\"batch_size\":100,"
        "\"max_iter\":1,\"solver\":\"sgd\",\"momentum\":0,\"alpha\":0,\"scale_target\":false%s}",
        more);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    array_of(model, "coefs_0", theta, 3);
    array_of(model, "intercepts_0", theta + 3, 1);
    mlsd_model_free(model);
}

static double distance(const double *a, const double *b)
{
    double sum = 0.0;
    for (int j = 0; j < 4; j++) sum += (a[j] - b[j]) * (a[j] - b[j]);
    return sqrt(sum);
}

static void test_mlp_train__clipping_and_decay(void **state)
{
    (void)state;
    linear_data d = make_linear_data(100, 3, 0, 2);
    for (int64_t i = 0; i < 100; i++) d.y[i] += 50.0;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    double start[4], plain[4], clipped[4], loose[4], decayed[4];
    step_of(data, ",\"learning_rate_init\":1e-300", start);
    step_of(data, ",\"learning_rate_init\":0.25", plain);
    step_of(data, ",\"learning_rate_init\":0.25,\"clip_norm\":2", clipped);
    step_of(data, ",\"learning_rate_init\":0.25,\"clip_norm\":1e6", loose);
    step_of(data, ",\"learning_rate_init\":0.25,\"weight_decay\":0.125", decayed);
    assert_true(distance(plain, start) > 2.0);
    assert_true(fabs(distance(clipped, start) - 0.5) < 1e-12);
    assert_memory_equal(loose, plain, sizeof plain);
    for (int j = 0; j < 3; j++)
        assert_true(fabs(decayed[j] - (plain[j] - 0.25 * 0.125 * start[j])) < 1e-13);
    assert_true(decayed[3] == plain[3]);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* What a line cannot do: the sign of a product, and a bend. */
static void test_mlp_train__learns_what_a_line_cannot(void **state)
{
    (void)state;
    linear_data d = make_linear_data(600, 2, 0, 4);
    for (int64_t i = 0; i < 600; i++) d.y[i] = d.x[2 * i] * d.x[2 * i + 1] > 0.0;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_model *model = fit_json(NULL,
                                 "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[16],"
                                 "\"learning_rate_init\":0.02,\"batch_size\":50}",
                                 data, NULL, NULL);
    double proba[1200], value[600];
    int64_t n_right = 0;
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_PROBA, proba, 1200),
                     MLSD_OK);
    for (int64_t i = 0; i < 600; i++) n_right += (proba[2 * i + 1] > 0.5) == (d.y[i] > 0.5);
    assert_true(n_right >= 570);
    mlsd_model_free(model);
    mlsd_dataset_free(data);

    static const char *const LOSSES[] = {"squared_error", "absolute_error", "huber", "poisson"};
    for (int64_t i = 0; i < 600; i++) d.y[i] = exp(2.0 * fabs(d.x[2 * i]));
    data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    for (int l = 0; l < 4; l++) {
        char json[200];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"mlp_regressor\",\"loss\":\"%s\",\"hidden_layer_sizes\":[16,8],"
                       "\"learning_rate_init\":0.01,\"batch_size\":50}",
                       LOSSES[l]);
        double squares = 0.0;
        model = fit_json(NULL, json, data, NULL, NULL);
        assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, value, 600),
                         MLSD_OK);
        for (int64_t i = 0; i < 600; i++) squares += (value[i] - d.y[i]) * (value[i] - d.y[i]);
        if (!(squares / 600.0 < 0.01)) fail_msg("%s: mean square %g", LOSSES[l], squares / 600.0);
        mlsd_model_free(model);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Without hidden layers it is logistic regression, whose optimum is one: alpha is 1 / C there. */
static void test_mlp_train__lbfgs_reaches_the_optimum(void **state)
{
    (void)state;
    for (int64_t k = 2; k <= 3; k++) {
        linear_data d = make_linear_data(3000, 3, k, 3);
        mlsd_dataset *data = dataset_of(&d, k == 2 ? MLSD_TASK_BINARY : MLSD_TASK_MULTICLASS, 1);
        mlsd_model *exact = fit_json(
            NULL, "{\"kind\":\"logistic_regression\",\"C\":0.5,\"tol\":1e-10}", data, NULL, NULL);
        mlsd_model *net = fit_json(NULL,
                                   "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[],"
                                   "\"solver\":\"lbfgs\",\"alpha\":1,\"tol\":1e-9}",
                                   data, NULL, NULL);
        double want[9], got[9];
        array_of(exact, "coef", want, k == 2 ? 3 : 9);
        array_of(net, "coefs_0", got, k == 2 ? 3 : 9);
        for (int64_t j = 0; j < 3; j++)
            for (int64_t c = 0; c < (k == 2 ? 1 : 3); c++)
                assert_true(fabs(got[k == 2 ? j : 3 * j + c] - want[3 * c + j]) < 1e-6);
        assert_true(number_of(net, "stop_reason") == (double)MLSD_STOP_CONVERGED);
        mlsd_model_free(exact);
        mlsd_model_free(net);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

/* Without memory or draws, two trainings of two epochs are one of four; and with all that there is,
 * from a file too, the same bytes come out each time. */
static void test_mlp_train__goes_on_from_a_model(void **state)
{
    (void)state;
    linear_data d = make_linear_data(120, 3, 3, 8);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    static const char FORMAT[] = "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[6],"
                                 "\"solver\":\"%s\",\"shuffle\":false,\"batch_size\":50,"
                                 "\"learning_rate_init\":0.01,\"max_iter\":%d}";
    static const char *const SOLVERS[] = {"sgd", "adam"};
    for (int i = 0; i < 2; i++) {
        char half[240], whole[240];
        double got[18], want[18];
        mlsd_model *more = NULL;
        (void)snprintf(half, sizeof half, FORMAT, SOLVERS[i], 2);
        (void)snprintf(whole, sizeof whole, FORMAT, SOLVERS[i], 4);
        mlsd_model *first = fit_json(NULL, half, data, NULL, NULL);
        mlsd_model *all = fit_json(NULL, whole, data, NULL, NULL);
        assert_int_equal(mlsd_model_fit_more(NULL, first, NULL, data, NULL, NULL, &more), MLSD_OK);
        array_of(more, "coefs_0", got, 18);
        array_of(all, "coefs_0", want, 18);
        assert_memory_equal(got, want, sizeof want);
        mlsd_model_free(first);
        mlsd_model_free(more);
        mlsd_model_free(all);
    }
    for (size_t f = 0; f < sizeof FORMS / sizeof *FORMS; f++) {
        mlsd_model *first = fit_json(NULL, FORMS[f], data, NULL, NULL), *again = NULL;
        mlsd_model *a = NULL, *b = NULL;
        size_t size = 0;
        unsigned char *bytes = bytes_of(first, &size);
        assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &again), MLSD_OK);
        assert_int_equal(mlsd_model_fit_more(NULL, first, NULL, data, data, NULL, &a), MLSD_OK);
        assert_int_equal(mlsd_model_fit_more(NULL, again, NULL, data, data, NULL, &b), MLSD_OK);
        assert_same_model(a, b);
        free(bytes);
        mlsd_model_free(first);
        mlsd_model_free(again);
        mlsd_model_free(a);
        mlsd_model_free(b);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* A training whose step is scheduled is trainings of an epoch each, one going on from the other, by
 * the steps of its formula. A plateau's progress is out of reach: it cuts from the third epoch on.
 */
static void test_mlp_train__follows_its_schedule(void **state)
{
    (void)state;
    linear_data d = make_linear_data(120, 3, 3, 8);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    static const char FORMAT[] =
        "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[6],\"solver\":\"%s\","
        "\"shuffle\":false,\"batch_size\":50,\"learning_rate_init\":%g,\"max_iter\":%d%s}";
    static const char *const SOLVERS[] = {"sgd", "adam"};
    static const char *const SCHEDULES[] = {
        ",\"schedule\":{\"kind\":\"exponential_decay\",\"gamma\":0.5}",
        ",\"schedule\":{\"kind\":\"reduce_on_plateau\",\"gamma\":0.5,\"patience\":1,"
        "\"min_delta\":1e300}"};
    static const double FACTORS[][4] = {{1, 0.5, 0.25, 0.125}, {1, 1, 0.5, 0.25}};
    for (int i = 0; i < 4; i++) {
        char json[400];
        double got[18], want[18];
        const char *const solver = SOLVERS[i % 2];
        mlsd_model *at = NULL;
        (void)snprintf(json, sizeof json, FORMAT, solver, 0.016, 4, SCHEDULES[i / 2]);
        mlsd_model *all = fit_json(NULL, json, data, NULL, NULL);
        for (int epoch = 0; epoch < 4; epoch++) {
            mlsd_spec *spec = NULL;
            mlsd_model *next = NULL;
            (void)snprintf(json, sizeof json, FORMAT, solver, 0.016 * FACTORS[i / 2][epoch], 1, "");
            if (at == NULL) {
                at = fit_json(NULL, json, data, NULL, NULL);
                continue;
            }
            assert_int_equal(mlsd_spec_from_json(NULL, json, &spec), MLSD_OK);
            assert_int_equal(mlsd_model_fit_more(NULL, at, spec, data, NULL, NULL, &next), MLSD_OK);
            mlsd_spec_free(spec);
            mlsd_model_free(at);
            at = next;
        }
        array_of(all, "coefs_0", got, 18);
        array_of(at, "coefs_0", want, 18);
        assert_memory_equal(got, want, sizeof want);
        mlsd_model_free(all);
        mlsd_model_free(at);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Rows of one class alone, and rows, specs and models that do not belong together. */
static void test_mlp_train__what_a_model_can_go_on_with(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 2, 8), wide = make_linear_data(60, 4, 2, 8);
    int64_t rows[60], n = 0;
    for (int64_t i = 0; i < 60; i++)
        if (d.y[i] == 1.0) rows[n++] = i;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0), *ones = NULL;
    mlsd_dataset *other = dataset_of(&wide, MLSD_TASK_BINARY, 0);
    assert_int_equal(mlsd_dataset_rows(data, rows, n, &ones), MLSD_OK);
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[4],\"max_iter\":3}",
                 data, NULL, NULL);
    mlsd_model *ridge = fit_json(NULL, "{\"kind\":\"logistic_regression\"}", data, NULL, NULL);
    mlsd_model *mean =
        fit_json(NULL, "{\"kind\":\"sgd_classifier\",\"average\":true}", data, NULL, NULL);
    mlsd_model *sgd = fit_json(NULL, "{\"kind\":\"sgd_classifier\"}", data, NULL, NULL);
    mlsd_spec *net = spec_from("{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[5]}");
    mlsd_spec *kind = spec_from("{\"kind\":\"logistic_regression\"}");
    mlsd_model *more = NULL;
    assert_int_equal(mlsd_model_fit_more(NULL, model, NULL, ones, NULL, NULL, &more), MLSD_OK);
    mlsd_model_free(more);
    assert_int_equal(mlsd_model_fit_more(NULL, sgd, NULL, ones, NULL, NULL, &more), MLSD_OK);
    assert_true(number_of(more, "t") > number_of(sgd, "t"));
    mlsd_model_free(more);
    assert_int_equal(mlsd_model_fit_more(NULL, mean, NULL, data, NULL, NULL, &more),
                     MLSD_E_PARAM_CONFLICT);
    assert_int_equal(mlsd_model_fit_more(NULL, model, NULL, other, NULL, NULL, &more),
                     MLSD_E_SHAPE);
    assert_int_equal(mlsd_model_fit_more(NULL, model, net, data, NULL, NULL, &more),
                     MLSD_E_PARAM_CONFLICT);
    assert_non_null(strstr(mlsd_last_error(), "hidden_layer_sizes"));
    assert_int_equal(mlsd_model_fit_more(NULL, model, kind, data, NULL, NULL, &more), MLSD_E_KIND);
    assert_int_equal(mlsd_model_fit_more(NULL, ridge, NULL, data, NULL, NULL, &more),
                     MLSD_E_UNSUPPORTED);
    assert_null(more);
    mlsd_spec_free(net);
    mlsd_spec_free(kind);
    mlsd_model_free(model);
    mlsd_model_free(ridge);
    mlsd_model_free(mean);
    mlsd_model_free(sgd);
    mlsd_dataset_free(ones);
    mlsd_dataset_free(data);
    mlsd_dataset_free(other);
    free_linear_data(&d);
    free_linear_data(&wide);
}

static int64_t count_zeros(const mlsd_model *model, const char *name, int64_t n)
{
    double w[64];
    int64_t n_zeros = 0;
    array_of(model, name, w, n);
    for (int64_t i = 0; i < n; i++) n_zeros += w[i] == 0.0;
    return n_zeros;
}

/* The share after each epoch is Zhu & Gupta's, of each layer by itself; later epochs leave the
 * zeros where they are, and the rest still learns. */
static void test_mlp_train__pruning_grows_to_its_share(void **state)
{
    (void)state;
    linear_data d = make_linear_data(600, 2, 0, 4);
    for (int64_t i = 0; i < 600; i++) d.y[i] = d.x[2 * i] * d.x[2 * i + 1] > 0.0;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    static const char *const SOLVERS[] = {"adam", "sgd", "adamw"};
    for (int epochs = 1; epochs <= 12; epochs++) {
        char json[240];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[20],\"pruning\":0.6,"
                       "\"pruning_epochs\":8,\"max_iter\":%d,\"solver\":\"%s\"}",
                       epochs, SOLVERS[epochs % 3]);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        const double left = epochs < 8 ? 1.0 - (double)epochs / 8.0 : 0.0;
        const double share = 0.6 * (1.0 - left * left * left);
        assert_int_equal(count_zeros(model, "coefs_0", 40), (int64_t)floor(share * 40.0));
        assert_int_equal(count_zeros(model, "coefs_1", 20), (int64_t)floor(share * 20.0));
        mlsd_model_free(model);
    }
    mlsd_model *model = fit_json(NULL,
                                 "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[32],"
                                 "\"pruning\":0.5,\"pruning_epochs\":60,\"batch_size\":50,"
                                 "\"learning_rate_init\":0.02}",
                                 data, NULL, NULL);
    double value[600];
    int64_t n_right = 0;
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, value, 600), MLSD_OK);
    for (int64_t i = 0; i < 600; i++) n_right += value[i] == d.y[i];
    assert_true(n_right >= 550);
    assert_true(fabs(number_of(model, "sparsity") - 0.5) < 1e-12);
    assert_true(number_of(model, "best_iter") >= 59.0);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void assert_refused(const char *json, const mlsd_dataset *data, mlsd_status status,
                           const char *word)
{
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL;
    mlsd_status got = mlsd_spec_from_json(NULL, json, &spec);
    if (got == MLSD_OK) got = mlsd_model_fit(NULL, spec, data, NULL, NULL, &model);
    assert_null(model);
    if (got != status || strstr(mlsd_last_error(), word) == NULL)
        fail_msg("%s: status %d, %s", json, (int)got, mlsd_last_error());
    mlsd_spec_free(spec);
}

static void test_mlp_train__bad_input(void **state)
{
    (void)state;
    linear_data d = make_linear_data(50, 3, 2, 2);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    assert_refused("{\"kind\":\"mlp_classifier\",\"learning_rate_init\":0}", data,
                   MLSD_E_PARAM_RANGE, "learning_rate_init");
    assert_refused("{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[2.5]}", data,
                   MLSD_E_PARAM_RANGE, "whole");
    assert_refused("{\"kind\":\"mlp_classifier\",\"solver\":\"lbfgs\",\"dropout\":0.5}", data,
                   MLSD_E_PARAM_CONFLICT, "dropout");
    assert_refused("{\"kind\":\"mlp_classifier\",\"solver\":\"lbfgs\",\"schedule\":{\"kind\":"
                   "\"one_cycle\"}}",
                   data, MLSD_E_PARAM_CONFLICT, "schedule");
    assert_refused("{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[0]}", data,
                   MLSD_E_PARAM_RANGE, "hidden_layer_sizes");
    mlsd_dataset_free(data);
    for (int64_t i = 0; i < 50; i++) d.y[i] = (double)i - 3.0;
    data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    assert_refused("{\"kind\":\"mlp_regressor\",\"loss\":\"poisson\"}", data, MLSD_E_DATA,
                   "poisson");
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Steps of any length: the training ends by itself, and what is given back is finite. */
static void test_mlp_train__divergence_keeps_a_finite_state(void **state)
{
    (void)state;
    static const char *const RATES[] = {"1e30", "1e300", "3"};
    linear_data d = make_linear_data(400, 3, 0, 2);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    for (int r = 0; r < 3; r++)
        for (int s = 0; s < 2; s++) {
            char json[200];
            double value[400];
            (void)snprintf(
                json, sizeof json,
                "{\"kind\":\"mlp_regressor\",\"learning_rate_init\":%s,\"solver\":\"%s\","
                "\"hidden_layer_sizes\":[20,20],\"batch_size\":20,\"max_iter\":30}",
                RATES[r], s == 0 ? "sgd" : "adam");
            mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
            assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, value, 400),
                             MLSD_OK);
            if (r < 2 && s == 0)
                assert_true(number_of(model, "stop_reason") == (double)MLSD_STOP_NONFINITE);
            for (int64_t i = 0; r == 2 && i < 400; i++) assert_true(isfinite(value[i]));
            mlsd_model_free(model);
        }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static int64_t n_warnings;
static void count_warning(mlsd_log_level level, const char *line, void *user)
{
    (void)user;
    n_warnings += level <= MLSD_LOG_WARNING && strstr(line, "batch_size") != NULL;
}

static void test_mlp_train__a_batch_larger_than_the_data_is_all_of_it(void **state)
{
    (void)state;
    linear_data d = make_linear_data(40, 3, 2, 2);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_context *context = context_with_threads(1);
    assert_int_equal(mlsd_context_set_log(context, MLSD_LOG_WARNING, count_warning, NULL, NULL),
                     MLSD_OK);
    static const char FORMAT[] =
        "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[4],\"max_iter\":3,\"batch_size\":%s}";
    static const char *const SIZES[] = {"40", "1000", "null"};
    double coef[3][12];
    for (int i = 0; i < 3; i++) {
        char json[160];
        n_warnings = 0;
        (void)snprintf(json, sizeof json, FORMAT, SIZES[i]);
        mlsd_model *model = fit_json(context, json, data, NULL, NULL);
        array_of(model, "coefs_0", coef[i], 12);
        assert_int_equal(n_warnings, i == 1);
        assert_memory_equal(coef[i], coef[0], sizeof coef[0]);
        mlsd_model_free(model);
    }
    mlsd_context_free(context);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* A target in another unit is the same network: by a power of two to the bit, but for the center
 * and the scale, and losses are in the square (absolute: the first power) of the unit. */
static void test_mlp_train__any_unit_of_the_target(void **state)
{
    (void)state;
    enum { N = 120, UNIT = 1024 };
    static const char *const SETTINGS[] = {
        "\"loss\":\"squared_error\"", "\"loss\":\"absolute_error\",\"early_stopping\":true",
        "\"loss\":\"huber\",\"delta\":%g", "\"loss\":\"squared_error\",\"solver\":\"lbfgs\"",
        "\"loss\":\"squared_error\",\"mixup\":0.4,\"batch_norm\":true"};
    linear_data d = make_linear_data(N, 3, 0, 4), far = make_linear_data(N, 3, 0, 4);
    for (int i = 0; i < N; i++) far.y[i] = UNIT * d.y[i];
    mlsd_dataset *near_data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_dataset *far_data = dataset_of(&far, MLSD_TASK_REGRESSION, 1);
    for (size_t i = 0; i < sizeof SETTINGS / sizeof *SETTINGS; i++) {
        mlsd_model *models[2];
        double coefs[2][18], values[2][N];
        for (int k = 0; k < 2; k++) {
            char setting[100], json[300];
            (void)snprintf(setting, sizeof setting, SETTINGS[i], k == 0 ? 0.5 : 0.5 * UNIT);
            (void)snprintf(json, sizeof json,
                           "{\"kind\":\"mlp_regressor\",\"hidden_layer_sizes\":[6],"
                           "\"max_iter\":12,%s}",
                           setting);
            models[k] = fit_json(NULL, json, k == 0 ? near_data : far_data, NULL, NULL);
            array_of(models[k], "coefs_0", coefs[k], 18);
            assert_int_equal(
                mlsd_model_predict(NULL, models[k], near_data, MLSD_OUTPUT_VALUE, values[k], N),
                MLSD_OK);
        }
        assert_close(coefs[1], coefs[0], 18, 0);
        for (int r = 0; r < N; r++) assert_true(values[1][r] == UNIT * values[0][r]);
        const double unit = i == 1 ? UNIT : UNIT * UNIT;
        assert_true(number_of(models[1], "loss") == unit * number_of(models[0], "loss"));
        assert_true(number_of(models[1], "n_iter") == number_of(models[0], "n_iter"));
        mlsd_model_free(models[0]);
        mlsd_model_free(models[1]);
    }
    mlsd_dataset_free(near_data);
    mlsd_dataset_free(far_data);
    free_linear_data(&d);
    free_linear_data(&far);
}

/* The center is the weighted mean, the scale the weighted standard deviation; both stay where the
 * training goes on; a constant target is met; a poisson score is left alone. */
static void test_mlp_train__center_and_scale(void **state)
{
    (void)state;
    enum { N = 80 };
    linear_data d = make_linear_data(N, 3, 0, 6);
    double total = 0, mean = 0, squares = 0, value[N];
    for (int i = 0; i < N; i++) total += d.weight[i];
    for (int i = 0; i < N; i++) mean += d.weight[i] * d.y[i] / total;
    for (int i = 0; i < N; i++) squares += d.weight[i] * pow(d.y[i] - mean, 2);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    static const char json[] = "{\"kind\":\"mlp_regressor\",\"max_iter\":3}";
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    assert_true(fabs(number_of(model, "target_mean") - mean) < 1e-13);
    assert_true(fabs(number_of(model, "target_scale") - sqrt(squares / total)) < 1e-13);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    for (int i = 0; i < N; i++) d.y[i] = 0.1;
    data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    model = fit_json(NULL, "{\"kind\":\"mlp_regressor\",\"max_iter\":300}", data, NULL, NULL);
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, value, N), MLSD_OK);
    double worst = 0;
    for (int i = 0; i < N; i++) worst = fmax(worst, fabs(value[i] - 0.1));
    if (!(worst < 0.5)) fail_msg("%g off a constant", worst);
    assert_true(number_of(model, "target_scale") == 1);
    mlsd_model_free(model);
    model = fit_json(NULL, "{\"kind\":\"mlp_regressor\",\"loss\":\"poisson\",\"max_iter\":2}", data,
                     NULL, NULL);
    assert_true(number_of(model, "target_mean") == 0 && number_of(model, "target_scale") == 1);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mlp_train__bytes_do_not_depend_on_threads),
        cmocka_unit_test(test_mlp_train__augmented_rows_do_not_depend_on_threads),
        cmocka_unit_test(test_mlp_train__goes_on_where_it_stopped),
        cmocka_unit_test(test_mlp_train__files_and_single_rows),
        cmocka_unit_test(test_mlp_train__weights_are_repetitions),
        cmocka_unit_test(test_mlp_train__clipping_and_decay),
        cmocka_unit_test(test_mlp_train__learns_what_a_line_cannot),
        cmocka_unit_test(test_mlp_train__lbfgs_reaches_the_optimum),
        cmocka_unit_test(test_mlp_train__goes_on_from_a_model),
        cmocka_unit_test(test_mlp_train__follows_its_schedule),
        cmocka_unit_test(test_mlp_train__what_a_model_can_go_on_with),
        cmocka_unit_test(test_mlp_train__pruning_grows_to_its_share),
        cmocka_unit_test(test_mlp_train__bad_input),
        cmocka_unit_test(test_mlp_train__divergence_keeps_a_finite_state),
        cmocka_unit_test(test_mlp_train__any_unit_of_the_target),
        cmocka_unit_test(test_mlp_train__center_and_scale),
        cmocka_unit_test(test_mlp_train__a_batch_larger_than_the_data_is_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
