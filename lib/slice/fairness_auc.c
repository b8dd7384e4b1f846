/* fairness_auc.c - areas under ROC curves within and across groups (Borkan, Dixon, Sorensen, Thain
 * & Vasserman 2019, WWW companion), with DeLong's intervals (metric_ranking.c has the sources).
 *
 * Each area is between two sides, of which at least one is the group's own rows and the other may
 * be all other rows. These are never gone through: running sums over all rows in the order of
 * scores, less the group's own, tell what of them lies between two scores of the group, and as far
 * as the group is concerned that is all the same. One sort serves all groups. */
#include <math.h>
#include <string.h>

#include "metric/metric_impl.h"
#include "numeric/mathfun.h"
#include "numeric/rank.h"
#include "slice/fairness_impl.h"

enum { SUBGROUP, BPSN, BNSP, N_AUCS };
static const struct {
    const char *name, *least, *mean;
} aucs[N_AUCS] = {
    {"subgroup_auc", "subgroup_auc_min", "subgroup_auc_mean"},
    {"bpsn_auc", "bpsn_auc_min", "bpsn_auc_mean"},
    {"bnsp_auc", "bnsp_auc_min", "bnsp_auc_mean"},
};

/* Where positives and negatives come from. */
enum { NEGATIVE, POSITIVE };
enum { OWN, OTHERS };
static const int source[N_AUCS][2] = {
    [SUBGROUP] = {[NEGATIVE] = OWN, [POSITIVE] = OWN},
    [BPSN] = {[NEGATIVE] = OWN, [POSITIVE] = OTHERS},
    [BNSP] = {[NEGATIVE] = OTHERS, [POSITIVE] = OWN},
};

/* Weights, their squares, and rows, of negatives and of positives. */
typedef struct mass {
    double weight[2], squares[2], rows[2];
} mass;

static void mass_move(mass *into, const mass *by, double sign)
{
    for (int side = 0; side < 2; side++) {
        into->weight[side] += sign * by->weight[side];
        into->squares[side] += sign * by->squares[side];
        into->rows[side] += sign * by->rows[side];
    }
}

static mass mass_less(mass all, const mass *own)
{
    mass_move(&all, own, -1);
    for (int side = 0; side < 2; side++) {
        /* Where no row is left, no rounding is. */
        if (all.rows[side] == 0) all.weight[side] = all.squares[side] = 0;
    }
    return all;
}

typedef struct auc_work {
    int64_t n, n_runs;           /* rows of the part that weigh anything; different scores */
    int64_t *rows, *order, *run; /* the rows; their places by score; the run of each place */
    int64_t *start;              /* by group: its first place in `own` */
    int64_t *own;                /* places by score, group after group */
    double *score;
    mass *below;        /* of each run, and of all: what scores less */
    mlsd__estimate *is; /* N_AUCS x groups */
    double *n_positive, *n_negative;
} auc_work;

static void auc_work_free(auc_work *w, const mlsd__allocator *a)
{
    mlsd__free(a, w->rows);
    mlsd__free(a, w->order);
    mlsd__free(a, w->run);
    mlsd__free(a, w->start);
    mlsd__free(a, w->own);
    mlsd__free(a, w->score);
    mlsd__free(a, w->below);
    mlsd__free(a, w->is);
    mlsd__free(a, w->n_positive);
    mlsd__free(a, w->n_negative);
}

static mlsd_status auc_work_new(auc_work *w, const mlsd__fairness *f, int64_t n)
{
    const mlsd__allocator *const a = f->allocator;
    const int64_t n_groups = f->groups.n_groups, n_cells = N_AUCS * n_groups;
    w->rows = mlsd__alloc_raw(a, n, sizeof *w->rows);
    if (w->rows == NULL) return MLSD_E_NOMEM;
    w->order = mlsd__alloc_raw(a, n, sizeof *w->order);
    if (w->order == NULL) return MLSD_E_NOMEM;
    w->run = mlsd__alloc_raw(a, n, sizeof *w->run);
    if (w->run == NULL) return MLSD_E_NOMEM;
    w->start = mlsd__alloc(a, n_groups + 1, sizeof *w->start);
    if (w->start == NULL) return MLSD_E_NOMEM;
    w->own = mlsd__alloc_raw(a, n, sizeof *w->own);
    if (w->own == NULL) return MLSD_E_NOMEM;
    w->score = mlsd__alloc_raw(a, n, sizeof *w->score);
    if (w->score == NULL) return MLSD_E_NOMEM;
    w->below = mlsd__alloc(a, n + 1, sizeof *w->below);
    if (w->below == NULL) return MLSD_E_NOMEM;
    w->is = mlsd__alloc(a, n_cells, sizeof *w->is);
    if (w->is == NULL) return MLSD_E_NOMEM;
    w->n_positive = mlsd__alloc(a, n_cells, sizeof *w->n_positive);
    if (w->n_positive == NULL) return MLSD_E_NOMEM;
    w->n_negative = mlsd__alloc(a, n_cells, sizeof *w->n_negative);
    return w->n_negative == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static void mass_add_row(mass *m, const mlsd__fair_rows *r, int64_t row, int64_t positive)
{
    const int side = r->y[row] == positive ? POSITIVE : NEGATIVE;
    const double weight = mlsd__fair_weight(r, row);
    m->weight[side] += weight;
    m->squares[side] += weight * weight;
    m->rows[side] += 1;
}

/* Rows of the part by score, and what lies below each score. */
static mlsd_status sort_rows(mlsd__scope *scope, const mlsd__fairness *f,
                             const mlsd__fair_part *part, auc_work *w)
{
    for (int64_t i = 0; i < f->rows.n; i++) {
        if (f->controls.of_row[i] != part->control) continue;
        if (!(mlsd__fair_weight(&f->rows, i) > 0)) continue;
        w->score[w->n] = mlsd__fair_score(&f->rows, i, part->positive);
        w->rows[w->n++] = i;
    }
    MLSD__TRY(mlsd__argsort_rows(scope, w->score, w->n, w->order));
    for (int64_t k = 0; k < w->n; k++) {
        const int64_t i = w->order[k];
        const bool is_new = k == 0 || w->score[i] != w->score[w->order[k - 1]];
        if (is_new) {
            w->below[w->n_runs + 1] = w->below[w->n_runs];
            w->n_runs++;
        }
        w->run[k] = w->n_runs - 1;
        mass_add_row(&w->below[w->n_runs], &f->rows, w->rows[i], part->positive);
        w->start[f->groups.of_row[w->rows[i]] + 1]++;
    }
    for (int64_t g = 0; g < f->groups.n_groups; g++) w->start[g + 1] += w->start[g];
    for (int64_t k = 0; k < w->n; k++) {
        w->own[w->start[f->groups.of_row[w->rows[w->order[k]]]]++] = k;
    }
    for (int64_t g = f->groups.n_groups; g > 0; g--) w->start[g] = w->start[g - 1];
    w->start[0] = 0;
    return mlsd__checkpoint(scope);
}

/* ---- one group ---- */

/* The areas of a group while its scores are gone through from the lowest, twice: first wins, then
 * the squares of what placements are off the areas. */
typedef struct sweep {
    bool again;
    mass all[2], below[2]; /* own and others: of the part; below the score at hand */
    double wins[N_AUCS], auc[N_AUCS], squares[N_AUCS][2];
} sweep;

/* The next score of the group, or all scores between two of them. */
static void pass(sweep *s, const mass here[2])
{
    for (int k = 0; k < N_AUCS; k++) {
        const int p = source[k][POSITIVE], n = source[k][NEGATIVE];
        const double positives = s->all[p].weight[POSITIVE];
        const double negatives = s->all[n].weight[NEGATIVE];
        const double beaten = s->below[n].weight[NEGATIVE] + here[n].weight[NEGATIVE] / 2;
        const double beating =
            positives - s->below[p].weight[POSITIVE] - here[p].weight[POSITIVE] / 2;
        if (s->again) {
            const double up = beaten / negatives - s->auc[k],
                         down = beating / positives - s->auc[k];
            s->squares[k][POSITIVE] += here[p].squares[POSITIVE] * up * up;
            s->squares[k][NEGATIVE] += here[n].squares[NEGATIVE] * down * down;
        } else {
            s->wins[k] += here[p].weight[POSITIVE] * beaten;
        }
    }
    for (int from = 0; from < 2; from++) mass_move(&s->below[from], &here[from], 1);
}

/* What of the others scores from run `first` to before run `end`. */
static void pass_others(sweep *s, const auc_work *w, int64_t first, int64_t end)
{
    if (first == end) return;
    const mass here[2] = {[OTHERS] = mass_less(w->below[end], &w->below[first])};
    pass(s, here);
}

static void go_through(sweep *s, const mlsd__fairness *f, const mlsd__fair_part *part,
                       const auc_work *w, int64_t group)
{
    int64_t next = 0; /* the first run that is not behind */
    memset(s->below, 0, sizeof s->below);
    for (int64_t k = w->start[group]; k < w->start[group + 1];) {
        const int64_t run = w->run[w->own[k]];
        mass here[2] = {{{0}, {0}, {0}}, {{0}, {0}, {0}}};
        pass_others(s, w, next, run);
        for (; k < w->start[group + 1] && w->run[w->own[k]] == run; k++) {
            mass_add_row(&here[OWN], &f->rows, w->rows[w->order[w->own[k]]], part->positive);
        }
        here[OTHERS] = mass_less(w->below[run + 1], &w->below[run]);
        here[OTHERS] = mass_less(here[OTHERS], &here[OWN]);
        pass(s, here);
        next = run + 1;
    }
    pass_others(s, w, next, w->n_runs);
}

static void finish_area(const sweep *s, int k, double level, mlsd__estimate *out)
{
    const mass *const p = &s->all[source[k][POSITIVE]], *const n = &s->all[source[k][NEGATIVE]];
    const double n_p = p->rows[POSITIVE], n_n = n->rows[NEGATIVE];
    const double w_p = p->weight[POSITIVE], w_n = n->weight[NEGATIVE];
    mlsd__estimate_undefined(out);
    out->value = s->auc[k];
    if (isnan(out->value) || n_p < 2 || n_n < 2) return;
    out->se = sqrt(s->squares[k][POSITIVE] / (w_p * w_p) * (n_p / (n_p - 1)) +
                   s->squares[k][NEGATIVE] / (w_n * w_n) * (n_n / (n_n - 1)));
    out->df = INFINITY;
    mlsd__estimate_interval(out, level, 0, 1);
}

static void areas_of(const mlsd__fairness *f, const mlsd__fair_part *part, auc_work *w,
                     int64_t group)
{
    const double level = mlsd__pow(f->p->level, 1 / (double)f->groups.n_groups);
    sweep s = {.again = false};
    for (int64_t k = w->start[group]; k < w->start[group + 1]; k++) {
        mass_add_row(&s.all[OWN], &f->rows, w->rows[w->order[w->own[k]]], part->positive);
    }
    s.all[OTHERS] = mass_less(w->below[w->n_runs], &s.all[OWN]);
    go_through(&s, f, part, w, group);
    for (int k = 0; k < N_AUCS; k++) {
        const double p = s.all[source[k][POSITIVE]].weight[POSITIVE];
        const double n = s.all[source[k][NEGATIVE]].weight[NEGATIVE];
        s.auc[k] = p > 0 && n > 0 ? fmin(1, s.wins[k] / (p * n)) : (double)NAN;
    }
    s.again = true;
    go_through(&s, f, part, w, group);
    for (int k = 0; k < N_AUCS; k++) {
        const int64_t cell = k * f->groups.n_groups + group;
        finish_area(&s, k, level, &w->is[cell]);
        w->n_positive[cell] = s.all[source[k][POSITIVE]].rows[POSITIVE];
        w->n_negative[cell] = s.all[source[k][NEGATIVE]].rows[NEGATIVE];
    }
}

/* ---- all groups ---- */

static mlsd__fair_status auc_status(const mlsd__fairness *f, const auc_work *w, int64_t cell)
{
    if (isnan(w->is[cell].value)) return MLSD__FAIR_UNDEFINED;
    const double least = fmin(w->n_positive[cell], w->n_negative[cell]);
    return least < (double)f->p->min_support ? MLSD__FAIR_LOW_SUPPORT : MLSD__FAIR_OK;
}

static void put_auc(mlsd__fairness *f, const mlsd__fair_part *part, const auc_work *w, int which,
                    int64_t group)
{
    mlsd__rows *const t = &f->auc_rows;
    const int64_t cell = which * f->groups.n_groups + group;
    mlsd__rows_str(t, f->controls.labels[part->control]);
    mlsd__rows_i64(t, part->positive);
    mlsd__rows_str(t, f->groups.labels[group]);
    mlsd__rows_str(t, aucs[which].name);
    mlsd__rows_f64(t, w->is[cell].value);
    mlsd__rows_f64(t, w->is[cell].low);
    mlsd__rows_f64(t, w->is[cell].high);
    mlsd__rows_i64(t, (int64_t)w->n_positive[cell]);
    mlsd__rows_i64(t, (int64_t)w->n_negative[cell]);
    mlsd__rows_str(t, mlsd__fair_statuses[auc_status(f, w, cell)]);
}

/* The generalised mean of the values of groups that count, relative to the one that counts most, so
 * that no power is too large. */
typedef enum part_of { VALUE, LOW, HIGH } part_of;
static double limit_of(const mlsd__estimate *e, part_of which)
{
    return which == VALUE ? e->value : which == LOW ? e->low : e->high;
}

static double mean_of(const mlsd__fairness *f, const auc_work *w, int which, part_of of)
{
    const int64_t n = f->groups.n_groups;
    const double power = f->p->mean_power;
    double most = NAN, sum = 0, count = 0;
    for (int64_t g = 0; g < n; g++) {
        if (auc_status(f, w, which * n + g) != MLSD__FAIR_OK) continue;
        const double x = limit_of(&w->is[which * n + g], of);
        if (isnan(x)) return NAN;
        if (isnan(most) || (power > 0 ? x > most : x < most)) most = x;
    }
    if (!(most > 0)) return most;
    for (int64_t g = 0; g < n; g++) {
        if (auc_status(f, w, which * n + g) != MLSD__FAIR_OK) continue;
        const double x = limit_of(&w->is[which * n + g], of) / most;
        sum += power == 0 ? mlsd__log(x) : mlsd__pow(x, power);
        count++;
    }
    return most * (power == 0 ? mlsd__exp(sum / count) : mlsd__pow(sum / count, 1 / power));
}

/* The least over groups, and their generalised mean, which grows with each area: its limits are the
 * means of limits that hold together. */
static mlsd_status sum_up(mlsd__fairness *f, const mlsd__fair_part *part, const auc_work *w,
                          int which)
{
    const int64_t n = f->groups.n_groups;
    mlsd__fair_measure least, mean;
    double count = 0;
    mlsd__fair_measure_init(&least, aucs[which].least, part, MLSD__NO_RULE);
    for (int64_t g = 0; g < n; g++) {
        const int64_t cell = which * n + g;
        const mlsd__estimate *const e = &w->is[cell];
        if (auc_status(f, w, cell) != MLSD__FAIR_OK) continue;
        count++;
        least.low = fmin(least.low, e->low);
        least.high = fmin(least.high, e->high);
        if (least.group >= 0 && !(e->value < least.value)) continue;
        least.value = e->value;
        least.group = g;
        least.n_group = w->n_positive[cell] + w->n_negative[cell];
    }
    least.n_groups = (int64_t)count;
    least.n_skipped = n - least.n_groups;
    if (count > 0) least.status = MLSD__FAIR_OK;
    mean = least;
    mean.name = aucs[which].mean;
    mean.group = -1;
    if (count > 0) {
        mean.value = mean_of(f, w, which, VALUE);
        mean.low = mean_of(f, w, which, LOW);
        mean.high = mean_of(f, w, which, HIGH);
    }
    MLSD__TRY(mlsd__fair_measure_add(f, &least));
    return mlsd__fair_measure_add(f, &mean);
}

mlsd_status mlsd__fair_aucs(mlsd__scope *scope, mlsd__fairness *f, const mlsd__fair_part *part)
{
    enum { CHECK_GROUPS = 64 };
    const int64_t n = f->groups.n_groups;
    auc_work w = {0};
    mlsd_status status = auc_work_new(&w, f, f->rows.n);
    if (status == MLSD_OK) status = sort_rows(scope, f, part, &w);
    for (int64_t g = 0; g < n && status == MLSD_OK; g++) {
        areas_of(f, part, &w, g);
        if (g % CHECK_GROUPS == 0) status = mlsd__checkpoint(scope);
    }
    for (int which = 0; which < N_AUCS && status == MLSD_OK; which++) {
        for (int64_t g = 0; g < n; g++) put_auc(f, part, &w, which, g);
        status = sum_up(f, part, &w, which);
    }
    auc_work_free(&w, scope->allocator);
    return status;
}
