/* logistic_precondition.c - the Hessian sum w (diag(p) - p p') (x) z z' as the product of two
 * means: of the curvature across scores and of z z' (exact where all probabilities are the same, as
 * at 0; in the manner of Bohning 1992, Ann. Inst. Statist. Math. 44, who bounds the curvature so).
 * In the basis of eigenvectors of the first it falls apart into one matrix of q x q for each score,
 * to which the l2 penalty is added. The means are taken over some blocks of rows: they only guide
 * steps. */
#include "model/linear/logistic_precondition.h"

#include <math.h>
#include <string.h>

#include "numeric/blas.h"

enum { MOST_COLUMNS = 512, MOST_SAMPLED = 8 };
/* Directions across scores that have no curvature, and pivots that rounding left. */
static const double LEAST_CURVATURE = 1e-4, DAMPING = 1e-10;

mlsd_status mlsd__precondition_open(mlsd__precondition *c, const mlsd__logistic_loss *l,
                                    const mlsd__allocator *a)
{
    const int64_t k = l->n_scores, q = l->design->n_columns;
    *c = (mlsd__precondition){0};
    if (q > MOST_COLUMNS || k > MOST_COLUMNS || l->rows.kind != MLSD__LOSS_LOG) return MLSD_OK;
    int64_t cells;
    MLSD__TRY(mlsd__mul_size(q * q, k + 1, &cells));
    c->vectors = mlsd__alloc(a, k * k + k + k * q + cells, sizeof *c->vectors);
    if (c->vectors == NULL) return MLSD_E_NOMEM;
    c->values = c->vectors + k * k;
    c->room = c->values + k;
    c->gram = c->room + k * q;
    c->factors = c->gram + q * q;
    c->k = k;
    c->q = q;
    return MLSD_OK;
}

void mlsd__precondition_close(mlsd__precondition *c, const mlsd__allocator *a)
{
    mlsd__free(a, c->vectors);
    *c = (mlsd__precondition){0};
}

/* Add w (diag(p) - p p') of one row with probabilities p. */
static void add_curvature(double w, const double *p, int64_t k, double *sum)
{
    if (k == 1) {
        sum[0] += w * p[0] * (1.0 - p[0]);
        return;
    }
    for (int64_t a = 0; a < k; a++) {
        const double wa = w * p[a];
        sum[a * k + a] += wa;
        for (int64_t b = a; b < k; b++) sum[a * k + b] -= wa * p[b];
    }
}

/* Both means over some blocks. The loss's scratch of the first thread is used. */
static mlsd_status sample(mlsd__precondition *c, mlsd__scope *scope, mlsd__logistic_loss *l,
                          const double *theta, double *out_weight)
{
    const int64_t k = c->k, q = c->q, n_blocks = mlsd__n_blocks(l->design->n_rows);
    const int64_t n_parts = n_blocks < MOST_SAMPLED ? n_blocks : MOST_SAMPLED;
    memset(c->vectors, 0, (size_t)(k * k) * sizeof(double));
    memset(c->gram, 0, (size_t)(q * q) * sizeof(double));
    *out_weight = 0.0;
    for (int64_t part = 0; part < n_parts; part++) {
        mlsd__loss_block block;
        mlsd__logistic_loss_block(l, theta, part * n_blocks / n_parts, &block);
        for (int64_t i = 0; i < block.n; i++) {
            const double w = l->rows.weight != NULL ? l->rows.weight[block.first + i] : 1.0;
            const double root = sqrt(w);
            add_curvature(w, block.proba + i * k, k, c->vectors);
            for (int64_t j = 0; j < q; j++) block.z[i * q + j] *= root;
            *out_weight += w;
        }
        mlsd__syrk(block.n, q, 1.0, block.z, q, 1.0, c->gram, q);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* The factor of curvature a times the Gram matrix plus the penalty. */
static bool factorise(const mlsd__precondition *c, const mlsd__logistic_loss *l, double a,
                      double weight, double *factor)
{
    const mlsd__design *d = l->design;
    const int64_t q = c->q;
    for (int64_t i = 0; i < q; i++) {
        for (int64_t j = i; j < q; j++) factor[i * q + j] = a * (c->gram[i * q + j] / weight);
        const double inverse = i < d->n_features ? d->inverse[i] : 0.0;
        factor[i * q + i] += l->penalty.l2 * inverse * inverse + DAMPING * a;
    }
    bool ok = false;
    mlsd__potrf(q, factor, q, &ok);
    return ok;
}

mlsd_status mlsd__precondition_make(mlsd__precondition *c, mlsd__scope *scope,
                                    mlsd__logistic_loss *l, const double *theta)
{
    double weight = 0.0;
    if (c->vectors == NULL) return MLSD_OK;
    c->k = l->n_scores;
    MLSD__TRY(sample(c, scope, l, theta, &weight));
    bool ok = weight > 0.0;
    for (int64_t i = 0; i < c->k * c->k; i++) {
        c->vectors[i] /= weight;
        ok = ok && isfinite(c->vectors[i]);
    }
    if (ok) MLSD__TRY(mlsd__syev(scope, c->k, c->vectors, c->k, c->values));
    const double top = ok ? c->values[c->k - 1] : 0.0;
    ok = ok && top > 0.0;
    for (int64_t s = 0; ok && s < c->k; s++) {
        const double curvature = fmax(c->values[s], LEAST_CURVATURE * top);
        ok = factorise(c, l, curvature, weight, c->factors + s * c->q * c->q);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    if (!ok) c->k = 0;
    return MLSD_OK;
}

void mlsd__precondition_apply(const mlsd__precondition *c, double *v)
{
    const int64_t k = c->k, q = c->q;
    if (k == 0) return;
    mlsd__gemm(true, false, k, q, k, 1.0, c->vectors, k, v, q, 0.0, c->room, q);
    for (int64_t s = 0; s < k; s++)
        mlsd__potrs(q, 1, c->factors + s * q * q, q, c->room + s * q, 1);
    mlsd__gemm(false, false, k, q, k, 1.0, c->vectors, k, c->room, q, 0.0, v, q);
}
