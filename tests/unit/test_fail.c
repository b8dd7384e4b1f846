/* test_fail.c - statuses and the message of the last failure. */
#include <pthread.h>

#include "base/fail.h"
#include "mlsd/mlsd.h"
#include "unit.h"

/* Written out again on purpose: the values are the ABI. */
static void test_fail__values_are_pinned(void **state)
{
    (void)state;
    const struct {
        mlsd_status value;
        int literal;
        const char *name;
    } rows[] = {
        {MLSD_OK, 0, "MLSD_OK"},
        {MLSD_E_NOMEM, -1, "MLSD_E_NOMEM"},
        {MLSD_E_ARG, -2, "MLSD_E_ARG"},
        {MLSD_E_CANCELLED, -3, "MLSD_E_CANCELLED"},
        {MLSD_E_BUFFER, -4, "MLSD_E_BUFFER"},
        {MLSD_E_UNSUPPORTED, -5, "MLSD_E_UNSUPPORTED"},
        {MLSD_E_INTERNAL, -6, "MLSD_E_INTERNAL"},
        {MLSD_E_THREAD, -7, "MLSD_E_THREAD"},
        {MLSD_E_KIND, -20, "MLSD_E_KIND"},
        {MLSD_E_PARAM_UNKNOWN, -21, "MLSD_E_PARAM_UNKNOWN"},
        {MLSD_E_PARAM_TYPE, -22, "MLSD_E_PARAM_TYPE"},
        {MLSD_E_PARAM_RANGE, -23, "MLSD_E_PARAM_RANGE"},
        {MLSD_E_PARAM_CONFLICT, -24, "MLSD_E_PARAM_CONFLICT"},
        {MLSD_E_CHILD, -25, "MLSD_E_CHILD"},
        {MLSD_E_DATA, -40, "MLSD_E_DATA"},
        {MLSD_E_SHAPE, -41, "MLSD_E_SHAPE"},
        {MLSD_E_COLUMN, -42, "MLSD_E_COLUMN"},
        {MLSD_E_TYPE, -43, "MLSD_E_TYPE"},
        {MLSD_E_NUMERIC, -60, "MLSD_E_NUMERIC"},
        {MLSD_E_IO, -80, "MLSD_E_IO"},
        {MLSD_E_PARSE, -81, "MLSD_E_PARSE"},
        {MLSD_E_CORRUPT, -82, "MLSD_E_CORRUPT"},
        {MLSD_E_VERSION, -83, "MLSD_E_VERSION"},
        {MLSD_E_USER, -1000, "MLSD_E_USER"},
    };
    const int64_t n = sizeof rows / sizeof rows[0];
    assert_int_equal(mlsd_status_count(), n);
    for (int64_t i = 0; i < n; i++) {
        assert_int_equal(rows[i].value, rows[i].literal);
        assert_string_equal(mlsd_status_name(rows[i].value), rows[i].name);
        assert_int_equal(mlsd_status_at(i), rows[i].literal);
        assert_true(strlen(mlsd_status_doc(rows[i].value)) > 3);
    }
    assert_string_equal(mlsd_status_name(-1234), "MLSD_E_USER");
    assert_string_equal(mlsd_status_name(-999), "unknown status");
    assert_string_equal(mlsd_status_name(1), "unknown status");
    assert_int_equal(mlsd_status_at(n), MLSD_E_ARG);
    assert_int_equal(mlsd_status_at(-1), MLSD_E_ARG);
}

static void test_fail__message_is_one_line_and_cut_at_a_character(void **state)
{
    (void)state;
    assert_int_equal(mlsd__fail(MLSD_E_DATA, "a\nb\r%s", "c"), MLSD_E_DATA);
    assert_string_equal(mlsd_last_error(), "a b c");
    char longer[2000];
    memset(longer, 'x', sizeof longer);
    longer[509] = (char)0xe2; /* a three-byte character across the end */
    longer[510] = (char)0x82;
    longer[511] = (char)0xac;
    longer[1999] = '\0';
    (void)mlsd__fail(MLSD_E_DATA, "%s", longer);
    assert_int_equal(strlen(mlsd_last_error()), 509);
    (void)mlsd__fail_nomem();
    assert_string_equal(mlsd_last_error(), "out of memory");
}

static void *other_thread(void *arg)
{
    strcpy(arg, mlsd_last_error());
    (void)mlsd__fail(MLSD_E_DATA, "theirs");
    return NULL;
}

static void test_fail__message_belongs_to_its_thread(void **state)
{
    (void)state;
    char seen[64] = "x";
    (void)mlsd__fail(MLSD_E_DATA, "ours");
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, other_thread, seen), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(seen, "");
    assert_string_equal(mlsd_last_error(), "ours");
}

static void test_fail__message_is_copied_and_restored(void **state)
{
    (void)state;
    char kept[MLSD__ERROR_CAPACITY];
    (void)mlsd__fail(MLSD_E_DATA, "first");
    mlsd__error_copy(kept);
    (void)mlsd__fail(MLSD_E_DATA, "second");
    mlsd__error_restore(kept);
    assert_string_equal(mlsd_last_error(), "first");
}

static void test_fail__version_is_consistent(void **state)
{
    (void)state;
    assert_int_equal(mlsd_version(), MLSD_VERSION_NUMBER);
    assert_string_equal(mlsd_version_string(), MLSD_VERSION_STRING);
    int64_t length = 0;
    ASSERT_OK(mlsd_build_info(NULL, 0, &length));
    char small[4] = "zzz";
    assert_int_equal(mlsd_build_info(small, sizeof small, NULL), MLSD_E_BUFFER);
    assert_string_equal(small, "");
    char info[4096];
    ASSERT_OK(mlsd_build_info(info, sizeof info, &length));
    assert_int_equal(strlen(info), length);
    assert_non_null(strstr(info, "\"blas_core\":\""));
    assert_non_null(strstr(info, "\"exact_kernels\":\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail__values_are_pinned),
        cmocka_unit_test(test_fail__message_is_one_line_and_cut_at_a_character),
        cmocka_unit_test(test_fail__message_belongs_to_its_thread),
        cmocka_unit_test(test_fail__message_is_copied_and_restored),
        cmocka_unit_test(test_fail__version_is_consistent),
    };
    return cmocka_run_group_tests_name("fail", tests, NULL, NULL);
}
