/* curve_read.c - curves out of tables: our own, and what other programs log. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/handle.h"
#include "base/scope.h"
#include "base/text.h"
#include "curve/curve_impl.h"
#include "data/table_impl.h"

enum { NAME_CAPACITY = 128 };

static const char *const X_NAMES[] = {"step",  "epoch", "iteration", "iter", "n_iter",
                                      "round", "x",     "seconds",   "rows"};

/* Lower-case ASCII without spaces at the ends; cut where it is too long. */
static void simplify(const char *name, char out[NAME_CAPACITY])
{
    size_t n = strlen(name);
    while (n > 0 && name[0] == ' ') name++, n--;
    while (n > 0 && name[n - 1] == ' ') n--;
    if (n >= NAME_CAPACITY) n = NAME_CAPACITY - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    out[n] = '\0';
}

/* The column of that (simplified) name; -1 without. */
static int64_t find_column(const mlsd_table *table, const char *wanted)
{
    char name[NAME_CAPACITY];
    for (int64_t j = 0; j < table->n_columns; j++) {
        simplify(table->names[j], name);
        if (strcmp(name, wanted) == 0) return j;
    }
    return -1;
}

static int64_t find_x(const mlsd_table *table, const char **out_name)
{
    *out_name = "step";
    for (size_t i = 0; i < sizeof X_NAMES / sizeof *X_NAMES; i++) {
        const int64_t j = find_column(table, X_NAMES[i]);
        if (j < 0 || table->columns[j]->type == MLSD_COLUMN_CATEGORY) continue;
        *out_name = X_NAMES[i];
        return j;
    }
    return -1;
}

/* Numbers of a column, the number of the row where there is none (j < 0); mlsd__free them. */
static mlsd_status read_column(const mlsd_table *table, const mlsd__allocator *a, int64_t j,
                               double **out)
{
    const int64_t n = table->n_rows;
    *out = mlsd__alloc(a, n, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) (*out)[i] = (double)i;
    return j >= 0 && n > 0 ? mlsd_table_get_f64(table, j, 0, n, *out) : MLSD_OK;
}

/* ---- names of columns ---- */

typedef struct series_name {
    char metric[NAME_CAPACITY], set[NAME_CAPACITY];
    int64_t fold, repeat;
} series_name;

/* Take " word 3" off the end of a name. */
static int64_t take_number(char *name, const char *word, int64_t without)
{
    char *const found = strrchr(name, ' ');
    int64_t number = 0;
    const size_t length = strlen(word);
    if (found == NULL || !mlsd__parse_int64(found + 1, strlen(found + 1), &number) || number < 0)
        return without;
    const size_t before = (size_t)(found - name);
    if (before < length + 2 || strncmp(found - length, word, length) != 0 ||
        found[-(ptrdiff_t)length - 1] != ' ')
        return without;
    found[-(ptrdiff_t)length - 1] = '\0';
    return number;
}

static const struct {
    const char *word, *set;
} SETS[] = {{"training", "train"}, {"train", "train"},     {"validation", "valid"},
            {"valid", "valid"},    {"val", "valid"},       {"eval", "eval"},
            {"test", "test"},      {"holdout", "holdout"}, {"dev", "dev"}};

/* "val_loss", "train-accuracy", "Validation": what other programs call them. */
static bool parse_foreign(const char *name, series_name *out)
{
    char simple[NAME_CAPACITY];
    simplify(name, simple);
    for (size_t i = 0; i < sizeof SETS / sizeof *SETS; i++) {
        const size_t length = strlen(SETS[i].word);
        if (strncmp(simple, SETS[i].word, length) != 0) continue;
        const char *rest = simple + length;
        if (*rest != '\0' && strchr("_-/. ", *rest) == NULL) continue;
        if (*rest != '\0') rest++;
        strcpy(out->set, SETS[i].set);
        strcpy(out->metric, *rest != '\0' ? rest : "loss");
        return strchr(out->metric, '/') == NULL;
    }
    if (strcmp(simple, "loss") != 0 && strcmp(simple, "accuracy") != 0) return false;
    strcpy(out->metric, simple);
    strcpy(out->set, "train");
    return true;
}

static void parse_name(const char *column, series_name *out)
{
    char name[NAME_CAPACITY];
    const size_t n = strlen(column) < NAME_CAPACITY ? strlen(column) : NAME_CAPACITY - 1;
    memcpy(name, column, n);
    name[n] = '\0';
    out->repeat = take_number(name, "repeat", 0);
    out->fold = take_number(name, "fold", -1);
    if (parse_foreign(name, out)) return;
    const char *const slash = strchr(name, '/');
    const bool has_metric = slash != NULL && slash != name && slash[1] != '\0';
    const size_t n_metric = has_metric ? (size_t)(slash - name) : 0;
    memcpy(out->metric, has_metric ? name : "loss", has_metric ? n_metric : sizeof "loss");
    if (has_metric) out->metric[n_metric] = '\0';
    strcpy(out->set, has_metric ? slash + 1 : name);
}

/* ---- wide ---- */

/* Keep what are points: NaN only where the series ends with them and has no other. */
static int64_t keep_points(const double *x, const double *values, int64_t n, mlsd__curve_point *out)
{
    int64_t first = 0, n_points = 0, end = n;
    while (first < n && isnan(values[first])) first++;
    while (end > first && isnan(values[end - 1])) end--;
    bool has_gap = first > 0;
    for (int64_t i = first; i < end; i++) has_gap = has_gap || isnan(values[i]);
    if (!has_gap) end = n;
    for (int64_t i = first; i < end; i++)
        if (isfinite(x[i]) && !(has_gap && isnan(values[i])))
            out[n_points++] = (mlsd__curve_point){x[i], values[i]};
    return n_points;
}

static mlsd_status read_wide_column(mlsd_curve *curve, const mlsd_table *table, int64_t j,
                                    const double *x)
{
    const mlsd__allocator *const a = &curve->allocator;
    series_name name;
    double *values = NULL;
    int64_t series = 0;
    parse_name(table->names[j], &name);
    MLSD__TRY(mlsd_curve_series(curve, name.metric, name.set, name.fold, name.repeat, &series));
    mlsd__curve_point *const points = mlsd__alloc(a, table->n_rows, sizeof *points);
    mlsd_status status = points != NULL ? read_column(table, a, j, &values) : MLSD_E_NOMEM;
    if (status == MLSD_OK)
        status = mlsd__curve_put_all(curve, &curve->series[series], points,
                                     keep_points(x, values, table->n_rows, points));
    mlsd__free(a, values);
    mlsd__free(a, points);
    return status;
}

static mlsd_status read_wide(mlsd_curve *curve, const mlsd_table *table)
{
    const char *x_name = NULL;
    const int64_t x_column = find_x(table, &x_name);
    double *x = NULL;
    MLSD__TRY(mlsd_curve_set_x(curve, x_name));
    mlsd_status status = read_column(table, &curve->allocator, x_column, &x);
    for (int64_t j = 0; status == MLSD_OK && j < table->n_columns; j++)
        if (j != x_column && table->columns[j]->type != MLSD_COLUMN_CATEGORY)
            status = read_wide_column(curve, table, j, x);
    mlsd__free(&curve->allocator, x);
    return status;
}

/* ---- long ---- */

typedef struct long_numbers {
    double *x, *value, *fold, *repeat;
} long_numbers;

static mlsd_status read_long_row(mlsd_curve *curve, const mlsd_table *table, const int64_t texts[2],
                                 const long_numbers *c, int64_t i)
{
    const char *const metric = texts[0] >= 0 ? mlsd_table_get_str(table, texts[0], i) : "loss";
    const char *const set = mlsd_table_get_str(table, texts[1], i);
    if (metric == NULL || set == NULL || !isfinite(c->x[i])) return MLSD_OK;
    const double fold = c->fold != NULL && c->fold[i] >= 0.0 ? c->fold[i] : -1.0;
    const double repeat = c->repeat != NULL && c->repeat[i] > 0.0 ? c->repeat[i] : 0.0;
    int64_t series = 0;
    MLSD__REQUIRE(fold < 0x1p53 && repeat < 0x1p53, "a fold or repeat of row %lld is too large",
                  (long long)i);
    MLSD__TRY(mlsd_curve_series(curve, metric, set, (int64_t)fold, (int64_t)repeat, &series));
    return mlsd__curve_put(curve, &curve->series[series], c->x[i], c->value[i]);
}

static mlsd_status read_long(mlsd_curve *curve, const mlsd_table *table, int64_t value)
{
    const mlsd__allocator *const a = &curve->allocator;
    const char *x_name = NULL;
    const int64_t x = find_x(table, &x_name), fold = find_column(table, "fold"),
                  repeat = find_column(table, "repeat");
    const int64_t texts[2] = {find_column(table, "metric"), find_column(table, "set")};
    long_numbers c = {0};
    MLSD__TRY(mlsd_curve_set_x(curve, x_name));
    mlsd_status status = read_column(table, a, x, &c.x);
    if (status == MLSD_OK) status = read_column(table, a, value, &c.value);
    if (status == MLSD_OK && fold >= 0) status = read_column(table, a, fold, &c.fold);
    if (status == MLSD_OK && repeat >= 0) status = read_column(table, a, repeat, &c.repeat);
    for (int64_t i = 0; status == MLSD_OK && i < table->n_rows; i++)
        status = read_long_row(curve, table, texts, &c, i);
    mlsd__free(a, c.x);
    mlsd__free(a, c.value);
    mlsd__free(a, c.fold);
    mlsd__free(a, c.repeat);
    return status;
}

mlsd_status mlsd_curve_from_table(const mlsd_context *context, const mlsd_table *table,
                                  mlsd_curve **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(table, MLSD__MAGIC_TABLE, "table");
    mlsd_curve *curve = NULL;
    MLSD__TRY(mlsd_curve_new(context, NULL, &curve));
    const int64_t value = find_column(table, "value"), set = find_column(table, "set");
    const bool is_long =
        value >= 0 && set >= 0 && table->columns[set]->type == MLSD_COLUMN_CATEGORY;
    mlsd_status status = is_long ? read_long(curve, table, value) : read_wide(curve, table);
    if (status == MLSD_OK && curve->n_series == 0)
        status = mlsd__fail(MLSD_E_DATA,
                            "the table has no column of losses: it needs columns such as step, "
                            "train and valid");
    if (status == MLSD_OK)
        *out = curve;
    else
        mlsd_curve_free(curve);
    return status;
}

mlsd_status mlsd_curve_read_csv(const mlsd_context *context, const char *path, mlsd_curve **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    mlsd_table *table = NULL;
    MLSD__TRY(mlsd_table_read_csv(context, path, NULL, &table));
    const mlsd_status status = mlsd_curve_from_table(context, table, out);
    mlsd_table_free(table);
    return status;
}
