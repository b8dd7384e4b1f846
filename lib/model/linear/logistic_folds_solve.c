/* logistic_folds_solve.c - Newton's steps of many logistic regressions at once, along a path of
 * penalties: see logistic_folds.h.
 *
 * The Hessian is taken at the optimum of all rows, in one pass for all parts; that of a problem is
 * the whole less the part that it leaves out. It only steers: slopes are those of the problem's own
 * rows, so no digit is lost to differences, and the optimum does not depend on it. While all rows'
 * optimum stays near, as it does along most of a path, it serves for the next penalty too. A
 * problem whose slopes do not fall by it gets a Hessian of its own. */
#include <math.h>
#include <string.h>

#include "model/linear/logistic_folds.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

enum { MOST_PASSES = 60, MOST_HALVINGS = 30 };
/* The Hessian is taken anew where the centre has moved by so much beside its size; a problem takes
 * one of its own where a step is not shorter than this share of the last one. */
static const double KEPT_DISTANCE = 0.03, KEPT_CONTRACTION = 0.3;
/* Damping and the search for it are those of logistic_newton.c. */
static const double DAMPING = 1e-11;
/* A Hessian changes by about this share where coefficients of standardised columns change by one.
 */
static const double CHANGE = 4;
/* Rounding of a sum of losses, and of a step. */
static const double ROUNDING = 1e-13, ROUNDING_STEP = 1e-15;

/* A problem on its way. */
typedef struct mlsd__logistic_walk {
    double *theta, *step, *gradient, *factor; /* of the problem */
    double objective;                         /* where the last step began; INFINITY: unknown */
    double length;                            /* of the last step; INFINITY: none */
    int halvings;
    bool is_active, knows_slopes, wants_own, has_own;
} mlsd__logistic_walk;

size_t mlsd__logistic_walk_size(void)
{
    return sizeof(mlsd__logistic_walk);
}

/* The penalty's curvature of coefficient number i. */
static double curvature_of(const mlsd__logistic_folds *f, int64_t problem, int64_t i)
{
    const mlsd__design *const d = &f->problem->design;
    const int64_t k = i % f->n_columns;
    if (k >= d->n_features) return 0;
    const bool is_part = problem < f->n_parts && f->scale != NULL;
    const double scale = is_part ? f->scale[problem * d->n_features + k] : 1;
    return d->inverse[k] * d->inverse[k] * scale * scale / f->C;
}

/* The largest number; NaN where there is one. */
static double size_of(const double *x, int64_t n)
{
    double top = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(x[i])) return NAN;
        top = fmax(top, fabs(x[i]));
    }
    return top;
}

/* The Hessian of a problem into its factor, factored; false where no damping helps. */
static bool factor(mlsd__logistic_folds *f, int64_t j, double *room)
{
    mlsd__logistic_walk *const w = &f->walks[j];
    const int64_t m = f->n_theta, mm = m * m, q = f->n_columns, k = f->n_scores;
    const double *const whole = f->hessian + f->n_parts * mm;
    if (!w->has_own) {
        for (int64_t i = 0; i < mm; i++)
            w->factor[i] = whole[i] - (j < f->n_parts ? f->hessian[j * mm + i] : 0);
    }
    for (int64_t a = 0; k > 1 && a < k; a++) /* scores may be shifted together: hold their sum */
        for (int64_t b = a; b < k; b++)
            for (int64_t c = f->problem->design.n_features; c < q; c++)
                w->factor[(a * q + c) * m + b * q + c] += f->problem->weight;
    double top = 0;
    for (int64_t i = 0; i < m; i++) {
        w->factor[i * m + i] += curvature_of(f, j, i);
        top = fmax(top, w->factor[i * m + i]);
    }
    if (!(top > 0) || !isfinite(top)) return false;
    memcpy(room, w->factor, (size_t)mm * sizeof *room);
    for (double damping = DAMPING * top; damping < 1e3 * top; damping *= 100) {
        bool ok = false;
        memcpy(w->factor, room, (size_t)mm * sizeof *room);
        for (int64_t i = 0; i < m; i++) w->factor[i * m + i] += damping;
        mlsd__potrf(m, w->factor, m, &ok);
        if (ok) return true;
    }
    return false;
}

static void set_step(mlsd__logistic_folds *f, mlsd__logistic_walk *w)
{
    const int64_t m = f->n_theta;
    for (int64_t i = 0; i < m; i++) w->step[i] = -w->gradient[i];
    mlsd__potrs(m, 1, w->factor, m, w->step, 1);
}

static void move(mlsd__logistic_folds *f, mlsd__logistic_walk *w, double share)
{
    for (int64_t i = 0; i < f->n_theta; i++) w->theta[i] += share * w->step[i];
}

static double distance(const mlsd__logistic_folds *f, const double *theta)
{
    double sum = 0;
    for (int64_t i = 0; i < f->n_theta; i++) {
        const double d = theta[i] - f->expanded_at[i];
        sum += d * d;
    }
    return sqrt(sum);
}

/* How much is left of the error after the step that led to theta: what the last two steps say, or
 * how far from the Hessian's point it led. */
static double left_of(const mlsd__logistic_folds *f, const mlsd__logistic_walk *w, double length)
{
    if (isfinite(w->length)) return length / w->length;
    const double far =
        w->has_own ? sqrt(mlsd__dot(w->step, w->step, f->n_theta)) : distance(f, w->theta);
    return CHANGE * far;
}

/* Value and gradient at theta are those of the data: add the penalty, and take a step. */
static void advance(mlsd__logistic_folds *f, int64_t j, double goal)
{
    mlsd__logistic_walk *const w = &f->walks[j];
    const int64_t m = f->n_theta;
    double objective = f->loss[j];
    for (int64_t i = 0; i < m; i++) {
        const double c = curvature_of(f, j, i) * w->theta[i];
        objective += 0.5 * c * w->theta[i];
        w->gradient[i] += c;
    }
    const bool is_finite = isfinite(objective) && isfinite(size_of(w->gradient, m));
    const bool is_worse = objective > w->objective + ROUNDING * fabs(w->objective);
    if (!is_finite || is_worse) { /* back by half of what is left of the step */
        if (++w->halvings > MOST_HALVINGS) w->is_active = false;
        for (int64_t i = 0; i < m; i++) w->step[i] *= 0.5;
        move(f, w, -1);
        w->length = INFINITY;
        w->wants_own = true;
        return;
    }
    set_step(f, w);
    const double length = size_of(w->step, m);
    move(f, w, 1);
    const double left = left_of(f, w, length);
    w->objective = objective;
    w->halvings = 0;
    const double top = 1 + size_of(w->theta, m);
    const double rest = left < 1 ? length * left / (1 - left) : INFINITY;
    f->is_solved[j] = rest <= goal * top || length <= ROUNDING_STEP * top;
    w->is_active = isfinite(length) && !f->is_solved[j];
    w->wants_own = isfinite(w->length) && left > KEPT_CONTRACTION;
    w->length = length;
}

/* Factors of all active problems from the Hessians of the parts. */
static bool factor_all(mlsd__logistic_folds *f)
{
    bool ok = true;
    for (int64_t j = 0; j < f->n_problems; j++) {
        mlsd__logistic_walk *const w = &f->walks[j];
        if (!w->is_active || w->has_own) continue;
        w->length = INFINITY;
        ok = factor(f, j, f->summaries) && ok;
    }
    return ok;
}

static int64_t list_active(mlsd__logistic_folds *f)
{
    int64_t n = 0;
    for (int64_t j = 0; j < f->n_problems; j++)
        if (f->walks[j].is_active) f->active[n++] = j;
    return n;
}

/* Slopes of all active problems, with the Hessian of the centre where it has moved. */
static mlsd_status look(mlsd__logistic_folds *f, mlsd__scope *scope, int64_t n_active)
{
    const int64_t centre = f->n_problems - 1;
    const mlsd__logistic_walk *const c = &f->walks[centre];
    const double far = KEPT_DISTANCE * (1 + size_of(c->theta, f->n_theta));
    const bool expands = c->is_active && (!f->is_expanded || distance(f, c->theta) > far);
    MLSD__TRY(mlsd__logistic_folds_pass(f, scope, n_active, expands ? centre : -1));
    if (!expands) return MLSD_OK;
    memcpy(f->expanded_at, c->theta, (size_t)f->n_theta * sizeof *f->expanded_at);
    f->is_expanded = true;
    if (!factor_all(f))
        for (int64_t j = 0; j < f->n_problems; j++) f->walks[j].is_active = false;
    return MLSD_OK;
}

/* Hessians of their own for those who want one, where they are. */
static mlsd_status look_apart(mlsd__logistic_folds *f, mlsd__scope *scope)
{
    for (int64_t j = 0; j < f->n_problems; j++) {
        mlsd__logistic_walk *const w = &f->walks[j];
        if (!w->is_active || !w->wants_own) continue;
        f->active[0] = j;
        if (j == f->n_problems - 1) { /* its own is that of the parts: taken with the next slopes */
            f->is_expanded = false;
            continue;
        }
        MLSD__TRY(mlsd__logistic_folds_pass(f, scope, 1, j));
        w->has_own = true;
        w->wants_own = false;
        w->length = INFINITY;
        w->is_active = factor(f, j, f->summaries);
    }
    return MLSD_OK;
}

/* A first step, from slopes that are known without a look at the rows: at the optimum for the last
 * penalty those of the data are minus those of that penalty. */
static void predict(mlsd__logistic_folds *f, double before)
{
    if (!factor_all(f)) return;
    for (int64_t j = 0; j < f->n_problems; j++) {
        mlsd__logistic_walk *const w = &f->walks[j];
        if (!w->knows_slopes) continue;
        for (int64_t i = 0; i < f->n_theta; i++)
            w->gradient[i] = curvature_of(f, j, i) * (1 - f->C / before) * w->theta[i];
        set_step(f, w);
        if (isfinite(size_of(w->step, f->n_theta))) move(f, w, 1);
    }
}

static void begin(mlsd__logistic_folds *f, double C)
{
    const int64_t m = f->n_theta;
    const double before = f->C;
    for (int64_t j = 0; j < f->n_problems; j++) {
        f->walks[j] = (mlsd__logistic_walk){.theta = f->theta + j * m,
                                            .step = f->step + j * m,
                                            .gradient = f->gradient + j * m,
                                            .factor = f->factor + j * m * m,
                                            .objective = INFINITY,
                                            .length = INFINITY,
                                            .is_active = f->is_left_out[j] == 0,
                                            .knows_slopes = f->is_solved[j] != 0};
        f->is_solved[j] = 0;
    }
    f->C = C;
    if (before > 0 && f->is_expanded) predict(f, before);
}

mlsd_status mlsd__logistic_folds_solve(mlsd__logistic_folds *f, mlsd__scope *scope, double C,
                                       double goal, bool *out_finite)
{
    const int64_t centre = f->n_problems - 1, m = f->n_theta;
    const bool is_first = f->C == 0;
    *out_finite = true;
    begin(f, C);
    for (int pass = 0; pass < MOST_PASSES; pass++) {
        int64_t n = list_active(f);
        if (n == 0) break;
        MLSD__TRY(look(f, scope, n));
        if (is_first && pass == 0)
            *out_finite =
                isfinite(f->loss[centre]) && isfinite(size_of(f->gradient + centre * m, m));
        if (!*out_finite) return MLSD_OK;
        n = list_active(f);
        for (int64_t a = 0; a < n; a++) advance(f, f->active[a], goal);
        MLSD__TRY(look_apart(f, scope));
    }
    return MLSD_OK;
}
