/* fairness_permute.c - how often would groups that differ by chance alone differ as much?
 *
 * The largest of several differences is above 0 even where nothing differs, so it is held against
 * what it is when the outcomes are dealt out anew among the rows that a rate counts (the true
 * positives among the positives, and so on; groups keep their sizes, and the parts their own rows).
 * Dealing out is a draw from the multivariate hypergeometric distribution, group by group: it costs
 * nothing for each row. Weighted rows count as their effective number, rounded. */
#include <math.h>
#include <string.h>

#include "numeric/mathfun.h"
#include "slice/fairness_impl.h"

/* Spreads are equal below. */
static const double tie = 1e-12;

static double log_choose(double n, double k)
{
    return mlsd__lgamma(n + 1) - mlsd__lgamma(k + 1) - mlsd__lgamma(n - k + 1);
}

/* By inversion, from the mode to both sides: steps of the order of the standard deviation. */
int64_t mlsd__hypergeometric(mlsd__stream *stream, int64_t total, int64_t marked, int64_t drawn)
{
    const int64_t least = drawn + marked > total ? drawn + marked - total : 0;
    const int64_t most = drawn < marked ? drawn : marked;
    if (least == most) return least;
    const double n = (double)total, m = (double)marked, d = (double)drawn;
    int64_t mode = (int64_t)floor((d + 1) * (m + 1) / (n + 2));
    mode = mode < least ? least : mode > most ? most : mode;
    const double k = (double)mode;
    const double at_mode =
        mlsd__exp(log_choose(m, k) + log_choose(n - m, d - k) - log_choose(n, d));
    double u = mlsd__stream_double(stream) - at_mode, up = at_mode, down = at_mode;
    int64_t high = mode, low = mode;
    if (u < 0) return mode;
    while (high < most || low > least) {
        if (high < most) {
            const double x = (double)high++;
            up *= (m - x) * (d - x) / ((x + 1) * (n - m - d + x + 1));
            u -= up;
            if (u < 0) return high;
        }
        if (low > least) {
            const double x = (double)low--;
            down *= x * (n - m - d + x) / ((m - x + 1) * (d - x + 1));
            u -= down;
            if (u < 0) return low;
        }
    }
    return mode; /* rounding left something over */
}

/* The rows that one rate deals out. */
typedef struct deal {
    bool *counts;
    int64_t *trials; /* of groups that count */
    int64_t total, marked;
    double overall;
    double *values; /* drawn */
    bool is_odds, is_open;
} deal;

typedef struct dealing {
    deal of[MLSD__N_FAIR_RATES];
    int64_t n; /* groups */
} dealing;

static void dealing_free(dealing *d, const mlsd__allocator *a)
{
    for (int r = 0; r < MLSD__N_FAIR_RATES; r++) {
        mlsd__free(a, d->of[r].counts);
        mlsd__free(a, d->of[r].trials);
        mlsd__free(a, d->of[r].values);
    }
}

static mlsd_status deal_new(deal *d, const mlsd__fairness *f, const mlsd__fair_part *part, int rate)
{
    const mlsd__allocator *const a = f->allocator;
    const mlsd__fair_rate *const r = mlsd__fair_rates_of(f, rate);
    const int64_t n = f->groups.n_groups;
    mlsd__fair_measure m;
    d->counts = mlsd__alloc(a, n, sizeof *d->counts);
    if (d->counts == NULL) return MLSD_E_NOMEM;
    d->trials = mlsd__alloc(a, n, sizeof *d->trials);
    if (d->trials == NULL) return MLSD_E_NOMEM;
    d->values = mlsd__alloc(a, n, sizeof *d->values);
    if (d->values == NULL) return MLSD_E_NOMEM;
    mlsd__fair_measure_init(&m, "", part, MLSD__NO_RULE);
    mlsd__fair_usable(r, n, d->counts, &m);
    d->is_odds = mlsd__fair_rates[rate].is_odds;
    double marked = 0;
    for (int64_t g = 0; g < n; g++) {
        if (!d->counts[g]) continue;
        d->trials[g] = (int64_t)floor(fmax(1, r[g].trials) + 0.5);
        d->total += d->trials[g];
        marked += r[g].successes;
    }
    d->marked = (int64_t)floor(marked + 0.5);
    if (d->marked > d->total) d->marked = d->total;
    const double share = (double)d->marked / (double)d->total;
    d->overall = d->is_odds ? share / (1 - share) : share;
    d->is_open = m.status == MLSD__FAIR_OK;
    return MLSD_OK;
}

static void deal_out(deal *d, int64_t n, mlsd__stream *stream)
{
    int64_t total = d->total, marked = d->marked;
    for (int64_t g = 0; g < n; g++) {
        if (!d->counts[g]) continue;
        const int64_t k = mlsd__hypergeometric(stream, total, marked, d->trials[g]);
        const double all = (double)d->trials[g], some = (double)k;
        total -= d->trials[g];
        marked -= k;
        d->values[g] = !d->is_odds ? some / all : k < d->trials[g] ? some / (all - some) : INFINITY;
    }
}

static double spread_of(const dealing *d, const mlsd__fair_parity *p, int64_t method)
{
    double spread[2] = {0, 0};
    int64_t group, than;
    const int n_rates = p->rates[1] >= 0 ? 2 : 1;
    for (int k = 0; k < n_rates; k++) {
        const deal *const of = &d->of[p->rates[k]];
        spread[k] = mlsd__fair_spread(p->form, method, of->values, of->counts, d->n, of->overall,
                                      &group, &than);
        if (isnan(spread[k])) spread[k] = 0; /* all are 0, hence equal */
    }
    if (n_rates == 1) return spread[0];
    return p->is_mean ? (spread[0] + spread[1]) / 2 : fmax(spread[0], spread[1]);
}

static mlsd_status permute(mlsd__scope *scope, const mlsd__fairness *f, const mlsd__fair_part *part,
                           dealing *d, const double *observed, double *p_values)
{
    int64_t as_much[MLSD__N_FAIR_PARITIES] = {0};
    const int64_t n = f->p->permutations;
    for (int64_t b = 0; b < n; b++) {
        mlsd__stream stream;
        mlsd__stream_init(&stream, (uint64_t)f->p->seed, (uint64_t)part->control,
                          (uint64_t)part->positive, (uint64_t)b, MLSD__PURPOSE_SHUFFLE);
        for (int r = 0; r < MLSD__N_FAIR_RATES; r++) {
            if (d->of[r].is_open) deal_out(&d->of[r], d->n, &stream);
        }
        for (int i = 0; i < MLSD__N_FAIR_PARITIES; i++) {
            if (isnan(observed[i])) continue;
            const double is = spread_of(d, &mlsd__fair_parities[i], f->p->method);
            as_much[i] += is >= observed[i] - tie;
        }
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    for (int i = 0; i < MLSD__N_FAIR_PARITIES; i++) {
        if (!isnan(observed[i])) p_values[i] = (double)(as_much[i] + 1) / (double)(n + 1);
    }
    return MLSD_OK;
}

mlsd_status mlsd__fair_permute(mlsd__scope *scope, const mlsd__fairness *f,
                               const mlsd__fair_part *part, const double *observed,
                               double *p_values)
{
    dealing d;
    memset(&d, 0, sizeof d);
    d.n = f->groups.n_groups;
    for (int i = 0; i < MLSD__N_FAIR_PARITIES; i++) p_values[i] = NAN;
    if (f->p->permutations == 0) return MLSD_OK;
    mlsd_status status = MLSD_OK;
    for (int r = 0; r < MLSD__N_FAIR_RATES && status == MLSD_OK; r++) {
        status = deal_new(&d.of[r], f, part, r);
    }
    if (status == MLSD_OK) status = permute(scope, f, part, &d, observed, p_values);
    dealing_free(&d, scope->allocator);
    return status;
}
