/* linear_svm.c - all scores of a linear support vector machine. In the dual they are found side by
 * side, each by one thread; in the primal one after the other, each by all threads. */
#include "model/svm/linear_svm.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "model/linear/linear_scores.h"

const char *const mlsd__svm_duals[] = {"auto", "true", "false", NULL};

typedef struct svm_job {
    const mlsd__svm_problem *problem;
    const double *y; /* class numbers; NULL for numbers */
    bool is_primal;
    int64_t n_scores, width;     /* coefficients of a score, with the constant's */
    const bool *is_there;        /* of each class; NULL: all */
    double *coef;                /* n_scores x width */
    mlsd__svm_outcome *outcomes; /* n_scores */
} svm_job;

static mlsd_status run_score(void *arg, int64_t score, mlsd__scope *scope)
{
    const svm_job *const job = arg;
    const mlsd__allocator *a = scope->allocator;
    mlsd__svm_problem one = *job->problem;
    double *target = NULL;
    if (job->is_there != NULL && !job->is_there[score]) return MLSD_OK;
    if (job->y != NULL) {
        const int64_t n = one.frame->n_rows;
        const double positive = job->n_scores == 1 ? 1.0 : (double)score;
        target = mlsd__alloc_raw(a, n, sizeof *target);
        if (target == NULL) return MLSD_E_NOMEM;
        for (int64_t i = 0; i < n; i++) target[i] = job->y[i] == positive ? 1.0 : -1.0;
        one.target = target;
    }
    double *const coef = job->coef + score * job->width;
    const mlsd_status status = (job->is_primal ? mlsd__svm_primal : mlsd__svm_dual)(
        scope, &one, coef, &job->outcomes[score]);
    mlsd__free(a, target);
    return status;
}

static mlsd_status run_all(svm_job *job, mlsd__scope *scope)
{
    if (!job->is_primal) return mlsd__parallel_for(scope, job->n_scores, run_score, job);
    for (int64_t c = 0; c < job->n_scores; c++) MLSD__TRY(run_score(job, c, scope));
    return MLSD_OK;
}

/* Which classes have a row of positive weight; MLSD_E_DATA unless two have. */
static mlsd_status find_classes(const char *kind, const mlsd__svm_problem *t, const double *y,
                                int64_t n_classes, bool *is_there)
{
    int64_t n_there = 0, last = 0;
    for (int64_t i = 0; i < t->frame->n_rows; i++)
        if (t->weight == NULL || t->weight[i] > 0.0) is_there[(int64_t)y[i]] = true;
    for (int64_t c = 0; c < n_classes; c++) {
        n_there += is_there[c];
        last = is_there[c] ? c : last;
    }
    if (n_there >= 2) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "%s needs rows of at least two classes, got only class number %lld", kind,
                      (long long)last);
}

/* n_iter: the most; converged: all of them. */
static mlsd_status keep(const svm_job *job, double *room, mlsd__linear_scores *s)
{
    const int64_t k = job->n_scores, p = s->n_features;
    double n_iter = 0.0, converged = 1.0;
    for (int64_t c = 0; c < k; c++) {
        const double *const from = job->coef + c * job->width;
        const bool is_absent = job->is_there != NULL && !job->is_there[c];
        memcpy(s->coef + c * p, from, (size_t)p * sizeof *from);
        s->intercept[c] = is_absent ? -INFINITY : 0.0;
        if (!is_absent && job->width > p) s->intercept[c] = job->problem->constant * from[p];
        room[c] = job->outcomes[c].objective;
        room[k + c] = job->outcomes[c].dual_gap;
        n_iter = fmax(n_iter, (double)job->outcomes[c].n_iter);
        if (!is_absent && !job->outcomes[c].converged) converged = 0.0;
    }
    MLSD__TRY(mlsd__linear_scores_number(s, "n_iter", n_iter));
    MLSD__TRY(mlsd__linear_scores_number(s, "converged", converged));
    MLSD__TRY(mlsd__linear_scores_array(s, "objective", room, 1, k));
    return mlsd__linear_scores_array(s, "dual_gap", room + k, 1, k);
}

static void warn(const svm_job *job, mlsd__scope *scope, const char *kind)
{
    int64_t n_short = 0;
    for (int64_t c = 0; c < job->n_scores; c++)
        n_short += (job->is_there == NULL || job->is_there[c]) && !job->outcomes[c].converged;
    mlsd__svm_warn(scope, kind, job->problem, n_short, job->n_scores);
}

mlsd_status mlsd__svm_fit(mlsd__scope *scope, const char *kind, const mlsd__svm_problem *problem,
                          int64_t dual, const double *y, int64_t n_classes, void **out_state)
{
    const mlsd__allocator *a = scope->allocator;
    const int64_t p = problem->frame->n_features, k = n_classes <= 2 ? 1 : n_classes;
    svm_job job = {.problem = problem,
                   .y = y,
                   .is_primal = dual == MLSD__SVM_PRIMAL ||
                                (dual == MLSD__SVM_AUTO && mlsd__svm_wants_primal(problem)),
                   .n_scores = k,
                   .width = p + (problem->constant != 0.0 ? 1 : 0)};
    mlsd__linear_scores *scores = NULL;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(k, job.width + 2, &size));
    bool *const is_there = mlsd__alloc(a, n_classes + 1, sizeof *is_there);
    job.coef = mlsd__alloc(a, size, sizeof *job.coef);
    job.outcomes = mlsd__alloc(a, k, sizeof *job.outcomes);
    mlsd_status status =
        is_there != NULL && job.coef != NULL && job.outcomes != NULL ? MLSD_OK : MLSD_E_NOMEM;
    if (status == MLSD_OK && y != NULL)
        status = find_classes(kind, problem, y, n_classes, is_there);
    job.is_there = k > 1 ? is_there : NULL;
    if (status == MLSD_OK) status = run_all(&job, scope);
    if (status == MLSD_OK)
        status = mlsd__linear_scores_new(a, y != NULL ? MLSD__LINK_NONE : MLSD__LINK_VALUE, p,
                                         n_classes, &scores);
    if (status == MLSD_OK) status = keep(&job, job.coef + k * job.width, scores);
    if (status == MLSD_OK) warn(&job, scope, kind);
    if (status != MLSD_OK) mlsd__linear_scores_free(a, scores);
    *out_state = status == MLSD_OK ? scores : NULL;
    mlsd__free(a, is_there);
    mlsd__free(a, job.coef);
    mlsd__free(a, job.outcomes);
    return status;
}
