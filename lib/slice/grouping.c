/* grouping.c - the rows of a table by the values of one column. Nothing is known of metrics here.
 */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "numeric/rank.h"
#include "slice/slice_impl.h"

static const char missing_label[] = "(missing)";

/* Room for n_levels labels and the level of each row. */
static mlsd_status grouping_start(mlsd__grouping *g, const mlsd__allocator *a, int64_t n_levels)
{
    g->labels = mlsd__alloc(a, n_levels, sizeof *g->labels);
    if (g->labels == NULL) return MLSD_E_NOMEM;
    g->n_levels = n_levels;
    g->levels = mlsd__alloc(a, n_levels, sizeof *g->levels);
    return g->levels == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static mlsd_status set_label(mlsd__grouping *g, const mlsd__allocator *a, int64_t level,
                             const char *text, mlsd__level is)
{
    g->levels[level] = is;
    g->labels[level] = mlsd__strdup(a, text);
    return g->labels[level] == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static mlsd_status set_missing(mlsd__grouping *g, const mlsd__allocator *a)
{
    return set_label(g, a, g->n_levels - 1, missing_label,
                     (mlsd__level){MLSD__LEVEL_MISSING, NAN, NAN});
}

/* Sort the rows by their levels, counting. */
static mlsd_status grouping_finish(mlsd__grouping *g, const mlsd__allocator *a,
                                   const int32_t *level_of)
{
    g->starts = mlsd__alloc(a, g->n_levels + 1, sizeof *g->starts);
    if (g->starts == NULL) return MLSD_E_NOMEM;
    g->rows = mlsd__alloc_raw(a, g->n_rows, sizeof *g->rows);
    if (g->rows == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < g->n_rows; i++) g->starts[level_of[i] + 1]++;
    for (int64_t k = 0; k < g->n_levels; k++) g->starts[k + 1] += g->starts[k];
    for (int64_t i = 0; i < g->n_rows; i++) g->rows[g->starts[level_of[i]]++] = i;
    for (int64_t k = g->n_levels; k > 0; k--) g->starts[k] = g->starts[k - 1];
    g->starts[0] = 0;
    return MLSD_OK;
}

/* Rows without a value (-1) get the level after all others; returns whether there are any. */
static bool collect_missing(int32_t *level_of, int64_t n_rows, int64_t n_levels)
{
    bool found = false;
    for (int64_t i = 0; i < n_rows; i++) {
        if (level_of[i] >= 0) continue;
        level_of[i] = (int32_t)n_levels;
        found = true;
    }
    return found;
}

static mlsd_status group_categories(mlsd__grouping *g, const mlsd__allocator *a,
                                    const mlsd_table *table, int64_t column, const double *x,
                                    int32_t *level_of)
{
    const int64_t n_levels = mlsd_table_level_count(table, column);
    for (int64_t i = 0; i < g->n_rows; i++) level_of[i] = isnan(x[i]) ? -1 : (int32_t)x[i];
    const bool some_missing = collect_missing(level_of, g->n_rows, n_levels);
    MLSD__TRY(grouping_start(g, a, n_levels + some_missing));
    for (int64_t k = 0; k < n_levels; k++) {
        MLSD__TRY(set_label(g, a, k, mlsd_table_level_at(table, column, k),
                            (mlsd__level){MLSD__LEVEL_CATEGORY, NAN, NAN}));
    }
    return some_missing ? set_missing(g, a) : MLSD_OK;
}

static mlsd_status group_values(mlsd__grouping *g, const mlsd__allocator *a, const double *values,
                                int64_t n_values, int32_t *level_of)
{
    const bool some_missing = collect_missing(level_of, g->n_rows, n_values);
    MLSD__TRY(grouping_start(g, a, n_values + some_missing));
    for (int64_t k = 0; k < n_values; k++) {
        char text[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(values[k], text);
        MLSD__TRY(set_label(g, a, k, text, (mlsd__level){MLSD__LEVEL_VALUE, NAN, values[k]}));
    }
    return some_missing ? set_missing(g, a) : MLSD_OK;
}

/* The number with the fewest decimals in [cut, next), which puts the same rows below: people read
 * it. Sums of tens up to 1e22 are exact as doubles, so that it prints as short as it is. */
static double shorten(double cut, double next)
{
    enum { EXACT_TENS = 22 };
    double power = 1e22;
    for (int k = -EXACT_TENS; k <= EXACT_TENS; k++) {
        const double candidate = k <= 0 ? ceil(cut / power) * power : ceil(cut * power) / power;
        if (candidate >= cut && candidate < next) return candidate + 0.0; /* no -0 */
        power = k < 0 ? power / 10 : power * 10;
    }
    return cut;
}

/* Upper ends of the bins but the last, ascending; those with nothing between them are one, as is
 * one that leaves nothing above. Returns how many are left. x[order] ascends, `n` are present. */
static int64_t find_cuts(const double *x, const int64_t *order, int64_t n,
                         const mlsd__grouping_options *options, double *cuts)
{
    if (n == 0) return 0;
    const double smallest = x[order[0]], largest = x[order[n - 1]];
    const double width = (largest / 2 - smallest / 2) / (double)options->n_bins * 2;
    int64_t n_cuts = 0, place = 0;
    for (int64_t q = 1; q < options->n_bins; q++) {
        const int64_t quantile = (q * n + options->n_bins - 1) / options->n_bins - 1;
        const double cut = options->equal_width ? smallest + (double)q * width : x[order[quantile]];
        const int64_t before = place;
        if (cut >= largest) break;
        while (x[order[place]] <= cut) place++;
        if (place > before) cuts[n_cuts++] = shorten(cut, x[order[place]]);
    }
    return n_cuts;
}

static mlsd_status label_bins(mlsd__grouping *g, const mlsd__allocator *a, const double *cuts,
                              int64_t n_cuts)
{
    for (int64_t k = 0; k <= n_cuts; k++) {
        const mlsd__level is = {MLSD__LEVEL_RANGE, k == 0 ? -INFINITY : cuts[k - 1],
                                k == n_cuts ? INFINITY : cuts[k]};
        mlsd__text t;
        mlsd__text_init(&t, a);
        if (n_cuts == 0) {
            mlsd__text_append(&t, "any");
        } else if (k == 0 || k == n_cuts) {
            mlsd__text_append(&t, k == 0 ? "<= " : "> ");
            mlsd__text_double(&t, cuts[k == 0 ? 0 : k - 1]);
        } else {
            mlsd__text_append(&t, "(");
            mlsd__text_double(&t, cuts[k - 1]);
            mlsd__text_append(&t, ", ");
            mlsd__text_double(&t, cuts[k]);
            mlsd__text_append(&t, "]");
        }
        mlsd_status status = t.status;
        if (status == MLSD_OK) status = set_label(g, a, k, t.data, is);
        mlsd__text_free(&t);
        MLSD__TRY(status);
    }
    return MLSD_OK;
}

/* How many of the ascending cuts are below x. */
static int32_t bin_of(const double *cuts, int64_t n_cuts, double x)
{
    int64_t low = 0, high = n_cuts;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (cuts[middle] < x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (int32_t)low;
}

static mlsd_status group_bins(mlsd__grouping *g, mlsd__scope *scope, const double *x,
                              const mlsd__grouping_options *options, int32_t *level_of)
{
    const mlsd__allocator *const a = scope->allocator;
    const bool given = options->cuts != NULL;
    const int64_t room = given ? options->n_cuts : options->n_bins;
    int64_t *const order = mlsd__alloc_raw(a, given ? 0 : g->n_rows, sizeof *order);
    double *const cuts = mlsd__alloc_raw(a, room, sizeof *cuts);
    mlsd_status status = order == NULL || cuts == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK && !given) status = mlsd__argsort_rows(scope, x, g->n_rows, order);
    if (status != MLSD_OK) goto out;
    int64_t n_present = g->n_rows, n_cuts = options->n_cuts;
    if (given) {
        memcpy(cuts, options->cuts, (size_t)n_cuts * sizeof *cuts);
    } else {
        while (n_present > 0 && isnan(x[order[n_present - 1]])) n_present--;
        n_cuts = find_cuts(x, order, n_present, options, cuts);
    }
    for (int64_t i = 0; i < g->n_rows; i++) {
        level_of[i] = isnan(x[i]) ? -1 : bin_of(cuts, n_cuts, x[i]);
    }
    const bool some_missing = collect_missing(level_of, g->n_rows, n_cuts + 1);
    status = grouping_start(g, a, n_cuts + 1 + some_missing);
    if (status == MLSD_OK) status = label_bins(g, a, cuts, n_cuts);
    if (status == MLSD_OK && some_missing) status = set_missing(g, a);
out:
    mlsd__free(a, cuts);
    mlsd__free(a, order);
    return status;
}

mlsd_status mlsd__grouping_make(mlsd__scope *scope, const mlsd_table *table, int64_t column,
                                const mlsd__grouping_options *options, mlsd__grouping *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = mlsd_table_n_rows(table);
    double *x = NULL, *values = NULL;
    int32_t *level_of = NULL;
    int64_t n_values = 0;
    mlsd_status status = MLSD_E_NOMEM;

    memset(out, 0, sizeof *out);
    out->n_rows = n;
    x = mlsd__alloc_raw(a, n, sizeof *x);
    if (x == NULL) goto out;
    level_of = mlsd__alloc_raw(a, n, sizeof *level_of);
    if (level_of == NULL) goto out;
    status = mlsd_table_get_f64(table, column, 0, n, x);
    if (status != MLSD_OK) goto out;
    if (mlsd_table_type(table, column) == MLSD_COLUMN_CATEGORY) {
        status = group_categories(out, a, table, column, x, level_of);
    } else {
        values = mlsd__alloc_raw(a, n, sizeof *values);
        status = values == NULL ? MLSD_E_NOMEM
                                : mlsd__factorize_rows(scope, x, n, values, &n_values, level_of);
        if (status != MLSD_OK) goto out;
        status = n_values <= options->max_values && options->cuts == NULL
                     ? group_values(out, a, values, n_values, level_of)
                     : group_bins(out, scope, x, options, level_of);
    }
    if (status == MLSD_OK) status = grouping_finish(out, a, level_of);
    if (status == MLSD_OK) status = mlsd__checkpoint(scope);
out:
    mlsd__free(a, values);
    mlsd__free(a, level_of);
    mlsd__free(a, x);
    if (status != MLSD_OK) mlsd__grouping_free(out, a);
    return status;
}

void mlsd__grouping_free(mlsd__grouping *g, const mlsd__allocator *a)
{
    for (int64_t k = 0; g->labels != NULL && k < g->n_levels; k++) mlsd__free(a, g->labels[k]);
    mlsd__free(a, g->labels);
    mlsd__free(a, g->levels);
    mlsd__free(a, g->starts);
    mlsd__free(a, g->rows);
    memset(g, 0, sizeof *g);
}

static void json_number(mlsd__text *t, const char *key, double value)
{
    mlsd__text_format(t, ", \"%s\": ", key);
    mlsd__text_json_double(t, value);
}

void mlsd__grouping_words(const mlsd__grouping *g, int64_t level, const char *column, mlsd__text *t)
{
    const mlsd__level *const is = &g->levels[level];
    mlsd__text_append(t, column);
    switch (is->kind) {
    case MLSD__LEVEL_MISSING:
        mlsd__text_append(t, " is missing");
        return;
    case MLSD__LEVEL_RANGE:
        mlsd__text_append(t, isinf(is->above) && isinf(is->at_most)   ? " is known"
                             : isinf(is->above) || isinf(is->at_most) ? " "
                                                                      : " in ");
        if (isinf(is->above) && isinf(is->at_most)) return;
        break;
    default:
        mlsd__text_append(t, " = ");
    }
    mlsd__text_append(t, g->labels[level]);
}

void mlsd__grouping_json(const mlsd__grouping *g, int64_t level, mlsd__text *t)
{
    const mlsd__level *const is = &g->levels[level];
    switch (is->kind) {
    case MLSD__LEVEL_CATEGORY:
        mlsd__text_append(t, ", \"equals\": ");
        mlsd__text_json_string(t, g->labels[level]);
        break;
    case MLSD__LEVEL_VALUE:
        json_number(t, "equals", is->at_most);
        break;
    case MLSD__LEVEL_RANGE:
        if (!isinf(is->above)) json_number(t, "above", is->above);
        if (!isinf(is->at_most)) json_number(t, "at_most", is->at_most);
        if (isinf(is->above) && isinf(is->at_most)) mlsd__text_append(t, ", \"missing\": false");
        break;
    case MLSD__LEVEL_MISSING:
        mlsd__text_append(t, ", \"missing\": true");
    }
}
