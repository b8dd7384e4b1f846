/* calibrated_state.c - see calibrated_classifier.h: what a fitted calibrated classifier does. */
#include <math.h>
#include <string.h>

#include "model/calibration/calibrated_classifier.h"
#include "model/calibration/calibrators.h"
#include "numeric/mathfun.h"

/* Probabilities are held off 0 before their logarithm is taken, by the spacing of numbers at one as
 * scikit-learn does: an estimator that says 0 of what happens must not outweigh all other rows. */
static const double LEAST_PROBA = 2.220446049250313e-16;

void mlsd__calibrated_free(const mlsd__allocator *a, void *state_)
{
    mlsd__calibrated *const s = state_;
    for (int64_t m = 0; s->members != NULL && m < s->n_members; m++)
        if (s->members[m] != NULL) s->child->free_state(a, s->members[m]);
    for (int64_t i = 0; s->isotonic != NULL && i < s->n_members * s->n_curves; i++)
        mlsd__isotonic_free(&s->isotonic[i], a);
    mlsd__features_free(a, s->features, s->p);
    mlsd__free(a, s->members);
    mlsd__free(a, s->isotonic);
    mlsd__free(a, s->points);
    mlsd__free(a, s->numbers);
    mlsd__free(a, s);
}

/* Where the numbers stand in their block. */
static mlsd_status place_numbers(const mlsd__allocator *a, mlsd__calibrated *s)
{
    int64_t curves, n;
    MLSD__TRY(mlsd__mul_size(s->n_members, s->n_curves, &curves));
    MLSD__TRY(mlsd__mul_size(curves, 2, &n));
    s->n_numbers = n + s->k + s->n_members + 1;
    s->numbers = mlsd__alloc(a, s->n_numbers, sizeof *s->numbers);
    s->members = mlsd__alloc(a, s->n_members, sizeof *s->members);
    if (s->method == MLSD__CALIBRATE_ISOTONIC)
        s->isotonic = mlsd__alloc(a, curves, sizeof *s->isotonic);
    if (s->numbers == NULL || s->members == NULL ||
        (s->method == MLSD__CALIBRATE_ISOTONIC && s->isotonic == NULL))
        return MLSD_E_NOMEM;
    s->present = s->numbers;
    s->slope = s->present + s->k;
    s->offset = s->slope + curves;
    s->temperature = s->offset + curves;
    s->converged = s->temperature + s->n_members;
    return MLSD_OK;
}

mlsd_status mlsd__calibrated_new(const mlsd__allocator *a, const mlsd_spec *spec,
                                 const mlsd__feature *features, int64_t p, int64_t k,
                                 mlsd__calibrated **out)
{
    const mlsd__calibrated_params *const params = mlsd__spec_params(spec);
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    *out = NULL;
    mlsd__calibrated *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    *s = (mlsd__calibrated){.allocator = *a, .method = params->method, .k = k};
    s->child = mlsd__spec_ops(child);
    s->uses_proba = mlsd__estimator_final_ops(child)->lacks_decision;
    s->n_scores = k == 2 && !s->uses_proba ? 1 : k;
    s->n_curves = k == 2 ? 1 : k;
    s->n_members = params->ensemble != 0 ? params->n_splits : 1;
    mlsd_status status = place_numbers(a, s);
    if (status == MLSD_OK) status = mlsd__features_copy(a, features, p, &s->features);
    if (status == MLSD_OK) s->p = p;
    if (status != MLSD_OK) {
        mlsd__calibrated_free(a, s);
        return status;
    }
    *out = s;
    return MLSD_OK;
}

mlsd_status mlsd__calibrated_finish(mlsd__calibrated *s)
{
    const int64_t curves = s->n_members * s->n_curves;
    if (s->isotonic == NULL) return MLSD_OK;
    for (int64_t i = 0; i < curves; i++) s->n_points += s->isotonic[i].n;
    s->points = mlsd__alloc_raw(&s->allocator, 2 * s->n_points + curves + 1, sizeof *s->points);
    if (s->points == NULL) return MLSD_E_NOMEM;
    s->starts = s->points + 2 * s->n_points;
    int64_t at = 0;
    for (int64_t i = 0; i < curves; i++) {
        s->starts[i] = (double)at;
        for (int64_t j = 0; j < s->isotonic[i].n; j++, at++) {
            s->points[2 * at] = s->isotonic[i].x[j];
            s->points[2 * at + 1] = s->isotonic[i].y[j];
        }
    }
    s->starts[curves] = (double)at;
    return MLSD_OK;
}

void mlsd__calibrated_logits(const mlsd__calibrated *s, const double *scores, int64_t n,
                             double *out)
{
    const int64_t k = s->k, m = s->n_scores;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t c = 0; c < k && s->uses_proba; c++)
            out[i * k + c] = mlsd__log(fmax(scores[i * m + c], LEAST_PROBA));
        for (int64_t c = 0; c < k && !s->uses_proba; c++)
            out[i * k + c] = m == 1 ? (c == 0 ? 0 : scores[i]) : scores[i * m + c];
    }
}

/* Probabilities of one row that sum to 1; classes without rows get none. */
static void share(const mlsd__calibrated *s, double *row)
{
    double sum = 0, n_present = 0;
    for (int64_t c = 0; c < s->k; c++) {
        row[c] = s->present[c] > 0 ? row[c] : 0;
        sum += row[c];
        n_present += s->present[c];
    }
    for (int64_t c = 0; c < s->k; c++) row[c] = sum > 0 ? row[c] / sum : s->present[c] / n_present;
}

static double curve_at(const mlsd__calibrated *s, int64_t member, int64_t c, double score)
{
    const int64_t i = member * s->n_curves + c;
    return s->isotonic != NULL ? mlsd__isotonic_at(&s->isotonic[i], score)
                               : mlsd__sigmoid_at(s->slope[i], s->offset[i], score);
}

/* n rows of a member's scores to probabilities. */
static void calibrate(const mlsd__calibrated *s, int64_t member, const double *scores, int64_t n,
                      double *out)
{
    const int64_t k = s->k, m = s->n_scores;
    if (s->method == MLSD__CALIBRATE_TEMPERATURE) mlsd__calibrated_logits(s, scores, n, out);
    for (int64_t i = 0; i < n; i++) {
        double *const row = out + i * k;
        if (s->method == MLSD__CALIBRATE_TEMPERATURE) {
            double top = row[0];
            for (int64_t c = 1; c < k; c++) top = fmax(top, row[c]);
            for (int64_t c = 0; c < k; c++) row[c] = (row[c] - top) / s->temperature[member];
            (void)mlsd__softmax(row, k);
        } else if (s->n_curves == 1) {
            row[1] = curve_at(s, member, 0, scores[i * m + m - 1]);
            row[0] = 1 - row[1];
        } else {
            for (int64_t c = 0; c < k; c++) row[c] = curve_at(s, member, c, scores[i * m + c]);
        }
        if (s->n_curves > 1 || !(s->present[0] > 0 && s->present[1] > 0)) share(s, row);
    }
}

int64_t mlsd__calibrated_scratch(const void *state)
{
    const mlsd__calibrated *const s = state;
    int64_t most = 0;
    for (int64_t m = 0; m < s->n_members; m++) {
        const int64_t width = mlsd__scratch_width(s->child, s->members[m]);
        most = width > most ? width : most;
    }
    return s->n_scores + s->k + most;
}

int64_t mlsd__calibrated_block_rows(const void *state)
{
    const mlsd__calibrated *const s = state;
    int64_t least = MLSD__BLOCK_ROWS;
    for (int64_t m = 0; s->child->block_rows != NULL && m < s->n_members; m++) {
        const int64_t n = s->child->block_rows(s->members[m]);
        least = n < least ? n : least;
    }
    return least;
}

bool mlsd__calibrated_by_rows(const void *state)
{
    const mlsd__calibrated *const s = state;
    return mlsd__estimator_by_rows(s->child, s->members[0]); /* the members are of one kind */
}

mlsd_output mlsd__calibrated_asks(const mlsd__calibrated *s)
{
    return s->uses_proba ? MLSD_OUTPUT_PROBA : MLSD_OUTPUT_DECISION;
}

/* Add a member's probabilities to out; room for n rows is in proba. */
static void add_member(const mlsd__calibrated *s, int64_t member, const double *scores, int64_t n,
                       double *proba, double *out)
{
    const int64_t cells = n * s->k;
    if (member == 0) memset(out, 0, (size_t)cells * sizeof *out);
    calibrate(s, member, scores, n, proba);
    for (int64_t i = 0; i < cells; i++) out[i] += proba[i];
    if (member + 1 < s->n_members) return;
    for (int64_t i = 0; i < cells; i++) out[i] /= (double)s->n_members;
}

mlsd_status mlsd__calibrated_predict(mlsd__scope *scope, const void *state, const double *x,
                                     int64_t n, int64_t ld, mlsd_output what, double *out,
                                     double *scratch)
{
    const mlsd__calibrated *const s = state;
    double *const scores = scratch, *const proba = scores + n * s->n_scores;
    (void)what;
    for (int64_t m = 0; m < s->n_members; m++) {
        MLSD__TRY(mlsd__estimator_predict(scope, s->child, s->members[m], x, n, ld,
                                          mlsd__calibrated_asks(s), scores, proba + n * s->k));
        add_member(s, m, scores, n, proba, out);
    }
    return MLSD_OK;
}

static mlsd_status find_nan(const mlsd__calibrated *s, const double *x, int64_t n, int64_t ld,
                            int64_t first_row)
{
    for (int64_t i = 0; !s->child->takes_nan && i < n; i++)
        for (int64_t j = 0; j < s->p; j++)
            if (isnan(x[i * ld + j]))
                return mlsd__fail(MLSD_E_DATA,
                                  "row %lld, column '%.100s' is NaN; add an impute step",
                                  (long long)(first_row + i), s->features[j].name);
    return MLSD_OK;
}

mlsd_status mlsd__calibrated_predict_rows(mlsd__scope *scope, const void *state, const double *x,
                                          int64_t n, int64_t ld, int64_t first_row,
                                          mlsd_output what, double *out)
{
    const mlsd__calibrated *const s = state;
    const mlsd__allocator *const a = scope != NULL ? scope->allocator : &s->allocator;
    int64_t size;
    (void)what;
    MLSD__TRY(find_nan(s, x, n, ld, first_row));
    MLSD__TRY(mlsd__mul_size(n, s->n_scores + s->k, &size));
    double *const scores = mlsd__alloc_raw(a, size, sizeof *scores);
    mlsd_status status = scores == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t m = 0; status == MLSD_OK && m < s->n_members; m++) {
        status = s->child->predict_rows(scope, s->members[m], x, n, ld, first_row,
                                        mlsd__calibrated_asks(s), scores);
        if (status == MLSD_OK) add_member(s, m, scores, n, scores + n * s->n_scores, out);
    }
    mlsd__free(a, scores);
    return status;
}

mlsd_status mlsd__calibrated_check_block(const void *state, const double *x, int64_t n, int64_t ld,
                                         int64_t first_row, bool has_nan, double *scratch)
{
    const mlsd__calibrated *const s = state;
    if (has_nan) MLSD__TRY(find_nan(s, x, n, ld, first_row));
    for (int64_t m = 0; s->child->check_block != NULL && m < s->n_members; m++)
        MLSD__TRY(s->child->check_block(s->members[m], x, n, ld, first_row, has_nan, scratch));
    return MLSD_OK;
}

const char *mlsd__calibrated_attribute(const void *state, int64_t i, const double **data,
                                       int64_t *rows, int64_t *cols)
{
    const mlsd__calibrated *const s = state;
    static const char *const names[][3] = {{"slope", "offset", "converged"},
                                           {"thresholds", "threshold_starts", "converged"},
                                           {"temperature", "converged", NULL}};
    const bool is_curve = s->method == MLSD__CALIBRATE_SIGMOID;
    const char *const name = i < 3 ? names[s->method][i] : NULL;
    if (name == NULL) return NULL;
    *rows = 1;
    *cols = 1;
    if (strcmp(name, "converged") == 0) {
        *data = s->converged;
    } else if (is_curve) {
        *data = i == 0 ? s->slope : s->offset;
        *rows = s->n_members;
        *cols = s->n_curves;
    } else if (s->method == MLSD__CALIBRATE_TEMPERATURE) {
        *data = s->temperature;
        *cols = s->n_members;
    } else {
        *data = i == 0 ? s->points : s->starts;
        *rows = i == 0 ? s->n_points : 1;
        *cols = i == 0 ? 2 : s->n_members * s->n_curves + 1;
    }
    return name;
}

mlsd_status mlsd__calibrated_save(const void *state, mlsd__writer *w)
{
    const mlsd__calibrated *const s = state;
    mlsd__put_f64s(w, s->numbers, s->n_numbers);
    for (int64_t m = 0; m < s->n_members; m++) MLSD__TRY(s->child->save(s->members[m], w));
    for (int64_t i = 0; s->isotonic != NULL && i < s->n_members * s->n_curves; i++)
        mlsd__put_f64s(w, s->isotonic[i].x, 2 * s->isotonic[i].n);
    return w->status;
}

static mlsd_status fail_corrupt(void)
{
    return mlsd__fail(MLSD_E_CORRUPT, "the calibrated classifier in the file contradicts itself");
}

static mlsd_status load_numbers(mlsd__reader *r, mlsd__calibrated *s)
{
    int64_t n = 0;
    double *const numbers = mlsd__take_f64s(r, &n);
    mlsd_status status = r->status;
    if (status == MLSD_OK && n != s->n_numbers) status = fail_corrupt();
    if (status == MLSD_OK) memcpy(s->numbers, numbers, (size_t)n * sizeof *numbers);
    mlsd__free(r->allocator, numbers);
    return status;
}

static mlsd_status load_curve(mlsd__reader *r, mlsd__isotonic *out)
{
    int64_t n = 0;
    out->x = mlsd__take_f64s(r, &n);
    MLSD__TRY(r->status);
    bool fits = n >= 2 && n % 2 == 0;
    for (int64_t i = 1; fits && i < n / 2; i++) fits = out->x[i] > out->x[i - 1];
    if (!fits) return fail_corrupt();
    out->n = n / 2;
    out->y = out->x + out->n;
    return MLSD_OK;
}

static mlsd_status load_parts(mlsd__reader *r, const mlsd_spec *child, mlsd__calibrated *s)
{
    MLSD__TRY(load_numbers(r, s));
    for (int64_t j = 0; j < s->p && !s->child->takes_category; j++)
        if (s->features[j].type == MLSD__CATEGORY) return fail_corrupt();
    for (int64_t m = 0; m < s->n_members; m++)
        MLSD__TRY(s->child->load(r, child, s->features, s->p, s->k, &s->members[m]));
    for (int64_t i = 0; s->isotonic != NULL && i < s->n_members * s->n_curves; i++)
        MLSD__TRY(load_curve(r, &s->isotonic[i]));
    return mlsd__calibrated_finish(s);
}

mlsd_status mlsd__calibrated_load(mlsd__reader *r, const mlsd_spec *spec,
                                  const mlsd__feature *features, int64_t n_features,
                                  int64_t n_classes, void **out_state)
{
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    const mlsd__calibrated_params *const params = mlsd__spec_params(spec);
    const mlsd__estimator_ops *const final =
        child != NULL ? mlsd__estimator_final_ops(child) : NULL;
    *out_state = NULL;
    /* Each member takes some bytes, so a count beyond them is none. */
    if (final == NULL || !final->classifies || n_classes < 2 || params->n_splits > (int64_t)r->size)
        return fail_corrupt();
    mlsd__calibrated *s;
    MLSD__TRY(mlsd__calibrated_new(r->allocator, spec, features, n_features, n_classes, &s));
    const mlsd_status status = load_parts(r, child, s);
    if (status != MLSD_OK) {
        mlsd__calibrated_free(r->allocator, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}
