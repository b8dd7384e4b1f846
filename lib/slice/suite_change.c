/* suite_change.c - cases with a column set, scaled, shifted, shaken or swapped. Noise is named by
 * seed, row of the file, column and copy, so it does not depend on which other cases there are. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "slice/suite_impl.h"

static double changed_number(const mlsd__suite_change *c, const mlsd__suite_set *set, int64_t row,
                             int64_t copy, double x)
{
    switch (c->type) {
    case MLSD__CHANGE_SET:
        return c->numbers[c->n > 1 ? copy : 0];
    case MLSD__CHANGE_TIMES:
        return x * c->amount;
    case MLSD__CHANGE_ADD:
        return x + c->amount;
    case MLSD__CHANGE_SWAP:
        return x == c->numbers[0] ? c->numbers[1] : x == c->numbers[1] ? c->numbers[0] : x;
    default: {
        mlsd__stream stream;
        mlsd__stream_init(&stream, (uint64_t)set->seed, (uint64_t)row, (uint64_t)c->column,
                          (uint64_t)copy, MLSD__PURPOSE_NOISE);
        return x + c->amount * mlsd__stream_normal(&stream);
    }
    }
}

static const char *changed_text(const mlsd__suite_change *c, int64_t copy, const char *x)
{
    if (c->type == MLSD__CHANGE_SET) return c->texts[c->n > 1 ? copy : 0];
    if (x == NULL) return NULL;
    if (strcmp(x, c->texts[0]) == 0) return c->texts[1];
    return strcmp(x, c->texts[1]) == 0 ? c->texts[0] : x;
}

static mlsd_status change_column(const mlsd__allocator *a, const mlsd__suite_set *set,
                                 const mlsd__suite_change *c, int64_t copy, mlsd_table *out)
{
    const mlsd_table *const t = set->file->table;
    const int64_t n = set->n_rows;
    mlsd_status status = MLSD_E_NOMEM;
    if (c->is_text) {
        const char **const texts = mlsd__alloc(a, n, sizeof *texts);
        for (int64_t i = 0; texts != NULL && i < n; i++)
            texts[i] = changed_text(c, copy, mlsd_table_get_str(t, c->column, set->rows[i]));
        if (texts != NULL) status = mlsd_table_set_str(out, c->name, texts, n);
        mlsd__free(a, texts);
        return status;
    }
    double *const numbers = mlsd__alloc_raw(a, n, sizeof *numbers);
    for (int64_t i = 0; numbers != NULL && i < n; i++)
        numbers[i] = changed_number(c, set, set->rows[i], copy,
                                    mlsd__suite_cell_number(t, c->column, set->rows[i]));
    if (numbers != NULL) status = mlsd_table_set_f64(out, c->name, numbers, n);
    mlsd__free(a, numbers);
    return status;
}

mlsd_status mlsd__suite_change_cases(mlsd__suite_run *run, const mlsd__suite_set *set, int64_t copy,
                                     mlsd_table **out)
{
    mlsd_table *t = NULL;
    mlsd_status status = mlsd__table_rows(set->file->table, set->rows, set->n_rows, &t);
    for (int64_t k = 0; k < set->n_changes && status == MLSD_OK; k++)
        status = change_column(run->scope->allocator, set, &set->changes[k], copy, t);
    if (status == MLSD_OK) {
        *out = t;
    } else {
        mlsd_table_free(t);
    }
    return status;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_cell_changed(const mlsd__suite_set *set, const mlsd__suite_change *c,
                            const mlsd_table *changed, int64_t i, const char **before,
                            const char **after, char buffers[2][MLSD__NUMBER_CAPACITY])
{
    *before = mlsd__suite_cell_text(set->file->table, c->column, set->rows[i], buffers[0]);
    *after = mlsd__suite_cell_text(changed, c->column, i, buffers[1]);
    return !same_text(*before, *after);
}

bool mlsd__suite_is_changed(const mlsd__suite_set *set, const mlsd_table *changed, int64_t i)
{
    char buffers[2][MLSD__NUMBER_CAPACITY];
    const char *before, *after;
    for (int64_t k = 0; k < set->n_changes; k++) {
        if (is_cell_changed(set, &set->changes[k], changed, i, &before, &after, buffers))
            return true;
    }
    return false;
}

void mlsd__suite_change_text(const mlsd__suite_set *set, const mlsd_table *changed, int64_t i,
                             mlsd__text *t)
{
    char buffers[2][MLSD__NUMBER_CAPACITY];
    const char *before, *after;
    bool is_first = true;
    for (int64_t k = 0; k < set->n_changes; k++) {
        const mlsd__suite_change *const c = &set->changes[k];
        if (!is_cell_changed(set, c, changed, i, &before, &after, buffers)) continue;
        mlsd__text_format(t, "%s%s: %s -> %s", is_first ? "" : ", ", c->name,
                          before != NULL ? before : "(missing)",
                          after != NULL ? after : "(missing)");
        is_first = false;
    }
}
