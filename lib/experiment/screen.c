/* screen.c - which columns of the table can serve as features, and why others cannot. A column is
 * dropped only where it cannot help on any data like this: nothing in it, one value, or a number or
 * text that merely names the row. Numbers that no model survives (infinities, squares that
 * overflow) end the experiment with the place where they stand. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "experiment/experiment_impl.h"

/* Squares and their sums over any number of rows stay below the largest double. */
static const double LARGEST_NUMBER = 1e150;
/* A text column with this share of its rows distinct names rows. Short tables prove nothing. */
static const double IDENTIFIER_SHARE = 0.9;
enum { IDENTIFIER_ROWS = 50 };
/* Words among numbers that are taken for a slip: few, and few beside the numbers. */
enum { MAX_STRAY_WORDS = 3, STRAY_RATIO = 10 };

static bool is_among(const mlsd__str_list *list, const char *name)
{
    for (int64_t i = 0; i < list->n; i++) {
        if (strcmp(list->values[i], name) == 0) return true;
    }
    return false;
}

/* "id", "row", "index" as a word of the name, whatever its case: "ID", "user_id", "rowId". */
static bool sounds_like_id(const char *name)
{
    static const char *const whole[] = {"id", "index", "row", "rownames", "row_names", "rowid"};
    char lower[64];
    size_t n = 0;
    for (; name[n] != '\0' && n < sizeof lower - 1; n++) {
        lower[n] = (char)(name[n] >= 'A' && name[n] <= 'Z' ? name[n] - 'A' + 'a' : name[n]);
    }
    lower[n] = '\0';
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        if (strcmp(lower, whole[i]) == 0) return true;
    }
    if (n < 3) return false;
    return strncmp(lower, "id_", 3) == 0 || strcmp(lower + n - 3, "_id") == 0 ||
           strcmp(lower + n - 3, " id") == 0 || strcmp(name + strlen(name) - 2, "Id") == 0;
}

/* Whole numbers that are a permutation of consecutive ones; *out_in_order when each row adds 1. */
static mlsd_status is_numbering(const mlsd__experiment *x, const mlsd__column *c, bool *out,
                                bool *out_in_order)
{
    const int64_t *v = c->values, n = c->n;
    int64_t low = v[0], high = v[0];
    *out = *out_in_order = false;
    bool in_order = true;
    for (int64_t i = 1; i < n; i++) {
        if (v[i] < low) low = v[i];
        if (v[i] > high) high = v[i];
        in_order = in_order && v[i - 1] < INT64_MAX && v[i] == v[i - 1] + 1;
    }
    if ((uint64_t)high - (uint64_t)low != (uint64_t)(n - 1)) return MLSD_OK;
    unsigned char *seen = mlsd__alloc(x->scope->allocator, n, 1);
    if (seen == NULL) return MLSD_E_NOMEM;
    int64_t n_distinct = 0;
    for (int64_t i = 0; i < n; i++) {
        unsigned char *s = &seen[v[i] - low];
        n_distinct += *s == 0;
        *s = 1;
    }
    mlsd__free(x->scope->allocator, seen);
    *out = n_distinct == n;
    *out_in_order = in_order && (v[0] == 0 || v[0] == 1);
    return MLSD_OK;
}

static void say(mlsd__finding *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(mlsd__finding *f, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(f->reason, sizeof f->reason, format, arguments);
    va_end(arguments);
}

/* Infinities and numbers whose squares overflow. */
static mlsd_status check_numbers(const char *name, const mlsd__column *c, const char *remedy)
{
    if (c->type != MLSD_COLUMN_F64) return MLSD_OK;
    const double *v = c->values;
    for (int64_t i = 0; i < c->n; i++) {
        if (!(fabs(v[i]) > LARGEST_NUMBER)) continue;
        char text[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(v[i], text);
        if (isinf(v[i])) {
            return mlsd__fail(MLSD_E_DATA,
                              "column '%.60s' is %s in data row %lld (the first is 1); leave the "
                              "cell empty if it is not known%s",
                              name, text, (long long)i + 1, remedy);
        }
        return mlsd__fail(MLSD_E_DATA,
                          "column '%.60s' is %s in data row %lld (the first is 1); squares of "
                          "numbers beyond 1e150 overflow: rescale the column%s",
                          name, text, (long long)i + 1, remedy);
    }
    return MLSD_OK;
}

/* The first text in a column whose texts are numbers but for a few words, which made texts of them;
 * NULL in other columns. */
static const char *stray_word(const mlsd__column *c)
{
    const char *word = NULL;
    int64_t n_words = 0;
    double number = 0;
    for (int64_t k = 0; k < c->n_levels; k++) {
        if (mlsd__parse_double(c->levels[k], strlen(c->levels[k]), &number)) continue;
        if (n_words++ == 0) word = c->levels[k];
    }
    return n_words <= MAX_STRAY_WORDS && n_words * STRAY_RATIO < c->n_levels ? word : NULL;
}

static void screen_category(const mlsd__experiment *x, const mlsd__column *c, mlsd__finding *f)
{
    const int64_t n_known = c->n - f->n_missing;
    const char *const word = stray_word(c);
    if (word != NULL) {
        f->is_used =
            n_known < IDENTIFIER_ROWS || (double)f->n_unique <= IDENTIFIER_SHARE * (double)n_known;
        say(f, "numbers but for '%.40s', so all of it was read as text; leave those cells empty",
            word);
    } else if (n_known >= IDENTIFIER_ROWS &&
               (double)f->n_unique > IDENTIFIER_SHARE * (double)n_known) {
        f->is_used = false;
        say(f, "%lld different texts in %lld rows name rows rather than describe them",
            (long long)f->n_unique, (long long)n_known);
    } else if (f->n_unique > x->params->max_categories) {
        say(f, "%lld categories; the rarer ones share one column", (long long)f->n_unique);
    }
}

static mlsd_status screen_whole(mlsd__experiment *x, const char *name, const mlsd__column *c,
                                mlsd__finding *f)
{
    bool numbering, in_order;
    if (c->n < IDENTIFIER_ROWS) return MLSD_OK;
    MLSD__TRY(is_numbering(x, c, &numbering, &in_order));
    if (numbering && (in_order || sounds_like_id(name))) {
        f->is_used = false;
        say(f, "consecutive numbers, each once: they number the rows");
    }
    return MLSD_OK;
}

static mlsd_status screen_feature(mlsd__experiment *x, const char *name, const mlsd__column *c,
                                  mlsd__finding *f)
{
    f->is_used = false;
    if (is_among(&x->params->drop, name)) {
        say(f, "named in 'drop'");
        return MLSD_OK;
    }
    if (f->n_missing == c->n) {
        say(f, "all missing");
        return MLSD_OK;
    }
    if (f->n_unique <= 1) {
        say(f, "constant");
        return MLSD_OK;
    }
    f->is_used = true;
    MLSD__TRY(check_numbers(name, c, ", or leave the column out with 'drop'"));
    if (c->type == MLSD_COLUMN_CATEGORY) screen_category(x, c, f);
    if (c->type == MLSD_COLUMN_I64) return screen_whole(x, name, c, f);
    return MLSD_OK;
}

/* Squares of differences below this vanish. */
static const double SMALLEST_RANGE = 1e-150;

static mlsd_status check_range(const char *name, const mlsd__column *c)
{
    if (c->type != MLSD_COLUMN_F64) return MLSD_OK;
    const double *v = c->values;
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < c->n; i++) {
        if (v[i] < low) low = v[i];
        if (v[i] > high) high = v[i];
    }
    if (!(high - low < SMALLEST_RANGE)) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "the target '%.60s' varies by less than 1e-150, and squares of that vanish: "
                      "rescale it",
                      name);
}

static mlsd_status screen_target(const mlsd__experiment *x, const char *name, const mlsd__column *c,
                                 const mlsd__finding *f)
{
    MLSD__TRY(check_numbers(name, c, ""));
    if (f->n_unique > 1) return check_range(name, c);
    char text[MLSD__NUMBER_CAPACITY] = "";
    const char *value = text;
    for (int64_t i = 0; i < c->n; i++) {
        if (c->type == MLSD_COLUMN_CATEGORY) {
            const int32_t code = ((const int32_t *)c->values)[i];
            if (code >= 0) value = c->levels[code];
        } else if (c->type == MLSD_COLUMN_I64) {
            mlsd__format_double((double)((const int64_t *)c->values)[i], text);
        } else if (!isnan(((const double *)c->values)[i])) {
            mlsd__format_double(((const double *)c->values)[i], text);
        }
    }
    return mlsd__fail(MLSD_E_DATA,
                      "the target '%.60s' is '%.60s' in all of %lld rows: there is "
                      "nothing to predict",
                      name, value, (long long)(x->input->n_rows - f->n_missing));
}

static const char *split_role(const mlsd__experiment_params *p, const char *name)
{
    if (p->group != NULL && strcmp(name, p->group) == 0) return "group";
    return p->time != NULL && strcmp(name, p->time) == 0 ? "time" : NULL;
}

static mlsd_status put_columns(mlsd__experiment *x)
{
    static const mlsd__row_column columns[] = {
        {"column", MLSD_COLUMN_CATEGORY}, {"type", MLSD_COLUMN_CATEGORY},
        {"role", MLSD_COLUMN_CATEGORY},   {"missing", MLSD_COLUMN_I64},
        {"unique", MLSD_COLUMN_I64},      {"action", MLSD_COLUMN_CATEGORY},
        {"reason", MLSD_COLUMN_CATEGORY},
    };
    static const char *const types[] = {[MLSD_COLUMN_F64] = "number",
                                        [MLSD_COLUMN_I64] = "whole number",
                                        [MLSD_COLUMN_CATEGORY] = "category"};
    mlsd__rows rows;
    mlsd__rows_init(&rows, x->scope->allocator, columns, MLSD__COUNT(columns));
    for (int64_t j = 0; j < x->input->n_columns; j++) {
        const mlsd__finding *f = &x->findings[j];
        const char *role = f->is_target            ? "target"
                           : f->split_role != NULL ? f->split_role
                           : f->is_slice           ? "slice"
                                                   : "feature";
        mlsd__rows_str(&rows, x->input->names[j]);
        mlsd__rows_str(&rows, types[x->input->columns[j]->type]);
        mlsd__rows_str(&rows, role);
        mlsd__rows_i64(&rows, f->n_missing);
        mlsd__rows_i64(&rows, f->n_unique);
        mlsd__rows_str(&rows, f->is_target            ? "predicted"
                              : f->split_role != NULL ? "split by"
                              : f->is_used            ? "used"
                                                      : "dropped");
        mlsd__rows_str(&rows, f->reason);
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(x->result, "columns", table, false);
}

/* Missing and distinct values of each column, as the table's own description counts them. */
static mlsd_status count_values(mlsd__experiment *x)
{
    mlsd_table *described;
    MLSD__TRY(mlsd_table_describe(x->context, x->input, &described));
    int64_t missing, unique;
    mlsd_status status = mlsd_table_find(described, "missing", &missing);
    if (status == MLSD_OK) status = mlsd_table_find(described, "unique", &unique);
    for (int64_t j = 0; j < x->input->n_columns && status == MLSD_OK; j++) {
        mlsd__finding *f = &x->findings[j];
        status = mlsd_table_get_i64(described, missing, j, 1, &f->n_missing);
        if (status == MLSD_OK) {
            status = mlsd_table_get_i64(described, unique, j, 1, &f->n_unique);
        }
    }
    mlsd_table_free(described);
    return status;
}

mlsd_status mlsd__experiment_screen(mlsd__experiment *x)
{
    const mlsd_table *t = x->input;
    x->findings = mlsd__alloc(x->scope->allocator, t->n_columns, sizeof *x->findings);
    if (x->findings == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(count_values(x));
    int64_t n_used = 0;
    for (int64_t j = 0; j < t->n_columns; j++) {
        mlsd__finding *f = &x->findings[j];
        MLSD__TRY(mlsd__checkpoint(x->scope));
        f->is_target = j == x->target;
        f->is_slice = is_among(&x->params->slices, t->names[j]);
        f->split_role = split_role(x->params, t->names[j]);
        if (f->is_target) {
            MLSD__TRY(screen_target(x, t->names[j], t->columns[j], f));
        } else if (f->split_role == NULL) {
            MLSD__TRY(screen_feature(x, t->names[j], t->columns[j], f));
            n_used += f->is_used;
        }
    }
    if (n_used == 0) {
        return mlsd__fail(MLSD_E_DATA,
                          "no column is left to learn from: the table has %lld besides the target, "
                          "and each is missing, constant, an identifier or named in 'drop'",
                          (long long)t->n_columns - 1);
    }
    return put_columns(x);
}
