/* result_json.c - a result as JSON: kind, verdict, numbers, texts, tables as arrays of objects (a
 * row a line, so that two results can be compared with diff), names of models, and "timings" last,
 * which holds everything that differs from run to run and nothing else. The same result gives the
 * same bytes. */
#include <string.h>

#include "base/file.h"
#include "base/handle.h"
#include "base/text.h"
#include "data/table_impl.h"
#include "validate/result_impl.h"

static void put_cell(mlsd__text *t, const mlsd__column *column, int64_t row)
{
    if (column->type == MLSD_COLUMN_F64) {
        mlsd__text_json_double(t, ((const double *)column->values)[row]);
    } else if (column->type == MLSD_COLUMN_I64) {
        mlsd__text_format(t, "%lld", (long long)((const int64_t *)column->values)[row]);
    } else {
        const int32_t code = ((const int32_t *)column->values)[row];
        if (code < 0) {
            mlsd__text_append(t, "null");
        } else {
            mlsd__text_json_string(t, column->levels[code]);
        }
    }
}

static void put_table(mlsd__text *t, const mlsd_table *table)
{
    mlsd__text_append(t, "[");
    for (int64_t row = 0; row < table->n_rows; row++) {
        mlsd__text_append(t, row > 0 ? ",\n      {" : "\n      {");
        for (int64_t j = 0; j < table->n_columns; j++) {
            if (j > 0) mlsd__text_append(t, ", ");
            mlsd__text_json_string(t, table->names[j]);
            mlsd__text_append(t, ": ");
            put_cell(t, table->columns[j], row);
        }
        mlsd__text_append(t, "}");
    }
    mlsd__text_append(t, table->n_rows > 0 ? "\n    ]" : "]");
}

static void put_value(mlsd__text *t, const mlsd__entry *e)
{
    if (e->type == MLSD__ENTRY_NUMBER) mlsd__text_json_double(t, e->number);
    if (e->type == MLSD__ENTRY_TEXT) mlsd__text_json_string(t, e->text);
    if (e->type == MLSD__ENTRY_TABLE) put_table(t, e->table);
}

/* One object with the entries of a type (0: any that has a value), timings or not. */
static void put_group(mlsd__text *t, const mlsd_result *r, const char *key, mlsd__entry_type type,
                      bool timing)
{
    mlsd__text_append(t, ",\n  ");
    mlsd__text_json_string(t, key);
    mlsd__text_append(t, ": {");
    int64_t n = 0;
    for (int64_t i = 0; i < r->n_entries; i++) {
        const mlsd__entry *e = &r->entries[i];
        if (e->timing != timing || e->type == MLSD__ENTRY_MODEL) continue;
        if (type != 0 && e->type != type) continue;
        mlsd__text_append(t, n++ > 0 ? ",\n    " : "\n    ");
        mlsd__text_json_string(t, e->name + (timing ? strlen(MLSD__TIMINGS_PREFIX) : 0));
        mlsd__text_append(t, ": ");
        put_value(t, e);
    }
    mlsd__text_append(t, n > 0 ? "\n  }" : "}");
}

static void put_models(mlsd__text *t, const mlsd_result *r)
{
    mlsd__text_append(t, ",\n  \"models\": [");
    int64_t n = 0;
    for (int64_t i = 0; i < r->n_entries; i++) {
        if (r->entries[i].type != MLSD__ENTRY_MODEL) continue;
        if (n++ > 0) mlsd__text_append(t, ", ");
        mlsd__text_json_string(t, r->entries[i].name);
    }
    mlsd__text_append(t, "]");
}

static void put_result(mlsd__text *t, const mlsd_result *r)
{
    mlsd__text_append(t, "{\n  \"kind\": ");
    mlsd__text_json_string(t, r->kind);
    mlsd__text_append(t, ",\n  \"verdict\": ");
    mlsd__text_json_string(t, mlsd_result_verdict(r));
    put_group(t, r, "numbers", MLSD__ENTRY_NUMBER, false);
    put_group(t, r, "texts", MLSD__ENTRY_TEXT, false);
    put_group(t, r, "tables", MLSD__ENTRY_TABLE, false);
    put_models(t, r);
    put_group(t, r, "timings", 0, true);
    mlsd__text_append(t, "\n}\n");
}

mlsd_status mlsd_result_to_json(const mlsd_result *result, char *buf, int64_t capacity,
                                int64_t *out_length)
{
    MLSD__REQUIRE_LIVE(result, MLSD__MAGIC_RESULT, "result");
    mlsd__text t;
    mlsd__text_init(&t, &result->allocator);
    put_result(&t, result);
    mlsd_status status = t.status;
    if (status == MLSD_OK) status = mlsd__text_to_buffer(&t, buf, capacity, out_length);
    mlsd__text_free(&t);
    return status;
}

mlsd_status mlsd_result_save(const mlsd_result *result, const char *path)
{
    MLSD__REQUIRE_LIVE(result, MLSD__MAGIC_RESULT, "result");
    MLSD__REQUIRE(path != NULL, "the path is NULL");
    mlsd__text t;
    mlsd__text_init(&t, &result->allocator);
    put_result(&t, result);
    mlsd_status status = t.status;
    if (status == MLSD_OK) {
        status = mlsd__file_write(&result->allocator, path, t.data, (size_t)t.length);
    }
    mlsd__text_free(&t);
    return status;
}
