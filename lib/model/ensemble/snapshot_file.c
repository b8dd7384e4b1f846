/* snapshot_file.c - a training in cycles in the context's checkpoint (training_file.h): written
 * after every cycle, with the snapshots so far and the losses of every epoch. */
#include "base/fail.h"
#include "model/ensemble/snapshot.h"

/* The rows as the estimator parts them, for their names and the key. */
static mlsd_status open_sets(mlsd__scope *scope, const mlsd__train *train, const mlsd_spec *child,
                             mlsd__training_sets *sets)
{
    int32_t asked;
    mlsd__hold_out hold_out = {0};
    MLSD__TRY(mlsd_spec_get_bool(child, "early_stopping", &asked));
    MLSD__TRY(mlsd_spec_get_f64(child, "validation_fraction", &hold_out.fraction));
    MLSD__TRY(mlsd_spec_get_i64(child, "seed", &hold_out.seed));
    hold_out.asked = asked != 0;
    return mlsd__training_sets_open(sets, scope, train, &hold_out);
}

static mlsd_status replay(mlsd_curve *curve, const mlsd__training_sets *sets,
                          const mlsd__snapshots *s)
{
    for (int64_t epoch = 0; curve != NULL && epoch < s->n_epochs; epoch++)
        for (int64_t set = 0; set < s->n_sets; set++)
            MLSD__TRY(mlsd_curve_add(curve, sets->sets[set].name, epoch,
                                     s->history[epoch * s->n_sets + set]));
    return MLSD_OK;
}

static mlsd_status take(mlsd__snapshot_file *file, const mlsd__allocator *a,
                        const unsigned char *bytes, int64_t n, int64_t n_sets, mlsd__snapshots *s)
{
    mlsd__reader r;
    mlsd__reader_init(&r, a, bytes, (size_t)n);
    mlsd_status status = mlsd__snapshots_take(&r, s);
    if (status == MLSD_OK && s->n_sets != n_sets) status = MLSD_E_CORRUPT;
    if (status == MLSD_E_CORRUPT)
        (void)mlsd__fail(status, "checkpoint '%.200s' is damaged; remove it", file->file->path);
    file->has_written = status == MLSD_OK;
    return status;
}

mlsd_status mlsd__snapshot_file_open(mlsd__snapshot_file *file, mlsd__scope *scope,
                                     const mlsd__train *train, mlsd__snapshots *s)
{
    if (file->file == NULL) return MLSD_OK;
    const mlsd__allocator *const a = scope->allocator;
    mlsd__training_sets sets = {0};
    unsigned char *bytes = NULL;
    int64_t n = 0;
    mlsd_status status = open_sets(scope, train, s->own.spec, &sets);
    if (status == MLSD_OK)
        status = mlsd__training_file_key(file->file, scope, &sets, 1 + train->n_more_targets,
                                         &file->key);
    if (status == MLSD_OK) status = mlsd__training_file_read(file->file, a, file->key, &bytes, &n);
    if (status == MLSD_OK && bytes != NULL) status = take(file, a, bytes, n, sets.n, s);
    if (status == MLSD_OK && bytes != NULL) status = replay(train->curve, &sets, s);
    mlsd__free(a, bytes);
    mlsd__training_sets_close(&sets, a);
    return status;
}

/* Where the first one cannot be written the fit ends; later it is worth more than its file. */
mlsd_status mlsd__snapshot_file_keep(mlsd__snapshot_file *file, mlsd__scope *scope,
                                     const mlsd__snapshots *s)
{
    if (file->file == NULL) return MLSD_OK;
    mlsd__writer w;
    mlsd__writer_init(&w, scope->allocator);
    mlsd_status status = mlsd__snapshots_put(s, &w);
    if (status == MLSD_OK)
        status = mlsd__training_file_write(file->file, scope->allocator, file->key, w.data, w.size);
    mlsd__writer_free(&w);
    if (status == MLSD_OK) file->has_written = true;
    if (status == MLSD_OK || status == MLSD_E_NOMEM || !file->has_written) return status;
    mlsd__log_line(scope, MLSD_LOG_WARNING, "the training is not kept any more: %s",
                   mlsd_last_error());
    file->file = NULL;
    return MLSD_OK;
}
