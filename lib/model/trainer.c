/* trainer.c - see the header. */
#include "model/trainer.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "curve/curve_impl.h"
#include "model/training_file.h"

typedef struct trainer {
    const mlsd__trainer_rule *rule;
    const mlsd__trainee_ops *ops;
    void *self;
    const mlsd__training_sets *sets;
    mlsd_curve *curve;  /* the caller's, or NULL */
    mlsd__cycle *cycle; /* NULL: a training of its own */
    bool curve_rules;
    mlsd__trainee_array *arrays;
    int64_t n_arrays, n_bytes, n_model_bytes; /* of all arrays, and of the model's */
    mlsd__early_stopping own_rule;            /* from tol and n_iter_no_change */
    mlsd__stopper own;
    unsigned char *best, *last; /* model arrays: of the best epoch, and the last finite ones */
    double *losses, *best_losses, *last_losses; /* by set; the first are this epoch's */
    bool has_best, has_last;
    int64_t best_epoch, n_epochs;
    mlsd_stop_reason reason;
    const mlsd__training_file *file; /* NULL: none */
    mlsd__training_key key;
    double *history; /* losses of every epoch by set, where there is a file or a cycle */
    int64_t history_capacity;
    bool has_written;
} trainer;

/* ---- the arrays ---- */

static int64_t bytes_of(const mlsd__trainee_array *array)
{
    const bool is_wide = array->dtype == MLSD_F64 || array->dtype == MLSD_I64;
    return array->n * (is_wide ? 8 : 4);
}

/* Copy all arrays, or those of the model, to bytes or back; returns how many bytes. */
static int64_t move_arrays(const trainer *t, bool all, bool back, unsigned char *bytes)
{
    int64_t at = 0;
    for (int64_t i = 0; i < t->n_arrays; i++) {
        const mlsd__trainee_array *const array = &t->arrays[i];
        const int64_t n = bytes_of(array);
        if (n == 0 || (!all && !array->is_model)) continue;
        if (bytes != NULL && back) memcpy(array->data, bytes + at, (size_t)n);
        if (bytes != NULL && !back) memcpy(bytes + at, array->data, (size_t)n);
        at += n;
    }
    return at;
}

static bool is_finite_array(const mlsd__trainee_array *array)
{
    const double *const wide = array->data;
    const float *const narrow = array->data;
    int64_t n_bad = 0;
    if (array->dtype == MLSD_F64)
        for (int64_t i = 0; i < array->n; i++) n_bad += !isfinite(wide[i]);
    else if (array->dtype == MLSD_F32)
        for (int64_t i = 0; i < array->n; i++) n_bad += !isfinite(narrow[i]);
    return n_bad == 0;
}

static bool is_finite_state(const trainer *t)
{
    for (int64_t i = 0; i < t->n_arrays; i++)
        if (!is_finite_array(&t->arrays[i])) return false;
    return true;
}

static void copy_losses(const trainer *t, double *to)
{
    memcpy(to, t->losses, (size_t)t->sets->n * sizeof *to);
}

static mlsd_status mean_losses(trainer *t, mlsd__scope *scope)
{
    for (int64_t set = 0; set < t->sets->n; set++)
        MLSD__TRY(t->ops->mean_loss(t->self, scope, set, &t->losses[set]));
    return MLSD_OK;
}

/* Losses of an epoch into the curve. */
static mlsd_status fill_curve(trainer *t, int64_t epoch, const double *losses)
{
    const int64_t step = epoch + (t->cycle != NULL ? t->cycle->first_epoch : 0);
    for (int64_t set = 0; t->curve != NULL && set < t->sets->n; set++)
        MLSD__TRY(mlsd_curve_add(t->curve, t->sets->sets[set].name, step, losses[set]));
    return MLSD_OK;
}

static mlsd_status keep_history(trainer *t, const mlsd__allocator *a, int64_t epoch)
{
    if (t->file == NULL && t->cycle == NULL) return MLSD_OK;
    void *history = t->history;
    MLSD__TRY(mlsd__reserve(a, &history, &t->history_capacity, (epoch + 1) * t->sets->n,
                            sizeof *t->history));
    t->history = history;
    copy_losses(t, t->history + epoch * t->sets->n);
    return MLSD_OK;
}

/* ---- an epoch ---- */

/* Put the epoch's losses on record; *out_improved where the watched one is the best so far. */
static mlsd_status record(trainer *t, int64_t epoch, bool *out_improved)
{
    const double penalty = t->ops->penalty != NULL ? t->ops->penalty(t->self) : 0.0;
    const double watched = t->sets->has_valid ? t->losses[1] : t->losses[0] + penalty;
    const bool counts = epoch >= t->rule->best_from;
    if (counts) mlsd__stopper_add(&t->own, &t->own_rule, false, (double)epoch, watched);
    if (t->ops->watched != NULL) t->ops->watched(t->self, epoch, watched);
    *out_improved = counts && t->own.improved != 0;
    MLSD__TRY(fill_curve(t, epoch, t->losses));
    if (t->curve_rules) *out_improved = counts && mlsd__curve_improved(t->curve);
    return MLSD_OK;
}

/* Does the watched loss, or the model, say stop? */
static bool wants_to_stop(trainer *t)
{
    if (t->cycle == NULL && t->own.reason == MLSD_STOP_PATIENCE && t->ops->goes_on != NULL &&
        t->ops->goes_on(t->self)) {
        t->own.reason = MLSD_STOP_NONE;
        t->own.wait = 0;
    }
    if (t->ops->end != NULL) {
        t->reason = t->ops->end(t->self);
        if (t->reason != MLSD_STOP_NONE) return true;
    }
    if (t->curve_rules) {
        t->reason = mlsd_curve_stop_reason(t->curve);
        return mlsd_curve_should_stop(t->curve) != 0;
    }
    if (t->cycle != NULL) return false;
    t->reason = (mlsd_stop_reason)t->own.reason;
    if (t->reason == MLSD_STOP_PATIENCE && !t->sets->has_valid) t->reason = MLSD_STOP_CONVERGED;
    return t->reason != MLSD_STOP_NONE;
}

/* One epoch; *out_done at the end of the training. */
static mlsd_status run_epoch(trainer *t, mlsd__scope *scope, int64_t epoch, bool *out_done)
{
    bool improved = false;
    MLSD__TRY(t->ops->epoch(t->self, scope, epoch));
    MLSD__TRY(mean_losses(t, scope));
    t->n_epochs = epoch + 1;
    MLSD__TRY(keep_history(t, scope->allocator, epoch));
    MLSD__TRY(record(t, epoch, &improved));
    if (!isfinite(t->losses[0]) || !is_finite_state(t)) {
        t->reason = MLSD_STOP_NONFINITE;
        *out_done = true;
        return MLSD_OK;
    }
    t->has_last = true;
    copy_losses(t, t->last_losses);
    (void)move_arrays(t, false, false, t->last);
    if (improved) {
        t->has_best = true;
        t->best_epoch = epoch;
        copy_losses(t, t->best_losses);
        (void)move_arrays(t, false, false, t->best);
    }
    *out_done = wants_to_stop(t);
    return MLSD_OK;
}

/* ---- going on from where a smaller budget ended ---- */

/* What is left after a run; then come the best and the last losses, all arrays, and the model's of
 * the best and of the last epoch. */
typedef struct progress_head {
    int64_t n_sets, n_bytes, n_model_bytes;
    int64_t n_epochs, best_epoch, has_best, has_last, reason;
    mlsd__stopper own;
} progress_head;

/* Lay the parts one after the other from `at`, or take them back. */
static void move_parts(const trainer *t, bool back, unsigned char *at)
{
    struct {
        void *data;
        int64_t n_bytes;
    } const parts[] = {
        {t->best_losses, t->sets->n * (int64_t)sizeof *t->best_losses},
        {t->last_losses, t->sets->n * (int64_t)sizeof *t->last_losses},
        {t->best, t->n_model_bytes},
        {t->last, t->n_model_bytes},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const size_t n = (size_t)parts[i].n_bytes;
        if (n == 0) continue;
        memcpy(back ? parts[i].data : at, back ? at : parts[i].data, n);
        at += n;
    }
    (void)move_arrays(t, true, back, at);
}

static mlsd_status go_on(trainer *t, unsigned char *from)
{
    progress_head head;
    memcpy(&head, from, sizeof head);
    if (head.n_sets != t->sets->n || head.n_bytes != t->n_bytes ||
        head.n_model_bytes != t->n_model_bytes)
        return mlsd__fail(MLSD_E_INTERNAL, "training went on with other rows or parameters");
    t->n_epochs = head.n_epochs;
    t->best_epoch = head.best_epoch;
    t->has_best = head.has_best != 0;
    t->has_last = head.has_last != 0;
    t->reason = (mlsd_stop_reason)head.reason;
    t->own = head.own;
    move_parts(t, true, from + sizeof head);
    return MLSD_OK;
}

static int64_t progress_size(const trainer *t)
{
    return (int64_t)sizeof(progress_head) + 2 * t->sets->n * (int64_t)sizeof *t->losses +
           2 * t->n_model_bytes + t->n_bytes;
}

static void put_progress(const trainer *t, mlsd_stop_reason reason, unsigned char *out)
{
    const progress_head head = {.n_sets = t->sets->n,
                                .n_bytes = t->n_bytes,
                                .n_model_bytes = t->n_model_bytes,
                                .n_epochs = t->n_epochs,
                                .best_epoch = t->best_epoch,
                                .has_best = t->has_best,
                                .has_last = t->has_last,
                                .reason = reason,
                                .own = t->own};
    memcpy(out, &head, sizeof head);
    move_parts(t, false, out + sizeof head);
}

static mlsd_status leave_progress(const trainer *t, const mlsd__allocator *a, void **progress)
{
    unsigned char *const left = mlsd__alloc(a, progress_size(t), 1);
    if (left == NULL) return MLSD_E_NOMEM;
    put_progress(t, t->reason, left);
    mlsd__free(a, *progress);
    *progress = left;
    return MLSD_OK;
}

/* ---- the file that a training is kept in: progress, and the losses of every epoch ---- */

static int64_t history_size(const trainer *t)
{
    return t->n_epochs * t->sets->n * (int64_t)sizeof *t->history;
}

/* Where the first one cannot be written the fit ends; later it is worth more than its file. */
static mlsd_status write_file(trainer *t, mlsd__scope *scope, mlsd_stop_reason reason)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = progress_size(t), n_history = history_size(t);
    unsigned char *const bytes = mlsd__alloc(a, n + n_history, 1);
    if (bytes == NULL) return MLSD_E_NOMEM;
    put_progress(t, reason, bytes);
    memcpy(bytes + n, t->history, (size_t)n_history);
    const mlsd_status status = mlsd__training_file_write(t->file, a, t->key, bytes, n + n_history);
    mlsd__free(a, bytes);
    if (status == MLSD_OK) t->has_written = true;
    if (status == MLSD_OK || status == MLSD_E_NOMEM || !t->has_written) return status;
    mlsd__log_line(scope, MLSD_LOG_WARNING, "the training is not kept any more: %s",
                   mlsd_last_error());
    t->file = NULL;
    return MLSD_OK;
}

/* Take the history, and let the curve see what it has seen. */
static mlsd_status replay(trainer *t, const mlsd__allocator *a, const unsigned char *bytes)
{
    const int64_t n_sets = t->sets->n, n_epochs = t->n_epochs;
    void *history = t->history;
    MLSD__TRY(
        mlsd__reserve(a, &history, &t->history_capacity, n_epochs * n_sets, sizeof *t->history));
    t->history = history;
    memcpy(t->history, bytes, (size_t)history_size(t));
    for (int64_t epoch = 0; epoch < n_epochs; epoch++)
        MLSD__TRY(fill_curve(t, epoch, t->history + epoch * n_sets));
    return MLSD_OK;
}

static mlsd_status go_on_from_file(trainer *t, mlsd__scope *scope, int64_t n_targets)
{
    const mlsd__allocator *const a = scope->allocator;
    unsigned char *bytes = NULL;
    int64_t n = 0;
    MLSD__TRY(mlsd__training_file_key(t->file, scope, t->sets, n_targets, &t->key));
    MLSD__TRY(mlsd__training_file_read(t->file, a, t->key, &bytes, &n));
    if (bytes == NULL) return MLSD_OK;
    const int64_t n_progress = progress_size(t);
    mlsd_status status = n >= n_progress ? go_on(t, bytes) : MLSD_E_CORRUPT;
    if (status == MLSD_OK && (t->n_epochs < 1 || n - n_progress != history_size(t)))
        status = MLSD_E_CORRUPT;
    if (status == MLSD_E_CORRUPT)
        (void)mlsd__fail(status, "checkpoint '%.200s' is damaged; remove it", t->file->path);
    if (status == MLSD_OK) status = replay(t, a, bytes + n_progress);
    t->has_written = status == MLSD_OK;
    mlsd__free(a, bytes);
    return status;
}

/* ---- the run ---- */

/* Keep an epoch that is done, where it is one of those that are kept. */
static mlsd_status keep_epoch(trainer *t, mlsd__scope *scope, bool is_done)
{
    const bool is_last = is_done || t->n_epochs == t->rule->max_iter;
    if (t->file == NULL || (!is_last && t->n_epochs % t->file->every != 0)) return MLSD_OK;
    return write_file(t, scope, is_done ? t->reason : MLSD_STOP_BUDGET);
}

static mlsd_status run_epochs(trainer *t, mlsd__scope *scope)
{
    bool done = t->n_epochs > 0 && t->reason != MLSD_STOP_BUDGET;
    mlsd_status status = MLSD_OK;
    const bool goes_on = t->cycle != NULL && t->cycle->first_epoch > 0;
    if (t->curve != NULL && !goes_on) mlsd__curve_begin(t->curve);
    mlsd__stage_begin(scope, "train", t->rule->max_iter);
    for (int64_t epoch = t->n_epochs; status == MLSD_OK && !done && epoch < t->rule->max_iter;
         epoch++) {
        status = run_epoch(t, scope, epoch, &done);
        if (status == MLSD_OK) status = keep_epoch(t, scope, done);
        mlsd__stage_advance(scope, 1);
    }
    mlsd__stage_end(scope);
    if (status == MLSD_OK && !done) t->reason = MLSD_STOP_BUDGET;
    if (status == MLSD_E_CANCELLED) t->reason = MLSD_STOP_CANCELLED;
    if (t->curve != NULL) mlsd__curve_end(t->curve, t->reason);
    if (t->cycle != NULL) t->cycle->is_last = done;
    return status;
}

/* Put what is to be given back into the model's arrays. */
static mlsd_status give_back(trainer *t, mlsd__scope *scope, mlsd__training_outcome *out)
{
    const bool restores =
        t->cycle == NULL && (!t->curve_rules || mlsd__curve_restores_best(t->curve));
    const bool is_best = restores && t->has_best;
    (void)move_arrays(t, false, true, is_best ? t->best : t->last);
    if (!t->has_last) { /* the first epoch broke down: what there was before it */
        MLSD__TRY(mean_losses(t, scope));
        copy_losses(t, t->last_losses);
    }
    const double *const losses = is_best ? t->best_losses : t->last_losses;
    *out = (mlsd__training_outcome){.n_epochs = t->n_epochs,
                                    .best_epoch = is_best ? t->best_epoch : -1,
                                    .loss = losses[0],
                                    .valid_loss = t->sets->has_valid ? losses[1] : NAN,
                                    .reason = t->reason};
    return MLSD_OK;
}

/* What a cycle is told of its part. */
static void tell_cycle(trainer *t, const mlsd__training_outcome *outcome)
{
    if (t->cycle == NULL) return;
    t->cycle->outcome = *outcome;
    t->cycle->n_sets = t->sets->n;
    t->cycle->history = t->history;
    t->history = NULL;
}

static bool watches_a_set(const mlsd_curve *curve, const mlsd__training_sets *sets)
{
    for (int64_t set = 0; curve != NULL && set < sets->n; set++)
        if (mlsd__curve_watches(curve, sets->sets[set].name)) return true;
    return false;
}

static void trainer_close(trainer *t, const mlsd__allocator *a)
{
    mlsd__free(a, t->arrays);
    mlsd__free(a, t->best);
    mlsd__free(a, t->last);
    mlsd__free(a, t->losses);
    mlsd__free(a, t->history);
}

static mlsd_status trainer_open(trainer *t, const mlsd__allocator *a)
{
    const int64_t n_sets = t->sets->n;
    t->n_arrays = t->ops->arrays(t->self, NULL, 0);
    t->arrays = mlsd__alloc(a, t->n_arrays, sizeof *t->arrays);
    t->losses = mlsd__alloc(a, 3 * n_sets, sizeof *t->losses);
    if (t->arrays == NULL || t->losses == NULL) return MLSD_E_NOMEM;
    t->best_losses = t->losses + n_sets;
    t->last_losses = t->losses + 2 * n_sets;
    (void)t->ops->arrays(t->self, t->arrays, t->n_arrays);
    t->n_bytes = move_arrays(t, true, false, NULL);
    t->n_model_bytes = move_arrays(t, false, false, NULL);
    t->best = mlsd__alloc_raw(a, t->n_model_bytes, 1);
    t->last = mlsd__alloc_raw(a, t->n_model_bytes, 1);
    if (t->best == NULL || t->last == NULL) return MLSD_E_NOMEM;
    (void)move_arrays(t, false, false, t->best);
    (void)move_arrays(t, false, false, t->last);
    t->curve_rules = watches_a_set(t->curve, t->sets);
    t->own_rule = (mlsd__early_stopping){.patience = t->rule->n_iter_no_change,
                                         .min_delta = t->rule->tol,
                                         .baseline = NAN,
                                         .target = NAN,
                                         .divergence = NAN,
                                         .check_finite = 1};
    mlsd__stopper_init(&t->own);
    return MLSD_OK;
}

mlsd_status mlsd__trainer_run(mlsd__scope *scope, const mlsd__trainer_rule *rule,
                              const mlsd__trainee_ops *ops, void *self,
                              const mlsd__training_sets *sets, const mlsd__train *train,
                              mlsd__training_outcome *out)
{
    const mlsd__allocator *a = scope->allocator;
    trainer t = {.rule = rule, .ops = ops, .self = self, .sets = sets};
    t.curve = train->curve;
    t.cycle = train->cycle;
    mlsd_status status = trainer_open(&t, a);
    if (status == MLSD_OK && train->progress != NULL && *train->progress != NULL)
        status = go_on(&t, *train->progress);
    if (status == MLSD_OK && train->file != NULL) {
        t.file = train->file;
        status = go_on_from_file(&t, scope, 1 + train->n_more_targets);
    }
    if (status == MLSD_OK) status = run_epochs(&t, scope);
    if (status == MLSD_OK && train->progress != NULL)
        status = leave_progress(&t, a, train->progress);
    if (status == MLSD_OK) status = give_back(&t, scope, out);
    if (status == MLSD_OK) tell_cycle(&t, out);
    trainer_close(&t, a);
    return status;
}

const char *mlsd__training_number(const mlsd__training_outcome *outcome, int64_t i, double *value)
{
    const mlsd_stop_reason reason = outcome->reason;
    const bool converged =
        reason == MLSD_STOP_CONVERGED || reason == MLSD_STOP_PATIENCE || reason == MLSD_STOP_TARGET;
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"n_iter", (double)outcome->n_epochs},
        {"converged", converged ? 1.0 : 0.0},
        {"loss", outcome->loss},
        {"valid_loss", outcome->valid_loss},
        {"best_iter", outcome->best_epoch >= 0 ? (double)outcome->best_epoch : NAN},
        {"stop_reason", (double)reason},
    };
    if (i < 0 || i >= (int64_t)(sizeof numbers / sizeof *numbers)) return NULL;
    *value = numbers[i].value;
    return numbers[i].name;
}
