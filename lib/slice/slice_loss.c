/* slice_loss.c - the loss of each row, from what is true and what was predicted. */
#include "slice/slice_loss.h"

#include <math.h>

#include "base/text.h"
#include "data/matrix_view.h"
#include "numeric/mathfun.h"

const char *const mlsd__slice_losses[] = {"auto",    "given",    "zero_one", "absolute",
                                          "squared", "log_loss", NULL};

const char *const mlsd__slice_loss_words[] = {"mean loss",          "mean loss",
                                              "share of errors",    "mean absolute error",
                                              "mean squared error", "log loss"};

/* Probabilities below are taken for this, as scikit-learn's log_loss does: 2^-52. */
static const double LEAST_PROBABILITY = 0x1p-52;

/* Class numbers beyond are likelier to be numbers than classes. */
enum { MOST_CLASSES = 1000 };

/* y and prediction as doubles; prediction is n x cols. */
typedef struct scores {
    int64_t n, cols;
    double *y, *prediction;
} scores;

static void scores_free(scores *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->prediction);
    mlsd__free(a, s->y);
}

static mlsd_status bad_value(const char *name, int64_t row, double value, const char *what)
{
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(value, text);
    return mlsd__fail(MLSD_E_DATA, "%s[%lld] is %s, %s", name, (long long)row, text, what);
}

static mlsd_status check_finite(const char *name, const double *x, int64_t n_rows, int64_t n_cols)
{
    for (int64_t i = 0; i < n_rows * n_cols; i++) {
        if (!isfinite(x[i])) return bad_value(name, i / n_cols, x[i], "not a finite number");
    }
    return MLSD_OK;
}

static mlsd_status scores_read(mlsd__scope *scope, const mlsd__slicing_input *in, scores *s)
{
    int64_t size = 0;
    *s = (scores){.n = in->n_rows, .cols = in->prediction->cols};
    MLSD__TRY(mlsd__mul_size(s->n, s->cols, &size));
    if (s->cols < 1) return mlsd__fail(MLSD_E_SHAPE, "prediction has no columns");
    MLSD__TRY(mlsd__slicing_column(scope, in, in->y, "y", &s->y));
    s->prediction = mlsd__alloc_raw(scope->allocator, size, sizeof *s->prediction);
    if (s->prediction == NULL) return MLSD_E_NOMEM;
    mlsd__matrix_read(in->prediction, NULL, 0, s->n, s->prediction);
    MLSD__TRY(mlsd__checkpoint(scope));
    MLSD__TRY(check_finite("y", s->y, s->n, 1));
    return check_finite("prediction", s->prediction, s->n, s->cols);
}

/* Are they all 0, 1, 2, ...? */
static bool are_classes(const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (!(x[i] >= 0 && x[i] < MOST_CLASSES && x[i] == floor(x[i]))) return false;
    }
    return true;
}

static bool are_within(const double *x, int64_t n, double low, double high)
{
    for (int64_t i = 0; i < n; i++) {
        if (!(x[i] >= low && x[i] <= high)) return false;
    }
    return true;
}

/* Two classes, and numbers in [0, 1] some of which are no class. */
static bool are_probabilities(const scores *s)
{
    return s->cols == 1 && !are_classes(s->prediction, s->n) &&
           are_within(s->prediction, s->n, 0, 1) && are_within(s->y, s->n, 0, 1);
}

static int64_t choose_loss(const scores *s)
{
    if (!are_classes(s->y, s->n)) return MLSD__LOSS_SQUARED;
    if (s->cols > 1 || are_classes(s->prediction, s->n) || are_probabilities(s)) {
        return MLSD__LOSS_ZERO_ONE;
    }
    return MLSD__LOSS_SQUARED;
}

/* The class that row i was given. */
static double label_of(const scores *s, int64_t i, bool probabilities)
{
    const double *const p = s->prediction + i * s->cols;
    if (s->cols == 1) return probabilities ? p[0] > 0.5 : p[0];
    int64_t best = 0;
    for (int64_t c = 1; c < s->cols; c++) best = p[c] > p[best] ? c : best;
    return (double)best;
}

static mlsd_status check_labels(const scores *s, bool probabilities)
{
    const double top = s->cols > 1 ? (double)s->cols : probabilities ? 2 : (double)INT32_MAX;
    for (int64_t i = 0; i < s->n; i++) {
        if (s->y[i] >= 0 && s->y[i] < top && s->y[i] == floor(s->y[i])) continue;
        return bad_value("y", i, s->y[i], "not the number of a class that is predicted");
    }
    if (s->cols > 1 || probabilities) return MLSD_OK;
    for (int64_t i = 0; i < s->n; i++) {
        const double p = s->prediction[i];
        if (p >= 0 && p < top && p == floor(p)) continue;
        return bad_value("prediction", i, p, "neither a class number nor a probability");
    }
    return MLSD_OK;
}

static mlsd_status zero_one(const scores *s, double *out)
{
    const bool probabilities = are_probabilities(s);
    MLSD__TRY(check_labels(s, probabilities));
    for (int64_t i = 0; i < s->n; i++) out[i] = label_of(s, i, probabilities) != s->y[i];
    return MLSD_OK;
}

static mlsd_status log_losses(const scores *s, double *out)
{
    MLSD__TRY(check_labels(s, s->cols == 1));
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t label = (int64_t)s->y[i];
        double p = s->prediction[i * s->cols + (s->cols > 1 ? label : 0)];
        if (!(p >= 0 && p <= 1)) return bad_value("prediction", i, p, "not a probability");
        if (s->cols == 1 && label == 0) p = 1 - p;
        out[i] = -mlsd__log(p < LEAST_PROBABILITY ? LEAST_PROBABILITY : p);
    }
    return MLSD_OK;
}

static mlsd_status differences(const scores *s, bool squared, double *out)
{
    if (s->cols != 1) {
        return mlsd__fail(MLSD_E_SHAPE, "prediction has %lld columns; this loss takes one",
                          (long long)s->cols);
    }
    for (int64_t i = 0; i < s->n; i++) {
        const double e = fabs(s->prediction[i] - s->y[i]);
        out[i] = squared ? e * e : e;
        if (!isfinite(out[i])) return bad_value("the loss", i, out[i], "not a finite number");
    }
    return MLSD_OK;
}

/* The losses stand in `prediction` already. */
static mlsd_status read_given(mlsd__scope *scope, const mlsd__slicing_input *in, double **out)
{
    if (in->y != NULL) {
        return mlsd__fail(MLSD_E_ARG,
                          "with loss = given there is no y: the prediction is the loss");
    }
    MLSD__TRY(mlsd__slicing_column(scope, in, in->prediction, "prediction", out));
    for (int64_t i = 0; i < in->n_rows; i++) {
        const double e = (*out)[i];
        if (e >= 0 && isfinite(e)) continue;
        const mlsd_status status = bad_value("the loss", i, e, "not a finite number of at least 0");
        mlsd__free(scope->allocator, *out);
        *out = NULL;
        return status;
    }
    return MLSD_OK;
}

static mlsd_status compute(const scores *s, int64_t loss, double *out)
{
    switch (loss) {
    case MLSD__LOSS_ZERO_ONE:
        return zero_one(s, out);
    case MLSD__LOSS_LOG:
        return log_losses(s, out);
    default:
        return differences(s, loss == MLSD__LOSS_SQUARED, out);
    }
}

mlsd_status mlsd__slice_loss_read(mlsd__scope *scope, const mlsd__slicing_input *in, int64_t loss,
                                  int64_t *out_loss, double **out)
{
    const mlsd__allocator *const a = scope->allocator;
    scores s = {0};
    *out = NULL;
    *out_loss = loss == MLSD__LOSS_AUTO && in->y == NULL ? MLSD__LOSS_GIVEN : loss;
    if (*out_loss == MLSD__LOSS_GIVEN) return read_given(scope, in, out);
    if (in->y == NULL) {
        return mlsd__fail(MLSD_E_ARG, "loss = %s needs y; without it the prediction is the loss",
                          mlsd__slice_losses[loss]);
    }
    mlsd_status status = scores_read(scope, in, &s);
    if (status == MLSD_OK) {
        if (loss == MLSD__LOSS_AUTO) *out_loss = choose_loss(&s);
        *out = mlsd__alloc_raw(a, in->n_rows, sizeof **out);
        status = *out == NULL ? MLSD_E_NOMEM : compute(&s, *out_loss, *out);
    }
    scores_free(&s, a);
    if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    if (status == MLSD_OK) return MLSD_OK;
    mlsd__free(a, *out);
    *out = NULL;
    return status;
}

mlsd_status mlsd__slice_labels_read(mlsd__scope *scope, const mlsd__slicing_input *in, double **y,
                                    double **prediction)
{
    scores s = {0};
    *y = *prediction = NULL;
    mlsd_status status = scores_read(scope, in, &s);
    const bool probabilities = status == MLSD_OK && are_probabilities(&s);
    if (status == MLSD_OK) status = check_labels(&s, probabilities);
    if (status != MLSD_OK) {
        scores_free(&s, scope->allocator);
        return status;
    }
    for (int64_t i = 0; i < s.n; i++) s.prediction[i] = label_of(&s, i, probabilities);
    *y = s.y;
    *prediction = s.prediction; /* the first n of its numbers */
    return MLSD_OK;
}
