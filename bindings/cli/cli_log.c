/* cli_log.c - which column of a log is what, and its cells as losses. Names are cut into words at
 * anything but letters and digits: "val_loss" (Keras), "train_loss_epoch" (Lightning), "eval-rmse"
 * and "validation_0-logloss" (XGBoost), "valid_1's l2" (LightGBM), "eval_loss" (Hugging Face),
 * "train.3" or "fold3_valid" (folds). Cells are read as texts, so that "nan" is told from nothing.
 */
#include "cli_log.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SERIES = 256, MOST_COLUMNS = 4096, WORD = 32, MOST_WORDS = 12, NAME = 128 };

/* Steps that are not whole are kept to so many parts of one. */
static const double PARTS = 1e6;

typedef enum role { NONE, STEP, TRAIN, VALID, SET, VALUE, FOLD, METRIC } role;

typedef struct words {
    char of[MOST_WORDS][WORD];
    int n;
} words;

/* A column of losses: of which set, fold (-1: none) and metric ("" for none named). */
typedef struct series {
    int64_t column;
    role set;
    int rank; /* the lower the likelier: "val" before "test" */
    int fold;
    char metric[NAME];
} series;

static void cut_words(const char *name, words *out)
{
    out->n = 0;
    while (*name != '\0' && out->n < MOST_WORDS) {
        if (!isalnum((unsigned char)*name)) {
            name++;
            continue;
        }
        int length = 0;
        for (; isalnum((unsigned char)*name); name++)
            if (length < WORD - 1) out->of[out->n][length++] = (char)tolower((unsigned char)*name);
        out->of[out->n++][length] = '\0';
    }
}

static int place_in(const char *word, const char *const *list)
{
    for (int i = 0; list[i] != NULL; i++)
        if (strcmp(word, list[i]) == 0) return i;
    return -1;
}

static const char *const train_words[] = {"train", "training", "learn", "tr", NULL};
static const char *const valid_words[] = {"valid",   "validation", "val",  "eval", "dev",
                                          "holdout", "va",         "test", NULL};
static const char *const step_words[] = {"step",  "global_step",  "iteration", "iter",  "round",
                                         "epoch", "epochs",       "x",         "batch", "n_iter",
                                         "trees", "n_estimators", NULL};
/* What is no loss, or no mean of one. */
static const char *const other_words[] = {
    "acc",  "accuracy", "auc",    "f1",      "r2",        "score",  "std",  "sd",   "se",
    "time", "seconds",  "lr",     "rate",    "precision", "recall", "grad", "norm", "map",
    "ndcg", "best",     "stderr", "samples", "runtime",   "memory", NULL};

/* A number, also behind "fold" or "cv". */
static int fold_of(const char *word)
{
    const char *digits = strncmp(word, "fold", 4) == 0 ? word + 4
                         : strncmp(word, "cv", 2) == 0 ? word + 2
                                                       : word;
    char *end;
    if (!isdigit((unsigned char)*digits)) return -1;
    const long value = strtol(digits, &end, 10);
    return *end == '\0' && value < 100000 ? (int)value : -1;
}

/* Is it a column of losses, and whose? */
static bool read_name(const char *name, series *out)
{
    words w;
    cut_words(name, &w);
    *out = (series){.fold = -1};
    for (int i = 0; i < w.n; i++) {
        const char *const word = w.of[i];
        const int valid = place_in(word, valid_words);
        if (place_in(word, other_words) >= 0) return false;
        if (place_in(word, train_words) >= 0 && out->set == NONE) {
            out->set = TRAIN;
        } else if (valid >= 0 && out->set == NONE) {
            out->set = VALID;
            out->rank = strcmp(word, "test") == 0 ? 1 : 0;
        } else if (fold_of(word) >= 0) {
            out->fold = fold_of(word);
        } else if (strcmp(word, "fold") != 0 && strcmp(word, "loss") != 0 &&
                   strcmp(word, "mean") != 0 && strcmp(word, "s") != 0 &&
                   strcmp(word, "epoch") != 0) {
            const size_t at = strlen(out->metric);
            snprintf(out->metric + at, sizeof out->metric - at, "%s%s", at > 0 ? "_" : "", word);
        }
    }
    /* "loss" alone is that of training, for Keras and Hugging Face. */
    if (out->set == NONE && w.n == 1 && strcmp(w.of[0], "loss") == 0) out->set = TRAIN;
    return out->set != NONE;
}

typedef struct layout {
    int64_t step, set, value, fold, metric; /* columns; -1: none */
    series of[MOST_SERIES];
    int n;
} layout;

static int64_t column_named(const mlsd_table *t, const char *const *names)
{
    for (int k = 0; names[k] != NULL; k++) {
        for (int64_t c = 0; c < mlsd_table_n_columns(t); c++) {
            char lower[NAME];
            snprintf(lower, sizeof lower, "%s", mlsd_table_name(t, c));
            for (char *p = lower; *p != '\0'; p++) *p = (char)tolower((unsigned char)*p);
            if (strcmp(lower, names[k]) == 0) return c;
        }
    }
    return -1;
}

static void add_series(layout *l, const series *s)
{
    if (l->n < MOST_SERIES) l->of[l->n++] = *s;
}

static bool has_both(const layout *l, const char *metric)
{
    bool train = false, valid = false;
    for (int i = 0; i < l->n; i++) {
        if (strcmp(l->of[i].metric, metric) != 0) continue;
        train |= l->of[i].set == TRAIN;
        valid |= l->of[i].set == VALID;
    }
    return train && valid;
}

/* XGBoost's evals without a name: the first is the training set by custom. */
static void name_unnamed_evals(layout *l)
{
    for (int i = 0; i < l->n; i++)
        if (l->of[i].set == TRAIN) return;
    bool has[2] = {false, false};
    for (int i = 0; i < l->n; i++)
        if (l->of[i].fold == 0 || l->of[i].fold == 1) has[l->of[i].fold] = true;
    if (!has[0] || !has[1]) return;
    for (int i = 0; i < l->n; i++) {
        if (l->of[i].fold == 0) l->of[i].set = TRAIN;
        l->of[i].fold = -1;
    }
}

/* Of several metrics the plain loss, else the first that both sets have; of each fold and set the
 * likeliest column. */
static void choose_series(layout *l)
{
    const char *metric = NULL;
    if (has_both(l, "")) metric = "";
    for (int i = 0; i < l->n && metric == NULL; i++)
        if (has_both(l, l->of[i].metric)) metric = l->of[i].metric;
    if (metric == NULL) return;
    char chosen[NAME];
    snprintf(chosen, sizeof chosen, "%s", metric);
    int n = 0;
    for (int i = 0; i < l->n; i++) {
        if (strcmp(l->of[i].metric, chosen) != 0) continue;
        int at = 0;
        while (at < n && (l->of[at].set != l->of[i].set || l->of[at].fold != l->of[i].fold)) at++;
        if (at == n)
            l->of[n++] = l->of[i];
        else if (l->of[i].rank < l->of[at].rank)
            l->of[at] = l->of[i];
    }
    l->n = n;
}

/* One training series needs one validation series: the number in its name is no fold's. */
static void match_single(layout *l)
{
    int n_train = 0, n = 0;
    for (int i = 0; i < l->n; i++) n_train += l->of[i].set == TRAIN;
    if (n_train != 1) return;
    series valid = {0};
    for (int i = 0; i < l->n; i++) {
        const series *const s = &l->of[i];
        if (s->set == TRAIN)
            l->of[n++] = *s;
        else if (valid.set == NONE || s->rank < valid.rank ||
                 (s->rank == valid.rank && s->fold < valid.fold))
            valid = *s;
    }
    if (valid.set != NONE) l->of[n++] = valid;
    l->n = n;
    for (int i = 0; i < n; i++) l->of[i].fold = -1;
}

/* The columns that options name; folds by the order in which they are repeated. */
static int take_named(const cli_args *args, const mlsd_table *t, layout *l)
{
    int n_of[2] = {0, 0};
    for (int i = 0; i < args->n_given; i++) {
        const bool is_train = strcmp(args->given[i].name, "train") == 0;
        int64_t column;
        if (!is_train && strcmp(args->given[i].name, "valid") != 0) continue;
        if (mlsd_table_find(t, args->given[i].value, &column) != MLSD_OK)
            return cli_fail(CLI_DATA, "%s", mlsd_last_error());
        add_series(
            l,
            &(series){.column = column, .set = is_train ? TRAIN : VALID, .fold = n_of[is_train]++});
    }
    if (n_of[0] != n_of[1])
        return cli_fail(CLI_USAGE, "give '--train' and '--valid' equally often, got %d and %d",
                        n_of[1], n_of[0]);
    for (int i = 0; i < l->n && n_of[0] == 1; i++) l->of[i].fold = -1;
    return CLI_OK;
}

static int find_columns(const cli_args *args, const mlsd_table *t, const char *path, layout *l)
{
    static const char *const sets[] = {"set", "split", "series", "dataset", NULL};
    static const char *const values[] = {"value", "loss", NULL};
    static const char *const folds[] = {"fold", "cv_fold", NULL};
    static const char *const metrics[] = {"metric", NULL};
    const char *const step = cli_get(args, "step");
    *l = (layout){-1, -1, -1, -1, -1, {{0}}, 0};
    l->step = column_named(t, step_words);
    if (step != NULL && mlsd_table_find(t, step, &l->step) != MLSD_OK)
        return cli_fail(CLI_DATA, "%s", mlsd_last_error());
    const int code = take_named(args, t, l);
    if (code != CLI_OK || l->n > 0) return code;
    l->set = column_named(t, sets);
    l->value = column_named(t, values);
    l->fold = column_named(t, folds);
    l->metric = column_named(t, metrics);
    if (l->set >= 0 && l->value >= 0) return CLI_OK;
    l->set = l->value = l->fold = l->metric = -1;
    for (int64_t c = 0; c < mlsd_table_n_columns(t); c++) {
        series s;
        if (c == l->step || !read_name(mlsd_table_name(t, c), &s)) continue;
        s.column = c;
        add_series(l, &s);
    }
    name_unnamed_evals(l);
    choose_series(l);
    match_single(l);
    bool has[2] = {false, false};
    for (int i = 0; i < l->n; i++) has[l->of[i].set == VALID] = true;
    if (has[0] && has[1]) return CLI_OK;
    return cli_fail(CLI_DATA,
                    "'%.200s' has no column that looks like a %s loss (such as '%s'); name it with "
                    "'--%s COLUMN'",
                    path, has[0] ? "validation" : "training", has[0] ? "valid" : "train",
                    has[0] ? "valid" : "train");
}

/* ---- cells ---- */

/* 1: a number (NaN and infinity are some), 0: nothing there, -1: something else. */
static int read_cell(const mlsd_table *t, int64_t column, int64_t row, double *out)
{
    const char *text = mlsd_table_get_str(t, column, row);
    if (text == NULL || *text == '\0') return 0;
    char *end;
    *out = strtod(text, &end);
    while (isspace((unsigned char)*end)) end++;
    return end != text && *end == '\0' ? 1 : -1;
}

static int bad_cell(const mlsd_table *t, int64_t column, int64_t row)
{
    return cli_fail(CLI_DATA, "column '%.60s' holds '%.60s' in row %lld, not a number",
                    mlsd_table_name(t, column), mlsd_table_get_str(t, column, row),
                    (long long)row + 1);
}

/* The step of a row; rows count where there is no such column, and a missing one is the last. */
static int step_of(const mlsd_table *t, const layout *l, int64_t row, double *step)
{
    if (l->step < 0) {
        *step = (double)row;
        return CLI_OK;
    }
    double value;
    const int found = read_cell(t, l->step, row, &value);
    if (found < 0 || (found > 0 && !(fabs(value) < 9e15))) return bad_cell(t, l->step, row);
    if (found > 0) *step = value;
    return CLI_OK;
}

static int find_scale(const mlsd_table *t, const layout *l, cli_log *out)
{
    double step = 0;
    out->scale = 1;
    for (int64_t row = 0; row < mlsd_table_n_rows(t); row++) {
        const int code = step_of(t, l, row, &step);
        if (code != CLI_OK) return code;
        if (step != floor(step) && fabs(step) < 9e9) out->scale = PARTS;
    }
    return CLI_OK;
}

static int add(cli_log *out, role set, int fold, double step, double value)
{
    int64_t of = 0;
    mlsd_status status =
        mlsd_curve_series(out->curve, "loss", set == TRAIN ? "train" : "valid", fold, 0, &of);
    if (status == MLSD_OK)
        status = mlsd_curve_add_point(out->curve, of, nearbyint(step * out->scale), value);
    return status == MLSD_OK ? CLI_OK : cli_fail_status(status);
}

/* A row of "nan" only, or of nothing but a step: a program that writes NaN as an empty field. */
static bool is_empty_row(const mlsd_table *t, const layout *l, int64_t row)
{
    for (int i = 0; i < l->n; i++) {
        const char *text = mlsd_table_get_str(t, l->of[i].column, row);
        if (text != NULL && *text != '\0') return false;
    }
    return l->step >= 0;
}

static int fill_wide(const mlsd_table *t, const layout *l, cli_log *out)
{
    double step = 0;
    for (int64_t row = 0; row < mlsd_table_n_rows(t); row++) {
        int code = step_of(t, l, row, &step);
        const bool is_nan = is_empty_row(t, l, row);
        for (int i = 0; i < l->n && code == CLI_OK; i++) {
            double value = NAN;
            const int found = read_cell(t, l->of[i].column, row, &value);
            if (found < 0) return bad_cell(t, l->of[i].column, row);
            if (found > 0 || is_nan) code = add(out, l->of[i].set, l->of[i].fold, step, value);
        }
        if (code != CLI_OK) return code;
    }
    return CLI_OK;
}

/* Of several metrics the plain loss, else the first. */
static const char *choose_metric(const mlsd_table *t, const layout *l)
{
    if (l->metric < 0 || mlsd_table_n_rows(t) == 0) return NULL;
    for (int64_t i = 0; i < mlsd_table_level_count(t, l->metric); i++)
        if (strcmp(mlsd_table_level_at(t, l->metric, i), "loss") == 0) return "loss";
    return mlsd_table_get_str(t, l->metric, 0);
}

static int fill_long(const mlsd_table *t, const layout *l, cli_log *out)
{
    const char *const metric = choose_metric(t, l);
    double step = 0;
    for (int64_t row = 0; row < mlsd_table_n_rows(t); row++) {
        const char *const set = mlsd_table_get_str(t, l->set, row);
        const char *const of = l->metric >= 0 ? mlsd_table_get_str(t, l->metric, row) : NULL;
        double value = NAN, fold = -1;
        series s;
        int code = step_of(t, l, row, &step);
        if (code != CLI_OK) return code;
        if (set == NULL || !read_name(set, &s)) continue;
        if (metric != NULL && (of == NULL || strcmp(of, metric) != 0)) continue;
        if (read_cell(t, l->value, row, &value) < 0) return bad_cell(t, l->value, row);
        if (l->fold >= 0 && read_cell(t, l->fold, row, &fold) < 0) return bad_cell(t, l->fold, row);
        code = add(out, s.set, fold >= 0 && fold < 1e6 ? (int)fold : -1, step, value);
        if (code != CLI_OK) return code;
    }
    return CLI_OK;
}

static mlsd_status read_texts(const cli_args *args, const mlsd_context *context, const char *path,
                              const mlsd_table *head, mlsd_table **out)
{
    static const char *const nothing[] = {""};
    const char *names[MOST_COLUMNS];
    const int64_t n =
        mlsd_table_n_columns(head) < MOST_COLUMNS ? mlsd_table_n_columns(head) : MOST_COLUMNS;
    mlsd_spec *options = NULL;
    const char *const delimiter = cli_get(args, "delimiter");
    mlsd_status status = mlsd_spec_new(context, "csv", &options);
    for (int64_t c = 0; c < n; c++) names[c] = mlsd_table_name(head, c);
    if (status == MLSD_OK) status = mlsd_spec_set_str_list(options, "text_columns", names, n);
    if (status == MLSD_OK) status = mlsd_spec_set_str_list(options, "missing", nothing, 1);
    if (status == MLSD_OK && delimiter != NULL)
        status = mlsd_spec_set_str(options, "delimiter", delimiter);
    if (status == MLSD_OK) status = mlsd_table_read_csv(context, path, options, out);
    mlsd_spec_free(options);
    return status;
}

static mlsd_status read_head(const cli_args *args, const mlsd_context *context, const char *path,
                             mlsd_table **out)
{
    mlsd_spec *options = NULL;
    const char *const delimiter = cli_get(args, "delimiter");
    mlsd_status status = mlsd_spec_new(context, "csv", &options);
    if (status == MLSD_OK && delimiter != NULL)
        status = mlsd_spec_set_str(options, "delimiter", delimiter);
    if (status == MLSD_OK) status = mlsd_table_read_csv(context, path, options, out);
    mlsd_spec_free(options);
    return status;
}

static void tell_columns(const mlsd_table *t, const layout *l, cli_log *out)
{
    const char *const step = l->step >= 0 ? mlsd_table_name(t, l->step) : "";
    snprintf(out->step, sizeof out->step, "%.100s", step);
    for (int i = 0; i < l->n; i++) {
        char *const name = l->of[i].set == TRAIN ? out->train : out->valid;
        if (*name == '\0') snprintf(name, NAME, "%.100s", mlsd_table_name(t, l->of[i].column));
        out->n_folds += l->of[i].set == VALID;
    }
    cli_make_printable(out->step);
    cli_make_printable(out->train);
    cli_make_printable(out->valid);
}

int cli_log_read(const cli_args *args, const mlsd_context *context, const char *path, cli_log *out)
{
    static layout l;
    mlsd_table *head = NULL, *t = NULL;
    *out = (cli_log){0};
    int code = CLI_OK;
    mlsd_status status = read_head(args, context, path, &head);
    if (status == MLSD_OK) code = find_columns(args, head, path, &l);
    if (status == MLSD_OK && code == CLI_OK) status = read_texts(args, context, path, head, &t);
    if (status == MLSD_OK && code == CLI_OK) status = mlsd_curve_new(context, NULL, &out->curve);
    if (status != MLSD_OK) code = cli_fail_file(status, path);
    if (code == CLI_OK) {
        tell_columns(t, &l, out);
        code = find_scale(t, &l, out);
    }
    if (code == CLI_OK) code = l.set >= 0 ? fill_long(t, &l, out) : fill_wide(t, &l, out);
    mlsd_table_free(t);
    mlsd_table_free(head);
    return code;
}
