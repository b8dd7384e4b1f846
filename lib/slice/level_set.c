/* level_set.c - see the header. Words name at most a few levels; JSON names all. */
#include "slice/level_set.h"

#include <math.h>

enum { MOST_NAMED = 8 };

typedef struct extent {
    int64_t first, last; /* of the levels that are not missing; first > last for none */
    int64_t n, n_known;  /* allowed, and there are; both without the missing one */
    bool missing, has_missing;
} extent;

static extent extent_of(const mlsd__grouping *g, const bool *allowed)
{
    extent e = {.first = g->n_levels, .last = -1};
    for (int64_t k = 0; k < g->n_levels; k++) {
        if (g->levels[k].kind == MLSD__LEVEL_MISSING) {
            e.has_missing = true;
            e.missing = allowed[k];
            continue;
        }
        e.n_known++;
        if (!allowed[k]) continue;
        e.n++;
        e.first = k < e.first ? k : e.first;
        e.last = k;
    }
    return e;
}

/* ---- words ---- */

static void list_names(const mlsd__grouping *g, const bool *allowed, bool which, int64_t n,
                       mlsd__text *t)
{
    int64_t named = 0;
    for (int64_t k = 0; k < g->n_levels && named < MOST_NAMED; k++) {
        if (g->levels[k].kind == MLSD__LEVEL_MISSING || allowed[k] != which) continue;
        if (named++ > 0) mlsd__text_append(t, ", ");
        mlsd__text_append(t, g->labels[k]);
    }
    if (n > named) mlsd__text_format(t, " and %lld more", (long long)(n - named));
}

static void say_categories(const mlsd__grouping *g, const bool *allowed, const extent *e,
                           mlsd__text *t)
{
    const int64_t n_out = e->n_known - e->n;
    const bool by_out = n_out < e->n;
    const int64_t n = by_out ? n_out : e->n;
    mlsd__text_append(t, by_out ? n == 1 ? " is not " : " not in {" : n == 1 ? " = " : " in {");
    list_names(g, allowed, !by_out, n, t);
    if (n > 1) mlsd__text_append(t, "}");
}

static void say_numbers(const mlsd__grouping *g, const extent *e, mlsd__text *t)
{
    const mlsd__level *const low = &g->levels[e->first], *const high = &g->levels[e->last];
    const bool values = low->kind == MLSD__LEVEL_VALUE;
    const bool from = e->first > 0, to = e->last < e->n_known - 1;
    if (values && e->first == e->last) {
        mlsd__text_append(t, " = ");
        mlsd__text_double(t, low->at_most);
        return;
    }
    if (from && to) {
        mlsd__text_append(t, values ? " in [" : " in (");
        mlsd__text_double(t, values ? low->at_most : low->above);
        mlsd__text_append(t, ", ");
        mlsd__text_double(t, high->at_most);
        mlsd__text_append(t, "]");
        return;
    }
    mlsd__text_append(t, to ? " <= " : values ? " >= " : " > ");
    mlsd__text_double(t, to ? high->at_most : values ? low->at_most : low->above);
}

void mlsd__level_set_words(const mlsd__sliced *s, int32_t column, const bool *allowed,
                           mlsd__text *t)
{
    const mlsd__grouping *const g = &s->groupings[column];
    const extent e = extent_of(g, allowed);
    mlsd__text_append(t, mlsd_table_name(s->groups, s->columns[column]));
    if (e.n == 0) {
        mlsd__text_append(t, " is missing");
        return;
    }
    if (e.n == e.n_known) {
        mlsd__text_append(t, e.missing || !e.has_missing ? " is anything" : " is known");
        return;
    }
    if (g->levels[e.first].kind == MLSD__LEVEL_CATEGORY) {
        say_categories(g, allowed, &e, t);
    } else {
        say_numbers(g, &e, t);
    }
    if (e.missing) mlsd__text_append(t, " or missing");
}

/* ---- JSON ---- */

static void json_bound(mlsd__text *t, const char *key, double value)
{
    mlsd__text_append(t, ", \"");
    mlsd__text_append(t, key);
    mlsd__text_append(t, "\": ");
    mlsd__text_json_double(t, value);
}

static void json_categories(const mlsd__grouping *g, const bool *allowed, mlsd__text *t)
{
    int64_t n = 0;
    mlsd__text_append(t, ", \"in\": [");
    for (int64_t k = 0; k < g->n_levels; k++) {
        if (!allowed[k] || g->levels[k].kind == MLSD__LEVEL_MISSING) continue;
        if (n++ > 0) mlsd__text_append(t, ", ");
        mlsd__text_json_string(t, g->labels[k]);
    }
    mlsd__text_append(t, "]");
}

static void json_numbers(const mlsd__grouping *g, const extent *e, mlsd__text *t)
{
    const mlsd__level *const low = &g->levels[e->first], *const high = &g->levels[e->last];
    if (e->first > 0) {
        if (low->kind == MLSD__LEVEL_VALUE) json_bound(t, "at_least", low->at_most);
        if (low->kind != MLSD__LEVEL_VALUE) json_bound(t, "above", low->above);
    }
    if (e->last < e->n_known - 1) json_bound(t, "at_most", high->at_most);
}

void mlsd__level_set_json(const mlsd__sliced *s, int32_t column, const bool *allowed, mlsd__text *t)
{
    const mlsd__grouping *const g = &s->groupings[column];
    const extent e = extent_of(g, allowed);
    mlsd__text_append(t, "{\"column\": ");
    mlsd__text_json_string(t, mlsd_table_name(s->groups, s->columns[column]));
    if (e.n > 0 && g->levels[e.first].kind == MLSD__LEVEL_CATEGORY) {
        json_categories(g, allowed, t);
    } else if (e.n > 0) {
        json_numbers(g, &e, t);
    }
    if (e.n == 0) {
        mlsd__text_append(t, ", \"missing\": true}");
    } else if (e.missing) {
        mlsd__text_append(t, ", \"or_missing\": true}");
    } else {
        const bool known = e.n == e.n_known && e.has_missing;
        mlsd__text_append(t, known ? ", \"missing\": false}" : "}");
    }
}
