/* test_class_ratio.c - the rates of class against the rest and their averages, against loops over
 * rows; standard errors of averages against derivatives by every row's weight, taken numerically.
 * tests/reference compares with scikit-learn. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "unit.h"

#include "mlsd/metric.h"
#include "mlsd/kind.h"
#include "metric/class_ratio.h"

enum { N = 240, K = 4 };

typedef struct sample {
    double y[N], prediction[N], weight[N];
} sample;

/* A linear congruential generator: the same rows in every run. */
static double draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) / 9007199254740992.0;
}

/* Class K - 1 is rare; about half of the rows are right. */
static void make(sample *s, int64_t n_classes, uint64_t seed)
{
    for (int64_t i = 0; i < N; i++) {
        const double u = draw(&seed);
        s->y[i] = floor(u * u * (double)n_classes);
        s->prediction[i] = draw(&seed) < 0.5 ? s->y[i] : floor(draw(&seed) * (double)n_classes);
        s->weight[i] = i % 17 == 0 ? 0 : 0.25 + draw(&seed);
    }
}

static mlsd_matrix vector(const double *x)
{
    return (mlsd_matrix){x, N, 1, 1, 1, MLSD_F64, 0};
}

static mlsd_result *evaluate(const char *json, const sample *s, bool weighted)
{
    const mlsd_matrix y = vector(s->y), p = vector(s->prediction), w = vector(s->weight);
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    ASSERT_OK(mlsd_metric_evaluate(NULL, spec, &y, &p, weighted ? &w : NULL, 0.95, &r));
    mlsd_spec_free(spec);
    return r;
}

static double number(const mlsd_result *r, const char *name)
{
    double value = 0;
    ASSERT_OK(mlsd_result_get_f64(r, name, &value));
    return value;
}

/* The four cells of a class, by a loop over rows. */
static void count(const sample *s, bool weighted, double c, double *tp, double *fp, double *fn,
                  double *tn)
{
    *tp = *fp = *fn = *tn = 0;
    for (int i = 0; i < N; i++) {
        const double w = weighted ? s->weight[i] : 1;
        const bool is = s->y[i] == c, said = s->prediction[i] == c;
        *(is ? (said ? tp : fn) : (said ? fp : tn)) += w;
    }
}

/* Textbook formulas, written out. */
static void ratio_of(const char *kind, double tp, double fp, double fn, double tn, double *above,
                     double *below)
{
    const struct {
        const char *name;
        double above, below;
    } formulas[] = {
        {"recall", tp, tp + fn},
        {"precision", tp, tp + fp},
        {"specificity", tn, tn + fp},
        {"npv", tn, tn + fn},
        {"fpr", fp, fp + tn},
        {"fnr", fn, fn + tp},
        {"fdr", fp, fp + tp},
        {"false_omission_rate", fn, fn + tn},
        {"jaccard", tp, tp + fp + fn},
        {"selection_rate", tp + fp, tp + fp + fn + tn},
        {"prevalence", tp + fn, tp + fp + fn + tn},
        {"f_score", 5 * tp, 5 * tp + 4 * fn + fp}, /* beta 2 */
    };
    for (size_t i = 0; i < sizeof formulas / sizeof formulas[0]; i++) {
        if (strcmp(kind, formulas[i].name) != 0) continue;
        *above = formulas[i].above;
        *below = formulas[i].below;
        return;
    }
    fail_msg("no formula of %s", kind);
}

static const char *const kinds[] = {"recall",
                                    "precision",
                                    "specificity",
                                    "npv",
                                    "fpr",
                                    "fnr",
                                    "fdr",
                                    "jaccard",
                                    "false_omission_rate",
                                    "f_score",
                                    "selection_rate",
                                    "prevalence"};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

/* The average of a kind, by definition; classes without rows and predictions are left out. */
static double average_of(const char *kind, const char *average, const sample *s, bool weighted)
{
    double sum = 0, shares = 0, a = 0, b = 0;
    for (int c = 0; c < K; c++) {
        double tp, fp, fn, tn, above = 0, below = 0;
        count(s, weighted, c, &tp, &fp, &fn, &tn);
        ratio_of(kind, tp, fp, fn, tn, &above, &below);
        a += above;
        b += below;
        if (!(below > 0) || tp + fp + fn == 0) continue;
        const double share = strcmp(average, "weighted") == 0 ? tp + fn : 1;
        sum += share * above / below;
        shares += share;
    }
    return strcmp(average, "micro") == 0 ? a / b : sum / shares;
}

static const char *spec_of(const char *kind, const char *average, char out[128])
{
    snprintf(out, 128, "{\"kind\":\"%s\",\"average\":\"%s\"%s}", kind, average,
             strcmp(kind, "f_score") == 0 ? ",\"beta\":2" : "");
    return out;
}

static void test_class_ratio__averages_are_those_of_loops(void **state)
{
    (void)state;
    static const char *const averages[] = {"micro", "macro", "weighted"};
    sample s;
    make(&s, K, 1);
    for (int run = 0; run < 2 * 3 * N_KINDS; run++) {
        const bool weighted = run % 2 == 1;
        const char *const average = averages[run / 2 % 3], *const kind = kinds[run / 6];
        char json[128];
        mlsd_result *const r = evaluate(spec_of(kind, average, json), &s, weighted);
        ASSERT_NEAR(number(r, "value"), average_of(kind, average, &s, weighted), 1e-14);
        const mlsd_table *const values = mlsd_result_get_table(r, "values");
        assert_int_equal(mlsd_table_n_rows(values), K);
        for (int c = 0; c < K; c++) {
            double tp, fp, fn, tn, above = 0, below = 0, got = 0;
            count(&s, weighted, c, &tp, &fp, &fn, &tn);
            ratio_of(kind, tp, fp, fn, tn, &above, &below);
            ASSERT_OK(mlsd_table_get_f64(values, 1, c, 1, &got));
            ASSERT_NEAR(got, above / below, 1e-14);
        }
        mlsd_result_free(r);
    }
}

/* A row of weight w moves the average by w times its slope by the weight; the standard error is the
 * root of the sum of squared moves, times n / (n - 1). Slopes by central differences. */
static void test_class_ratio__standard_errors_are_derivatives(void **state)
{
    (void)state;
    static const char *const averages[] = {"micro", "macro", "weighted"};
    sample s;
    make(&s, K, 2);
    for (int run = 0; run < 3 * N_KINDS; run++) {
        const char *const average = averages[run % 3], *const kind = kinds[run / 3];
        double squares = 0, n = 0;
        for (int i = 0; i < N; i++) {
            const double w = s.weight[i], h = 1e-5;
            s.weight[i] = w + h;
            const double up = average_of(kind, average, &s, true);
            s.weight[i] = w - h;
            const double down = average_of(kind, average, &s, true);
            s.weight[i] = w;
            const double move = w * (up - down) / (2 * h);
            squares += move * move;
            n += w > 0;
        }
        char json[128];
        mlsd_result *const r = evaluate(spec_of(kind, average, json), &s, true);
        ASSERT_NEAR(number(r, "se"), sqrt(squares * n / (n - 1)), 1e-8);
        assert_true(number(r, "n") == n);
        mlsd_result_free(r);
    }
}

static void test_class_ratio__names_with_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *name, *json;
    } cases[] = {{"f1_macro", "{\"kind\":\"f_score\",\"average\":\"macro\"}"},
                 {"precision_weighted", "{\"kind\":\"precision\",\"average\":\"weighted\"}"},
                 {"recall_micro", "{\"kind\":\"recall\",\"average\":\"micro\"}"},
                 {"jaccard_macro", "{\"kind\":\"jaccard\",\"average\":\"macro\"}"}};
    sample s;
    make(&s, K, 3);
    const mlsd_matrix y = vector(s.y), p = vector(s.prediction), w = vector(s.weight);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value, low, high;
        ASSERT_OK(mlsd_metric_score(NULL, cases[i].name, &y, &p, &w, 0.95, &value, &low, &high));
        mlsd_result *const r = evaluate(cases[i].json, &s, true);
        ASSERT_NEAR(value, number(r, "value"), 0);
        ASSERT_NEAR(low, number(r, "low"), 0);
        ASSERT_NEAR(high, number(r, "high"), 0);
        assert_true(low < value && value < high);
        mlsd_result_free(r);
    }
    double value;
    ASSERT_FAILS(MLSD_E_KIND, "choose macro",
                 mlsd_metric_score(NULL, "precision", &y, &p, NULL, 0.95, &value, NULL, NULL));
    ASSERT_FAILS(MLSD_E_KIND, "did you mean 'f1_macro'",
                 mlsd_metric_score(NULL, "f1_macor", &y, &p, NULL, 0.95, &value, NULL, NULL));
    assert_int_equal(mlsd_metric_direction("f1_macro"), 1);
    assert_int_equal(mlsd_metric_direction("fpr"), -1);
}

/* A class that nobody has and nobody predicts is undefined, never 0; zero_division says otherwise.
 */
static void test_class_ratio__undefined_is_not_zero(void **state)
{
    (void)state;
    sample s = {{0}, {0}, {0}};
    mlsd_result *r = evaluate("{\"kind\":\"recall\"}", &s, false);
    assert_true(isnan(number(r, "value")) && isnan(number(r, "low")));
    const mlsd_table *const values = mlsd_result_get_table(r, "values");
    assert_string_equal(mlsd_table_get_str(values, 8, 1), "undefined");
    assert_string_equal(mlsd_table_get_str(values, 8, 0), "ok");
    mlsd_result_free(r);
    r = evaluate("{\"kind\":\"recall\",\"zero_division\":1}", &s, false);
    ASSERT_NEAR(number(r, "value"), 1, 0);
    assert_true(isnan(number(r, "low")));
    mlsd_result_free(r);
    r = evaluate("{\"kind\":\"recall\",\"average\":\"macro\"}", &s, false);
    ASSERT_NEAR(number(r, "value"), 1, 0); /* of class 0; class 1 takes no part */
    mlsd_result_free(r);
}

/* F1 = 2 J / (1 + J): Wilson's interval of the Jaccard index, mapped. */
static void test_class_ratio__interval_of_f1(void **state)
{
    (void)state;
    sample s;
    make(&s, 2, 5);
    mlsd_result *const f1 = evaluate("{\"kind\":\"f_score\"}", &s, true);
    mlsd_result *const j = evaluate("{\"kind\":\"jaccard\"}", &s, true);
    const char *const names[] = {"value", "low", "high"};
    for (int i = 0; i < 3; i++) {
        const double share = number(j, names[i]);
        ASSERT_NEAR(number(f1, names[i]), 2 * share / (1 + share), 1e-15);
    }
    mlsd_result_free(f1);
    mlsd_result_free(j);
}

/* The defaults of a kind stand twice, as text in the table and as a struct for names: one number
 * each. */
static void test_class_ratio__defaults_agree_with_the_table(void **state)
{
    (void)state;
    for (int i = 0; i < N_KINDS; i++) {
        mlsd_spec *spec = NULL;
        mlsd__metric_ops ops;
        ASSERT_OK(mlsd_spec_new(NULL, kinds[i], &spec));
        ASSERT_OK(mlsd__metric_of_spec(spec, &ops));
        const mlsd__metric_ops *by_name = NULL;
        ASSERT_OK(mlsd__metric_find(kinds[i], &by_name));
        const mlsd__ratio_params *const a = ops.params, *const b = by_name->params;
        assert_true(a != b && a->average == b->average && a->pos_label == b->pos_label);
        assert_true(a->labels.n == b->labels.n && isnan(a->zero_division));
        assert_true(isnan(b->zero_division));
        assert_true(strcmp(kinds[i], "f_score") != 0 || a->beta == b->beta);
        mlsd_spec_free(spec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_class_ratio__averages_are_those_of_loops),
        cmocka_unit_test(test_class_ratio__standard_errors_are_derivatives),
        cmocka_unit_test(test_class_ratio__names_with_parameters),
        cmocka_unit_test(test_class_ratio__undefined_is_not_zero),
        cmocka_unit_test(test_class_ratio__interval_of_f1),
        cmocka_unit_test(test_class_ratio__defaults_agree_with_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
