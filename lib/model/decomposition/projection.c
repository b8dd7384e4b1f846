/* projection.c - see the header. */
#include "model/decomposition/projection.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "numeric/exact.h"

/* Rows and columns of a piece that is centred on the stack. */
enum { PIECE_ROWS = 32, PIECE_COLUMNS = 64 };

void mlsd__projection_free(const mlsd__allocator *a, void *state_)
{
    mlsd__projection *const state = state_;
    mlsd__features_free(a, state->features, state->k);
    mlsd__free(a, state);
}

mlsd_status mlsd__numbered_features(const mlsd__allocator *a, const char *prefix, int64_t n,
                                    mlsd__feature **out)
{
    mlsd__feature *const features = mlsd__alloc(a, n, sizeof *features);
    *out = NULL;
    if (features == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        char number[24];
        (void)snprintf(number, sizeof number, "%lld", (long long)i);
        const mlsd_status status = mlsd__feature_name(a, prefix, number, &features[i]);
        if (status != MLSD_OK) {
            mlsd__features_free(a, features, i);
            return status;
        }
    }
    *out = features;
    return MLSD_OK;
}

mlsd_status mlsd__projection_new(const mlsd__allocator *a, int64_t p, int64_t k, const char *prefix,
                                 mlsd__projection **out)
{
    int64_t cells = 0, n = 0;
    *out = NULL;
    MLSD__TRY(mlsd__mul_size(k, p, &cells));
    MLSD__TRY(mlsd__mul_size(cells + p + 4 * k + 1, (int64_t)sizeof(double), &n));
    mlsd__projection *const s = mlsd__alloc(a, n + (int64_t)sizeof *s, 1);
    if (s == NULL) return MLSD_E_NOMEM;
    s->p = p;
    s->origin = s->numbers;
    s->components = s->origin + p;
    s->variance = s->components + cells;
    s->ratio = s->variance + k;
    s->singular = s->ratio + k;
    s->noise = s->singular + k;
    s->divisor = s->noise + 1;
    for (int64_t i = 0; i < k; i++) s->divisor[i] = 1;
    const mlsd_status status = mlsd__numbered_features(a, prefix, k, &s->features);
    if (status != MLSD_OK) {
        mlsd__free(a, s);
        return status;
    }
    s->k = k;
    *out = s;
    return MLSD_OK;
}

void mlsd__project(const double *origin, const double *components, const double *divisor, int64_t p,
                   int64_t k, const double *x, int64_t n, int64_t ld, double *out)
{
    double piece[PIECE_ROWS * PIECE_COLUMNS];
    for (int64_t first = 0; first < n; first += PIECE_ROWS) {
        const int64_t m = n - first < PIECE_ROWS ? n - first : PIECE_ROWS;
        double *const to = out + first * k;
        memset(to, 0, (size_t)(m * k) * sizeof *to);
        for (int64_t from = 0; from < p; from += PIECE_COLUMNS) {
            const int64_t w = p - from < PIECE_COLUMNS ? p - from : PIECE_COLUMNS;
            for (int64_t i = 0; i < m; i++)
                for (int64_t j = 0; j < w; j++)
                    piece[i * w + j] = x[(first + i) * ld + from + j] - origin[from + j];
            mlsd__exact_gemm(false, false, true, m, k, w, 1, piece, w, components + from, p, 1, to,
                             k);
        }
        for (int64_t i = 0; divisor != NULL && i < m; i++)
            for (int64_t c = 0; c < k; c++) to[i * k + c] /= divisor[c];
    }
}

void mlsd__projection_block(const void *state_, const double *in, int64_t n, double *out)
{
    const mlsd__projection *const s = state_;
    mlsd__project(s->origin, s->components, s->divisor, s->p, s->k, in, n, s->p, out);
}

const mlsd__feature *mlsd__projection_features(const void *state_, int64_t *out_n)
{
    const mlsd__projection *const s = state_;
    *out_n = s->k;
    return s->features;
}

const char *mlsd__projection_attribute(const void *state_, int64_t i, const double **data,
                                       int64_t *rows, int64_t *cols)
{
    const mlsd__projection *const s = state_;
    static const char *const names[] = {
        "components", "explained_variance", "explained_variance_ratio", "singular_values",
        "mean",       "noise_variance"};
    const double *const values[] = {s->components, s->variance, s->ratio,
                                    s->singular,   s->origin,   s->noise};
    const int64_t widths[] = {s->p, s->k, s->k, s->k, s->p, 1};
    if (i >= MLSD__COUNT(names)) return NULL;
    *data = values[i];
    *rows = i == 0 ? s->k : 1;
    *cols = widths[i];
    return names[i];
}

mlsd_status mlsd__projection_save(const void *state_, mlsd__writer *w)
{
    const mlsd__projection *const s = state_;
    mlsd__put_i64(w, s->k);
    mlsd__put_f64s(w, s->numbers, s->p + s->k * s->p + 3 * s->k + 1);
    return w->status;
}

mlsd_status mlsd__projection_load(mlsd__reader *r, int64_t p, const char *prefix,
                                  mlsd__projection **out)
{
    int64_t n = 0, cells = 0;
    *out = NULL;
    const int64_t k = mlsd__take_count(r, p);
    double *const numbers = mlsd__take_f64s(r, &n);
    mlsd_status status = r->status;
    if (status == MLSD_OK) status = mlsd__mul_size(k, p, &cells);
    if (status == MLSD_OK && (k < 1 || n != p + cells + 3 * k + 1))
        status =
            mlsd__fail(MLSD_E_CORRUPT, "%s has %lld numbers for %lld directions of %lld columns",
                       prefix, (long long)n, (long long)k, (long long)p);
    if (status == MLSD_OK) status = mlsd__projection_new(r->allocator, p, k, prefix, out);
    if (status == MLSD_OK) memcpy((*out)->numbers, numbers, (size_t)n * sizeof *numbers);
    mlsd__free(r->allocator, numbers);
    return status;
}
