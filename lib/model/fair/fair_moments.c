/* fair_moments.c - see the header. Agarwal et al. 2018, "A reductions approach to fair
 * classification", section 2 (moments) and 3.1 (cost-sensitive classification). */
#include "model/fair/fair_moments.h"

#include <math.h>
#include <string.h>

#include "model/row_pass.h"
#include "numeric/rank.h"

static int64_t event_of(int64_t constraint, double y)
{
    switch (constraint) {
    case MLSD__FAIR_EQUAL_OPPORTUNITY:
        return y == 1 ? 0 : -1;
    case MLSD__FAIR_PREDICTIVE_EQUALITY:
        return y == 0 ? 0 : -1;
    case MLSD__FAIR_EQUALIZED_ODDS:
        return y == 1 ? 0 : 1;
    default:
        return 0;
    }
}

static double weight_of(const mlsd__fair_moments *m, int64_t i)
{
    return m->weight != NULL ? m->weight[i] : 1;
}

/* ---- groups ---- */

static mlsd_status read_column(mlsd__scope *scope, const mlsd__frame *frame, int64_t column,
                               double *out)
{
    mlsd__row_reader reader = {0};
    mlsd_status status = mlsd__row_reader_open(&reader, scope->allocator, frame);
    for (int64_t b = 0; status == MLSD_OK && b < mlsd__n_blocks(frame->n_rows); b++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, b, &first, &n, &ld);
        for (int64_t i = 0; i < n; i++) out[first + i] = x[i * ld + column];
        status = mlsd__checkpoint(scope);
    }
    if (reader.frame != NULL) mlsd__row_reader_close(&reader);
    return status;
}

/* Numbers of many values to the number of their quantile bin; equal values stay together. */
static mlsd_status cut(const mlsd__allocator *a, int64_t n_values, int64_t n_bins, int64_t n,
                       int32_t *code)
{
    int64_t *const bin = mlsd__alloc(a, n_values, sizeof *bin);
    int64_t below = 0, n_known = 0;
    if (bin == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        if (code[i] < 0) continue;
        bin[code[i]]++;
        n_known++;
    }
    for (int64_t v = 0; v < n_values; v++) {
        const int64_t here = bin[v];
        bin[v] = (int64_t)((double)below / (double)n_known * (double)n_bins);
        below += here;
    }
    for (int64_t i = 0; i < n; i++)
        if (code[i] >= 0) code[i] = (int32_t)bin[code[i]];
    mlsd__free(a, bin);
    return MLSD_OK;
}

/* Combine a column's values with the groups so far (held in `key`), anew numbered. */
static mlsd_status cross(mlsd__scope *scope, const mlsd__feature *feature, const double *x,
                         int64_t n, const mlsd__fair_groups *how, double *key, int32_t *code)
{
    double *values = NULL;
    int64_t n_values = 0;
    MLSD__TRY(mlsd__factorize_new(scope, x, n, &values, &n_values, code));
    mlsd__free(scope->allocator, values);
    if (feature->type == MLSD__NUMERIC && n_values > how->max_values) {
        MLSD__TRY(cut(scope->allocator, n_values, how->n_bins, n, code));
        n_values = how->n_bins;
    }
    for (int64_t i = 0; i < n; i++) /* missing values are a group: the last */
        key[i] = key[i] * (double)(n_values + 1) + (double)(code[i] >= 0 ? code[i] : n_values);
    MLSD__TRY(mlsd__factorize_new(scope, key, n, &values, &n_values, code));
    mlsd__free(scope->allocator, values);
    for (int64_t i = 0; i < n; i++) key[i] = (double)code[i];
    if (n_values <= how->max_groups) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "column '%.100s' makes %lld groups, more than 'max_groups' = %lld; merge "
                      "values, or raise it",
                      feature->name, (long long)n_values, (long long)how->max_groups);
}

static mlsd_status make_groups(mlsd__scope *scope, const mlsd__frame *x,
                               const mlsd__fair_groups *how, double *room, mlsd__fair_moments *m)
{
    double *const key = room, *const cell = room + m->n;
    for (int64_t c = 0; c < how->n_columns; c++) {
        MLSD__TRY(read_column(scope, x, how->columns[c], cell));
        MLSD__TRY(cross(scope, &x->features[how->columns[c]], cell, m->n, how, key, m->group));
    }
    for (int64_t i = 0; i < m->n; i++)
        if (m->group[i] >= m->n_groups) m->n_groups = m->group[i] + 1;
    m->values = mlsd__alloc_raw(scope->allocator, m->n_groups * how->n_columns, sizeof *m->values);
    if (m->values == NULL) return MLSD_E_NOMEM;
    for (int64_t c = 0; c < how->n_columns; c++) {
        MLSD__TRY(read_column(scope, x, how->columns[c], cell));
        for (int64_t g = 0; g < m->n_groups; g++) m->values[g * how->n_columns + c] = (double)NAN;
        for (int64_t i = 0; i < m->n; i++) {
            double *const least = &m->values[m->group[i] * how->n_columns + c];
            *least = fmin(*least, cell[i]);
        }
    }
    return MLSD_OK;
}

/* ---- moments ---- */

static void weigh(mlsd__fair_moments *m)
{
    for (int64_t i = 0; i < m->n; i++) {
        const int64_t e = event_of(m->constraint, m->y[i]);
        m->total += weight_of(m, i);
        if (e < 0) continue;
        m->mass[e * m->n_groups + m->group[i]] += weight_of(m, i);
        m->event_mass[e] += weight_of(m, i);
    }
}

mlsd_status mlsd__fair_moments_open(mlsd__scope *scope, const mlsd__train *train,
                                    const mlsd__fair_groups *groups, int64_t constraint,
                                    mlsd__fair_moments *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = train->x->n_rows;
    *out = (mlsd__fair_moments){.n = n,
                                .constraint = constraint,
                                .n_events = constraint == MLSD__FAIR_EQUALIZED_ODDS ? 2 : 1,
                                .y = train->y,
                                .weight = train->weight};
    out->group = mlsd__alloc(a, n, sizeof *out->group);
    double *const room = mlsd__alloc(a, n, 2 * sizeof *room);
    mlsd_status status = out->group == NULL || room == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = make_groups(scope, train->x, groups, room, out);
    mlsd__free(a, room);
    if (status == MLSD_OK) {
        out->mass = mlsd__alloc(a, out->n_events * out->n_groups, sizeof *out->mass);
        if (out->mass == NULL)
            status = MLSD_E_NOMEM;
        else
            weigh(out);
    }
    if (status != MLSD_OK) mlsd__fair_moments_close(out, a);
    return status;
}

void mlsd__fair_moments_close(mlsd__fair_moments *m, const mlsd__allocator *a)
{
    mlsd__free(a, m->group);
    mlsd__free(a, m->values);
    mlsd__free(a, m->mass);
    *m = (mlsd__fair_moments){0};
}

bool mlsd__fair_is_bound(const mlsd__fair_moments *m, int64_t event, int64_t group)
{
    return m->mass[event * m->n_groups + group] > 0;
}

double mlsd__fair_measure(const mlsd__fair_moments *m, const double *answers, double *rates,
                          double *gaps)
{
    double wrong = 0, all[2] = {0};
    memset(rates, 0, (size_t)(m->n_events * m->n_groups) * sizeof *rates);
    for (int64_t i = 0; i < m->n; i++) {
        const int64_t e = event_of(m->constraint, m->y[i]);
        const double w = weight_of(m, i);
        if (answers[i] != m->y[i]) wrong += w;
        if (e < 0 || answers[i] == 0) continue;
        rates[e * m->n_groups + m->group[i]] += w;
        all[e] += w;
    }
    for (int64_t e = 0; e < m->n_events; e++)
        for (int64_t g = 0; g < m->n_groups; g++) {
            const int64_t j = e * m->n_groups + g;
            rates[j] = mlsd__fair_is_bound(m, e, g) ? rates[j] / m->mass[j] : (double)NAN;
            gaps[j] = mlsd__fair_is_bound(m, e, g) ? rates[j] - all[e] / m->event_mass[e] : 0;
        }
    return wrong / m->total;
}

/* What it costs more to answer 1 than 0, for each unit of a row's weight: the error, and what the
 * multipliers say of the group's rate and of the rate of all. */
static double price(const mlsd__fair_moments *m, const double *multipliers, const double sums[2],
                    int64_t i)
{
    const int64_t e = event_of(m->constraint, m->y[i]);
    const double error = m->y[i] == 1 ? -1 : 1;
    if (e < 0) return error;
    const int64_t j = e * m->n_groups + m->group[i];
    return error + m->total * (multipliers[j] / m->mass[j] - sums[e] / m->event_mass[e]);
}

void mlsd__fair_relabel(const mlsd__fair_moments *m, const double *multipliers, double *y,
                        double *weight, int64_t *out_class)
{
    double sums[2] = {0}, sum = 0, of_class[2] = {0};
    for (int64_t e = 0; e < m->n_events; e++)
        for (int64_t g = 0; g < m->n_groups; g++)
            if (mlsd__fair_is_bound(m, e, g)) sums[e] += multipliers[e * m->n_groups + g];
    for (int64_t i = 0; i < m->n; i++) {
        const double more = price(m, multipliers, sums, i);
        y[i] = more < 0;
        weight[i] = fabs(more) * weight_of(m, i);
        sum += weight[i];
        of_class[more < 0] += weight[i];
    }
    *out_class = of_class[0] == 0 ? 1 : of_class[1] == 0 ? 0 : -1;
    if (sum == 0) *out_class = 0;
    for (int64_t i = 0; i < m->n && sum > 0; i++) weight[i] *= m->total / sum;
}
