/* logistic_paths.c - a path of penalties for the training rows of every fold: see
 * logistic_folds.h. */
#include <string.h>

#include "base/fail.h"
#include "model/linear/logistic_folds.h"

enum { MOST_PARTS = 64 }; /* beyond, a pass for all is as long as one each */

void mlsd__logistic_paths_free(mlsd__logistic_paths *paths, const mlsd__allocator *a)
{
    mlsd__free(a, paths->theta);
    mlsd__free(a, paths->is_solved);
    *paths = (mlsd__logistic_paths){0};
}

/* Without its rows of some class, a problem is another one. */
static mlsd_status leave_out(mlsd__logistic_folds *f, mlsd__scope *scope)
{
    const int64_t k = f->problem->n_labels, n = f->n_parts;
    if (n == 0) return MLSD_OK;
    double *const mass = mlsd__alloc(scope->allocator, k * n, sizeof *mass);
    if (mass == NULL) return MLSD_E_NOMEM;
    for (int64_t s = 0; s < f->n_slices; s++)
        for (int64_t i = f->slices[s].first; i < f->slices[s].first + f->slices[s].n; i++)
            mass[f->slices[s].part * k + f->label[i]] += f->weight != NULL ? f->weight[i] : 1;
    for (int64_t j = 0; j < n; j++) {
        for (int64_t c = 0; c < k; c++) {
            double sum = 0;
            for (int64_t other = 0; other < n; other++)
                if (other != j) sum += mass[other * k + c];
            if (!(sum > 0)) f->is_left_out[j] = 1;
        }
    }
    mlsd__free(scope->allocator, mass);
    return MLSD_OK;
}

static mlsd_status solve(mlsd__scope *scope, mlsd__logistic_folds *f, const double *Cs, double goal,
                         mlsd__logistic_paths *out)
{
    const int64_t m = f->n_theta, first = f->n_problems - out->n_paths;
    bool is_finite = true;
    MLSD__TRY(leave_out(f, scope));
    for (int64_t c = 0; c < out->n_Cs; c++) {
        MLSD__TRY(mlsd__logistic_folds_solve(f, scope, Cs[c], goal, &is_finite));
        if (!is_finite) return MLSD_OK;
        for (int64_t k = 0; k < out->n_paths; k++) {
            const int64_t j = f->n_parts > 0 ? k : first + k, at = k * out->n_Cs + c;
            out->is_solved[at] = f->is_solved[j];
            memcpy(out->theta + at * m, f->theta + j * m, (size_t)m * sizeof *out->theta);
        }
    }
    return MLSD_OK;
}

mlsd_status mlsd__logistic_paths_solve(mlsd__scope *scope, const mlsd__logistic_problem *problem,
                                       const int32_t *part, int64_t n_parts, const double *scale,
                                       const double *Cs, int64_t n_Cs, double goal,
                                       mlsd__logistic_paths *out)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t n, size;
    *out = (mlsd__logistic_paths){.n_paths = n_parts > 0 ? n_parts : 1, .n_Cs = n_Cs};
    mlsd_status status = mlsd__mul_size(out->n_paths, n_Cs, &n);
    if (status == MLSD_OK) status = mlsd__mul_size(n, problem->n_theta, &size);
    if (status == MLSD_OK) {
        out->is_solved = mlsd__alloc(a, n, sizeof *out->is_solved);
        out->theta = mlsd__alloc(a, size, sizeof *out->theta);
        if (out->is_solved == NULL || out->theta == NULL) status = MLSD_E_NOMEM;
    }
    if (status == MLSD_OK && n_parts <= MOST_PARTS && mlsd__logistic_folds_fit(problem, n_parts)) {
        mlsd__logistic_folds f;
        status = mlsd__logistic_folds_open(&f, scope, problem, part, n_parts, scale);
        if (status == MLSD_OK) {
            status = solve(scope, &f, Cs, goal, out);
            mlsd__logistic_folds_close(&f, a);
        }
    }
    if (status != MLSD_OK) mlsd__logistic_paths_free(out, a);
    return status;
}
