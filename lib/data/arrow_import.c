/* arrow_import.c - Arrow record batches and streams become tables. Here is who owns what: an array
 * is the caller's until the table is complete, and is then kept by the columns that share its
 * buffers, or released at once when none does. What the buffers hold is read in arrow_column.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mlsd/arrow.h"
#include "base/fail.h"
#include "base/handle.h"
#include "base/text.h"
#include "data/arrow_column.h"

/* Digits and underscores that make a name distinct. */
enum { SUFFIX_CAPACITY = 32 };

/* Batches that become one table. */
typedef struct import_job {
    const struct ArrowSchema *schema;
    const struct ArrowArray *batches;
    int64_t n_batches;
    mlsd__arrow_keeper *keeper; /* NULL: nothing is kept, all is copied */
    mlsd__arrow_piece *pieces;  /* n_batches for each column */
    mlsd__dictionary *names;    /* distinct, one for each column */
    mlsd__column **columns;
} import_job;

static mlsd_status check_schema(const struct ArrowSchema *schema)
{
    if (schema->format == NULL || strcmp(schema->format, "+s") != 0)
        return mlsd__fail(MLSD_E_TYPE,
                          "the Arrow data have the format '%s'; a table is made of a struct ('+s')",
                          schema->format != NULL ? schema->format : "");
    if (schema->n_children < 0 || (schema->n_children > 0 && schema->children == NULL))
        return mlsd__fail(MLSD_E_DATA, "the Arrow schema is malformed: its children are missing");
    for (int64_t j = 0; j < schema->n_children; j++) {
        if (schema->children[j] == NULL)
            return mlsd__fail(MLSD_E_DATA, "the Arrow schema is malformed: child %lld is missing",
                              (long long)j);
    }
    return MLSD_OK;
}

/* A batch must fit the schema, and no row of it may be null as a whole. */
static mlsd_status check_batch(const struct ArrowSchema *schema, const struct ArrowArray *batch)
{
    int64_t end;
    if (batch->length < 0 || batch->offset < 0 ||
        __builtin_add_overflow(batch->offset, batch->length, &end))
        return mlsd__fail(MLSD_E_DATA, "the Arrow batch has the length %lld and the offset %lld",
                          (long long)batch->length, (long long)batch->offset);
    if (batch->n_children != schema->n_children || (batch->n_children > 0 && !batch->children))
        return mlsd__fail(MLSD_E_DATA, "the Arrow batch has %lld columns, its schema %lld",
                          (long long)batch->n_children, (long long)schema->n_children);
    const bool has_bitmap = batch->n_buffers > 0 && batch->buffers != NULL;
    const void *const bitmap = has_bitmap && batch->null_count != 0 ? batch->buffers[0] : NULL;
    for (int64_t i = 0; bitmap != NULL && i < batch->length; i++) {
        if (!mlsd__arrow_is_valid(bitmap, batch->offset + i))
            return mlsd__fail(MLSD_E_DATA, "row %lld of the Arrow batch is null as a whole",
                              (long long)i);
    }
    return MLSD_OK;
}

/* The rows of one column in one batch; the batch's offset adds to the column's own. */
static mlsd_status set_piece(const struct ArrowArray *batch, int64_t column, mlsd__arrow_piece *out)
{
    const struct ArrowArray *const child = batch->children[column];
    int64_t first, end;
    if (child == NULL || child->length < 0 || child->offset < 0 ||
        child->length < batch->offset + batch->length ||
        __builtin_add_overflow(child->offset, batch->offset, &first) ||
        __builtin_add_overflow(first, batch->length, &end))
        return mlsd__fail(MLSD_E_DATA,
                          "column %lld of the Arrow batch is missing or shorter than the batch of "
                          "%lld rows",
                          (long long)column, (long long)batch->length);
    *out = (mlsd__arrow_piece){.array = child, .first = first, .n = batch->length};
    return MLSD_OK;
}

static mlsd_status set_pieces(import_job *job)
{
    int64_t n_rows = 0;
    for (int64_t b = 0; b < job->n_batches; b++) {
        const struct ArrowArray *const batch = &job->batches[b];
        MLSD__TRY(check_batch(job->schema, batch));
        if (__builtin_add_overflow(n_rows, batch->length, &n_rows))
            return mlsd__fail(MLSD_E_DATA, "the Arrow batches have too many rows in all");
        for (int64_t j = 0; j < job->schema->n_children; j++)
            MLSD__TRY(set_piece(batch, j, &job->pieces[j * job->n_batches + b]));
    }
    return MLSD_OK;
}

/* `name`, or where that is taken or empty a name like it that is new. */
static mlsd_status add_distinct_name(const mlsd__allocator *a, mlsd__dictionary *names,
                                     const char *name, int64_t column)
{
    size_t bad;
    const size_t length = name != NULL ? strlen(name) : 0;
    if (!mlsd__utf8_valid(name, length, &bad))
        return mlsd__fail(MLSD_E_DATA, "the name of Arrow column %lld is not UTF-8",
                          (long long)column);
    int32_t id;
    if (length > 0 && mlsd__dictionary_find(names, name, length) < 0)
        return mlsd__dictionary_intern(names, name, length, &id);

    const int64_t capacity = (int64_t)length + SUFFIX_CAPACITY;
    char *const candidate = mlsd__alloc(a, capacity, 1);
    if (candidate == NULL) return MLSD_E_NOMEM;
    int n = 0;
    for (long long k = length > 0 ? 2 : column;; k++) {
        n = snprintf(candidate, (size_t)capacity, "%s_%lld", length > 0 ? name : "column", k);
        if (mlsd__dictionary_find(names, candidate, (size_t)n) < 0) break;
    }
    const mlsd_status status = mlsd__dictionary_intern(names, candidate, (size_t)n, &id);
    mlsd__free(a, candidate);
    return status;
}

static mlsd_status import_column(void *arg, int64_t j, mlsd__scope *scope)
{
    const import_job *const job = arg;
    return mlsd__arrow_column(
        scope, job->schema->children[j], mlsd__dictionary_at(job->names, j, NULL),
        &job->pieces[j * job->n_batches], job->n_batches, job->keeper, &job->columns[j]);
}

/* Hand the columns over to a new table. */
static mlsd_status make_table(const mlsd__allocator *a, import_job *job, mlsd_table **out)
{
    MLSD__TRY(mlsd__table_new(a, out));
    mlsd_status status = MLSD_OK;
    for (int64_t j = 0; j < job->schema->n_children && status == MLSD_OK; j++) {
        mlsd__column *const column = job->columns[j];
        job->columns[j] = NULL;
        status = mlsd__table_append_column(*out, mlsd__dictionary_at(job->names, j, NULL), column);
    }
    if (status == MLSD_OK) return MLSD_OK;
    mlsd_table_free(*out);
    *out = NULL;
    return status;
}

static mlsd_status import_batches(mlsd__scope *scope, import_job *job, mlsd_table **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = job->schema->n_children;
    int64_t n_pieces = 0;
    mlsd_status status = mlsd__mul_size(p, job->n_batches, &n_pieces);
    if (status != MLSD_OK) return status;
    job->pieces = mlsd__alloc(a, n_pieces, sizeof *job->pieces);
    job->columns = mlsd__alloc(a, p, sizeof *job->columns);
    status = MLSD_E_NOMEM;
    if (job->pieces == NULL || job->columns == NULL) goto out;

    status = set_pieces(job);
    if (status == MLSD_OK) status = mlsd__dictionary_new(a, &job->names);
    for (int64_t j = 0; j < p && status == MLSD_OK; j++)
        status = add_distinct_name(a, job->names, job->schema->children[j]->name, j);
    if (status == MLSD_OK) status = mlsd__parallel_for(scope, p, import_column, job);
    if (status == MLSD_OK) status = make_table(a, job, out);
out:
    for (int64_t j = 0; job->columns != NULL && j < p; j++) mlsd__column_release(job->columns[j]);
    mlsd__dictionary_free(job->names);
    mlsd__free(a, job->columns);
    mlsd__free(a, job->pieces);
    return status;
}

/* One batch: its buffers are kept where they can be. On success the array belongs to the keeper. */
static mlsd_status import_one(mlsd__scope *scope, const struct ArrowSchema *schema,
                              struct ArrowArray *array, mlsd_table **out)
{
    mlsd__arrow_keeper *keeper;
    MLSD__TRY(mlsd__arrow_keeper_new(scope->allocator, &keeper));
    import_job job = {.schema = schema, .batches = array, .n_batches = 1, .keeper = keeper};
    const mlsd_status status = import_batches(scope, &job, out);
    if (status == MLSD_OK) {
        keeper->array = *array;
        array->release = NULL;
    }
    mlsd__arrow_keeper_release(keeper);
    return status;
}

static void release_schema(struct ArrowSchema *schema)
{
    if (schema->release != NULL) schema->release(schema);
    schema->release = NULL;
}

mlsd_status mlsd_table_import_arrow(const mlsd_context *context, struct ArrowArray *array,
                                    struct ArrowSchema *schema, mlsd_table **out)
{
    MLSD__REQUIRE(out != NULL, "the output pointer is NULL");
    *out = NULL;
    MLSD__REQUIRE(array != NULL && array->release != NULL,
                  "the Arrow array is NULL or released already");
    MLSD__REQUIRE(schema != NULL && schema->release != NULL,
                  "the Arrow schema is NULL or released already");
    MLSD__TRY(check_schema(schema));

    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    const mlsd_status status = import_one(&scope, schema, array, out);
    if (status == MLSD_OK) release_schema(schema);
    mlsd__scope_close(&scope);
    return status;
}

static mlsd_status stream_failed(struct ArrowArrayStream *stream, const char *what, int code)
{
    if (code == ENOMEM) return mlsd__fail_nomem();
    const char *message = NULL;
    if (stream->get_last_error != NULL) message = stream->get_last_error(stream);
    if (message == NULL) message = "the producer does not say why";
    return mlsd__fail(MLSD_E_IO, "the Arrow stream gives no %s (error %d): %.*s", what, code,
                      (int)strcspn(message, "\r\n"), message);
}

/* Everything a stream brings, until it has become a table. */
typedef struct batch_list {
    struct ArrowSchema schema;
    struct ArrowArray *batches;
    int64_t n, capacity;
} batch_list;

static mlsd_status read_stream(mlsd__scope *scope, struct ArrowArrayStream *stream,
                               batch_list *list)
{
    int code = stream->get_schema(stream, &list->schema);
    if (code != 0) {
        list->schema.release = NULL;
        return stream_failed(stream, "schema", code);
    }
    MLSD__TRY(check_schema(&list->schema));
    for (;;) {
        MLSD__TRY(mlsd__checkpoint(scope));
        void *batches = list->batches;
        MLSD__TRY(mlsd__reserve(scope->allocator, &batches, &list->capacity, list->n + 1,
                                sizeof *list->batches));
        list->batches = batches;
        struct ArrowArray *const next = &list->batches[list->n];
        memset(next, 0, sizeof *next);
        code = stream->get_next(stream, next);
        if (code != 0) return stream_failed(stream, "next batch", code);
        if (next->release == NULL) return MLSD_OK;
        list->n++;
    }
}

static mlsd_status import_list(mlsd__scope *scope, batch_list *list, mlsd_table **out)
{
    if (list->n == 1) return import_one(scope, &list->schema, &list->batches[0], out);
    import_job job = {.schema = &list->schema, .batches = list->batches, .n_batches = list->n};
    return import_batches(scope, &job, out);
}

static void free_list(const mlsd__allocator *a, batch_list *list)
{
    for (int64_t i = 0; i < list->n; i++) {
        if (list->batches[i].release != NULL) list->batches[i].release(&list->batches[i]);
    }
    mlsd__free(a, list->batches);
    release_schema(&list->schema);
}

static mlsd_status import_stream(const mlsd_context *context, struct ArrowArrayStream *stream,
                                 mlsd_table **out)
{
    MLSD__REQUIRE(out != NULL, "the output pointer is NULL");
    *out = NULL;
    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    batch_list list = {0};
    mlsd_status status = read_stream(&scope, stream, &list);
    if (status == MLSD_OK) status = import_list(&scope, &list, out);
    free_list(scope.allocator, &list);
    mlsd__scope_close(&scope);
    return status;
}

mlsd_status mlsd_table_import_arrow_stream(const mlsd_context *context,
                                           struct ArrowArrayStream *stream, mlsd_table **out)
{
    if (out != NULL) *out = NULL;
    MLSD__REQUIRE(stream != NULL && stream->release != NULL,
                  "the Arrow stream is NULL or released already");
    const mlsd_status status = import_stream(context, stream, out);
    stream->release(stream);
    stream->release = NULL;
    return status;
}
