/* fold_journal.c - see the header. Keys are hashes of everything that a score depends on, so there
 * is nothing to invalidate: other data, folds or specs have other keys. */
#include "validate/fold_journal.h"

#include <string.h>

#include "mlsd/version.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/journal.h"
#include "data/frame_hash.h"
#include "split/splitter.h"
#include "validate/fold_curves.h"

struct mlsd__fold_journal {
    mlsd__allocator allocator;
    mlsd__journal *file;
    mlsd__journal_key base;    /* data, metrics, numerics, version */
    mlsd__journal_key *splits; /* rows of each split */
};

static mlsd__journal_key hash(const mlsd__writer *w)
{
    return (mlsd__journal_key){
        {mlsd__hash64(w->data, (size_t)w->size, 1), mlsd__hash64(w->data, (size_t)w->size, 2)}};
}

static void put_key(mlsd__writer *w, mlsd__journal_key key)
{
    mlsd__put_bytes(w, key.word, sizeof key.word);
}

/* Everything but the rows of splits and the specs. */
static mlsd_status hash_base(mlsd__scope *scope, const mlsd__fold_set *set, mlsd__writer *w)
{
    const mlsd__fold_input *const in = set->in;
    const mlsd__data_store *const store = in->dataset->store;
    mlsd__put_str(w, mlsd_version_string());
    mlsd__put_i64(w, mlsd__thread_numerics());
    mlsd__put_i64(w, in->is_plain_loop + 2 * in->keep_predictions + 4 * in->train_scores +
                         8 * in->keep_choices);
    for (int64_t m = 0; m < in->n_metrics; m++) mlsd__put_str(w, in->metrics[m]);
    mlsd__put_i64(w, set->x.n_rows);
    mlsd__put_i64(w, store->task);
    mlsd__put_i64(w, store->n_targets);
    for (int64_t c = 0; c < store->n_classes; c++) mlsd__put_str(w, store->class_names[c]);
    mlsd__put_f64s(w, set->y, set->y != NULL ? set->x.n_rows * store->n_targets : 0);
    mlsd__put_f64s(w, set->weight, set->weight != NULL ? set->x.n_rows : 0);
    return mlsd__frame_put_hash(scope, &set->x, w);
}

/* Times order the rows of forecasters, whose fits say what is wrong with them. */
static mlsd_status put_times(const mlsd_dataset *data, mlsd__writer *w)
{
    int64_t *times = NULL, *ends = NULL;
    mlsd__time_scale scale;
    if (data->store->time == NULL) return MLSD_OK;
    const mlsd_status status = mlsd__dataset_gather_times(data, &times, &ends, &scale);
    mlsd__put_i64(w, status);
    if (status == MLSD_OK) mlsd__put_i64s(w, times, data->n_rows);
    if (status == MLSD_OK && ends != NULL) mlsd__put_i64s(w, ends, data->n_rows);
    mlsd__free(&data->store->allocator, times);
    mlsd__free(&data->store->allocator, ends);
    return status == MLSD_E_NOMEM ? status : MLSD_OK;
}

/* Groups say how the inner folds of a search are cut. Those that cannot be read fail there. */
static mlsd_status put_groups(const mlsd_dataset *data, mlsd__writer *w)
{
    const mlsd__allocator *const a = &data->store->allocator;
    double *groups = NULL;
    char **names = NULL;
    if (data->store->group == NULL) return MLSD_OK;
    const mlsd_status status = mlsd__dataset_gather_group(data, &groups, &names);
    mlsd__put_i64(w, status);
    if (status == MLSD_OK) mlsd__put_f64s(w, groups, data->n_rows);
    mlsd__free(a, groups);
    mlsd__free(a, names);
    return status == MLSD_E_NOMEM ? status : MLSD_OK;
}

static mlsd_status hash_split(const mlsd__fold_set *set, int64_t k, mlsd__journal_key *out)
{
    const mlsd_folds *const folds = set->in->folds;
    const mlsd__allocator *const a = &set->out->allocator;
    mlsd__writer w;
    mlsd__writer_init(&w, a);
    const int64_t parts[] = {0, set->last_part};
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < MLSD__COUNT(parts) && status == MLSD_OK; i++) {
        const int64_t n = mlsd_folds_part_size(folds, k, parts[i]);
        int64_t *const rows = mlsd__alloc_raw(a, n, sizeof *rows);
        status = rows != NULL ? mlsd_folds_part(folds, k, parts[i], rows, n) : MLSD_E_NOMEM;
        if (status == MLSD_OK) mlsd__put_i64s(&w, rows, n);
        mlsd__free(a, rows);
    }
    if (status == MLSD_OK) status = w.status;
    if (status == MLSD_OK) *out = hash(&w);
    mlsd__writer_free(&w);
    return status;
}

static mlsd_status open_journal(mlsd__scope *scope, const char *path, const mlsd__fold_set *set,
                                struct mlsd__fold_journal *j)
{
    MLSD__TRY(mlsd__journal_open(scope->allocator, path, mlsd__journal_is_open(scope), &j->file));
    j->splits = mlsd__alloc(scope->allocator, set->out->n_splits, sizeof *j->splits);
    if (j->splits == NULL) return MLSD_E_NOMEM;
    mlsd__writer w;
    mlsd__writer_init(&w, scope->allocator);
    mlsd_status status = hash_base(scope, set, &w);
    if (status == MLSD_OK) status = put_times(set->in->dataset, &w);
    if (status == MLSD_OK) status = put_groups(set->in->dataset, &w);
    if (status == MLSD_OK) status = w.status;
    if (status == MLSD_OK) j->base = hash(&w);
    mlsd__writer_free(&w);
    for (int64_t k = 0; status == MLSD_OK && k < set->out->n_splits; k++)
        status = hash_split(set, k, &j->splits[k]);
    return status;
}

static void free_journal(struct mlsd__fold_journal *j)
{
    const mlsd__allocator a = j->allocator;
    mlsd__journal_close(j->file);
    mlsd__free(&a, j->splits);
    mlsd__free(&a, j);
}

mlsd_status mlsd__fold_journal_open(mlsd__scope *scope, mlsd__fold_set *set)
{
    const char *const path = mlsd__scope_journal(scope);
    if (path == NULL) return MLSD_OK;
    struct mlsd__fold_journal *const j = mlsd__alloc(scope->allocator, 1, sizeof *j);
    if (j == NULL) return MLSD_E_NOMEM;
    j->allocator = *scope->allocator;
    const mlsd_status status = open_journal(scope, path, set, j);
    if (status != MLSD_OK) {
        free_journal(j);
        return status;
    }
    if (!mlsd__journal_is_locked(j->file)) mlsd__journal_count(scope, 1);
    if (mlsd__journal_is_locked(j->file))
        mlsd__log_line(scope, MLSD_LOG_WARNING,
                       "another process writes the journal '%.200s': what is in it is used, and "
                       "nothing is added",
                       path);
    set->journal = j;
    return MLSD_OK;
}

void mlsd__fold_journal_close(mlsd__scope *scope, mlsd__fold_set *set)
{
    if (set->journal == NULL) return;
    char reason[128];
    if (!mlsd__journal_is_locked(set->journal->file)) mlsd__journal_count(scope, -1);
    if (mlsd__journal_failed(set->journal->file, reason, sizeof reason))
        mlsd__log_line(scope, MLSD_LOG_WARNING,
                       "the journal '%.200s' could not be written (%s): the work went on, but a "
                       "later run will do some of it again",
                       mlsd__scope_journal(scope), reason);
    free_journal(set->journal);
    set->journal = NULL;
}

static void put_spec(mlsd__writer *w, const mlsd_spec *spec)
{
    int64_t n = 0;
    if (w->status == MLSD_OK) w->status = mlsd_spec_to_json(spec, 0, NULL, 0, &n);
    char *const text = mlsd__alloc(w->allocator, n + 1, 1);
    if (text == NULL && w->status == MLSD_OK) w->status = MLSD_E_NOMEM;
    if (w->status == MLSD_OK) w->status = mlsd_spec_to_json(spec, 0, text, n + 1, NULL);
    if (w->status == MLSD_OK) mlsd__put_str(w, text);
    mlsd__free(w->allocator, text);
}

static bool key_of(const mlsd__fold_set *set, const mlsd__fold_unit *unit, mlsd__journal_key *out)
{
    mlsd__writer w;
    mlsd__writer_init(&w, &set->out->allocator);
    put_key(&w, set->journal->base);
    mlsd__put_i64(&w, unit->way);
    for (int64_t k = 0; k < set->out->n_splits; k++) {
        if (unit->split == k || unit->split < 0) put_key(&w, set->journal->splits[k]);
    }
    for (int64_t i = 0; i < unit->n_members; i++)
        put_spec(&w, set->in->estimators[unit->members[i]]);
    const bool is_known = w.status == MLSD_OK;
    if (is_known) *out = hash(&w);
    mlsd__writer_free(&w);
    return is_known;
}

static bool is_kept(const mlsd__fold_set *set, const mlsd__fold_unit *unit)
{
    for (int64_t i = 0; i < unit->n_members; i++) {
        const mlsd_spec *const spec = set->in->estimators[unit->members[i]];
        if (mlsd__spec_is_custom(spec) || mlsd__fold_tells_curve(set->in, spec)) return false;
    }
    return set->journal != NULL;
}

/* Does the record of a unit hold this run? */
static bool holds(const mlsd__fold_unit *unit, const mlsd__fold_run *run)
{
    if (!run->is_done) return false;
    return unit->way == MLSD__WAY_LOOP || run->way == unit->way;
}

static void put_scoring(mlsd__writer *w, const mlsd__scoring *s)
{
    mlsd__put_i64(w, s->n_classes);
    mlsd__put_f64s(w, s->y, s->y != NULL ? s->n : 0);
    mlsd__put_f64s(w, s->weight, s->weight != NULL ? s->n : 0);
    mlsd__put_f64s(w, s->values, s->values != NULL ? s->n : 0);
    mlsd__put_f64s(w, s->proba, s->proba != NULL ? s->n * s->n_classes : 0);
}

static void put_run(mlsd__writer *w, const mlsd__fold_set *set, int64_t e, int64_t k)
{
    const mlsd__fold_run *const run = mlsd__fold_at(set->out, e, k);
    mlsd__put_i64(w, run->status);
    mlsd__put_i64(w, run->way);
    mlsd__put_str(w, run->message);
    mlsd__put_f64(w, run->fit_seconds);
    mlsd__put_f64(w, run->predict_seconds);
    for (int64_t m = 0; m < set->in->n_metrics; m++) {
        mlsd__put_f64(w, mlsd__fold_scores(set->out, e, m)[k]);
        if (set->in->train_scores) mlsd__put_f64(w, mlsd__fold_train_scores(set->out, e, m)[k]);
    }
    if (set->in->keep_predictions) put_scoring(w, &run->scoring);
    if (set->in->keep_choices) mlsd__put_str(w, run->choices);
}

/* An array of n numbers or none. */
static void take_numbers(mlsd__reader *r, int64_t n, double **out)
{
    int64_t n_taken = 0;
    *out = mlsd__take_f64s(r, &n_taken);
    if (r->status != MLSD_OK || n_taken == n) return;
    if (n_taken != 0) r->status = mlsd__fail(MLSD_E_CORRUPT, "the record does not fit");
    mlsd__free(r->allocator, *out);
    *out = NULL;
}

static void take_scoring(mlsd__reader *r, const mlsd__fold_run *run, mlsd__scoring *s)
{
    const bool failed = run->status != MLSD_OK;
    *s = (mlsd__scoring){.n = failed ? 0 : run->n_test,
                         .owns_truth = true,
                         .owns_predictions = true,
                         .allocator = *r->allocator,
                         .data_allocator = *r->allocator};
    s->n_classes = mlsd__take_count(r, INT32_MAX);
    take_numbers(r, s->n, &s->y);
    take_numbers(r, s->n, &s->weight);
    take_numbers(r, s->n, &s->values);
    take_numbers(r, s->n * s->n_classes, &s->proba);
}

static void take_run(mlsd__reader *r, const mlsd__fold_set *set, int64_t e, int64_t k)
{
    mlsd__fold_run *const run = mlsd__fold_at(set->out, e, k);
    mlsd__free(r->allocator, run->choices);
    run->choices = NULL;
    mlsd__fold_run found = *run;
    found.status = (mlsd_status)mlsd__take_i64(r);
    found.way = (mlsd__fold_way)mlsd__take_count(r, MLSD__WAY_FOLDS);
    found.message = mlsd__take_str(r);
    found.fit_seconds = mlsd__take_f64(r);
    found.predict_seconds = mlsd__take_f64(r);
    for (int64_t m = 0; m < set->in->n_metrics; m++) {
        mlsd__fold_scores(set->out, e, m)[k] = mlsd__take_f64(r);
        if (set->in->train_scores) mlsd__fold_train_scores(set->out, e, m)[k] = mlsd__take_f64(r);
    }
    if (set->in->keep_predictions) take_scoring(r, &found, &found.scoring);
    if (set->in->keep_choices) found.choices = mlsd__take_str(r);
    if (r->status != MLSD_OK || (found.status != MLSD_OK && found.message == NULL)) {
        mlsd__free(r->allocator, found.message);
        mlsd__free(r->allocator, found.choices);
        mlsd__scoring_free(&found.scoring);
        return;
    }
    found.is_done = true;
    *run = found;
}

bool mlsd__fold_recall(const mlsd__fold_set *set, const mlsd__fold_unit *unit)
{
    mlsd__journal_key key;
    size_t size;
    if (!is_kept(set, unit) || !key_of(set, unit, &key)) return false;
    const void *const payload = mlsd__journal_find(set->journal->file, key, &size);
    if (payload == NULL) return false;
    mlsd__reader r;
    mlsd__reader_init(&r, &set->out->allocator, payload, size);
    const int64_t most = unit->n_members * (unit->split < 0 ? set->out->n_splits : 1);
    const int64_t n = mlsd__take_count(&r, most);
    for (int64_t i = 0; i < n && r.status == MLSD_OK; i++) {
        const int64_t member = mlsd__take_count(&r, unit->n_members - 1);
        const int64_t split = mlsd__take_count(&r, set->out->n_splits - 1);
        if (r.status != MLSD_OK || (unit->split >= 0 && split >= set->out->n_splits)) break;
        const int64_t k = unit->split >= 0 ? unit->split : split, e = unit->members[member];
        if (mlsd__fold_at(set->out, e, k)->is_done) return false;
        take_run(&r, set, e, k);
    }
    return r.status == MLSD_OK;
}

static void put_unit(mlsd__writer *w, const mlsd__fold_set *set, const mlsd__fold_unit *unit)
{
    const int64_t first = unit->split < 0 ? 0 : unit->split;
    const int64_t end = unit->split < 0 ? set->out->n_splits : unit->split + 1;
    int64_t n = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < unit->n_members; i++) {
            for (int64_t k = first; k < end; k++) {
                if (!holds(unit, mlsd__fold_at(set->out, unit->members[i], k))) continue;
                n += pass == 0;
                if (pass == 0) continue;
                mlsd__put_i64(w, i);
                mlsd__put_i64(w, unit->split < 0 ? k : 0);
                put_run(w, set, unit->members[i], k);
            }
        }
        if (pass == 0) mlsd__put_i64(w, n);
    }
}

void mlsd__fold_record(const mlsd__fold_set *set, const mlsd__fold_unit *unit)
{
    mlsd__journal_key key;
    if (!is_kept(set, unit) || !key_of(set, unit, &key)) return;
    mlsd__writer w;
    mlsd__writer_init(&w, &set->out->allocator);
    put_unit(&w, set, unit);
    if (w.status == MLSD_OK) mlsd__journal_append(set->journal->file, key, w.data, (size_t)w.size);
    mlsd__writer_free(&w);
}
