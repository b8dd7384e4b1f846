/* fairness_inequality.c - inequality of what persons get: generalised entropy of benefits.
 *
 * Speicher et al. (2018), KDD, "A unified approach to quantifying algorithmic unfairness": the
 * benefit of a row is b = prediction - truth + 1, hence 0 (false negative), 1 (right) or 2 (false
 * positive), so that all there is to know are three weights. Limits are normal, by the influence of
 * a row on the index (delta method). */
#include <math.h>

#include "numeric/distribution.h"
#include "numeric/mathfun.h"
#include "slice/fairness_impl.h"

enum { N_BENEFITS = 3 };
typedef struct benefits {
    double weight[N_BENEFITS], squares[N_BENEFITS]; /* of those who get 0, 1, 2 */
    double all, mean, rows;
} benefits;

static void benefits_of(const mlsd__cells *c, benefits *b)
{
    static const int benefit[MLSD__N_CELLS] = {1, 2, 1, 0};
    *b = (benefits){.all = 0};
    for (int k = 0; k < MLSD__N_CELLS; k++) {
        b->weight[benefit[k]] += c->weight[k];
        b->squares[benefit[k]] += c->squares[k];
        b->all += c->weight[k];
        b->rows += c->rows[k];
    }
    b->mean = (b->weight[1] + 2 * b->weight[2]) / b->all;
}

/* x^k; with k = 1 x ln x, where 0 ln 0 is 0. */
static double term(double x, double k)
{
    if (k != 1) return x == 0 ? 0 : mlsd__pow(x, k);
    return x > 0 ? x * mlsd__log(x) : 0;
}

/* GE(k) = (mean (b / mu)^k - 1) / (k (k - 1)); GE(1), Theil's, = mean (b / mu) ln (b / mu). */
static double index_of(double mean_term, double k)
{
    return k == 1 ? mean_term : (mean_term - 1) / (k * (k - 1));
}

typedef struct entropy {
    double value, se;
} entropy;

static entropy entropy_of(const benefits *b, double k)
{
    entropy e = {NAN, NAN};
    double mean = 0, square = 0, slope = 0;
    if (!(b->mean > 0)) return e;
    for (int i = 0; i < N_BENEFITS; i++) mean += b->weight[i] / b->all * term(i / b->mean, k);
    e.value = fmax(0, index_of(mean, k));
    /* With x = b / mu: d mean / d mu = -(k mean) / mu, or -(mean + 1) / mu where k is 1. */
    slope = k == 1 ? mean + 1 : k * mean;
    for (int i = 0; i < N_BENEFITS; i++) {
        const double x = i / b->mean;
        const double pull = term(x, k) - mean - slope * (x - 1);
        const double scaled = k == 1 ? pull : pull / (k * (k - 1));
        square += b->squares[i] * scaled * scaled;
    }
    if (b->rows >= 2) e.se = sqrt(square * b->rows / (b->rows - 1)) / b->all;
    return e;
}

static void set(const benefits *b, const entropy *e, const mlsd__fairness *f, mlsd__fair_measure *m)
{
    m->n_group = b->rows;
    m->n_groups = f->groups.n_groups;
    if (isnan(e->value)) return;
    m->status = b->rows < (double)f->p->min_support ? MLSD__FAIR_LOW_SUPPORT : MLSD__FAIR_OK;
    m->value = e->value;
    if (!(e->se > 0)) return;
    const double half = e->se * mlsd__normal_quantile(0.5 + f->p->level / 2);
    m->low = fmax(0, e->value - half);
    m->high = e->value + half;
}

/* d term / dx. */
static double slope_of(double x, double k)
{
    if (k == 1) return mlsd__log(x) + 1;
    return k * mlsd__pow(x, k - 1);
}

/* Everybody gets his group's mean m: what is left is between the groups. A row with the benefit b
 * moves the mean of term(m / mu) by term(m / mu) less that mean, by slope (b - m) / mu since it
 * moves m, and by - (mean of slope m / mu) (b - mu) / mu since it moves mu. */
static entropy between(const mlsd__fairness *f, const mlsd__fair_part *part, const benefits *all)
{
    const double k = f->p->entropy_power, scale = k == 1 ? 1 : k * (k - 1);
    entropy e = {NAN, NAN};
    double mean = 0, pull_of_mu = 0, square = 0;
    if (!(all->mean > 0)) return e;
    for (int64_t g = 0; g < f->groups.n_groups; g++) {
        benefits b;
        benefits_of(&part->cells[g], &b);
        if (!(b.all > 0)) continue;
        const double x = b.mean / all->mean, share = b.all / all->all;
        mean += share * term(x, k);
        if (x > 0) pull_of_mu += share * slope_of(x, k) * x;
    }
    e.value = fmax(0, index_of(mean, k));
    for (int64_t g = 0; g < f->groups.n_groups; g++) {
        benefits b;
        benefits_of(&part->cells[g], &b);
        if (!(b.all > 0)) continue;
        const double x = b.mean / all->mean;
        for (int i = 0; i < N_BENEFITS; i++) {
            const double own = x > 0 ? slope_of(x, k) * (i - b.mean) / all->mean : 0;
            const double pull = term(x, k) - mean + own - pull_of_mu * (i / all->mean - 1);
            square += b.squares[i] * (pull / scale) * (pull / scale);
        }
    }
    if (all->rows >= 2) e.se = sqrt(square * all->rows / (all->rows - 1)) / all->all;
    return e;
}

mlsd_status mlsd__fair_inequality(mlsd__fairness *f, const mlsd__fair_part *part)
{
    mlsd__cells cells = {.weight = {0}};
    benefits b;
    mlsd__fair_measure m;
    for (int64_t g = 0; g < f->groups.n_groups; g++) mlsd__cells_add(&cells, &part->cells[g]);
    benefits_of(&cells, &b);
    const entropy general = entropy_of(&b, f->p->entropy_power), theil = entropy_of(&b, 1);
    const entropy two = entropy_of(&b, 2);

    mlsd__fair_measure_init(&m, "generalized_entropy", part, MLSD__NO_RULE);
    set(&b, &general, f, &m);
    MLSD__TRY(mlsd__fair_measure_add(f, &m));
    mlsd__fair_measure_init(&m, "theil_index", part, MLSD__NO_RULE);
    set(&b, &theil, f, &m);
    MLSD__TRY(mlsd__fair_measure_add(f, &m));
    mlsd__fair_measure_init(&m, "coefficient_of_variation", part, MLSD__NO_RULE);
    set(&b, &two, f, &m);
    m.value = sqrt(2 * m.value);
    m.low = sqrt(2 * m.low);
    m.high = sqrt(2 * m.high);
    MLSD__TRY(mlsd__fair_measure_add(f, &m));
    mlsd__fair_measure_init(&m, "between_group_generalized_entropy", part, MLSD__NO_RULE);
    const entropy groups = between(f, part, &b);
    set(&b, &groups, f, &m);
    return mlsd__fair_measure_add(f, &m);
}
