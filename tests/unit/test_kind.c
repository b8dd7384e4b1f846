/* test_kind.c - the table of kinds is right: every row, not some. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "base/kindtable.h"
#include "mlsd/mlsd.h"
#include "unit.h"

static void test_kind__names_are_unique_words_with_docs(void **state)
{
    (void)state;
    assert_true(mlsd_kind_count(NULL) >= 20);
    for (int64_t i = 0; i < mlsd_kind_count(NULL); i++) {
        const mlsd_kind *kind = mlsd_kind_at(NULL, i);
        assert_ptr_equal(mlsd_kind_find(mlsd_kind_name(kind)), kind);
        assert_true(strlen(mlsd_kind_doc(kind)) > 10);
        assert_non_null(mlsd_kind_family(kind));
        for (int64_t p = 0; p < mlsd_kind_param_count(kind); p++) {
            const mlsd_param *param = mlsd_kind_param_at(kind, p);
            if (strlen(mlsd_param_doc(param)) < 10)
                fail_msg("%s.%s has no doc", mlsd_kind_name(kind), mlsd_param_name(param));
            if (mlsd_param_default(param) == NULL)
                fail_msg("%s.%s has no default", mlsd_kind_name(kind), mlsd_param_name(param));
            for (int64_t q = 0; q < p; q++)
                assert_string_not_equal(mlsd_param_name(param),
                                        mlsd_param_name(mlsd_kind_param_at(kind, q)));
        }
        assert_null(mlsd_kind_param_at(kind, mlsd_kind_param_count(kind)));
        assert_null(mlsd_kind_param_at(kind, -1));
    }
}

static void test_kind__families_partition_the_table(void **state)
{
    (void)state;
    int64_t total = 0;
    const char *seen[32];
    int n_seen = 0;
    for (int64_t i = 0; i < mlsd_kind_count(NULL); i++) {
        const char *family = mlsd_kind_family(mlsd_kind_at(NULL, i));
        int known = 0;
        for (int k = 0; k < n_seen; k++) known |= strcmp(seen[k], family) == 0;
        if (known) continue;
        seen[n_seen++] = family;
        const int64_t n = mlsd_kind_count(family);
        for (int64_t k = 0; k < n; k++)
            assert_string_equal(mlsd_kind_family(mlsd_kind_at(family, k)), family);
        assert_null(mlsd_kind_at(family, n));
        total += n;
    }
    assert_int_equal(total, mlsd_kind_count(NULL));
    assert_int_equal(mlsd_kind_count("no such family"), 0);
}

/* Fields of a struct must not overlap, and must lie inside it. */
static void test_kind__offsets_do_not_collide(void **state)
{
    (void)state;
    for (int64_t i = 0; i < mlsd__n_kinds; i++) {
        const mlsd_kind *kind = mlsd__kinds[i];
        for (int64_t p = 0; p < kind->n_params; p++) {
            const mlsd_param *a = &kind->params[p];
            const size_t size = a->type >= MLSD_PARAM_F64_LIST ? 16 : 8;
            if (a->offset + size > kind->params_size)
                fail_msg("%s.%s lies outside its struct", kind->name, a->name);
            for (int64_t q = 0; q < p; q++) {
                const mlsd_param *b = &kind->params[q];
                const size_t size_b = b->type >= MLSD_PARAM_F64_LIST ? 16 : 8;
                if (a->offset < b->offset + size_b && b->offset < a->offset + size)
                    fail_msg("%s: %s and %s overlap", kind->name, a->name, b->name);
            }
        }
    }
}

/* The JSON is parsed by an independent reader (jansson), and says what the accessors say. */
static void test_kind__json_agrees_with_accessors(void **state)
{
    (void)state;
    int64_t length = 0;
    ASSERT_OK(mlsd_kind_json(NULL, NULL, 0, &length));
    char *text = malloc((size_t)length + 1);
    ASSERT_OK(mlsd_kind_json(NULL, text, length + 1, NULL));
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    assert_int_equal(json_array_size(root), mlsd_kind_count(NULL));
    for (int64_t i = 0; i < mlsd_kind_count(NULL); i++) {
        const mlsd_kind *kind = mlsd_kind_at(NULL, i);
        const json_t *object = json_array_get(root, (size_t)i);
        assert_string_equal(json_string_value(json_object_get(object, "kind")),
                            mlsd_kind_name(kind));
        const json_t *params = json_object_get(object, "params");
        assert_int_equal(json_array_size(params), mlsd_kind_param_count(kind));
        for (int64_t p = 0; p < mlsd_kind_param_count(kind); p++) {
            const mlsd_param *param = mlsd_kind_param_at(kind, p);
            const json_t *row = json_array_get(params, (size_t)p);
            assert_string_equal(json_string_value(json_object_get(row, "name")),
                                mlsd_param_name(param));
            assert_string_equal(json_string_value(json_object_get(row, "doc")),
                                mlsd_param_doc(param));
            assert_non_null(json_object_get(row, "default"));
            assert_int_equal(json_array_size(json_object_get(row, "choices")),
                             mlsd_param_choice_count(param));
        }
        int64_t one = 0;
        ASSERT_OK(mlsd_kind_json(kind, NULL, 0, &one));
        assert_true(one > 0 && one < length);
    }
    json_decref(root);
    free(text);
}

static void test_kind__unknown_and_null(void **state)
{
    (void)state;
    assert_null(mlsd_kind_find("ridg"));
    assert_non_null(strstr(mlsd_last_error(), "did you mean 'ridge'"));
    assert_null(mlsd_kind_find("qwertyuiop"));
    assert_non_null(strstr(mlsd_last_error(), "no kind 'qwertyuiop'"));
    assert_null(mlsd_kind_find(NULL));
    assert_null(mlsd_kind_at(NULL, -1));
    assert_null(mlsd_kind_name(NULL));
    assert_null(mlsd_kind_family(NULL));
    assert_null(mlsd_kind_doc(NULL));
    assert_int_equal(mlsd_kind_param_count(NULL), 0);
    assert_null(mlsd_param_name(NULL));
    assert_int_equal(mlsd_param_get_type(NULL), 0);
    assert_string_equal(mlsd_param_scale(NULL), "linear");
    assert_int_equal(mlsd_param_choice_count(NULL), 0);
    assert_null(mlsd_param_choice_at(NULL, 0));
    double lower = 0, upper = 0;
    int32_t open = 9;
    mlsd_param_bounds(NULL, &lower, &upper, &open);
    assert_true(isinf(lower) && isinf(upper) && open == 0);
    mlsd_param_bounds(mlsd_kind_param_at(mlsd_kind_find("ridge"), 0), &lower, &upper, NULL);
    assert_true(lower == 0 && upper > 1e300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kind__names_are_unique_words_with_docs),
        cmocka_unit_test(test_kind__families_partition_the_table),
        cmocka_unit_test(test_kind__offsets_do_not_collide),
        cmocka_unit_test(test_kind__json_agrees_with_accessors),
        cmocka_unit_test(test_kind__unknown_and_null),
    };
    return cmocka_run_group_tests_name("kind", tests, NULL, NULL);
}
