/* test_exponentiated_gradient.c - a mixture of classifiers under a constraint of fairness. Witness:
 * the linear program over all mixtures of the finitely many classifiers of one column of three
 * values, by trying all its vertices; groups' rates in plain loops. */
#include "transform_checks.h"

enum { N = 600, P = 4 };

typedef struct people {
    double x[N * P], y[N], w[N]; /* x: group, signal, noise, id */
} people;

/* Group 1 is given class 1 more often for the same signal; the noise tells the group apart. */
static void make_people(people *d)
{
    uint32_t s = 7;
    for (int i = 0; i < N; i++) {
        const double group = next_uniform(&s) > 0.1, signal = 2 * next_uniform(&s);
        d->x[i * P] = group;
        d->x[i * P + 1] = signal;
        d->x[i * P + 2] = group + 1.5 * next_uniform(&s);
        d->x[i * P + 3] = i;
        d->y[i] = signal + 0.8 * group + 0.8 * next_uniform(&s) > 0.3;
        d->w[i] = 1 + i % 3;
    }
}

static void json_of(char out[600], const char *more)
{
    (void)snprintf(out, 600,
                   "{\"kind\":\"exponentiated_gradient\",\"sensitive_features\":[\"x0\"],\"id\":"
                   "\"x3\",%s\"estimator\":{\"kind\":\"gaussian_nb\"}}",
                   more);
}

/* The largest distance of a group's rate from that of all, among rows of class `of` (-1: all). */
static double violation(const people *d, const double *chance, int of, int weighted)
{
    double is[3] = {0}, n[3] = {0}, most = 0;
    for (int i = 0; i < N; i++) {
        const int g = (int)d->x[i * P];
        const double w = weighted ? d->w[i] : 1;
        if (of >= 0 && (int)d->y[i] != of) continue;
        is[g] += w * chance[2 * i + 1];
        is[2] += w * chance[2 * i + 1];
        n[g] += w;
        n[2] += w;
    }
    for (int g = 0; g < 2; g++) most = fmax(most, fabs(is[g] / n[g] - is[2] / n[2]));
    return most;
}

static void test_exponentiated_gradient__reaches_the_constraint(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int classes[2]; /* whose rates are bound: -1 all rows, -2 none */
    } cases[] = {{"demographic_parity", {-1, -2}},
                 {"equal_opportunity", {1, -2}},
                 {"predictive_equality", {0, -2}},
                 {"equalized_odds", {1, 0}}};
    static people d;
    make_people(&d);
    mlsd_dataset *data = dataset_from(d.x, d.y, d.w, N, P);
    for (int c = 0; c < 4; c++) {
        char more[200], json[600];
        (void)snprintf(more, sizeof more, "\"constraint\":\"%s\",\"eps\":0.02,", cases[c].name);
        json_of(json, more);
        mlsd_model *model = fit_and_check(json, data, d.x, N, MLSD_OUTPUT_PROBA);
        double *const chance = output_of(model, d.x, N, MLSD_OUTPUT_PROBA);
        const double gap = number_of(model, "best_gap");
        json_of(json, "\"eps\":1,");
        mlsd_model *free_one = fit_json(NULL, json, data, NULL, NULL);
        double *const plain = output_of(free_one, d.x, N, MLSD_OUTPUT_PROBA);
        double before = 0, after = 0;
        for (int e = 0; e < 2 && cases[c].classes[e] > -2; e++) {
            before = fmax(before, violation(&d, plain, cases[c].classes[e], 1));
            after = fmax(after, violation(&d, chance, cases[c].classes[e], 1));
        }
        assert_true(before > 0.03);
        assert_true(after <= 0.02 + gap + 1e-12);
        free(chance);
        free(plain);
        mlsd_model_free(model);
        mlsd_model_free(free_one);
    }
    mlsd_dataset_free(data);
}

/* Where nothing is bound it is the estimator itself. */
static void test_exponentiated_gradient__without_bounds_is_the_child(void **state)
{
    (void)state;
    static people d;
    static double own[N * 2];
    char json[600];
    make_people(&d);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < 2; j++) own[i * 2 + j] = d.x[i * P + 1 + j];
    mlsd_dataset *data = dataset_from(d.x, d.y, d.w, N, P);
    mlsd_dataset *seen = dataset_from(own, d.y, d.w, N, 2);
    json_of(json, "\"eps\":1,");
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    mlsd_model *child = fit_json(NULL, "{\"kind\":\"gaussian_nb\"}", seen, NULL, NULL);
    double *const got = output_of(model, d.x, N, MLSD_OUTPUT_VALUE);
    double *const want = output_of(child, own, N, MLSD_OUTPUT_VALUE);
    assert_memory_equal(got, want, N * sizeof *got);
    assert_true(number_of(model, "n_iter") == 1);
    free(got);
    free(want);
    mlsd_model_free(model);
    mlsd_model_free(child);
    mlsd_dataset_free(data);
    mlsd_dataset_free(seen);
}

/* Coins: the share of 1 follows the chance, one id has one answer, alone and among others. */
static void test_exponentiated_gradient__coin(void **state)
{
    (void)state;
    static people d;
    char json[600];
    make_people(&d);
    mlsd_dataset *data = dataset_from(d.x, d.y, NULL, N, P);
    json_of(json, "\"randomize\":true,");
    mlsd_model *model = fit_and_check(json, data, d.x, N, MLSD_OUTPUT_VALUE);
    double *const got = output_of(model, d.x, N, MLSD_OUTPUT_VALUE);
    double *const chance = output_of(model, d.x, N, MLSD_OUTPUT_PROBA);
    double said = 0, expected = 0;
    int n_open = 0;
    for (int i = 0; i < N; i++) {
        const double p = chance[2 * i + 1];
        if (p == 0 || p == 1) assert_true(got[i] == p);
        n_open += p > 0 && p < 1;
        said += got[i];
        expected += p;
    }
    assert_true(n_open > 10);
    assert_true(fabs(said - expected) < 4 * sqrt(0.25 * n_open));
    free(got);
    free(chance);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* ---- the linear program ---- */

typedef struct cells {
    double error0, cost[3]; /* error = error0 + sum cost p */
    double gap[2][3];       /* of a group = sum gap p */
} cells;

static void count_cells(const double *x, const double *y, int n, cells *c)
{
    double of_group[2] = {0};
    *c = (cells){0};
    for (int i = 0; i < n; i++) of_group[(int)x[3 * i]]++;
    for (int i = 0; i < n; i++) {
        const int g = (int)x[3 * i], v = (int)x[3 * i + 1];
        c->error0 += y[i] / n;
        c->cost[v] += (1 - 2 * y[i]) / n;
        c->gap[g][v] += 1 / of_group[g];
        for (int h = 0; h < 2; h++) c->gap[h][v] -= 1.0 / n;
    }
}

/* Half space number h of 10: row . p <= right. */
static double half_space(const cells *c, double eps, int h, double row[3])
{
    for (int v = 0; v < 3; v++)
        row[v] = h < 6 ? (h / 2 == v) * (h % 2 ? 1.0 : -1.0)
                       : c->gap[(h - 6) / 2][v] * (h % 2 ? 1.0 : -1.0);
    return h < 6 ? h % 2 : eps;
}

static double det(double m[3][3])
{
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

/* Error at the vertex where three planes meet; infinite where there is none, or not allowed. */
static double at_vertex(const cells *c, double eps, const int planes[3])
{
    double m[3][3], right[3], p[3], error = c->error0;
    for (int k = 0; k < 3; k++) right[k] = half_space(c, eps, planes[k], m[k]);
    const double whole = det(m);
    if (fabs(whole) < 1e-12) return INFINITY;
    for (int v = 0; v < 3; v++) {
        double with[3][3];
        memcpy(with, m, sizeof with);
        for (int k = 0; k < 3; k++) with[k][v] = right[k];
        p[v] = det(with) / whole;
        error += c->cost[v] * p[v];
    }
    for (int h = 0; h < 10; h++) {
        double row[3];
        const double limit = half_space(c, eps, h, row);
        if (row[0] * p[0] + row[1] * p[1] + row[2] * p[2] > limit + 1e-9) return INFINITY;
    }
    return error;
}

static double least_error(const cells *c, double eps)
{
    double least = INFINITY;
    for (int i = 0; i < 10; i++)
        for (int j = i + 1; j < 10; j++)
            for (int k = j + 1; k < 10; k++)
                least = fmin(least, at_vertex(c, eps, (const int[]){i, j, k}));
    return least;
}

static void test_exponentiated_gradient__is_the_linear_program(void **state)
{
    (void)state;
    enum { ROWS = 60 };
    uint32_t s = 3;
    for (int t = 0; t < 40; t++) {
        double x[ROWS * 3], y[ROWS];
        cells c;
        for (int i = 0; i < ROWS; i++) {
            const int g = next_uniform(&s) > 0, v = (int)(3 * (next_uniform(&s) + 0.5));
            double *const row = x + 3 * i;
            row[0] = g;
            row[1] = next_uniform(&s) > 0 ? v : g + (v > 1);
            row[2] = row[1] * row[1]; /* so that the estimator can tell all values apart */
            y[i] = next_uniform(&s) + 0.3 * row[1] - 0.3 + 0.2 * g > 0;
        }
        count_cells(x, y, ROWS, &c);
        const double eps = 0.01 + 0.03 * (t % 5);
        char json[500];
        (void)snprintf(
            json, sizeof json,
            "{\"kind\":\"exponentiated_gradient\",\"sensitive_features\":[\"x0\"],"
            "\"eps\":%g,\"nu\":1e-7,\"estimator\":{\"kind\":\"logistic_regression\",\"C\":1e6,"
            "\"tol\":1e-8}}",
            eps);
        mlsd_dataset *data = dataset_from(x, y, NULL, ROWS, 3);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        assert_true(number_of(model, "converged") == 1);
        const double want = least_error(&c, eps), got = number_of(model, "error");
        if (!(fabs(got - want) < 1e-6)) fail_msg("table %d: %.12g, expected %.12g", t, got, want);
        mlsd_model_free(model);
        mlsd_dataset_free(data);
    }
}

/* Without the linear program the gap is still what the error is at most above the best. */
static void test_exponentiated_gradient__the_gap_holds(void **state)
{
    (void)state;
    static people d;
    char json[600];
    make_people(&d);
    mlsd_dataset *data = dataset_from(d.x, d.y, NULL, N, P);
    json_of(json, "\"eps\":0.02,\"nu\":0,\"max_iter\":30,");
    mlsd_model *best = fit_json(NULL, json, data, NULL, NULL);
    json_of(json, "\"eps\":0.02,\"nu\":0,\"lp_step\":false,\"max_iter\":30,");
    mlsd_model *plain = fit_json(NULL, json, data, NULL, NULL);
    const double gap = number_of(plain, "best_gap");
    assert_true(number_of(best, "best_gap") < gap);
    assert_true(number_of(plain, "error") <= number_of(best, "error") + 2 * gap);
    mlsd_model_free(best);
    mlsd_model_free(plain);
    mlsd_dataset_free(data);
}

static void test_exponentiated_gradient__says_what_is_wrong(void **state)
{
    (void)state;
    static people d;
    make_people(&d);
    mlsd_dataset *data = dataset_from(d.x, d.y, NULL, N, P);
    static const struct {
        const char *json, *words;
        mlsd_status status;
    } cases[] = {
        {"{\"kind\":\"exponentiated_gradient\"}", "has no estimator", MLSD_E_CHILD},
        {"{\"kind\":\"exponentiated_gradient\",\"estimator\":{\"kind\":\"gaussian_nb\"}}",
         "'sensitive_features' names no column", MLSD_E_PARAM_RANGE},
        {"{\"kind\":\"exponentiated_gradient\",\"sensitive_features\":[\"x0\"],\"estimator\":{"
         "\"kind\":\"ridge\"}}",
         "ridge is no classifier", MLSD_E_CHILD},
        {"{\"kind\":\"exponentiated_gradient\",\"sensitive_features\":[\"x9\"],\"estimator\":{"
         "\"kind\":\"gaussian_nb\"}}",
         "there is no column 'x9'", MLSD_E_COLUMN},
        {"{\"kind\":\"exponentiated_gradient\",\"sensitive_features\":[\"x0\"],\"randomize\":true,"
         "\"estimator\":{\"kind\":\"gaussian_nb\"}}",
         "set 'id'", MLSD_E_PARAM_CONFLICT},
        {"{\"kind\":\"exponentiated_gradient\",\"sensitive_features\":[\"x0\"],\"estimator\":{"
         "\"kind\":\"logistic_regression\",\"class_weight\":\"balanced\"}}",
         "unset 'class_weight'", MLSD_E_PARAM_CONFLICT},
        {"{\"kind\":\"exponentiated_gradient\",\"sensitive_features\":[\"x1\"],\"group_bins\":9,"
         "\"max_groups\":5,\"estimator\":{\"kind\":\"gaussian_nb\"}}",
         "makes 9 groups, more than 'max_groups' = 5", MLSD_E_DATA},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_fit_fails(cases[i].json, data, cases[i].status, cases[i].words);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exponentiated_gradient__reaches_the_constraint),
        cmocka_unit_test(test_exponentiated_gradient__without_bounds_is_the_child),
        cmocka_unit_test(test_exponentiated_gradient__coin),
        cmocka_unit_test(test_exponentiated_gradient__is_the_linear_program),
        cmocka_unit_test(test_exponentiated_gradient__the_gap_holds),
        cmocka_unit_test(test_exponentiated_gradient__says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
