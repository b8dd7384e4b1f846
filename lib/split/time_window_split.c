/* time_window_split.c - time_window_split: windows of a length of time that roll or grow.
 *
 * Windows are half open, from a moment up to another, and are laid over the time line whatever the
 * rows are: series may be irregular, and where rows are of many entities all are cut at the same
 * moment. A window is known by the moment at which its test begins; everything else is counted back
 * from there. */
#include "split/time_spans.h"

typedef struct params {
    int64_t n_splits, anchor, allow_incomplete, empty_windows, purge, time_unit;
    char *train_window, *min_train_window, *validation_window, *test_window, *gap, *step,
        *first_cutoff, *label_horizon, *embargo;
    mlsd__str_list cutoffs;
} params;

enum { ANCHOR_END = 0, ANCHOR_START = 1 };
static const char *const anchor_choices[] = {"end", "start", NULL};

enum { EMPTY_REFUSE = 0, EMPTY_SKIP = 1 };
static const char *const empty_choices[] = {"refuse", "skip", NULL};

/* Windows that are looked at before it is said that there are too many. */
enum { MAX_WINDOWS = 10000000 };

static const mlsd_param window_params[] = {
    MLSD__P_I64_NULL(params, n_splits, 1, MAX_WINDOWS, "5",
                     "number of splits; null for as many as fit"),
    MLSD__P_STR(params, train_window, "null",
                "how long to train on, the latest, such as 30d; null for all, a window that "
                "expands"),
    MLSD__P_STR(params, min_train_window, "null",
                "how long there must have been data before the first training ends; null for "
                "train_window, or test_window where the window expands"),
    MLSD__P_STR(params, validation_window, "null",
                "how long to validate between training and test; null for no such part"),
    MLSD__P_STR(params, test_window, "null",
                "how long to test; null for all time / (n_splits + 1)"),
    MLSD__P_STR(params, gap, "null", "how much time is left out before each later part"),
    MLSD__P_STR(params, step, "null", "from one test to the next; null for test_window"),
    MLSD__P_CHOICE(
        params, anchor, anchor_choices, "\"end\"",
        "end: the last test ends just after the last row; start: the first window starts "
        "with the first row"),
    MLSD__P_STR(params, first_cutoff, "null",
                "the moment at which the first training ends, instead of an anchor"),
    MLSD__P_STR_LIST(params, cutoffs, "null",
                     "the moments at which each training ends, ascending, instead of an anchor, a "
                     "step and n_splits"),
    MLSD__P_BOOL(params, allow_incomplete, "true",
                 "counted from the start or a cutoff, tests may reach beyond the last row"),
    MLSD__P_CHOICE(params, empty_windows, empty_choices, "\"refuse\"",
                   "splits with a part without rows: refuse or skip them"),
    MLSD__P_BOOL(params, purge, "true",
                 "leave out rows whose label ends when the next part has begun"),
    MLSD__P_STR(params, label_horizon, "null",
                "how long after its time a row's label ends, such as 5d; instead of a time_end"),
    MLSD__P_STR(params, embargo, "null",
                "how long before the next part a label must have ended, such as 1d"),
    MLSD__P_TIME_UNIT(params),
};

/* Parameters as ticks. */
typedef struct plan {
    const params *p;
    mlsd__ruler ruler;
    const mlsd__time_order *order;
    int64_t start, last; /* of the first row and the last */
    int64_t train, min_train, validation, test, gap, step;
    bool expands, validates;
} plan;

static mlsd_status read_window(const plan *q, const char *name, const char *text, int64_t *out)
{
    if (text == NULL) return MLSD_OK;
    MLSD__TRY(mlsd__duration_read(&q->ruler, name, text, out));
    if (*out > 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_RANGE, "'%s' must be longer than nothing, got '%.40s'", name,
                      text);
}

/* The time from the first row to the last, both included. */
static int64_t time_spanned(const plan *q)
{
    return mlsd__tick_add(mlsd__tick_sub(q->last, q->start), 1);
}

static mlsd_status choose_test(const plan *q, int64_t *out)
{
    const params *const p = q->p;
    char span[MLSD__TIME_CAPACITY], got[MLSD__TIME_CAPACITY];
    if (p->test_window != NULL) {
        MLSD__TRY(read_window(q, "test_window", p->test_window, out));
        if (*out <= time_spanned(q)) return MLSD_OK;
        return mlsd__fail(MLSD_E_DATA,
                          "test_window is %s, longer than all times, which span %s; use a shorter "
                          "one",
                          mlsd__duration_text(&q->ruler, *out, got),
                          mlsd__duration_text(&q->ruler, time_spanned(q), span));
    }
    if (p->n_splits == MLSD__NULL_I64 || p->cutoffs.values != NULL)
        return mlsd__fail(
            MLSD_E_PARAM_CONFLICT,
            "'test_window' is null, but nothing else says how long tests are; set it");
    *out = time_spanned(q) / (p->n_splits + 1);
    if (*out > 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA, "times span %s, too little for n_splits=%lld; use fewer splits",
                      mlsd__duration_text(&q->ruler, time_spanned(q), span),
                      (long long)p->n_splits);
}

static mlsd_status make_plan(const params *p, const mlsd__split_input *in,
                             const mlsd__time_order *order, plan *q)
{
    *q = (plan){
        .p = p, .order = order, .start = order->times[0], .last = order->times[order->n - 1]};
    q->ruler = (mlsd__ruler){.scale = in->time_scale, .time_unit = p->time_unit};
    q->expands = p->train_window == NULL;
    q->validates = p->validation_window != NULL;
    MLSD__TRY(choose_test(q, &q->test));
    MLSD__TRY(read_window(q, "train_window", p->train_window, &q->train));
    q->min_train = q->expands ? q->test : q->train;
    MLSD__TRY(read_window(q, "min_train_window", p->min_train_window, &q->min_train));
    if (!q->expands && q->min_train > q->train)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'min_train_window' is '%.40s', longer than 'train_window', which is "
                          "'%.40s'",
                          p->min_train_window, p->train_window);
    MLSD__TRY(read_window(q, "validation_window", p->validation_window, &q->validation));
    if (p->gap != NULL) MLSD__TRY(mlsd__duration_read(&q->ruler, "gap", p->gap, &q->gap));
    q->step = q->test;
    return read_window(q, "step", p->step, &q->step);
}

/* From where training ends to where the test begins. */
static int64_t lead(const plan *q)
{
    const int64_t gaps = q->validates ? mlsd__tick_add(q->gap, q->gap) : q->gap;
    return mlsd__tick_add(gaps, q->validation);
}

static int64_t place_of(const plan *q, int64_t tick)
{
    return mlsd__ticks_below(q->order->times, q->order->n, tick);
}

/* The places of the window whose training ends at `cutoff`. */
static mlsd__window window_at(const plan *q, int64_t cutoff)
{
    const int64_t test = mlsd__tick_add(cutoff, lead(q));
    const int64_t validation = mlsd__tick_add(cutoff, q->gap);
    mlsd__window w = {0};
    w.train_end = place_of(q, cutoff);
    w.train_first = q->expands ? 0 : place_of(q, mlsd__tick_sub(cutoff, q->train));
    if (q->validates) {
        w.validation_first = place_of(q, validation);
        w.validation_end = place_of(q, mlsd__tick_add(validation, q->validation));
    }
    w.test_first = place_of(q, test);
    w.test_end = place_of(q, mlsd__tick_add(test, q->test));
    return w;
}

/* The first part without rows and its window; NULL where there is none. */
static const char *empty_part(const plan *q, int64_t cutoff, const mlsd__window *w, int64_t *first,
                              int64_t *end)
{
    if (w->train_first == w->train_end) {
        *first = q->expands ? q->start : mlsd__tick_sub(cutoff, q->train);
        *end = cutoff;
        return "train on";
    }
    *first = mlsd__tick_add(cutoff, q->gap);
    *end = mlsd__tick_add(*first, q->validation);
    if (q->validates && w->validation_first == w->validation_end) return "validate on";
    *first = mlsd__tick_add(cutoff, lead(q));
    *end = mlsd__tick_add(*first, q->test);
    return w->test_first == w->test_end ? "test on" : NULL;
}

/* Whether the window is kept; one with an empty part is an error where it is not skipped. */
static mlsd_status look_at(const plan *q, int64_t cutoff, const mlsd__window *w, bool *keep)
{
    char from[MLSD__TIME_CAPACITY], to[MLSD__TIME_CAPACITY];
    int64_t first = 0, end = 0;
    const char *const part = empty_part(q, cutoff, w, &first, &end);
    *keep = part == NULL;
    if (*keep || q->p->empty_windows == EMPTY_SKIP) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "no row to %s from %s up to %s; use longer windows, or set empty_windows to "
                      "skip",
                      part, mlsd__moment_text(&q->ruler, first, from),
                      mlsd__moment_text(&q->ruler, end, to));
}

/* Cutoffs to look at, one step after the other, forward or backward in time. */
typedef struct walk {
    int64_t cutoff;
    bool is_backward, is_done;
} walk;

static bool is_in_range(const plan *q, const walk *w)
{
    if (w->is_done) return false;
    if (w->is_backward) return w->cutoff >= mlsd__tick_add(q->start, q->min_train);
    const int64_t test = mlsd__tick_add(w->cutoff, lead(q));
    if (q->p->allow_incomplete) return test <= q->last;
    return test <= q->last && mlsd__tick_sub(mlsd__tick_add(test, q->test), 1) <= q->last;
}

/* How many steps lead over a stretch without rows: to the next window that can have a row to test
 * on. */
static int64_t steps_over_hole(const plan *q, const walk *w, const mlsd__window *places)
{
    const int64_t test = mlsd__tick_add(w->cutoff, lead(q)), n = q->order->n;
    uint64_t distance = 0;
    if (places->test_first < places->test_end) return 1;
    if (w->is_backward) {
        if (places->test_first == 0) return 0;
        distance = (uint64_t)test - (uint64_t)q->order->times[places->test_first - 1];
    } else {
        if (places->test_end == n) return 0;
        const int64_t end = mlsd__tick_add(test, q->test);
        distance = (uint64_t)q->order->times[places->test_end] - (uint64_t)end + 1;
    }
    const uint64_t step = (uint64_t)q->step;
    const uint64_t steps = distance / step + (distance % step != 0);
    return steps > 1 ? (int64_t)(steps > INT64_MAX ? INT64_MAX : steps) : 1;
}

static void take_step(const plan *q, walk *w, const mlsd__window *places)
{
    const int64_t n = steps_over_hole(q, w, places);
    int64_t distance = 0;
    w->is_done = n == 0 || __builtin_mul_overflow(n, q->step, &distance) ||
                 (w->is_backward ? __builtin_sub_overflow(w->cutoff, distance, &w->cutoff)
                                 : __builtin_add_overflow(w->cutoff, distance, &w->cutoff));
}

static mlsd_status start_walk(const plan *q, walk *out)
{
    const params *const p = q->p;
    *out = (walk){.is_backward = p->first_cutoff == NULL && p->anchor == ANCHOR_END};
    if (p->first_cutoff != NULL)
        return mlsd__moment_read(&q->ruler, "first_cutoff", p->first_cutoff, &out->cutoff);
    if (!out->is_backward) {
        out->cutoff = mlsd__tick_add(q->start, q->min_train);
        return MLSD_OK;
    }
    const int64_t test = mlsd__tick_sub(q->last, q->test - 1);
    out->cutoff = mlsd__tick_sub(test, lead(q));
    return MLSD_OK;
}

static mlsd_status fail_too_few(const plan *q, int64_t n_found)
{
    char span[MLSD__TIME_CAPACITY], train[MLSD__TIME_CAPACITY], test[MLSD__TIME_CAPACITY],
        between[MLSD__TIME_CAPACITY], step[MLSD__TIME_CAPACITY];
    (void)mlsd__duration_text(&q->ruler, time_spanned(q), span);
    (void)mlsd__duration_text(&q->ruler, q->min_train, train);
    (void)mlsd__duration_text(&q->ruler, q->test, test);
    (void)mlsd__duration_text(&q->ruler, lead(q), between);
    (void)mlsd__duration_text(&q->ruler, q->step, step);
    if (n_found == 0)
        return mlsd__fail(MLSD_E_DATA,
                          "no window fits: at least %s to train on, %s between and %s to test on "
                          "in times that span %s; use shorter windows",
                          train, between, test, span);
    return mlsd__fail(MLSD_E_DATA,
                      "only %lld of n_splits=%lld fit in times that span %s, with at least %s to "
                      "train on, tests of %s and a step of %s; use n_splits=%lld, or null "
                      "for as many as fit",
                      (long long)n_found, (long long)q->p->n_splits, span, train, test, step,
                      (long long)n_found);
}

/* Splits found backward in time are numbered forward. */
static void reverse_splits(mlsd__spans *spans)
{
    for (int64_t k = 0; k < spans->n; k++)
        spans->items[k].split = spans->n_splits - 1 - spans->items[k].split;
}

static mlsd_status walk_windows(mlsd__scope *scope, const plan *q, mlsd__spans *spans)
{
    const bool is_all = q->p->n_splits == MLSD__NULL_I64;
    int64_t n_found = 0, n_seen = 0;
    walk w;
    MLSD__TRY(start_walk(q, &w));
    while ((is_all || n_found < q->p->n_splits) && is_in_range(q, &w)) {
        const mlsd__window places = window_at(q, w.cutoff);
        bool keep = false;
        MLSD__TRY(look_at(q, w.cutoff, &places, &keep));
        if (keep) MLSD__TRY(mlsd__spans_add_window(scope, spans, n_found++, &places));
        if (++n_seen > MAX_WINDOWS)
            return mlsd__fail(MLSD_E_DATA,
                              "a step this short makes more than %d windows; use a longer step or "
                              "a smaller n_splits",
                              (int)MAX_WINDOWS);
        if (n_seen % 1024 == 0) MLSD__TRY(mlsd__checkpoint(scope));
        take_step(q, &w, &places);
    }
    if (n_found == 0 || (!is_all && n_found < q->p->n_splits)) return fail_too_few(q, n_found);
    if (w.is_backward) reverse_splits(spans);
    return MLSD_OK;
}

static mlsd_status list_windows(mlsd__scope *scope, const plan *q, mlsd__spans *spans)
{
    const mlsd__str_list *const cutoffs = &q->p->cutoffs;
    int64_t n_found = 0, previous = INT64_MIN;
    for (int64_t k = 0; k < cutoffs->n; k++) {
        int64_t cutoff = 0;
        bool keep = false;
        MLSD__TRY(mlsd__moment_read(&q->ruler, "cutoffs", cutoffs->values[k], &cutoff));
        if (k > 0 && cutoff <= previous)
            return mlsd__fail(MLSD_E_PARAM_RANGE,
                              "'cutoffs' must ascend, but '%.40s' is not after '%.40s'",
                              cutoffs->values[k], cutoffs->values[k - 1]);
        previous = cutoff;
        const mlsd__window places = window_at(q, cutoff);
        MLSD__TRY(look_at(q, cutoff, &places, &keep));
        if (keep) MLSD__TRY(mlsd__spans_add_window(scope, spans, n_found++, &places));
    }
    if (n_found > 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "none of %lld cutoffs has rows in every part; times go from %s to %s",
                      (long long)cutoffs->n,
                      mlsd__moment_text(&q->ruler, q->start, (char[MLSD__TIME_CAPACITY]){0}),
                      mlsd__moment_text(&q->ruler, q->last, (char[MLSD__TIME_CAPACITY]){0}));
}

static mlsd_status check_conflicts(const params *p)
{
    if (p->cutoffs.values == NULL) return MLSD_OK;
    if (p->first_cutoff == NULL && p->step == NULL) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'cutoffs' and '%s' are both set; use one of the two",
                      p->first_cutoff != NULL ? "first_cutoff" : "step");
}

static mlsd_status read_labels(mlsd__scope *scope, const params *p, const mlsd__split_input *in,
                               mlsd__labels *out)
{
    const mlsd__ruler ruler = {.scale = in->time_scale, .time_unit = p->time_unit};
    const mlsd__purge_params purge = {.label_horizon = p->label_horizon, .embargo = p->embargo};
    if (!p->purge) return MLSD_OK;
    return mlsd__labels_read(scope, in, &ruler, &purge, out);
}

static mlsd_status split(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    mlsd__time_order order = {0};
    mlsd__labels labels = {0};
    mlsd__spans spans = {
        .order = &order, .labels = &labels, .n_parts = p->validation_window != NULL ? 3 : 2};
    plan q;
    mlsd_status status = check_conflicts(p);
    if (status == MLSD_OK) status = read_labels(scope, p, in, &labels);
    if (status == MLSD_OK) status = mlsd__time_order_make(scope, in->times, in->n_rows, &order);
    if (status == MLSD_OK) status = make_plan(p, in, &order, &q);
    if (status == MLSD_OK)
        status = p->cutoffs.values != NULL ? list_windows(scope, &q, &spans)
                                           : walk_windows(scope, &q, &spans);
    if (status == MLSD_OK) status = mlsd__spans_store(scope, &spans, out);
    mlsd__spans_free(&spans, scope->allocator);
    mlsd__labels_free(&labels, scope->allocator);
    mlsd__time_order_free(&order, scope->allocator);
    return status;
}

static int32_t needs(const mlsd_spec *spec)
{
    (void)spec;
    return MLSD__NEEDS_TIMES | MLSD__MAY_USE(MLSD__NEEDS_ENDS);
}

static const mlsd__splitter_ops window_ops = {.needs = needs, .split = split};

const mlsd_kind mlsd__kind_time_window_split = {
    .name = "time_window_split",
    .family = "splitter",
    .doc = "train on a length of time that rolls or grows, test on what follows; all entities are "
           "cut at the same moments",
    .params = window_params,
    .n_params = MLSD__COUNT(window_params),
    .params_size = sizeof(params),
    .ops = &window_ops,
};
