/* test_spec.c - specs: every parameter of every kind at, below and above its bounds; children;
 * JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/kindtable.h"
#include "mlsd/mlsd.h"
#include "unit.h"

static mlsd_spec *spec_of(const char *kind)
{
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, kind, &spec));
    return spec;
}

static char *json_of(const mlsd_spec *spec, int all)
{
    int64_t length = 0;
    ASSERT_OK(mlsd_spec_to_json(spec, all, NULL, 0, &length));
    char *text = malloc((size_t)length + 1);
    ASSERT_OK(mlsd_spec_to_json(spec, all, text, length + 1, NULL));
    return text;
}

static void check_number_bounds(mlsd_spec *spec, const mlsd_param *p)
{
    double lower, upper, before = 0, now = 0;
    int32_t open;
    mlsd_param_bounds(p, &lower, &upper, &open);
    const int whole = p->type == MLSD_PARAM_I64;
    ASSERT_OK(mlsd_spec_get_f64(spec, p->name, &before));
    if (isfinite(lower)) {
        const double below = whole ? lower - 1 : nextafter(lower, -INFINITY);
        if (whole && fabs(lower) < 1e15)
            assert_int_equal(mlsd_spec_set_i64(spec, p->name, (int64_t)below), MLSD_E_PARAM_RANGE);
        if (!whole) assert_int_equal(mlsd_spec_set_f64(spec, p->name, below), MLSD_E_PARAM_RANGE);
        const mlsd_status at = whole ? mlsd_spec_set_i64(spec, p->name, (int64_t)lower)
                                     : mlsd_spec_set_f64(spec, p->name, lower);
        assert_int_equal(at, open & 1 ? MLSD_E_PARAM_RANGE : MLSD_OK);
        ASSERT_OK(mlsd_spec_reset(spec, p->name));
    }
    if (isfinite(upper) && (!whole || upper < 1e15)) {
        const double above = whole ? upper + 1 : nextafter(upper, INFINITY);
        const mlsd_status past = whole ? mlsd_spec_set_i64(spec, p->name, (int64_t)above)
                                       : mlsd_spec_set_f64(spec, p->name, above);
        assert_int_equal(past, MLSD_E_PARAM_RANGE);
    }
    if (!whole)
        assert_int_equal(mlsd_spec_set_f64(spec, p->name, NAN),
                         p->nullable ? MLSD_OK : MLSD_E_PARAM_RANGE);
    ASSERT_OK(mlsd_spec_reset(spec, p->name));
    assert_int_equal(mlsd_spec_set_str(spec, p->name, "x"), MLSD_E_PARAM_TYPE);
    assert_int_equal(mlsd_spec_set_text(spec, p->name, "x"), MLSD_E_PARAM_TYPE);
    ASSERT_OK(mlsd_spec_get_f64(spec, p->name, &now));
    assert_true(now == before || (isnan(now) && isnan(before)));
}

static void check_other(mlsd_spec *spec, const mlsd_param *p)
{
    const char *text = NULL;
    int32_t flag = 0;
    switch (p->type) {
    case MLSD_PARAM_BOOL:
        assert_int_equal(mlsd_spec_set_bool(spec, p->name, 2), MLSD_E_PARAM_RANGE);
        assert_int_equal(mlsd_spec_set_f64(spec, p->name, 1), MLSD_E_PARAM_TYPE);
        ASSERT_OK(mlsd_spec_set_bool(spec, p->name, 1));
        ASSERT_OK(mlsd_spec_get_bool(spec, p->name, &flag));
        assert_int_equal(flag, 1);
        break;
    case MLSD_PARAM_CHOICE:
        assert_int_equal(mlsd_spec_set_str(spec, p->name, "no such choice"), MLSD_E_PARAM_RANGE);
        for (int64_t i = 0; i < mlsd_param_choice_count(p); i++) {
            ASSERT_OK(mlsd_spec_set_str(spec, p->name, mlsd_param_choice_at(p, i)));
            ASSERT_OK(mlsd_spec_get_str(spec, p->name, &text));
            assert_string_equal(text, mlsd_param_choice_at(p, i));
        }
        break;
    case MLSD_PARAM_STR:
        ASSERT_OK(mlsd_spec_set_str(spec, p->name, "h\xc3\xa9"));
        assert_int_equal(mlsd_spec_set_str(spec, p->name, "\xff"), MLSD_E_PARAM_RANGE);
        ASSERT_OK(mlsd_spec_get_str(spec, p->name, &text));
        assert_string_equal(text, "h\xc3\xa9");
        break;
    default:
        assert_int_equal(mlsd_spec_set_bool(spec, p->name, 1), MLSD_E_PARAM_TYPE);
    }
    ASSERT_OK(mlsd_spec_reset(spec, p->name));
}

static void test_spec__every_parameter_of_every_kind(void **state)
{
    (void)state;
    for (int64_t k = 0; k < mlsd_kind_count(NULL); k++) {
        const mlsd_kind *kind = mlsd_kind_at(NULL, k);
        mlsd_spec *spec = spec_of(mlsd_kind_name(kind));
        char *before = json_of(spec, 1);
        for (int64_t i = 0; i < mlsd_kind_param_count(kind); i++) {
            const mlsd_param *p = mlsd_kind_param_at(kind, i);
            if (p->type == MLSD_PARAM_F64 || p->type == MLSD_PARAM_I64)
                check_number_bounds(spec, p);
            else
                check_other(spec, p);
        }
        char *after = json_of(spec, 1);
        assert_string_equal(before, after);
        mlsd_spec *again = NULL;
        ASSERT_OK(mlsd_spec_from_json(NULL, after, &again));
        char *third = json_of(again, 1);
        assert_string_equal(third, after);
        free(before);
        free(after);
        free(third);
        mlsd_spec_free(again);
        mlsd_spec_free(spec);
    }
}

static mlsd_spec *sample_pipeline(void)
{
    mlsd_spec *pipeline = spec_of("pipeline"), *impute = spec_of("impute"),
              *ridge = spec_of("ridge");
    ASSERT_OK(mlsd_spec_set_f64(ridge, "alpha", 0.1));
    ASSERT_OK(mlsd_spec_add(pipeline, "steps", NULL, impute));
    ASSERT_OK(mlsd_spec_add(pipeline, "steps", "model", ridge));
    mlsd_spec_free(impute);
    mlsd_spec_free(ridge);
    return pipeline;
}

static void test_spec__children_by_dotted_name(void **state)
{
    (void)state;
    mlsd_spec *pipeline = sample_pipeline();
    double alpha = 0;
    ASSERT_OK(mlsd_spec_get_f64(pipeline, "model.alpha", &alpha));
    assert_true(alpha == 0.1);
    ASSERT_OK(mlsd_spec_set_text(pipeline, "impute.strategy", "median"));
    ASSERT_FAILS(MLSD_E_CHILD, "no child 'imput'",
                 mlsd_spec_set_text(pipeline, "imput.strategy", "median"));
    ASSERT_FAILS(MLSD_E_PARAM_UNKNOWN, "did you mean 'alpha'",
                 mlsd_spec_set_f64(pipeline, "model.alhpa", 1));
    assert_int_equal(mlsd_spec_child_count(pipeline), 2);
    assert_string_equal(mlsd_spec_child_name(pipeline, 1), "model");
    assert_string_equal(mlsd_spec_child_slot(pipeline, 0), "steps");
    assert_string_equal(mlsd_kind_name(mlsd_spec_kind(mlsd_spec_child_at(pipeline, 1))), "ridge");
    assert_null(mlsd_spec_child_at(pipeline, 2));
    assert_null(mlsd_spec_child_name(pipeline, -1));

    mlsd_spec *fold = spec_of("kfold");
    ASSERT_FAILS(MLSD_E_CHILD, "family 'splitter'", mlsd_spec_add(pipeline, "steps", NULL, fold));
    ASSERT_FAILS(MLSD_E_CHILD, "no slot", mlsd_spec_add(pipeline, "step", NULL, fold));
    mlsd_spec *ridge = spec_of("ridge");
    ASSERT_FAILS(MLSD_E_CHILD, "already has a child 'model'",
                 mlsd_spec_add(pipeline, "steps", "model", ridge));
    ASSERT_FAILS(MLSD_E_CHILD, "cannot be a child's name",
                 mlsd_spec_add(pipeline, "steps", "a.b", ridge));
    assert_int_equal(mlsd_spec_child_count(pipeline), 2);
    mlsd_spec_free(ridge);
    mlsd_spec_free(fold);
    mlsd_spec_free(pipeline);
}

static void test_spec__clone_is_deep(void **state)
{
    (void)state;
    mlsd_spec *pipeline = sample_pipeline(), *copy = NULL;
    ASSERT_OK(mlsd_spec_clone(pipeline, &copy));
    ASSERT_OK(mlsd_spec_set_f64(copy, "model.alpha", 9));
    double alpha = 0;
    ASSERT_OK(mlsd_spec_get_f64(pipeline, "model.alpha", &alpha));
    assert_true(alpha == 0.1);
    char *one = json_of(pipeline, 0);
    mlsd_spec_free(pipeline);
    ASSERT_OK(mlsd_spec_set_f64(copy, "model.alpha", 0.1));
    char *two = json_of(copy, 0);
    assert_string_equal(one, two);
    free(one);
    free(two);
    mlsd_spec_free(copy);
}

static void test_spec__json_round_trip(void **state)
{
    (void)state;
    mlsd_spec *pipeline = sample_pipeline(), *again = NULL;
    char *text = json_of(pipeline, 0);
    assert_string_equal(text, "{\"kind\": \"pipeline\",\n"
                              "  \"steps\": [\n"
                              "    {\"kind\": \"impute\"},\n"
                              "    {\"kind\": \"ridge\", \"name\": \"model\",\n"
                              "      \"alpha\": 0.1\n"
                              "    }\n"
                              "  ]\n"
                              "}\n");
    ASSERT_OK(mlsd_spec_from_json(NULL, text, &again));
    char *second = json_of(again, 0);
    assert_string_equal(text, second);
    mlsd_spec_free(again);

    char path[] = "/tmp/mlsd-spec-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    ASSERT_OK(mlsd_spec_save(pipeline, path));
    ASSERT_OK(mlsd_spec_load(NULL, path, &again));
    char *third = json_of(again, 0);
    assert_string_equal(text, third);
    (void)unlink(path);
    mlsd_spec_free(pipeline);
    ASSERT_FAILS(MLSD_E_IO, "mlsd-spec", mlsd_spec_load(NULL, path, &pipeline));
    assert_null(pipeline);
    free(text);
    free(second);
    free(third);
    mlsd_spec_free(again);
}

static void test_spec__bad_json(void **state)
{
    (void)state;
    const struct {
        const char *text;
        mlsd_status status;
        const char *message;
    } rows[] = {
        {"", MLSD_E_PARSE, "line 1"},
        {"{", MLSD_E_PARSE, "line 1"},
        {"[]", MLSD_E_PARSE, "a spec is a JSON object"},
        {"{}", MLSD_E_PARSE, "\"kind\""},
        {"{\"kind\": 3}", MLSD_E_PARSE, "\"kind\""},
        {"{\"kind\": \"ridgee\"}", MLSD_E_KIND, "did you mean 'ridge'"},
        {"{\"kind\": \"ridge\", \"alhpa\": 1}", MLSD_E_PARAM_UNKNOWN, "did you mean 'alpha'"},
        {"{\"kind\": \"ridge\", \"alpha\": -1}", MLSD_E_PARAM_RANGE, "got -1"},
        {"{\"kind\": \"ridge\", \"alpha\": \"x\"}", MLSD_E_PARAM_TYPE, "alpha"},
        {"{\"kind\": \"ridge\", \"alpha\": null}", MLSD_E_PARAM_TYPE, "cannot be null"},
        {"{\"kind\": \"ridge\", \"alpha\": {}}", MLSD_E_PARAM_TYPE, "object"},
        {"{\"kind\": \"ridge\", \"alpha\": [1]}", MLSD_E_PARAM_TYPE, "not a list"},
        {"{\"kind\": \"ridge\", \"alpha\": 1, \"alpha\": 2}", MLSD_E_PARSE, "duplicate"},
        {"{\"kind\": \"ridge\", \"name\": \"x\"}", MLSD_E_PARSE, "only a child"},
        {"{\"kind\": \"pipeline\", \"steps\": [3]}", MLSD_E_PARSE, "a spec is a JSON object"},
        {"{\"kind\": \"pipeline\", \"steps\": [{\"kind\": \"kfold\"}]}", MLSD_E_CHILD, "splitter"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mlsd_spec *spec = (mlsd_spec *)1;
        ASSERT_FAILS(rows[i].status, rows[i].message,
                     mlsd_spec_from_json(NULL, rows[i].text, &spec));
        assert_null(spec);
    }
    /* Nesting without end is an error, not a stack overflow. */
    char deep[64 * 60] = "";
    for (int i = 0; i < 40; i++) strcat(deep, "{\"kind\":\"pipeline\",\"steps\":[");
    strcat(deep, "{\"kind\":\"ridge\"}");
    for (int i = 0; i < 40; i++) strcat(deep, "]}");
    mlsd_spec *spec = NULL;
    assert_int_not_equal(mlsd_spec_from_json(NULL, deep, &spec), MLSD_OK);
}

static void test_spec__lists_and_texts(void **state)
{
    (void)state;
    mlsd_spec *ridge_cv = spec_of("ridge_cv");
    const double alphas[] = {0.5, 1, 1e300};
    ASSERT_OK(mlsd_spec_set_f64_list(ridge_cv, "alphas", alphas, 3));
    double got[3] = {0};
    int64_t n = 0;
    ASSERT_OK(mlsd_spec_get_f64_list(ridge_cv, "alphas", NULL, 0, &n));
    assert_int_equal(n, 3);
    assert_int_equal(mlsd_spec_get_f64_list(ridge_cv, "alphas", got, 2, &n), MLSD_E_BUFFER);
    ASSERT_OK(mlsd_spec_get_f64_list(ridge_cv, "alphas", got, 3, &n));
    assert_memory_equal(got, alphas, sizeof alphas);
    ASSERT_OK(mlsd_spec_set_text(ridge_cv, "alphas", " 1, 2.5 ,3e-1"));
    ASSERT_OK(mlsd_spec_get_f64_list(ridge_cv, "alphas", got, 3, &n));
    assert_true(n == 3 && got[0] == 1 && got[1] == 2.5 && got[2] == 0.3);
    ASSERT_FAILS(MLSD_E_PARAM_TYPE, "'x'", mlsd_spec_set_text(ridge_cv, "alphas", "1,x"));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "alphas", mlsd_spec_set_text(ridge_cv, "alphas", "1,-1"));
    mlsd_spec_free(ridge_cv);

    mlsd_spec *experiment = spec_of("experiment");
    const char *slices[] = {"a", "b,c"};
    const char *text = NULL;
    int32_t is_null = 0;
    ASSERT_OK(mlsd_spec_is_null(experiment, "slices", &is_null));
    assert_int_equal(is_null, 1);
    ASSERT_OK(mlsd_spec_set_str_list(experiment, "slices", slices, 2));
    ASSERT_OK(mlsd_spec_get_str_at(experiment, "slices", 1, &text, &n));
    assert_string_equal(text, "b,c");
    assert_int_equal(n, 2);
    assert_int_equal(mlsd_spec_get_str_at(experiment, "slices", 2, &text, &n), MLSD_E_ARG);
    ASSERT_OK(mlsd_spec_set_text(experiment, "slices", "null"));
    ASSERT_FAILS(MLSD_E_PARAM_TYPE, "null",
                 mlsd_spec_get_str_at(experiment, "slices", 0, &text, &n));
    mlsd_spec_free(experiment);
}

static void test_spec__null_arguments(void **state)
{
    (void)state;
    mlsd_spec *spec = spec_of("ridge"), *out = NULL;
    double value = 0;
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_spec_set_f64(NULL, "alpha", 1));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_spec_set_f64(spec, NULL, 1));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_spec_get_f64(spec, "alpha", NULL));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_spec_new(NULL, NULL, &out));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_spec_new(NULL, "ridge", NULL));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_spec_clone(NULL, &out));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_spec_from_json(NULL, NULL, &out));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_spec_to_json(NULL, 0, NULL, 0, NULL));
    ASSERT_FAILS(MLSD_E_PARAM_TYPE, "not true or false",
                 mlsd_spec_get_bool(spec, "alpha", &(int32_t){0}));
    mlsd_spec_free(NULL);
    assert_null(mlsd_spec_kind(NULL));
    assert_int_equal(mlsd_spec_child_count(NULL), 0);
    assert_null(mlsd_spec_child_slot(spec, 0));
    ASSERT_OK(mlsd_spec_get_f64(spec, "alpha", &value));
    mlsd_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spec__every_parameter_of_every_kind),
        cmocka_unit_test(test_spec__children_by_dotted_name),
        cmocka_unit_test(test_spec__clone_is_deep),
        cmocka_unit_test(test_spec__json_round_trip),
        cmocka_unit_test(test_spec__bad_json),
        cmocka_unit_test(test_spec__lists_and_texts),
        cmocka_unit_test(test_spec__null_arguments),
    };
    return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
