/* group_map.c - rows of any table find the groups that were made of another. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "slice/mitigation/policy_impl.h"

void mlsd__group_map_free(mlsd__group_map *m, const mlsd__allocator *a)
{
    for (int64_t j = 0; m->columns != NULL && j < m->n_columns; j++) {
        mlsd__group_column *const c = &m->columns[j];
        for (int64_t k = 0; c->labels != NULL && k < c->n_levels; k++) mlsd__free(a, c->labels[k]);
        mlsd__free(a, c->labels);
        mlsd__free(a, c->levels);
        mlsd__free(a, c->name);
    }
    for (int64_t g = 0; m->labels != NULL && g < m->n_groups; g++) mlsd__free(a, m->labels[g]);
    mlsd__free(a, m->columns);
    mlsd__free(a, m->labels);
    mlsd__free(a, m->codes);
    memset(m, 0, sizeof *m);
}

static mlsd_status copy_labels(const mlsd__allocator *a, char *const *from, int64_t n, char ***out)
{
    *out = mlsd__alloc(a, n, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        (*out)[i] = mlsd__strdup(a, from[i]);
        if ((*out)[i] == NULL) return MLSD_E_NOMEM;
    }
    return MLSD_OK;
}

/* One more column: its levels, and one more digit of every group's code. */
static mlsd_status add_column(const mlsd__allocator *a, const mlsd__grouping *g, const char *name,
                              const mlsd__crossing *groups, mlsd__group_map *m)
{
    mlsd__group_column *const c = &m->columns[m->n_columns++];
    c->name = mlsd__strdup(a, name);
    if (c->name == NULL) return MLSD_E_NOMEM;
    c->n_levels = g->n_levels;
    c->levels = mlsd__memdup(a, g->levels, g->n_levels, sizeof *c->levels);
    if (c->levels == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(copy_labels(a, g->labels, g->n_levels, &c->labels));
    for (int64_t k = 0; k < m->n_groups; k++) {
        int64_t shifted;
        MLSD__TRY(mlsd__mul_size(m->codes[k], g->n_levels, &shifted));
        m->codes[k] = shifted;
    }
    int64_t *const digit = mlsd__alloc(a, m->n_groups, sizeof *digit);
    if (digit == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < g->n_levels; k++) {
        for (int64_t i = g->starts[k]; i < g->starts[k + 1]; i++) {
            digit[groups->of_row[g->rows[i]]] = k;
        }
    }
    for (int64_t k = 0; k < m->n_groups; k++) m->codes[k] += digit[k];
    mlsd__free(a, digit);
    return MLSD_OK;
}

mlsd_status mlsd__group_map_make(mlsd__scope *scope, const mlsd_table *table, const int64_t *by,
                                 int64_t n_by, const mlsd__grouping_options *options,
                                 const mlsd__crossing *groups, mlsd__group_map *out)
{
    const mlsd__allocator *const a = scope->allocator;
    memset(out, 0, sizeof *out);
    out->n_groups = groups->n_groups;
    mlsd_status status = copy_labels(a, groups->labels, groups->n_groups, &out->labels);
    if (status == MLSD_OK) {
        out->codes = mlsd__alloc(a, groups->n_groups, sizeof *out->codes);
        out->columns = mlsd__alloc(a, n_by, sizeof *out->columns);
        if (out->codes == NULL || out->columns == NULL) status = MLSD_E_NOMEM;
    }
    for (int64_t j = 0; j < n_by && status == MLSD_OK; j++) {
        mlsd__grouping g;
        status = mlsd__grouping_make(scope, table, by[j], options, &g);
        if (status != MLSD_OK) break;
        status = add_column(a, &g, mlsd_table_name(table, by[j]), groups, out);
        mlsd__grouping_free(&g, a);
    }
    if (status != MLSD_OK) mlsd__group_map_free(out, a);
    return status;
}

/* ---- finding ---- */

static bool is_level(const mlsd__level *level, double x)
{
    if (level->kind == MLSD__LEVEL_MISSING) return isnan(x);
    if (level->kind == MLSD__LEVEL_VALUE) return x == level->at_most;
    if (level->kind == MLSD__LEVEL_RANGE) return x > level->above && x <= level->at_most;
    return false;
}

/* Levels of numbers ascend, and a missing one is the last. */
static int64_t level_of_number(const mlsd__group_column *c, double x)
{
    int64_t low = 0, high = c->n_levels - 1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (c->levels[middle].kind != MLSD__LEVEL_MISSING && c->levels[middle].at_most >= x) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return is_level(&c->levels[low], x) ? low : -1;
}

/* Texts mostly come in the order that they had when the groups were made: `from` is looked at
 * first. */
static int64_t level_of_text(const mlsd__group_column *c, const char *text, int64_t from)
{
    for (int64_t i = 0; i < c->n_levels; i++) {
        const int64_t k = (from + i) % c->n_levels;
        const mlsd__level_kind kind = c->levels[k].kind;
        if (text == NULL ? kind == MLSD__LEVEL_MISSING
                         : kind == MLSD__LEVEL_CATEGORY && strcmp(c->labels[k], text) == 0) {
            return k;
        }
    }
    return -1;
}

static mlsd_status unknown_value(const mlsd__group_column *c, int64_t row, const char *text)
{
    if (text == NULL) {
        return mlsd__fail(MLSD_E_DATA,
                          "row %lld has no value in '%.100s', as no row of the policy's fit had; "
                          "fit it anew with such rows",
                          (long long)row, c->name);
    }
    return mlsd__fail(MLSD_E_DATA,
                      "row %lld has %.100s = '%.100s', which no group of the policy has; fit it "
                      "anew with such rows",
                      (long long)row, c->name, text);
}

/* The levels of a column of texts, by code; the last is that of missing ones. */
static mlsd_status find_texts(const mlsd__group_column *c, const mlsd__allocator *a,
                              const mlsd_table *table, int64_t at, int64_t n, int64_t *codes)
{
    const int64_t n_texts = mlsd_table_level_count(table, at);
    int64_t *const level = mlsd__alloc_raw(a, n_texts, sizeof *level);
    int64_t *const text = mlsd__alloc_raw(a, n, sizeof *text);
    mlsd_status status = level == NULL || text == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd_table_get_i64(table, at, 0, n, text);
    for (int64_t k = 0, from = 0; k < n_texts && status == MLSD_OK; k++) {
        level[k] = level_of_text(c, mlsd_table_level_at(table, at, k), from);
        if (level[k] >= 0) from = level[k] + 1;
    }
    const int64_t missing = level_of_text(c, NULL, 0);
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) {
        const int64_t is = text[i] < 0 ? missing : level[text[i]];
        if (is < 0) status = unknown_value(c, i, mlsd_table_get_str(table, at, i));
        codes[i] = codes[i] * c->n_levels + is;
    }
    mlsd__free(a, text);
    mlsd__free(a, level);
    return status;
}

static mlsd_status find_numbers(const mlsd__group_column *c, const mlsd__allocator *a,
                                const mlsd_table *table, int64_t at, int64_t n, int64_t *codes)
{
    double *const x = mlsd__alloc_raw(a, n, sizeof *x);
    if (x == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd_table_get_f64(table, at, 0, n, x);
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) {
        const int64_t k = level_of_number(c, x[i]);
        if (k < 0) {
            char text[MLSD__NUMBER_CAPACITY];
            mlsd__format_double(x[i], text);
            status = unknown_value(c, i, isnan(x[i]) ? NULL : text);
        }
        codes[i] = codes[i] * c->n_levels + k;
    }
    mlsd__free(a, x);
    return status;
}

/* Texts and numbers are never the same, not even '1' and 1. */
static mlsd_status check_type(const mlsd__group_column *c, bool texts)
{
    const mlsd__level_kind kind = c->levels[0].kind;
    if (kind == MLSD__LEVEL_MISSING || texts == (kind == MLSD__LEVEL_CATEGORY)) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "column '%.100s' holds %s, but held %s when the policy was fitted; make it "
                      "the same here",
                      c->name, texts ? "texts" : "numbers", texts ? "numbers" : "texts");
}

/* The values that a code stands for, as "race = a and sex = f". */
static mlsd_status unknown_combination(const mlsd__group_map *m, const mlsd__allocator *a,
                                       int64_t code, int64_t row)
{
    int64_t place = 1;
    mlsd__text t;
    mlsd__text_init(&t, a);
    for (int64_t j = 1; j < m->n_columns; j++) place *= m->columns[j].n_levels;
    for (int64_t j = 0; j < m->n_columns; j++) {
        const mlsd__group_column *const c = &m->columns[j];
        mlsd__text_format(&t, "%s%s = %s", j > 0 ? " and " : "", c->name,
                          c->labels[code / place % c->n_levels]);
        if (j + 1 < m->n_columns) place /= m->columns[j + 1].n_levels;
    }
    const mlsd_status status =
        t.status != MLSD_OK
            ? t.status
            : mlsd__fail(MLSD_E_DATA,
                         "row %lld is of '%.200s', a group that the policy does not know; fit it "
                         "anew with such rows",
                         (long long)row, t.data);
    mlsd__text_free(&t);
    return status;
}

static int64_t group_of_code(const mlsd__group_map *m, int64_t code)
{
    int64_t low = 0, high = m->n_groups;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (m->codes[middle] < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < m->n_groups && m->codes[low] == code ? low : -1;
}

mlsd_status mlsd__group_map_find(const mlsd__group_map *m, const mlsd__allocator *a,
                                 const mlsd_table *table, int64_t *out)
{
    const int64_t n = mlsd_table_n_rows(table);
    for (int64_t i = 0; i < n; i++) out[i] = 0;
    for (int64_t j = 0; j < m->n_columns; j++) {
        const mlsd__group_column *const c = &m->columns[j];
        int64_t at;
        MLSD__TRY(mlsd_table_find(table, c->name, &at));
        const bool texts = mlsd_table_type(table, at) == MLSD_COLUMN_CATEGORY;
        MLSD__TRY(check_type(c, texts));
        MLSD__TRY(texts ? find_texts(c, a, table, at, n, out)
                        : find_numbers(c, a, table, at, n, out));
    }
    for (int64_t i = 0; i < n; i++) {
        const int64_t g = group_of_code(m, out[i]);
        if (g < 0) return unknown_combination(m, a, out[i], i);
        out[i] = g;
    }
    return MLSD_OK;
}
