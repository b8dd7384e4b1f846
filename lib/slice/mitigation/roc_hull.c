/* roc_hull.c - the best thresholds for several groups whose rates are to be equal.
 *
 * By mixing thresholds a group reaches every point (FPR, TPR) of the convex hull of its ROC points
 * (Hardt, Price & Srebro 2016, NeurIPS, section 4), and every objective here is linear in that
 * point.
 *
 * One constrained rate (selection, TPR, FPR): per group the objective as a function of the rate is
 * the upper hull of the points (rate, objective), so what all groups can have together, as a
 * function of the lowest rate z, is concave and linear between vertices and vertices less the
 * tolerance: the best is at one of these, found by bisection.
 *
 * Equalised odds: rates lie in a box of the tolerance's size, with corner (v, u). For given v and u
 * each group's best is in closed form (below); the sum is concave in (v, u). For given v it is
 * linear between breakpoints of u that are golden-section searched, as is v: that converges to the
 * kinks themselves, to the last digits. The corner (v, v) is feasible for every v, since (0, 0) and
 * (1, 1) are points of every group. */
#include "slice/mitigation/roc_hull.h"

#include <math.h>
#include <string.h>

/* ---- points ---- */

void mlsd__side_free(mlsd__side *s, const mlsd__allocator *a)
{
    mlsd__chain *const chains[2] = {&s->upper, &s->lower};
    for (int k = 0; k < 2; k++) {
        mlsd__free(a, chains[k]->x);
        mlsd__free(a, chains[k]->y);
        mlsd__free(a, chains[k]->point);
    }
    mlsd__free(a, s->fpr);
    mlsd__free(a, s->tpr);
    mlsd__free(a, s->threshold);
    memset(s, 0, sizeof *s);
}

/* Halfway between two scores; where no double is between, the upper of them. */
static double between(double low, double high)
{
    const double middle = low / 2 + high / 2;
    return middle > low ? middle : high;
}

mlsd_status mlsd__side_make(const mlsd__allocator *a, const double *score, const double *y,
                            const double *weight, const int64_t *order, int64_t n, mlsd__side *out)
{
    mlsd__side *const s = out;
    memset(s, 0, sizeof *s);
    s->fpr = mlsd__alloc_raw(a, n + 1, sizeof *s->fpr);
    if (s->fpr == NULL) return MLSD_E_NOMEM;
    s->tpr = mlsd__alloc_raw(a, n + 1, sizeof *s->tpr);
    if (s->tpr == NULL) return MLSD_E_NOMEM;
    s->threshold = mlsd__alloc_raw(a, n + 1, sizeof *s->threshold);
    if (s->threshold == NULL) return MLSD_E_NOMEM;
    s->fpr[0] = s->tpr[0] = 0;
    s->threshold[0] = INFINITY;
    s->n_points = 1;
    for (int64_t k = n; k > 0;) { /* from the highest score down; ties together */
        const double here = score[order[k - 1]];
        const double above = s->positives + s->negatives;
        while (k > 0 && score[order[k - 1]] == here) {
            const int64_t i = order[--k];
            const double w = weight == NULL ? 1 : weight[i];
            *(y[i] > 0 ? &s->positives : &s->negatives) += w;
            s->rows += w > 0;
        }
        if (s->positives + s->negatives == above) continue; /* weighs nothing */
        s->fpr[s->n_points] = s->negatives;
        s->tpr[s->n_points] = s->positives;
        s->threshold[s->n_points++] = k > 0 ? between(score[order[k - 1]], here) : -INFINITY;
    }
    s->threshold[s->n_points - 1] = s->n_points > 1 ? -INFINITY : INFINITY;
    if (s->n_points == 1) return MLSD_OK; /* no row weighs anything */
    for (int64_t k = 0; k < s->n_points; k++) {
        const double of_0 = s->fpr[k], of_1 = s->tpr[k];
        s->fpr[k] = s->negatives > 0 ? of_0 / s->negatives : of_1 / s->positives;
        s->tpr[k] = s->positives > 0 ? of_1 / s->positives : of_0 / s->negatives;
    }
    return MLSD_OK;
}

double mlsd__side_rate(const mlsd__side *s, int64_t constraint, double fpr, double tpr)
{
    switch (constraint) {
    case MLSD__EQUAL_TPR:
        return tpr;
    case MLSD__EQUAL_FPR:
        return fpr;
    default:
        return (s->positives * tpr + s->negatives * fpr) / (s->positives + s->negatives);
    }
}

/* ---- chains ---- */

/* Points come with x not descending. Andrew (1979); sign -1 gives the lower chain. */
static void push(mlsd__chain *c, double x, double y, int64_t point, double sign)
{
    if (c->n > 0 && c->x[c->n - 1] == x) {
        if (sign * y <= sign * c->y[c->n - 1]) return;
        c->n--;
    }
    while (c->n >= 2) {
        const double x1 = c->x[c->n - 1] - c->x[c->n - 2], y1 = c->y[c->n - 1] - c->y[c->n - 2];
        const double x2 = x - c->x[c->n - 2], y2 = y - c->y[c->n - 2];
        if (sign * (x1 * y2 - x2 * y1) < 0) break; /* turns the right way */
        c->n--;
    }
    c->x[c->n] = x;
    c->y[c->n] = y;
    c->point[c->n++] = point;
}

static mlsd_status chain_new(const mlsd__allocator *a, int64_t n, mlsd__chain *c)
{
    c->n = 0;
    c->x = mlsd__alloc_raw(a, n, sizeof *c->x);
    if (c->x == NULL) return MLSD_E_NOMEM;
    c->y = mlsd__alloc_raw(a, n, sizeof *c->y);
    if (c->y == NULL) return MLSD_E_NOMEM;
    c->point = mlsd__alloc_raw(a, n, sizeof *c->point);
    return c->point == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

mlsd_status mlsd__side_prepare(const mlsd__allocator *a, int64_t constraint, mlsd__side *s)
{
    const bool odds = constraint == MLSD__EQUAL_ODDS;
    MLSD__TRY(chain_new(a, s->n_points, &s->upper));
    if (odds) MLSD__TRY(chain_new(a, s->n_points, &s->lower));
    s->bound = s->positives + s->negatives > 0 && constraint != MLSD__FREE;
    if (constraint == MLSD__EQUAL_TPR || odds) s->bound = s->bound && s->positives > 0;
    if (constraint == MLSD__EQUAL_FPR || odds) s->bound = s->bound && s->negatives > 0;
    for (int64_t k = 0; k < s->n_points; k++) {
        const double x = s->fpr[k], y = s->tpr[k];
        if (odds) {
            push(&s->upper, x, y, k, 1);
            push(&s->lower, x, y, k, -1);
        } else {
            push(&s->upper, mlsd__side_rate(s, constraint, x, y), s->gain * y - s->cost * x, k, 1);
        }
    }
    return MLSD_OK;
}

/* The last vertex whose x is at most x, but never the last one of several. */
static int64_t segment(const mlsd__chain *c, double x)
{
    int64_t low = 0, high = c->n - 1;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (c->x[middle] <= x) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static double share_at(const mlsd__chain *c, int64_t k, double x)
{
    const double width = c->x[k + 1] - c->x[k];
    return fmin(1, fmax(0, (x - c->x[k]) / width));
}

static double height(const mlsd__chain *c, double x)
{
    if (c->n == 1) return c->y[0];
    const int64_t k = segment(c, x);
    const double t = share_at(c, k, x);
    return t == 1 ? c->y[k + 1] : c->y[k] + t * (c->y[k + 1] - c->y[k]);
}

/* The x of the highest value of a concave chain plus slope * x: the first such vertex. */
static double peak(const mlsd__chain *c, double gain, double cost)
{
    int64_t best = 0;
    for (int64_t k = 1; k < c->n; k++) {
        if (gain * c->y[k] - cost * c->x[k] > gain * c->y[best] - cost * c->x[best]) best = k;
    }
    return c->x[best];
}

/* The smallest x at which an upper chain of not descending y is at least y. */
static double reaches(const mlsd__chain *c, double y)
{
    if (c->y[0] >= y) return c->x[0];
    int64_t low = 0, high = c->n - 1;
    if (c->y[high] < y) return c->x[high];
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (c->y[middle] < y) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return c->x[low] + (y - c->y[low]) / (c->y[high] - c->y[low]) * (c->x[high] - c->x[low]);
}

/* ---- rules ---- */

/* Chances below are what rounding left over. */
static const double most_rounding = 1e-12;

static void add_rule(mlsd__side *s, double chance, int64_t point)
{
    if (!(chance > most_rounding)) return;
    s->rules[s->n_rules++] = (mlsd__rule){chance, s->threshold[point]};
    s->at_fpr += chance * s->fpr[point];
    s->at_tpr += chance * s->tpr[point];
}

/* The point of a chain at x, with that chance. */
static void add_mix(mlsd__side *s, const mlsd__chain *c, double x, double chance)
{
    if (c->n == 1) {
        add_rule(s, chance, c->point[0]);
        return;
    }
    const int64_t k = segment(c, x);
    const double t = share_at(c, k, x);
    add_rule(s, chance * (1 - t), c->point[k]);
    add_rule(s, chance * t, c->point[k + 1]);
}

/* Thresholds descend, so that of two coins the larger one never needs a higher score; chances sum
 * to 1. */
static void order_rules(mlsd__side *s)
{
    double sum = 0;
    for (int64_t i = 1; i < s->n_rules; i++) {
        const mlsd__rule r = s->rules[i];
        int64_t j = i;
        for (; j > 0 && s->rules[j - 1].threshold < r.threshold; j--) s->rules[j] = s->rules[j - 1];
        s->rules[j] = r;
    }
    for (int64_t i = 0; i < s->n_rules; i++) sum += s->rules[i].chance;
    for (int64_t i = 0; i < s->n_rules; i++) s->rules[i].chance /= sum;
}

static void clear_rules(mlsd__side *s)
{
    s->n_rules = 0;
    s->at_fpr = s->at_tpr = 0;
}

/* ---- one rate ---- */

typedef struct problem {
    mlsd__side *sides;
    int64_t n;
    double tolerance;
    double *peaks; /* by side: the rate at its best */
} problem;

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static double total_at(const problem *p, double z)
{
    double sum = 0;
    for (int64_t g = 0; g < p->n; g++) {
        const mlsd__side *const s = &p->sides[g];
        if (!s->bound) continue;
        sum += height(&s->upper, clamp(p->peaks[g], z, fmin(1, z + p->tolerance)));
    }
    return sum;
}

static int descends(const double *a, const double *b)
{
    return *a > *b;
}

/* Heap sort: breakpoints are many, and this needs no memory. */
static void sort(double *x, int64_t n)
{
    for (int64_t end = n, start = n / 2; end > 1;) {
        if (start > 0) {
            start--;
        } else {
            const double top = x[0];
            x[0] = x[--end];
            x[end] = top;
        }
        int64_t root = start;
        for (int64_t child; (child = 2 * root + 1) < end; root = child) {
            if (child + 1 < end && descends(&x[child + 1], &x[child])) child++;
            if (!descends(&x[child], &x[root])) break;
            const double held = x[root];
            x[root] = x[child];
            x[child] = held;
        }
    }
}

/* The breakpoints of total_at, ascending. */
static mlsd_status breakpoints(const mlsd__allocator *a, const problem *p, double **out,
                               int64_t *out_n)
{
    int64_t n = 1;
    for (int64_t g = 0; g < p->n; g++) n += p->sides[g].bound ? 2 * p->sides[g].upper.n : 0;
    *out = mlsd__alloc_raw(a, n, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    *out_n = 0;
    (*out)[(*out_n)++] = 0;
    for (int64_t g = 0; g < p->n; g++) {
        const mlsd__chain *const c = &p->sides[g].upper;
        for (int64_t k = 0; p->sides[g].bound && k < c->n; k++) {
            (*out)[(*out_n)++] = clamp(c->x[k], 0, 1);
            (*out)[(*out_n)++] = clamp(c->x[k] - p->tolerance, 0, 1);
        }
    }
    sort(*out, *out_n);
    int64_t kept = 1;
    for (int64_t k = 1; k < *out_n; k++) {
        if ((*out)[k] > (*out)[kept - 1]) (*out)[kept++] = (*out)[k];
    }
    *out_n = kept;
    return MLSD_OK;
}

/* Where a concave function of the breakpoints, which differ, is highest. */
static double best_breakpoint(const problem *p, const double *z, int64_t n)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (total_at(p, z[middle]) < total_at(p, z[middle + 1])) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return z[low];
}

static mlsd_status choose_one_rate(mlsd__scope *scope, const problem *p)
{
    double *z = NULL;
    int64_t n = 0;
    MLSD__TRY(breakpoints(scope->allocator, p, &z, &n));
    const double at = best_breakpoint(p, z, n);
    mlsd__free(scope->allocator, z);
    for (int64_t g = 0; g < p->n; g++) {
        mlsd__side *const s = &p->sides[g];
        if (!s->bound) continue;
        add_mix(s, &s->upper, clamp(p->peaks[g], at, fmin(1, at + p->tolerance)), 1);
    }
    return MLSD_OK;
}

/* ---- equalised odds ---- */

/* The best of a side in the box [v, v + tolerance] x [u, u + tolerance]: on the upper chain, unless
 * that is above the box at the box's left side. */
static void best_in_box(const problem *p, int64_t g, double v, double u, double *x, double *y)
{
    const mlsd__chain *const c = &p->sides[g].upper;
    const double right = fmin(1, v + p->tolerance), top = fmin(1, u + p->tolerance);
    const double from = fmin(right, fmax(v, reaches(c, u)));
    const double to = fmax(from, fmin(right, reaches(c, top)));
    *x = clamp(p->peaks[g], from, to);
    *y = fmin(height(c, *x), top);
}

static double total_in_box(const problem *p, double v, double u)
{
    double sum = 0;
    for (int64_t g = 0; g < p->n; g++) {
        double x, y;
        if (!p->sides[g].bound) continue;
        best_in_box(p, g, v, u, &x, &y);
        sum += p->sides[g].gain * y - p->sides[g].cost * x;
    }
    return sum;
}

/* The lowest TPRs that the box can start at, given v. */
static void range_of(const problem *p, double v, double *low, double *high)
{
    *low = 0;
    *high = 1;
    for (int64_t g = 0; g < p->n; g++) {
        const mlsd__side *const s = &p->sides[g];
        if (!s->bound) continue;
        *high = fmin(*high, height(&s->upper, fmin(1, v + p->tolerance)));
        *low = fmax(*low, height(&s->lower, v) - p->tolerance);
    }
    *low = fmin(*low, *high);
}

/* Golden section on a concave function, whose best value so far is kept. */
typedef double (*along_fn)(const problem *p, double at, double given, double *out_inner);
static double golden(const problem *p, along_fn f, double given, double low, double high,
                     double *best_inner, double *best_at)
{
    enum { STEPS = 90 };
    static const double ratio = 0.6180339887498949;
    double inner[4];
    double x[4] = {low, high - ratio * (high - low), low + ratio * (high - low), high};
    double y[4], most = -INFINITY;
    for (int k = 0; k < 4; k++) y[k] = f(p, x[k], given, &inner[k]);
    for (int step = 0; step < STEPS; step++) {
        for (int k = 0; k < 4; k++) {
            if (!(y[k] > most)) continue;
            most = y[k];
            *best_at = x[k];
            *best_inner = inner[k];
        }
        if (!(x[3] - x[0] > 1e-16)) break;
        const bool left = y[1] >= y[2];
        if (left) {
            x[3] = x[2];
            x[2] = x[1];
            y[2] = y[1];
            inner[2] = inner[1];
            x[1] = x[3] - ratio * (x[3] - x[0]);
            y[1] = f(p, x[1], given, &inner[1]);
        } else {
            x[0] = x[1];
            x[1] = x[2];
            y[1] = y[2];
            inner[1] = inner[2];
            x[2] = x[0] + ratio * (x[3] - x[0]);
            y[2] = f(p, x[2], given, &inner[2]);
        }
    }
    return most;
}

static double along_u(const problem *p, double u, double v, double *inner)
{
    *inner = u;
    return total_in_box(p, v, u);
}

static double along_v(const problem *p, double v, double given, double *inner)
{
    double low, high, same = 0;
    (void)given;
    range_of(p, v, &low, &high);
    return golden(p, along_u, v, low, high, &same, inner);
}

/* A point at or below the upper chain: a mixture of the chains' points at the same x. */
static void add_point(mlsd__side *s, double x, double y)
{
    const double up = height(&s->upper, x), down = height(&s->lower, x);
    const double share = up > down ? clamp((y - down) / (up - down), 0, 1) : 1;
    add_mix(s, &s->upper, x, share);
    add_mix(s, &s->lower, x, 1 - share);
}

static mlsd_status choose_odds(mlsd__scope *scope, const problem *p)
{
    double v = 0, u = 0;
    MLSD__TRY(mlsd__checkpoint(scope));
    (void)golden(p, along_v, 0, 0, 1, &u, &v);
    for (int64_t g = 0; g < p->n; g++) {
        double x, y;
        if (!p->sides[g].bound) continue;
        best_in_box(p, g, v, u, &x, &y);
        add_point(&p->sides[g], x, y);
    }
    return mlsd__checkpoint(scope);
}

/* ---- all ---- */

static void choose_freely(mlsd__side *s)
{
    int64_t best = 0;
    double most = 0;
    for (int64_t k = 1; k < s->n_points; k++) {
        const double is = s->gain * s->tpr[k] - s->cost * s->fpr[k];
        if (!(is > most)) continue;
        most = is;
        best = k;
    }
    add_rule(s, 1, best);
}

mlsd_status mlsd__sides_choose(mlsd__scope *scope, mlsd__side *sides, int64_t n, int64_t constraint,
                               double tolerance)
{
    problem p = {.sides = sides, .n = n, .tolerance = tolerance};
    p.peaks = mlsd__alloc(scope->allocator, n, sizeof *p.peaks);
    if (p.peaks == NULL) return MLSD_E_NOMEM;
    const bool odds = constraint == MLSD__EQUAL_ODDS;
    for (int64_t g = 0; g < n; g++) {
        mlsd__side *const s = &sides[g];
        clear_rules(s);
        if (s->bound) p.peaks[g] = odds ? peak(&s->upper, s->gain, s->cost) : peak(&s->upper, 1, 0);
        if (!s->bound || constraint == MLSD__FREE) choose_freely(s);
    }
    mlsd_status status = MLSD_OK;
    if (constraint != MLSD__FREE) {
        status = odds ? choose_odds(scope, &p) : choose_one_rate(scope, &p);
    }
    for (int64_t g = 0; g < n; g++) order_rules(&sides[g]);
    mlsd__free(scope->allocator, p.peaks);
    return status;
}

double mlsd__sides_objective(const mlsd__side *sides, int64_t n)
{
    double sum = 0;
    for (int64_t g = 0; g < n; g++) {
        sum += sides[g].gain * sides[g].at_tpr - sides[g].cost * sides[g].at_fpr;
    }
    return sum;
}

static double gap_of(const mlsd__side *sides, int64_t n, int64_t constraint)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t g = 0; g < n; g++) {
        const mlsd__side *const s = &sides[g];
        if (!s->bound) continue;
        const double is = mlsd__side_rate(s, constraint, s->at_fpr, s->at_tpr);
        low = fmin(low, is);
        high = fmax(high, is);
    }
    return high >= low ? high - low : 0;
}

double mlsd__sides_gap(const mlsd__side *sides, int64_t n, int64_t constraint)
{
    if (constraint == MLSD__FREE) return NAN;
    if (constraint != MLSD__EQUAL_ODDS) return gap_of(sides, n, constraint);
    return fmax(gap_of(sides, n, MLSD__EQUAL_TPR), gap_of(sides, n, MLSD__EQUAL_FPR));
}
