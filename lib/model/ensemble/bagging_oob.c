/* bagging_oob.c - see bagging.h: every row judged by the members that were not fitted to it
 * (Breiman 1996, "Out-of-bag estimation"): probabilities, votes or numbers are averaged over them,
 * and scored as on rows of a test set, with the rows' weights. */
#include <math.h>
#include <string.h>

#include "metric/metric_impl.h"
#include "model/ensemble/bagging.h"
#include "model/model_impl.h"

void mlsd__bagging_unseen_free(const mlsd__allocator *a, mlsd__bagging_unseen *unseen)
{
    mlsd__free(a, unseen->rows);
    mlsd__free(a, unseen->said);
    *unseen = (mlsd__bagging_unseen){0};
}

mlsd_status mlsd__bagging_ask_unseen(mlsd__scope *scope, const mlsd__bagging *s, int64_t member,
                                     const mlsd__train *train, const int64_t *counts,
                                     mlsd__bagging_unseen *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_all = train->x->n_rows;
    int64_t n = 0, size;
    for (int64_t i = 0; i < n_all; i++) n += counts[i] == 0;
    MLSD__TRY(mlsd__mul_size(n, mlsd__bagging_outputs(s), &size));
    out->rows = mlsd__alloc_raw(a, n + 1, 2 * sizeof *out->rows);
    out->said = mlsd__alloc_raw(a, size + 1, sizeof *out->said);
    if (out->rows == NULL || out->said == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_all; i++)
        if (counts[i] == 0) out->rows[out->n++] = i;
    if (n == 0) return MLSD_OK;
    mlsd__frame unseen, frame;
    mlsd__frame_select(train->x, out->rows, n, out->rows + n, &unseen);
    mlsd__bagging_frame(&s->members[member], &unseen, &frame);
    return mlsd__bagging_ask(scope, s, member, &frame, out->said);
}

/* The score of the rows that were judged: n of them, packed. */
static mlsd_status score(mlsd__scope *scope, const mlsd__bagging *s, mlsd__scored *scored,
                         double *said)
{
    const int64_t n = scored->n;
    const mlsd__metric_ops *metric;
    mlsd__estimate estimate;
    s->oob[0] = NAN;
    if (n == 0) return MLSD_OK;
    if (s->own.k > 0) mlsd__choose_classes(said, n, s->own.k, s->own.k, said);
    MLSD__TRY(mlsd__metric_find(s->own.k > 0 ? "accuracy" : "r2", &metric));
    MLSD__TRY(mlsd__metric_score(scope, metric, scored, NULL, n, NAN, &estimate));
    s->oob[0] = estimate.value;
    return MLSD_OK;
}

mlsd_status mlsd__bagging_finish_oob(mlsd__scope *scope, const mlsd__train *train,
                                     const int64_t *rows, int64_t n_all, double *sums,
                                     const double *votes, mlsd__bagging *s)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = train->x->n_rows, k = mlsd__bagging_outputs(s);
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n_all, k, &size));
    s->oob = mlsd__alloc_raw(&s->own.allocator, size + 1, sizeof *s->oob);
    double *const y = mlsd__alloc_raw(a, n, 2 * sizeof *y), *const weight =
                                                                y == NULL ? NULL : y + n;
    mlsd_status status = s->oob == NULL || y == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        s->n_oob = size + 1;
        for (int64_t i = 0; i < s->n_oob; i++) s->oob[i] = NAN;
        mlsd__scored scored = {.n_classes = s->own.k, .y = y, .prediction = sums};
        for (int64_t i = 0; i < n; i++) {
            if (votes[i] == 0) continue;
            double *const told = s->oob + 1 + rows[i] * k, *const packed = sums + scored.n * k;
            for (int64_t c = 0; c < k; c++) packed[c] = told[c] = sums[i * k + c] / votes[i];
            y[scored.n] = train->y[i];
            weight[scored.n++] = train->weight != NULL ? train->weight[i] : 1;
        }
        if (train->weight != NULL) scored.weight = weight;
        if (scored.n < n)
            mlsd__log_line(scope, MLSD_LOG_WARNING,
                           "bagging: every member was fitted to %lld of the %lld rows, which the "
                           "out-of-bag score lacks; raise 'n_estimators'",
                           (long long)(n - scored.n), (long long)n);
        status = score(scope, s, &scored, sums);
    }
    mlsd__free(a, y);
    return status;
}
