/* fold_paths.c - fits that share work: settings of one kind on one split, and last steps behind
 * steps that were fitted once. What cannot be shared, here and now, is done the plain way, so that
 * its message is the plain loop's. All splits at once are in fold_at_once.c. */
#include <math.h>
#include <string.h>

#include "model/pipeline/pipeline_prefix.h"
#include "validate/fold_choices.h"
#include "validate/fold_journal.h"
#include "validate/fold_sink.h"

mlsd_status mlsd__fold_shape_of(const mlsd__scope *scope, const mlsd__fold_set *set,
                                const mlsd_spec *last, const mlsd__frame *x, mlsd__fold_shape *out)
{
    *out = (mlsd__fold_shape){.what = MLSD_OUTPUT_VALUE, .width = 1, .wants = {.values = true}};
    if (set->all.n_classes == 0) return MLSD_OK;
    const mlsd_model model = mlsd__model_view(scope, last, &set->all, x, NULL);
    MLSD__TRY(mlsd__scoring_wants_of(&model, set->in->metrics, set->in->n_metrics,
                                     set->in->keep_predictions, &out->wants));
    out->what = out->wants.proba ? MLSD_OUTPUT_PROBA : mlsd__model_raw(&model, MLSD_OUTPUT_VALUE);
    if (out->what != MLSD_OUTPUT_VALUE) out->width = mlsd__model_width(&model, out->what);
    return MLSD_OK;
}

mlsd_status mlsd__fold_take(mlsd__scope *scope, const mlsd__fold_set *set,
                            const mlsd__fold_shape *shape, const mlsd__fold_truth *truth, int64_t e,
                            int64_t split, bool is_train, const double *prediction)
{
    double *const given = (double *)(uintptr_t)prediction;
    double *classes = NULL;
    mlsd__scoring scoring = {.n = truth->n,
                             .n_classes = set->all.n_classes,
                             .y = (double *)(uintptr_t)truth->y,
                             .weight = (double *)(uintptr_t)truth->weight};
    if (shape->what == MLSD_OUTPUT_VALUE) scoring.values = given;
    if (shape->what == MLSD_OUTPUT_PROBA) scoring.proba = given;
    if (shape->what != MLSD_OUTPUT_VALUE && shape->wants.values) {
        classes = mlsd__alloc_raw(scope->allocator, truth->n, sizeof *classes);
        if (classes == NULL) return MLSD_E_NOMEM;
        mlsd__choose_classes(given, truth->n, shape->width, set->all.n_classes, classes);
        scoring.values = classes;
    }
    const mlsd_status status = mlsd__fold_score(scope, set, e, split, is_train, &scoring);
    mlsd__scoring_free(&scoring); /* what was copied to be kept, and could not be */
    mlsd__free(scope->allocator, classes);
    return status;
}

/* One split of a group. */
typedef struct group_split {
    const mlsd__fold_set *set;
    const mlsd__fold_group *group;
    int64_t split;
    mlsd__train_part train, test;
    mlsd__train for_last; /* the training rows as the last step is given them */
    mlsd__frame parts[2]; /* and those to predict: test, training */
    int64_t n_parts;
    mlsd__prefix prefix;
    mlsd__fold_shape shape;
    int64_t *estimators; /* of the settings that are run */
    double score_seconds;
} group_split;

static mlsd__fold_truth truth_of(const group_split *g, int64_t part)
{
    const mlsd__train_part *const side = part == 0 ? &g->test : &g->train;
    return (mlsd__fold_truth){.n = side->n, .y = side->y, .weight = side->weight};
}

static mlsd_status take(void *user, mlsd__scope *scope, int64_t split, int64_t setting,
                        int64_t part, const double *prediction)
{
    group_split *const g = user;
    const int64_t e = g->estimators[setting];
    const mlsd__fold_truth truth = truth_of(g, part);
    const double start = mlsd__seconds();
    MLSD__TRY(mlsd__fold_take(scope, g->set, &g->shape, &truth, e, split, part > 0, prediction));
    g->score_seconds += mlsd__seconds() - start;
    if (part > 0) return MLSD_OK;
    mlsd__fold_run *const run = mlsd__fold_at(g->set->out, e, split);
    run->is_done = true;
    run->way = MLSD__WAY_SETTINGS;
    run->predict_seconds = NAN;
    return MLSD_OK;
}

static mlsd_status fail(void *user, int64_t split, int64_t setting, mlsd_status status)
{
    const group_split *const g = user;
    const int64_t e = g->estimators[setting];
    mlsd__fold_at(g->set->out, e, split)->way = MLSD__WAY_SETTINGS;
    return mlsd__fold_failed(g->set, e, split, status);
}

/* Settings that pass their own check; the others fail the plain way. */
static mlsd_status list_settings(mlsd__scope *scope, group_split *g, int64_t first, int64_t n,
                                 const mlsd_spec ***out, int64_t *out_n)
{
    const mlsd__fold_group *const group = g->group;
    const mlsd_spec **const settings = mlsd__alloc(scope->allocator, n, sizeof *settings);
    g->estimators = mlsd__alloc(scope->allocator, n, sizeof *g->estimators);
    *out = settings;
    if (settings == NULL || g->estimators == NULL) return MLSD_E_NOMEM;
    for (int64_t i = first; i < first + n; i++) {
        if (mlsd__fold_at(g->set->out, group->members[i], g->split)->is_done) continue;
        if (group->ops->check != NULL &&
            group->ops->check(group->lasts[i], g->set->all.task) != MLSD_OK)
            continue;
        settings[*out_n] = group->lasts[i];
        g->estimators[(*out_n)++] = group->members[i];
    }
    return MLSD_OK;
}

static mlsd_status run_path(mlsd__scope *scope, group_split *g, const mlsd_spec *const *settings,
                            int64_t n)
{
    mlsd__train prepared;
    double *weight = NULL;
    for (int64_t j = 0; j < g->n_parts && !g->set->all.x_is_finite; j++)
        MLSD__TRY(mlsd__frame_require_finite(scope, &g->parts[j], g->group->ops->takes_nan));
    const mlsd__path_sink sink = {.take = take, .fail = fail, .user = g};
    MLSD__TRY(mlsd__fold_shape_of(scope, g->set, settings[0], g->for_last.x, &g->shape));
    mlsd_status status =
        mlsd__estimator_prepare(scope, settings[0], &g->for_last, &prepared, &weight);
    if (status == MLSD_OK) {
        const mlsd__path_fold fold = {.settings = settings,
                                      .n_settings = n,
                                      .train = &prepared,
                                      .parts = g->parts,
                                      .n_parts = g->n_parts,
                                      .what = g->shape.what,
                                      .width = g->shape.width,
                                      .split = g->split,
                                      .sink = &sink};
        status = g->group->ops->path->run(scope, &fold);
    }
    mlsd__free(scope->allocator, weight);
    return status;
}

static mlsd_status run_settings(mlsd__scope *scope, group_split *g, int64_t first, int64_t n)
{
    const mlsd_spec **settings = NULL;
    int64_t n_settings = 0;
    const double start = mlsd__seconds();
    mlsd_status status = list_settings(scope, g, first, n, &settings, &n_settings);
    if (status == MLSD_OK && n_settings > 0) status = run_path(scope, g, settings, n_settings);
    const double seconds = mlsd__seconds() - start - g->score_seconds;
    for (int64_t i = 0; status == MLSD_OK && i < n_settings; i++)
        mlsd__fold_at(g->set->out, g->estimators[i], g->split)->fit_seconds =
            seconds / (double)n_settings;
    mlsd__free(scope->allocator, settings);
    mlsd__free(scope->allocator, g->estimators);
    g->estimators = NULL;
    return status;
}

static mlsd_status score_last(mlsd__scope *scope, const group_split *g, int64_t e,
                              const mlsd_model *model)
{
    const mlsd__fold_input *const in = g->set->in;
    for (int64_t part = 0; part < g->n_parts; part++) {
        const mlsd__fold_truth truth = truth_of(g, part);
        mlsd__scoring scoring;
        MLSD__TRY(mlsd__scoring_make_frame(scope, model, &g->parts[part], truth.y, truth.weight,
                                           in->metrics, in->n_metrics,
                                           in->keep_predictions && part == 0, &scoring));
        if (part == 0)
            mlsd__fold_at(g->set->out, e, g->split)->predict_seconds = scoring.predict_seconds;
        const mlsd_status status = mlsd__fold_score(scope, g->set, e, g->split, part > 0, &scoring);
        mlsd__scoring_free(&scoring);
        MLSD__TRY(status);
    }
    return MLSD_OK;
}

static mlsd_status fit_last(mlsd__scope *scope, const group_split *g, int64_t i)
{
    const int64_t e = g->group->members[i];
    const mlsd_spec *const last = g->group->lasts[i];
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(last);
    mlsd__fold_run *const run = mlsd__fold_at(g->set->out, e, g->split);
    void *state = NULL;
    const double start = mlsd__seconds();
    mlsd_status status = mlsd__estimator_fit(scope, last, &g->for_last, &state);
    run->fit_seconds = mlsd__seconds() - start;
    if (status == MLSD_OK) {
        const mlsd_model model = mlsd__model_view(scope, last, &g->for_last, g->for_last.x, state);
        status = score_last(scope, g, e, &model);
        ops->free_state(scope->allocator, state);
    }
    run->is_done = status == MLSD_OK;
    run->way = MLSD__WAY_SHARED;
    if (status != MLSD_OK) status = mlsd__fold_failed(g->set, e, g->split, status);
    const mlsd__fold_unit unit = {.members = &e, .n_members = 1, .split = g->split};
    if (status == MLSD_OK) mlsd__fold_record(g->set, &unit);
    return status;
}

/* The two sides, and the steps before the last. */
static mlsd_status open_split(mlsd__scope *scope, group_split *g)
{
    const mlsd__fold_set *const set = g->set;
    MLSD__TRY(mlsd__fold_side(scope, set, g->split, false, &g->train));
    MLSD__TRY(mlsd__fold_side(scope, set, g->split, true, &g->test));
    g->n_parts = set->in->train_scores ? 2 : 1;
    g->parts[0] = g->test.frame;
    g->parts[1] = g->train.frame;
    g->for_last = g->train.train;
    if (g->group->n_steps == 0) return MLSD_OK;
    const mlsd__prefix_input in = {.steps = g->group->steps,
                                   .names = g->group->names,
                                   .n_steps = g->group->n_steps,
                                   .train = &g->train.train,
                                   .parts = g->parts,
                                   .n_parts = g->n_parts,
                                   .parts_are_finite = set->all.x_is_finite};
    MLSD__TRY(mlsd__prefix_fit(scope, &in, &g->prefix));
    g->for_last = g->prefix.train;
    return MLSD_OK;
}

static void close_split(const mlsd__allocator *a, group_split *g)
{
    mlsd__prefix_free(a, &g->prefix);
    mlsd__train_part_close(&g->test, a);
    mlsd__train_part_close(&g->train, a);
}

/* The members first .. first + n - 1 that are not done. */
static int64_t count_left(const mlsd__fold_set *set, const mlsd__fold_group *group, int64_t first,
                          int64_t n, int64_t split)
{
    int64_t n_left = 0;
    for (int64_t i = first; i < first + n; i++)
        n_left += !mlsd__fold_at(set->out, group->members[i], split)->is_done;
    return n_left;
}

/* What the journal has of them. */
static bool recall(const mlsd__fold_set *set, const mlsd__fold_group *group,
                   const mlsd__fold_unit *unit)
{
    if (group->runs_settings) return mlsd__fold_recall(set, unit);
    for (int64_t i = 0; i < unit->n_members; i++) {
        const mlsd__fold_unit one = {
            .members = &unit->members[i], .n_members = 1, .split = unit->split};
        if (!mlsd__fold_at(set->out, unit->members[i], unit->split)->is_done)
            (void)mlsd__fold_recall(set, &one);
    }
    return count_left(set, group, unit->members - group->members, unit->n_members, unit->split) ==
           0;
}

/* Failures that the plain way will meet again, and tell of in its own words. */
static bool leaves_it(mlsd_status status)
{
    return status == MLSD_OK || status == MLSD_E_UNSUPPORTED || mlsd__fold_is_about_data(status);
}

/* The shared way, as far as it goes. */
static mlsd_status fit_shared(mlsd__scope *scope, const mlsd__fold_set *set,
                              const mlsd__fold_group *group, int64_t first, int64_t n,
                              int64_t split)
{
    const mlsd__fold_unit unit = {.members = group->members + first,
                                  .n_members = n,
                                  .split = split,
                                  .way = MLSD__WAY_SETTINGS};
    if (recall(set, group, &unit)) return MLSD_OK;
    group_split g = {.set = set, .group = group, .split = split};
    mlsd_status status = open_split(scope, &g);
    if (status == MLSD_OK && g.train.n > 0) {
        /* The parts as the last step is given them stand with the prefix. */
        const mlsd__frame raw[2] = {g.parts[0], g.parts[1]};
        for (int64_t j = 0; group->n_steps > 0 && j < g.n_parts; j++)
            g.parts[j] = g.prefix.parts[j];
        for (int64_t i = first; status == MLSD_OK && i < first + n; i++)
            status = mlsd__fold_keep_prefix(set, group->members[i], split, &g.prefix);
        if (status == MLSD_OK && group->runs_settings) status = run_settings(scope, &g, first, n);
        for (int64_t i = first; status == MLSD_OK && !group->runs_settings && i < first + n; i++) {
            if (!mlsd__fold_at(set->out, group->members[i], split)->is_done)
                status = fit_last(scope, &g, i);
        }
        g.parts[0] = raw[0];
        g.parts[1] = raw[1];
    }
    close_split(scope->allocator, &g);
    if (group->runs_settings && leaves_it(status)) mlsd__fold_record(set, &unit);
    return status;
}

mlsd_status mlsd__fold_fit_group(mlsd__scope *scope, const mlsd__fold_set *set,
                                 const mlsd__fold_group *group, int64_t first, int64_t n,
                                 int64_t split)
{
    const mlsd_status status = fit_shared(scope, set, group, first, n, split);
    if (!leaves_it(status)) return status;
    for (int64_t i = first; i < first + n; i++) {
        if (!mlsd__fold_at(set->out, group->members[i], split)->is_done)
            MLSD__TRY(mlsd__fold_fit_plain(scope, set, group->members[i], split));
    }
    return MLSD_OK;
}
