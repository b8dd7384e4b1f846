/* test_bagging.c - members fitted to draws of rows and columns. Witness: the members by hand, each
 * fitted to a data set of the rows and columns that its stream says, and their mean and out-of-bag
 * score added up in plain loops. */
#include "base/random.h"
#include "transform_checks.h"

static const char ridge[] = "{\"kind\":\"ridge\"}";
static const char naive[] = "{\"kind\":\"gaussian_nb\"}";
static const char votes[] = "{\"kind\":\"nearest_centroid\"}";
static const char piped[] =
    "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":\"k_neighbors_"
    "classifier\",\"n_neighbors\":3}]}";

static void json_of(char out[600], const char *kind, const char *more, const char *child)
{
    snprintf(out, 600, "{\"kind\":\"%s\",%s\"estimator\":%s}", kind, more, child);
}

/* Children with probabilities and with votes, and a pipeline; rows and columns in all ways. */
static void test_bagging__threads_and_files(void **state)
{
    (void)state;
    static const char *const children[] = {
        naive, votes, piped, "{\"kind\":\"sgd_classifier\",\"loss\":\"log_loss\",\"max_iter\":3}"};
    static const char *const more[] = {
        "", "\"max_samples\":0.5,\"bootstrap\":false,",
        "\"max_features\":2,\"oob_score\":true,\"n_estimators\":19,",
        "\"bootstrap_features\":true,\"max_samples\":40,\"oob_score\":true,"};
    for (int64_t k = 2; k <= 3; k++) {
        linear_data d = make_linear_data(120, 3, k, 5);
        mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 1);
        for (int t = 0; t < 16; t++) {
            char json[600];
            json_of(json, "bagging_classifier", more[t / 4], children[t % 4]);
            mlsd_model *model = fit_and_check(json, data, d.x, d.n, MLSD_OUTPUT_PROBA);
            double *const out = output_of(model, d.x, d.n, MLSD_OUTPUT_PROBA);
            for (int64_t i = 0; i < d.n; i++) {
                double sum = 0;
                for (int64_t c = 0; c < k; c++) sum += out[i * k + c];
                assert_true(fabs(sum - 1) < 1e-12);
            }
            free(out);
            mlsd_model_free(model);
        }
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
    linear_data d = make_linear_data(120, 4, 0, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    for (int t = 0; t < 4; t++) {
        char json[600];
        json_of(json, "bagging_regressor", more[t], ridge);
        mlsd_model_free(fit_and_check(json, data, d.x, d.n, MLSD_OUTPUT_VALUE));
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* How often member m has each row. */
static void draw_by_hand(int64_t seed, int64_t m, int64_t n, int64_t *counts)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, (uint64_t)seed, (uint64_t)m, 0, 0, MLSD__PURPOSE_BOOTSTRAP);
    memset(counts, 0, (size_t)n * sizeof *counts);
    for (int64_t i = 0; i < n; i++) counts[mlsd__stream_below(&stream, (uint64_t)n)]++;
}

enum { N = 90, WIDTH = 2, MEMBERS = 7, SEED = 11 };

/* What a member by hand says of all rows: `what` of `child`, fitted to its rows and columns. */
static double *member_by_hand(const linear_data *d, mlsd_task task, const char *child,
                              const int64_t *counts, const double *columns, mlsd_output what)
{
    double x[N * WIDTH], y[N], w[N], all[N * WIDTH];
    int64_t n = 0;
    for (int64_t i = 0; i < N; i++) {
        for (int j = 0; j < WIDTH; j++) all[i * WIDTH + j] = d->x[i * d->p + (int64_t)columns[j]];
        for (int64_t c = 0; c < counts[i]; c++, n++) {
            memcpy(x + n * WIDTH, all + i * WIDTH, WIDTH * sizeof *x);
            y[n] = d->y[i];
            w[n] = d->weight[i];
        }
    }
    assert_int_equal(n, N);
    mlsd_dataset *data = dataset_for(task, x, y, w, N, WIDTH);
    mlsd_model *model = fit_json(NULL, child, data, NULL, NULL);
    double *const out = output_of(model, all, N, what);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    return out;
}

/* Mean and out-of-bag sums of the members by hand; k outputs (1 for numbers). */
static void add_members(const linear_data *d, mlsd_task task, const char *child, int64_t k,
                        const double *features, double *mean, double *unseen, double *n_unseen)
{
    for (int64_t m = 0; m < MEMBERS; m++) {
        int64_t counts[N];
        const mlsd_output what =
            task == MLSD_TASK_REGRESSION || child == votes ? MLSD_OUTPUT_VALUE : MLSD_OUTPUT_PROBA;
        draw_by_hand(SEED, m, N, counts);
        double *const said = member_by_hand(d, task, child, counts, features + m * WIDTH, what);
        for (int64_t i = 0; i < N; i++) {
            n_unseen[i] += counts[i] == 0;
            for (int64_t c = 0; c < k; c++) {
                const double value =
                    child == votes ? (double)(said[i] == (double)c) : said[i * k + c];
                mean[i * k + c] += value / MEMBERS;
                if (counts[i] == 0) unseen[i * k + c] += value;
            }
        }
        free(said);
    }
}

/* Accuracy, or r2, of the rows that some member has not seen, with weights. */
static double score_by_hand(const linear_data *d, int64_t classes, const double *unseen,
                            const double *n_unseen)
{
    double total = 0, mean = 0, good = 0, rest = 0, all = 0;
    for (int64_t i = 0; i < N; i++) {
        if (n_unseen[i] == 0) continue;
        total += d->weight[i];
        mean += d->weight[i] * d->y[i];
    }
    mean /= total;
    for (int64_t i = 0; i < N; i++) {
        if (n_unseen[i] == 0) continue;
        if (classes > 0) {
            int64_t best = 0;
            for (int64_t c = 1; c < classes; c++)
                if (unseen[i * classes + c] > unseen[i * classes + best]) best = c;
            good += d->weight[i] * (double)((double)best == d->y[i]);
        } else {
            const double miss = d->y[i] - unseen[i] / n_unseen[i];
            rest += d->weight[i] * miss * miss;
            all += d->weight[i] * (d->y[i] - mean) * (d->y[i] - mean);
        }
    }
    return classes > 0 ? good / total : 1 - rest / all;
}

static void check_by_hand(int64_t classes, const char *child)
{
    const int64_t k = classes > 0 ? classes : 1;
    const mlsd_task task = classes == 0  ? MLSD_TASK_REGRESSION
                           : classes > 2 ? MLSD_TASK_MULTICLASS
                                         : MLSD_TASK_BINARY;
    linear_data d = make_linear_data(N, 4, classes, 3);
    mlsd_dataset *data = dataset_of(&d, task, 1);
    char json[600];
    json_of(json, classes > 0 ? "bagging_classifier" : "bagging_regressor",
            "\"n_estimators\":7,\"seed\":11,\"max_features\":0.5,\"oob_score\":true,", child);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    double features[MEMBERS * WIDTH], told[N * 3], mean[N * 3] = {0}, unseen[N * 3] = {0};
    double n_unseen[N] = {0};
    array_of(model, "estimators_features", features, MEMBERS * WIDTH);
    array_of(model, classes > 0 ? "oob_decision_function" : "oob_prediction", told, N * k);
    add_members(&d, task, child, k, features, mean, unseen, n_unseen);
    double *const out =
        output_of(model, d.x, N, classes > 0 ? MLSD_OUTPUT_PROBA : MLSD_OUTPUT_VALUE);
    assert_close(out, mean, N * k, 1e-12);
    for (int64_t i = 0; i < N * k; i++) {
        if (n_unseen[i / k] == 0)
            assert_true(isnan(told[i]));
        else
            assert_true(fabs(told[i] - unseen[i] / n_unseen[i / k]) < 1e-12);
    }
    assert_true(fabs(number_of(model, "oob_score") - score_by_hand(&d, classes, unseen, n_unseen)) <
                1e-12);
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_bagging__is_its_members(void **state)
{
    (void)state;
    check_by_hand(0, ridge);
    check_by_hand(2, naive);
    check_by_hand(3, naive);
    check_by_hand(2, votes);
    check_by_hand(3, votes);
    check_by_hand(3, piped);
}

/* All rows and columns once: every member is the plain estimator. Seeds of members differ. */
static void test_bagging__without_draws(void **state)
{
    (void)state;
    linear_data d = make_linear_data(N, 3, 2, 8);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 1);
    char json[600];
    json_of(json, "bagging_classifier", "\"n_estimators\":4,\"bootstrap\":false,", naive);
    mlsd_model *bagged = fit_json(NULL, json, data, NULL, NULL);
    mlsd_model *plain = fit_json(NULL, naive, data, NULL, NULL);
    double *const a = output_of(bagged, d.x, N, MLSD_OUTPUT_PROBA);
    double *const b = output_of(plain, d.x, N, MLSD_OUTPUT_PROBA);
    assert_close(a, b, 2 * N, 1e-14);
    free(a);
    free(b);
    mlsd_model_free(bagged);
    mlsd_model_free(plain);
    double mean[2 * N] = {0};
    static const char sgd[] =
        "{\"kind\":\"sgd_classifier\",\"loss\":\"log_loss\",\"max_iter\":3,\"seed\":%d}";
    char child[200];
    for (int m = 0; m < 3; m++) {
        snprintf(child, sizeof child, sgd, 5 + m);
        plain = fit_json(NULL, child, data, NULL, NULL);
        double *const one = output_of(plain, d.x, N, MLSD_OUTPUT_PROBA);
        for (int i = 0; i < 2 * N; i++) mean[i] += one[i] / 3;
        free(one);
        mlsd_model_free(plain);
    }
    snprintf(child, sizeof child, sgd, 5);
    json_of(json, "bagging_classifier", "\"n_estimators\":3,\"bootstrap\":false,", child);
    bagged = fit_json(NULL, json, data, NULL, NULL);
    double *const out = output_of(bagged, d.x, N, MLSD_OUTPUT_PROBA);
    assert_close(out, mean, 2 * N, 1e-14);
    free(out);
    mlsd_model_free(bagged);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Rows of weight 0 are as if they were not there, but for their place in what is told of rows. */
static void test_bagging__weights(void **state)
{
    (void)state;
    linear_data d = make_linear_data(N, 3, 2, 9);
    double x[N * 3], y[N], w[N];
    int64_t n = 0;
    for (int64_t i = 0; i < N; i++) {
        w[i] = i % 3 == 0 ? 0 : 1;
        if (i % 3 == 0) continue;
        memcpy(x + n * 3, d.x + i * 3, 3 * sizeof *x);
        y[n++] = d.y[i];
    }
    mlsd_dataset *weighted = dataset_from(d.x, d.y, w, N, 3),
                 *fewer = dataset_from(x, y, NULL, n, 3);
    char json[600];
    json_of(json, "bagging_classifier", "\"oob_score\":true,", naive);
    mlsd_model *a = fit_json(NULL, json, weighted, NULL, NULL);
    mlsd_model *b = fit_json(NULL, json, fewer, NULL, NULL);
    double *const pa = output_of(a, d.x, N, MLSD_OUTPUT_PROBA);
    double *const pb = output_of(b, d.x, N, MLSD_OUTPUT_PROBA);
    assert_close(pa, pb, 2 * N, 1e-12);
    assert_true(fabs(number_of(a, "oob_score") - number_of(b, "oob_score")) < 1e-12);
    double told[2 * N];
    array_of(a, "oob_decision_function", told, 2 * N);
    assert_true(isnan(told[0]) && isnan(told[6]));
    free(pa);
    free(pb);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_dataset_free(weighted);
    mlsd_dataset_free(fewer);
    free_linear_data(&d);
}

static void test_bagging__says_what_is_wrong(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 2, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0);
    static const struct {
        const char *more, *child, *words;
        mlsd_status status;
    } cases[] = {
        {"", ridge, "ridge is no classifier", MLSD_E_CHILD},
        {"\"max_samples\":1.5,", naive, "'max_samples' is a share up to 1", MLSD_E_PARAM_RANGE},
        {"\"max_samples\":61,", naive, "more than the 60 rows", MLSD_E_PARAM_RANGE},
        {"\"max_features\":4,", naive, "more than the 3 columns", MLSD_E_PARAM_RANGE},
        {"\"bootstrap\":false,\"oob_score\":true,", naive, "set 'bootstrap'", MLSD_E_PARAM_RANGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[600];
        json_of(json, "bagging_classifier", cases[i].more, cases[i].child);
        assert_fit_fails(json, data, cases[i].status, cases[i].words);
    }
    assert_fit_fails("{\"kind\":\"bagging_classifier\"}", data, MLSD_E_CHILD, "has no estimator");
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bagging__threads_and_files),
        cmocka_unit_test(test_bagging__is_its_members),
        cmocka_unit_test(test_bagging__without_draws),
        cmocka_unit_test(test_bagging__weights),
        cmocka_unit_test(test_bagging__says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
