/* suite_read.c - from JSON to sets: every key is checked, and what is wrong is named with its line.
 * A key of the suite itself is the default of the same key of its sets.
 *
 * The tables below are the format: which keys there are, how each is read, and which role takes and
 * needs which. */
#include <math.h>
#include <string.h>

#include "slice/suite_impl.h"
#include "slice/suite_json.h"

typedef struct reader {
    const mlsd_context *context;
    mlsd_suite *suite;
    mlsd__suite_set *set; /* the one that is read */
} reader;

static const mlsd__suite_role roles[] = {
    {"regression", " rate tolerance class low high ", mlsd__suite_run_regression},
    {"uniformity", " metric by margin min_support weight ", mlsd__suite_run_uniformity},
    {"goal", " metric goal id weight ", mlsd__suite_run_goal},
    {"stretch", " metric goal id weight ", mlsd__suite_run_goal},
    {"edge", " change expect rate tolerance class low high seed ", mlsd__suite_run_edge},
};
static const char keys_of_all[] = " role name cases where label level ";
/* What a role cannot do without. */
static const char *const needed[][2] = {
    {"uniformity", "label"},  {"uniformity", "metric"}, {"uniformity", "by"},
    {"uniformity", "margin"}, {"goal", "label"},        {"goal", "metric"},
    {"stretch", "label"},     {"stretch", "metric"},
};

/* ---- one value ---- */

#define fail_at(r, value, status, ...) \
    mlsd__suite_fail((r)->suite->path, (value)->line, status, __VA_ARGS__)

static mlsd_status need_type(const reader *r, const mlsd__json *value, mlsd__json_type type,
                             const char *noun)
{
    if (value->type == type) return MLSD_OK;
    return fail_at(r, value, MLSD_E_PARAM_TYPE, "'%.60s' must be %s, got %s", value->key, noun,
                   mlsd__json_type_name(value));
}

static mlsd_status read_number(const reader *r, const mlsd__json *value, double low, double high,
                               const char *range, double *out)
{
    MLSD__TRY(need_type(r, value, MLSD__JSON_NUMBER, "a number"));
    *out = value->number;
    if (*out > low && *out < high) return MLSD_OK;
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(*out, text);
    return fail_at(r, value, MLSD_E_PARAM_RANGE, "'%s' must be %s, got %s", value->key, range,
                   text);
}

static mlsd_status read_whole(const reader *r, const mlsd__json *value, double low, int64_t *out)
{
    static const double above_largest = 1e9 + 1;
    double number;
    MLSD__TRY(
        read_number(r, value, low - 1, above_largest, "a whole number in its range", &number));
    if (number != floor(number))
        return fail_at(r, value, MLSD_E_PARAM_RANGE, "'%s' must be a whole number", value->key);
    *out = (int64_t)number;
    return MLSD_OK;
}

static mlsd_status read_text(const reader *r, const mlsd__json *value, const char **out)
{
    MLSD__TRY(need_type(r, value, MLSD__JSON_TEXT, "a text"));
    if (*value->text == '\0')
        return fail_at(r, value, MLSD_E_PARAM_RANGE, "'%s' is empty", value->key);
    *out = mlsd__suite_text(r->suite, value->text);
    return *out == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

/* A column of the set's cases by name. */
static mlsd_status find_column(const reader *r, int64_t line, const char *name, int64_t *out)
{
    const mlsd_status status = mlsd_table_find(r->set->file->table, name, out);
    if (status == MLSD_OK) return status;
    char message[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(message);
    return mlsd__suite_fail(r->suite->path, line, status, "'%.100s': %s", r->set->file->name,
                            message);
}

/* The column that a value names must not hold texts. */
static mlsd_status need_numbers(const reader *r, const mlsd__json *value, int64_t column)
{
    if (mlsd_table_type(r->set->file->table, column) != MLSD_COLUMN_CATEGORY) return MLSD_OK;
    return fail_at(r, value, MLSD_E_TYPE, "'%s': column '%.60s' of '%.60s' holds texts", value->key,
                   value->text, r->set->file->name);
}

static mlsd_status read_column(const reader *r, const mlsd__json *value, int64_t *out)
{
    MLSD__TRY(need_type(r, value, MLSD__JSON_TEXT, "the name of a column"));
    return find_column(r, value->line, value->text, out);
}

/* ---- the keys ---- */

static mlsd_status read_label(reader *r, const mlsd__json *value)
{
    return read_column(r, value, &r->set->label);
}

static mlsd_status read_id(reader *r, const mlsd__json *value)
{
    return read_column(r, value, &r->set->id);
}

static mlsd_status read_weight(reader *r, const mlsd__json *value)
{
    MLSD__TRY(read_column(r, value, &r->set->weight));
    return need_numbers(r, value, r->set->weight);
}

static mlsd_status read_level(reader *r, const mlsd__json *value)
{
    return read_number(r, value, 0.5, 1, "above 0.5 and below 1", &r->set->level);
}

static mlsd_status read_rate(reader *r, const mlsd__json *value)
{
    static const double above_one = 1.0000000000000002;
    return read_number(r, value, 0, above_one, "above 0 and at most 1", &r->set->rate);
}

static mlsd_status read_tolerance(reader *r, const mlsd__json *value)
{
    return read_number(r, value, -1e-300, INFINITY, "0 or more", &r->set->tolerance);
}

static mlsd_status read_margin(reader *r, const mlsd__json *value)
{
    return read_number(r, value, 0, INFINITY, "above 0", &r->set->margin);
}

static mlsd_status read_goal(reader *r, const mlsd__json *value)
{
    return read_number(r, value, -INFINITY, INFINITY, "a finite number", &r->set->goal);
}

static mlsd_status read_min_support(reader *r, const mlsd__json *value)
{
    return read_whole(r, value, 1, &r->set->min_support);
}

static mlsd_status read_seed(reader *r, const mlsd__json *value)
{
    return read_whole(r, value, 0, &r->set->seed);
}

static mlsd_status read_class(reader *r, const mlsd__json *value)
{
    return read_text(r, value, &r->set->class);
}

static mlsd_status read_limit(reader *r, const mlsd__json *value, mlsd__suite_limit *out)
{
    if (value->type == MLSD__JSON_TEXT) {
        MLSD__TRY(read_column(r, value, &out->column));
        return need_numbers(r, value, out->column);
    }
    MLSD__TRY(need_type(r, value, MLSD__JSON_NUMBER, "a number or the name of a column"));
    out->number = value->number;
    return MLSD_OK;
}

static mlsd_status read_low(reader *r, const mlsd__json *value)
{
    return read_limit(r, value, &r->set->low);
}

static mlsd_status read_high(reader *r, const mlsd__json *value)
{
    return read_limit(r, value, &r->set->high);
}

static mlsd_status read_metric(reader *r, const mlsd__json *value)
{
    return mlsd__suite_metric_read(r->context, r->suite, r->set, value);
}

static mlsd_status read_by(reader *r, const mlsd__json *value)
{
    mlsd__suite_set *const set = r->set;
    if (value->type != MLSD__JSON_TEXT && value->type != MLSD__JSON_LIST)
        return fail_at(r, value, MLSD_E_PARAM_TYPE, "'by' must be a column or a list of columns");
    set->n_by = value->type == MLSD__JSON_TEXT ? 1 : value->n_children;
    if (set->n_by == 0) return fail_at(r, value, MLSD_E_PARAM_RANGE, "'by' names no column");
    set->by = mlsd__suite_alloc(r->suite, set->n_by, sizeof *set->by);
    if (set->by == NULL) return MLSD_E_NOMEM;
    const mlsd__json *item = value->type == MLSD__JSON_TEXT ? value : value->first;
    for (int64_t i = 0; i < set->n_by; i++, item = item->next) {
        if (item->type != MLSD__JSON_TEXT)
            return fail_at(r, item, MLSD_E_PARAM_TYPE, "'by' must hold names of columns, got %s",
                           mlsd__json_type_name(item));
        MLSD__TRY(find_column(r, item->line, item->text, &set->by[i]));
        for (int64_t j = 0; j < i; j++) {
            if (set->by[j] != set->by[i]) continue;
            return fail_at(r, item, MLSD_E_PARAM_CONFLICT, "'by' names the column '%.60s' twice",
                           item->text);
        }
    }
    return MLSD_OK;
}

static const char *const expectations[] = {
    [MLSD__EXPECT_NOTHING] = NULL,          [MLSD__EXPECT_SAME] = "same",
    [MLSD__EXPECT_NOT_LOWER] = "not lower", [MLSD__EXPECT_NOT_HIGHER] = "not higher",
    [MLSD__EXPECT_HIGHER] = "higher",       [MLSD__EXPECT_LOWER] = "lower",
};

static mlsd_status read_expect(reader *r, const mlsd__json *value)
{
    MLSD__TRY(need_type(r, value, MLSD__JSON_TEXT, "a text"));
    for (int32_t i = MLSD__EXPECT_SAME; i < MLSD__COUNT(expectations); i++) {
        if (strcmp(expectations[i], value->text) != 0) continue;
        r->set->expect = i;
        return MLSD_OK;
    }
    return fail_at(
        r, value, MLSD_E_PARAM_RANGE,
        "'expect' is 'same', 'higher', 'lower', 'not lower' or 'not higher', got '%.60s'",
        value->text);
}

/* Does a cell hold the value? */
static bool is_value(const mlsd_table *t, int64_t column, int64_t row, const mlsd__json *value)
{
    char cell_buffer[MLSD__NUMBER_CAPACITY], buffer[MLSD__NUMBER_CAPACITY];
    const char *const cell = mlsd__suite_cell_text(t, column, row, cell_buffer);
    if (value->type == MLSD__JSON_NULL) return cell == NULL;
    if (cell == NULL) return false;
    if (value->type == MLSD__JSON_TEXT) return strcmp(cell, value->text) == 0;
    mlsd__format_double(value->number, buffer);
    return strcmp(cell, buffer) == 0;
}

static mlsd_status need_scalar(const reader *r, const mlsd__json *value, const char *key,
                               const char *column)
{
    if (value->type == MLSD__JSON_TEXT || value->type == MLSD__JSON_NUMBER ||
        value->type == MLSD__JSON_NULL)
        return MLSD_OK;
    return fail_at(r, value, MLSD_E_PARAM_TYPE,
                   "'%s': '%.60s' must be a text, a number, null or a list of them, got %s", key,
                   column, mlsd__json_type_name(value));
}

/* Keep the rows whose cell in one column is one of the values. */
static mlsd_status keep_rows(reader *r, const mlsd__json *member)
{
    mlsd__suite_set *const set = r->set;
    int64_t column, n = 0;
    MLSD__TRY(find_column(r, member->line, member->key, &column));
    const bool is_list = member->type == MLSD__JSON_LIST;
    const mlsd__json *const first = is_list ? member->first : member;
    for (const mlsd__json *v = first; v != NULL; v = is_list ? v->next : NULL)
        MLSD__TRY(need_scalar(r, v, "where", member->key));
    for (int64_t i = 0; i < set->n_rows; i++) {
        bool found = false;
        for (const mlsd__json *v = first; v != NULL && !found; v = is_list ? v->next : NULL)
            found = is_value(set->file->table, column, set->rows[i], v);
        if (found) set->rows[n++] = set->rows[i];
    }
    set->n_rows = n;
    return MLSD_OK;
}

static mlsd_status read_where(reader *r, const mlsd__json *value)
{
    MLSD__TRY(need_type(r, value, MLSD__JSON_OBJECT, "an object such as {\"column\": \"value\"}"));
    for (const mlsd__json *m = value->first; m != NULL; m = m->next) MLSD__TRY(keep_rows(r, m));
    if (r->set->n_rows > 0) return MLSD_OK;
    return fail_at(r, value, MLSD_E_DATA, "no case of '%.100s' is so", r->set->file->name);
}

/* ---- changes ---- */

/* One value that a column is set to, of the column's own type. */
static mlsd_status set_change_value(const reader *r, mlsd__suite_change *c, const mlsd__json *value,
                                    int64_t i)
{
    MLSD__TRY(need_scalar(r, value, "change", c->name));
    if (value->type == MLSD__JSON_NULL) {
        if (!c->is_text) c->numbers[i] = NAN;
        return MLSD_OK;
    }
    if (c->is_text != (value->type == MLSD__JSON_TEXT))
        return fail_at(r, value, MLSD_E_TYPE, "column '%.60s' of '%.60s' holds %s, got %s", c->name,
                       r->set->file->name, c->is_text ? "texts" : "numbers",
                       mlsd__json_type_name(value));
    if (!c->is_text) {
        c->numbers[i] = value->number;
        return MLSD_OK;
    }
    c->texts[i] = mlsd__suite_text(r->suite, value->text);
    return c->texts[i] == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static mlsd_status set_change_values(const reader *r, mlsd__suite_change *c,
                                     const mlsd__json *values)
{
    const bool is_list = values->type == MLSD__JSON_LIST;
    c->n = is_list ? values->n_children : 1;
    if (c->n == 0)
        return fail_at(r, values, MLSD_E_PARAM_RANGE, "'change': '%.60s' has no value", c->name);
    c->texts = mlsd__suite_alloc(r->suite, c->n, sizeof *c->texts);
    c->numbers = mlsd__suite_alloc(r->suite, c->n, sizeof *c->numbers);
    if (c->texts == NULL || c->numbers == NULL) return MLSD_E_NOMEM;
    const mlsd__json *value = is_list ? values->first : values;
    for (int64_t i = 0; i < c->n; i++, value = value->next)
        MLSD__TRY(set_change_value(r, c, value, i));
    return MLSD_OK;
}

static const struct {
    const char *name;
    mlsd__suite_change_type type;
} change_types[] = {{"times", MLSD__CHANGE_TIMES},
                    {"add", MLSD__CHANGE_ADD},
                    {"noise", MLSD__CHANGE_NOISE},
                    {"swap", MLSD__CHANGE_SWAP}};

static mlsd_status read_swap(const reader *r, mlsd__suite_change *c, const mlsd__json *how)
{
    if (how->type != MLSD__JSON_LIST || how->n_children != 2)
        return fail_at(r, how, MLSD_E_PARAM_TYPE, "'swap' must be a list of two values");
    MLSD__TRY(set_change_values(r, c, how));
    if (c->is_text && (c->texts[0] == NULL || c->texts[1] == NULL))
        return fail_at(r, how, MLSD_E_PARAM_TYPE, "'swap' must be a list of two values");
    c->n = 1;
    return MLSD_OK;
}

/* {"times": 1.1}, {"add": 5}, {"noise": 2}, {"swap": ["a", "b"]} */
static mlsd_status read_change_object(const reader *r, mlsd__suite_change *c,
                                      const mlsd__json *value)
{
    const mlsd__json *const how = value->first;
    int64_t k = 0;
    while (how != NULL && k < MLSD__COUNT(change_types) &&
           strcmp(how->key, change_types[k].name) != 0)
        k++;
    if (how == NULL || value->n_children != 1 || k == MLSD__COUNT(change_types))
        return fail_at(r, value, MLSD_E_PARAM_UNKNOWN,
                       "'change': '%.60s' takes one of 'times', 'add', 'noise' and 'swap'%s%.40s",
                       c->name, how != NULL ? ", got " : "", how != NULL ? how->key : "");
    c->type = change_types[k].type;
    if (c->type == MLSD__CHANGE_SWAP) return read_swap(r, c, how);
    if (c->is_text)
        return fail_at(r, how, MLSD_E_TYPE, "'%s' is for numbers, column '%.60s' holds texts",
                       how->key, c->name);
    return read_number(r, how, -INFINITY, INFINITY, "a finite number", &c->amount);
}

static mlsd_status read_change_of(reader *r, const mlsd__json *value, mlsd__suite_change *c)
{
    *c = (mlsd__suite_change){.line = value->line, .n = 1};
    MLSD__TRY(find_column(r, value->line, value->key, &c->column));
    c->name = mlsd_table_name(r->set->file->table, c->column);
    c->is_text = mlsd_table_type(r->set->file->table, c->column) == MLSD_COLUMN_CATEGORY;
    if (value->type == MLSD__JSON_OBJECT) return read_change_object(r, c, value);
    return set_change_values(r, c, value);
}

static mlsd_status read_change(reader *r, const mlsd__json *value)
{
    mlsd__suite_set *const set = r->set;
    MLSD__TRY(need_type(r, value, MLSD__JSON_OBJECT, "an object such as {\"column\": \"value\"}"));
    set->changes = mlsd__suite_alloc(r->suite, value->n_children, sizeof *set->changes);
    if (set->changes == NULL) return MLSD_E_NOMEM;
    for (const mlsd__json *m = value->first; m != NULL; m = m->next) {
        mlsd__suite_change *const c = &set->changes[set->n_changes];
        MLSD__TRY(read_change_of(r, m, c));
        set->n_changes++;
        if (c->n > 1 && set->n_copies > 1 && c->n != set->n_copies)
            return fail_at(
                r, m, MLSD_E_PARAM_CONFLICT,
                "'change': %lld values of '%.60s', %lld of another column; as many or one",
                (long long)c->n, c->name, (long long)set->n_copies);
        if (c->n > set->n_copies) set->n_copies = c->n;
    }
    if (set->n_changes > 0) return MLSD_OK;
    return fail_at(r, value, MLSD_E_PARAM_RANGE, "'change' changes nothing");
}

/* ---- sets ---- */

typedef struct suite_key {
    const char *name;
    mlsd_status (*read)(reader *r, const mlsd__json *value); /* NULL: read before */
    bool at_top;                                             /* may stand before the sets */
} suite_key;

static const suite_key keys[] = {
    {"role", NULL, false},          {"name", NULL, false},
    {"cases", NULL, true},          {"where", read_where, false},
    {"label", read_label, true},    {"id", read_id, true},
    {"level", read_level, true},    {"metric", read_metric, true},
    {"rate", read_rate, false},     {"tolerance", read_tolerance, false},
    {"class", read_class, true},    {"low", read_low, false},
    {"high", read_high, false},     {"by", read_by, false},
    {"margin", read_margin, false}, {"min_support", read_min_support, true},
    {"goal", read_goal, false},     {"change", read_change, false},
    {"expect", read_expect, false}, {"seed", read_seed, true},
    {"weight", read_weight, true},
};

static const mlsd__json *member(const mlsd__json *object, const char *key)
{
    for (const mlsd__json *m = object->first; m != NULL; m = m->next) {
        if (strcmp(m->key, key) == 0) return m;
    }
    return NULL;
}

static bool is_listed(const char *list, const char *key)
{
    const size_t length = strlen(key);
    for (const char *at = strstr(list, key); at != NULL; at = strstr(at + 1, key)) {
        if (at > list && at[-1] == ' ' && at[length] == ' ') return true;
    }
    return false;
}

static bool takes(const mlsd__suite_role *role, const char *key)
{
    return is_listed(keys_of_all, key) || is_listed(role->keys, key);
}

/* Names for the search of the nearest: those a role takes, or (NULL) those before the sets. */
typedef struct known_keys {
    const mlsd__suite_role *role;
} known_keys;

static const char *known_key_at(const void *user, int64_t i)
{
    const known_keys *const known = user;
    for (int64_t k = 0; k < MLSD__COUNT(keys); k++) {
        const bool is_known =
            known->role == NULL ? keys[k].at_top : takes(known->role, keys[k].name);
        if (is_known && i-- == 0) return keys[k].name;
    }
    return i == 0 ? "sets" : "name";
}

static mlsd_status fail_key(const reader *r, const mlsd__json *m, const mlsd__suite_role *role)
{
    const known_keys known = {role};
    int64_t n = role == NULL ? 2 : 0;
    for (int64_t k = 0; k < MLSD__COUNT(keys); k++)
        n += role == NULL ? keys[k].at_top : takes(role, keys[k].name);
    const char *const near = mlsd__nearest_name(m->key, known_key_at, &known, n);
    const char *const of = role == NULL ? "a suite" : role->name;
    for (int64_t k = 0; k < MLSD__COUNT(keys); k++) {
        if (strcmp(keys[k].name, m->key) != 0) continue;
        return fail_at(r, m, MLSD_E_PARAM_CONFLICT, "%s%s no use for '%s'", of,
                       role == NULL ? " itself has" : " sets have", m->key);
    }
    return fail_at(r, m, MLSD_E_PARAM_UNKNOWN, "%s has no key '%.60s'%s%s%s", of, m->key,
                   near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                   near != NULL ? "'?" : "");
}

static const char *role_name_at(const void *user, int64_t i)
{
    (void)user;
    return roles[i].name;
}

static mlsd_status read_role(reader *r, const mlsd__json *object)
{
    const mlsd__json *const value = member(object, "role");
    if (value == NULL)
        return fail_at(r, object, MLSD_E_PARAM_CONFLICT,
                       "a set needs 'role': regression, uniformity, goal, stretch or edge");
    MLSD__TRY(need_type(r, value, MLSD__JSON_TEXT, "a text"));
    for (int64_t i = 0; i < MLSD__COUNT(roles); i++) {
        if (strcmp(roles[i].name, value->text) == 0) r->set->role = &roles[i];
    }
    if (r->set->role != NULL) return MLSD_OK;
    const char *const near =
        mlsd__nearest_name(value->text, role_name_at, NULL, MLSD__COUNT(roles));
    return fail_at(r, value, MLSD_E_PARAM_RANGE, "no role '%.60s'; %s%s%s", value->text,
                   near != NULL ? "did you mean '" : "there are ",
                   near != NULL ? near : "regression, uniformity, goal, stretch, edge",
                   near != NULL ? "'?" : "");
}

static mlsd_status read_cases(reader *r, const mlsd__json *object, const mlsd__json *top)
{
    const mlsd__json *value = member(object, "cases");
    if (value == NULL) value = member(top, "cases");
    if (value == NULL)
        return fail_at(r, object, MLSD_E_PARAM_CONFLICT, "a set needs 'cases': a CSV file");
    const char *name;
    MLSD__TRY(read_text(r, value, &name));
    const mlsd_status status = mlsd__suite_open_file(r->context, r->suite, name, &r->set->file);
    if (status == MLSD_E_IO) return mlsd__suite_refail(r->suite->path, value->line, status);
    MLSD__TRY(status);
    mlsd__suite_set *const set = r->set;
    set->n_rows = mlsd_table_n_rows(set->file->table);
    set->rows = mlsd__suite_alloc(r->suite, set->n_rows, sizeof *set->rows);
    if (set->rows == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < set->n_rows; i++) set->rows[i] = i;
    return MLSD_OK;
}

static mlsd_status read_name(reader *r, const mlsd__json *object)
{
    const mlsd__json *const value = member(object, "name");
    mlsd__suite_set *const set = r->set;
    if (value != NULL) {
        MLSD__TRY(read_text(r, value, &set->name));
    } else {
        mlsd__text t;
        mlsd__text_init(&t, &r->suite->allocator);
        mlsd__text_format(&t, "%s %lld", set->role->name, (long long)(set - r->suite->sets) + 1);
        if (t.status == MLSD_OK) set->name = mlsd__suite_text(r->suite, t.data);
        mlsd__text_free(&t);
        if (set->name == NULL) return MLSD_E_NOMEM;
    }
    for (const mlsd__suite_set *s = r->suite->sets; s < set; s++) {
        if (strcmp(s->name, set->name) == 0)
            return fail_at(r, object, MLSD_E_PARAM_CONFLICT, "two sets are called '%.60s'",
                           set->name);
    }
    return MLSD_OK;
}

/* What must be given together. */
static mlsd_status check_set(reader *r, const mlsd__json *object, const mlsd__json *top)
{
    const mlsd__suite_set *const set = r->set;
    for (int64_t i = 0; i < MLSD__COUNT(needed); i++) {
        if (strcmp(needed[i][0], set->role->name) != 0) continue;
        if (member(object, needed[i][1]) != NULL || member(top, needed[i][1]) != NULL) continue;
        return fail_at(r, object, MLSD_E_PARAM_CONFLICT, "%s set '%.60s' needs '%s'",
                       set->role->name, set->name, needed[i][1]);
    }
    if (set->role->run == mlsd__suite_run_regression && set->label < 0 &&
        !mlsd__suite_has_limits(set))
        return fail_at(r, object, MLSD_E_PARAM_CONFLICT,
                       "regression set '%.60s' expects nothing; it needs 'label', 'low' or 'high'",
                       set->name);
    if (set->role->run != mlsd__suite_run_edge) return MLSD_OK;
    if (set->expect == MLSD__EXPECT_NOTHING && !mlsd__suite_has_limits(set))
        return fail_at(r, object, MLSD_E_PARAM_CONFLICT,
                       "edge set '%.60s' expects nothing; it needs 'expect', 'low' or 'high'",
                       set->name);
    if (set->expect != MLSD__EXPECT_NOTHING && set->n_changes == 0)
        return fail_at(r, object, MLSD_E_PARAM_CONFLICT,
                       "edge set '%.60s' has 'expect' and changes nothing; it needs 'change'",
                       set->name);
    return MLSD_OK;
}

static mlsd_status read_set(reader *r, const mlsd__json *object, const mlsd__json *top)
{
    *r->set = (mlsd__suite_set){.line = object->line,
                                .label = -1,
                                .id = -1,
                                .weight = -1,
                                .level = 0.95,
                                .rate = 1,
                                .tolerance = NAN,
                                .low = {NAN, -1},
                                .high = {NAN, -1},
                                .margin = NAN,
                                .goal = NAN,
                                .min_support = 30,
                                .n_copies = 1};
    if (object->type != MLSD__JSON_OBJECT)
        return fail_at(r, object, MLSD_E_PARAM_TYPE, "a set must be an object, got %s",
                       mlsd__json_type_name(object));
    MLSD__TRY(read_role(r, object));
    for (const mlsd__json *m = object->first; m != NULL; m = m->next) {
        bool is_known = false;
        for (int64_t k = 0; k < MLSD__COUNT(keys); k++)
            is_known |= strcmp(keys[k].name, m->key) == 0 && takes(r->set->role, m->key);
        if (!is_known) return fail_key(r, m, r->set->role);
    }
    MLSD__TRY(read_name(r, object));
    MLSD__TRY(read_cases(r, object, top));
    for (int64_t k = 0; k < MLSD__COUNT(keys); k++) {
        const mlsd__json *value = member(object, keys[k].name);
        if (value == NULL && keys[k].at_top) value = member(top, keys[k].name);
        if (value == NULL || keys[k].read == NULL || !takes(r->set->role, keys[k].name)) continue;
        MLSD__TRY(keys[k].read(r, value));
    }
    return check_set(r, object, top);
}

static mlsd_status read_suite(reader *r, const mlsd__json *top)
{
    mlsd_suite *const s = r->suite;
    if (top->type != MLSD__JSON_OBJECT)
        return fail_at(r, top, MLSD_E_PARAM_TYPE, "a suite must be an object, got %s",
                       mlsd__json_type_name(top));
    for (const mlsd__json *m = top->first; m != NULL; m = m->next) {
        bool is_known = strcmp(m->key, "sets") == 0 || strcmp(m->key, "name") == 0;
        for (int64_t k = 0; k < MLSD__COUNT(keys); k++)
            is_known |= keys[k].at_top && strcmp(keys[k].name, m->key) == 0;
        if (!is_known) return fail_key(r, m, NULL);
    }
    const mlsd__json *const name = member(top, "name"), *const sets = member(top, "sets");
    if (name != NULL) MLSD__TRY(read_text(r, name, &s->name));
    if (sets == NULL) return fail_at(r, top, MLSD_E_PARAM_CONFLICT, "a suite needs 'sets': a list");
    MLSD__TRY(need_type(r, sets, MLSD__JSON_LIST, "a list"));
    if (sets->n_children == 0)
        return fail_at(r, sets, MLSD_E_DATA, "the suite has no set, so nothing would be tested");
    s->sets = mlsd__suite_alloc(s, sets->n_children, sizeof *s->sets);
    s->files = mlsd__suite_alloc(s, sets->n_children, sizeof *s->files);
    if (s->sets == NULL || s->files == NULL) return MLSD_E_NOMEM;
    s->n_rooms = sets->n_children;
    for (const mlsd__json *object = sets->first; object != NULL; object = object->next) {
        r->set = &s->sets[s->n_sets];
        MLSD__TRY(read_set(r, object, top));
        s->n_sets++;
    }
    return MLSD_OK;
}

mlsd_status mlsd__suite_read(const mlsd_context *context, mlsd_suite *s, const char *text,
                             size_t size)
{
    mlsd__json_document document;
    mlsd_status status = mlsd__json_read(&s->allocator, s->path, text, size, &document);
    reader r = {.context = context, .suite = s};
    if (status == MLSD_OK) status = read_suite(&r, document.root);
    mlsd__json_end(&s->allocator, &document);
    return status;
}
