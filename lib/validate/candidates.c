/* candidates.c - the candidates of a search space: all combinations in order, or draws. A draw is
 * named by (seed, candidate, axis), so that candidate i is the same however many are drawn and
 * whoever draws it. Without a range the combinations are drawn without replacement, by the first
 * steps of a Fisher-Yates shuffle of their numbers of which only what was moved is kept. */
#include <string.h>

#include "base/fail.h"
#include "base/random.h"
#include "base/spec_impl.h"
#include "base/text.h"
#include "model/estimator.h"
#include "numeric/mathfun.h"
#include "numeric/rank.h"
#include "validate/space.h"
#include "validate/words.h"

/* A search of more would be for ever. */
static const int64_t MOST_CANDIDATES = 1000000;

/* a * b, or INT64_MAX. */
static int64_t saturated_product(int64_t a, int64_t b)
{
    return b != 0 && a > INT64_MAX / b ? INT64_MAX : a * b;
}

static int64_t grid_size(const mlsd__grid *grid)
{
    int64_t n = 1;
    for (int64_t i = 0; i < grid->n_axes; i++) {
        if (grid->axes[i].form != MLSD__AXIS_LIST) return INT64_MAX;
        n = saturated_product(n, grid->axes[i].n_values);
    }
    return n;
}

int64_t mlsd__space_size(const mlsd__space *space)
{
    int64_t n = 0;
    for (int64_t g = 0; g < space->n_grids; g++) {
        const int64_t more = grid_size(&space->grids[g]);
        n = more > INT64_MAX - n ? INT64_MAX : n + more;
    }
    return n;
}

void mlsd__candidates_free(mlsd__candidates *c)
{
    const mlsd__allocator *a = &c->allocator;
    for (int64_t i = 0; c->specs != NULL && i < c->n; i++) mlsd_spec_free(c->specs[i]);
    for (int64_t i = 0; c->texts != NULL && i < c->n * c->n_names; i++) mlsd__free(a, c->texts[i]);
    for (int64_t i = 0; c->names != NULL && i < c->n_names; i++) mlsd__free(a, c->names[i]);
    if (c->specs != NULL) mlsd__free(a, c->specs);
    if (c->texts != NULL) mlsd__free(a, c->texts);
    if (c->names != NULL) mlsd__free(a, c->names);
    if (c->place != NULL) mlsd__free(a, c->place);
    memset(c, 0, sizeof *c);
}

/* Room for n candidates, with the names of the space. */
static mlsd_status candidates_new(const mlsd__space *space, int64_t n, mlsd__candidates *out)
{
    memset(out, 0, sizeof *out);
    const mlsd__allocator *a = &space->allocator;
    int64_t n_texts;
    if (n > MOST_CANDIDATES)
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "the space has more than %lld candidates; use fewer values, or "
                          "random_search",
                          (long long)MOST_CANDIDATES);
    MLSD__TRY(mlsd__mul_size(n, space->n_names, &n_texts));
    out->allocator = *a;
    out->n = n;
    out->n_names = space->n_names;
    out->names = mlsd__alloc(a, out->n_names, sizeof *out->names);
    out->specs = mlsd__alloc(a, n, sizeof *out->specs);
    out->texts = mlsd__alloc(a, n_texts, sizeof *out->texts);
    out->place = mlsd__alloc(a, n, sizeof *out->place);
    if (out->names == NULL || out->specs == NULL || out->texts == NULL || out->place == NULL)
        return MLSD_E_NOMEM;
    for (int64_t i = 0; i < out->n_names; i++) {
        out->names[i] = mlsd__strdup(a, space->names[i]);
        if (out->names[i] == NULL) return MLSD_E_NOMEM;
    }
    return MLSD_OK;
}

/* ---- values ---- */

/* A draw within (0, 1). */
static double draw_share(mlsd__stream *stream)
{
    static const double HALF_STEP = 0x1p-54;
    return mlsd__stream_double(stream) + HALF_STEP;
}

static double clipped(double x, double low, double high)
{
    if (x < low) return low;
    return x > high ? high : x;
}

/* By factors: even in the logarithm; whole numbers are cut down, so that each has its part of
 * [low, high + 1). */
static double draw_by_factors(const mlsd__axis *axis, mlsd__stream *stream)
{
    const double end = axis->is_whole ? axis->high + 1 : axis->high;
    const double x =
        mlsd__exp(mlsd__between(mlsd__log(axis->low), mlsd__log(end), draw_share(stream)));
    return clipped(axis->is_whole ? floor(x) : x, axis->low, axis->high);
}

static void draw_number(const mlsd__axis *axis, mlsd__stream *stream,
                        char out[MLSD__NUMBER_CAPACITY])
{
    double x;
    if (axis->form == MLSD__AXIS_UNIFORM)
        x = mlsd__between(axis->low, axis->high, draw_share(stream));
    else if (axis->form == MLSD__AXIS_LOG_UNIFORM)
        x = draw_by_factors(axis, stream);
    else
        x = axis->low + (double)mlsd__stream_below(stream, (uint64_t)(axis->high - axis->low) + 1);
    const int64_t whole = (int64_t)clipped(x, -9e15, 9e15);
    if ((double)whole == x) { /* never with an exponent, which whole numbers do not take */
        int32_t n = 0;
        char digits[MLSD__NUMBER_CAPACITY];
        uint64_t left = whole < 0 ? (uint64_t)-whole : (uint64_t)whole;
        do {
            digits[n++] = (char)('0' + left % 10);
            left /= 10;
        } while (left > 0);
        int32_t k = 0;
        if (whole < 0) out[k++] = '-';
        while (n > 0) out[k++] = digits[--n];
        out[k] = '\0';
        return;
    }
    (void)mlsd__format_double(x, out);
}

static mlsd_status set_value(mlsd__candidates *c, int64_t i, const mlsd__axis *axis,
                             const char *text)
{
    char **const cell = &c->texts[i * c->n_names + axis->column];
    *cell = mlsd__strdup(&c->allocator, text);
    if (*cell == NULL) return MLSD_E_NOMEM;
    return mlsd_spec_set_text(c->specs[i], axis->name, text);
}

/* Combination `number` of a grid without ranges, last axis fastest. */
static mlsd_status make_candidate(mlsd__candidates *c, int64_t i, const mlsd_spec *estimator,
                                  const mlsd__grid *grid, int64_t number)
{
    MLSD__TRY(mlsd_spec_clone(estimator, &c->specs[i]));
    for (int64_t k = grid->n_axes - 1; k >= 0; k--) {
        const mlsd__axis *const axis = &grid->axes[k];
        MLSD__TRY(set_value(c, i, axis, axis->values[number % axis->n_values]));
        number /= axis->n_values;
    }
    return MLSD_OK;
}

/* Combination `number` of the whole space. */
static mlsd_status make_placed(mlsd__candidates *c, int64_t i, const mlsd_spec *estimator,
                               const mlsd__space *space, int64_t number)
{
    c->place[i] = number;
    for (int64_t g = 0; g < space->n_grids; g++) {
        const int64_t size = grid_size(&space->grids[g]);
        if (number < size) return make_candidate(c, i, estimator, &space->grids[g], number);
        number -= size;
    }
    return mlsd__fail(MLSD_E_INTERNAL, "a search space has no combination of that number");
}

static mlsd_status fail_of_range(const mlsd__space *space)
{
    for (int64_t g = 0; g < space->n_grids; g++) {
        for (int64_t i = 0; i < space->grids[g].n_axes; i++) {
            const mlsd__axis *const axis = &space->grids[g].axes[i];
            if (axis->form == MLSD__AXIS_LIST) continue;
            return mlsd__fail(
                MLSD_E_PARAM_CONFLICT,
                "entry %lld of 'space' ('%.80s') is a range, and a grid wants values; "
                "list them with '=', or use random_search",
                (long long)axis->entry_index, axis->entry);
        }
    }
    return MLSD_OK;
}

mlsd_status mlsd__space_grid(const mlsd__space *space, const mlsd_spec *estimator,
                             mlsd__candidates *out)
{
    memset(out, 0, sizeof *out);
    MLSD__TRY(fail_of_range(space));
    mlsd_status status = candidates_new(space, mlsd__space_size(space), out);
    for (int64_t i = 0; i < out->n && status == MLSD_OK; i++)
        status = make_placed(out, i, estimator, space, i);
    if (status != MLSD_OK) mlsd__candidates_free(out);
    return status;
}

/* ---- draws ---- */

static void open_stream(mlsd__stream *stream, int64_t seed, int64_t candidate, int64_t axis)
{
    mlsd__stream_init(stream, (uint64_t)seed, (uint64_t)candidate, (uint64_t)axis, 0,
                      MLSD__PURPOSE_SEARCH);
}

/* Candidate i of a space with ranges: a grid by chance, then its axes. */
static mlsd_status draw_candidate(mlsd__candidates *c, int64_t i, const mlsd_spec *estimator,
                                  const mlsd__space *space, int64_t seed)
{
    mlsd__stream stream;
    c->place[i] = -1;
    open_stream(&stream, seed, i, 0);
    const int64_t g = (int64_t)mlsd__stream_below(&stream, (uint64_t)space->n_grids);
    const mlsd__grid *const grid = &space->grids[g];
    MLSD__TRY(mlsd_spec_clone(estimator, &c->specs[i]));
    for (int64_t k = 0; k < grid->n_axes; k++) {
        const mlsd__axis *const axis = &grid->axes[k];
        char number[MLSD__NUMBER_CAPACITY];
        const char *text = number;
        open_stream(&stream, seed, i, k + 1);
        if (axis->form == MLSD__AXIS_LIST)
            text = axis->values[mlsd__stream_below(&stream, (uint64_t)axis->n_values)];
        else
            draw_number(axis, &stream, number);
        MLSD__TRY(set_value(c, i, axis, text));
    }
    return MLSD_OK;
}

/* What stands at place `at` of the shuffled numbers: itself, unless something was moved there. */
typedef struct moved {
    int64_t at, number;
} moved;

static int64_t find_moved(const moved *moves, int64_t n, int64_t at)
{
    for (int64_t i = n - 1; i >= 0; i--) {
        if (moves[i].at == at) return moves[i].number;
    }
    return at;
}

static mlsd_status draw_places(mlsd__candidates *c, const mlsd_spec *estimator,
                               const mlsd__space *space, int64_t seed)
{
    const int64_t size = mlsd__space_size(space);
    moved *const moves = mlsd__alloc(&c->allocator, c->n, sizeof *moves);
    mlsd_status status = moves == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; i < c->n && status == MLSD_OK; i++) {
        mlsd__stream stream;
        open_stream(&stream, seed, i, 0);
        const int64_t at = i + (int64_t)mlsd__stream_below(&stream, (uint64_t)(size - i));
        const int64_t number = find_moved(moves, i, at);
        moves[i] = (moved){at, find_moved(moves, i, i)};
        status = make_placed(c, i, estimator, space, number);
    }
    mlsd__free(&c->allocator, moves);
    return status;
}

mlsd_status mlsd__space_draw(const mlsd__space *space, const mlsd_spec *estimator, int64_t n,
                             int64_t seed, mlsd__candidates *out)
{
    memset(out, 0, sizeof *out);
    const bool has_range = mlsd__space_has_range(space);
    const int64_t size = mlsd__space_size(space);
    mlsd_status status = candidates_new(space, n < size ? n : size, out);
    if (status == MLSD_OK && !has_range) status = draw_places(out, estimator, space, seed);
    for (int64_t i = 0; has_range && i < out->n && status == MLSD_OK; i++)
        status = draw_candidate(out, i, estimator, space, seed);
    if (status != MLSD_OK) mlsd__candidates_free(out);
    return status;
}

/* ---- what is said of them ---- */

static void say_candidate(const mlsd__candidates *c, int64_t i,
                          void (*say)(mlsd__text *t, const char *value), mlsd__text *t)
{
    bool any = false;
    for (int64_t k = 0; k < c->n_names; k++) {
        const char *const value = c->texts[i * c->n_names + k];
        if (value == NULL) continue;
        mlsd__text_format(t, "%s%s = ", any ? ", " : "", c->names[k]);
        say(t, value);
        any = true;
    }
    if (!any) mlsd__text_append(t, "as given");
}

void mlsd__candidate_say(const mlsd__candidates *c, int64_t i, mlsd__text *t)
{
    say_candidate(c, i, mlsd__text_append, t);
}

void mlsd__candidate_words(const mlsd__candidates *c, int64_t i, mlsd__text *t)
{
    say_candidate(c, i, mlsd__words_value, t);
}

static mlsd_status fail_of_candidate(const mlsd__candidates *c, int64_t i, mlsd_status status)
{
    if (status == MLSD_E_NOMEM) return status;
    char message[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(message);
    mlsd__text t;
    mlsd__text_init(&t, &c->allocator);
    mlsd__candidate_say(c, i, &t);
    if (t.status == MLSD_OK)
        status = mlsd__fail(status, "candidate %lld (%.160s): %s", (long long)i, t.data, message);
    else
        status = t.status;
    mlsd__text_free(&t);
    return status;
}

mlsd_status mlsd__candidates_check(const mlsd__candidates *c, mlsd_task task)
{
    for (int64_t i = 0; i < c->n; i++) {
        const mlsd__estimator_ops *const ops = mlsd__spec_ops(c->specs[i]);
        const mlsd_status status = ops->check != NULL ? ops->check(c->specs[i], task) : MLSD_OK;
        if (status != MLSD_OK) return fail_of_candidate(c, i, status);
    }
    return MLSD_OK;
}
