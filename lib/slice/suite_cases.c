/* suite_cases.c - files of cases: the table, the line of each row, cells as text, and names of
 * cases that last from one version of the file to the next. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "slice/suite_impl.h"

/* The line that each row of a CSV text begins at. The text is known to be well formed: the table
 * was read from it. Quotes open fields only; rows of nothing but blanks are none (csv_scan.c). */
static void find_lines(const char *text, size_t size, int64_t *lines, int64_t n_rows)
{
    const char *p = text, *const end = text + size;
    int64_t line = 1, row = -1; /* the first is the header */
    while (p < end && row < n_rows) {
        const int64_t first_line = line;
        bool is_blank = true, is_field_start = true, is_quoted = false;
        for (; p < end; p++) {
            if (is_quoted) {
                is_quoted = *p != '"';
            } else if (*p == '\n') {
                break;
            } else if (*p == '"' && is_field_start) {
                is_quoted = true;
            }
            is_field_start = *p == ',';
            is_blank = is_blank && (*p == ' ' || *p == '\t' || *p == '\r');
            line += *p == '\n';
        }
        line++;
        p++;
        if (is_blank) continue;
        if (row >= 0) lines[row] = first_line;
        row++;
    }
}

static mlsd_status read_lines(mlsd_suite *s, mlsd__suite_file *file)
{
    mlsd__map map;
    const int64_t n = mlsd_table_n_rows(file->table);
    file->lines = mlsd__suite_alloc(s, n, sizeof *file->lines);
    if (file->lines == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__map_open(&map, file->path));
    find_lines(map.data == NULL ? "" : map.data, map.size, file->lines, n);
    mlsd__map_close(&map);
    return MLSD_OK;
}

/* The path of a file that the suite names. */
static const char *path_of(mlsd_suite *s, const char *name)
{
    const char *const slash = strrchr(s->path, '/');
    if (*name == '/' || slash == NULL) return mlsd__suite_text(s, name);
    const size_t length = (size_t)(slash - s->path) + 1;
    char *const out = mlsd__suite_alloc(s, (int64_t)(length + strlen(name) + 1), 1);
    if (out == NULL) return NULL;
    memcpy(out, s->path, length);
    memcpy(out + length, name, strlen(name) + 1);
    return out;
}

mlsd_status mlsd__suite_open_file(const mlsd_context *context, mlsd_suite *s, const char *name,
                                  mlsd__suite_file **out)
{
    for (int64_t i = 0; i < s->n_files; i++) {
        if (strcmp(s->files[i].name, name) != 0) continue;
        *out = &s->files[i];
        return MLSD_OK;
    }
    mlsd__suite_file *const file = &s->files[s->n_files];
    *file = (mlsd__suite_file){.name = name, .path = path_of(s, name)};
    if (file->path == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd_table_read_csv(context, file->path, NULL, &file->table));
    s->n_files++;
    MLSD__TRY(read_lines(s, file));
    *out = file;
    return MLSD_OK;
}

double mlsd__suite_cell_number(const mlsd_table *t, int64_t column, int64_t row)
{
    double value = NAN;
    if (mlsd_table_type(t, column) == MLSD_COLUMN_CATEGORY) return NAN;
    (void)mlsd_table_get_f64(t, column, row, 1, &value);
    return value;
}

const char *mlsd__suite_cell_text(const mlsd_table *t, int64_t column, int64_t row,
                                  char buffer[MLSD__NUMBER_CAPACITY])
{
    if (mlsd_table_type(t, column) == MLSD_COLUMN_CATEGORY)
        return mlsd_table_get_str(t, column, row);
    const double value = mlsd__suite_cell_number(t, column, row);
    if (isnan(value)) return NULL;
    mlsd__format_double(value, buffer);
    return buffer;
}

/* ---- names of cases ---- */

static void add_hash(const mlsd__suite_set *set, int64_t row, mlsd__text *t)
{
    char buffer[MLSD__NUMBER_CAPACITY];
    const mlsd_table *const table = set->file->table;
    uint64_t hash = 0;
    for (int64_t j = 0; j < mlsd_table_n_columns(table); j++) {
        const char *const name = mlsd_table_name(table, j);
        const char *const cell = mlsd__suite_cell_text(table, j, row, buffer);
        hash = mlsd__hash64(name, strlen(name) + 1, hash);
        hash =
            cell == NULL ? mlsd__hash64("", 0, hash) : mlsd__hash64(cell, strlen(cell) + 1, hash);
    }
    mlsd__text_format(t, "%016llx", (unsigned long long)hash);
}

/* `counts` says how often each name has been there, so that many equal rows cost little. */
static mlsd_status name_case(const mlsd__suite_set *set, int64_t row, mlsd__dictionary *seen,
                             int64_t *counts, mlsd__text *t)
{
    char buffer[MLSD__NUMBER_CAPACITY];
    if (set->id >= 0) {
        const char *const cell = mlsd__suite_cell_text(set->file->table, set->id, row, buffer);
        if (cell == NULL)
            return mlsd__suite_fail(set->file->path, set->file->lines[row], MLSD_E_DATA,
                                    "'%.60s' is empty, and it names the case",
                                    mlsd_table_name(set->file->table, set->id));
        mlsd__text_append(t, cell);
    } else {
        add_hash(set, row, t);
    }
    MLSD__TRY(t->status);
    const int64_t plain = t->length;
    int32_t number, first = -1;
    for (;;) {
        const int64_t n = mlsd__dictionary_count(seen);
        MLSD__TRY(mlsd__dictionary_intern(seen, t->data, (size_t)t->length, &number));
        if (number == n) return MLSD_OK;
        if (first < 0) first = number;
        t->length = plain;
        mlsd__text_format(t, "+%lld", (long long)++counts[first]);
        MLSD__TRY(t->status);
    }
}

static mlsd_status name_cases(const mlsd__allocator *a, const mlsd__suite_set *set,
                              mlsd__dictionary *seen, char **out)
{
    int64_t *const counts = mlsd__alloc(a, set->n_rows, sizeof *counts);
    mlsd_status status = counts == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; i < set->n_rows && status == MLSD_OK; i++) {
        mlsd__text t;
        mlsd__text_init(&t, a);
        status = name_case(set, set->rows[i], seen, counts, &t);
        if (status == MLSD_OK) {
            out[i] = t.data;
        } else {
            mlsd__text_free(&t);
        }
    }
    mlsd__free(a, counts);
    return status;
}

mlsd_status mlsd__case_keys(const mlsd__allocator *a, const mlsd__suite_set *set, char ***out)
{
    mlsd__dictionary *seen = NULL;
    *out = mlsd__alloc(a, set->n_rows, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__dictionary_new(a, &seen);
    if (status == MLSD_OK) status = name_cases(a, set, seen, *out);
    if (seen != NULL) mlsd__dictionary_free(seen);
    if (status == MLSD_OK) return status;
    mlsd__case_keys_free(a, set, *out);
    *out = NULL;
    return status;
}

void mlsd__case_keys_free(const mlsd__allocator *a, const mlsd__suite_set *set, char **keys)
{
    for (int64_t i = 0; keys != NULL && i < set->n_rows; i++) mlsd__free(a, keys[i]);
    mlsd__free(a, keys);
}
