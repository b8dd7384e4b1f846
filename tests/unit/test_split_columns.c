/* test_split_columns.c - what rows bring to a split: roles and their errors, and a generator that
 * goes on. Witness for the generator: repeated_kfold, which passes one generator on by definition,
 * equals kfold called twice with one random state. */
#include "fold_text.h"

#include "mlsd/random.h"

static const double y[6] = {0, 0, 0, 1, 1, 1}, groups[6] = {0, 0, 1, 1, 2, 2};

static mlsd_matrix vector(const double *values, int64_t n)
{
    return (mlsd_matrix){.data = values, .rows = n, .cols = 1, .row_stride = 1, .dtype = MLSD_F64};
}

static mlsd_status split(const char *json, const char *const *roles,
                         const mlsd_matrix *const *columns, int64_t n_columns,
                         mlsd_random_state *random, mlsd_folds **out)
{
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    const mlsd_status status =
        mlsd_folds_split_columns(NULL, spec, 6, roles, columns, n_columns, random, out);
    mlsd_spec_free(spec);
    return status;
}

static void test_split_columns__roles_are_the_arguments_of_folds_split(void **state)
{
    static const char *const json = "{\"kind\":\"stratified_group_kfold\",\"n_splits\":3}";
    static const char *const roles[2] = {"group", "target"};
    const mlsd_matrix group = vector(groups, 6), target = vector(y, 6);
    const mlsd_matrix *const columns[2] = {&group, &target};
    char got[FOLD_TEXT_CAPACITY];
    mlsd_folds *folds = NULL;
    (void)state;
    ASSERT_OK(split(json, roles, columns, 2, NULL, &folds));
    write_folds(folds, got);
    assert_group_split(json, 6, y, groups, got);
    mlsd_folds_free(folds);
}

static void test_split_columns__a_generator_goes_on(void **state)
{
    char first[FOLD_TEXT_CAPACITY], second[FOLD_TEXT_CAPACITY], both[2 * FOLD_TEXT_CAPACITY + 1];
    mlsd_random_state *random = NULL;
    mlsd_folds *folds = NULL;
    (void)state;
    ASSERT_OK(mlsd_random_state_new(NULL, 11, &random));
    static const char *const json = "{\"kind\":\"kfold\",\"n_splits\":3,\"shuffle\":true}";
    ASSERT_OK(split(json, NULL, NULL, 0, random, &folds));
    write_folds(folds, first);
    mlsd_folds_free(folds);
    ASSERT_OK(split(json, NULL, NULL, 0, random, &folds));
    write_folds(folds, second);
    mlsd_folds_free(folds);
    mlsd_random_state_free(random);
    assert_string_not_equal(first, second);
    (void)snprintf(both, sizeof both, "%s;%s", first, second);
    assert_split("{\"kind\":\"repeated_kfold\",\"n_splits\":3,\"n_repeats\":2,\"seed\":11}", 6,
                 NULL, both);
}

static void test_split_columns__mistakes_are_named(void **state)
{
    static const char *const json = "{\"kind\":\"group_kfold\",\"n_splits\":3}";
    static const char *const twice[2] = {"group", "group"};
    static const char *const wrong[1] = {"groop"}, *const nothing[1] = {"xyzzy"};
    const mlsd_matrix group = vector(groups, 6), few = vector(groups, 5);
    const mlsd_matrix *const columns[2] = {&group, &group}, *const short_one[1] = {&few};
    const mlsd_matrix *const none[1] = {NULL};
    mlsd_folds *folds = NULL;
    (void)state;
    ASSERT_FAILS(MLSD_E_ARG, "did you mean 'group'", split(json, wrong, columns, 1, NULL, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "time_end", split(json, nothing, columns, 1, NULL, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "twice", split(json, twice, columns, 2, NULL, &folds));
    ASSERT_FAILS(MLSD_E_SHAPE, "5 rows, but 6", split(json, twice, short_one, 1, NULL, &folds));
    ASSERT_FAILS(MLSD_E_DATA, "role 'group'", split(json, twice, none, 1, NULL, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", split(json, NULL, columns, 1, NULL, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "-1", split(json, twice, columns, -1, NULL, &folds));
    assert_null(folds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split_columns__roles_are_the_arguments_of_folds_split),
        cmocka_unit_test(test_split_columns__a_generator_goes_on),
        cmocka_unit_test(test_split_columns__mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
