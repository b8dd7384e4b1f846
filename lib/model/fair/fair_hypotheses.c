/* fair_hypotheses.c - see exponentiated_gradient.h: the classifiers that a fit asks its estimator
 * for. The algorithm knows each by its error and its gaps alone, so one that has those of an
 * earlier one is not kept, and multipliers that were asked for before are not fitted again. */
#include <string.h>

#include "model/fair/exponentiated_gradient.h"

mlsd_status mlsd__hypotheses_open(const mlsd__allocator *a, int64_t capacity, mlsd__hypotheses *h)
{
    const int64_t n = h->train->x->n_rows;
    int64_t cells, size;
    h->capacity = capacity;
    h->m = h->moments->n_events * h->moments->n_groups;
    MLSD__TRY(mlsd__mul_size(capacity, h->m, &cells));
    MLSD__TRY(mlsd__mul_size(cells, 3, &cells));
    MLSD__TRY(mlsd__mul_size(n, 5, &size));
    h->list = mlsd__alloc(a, capacity, sizeof *h->list);
    h->store = mlsd__alloc(a, cells, sizeof *h->store);
    h->y = mlsd__alloc(a, size, sizeof *h->y);
    if (h->list == NULL || h->store == NULL || h->y == NULL) return MLSD_E_NOMEM;
    h->weight = h->y + n;
    h->answers = h->weight + n;
    for (int64_t i = 0; i < capacity; i++) {
        h->list[i].multipliers = h->store + 3 * i * h->m;
        h->list[i].rates = h->list[i].multipliers + h->m;
        h->list[i].gaps = h->list[i].rates + h->m;
    }
    return MLSD_OK;
}

void mlsd__hypotheses_close(const mlsd__allocator *a, mlsd__hypotheses *h)
{
    for (int64_t i = 0; h->list != NULL && i < h->capacity; i++)
        if (h->list[i].member.state != NULL)
            h->fair->own.ops->free_state(a, h->list[i].member.state);
    mlsd__free(a, h->list);
    mlsd__free(a, h->store);
    mlsd__free(a, h->y);
    *h = (mlsd__hypotheses){0};
}

double mlsd__hypothesis_cost(const mlsd__hypothesis *h, int64_t m, double eps,
                             const double *multipliers)
{
    double cost = h->error;
    for (int64_t j = 0; j < m; j++)
        cost +=
            multipliers[2 * j] * (h->gaps[j] - eps) + multipliers[2 * j + 1] * (-h->gaps[j] - eps);
    return cost;
}

static bool same(const double *x, const double *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (x[i] != y[i]) return false;
    return true;
}

static bool was_asked(const mlsd__hypotheses *h, const double *multipliers)
{
    for (int64_t i = 0; i < h->n; i++)
        if (same(h->list[i].multipliers, multipliers, h->m)) return true;
    return false;
}

/* Fit the next one, whose multipliers stand in its place already. */
static mlsd_status fit_next(mlsd__scope *scope, mlsd__hypotheses *h)
{
    mlsd__hypothesis *const next = &h->list[h->n];
    mlsd__train train = *h->train;
    mlsd__fair_relabel(h->moments, next->multipliers, h->y, h->weight, &next->member.constant);
    train.x = h->frame;
    train.y = h->y;
    train.weight = h->weight;
    train.x_valid = NULL;
    train.y_valid = train.weight_valid = NULL;
    train.more_valid = NULL;
    train.n_more_valid = 0;
    train.progress = NULL;
    if (next->member.constant < 0)
        MLSD__TRY(mlsd__estimator_fit(scope, h->fair->own.spec, &train, &next->member.state));
    MLSD__TRY(mlsd__fair_answer(scope, h->fair, &next->member, h->frame, h->answers + h->moments->n,
                                h->answers));
    next->error = mlsd__fair_measure(h->moments, h->answers, next->rates, next->gaps);
    return MLSD_OK;
}

/* Keep it, unless an earlier one does the same to every group. */
static void settle(const mlsd__allocator *a, mlsd__hypotheses *h)
{
    mlsd__hypothesis *const next = &h->list[h->n];
    for (int64_t i = 0; i < h->n; i++) {
        if (h->list[i].error != next->error || !same(h->list[i].gaps, next->gaps, h->m)) continue;
        if (next->member.state != NULL) h->fair->own.ops->free_state(a, next->member.state);
        next->member.state = NULL;
        return;
    }
    h->n++;
}

mlsd_status mlsd__hypotheses_answer(mlsd__scope *scope, mlsd__hypotheses *h, double eps,
                                    const double *multipliers, int64_t *out)
{
    double *const net = h->list[h->n].multipliers;
    MLSD__TRY(mlsd__checkpoint(scope));
    for (int64_t j = 0; j < h->m; j++) net[j] = multipliers[2 * j] - multipliers[2 * j + 1];
    if (!was_asked(h, net)) {
        MLSD__TRY(fit_next(scope, h));
        settle(scope->allocator, h);
    }
    double least = 0;
    for (int64_t i = 0; i < h->n; i++) {
        const double cost = mlsd__hypothesis_cost(&h->list[i], h->m, eps, multipliers);
        if (i > 0 && cost >= least) continue;
        least = cost;
        *out = i;
    }
    return MLSD_OK;
}
