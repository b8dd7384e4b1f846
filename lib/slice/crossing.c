/* crossing.c - groups of rows by several columns. After each column the groups that have rows are
 * numbered anew, so that their number never exceeds that of the rows, however many levels the
 * columns have. */
#include "slice/crossing.h"

#include <string.h>

#include "base/text.h"
#include "numeric/rank.h"

static mlsd_status too_many(const mlsd_table *table, int64_t column, int64_t n, int64_t max_groups,
                            const char *what)
{
    return mlsd__fail(MLSD_E_DATA,
                      "'%s' makes %lld groups at column '%.100s', more than max_groups %lld; merge "
                      "its values, or raise max_groups",
                      what, (long long)n, mlsd_table_name(table, column), (long long)max_groups);
}

/* The label of a group gets one more predicate. */
static char *longer_label(const mlsd__allocator *a, const char *before, const char *column,
                          const char *level)
{
    mlsd__text t;
    mlsd__text_init(&t, a);
    if (before[0] != '\0') {
        mlsd__text_append(&t, before);
        mlsd__text_append(&t, " and ");
    }
    if (column != NULL) {
        mlsd__text_append(&t, column);
        mlsd__text_append(&t, " = ");
    }
    mlsd__text_append(&t, level);
    char *const made = t.status == MLSD_OK ? mlsd__strdup(a, t.data == NULL ? "" : t.data) : NULL;
    mlsd__text_free(&t);
    return made;
}

static void free_labels(const mlsd__allocator *a, char **labels, int64_t n)
{
    for (int64_t g = 0; labels != NULL && g < n; g++) mlsd__free(a, labels[g]);
    mlsd__free(a, labels);
}

/* Take over the groups `values` (group * levels + level), which have labels of their own now. */
static mlsd_status relabel(mlsd__crossing *c, const mlsd__allocator *a, const mlsd__grouping *g,
                           const char *column, const double *values, int64_t n)
{
    char **const labels = mlsd__alloc(a, n, sizeof *labels);
    if (labels == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        const int64_t id = (int64_t)values[i];
        labels[i] =
            longer_label(a, c->labels[id / g->n_levels], column, g->labels[id % g->n_levels]);
        if (labels[i] == NULL) {
            free_labels(a, labels, n);
            return MLSD_E_NOMEM;
        }
    }
    free_labels(a, c->labels, c->n_groups);
    c->labels = labels;
    c->n_groups = n;
    return MLSD_OK;
}

static mlsd_status cross(mlsd__scope *scope, mlsd__crossing *c, const mlsd_table *table,
                         int64_t column, const mlsd__grouping *g, bool named, int64_t max_groups,
                         const char *what)
{
    const mlsd__allocator *const a = scope->allocator;
    double *values = NULL;
    int64_t n = 0;
    int64_t *const id = mlsd__alloc_raw(a, c->n_rows, sizeof *id);
    if (id == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < g->n_levels; k++) {
        for (int64_t i = g->starts[k]; i < g->starts[k + 1]; i++) {
            const int64_t row = g->rows[i];
            id[row] = (int64_t)c->of_row[row] * g->n_levels + k;
        }
    }
    mlsd_status status = mlsd__factorize_new_i64(scope, id, c->n_rows, &values, &n, c->of_row);
    if (status == MLSD_OK && n > max_groups) {
        status = too_many(table, column, n, max_groups, what);
    }
    if (status == MLSD_OK) {
        const char *const name = named ? mlsd_table_name(table, column) : NULL;
        status = relabel(c, a, g, name, values, n);
    }
    mlsd__free(a, values);
    mlsd__free(a, id);
    return status;
}

mlsd_status mlsd__crossing_make(mlsd__scope *scope, const mlsd_table *table, const int64_t *by,
                                int64_t n_by, const mlsd__grouping_options *options,
                                int64_t max_groups, const char *what, mlsd__crossing *out)
{
    const mlsd__allocator *const a = scope->allocator;
    memset(out, 0, sizeof *out);
    out->n_rows = mlsd_table_n_rows(table);
    out->of_row = mlsd__alloc(a, out->n_rows, sizeof *out->of_row);
    if (out->of_row == NULL) return MLSD_E_NOMEM;
    out->labels = mlsd__alloc(a, 1, sizeof *out->labels);
    mlsd_status status = out->labels == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        out->n_groups = 1;
        out->labels[0] = mlsd__strdup(a, "");
        if (out->labels[0] == NULL) status = MLSD_E_NOMEM;
    }
    for (int64_t j = 0; j < n_by && status == MLSD_OK; j++) {
        mlsd__grouping g;
        status = mlsd__grouping_make(scope, table, by[j], options, &g);
        if (status != MLSD_OK) break;
        status = cross(scope, out, table, by[j], &g, n_by > 1, max_groups, what);
        out->n_binned += g.levels[0].kind == MLSD__LEVEL_RANGE;
        mlsd__grouping_free(&g, a);
    }
    if (status != MLSD_OK) mlsd__crossing_free(out, a);
    return status;
}

void mlsd__crossing_free(mlsd__crossing *c, const mlsd__allocator *a)
{
    free_labels(a, c->labels, c->n_groups);
    mlsd__free(a, c->of_row);
    memset(c, 0, sizeof *c);
}

int64_t mlsd__crossing_find(const mlsd__crossing *c, const mlsd_table *table, const int64_t *by,
                            int64_t n_by, const char *label)
{
    const char *bare = label;
    if (n_by == 1) {
        const char *const name = mlsd_table_name(table, by[0]);
        const size_t length = strlen(name);
        if (strncmp(label, name, length) == 0 && strncmp(label + length, " = ", 3) == 0) {
            bare = label + length + 3;
        }
    }
    for (int64_t g = 0; g < c->n_groups; g++) {
        if (strcmp(c->labels[g], label) == 0 || strcmp(c->labels[g], bare) == 0) return g;
    }
    return -1;
}
