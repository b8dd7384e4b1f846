/* enet_path.c - a path of penalties from strong to weak, each started where the last one ended.
 *
 * Which columns to look at comes from the sequential strong rule (Tibshirani et al. 2012, J. R.
 * Stat. Soc. B 74(2), 245-266), which may err: so the whole gradient is taken once the working set
 * is at rest, columns that violate the optimality conditions join, and only a duality gap over all
 * columns ends a penalty. The gap is scikit-learn's: that of the lasso whose rows are joined by
 * sqrt(l2) times the identity; with an L2 penalty also the bound of strong convexity, |slope|^2 /
 * (2 l2), where that is smaller. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "model/linear/enet.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

enum {
    BAND = 256, /* columns of a parallel product */
    LOOKS = 64  /* at the whole gradient after which rounding must be what is left */
};
/* A gap below this share of y'y is rounding of the sums it is made of. */
static const double GAP_ROUNDING = 16 * DBL_EPSILON;
/* Of the penalties on the way to a far one: how well each is solved, and how far the way goes. */
static const double ROUGH_TOL = 1e-2;
static const double LEAST_SHARE = 1e-6;
/* Steps between penalties, as multiples of the last one, that a line is followed for. */
static const double MOST_EXTRAPOLATED = 2;

typedef struct path {
    const mlsd__enet_problem *problem;
    const mlsd__enet_options *options;
    mlsd__enet_set set;
    double *gradient; /* p: X'(y - X w) */
    uint8_t *is_in;   /* p: the set */
    int64_t *joining; /* p */
    double l1, l2;
    double *last; /* p: coefficients of the penalty before the last one */
    double last_l1;
} path;

static mlsd_status path_open(path *t, const mlsd__allocator *a, const mlsd__enet_problem *problem,
                             const mlsd__enet_options *options)
{
    const int64_t p = problem->p;
    *t = (path){.problem = problem, .options = options};
    t->gradient = mlsd__memdup(a, problem->right, p, sizeof *t->gradient);
    t->is_in = mlsd__alloc(a, p, sizeof *t->is_in);
    t->joining = mlsd__alloc_raw(a, p, sizeof *t->joining);
    t->last = mlsd__alloc(a, p, sizeof *t->last);
    if (t->last == NULL || t->gradient == NULL || t->is_in == NULL || t->joining == NULL)
        return MLSD_E_NOMEM;
    return mlsd__enet_set_open(&t->set, a, problem);
}

static void path_close(path *t, const mlsd__allocator *a)
{
    mlsd__enet_set_close(&t->set, a);
    mlsd__free(a, t->last);
    mlsd__free(a, t->joining);
    mlsd__free(a, t->is_in);
    mlsd__free(a, t->gradient);
}

/* How hard a slope pulls a coefficient away from 0. */
static double pull(const path *t, double slope)
{
    return t->options->positive ? slope : fabs(slope);
}

/* Columns outside the set that pull by at least (strictly: more than) the threshold join it. */
static mlsd_status join(path *t, mlsd__scope *scope, double threshold, bool is_strict,
                        int64_t *out_n)
{
    int64_t n = 0;
    for (int64_t j = 0; j < t->problem->p; j++) {
        if (t->is_in[j] || t->problem->diagonal[j] == 0) continue;
        const double here = pull(t, t->gradient[j]);
        if (is_strict ? here > threshold : here >= threshold) t->joining[n++] = j;
    }
    *out_n = n;
    const int64_t first = t->set.n;
    MLSD__TRY(mlsd__enet_set_add(&t->set, scope, t->joining, n));
    for (int64_t i = 0; i < n; i++) {
        t->is_in[t->joining[i]] = 1;
        t->set.gradient[first + i] = t->gradient[t->joining[i]];
    }
    return MLSD_OK;
}

static mlsd_status slope_band(void *arg, int64_t band, mlsd__scope *scope)
{
    const path *const t = arg;
    const int64_t p = t->problem->p, n = t->problem->n, first = band * BAND;
    const int64_t n_band = p - first < BAND ? p - first : BAND;
    mlsd__gemv(false, n_band, n, 1, t->problem->x + first * n, n, t->set.residual, 0,
               t->gradient + first);
    return mlsd__checkpoint(scope);
}

/* The gradient of all columns, anew: what rounding the sweeps left in that of the set goes too. */
static mlsd_status look(path *t, mlsd__scope *scope)
{
    const mlsd__enet_problem *const problem = t->problem;
    mlsd__enet_set *const set = &t->set;
    const int64_t p = problem->p, n = problem->n;
    if (problem->gram != NULL) {
        memcpy(t->gradient, problem->right, (size_t)p * sizeof *t->gradient);
        for (int64_t k = 0; k < set->n; k++)
            if (set->w[k] != 0)
                mlsd__enet_axpy(t->gradient, -set->w[k], problem->gram + set->column[k] * p, p);
    } else {
        memcpy(set->residual, problem->y, (size_t)n * sizeof *set->residual);
        for (int64_t k = 0; k < set->n; k++)
            if (set->w[k] != 0)
                mlsd__enet_axpy(set->residual, -set->w[k], problem->x + set->column[k] * n, n);
        MLSD__TRY(mlsd__parallel_for(scope, (p + BAND - 1) / BAND, slope_band, t));
    }
    for (int64_t k = 0; k < set->n; k++) set->gradient[k] = t->gradient[set->column[k]];
    return mlsd__checkpoint(scope);
}

/* Sums over the coefficients that the gap is made of. */
typedef struct sums {
    double w1, w2;   /* |w|_1, |w|_2^2 */
    double fit;      /* w'X'y */
    double top;      /* the hardest pull of the joined rows */
    double residual; /* |y - X w|^2 */
    double product;  /* (y - X w)'y */
    double slope2;   /* the squared distance of 0 from the subgradient */
    double gain;     /* what one coordinate step each would gain, added up */
} sums;

static void add_slope(const path *t, sums *s, double w, double slope, double diagonal)
{
    const double rest = w > 0   ? slope - t->l1
                        : w < 0 ? slope + t->l1
                                : fmax(pull(t, slope) - t->l1, 0);
    s->top = fmax(s->top, pull(t, slope));
    s->slope2 += rest * rest;
    s->gain += diagonal > 0 ? rest * rest / (2 * (diagonal + t->l2)) : 0;
}

static void add_up(const path *t, sums *s)
{
    const mlsd__enet_problem *const problem = t->problem;
    const mlsd__enet_set *const set = &t->set;
    double slope = 0;
    for (int64_t k = 0; k < set->n; k++) {
        const double w = set->w[k], g = set->gradient[k];
        s->w1 += fabs(w);
        s->w2 += w * w;
        s->fit += w * problem->right[set->column[k]];
        slope += w * g;
        add_slope(t, s, w, g - t->l2 * w, set->diagonal[k]);
    }
    for (int64_t j = 0; j < problem->p; j++)
        if (!t->is_in[j]) add_slope(t, s, 0, t->gradient[j], problem->diagonal[j]);
    s->product = problem->square - s->fit;
    s->residual = s->product - slope;
    if (problem->gram == NULL) {
        s->product = mlsd__dot(set->residual, problem->y, problem->n);
        s->residual = mlsd__dot(set->residual, set->residual, problem->n);
    }
}

/* At least the objective less its minimum, but for rounding. Without any penalty there is no such
 * bound short of solving: then what is told is what another sweep could gain. */
static double gap_of(const path *t)
{
    sums s = {0};
    add_up(t, &s);
    if (t->l1 == 0 && t->l2 == 0) return s.gain;
    const double share = s.top > t->l1 ? t->l1 / s.top : 1;
    const double primal = (s.residual + t->l2 * s.w2) / 2 + t->l1 * s.w1;
    const double dual = share * s.product - share * share * (s.residual + t->l2 * s.w2) / 2;
    const double gap = fmax(primal - dual, 0);
    return t->l2 > 0 ? fmin(gap, s.slope2 / (2 * t->l2)) : gap;
}

/* Between two penalties where a column comes or goes, the coefficients of the lasso are lines in
 * the penalty (Efron, Hastie, Johnstone & Tibshirani 2004, Ann. Stat. 32(2)): go on along the last
 * one. */
static void extrapolate(path *t, double before)
{
    mlsd__enet_set *const set = &t->set;
    const double share = (before - t->l1) / (t->last_l1 - before);
    for (int64_t k = 0; k < set->n; k++) {
        const double last = t->last[set->column[k]], w = set->w[k];
        t->last[set->column[k]] = w;
        if (!(share > 0 && share < MOST_EXTRAPOLATED) || w == 0) continue;
        if ((w > 0) != (last > 0) || last == 0) continue;
        const double after = w + share * (w - last);
        if ((after > 0) == (w > 0) && after != 0) mlsd__enet_set_move(set, k, after);
    }
    t->last_l1 = before;
}

/* One penalty; `before` is the L1 penalty that the coefficients are the answer to. */
static mlsd_status fit_one(path *t, mlsd__scope *scope, double before, double tol,
                           mlsd__stream *stream, mlsd__enet_end *end)
{
    const mlsd__enet_options *const o = t->options;
    const double allowed = fmax(tol, GAP_ROUNDING) * t->problem->square;
    mlsd__enet_step step = {.l1 = t->l1,
                            .l2 = t->l2,
                            .still = tol,
                            .positive = o->positive,
                            .max_iter = o->max_iter,
                            .stream = o->is_random ? stream : NULL};
    int64_t n_joined;
    MLSD__TRY(join(t, scope, t->l1 - (before - t->l1), false, &n_joined));
    extrapolate(t, before);
    for (int look_no = 0; look_no < LOOKS; look_no++) {
        MLSD__TRY(mlsd__enet_descend(&t->set, scope, &step));
        MLSD__TRY(look(t, scope));
        end->dual_gap = gap_of(t);
        end->converged = end->dual_gap <= allowed;
        if (end->converged || step.n_iter >= step.max_iter) break;
        MLSD__TRY(join(t, scope, t->l1, true, &n_joined));
        if (n_joined == 0 && step.is_still) break;
        if (n_joined == 0) step.still *= 0.1;
    }
    end->n_iter = step.n_iter > 0 ? step.n_iter : 1; /* to look at an empty set is a sweep */
    return MLSD_OK;
}

/* Where columns are many, a penalty far below the last one is come to by halves: from afar the
 * strong rule keeps every column. */
static mlsd_status approach(path *t, mlsd__scope *scope, double *before, mlsd__stream *stream)
{
    const double target = t->l1;
    const double nearest = fmax(2 * target, *before * LEAST_SHARE);
    while (t->problem->gram == NULL && *before > nearest) {
        mlsd__enet_end end;
        t->l1 = *before / 2;
        MLSD__TRY(fit_one(t, scope, *before, fmax(t->options->tol, ROUGH_TOL), stream, &end));
        *before = t->l1;
    }
    t->l1 = target;
    return MLSD_OK;
}

mlsd_status mlsd__enet_path(mlsd__scope *scope, const mlsd__enet_problem *problem,
                            const mlsd__enet_options *options, int64_t n, const double *alphas,
                            double *coef, mlsd__enet_end *ends)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = problem->p;
    path t;
    mlsd__stream stream;
    mlsd__stream_init(&stream, (uint64_t)options->seed, 0, 0, 0, MLSD__PURPOSE_SHUFFLE);
    mlsd_status status = path_open(&t, a, problem, options);
    double before = 0;
    for (int64_t j = 0; status == MLSD_OK && j < p; j++)
        before = fmax(before, pull(&t, problem->right[j]));
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        t.l1 = alphas[i] * options->l1_ratio;
        t.l2 = alphas[i] * (1 - options->l1_ratio);
        before = fmax(before, t.l1);
        status = approach(&t, scope, &before, &stream);
        if (status == MLSD_OK) status = fit_one(&t, scope, before, options->tol, &stream, &ends[i]);
        before = t.l1;
        double *const row = coef + i * p;
        memset(row, 0, (size_t)p * sizeof *row);
        for (int64_t k = 0; k < t.set.n; k++) row[t.set.column[k]] = t.set.w[k];
    }
    path_close(&t, a);
    return status;
}
