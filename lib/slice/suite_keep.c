/* suite_keep.c - what a goal remembers: each case's outcome of the run that was kept last and of
 * the baseline, and a row for each run. Two small CSV files beside the suite, so that version
 * control shows what changed, and says when. Of the outcomes the smallest number of a run is the
 * baseline's. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/handle.h"
#include "base/text.h"
#include "slice/suite_impl.h"
#include "validate/result_impl.h"

const mlsd__row_column mlsd__outcome_columns[MLSD__N_OUTCOME_COLUMNS] = {
    {"set", MLSD_COLUMN_CATEGORY},  {"run", MLSD_COLUMN_I64},     {"what", MLSD_COLUMN_CATEGORY},
    {"case", MLSD_COLUMN_CATEGORY}, {"outcome", MLSD_COLUMN_F64},
};
static const mlsd__row_column history_columns[] = {
    {"run", MLSD_COLUMN_I64},  {"name", MLSD_COLUMN_CATEGORY}, {"set", MLSD_COLUMN_CATEGORY},
    {"n", MLSD_COLUMN_I64},    {"value", MLSD_COLUMN_F64},     {"low", MLSD_COLUMN_F64},
    {"high", MLSD_COLUMN_F64},
};

enum { MOST_RUNS = 1000000000 };

/* ---- reading ---- */

/* *out is NULL where the file is not there. Its columns are those given, in any order. */
static mlsd_status read_file(const mlsd_context *context, const char *path,
                             const mlsd__row_column *columns, int64_t n_columns, int64_t *positions,
                             mlsd_table **out)
{
    const char *texts[MLSD__COUNT(history_columns)];
    int64_t n_texts = 0;
    mlsd_spec *options = NULL;
    *out = NULL;
    if (access(path, F_OK) != 0) return MLSD_OK;
    for (int64_t j = 0; j < n_columns; j++) {
        if (columns[j].type == MLSD_COLUMN_CATEGORY) texts[n_texts++] = columns[j].name;
    }
    mlsd_status status = mlsd_spec_new(context, "csv", &options);
    if (status == MLSD_OK) status = mlsd_spec_set_str_list(options, "text_columns", texts, n_texts);
    if (status == MLSD_OK) status = mlsd_table_read_csv(context, path, options, out);
    mlsd_spec_free(options);
    for (int64_t j = 0; j < n_columns && status == MLSD_OK; j++) {
        status = mlsd_table_find(*out, columns[j].name, &positions[j]);
        if (status != MLSD_OK) {
            status = mlsd__suite_refail(path, 1, status);
            break;
        }
        const bool is_text = mlsd_table_type(*out, positions[j]) == MLSD_COLUMN_CATEGORY;
        if (is_text && columns[j].type != MLSD_COLUMN_CATEGORY)
            status =
                mlsd__suite_fail(path, 1, MLSD_E_TYPE, "'%s' must hold numbers", columns[j].name);
    }
    return status;
}

static mlsd__suite_set *find_set(mlsd_suite *s, const char *name)
{
    for (int64_t k = 0; name != NULL && k < s->n_sets; k++) {
        if (s->sets[k].role->run == mlsd__suite_run_goal && strcmp(s->sets[k].name, name) == 0)
            return &s->sets[k];
    }
    return NULL;
}

/* How many rows of the table are the set's. */
static int64_t count_rows(const mlsd_table *t, int64_t column, const char *name)
{
    int64_t n = 0;
    for (int64_t i = 0; i < mlsd_table_n_rows(t); i++) {
        const char *const cell = mlsd_table_get_str(t, column, i);
        n += cell != NULL && strcmp(cell, name) == 0;
    }
    return n;
}

/* Room for n rows of a run. */
static mlsd_status make_kept(mlsd_suite *s, int64_t n, mlsd__suite_kept *out)
{
    out->whats = mlsd__suite_alloc(s, n, sizeof *out->whats);
    out->keys = mlsd__suite_alloc(s, n, sizeof *out->keys);
    out->outcomes = mlsd__suite_alloc(s, n, sizeof *out->outcomes);
    return out->whats == NULL || out->keys == NULL || out->outcomes == NULL ? MLSD_E_NOMEM
                                                                            : MLSD_OK;
}

/* The first and the last run of each set that the file has, and room for their rows. */
static mlsd_status find_kept_runs(mlsd_suite *s, const mlsd_table *t, const int64_t *at)
{
    for (int64_t i = 0; i < mlsd_table_n_rows(t); i++) {
        mlsd__suite_set *const set = find_set(s, mlsd_table_get_str(t, at[0], i));
        const double run = mlsd__suite_cell_number(t, at[1], i);
        if (!(run >= 1 && run < MOST_RUNS && run == floor(run)))
            return mlsd__suite_fail(s->last_path, 0, MLSD_E_DATA, "row %lld has no number of a run",
                                    (long long)i + 1);
        if ((int64_t)run > s->n_runs) s->n_runs = (int64_t)run;
        s->has_others |= set == NULL;
        if (set == NULL) continue;
        if (set->last.run == 0 || (int64_t)run > set->last.run) set->last.run = (int64_t)run;
        if (set->baseline.run == 0 || (int64_t)run < set->baseline.run)
            set->baseline.run = (int64_t)run;
    }
    for (int64_t k = 0; k < s->n_sets; k++) {
        mlsd__suite_set *const set = &s->sets[k];
        const int64_t n = set->last.run > 0 ? count_rows(t, at[0], set->name) : 0;
        if (n == 0) continue;
        MLSD__TRY(make_kept(s, n, &set->last));
        if (set->baseline.run != set->last.run) MLSD__TRY(make_kept(s, n, &set->baseline));
    }
    return MLSD_OK;
}

static mlsd_status recall_outcome(mlsd_suite *s, const mlsd_table *t, const int64_t *at, int64_t i)
{
    mlsd__suite_set *const set = find_set(s, mlsd_table_get_str(t, at[0], i));
    const int64_t run = (int64_t)mlsd__suite_cell_number(t, at[1], i);
    const char *const what = mlsd_table_get_str(t, at[2], i);
    const char *const key = mlsd_table_get_str(t, at[3], i);
    const double outcome = mlsd__suite_cell_number(t, at[4], i);
    if (set == NULL) return MLSD_OK;
    if (what == NULL || key == NULL || !isfinite(outcome))
        return mlsd__suite_fail(s->last_path, 0, MLSD_E_DATA, "row %lld has an empty cell",
                                (long long)i + 1);
    if (run != set->last.run && run != set->baseline.run) return MLSD_OK;
    mlsd__suite_kept *const kept = run == set->last.run ? &set->last : &set->baseline;
    kept->whats[kept->n] = mlsd__suite_text(s, what);
    kept->keys[kept->n] = mlsd__suite_text(s, key);
    if (kept->whats[kept->n] == NULL || kept->keys[kept->n] == NULL) return MLSD_E_NOMEM;
    kept->outcomes[kept->n++] = outcome;
    return MLSD_OK;
}

static mlsd_status recall_outcomes(mlsd_suite *s, const mlsd_table *t, const int64_t *at)
{
    MLSD__TRY(find_kept_runs(s, t, at));
    for (int64_t i = 0; i < mlsd_table_n_rows(t); i++) MLSD__TRY(recall_outcome(s, t, at, i));
    return MLSD_OK;
}

static mlsd_status recall_point(mlsd_suite *s, const mlsd_table *t, const int64_t *at, int64_t i)
{
    const double run = mlsd__suite_cell_number(t, at[0], i),
                 n = mlsd__suite_cell_number(t, at[3], i);
    mlsd__suite_set *const set = find_set(s, mlsd_table_get_str(t, at[2], i));
    if (!(run >= 1 && run < MOST_RUNS && n >= 0 && n < 1e15))
        return mlsd__suite_fail(s->history_path, 0, MLSD_E_DATA,
                                "row %lld has no number of a run or of cases", (long long)i + 1);
    if ((int64_t)run > s->n_runs) s->n_runs = (int64_t)run;
    s->has_others |= set == NULL;
    if (set == NULL) return MLSD_OK;
    const char *const name = mlsd_table_get_str(t, at[1], i);
    mlsd__suite_point *const x = &set->trend[set->n_trend];
    *x = (mlsd__suite_point){.run = (int64_t)run,
                             .name = mlsd__suite_text(s, name != NULL ? name : ""),
                             .n = (int64_t)n,
                             .value = mlsd__suite_cell_number(t, at[4], i),
                             .low = mlsd__suite_cell_number(t, at[5], i),
                             .high = mlsd__suite_cell_number(t, at[6], i)};
    set->n_trend++;
    return x->name == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static mlsd_status recall_history(mlsd_suite *s, const mlsd_table *t, const int64_t *at)
{
    for (int64_t k = 0; k < s->n_sets; k++) {
        mlsd__suite_set *const set = &s->sets[k];
        if (find_set(s, set->name) != set) continue;
        set->trend = mlsd__suite_alloc(s, count_rows(t, at[2], set->name), sizeof *set->trend);
        if (set->trend == NULL) return MLSD_E_NOMEM;
    }
    for (int64_t i = 0; i < mlsd_table_n_rows(t); i++) MLSD__TRY(recall_point(s, t, at, i));
    return MLSD_OK;
}

/* What was kept is not read half: the message says how to go on. */
static mlsd_status fail_recall(mlsd_status status)
{
    char message[MLSD__ERROR_CAPACITY];
    if (status == MLSD_OK || status == MLSD_E_NOMEM || status == MLSD_E_CANCELLED) return status;
    mlsd__error_copy(message);
    return mlsd__fail(status, "%.300s; restore the file, or remove it to begin anew", message);
}

static mlsd_status recall(const mlsd_context *context, mlsd_suite *s)
{
    int64_t at[MLSD__COUNT(history_columns)];
    mlsd_table *t = NULL;
    mlsd_status status =
        read_file(context, s->last_path, mlsd__outcome_columns, MLSD__N_OUTCOME_COLUMNS, at, &t);
    if (status == MLSD_OK && t != NULL) status = recall_outcomes(s, t, at);
    mlsd_table_free(t);
    t = NULL;
    if (status == MLSD_OK)
        status = read_file(context, s->history_path, history_columns, MLSD__COUNT(history_columns),
                           at, &t);
    if (status == MLSD_OK && t != NULL) status = recall_history(s, t, at);
    mlsd_table_free(t);
    return status;
}

mlsd_status mlsd__suite_recall(const mlsd_context *context, mlsd_suite *s)
{
    return fail_recall(recall(context, s));
}

/* ---- writing ---- */

/* The run of row i of the table "outcomes". */
static int64_t run_of(const mlsd_table *outcomes, int64_t i)
{
    return (int64_t)mlsd__suite_cell_number(outcomes, 1, i);
}

/* What the run found of a set, from run `first` on. */
static void put_new(mlsd__rows *rows, const mlsd_table *outcomes, const char *set, int64_t first)
{
    for (int64_t i = 0; i < mlsd_table_n_rows(outcomes); i++) {
        if (strcmp(mlsd_table_get_str(outcomes, 0, i), set) != 0) continue;
        if (run_of(outcomes, i) < first) continue;
        mlsd__rows_str(rows, set);
        mlsd__rows_i64(rows, run_of(outcomes, i));
        mlsd__rows_str(rows, mlsd_table_get_str(outcomes, 2, i));
        mlsd__rows_str(rows, mlsd_table_get_str(outcomes, 3, i));
        mlsd__rows_f64(rows, mlsd__suite_cell_number(outcomes, 4, i));
    }
}

/* What the file has of sets that the suite does not have now: they may come back. */
static mlsd_status put_others(const mlsd_suite *s, const char *path,
                              const mlsd__row_column *columns, int64_t n_columns, int64_t set,
                              mlsd__rows *rows)
{
    int64_t at[MLSD__COUNT(history_columns)];
    mlsd_table *t = NULL;
    if (!s->has_others) return MLSD_OK;
    const mlsd_status status = read_file(NULL, path, columns, n_columns, at, &t);
    for (int64_t i = 0; status == MLSD_OK && t != NULL && i < mlsd_table_n_rows(t); i++) {
        if (find_set((mlsd_suite *)s, mlsd_table_get_str(t, at[set], i)) != NULL) continue;
        for (int64_t j = 0; j < n_columns; j++) {
            if (columns[j].type == MLSD_COLUMN_CATEGORY) {
                mlsd__rows_str(rows, mlsd_table_get_str(t, at[j], i));
            } else if (columns[j].type == MLSD_COLUMN_I64) {
                mlsd__rows_i64(rows, (int64_t)mlsd__suite_cell_number(t, at[j], i));
            } else {
                mlsd__rows_f64(rows, mlsd__suite_cell_number(t, at[j], i));
            }
        }
    }
    mlsd_table_free(t);
    if (status != MLSD_OK) mlsd__rows_free(rows);
    return status;
}

static mlsd_status write_rows(mlsd__rows *rows, const char *path)
{
    mlsd_table *table = NULL;
    MLSD__TRY(mlsd__rows_to_table(rows, &table));
    const mlsd_status status = mlsd_table_write_csv(table, path);
    mlsd_table_free(table);
    return status;
}

static mlsd_status write_last(const mlsd_suite *s, const mlsd_table *outcomes, bool is_baseline)
{
    mlsd__rows rows;
    mlsd__rows_init(&rows, &s->allocator, mlsd__outcome_columns, MLSD__N_OUTCOME_COLUMNS);
    MLSD__TRY(
        put_others(s, s->last_path, mlsd__outcome_columns, MLSD__N_OUTCOME_COLUMNS, 0, &rows));
    for (int64_t k = 0; k < s->n_sets; k++) {
        const mlsd__suite_set *const set = &s->sets[k];
        if (count_rows(outcomes, 0, set->name) > 0) {
            put_new(&rows, outcomes, set->name, is_baseline ? s->n_runs + 1 : 0);
        } else {
            mlsd__kept_put(&rows, set, &set->baseline);
            mlsd__kept_put(&rows, set, &set->last);
        }
    }
    return write_rows(&rows, s->last_path);
}

static void put_point(mlsd__rows *rows, const mlsd__suite_set *set, const mlsd__suite_point *x)
{
    mlsd__rows_i64(rows, x->run);
    mlsd__rows_str(rows, x->name);
    mlsd__rows_str(rows, set->name);
    mlsd__rows_i64(rows, x->n);
    mlsd__rows_f64(rows, x->value);
    mlsd__rows_f64(rows, x->low);
    mlsd__rows_f64(rows, x->high);
}

/* Run by run, so that what is new stands at the end. */
static mlsd_status write_history(const mlsd_suite *s, const mlsd_table *trend, const char *name)
{
    mlsd__rows rows;
    mlsd__rows_init(&rows, &s->allocator, history_columns, MLSD__COUNT(history_columns));
    MLSD__TRY(
        put_others(s, s->history_path, history_columns, MLSD__COUNT(history_columns), 2, &rows));
    for (int64_t run = 1; run <= s->n_runs; run++) {
        for (int64_t k = 0; k < s->n_sets; k++) {
            for (int64_t i = 0; i < s->sets[k].n_trend; i++) {
                if (s->sets[k].trend[i].run == run)
                    put_point(&rows, &s->sets[k], &s->sets[k].trend[i]);
            }
        }
    }
    for (int64_t k = 0; k < s->n_sets; k++) {
        for (int64_t i = 0; i < mlsd_table_n_rows(trend); i++) {
            if (strcmp(mlsd_table_get_str(trend, 0, i), s->sets[k].name) != 0) continue;
            if (mlsd__suite_cell_number(trend, 1, i) != (double)(s->n_runs + 1)) continue;
            const mlsd__suite_point now = {s->n_runs + 1,
                                           name,
                                           (int64_t)mlsd__suite_cell_number(trend, 3, i),
                                           mlsd__suite_cell_number(trend, 4, i),
                                           mlsd__suite_cell_number(trend, 5, i),
                                           mlsd__suite_cell_number(trend, 6, i)};
            put_point(&rows, &s->sets[k], &now);
        }
    }
    return write_rows(&rows, s->history_path);
}

/* The outcomes first: a history that lacks a run stops nobody, one whose cases are gone does. */
static mlsd_status keep(const mlsd_suite *suite, const mlsd_result *result, const char *name,
                        bool is_baseline)
{
    MLSD__REQUIRE_LIVE(suite, MLSD__MAGIC_SUITE, "suite");
    MLSD__REQUIRE_LIVE(result, MLSD__MAGIC_RESULT, "result");
    MLSD__REQUIRE(strcmp(mlsd__result_kind(result), "suite") == 0,
                  "the result is of a %s, not of a suite", mlsd__result_kind(result));
    const mlsd_table *const outcomes = mlsd_result_get_table(result, "outcomes");
    const mlsd_table *const trend = mlsd_result_get_table(result, "trend");
    if (mlsd_table_n_rows(outcomes) == 0) return MLSD_OK;
    size_t bad;
    if (name != NULL && !mlsd__utf8_valid(name, strlen(name), &bad))
        return mlsd__fail(MLSD_E_ARG, "the name of the run is not UTF-8 at byte %zu; give another",
                          bad);
    MLSD__TRY(write_last(suite, outcomes, is_baseline));
    return write_history(suite, trend, name != NULL ? name : "");
}

mlsd_status mlsd_suite_keep(const mlsd_context *context, const mlsd_suite *suite,
                            const mlsd_result *result, const char *name)
{
    (void)context;
    return keep(suite, result, name, false);
}

mlsd_status mlsd_suite_keep_baseline(const mlsd_context *context, const mlsd_suite *suite,
                                     const mlsd_result *result, const char *name)
{
    (void)context;
    return keep(suite, result, name, true);
}
