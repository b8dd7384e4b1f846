/* test_logistic_loss.c - the objective of logistic regression: its value from the definition, its
 * gradient and Hessian beside central differences of value and gradient (error of the order h^2
 * plus rounding over h), with weights, penalties, an offset, and rows of every third block left
 * out. */
#include "linear_data.h"

#include "data/frame.h"
#include "model/linear/logistic_precondition.h"
#include "model/linear/logistic_solve.h"
#include "numeric/blas.h"

typedef struct fixture {
    linear_data d;
    mlsd__frame frame;
    mlsd__scope scope;
    mlsd__design design;
    int32_t *label;
    double *theta;
    mlsd__logistic_loss loss;
    int64_t m;
} fixture;

static double *numbers(int64_t n)
{
    assert_true(n > 0 && n < 100000);
    double *const out = calloc((size_t)n, sizeof *out);
    assert_non_null(out);
    return out;
}

static void fixture_open(fixture *f, int64_t n, int64_t p, int64_t k, bool has_intercept, double l1,
                         double l2)
{
    f->d = make_linear_data(n, p, k, 23);
    f->frame = (mlsd__frame){.n_rows = n, .n_features = p, .n_source = p};
    f->frame.matrix = (mlsd_matrix){f->d.x, n, p, p, 1, MLSD_F64, 0};
    assert_int_equal(mlsd__numeric_open(&f->scope, NULL), MLSD_OK);
    assert_int_equal(mlsd__design_open(&f->design, &f->scope, &f->frame, has_intercept), MLSD_OK);
    f->label = calloc((size_t)n, sizeof *f->label);
    for (int64_t i = 0; i < n; i++) f->label[i] = (int32_t)f->d.y[i];
    const mlsd__logistic_penalty penalty = {.l1 = l1, .l2 = l2};
    const mlsd__loss_rows rows = {
        .kind = MLSD__LOSS_LOG, .label = f->label, .positive = 1, .weight = f->d.weight};
    assert_int_equal(mlsd__logistic_loss_open(&f->loss, &f->scope, &f->design, &rows,
                                              k == 2 ? 1 : k, penalty, true),
                     MLSD_OK);
    f->m = f->loss.n_theta;
    f->theta = numbers(f->m);
    uint32_t seed = 5;
    for (int64_t i = 0; i < f->m; i++) f->theta[i] = 2.0 * next_uniform(&seed);
}

static void fixture_close(fixture *f)
{
    mlsd__logistic_loss_close(&f->loss, f->scope.allocator);
    mlsd__design_close(&f->design, f->scope.allocator);
    mlsd__scope_close(&f->scope);
    free(f->label);
    free(f->theta);
    free_linear_data(&f->d);
}

static mlsd__logistic_value at(fixture *f, const double *theta, int64_t stride, double *gradient,
                               double *hessian)
{
    mlsd__logistic_value value;
    assert_int_equal(
        mlsd__logistic_loss_at(&f->loss, &f->scope, theta, stride, &value, gradient, hessian),
        MLSD_OK);
    return value;
}

/* Mean loss at theta over the rows of every stride-th block, by exp and log of the C library. */
static double plain_loss(const fixture *f, int64_t stride)
{
    const int64_t p = f->d.p, q = f->design.n_columns, s = f->loss.n_scores;
    double sum = 0.0, weight = 0.0;
    for (int64_t i = 0; i < f->d.n; i++) {
        if (i / MLSD__BLOCK_ROWS % stride != 0) continue;
        double all = s == 1 ? 1.0 : 0.0, right = 0.0;
        for (int64_t c = 0; c < s; c++) {
            const double *theta = f->theta + c * q;
            double score = f->design.has_intercept ? theta[p] : 0.0;
            if (f->loss.offset != NULL) score += f->loss.offset[i * s + c];
            for (int64_t j = 0; j < p; j++)
                score += theta[j] * (f->d.x[i * p + j] - f->design.shift[j]) * f->design.inverse[j];
            all += exp(score);
            if (f->label[i] == (s == 1 ? 1 : c)) right = score;
        }
        sum += f->d.weight[i] * (log(all) - right);
        weight += f->d.weight[i];
    }
    return sum / weight;
}

/* Differences of step h = 6e-6, about the cube root of the rounding, leave some 1e-10 of numbers
 * around one. */
static void check_derivatives(fixture *f)
{
    const int64_t m = f->m;
    const double h = 6e-6;
    double *const gradient = numbers(3 * m);
    double *const hessian = numbers(2 * m * m);
    double *const moved = numbers(m);
    at(f, f->theta, 1, gradient, hessian);
    for (int64_t i = 0; i < m; i++) {
        memcpy(moved, f->theta, (size_t)m * sizeof *moved);
        moved[i] = f->theta[i] + h;
        const double up = at(f, moved, 1, gradient + m, hessian + m * m).objective;
        moved[i] = f->theta[i] - h;
        const double down = at(f, moved, 1, gradient + 2 * m, NULL).objective;
        const int64_t j = i % f->design.n_columns;
        const double l1 = j < f->d.p ? f->loss.penalty.l1 * f->design.inverse[j] : 0.0;
        const double slope = (up - down) / (2.0 * h) - (f->theta[i] > 0.0 ? l1 : -l1);
        if (!(fabs(slope - gradient[i]) < 1e-9))
            fail_msg("slope %lld is %.15g, differences %.15g", (long long)i, gradient[i], slope);
        for (int64_t k = 0; k <= i; k++) {
            const double second = (gradient[m + k] - gradient[2 * m + k]) / (2.0 * h);
            if (!(fabs(second - hessian[k * m + i]) < 1e-9))
                fail_msg("second derivative %lld, %lld is %.15g, differences %.15g", (long long)k,
                         (long long)i, hessian[k * m + i], second);
        }
    }
    free(gradient);
    free(hessian);
    free(moved);
}

static void test_logistic_loss__derivatives_are_those_of_the_value(void **state)
{
    (void)state;
    for (int64_t k = 2; k <= 4; k++) {
        for (int intercept = 0; intercept < 2; intercept++) {
            fixture f;
            fixture_open(&f, 1500, 3, k, intercept, k == 3 ? 0.02 : 0.0, 0.05);
            check_derivatives(&f);
            double *const offset = numbers(f.d.n * f.loss.n_scores);
            uint32_t seed = 77;
            for (int64_t i = 0; i < f.d.n * f.loss.n_scores; i++) offset[i] = next_uniform(&seed);
            f.loss.offset = offset;
            check_derivatives(&f);
            free(offset);
            fixture_close(&f);
        }
    }
}

static void test_logistic_loss__value_is_the_definitions(void **state)
{
    (void)state;
    for (int64_t k = 2; k <= 4; k++) {
        for (int64_t stride = 1; stride <= 3; stride += 2) {
            fixture f;
            fixture_open(&f, 5000, 3, k, true, 0.0, 0.0);
            const mlsd__logistic_value value = at(&f, f.theta, stride, NULL, NULL);
            assert_true(fabs(value.mean_loss / plain_loss(&f, stride) - 1.0) < 1e-14);
            assert_true(value.objective == value.mean_loss);
            fixture_close(&f);
        }
    }
}

/* Scores that one pass keeps are the offset under which coefficients of 0 give the same loss. */
static void test_logistic_loss__kept_scores_come_back_as_offset(void **state)
{
    (void)state;
    for (int64_t k = 2; k <= 3; k++) {
        fixture f;
        fixture_open(&f, 3000, 3, k, true, 0.0, 0.0);
        double *const kept = numbers(f.d.n * f.loss.n_scores);
        double *const zero = numbers(f.m);
        f.loss.kept_scores = kept;
        const mlsd__logistic_value there = at(&f, f.theta, 1, NULL, NULL);
        f.loss.kept_scores = NULL;
        f.loss.offset = kept;
        const mlsd__logistic_value back = at(&f, zero, 1, NULL, NULL);
        assert_true(back.mean_loss == there.mean_loss);
        assert_true(back.min_margin == there.min_margin);
        free(kept);
        free(zero);
        fixture_close(&f);
    }
}

/* Squared hinge and squared epsilon-insensitive loss: derivatives by differences (no row is within
 * h of a corner, where the second one jumps), and values by hand. */
static void test_logistic_loss__squared_losses(void **state)
{
    (void)state;
    for (int64_t kind = MLSD__LOSS_SQUARED_HINGE; kind <= MLSD__LOSS_SQUARED_EPSILON; kind++) {
        fixture f;
        fixture_open(&f, 300, 3, 2, true, 0.0, 0.05);
        f.loss.rows.kind = kind;
        f.loss.rows.target = f.d.y;
        f.loss.rows.epsilon = 0.25;
        check_derivatives(&f);
        fixture_close(&f);
    }
    const int32_t label[] = {1, 0, 1};
    const double target[] = {1.0, -2.0, 0.5}, weight[] = {1.0, 2.0, 4.0}, score[] = {0.5, 0.0, 3.0};
    double residual[3], curvature[3];
    mlsd__loss_rows rows = {.kind = MLSD__LOSS_SQUARED_HINGE,
                            .label = label,
                            .positive = 1,
                            .target = target,
                            .weight = weight,
                            .epsilon = 1.5};
    mlsd__loss_sums sums = {0};
    mlsd__loss_of_scores(&rows, 0, 3, score, residual, curvature, &sums);
    assert_true(sums.loss == 0.25 + 2.0 && sums.weight == 7.0);
    assert_close(residual, (const double[]){-1.0, 4.0, 0.0}, 3, 0.0);
    assert_close(curvature, (const double[]){2.0, 4.0, 0.0}, 3, 0.0);
    rows.kind = MLSD__LOSS_SQUARED_EPSILON;
    sums = (mlsd__loss_sums){0};
    mlsd__loss_of_scores(&rows, 0, 3, score, residual, curvature, &sums);
    assert_true(sums.loss == 0.5 + 4.0 && sums.min_margin < 0.0);
    assert_close(residual, (const double[]){0.0, 2.0, 8.0}, 3, 0.0);
    assert_close(curvature, (const double[]){0.0, 4.0, 8.0}, 3, 0.0);
}

/* At 0 all probabilities are the same, and the rough inverse is the inverse: the Hessian takes it
 * back, but for what all scores share, which has no curvature. */
static void test_logistic_loss__rough_inverse_is_exact_at_zero(void **state)
{
    (void)state;
    for (int64_t k = 2; k <= 4; k++) {
        fixture f;
        fixture_open(&f, 3000, 3, k, true, 0.0, 0.01);
        const int64_t m = f.m, s = f.loss.n_scores, q = f.design.n_columns;
        double *const zero = numbers(3 * m), *const hessian = numbers(m * m);
        double *const v = zero + m, *const back = zero + 2 * m;
        at(&f, zero, 1, back, hessian);
        uint32_t seed = 3;
        for (int64_t i = 0; i < m; i++) v[i] = next_uniform(&seed);
        for (int64_t j = 0; s > 1 && j < q; j++) {
            double sum = 0.0;
            for (int64_t c = 0; c < s; c++) sum += v[c * q + j];
            for (int64_t c = 0; c < s; c++) v[c * q + j] -= sum / (double)s;
        }
        mlsd__precondition rough;
        memcpy(back, v, (size_t)m * sizeof *v);
        assert_int_equal(mlsd__precondition_open(&rough, &f.loss, f.scope.allocator), MLSD_OK);
        assert_int_equal(mlsd__precondition_make(&rough, &f.scope, &f.loss, zero), MLSD_OK);
        assert_int_equal(rough.k, s);
        mlsd__precondition_apply(&rough, back);
        for (int64_t i = 0; i < m; i++) {
            double sum = 0.0;
            for (int64_t j = 0; j < m; j++)
                sum += (i <= j ? hessian[i * m + j] : hessian[j * m + i]) * back[j];
            if (!(fabs(sum - v[i]) < 1e-8)) /* the damping is 1e-10 of the curvature */
                fail_msg("k %lld, number %lld: %.15g for %.15g", (long long)k, (long long)i, sum,
                         v[i]);
        }
        mlsd__precondition_close(&rough, f.scope.allocator);
        free(zero);
        free(hessian);
        fixture_close(&f);
    }
}

/* Where more columns have coefficients than a working set holds, parts are solved in turn: the
 * answer is that of all columns at once. */
static void test_logistic_loss__parts_in_turn_reach_the_optimum(void **state)
{
    (void)state;
    for (int64_t k = 2; k <= 3; k++) {
        fixture f;
        fixture_open(&f, 400, 8, k, true, 0.001, 0.002);
        const mlsd__logistic_limits limits = {.max_iter = 5000, .tol = 1e-9, .max_columns = 3};
        mlsd__logistic_outcome parts, whole;
        double *const theta = numbers(2 * f.m);
        assert_int_equal(mlsd__logistic_sparse(&f.loss, &f.scope, &limits, theta, &parts), MLSD_OK);
        assert_int_equal(mlsd__logistic_proximal(&f.loss, &f.scope, &limits, theta + f.m, &whole),
                         MLSD_OK);
        assert_true(parts.converged && whole.converged);
        assert_true(parts.violation <= 1e-9);
        assert_true(fabs(parts.at.objective - whole.at.objective) < 1e-14);
        int64_t active = 0;
        for (int64_t i = 0; i < f.m; i++) active += i % 9 < 8 && theta[i] != 0.0;
        assert_true(active > 3 * f.loss.n_scores);
        assert_close(theta, theta + f.m, k == 2 ? f.m : 0, 1e-6);
        free(theta);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logistic_loss__derivatives_are_those_of_the_value),
        cmocka_unit_test(test_logistic_loss__value_is_the_definitions),
        cmocka_unit_test(test_logistic_loss__kept_scores_come_back_as_offset),
        cmocka_unit_test(test_logistic_loss__squared_losses),
        cmocka_unit_test(test_logistic_loss__rough_inverse_is_exact_at_zero),
        cmocka_unit_test(test_logistic_loss__parts_in_turn_reach_the_optimum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
