/* table.c - tables: names over shared columns; filling them, reading them, taking rows.
 *
 * Columns themselves are in column.c, files in csv_*.c, statistics in describe.c. Invariant: names
 * are distinct, not empty and UTF-8, and every column has n_rows values. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/handle.h"
#include "base/scope.h"
#include "base/text.h"
#include "data/matrix_view.h"
#include "data/table_impl.h"

static const size_t value_sizes[] = {
    [MLSD_COLUMN_F64] = sizeof(double),
    [MLSD_COLUMN_I64] = sizeof(int64_t),
    [MLSD_COLUMN_CATEGORY] = sizeof(int32_t),
};

mlsd_status mlsd__table_new(const mlsd__allocator *a, mlsd_table **out)
{
    *out = NULL;
    mlsd_table *const table = mlsd__alloc(a, 1, sizeof *table);
    if (table == NULL) return MLSD_E_NOMEM;
    table->magic = MLSD__MAGIC_TABLE;
    table->allocator = *a;
    *out = table;
    return MLSD_OK;
}

mlsd_status mlsd_table_new(const mlsd_context *context, mlsd_table **out)
{
    MLSD__REQUIRE(out != NULL, "the output pointer is NULL");
    *out = NULL;
    if (context != NULL) MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    return mlsd__table_new(mlsd__context_allocator(context), out);
}

void mlsd_table_free(mlsd_table *table)
{
    if (!MLSD__IS_LIVE(table, MLSD__MAGIC_TABLE)) return;
    const mlsd__allocator a = table->allocator;
    for (int64_t i = 0; i < table->n_columns; i++) {
        mlsd__free(&a, table->names[i]);
        mlsd__column_release(table->columns[i]);
    }
    mlsd__free(&a, table->names);
    mlsd__free(&a, table->columns);
    mlsd__free(&a, table->notes);
    table->magic = MLSD__DEAD_MAGIC;
    mlsd__free(&a, table);
}

static int64_t find_name(const mlsd_table *t, const char *name)
{
    for (int64_t i = 0; i < t->n_columns; i++) {
        if (strcmp(t->names[i], name) == 0) return i;
    }
    return -1;
}

static mlsd_status check_fit(const mlsd_table *t, const char *name, int64_t n)
{
    if (t->n_columns == 0 || n == t->n_rows) return MLSD_OK;
    return mlsd__fail(MLSD_E_SHAPE, "column '%s' has %lld values, the table has %lld rows", name,
                      (long long)n, (long long)t->n_rows);
}

static mlsd_status make_room(mlsd_table *t)
{
    const int64_t needed = t->n_columns + 1;
    if (needed <= t->capacity) return MLSD_OK;
    int64_t for_names = t->capacity, for_columns = t->capacity;
    void *names = t->names, *columns = t->columns;
    mlsd_status status = mlsd__reserve(&t->allocator, &names, &for_names, needed, sizeof *t->names);
    t->names = names;
    if (status != MLSD_OK) return status;
    status = mlsd__reserve(&t->allocator, &columns, &for_columns, needed, sizeof *t->columns);
    t->columns = columns;
    if (status != MLSD_OK) return status;
    t->capacity = for_names < for_columns ? for_names : for_columns;
    return MLSD_OK;
}

mlsd_status mlsd__table_append_column(mlsd_table *t, const char *name, mlsd__column *column)
{
    char *copy = NULL;
    mlsd_status status = check_fit(t, name, column->n);
    if (status == MLSD_OK) status = make_room(t);
    if (status == MLSD_OK) {
        copy = mlsd__strdup(&t->allocator, name);
        if (copy == NULL) status = MLSD_E_NOMEM;
    }
    if (status != MLSD_OK) {
        mlsd__column_release(column);
        return status;
    }
    t->names[t->n_columns] = copy;
    t->columns[t->n_columns] = column;
    t->n_columns++;
    t->n_rows = column->n;
    return MLSD_OK;
}

mlsd_status mlsd__table_set_column(mlsd_table *t, const char *name, mlsd__column *column)
{
    const int64_t at = find_name(t, name);
    if (at < 0) return mlsd__table_append_column(t, name, column);
    const mlsd_status status = check_fit(t, name, column->n);
    if (status != MLSD_OK) {
        mlsd__column_release(column);
        return status;
    }
    mlsd__column_release(t->columns[at]);
    t->columns[at] = column;
    return MLSD_OK;
}

static mlsd_status check_name(const char *name)
{
    size_t bad;
    MLSD__REQUIRE(name != NULL, "the column's name is NULL");
    MLSD__REQUIRE(name[0] != '\0', "a column's name must not be empty");
    MLSD__REQUIRE(mlsd__utf8_valid(name, strlen(name), &bad),
                  "a column's name is not UTF-8 at byte %zu", bad + 1);
    return MLSD_OK;
}

static mlsd_status check_set(const mlsd_table *t, const char *name, const void *values, int64_t n)
{
    MLSD__REQUIRE_LIVE(t, MLSD__MAGIC_TABLE, "table");
    MLSD__TRY(check_name(name));
    MLSD__REQUIRE(n >= 0, "column '%s': the number of values must be >= 0, got %lld", name,
                  (long long)n);
    MLSD__REQUIRE(values != NULL || n == 0, "column '%s': the values are NULL", name);
    return check_fit(t, name, n);
}

static mlsd_status set_copy(mlsd_table *t, const char *name, mlsd_column_type type,
                            const void *values, int64_t n)
{
    MLSD__TRY(check_set(t, name, values, n));
    const mlsd__allocator *const a = &t->allocator;
    void *const owned = mlsd__alloc_raw(a, n, value_sizes[type]);
    if (owned == NULL) return MLSD_E_NOMEM;
    if (n > 0) memcpy(owned, values, (size_t)n * value_sizes[type]);
    mlsd__column *column;
    const mlsd_status status = mlsd__column_new(a, type, owned, n, &column);
    if (status != MLSD_OK) {
        mlsd__free(a, owned);
        return status;
    }
    return mlsd__table_set_column(t, name, column);
}

mlsd_status mlsd_table_set_f64(mlsd_table *table, const char *name, const double *values, int64_t n)
{
    return set_copy(table, name, MLSD_COLUMN_F64, values, n);
}

mlsd_status mlsd_table_set_i64(mlsd_table *table, const char *name, const int64_t *values,
                               int64_t n)
{
    return set_copy(table, name, MLSD_COLUMN_I64, values, n);
}

static mlsd_status intern_texts(const char *name, const char *const *values, int64_t n,
                                mlsd__dictionary *texts, int32_t *codes)
{
    for (int64_t i = 0; i < n; i++) {
        codes[i] = -1;
        if (values[i] == NULL) continue;
        size_t bad;
        const size_t length = strlen(values[i]);
        const int64_t n_before = mlsd__dictionary_count(texts);
        MLSD__TRY(mlsd__dictionary_intern(texts, values[i], length, &codes[i]));
        const bool is_new = mlsd__dictionary_count(texts) > n_before;
        if (is_new && !mlsd__utf8_valid(values[i], length, &bad))
            return mlsd__fail(MLSD_E_ARG,
                              "column '%s', row %lld: the text is not UTF-8 at byte %zu", name,
                              (long long)i, bad + 1);
    }
    return MLSD_OK;
}

mlsd_status mlsd_table_set_str(mlsd_table *table, const char *name, const char *const *values,
                               int64_t n)
{
    MLSD__TRY(check_set(table, name, values, n));
    const mlsd__allocator *const a = &table->allocator;
    mlsd__dictionary *texts = NULL;
    mlsd__column *column = NULL;
    mlsd_status status = MLSD_E_NOMEM;
    int32_t *codes = mlsd__alloc_raw(a, n, sizeof *codes);
    if (codes == NULL) goto out;
    if ((status = mlsd__dictionary_new(a, &texts)) != MLSD_OK) goto out;
    if ((status = intern_texts(name, values, n, texts, codes)) != MLSD_OK) goto out;
    if ((status = mlsd__column_new_sorted(a, codes, n, texts, &column)) != MLSD_OK) goto out;
    codes = NULL;
    status = mlsd__table_set_column(table, name, column);
out:
    mlsd__dictionary_free(texts);
    mlsd__free(a, codes);
    return status;
}

static mlsd_status check_matrix(const mlsd_matrix *m)
{
    MLSD__TRY(mlsd__matrix_check(m, "values"));
    if (m->cols == 0) return mlsd__fail(MLSD_E_SHAPE, "the matrix has no columns");
    return MLSD_OK;
}

static void copy_matrix_column(const mlsd_matrix *m, int64_t column, void *out)
{
    const int64_t start = column * m->col_stride, step = m->row_stride, n = m->rows;
    double *const numbers = out;
    int64_t *const integers = out;
    switch (m->dtype) {
    case MLSD_F32: {
        const float *const from = (const float *)m->data + start;
        for (int64_t i = 0; i < n; i++) numbers[i] = (double)from[i * step];
        break;
    }
    case MLSD_F64: {
        const double *const from = (const double *)m->data + start;
        for (int64_t i = 0; i < n; i++) numbers[i] = from[i * step];
        break;
    }
    case MLSD_I32: {
        const int32_t *const from = (const int32_t *)m->data + start;
        for (int64_t i = 0; i < n; i++) integers[i] = from[i * step];
        break;
    }
    default: {
        const int64_t *const from = (const int64_t *)m->data + start;
        for (int64_t i = 0; i < n; i++) integers[i] = from[i * step];
    }
    }
}

static mlsd_status append_matrix_column(mlsd_table *t, const mlsd_matrix *m, int64_t j,
                                        const char *name)
{
    const mlsd__allocator *const a = &t->allocator;
    const bool is_float = m->dtype == MLSD_F32 || m->dtype == MLSD_F64;
    const mlsd_column_type type = is_float ? MLSD_COLUMN_F64 : MLSD_COLUMN_I64;
    void *const owned = mlsd__alloc_raw(a, m->rows, value_sizes[type]);
    if (owned == NULL) return MLSD_E_NOMEM;
    if (m->rows > 0) copy_matrix_column(m, j, owned);
    mlsd__column *column;
    const mlsd_status status = mlsd__column_new(a, type, owned, m->rows, &column);
    if (status != MLSD_OK) {
        mlsd__free(a, owned);
        return status;
    }
    return mlsd__table_append_column(t, name, column);
}

/* The names are distinct and fit to be names. */
static mlsd_status check_names(const mlsd__allocator *a, const char *const *names, int64_t n)
{
    mlsd__dictionary *seen = NULL;
    mlsd_status status = mlsd__dictionary_new(a, &seen);
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        int32_t number = 0;
        status = check_name(names[i]);
        if (status == MLSD_OK)
            status = mlsd__dictionary_intern(seen, names[i], strlen(names[i]), &number);
        if (status == MLSD_OK && number < i)
            status = mlsd__fail(MLSD_E_ARG, "columns %lld and %lld are both called '%s'",
                                (long long)number, (long long)i, names[i]);
    }
    mlsd__dictionary_free(seen);
    return status;
}

mlsd_status mlsd_table_from_matrix(const mlsd_context *context, const mlsd_matrix *values,
                                   const char *const *names, mlsd_table **out)
{
    MLSD__REQUIRE(out != NULL, "the output pointer is NULL");
    *out = NULL;
    if (context != NULL) MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    MLSD__TRY(check_matrix(values));
    const mlsd__allocator *const a = mlsd__context_allocator(context);
    if (names != NULL) MLSD__TRY(check_names(a, names, values->cols));

    mlsd_table *table;
    MLSD__TRY(mlsd__table_new(a, &table));
    for (int64_t j = 0; j < values->cols; j++) {
        char numbered[32];
        snprintf(numbered, sizeof numbered, "x%lld", (long long)j);
        const mlsd_status status =
            append_matrix_column(table, values, j, names == NULL ? numbered : names[j]);
        if (status != MLSD_OK) {
            mlsd_table_free(table);
            return status;
        }
    }
    *out = table;
    return MLSD_OK;
}

int64_t mlsd_table_n_rows(const mlsd_table *table)
{
    return MLSD__IS_LIVE(table, MLSD__MAGIC_TABLE) ? table->n_rows : 0;
}

int64_t mlsd_table_n_columns(const mlsd_table *table)
{
    return MLSD__IS_LIVE(table, MLSD__MAGIC_TABLE) ? table->n_columns : 0;
}

static const mlsd__column *column_at(const mlsd_table *table, int64_t column)
{
    if (!MLSD__IS_LIVE(table, MLSD__MAGIC_TABLE)) return NULL;
    if (column < 0 || column >= table->n_columns) return NULL;
    return table->columns[column];
}

const char *mlsd_table_name(const mlsd_table *table, int64_t column)
{
    return column_at(table, column) == NULL ? NULL : table->names[column];
}

mlsd_column_type mlsd_table_type(const mlsd_table *table, int64_t column)
{
    const mlsd__column *const c = column_at(table, column);
    return c == NULL ? 0 : c->type;
}

static const char *name_at(const void *user, int64_t i)
{
    const mlsd_table *const table = user;
    return table->names[i];
}

/* No name is near: name the first columns, of which one may be meant. */
static mlsd_status fail_with_names(const mlsd_table *table, const char *name)
{
    enum { MOST_NAMES = 6 };
    char names[256];
    int n = 0;
    names[0] = '\0';
    for (int64_t i = 0; i < table->n_columns && i < MOST_NAMES; i++) {
        n += snprintf(names + n, sizeof names - (size_t)n, "%s'%.30s'", i > 0 ? ", " : "",
                      table->names[i]);
    }
    return mlsd__fail(MLSD_E_COLUMN, "no column '%s' in the table; it has %s%s", name,
                      n > 0 ? names : "none", table->n_columns > MOST_NAMES ? ", ..." : "");
}

mlsd_status mlsd_table_find(const mlsd_table *table, const char *name, int64_t *out)
{
    MLSD__REQUIRE(out != NULL, "the output pointer is NULL");
    *out = -1;
    MLSD__REQUIRE_LIVE(table, MLSD__MAGIC_TABLE, "table");
    MLSD__REQUIRE(name != NULL, "the column's name is NULL");
    *out = find_name(table, name);
    if (*out >= 0) return MLSD_OK;
    const char *const nearest = mlsd__nearest_name(name, name_at, table, table->n_columns);
    if (nearest == NULL) return fail_with_names(table, name);
    return mlsd__fail(MLSD_E_COLUMN, "no column '%s'; did you mean '%s'?", name, nearest);
}

static mlsd_status check_get(const mlsd_table *table, int64_t column, int64_t first, int64_t n,
                             const void *out)
{
    MLSD__REQUIRE_LIVE(table, MLSD__MAGIC_TABLE, "table");
    MLSD__REQUIRE(column >= 0 && column < table->n_columns, "no column %lld, the table has %lld",
                  (long long)column, (long long)table->n_columns);
    MLSD__REQUIRE(first >= 0 && n >= 0 && first <= table->n_rows && n <= table->n_rows - first,
                  "rows %lld and %lld more were asked for, the table has %lld", (long long)first,
                  (long long)n, (long long)table->n_rows);
    MLSD__REQUIRE(out != NULL || n == 0, "the output pointer is NULL");
    return MLSD_OK;
}

mlsd_status mlsd_table_get_f64(const mlsd_table *table, int64_t column, int64_t first, int64_t n,
                               double *out)
{
    MLSD__TRY(check_get(table, column, first, n, out));
    const mlsd__column *const c = table->columns[column];
    if (n == 0) return MLSD_OK;
    if (c->type == MLSD_COLUMN_F64) {
        memcpy(out, (const double *)c->values + first, (size_t)n * sizeof *out);
    } else if (c->type == MLSD_COLUMN_I64) {
        const int64_t *const from = (const int64_t *)c->values + first;
        for (int64_t i = 0; i < n; i++) out[i] = (double)from[i];
    } else {
        const int32_t *const from = (const int32_t *)c->values + first;
        for (int64_t i = 0; i < n; i++) out[i] = from[i] < 0 ? (double)NAN : from[i];
    }
    return MLSD_OK;
}

mlsd_status mlsd_table_get_i64(const mlsd_table *table, int64_t column, int64_t first, int64_t n,
                               int64_t *out)
{
    MLSD__TRY(check_get(table, column, first, n, out));
    const mlsd__column *const c = table->columns[column];
    if (c->type == MLSD_COLUMN_F64)
        return mlsd__fail(MLSD_E_TYPE, "column '%s' holds numbers, not whole numbers",
                          table->names[column]);
    if (n == 0) return MLSD_OK;
    if (c->type == MLSD_COLUMN_I64) {
        memcpy(out, (const int64_t *)c->values + first, (size_t)n * sizeof *out);
    } else {
        const int32_t *const from = (const int32_t *)c->values + first;
        for (int64_t i = 0; i < n; i++) out[i] = from[i];
    }
    return MLSD_OK;
}

int64_t mlsd_table_level_count(const mlsd_table *table, int64_t column)
{
    const mlsd__column *const c = column_at(table, column);
    return c == NULL ? 0 : c->n_levels;
}

const char *mlsd_table_level_at(const mlsd_table *table, int64_t column, int64_t code)
{
    const mlsd__column *const c = column_at(table, column);
    if (c == NULL || code < 0 || code >= c->n_levels) return NULL;
    return c->levels[code];
}

const char *mlsd_table_get_str(const mlsd_table *table, int64_t column, int64_t row)
{
    const mlsd__column *const c = column_at(table, column);
    if (c == NULL || c->type != MLSD_COLUMN_CATEGORY || row < 0 || row >= c->n) return NULL;
    return mlsd_table_level_at(table, column, ((const int32_t *)c->values)[row]);
}

static mlsd_status copy_notes(const mlsd_table *from, mlsd_table *to)
{
    if (from->notes == NULL) return MLSD_OK;
    to->notes = mlsd__strdup(&to->allocator, from->notes);
    return to->notes == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

mlsd_status mlsd__table_share(const mlsd_table *t, mlsd_table **out)
{
    *out = NULL;
    mlsd_table *copy;
    MLSD__TRY(mlsd__table_new(&t->allocator, &copy));
    copy->n_rows = t->n_rows;
    mlsd_status status = copy_notes(t, copy);
    for (int64_t i = 0; status == MLSD_OK && i < t->n_columns; i++)
        status = mlsd__table_append_column(copy, t->names[i], mlsd__column_retain(t->columns[i]));
    if (status != MLSD_OK) {
        mlsd_table_free(copy);
        return status;
    }
    *out = copy;
    return MLSD_OK;
}

static void gather(const mlsd__column *c, const int64_t *rows, int64_t n, void *out)
{
    const size_t size = value_sizes[c->type];
    const char *const from = c->values;
    char *const to = out;
    if (size == sizeof(int32_t)) {
        for (int64_t i = 0; i < n; i++) memcpy(to + 4 * i, from + 4 * rows[i], 4);
    } else {
        for (int64_t i = 0; i < n; i++) memcpy(to + 8 * i, from + 8 * rows[i], 8);
    }
}

static mlsd_status column_rows(const mlsd__column *c, const int64_t *rows, int64_t n,
                               mlsd__column **out)
{
    const mlsd__allocator *const a = &c->allocator;
    void *const owned = mlsd__alloc_raw(a, n, value_sizes[c->type]);
    if (owned == NULL) return MLSD_E_NOMEM;
    gather(c, rows, n, owned);
    const mlsd_status status = mlsd__column_new(a, c->type, owned, n, out);
    if (status != MLSD_OK) {
        mlsd__free(a, owned);
        return status;
    }
    if (c->type == MLSD_COLUMN_CATEGORY) {
        (*out)->levels = c->levels;
        (*out)->n_levels = c->n_levels;
        (*out)->levels_of = mlsd__column_retain(c->levels_of != NULL ? c->levels_of : c);
    }
    return MLSD_OK;
}

mlsd_status mlsd__table_rows(const mlsd_table *t, const int64_t *rows, int64_t n, mlsd_table **out)
{
    *out = NULL;
    mlsd_table *copy;
    MLSD__TRY(mlsd__table_new(&t->allocator, &copy));
    mlsd_status status = copy_notes(t, copy);
    for (int64_t i = 0; status == MLSD_OK && i < t->n_columns; i++) {
        mlsd__column *column;
        status = column_rows(t->columns[i], rows, n, &column);
        if (status == MLSD_OK) status = mlsd__table_append_column(copy, t->names[i], column);
    }
    if (status != MLSD_OK) {
        mlsd_table_free(copy);
        return status;
    }
    *out = copy;
    return MLSD_OK;
}
