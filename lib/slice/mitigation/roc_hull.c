/* roc_hull.c - what thresholds can do to a group: its ROC points, their convex hull, and mixtures
 * of thresholds that reach a point of it. equal_rates.c chooses the points. */
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
    double before = INFINITY;     /* the score of the last point */
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
        if (s->n_points > 1) s->threshold[s->n_points - 1] = between(here, before);
        before = here;
        s->n_points++; /* its threshold is known with the next score that weighs anything */
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

static double slope_of(const mlsd__chain *c, int64_t k)
{
    return (c->y[k + 1] - c->y[k]) / (c->x[k + 1] - c->x[k]);
}

double mlsd__chain_height(const mlsd__chain *c, double x, double *out_slope)
{
    *out_slope = 0;
    if (c->n == 1) return c->y[0];
    const int64_t k = segment(c, x);
    const double t = share_at(c, k, x);
    *out_slope = slope_of(c, k);
    return t == 1 ? c->y[k + 1] : c->y[k] + t * (c->y[k + 1] - c->y[k]);
}

double mlsd__chain_peak(const mlsd__chain *c, double gain, double cost)
{
    int64_t best = 0;
    for (int64_t k = 1; k < c->n; k++) {
        if (gain * c->y[k] - cost * c->x[k] > gain * c->y[best] - cost * c->x[best]) best = k;
    }
    return c->x[best];
}

double mlsd__chain_reaches(const mlsd__chain *c, double y, double *out_lean)
{
    *out_lean = 0;
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
    *out_lean = 1 / slope_of(c, low);
    return c->x[low] + (y - c->y[low]) / (c->y[high] - c->y[low]) * (c->x[high] - c->x[low]);
}

/* ---- rules ---- */

/* Chances below are what rounding left over. */
static const double most_rounding = 1e-15;
/* A point as near to a vertex, or to the chain, is there: nobody tosses a coin for rounding. */
static const double same_point = 1e-13;

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
    const double length = c->x[k + 1] - c->x[k] + fabs(c->y[k + 1] - c->y[k]);
    double t = share_at(c, k, x);
    if (t * length <= same_point) t = 0;
    if ((1 - t) * length <= same_point) t = 1;
    add_rule(s, chance * (1 - t), c->point[k]);
    add_rule(s, chance * t, c->point[k + 1]);
}

void mlsd__side_order(mlsd__side *s)
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

void mlsd__side_clear(mlsd__side *s)
{
    s->n_rules = 0;
    s->at_fpr = s->at_tpr = 0;
}

void mlsd__side_mix(mlsd__side *s, double x)
{
    add_mix(s, &s->upper, x, 1);
}

void mlsd__side_mix_point(mlsd__side *s, double x, double y)
{
    double slope;
    const double up = mlsd__chain_height(&s->upper, x, &slope);
    const double down = mlsd__chain_height(&s->lower, x, &slope);
    const bool is_up = up - y <= same_point;
    const double share = is_up ? 1 : fmin(1, fmax(0, (y - down) / (up - down)));
    add_mix(s, &s->upper, x, share);
    add_mix(s, &s->lower, x, 1 - share);
}

void mlsd__side_choose_freely(mlsd__side *s)
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
