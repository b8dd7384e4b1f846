/* fairness_permute.c - how often would groups that differ by chance alone differ as much?
 *
 * The largest of several differences is above 0 even where nothing differs, so it is held against
 * what it is when the outcomes are dealt out anew among the rows that a rate counts (the true
 * positives among the positives, and so on; groups keep their sizes, and the parts their own rows).
 * Dealing out is a draw from the multivariate hypergeometric distribution, group by group: it costs
 * nothing for each row. Weighted rows count as their effective number, rounded. Each dealing has a
 * stream of its own, so threads may share them. */
#include <math.h>

#include "numeric/mathfun.h"
#include "slice/fairness_impl.h"

/* Spreads are equal below. */
static const double tie = 1e-12;

/* ln x!, from the table where it reaches. */
static double log_factorial(const mlsd__log_factorials *f, int64_t x)
{
    return f != NULL && x < f->n ? f->log[x] : mlsd__lgamma((double)x + 1);
}

static double log_choose(const mlsd__log_factorials *f, int64_t n, int64_t k)
{
    return log_factorial(f, n) - log_factorial(f, k) - log_factorial(f, n - k);
}

int64_t mlsd__hypergeometric(mlsd__stream *stream, int64_t total, int64_t marked, int64_t drawn)
{
    return mlsd__hypergeometric_by(NULL, stream, total, marked, drawn);
}

/* By inversion, from the mode to both sides: steps of the order of the standard deviation. */
int64_t mlsd__hypergeometric_by(const mlsd__log_factorials *f, mlsd__stream *stream, int64_t total,
                                int64_t marked, int64_t drawn)
{
    const int64_t least = drawn + marked > total ? drawn + marked - total : 0;
    const int64_t most = drawn < marked ? drawn : marked;
    if (least == most) return least;
    const double n = (double)total, m = (double)marked, d = (double)drawn;
    int64_t mode = (int64_t)floor((d + 1) * (m + 1) / (n + 2));
    mode = mode < least ? least : mode > most ? most : mode;
    const double at_mode =
        mlsd__exp(log_choose(f, marked, mode) + log_choose(f, total - marked, drawn - mode) -
                  log_choose(f, total, drawn));
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
    bool is_odds, is_open; /* open: a parity of the rate is to be tested */
} deal;

enum { DEALINGS = 16 }; /* of a task */
typedef struct dealing {
    const mlsd__fairness *f;
    const mlsd__fair_part *part;
    const double *observed;
    deal of[MLSD__N_FAIR_RATES];
    int64_t n; /* groups */
    mlsd__log_factorials factorials;
    int64_t (*as_much)[MLSD__N_FAIR_PARITIES]; /* by task: dealings with spreads as large */
} dealing;

static void dealing_free(dealing *d, const mlsd__allocator *a)
{
    for (int r = 0; r < MLSD__N_FAIR_RATES; r++) {
        mlsd__free(a, d->of[r].counts);
        mlsd__free(a, d->of[r].trials);
    }
    mlsd__free(a, d->factorials.log);
    mlsd__free(a, d->as_much);
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

static void deal_out(const deal *d, int64_t n, const mlsd__log_factorials *f, mlsd__stream *stream,
                     double *values)
{
    int64_t total = d->total, marked = d->marked;
    for (int64_t g = 0; g < n; g++) {
        if (!d->counts[g]) continue;
        const int64_t k = mlsd__hypergeometric_by(f, stream, total, marked, d->trials[g]);
        const double all = (double)d->trials[g], some = (double)k;
        total -= d->trials[g];
        marked -= k;
        values[g] = !d->is_odds ? some / all : k < d->trials[g] ? some / (all - some) : INFINITY;
    }
}

static double spread_of(const dealing *d, const double *values, const mlsd__fair_parity *p)
{
    double spread[2] = {0, 0};
    int64_t group, than;
    const int n_rates = p->rates[1] >= 0 ? 2 : 1;
    for (int k = 0; k < n_rates; k++) {
        const deal *const of = &d->of[p->rates[k]];
        spread[k] = mlsd__fair_spread(p->form, d->f->p->method, values + p->rates[k] * d->n,
                                      of->counts, d->n, of->overall, &group, &than);
        if (isnan(spread[k])) spread[k] = 0; /* all are 0, hence equal */
    }
    if (n_rates == 1) return spread[0];
    return p->is_mean ? (spread[0] + spread[1]) / 2 : fmax(spread[0], spread[1]);
}

/* `values`: room for a number for each rate and group. */
static void deal_once(const dealing *d, int64_t number, double *values, int64_t *as_much)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, (uint64_t)d->f->p->seed, (uint64_t)d->part->control,
                      (uint64_t)d->part->positive, (uint64_t)number, MLSD__PURPOSE_SHUFFLE);
    for (int r = 0; r < MLSD__N_FAIR_RATES; r++) {
        if (d->of[r].is_open) deal_out(&d->of[r], d->n, &d->factorials, &stream, values + r * d->n);
    }
    for (int i = 0; i < MLSD__N_FAIR_PARITIES; i++) {
        if (isnan(d->observed[i])) continue;
        as_much[i] += spread_of(d, values, &mlsd__fair_parities[i]) >= d->observed[i] - tie;
    }
}

static mlsd_status deal_some(void *arg, int64_t task, mlsd__scope *scope)
{
    const dealing *const d = arg;
    const int64_t n = d->f->p->permutations, end = (task + 1) * DEALINGS;
    double *const values =
        mlsd__alloc_raw(scope->allocator, MLSD__N_FAIR_RATES * d->n, sizeof *values);
    mlsd_status status = values == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t b = task * DEALINGS; b < n && b < end && status == MLSD_OK; b++) {
        deal_once(d, b, values, d->as_much[task]);
        status = mlsd__checkpoint(scope);
    }
    mlsd__free(scope->allocator, values);
    return status;
}

static mlsd_status open_deals(dealing *d)
{
    for (int r = 0; r < MLSD__N_FAIR_RATES; r++) {
        MLSD__TRY(deal_new(&d->of[r], d->f, d->part, r));
        bool is_asked = false;
        for (int i = 0; i < MLSD__N_FAIR_PARITIES; i++) {
            const int *const rates = mlsd__fair_parities[i].rates;
            is_asked = is_asked || (!isnan(d->observed[i]) && (rates[0] == r || rates[1] == r));
        }
        d->of[r].is_open = d->of[r].is_open && is_asked;
    }
    return MLSD_OK;
}

/* ln x! for all x that dealings ask for, where that costs less than asking for each of them. */
static mlsd_status make_factorials(dealing *d, const mlsd__allocator *a)
{
    enum { MOST = 1 << 22, A_DRAW = 9 };
    int64_t most = 0;
    for (int r = 0; r < MLSD__N_FAIR_RATES; r++) {
        if (d->of[r].is_open && d->of[r].total > most) most = d->of[r].total;
    }
    const int64_t n = most + 1 < MOST ? most + 1 : MOST;
    if (n / A_DRAW > d->f->p->permutations * d->n) return MLSD_OK;
    d->factorials.log = mlsd__alloc_raw(a, n, sizeof *d->factorials.log);
    if (d->factorials.log == NULL) return MLSD_E_NOMEM;
    for (int64_t x = 0; x < n; x++) d->factorials.log[x] = mlsd__lgamma((double)x + 1);
    d->factorials.n = n;
    return MLSD_OK;
}

static mlsd_status run_deals(mlsd__scope *scope, dealing *d, double *p_values)
{
    const int64_t n = d->f->p->permutations, n_tasks = (n + DEALINGS - 1) / DEALINGS;
    MLSD__TRY(open_deals(d));
    MLSD__TRY(make_factorials(d, scope->allocator));
    d->as_much = mlsd__alloc(scope->allocator, n_tasks, sizeof *d->as_much);
    if (d->as_much == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__parallel_for(scope, n_tasks, deal_some, d));
    for (int i = 0; i < MLSD__N_FAIR_PARITIES; i++) {
        int64_t as_much = 0;
        for (int64_t t = 0; t < n_tasks; t++) as_much += d->as_much[t][i];
        if (!isnan(d->observed[i])) p_values[i] = (double)(as_much + 1) / (double)(n + 1);
    }
    return MLSD_OK;
}

mlsd_status mlsd__fair_permute(mlsd__scope *scope, const mlsd__fairness *f,
                               const mlsd__fair_part *part, const double *observed,
                               double *p_values)
{
    dealing d = {.f = f, .part = part, .observed = observed, .n = f->groups.n_groups};
    for (int i = 0; i < MLSD__N_FAIR_PARITIES; i++) p_values[i] = NAN;
    if (f->p->permutations == 0) return MLSD_OK;
    const mlsd_status status = run_deals(scope, &d, p_values);
    dealing_free(&d, scope->allocator);
    return status;
}
