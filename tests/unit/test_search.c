/* Searches: against a loop of mlsd_cross_validate over the candidates, rung schedules against
 * scikit-learn 1.2.1 (n_resources_, n_candidates_ of its halving searches) and the table of
 * Li et al. (2018), JMLR 18:185, section 3, races against a race by hand, and a search in the place
 * of an estimator. */
#include "result_checks.h"

#include <math.h>
#include <stdio.h>

#include "base/random.h"
#include "validate/racing.h"

enum { N = 120, P = 4 };

static double X[N * P], Y[N], C[N];
static mlsd_dataset *numbers, *classes;
static mlsd_folds *folds;

static int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) X[i * P + j] = sin(i * 0.37 * (j + 1) + j);
        Y[i] = 2 * X[i * P] - X[i * P + 1] + cos(i * 1.7);
        C[i] = Y[i] > 0.2;
    }
    const mlsd_matrix x = {X, N, P, P, 1, MLSD_F64, 0}, y = {Y, N, 1, 1, 1, MLSD_F64, 0},
                      c = {C, N, 1, 1, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &x, &y, NULL, MLSD_TASK_REGRESSION, &numbers));
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &x, &c, NULL, MLSD_TASK_BINARY, &classes));
    mlsd_spec *splitter = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "kfold", &splitter));
    ASSERT_OK(mlsd_folds_split(NULL, splitter, N, NULL, NULL, &folds));
    mlsd_spec_free(splitter);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mlsd_folds_free(folds);
    mlsd_dataset_free(classes);
    mlsd_dataset_free(numbers);
    return 0;
}

/* A search of a kind over an estimator of a kind; texts end with NULL. */
static mlsd_spec *search_of(const char *kind, const char *estimator, const char *const *texts)
{
    mlsd_spec *search = NULL, *child = NULL;
    int64_t n = 0;
    while (texts[n] != NULL) n++;
    ASSERT_OK(mlsd_spec_new(NULL, kind, &search));
    ASSERT_OK(mlsd_spec_new(NULL, estimator, &child));
    ASSERT_OK(mlsd_spec_add(search, "estimator", NULL, child));
    ASSERT_OK(mlsd_spec_set_str_list(search, "space", texts, n));
    mlsd_spec_free(child);
    return search;
}

#define SEARCH(kind, estimator, ...) \
    search_of((kind), (estimator), (const char *const[]){__VA_ARGS__, NULL})

static const char *text(const mlsd_result *r, const char *name)
{
    const char *value = NULL;
    ASSERT_OK(mlsd_result_get_str(r, name, &value));
    return value;
}

static void test_search__grid_as_a_loop_of_cross_validations(void **state)
{
    (void)state;
    static const char *const metrics[] = {"rmse", "r2"};
    static const double alphas[] = {100, 10, 1, 0.1};
    mlsd_spec *search =
        SEARCH("grid_search", "ridge", "alpha = 100, 10, 1, 0.1", "fit_intercept = false, true");
    ASSERT_OK(mlsd_spec_set_str_list(search, "metrics", metrics, 2));
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_validate(NULL, search, numbers, folds, &r));
    assert_int_equal(n_rows_of(r, "candidates"), 8);
    assert_int_equal(n_rows_of(r, "folds"), 40);
    int64_t best = 0;
    double scores[8];
    for (int64_t i = 0; i < 8; i++) {
        mlsd_spec *ridge = NULL;
        mlsd_result *one = NULL;
        ASSERT_OK(mlsd_spec_new(NULL, "ridge", &ridge));
        ASSERT_OK(mlsd_spec_set_f64(ridge, "alpha", alphas[i / 2]));
        ASSERT_OK(mlsd_spec_set_bool(ridge, "fit_intercept", i % 2 == 1));
        ASSERT_OK(mlsd_cross_validate(NULL, ridge, numbers, folds, metrics, 2, &one));
        scores[i] = number(one, "rmse.mean");
        ASSERT_NEAR(cell(r, "candidates", "rmse.mean", i), scores[i], 1e-10);
        ASSERT_NEAR(cell(r, "candidates", "rmse.se", i), number(one, "rmse.se"), 1e-10);
        ASSERT_NEAR(cell(r, "candidates", "r2.mean", i), number(one, "r2.mean"), 1e-10);
        for (int64_t k = 0; k < 5; k++)
            ASSERT_NEAR(cell(r, "folds", "r2", 5 * i + k), cell(one, "folds", "r2", k), 1e-10);
        if (scores[i] < scores[best]) best = i;
        mlsd_result_free(one);
        mlsd_spec_free(ridge);
    }
    for (int64_t i = 0; i < 8; i++) {
        double rank = 1;
        for (int64_t j = 0; j < 8; j++) rank += scores[j] < scores[i];
        ASSERT_NEAR(cell(r, "candidates", "rank", i), rank, 0);
        ASSERT_NEAR(cell(r, "candidates", "chosen", i), i == best, 0);
    }
    ASSERT_NEAR(number(r, "chosen_candidate"), (double)best, 0);
    assert_verdict(r, text(r, "chosen"));
    /* The model is the chosen spec fitted on all rows. */
    mlsd_spec *chosen = NULL;
    mlsd_model *model = NULL;
    static double a[N], b[N];
    ASSERT_OK(mlsd_spec_from_json(NULL, text(r, "chosen_spec"), &chosen));
    ASSERT_OK(mlsd_model_fit(NULL, chosen, numbers, NULL, NULL, &model));
    ASSERT_OK(mlsd_model_predict(NULL, model, numbers, MLSD_OUTPUT_VALUE, a, N));
    ASSERT_OK(mlsd_model_predict(NULL, mlsd_result_get_model(r, "chosen"), numbers,
                                 MLSD_OUTPUT_VALUE, b, N));
    assert_memory_equal(a, b, sizeof a);
    mlsd_model_free(model);
    mlsd_spec_free(chosen);
    mlsd_result_free(r);
    mlsd_spec_free(search);
}

static void assert_same_for_threads(const mlsd_spec *search, const mlsd_dataset *data)
{
    char *wanted = NULL;
    for (int64_t n_threads = 1; n_threads <= 7; n_threads += 3) {
        mlsd_context *context = NULL;
        mlsd_result *r = NULL;
        ASSERT_OK(mlsd_context_new(&context));
        ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
        ASSERT_OK(mlsd_validate(context, search, data, NULL, &r));
        char *json = json_without_timings(r);
        if (wanted == NULL)
            wanted = json;
        else
            assert_string_equal(json, wanted);
        if (json != wanted) free(json);
        mlsd_result_free(r);
        mlsd_context_free(context);
    }
    free(wanted);
}

static void test_search__same_bytes_for_any_threads(void **state)
{
    (void)state;
    mlsd_spec *search = SEARCH("random_search", "logistic_regression", "C ~ log_uniform(0.001, 10)",
                               "fit_intercept = true, false");
    ASSERT_OK(mlsd_spec_set_i64(search, "n_iter", 6));
    ASSERT_OK(mlsd_spec_set_bool(search, "measure_bytes", 1));
    assert_same_for_threads(search, classes);
    mlsd_spec_free(search);
    search = SEARCH("hyperband", "k_neighbors_classifier", "n_neighbors ~ integers(1, 9)");
    ASSERT_OK(mlsd_spec_set_i64(search, "min_resources", 30));
    assert_same_for_threads(search, classes);
    mlsd_spec_free(search);
    search = SEARCH("racing_search", "k_neighbors_classifier", "n_neighbors = 1, 3, 5, 7, 9");
    assert_same_for_threads(search, classes);
    mlsd_spec_free(search);
}

/* The simplest within one standard error, by order and by simple_first. */
static void test_search__chooses_the_simple_one(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    mlsd_spec *search = SEARCH("grid_search", "ridge", "alpha = 0.001, 0.01, 0.1, 1, 8, 1000");
    ASSERT_OK(mlsd_spec_set_str(search, "choose", "one_se"));
    ASSERT_OK(mlsd_validate(NULL, search, numbers, folds, &r));
    assert_string_equal(text(r, "chosen"), "alpha = 0.001");
    mlsd_result_free(r);
    const char *const first[] = {"-alpha"};
    ASSERT_OK(mlsd_spec_set_str_list(search, "simple_first", first, 1));
    ASSERT_OK(mlsd_validate(NULL, search, numbers, folds, &r));
    assert_string_equal(text(r, "chosen"), "alpha = 1");
    assert_verdict(r, "the simplest within one standard error");
    mlsd_result_free(r);
    ASSERT_OK(mlsd_spec_set_str(search, "choose", "best"));
    ASSERT_OK(mlsd_spec_set_f64(search, "max_bytes", 1));
    ASSERT_OK(mlsd_validate(NULL, search, numbers, folds, &r));
    assert_non_null(
        strstr(mlsd_result_verdict(r), ", the nearest to the budget, which no candidate meets ("));
    assert_non_null(strstr(mlsd_result_verdict(r), " bytes where 'max_bytes' is 1)"));
    assert_non_null(strstr(mlsd_result_verdict(r), "; the best without it is 'alpha = 0.001' ("));
    assert_string_equal(text(r, "chosen"), "alpha = 1"); /* the shortest number in its file */
    assert_non_null(mlsd_result_get_model(r, "chosen"));
    ASSERT_NEAR(number(r, "n_within_budget"), 0, 0);
    mlsd_result_free(r);
    mlsd_spec_free(search);
}

/* Penalties of ridge share their predictions, which then have no time of their own: with a budget
 * of time they are fitted to be timed. */
static void test_search__budget_of_time(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    mlsd_spec *search = SEARCH("grid_search", "ridge", "alpha = 1, 10");
    ASSERT_OK(mlsd_spec_set_f64(search, "max_latency_us", 1e9));
    ASSERT_OK(mlsd_validate(NULL, search, numbers, folds, &r));
    assert_string_equal(text(r, "chosen"), "alpha = 1");
    assert_true(cell(r, "timings.candidates", "predict_us_per_row", 1) > 0);
    ASSERT_NEAR(number(r, "n_within_budget"), 2, 0);
    mlsd_result_free(r);
    ASSERT_OK(mlsd_spec_set_f64(search, "max_latency_us", 1e-9));
    ASSERT_OK(mlsd_validate(NULL, search, numbers, folds, &r));
    assert_non_null(strstr(mlsd_result_verdict(r), " us a row where 'max_latency_us' is 1e-09)"));
    ASSERT_NEAR(number(r, "n_within_budget"), 0, 0);
    mlsd_result_free(r);
    mlsd_spec_free(search);
}

static void test_search__lists_candidates(void **state)
{
    (void)state;
    mlsd_table *table = NULL;
    const char *value = NULL;
    mlsd_spec *search =
        SEARCH("random_search", "ridge", "alpha ~ uniform(1, 2)", "fit_intercept = true, false");
    ASSERT_OK(mlsd_search_candidates(NULL, search, NULL, &table));
    assert_int_equal(mlsd_table_n_rows(table), 10);
    assert_int_equal(mlsd_table_n_columns(table), 3);
    assert_string_equal(mlsd_table_name(table, 1), "alpha");
    value = mlsd_table_get_str(table, 1, 0);
    assert_true(value[0] == '1' && value[1] == '.');
    mlsd_table_free(table);
    ASSERT_FAILS(MLSD_E_KIND, "search is wanted here",
                 mlsd_search_candidates(NULL, mlsd_spec_child_at(search, 0), NULL, &table));
    mlsd_spec_free(search);
    search = SEARCH("hyperband", "ridge", "alpha ~ uniform(1, 2)");
    ASSERT_FAILS(MLSD_E_ARG, "depends on the data set, which is NULL",
                 mlsd_search_candidates(NULL, search, NULL, &table));
    ASSERT_OK(mlsd_search_candidates(NULL, search, numbers, &table));
    mlsd_table_free(table);
    mlsd_spec_free(search);
}

static void test_search__refuses(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    mlsd_spec *search = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "grid_search", &search));
    ASSERT_FAILS(MLSD_E_CHILD, "grid_search has no estimator",
                 mlsd_validate(NULL, search, numbers, NULL, &r));
    mlsd_spec_free(search);
    search = SEARCH("random_search", "ridge", "alpha ~ uniform(0, 1)");
    ASSERT_OK(mlsd_spec_set_str(search, "choose", "one_se"));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "draws from ranges have no order",
                 mlsd_validate(NULL, search, numbers, NULL, &r));
    ASSERT_OK(mlsd_spec_set_str(search, "choose", "rope"));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "needs 'rope'",
                 mlsd_validate(NULL, search, numbers, NULL, &r));
    const char *const first[] = {"alhpa"};
    ASSERT_OK(mlsd_spec_set_str_list(search, "simple_first", first, 1));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "did you mean 'alpha'?",
                 mlsd_validate(NULL, search, numbers, NULL, &r));
    mlsd_spec_free(search);
    search = SEARCH("grid_search", "ridge", "alhpa = 1");
    ASSERT_FAILS(MLSD_E_PARAM_UNKNOWN, "did you mean 'alpha'?",
                 mlsd_validate(NULL, search, numbers, NULL, &r));
    mlsd_spec_free(search);
    search = SEARCH("halving_grid_search", "ridge", "alpha = 1, 2");
    ASSERT_OK(mlsd_spec_set_str(search, "resource", "alpha"));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "is no whole number",
                 mlsd_validate(NULL, search, numbers, NULL, &r));
    mlsd_spec_free(search);
    search = SEARCH("halving_grid_search", "k_neighbors_classifier", "n_neighbors = 1, 2");
    ASSERT_OK(mlsd_spec_set_str(search, "resource", "n_neighbors"));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "needs 'max_resources'",
                 mlsd_validate(NULL, search, classes, NULL, &r));
    ASSERT_OK(mlsd_spec_set_i64(search, "max_resources", 9));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "cannot be in 'space'",
                 mlsd_validate(NULL, search, classes, NULL, &r));
    mlsd_spec_free(search);
}

/* A candidate that cannot be fitted ranks last, and the others go on. */
static void test_search__failures_are_recorded(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    mlsd_spec *search = SEARCH("grid_search", "k_neighbors_classifier", "n_neighbors = 5, 1000, 7");
    ASSERT_OK(mlsd_validate(NULL, search, classes, folds, &r));
    ASSERT_NEAR(cell(r, "candidates", "rank", 1), 3, 0);
    ASSERT_NEAR(cell(r, "candidates", "n_failed", 1), 5, 0);
    ASSERT_NEAR(cell(r, "candidates", "n_failed", 0), 0, 0);
    assert_verdict(r, "5 of 15 fits failed, the first with: ");
    mlsd_result_free(r);
    mlsd_spec_free(search);
    search = SEARCH("grid_search", "k_neighbors_classifier", "n_neighbors = 500, 1000");
    ASSERT_FAILS(MLSD_E_DATA, "no candidate has a log_loss on any split: ",
                 mlsd_validate(NULL, search, classes, folds, &r));
    mlsd_spec_free(search);
}

/* ---- rungs ---- */

/* The sizes of the rungs of a bracket. */
static void assert_rungs(const mlsd_result *r, int64_t bracket, const int64_t (*wanted)[2],
                         int64_t n_rungs)
{
    for (int64_t rung = 0; rung <= n_rungs; rung++) {
        int64_t n = 0;
        double resources = NAN;
        for (int64_t i = 0; i < n_rows_of(r, "rungs"); i++) {
            if (cell(r, "rungs", "bracket", i) != (double)bracket ||
                cell(r, "rungs", "rung", i) != (double)rung)
                continue;
            n++;
            resources = cell(r, "rungs", "n_resources", i);
        }
        if (rung == n_rungs) {
            assert_int_equal(n, 0);
            break;
        }
        assert_int_equal(n, wanted[rung][0]);
        ASSERT_NEAR(resources, (double)wanted[rung][1], 0);
    }
}

/* HalvingGridSearchCV(KNeighborsClassifier(), {"n_neighbors": range(1, 14), "p": [1, 2]}, cv=5)
 * on 120 rows of two classes: n_resources_ [20, 60], n_candidates_ [26, 9]; with
 * min_resources="exhaust" and 8 candidates [40, 120], [8, 3]; aggressive_elimination with
 * min_resources=20: [20, 20, 60], [26, 9, 3]. */
static void test_search__halving_has_the_rungs_of_scikit_learn(void **state)
{
    (void)state;
    static const int64_t plain[][2] = {{26, 20}, {9, 60}}, few[][2] = {{8, 40}, {3, 120}},
                         aggressive[][2] = {{26, 20}, {9, 20}, {3, 60}};
    mlsd_result *r = NULL;
    mlsd_spec *search =
        SEARCH("halving_grid_search", "k_neighbors_classifier",
               "n_neighbors = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13", "p = 1, 2");
    ASSERT_OK(mlsd_validate(NULL, search, classes, folds, &r));
    assert_rungs(r, 0, plain, 2);
    /* Finalists rank first, and only they are chosen from. */
    int64_t n_final = 0;
    for (int64_t i = 0; i < 26; i++) {
        const bool is_final = cell(r, "candidates", "rung", i) == 1;
        n_final += is_final;
        assert_true(is_final == (cell(r, "candidates", "rank", i) <= 9));
    }
    assert_int_equal(n_final, 9);
    assert_int_equal(n_rows_of(r, "rung_folds"), 35 * 5);
    mlsd_result_free(r);
    ASSERT_OK(mlsd_spec_set_i64(search, "min_resources", 20));
    ASSERT_OK(mlsd_spec_set_bool(search, "aggressive_elimination", 1));
    ASSERT_OK(mlsd_validate(NULL, search, classes, folds, &r));
    assert_rungs(r, 0, aggressive, 3);
    mlsd_result_free(r);
    mlsd_spec_free(search);
    search = SEARCH("halving_grid_search", "k_neighbors_classifier",
                    "n_neighbors = 1, 2, 3, 4, 5, 6, 7, 8");
    ASSERT_OK(mlsd_validate(NULL, search, classes, folds, &r));
    assert_rungs(r, 0, few, 2);
    mlsd_result_free(r);
    mlsd_spec_free(search);
}

/* With all rows in one rung, a halving is a grid search. */
static void test_search__halving_of_one_rung_is_a_grid(void **state)
{
    (void)state;
    mlsd_result *whole = NULL, *halved = NULL;
    mlsd_spec *grid = SEARCH("grid_search", "ridge", "alpha = 1, 10");
    mlsd_spec *halving = SEARCH("halving_grid_search", "ridge", "alpha = 1, 10");
    ASSERT_OK(mlsd_spec_set_i64(halving, "min_resources", N));
    ASSERT_OK(mlsd_validate(NULL, grid, numbers, folds, &whole));
    ASSERT_OK(mlsd_validate(NULL, halving, numbers, folds, &halved));
    for (int64_t i = 0; i < 10; i++)
        ASSERT_NEAR(cell(halved, "folds", "rmse", i), cell(whole, "folds", "rmse", i), 1e-12);
    mlsd_result_free(whole);
    mlsd_result_free(halved);
    mlsd_spec_free(halving);
    mlsd_spec_free(grid);
}

/* Rows of a rung are among those of the next: a 1-nearest-neighbor that is shown its rows predicts
 * them, so a metric on training rows cannot tell; so the numbers of rows are looked at. */
static void test_search__rungs_train_on_their_share(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    mlsd_spec *search = SEARCH("halving_random_search", "ridge", "alpha ~ uniform(0, 1)");
    ASSERT_OK(mlsd_spec_set_i64(search, "n_iter", 9));
    ASSERT_OK(mlsd_spec_set_i64(search, "min_resources", 30));
    ASSERT_OK(mlsd_spec_set_f64(search, "factor", 2));
    ASSERT_OK(mlsd_validate(NULL, search, numbers, folds, &r));
    static const int64_t wanted[][2] = {{9, 30}, {5, 60}, {3, 120}};
    assert_rungs(r, 0, wanted, 3);
    assert_int_equal(n_rows_of(r, "folds"), 9 * 5);
    for (int64_t i = 0; i < n_rows_of(r, "folds"); i++) {
        const int64_t c = (int64_t)cell(r, "folds", "candidate", i);
        const double share = cell(r, "candidates", "n_resources", c) / N;
        ASSERT_NEAR(cell(r, "folds", "n_train", i), floor(share * 96), 0);
        ASSERT_NEAR(cell(r, "folds", "n_test", i), 24, 0);
    }
    mlsd_result_free(r);
    mlsd_spec_free(search);
}

/* Li et al. (2018), table 1: R = 81, eta = 3. */
static void test_search__hyperband_as_published(void **state)
{
    (void)state;
    static const int64_t table[5][5][2] = {
        {{81, 1}, {27, 3}, {9, 9}, {3, 27}, {1, 81}},
        {{34, 3}, {11, 9}, {3, 27}, {1, 81}},
        {{15, 9}, {5, 27}, {1, 81}},
        {{8, 27}, {2, 81}},
        {{5, 81}},
    };
    mlsd_result *r = NULL;
    mlsd_spec *search = SEARCH("hyperband", "sgd_regressor", "alpha ~ log_uniform(0.0001, 1)");
    ASSERT_OK(mlsd_spec_set_str(search, "resource", "max_iter"));
    ASSERT_OK(mlsd_spec_set_i64(search, "max_resources", 81));
    ASSERT_OK(mlsd_validate(NULL, search, numbers, folds, &r));
    for (int64_t b = 0; b < 5; b++) assert_rungs(r, b, table[b], 5 - b);
    assert_int_equal(n_rows_of(r, "candidates"), 81 + 34 + 15 + 8 + 5);
    /* The chosen one is one that had all. */
    const int64_t chosen = (int64_t)number(r, "chosen_candidate");
    ASSERT_NEAR(cell(r, "candidates", "n_resources", chosen), 81, 0);
    mlsd_spec *spec = NULL;
    int64_t max_iter = 0;
    ASSERT_OK(mlsd_spec_from_json(NULL, text(r, "chosen_spec"), &spec));
    ASSERT_OK(mlsd_spec_get_i64(spec, "max_iter", &max_iter));
    assert_int_equal(max_iter, 81);
    mlsd_spec_free(spec);
    mlsd_result_free(r);
    mlsd_spec_free(search);
}

/* The scores of every rung are those of a search that trains each to its epochs from the start. */
static void assert_rungs_are_whole_trainings(const char *estimator, const char *name, int goes_on)
{
    static const char *const JSON =
        "{\"kind\":\"%s\",%s\"space\":[\"%s.alpha = 0.0001, 0.001, 0.01, 0.1\"],\"estimator\":"
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},%s]}}";
    char json[900], child[400], halving[160];
    mlsd_spec *search = NULL;
    mlsd_result *r = NULL, *whole = NULL;
    (void)snprintf(halving, sizeof halving,
                   "\"resource\":\"%s.max_iter\",\"factor\":2,\"min_resources\":2,"
                   "\"max_resources\":8,",
                   name);
    (void)snprintf(child, sizeof child, estimator, 1000);
    (void)snprintf(json, sizeof json, JSON, "halving_grid_search", halving, name, child);
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &search));
    ASSERT_OK(mlsd_validate(NULL, search, classes, folds, &r));
    mlsd_spec_free(search);
    assert_int_equal(strstr(text(r, "plan"), "training goes on from rung to rung") != NULL,
                     goes_on);
    for (int rung = 0; rung < 3; rung++) {
        (void)snprintf(child, sizeof child, estimator, 2 << rung);
        (void)snprintf(json, sizeof json, JSON, "grid_search", "", name, child);
        ASSERT_OK(mlsd_spec_from_json(NULL, json, &search));
        ASSERT_OK(mlsd_validate(NULL, search, classes, folds, &whole));
        int64_t n = 0;
        for (int64_t i = 0; i < n_rows_of(r, "rung_folds"); i++) {
            if (cell(r, "rung_folds", "rung", i) != rung) continue;
            const int64_t at = (int64_t)(5 * cell(r, "rung_folds", "candidate", i) +
                                         cell(r, "rung_folds", "fold", i));
            ASSERT_NEAR(cell(r, "rung_folds", "log_loss", i), cell(whole, "folds", "log_loss", at),
                        1e-13);
            n++;
        }
        assert_int_equal(n, (rung == 0 ? 4 : rung == 1 ? 2 : 1) * 5);
        mlsd_result_free(whole);
        mlsd_spec_free(search);
    }
    mlsd_result_free(r);
}

/* Epochs of a rung go on where those of the one before stopped; but where a schedule goes by how
 * many there are, and in an ensemble, each rung is another training. */
static void test_search__training_goes_on_from_rung_to_rung(void **state)
{
    (void)state;
    assert_rungs_are_whole_trainings("{\"kind\":\"sgd_classifier\",\"max_iter\":%d,\"tol\":0.05}",
                                     "sgd_classifier", 1);
    assert_rungs_are_whole_trainings(
        "{\"kind\":\"sgd_classifier\",\"max_iter\":%d,\"tol\":0,\"schedule\":{\"kind\":"
        "\"cosine_annealing\"}}",
        "sgd_classifier", 0);
    assert_rungs_are_whole_trainings(
        "{\"kind\":\"sgd_classifier\",\"max_iter\":%d,\"tol\":0,\"schedule\":{\"kind\":"
        "\"one_cycle\"}}",
        "sgd_classifier", 0);
    assert_rungs_are_whole_trainings(
        "{\"kind\":\"snapshot_ensemble_classifier\",\"n_snapshots\":2,\"estimator\":{\"kind\":"
        "\"sgd_classifier\",\"max_iter\":%d}}",
        "snapshot_ensemble_classifier.estimator", 0);
}

/* Parameters of what is augmented, and of what augments: as cross-validation of each setting. */
static void test_search__inside_augmented(void **state)
{
    (void)state;
    static const char *const JSON =
        "{\"kind\":\"augmented\",\"estimator\":{\"kind\":\"ridge\",\"alpha\":%g},"
        "\"augment\":[{\"kind\":\"jitter\",\"scale\":%g}]}";
    static const double ALPHAS[] = {0.01, 10}, SCALES[] = {0.05, 0.5};
    static const char *const METRICS[] = {"rmse"};
    static const char *const SPACE[] = {"estimator.alpha = 0.01, 10", "jitter.scale = 0.05, 0.5"};
    char json[400];
    mlsd_spec *search = NULL, *child = NULL;
    mlsd_result *r = NULL, *one = NULL;
    (void)snprintf(json, sizeof json, JSON, 1.0, 0.1);
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &child));
    ASSERT_OK(mlsd_spec_new(NULL, "grid_search", &search));
    ASSERT_OK(mlsd_spec_add(search, "estimator", NULL, child));
    ASSERT_OK(mlsd_spec_set_str_list(search, "space", SPACE, 2));
    ASSERT_OK(mlsd_spec_set_str_list(search, "metrics", METRICS, 1));
    mlsd_spec_free(child);
    ASSERT_OK(mlsd_validate(NULL, search, numbers, folds, &r));
    assert_int_equal(n_rows_of(r, "candidates"), 4);
    for (int64_t c = 0; c < 4; c++) {
        (void)snprintf(json, sizeof json, JSON, ALPHAS[c / 2], SCALES[c % 2]);
        ASSERT_OK(mlsd_spec_from_json(NULL, json, &child));
        ASSERT_OK(mlsd_cross_validate(NULL, child, numbers, folds, METRICS, 1, &one));
        for (int64_t f = 0; f < 5; f++)
            ASSERT_NEAR(cell(r, "folds", "rmse", 5 * c + f), cell(one, "folds", "rmse", f), 1e-13);
        mlsd_result_free(one);
        mlsd_spec_free(child);
    }
    mlsd_result_free(r);
    mlsd_spec_free(search);
}

/* ---- races ---- */

/* NumPy's two-way residuals of the layout below give MSE = 0.125 / 3, and SciPy's norm.ppf(0.95) is
 * 1.6448536269514722. */
static void test_search__race_as_least_squares(void **state)
{
    (void)state;
    static const double losses[3 * 3] = {1.0, 1.5, 2.0, 1.25, 1.5, 2.25, 3.0, 3.5, 3.5};
    bool behind[3];
    double margin;
    mlsd__race_anova(losses, 3, 3, 0.05, &margin, behind);
    ASSERT_NEAR(margin, 1.6448536269514722 * sqrt(2 * (0.125 / 3) / 3), 1e-12);
    assert_false(behind[0]);
    assert_false(behind[1]);
    assert_true(behind[2]);
    mlsd__race_anova(losses, 1, 3, 0.05, &margin, behind);
    assert_false(behind[0]);
}

/* A hopeless candidate leaves after the folds of the burn-in, the good ones run all, with the
 * scores of a grid search. */
static void test_search__race_takes_out_the_slow(void **state)
{
    (void)state;
    mlsd_result *r = NULL, *whole = NULL;
    mlsd_spec *splitter = NULL;
    mlsd_folds *ten = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "kfold", &splitter));
    ASSERT_OK(mlsd_spec_set_i64(splitter, "n_splits", 10));
    ASSERT_OK(mlsd_folds_split(NULL, splitter, N, NULL, NULL, &ten));
    mlsd_spec *race = SEARCH("racing_search", "ridge", "alpha = 1, 1.001, 1000000");
    mlsd_spec *grid = SEARCH("grid_search", "ridge", "alpha = 1, 1.001, 1000000");
    ASSERT_OK(mlsd_validate(NULL, race, numbers, ten, &r));
    ASSERT_OK(mlsd_validate(NULL, grid, numbers, ten, &whole));
    ASSERT_NEAR(cell(r, "candidates", "n_splits", 2), 3, 0);
    ASSERT_NEAR(cell(r, "candidates", "rank", 2), 3, 0);
    const int64_t best = (int64_t)number(r, "best_candidate");
    ASSERT_NEAR(cell(r, "candidates", "n_splits", best), 10, 0);
    ASSERT_NEAR(cell(r, "candidates", "rmse.mean", best),
                cell(whole, "candidates", "rmse.mean", best), 1e-12);
    assert_true(number(r, "n_fits") < number(whole, "n_fits"));
    mlsd_result_free(r);
    mlsd_result_free(whole);
    mlsd_spec_free(grid);
    mlsd_spec_free(race);
    mlsd_folds_free(ten);
    mlsd_spec_free(splitter);
}

/* ---- in the place of an estimator ---- */

static void test_search__fits_as_an_estimator(void **state)
{
    (void)state;
    mlsd_spec *search = SEARCH("grid_search", "ridge", "alpha = 1, 10, 100");
    mlsd_model *model = NULL;
    mlsd_result *r = NULL, *outer = NULL;
    static double a[N], b[N];
    ASSERT_OK(mlsd_model_fit(NULL, search, numbers, NULL, NULL, &model));
    ASSERT_OK(mlsd_validate(NULL, search, numbers, NULL, &r));
    ASSERT_OK(mlsd_model_predict(NULL, model, numbers, MLSD_OUTPUT_VALUE, a, N));
    ASSERT_OK(mlsd_model_predict(NULL, mlsd_result_get_model(r, "chosen"), numbers,
                                 MLSD_OUTPUT_VALUE, b, N));
    assert_memory_equal(a, b, sizeof a);
    mlsd_model_free(model);
    mlsd_result_free(r);
    /* Nested by hand: search on the training rows of each fold, score on the others. */
    ASSERT_OK(mlsd_cross_validate(NULL, search, numbers, folds, NULL, 0, &outer));
    for (int64_t k = 0; k < 5; k++) {
        static int64_t train[N], test[N];
        const int64_t n_train = mlsd_folds_part_size(folds, k, 0);
        const int64_t n_test = mlsd_folds_part_size(folds, k, 1);
        mlsd_dataset *part = NULL, *rest = NULL;
        ASSERT_OK(mlsd_folds_part(folds, k, 0, train, N));
        ASSERT_OK(mlsd_folds_part(folds, k, 1, test, N));
        ASSERT_OK(mlsd_dataset_rows(numbers, train, n_train, &part));
        ASSERT_OK(mlsd_dataset_rows(numbers, test, n_test, &rest));
        ASSERT_OK(mlsd_validate(NULL, search, part, NULL, &r));
        ASSERT_OK(mlsd_model_predict(NULL, mlsd_result_get_model(r, "chosen"), rest,
                                     MLSD_OUTPUT_VALUE, a, N));
        double sum = 0;
        for (int64_t i = 0; i < n_test; i++) sum += (a[i] - Y[test[i]]) * (a[i] - Y[test[i]]);
        ASSERT_NEAR(cell(outer, "folds", "rmse", k), sqrt(sum / (double)n_test), 1e-12);
        mlsd_result_free(r);
        mlsd_dataset_free(part);
        mlsd_dataset_free(rest);
    }
    mlsd_result_free(outer);
    mlsd_spec *dummy = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "dummy_regressor", &dummy));
    const mlsd_spec *const models[] = {dummy, search};
    static const char *const names[] = {"mean", "searched ridge"};
    ASSERT_OK(mlsd_leaderboard(NULL, models, names, 2, numbers, folds, "rmse", &r));
    assert_string_equal(text(r, "chosen"), "searched ridge");
    mlsd_result_free(r);
    mlsd_spec_free(dummy);
    mlsd_spec_free(search);
}

/* The outer scores are those of cross-validating the search, the inner ones those of the search on
 * the training rows; three choices are counted by hand. */
static void test_search__nested(void **state)
{
    (void)state;
    mlsd_spec *search = SEARCH("grid_search", "ridge", "alpha = 0.01, 0.1, 0.3, 1, 3, 10");
    mlsd_spec *nested = NULL;
    mlsd_result *r = NULL, *outer = NULL, *inner = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "nested_cv", &nested));
    ASSERT_FAILS(MLSD_E_CHILD, "nested_cv has no search",
                 mlsd_validate(NULL, nested, numbers, folds, &r));
    ASSERT_OK(mlsd_spec_add(nested, "search", NULL, search));
    ASSERT_OK(mlsd_validate(NULL, nested, numbers, folds, &r));
    ASSERT_OK(mlsd_cross_validate(NULL, search, numbers, folds, NULL, 0, &outer));
    double sum = 0;
    for (int64_t k = 0; k < 5; k++) {
        static int64_t train[N];
        mlsd_dataset *part = NULL;
        ASSERT_NEAR(cell(r, "folds", "rmse", k), cell(outer, "folds", "rmse", k), 1e-12);
        ASSERT_NEAR(cell(r, "inner", "outer.rmse", k), cell(outer, "folds", "rmse", k), 1e-12);
        ASSERT_OK(mlsd_folds_part(folds, k, 0, train, N));
        ASSERT_OK(mlsd_dataset_rows(numbers, train, mlsd_folds_part_size(folds, k, 0), &part));
        ASSERT_OK(mlsd_validate(NULL, search, part, NULL, &inner));
        ASSERT_NEAR(cell(r, "inner", "inner.rmse", k), number(inner, "rmse.mean"), 1e-12);
        const mlsd_table *table = mlsd_result_get_table(r, "inner");
        assert_non_null(strstr(text(inner, "chosen"), mlsd_table_get_str(table, 1, k)));
        sum += number(inner, "rmse.mean") / 5;
        mlsd_result_free(inner);
        mlsd_dataset_free(part);
    }
    ASSERT_NEAR(number(r, "rmse.mean"), number(outer, "rmse.mean"), 1e-12);
    ASSERT_NEAR(number(r, "rmse.low"), number(outer, "rmse.low"), 1e-12);
    ASSERT_NEAR(number(r, "optimism"), number(outer, "rmse.mean") - sum, 1e-12);
    double n_folds = 0;
    for (int64_t i = 0; i < n_rows_of(r, "choices"); i++)
        n_folds += cell(r, "choices", "n_folds", i);
    ASSERT_NEAR(n_folds, 5, 0);
    ASSERT_NEAR(number(r, "n_choices"), (double)n_rows_of(r, "choices"), 0);
    assert_verdict(r, "searching with grid_search, expect rmse ");
    mlsd_result_free(r);
    mlsd_result_free(outer);
    assert_same_for_threads(nested, numbers);
    /* A bad space is found before the first fit, and so is another metric than the search's. */
    static const char *const metrics[] = {"mae", "rmse"};
    ASSERT_OK(mlsd_spec_set_str_list(nested, "metrics", metrics, 2));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "but the search chooses by rmse",
                 mlsd_validate(NULL, nested, numbers, folds, &r));
    mlsd_spec_free(nested);
    mlsd_spec_free(search);
}

/* Rows of a group are on one side in the inner folds too: in each group one target, so that a
 * neighbor of the own group would tell it. */
static void test_search__groups_reach_the_inner_folds(void **state)
{
    (void)state;
    static double x[N], y[N], group[N];
    for (int i = 0; i < N; i++) {
        group[i] = i % 30;
        x[i] = i % 30 * 37 % 11 + 0.001 * i / N;
        y[i] = sin(group[i] * 12.9898) * 43758.5453 - floor(sin(group[i] * 12.9898) * 43758.5453);
    }
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &table));
    ASSERT_OK(mlsd_table_set_f64(table, "x", x, N));
    ASSERT_OK(mlsd_table_set_f64(table, "y", y, N));
    ASSERT_OK(mlsd_table_set_f64(table, "g", group, N));
    const char *const columns[] = {"y", "g"}, *const roles[] = {"target", "group"};
    ASSERT_OK(mlsd_dataset_from_table(NULL, table, columns, roles, 2, MLSD_TASK_REGRESSION, &data));
    mlsd_spec *search = SEARCH("grid_search", "k_neighbors_regressor", "n_neighbors = 1, 40");
    mlsd_spec *nested = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "nested_cv", &nested));
    ASSERT_OK(mlsd_spec_add(nested, "search", NULL, search));
    ASSERT_OK(mlsd_validate(NULL, nested, data, NULL, &r));
    /* Across groups there is nothing to learn: one neighbor must not look good anywhere. */
    for (int64_t k = 0; k < 5; k++) assert_true(cell(r, "inner", "inner.rmse", k) > 0.2);
    assert_string_equal(text(r, "chosen_most_often"), "n_neighbors = 40");
    mlsd_result_free(r);
    mlsd_spec_free(nested);
    mlsd_spec_free(search);
    mlsd_dataset_free(data);
    mlsd_table_free(table);
}

/* Labels that nothing tells: sixty data sets of 100 rows, seed 21, among twelve candidates. The
 * best one's own score flatters itself; the corrected one does not. */
static void test_search__best_of_many_is_corrected(void **state)
{
    (void)state;
    enum { SETS = 60, ROWS = 100 };
    static double x[ROWS * 3], y[ROWS];
    double naive = 0, corrected = 0, squares = 0;
    mlsd__stream stream;
    mlsd__stream_init(&stream, 21, 0, 0, 0, MLSD__PURPOSE_INIT);
    mlsd_spec *search =
        SEARCH("grid_search", "k_neighbors_classifier", "n_neighbors = 1, 3, 5, 7", "p = 1, 2, 8");
    const char *const metrics[] = {"accuracy"};
    ASSERT_OK(mlsd_spec_set_str_list(search, "metrics", metrics, 1));
    ASSERT_OK(mlsd_spec_set_i64(search, "n_bootstraps", 200));
    ASSERT_OK(mlsd_spec_set_bool(search, "refit", 0));
    for (int s = 0; s < SETS; s++) {
        const mlsd_matrix X_ = {x, ROWS, 3, 3, 1, MLSD_F64, 0},
                          y_ = {y, ROWS, 1, 1, 1, MLSD_F64, 0};
        mlsd_dataset *data = NULL;
        mlsd_result *r = NULL;
        for (int i = 0; i < ROWS * 3; i++) x[i] = mlsd__stream_normal(&stream);
        for (int i = 0; i < ROWS; i++) y[i] = i % 2;
        ASSERT_OK(mlsd_dataset_from_matrix(NULL, &X_, &y_, NULL, MLSD_TASK_BINARY, &data));
        ASSERT_OK(mlsd_validate(NULL, search, data, NULL, &r));
        naive += number(r, "accuracy.mean") / SETS;
        corrected += number(r, "bbc.value") / SETS;
        squares += number(r, "bbc.value") * number(r, "bbc.value") / SETS;
        assert_null(mlsd_result_get_model(r, "chosen"));
        mlsd_result_free(r);
        mlsd_dataset_free(data);
    }
    const double se = sqrt((squares - corrected * corrected) / SETS);
    assert_true(naive > 0.53);
    ASSERT_NEAR(corrected, 0.5, 4 * se);
    assert_true(corrected < naive - 0.02);
    mlsd_spec_free(search);
}

/* An experiment whose ladder has a search: it is chosen from like any model, and the final model is
 * that of the candidate. */
static void test_search__among_the_models_of_an_experiment(void **state)
{
    (void)state;
    static const char JSON[] =
        "{\"kind\":\"experiment\",\"target\":\"y\",\"task\":\"regression\",\"n_splits\":4,"
        "\"models\":["
        "{\"kind\":\"dummy_regressor\",\"name\":\"mean\"},{\"kind\":\"grid_search\",\"name\":"
        "\"searched\","
        "\"estimator\":{\"kind\":\"ridge\"},\"space\":[\"alpha = 0.1, 1, 100\"]}]}";
    static double x0[N], x1[N];
    mlsd_table *table = NULL;
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    for (int i = 0; i < N; i++) x0[i] = X[i * P], x1[i] = X[i * P + 1];
    ASSERT_OK(mlsd_table_new(NULL, &table));
    ASSERT_OK(mlsd_table_set_f64(table, "x0", x0, N));
    ASSERT_OK(mlsd_table_set_f64(table, "x1", x1, N));
    ASSERT_OK(mlsd_table_set_f64(table, "y", Y, N));
    ASSERT_OK(mlsd_spec_from_json(NULL, JSON, &spec));
    ASSERT_OK(mlsd_experiment_run(NULL, spec, table, &r));
    assert_string_equal(text(r, "chosen"), "searched");
    const mlsd_spec *chosen = mlsd_model_spec(mlsd_result_get_model(r, "chosen"));
    assert_string_equal(mlsd_kind_name(mlsd_spec_kind(chosen)), "ridge");
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_table_free(table);
}

static void test_search__validation_curve(void **state)
{
    (void)state;
    mlsd_result *r = NULL, *grid = NULL;
    mlsd_spec *curve =
        SEARCH("validation_curve", "k_neighbors_regressor", "n_neighbors = 1, 5, 25, 60");
    ASSERT_OK(mlsd_validate(NULL, curve, numbers, folds, &r));
    mlsd_spec *search =
        SEARCH("grid_search", "k_neighbors_regressor", "n_neighbors = 1, 5, 25, 60");
    ASSERT_OK(mlsd_validate(NULL, search, numbers, folds, &grid));
    for (int64_t i = 0; i < 4; i++) {
        ASSERT_NEAR(cell(r, "curve", "rmse.mean", i), cell(grid, "candidates", "rmse.mean", i),
                    1e-12);
        ASSERT_NEAR(cell(r, "curve", "rmse.se", i), cell(grid, "candidates", "rmse.se", i), 1e-12);
        ASSERT_NEAR(cell(r, "curve", "best", i), cell(grid, "candidates", "chosen", i), 0);
    }
    /* A row is its own nearest neighbor. */
    ASSERT_NEAR(cell(r, "curve", "rmse.train_mean", 0), 0, 0);
    assert_true(cell(r, "curve", "rmse.train_mean", 3) > 0.5);
    ASSERT_NEAR(number(r, "edge"), 0, 0);
    assert_string_equal(text(r, "best"), "5");
    assert_verdict(r, "rmse is best at n_neighbors = 5: ");
    mlsd_result_free(grid);
    mlsd_result_free(r);
    mlsd_spec_free(search);
    const char *const beyond[] = {"n_neighbors = 60, 40, 25"},
                      *const two[] = {"p = 1, 2", "n_neighbors = 1"},
                      *const range[] = {"n_neighbors ~ integers(1, 5)"};
    ASSERT_OK(mlsd_spec_set_str_list(curve, "space", beyond, 1));
    ASSERT_OK(mlsd_validate(NULL, curve, numbers, folds, &r));
    ASSERT_NEAR(number(r, "edge"), -1, 0);
    assert_non_null(
        strstr(mlsd_result_verdict(r), "the smallest value that was tried: look beyond 25"));
    mlsd_result_free(r);
    ASSERT_OK(mlsd_spec_set_str_list(curve, "space", two, 2));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "over one parameter, and 'space' has 2",
                 mlsd_validate(NULL, curve, numbers, folds, &r));
    ASSERT_OK(mlsd_spec_set_str_list(curve, "space", range, 1));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "is a range, and a grid wants values",
                 mlsd_validate(NULL, curve, numbers, folds, &r));
    mlsd_spec_free(curve);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search__grid_as_a_loop_of_cross_validations),
        cmocka_unit_test(test_search__same_bytes_for_any_threads),
        cmocka_unit_test(test_search__chooses_the_simple_one),
        cmocka_unit_test(test_search__budget_of_time),
        cmocka_unit_test(test_search__lists_candidates),
        cmocka_unit_test(test_search__refuses),
        cmocka_unit_test(test_search__failures_are_recorded),
        cmocka_unit_test(test_search__halving_has_the_rungs_of_scikit_learn),
        cmocka_unit_test(test_search__halving_of_one_rung_is_a_grid),
        cmocka_unit_test(test_search__rungs_train_on_their_share),
        cmocka_unit_test(test_search__hyperband_as_published),
        cmocka_unit_test(test_search__training_goes_on_from_rung_to_rung),
        cmocka_unit_test(test_search__inside_augmented),
        cmocka_unit_test(test_search__race_as_least_squares),
        cmocka_unit_test(test_search__race_takes_out_the_slow),
        cmocka_unit_test(test_search__fits_as_an_estimator),
        cmocka_unit_test(test_search__nested),
        cmocka_unit_test(test_search__validation_curve),
        cmocka_unit_test(test_search__best_of_many_is_corrected),
        cmocka_unit_test(test_search__among_the_models_of_an_experiment),
        cmocka_unit_test(test_search__groups_reach_the_inner_folds),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
