/* folds_csv.c - folds as CSV, for spreadsheets and other programs: a fold number a row (columns
 * row, fold) where that says all, otherwise a line for each row of each part (columns split, row,
 * part). Read are both, with columns in any order: `row` may be left out beside `fold`, `split`
 * beside `part`; parts have their names or numbers. Not kept by the long form: rows at the end that
 * are in no part. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/table_impl.h"
#include "split/folds_format.h"
#include "split/folds_lists.h"
#include "split/folds_walk.h"

/* ---- writing ---- */

/* The number of the split that tests a row; -1 for none. */
static mlsd_status write_numbers(mlsd__scope *scope, const mlsd_folds *f, mlsd__text *t)
{
    enum { STEP = 1 << 16 };
    const int32_t *const ids = f->form == MLSD__FOLDS_IDS ? f->ids : f->units; /* NULL: the row */
    mlsd__text_append(t, "row,fold\n");
    for (int64_t i = 0; i < f->n_rows; i++) {
        mlsd__text_whole(t, i);
        mlsd__text_append_n(t, ",", 1);
        mlsd__text_whole(t, ids != NULL ? ids[i] : i);
        mlsd__text_append_n(t, "\n", 1);
        if (i % STEP == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    return t->status;
}

static mlsd_status write_part(mlsd__scope *scope, const mlsd_folds *f, int64_t split, int64_t part,
                              mlsd__text *t)
{
    char name_buffer[MLSD__PART_NAME_CAPACITY];
    const char *const name = mlsd__part_name(part, f->n_parts, name_buffer);
    mlsd__fold_cursor cursor;
    MLSD__TRY(mlsd__fold_cursor_open(&cursor, f, split, part));
    mlsd_status status = MLSD_OK;
    for (int64_t n; status == MLSD_OK && (n = mlsd__fold_cursor_read(&cursor)) > 0;) {
        for (int64_t i = 0; i < n; i++) {
            if (f->n_splits > 1) {
                mlsd__text_whole(t, split);
                mlsd__text_append_n(t, ",", 1);
            }
            mlsd__text_whole(t, cursor.rows[i]);
            mlsd__text_append_n(t, ",", 1);
            mlsd__text_append(t, name);
            mlsd__text_append_n(t, "\n", 1);
        }
        status = t->status != MLSD_OK ? t->status : mlsd__checkpoint(scope);
    }
    mlsd__fold_cursor_close(&cursor);
    return status;
}

mlsd_status mlsd__folds_write_csv(mlsd__scope *scope, const mlsd_folds *f, mlsd__text *t)
{
    if (mlsd__folds_are_dealt(f) && mlsd__folds_n_dealt(f) == f->n_splits)
        return write_numbers(scope, f, t);
    mlsd__text_append(t, f->n_splits > 1 ? "split,row,part\n" : "row,part\n");
    for (int64_t k = 0; k < f->n_splits; k++)
        for (int64_t p = 0; p < f->n_parts; p++) MLSD__TRY(write_part(scope, f, k, p, t));
    return t->status;
}

/* ---- reading ---- */

/* A column by name, in any case of letters; NULL without. */
static const mlsd__column *find_column(const mlsd_table *t, const char *name)
{
    for (int64_t j = 0; j < t->n_columns; j++) {
        const char *const found = t->names[j];
        size_t k = 0;
        while (found[k] != '\0' && (found[k] | 0x20) == name[k]) k++;
        if (found[k] == '\0' && name[k] == '\0') return t->columns[j];
    }
    return NULL;
}

/* Lines of the file: the header is the first. */
static long long line_of(int64_t i)
{
    return (long long)i + 2;
}

/* Whole numbers of a column from `low` on. */
static mlsd_status read_whole(const mlsd__allocator *a, const mlsd__column *c, const char *name,
                              int64_t low, int64_t **out)
{
    *out = mlsd__alloc_raw(a, c->n, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < c->n; i++) {
        const bool is_missing =
            (c->type == MLSD_COLUMN_F64 && isnan(((const double *)c->values)[i])) ||
            (c->type == MLSD_COLUMN_CATEGORY && ((const int32_t *)c->values)[i] < 0);
        (*out)[i] = c->type == MLSD_COLUMN_I64 ? ((const int64_t *)c->values)[i] : low - 1;
        if (c->type == MLSD_COLUMN_F64 && !is_missing) {
            const double value = ((const double *)c->values)[i];
            if (value == floor(value) && fabs(value) < 9e15) (*out)[i] = (int64_t)value;
        }
        if ((*out)[i] >= low) continue;
        return mlsd__fail(MLSD_E_PARSE,
                          "line %lld has no whole number from %lld on in its column '%s'%s",
                          line_of(i), (long long)low, name, is_missing ? ": it is empty" : "");
    }
    return MLSD_OK;
}

static mlsd_status fail_empty(const char *name, int64_t i)
{
    return mlsd__fail(MLSD_E_PARSE,
                      "line %lld has nothing in its column '%s'; write -1 for a row that is never "
                      "tested",
                      line_of(i), name);
}

/* Fold numbers by line: numbers, or the places of texts, which are then sorted already. */
static mlsd_status read_folds(const mlsd__column *c, double *out)
{
    for (int64_t i = 0; i < c->n; i++) {
        if (c->type == MLSD_COLUMN_I64) {
            out[i] = (double)((const int64_t *)c->values)[i];
        } else if (c->type == MLSD_COLUMN_F64) {
            out[i] = ((const double *)c->values)[i];
            if (isnan(out[i])) return fail_empty("fold", i);
        } else {
            const int32_t code = ((const int32_t *)c->values)[i];
            if (code < 0) return fail_empty("fold", i);
            out[i] = strcmp(c->levels[code], "-1") == 0 ? -1 : (double)code;
        }
    }
    return MLSD_OK;
}

/* Put values of lines where their rows are; each row has one line. */
static mlsd_status place_by_row(const mlsd__allocator *a, const int64_t *rows, int64_t n,
                                double *values)
{
    double *const placed = mlsd__alloc_raw(a, n, sizeof *placed);
    if (placed == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < n; i++) placed[i] = NAN;
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        if (rows[i] >= n)
            status = mlsd__fail(MLSD_E_PARSE,
                                "line %lld speaks of row %lld, but the file has lines for %lld "
                                "rows, counted from 0",
                                line_of(i), (long long)rows[i], (long long)n);
        else if (!isnan(placed[rows[i]]))
            status = mlsd__fail(MLSD_E_PARSE, "line %lld gives row %lld a second fold", line_of(i),
                                (long long)rows[i]);
        else
            placed[rows[i]] = values[i];
    }
    if (status == MLSD_OK) memcpy(values, placed, (size_t)n * sizeof *values);
    mlsd__free(a, placed);
    return status;
}

static mlsd_status read_numbered(mlsd__scope *scope, const mlsd__column *fold,
                                 const mlsd__column *row, mlsd_folds **out)
{
    const mlsd__allocator *const a = scope->allocator;
    double *const values = mlsd__alloc_raw(a, fold->n, sizeof *values);
    int64_t *rows = NULL;
    mlsd_status status = values == NULL ? MLSD_E_NOMEM : read_folds(fold, values);
    if (status == MLSD_OK && row != NULL) status = read_whole(a, row, "row", 0, &rows);
    if (status == MLSD_OK && row != NULL) status = place_by_row(a, rows, fold->n, values);
    if (status == MLSD_OK) status = mlsd__folds_from_numbers(scope, values, fold->n, out);
    mlsd__free(a, rows);
    mlsd__free(a, values);
    return status;
}

/* Lines of the long form, sorted into lists. */
typedef struct long_form {
    int64_t n, n_rows, n_splits, n_parts;
    int64_t *splits, *parts, *rows; /* of each line */
    int64_t *starts, *sizes, *listed;
} long_form;

static const struct part_name {
    const char *name;
    int32_t part; /* LAST: the last part */
} part_names[] = {{"train", 0}, {"training", 0}, {"validation", 1}, {"valid", 1},
                  {"val", 1},   {"test", -1},    {"testing", -1}};
enum { LAST = -1 };

/* The number of a part called by that name; -2 for none. */
static int64_t find_part(const char *name)
{
    int64_t part = 0;
    for (size_t k = 0; k < sizeof part_names / sizeof *part_names; k++) {
        if (strcmp(part_names[k].name, name) == 0) return part_names[k].part;
    }
    const bool is_numbered = strncmp(name, "part", 4) == 0 &&
                             mlsd__parse_int64(name + 4, strlen(name + 4), &part) && part >= 1 &&
                             part < MLSD__TEXT_MOST_PARTS - 1;
    return is_numbered ? part : -2;
}

static mlsd_status name_parts(const mlsd__allocator *a, const mlsd__column *c, long_form *l)
{
    if (c->type != MLSD_COLUMN_CATEGORY) return read_whole(a, c, "part", 0, &l->parts);
    l->parts = mlsd__alloc_raw(a, c->n, sizeof *l->parts);
    if (l->parts == NULL) return MLSD_E_NOMEM;
    int64_t last = 0;
    bool has_last = false;
    for (int64_t i = 0; i < c->n; i++) {
        const int32_t code = ((const int32_t *)c->values)[i];
        const char *const name = code >= 0 ? c->levels[code] : "";
        l->parts[i] = find_part(name);
        if (l->parts[i] < LAST)
            return mlsd__fail(MLSD_E_PARSE,
                              "line %lld has '%.*s' in its column 'part', which knows train, "
                              "validation, test, part1, ..., or numbers from 0 on",
                              line_of(i), 40, name);
        if (l->parts[i] > last) last = l->parts[i];
        has_last = has_last || l->parts[i] == LAST;
    }
    for (int64_t i = 0; i < c->n; i++) {
        if (l->parts[i] == LAST) l->parts[i] = last + 1;
    }
    if (has_last || last > 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARSE, "no line has 'test' in its column 'part'");
}

/* Distinct numbers of splits in ascending order become 0, 1, ... */
static mlsd_status number_splits(const mlsd__allocator *a, const mlsd__column *c, long_form *l)
{
    if (c == NULL) {
        l->splits = mlsd__alloc(a, l->n, sizeof *l->splits);
        l->n_splits = 1;
        return l->splits == NULL ? MLSD_E_NOMEM : MLSD_OK;
    }
    MLSD__TRY(read_whole(a, c, "split", 0, &l->splits));
    int64_t most = 0;
    for (int64_t i = 0; i < l->n; i++) most = l->splits[i] > most ? l->splits[i] : most;
    if (most >= l->n)
        return mlsd__fail(MLSD_E_PARSE,
                          "the split %lld is more than %lld lines can hold; number splits from 0 "
                          "or 1 on",
                          (long long)most, (long long)l->n);
    int64_t *const places = mlsd__alloc(a, most + 1, sizeof *places);
    if (places == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < l->n; i++) places[l->splits[i]] = 1;
    for (int64_t k = 0; k <= most; k++) {
        const int64_t occurs = places[k];
        places[k] = l->n_splits;
        l->n_splits += occurs;
    }
    for (int64_t i = 0; i < l->n; i++) l->splits[i] = places[l->splits[i]];
    mlsd__free(a, places);
    return MLSD_OK;
}

/* Put the lines into their lists, in the order of the file. */
static mlsd_status sort_lines(const mlsd__allocator *a, long_form *l)
{
    for (int64_t i = 0; i < l->n; i++) {
        if (l->rows[i] >= l->n_rows) l->n_rows = l->rows[i] + 1;
        if (l->parts[i] >= l->n_parts) l->n_parts = l->parts[i] + 1;
    }
    if (l->n_parts < 2 || l->n_parts > MLSD__TEXT_MOST_PARTS)
        return mlsd__fail(MLSD_E_PARSE,
                          "the column 'part' has the parts 0 to %lld; 2 to %d parts can be read",
                          (long long)l->n_parts - 1, MLSD__TEXT_MOST_PARTS);
    int64_t n = 0;
    MLSD__TRY(mlsd__mul_size(l->n_splits, l->n_parts, &n));
    l->starts = mlsd__alloc(a, n + 1, sizeof *l->starts);
    l->sizes = mlsd__alloc(a, n, sizeof *l->sizes);
    l->listed = mlsd__alloc_raw(a, l->n, sizeof *l->listed);
    if (l->starts == NULL || l->sizes == NULL || l->listed == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < l->n; i++) l->starts[l->splits[i] * l->n_parts + l->parts[i] + 1]++;
    for (int64_t k = 0; k < n; k++) l->starts[k + 1] += l->starts[k];
    for (int64_t i = 0; i < l->n; i++) {
        const int64_t at = l->splits[i] * l->n_parts + l->parts[i];
        l->listed[l->starts[at] + l->sizes[at]++] = l->rows[i];
    }
    return MLSD_OK;
}

static mlsd_status read_long(mlsd__scope *scope, const mlsd_table *t, const mlsd__column *row,
                             const mlsd__column *part, mlsd_folds **out)
{
    const mlsd__allocator *const a = scope->allocator;
    long_form l = {.n = t->n_rows};
    mlsd_status status = read_whole(a, row, "row", 0, &l.rows);
    if (status == MLSD_OK) status = name_parts(a, part, &l);
    if (status == MLSD_OK) status = number_splits(a, find_column(t, "split"), &l);
    if (status == MLSD_OK) status = sort_lines(a, &l);
    if (status == MLSD_OK) {
        const mlsd__fold_lists lists = {.n_rows = l.n_rows,
                                        .n_splits = l.n_splits,
                                        .n_parts = l.n_parts,
                                        .starts = l.starts,
                                        .sizes = l.sizes,
                                        .rows = l.listed};
        status = mlsd__folds_from_lists(scope, &lists, out);
    }
    mlsd__free(a, l.listed);
    mlsd__free(a, l.sizes);
    mlsd__free(a, l.starts);
    mlsd__free(a, l.splits);
    mlsd__free(a, l.parts);
    mlsd__free(a, l.rows);
    return status;
}

/* A file that is no table at all is not told of the grammar of tables alone. */
static mlsd_status parse_table(const mlsd_context *context, const char *bytes, size_t size,
                               mlsd_table **out)
{
    const mlsd_status status = mlsd_table_parse_csv(context, bytes, size, NULL, out);
    if (status == MLSD_OK || status == MLSD_E_NOMEM || status == MLSD_E_CANCELLED) return status;
    char message[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(message);
    return mlsd__fail(
        status,
        "these are no folds as mlsd_folds_save and 'mlsd split --out' write them, and "
        "not a CSV file of them either: %s",
        message);
}

mlsd_status mlsd__folds_read_csv(const mlsd_context *context, const char *bytes, size_t size,
                                 mlsd_folds **out)
{
    mlsd_table *t = NULL;
    MLSD__TRY(parse_table(context, bytes, size, &t));
    const mlsd__column *const fold = find_column(t, "fold");
    const mlsd__column *const row = find_column(t, "row");
    const mlsd__column *const part = find_column(t, "part");
    mlsd__scope scope;
    mlsd_status status = mlsd__scope_open(&scope, context);
    if (status == MLSD_OK) {
        if (fold != NULL)
            status = read_numbered(&scope, fold, row, out);
        else if (row != NULL && part != NULL)
            status = read_long(&scope, t, row, part, out);
        else
            status =
                mlsd__fail(MLSD_E_PARSE,
                           "folds need a line '" MLSD__TEXT_FIRST_LINE
                           " %d' at the top, a column 'fold', or columns 'row' and 'part'; the "
                           "first of %lld column%s is '%.*s'",
                           MLSD__TEXT_VERSION, (long long)t->n_columns,
                           t->n_columns == 1 ? "" : "s", 40, t->names[0]);
        mlsd__scope_close(&scope);
    }
    mlsd_table_free(t);
    return status;
}
