/* frontier.c - the kind fairness_frontier: what equality costs. The best thresholds for tolerances
 * from 0 to what the best thresholds without a constraint have anyway, as a table, as SVG, and as
 * text for a terminal (frontier_drawing.c). */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "slice/mitigation/frontier.h"
#include "slice/mitigation/group_thresholds.h"
#include "validate/result_impl.h"
#include "validate/result_rows.h"

static const char *const constraints[] = {"demographic_parity", "equal_opportunity",
                                          "predictive_equality", "equalized_odds", NULL};

static const mlsd_param params[] = {
    MLSD__P_STR_LIST(mlsd__thresholds_params, by, "null",
                     "columns whose values, crossed, are the groups; null: all"),
    MLSD__P_CHOICE(mlsd__thresholds_params, constraint, constraints, "\"equalized_odds\"",
                   "what is kept equal"),
    MLSD__P_I64(mlsd__thresholds_params, n_points, 2, 1000, "21", NULL, "tolerances to try"),
    MLSD__P_CHOICE(mlsd__thresholds_params, objective, mlsd__objectives, "\"accuracy\"",
                   "what is best among all that is equal enough"),
    MLSD__P_F64(mlsd__thresholds_params, cost_fp, 0, 1e12, 0, "1", "log",
                "cost of a false positive; of objective cost"),
    MLSD__P_F64(mlsd__thresholds_params, cost_fn, 0, 1e12, 0, "1", "log",
                "cost of a false negative; of objective cost"),
    MLSD__P_I64(mlsd__thresholds_params, max_groups, 1, 10000, "1000", "log", "groups at most"),
    MLSD__P_I64(mlsd__thresholds_params, max_values, 0, 100000, "20", "log",
                "columns of numbers with no more values are grouped by value"),
    MLSD__P_I64(mlsd__thresholds_params, group_bins, 1, 10000, "4", "log",
                "quantile bins of other columns of numbers"),
};

static mlsd_status sweep(mlsd__scope *scope, const mlsd__thresholds_params *p,
                         mlsd__thresholds_work *w, mlsd__frontier *f)
{
    const int64_t n_groups = w->groups.n_groups;
    MLSD__TRY(mlsd__sides_choose(scope, w->sides, n_groups, MLSD__FREE, 0));
    const double free_gap = mlsd__sides_gap(w->sides, n_groups, p->constraint);
    f->least = INFINITY;
    f->most = -INFINITY;
    for (int64_t i = 0; i < f->n; i++) {
        mlsd__frontier_point *const at = &f->points[i];
        at->tolerance = i == f->n - 1 ? free_gap : free_gap * (double)i / (double)(f->n - 1);
        MLSD__TRY(mlsd__sides_choose(scope, w->sides, n_groups, p->constraint, at->tolerance));
        at->objective = mlsd__thresholds_value(p, w);
        at->gap = mlsd__sides_gap(w->sides, n_groups, p->constraint);
        f->least = fmin(f->least, at->objective);
        f->most = fmax(f->most, at->objective);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* ---- report ---- */

typedef void (*draw_fn)(const mlsd__frontier *f, mlsd__text *t);
static mlsd_status put_picture(const mlsd__frontier *f, const mlsd__allocator *a, draw_fn draw,
                               const char *name, mlsd_result *r)
{
    mlsd__text t;
    mlsd__text_init(&t, a);
    draw(f, &t);
    mlsd_status status = t.status;
    if (status == MLSD_OK) status = mlsd__result_set_str(r, name, t.data, false);
    mlsd__text_free(&t);
    return status;
}

static const mlsd__row_column columns[] = {
    {"tolerance", MLSD_COLUMN_F64}, {"objective", MLSD_COLUMN_F64}, {"gap", MLSD_COLUMN_F64}};

static mlsd_status report(const mlsd__frontier *f, const mlsd__allocator *a, mlsd_result *r)
{
    enum { DIGITS = 4 };
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, a, columns, MLSD__COUNT(columns));
    for (int64_t i = 0; i < f->n; i++) {
        mlsd__rows_f64(&rows, f->points[i].tolerance);
        mlsd__rows_f64(&rows, f->points[i].objective);
        mlsd__rows_f64(&rows, f->points[i].gap);
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    MLSD__TRY(mlsd__result_set_table(r, "frontier", table, false));
    MLSD__TRY(put_picture(f, a, mlsd__frontier_draw_text, "plot", r));
    MLSD__TRY(put_picture(f, a, mlsd__frontier_draw_svg, "svg", r));
    mlsd__text t;
    mlsd__text_init(&t, a);
    mlsd__text_format(&t, "without a constraint %s is ", f->objective);
    mlsd__text_double(&t, mlsd__round_significant(f->points[f->n - 1].objective, DIGITS));
    mlsd__text_append(&t, " and groups are ");
    mlsd__text_double(&t, mlsd__round_significant(f->points[f->n - 1].tolerance, DIGITS));
    mlsd__text_format(&t, " apart in %s; with none apart it is ", f->constraint);
    mlsd__text_double(&t, mlsd__round_significant(f->points[0].objective, DIGITS));
    mlsd__text_append(&t, ", all on the rows that the thresholds were chosen on");
    return mlsd__result_end_verdict(r, &t);
}

static mlsd_status run(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__slicing_input *in,
                       mlsd_result **out)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__thresholds_params p = *(const mlsd__thresholds_params *)mlsd__spec_params(spec);
    mlsd__thresholds_work w;
    mlsd_result *r = NULL;
    mlsd__frontier f = {.n = p.n_points, .objective = mlsd__objectives[p.objective]};
    memset(&w, 0, sizeof w);
    p.constraint++; /* there is no "none" here */
    f.constraint = mlsd__constraints[p.constraint];
    f.points = mlsd__alloc(a, f.n, sizeof *f.points);
    mlsd_status status = f.points == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__thresholds_read(scope, &p, in, &w);
    if (status == MLSD_OK) status = sweep(scope, &p, &w, &f);
    if (status == MLSD_OK) status = mlsd__result_new(a, "fairness_frontier", &r);
    if (status == MLSD_OK) status = report(&f, a, r);
    mlsd__thresholds_free(&w, a);
    mlsd__free(a, f.points);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

static const mlsd__slicing_ops ops = {.needs_y = true, .needs_prediction = true, .run = run};

const mlsd_kind mlsd__kind_fairness_frontier = {
    .name = "fairness_frontier",
    .family = "slicing",
    .doc = "What equality costs: the best thresholds by group for tolerances from 0 to what they "
           "have without a constraint, as table and pictures",
    .params = params,
    .n_params = MLSD__COUNT(params),
    .params_size = sizeof(mlsd__thresholds_params),
    .ops = &ops,
};
