/* test_snapshot_ensemble.c - one training in cycles. Witness: the cycles by hand, each a fit that
 * goes on from the one before (mlsd_model_fit_more) by the same schedule, with a curve whose rule
 * wants the last state; their mean in plain loops. */
#include "transform_checks.h"

enum { N = 130, CYCLES = 4, EPOCHS = 5 };

static const char net[] =
    "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[6],\"max_iter\":5,\"batch_size\":30,"
    "\"learning_rate_init\":0.05,\"dropout\":0.2,\"n_iter_no_change\":2%s}";
static const char scores[] =
    "{\"kind\":\"sgd_classifier\",\"max_iter\":5,\"learning_rate\":\"constant\",\"eta0\":0.3,"
    "\"class_weight\":\"balanced\"%s}";
static const char votes[] = "{\"kind\":\"sgd_classifier\",\"loss\":\"hinge\",\"max_iter\":5%s}";
static const char numbers[] =
    "{\"kind\":\"mlp_regressor\",\"hidden_layer_sizes\":[6],\"max_iter\":5,\"batch_size\":30,"
    "\"solver\":\"sgd\",\"learning_rate_init\":0.02%s}";
static const char lines[] =
    "{\"kind\":\"sgd_regressor\",\"max_iter\":5,\"learning_rate\":\"constant\"%s}";
static const char cosine[] = ",\"schedule\":{\"kind\":\"cosine_annealing\"}";

static void json_of(char out[800], int64_t classes, const char *more, const char *child,
                    const char *schedule)
{
    char inner[500];
    (void)snprintf(inner, sizeof inner, child, schedule);
    (void)snprintf(out, 800, "{\"kind\":\"snapshot_ensemble_%s\",%s\"estimator\":%s}",
                   classes > 0 ? "classifier" : "regressor", more, inner);
}

static mlsd_task task_of(int64_t classes)
{
    return classes == 0  ? MLSD_TASK_REGRESSION
           : classes > 2 ? MLSD_TASK_MULTICLASS
                         : MLSD_TASK_BINARY;
}

/* The next cycle by hand. */
static mlsd_model *cycle_by_hand(const mlsd_model *before, const char *child,
                                 const mlsd_dataset *data, const mlsd_dataset *valid)
{
    char json[800];
    (void)snprintf(json, sizeof json, child, cosine);
    mlsd_spec *rule = spec_from("{\"kind\":\"early_stopping\",\"monitor\":[\"train\"],"
                                "\"patience\":1000,\"restore_best\":false}");
    mlsd_spec *spec = spec_from(json);
    mlsd_curve *curve = NULL;
    mlsd_model *model = NULL;
    assert_int_equal(mlsd_curve_new(NULL, rule, &curve), MLSD_OK);
    const mlsd_status status =
        before == NULL ? mlsd_model_fit(NULL, spec, data, valid, curve, &model)
                       : mlsd_model_fit_more(NULL, before, spec, data, valid, curve, &model);
    if (status != MLSD_OK) fail_msg("%s", mlsd_last_error());
    assert_int_equal(mlsd_curve_point_count(curve, 0), EPOCHS);
    mlsd_curve_free(curve);
    mlsd_spec_free(spec);
    mlsd_spec_free(rule);
    return model;
}

/* All numbers of a snapshot are those of the model by hand. */
static void assert_is_snapshot(const mlsd_model *whole, int snapshot, const mlsd_model *by_hand,
                               const char *const *names)
{
    for (; *names != NULL; names++) {
        char name[64];
        double got[400], want[400];
        int64_t rows = 0, cols = 0;
        (void)snprintf(name, sizeof name, "snapshot_%d.%s", snapshot, *names);
        assert_int_equal(mlsd_model_get_array(by_hand, *names, want, 400, &rows, &cols), MLSD_OK);
        array_of(whole, name, got, rows * cols);
        assert_memory_equal(got, want, (size_t)(rows * cols) * sizeof *got);
    }
}

static void add_to_mean(const mlsd_model *model, const linear_data *d, int64_t classes, int is_vote,
                        double weight, double *mean)
{
    const int64_t k = classes > 0 ? classes : 1;
    const int by_value = classes == 0 || is_vote;
    double *const said =
        output_of(model, d->x, N, by_value ? MLSD_OUTPUT_VALUE : MLSD_OUTPUT_PROBA);
    for (int64_t i = 0; i < N; i++)
        for (int64_t c = 0; c < k; c++)
            mean[i * k + c] += weight * (is_vote ? (said[i] == (double)c) : said[i * k + c]);
    free(said);
}

static const char *const net_names[] = {"coefs_0",    "intercepts_0", "coefs_1", "intercepts_1",
                                        "loss_curve", "loss",         NULL};
static const char *const linear_names[] = {"coef", "intercept", "t", "loss", NULL};

/* n_last of the snapshots, with a validation set. */
static void check_by_hand(int64_t classes, const char *child, int is_vote, int n_last)
{
    const int64_t k = classes > 0 ? classes : 1;
    linear_data d = make_linear_data(N, 3, classes, 4), v = make_linear_data(40, 3, classes, 9);
    mlsd_dataset *data = dataset_of(&d, task_of(classes), 1);
    mlsd_dataset *valid = dataset_of(&v, task_of(classes), 0);
    char json[800], more[80];
    double mean[N * 3] = {0}, ends[CYCLES], watched[CYCLES], curve_told[CYCLES * EPOCHS];
    const char *const *const names = child == net || child == numbers ? net_names : linear_names;
    (void)snprintf(more, sizeof more, "\"n_snapshots\":%d,\"n_last\":%d,", CYCLES, n_last);
    json_of(json, classes, more, child, "");
    mlsd_model *whole = fit_json(NULL, json, data, valid, NULL), *at = NULL;
    array_of(whole, "snapshot_losses", ends, CYCLES);
    array_of(whole, "snapshot_valid_losses", watched, CYCLES);
    array_of(whole, "loss_curve", curve_told, (int64_t)CYCLES * EPOCHS);
    assert_int_equal((int)number_of(whole, "n_iter"), CYCLES * EPOCHS);
    assert_int_equal((int)number_of(whole, "n_snapshots"), n_last);
    for (int c = 0; c < CYCLES; c++) {
        mlsd_model *const next = cycle_by_hand(at, child, data, valid);
        mlsd_model_free(at);
        at = next;
        assert_true(number_of(at, "loss") == ends[c]);
        assert_true(number_of(at, "valid_loss") == watched[c]);
        assert_true(curve_told[(c + 1) * EPOCHS - 1] == ends[c]);
        if (c < CYCLES - n_last) continue;
        assert_is_snapshot(whole, c - (CYCLES - n_last), at, names);
        add_to_mean(at, &d, classes, is_vote, 1.0 / n_last, mean);
    }
    double *const out =
        output_of(whole, d.x, N, classes > 0 ? MLSD_OUTPUT_PROBA : MLSD_OUTPUT_VALUE);
    assert_close(out, mean, N * k, 1e-12);
    free(out);
    mlsd_model_free(at);
    mlsd_model_free(whole);
    mlsd_dataset_free(data);
    mlsd_dataset_free(valid);
    free_linear_data(&d);
    free_linear_data(&v);
}

static void test_snapshot_ensemble__is_its_cycles(void **state)
{
    (void)state;
    check_by_hand(2, net, 0, CYCLES);
    check_by_hand(3, net, 0, 2);
    check_by_hand(3, scores, 0, CYCLES);
    check_by_hand(2, votes, 1, 3);
    check_by_hand(3, votes, 1, CYCLES);
    check_by_hand(0, numbers, 0, CYCLES);
    check_by_hand(0, lines, 0, 1);
}

/* Threads and files; rows held out; augmented, in a pipeline; a schedule of one's own. */
static void test_snapshot_ensemble__threads_and_files(void **state)
{
    (void)state;
    static const char *const more[] = {
        "", ",\"early_stopping\":true",
        ",\"schedule\":{\"kind\":\"one_cycle\"},\"early_stopping\":true"};
    for (int t = 0; t < 9; t++) {
        const int64_t classes = t % 3 == 2 ? 0 : 2 + t % 3;
        linear_data d = make_linear_data(N, 3, classes, 5);
        mlsd_dataset *data = dataset_of(&d, task_of(classes), 1);
        char json[800], whole[1000];
        json_of(json, classes, "\"n_snapshots\":3,",
                classes == 0   ? numbers
                : classes == 2 ? net
                               : scores,
                more[t / 3]);
        const mlsd_output what = classes > 0 ? MLSD_OUTPUT_PROBA : MLSD_OUTPUT_VALUE;
        mlsd_model *plain = fit_and_check(json, data, d.x, N, what);
        (void)snprintf(whole, sizeof whole,
                       "{\"kind\":\"augmented\",\"augment\":[{\"kind\":\"jitter\"}],\"estimator\":"
                       "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},%s]}}",
                       json);
        mlsd_model_free(fit_and_check(whole, data, d.x, N, what));
        mlsd_model_free(plain);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

/* One curve over all cycles, whose epochs count on; its rule ends the training within a cycle, and
 * that cycle gives no snapshot unless it is the first. */
static void test_snapshot_ensemble__curve(void **state)
{
    (void)state;
    linear_data d = make_linear_data(N, 3, 2, 6);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    char json[800];
    json_of(json, 2, "\"n_snapshots\":4,", net, ",\"early_stopping\":true");
    static const struct {
        int max_steps, n_points, n_snapshots;
    } cases[] = {{1000, 20, 4}, {12, 12, 2}, {10, 10, 2}, {3, 3, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        (void)snprintf(text, sizeof text,
                       "{\"kind\":\"early_stopping\",\"monitor\":[\"valid\"],\"patience\":1000,"
                       "\"max_steps\":%d}",
                       cases[i].max_steps);
        mlsd_spec *rule = spec_from(text);
        mlsd_curve *curve = NULL;
        assert_int_equal(mlsd_curve_new(NULL, rule, &curve), MLSD_OK);
        mlsd_model *model = fit_json(NULL, json, data, NULL, curve);
        double told[20], x, y;
        assert_int_equal(mlsd_curve_series_count(curve), 2);
        assert_int_equal(mlsd_curve_point_count(curve, 0), cases[i].n_points);
        assert_int_equal((int)number_of(model, "n_snapshots"), cases[i].n_snapshots);
        for (int s = 0; s < 2; s++) {
            array_of(model, s == 0 ? "loss_curve" : "valid_loss_curve", told, cases[i].n_points);
            for (int64_t e = 0; e < cases[i].n_points; e++) {
                assert_int_equal(mlsd_curve_point(curve, s, e, &x, &y), MLSD_OK);
                assert_true(x == (double)e && y == told[e]);
            }
        }
        mlsd_model_free(model);
        mlsd_curve_free(curve);
        mlsd_spec_free(rule);
    }
    mlsd_curve *curve = NULL;
    assert_int_equal(mlsd_curve_new(NULL, NULL, &curve), MLSD_OK);
    assert_int_equal(mlsd_curve_add_set(curve, "more", data), MLSD_OK);
    mlsd_model *watched = fit_json(NULL, json, data, NULL, curve);
    mlsd_model *plain = fit_json(NULL, json, data, NULL, NULL);
    assert_int_equal(mlsd_curve_series_count(curve), 3);
    assert_int_equal(mlsd_curve_point_count(curve, 2), CYCLES * EPOCHS);
    assert_same_model(watched, plain);
    mlsd_model_free(watched);
    mlsd_model_free(plain);
    mlsd_curve_free(curve);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* A step that is too long: the last finite state, and no later cycle. */
static void test_snapshot_ensemble__numbers_break_down(void **state)
{
    (void)state;
    linear_data d = make_linear_data(N, 3, 0, 6);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    char json[800];
    json_of(json, 0, "",
            "{\"kind\":\"mlp_regressor\",\"solver\":\"sgd\",\"learning_rate_init\":1e30%s}", "");
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    assert_int_equal((int)number_of(model, "stop_reason"), MLSD_STOP_NONFINITE);
    assert_int_equal((int)number_of(model, "n_snapshots"), 1);
    double *const out = output_of(model, d.x, N, MLSD_OUTPUT_VALUE);
    for (int i = 0; i < N; i++) assert_true(isfinite(out[i]));
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_snapshot_ensemble__says_what_is_wrong(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 2, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0);
    static const struct {
        const char *more, *child, *words;
        mlsd_status status;
    } cases[] = {
        {"", "{\"kind\":\"gaussian_nb\"%s}", "mlp_classifier and sgd_classifier can", MLSD_E_CHILD},
        {"", "{\"kind\":\"passive_aggressive_classifier\"%s}", "cannot be trained on",
         MLSD_E_CHILD},
        {"", "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"mlp_classifier\"}]%s}",
         "a pipeline that ends in the ensemble", MLSD_E_CHILD},
        {"", numbers, "mlp_regressor is no classifier", MLSD_E_CHILD},
        {"", "{\"kind\":\"mlp_classifier\",\"solver\":\"lbfgs\"%s}", "choose sgd, adam or adamw",
         MLSD_E_PARAM_CONFLICT},
        {"", "{\"kind\":\"sgd_classifier\",\"average\":true%s}", "set it to false",
         MLSD_E_PARAM_CONFLICT},
        {"\"n_last\":6,", net, "'n_last' is 6, more than the 5", MLSD_E_PARAM_RANGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[800];
        json_of(json, 2, cases[i].more, cases[i].child, "");
        assert_fit_fails(json, data, cases[i].status, cases[i].words);
    }
    assert_fit_fails("{\"kind\":\"snapshot_ensemble_classifier\"}", data, MLSD_E_CHILD,
                     "has no estimator");
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snapshot_ensemble__is_its_cycles),
        cmocka_unit_test(test_snapshot_ensemble__threads_and_files),
        cmocka_unit_test(test_snapshot_ensemble__curve),
        cmocka_unit_test(test_snapshot_ensemble__numbers_break_down),
        cmocka_unit_test(test_snapshot_ensemble__says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
