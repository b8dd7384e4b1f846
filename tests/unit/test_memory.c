/* test_memory.c - the door to memory: sizes that overflow, the allocator's view, growth. */
#include "base/memory.h"
#include "base/fail.h"
#include "failing_allocator.h"
#include "base/scope.h"
#include "unit.h"

static void test_memory__overflow_is_refused(void **state)
{
    (void)state;
    const mlsd__allocator *a = &mlsd__libc_allocator;
    assert_null(mlsd__alloc(a, -1, 8));
    assert_null(mlsd__alloc(a, INT64_MAX, 8));
    assert_null(mlsd__alloc_raw(a, INT64_MAX, 1));
    assert_null(mlsd__alloc(a, INT64_MAX / 8 + 1, 16));
    assert_string_equal(mlsd_last_error(), "out of memory");
    int64_t product = 7;
    ASSERT_FAILS(MLSD_E_SHAPE, "too large", mlsd__mul_size(INT64_MAX / 2, 3, &product));
    assert_int_equal(product, 0);
    ASSERT_FAILS(MLSD_E_SHAPE, "-1 x 3", mlsd__mul_size(-1, 3, &product));
    ASSERT_OK(mlsd__mul_size(1000000, 1000000, &product));
    assert_int_equal(product, INT64_C(1000000000000));
}

static void test_memory__blocks_are_zeroed_aligned_and_distinct(void **state)
{
    (void)state;
    failing_allocator f;
    failing_allocator_init(&f, 0, 0);
    mlsd_context *context = failing_context(&f, 1);
    const mlsd__allocator *const allocators[] = {&mlsd__libc_allocator,
                                                 mlsd__context_allocator(context)};
    for (int k = 0; k < 2; k++) {
        const mlsd__allocator *a = allocators[k];
        unsigned char *bytes = mlsd__alloc(a, 1000, 3);
        assert_non_null(bytes);
        assert_int_equal((uintptr_t)bytes % 16, 0);
        for (int i = 0; i < 3000; i++) assert_int_equal(bytes[i], 0);
        void *empty_a = mlsd__alloc(a, 0, 8), *empty_b = mlsd__alloc(a, 0, 8);
        assert_non_null(empty_a);
        assert_ptr_not_equal(empty_a, empty_b);
        mlsd__free(a, empty_a);
        mlsd__free(a, empty_b);
        mlsd__free(a, bytes);
        mlsd__free(a, NULL);
    }
    mlsd_context_free(context);
    assert_int_equal(f.live_blocks, 0);
    assert_int_equal(f.live_bytes, 0);
}

static void test_memory__growth_keeps_values_and_survives_refusal(void **state)
{
    (void)state;
    failing_allocator f;
    failing_allocator_init(&f, 0, 0);
    mlsd_context *context = failing_context(&f, 1);
    const mlsd__allocator *a = mlsd__context_allocator(context);
    int64_t *values = NULL;
    int64_t capacity = 0;
    for (int64_t n = 0; n < 1000; n++) {
        ASSERT_OK(mlsd__reserve(a, (void **)&values, &capacity, n + 1, sizeof *values));
        values[n] = n;
    }
    for (int64_t n = 0; n < 1000; n++) assert_int_equal(values[n], n);
    f.fail_at = f.calls + 1;
    int64_t *const before = values;
    ASSERT_FAILS(MLSD_E_NOMEM, "out of memory",
                 mlsd__reserve(a, (void **)&values, &capacity, capacity + 1, sizeof *values));
    assert_ptr_equal(values, before);
    assert_int_equal(values[999], 999);
    f.fail_at = 0;
    ASSERT_FAILS(MLSD_E_NOMEM, "out of memory",
                 mlsd__reserve(a, (void **)&values, &capacity, INT64_MAX - 1, sizeof *values));
    char *text = mlsd__strdup(a, "abc"), *part = mlsd__strndup(a, "abcdef", 2);
    assert_string_equal(text, "abc");
    assert_string_equal(part, "ab");
    mlsd__free(a, text);
    mlsd__free(a, part);
    mlsd__free(a, values);
    mlsd_context_free(context);
    assert_int_equal(f.live_blocks, 0);
    assert_int_equal(f.live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory__overflow_is_refused),
        cmocka_unit_test(test_memory__blocks_are_zeroed_aligned_and_distinct),
        cmocka_unit_test(test_memory__growth_keeps_values_and_survives_refusal),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
