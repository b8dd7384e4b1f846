/* arrow_export.c - tables as Arrow record batches and streams. Numbers and codes are handed out
 * where they stand: each exported array holds a reference to its column, so it outlives the table.
 * Every exported struct owns what its private_data points to and nothing else, so that a consumer
 * may move children out of their parent. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "mlsd/arrow.h"
#include "base/fail.h"
#include "base/handle.h"
#include "data/arrow_abi.h"
#include "data/table_impl.h"

/* What an exported array owns; unused members are NULL. */
typedef struct array_private {
    mlsd__allocator allocator;
    mlsd__column *column; /* a reference */
    const void *buffers[3];
    void *owned[3];              /* buffers made here */
    struct ArrowArray *children; /* storage behind `pointers` */
    struct ArrowArray **pointers;
    struct ArrowArray *dictionary;
} array_private;

typedef struct schema_private {
    mlsd__allocator allocator;
    char *name;
    struct ArrowSchema *children;
    struct ArrowSchema **pointers;
    struct ArrowSchema *dictionary;
} schema_private;

static void release_array(struct ArrowArray *array)
{
    array_private *const p = array->private_data;
    const mlsd__allocator a = p->allocator;
    for (int64_t i = 0; i < array->n_children; i++) {
        if (p->children[i].release != NULL) p->children[i].release(&p->children[i]);
    }
    if (p->dictionary != NULL && p->dictionary->release != NULL)
        p->dictionary->release(p->dictionary);
    mlsd__column_release(p->column);
    for (int i = 0; i < 3; i++) mlsd__free(&a, p->owned[i]);
    mlsd__free(&a, p->dictionary);
    mlsd__free(&a, p->pointers);
    mlsd__free(&a, p->children);
    mlsd__free(&a, p);
    array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema)
{
    schema_private *const p = schema->private_data;
    const mlsd__allocator a = p->allocator;
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (p->children[i].release != NULL) p->children[i].release(&p->children[i]);
    }
    if (p->dictionary != NULL && p->dictionary->release != NULL)
        p->dictionary->release(p->dictionary);
    mlsd__free(&a, p->name);
    mlsd__free(&a, p->dictionary);
    mlsd__free(&a, p->pointers);
    mlsd__free(&a, p->children);
    mlsd__free(&a, p);
    schema->release = NULL;
}

/* An array without values; from here on its release callback cleans up whatever is there. */
static mlsd_status begin_array(const mlsd__allocator *a, int64_t length, int64_t n_buffers,
                               struct ArrowArray *out)
{
    *out = (struct ArrowArray){.length = length, .n_buffers = n_buffers};
    array_private *const p = mlsd__alloc(a, 1, sizeof *p);
    if (p == NULL) return MLSD_E_NOMEM;
    p->allocator = *a;
    out->buffers = p->buffers;
    out->private_data = p;
    out->release = release_array;
    return MLSD_OK;
}

static mlsd_status begin_schema(const mlsd__allocator *a, const char *format, const char *name,
                                struct ArrowSchema *out)
{
    *out = (struct ArrowSchema){.format = format, .flags = ARROW_FLAG_NULLABLE};
    schema_private *const p = mlsd__alloc(a, 1, sizeof *p);
    if (p == NULL) return MLSD_E_NOMEM;
    p->allocator = *a;
    p->name = mlsd__strdup(a, name);
    out->name = p->name;
    out->private_data = p;
    out->release = release_schema;
    return p->name != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

static int64_t level_bytes(const mlsd__column *column)
{
    int64_t n_bytes = 0;
    for (int64_t i = 0; i < column->n_levels; i++) n_bytes += (int64_t)strlen(column->levels[i]);
    return n_bytes;
}

/* utf8 has 32-bit offsets; more bytes than that need large_utf8. */
static bool needs_large(const mlsd__column *column)
{
    return level_bytes(column) > INT32_MAX;
}

/* The levels as an array of texts. */
static mlsd_status export_levels(const mlsd__allocator *a, const mlsd__column *column,
                                 struct ArrowArray *out)
{
    MLSD__TRY(begin_array(a, column->n_levels, 3, out));
    array_private *const p = out->private_data;
    const bool is_large = needs_large(column);
    const size_t width = is_large ? sizeof(int64_t) : sizeof(int32_t);
    char *const offsets = p->owned[1] = mlsd__alloc(a, column->n_levels + 1, width);
    char *const bytes = p->owned[2] = mlsd__alloc_raw(a, level_bytes(column), 1);
    if (offsets == NULL || bytes == NULL) return MLSD_E_NOMEM;

    int64_t end = 0;
    for (int64_t i = 0; i < column->n_levels; i++) {
        const size_t length = strlen(column->levels[i]);
        memcpy(bytes + end, column->levels[i], length);
        end += (int64_t)length;
        if (is_large)
            ((int64_t *)(void *)offsets)[i + 1] = end;
        else
            ((int32_t *)(void *)offsets)[i + 1] = (int32_t)end;
    }
    p->buffers[1] = offsets;
    p->buffers[2] = bytes;
    return MLSD_OK;
}

/* A bitmap of the codes that are not missing, where any is. */
static mlsd_status export_validity(const mlsd__allocator *a, const mlsd__column *column,
                                   struct ArrowArray *out)
{
    array_private *const p = out->private_data;
    const int32_t *const codes = column->values;
    for (int64_t i = 0; i < column->n; i++) out->null_count += codes[i] < 0;
    if (out->null_count == 0) return MLSD_OK;
    uint8_t *const bits = p->owned[0] = mlsd__alloc(a, (column->n + 7) / 8, 1);
    if (bits == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < column->n; i++) {
        if (codes[i] >= 0) bits[i / 8] = (uint8_t)(bits[i / 8] | 1u << (i % 8));
    }
    p->buffers[0] = bits;
    return MLSD_OK;
}

static mlsd_status export_column(const mlsd__allocator *a, const mlsd__column *column,
                                 struct ArrowArray *out)
{
    MLSD__TRY(begin_array(a, column->n, 2, out));
    array_private *const p = out->private_data;
    p->column = mlsd__column_retain(column);
    p->buffers[1] = column->values;
    if (column->type != MLSD_COLUMN_CATEGORY) return MLSD_OK;

    MLSD__TRY(export_validity(a, column, out));
    p->dictionary = mlsd__alloc(a, 1, sizeof *p->dictionary);
    if (p->dictionary == NULL) return MLSD_E_NOMEM;
    out->dictionary = p->dictionary;
    return export_levels(a, column, p->dictionary);
}

static mlsd_status export_column_schema(const mlsd__allocator *a, const mlsd__column *column,
                                        const char *name, struct ArrowSchema *out)
{
    static const char *const formats[] = {
        [MLSD_COLUMN_F64] = "g", [MLSD_COLUMN_I64] = "l", [MLSD_COLUMN_CATEGORY] = "i"};
    MLSD__TRY(begin_schema(a, formats[column->type], name, out));
    if (column->type != MLSD_COLUMN_CATEGORY) return MLSD_OK;
    schema_private *const p = out->private_data;
    p->dictionary = mlsd__alloc(a, 1, sizeof *p->dictionary);
    if (p->dictionary == NULL) return MLSD_E_NOMEM;
    out->dictionary = p->dictionary;
    return begin_schema(a, needs_large(column) ? "U" : "u", "", p->dictionary);
}

static mlsd_status fill_array(const mlsd_table *t, struct ArrowArray *out)
{
    const mlsd__allocator *const a = &t->allocator;
    MLSD__TRY(begin_array(a, t->n_rows, 1, out));
    array_private *const p = out->private_data;
    p->children = mlsd__alloc(a, t->n_columns, sizeof *p->children);
    p->pointers = mlsd__alloc(a, t->n_columns, sizeof *p->pointers);
    if (p->children == NULL || p->pointers == NULL) return MLSD_E_NOMEM;
    out->children = p->pointers;
    out->n_children = t->n_columns;
    for (int64_t j = 0; j < t->n_columns; j++) p->pointers[j] = &p->children[j];
    for (int64_t j = 0; j < t->n_columns; j++)
        MLSD__TRY(export_column(a, t->columns[j], p->pointers[j]));
    return MLSD_OK;
}

static mlsd_status fill_schema(const mlsd_table *t, struct ArrowSchema *out)
{
    const mlsd__allocator *const a = &t->allocator;
    MLSD__TRY(begin_schema(a, "+s", "", out));
    out->flags = 0; /* a row as a whole is never null */
    schema_private *const p = out->private_data;
    p->children = mlsd__alloc(a, t->n_columns, sizeof *p->children);
    p->pointers = mlsd__alloc(a, t->n_columns, sizeof *p->pointers);
    if (p->children == NULL || p->pointers == NULL) return MLSD_E_NOMEM;
    out->children = p->pointers;
    out->n_children = t->n_columns;
    for (int64_t j = 0; j < t->n_columns; j++) p->pointers[j] = &p->children[j];
    for (int64_t j = 0; j < t->n_columns; j++)
        MLSD__TRY(export_column_schema(a, t->columns[j], t->names[j], p->pointers[j]));
    return MLSD_OK;
}

static mlsd_status export_array(const mlsd_table *t, struct ArrowArray *out)
{
    const mlsd_status status = fill_array(t, out);
    if (status != MLSD_OK && out->release != NULL) out->release(out);
    return status;
}

static mlsd_status export_schema(const mlsd_table *t, struct ArrowSchema *out)
{
    const mlsd_status status = fill_schema(t, out);
    if (status != MLSD_OK && out->release != NULL) out->release(out);
    return status;
}

mlsd_status mlsd_table_export_arrow(const mlsd_table *table, struct ArrowArray *out_array,
                                    struct ArrowSchema *out_schema)
{
    MLSD__REQUIRE(out_array != NULL && out_schema != NULL, "an output pointer is NULL");
    *out_array = (struct ArrowArray){0};
    *out_schema = (struct ArrowSchema){0};
    MLSD__REQUIRE_LIVE(table, MLSD__MAGIC_TABLE, "table");
    MLSD__TRY(export_schema(table, out_schema));
    const mlsd_status status = export_array(table, out_array);
    if (status != MLSD_OK) out_schema->release(out_schema);
    return status;
}

/* A stream that has one batch to give. */
typedef struct stream_private {
    mlsd__allocator allocator;
    mlsd_table *table; /* shares the columns */
    bool is_done;
    char message[MLSD__ERROR_CAPACITY]; /* "" before the first failure */
} stream_private;

/* Arrow's callbacks speak errno. */
static int stream_result(stream_private *p, mlsd_status status)
{
    if (status == MLSD_OK) return 0;
    mlsd__error_copy(p->message);
    return status == MLSD_E_NOMEM ? ENOMEM : EINVAL;
}

static int stream_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    stream_private *const p = stream->private_data;
    return stream_result(p, export_schema(p->table, out));
}

static int stream_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    stream_private *const p = stream->private_data;
    *out = (struct ArrowArray){0};
    if (p->is_done) return 0;
    const int code = stream_result(p, export_array(p->table, out));
    p->is_done = code == 0;
    return code;
}

static const char *stream_get_last_error(struct ArrowArrayStream *stream)
{
    const stream_private *const p = stream->private_data;
    return p->message[0] != '\0' ? p->message : NULL;
}

static void stream_release(struct ArrowArrayStream *stream)
{
    stream_private *const p = stream->private_data;
    const mlsd__allocator a = p->allocator;
    mlsd_table_free(p->table);
    mlsd__free(&a, p);
    stream->release = NULL;
}

mlsd_status mlsd_table_export_arrow_stream(const mlsd_table *table,
                                           struct ArrowArrayStream *out_stream)
{
    MLSD__REQUIRE(out_stream != NULL, "the output pointer is NULL");
    *out_stream = (struct ArrowArrayStream){0};
    MLSD__REQUIRE_LIVE(table, MLSD__MAGIC_TABLE, "table");
    const mlsd__allocator *const a = &table->allocator;
    stream_private *const p = mlsd__alloc(a, 1, sizeof *p);
    if (p == NULL) return MLSD_E_NOMEM;
    p->allocator = *a;
    const mlsd_status status = mlsd__table_share(table, &p->table);
    if (status != MLSD_OK) {
        mlsd__free(a, p);
        return status;
    }
    *out_stream = (struct ArrowArrayStream){.get_schema = stream_get_schema,
                                            .get_next = stream_get_next,
                                            .get_last_error = stream_get_last_error,
                                            .release = stream_release,
                                            .private_data = p};
    return MLSD_OK;
}
