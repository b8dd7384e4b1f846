/* fold_choices.c - see the header. The text of a fit has a record for each column that a step chose
 * from: the step, the column, and whether it stayed, with marks between that no name has. */
#include "validate/fold_choices.h"

#include <math.h>
#include <string.h>

#include "model/select/selection.h"
#include "validate/result_rows.h"

static const char FIELD[] = "\x1f", RECORD[] = "\x1e";

/* ---- keeping ---- */

static mlsd_status take(void *user, const char *name, const mlsd__selection *s)
{
    mlsd__text *const t = user;
    for (int64_t j = 0; j < s->p; j++) {
        mlsd__text_append(t, name != NULL ? name : "selection");
        mlsd__text_append(t, FIELD);
        mlsd__text_append(t, s->features[j].name);
        mlsd__text_append(t, FIELD);
        mlsd__text_append(t, s->support[j] != 0 ? "1" : "0");
        mlsd__text_append(t, RECORD);
    }
    return t->status;
}

static void keep(const mlsd__fold_set *set, int64_t e, int64_t split, mlsd__text *t)
{
    mlsd__fold_run *const run = mlsd__fold_at(set->out, e, split);
    mlsd__free(&set->out->allocator, run->choices);
    run->choices = t->data;
}

mlsd_status mlsd__fold_keep_choices(const mlsd__fold_set *set, int64_t e, int64_t split,
                                    const mlsd__estimator_ops *ops, const void *state)
{
    if (!set->in->keep_choices || ops->tell_selections == NULL) return MLSD_OK;
    mlsd__text t;
    mlsd__text_init(&t, &set->out->allocator);
    const mlsd__selection_sink sink = {.take = take, .user = &t};
    const mlsd_status status = ops->tell_selections(state, NULL, &sink);
    if (status == MLSD_OK)
        keep(set, e, split, &t);
    else
        mlsd__text_free(&t);
    return status;
}

mlsd_status mlsd__fold_keep_prefix(const mlsd__fold_set *set, int64_t e, int64_t split,
                                   const mlsd__prefix *prefix)
{
    if (!set->in->keep_choices || prefix->steps == NULL) return MLSD_OK;
    mlsd__text t;
    mlsd__text_init(&t, &set->out->allocator);
    const mlsd__selection_sink sink = {.take = take, .user = &t};
    const mlsd_status status = mlsd__prefix_tell_selections(prefix, &sink);
    if (status == MLSD_OK)
        keep(set, e, split, &t);
    else
        mlsd__text_free(&t);
    return status;
}

/* ---- telling ---- */

/* A column that a step chose from. Texts are those of a run, with the field's length. */
typedef struct choice {
    const char *step, *feature;
    size_t step_length, feature_length;
    int64_t n_selected;
} choice;

typedef struct choices {
    const mlsd__allocator *allocator;
    choice *list;
    int64_t n, capacity, n_splits;
} choices;

static bool is_same(const choice *a, const choice *b)
{
    return a->step_length == b->step_length && a->feature_length == b->feature_length &&
           memcmp(a->step, b->step, a->step_length) == 0 &&
           memcmp(a->feature, b->feature, a->feature_length) == 0;
}

/* The place of a column; splits mostly have the same ones in the same order, so it is looked for
 * first at *cursor. */
static mlsd_status find(choices *c, const choice *wanted, int64_t *cursor)
{
    if (*cursor < c->n && is_same(&c->list[*cursor], wanted)) return MLSD_OK;
    for (*cursor = 0; *cursor < c->n; ++*cursor)
        if (is_same(&c->list[*cursor], wanted)) return MLSD_OK;
    void *list = c->list;
    const mlsd_status status =
        mlsd__reserve(c->allocator, &list, &c->capacity, c->n + 1, sizeof *c->list);
    c->list = list;
    if (status == MLSD_OK) c->list[c->n++] = *wanted;
    return status;
}

/* A field up to its mark, and what comes after it; NULL where the text ends before. */
static const char *field_end(const char *at, size_t *length)
{
    *length = strcspn(at, FIELD);
    return at[*length] != '\0' ? at + *length + 1 : NULL;
}

static mlsd_status count_run(choices *c, const char *text)
{
    int64_t cursor = 0;
    for (const char *at = text; *at != '\0'; cursor++) {
        choice one = {.step = at};
        one.feature = field_end(at, &one.step_length);
        if (one.feature == NULL) break; /* no record: of a journal that was changed */
        const char *const kept = field_end(one.feature, &one.feature_length);
        if (kept == NULL || kept[0] == '\0' || kept[1] != RECORD[0]) break;
        MLSD__TRY(find(c, &one, &cursor));
        c->list[cursor].n_selected += *kept == '1';
        at = kept + 2;
    }
    return MLSD_OK;
}

/* Of columns first .. last - 1, which are a step's. */
static double stability(const choices *c, int64_t first, int64_t last)
{
    const double m = (double)c->n_splits, d = (double)(last - first);
    double kept = 0, variance = 0;
    for (int64_t i = first; i < last; i++) {
        const double p = (double)c->list[i].n_selected / m;
        kept += p / d;
        variance += m / (m - 1) * p * (1 - p) / d;
    }
    const double expected = kept * (1 - kept);
    return m > 1 && expected > 0 ? 1 - variance / expected : NAN;
}

static bool same_step(const choice *a, const choice *b)
{
    return a->step_length == b->step_length && memcmp(a->step, b->step, a->step_length) == 0;
}

/* Columns of one step side by side, in the order in which they were met. */
static void group_steps(choices *c)
{
    for (int64_t first = 0; first < c->n;) {
        int64_t end = first + 1;
        for (int64_t i = end; i < c->n; i++) {
            if (!same_step(&c->list[i], &c->list[first])) continue;
            const choice moved = c->list[i];
            memmove(c->list + end + 1, c->list + end, (size_t)(i - end) * sizeof *c->list);
            c->list[end++] = moved;
        }
        first = end;
    }
}

static int64_t step_end(const choices *c, int64_t first)
{
    int64_t end = first;
    while (end < c->n && same_step(&c->list[end], &c->list[first])) end++;
    return end;
}

static mlsd_status put_stability(mlsd_result *r, const choices *c)
{
    mlsd_status status = MLSD_OK;
    for (int64_t first = 0, end; status == MLSD_OK && first < c->n; first = end) {
        end = step_end(c, first);
        const bool is_alone = first == 0 && end == c->n;
        mlsd__text name;
        mlsd__text_init(&name, &r->allocator);
        mlsd__text_append(&name, "selection.");
        if (!is_alone) {
            mlsd__text_append_n(&name, c->list[first].step, c->list[first].step_length);
            mlsd__text_append(&name, ".");
        }
        mlsd__text_append(&name, "stability");
        status = name.status;
        if (status == MLSD_OK)
            status = mlsd__result_set_f64(r, name.data, stability(c, first, end), false);
        mlsd__text_free(&name);
    }
    return status;
}

static void put_text(mlsd__rows *rows, const char *text, size_t length)
{
    char *const copy = mlsd__strndup(rows->allocator, text, length);
    if (copy == NULL && rows->status == MLSD_OK) rows->status = MLSD_E_NOMEM;
    mlsd__rows_str(rows, copy);
    mlsd__free(rows->allocator, copy);
}

static mlsd_status put_table(mlsd_result *r, const choices *c)
{
    static const mlsd__row_column columns[] = {{"step", MLSD_COLUMN_CATEGORY},
                                               {"feature", MLSD_COLUMN_CATEGORY},
                                               {"n_selected", MLSD_COLUMN_I64},
                                               {"n_splits", MLSD_COLUMN_I64},
                                               {"share", MLSD_COLUMN_F64}};
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t i = 0; i < c->n; i++) {
        const choice *const one = &c->list[i];
        put_text(&rows, one->step, one->step_length);
        put_text(&rows, one->feature, one->feature_length);
        mlsd__rows_i64(&rows, one->n_selected);
        mlsd__rows_i64(&rows, c->n_splits);
        mlsd__rows_f64(&rows, (double)one->n_selected / (double)c->n_splits);
    }
    mlsd_status status = mlsd__rows_to_table(&rows, &table);
    if (status == MLSD_OK) status = mlsd__result_set_table(r, "selection", table, false);
    return status;
}

mlsd_status mlsd__report_choices(mlsd_result *r, const mlsd__fold_output *out, int64_t e)
{
    choices c = {.allocator = &out->allocator};
    mlsd_status status = MLSD_OK;
    for (int64_t k = 0; status == MLSD_OK && k < out->n_splits; k++) {
        const mlsd__fold_run *const run = mlsd__fold_at(out, e, k);
        if (run->status != MLSD_OK || run->choices == NULL) continue;
        c.n_splits++;
        status = count_run(&c, run->choices);
    }
    if (status == MLSD_OK && c.n > 0) {
        group_steps(&c);
        status = put_table(r, &c);
        if (status == MLSD_OK) status = put_stability(r, &c);
    }
    mlsd__free(c.allocator, c.list);
    return status;
}

mlsd_status mlsd__report_choices_of(mlsd_result *r, mlsd__scope *scope, const mlsd_spec *spec,
                                    const mlsd__fold_input *like)
{
    if (!mlsd__spec_selects(spec)) return MLSD_OK;
    mlsd__fold_input in = *like;
    in.estimators = &spec;
    in.n_estimators = 1;
    in.keep_choices = true;
    mlsd__fold_output runs;
    mlsd_status status = mlsd__fold_run_all(scope, &in, &runs);
    if (status == MLSD_OK) status = mlsd__report_choices(r, &runs, 0);
    mlsd__fold_output_free(&runs);
    return status;
}
