/* Comparisons of models against published examples, R 4.2, SciPy 1.10 and brute force; each number
 * says where it is from. */
#include "result_checks.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"

static mlsd_matrix columns(const double *values, int64_t rows, int64_t cols)
{
    return (mlsd_matrix){values, rows, cols, cols, 1, MLSD_F64, 0};
}

/* Compare columns of row-major scores by a spec as JSON. */
static mlsd_result *compare(const char *test, const double *scores, int64_t rows, int64_t cols,
                            const double *y)
{
    mlsd_spec *spec;
    mlsd_result *r;
    ASSERT_OK(mlsd_spec_from_json(NULL, test, &spec));
    const mlsd_matrix x = columns(scores, rows, cols), truth = columns(y, rows, 1);
    ASSERT_OK(mlsd_compare(NULL, spec, &x, y != NULL ? &truth : NULL, &r));
    mlsd_spec_free(spec);
    return r;
}

static mlsd_status try_compare(const char *test, const double *scores, int64_t rows, int64_t cols,
                               const double *y)
{
    mlsd_spec *spec;
    mlsd_result *r;
    ASSERT_OK(mlsd_spec_from_json(NULL, test, &spec));
    const mlsd_matrix x = columns(scores, rows, cols), truth = columns(y, rows, 1);
    const mlsd_status status = mlsd_compare(NULL, spec, &x, y != NULL ? &truth : NULL, &r);
    mlsd_spec_free(spec);
    mlsd_result_free(r);
    return status;
}

/* Scores of a model that is always 0 beside those of the other. */
static void beside_0(const double *values, int n, double *scores)
{
    for (int i = 0; i < n; i++) {
        scores[2 * i] = 0;
        scores[2 * i + 1] = values[i];
    }
}

/* ---- resamples ---- */

static const double FOLDS[] = {0.81, 0.80, 0.79, 0.80, 0.84, 0.81, 0.80, 0.79, 0.77, 0.78,
                               0.83, 0.80, 0.82, 0.81, 0.78, 0.77, 0.85, 0.82, 0.76, 0.77};
static const char CORRECTED[] =
    "{\"kind\":\"corrected_t\",\"test_train\":0.1111111111111111,\"rope\":0.002}";

/* Nadeau & Bengio (2003), eq. 8, by NumPy and scipy.stats.t; the detectable difference by
 * scipy.stats.nct. */
static void test_comparison__corrected_t(void **state)
{
    (void)state;
    mlsd_result *r = compare(CORRECTED, FOLDS, 10, 2, NULL);
    static const named_number numbers[] = {{"difference", -0.01, 1e-15},
                                           {"statistic", -1.332784974957956, 1e-12},
                                           {"p_value", 0.21535711359685158, 1e-13},
                                           {"df", 9, 0},
                                           {"low", -0.026973159251081333, 1e-10},
                                           {"high", 0.006973159251081379, 1e-10},
                                           {"min_detectable", 0.023631965737678003, 1e-10},
                                           {"effect", -0.6123724356957946, 1e-12},
                                           {NULL, 0, 0}};
    assert_numbers(r, numbers);
    assert_verdict(r, "'a' and 'b' cannot be told apart");
    assert_verdict(r, "10 resamples could have shown 0.02363 or more");
    /* Corani & Benavoli (2015): scipy.stats.t(9, -0.01, se).cdf(-0.002) and .sf(0.002). */
    ASSERT_NEAR(number(r, "p_worse"), 0.842956729183678, 1e-13);
    ASSERT_NEAR(number(r, "p_better"), 0.07210446917938058, 1e-13);
    ASSERT_NEAR(number(r, "p_equivalent"), 1 - 0.842956729183678 - 0.07210446917938058, 1e-13);
    mlsd_result *bayes = compare("{\"kind\":\"bayes_correlated_t\",\"test_train\":"
                                 "0.1111111111111111,\"rope\":0.002}",
                                 FOLDS, 10, 2, NULL);
    ASSERT_NEAR(number(bayes, "p_worse"), number(r, "p_worse"), 0);
    ASSERT_NEAR(number(bayes, "p_equivalent"), number(r, "p_equivalent"), 0);
    double p;
    assert_int_not_equal(mlsd_result_get_f64(bayes, "p_value", &p), MLSD_OK);
    mlsd_result_free(bayes);
    mlsd_result_free(r);
}

static void test_comparison__directions(void **state)
{
    (void)state;
    double scores[20];
    for (int i = 0; i < 10; i++) {
        scores[2 * i] = FOLDS[2 * i];
        scores[2 * i + 1] = FOLDS[2 * i] + 0.05 + 0.001 * i;
    }
    mlsd_result *r = compare(CORRECTED, scores, 10, 2, NULL);
    assert_verdict(r, "'b' is better than 'a' by 0.05450 (95 % interval 0.05");
    assert_string_equal(cell_text(r, "pairs", "better", 0), "b");
    mlsd_result_free(r);
    r = compare("{\"kind\":\"corrected_t\",\"test_train\":0.1,\"greater_is_better\":false,"
                "\"names\":[\"tree\",\"line\"]}",
                scores, 10, 2, NULL);
    assert_verdict(r, "'tree' is better than 'line' by 0.05450 (95 % interval 0.05");
    assert_true(number(r, "p_worse") > 0.99);
    mlsd_result_free(r);
    r = compare("{\"kind\":\"corrected_t\",\"test_train\":0.1,\"alternative\":\"less\"}", scores,
                10, 2, NULL);
    assert_true(number(r, "p_value") > 0.99);
    mlsd_result_free(r);
}

/* Scores of logistic regression and of a stump on iris, five times two-fold, in 75ths; statistics
 * by NumPy from Dietterich (1998) and Alpaydin (1999), p-values by scipy.stats. */
static const double HALVES[] = {71, 47, 73, 47, 74, 48, 69, 49, 72, 47,
                                74, 41, 72, 48, 72, 47, 72, 48, 72, 46};

static void test_comparison__five_by_two(void **state)
{
    (void)state;
    double scores[20];
    for (int i = 0; i < 20; i++) scores[i] = HALVES[i] / 75;
    static const named_number t[] = {{"statistic", -7.269390393784586, 1e-12},
                                     {"p_value", 0.0007701198372066762, 1e-14},
                                     {"difference", -24.0 / 75, 1e-15},
                                     {"min_detectable", 0.1546826917760821,
                                      1e-9}, /* scipy.stats.nct */
                                     {NULL, 0, 0}},
                              f[] = {{"statistic", 59.587155963302656, 1e-10},
                                     {"p_value", 0.00014469995171312577, 1e-15},
                                     {"df", 10, 0},
                                     {"df_2", 5, 0},
                                     {"effect", -7.663149040114584, 1e-12},
                                     {"min_detectable", 0.11044059261550929,
                                      1e-9}, /* scipy.stats.ncf */
                                     {NULL, 0, 0}};
    mlsd_result *r = compare("{\"kind\":\"five_by_two_t\"}", scores, 10, 2, NULL);
    assert_numbers(r, t);
    mlsd_result_free(r);
    r = compare("{\"kind\":\"five_by_two_f\"}", scores, 10, 2, NULL);
    assert_numbers(r, f);
    /* At the ends of the interval the test is exactly at its level. */
    const double high = number(r, "high");
    mlsd_result_free(r);
    for (int i = 0; i < 10; i++) scores[2 * i + 1] -= high;
    r = compare("{\"kind\":\"five_by_two_f\"}", scores, 10, 2, NULL);
    ASSERT_NEAR(number(r, "p_value"), 0.05, 1e-12);
    mlsd_result_free(r);
}

/* R 4.2 forecast 8.20, dm.test(e1, e2, h, power) and varestimator = "bartlett"; signs turned, for
 * its difference is the first minus the second. */
static void test_comparison__diebold_mariano(void **state)
{
    (void)state;
    static const double errors[] = {0.3,  0.5,  -1.2, -1.0, 0.8,  1.4,  0.1,  -0.9,
                                    -0.5, -0.8, 1.9,  1.5,  -0.7, -1.6, 0.2,  0.7,
                                    -1.1, -0.9, 0.6,  1.2,  0.9,  0.3,  -0.4, -1.3};
    static const double zeros[12] = {0};
    static const struct {
        const char *spec;
        double statistic, p_value;
    } cases[] = {
        {"{\"kind\":\"diebold_mariano\",\"loss_power\":1}", 1.88046570806253, 0.0867685640277339},
        {"{\"kind\":\"diebold_mariano\"}", 1.39040932205876, 0.191894746663723},
        {"{\"kind\":\"diebold_mariano\",\"loss_power\":1,\"horizon\":2}", 5.00314861492162,
         0.000400536370078634},
        {"{\"kind\":\"diebold_mariano\",\"horizon\":3,\"window\":\"bartlett\"}", 2.19936937553704,
         0.050141306942856},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mlsd_result *r = compare(cases[i].spec, errors, 12, 2, zeros);
        ASSERT_NEAR(number(r, "statistic"), cases[i].statistic, 1e-12);
        ASSERT_NEAR(number(r, "p_value"), cases[i].p_value, 1e-13);
        if (i == 1) ASSERT_NEAR(number(r, "effect"), 0.4013765981871955, 1e-13); /* NumPy */
        mlsd_result_free(r);
    }
    /* R goes on with h = 1; the variance is not positive, and that is said. */
    mlsd_result *r = compare("{\"kind\":\"diebold_mariano\",\"horizon\":2}", errors, 12, 2, zeros);
    assert_true(isnan(number(r, "p_value")));
    assert_verdict(r, "the estimated variance is not positive; the window 'bartlett'");
    mlsd_result_free(r);
}

/* ---- a test set ---- */

/* Two models by how many rows both, only one or neither has right. */
static mlsd_result *mcnemar(const char *test, const int counts[4])
{
    static const double right[4][2] = {{1, 1}, {1, 0}, {0, 1}, {0, 0}};
    const int n = counts[0] + counts[1] + counts[2] + counts[3];
    double *scores = malloc((size_t)n * 2 * sizeof *scores);
    for (int k = 0, i = 0; k < 4; k++) {
        for (int j = 0; j < counts[k]; j++, i++) memcpy(scores + 2 * i, right[k], 16);
    }
    mlsd_result *r = compare(test, scores, n, 2, NULL);
    free(scores);
    return r;
}

/* Fagerland, Lydersen & Laake (2013), BMC Med. Res. Methodol. 13:91, airway hyper-responsiveness of
 * 21 children (1, 1, 7, 12): p = 0.034 asymptotic, 0.070 exact, 0.039 mid-p. mlxtend's guide,
 * counts 9945, 25, 15, 15: chi-squared 2.025, p 0.155. R's mcnemar.test on Agresti's approval
 * ratings, 794, 86, 150, 570. */
static void test_comparison__mcnemar(void **state)
{
    (void)state;
#define METHOD(name) ",\"method\":\"" name "\""
    static const struct {
        const char *options;
        int counts[4]; /* both, first, second, neither */
        named_number numbers[6];
        const char *verdict;
    } cases[] = {
        /* Bonett & Price: 6 / 23 -+ 1.95996 sqrt((10 / 23 - (6 / 23)^2) / 23), by hand. */
        {"",
         {1, 1, 7, 12},
         {{"p_value", 10.0 / 256, 1e-15},
          {"difference", 6.0 / 21, 1e-15},
          {"effect", 7, 0},
          {"low", 0.013380, 1e-6},
          {"high", 0.508359, 1e-6}},
         ""},
        {METHOD("exact"), {1, 1, 7, 12}, {{"p_value", 18.0 / 256, 1e-15}, {"statistic", 1, 0}}, ""},
        {METHOD("chi2"), {1, 1, 7, 12}, {{"statistic", 4.5, 1e-15}, {"p_value", 0.0339, 5e-5}}, ""},
        {METHOD("chi2_corrected"),
         {9945, 25, 15, 15},
         {{"statistic", 2.025, 1e-15}, {"p_value", 0.155, 5e-4}},
         ""},
        {METHOD("chi2_corrected"),
         {794, 86, 150, 570},
         {{"statistic", 16.81779661017, 1e-10},
          {"p_value", 4.11456228135e-05, 1e-15},
          {"effect", 150.0 / 86, 1e-15},
          {"min_detectable", 0.026879415069019186, 1e-12}}, /* scipy.optimize */
         "'b' is better than 'a' by 0.04000 (95 % interval 0.02"},
        /* As many one way as the other: mid-p is 1. */
        {"", {5, 4, 4, 5}, {{"p_value", 1, 1e-15}}, ""},
        {METHOD("exact") ",\"alternative\":\"greater\"",
         {1, 1, 7, 12},
         {{"p_value", 9.0 / 256, 1e-15}},
         ""},
        /* One-sided mid-p's, half of what was seen left out on either side, add up to 1. */
        {",\"alternative\":\"less\"", {1, 1, 7, 12}, {{"p_value", 1 - 5.0 / 256, 1e-15}}, ""},
        /* None of 2 rows differ: no difference could have been found, and exactly that is p = 1. */
        {METHOD("exact"),
         {1, 0, 0, 1},
         {{"p_value", 1, 0}, {"min_detectable", NAN, 0}, {"effect", NAN, 0}},
         ""},
        /* So few discordant rows that no difference is found in four of five cases. */
        {"", {5, 1, 1, 5}, {{"min_detectable", NAN, 0}}, ""},
        {METHOD("chi2"),
         {5, 0, 0, 5},
         {{"p_value", NAN, 0}},
         "cannot be told apart: both are right on the same rows"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char spec[128];
        (void)snprintf(spec, sizeof spec, "{\"kind\":\"mcnemar\"%s}", cases[i].options);
        mlsd_result *r = mcnemar(spec, cases[i].counts);
        assert_numbers(r, cases[i].numbers);
        assert_verdict(r, cases[i].verdict);
        mlsd_result_free(r);
    }
}

/* mlxtend's guide (Looney 1988): Q 7.529, p 0.023; predictions against y of the same. */
static void test_comparison__cochran_q(void **state)
{
    (void)state;
    static const struct {
        int n, wrong[3];
    } rows[] = {{3, {1, 1, 1}}, {3, {1, 1, 0}}, {1, {1, 0, 1}}, {9, {1, 0, 0}},
                {2, {0, 1, 1}}, {2, {0, 0, 1}}, {80, {0, 0, 0}}};
    double scores[300], y[100];
    int i = 0;
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        for (int n = 0; n < rows[k].n; n++, i++) {
            y[i] = i % 3;
            for (int j = 0; j < 3; j++) scores[3 * i + j] = y[i] + rows[k].wrong[j];
        }
    }
    assert_int_equal(i, 100);
    mlsd_result *r = compare("{\"kind\":\"cochran_q\",\"method\":\"exact\"}", scores, 100, 3, y);
    ASSERT_NEAR(number(r, "statistic"), 7.529411764705882, 1e-13);
    ASSERT_NEAR(number(r, "p_value"), 0.023174427241061245, 1e-15);
    ASSERT_NEAR(number(r, "df"), 2, 0);
    ASSERT_NEAR(cell(r, "ranks", "score", 0), 0.84, 1e-15);
    /* Pairs: 10 against 2, 11 against 3, 5 against 5 (binomial tails by hand), then Holm. */
    ASSERT_NEAR(cell(r, "pairs", "p_value", 0), 2 * 79.0 / 4096, 1e-15);
    ASSERT_NEAR(cell(r, "pairs", "p_adjusted", 0), 6 * 79.0 / 4096, 1e-15);
    assert_verdict(r, "the models differ (Cochran's Q: p = 0.023)");
    mlsd_result_free(r);
    for (int k = 0; k < 300; k++) scores[k] = k < 150;
    r = compare("{\"kind\":\"cochran_q\"}", scores, 100, 3, NULL);
    assert_true(isnan(number(r, "p_value")));
    assert_verdict(r, "all models are right on the same rows");
    mlsd_result_free(r);
}

/* R 4.2, pROC 1.18 roc.test, with the second area minus the first. */
static void test_comparison__delong(void **state)
{
    (void)state;
    static const double y[] = {1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1};
    static const double scores[] = {.9, .8, .4, .3, .6, .9,  .7, .6, .3,  .4,  .6,  .2,
                                    .2, .7, .1, .5, .8, .55, .5, .1, .35, .65, .45, .3};
    mlsd_result *r = compare("{\"kind\":\"delong\"}", scores, 12, 2, y);
    ASSERT_NEAR(number(r, "statistic"), 0.276289481997769, 1e-13);
    ASSERT_NEAR(number(r, "p_value"), 0.782325733780443, 1e-13);
    ASSERT_NEAR(cell(r, "ranks", "score", 0), 0.791666666666667, 1e-14);
    ASSERT_NEAR(cell(r, "ranks", "score", 1), 0.847222222222222, 1e-14);
    ASSERT_NEAR(number(r, "low"), -0.338548799205522, 1e-10);
    ASSERT_NEAR(number(r, "high"), 0.449659910316633, 1e-10);
    mlsd_result_free(r);
    double same[24];
    for (int i = 0; i < 24; i++) same[i] = scores[2 * (i / 2)];
    r = compare("{\"kind\":\"delong\"}", same, 12, 2, y);
    assert_true(isnan(number(r, "p_value")));
    assert_verdict(r, "both order the two classes in the same way");
    mlsd_result_free(r);
    /* One model nearly always wrong, one always right: the interval ends at 1. */
    for (int i = 0; i < 12; i++) {
        same[2 * i] = y[i] == 1 ? -i : i == 1 ? -20 : i;
        same[2 * i + 1] = y[i];
    }
    r = compare("{\"kind\":\"delong\"}", same, 12, 2, y);
    ASSERT_NEAR(number(r, "high"), 1, 0);
    mlsd_result_free(r);
}

/* ---- data sets ---- */

/* Demsar (2006), JMLR 7:1, Table 6: areas under ROC curves of C4.5, with m, with cf, with both. The
 * last two of voting are printed alike and ranked apart. */
static const double DEMSAR[] = {
    .763, .768, .771, .798, .599, .591, .590, .569, .954,  .971, .968, .967, .628, .661,
    .654, .657, .882, .888, .886, .898, .936, .931, .916,  .931, .661, .668, .609, .685,
    .583, .583, .563, .625, .775, .838, .866, .875, 1,     1,    1,    1,    .940, .962,
    .965, .962, .619, .666, .614, .669, .972, .981, .9754, .975, .957, .978, .946, .970};

static void first_two_of_demsar(double two[28])
{
    for (int i = 0; i < 14; i++) memcpy(two + 2 * i, DEMSAR + 4 * i, 2 * sizeof *two);
}

static void test_comparison__demsar_friedman(void **state)
{
    (void)state;
    static const double ranks[] = {3.143, 2.000, 2.893, 1.964};
    mlsd_result *r = compare("{\"kind\":\"friedman\",\"ties\":false,\"names\":[\"C4.5\",\"C4.5+m\","
                             "\"C4.5+cf\",\"C4.5+m+cf\"]}",
                             DEMSAR, 14, 4, NULL);
    for (int j = 0; j < 4; j++) ASSERT_NEAR(cell(r, "ranks", "mean_rank", j), ranks[j], 5e-4);
    ASSERT_NEAR(number(r, "chi2"), 9.28, 5e-3);
    ASSERT_NEAR(number(r, "statistic"), 3.69, 5e-3);
    ASSERT_NEAR(number(r, "df"), 3, 0);
    ASSERT_NEAR(number(r, "df_2"), 39, 0);
    /* 2.569 sqrt(4 5 / (6 14)); the F's p-value by scipy.stats.f. */
    ASSERT_NEAR(number(r, "critical_difference"), 1.25, 5e-3);
    ASSERT_NEAR(number(r, "p_value"), 0.0196, 5e-4);
    assert_verdict(r, "the models differ (Friedman: p = 0.0");
    assert_verdict(r, "'C4.5+m+cf' ranks first, on average 1.964; none of 6 pairs");
    mlsd_result_free(r);
    /* At 0.10 the critical difference is 2.291 * 0.488 = 1.12, which C4.5 exceeds twice. */
    r = compare("{\"kind\":\"friedman\",\"ties\":false,\"level\":0.9}", DEMSAR, 14, 4, NULL);
    ASSERT_NEAR(number(r, "critical_difference"), 1.12, 5e-3);
    assert_verdict(
        r, "2 of 6 pairs can be told apart: 'b' is better than 'a' by a mean rank of 1.143");
    mlsd_result_free(r);
    /* Table 7 as a control: z 2.416, 2.342, 0.512 with p 0.016, 0.019, 0.607. */
    r = compare("{\"kind\":\"friedman\",\"ties\":false,\"control\":0}", DEMSAR, 14, 4, NULL);
    static const double z[] = {-2.342, -0.512, -2.416}, p[] = {0.019, 0.607, 0.016};
    for (int j = 0; j < 3; j++) {
        ASSERT_NEAR(cell(r, "pairs", "statistic", j), z[j], 1e-3);
        ASSERT_NEAR(cell(r, "pairs", "p_value", j), p[j], 2e-3); /* of rounded ranks */
    }
    ASSERT_NEAR(cell(r, "pairs", "p_adjusted", 2), 0.047, 5e-4); /* 3 * 0.0157 < 0.05: Holm */
    mlsd_result_free(r);
}

/* Hollander & Wolfe (1973), p. 140: rounding times of 22 players, as R's friedman.test gives them,
 * which corrects for ties. */
static void test_comparison__rounding_times(void **state)
{
    (void)state;
    static const double times[] = {
        5.40, 5.50, 5.55, 5.85, 5.70, 5.75, 5.20, 5.60, 5.50, 5.55, 5.50, 5.40, 5.90, 5.85,
        5.70, 5.45, 5.55, 5.60, 5.40, 5.40, 5.35, 5.45, 5.50, 5.35, 5.25, 5.15, 5.00, 5.85,
        5.80, 5.70, 5.25, 5.20, 5.10, 5.65, 5.55, 5.45, 5.60, 5.35, 5.45, 5.05, 5.00, 4.95,
        5.50, 5.50, 5.40, 5.45, 5.55, 5.50, 5.55, 5.55, 5.35, 5.45, 5.50, 5.55, 5.50, 5.45,
        5.25, 5.65, 5.60, 5.40, 5.70, 5.65, 5.55, 6.30, 6.30, 6.25};
    mlsd_result *r =
        compare("{\"kind\":\"friedman\",\"greater_is_better\":false}", times, 22, 3, NULL);
    ASSERT_NEAR(number(r, "chi2"), 11.1428571428571, 1e-12);
    ASSERT_NEAR(number(r, "chi2_p_value"), 0.00380504077551136, 1e-16);
    ASSERT_NEAR(number(r, "effect"), 11.1428571428571 / 44, 1e-13);
    mlsd_result_free(r);
    /* All rows in the same order: F is infinite, and the chance of that is 1 / 3! for each. */
    double same[12];
    for (int i = 0; i < 12; i++) same[i] = i % 3;
    r = compare("{\"kind\":\"friedman\"}", same, 4, 3, NULL);
    assert_true(isinf(number(r, "statistic")));
    ASSERT_NEAR(number(r, "p_value"), 1.0 / 216, 1e-15);
    mlsd_result_free(r);
    for (int i = 0; i < 12; i++) same[i] = 0.5;
    r = compare("{\"kind\":\"friedman\"}", same, 4, 3, NULL);
    assert_true(isnan(number(r, "p_value")));
    assert_verdict(r, "all models have the same score on every row");
    mlsd_result_free(r);
}

/* Hollander & Wolfe (1973), p. 29: depression after a tranquilliser; R's wilcox.test gives V = 40,
 * p = 0.03906, the interval 0.010 to 0.786 and the pseudomedian 0.46. */
static void test_comparison__wilcoxon(void **state)
{
    (void)state;
    static const double pairs[] = {0.878, 1.83, .647, .50,  .598, 1.62, 2.05, 2.48, 1.06,
                                   1.68,  1.29, 1.88, 1.06, 1.55, 3.14, 3.06, 1.29, 1.30};
    mlsd_result *r = compare("{\"kind\":\"wilcoxon\"}", pairs, 9, 2, NULL);
    static const named_number numbers[] = {
        {"statistic", 40, 0},  {"p_value", 0.0390625, 1e-16}, {"difference", 0.46, 1e-15},
        {"low", 0.010, 1e-15}, {"high", 0.786, 1e-15},        {"effect", (40.0 - 5) / 45, 1e-15},
        {NULL, 0, 0}};
    assert_numbers(r, numbers);
    mlsd_result_free(r);
    /* Demsar's Table 2: ranks 93 to 12 with the two zeros' ranks shared out, here left out. */
    double two[28];
    first_two_of_demsar(two);
    r = compare("{\"kind\":\"wilcoxon\"}", two, 14, 2, NULL);
    ASSERT_NEAR(number(r, "statistic"), 93 - 1.5, 0);
    ASSERT_NEAR(number(r, "effect"), (91.5 - 10.5) / 102, 1e-15);
    assert_verdict(r, "'b' is better than 'a'");
    mlsd_result_free(r);
}

/* Exact with ties and zeros: all 2^n signs of the ranks, one by one. */
static void test_comparison__wilcoxon_by_enumeration(void **state)
{
    (void)state;
    enum { N = 11 };
    static const double d[N] = {0.5, -0.5, 1, 0, 2, -2, 2, 3, 0, 4, -1};
    static const double rank[N] = {3.5, 3.5, 5.5, 0, 8, 8, 8, 10, 0, 11, 5.5}; /* zeros 1.5 each */
    double scores[2 * N], seen = 0;
    int n_above = 0, n_below = 0;
    for (int i = 0; i < N; i++) {
        scores[2 * i] = 1;
        scores[2 * i + 1] = 1 + d[i];
        if (d[i] > 0) seen += rank[i];
    }
    for (int signs = 0; signs < 1 << N; signs++) {
        double sum = 0;
        for (int i = 0; i < N; i++) sum += signs >> i & 1 ? rank[i] : 0;
        n_above += sum >= seen;
        n_below += sum <= seen;
    }
    mlsd_result *r = compare("{\"kind\":\"wilcoxon\"}", scores, N, 2, NULL);
    ASSERT_NEAR(number(r, "statistic"), seen, 0);
    ASSERT_NEAR(number(r, "p_value"), 2.0 * (n_above < n_below ? n_above : n_below) / (1 << N),
                1e-14);
    mlsd_result_free(r);
}

/* The Hodges-Lehmann estimate and its interval among all n (n + 1) / 2 means, sorted plainly. */
static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void walsh_sorted(const double *values, int n, double *all)
{
    int k = 0;
    for (int i = 0; i < n; i++) {
        for (int j = i; j < n; j++) all[k++] = (values[i] + values[j]) / 2;
    }
    qsort(all, (size_t)k, sizeof *all, by_value);
}

static void draw_normal(uint64_t seed, int n, double *values)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, seed, 0, 0, 0, 1);
    for (int i = 0; i < n; i++) values[i] = mlsd__stream_normal(&stream);
}

static void test_comparison__walsh_by_sorting(void **state)
{
    (void)state;
    enum { N = 60, M = N * (N + 1) / 2 };
    double values[N], scores[2 * N], all[M];
    draw_normal(5, N, values);
    for (int i = 0; i < N; i++) values[i] += 0.2;
    beside_0(values, N, scores);
    walsh_sorted(values, N, all);
    mlsd_result *r = compare("{\"kind\":\"wilcoxon\"}", scores, N, 2, NULL);
    ASSERT_NEAR(number(r, "difference"), (all[(M - 1) / 2] + all[M / 2]) / 2, 1e-15);
    /* (1830 / 2 - 1.96 sqrt(60 61 121 / 24)) = 648.8: the 649th or so from either end. */
    ASSERT_NEAR(number(r, "low"), all[648], 0);
    ASSERT_NEAR(number(r, "high"), all[M - 649], 0);
    mlsd_result_free(r);
}

/* Tables of the signed-rank test have 434 for 50 numbers at 5 % (Wilcoxon 1964; Conover 1999, table
 * A12): the interval begins with the 435th mean. Signs that balance have p = 1. */
static void test_comparison__fifty_rows(void **state)
{
    (void)state;
    enum { N = 50, M = N * (N + 1) / 2 };
    double values[N], scores[2 * N], all[M];
    draw_normal(8, N, values);
    values[0] -= 1;
    beside_0(values, N, scores);
    walsh_sorted(values, N, all);
    mlsd_result *r = compare("{\"kind\":\"wilcoxon\"}", scores, N, 2, NULL);
    ASSERT_NEAR(number(r, "low"), all[434], 0);
    ASSERT_NEAR(number(r, "high"), all[M - 435], 0);
    mlsd_result_free(r);
    for (int i = 0; i < N; i++) values[i] = i % 4 == 0 || i % 4 == 3 ? i / 2 + 1 : -(i / 2 + 1);
    beside_0(values, N, scores);
    r = compare("{\"kind\":\"wilcoxon\"}", scores, 48, 2, NULL);
    ASSERT_NEAR(number(r, "statistic"), 48 * 49 / 4.0, 0);
    ASSERT_NEAR(number(r, "p_value"), 1, 0);
    mlsd_result_free(r);
}

/* Beside the t test for independent rows by the square root of the efficiency: pi / 3 (Hodges &
 * Lehmann 1956), pi / 2, 1. */
static void test_comparison__detectable_by_efficiency(void **state)
{
    (void)state;
    static const struct {
        const char *test;
        double ratio;
    } cases[] = {{"{\"kind\":\"wilcoxon\"}", 1.0471975511965976},
                 {"{\"kind\":\"sign_test\"}", 1.5707963267948966},
                 {"{\"kind\":\"paired_permutation\"}", 1},
                 {"{\"kind\":\"max_t\"}", 1}};
    mlsd_result *t = compare("{\"kind\":\"corrected_t\",\"test_train\":0}", FOLDS, 10, 2, NULL);
    for (int i = 0; i < 4; i++) {
        mlsd_result *r = compare(cases[i].test, FOLDS, 10, 2, NULL);
        ASSERT_NEAR(number(r, "min_detectable"), number(t, "min_detectable") * sqrt(cases[i].ratio),
                    1e-12);
        if (i >= 2) ASSERT_NEAR(number(r, "effect"), number(t, "effect"), 1e-12);
        mlsd_result_free(r);
    }
    mlsd_result_free(t);
}

/* Rows that flip together are their sum: blocks of two (the last of one) beside the sums alone. */
static void test_comparison__blocks_flip_together(void **state)
{
    (void)state;
    double scores[22], sums[12] = {0};
    for (int i = 0; i < 11; i++) {
        scores[2 * i] = 0;
        scores[2 * i + 1] = i * i % 7 - 1.5;
        sums[i / 2 * 2 + 1] += scores[2 * i + 1];
    }
    static const char *const tests[] = {"paired_permutation", "max_t"};
    char blocks[80], single[80];
    for (int k = 0; k < 2; k++) {
        (void)snprintf(blocks, sizeof blocks, "{\"kind\":\"%s\",\"block_rows\":2}", tests[k]);
        (void)snprintf(single, sizeof single, "{\"kind\":\"%s\"}", tests[k]);
        mlsd_result *r = compare(blocks, scores, 11, 2, NULL),
                    *s = compare(single, sums, 6, 2, NULL);
        ASSERT_NEAR(number(r, "p_value"), number(s, "p_value"), 1e-15);
        ASSERT_NEAR(number(r, "difference"), number(s, "difference") * 6 / 11, 1e-13);
        mlsd_result_free(s);
        mlsd_result_free(r);
    }
}

/* Of several pairs the numbers are those of the one that tells most. */
static void test_comparison__foremost_pair(void **state)
{
    (void)state;
    double scores[40];
    mlsd__stream stream;
    mlsd__stream_init(&stream, 6, 0, 0, 0, 1);
    for (int i = 0; i < 40; i++) scores[i] = mlsd__stream_normal(&stream) + (i % 4 == 2 ? 4 : 0);
    mlsd_result *r = compare("{\"kind\":\"wilcoxon\"}", scores, 10, 4, NULL);
    int best = 0;
    for (int i = 1; i < 6; i++) {
        if (cell(r, "pairs", "p_adjusted", i) < cell(r, "pairs", "p_adjusted", best)) best = i;
    }
    ASSERT_NEAR(number(r, "p_value"), cell(r, "pairs", "p_adjusted", best), 0);
    ASSERT_NEAR(number(r, "difference"), cell(r, "pairs", "difference", best), 0);
    mlsd_result_free(r);
    r = compare("{\"kind\":\"bayes_correlated_t\",\"test_train\":0.1}", scores, 10, 4, NULL);
    double most = 0;
    for (int i = 0; i < 6; i++) {
        most = fmax(most, cell(r, "pairs", "p_better", i));
        most = fmax(most, cell(r, "pairs", "p_worse", i));
    }
    ASSERT_NEAR(fmax(number(r, "p_better"), number(r, "p_worse")), most, 0);
    assert_verdict(r, "pairs can be told apart: 'c' is better than 'a' by");
    mlsd_result_free(r);
}

/* scipy.stats.binomtest(8, 10).pvalue = 0.109375; the median's interval for n = 10 is from the
 * second smallest to the second largest (97.9 %), Conover (1999), table A3. */
static void test_comparison__sign_test(void **state)
{
    (void)state;
    double scores[24];
    for (int i = 0; i < 12; i++) {
        scores[2 * i] = 0;
        scores[2 * i + 1] = i < 10 ? i - 1.5 : 0;
    }
    mlsd_result *r = compare("{\"kind\":\"sign_test\"}", scores, 12, 2, NULL);
    ASSERT_NEAR(number(r, "p_value"), 0.109375, 1e-14);
    ASSERT_NEAR(number(r, "effect"), 0.8, 1e-15);
    mlsd_result_free(r);
    r = compare("{\"kind\":\"sign_test\"}", scores, 10, 2, NULL);
    ASSERT_NEAR(number(r, "difference"), 3, 0);
    ASSERT_NEAR(number(r, "low"), -0.5, 0);
    ASSERT_NEAR(number(r, "high"), 6.5, 0);
    mlsd_result_free(r);
}

/* Twenty losses and a win among fifty rows: the median is 0, and the earlier is better all the
 * same. */
static void test_comparison__sign_of_a_median_of_0(void **state)
{
    (void)state;
    double scores[100] = {0};
    for (int i = 0; i < 21; i++) scores[2 * i + 1] = i == 0 ? 1 : -1;
    mlsd_result *r = compare("{\"kind\":\"sign_test\"}", scores, 50, 2, NULL);
    ASSERT_NEAR(number(r, "difference"), 0, 0);
    assert_string_equal(cell_text(r, "pairs", "better", 0), "a");
    mlsd_result_free(r);
}

/* Fisher (1935), The Design of Experiments, section 21: Darwin's maize. 1,726 of the 32,768 signs
 * give a sum so far from 0; the differences (in eighths of an inch) add up to 314. */
static const double DARWIN[] = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};

static void test_comparison__darwins_maize(void **state)
{
    (void)state;
    double scores[30];
    beside_0(DARWIN, 15, scores);
    mlsd_result *r =
        compare("{\"kind\":\"paired_permutation\",\"n_permutations\":40000}", scores, 15, 2, NULL);
    ASSERT_NEAR(number(r, "p_value"), 1726.0 / 32768, 1e-15);
    ASSERT_NEAR(number(r, "difference"), 314.0 / 15, 1e-13);
    const double low = number(r, "low");
    mlsd_result_free(r);
    /* Just inside the interval the shifted test keeps, just outside it rejects. */
    for (int side = -1; side <= 1; side += 2) {
        for (int i = 0; i < 15; i++) scores[2 * i] = low + side * 1e-9;
        r = compare("{\"kind\":\"paired_permutation\",\"n_permutations\":40000}", scores, 15, 2,
                    NULL);
        assert_true((number(r, "p_value") <= 0.05) == (side < 0));
        mlsd_result_free(r);
        for (int i = 0; i < 15; i++) scores[2 * i] = 0;
    }
    /* Drawn: within four standard errors. */
    r = compare("{\"kind\":\"paired_permutation\",\"n_permutations\":20000}", scores, 15, 2, NULL);
    ASSERT_NEAR(number(r, "p_value"), 1726.0 / 32768, 4 * sqrt(0.05 / 20000));
    mlsd_result_free(r);
}

/* One other model: max t is the permutation test of |t|, which is that of |sum|. Two copies of it
 * change nothing; Holm would double. */
static void test_comparison__max_t(void **state)
{
    (void)state;
    double scores[45];
    for (int i = 0; i < 15; i++) {
        scores[3 * i] = 0;
        scores[3 * i + 1] = scores[3 * i + 2] = DARWIN[i];
    }
    mlsd_result *r = compare("{\"kind\":\"max_t\",\"n_permutations\":40000}", scores, 15, 3, NULL);
    for (int i = 0; i < 2; i++) {
        ASSERT_NEAR(cell(r, "pairs", "p_value", i), 1726.0 / 32768, 1e-15);
        ASSERT_NEAR(cell(r, "pairs", "p_adjusted", i), 1726.0 / 32768, 1e-15);
    }
    mlsd_result_free(r);
    /* With a model of noise the smaller t is held against itself alone. */
    for (int i = 0; i < 15; i++) scores[3 * i + 2] = i % 2 ? 1 : -0.5;
    r = compare("{\"kind\":\"max_t\",\"n_permutations\":40000}", scores, 15, 3, NULL);
    assert_true(cell(r, "pairs", "p_adjusted", 0) > 1726.0 / 32768);
    ASSERT_NEAR(cell(r, "pairs", "p_adjusted", 1), cell(r, "pairs", "p_value", 1), 1e-15);
    mlsd_result_free(r);
}

/* The same draws with weights of all pairs, by the plain double loop. */
static void test_comparison__bayes_signed_rank(void **state)
{
    (void)state;
    double two[28];
    first_two_of_demsar(two);
    mlsd_result *r = compare("{\"kind\":\"bayes_signed_rank\",\"rope\":0.01}", two, 14, 2, NULL);
    double votes[3] = {0};
    mlsd__stream stream;
    mlsd__stream_init(&stream, 11, 0, 0, 0, 1);
    enum { DRAWS = 20000, N = 15 };
    for (int k = 0; k < DRAWS; k++) {
        double w[N], part[3] = {0};
        const double x = mlsd__stream_normal(&stream);
        w[0] = x * x / 2; /* Gamma(1/2) */
        for (int i = 1; i < N; i++) {
            const double u = mlsd__stream_normal(&stream), v = mlsd__stream_normal(&stream);
            w[i] = (u * u + v * v) / 2; /* Gamma(1) */
        }
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) {
                const double z = (i > 0 ? two[2 * i - 1] - two[2 * i - 2] : 0) +
                                 (j > 0 ? two[2 * j - 1] - two[2 * j - 2] : 0);
                part[z > 0.02 ? 2 : z < -0.02 ? 0 : 1] += w[i] * w[j];
            }
        }
        votes[part[2] > part[0] && part[2] > part[1] ? 2 : part[0] > part[1] ? 0 : 1]++;
    }
    const double noise = 4 * sqrt(0.25 / DRAWS + 0.25 / 50000);
    ASSERT_NEAR(number(r, "p_better"), votes[2] / DRAWS, noise);
    ASSERT_NEAR(number(r, "p_equivalent"), votes[1] / DRAWS, noise);
    ASSERT_NEAR(number(r, "p_worse"), votes[0] / DRAWS, noise);
    ASSERT_NEAR(number(r, "p_better") + number(r, "p_equivalent") + number(r, "p_worse"), 1, 1e-12);
    mlsd_result_free(r);
}

/* ---- several models, gaps, multiplicity ---- */

static void test_comparison__pairs_and_gaps(void **state)
{
    (void)state;
    double scores[40], two[16];
    mlsd__stream stream;
    mlsd__stream_init(&stream, 3, 0, 0, 0, 1);
    for (int i = 0; i < 40; i++) scores[i] = mlsd__stream_normal(&stream);
    scores[4 * 3 + 1] = scores[4 * 7 + 2] = NAN;
    mlsd_result *all = compare(CORRECTED, scores, 10, 4, NULL);
    assert_int_equal(n_rows_of(all, "pairs"), 6);
    int n = 0;
    for (int i = 0; i < 10; i++) {
        if (i == 3 || i == 7) continue;
        two[2 * n] = scores[4 * i + 1];
        two[2 * n++ + 1] = scores[4 * i + 2];
    }
    mlsd_result *pair = compare(CORRECTED, two, 8, 2, NULL); /* pair 3 is b, c */
    ASSERT_NEAR(cell(all, "pairs", "n", 3), 8, 0);
    ASSERT_NEAR(cell(all, "pairs", "p_value", 3), number(pair, "p_value"), 0);
    ASSERT_NEAR(cell(all, "pairs", "min_detectable", 3), number(pair, "min_detectable"), 0);
    mlsd_result_free(pair);
    mlsd_result_free(all);
    all =
        compare("{\"kind\":\"corrected_t\",\"test_train\":0.1,\"control\":2}", scores, 10, 4, NULL);
    assert_int_equal(n_rows_of(all, "pairs"), 3);
    assert_string_equal(cell_text(all, "pairs", "a", 0), "c");
    assert_string_equal(cell_text(all, "pairs", "b", 2), "d");
    mlsd_result_free(all);
}

/* What has no answer is NaN with a reason, never 0. */
static void test_comparison__undefined(void **state)
{
    (void)state;
    static const double shifted[] = {0.1, 0.3, 0.2, 0.4, 0.3, 0.5, 0.7, 0.9};
    mlsd_result *r = compare(CORRECTED, shifted, 4, 2, NULL);
    assert_true(isnan(number(r, "p_value")));
    assert_verdict(r, "the difference is the same on every row, so its spread is unknown");
    mlsd_result_free(r);
    static const double alike[] = {0.1, 0.1, 0.2, 0.2, 0.3, 0.3};
    static const char *const tests[] = {
        "{\"kind\":\"wilcoxon\"}",           "{\"kind\":\"sign_test\"}",
        "{\"kind\":\"paired_permutation\"}", "{\"kind\":\"max_t\"}",
        "{\"kind\":\"diebold_mariano\"}",    "{\"kind\":\"corrected_t\",\"test_train\":0.5}"};
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        r = compare(tests[i], alike, 3, 2, NULL);
        assert_true(isnan(number(r, "p_value")));
        assert_verdict(r, "both have the same score on every row");
        mlsd_result_free(r);
        r = compare(tests[i], alike, 0, 2, NULL);
        assert_true(isnan(number(r, "p_value")));
        mlsd_result_free(r);
        r = compare(tests[i], alike, 1, 2, NULL);
        assert_true(isnan(number(r, "p_value")));
        mlsd_result_free(r);
    }
}

/* Holm (1979) and Benjamini & Hochberg (1995) as R's p.adjust gives them. */
static void test_comparison__adjust(void **state)
{
    (void)state;
    static const double p[] = {0.01, 0.02, 0.03, 0.04, 0.05, NAN};
    static const double holm[] = {0.05, 0.08, 0.09, 0.09, 0.09},
                        hochberg[] = {0.05, 0.05, 0.05, 0.05, 0.05},
                        fdr[] = {0.05, 0.05, 0.05, 0.05, 0.05},
                        bonferroni[] = {0.05, 0.1, 0.15, 0.2, 0.25};
    const struct {
        const char *name;
        const double *wanted;
    } cases[] = {{"holm", holm},
                 {"hochberg", hochberg},
                 {"benjamini_hochberg", fdr},
                 {"bonferroni", bonferroni},
                 {"none", p}};
    double out[6];
    for (int k = 0; k < 5; k++) {
        ASSERT_OK(mlsd_adjust_p_values(cases[k].name, p, 6, out));
        for (int i = 0; i < 5; i++) ASSERT_NEAR(out[i], cases[k].wanted[i], 1e-15);
        assert_true(isnan(out[5]));
    }
    ASSERT_FAILS(MLSD_E_ARG, "did you mean 'holm'?", mlsd_adjust_p_values("hlm", p, 6, out));
    static const double ends[] = {1, 0};
    ASSERT_OK(mlsd_adjust_p_values("holm", ends, 2, out));
    assert_true(out[0] == 1 && out[1] == 0);
    static const double bad[] = {0.5, 1.5};
    ASSERT_FAILS(MLSD_E_ARG, "p_values[1] is 1.5, outside of [0, 1]",
                 mlsd_adjust_p_values("holm", bad, 2, out));
    ASSERT_FAILS(MLSD_E_ARG, "must not be negative", mlsd_adjust_p_values("holm", bad, -2, out));
    ASSERT_OK(mlsd_adjust_p_values("holm", NULL, 0, NULL));
}

static void test_comparison__bad_input(void **state)
{
    (void)state;
    static const double x[] = {0.1, 0.2, 0.3, INFINITY, 0.5, 0.6};
    static const double y[] = {0, 1, 2};
    static double many[2 * 1200];
    for (int i = 0; i < 2400; i++) many[i] = i % 2 ? i + 1 : 0;
    static const struct {
        const char *spec;
        const double *scores;
        int64_t rows, cols;
        const double *y;
        mlsd_status status;
        const char *message;
    } cases[] = {
        {"{\"kind\":\"corrected_t\"}", x, 1, 2, NULL, MLSD_E_PARAM_RANGE, "'test_train' is needed"},
        {"{\"kind\":\"wilcoxon\"}", x, 3, 1, NULL, MLSD_E_SHAPE, "two models or more, got 1"},
        {"{\"kind\":\"wilcoxon\"}", x, 3, 2, NULL, MLSD_E_DATA, "row 1 of 'b' is infinite"},
        {"{\"kind\":\"five_by_two_f\"}", x, 3, 2, NULL, MLSD_E_SHAPE,
         "five_by_two_f needs 10 rows of scores, got 3"},
        {"{\"kind\":\"wilcoxon\",\"names\":[\"a\"]}", x, 1, 2, NULL, MLSD_E_SHAPE,
         "'names' has 1 names for 2 columns"},
        {"{\"kind\":\"wilcoxon\",\"names\":[\"u\",\"u\"]}", x, 1, 2, NULL, MLSD_E_PARAM_CONFLICT,
         "'names' has 'u' twice"},
        {"{\"kind\":\"wilcoxon\",\"control\":2}", x, 1, 2, NULL, MLSD_E_PARAM_RANGE,
         "'control' is column 2, scores have 2"},
        {"{\"kind\":\"delong\"}", x, 1, 2, NULL, MLSD_E_ARG, "delong needs y"},
        {"{\"kind\":\"wilcoxon\"}", x, 1, 2, y, MLSD_E_ARG, "wilcoxon takes no y"},
        {"{\"kind\":\"delong\"}", FOLDS, 3, 2, y, MLSD_E_DATA, "row 2 of y is neither 0 nor 1"},
        {"{\"kind\":\"mcnemar\"}", FOLDS, 3, 2, NULL, MLSD_E_DATA,
         "row 0 of 'a' is neither 0 (wrong) nor 1 (right)"},
        {"{\"kind\":\"ridge\"}", x, 1, 2, NULL, MLSD_E_KIND, "ridge"},
        {"{\"kind\":\"wilcoxon\",\"method\":\"exact\"}", many, 1200, 2, NULL, MLSD_E_PARAM_CONFLICT,
         "up to 1000 rows that differ, got 1200"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ASSERT_FAILS(
            cases[i].status, cases[i].message,
            try_compare(cases[i].spec, cases[i].scores, cases[i].rows, cases[i].cols, cases[i].y));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comparison__corrected_t),
        cmocka_unit_test(test_comparison__directions),
        cmocka_unit_test(test_comparison__five_by_two),
        cmocka_unit_test(test_comparison__diebold_mariano),
        cmocka_unit_test(test_comparison__mcnemar),
        cmocka_unit_test(test_comparison__cochran_q),
        cmocka_unit_test(test_comparison__delong),
        cmocka_unit_test(test_comparison__demsar_friedman),
        cmocka_unit_test(test_comparison__rounding_times),
        cmocka_unit_test(test_comparison__wilcoxon),
        cmocka_unit_test(test_comparison__wilcoxon_by_enumeration),
        cmocka_unit_test(test_comparison__walsh_by_sorting),
        cmocka_unit_test(test_comparison__fifty_rows),
        cmocka_unit_test(test_comparison__detectable_by_efficiency),
        cmocka_unit_test(test_comparison__blocks_flip_together),
        cmocka_unit_test(test_comparison__foremost_pair),
        cmocka_unit_test(test_comparison__sign_test),
        cmocka_unit_test(test_comparison__sign_of_a_median_of_0),
        cmocka_unit_test(test_comparison__darwins_maize),
        cmocka_unit_test(test_comparison__max_t),
        cmocka_unit_test(test_comparison__bayes_signed_rank),
        cmocka_unit_test(test_comparison__pairs_and_gaps),
        cmocka_unit_test(test_comparison__undefined),
        cmocka_unit_test(test_comparison__adjust),
        cmocka_unit_test(test_comparison__bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
