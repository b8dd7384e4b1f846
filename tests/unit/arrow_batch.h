/* arrow_batch.h - Arrow arrays laid out by hand, for the tests of what is read from them. */
#ifndef MLSD_TESTS_ARROW_BATCH_H
#define MLSD_TESTS_ARROW_BATCH_H

#include "unit.h"

#include "mlsd/arrow.h"
#include "data/arrow_abi.h"

enum { MAX_COLUMNS = 8 };

/* A batch on the stack: children and their schemas, and how often the producer was asked to let go.
 */
typedef struct batch {
    struct ArrowArray array, children[MAX_COLUMNS], dictionaries[MAX_COLUMNS];
    struct ArrowArray *pointers[MAX_COLUMNS];
    struct ArrowSchema schema, schemas[MAX_COLUMNS], entries[MAX_COLUMNS];
    struct ArrowSchema *schema_pointers[MAX_COLUMNS];
    const void *no_validity[1];
    int n_array_released, n_schema_released;
} batch;

static inline void array_released(struct ArrowArray *array)
{
    batch *const b = array->private_data;
    b->n_array_released++;
    array->release = NULL;
}

static inline void schema_released(struct ArrowSchema *schema)
{
    batch *const b = schema->private_data;
    b->n_schema_released++;
    schema->release = NULL;
}

static inline void begin(batch *b, int64_t n_rows)
{
    memset(b, 0, sizeof *b);
    b->array = (struct ArrowArray){.length = n_rows,
                                   .n_buffers = 1,
                                   .buffers = b->no_validity,
                                   .children = b->pointers,
                                   .release = array_released,
                                   .private_data = b};
    b->schema = (struct ArrowSchema){.format = "+s",
                                     .name = "",
                                     .children = b->schema_pointers,
                                     .release = schema_released,
                                     .private_data = b};
}

/* A column of that format, over the buffers given. */
static inline struct ArrowArray *add(batch *b, const char *name, const char *format,
                                     int64_t n_buffers, const void **buffers, int64_t null_count,
                                     int64_t offset)
{
    const int64_t j = b->array.n_children++;
    b->schema.n_children++;
    b->children[j] = (struct ArrowArray){.length = b->array.length + b->array.offset,
                                         .null_count = null_count,
                                         .offset = offset,
                                         .n_buffers = n_buffers,
                                         .buffers = buffers,
                                         .release = array_released,
                                         .private_data = b};
    b->schemas[j] = (struct ArrowSchema){.format = format,
                                         .name = name,
                                         .flags = ARROW_FLAG_NULLABLE,
                                         .release = schema_released,
                                         .private_data = b};
    b->pointers[j] = &b->children[j];
    b->schema_pointers[j] = &b->schemas[j];
    return &b->children[j];
}

/* Make the last column's values indices into texts. */
static inline void add_dictionary(batch *b, const char *format, int64_t n, const void **buffers,
                                  int64_t null_count, int64_t offset)
{
    const int64_t j = b->array.n_children - 1;
    b->dictionaries[j] = (struct ArrowArray){.length = n,
                                             .null_count = null_count,
                                             .offset = offset,
                                             .n_buffers = 3,
                                             .buffers = buffers,
                                             .release = array_released,
                                             .private_data = b};
    b->entries[j] =
        (struct ArrowSchema){.format = format, .release = schema_released, .private_data = b};
    b->children[j].dictionary = &b->dictionaries[j];
    b->schemas[j].dictionary = &b->entries[j];
}

/* Import, and check that both structs are taken over and that only the last free lets go. */
static inline mlsd_table *import(batch *b)
{
    mlsd_table *t;
    ASSERT_OK(mlsd_table_import_arrow(NULL, &b->array, &b->schema, &t));
    assert_null(b->array.release);
    assert_null(b->schema.release);
    assert_int_equal(b->n_schema_released, 1);
    return t;
}

static inline void expect_released(batch *b, mlsd_table *t)
{
    mlsd_table_free(t);
    assert_int_equal(b->n_array_released, 1);
    assert_int_equal(b->n_schema_released, 1);
}

static inline void expect_texts(const mlsd_table *t, int64_t column, const char *const *wanted,
                                int64_t n)
{
    assert_int_equal(mlsd_table_type(t, column), MLSD_COLUMN_CATEGORY);
    assert_int_equal(mlsd_table_n_rows(t), n);
    for (int64_t i = 0; i < n; i++) {
        const char *const got = mlsd_table_get_str(t, column, i);
        if (wanted[i] == NULL)
            assert_null(got);
        else
            assert_string_equal(got, wanted[i]);
    }
}

#endif
