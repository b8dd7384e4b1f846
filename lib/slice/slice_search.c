/* slice_search.c - the kind slice_search: the exact search on one half of the rows, the effects on
 * the other. */
#include "metric/adjust.h"
#include "slice/finder.h"
#include "slice/search_lattice.h"
#include "slice/slice_loss.h"
#include "validate/result_rows.h"

static const mlsd_param params[] = {
    MLSD__FINDER_BY,
    MLSD__P_CHOICE(mlsd__finder_params, loss, mlsd__slice_losses, "\"auto\"",
                   "loss of a row; auto: given without y, zero_one for classes, else squared"),
    MLSD__P_I64(mlsd__finder_params, k, 1, 10000, "10", "log", "slices to report"),
    MLSD__P_F64(mlsd__finder_params, alpha, 0, 1, MLSD__OPEN_LOWER, "0.95", NULL,
                "weight of a slice's loss against its size; 1: loss alone"),
    MLSD__P_I64(mlsd__finder_params, max_level, 1, MLSD__MOST_PREDICATES, "3", NULL,
                "predicates of a slice at most"),
    MLSD__FINDER_SUPPORT,
    MLSD__FINDER_HALVES,
};

/* One run. */
typedef struct run {
    mlsd__finder finder;
    mlsd__lattice lattice;
    int64_t loss;
    double *q_values;
} run;

static mlsd_status open_run(mlsd__scope *scope, const mlsd__finder_params *p,
                            const mlsd__slicing_input *in, run *r)
{
    double *error = NULL;
    mlsd_status status = mlsd__slice_loss_read(scope, in, p->loss, &r->loss, &error);
    if (status == MLSD_OK) status = mlsd__finder_open(scope, p, in, error, false, &r->finder);
    mlsd__free(scope->allocator, error);
    return status;
}

static mlsd_status search(mlsd__scope *scope, run *r)
{
    const mlsd__finder *const f = &r->finder;
    const mlsd__lattice_options options = {.alpha = f->p->alpha,
                                           .k = f->p->k,
                                           .max_level = f->p->max_level,
                                           .min_support = f->min_support,
                                           .confirm_support = f->confirm_support};
    if (!(f->halves[MLSD__SEARCH].mean > 0)) return MLSD_OK; /* nothing to find */
    MLSD__TRY(mlsd__lattice_search(scope, &f->sliced, &options, &r->lattice));
    r->q_values = mlsd__alloc_raw(scope->allocator, r->lattice.n_tests, sizeof *r->q_values);
    if (r->q_values == NULL) return MLSD_E_NOMEM;
    return mlsd__adjust_p_values(scope->allocator, MLSD__BENJAMINI_HOCHBERG, r->lattice.p_values,
                                 r->lattice.n_tests, r->q_values);
}

static mlsd_status judge_all(mlsd__scope *scope, run *r)
{
    mlsd__findings *const found = &r->finder.findings;
    MLSD__TRY(mlsd__findings_make(scope->allocator, r->lattice.n_best, found));
    found->what = mlsd__slice_loss_words[r->loss];
    found->claim = "worse";
    found->n_tested = mlsd__count_known(r->lattice.p_values, r->lattice.n_tests);
    for (int64_t i = 0; i < r->lattice.n_levels; i++) {
        found->n_looked_at += r->lattice.levels[i].n_looked_at;
    }
    for (int64_t i = 0; i < found->n; i++) {
        const mlsd__best *const b = &r->lattice.best[i];
        found->rows[i].score = b->score;
        found->rows[i].q_value = r->q_values[b->test];
        MLSD__TRY(mlsd__finder_judge(&r->finder, i, b->items, b->n_items, false));
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static const mlsd__row_column level_columns[] = {
    {"predicates", MLSD_COLUMN_I64},     {"candidates", MLSD_COLUMN_I64},
    {"missing_parent", MLSD_COLUMN_I64}, {"pruned_by_bound", MLSD_COLUMN_I64},
    {"looked_at", MLSD_COLUMN_I64},      {"supported", MLSD_COLUMN_I64},
};

static mlsd_status put_levels(const mlsd__lattice *l, mlsd_result *out, const mlsd__allocator *a)
{
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, a, level_columns, MLSD__COUNT(level_columns));
    for (int64_t i = 0; i < l->n_levels; i++) {
        const mlsd__level_counts *const c = &l->levels[i];
        mlsd__rows_i64(&rows, i + 1);
        mlsd__rows_i64(&rows, c->n_candidates);
        mlsd__rows_i64(&rows, c->n_no_parent);
        mlsd__rows_i64(&rows, c->n_by_bound);
        mlsd__rows_i64(&rows, c->n_looked_at);
        mlsd__rows_i64(&rows, c->n_supported);
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(out, "levels", table, false);
}

static mlsd_status report(run *r, const mlsd__allocator *a, mlsd_result **out)
{
    MLSD__TRY(mlsd__finder_result(&r->finder, "slice_search", a, out));
    mlsd_status status = mlsd__result_set_str(*out, "loss", mlsd__slice_losses[r->loss], false);
    if (status == MLSD_OK) status = put_levels(&r->lattice, *out, a);
    if (status == MLSD_OK) return MLSD_OK;
    mlsd_result_free(*out);
    *out = NULL;
    return status;
}

static mlsd_status run_search(mlsd__scope *scope, const mlsd_spec *spec,
                              const mlsd__slicing_input *in, mlsd_result **out)
{
    const mlsd__allocator *const a = scope->allocator;
    run r = {0};
    mlsd_status status = open_run(scope, mlsd__spec_params(spec), in, &r);
    if (status == MLSD_OK) status = search(scope, &r);
    if (status == MLSD_OK) status = judge_all(scope, &r);
    if (status == MLSD_OK) status = report(&r, a, out);
    mlsd__free(a, r.q_values);
    mlsd__lattice_free(&r.lattice, a);
    mlsd__finder_close(&r.finder, a);
    return status;
}

static const mlsd__slicing_ops ops = {.needs_prediction = true, .run = run_search};

const mlsd_kind mlsd__kind_slice_search = {
    .name = "slice_search",
    .family = "slicing",
    .doc =
        "The slices with the highest losses by exact search (SliceLine, Sagadeeva & Boehm 2021), "
        "measured on rows that the search did not see",
    .params = params,
    .n_params = MLSD__COUNT(params),
    .params_size = sizeof(mlsd__finder_params),
    .ops = &ops,
};
