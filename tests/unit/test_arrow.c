/* test_arrow.c - Arrow tables come in and go out with the same values, alone and in streams, and
 * every struct is released exactly once; the formats of columns are in test_arrow_column.c. The
 * layouts that are expected are those of the Arrow columnar format and the C data interface, the
 * witness. */
#include "unit.h"

#include <errno.h>
#include <math.h>

#include "arrow_batch.h"
#include "failing_allocator.h"

/* float64 and int64 stay where they are, and the array lives as long as any column of it. */
static void test_arrow__import_without_copy(void **state)
{
    (void)state;
    double x[] = {1, 2, 3, 4};
    int64_t whole[] = {5, 6, 7, 8};
    const void *x_buffers[] = {NULL, x}, *whole_buffers[] = {NULL, whole};
    batch b;
    begin(&b, 3);
    add(&b, "x", "g", 2, x_buffers, 0, 1);
    add(&b, "whole", "l", 2, whole_buffers, -1, 0);
    mlsd_table *const t = import(&b);
    assert_int_equal(b.n_array_released, 0);
    x[1] = 20; /* the producer's memory, seen through the table */
    whole[2] = 70;
    double got;
    int64_t got_whole;
    ASSERT_OK(mlsd_table_get_f64(t, 0, 0, 1, &got));
    ASSERT_OK(mlsd_table_get_i64(t, 1, 2, 1, &got_whole));
    assert_true(got == 20);
    assert_int_equal(got_whole, 70);
    mlsd_table *copy;
    struct ArrowArray array;
    struct ArrowSchema schema;
    ASSERT_OK(mlsd_table_export_arrow(t, &array, &schema));
    mlsd_table_free(t);
    assert_int_equal(b.n_array_released, 0);
    assert_ptr_equal(array.children[0]->buffers[1], x + 1);
    ASSERT_OK(mlsd_table_import_arrow(NULL, &array, &schema, &copy));
    assert_int_equal(b.n_array_released, 0);
    expect_released(&b, copy);
}

static void test_arrow__no_rows(void **state)
{
    (void)state;
    const void *nothing[] = {NULL, NULL, NULL};
    batch b;
    begin(&b, 0);
    add(&b, "x", "g", 2, nothing, 0, 0);
    add(&b, "t", "u", 3, nothing, 0, 0);
    mlsd_table *t = import(&b);
    assert_int_equal(mlsd_table_n_rows(t), 0);
    assert_int_equal(mlsd_table_n_columns(t), 2);
    struct ArrowArray array;
    struct ArrowSchema schema;
    ASSERT_OK(mlsd_table_export_arrow(t, &array, &schema));
    assert_int_equal(array.length, 0);
    expect_released(&b, t);
    ASSERT_OK(mlsd_table_import_arrow(NULL, &array, &schema, &t));
    mlsd_table_free(t);
}

static mlsd_table *mixed_table(const mlsd_context *context)
{
    const double x[] = {0.1, NAN, -0.0, 1e300, INFINITY, 2, 3, 4, 5};
    const int64_t whole[] = {1, -1, INT64_MAX, INT64_MIN, 0, 2, 3, 4, 5};
    const char *const text[] = {"b", NULL, "a", "\xe2\x82\xac", "", "b", NULL, "b", NULL};
    const char *const full[] = {"b", "c", "a", "d", "a", "b", "a", "b", "a"};
    mlsd_table *t = NULL;
    if (mlsd_table_new(context, &t) == MLSD_OK && mlsd_table_set_f64(t, "x", x, 9) == MLSD_OK &&
        mlsd_table_set_i64(t, "whole", whole, 9) == MLSD_OK &&
        mlsd_table_set_str(t, "text", text, 9) == MLSD_OK &&
        mlsd_table_set_str(t, "full", full, 9) == MLSD_OK)
        return t;
    mlsd_table_free(t);
    return NULL;
}

static void expect_equal(const mlsd_table *a, const mlsd_table *b)
{
    assert_int_equal(mlsd_table_n_rows(a), mlsd_table_n_rows(b));
    assert_int_equal(mlsd_table_n_columns(a), mlsd_table_n_columns(b));
    for (int64_t j = 0; j < mlsd_table_n_columns(a); j++) {
        assert_string_equal(mlsd_table_name(a, j), mlsd_table_name(b, j));
        assert_int_equal(mlsd_table_type(a, j), mlsd_table_type(b, j));
        assert_int_equal(mlsd_table_level_count(a, j), mlsd_table_level_count(b, j));
        for (int64_t c = 0; c < mlsd_table_level_count(a, j); c++)
            assert_string_equal(mlsd_table_level_at(a, j, c), mlsd_table_level_at(b, j, c));
        double from_a[16], from_b[16];
        ASSERT_OK(mlsd_table_get_f64(a, j, 0, mlsd_table_n_rows(a), from_a));
        ASSERT_OK(mlsd_table_get_f64(b, j, 0, mlsd_table_n_rows(b), from_b));
        assert_memory_equal(from_a, from_b, (size_t)mlsd_table_n_rows(a) * sizeof *from_a);
    }
}

static void test_arrow__export_layout_and_round_trip(void **state)
{
    (void)state;
    mlsd_table *const t = mixed_table(NULL);
    struct ArrowArray array;
    struct ArrowSchema schema;
    ASSERT_OK(mlsd_table_export_arrow(t, &array, &schema));
    assert_string_equal(schema.format, "+s");
    assert_int_equal(schema.n_children, 4);
    assert_string_equal(schema.children[0]->format, "g");
    assert_string_equal(schema.children[1]->format, "l");
    assert_string_equal(schema.children[2]->format, "i");
    assert_string_equal(schema.children[2]->name, "text");
    assert_string_equal(schema.children[2]->dictionary->format, "u");
    assert_int_equal(array.length, 9);
    assert_int_equal(array.null_count, 0);
    assert_int_equal(array.n_buffers, 1);
    assert_null(array.buffers[0]);
    const struct ArrowArray *const text = array.children[2];
    assert_int_equal(text->null_count, 3);
    assert_int_equal(text->n_buffers, 2);
    const uint8_t *const validity = text->buffers[0];
    assert_int_equal(validity[0], 0xbd);
    assert_int_equal(validity[1], 0x00);
    assert_null(array.children[3]->buffers[0]);
    const struct ArrowArray *const levels = array.children[3]->dictionary;
    assert_int_equal(levels->length, 4);
    assert_int_equal(levels->n_buffers, 3);
    const int32_t offsets[] = {0, 1, 2, 3, 4};
    assert_memory_equal(levels->buffers[1], offsets, sizeof offsets);

    mlsd_table *back;
    ASSERT_OK(mlsd_table_import_arrow(NULL, &array, &schema, &back));
    expect_equal(t, back);
    mlsd_table_free(t);
    mlsd_table_free(back);
}

/* A consumer may take a child and let the parent go. */
static void test_arrow__export_children_may_move(void **state)
{
    (void)state;
    mlsd_table *const t = mixed_table(NULL);
    struct ArrowArray array;
    struct ArrowSchema schema;
    ASSERT_OK(mlsd_table_export_arrow(t, &array, &schema));
    mlsd_table_free(t);
    struct ArrowArray text = *array.children[2], x = *array.children[0];
    struct ArrowSchema text_schema = *schema.children[2];
    array.children[2]->release = NULL;
    array.children[0]->release = NULL;
    schema.children[2]->release = NULL;
    array.release(&array);
    schema.release(&schema);
    assert_null(array.release);
    assert_null(schema.release);
    assert_true(((const double *)x.buffers[1])[0] == 0.1);
    assert_string_equal(text_schema.dictionary->format, "u");
    assert_int_equal(((const int32_t *)text.buffers[1])[1], -1);
    assert_int_equal(text.dictionary->length, 4);
    x.release(&x);
    text.release(&text);
    text_schema.release(&text_schema);
}

/* A stream over batches on the stack, which may fail on the way. */
typedef struct producer {
    batch *batches;
    int n, next, n_released;
    int fail_schema, fail_at; /* errno to give; fail_at: the batch, 0 for never */
} producer;

static int produce_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    producer *const p = stream->private_data;
    if (p->fail_schema != 0) return p->fail_schema;
    *out = p->batches[0].schema;
    p->batches[0].schema.release = NULL;
    return 0;
}

static int produce_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    producer *const p = stream->private_data;
    if (p->fail_at != 0 && p->next == p->fail_at) return EIO;
    memset(out, 0, sizeof *out);
    if (p->next == p->n) return 0;
    *out = p->batches[p->next].array;
    p->batches[p->next++].array.release = NULL;
    return 0;
}

static const char *produce_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return "the disk is gone\nsecond line";
}

static void stream_released(struct ArrowArrayStream *stream)
{
    producer *const p = stream->private_data;
    p->n_released++;
    stream->release = NULL;
}

static struct ArrowArrayStream stream_of(producer *p)
{
    return (struct ArrowArrayStream){.get_schema = produce_schema,
                                     .get_next = produce_next,
                                     .get_last_error = produce_error,
                                     .release = stream_released,
                                     .private_data = p};
}

/* Three batches: whole numbers that become numbers for one null, texts, and dictionaries that
 * differ. */
static const int64_t whole_values[] = {1, 2, 3, 4, 5, 6};
static const uint8_t second_null[] = {0x01};
static const int32_t index_values[] = {0, 1, 0};
static const int32_t letter_offsets[] = {0, 1, 2, 3};
static const void *first_buffers[] = {NULL, whole_values};
static const void *second_buffers[] = {second_null, whole_values + 2};
static const void *letters_ab[] = {NULL, letter_offsets, "ab"};
static const void *letters_ba[] = {NULL, letter_offsets, "ba"};
static const void *letters_ca[] = {NULL, letter_offsets, "ca"};
static const void *indices[] = {NULL, index_values};

static void three_batches(batch b[3])
{
    begin(&b[0], 2);
    add(&b[0], "n", "l", 2, first_buffers, 0, 0);
    add(&b[0], "t", "u", 3, letters_ba, 0, 0);
    add(&b[0], "d", "i", 2, indices, 0, 0);
    add_dictionary(&b[0], "u", 2, letters_ba, 0, 0);
    begin(&b[1], 0);
    add(&b[1], "n", "l", 2, first_buffers, 0, 0);
    add(&b[1], "t", "u", 3, letters_ab, 0, 0);
    add(&b[1], "d", "i", 2, indices, 0, 0);
    add_dictionary(&b[1], "u", 2, letters_ab, 0, 0);
    begin(&b[2], 2);
    add(&b[2], "n", "l", 2, second_buffers, 1, 0);
    add(&b[2], "t", "u", 3, letters_ca, 0, 0);
    add(&b[2], "d", "i", 2, indices, 0, 1);
    add_dictionary(&b[2], "u", 2, letters_ca, 0, 0);
}

static void expect_all_released(const batch *b, int n)
{
    assert_int_equal(b[0].n_schema_released, 1);
    for (int i = 0; i < n; i++) assert_int_equal(b[i].n_array_released, 1);
}

static void test_arrow__stream_of_batches(void **state)
{
    (void)state;
    batch b[3];
    three_batches(b);
    producer p = {.batches = b, .n = 3};
    struct ArrowArrayStream stream = stream_of(&p);
    mlsd_table *t;
    ASSERT_OK(mlsd_table_import_arrow_stream(NULL, &stream, &t));
    assert_null(stream.release);
    assert_int_equal(p.n_released, 1);
    expect_all_released(b, 3);
    assert_int_equal(mlsd_table_type(t, 0), MLSD_COLUMN_F64);
    double n[4];
    ASSERT_OK(mlsd_table_get_f64(t, 0, 0, 4, n));
    assert_true(n[0] == 1 && n[1] == 2 && n[2] == 3 && isnan(n[3]));
    expect_texts(t, 1, (const char *const[]){"b", "a", "c", "a"}, 4);
    expect_texts(t, 2, (const char *const[]){"b", "a", "a", "c"}, 4);
    assert_string_equal(mlsd_table_level_at(t, 1, 0), "a");
    assert_string_equal(mlsd_table_level_at(t, 2, 0), "b");
    mlsd_table_free(t);

    /* One batch is kept without a copy; none is a table without rows. */
    three_batches(b);
    p = (producer){.batches = b, .n = 1};
    stream = stream_of(&p);
    ASSERT_OK(mlsd_table_import_arrow_stream(NULL, &stream, &t));
    assert_int_equal(b[0].n_array_released, 0);
    assert_int_equal(mlsd_table_type(t, 0), MLSD_COLUMN_I64);
    expect_released(&b[0], t);
    three_batches(b);
    p = (producer){.batches = b, .n = 0};
    stream = stream_of(&p);
    ASSERT_OK(mlsd_table_import_arrow_stream(NULL, &stream, &t));
    assert_int_equal(mlsd_table_n_rows(t), 0);
    assert_int_equal(mlsd_table_n_columns(t), 3);
    mlsd_table_free(t);
}

static void test_arrow__failing_streams_are_released(void **state)
{
    (void)state;
    batch b[3];
    mlsd_table *t;
    three_batches(b);
    producer p = {.batches = b, .n = 3, .fail_schema = ENOTSUP};
    struct ArrowArrayStream stream = stream_of(&p);
    ASSERT_FAILS(MLSD_E_IO, "no schema", mlsd_table_import_arrow_stream(NULL, &stream, &t));
    assert_null(t);
    assert_int_equal(p.n_released, 1);

    p = (producer){.batches = b, .n = 3, .fail_at = 2};
    stream = stream_of(&p);
    ASSERT_FAILS(MLSD_E_IO, "the disk is gone", mlsd_table_import_arrow_stream(NULL, &stream, &t));
    assert_null(strchr(mlsd_last_error(), '\n'));
    assert_int_equal(p.n_released, 1);
    expect_all_released(b, 2);

    three_batches(b);
    b[2].array.n_children = 1;
    p = (producer){.batches = b, .n = 3};
    stream = stream_of(&p);
    ASSERT_FAILS(MLSD_E_DATA, "1 columns", mlsd_table_import_arrow_stream(NULL, &stream, &t));
    assert_int_equal(p.n_released, 1);
    expect_all_released(b, 3);

    p = (producer){.batches = b, .n = 0};
    stream = stream_of(&p);
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_table_import_arrow_stream(NULL, &stream, NULL));
    assert_int_equal(p.n_released, 1);
    ASSERT_FAILS(MLSD_E_ARG, "released", mlsd_table_import_arrow_stream(NULL, &stream, &t));
}

static void test_arrow__export_stream(void **state)
{
    (void)state;
    mlsd_table *const t = mixed_table(NULL);
    struct ArrowArrayStream stream;
    ASSERT_OK(mlsd_table_export_arrow_stream(t, &stream));
    assert_null(stream.get_last_error(&stream));
    struct ArrowSchema schema;
    assert_int_equal(stream.get_schema(&stream, &schema), 0);
    schema.release(&schema);
    mlsd_table *back;
    ASSERT_OK(mlsd_table_import_arrow_stream(NULL, &stream, &back));
    assert_null(stream.release);
    expect_equal(t, back);
    mlsd_table_free(back);
    /* A stream that nobody reads. */
    ASSERT_OK(mlsd_table_export_arrow_stream(t, &stream));
    mlsd_table_free(t);
    stream.release(&stream);
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_table_export_arrow_stream(NULL, &stream));
    assert_null(stream.release);
}

static mlsd_status out_and_in(const mlsd_context *context)
{
    mlsd_table *back = NULL;
    struct ArrowArray array;
    struct ArrowSchema schema;
    struct ArrowArrayStream stream;
    mlsd_table *const t = mixed_table(context);
    if (t == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd_table_export_arrow(t, &array, &schema);
    if (status == MLSD_OK) {
        status = mlsd_table_import_arrow(context, &array, &schema, &back);
        assert_int_equal(array.release != NULL, status != MLSD_OK);
        assert_int_equal(schema.release != NULL, status != MLSD_OK);
    }
    if (array.release != NULL) array.release(&array);
    if (schema.release != NULL) schema.release(&schema);
    mlsd_table_free(back);
    back = NULL;
    if (status == MLSD_OK) status = mlsd_table_export_arrow_stream(t, &stream);
    if (status == MLSD_OK) {
        status = mlsd_table_import_arrow_stream(context, &stream, &back);
        assert_null(stream.release);
        if (status == MLSD_E_IO) status = MLSD_E_NOMEM; /* the producer ran out of memory */
    }
    mlsd_table_free(back);
    mlsd_table_free(t);

    batch b[3];
    three_batches(b);
    producer p = {.batches = b, .n = 3};
    stream = stream_of(&p);
    back = NULL;
    if (status == MLSD_OK) {
        status = mlsd_table_import_arrow_stream(context, &stream, &back);
        assert_int_equal(p.n_released, 1);
        for (int i = 0; i < p.next; i++) assert_int_equal(b[i].n_array_released, 1);
    }
    mlsd_table_free(back);
    return status;
}

static void test_arrow__out_of_memory(void **state)
{
    (void)state;
    for (long long k = 1;; k++) {
        failing_allocator allocator;
        failing_allocator_init(&allocator, k, 0);
        mlsd_context *const context = failing_context(&allocator, 1);
        const mlsd_status status = context == NULL ? MLSD_E_NOMEM : out_and_in(context);
        mlsd_context_free(context);
        assert_int_equal(atomic_load(&allocator.live_blocks), 0);
        if (atomic_load(&allocator.failed) == 0) {
            ASSERT_OK(status);
            return;
        }
        assert_int_equal(status, MLSD_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrow__import_without_copy),
        cmocka_unit_test(test_arrow__no_rows),
        cmocka_unit_test(test_arrow__export_layout_and_round_trip),
        cmocka_unit_test(test_arrow__export_children_may_move),
        cmocka_unit_test(test_arrow__stream_of_batches),
        cmocka_unit_test(test_arrow__failing_streams_are_released),
        cmocka_unit_test(test_arrow__export_stream),
        cmocka_unit_test(test_arrow__out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
