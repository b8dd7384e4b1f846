/* equal_rates.c - the best thresholds for several groups whose rates are to be equal, to the
 * tolerance: the optimum of a linear program, found at the vertex that it is.
 *
 * By mixing thresholds a group g reaches every point (x, y) = (FPR, TPR) of the convex hull H_g of
 * its ROC points (Hardt, Price & Srebro 2016, NeurIPS, section 4), whose upper chain is U_g and
 * whose lower one L_g, and every objective here is a sum of gain_g * y - cost_g * x.
 *
 * One constrained rate (selection, TPR, FPR): per group the objective as a function of the rate is
 * the upper hull of the points (rate, objective), with its peak at p_g. What all groups can have
 * while their rates lie in [z, z + t] is the sum of these chains at p_g clamped into [z, z + t]:
 * concave in z, linear between the vertices and the vertices less t.
 *
 * Equalised odds: the points lie in a box [v, v + t] x [u, u + t]. Let F(v, u) be the sum over
 * groups of the best that g has in the box. Since F is the value of a linear program as a function
 * of its right side, it is concave and linear on the pieces of an arrangement of segments: a
 * group's best point is its peak, or where its chain meets an edge of the box, or the box's corner
 * (v, u + t), so that pieces end at v = x or x - t and u = y or y - t of a vertex (x, y) of a
 * chain, and on the shifted chains u = U(v), U(v) - t, U(v + t), U(v + t) - t and L(v) - t. The
 * best (v, u) is therefore at a vertex of this arrangement: where two of these lines, or two of the
 * shifted hulls, or one of each meet. There are too many of them to look at all, but there is no
 * need to:
 *
 * A piece that is linear at one point is above F everywhere (F is concave). To climb a concave
 * function of one number, keep a piece that rises on the left and one that falls on the right; the
 * top is not above where they cross, so cross them, look there, and where the function reaches the
 * crossing it is the top: this is a proof, not an approximation. Otherwise what was found there
 * replaces one of the two. Pieces are finitely many, halving now and then bounds the steps, and the
 * last crossing is a vertex, known to the last digits because it is the solution of its two
 * equations. For F this is done for u at each v, and for v around it: the two pieces that cross at
 * the best u, mixed so that u drops out, are a line above max_u F(v, u) for all v. Where u is
 * stopped by where all boxes still hold a point (u <= U_g(v + t), u >= L_g(v) - t), the slope of
 * that chain takes the second piece's place: its multiplier is the slope of F along u.
 *
 * v and u in [0, 1 - t] are enough, since a box beyond can be moved back without losing a point of
 * the unit square; and each such v has a u, namely v, for (0, 0) and (1, 1) are in every hull. */
#include <math.h>

#include "slice/mitigation/roc_hull.h"

typedef struct problem {
    mlsd__side *sides;
    int64_t n;
    double tolerance;
    double *peaks;   /* by side: the rate at its best */
    double rounding; /* of a sum over the sides */
} problem;

/* A piece of a concave function of `at` (and of what is given besides): its value there, and its
 * slopes along `at` and along the given one. */
typedef struct piece {
    double at, value, along, across;
    double inner; /* the best of the number within */
} piece;
typedef void (*piece_fn)(const problem *p, double at, double given, piece *out);

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* ---- climbing ---- */

/* Where the pieces cross, their mixture that is level in `at`. */
static void mix(const piece *left, const piece *right, piece *top)
{
    const double share = -right->along / (left->along - right->along);
    top->across = share * left->across + (1 - share) * right->across;
    top->along = 0;
}

/* How far right of `left` the pieces cross. */
static double crossing(const piece *left, const piece *right)
{
    const double width = right->at - left->at;
    return (right->value - left->value - right->along * width) / (left->along - right->along);
}

/* The top of a concave function between low and high; of a flat top the left end, which is a
 * vertex, so that fewer coins are tossed. At an end `along` is what it would still gain (high) or
 * lose (low); elsewhere it is 0, and `across` is the slope of a line above. */
static void climb(const problem *p, piece_fn f, double given, double low, double high, piece *top)
{
    enum { MOST_STEPS = 400 }; /* with a halving at least every other step: never reached */
    piece left, right;
    f(p, low, given, &left);
    *top = left;
    if (left.along <= 0) return;
    f(p, high, given, &right);
    *top = right;
    if (right.along > 0) return;
    bool halve = false;
    for (int step = 0; step < MOST_STEPS; step++) {
        const double width = right.at - left.at, over = crossing(&left, &right);
        const double at = halve ? left.at + width / 2 : left.at + over;
        if (!(at > left.at && at < right.at)) break; /* no double is between */
        piece here;
        f(p, at, given, &here);
        const bool is_top = !halve && here.value >= left.value + left.along * over - p->rounding;
        if (is_top) {
            *top = here;
            mix(&left, &right, top);
            return;
        }
        *(here.along > 0 ? &left : &right) = here;
        halve = !halve && right.at - left.at > width / 2;
    }
    *top = left.value > right.value ? left : right;
    mix(&left, &right, top);
}

/* ---- one rate ---- */

static void rate_piece(const problem *p, double z, double given, piece *out)
{
    (void)given;
    *out = (piece){.at = z};
    for (int64_t g = 0; g < p->n; g++) {
        const mlsd__side *const s = &p->sides[g];
        if (!s->bound) continue;
        const double is = clamp(p->peaks[g], z, z + p->tolerance);
        double slope;
        out->value += mlsd__chain_height(&s->upper, is, &slope);
        if (is != p->peaks[g]) out->along += slope;
    }
}

static void choose_one_rate(const problem *p)
{
    piece top;
    climb(p, rate_piece, 0, 0, 1 - p->tolerance, &top);
    for (int64_t g = 0; g < p->n; g++) {
        if (!p->sides[g].bound) continue;
        mlsd__side_mix(&p->sides[g], clamp(p->peaks[g], top.at, top.at + p->tolerance));
    }
}

/* ---- equalised odds ---- */

/* The best of a side in the box with the corner (v, u). */
typedef struct best {
    double x, y, by_v, by_u; /* and how its objective changes with the corner */
} best;

static best best_in_box(const problem *p, int64_t g, double v, double u)
{
    const mlsd__side *const s = &p->sides[g];
    const mlsd__chain *const c = &s->upper;
    const double right = v + p->tolerance, top = u + p->tolerance, peak = p->peaks[g];
    double lean_from, lean_to, slope;
    const double x_from = mlsd__chain_reaches(c, u, &lean_from);
    const double x_to = mlsd__chain_reaches(c, top, &lean_to);
    if (x_to < v || c->y[0] > top) { /* the chain is above the corner */
        return (best){v, top, -s->cost, s->gain};
    }
    const double from = fmin(right, fmax(v, x_from)), to = fmax(from, fmin(right, x_to));
    best b = {.x = clamp(peak, from, to)};
    b.y = clamp(mlsd__chain_height(c, b.x, &slope), u, top);
    const bool at_edge = peak < from ? from == v : to == right; /* left or right; or below, above */
    if (peak >= from && peak <= to) return b;
    if (at_edge) {
        b.by_v = s->gain * slope - s->cost;
    } else {
        b.by_u = s->gain - s->cost * (peak < from ? lean_from : lean_to);
    }
    return b;
}

static void box_piece(const problem *p, double u, double v, piece *out)
{
    *out = (piece){.at = u};
    for (int64_t g = 0; g < p->n; g++) {
        const mlsd__side *const s = &p->sides[g];
        if (!s->bound) continue;
        const best b = best_in_box(p, g, v, u);
        out->value += s->gain * b.y - s->cost * b.x;
        out->along += b.by_u;
        out->across += b.by_v;
    }
}

/* The u at which all boxes hold a point, and how they change with v. */
typedef struct range {
    double low, high, by_low, by_high;
} range;

static range range_of(const problem *p, double v)
{
    range r = {.low = 0, .high = 1 - p->tolerance};
    for (int64_t g = 0; g < p->n; g++) {
        const mlsd__side *const s = &p->sides[g];
        double slope;
        if (!s->bound) continue;
        const double high = mlsd__chain_height(&s->upper, v + p->tolerance, &slope);
        if (high < r.high) {
            r.high = high;
            r.by_high = slope;
        }
        const double low = mlsd__chain_height(&s->lower, v, &slope) - p->tolerance;
        if (low > r.low) {
            r.low = low;
            r.by_low = slope;
        }
    }
    r.low = fmin(r.low, r.high);
    return r;
}

static void odds_piece(const problem *p, double v, double given, piece *out)
{
    piece top;
    (void)given;
    const range r = range_of(p, v);
    climb(p, box_piece, v, r.low, r.high, &top);
    const double by_end = top.along > 0 ? r.by_high : r.by_low;
    *out = (piece){
        .at = v, .value = top.value, .along = top.across + top.along * by_end, .inner = top.at};
}

static mlsd_status choose_odds(mlsd__scope *scope, const problem *p)
{
    piece top;
    MLSD__TRY(mlsd__checkpoint(scope));
    climb(p, odds_piece, 0, 0, 1 - p->tolerance, &top);
    for (int64_t g = 0; g < p->n; g++) {
        if (!p->sides[g].bound) continue;
        const best b = best_in_box(p, g, top.at, top.inner);
        mlsd__side_mix_point(&p->sides[g], b.x, b.y);
    }
    return mlsd__checkpoint(scope);
}

/* ---- all ---- */

mlsd_status mlsd__sides_choose(mlsd__scope *scope, mlsd__side *sides, int64_t n, int64_t constraint,
                               double tolerance)
{
    static const double rounding = 1e-15; /* of a sum, by what is summed */
    problem p = {.sides = sides, .n = n, .tolerance = fmin(1, tolerance)};
    p.peaks = mlsd__alloc(scope->allocator, n, sizeof *p.peaks);
    if (p.peaks == NULL) return MLSD_E_NOMEM;
    const bool odds = constraint == MLSD__EQUAL_ODDS;
    for (int64_t g = 0; g < n; g++) {
        mlsd__side *const s = &sides[g];
        mlsd__side_clear(s);
        p.rounding += rounding * (s->gain + s->cost);
        if (s->bound) {
            p.peaks[g] = mlsd__chain_peak(&s->upper, odds ? s->gain : 1, odds ? s->cost : 0);
        }
        if (!s->bound || constraint == MLSD__FREE) mlsd__side_choose_freely(s);
    }
    mlsd_status status = MLSD_OK;
    if (odds) {
        status = choose_odds(scope, &p);
    } else if (constraint != MLSD__FREE) {
        choose_one_rate(&p);
    }
    for (int64_t g = 0; g < n; g++) mlsd__side_order(&sides[g]);
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
    static const double rounding = 1e-12;
    double low = INFINITY, high = -INFINITY;
    for (int64_t g = 0; g < n; g++) {
        const mlsd__side *const s = &sides[g];
        if (!s->bound) continue;
        const double is = mlsd__side_rate(s, constraint, s->at_fpr, s->at_tpr);
        low = fmin(low, is);
        high = fmax(high, is);
    }
    return high - low > rounding ? high - low : 0;
}

double mlsd__sides_gap(const mlsd__side *sides, int64_t n, int64_t constraint)
{
    if (constraint == MLSD__FREE) return NAN;
    if (constraint != MLSD__EQUAL_ODDS) return gap_of(sides, n, constraint);
    return fmax(gap_of(sides, n, MLSD__EQUAL_TPR), gap_of(sides, n, MLSD__EQUAL_FPR));
}
