/* logistic_sparse.c - the logistic objective with an l1 penalty over many columns: proximal Newton
 * steps on the columns that may have coefficients, and the conditions of optimality of all columns
 * as the judge (working sets; Tibshirani et al. 2012, J. R. Stat. Soc. B 74(2), sec. 7).
 *
 * A look at all columns costs a pass with a gradient, a step on the set one with a Hessian of the
 * set alone. The columns that violate their conditions most join. Where more would join than a
 * Hessian pays for, the worst of them are solved for with the others held: block coordinate descent
 * (Tseng 2001, J. Optim. Theory Appl. 109(3), theorem 4.1), which converges too, if slowly. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "model/linear/logistic_solve.h"
#include "numeric/rank.h"

enum { LEAST_JOINING = 32, MOST_LOOKS = 1000 };
/* The set is solved to this share of tol, so that it does not come back. */
static const double INNER_TOL = 0.3;

typedef struct sparse {
    mlsd__logistic_loss *loss; /* over all columns */
    mlsd__scope *scope;
    int64_t p, capacity;      /* columns; of the set, where all scores have their Hessian */
    double *theta, *gradient; /* all */
    double *violation;        /* p: of the worst score of a column */
    int64_t *order;           /* p: columns, the worst last */
    int64_t n_set, *set;      /* ascending */
    uint8_t *is_in;           /* p */
    double *set_theta, *room; /* of the set; shifts and inverses */
    double *offset;           /* what the other columns add to the scores; or NULL */
} sparse;

static int64_t find_capacity(const mlsd__logistic_loss *l)
{
    const double k = (double)l->n_scores;
    const double most = floor(sqrt(2.0 * MLSD__NEWTON_PRODUCTS / (k * (k + 1.0)))) - 1.0;
    const int64_t p = l->design->n_features;
    return most < 1.0 ? 1 : (double)p < most ? p : (int64_t)most;
}

static mlsd_status sparse_open(sparse *s, const mlsd__allocator *a, int64_t max_columns)
{
    const int64_t p = s->loss->design->n_features, n = s->loss->n_theta;
    s->p = p;
    s->capacity = max_columns > 0 && max_columns < p ? max_columns : find_capacity(s->loss);
    s->gradient = mlsd__alloc(a, n, sizeof *s->gradient);
    s->violation = mlsd__alloc(a, p, sizeof *s->violation);
    s->order = mlsd__alloc(a, p, sizeof *s->order);
    s->set = mlsd__alloc(a, s->capacity, sizeof *s->set);
    s->is_in = mlsd__alloc(a, p, sizeof *s->is_in);
    s->set_theta = mlsd__alloc(a, s->loss->n_scores * (s->capacity + 1), sizeof *s->set_theta);
    s->room = mlsd__alloc(a, 2 * s->capacity, sizeof *s->room);
    return s->gradient != NULL && s->violation != NULL && s->order != NULL && s->set != NULL &&
                   s->is_in != NULL && s->set_theta != NULL && s->room != NULL
               ? MLSD_OK
               : MLSD_E_NOMEM;
}

static void sparse_close(sparse *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->gradient);
    mlsd__free(a, s->violation);
    mlsd__free(a, s->order);
    mlsd__free(a, s->set);
    mlsd__free(a, s->is_in);
    mlsd__free(a, s->set_theta);
    mlsd__free(a, s->room);
    mlsd__free(a, s->offset);
}

/* Violations of the columns; the largest, with that of the intercepts, is given back. */
static double judge(sparse *s)
{
    const mlsd__design *d = s->loss->design;
    double top = 0.0;
    memset(s->violation, 0, (size_t)s->p * sizeof *s->violation);
    for (int64_t i = 0; i < s->loss->n_theta; i++) {
        const double here = mlsd__logistic_violation(s->loss, i, s->theta[i], s->gradient[i]);
        const int64_t j = i % d->n_columns;
        if (j < s->p && !(here <= s->violation[j])) s->violation[j] = here;
        top = !(here <= top) ? here : top;
    }
    return top;
}

static bool has_coefficient(const sparse *s, int64_t column)
{
    for (int64_t c = 0; c < s->loss->n_scores; c++)
        if (s->theta[c * s->loss->design->n_columns + column] != 0.0) return true;
    return false;
}

/* The columns with coefficients and as many of those that violate most as the set had; those that
 * violate alone where the others are too many. *out_others: columns outside have coefficients. */
static mlsd_status choose_set(sparse *s, double tol, bool *out_others)
{
    int64_t n_in = 0;
    MLSD__TRY(mlsd__argsort(s->scope->allocator, s->violation, s->p, s->order));
    for (int64_t j = 0; j < s->p; j++) {
        s->is_in[j] = has_coefficient(s, j);
        n_in += s->is_in[j];
    }
    int64_t room = s->n_set > LEAST_JOINING ? s->n_set : LEAST_JOINING;
    *out_others = n_in >= s->capacity && s->capacity < s->p;
    if (*out_others) {
        memset(s->is_in, 0, (size_t)s->p);
        n_in = 0;
        room = s->capacity;
    }
    for (int64_t i = s->p - 1; i >= 0 && room > 0 && n_in < s->capacity; i--) {
        const int64_t j = s->order[i];
        if (!(s->violation[j] > INNER_TOL * tol)) break;
        if (s->is_in[j]) continue;
        s->is_in[j] = 1;
        n_in++;
        room--;
    }
    s->n_set = 0;
    for (int64_t j = 0; j < s->p; j++)
        if (s->is_in[j]) s->set[s->n_set++] = j;
    return MLSD_OK;
}

/* Between theta over all columns and that over the set, intercepts included. */
static void exchange(const sparse *s, bool to_set)
{
    const int64_t q = s->loss->design->n_columns, n_free = q - s->p, width = s->n_set + n_free;
    for (int64_t c = 0; c < s->loss->n_scores; c++) {
        for (int64_t k = 0; k < width; k++) {
            double *const all = s->theta + c * q + (k < s->n_set ? s->set[k] : s->p);
            double *const own = s->set_theta + c * width + k;
            if (to_set)
                *own = *all;
            else
                *all = *own;
        }
    }
}

/* What the columns outside the set add to the scores. */
static mlsd_status find_offset(sparse *s)
{
    const int64_t n_rows = s->loss->design->n_rows, k = s->loss->n_scores;
    const int64_t q = s->loss->design->n_columns;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n_rows, k, &size));
    if (s->offset == NULL) s->offset = mlsd__alloc_raw(s->scope->allocator, size, sizeof(double));
    if (s->offset == NULL) return MLSD_E_NOMEM;
    double *const others = s->gradient; /* not needed any more */
    for (int64_t i = 0; i < s->loss->n_theta; i++) {
        const int64_t j = i % q;
        others[i] = j < s->p && !s->is_in[j] ? s->theta[i] : 0.0;
    }
    mlsd__logistic_value value;
    s->loss->kept_scores = s->offset;
    const mlsd_status status =
        mlsd__logistic_loss_at(s->loss, s->scope, others, 1, &value, NULL, NULL);
    s->loss->kept_scores = NULL;
    return status;
}

static mlsd_status solve_set(sparse *s, const mlsd__logistic_limits *limits, bool has_others,
                             mlsd__logistic_outcome *out, int64_t *out_steps)
{
    const mlsd__logistic_loss *l = s->loss;
    mlsd__design some;
    mlsd__logistic_loss loss;
    mlsd__logistic_outcome inner;
    if (has_others) MLSD__TRY(find_offset(s));
    mlsd__design_select(l->design, s->set, s->n_set, s->room, &some);
    MLSD__TRY(
        mlsd__logistic_loss_open(&loss, s->scope, &some, &l->rows, l->n_scores, l->penalty, true));
    loss.offset = has_others ? s->offset : NULL;
    exchange(s, true);
    const mlsd__logistic_limits own = {.max_iter = limits->max_iter - out->n_iter,
                                       .tol = INNER_TOL * limits->tol};
    const mlsd_status status = mlsd__logistic_proximal(&loss, s->scope, &own, s->set_theta, &inner);
    mlsd__logistic_loss_close(&loss, s->scope->allocator);
    if (status != MLSD_OK) return status;
    exchange(s, false);
    *out_steps = inner.n_iter;
    out->n_iter += inner.n_iter;
    return MLSD_OK;
}

static mlsd_status run(sparse *s, const mlsd__logistic_limits *limits, mlsd__logistic_outcome *out)
{
    int64_t n_steps = 1;
    for (int look = 0; look < MOST_LOOKS; look++) {
        bool has_others = false;
        MLSD__TRY(
            mlsd__logistic_loss_at(s->loss, s->scope, s->theta, 1, &out->at, s->gradient, NULL));
        out->violation = judge(s);
        out->nonfinite = !isfinite(out->at.objective) || !isfinite(out->violation);
        out->converged = !out->nonfinite && out->violation <= limits->tol;
        MLSD__TRY(mlsd__logistic_tell(limits, s->scope, s->theta, out->n_iter, &out->at));
        if (out->converged || out->nonfinite) return MLSD_OK;
        if (n_steps == 0 || out->n_iter >= limits->max_iter) return MLSD_OK;
        MLSD__TRY(choose_set(s, limits->tol, &has_others));
        MLSD__TRY(solve_set(s, limits, has_others, out, &n_steps));
    }
    return MLSD_OK;
}

mlsd_status mlsd__logistic_sparse(mlsd__logistic_loss *l, mlsd__scope *scope,
                                  const mlsd__logistic_limits *limits, double *theta,
                                  mlsd__logistic_outcome *out)
{
    *out = (mlsd__logistic_outcome){0};
    sparse s = {.loss = l, .scope = scope, .theta = theta};
    mlsd_status status = sparse_open(&s, scope->allocator, limits->max_columns);
    if (status == MLSD_OK) status = run(&s, limits, out);
    sparse_close(&s, scope->allocator);
    return status;
}
