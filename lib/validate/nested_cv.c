/* nested_cv.c - kind "nested_cv" of family "validation": what a search is worth, the choice
 * included. In each outer fold the whole search runs on the training rows with splits of its own,
 * and what it chose is scored on rows that had no part in the choice. What was chosen where is
 * kept, for a search that chooses something else in every fold has not found much. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "validate/audit_impl.h"
#include "validate/corrected.h"
#include "validate/search_impl.h"
#include "validate/search_table.h"
#include "validate/words.h"

typedef struct params {
    mlsd__str_list metrics;
    int64_t seed;
} params;

static const double LEVEL = 0.95;

/* One outer fold. */
typedef struct outer_fold {
    mlsd_status status;
    char *message;
    int64_t n_train, n_test, n_candidates;
    char **texts;         /* of the chosen candidate, one a name of the space, NULL where none */
    char *choice;         /* all of them in words, exact */
    char *choice_words;   /* with few digits, for a sentence */
    mlsd__estimate inner; /* the search's own score of it, by the metric that decides */
    double fit_seconds, predict_seconds;
} outer_fold;

typedef struct nested {
    const mlsd__allocator *a;
    const mlsd_spec *search;
    const mlsd__validation_input *in;
    mlsd__metrics metrics; /* the first one decides */
    mlsd__space space;
    int64_t n_splits;
    outer_fold *folds;
    double *scores; /* n_metrics x n_splits */
    double test_train;
} nested;

static void nested_close(nested *x)
{
    for (int64_t k = 0; x->folds != NULL && k < x->n_splits; k++) {
        outer_fold *const f = &x->folds[k];
        for (int64_t i = 0; f->texts != NULL && i < x->space.n_names; i++)
            mlsd__free(x->a, f->texts[i]);
        mlsd__free(x->a, f->texts);
        mlsd__free(x->a, f->message);
        mlsd__free(x->a, f->choice);
        mlsd__free(x->a, f->choice_words);
    }
    mlsd__free(x->a, x->folds);
    mlsd__free(x->a, x->scores);
    mlsd__space_free(&x->space);
}

/* ---- one outer fold ---- */

static mlsd_status keep_choice(const nested *x, outer_fold *f, const mlsd__search *s)
{
    const mlsd__candidates *const c = &s->candidates;
    const int64_t chosen = s->choice.chosen;
    f->n_candidates = s->n;
    f->inner = s->contenders[chosen].score;
    f->texts = mlsd__alloc(x->a, c->n_names, sizeof *f->texts);
    if (f->texts == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < c->n_names; i++) {
        const char *const text = c->texts[chosen * c->n_names + i];
        if (text == NULL) continue;
        f->texts[i] = mlsd__strdup(x->a, text);
        if (f->texts[i] == NULL) return MLSD_E_NOMEM;
    }
    mlsd__text t;
    mlsd__text_init(&t, x->a);
    mlsd__candidate_say(c, chosen, &t);
    f->choice = t.data;
    if (t.status != MLSD_OK) return t.status;
    mlsd__text_init(&t, x->a);
    mlsd__candidate_words(c, chosen, &t);
    f->choice_words = t.data;
    return t.status;
}

static mlsd_status score_fold(mlsd__scope *scope, nested *x, int64_t k, const mlsd_model *model,
                              const mlsd_dataset *test)
{
    mlsd__scoring scoring;
    MLSD__TRY(
        mlsd__scoring_make(scope, model, test, x->metrics.names, x->metrics.n, false, &scoring));
    x->folds[k].predict_seconds = scoring.predict_seconds;
    mlsd_status status = MLSD_OK;
    for (int64_t m = 0; m < x->metrics.n && status == MLSD_OK; m++) {
        mlsd__estimate e;
        status = mlsd__scoring_score(scope, &scoring, x->metrics.names[m], NAN, &e);
        if (status == MLSD_OK) x->scores[m * x->n_splits + k] = e.value;
    }
    mlsd__scoring_free(&scoring);
    return status;
}

static mlsd_status part_view(mlsd__scope *scope, const nested *x, int64_t split, int64_t part,
                             mlsd_dataset **out)
{
    const int64_t n = mlsd_folds_part_size(x->in->folds, split, part);
    int64_t *const rows = mlsd__alloc_raw(scope->allocator, n, sizeof *rows);
    *out = NULL;
    if (rows == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd_folds_part(x->in->folds, split, part, rows, n);
    if (status == MLSD_OK) status = mlsd_dataset_rows(x->in->dataset, rows, n, out);
    mlsd__free(scope->allocator, rows);
    return status;
}

static mlsd_status search_fold(mlsd__scope *scope, nested *x, int64_t k)
{
    const int64_t last = mlsd_folds_n_parts(x->in->folds) - 1;
    const double start = mlsd__seconds();
    mlsd_dataset *train = NULL, *test = NULL;
    mlsd_model *model = NULL;
    mlsd__search s = {0};
    mlsd_status status = part_view(scope, x, k, 0, &train);
    if (status == MLSD_OK) status = part_view(scope, x, k, last, &test);
    if (status == MLSD_OK) {
        status = mlsd__search_choose_only(&s, scope, x->search, train);
        if (status == MLSD_OK) status = keep_choice(x, &x->folds[k], &s);
        if (status == MLSD_OK)
            status = mlsd__model_fit(scope, mlsd__search_chosen(&s), train, NULL, NULL, &model);
        mlsd__search_close(&s);
    }
    x->folds[k].fit_seconds = mlsd__seconds() - start;
    if (status == MLSD_OK) status = score_fold(scope, x, k, model, test);
    mlsd_model_free(model);
    mlsd_dataset_free(test);
    mlsd_dataset_free(train);
    return status;
}

/* A failure that speaks of the rows of the fold is recorded. */
static mlsd_status run_fold(void *arg, int64_t k, mlsd__scope *scope)
{
    nested *const x = arg;
    mlsd_status status = search_fold(scope, x, k);
    if (status == MLSD_E_DATA || status == MLSD_E_NUMERIC || status == MLSD_E_SHAPE) {
        char message[MLSD__ERROR_CAPACITY];
        mlsd__error_copy(message);
        x->folds[k].status = status;
        x->folds[k].message = mlsd__strdup(x->a, message);
        status = x->folds[k].message == NULL ? MLSD_E_NOMEM : MLSD_OK;
    }
    mlsd__stage_advance(scope, 1);
    return status;
}

/* With fewer folds than threads the searches have the threads, otherwise the folds; with a journal
 * the searches, because one of them at a time writes it. */
static mlsd_status run_folds(mlsd__scope *scope, nested *x)
{
    const bool by_fold = x->n_splits >= scope->n_threads && mlsd__scope_journal(scope) == NULL;
    mlsd_status status = MLSD_OK;
    mlsd__stage_begin(scope, "nested search", x->n_splits);
    if (by_fold) status = mlsd__parallel_for(scope, x->n_splits, run_fold, x);
    for (int64_t k = 0; !by_fold && k < x->n_splits && status == MLSD_OK; k++)
        status = run_fold(x, k, scope);
    mlsd__stage_end(scope);
    return status;
}

/* ---- tables ---- */

static mlsd_status fill_names(mlsd__columns *c, const nested *x)
{
    for (int64_t k = 0; k < c->n; k++) c->i64[k] = k;
    MLSD__TRY(mlsd__columns_i64(c, "fold"));
    for (int64_t i = 0; i < x->space.n_names; i++) {
        for (int64_t k = 0; k < c->n; k++)
            c->texts[k] = x->folds[k].texts != NULL ? x->folds[k].texts[i] : NULL;
        MLSD__TRY(mlsd__columns_texts(c, x->space.names[i]));
    }
    return MLSD_OK;
}

/* What was chosen in each fold, what the search said of it, and what came of it. */
static mlsd_status fill_inner(mlsd__columns *c, const nested *x)
{
    MLSD__TRY(fill_names(c, x));
    for (int64_t k = 0; k < c->n; k++) c->i64[k] = x->folds[k].n_candidates;
    MLSD__TRY(mlsd__columns_i64(c, "n_candidates"));
    for (int64_t k = 0; k < c->n; k++)
        c->f64[k] = x->folds[k].choice != NULL ? x->folds[k].inner.value : NAN;
    MLSD__TRY(mlsd__columns_f64(c, "inner.", x->metrics.names[0]));
    for (int64_t k = 0; k < c->n; k++)
        c->f64[k] = x->folds[k].choice != NULL ? x->folds[k].inner.se : NAN;
    MLSD__TRY(mlsd__columns_f64(c, "inner.se", ""));
    memcpy(c->f64, x->scores, (size_t)c->n * sizeof *c->f64);
    return mlsd__columns_f64(c, "outer.", x->metrics.names[0]);
}

static mlsd_status fill_folds(mlsd__columns *c, const nested *x)
{
    for (int64_t k = 0; k < c->n; k++) c->i64[k] = k;
    MLSD__TRY(mlsd__columns_i64(c, "fold"));
    for (int64_t m = 0; m < x->metrics.n; m++) {
        memcpy(c->f64, x->scores + m * x->n_splits, (size_t)c->n * sizeof *c->f64);
        MLSD__TRY(mlsd__columns_f64(c, x->metrics.names[m], ""));
    }
    for (int64_t k = 0; k < c->n; k++) c->i64[k] = x->folds[k].n_train;
    MLSD__TRY(mlsd__columns_i64(c, "n_train"));
    for (int64_t k = 0; k < c->n; k++) c->i64[k] = x->folds[k].n_test;
    MLSD__TRY(mlsd__columns_i64(c, "n_test"));
    for (int64_t k = 0; k < c->n; k++) {
        const mlsd_status status = x->folds[k].status;
        c->texts[k] = status == MLSD_OK ? "ok" : mlsd_status_name(status);
    }
    MLSD__TRY(mlsd__columns_texts(c, "status"));
    for (int64_t k = 0; k < c->n; k++) c->texts[k] = x->folds[k].message;
    return mlsd__columns_texts(c, "message");
}

static mlsd_status fill_timings(mlsd__columns *c, const nested *x)
{
    for (int64_t k = 0; k < c->n; k++) c->i64[k] = k;
    MLSD__TRY(mlsd__columns_i64(c, "fold"));
    for (int64_t k = 0; k < c->n; k++) c->f64[k] = x->folds[k].fit_seconds;
    MLSD__TRY(mlsd__columns_f64(c, "fit_seconds", ""));
    for (int64_t k = 0; k < c->n; k++) c->f64[k] = x->folds[k].predict_seconds;
    return mlsd__columns_f64(c, "predict_seconds", "");
}

static mlsd_status put_tables(mlsd_result *r, const nested *x)
{
    static const struct {
        const char *name;
        mlsd_status (*fill)(mlsd__columns *c, const nested *x);
        bool timing;
    } tables[] = {
        {"inner", fill_inner, false}, {"folds", fill_folds, false}, {"folds", fill_timings, true}};
    for (int64_t i = 0; i < MLSD__COUNT(tables); i++) {
        mlsd__columns c;
        MLSD__TRY(mlsd__columns_open(&c, x->a, x->n_splits));
        MLSD__TRY(mlsd__columns_to_result(r, &c, tables[i].name, tables[i].timing,
                                          tables[i].fill(&c, x)));
    }
    return MLSD_OK;
}

/* ---- how steady the choice is ---- */

typedef struct stability {
    int64_t n_done, n_choices, n_most; /* folds that chose, different choices, folds of the first */
    const char *most, *most_words;     /* chosen most often, the first of several */
} stability;

/* How many folds chose what fold k chose, and whether k is the first of them. */
static int64_t count_alike(const nested *x, int64_t k, bool *out_is_first)
{
    int64_t n = 0;
    *out_is_first = true;
    for (int64_t j = 0; j < x->n_splits; j++) {
        if (x->folds[j].choice == NULL || strcmp(x->folds[j].choice, x->folds[k].choice) != 0)
            continue;
        if (j < k) *out_is_first = false;
        n++;
    }
    return n;
}

static void find_stability(const nested *x, stability *out)
{
    *out = (stability){0};
    for (int64_t k = 0; k < x->n_splits; k++) {
        bool is_first;
        if (x->folds[k].choice == NULL) continue;
        const int64_t n = count_alike(x, k, &is_first);
        out->n_done++;
        out->n_choices += is_first;
        if (n <= out->n_most) continue;
        out->n_most = n;
        out->most = x->folds[k].choice;
        out->most_words = x->folds[k].choice_words;
    }
}

static mlsd_status fill_choices(mlsd__columns *c, const nested *x)
{
    int64_t at = 0;
    for (int64_t k = 0; k < x->n_splits; k++) {
        bool is_first;
        if (x->folds[k].choice == NULL) continue;
        const int64_t n = count_alike(x, k, &is_first);
        if (!is_first) continue;
        c->texts[at] = x->folds[k].choice;
        c->i64[at++] = n;
    }
    MLSD__TRY(mlsd__columns_texts(c, "choice"));
    return mlsd__columns_i64(c, "n_folds");
}

static mlsd_status put_choices(mlsd_result *r, const nested *x, const stability *steady)
{
    mlsd__columns c;
    MLSD__TRY(mlsd__columns_open(&c, x->a, steady->n_choices));
    return mlsd__columns_to_result(r, &c, "choices", false, fill_choices(&c, x));
}

/* ---- numbers and words ---- */

static void outer_estimate(const nested *x, int64_t metric, mlsd__estimate *out)
{
    mlsd__corrected_t(x->scores + metric * x->n_splits, x->n_splits, x->test_train, LEVEL, out);
}

/* Mean of the inner scores of the folds that have an outer one. */
static double inner_mean(const nested *x)
{
    double sum = 0;
    int64_t n = 0;
    for (int64_t k = 0; k < x->n_splits; k++) {
        if (isnan(x->scores[k])) continue;
        sum += x->folds[k].inner.value;
        n++;
    }
    return sum / (double)n;
}

static mlsd_status put_numbers(mlsd_result *r, const nested *x, const stability *steady,
                               double optimism)
{
    for (int64_t m = 0; m < x->metrics.n; m++) {
        mlsd__estimate e;
        outer_estimate(x, m, &e);
        MLSD__TRY(mlsd__result_set_estimate(r, x->metrics.names[m], &e));
    }
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"inner.mean", inner_mean(x)},
        {"optimism", optimism},
        {"n_choices", (double)steady->n_choices},
        {"stability", (double)steady->n_most / (double)steady->n_done},
    };
    for (int64_t i = 0; i < MLSD__COUNT(numbers); i++)
        MLSD__TRY(mlsd__result_set_f64(r, numbers[i].name, numbers[i].value, false));
    return mlsd__result_set_str(r, "chosen_most_often", steady->most, false);
}

static void say(mlsd__text *t, const nested *x, const stability *steady, double optimism)
{
    mlsd__estimate e;
    int64_t n_failed = 0;
    const char *message = NULL;
    outer_estimate(x, 0, &e);
    for (int64_t k = 0; k < x->n_splits; k++) {
        n_failed += x->folds[k].status != MLSD_OK;
        if (message == NULL) message = x->folds[k].message;
    }
    mlsd__text_format(t, "searching with %s, expect %s ", mlsd_kind_name(mlsd_spec_kind(x->search)),
                      x->metrics.names[0]);
    mlsd__words_estimate(t, &e, LEVEL);
    mlsd__text_append(t, " on new rows; the searches themselves said ");
    mlsd__words_number(t, inner_mean(x));
    if (optimism > 0) {
        mlsd__text_append(t, ", too good by ");
        mlsd__words_number(t, optimism);
    }
    if (steady->n_choices == 1)
        mlsd__text_format(t, ". All %lld folds chose '%s'", (long long)steady->n_done,
                          steady->most_words);
    else
        mlsd__text_format(t, ". %lld folds made %lld different choices, '%s' %lld times",
                          (long long)steady->n_done, (long long)steady->n_choices,
                          steady->most_words, (long long)steady->n_most);
    if (n_failed > 0)
        mlsd__text_format(t, ". %lld of %lld folds failed, the first with: %s", (long long)n_failed,
                          (long long)x->n_splits, message);
}

static mlsd_status put_verdict(mlsd_result *r, const nested *x, const stability *steady,
                               double optimism)
{
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    say(&t, x, steady, optimism);
    mlsd__audit_say(&t, ". The audit of the folds: ", r, MLSD__AUDIT_PREFIX);
    return mlsd__result_end_verdict(r, &t);
}

static mlsd_status make_result(mlsd__scope *scope, const nested *x, mlsd_result **out)
{
    const mlsd__metric_ops *metric;
    mlsd__estimate outer;
    stability steady;
    mlsd_result *r;
    MLSD__TRY(mlsd__metric_find(x->metrics.names[0], &metric));
    find_stability(x, &steady);
    outer_estimate(x, 0, &outer);
    const double gap = inner_mean(x) - outer.value;
    const double optimism = metric->greater_is_better ? gap : -gap;
    MLSD__TRY(mlsd__result_new(x->a, "nested_cv", &r));
    mlsd_status status = put_tables(r, x);
    if (status == MLSD_OK) status = put_choices(r, x, &steady);
    if (status == MLSD_OK) status = put_numbers(r, x, &steady, optimism);
    if (status == MLSD_OK)
        status = mlsd__search_audit(r, scope, x->in->context, x->in->dataset, x->in->folds);
    if (status == MLSD_OK) status = put_verdict(r, x, &steady, optimism);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

/* ---- the kind ---- */

/* The search's own first metric decides there; here it may be scored by others. */
static mlsd_status find_metrics(const mlsd__validation_input *in, const mlsd_spec *search,
                                mlsd__metrics *out)
{
    const params *const p = mlsd__spec_params(in->spec);
    const mlsd__search_params *const inner = mlsd__spec_params(search);
    mlsd__metrics inner_metrics;
    MLSD__TRY(mlsd__validation_metrics(&inner->metrics, in->dataset, &inner_metrics));
    MLSD__TRY(mlsd__validation_metrics(p->metrics.n > 0 ? &p->metrics : &inner->metrics,
                                       in->dataset, out));
    if (strcmp(out->names[0], inner_metrics.names[0]) == 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                      "the first of 'metrics' is %.60s, but the search chooses by %.60s; name that "
                      "one first, so that its inner and outer scores can be compared",
                      out->names[0], inner_metrics.names[0]);
}

static mlsd_status check(const mlsd__validation_input *in)
{
    const mlsd_spec *const search = mlsd__spec_slot_child(in->spec, "search");
    mlsd__metrics metrics;
    if (search == NULL)
        return mlsd__fail(MLSD_E_CHILD,
                          "nested_cv has no search; put one, such as grid_search, into its slot "
                          "'search'");
    MLSD__TRY(mlsd__search_check(mlsd__context_allocator(in->context), search, in->dataset,
                                 mlsd__search_strategy_of(search)));
    return find_metrics(in, search, &metrics);
}

static mlsd_status prepare(nested *x)
{
    const mlsd_folds *const folds = x->in->folds;
    const mlsd__search_params *const inner = mlsd__spec_params(x->search);
    const int64_t last = mlsd_folds_n_parts(folds) - 1;
    int64_t n_scores;
    MLSD__TRY(find_metrics(x->in, x->search, &x->metrics));
    MLSD__TRY(mlsd__space_read(x->a, mlsd__spec_slot_child(x->search, "estimator"), &inner->space,
                               &x->space));
    x->n_splits = mlsd_folds_n_splits(folds);
    MLSD__TRY(mlsd__mul_size(x->metrics.n, x->n_splits, &n_scores));
    x->scores = mlsd__alloc(x->a, n_scores, sizeof *x->scores);
    x->folds = mlsd__alloc(x->a, x->n_splits, sizeof *x->folds);
    if (x->scores == NULL || x->folds == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_scores; i++) x->scores[i] = NAN;
    for (int64_t k = 0; k < x->n_splits; k++) {
        outer_fold *const f = &x->folds[k];
        f->n_train = mlsd_folds_part_size(folds, k, 0);
        f->n_test = mlsd_folds_part_size(folds, k, last);
        x->test_train += (double)f->n_test / (double)f->n_train / (double)x->n_splits;
    }
    return MLSD_OK;
}

static mlsd_status run(mlsd__scope *scope, const mlsd__validation_input *in, mlsd_result **out)
{
    nested x = {
        .a = scope->allocator, .search = mlsd__spec_slot_child(in->spec, "search"), .in = in};
    mlsd_status status = prepare(&x);
    if (status == MLSD_OK) status = run_folds(scope, &x);
    bool has_score = false;
    for (int64_t k = 0; status == MLSD_OK && k < x.n_splits; k++) has_score |= !isnan(x.scores[k]);
    if (status == MLSD_OK && !has_score) {
        const char *message = NULL;
        for (int64_t k = 0; k < x.n_splits && message == NULL; k++) message = x.folds[k].message;
        status = mlsd__fail(MLSD_E_DATA, "no outer fold has a %s: %s", x.metrics.names[0],
                            message != NULL ? message : "it is not defined on their test rows");
    }
    if (status == MLSD_OK) status = make_result(scope, &x, out);
    nested_close(&x);
    return status;
}

static const mlsd__validation_ops ops = {.check = check, .run = run};

static const mlsd_param nested_params[] = {
    MLSD__P_STR_LIST(params, metrics, "null",
                     "metrics by name, the first one that of the search; null: the search's"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the outer folds where none are given and no splitter either"),
};

static const mlsd__slot slots[] = {
    {"search", "search", 0, "what is run on the training rows of every outer fold"},
    {"splitter", "splitter", 0,
     "the outer folds; without one, five that keep the classes, keep groups together and respect "
     "times"},
};

const mlsd_kind mlsd__kind_nested_cv = {
    .name = "nested_cv",
    .family = "validation",
    .doc = "A whole search on every outer fold: what it is worth, its choosing included, and "
           "whether it chooses the same",
    .params = nested_params,
    .n_params = MLSD__COUNT(nested_params),
    .params_size = sizeof(params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
};
