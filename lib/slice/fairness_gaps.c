/* fairness_gaps.c - what compares groups by their rates: differences, ratios, the worst group. A
 * group without the rows that a rate needs is left out and counted; it is never a rate of 0. The
 * intervals are fairness_limits.c's. */
#include <math.h>

#include "metric/interval_rates.h"
#include "numeric/mathfun.h"
#include "slice/fairness_impl.h"

#define PARITY(name_, rate, rule_)                                                                \
    {name_ "_difference", MLSD__FAIR_DIFFERENCE, {rate, -1}, false, (rule_) ? MLSD__AT_MOST : 0}, \
    {                                                                                             \
        name_ "_ratio", MLSD__FAIR_RATIO, {rate, -1}, false, (rule_) ? MLSD__AT_LEAST_RATIO : 0   \
    }
#define ODDS(name_, mean)                                                                      \
    {name_ "_difference", MLSD__FAIR_DIFFERENCE, {MLSD__TPR, MLSD__FPR}, mean, MLSD__AT_MOST}, \
    {                                                                                          \
        name_ "_ratio", MLSD__FAIR_RATIO, {MLSD__TPR, MLSD__FPR}, mean, MLSD__AT_LEAST_RATIO   \
    }

const mlsd__fair_parity mlsd__fair_parities[MLSD__N_FAIR_PARITIES] = {
    PARITY("demographic_parity", MLSD__SELECTION_RATE, true),
    PARITY("equal_opportunity", MLSD__TPR, true),
    PARITY("predictive_equality", MLSD__FPR, true),
    ODDS("equalized_odds", false),
    ODDS("equalized_odds_mean", true),
    PARITY("predictive_parity", MLSD__PPV, true),
    PARITY("negative_predictive_parity", MLSD__NPV, true),
    PARITY("accuracy_parity", MLSD__ACCURACY, true),
    /* The tolerance is one of rates, which these odds are not. */
    {"treatment_equality_difference", MLSD__FAIR_DIFFERENCE, {MLSD__TREATMENT, -1}, false, 0},
    {"treatment_equality_ratio",
     MLSD__FAIR_RATIO,
     {MLSD__TREATMENT, -1},
     false,
     MLSD__AT_LEAST_RATIO},
    PARITY("base_rate", MLSD__BASE_RATE, false),
};

/* ---- groups that count ---- */

void mlsd__fair_usable(const mlsd__fair_rate *rates, int64_t n, bool *counts, mlsd__fair_measure *m)
{
    int64_t n_ok = 0, n_defined = 0;
    for (int64_t g = 0; g < n; g++) {
        n_defined += !isnan(rates[g].value);
        n_ok += !isnan(rates[g].value) && !rates[g].is_low;
    }
    const bool all = n_ok < 2;
    m->status = !all             ? MLSD__FAIR_OK
                : n_defined >= 2 ? MLSD__FAIR_LOW_SUPPORT
                                 : MLSD__FAIR_UNDEFINED;
    for (int64_t g = 0; g < n; g++) {
        counts[g] = !isnan(rates[g].value) && (all || !rates[g].is_low);
    }
    m->n_groups = all ? n_defined : n_ok;
    m->n_skipped = n - m->n_groups;
}

/* ---- spreads ---- */

static double ratio_of(double a, double b)
{
    if (a == 0 && b == 0) return NAN; /* nothing by nothing says nothing */
    if (isinf(b)) return isinf(a) ? 1 : 0;
    return a / b;
}

static double spread_between(mlsd__fair_form form, const double *values, const bool *counts,
                             int64_t n, int64_t *most, int64_t *least)
{
    *most = *least = -1;
    for (int64_t g = 0; g < n; g++) {
        if (!counts[g]) continue;
        if (*most < 0 || values[g] > values[*most]) *most = g;
        if (*least < 0 || values[g] < values[*least]) *least = g;
    }
    if (*most < 0) return NAN;
    const double low = values[*least], high = values[*most];
    if (form == MLSD__FAIR_DIFFERENCE) return low == high ? 0 : high - low;
    return 1 - ratio_of(low, high);
}

static double spread_overall(mlsd__fair_form form, const double *values, const bool *counts,
                             int64_t n, double overall, int64_t *worst)
{
    double most = NAN;
    *worst = -1;
    for (int64_t g = 0; g < n; g++) {
        if (!counts[g]) continue;
        const double v = values[g];
        const double is = form == MLSD__FAIR_DIFFERENCE
                              ? fabs(v - overall)
                              : 1 - ratio_of(fmin(v, overall), fmax(v, overall));
        if (isnan(is)) return NAN;
        if (*worst >= 0 && !(is > most)) continue;
        most = is;
        *worst = g;
    }
    return most;
}

double mlsd__fair_spread(mlsd__fair_form form, int64_t method, const double *values,
                         const bool *counts, int64_t n, double overall, int64_t *out_group,
                         int64_t *out_than)
{
    if (method == MLSD__BETWEEN_GROUPS) {
        return spread_between(form, values, counts, n, out_group, out_than);
    }
    *out_than = -1;
    return spread_overall(form, values, counts, n, overall, out_group);
}

/* ---- parities ---- */

mlsd_status mlsd__fair_room_new(const mlsd__allocator *a, int64_t n, mlsd__fair_room *out)
{
    out->counts = NULL;
    out->values = mlsd__alloc_raw(a, n, sizeof *out->values);
    if (out->values == NULL) return MLSD_E_NOMEM;
    out->counts = mlsd__alloc_raw(a, n, sizeof *out->counts);
    return out->counts == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

void mlsd__fair_room_free(mlsd__fair_room *room, const mlsd__allocator *a)
{
    mlsd__free(a, room->values);
    mlsd__free(a, room->counts);
}

static double overall_of(const mlsd__fair_rate *rates, const bool *counts, int64_t n)
{
    double numerator = 0, denominator = 0;
    for (int64_t g = 0; g < n; g++) {
        if (!counts[g]) continue;
        numerator += rates[g].numerator;
        denominator += rates[g].denominator;
    }
    return denominator > 0 ? numerator / denominator : (double)NAN;
}

mlsd_status mlsd__fair_gap(mlsd__scope *scope, const mlsd__fair_gap_of *of, double level,
                           const mlsd__fair_room *room, mlsd__fair_measure *m)
{
    const mlsd__fair_rate *const r = of->rates;
    mlsd__fair_usable(r, of->n, room->counts, m);
    if (m->status == MLSD__FAIR_UNDEFINED) return MLSD_OK;
    for (int64_t g = 0; g < of->n; g++) room->values[g] = r[g].value;
    const double spread =
        mlsd__fair_spread(of->form, of->method, room->values, room->counts, of->n,
                          overall_of(r, room->counts, of->n), &m->group, &m->than);
    if (isnan(spread)) {
        m->status = MLSD__FAIR_UNDEFINED;
        m->group = m->than = -1;
        return MLSD_OK;
    }
    m->value = of->form == MLSD__FAIR_DIFFERENCE ? spread : 1 - spread;
    m->n_group = r[m->group].support;
    m->value_group = r[m->group].value;
    if (m->than >= 0) {
        m->n_than = r[m->than].support;
        m->value_than = r[m->than].value;
    }
    if (of->method == MLSD__BETWEEN_GROUPS) {
        MLSD__TRY(mlsd__fair_limits_between(scope, of, room->counts, level, m));
    } else {
        mlsd__fair_limits_overall(of, room->counts, level, m);
    }
    if (of->form == MLSD__FAIR_RATIO) { /* a ratio of 0 lies below its adjusted limits */
        m->low = fmin(m->low, m->value);
        m->high = fmin(1, m->high);
    }
    return MLSD_OK;
}

static bool is_worse(mlsd__fair_form form, double a, double b)
{
    return form == MLSD__FAIR_DIFFERENCE ? a > b : a < b;
}

/* Of two gaps, each with an interval that holds together with the other's. */
static void join(const mlsd__fair_parity *p, const mlsd__fair_measure *a,
                 const mlsd__fair_measure *b, mlsd__fair_measure *m)
{
    const mlsd__fair_measure *const worse = is_worse(p->form, b->value, a->value) ? b : a;
    const mlsd__fair_status status = a->status > b->status ? a->status : b->status;
    if (status == MLSD__FAIR_UNDEFINED) {
        m->n_groups = a->n_groups < b->n_groups ? a->n_groups : b->n_groups;
        m->n_skipped = a->n_skipped > b->n_skipped ? a->n_skipped : b->n_skipped;
        return;
    }
    const char *const name = m->name;
    const mlsd__fair_rule rule = m->rule;
    *m = *worse;
    m->name = name;
    m->rule = rule;
    m->status = status;
    m->n_skipped = a->n_skipped > b->n_skipped ? a->n_skipped : b->n_skipped;
    m->n_groups = a->n_groups < b->n_groups ? a->n_groups : b->n_groups;
    if (p->is_mean) {
        m->value = (a->value + b->value) / 2;
        m->low = (a->low + b->low) / 2;
        m->high = (a->high + b->high) / 2;
    } else if (p->form == MLSD__FAIR_DIFFERENCE) {
        m->low = fmax(a->low, b->low);
        m->high = fmax(a->high, b->high);
    } else {
        m->low = fmin(a->low, b->low);
        m->high = fmin(a->high, b->high);
    }
}

static mlsd_status parity(mlsd__scope *scope, const mlsd__fairness *f, const mlsd__fair_part *part,
                          const mlsd__fair_parity *p, const mlsd__fair_room *room,
                          mlsd__fair_measure *out)
{
    mlsd__fair_measure both[2];
    const bool two = p->rates[1] >= 0;
    const double level = two ? mlsd__fair_together(f->p->level, 2) : f->p->level;
    mlsd__fair_measure_init(out, p->name, part, p->rule);
    for (int k = 0; k < 1 + two; k++) {
        const mlsd__fair_gap_of of = {.rates = mlsd__fair_rates_of(f, p->rates[k]),
                                      .n = f->groups.n_groups,
                                      .is_odds = mlsd__fair_rates[p->rates[k]].is_odds,
                                      .form = p->form,
                                      .method = f->p->method};
        both[k] = *out;
        MLSD__TRY(mlsd__fair_gap(scope, &of, level, room, &both[k]));
    }
    if (two) {
        join(p, &both[0], &both[1], out);
    } else {
        *out = both[0];
    }
    return MLSD_OK;
}

/* ---- two groups, with a sign ---- */

static void two_groups(const mlsd__fair_rate *u, const mlsd__fair_rate *p, mlsd__fair_form form,
                       double level, mlsd__fair_measure *m)
{
    m->n_group = u->support;
    m->n_than = p->support;
    m->value_group = u->value;
    m->value_than = p->value;
    m->n_groups = !isnan(u->value) + !isnan(p->value);
    m->n_skipped = 2 - m->n_groups;
    if (m->n_groups < 2) return;
    const double value =
        form == MLSD__FAIR_DIFFERENCE ? u->value - p->value : ratio_of(u->value, p->value);
    if (isnan(value) || isinf(value)) return;
    m->status = u->is_low || p->is_low ? MLSD__FAIR_LOW_SUPPORT : MLSD__FAIR_OK;
    m->value = value;
    if (form == MLSD__FAIR_DIFFERENCE) {
        mlsd__fair_difference_limits(u, p, false, level, &m->low, &m->high);
    } else {
        mlsd__fair_ratio_limits(u, p, false, level, &m->low, &m->high);
        m->low = fmin(m->low, value);
    }
}

/* The mean of two differences, or of their absolute values. */
static void average_odds(const mlsd__fair_rate u[2], const mlsd__fair_rate p[2], bool absolute,
                         double level, mlsd__fair_measure *m)
{
    mlsd__fair_measure each[2] = {*m, *m};
    for (int k = 0; k < 2; k++) {
        two_groups(&u[k], &p[k], MLSD__FAIR_DIFFERENCE, mlsd__fair_together(level, 2), &each[k]);
    }
    m->n_group = fmin(each[0].n_group, each[1].n_group);
    m->n_than = fmin(each[0].n_than, each[1].n_than);
    m->n_groups = each[0].n_groups < each[1].n_groups ? each[0].n_groups : each[1].n_groups;
    m->n_skipped = 2 - m->n_groups;
    m->status = each[0].status > each[1].status ? each[0].status : each[1].status;
    if (m->status == MLSD__FAIR_UNDEFINED) return;
    m->value = m->low = m->high = 0;
    for (int k = 0; k < 2; k++) {
        const double v = each[k].value, low = each[k].low, high = each[k].high;
        const bool turned = absolute && v < 0;
        const double from = turned ? -high : low, to = turned ? -low : high;
        m->value += (turned ? -v : v) / 2;
        m->low += (absolute ? fmax(0, from) : from) / 2;
        m->high += (absolute ? fmax(to, -from) : to) / 2;
    }
}

/* The privileged group against another, or against all others together. */
static mlsd_status signed_gaps(mlsd__fairness *f, const mlsd__fair_part *part)
{
    static const int rates[3] = {MLSD__SELECTION_RATE, MLSD__TPR, MLSD__FPR};
    const mlsd__fairness_params *const params = f->p;
    mlsd__cells others = {.weight = {0}};
    mlsd__fair_rate u[3], p[3];
    mlsd__fair_measure m;
    if (f->privileged < 0) return MLSD_OK;
    for (int64_t g = 0; g < f->groups.n_groups; g++) {
        const bool is = f->unprivileged >= 0 ? g == f->unprivileged : g != f->privileged;
        if (is) mlsd__cells_add(&others, &part->cells[g]);
    }
    for (int k = 0; k < 3; k++) {
        mlsd__fair_rate_make(&others, rates[k], params->min_support, &u[k]);
        mlsd__fair_rate_make(&part->cells[f->privileged], rates[k], params->min_support, &p[k]);
    }
    static const mlsd__fair_parity what[] = {
        {"statistical_parity_difference", MLSD__FAIR_DIFFERENCE, {0, -1}, false, MLSD__AT_MOST},
        {"disparate_impact", MLSD__FAIR_RATIO, {0, -1}, false, MLSD__WITHIN_RATIO},
        {"equal_opportunity_signed_difference",
         MLSD__FAIR_DIFFERENCE,
         {1, -1},
         false,
         MLSD__AT_MOST},
        {"average_odds_difference", MLSD__FAIR_DIFFERENCE, {1, 2}, false, MLSD__AT_MOST},
        {"average_abs_odds_difference", MLSD__FAIR_DIFFERENCE, {1, 2}, true, MLSD__AT_MOST},
    };
    for (int64_t i = 0; i < MLSD__COUNT(what); i++) {
        mlsd__fair_measure_init(&m, what[i].name, part, what[i].rule);
        m.group = f->unprivileged;
        m.than = f->privileged;
        const int k = what[i].rates[0];
        if (what[i].rates[1] < 0) {
            two_groups(&u[k], &p[k], what[i].form, params->level, &m);
        } else {
            average_odds(u + 1, p + 1, what[i].is_mean, params->level, &m);
        }
        MLSD__TRY(mlsd__fair_measure_add(f, &m));
    }
    return MLSD_OK;
}

/* ---- what looks at all groups ---- */

/* Of |ln a - ln b|, a and b being anywhere in their limits. */
static void log_distance(const double a[2], const double b[2], double *low, double *high)
{
    const double up = mlsd__log(a[1] / b[0]), down = mlsd__log(b[1] / a[0]);
    *low = fmax(0, fmax(-up, -down));
    *high = fmax(up, down);
}

static int64_t reference_of(const mlsd__fairness *f, const mlsd__fair_rate *r, const bool *counts)
{
    int64_t reference = f->privileged;
    for (int64_t g = 0; g < f->groups.n_groups && f->privileged < 0; g++) {
        if (counts[g] && (reference < 0 || r[g].denominator > r[reference].denominator)) {
            reference = g;
        }
    }
    return reference >= 0 && counts[reference] ? reference : -1;
}

/* The sum over groups, within limits of all groups that hold together. */
static void sum_losses(const mlsd__fairness *f, const mlsd__fair_rate *r, const bool *counts,
                       int64_t reference, mlsd__fair_measure *m)
{
    const double level = mlsd__pow(f->p->level, 1 / fmax(1, (double)m->n_groups));
    double value = 0, low = 0, high = 0, of[2], than[2];
    mlsd__proportion_interval(MLSD__WILSON, mlsd__fair_counts(&r[reference]), level, &than[0],
                              &than[1]);
    for (int64_t g = 0; g < f->groups.n_groups; g++) {
        double least, most;
        if (!counts[g]) continue;
        if (!(r[g].value > 0)) m->status = MLSD__FAIR_UNDEFINED; /* also the reference's 0 */
        value += fabs(mlsd__log(r[g].value) - mlsd__log(r[reference].value));
        if (g == reference) continue;
        mlsd__proportion_interval(MLSD__WILSON, mlsd__fair_counts(&r[g]), level, &of[0], &of[1]);
        log_distance(of, than, &least, &most);
        low += least;
        high += most;
    }
    if (m->status == MLSD__FAIR_UNDEFINED) return;
    m->value = value;
    m->low = low;
    m->high = high;
}

/* sum |ln(rate / reference's rate)| (Wisniewski & Biecek 2022, fairmodels). */
static mlsd_status parity_loss(mlsd__fairness *f, const mlsd__fair_part *part,
                               const mlsd__fair_room *room)
{
    static const struct {
        int rate;
        const char *name;
    } what[] = {{MLSD__SELECTION_RATE, "parity_loss_selection_rate"},
                {MLSD__TPR, "parity_loss_tpr"},
                {MLSD__FPR, "parity_loss_fpr"},
                {MLSD__PPV, "parity_loss_ppv"},
                {MLSD__ACCURACY, "parity_loss_accuracy"}};
    for (int64_t i = 0; i < MLSD__COUNT(what); i++) {
        const mlsd__fair_rate *const r = mlsd__fair_rates_of(f, what[i].rate);
        mlsd__fair_measure m;
        mlsd__fair_measure_init(&m, what[i].name, part, MLSD__NO_RULE);
        mlsd__fair_usable(r, f->groups.n_groups, room->counts, &m);
        m.than = reference_of(f, r, room->counts);
        if (m.than < 0) m.status = MLSD__FAIR_UNDEFINED;
        if (m.than >= 0) m.n_than = r[m.than].support;
        if (m.status != MLSD__FAIR_UNDEFINED) sum_losses(f, r, room->counts, m.than, &m);
        MLSD__TRY(mlsd__fair_measure_add(f, &m));
    }
    return MLSD_OK;
}

/* The worst value that a group has, within limits of all groups that hold together (Sidak's
 * level: groups share no row). */
static mlsd_status worst_groups(mlsd__fairness *f, const mlsd__fair_part *part,
                                const mlsd__fair_room *room)
{
    static const struct {
        int rate;
        bool most_is_worst;
        const char *name;
    } what[] = {{MLSD__ACCURACY, false, "worst_group_accuracy"},
                {MLSD__TPR, false, "worst_group_tpr"},
                {MLSD__FPR, true, "worst_group_fpr"},
                {MLSD__PPV, false, "worst_group_ppv"}};
    const int64_t n = f->groups.n_groups;
    for (int64_t i = 0; i < MLSD__COUNT(what); i++) {
        const mlsd__fair_rate *const r = mlsd__fair_rates_of(f, what[i].rate);
        const double sign = what[i].most_is_worst ? -1 : 1;
        mlsd__fair_measure m;
        mlsd__fair_measure_init(&m, what[i].name, part, MLSD__NO_RULE);
        mlsd__fair_usable(r, n, room->counts, &m);
        const double level = mlsd__pow(f->p->level, 1 / fmax(1, (double)m.n_groups));
        double low = INFINITY, high = INFINITY;
        for (int64_t g = 0; g < n && m.status != MLSD__FAIR_UNDEFINED; g++) {
            double from, to;
            if (!room->counts[g]) continue;
            if (m.group < 0 || sign * r[g].value < sign * r[m.group].value) m.group = g;
            mlsd__proportion_interval(MLSD__WILSON, mlsd__fair_counts(&r[g]), level, &from, &to);
            low = fmin(low, sign > 0 ? from : -to);
            high = fmin(high, sign > 0 ? to : -from);
        }
        if (m.group >= 0) {
            m.value = r[m.group].value;
            m.n_group = r[m.group].support;
            m.low = sign > 0 ? low : -high;
            m.high = sign > 0 ? high : -low;
        }
        MLSD__TRY(mlsd__fair_measure_add(f, &m));
    }
    return MLSD_OK;
}

/* ln of the larger by the smaller, for the chances of being chosen and of not being chosen. */
static double epsilon_of(double least, double most)
{
    return fmax(mlsd__log(most / least), mlsd__log((1 - least) / (1 - most)));
}

/* A share of so many rows (with weights effective ones, so that their unit does not matter). */
static double smoothed(double share, double n, double c)
{
    return (share * n + c / 2) / (n + c);
}

/* Smoothed empirical differential fairness: Foulds, Islam, Keya & Pan (2020), ICDE, eq. 8. */
static mlsd_status differential(mlsd__fairness *f, const mlsd__fair_part *part,
                                const mlsd__fair_room *room)
{
    const int64_t n = f->groups.n_groups;
    const mlsd__fair_rate *const r = mlsd__fair_rates_of(f, MLSD__SELECTION_RATE);
    const double c = f->p->concentration;
    mlsd__fair_measure m;
    mlsd__fair_measure_init(&m, "differential_fairness", part, MLSD__NO_RULE);
    mlsd__fair_usable(r, n, room->counts, &m);
    if (m.status == MLSD__FAIR_UNDEFINED) return mlsd__fair_measure_add(f, &m);
    const double level = mlsd__pow(f->p->level, 1 / (double)m.n_groups);
    double least = INFINITY, most = -INFINITY, low_least = 1, low_most = 0, high_least = 1,
           high_most = 0;
    for (int64_t g = 0; g < n; g++) {
        double low, high;
        if (!room->counts[g]) continue;
        const double n_rows = r[g].trials, q = smoothed(r[g].value, n_rows, c);
        if (q > most) m.group = g;
        if (q < least) m.than = g;
        most = fmax(most, q);
        least = fmin(least, q);
        mlsd__proportion_interval(MLSD__WILSON, mlsd__fair_counts(&r[g]), level, &low, &high);
        low = smoothed(low, n_rows, c);
        high = smoothed(high, n_rows, c);
        low_most = fmax(low_most, low);
        low_least = fmin(low_least, low);
        high_most = fmax(high_most, high);
        high_least = fmin(high_least, high);
    }
    m.value = epsilon_of(least, most);
    m.low = high_least < low_most ? epsilon_of(high_least, low_most) : 0;
    m.high = epsilon_of(low_least, high_most);
    m.n_group = r[m.group].support;
    m.n_than = r[m.than].support;
    return mlsd__fair_measure_add(f, &m);
}

/* What must be unequal: with the precision and the true positive rate of all rows, a group of base
 * rate p has the false positive rate p / (1 - p) (1 - PPV) / PPV TPR (Chouldechova 2017, eq. 2.6).
 * The largest difference of these between groups is above 0 wherever base rates differ and the
 * classifier errs; above 1 there is no such classifier at all. Limits are those of the base rates,
 * PPV and TPR being what they are. */
static mlsd_status impossible(mlsd__fairness *f, const mlsd__fair_part *part,
                              const mlsd__fair_room *room)
{
    const int64_t n = f->groups.n_groups;
    const mlsd__fair_rate *const r = mlsd__fair_rates_of(f, MLSD__BASE_RATE);
    mlsd__cells cells = {.weight = {0}};
    mlsd__fair_rate ppv, tpr;
    mlsd__fair_measure m;
    for (int64_t g = 0; g < n; g++) mlsd__cells_add(&cells, &part->cells[g]);
    mlsd__fair_rate_make(&cells, MLSD__PPV, 1, &ppv);
    mlsd__fair_rate_make(&cells, MLSD__TPR, 1, &tpr);
    const double factor = (1 - ppv.value) / ppv.value * tpr.value;
    mlsd__fair_measure_init(&m, "impossible_fpr_difference", part, MLSD__NO_RULE);
    mlsd__fair_usable(r, n, room->counts, &m);
    if (!isfinite(factor)) m.status = MLSD__FAIR_UNDEFINED;
    if (m.status == MLSD__FAIR_UNDEFINED) return mlsd__fair_measure_add(f, &m);
    const double level = mlsd__pow(f->p->level, 1 / (double)m.n_groups);
    double highest_low = 0, lowest_low = INFINITY, highest_high = 0, lowest_high = INFINITY;
    for (int64_t g = 0; g < n; g++) {
        double low, high;
        if (!room->counts[g]) continue;
        if (m.group < 0 || r[g].value > r[m.group].value) m.group = g;
        if (m.than < 0 || r[g].value < r[m.than].value) m.than = g;
        mlsd__proportion_interval(MLSD__WILSON, mlsd__fair_counts(&r[g]), level, &low, &high);
        const double odds_low = low / (1 - low), odds_high = high / (1 - high);
        highest_low = fmax(highest_low, odds_low);
        lowest_low = fmin(lowest_low, odds_low);
        highest_high = fmax(highest_high, odds_high);
        lowest_high = fmin(lowest_high, odds_high);
    }
    const double most = r[m.group].value, least = r[m.than].value;
    m.value_group = factor * most / (1 - most);
    m.value_than = factor * least / (1 - least);
    m.n_group = r[m.group].support;
    m.n_than = r[m.than].support;
    m.value = m.value_group - m.value_than;
    m.low = fmax(0, factor * (highest_low - lowest_high));
    m.high = factor * (highest_high - lowest_low);
    if (!isfinite(m.value)) { /* a group of nothing but positives */
        m.status = MLSD__FAIR_UNDEFINED;
        m.value = m.low = m.high = NAN;
    }
    return mlsd__fair_measure_add(f, &m);
}

static mlsd_status parities(mlsd__scope *scope, mlsd__fairness *f, const mlsd__fair_part *part,
                            const mlsd__fair_room *room)
{
    mlsd__fair_measure made[MLSD__N_FAIR_PARITIES];
    double observed[MLSD__N_FAIR_PARITIES], p_values[MLSD__N_FAIR_PARITIES];
    for (int i = 0; i < MLSD__N_FAIR_PARITIES; i++) {
        const mlsd__fair_parity *const p = &mlsd__fair_parities[i];
        MLSD__TRY(parity(scope, f, part, p, room, &made[i]));
        observed[i] = p->form == MLSD__FAIR_DIFFERENCE ? made[i].value : 1 - made[i].value;
        if (made[i].status != MLSD__FAIR_OK) observed[i] = NAN;
    }
    MLSD__TRY(mlsd__fair_permute(scope, f, part, observed, p_values));
    for (int i = 0; i < MLSD__N_FAIR_PARITIES; i++) {
        made[i].p_value = p_values[i];
        MLSD__TRY(mlsd__fair_measure_add(f, &made[i]));
    }
    return MLSD_OK;
}

mlsd_status mlsd__fair_gaps(mlsd__scope *scope, mlsd__fairness *f, const mlsd__fair_part *part)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = f->groups.n_groups;
    mlsd__fair_room room;
    mlsd_status status = mlsd__fair_room_new(a, n, &room);
    if (status == MLSD_OK) status = parities(scope, f, part, &room);
    if (status == MLSD_OK) status = signed_gaps(f, part);
    if (status == MLSD_OK) status = worst_groups(f, part, &room);
    if (status == MLSD_OK) status = differential(f, part, &room);
    if (status == MLSD_OK) status = parity_loss(f, part, &room);
    if (status == MLSD_OK) status = impossible(f, part, &room);
    mlsd__fair_room_free(&room, a);
    return status;
}
