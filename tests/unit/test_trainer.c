/* test_trainer.c - training by epochs of a toy model whose losses are written down: what is given
 * back at each end, what goes into the curve, and that a fit in pieces is the fit in one. Witness:
 * the epochs that come out follow by hand from the losses. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "curve/curve_impl.h"
#include "model/trainer.h"

enum { MOST = 16 };

/* Its only coefficient is the number of the epoch; a counter and a float go along. */
typedef struct toy {
    const double *train, *valid;
    double theta, breaks_at, lowered;
    float momentum;
    int64_t n_steps, n_goes_on, end_at;
    double seen[MOST];
} toy;

static mlsd_status toy_epoch(void *self, mlsd__scope *scope, int64_t epoch)
{
    toy *const t = self;
    (void)scope;
    t->theta = (double)epoch == t->breaks_at ? NAN : (double)epoch;
    t->n_steps++;
    t->momentum = 0.5f * t->momentum + (float)epoch;
    return MLSD_OK;
}

static mlsd_status toy_loss(void *self, mlsd__scope *scope, int64_t set, double *out)
{
    const toy *const t = self;
    (void)scope;
    *out = (set == 0 ? t->train : t->valid)[t->theta >= 0.0 ? (int64_t)t->theta : 0];
    return MLSD_OK;
}

static int64_t toy_arrays(void *self, mlsd__trainee_array *out, int64_t capacity)
{
    toy *const t = self;
    const mlsd__trainee_array all[] = {{&t->n_steps, 1, MLSD_I64, false},
                                       {&t->theta, 1, MLSD_F64, true},
                                       {&t->momentum, 1, MLSD_F32, false}};
    for (int64_t i = 0; i < 3 && i < capacity; i++) out[i] = all[i];
    return 3;
}

static void toy_watched(void *self, int64_t epoch, double loss)
{
    ((toy *)self)->seen[epoch] = loss;
}

static bool toy_goes_on(void *self)
{
    toy *const t = self;
    t->lowered++;
    return t->n_goes_on-- > 0;
}

static mlsd_stop_reason toy_end(const void *self)
{
    const toy *const t = self;
    return t->end_at >= 0 && t->n_steps > t->end_at ? MLSD_STOP_CONVERGED : MLSD_STOP_NONE;
}

static const mlsd__trainee_ops TOY = {.epoch = toy_epoch,
                                      .mean_loss = toy_loss,
                                      .arrays = toy_arrays,
                                      .watched = toy_watched,
                                      .goes_on = toy_goes_on,
                                      .end = toy_end};

static toy new_toy(const double *train, const double *valid)
{
    return (toy){.train = train, .valid = valid, .theta = -1.0, .breaks_at = -1.0, .end_at = -1};
}

static mlsd__training_outcome run(toy *t, int64_t max_iter, int64_t patience, mlsd_curve *curve,
                                  void **progress)
{
    mlsd__training_set sets[2] = {{.name = "train"}, {.name = "valid"}};
    const mlsd__training_sets all = {
        .n = t->valid != NULL ? 2 : 1, .sets = sets, .has_valid = t->valid != NULL};
    const mlsd__train train = {.curve = curve, .progress = progress};
    const mlsd__trainer_rule rule = {.max_iter = max_iter, .n_iter_no_change = patience};
    mlsd__training_outcome outcome;
    mlsd__scope scope;
    assert_int_equal(mlsd__scope_open(&scope, NULL), MLSD_OK);
    assert_int_equal(mlsd__trainer_run(&scope, &rule, &TOY, t, &all, &train, &outcome), MLSD_OK);
    mlsd__scope_close(&scope);
    return outcome;
}

static const double FALLING[] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0.5};
static const double TURNING[] = {9, 5, 3, 2, 4, 5, 6, 7, 8, 9};

static void test_trainer__best_epoch_is_given_back_at_any_end(void **state)
{
    (void)state;
    toy t = new_toy(FALLING, TURNING);
    mlsd__training_outcome o = run(&t, 10, 3, NULL, NULL);
    assert_int_equal(o.reason, MLSD_STOP_PATIENCE);
    assert_int_equal(o.n_epochs, 7);
    assert_int_equal(o.best_epoch, 3);
    assert_true(t.theta == 3.0 && o.loss == 6.0 && o.valid_loss == 2.0);
    assert_true(t.seen[0] == 9.0 && t.seen[6] == 6.0);

    t = new_toy(FALLING, TURNING);
    o = run(&t, 5, 10, NULL, NULL);
    assert_int_equal(o.reason, MLSD_STOP_BUDGET);
    assert_true(o.n_epochs == 5 && o.best_epoch == 3 && t.theta == 3.0);

    t = new_toy(FALLING, NULL);
    o = run(&t, 10, 3, NULL, NULL);
    assert_true(o.best_epoch == 9 && t.theta == 9.0 && isnan(o.valid_loss));

    t = new_toy(TURNING, NULL);
    o = run(&t, 10, 3, NULL, NULL);
    assert_int_equal(o.reason, MLSD_STOP_CONVERGED);
    assert_true(o.best_epoch == 3 && t.theta == 3.0);

    t = new_toy(FALLING, NULL);
    t.end_at = 4;
    o = run(&t, 10, 3, NULL, NULL);
    assert_int_equal(o.reason, MLSD_STOP_CONVERGED);
    assert_int_equal(o.n_epochs, 5);
}

static void test_trainer__numbers_that_break_down_end_it(void **state)
{
    (void)state;
    toy t = new_toy(FALLING, TURNING);
    t.breaks_at = 5.0;
    mlsd__training_outcome o = run(&t, 10, 9, NULL, NULL);
    assert_int_equal(o.reason, MLSD_STOP_NONFINITE);
    assert_true(o.n_epochs == 6 && o.best_epoch == 3 && t.theta == 3.0);

    /* In the first epoch: what there was before. */
    t = new_toy(FALLING, TURNING);
    t.breaks_at = 0.0;
    o = run(&t, 10, 9, NULL, NULL);
    assert_int_equal(o.reason, MLSD_STOP_NONFINITE);
    assert_true(o.n_epochs == 1 && o.best_epoch == -1 && t.theta == -1.0 && o.loss == 9.0);
}

static void test_trainer__smaller_steps_put_the_end_off(void **state)
{
    (void)state;
    toy t = new_toy(FALLING, TURNING);
    t.n_goes_on = 1;
    const mlsd__training_outcome o = run(&t, 10, 3, NULL, NULL);
    assert_int_equal(o.reason, MLSD_STOP_PATIENCE);
    assert_int_equal(o.n_epochs, 10);
    assert_true(t.lowered == 2.0 && t.theta == 3.0);
}

static void test_trainer__curve_has_every_set_and_may_rule(void **state)
{
    (void)state;
    mlsd_spec *rule = NULL;
    assert_int_equal(
        mlsd_spec_from_json(NULL, "{\"kind\":\"early_stopping\",\"patience\":1}", &rule), MLSD_OK);
    mlsd_curve *curve = NULL;
    assert_int_equal(mlsd_curve_new(NULL, rule, &curve), MLSD_OK);
    toy t = new_toy(FALLING, TURNING);
    mlsd__training_outcome o = run(&t, 10, 9, curve, NULL);
    assert_true(o.reason == MLSD_STOP_PATIENCE && o.n_epochs == 5 && o.best_epoch == 3);
    assert_int_equal(mlsd_curve_series_count(curve), 2);
    assert_int_equal(mlsd_curve_point_count(curve, 1), 5);
    mlsd_curve_free(curve);

    assert_int_equal(mlsd_spec_set_bool(rule, "restore_best", 0), MLSD_OK);
    assert_int_equal(mlsd_curve_new(NULL, rule, &curve), MLSD_OK);
    t = new_toy(FALLING, TURNING);
    o = run(&t, 10, 9, curve, NULL);
    assert_true(o.n_epochs == 5 && o.best_epoch == -1 && t.theta == 4.0);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
}

static void test_trainer__in_pieces_it_is_the_same(void **state)
{
    (void)state;
    toy whole = new_toy(FALLING, TURNING);
    void *whole_progress = NULL, *progress = NULL;
    const mlsd__training_outcome expected = run(&whole, 10, 5, NULL, &whole_progress);
    mlsd__training_outcome o = {0};
    toy t = {0};
    for (int64_t budget = 1; budget <= 10; budget++) {
        t = new_toy(FALLING, TURNING);
        o = run(&t, budget, 5, NULL, &progress);
    }
    assert_int_equal(o.reason, expected.reason);
    assert_true(o.n_epochs == expected.n_epochs && o.best_epoch == expected.best_epoch);
    assert_true(o.loss == expected.loss && o.valid_loss == expected.valid_loss);
    assert_true(t.theta == whole.theta && t.n_steps == whole.n_steps);
    assert_memory_equal(&t.momentum, &whole.momentum, sizeof t.momentum);
    mlsd__free(&mlsd__libc_allocator, progress);
    mlsd__free(&mlsd__libc_allocator, whole_progress);
}

static void test_trainer__numbers_have_names(void **state)
{
    (void)state;
    const mlsd__training_outcome o = {
        .n_epochs = 7, .best_epoch = -1, .loss = 2.0, .reason = MLSD_STOP_TARGET};
    double value = 0.0;
    assert_string_equal(mlsd__training_number(&o, 0, &value), "n_iter");
    assert_true(value == 7.0);
    assert_string_equal(mlsd__training_number(&o, 1, &value), "converged");
    assert_true(value == 1.0);
    assert_string_equal(mlsd__training_number(&o, 4, &value), "best_iter");
    assert_true(isnan(value));
    assert_null(mlsd__training_number(&o, 6, &value));
    assert_null(mlsd__training_number(&o, -1, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trainer__best_epoch_is_given_back_at_any_end),
        cmocka_unit_test(test_trainer__numbers_that_break_down_end_it),
        cmocka_unit_test(test_trainer__smaller_steps_put_the_end_off),
        cmocka_unit_test(test_trainer__curve_has_every_set_and_may_rule),
        cmocka_unit_test(test_trainer__in_pieces_it_is_the_same),
        cmocka_unit_test(test_trainer__numbers_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
