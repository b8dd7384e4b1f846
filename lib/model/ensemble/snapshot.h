/* snapshot.h - the kinds snapshot_ensemble_classifier and snapshot_ensemble_regressor: one training
 * in cycles, and the mean of the models at their ends. snapshot_ensemble.c trains, snapshot_file.c
 * keeps a training in the context's checkpoint, snapshot_state.c predicts, tells, saves and loads.
 */
#ifndef MLSD_MODEL_SNAPSHOT_H
#define MLSD_MODEL_SNAPSHOT_H

#include "model/ensemble/member.h"
#include "model/trainer.h"
#include "model/training_file.h"

typedef struct mlsd__snapshot_params {
    int64_t n_snapshots, n_last; /* n_last MLSD__NULL_I64: all */
} mlsd__snapshot_params;

/* A number of a snapshot, by its name in the whole. */
typedef struct mlsd__snapshot_name {
    char name[64];
    int64_t snapshot, index;
} mlsd__snapshot_name;

typedef struct mlsd__snapshots {
    mlsd__members own;                   /* oldest first; their spec has a schedule */
    int64_t n_most;                      /* snapshots that are kept, the last ones */
    int64_t n_cycles, n_epochs, n_sets;  /* done; losses of an epoch */
    double *ends;                        /* losses at the end of each cycle, n_sets of each */
    double *history;                     /* and of each epoch */
    int64_t ends_capacity, history_room; /* numbers there is room for */
    bool has_valid;                      /* the second set is the validation set */
    bool is_over;                        /* no further cycle may begin */
    double reason, n_done, n_iter;       /* as they are told */
    double *columns;                     /* history and ends, set by set */
    int64_t n_names;
    mlsd__snapshot_name *names;
} mlsd__snapshots;

/* The estimator that such a spec trains; of other kinds the spec itself. */
const mlsd_spec *mlsd__snapshot_trained(const mlsd_spec *spec);

/* A state without snapshots. */
mlsd_status mlsd__snapshots_new(const mlsd__allocator *a, const mlsd_spec *spec,
                                const mlsd__feature *features, int64_t p, int64_t k,
                                mlsd__snapshots **out);
void mlsd__snapshots_free(const mlsd__allocator *a, void *state);
/* A snapshot that becomes the state's, whatever comes; the oldest one too many goes. */
void mlsd__snapshots_push(mlsd__snapshots *s, void *snapshot);
/* Losses of a cycle that ended after n_epochs. */
mlsd_status mlsd__snapshots_record(mlsd__snapshots *s, const double *history, int64_t n_epochs,
                                   int64_t n_sets, bool has_valid);
/* Once all is there: what attribute() needs. */
mlsd_status mlsd__snapshots_finish(mlsd__snapshots *s);
/* All of them; reading begins with a new state. */
mlsd_status mlsd__snapshots_put(const mlsd__snapshots *s, mlsd__writer *w);
mlsd_status mlsd__snapshots_take(mlsd__reader *r, mlsd__snapshots *s);

/* A training in cycles as it is kept in a file. */
typedef struct mlsd__snapshot_file {
    const mlsd__training_file *file; /* NULL: none */
    mlsd__training_key key;
    bool has_written;
} mlsd__snapshot_file;
/* Go on from the file, where there is one: the curve sees again what it has seen. */
mlsd_status mlsd__snapshot_file_open(mlsd__snapshot_file *file, mlsd__scope *scope,
                                     const mlsd__train *train, mlsd__snapshots *s);
/* After a cycle. */
mlsd_status mlsd__snapshot_file_keep(mlsd__snapshot_file *file, mlsd__scope *scope,
                                     const mlsd__snapshots *s);

/* Members of the ops table. */
int64_t mlsd__snapshots_n_targets(const void *state);
mlsd_status mlsd__snapshots_predict(mlsd__scope *scope, const void *state, const double *x,
                                    int64_t n, int64_t ld, mlsd_output what, double *out,
                                    double *scratch);
int64_t mlsd__snapshots_scratch(const void *state);
int64_t mlsd__snapshots_block_rows(const void *state);
const char *mlsd__snapshots_attribute(const void *state, int64_t i, const double **data,
                                      int64_t *rows, int64_t *cols);
mlsd_status mlsd__snapshots_save(const void *state, mlsd__writer *w);
mlsd_status mlsd__snapshots_load(mlsd__reader *r, const mlsd_spec *spec,
                                 const mlsd__feature *features, int64_t n_features,
                                 int64_t n_classes, void **out_state);

#endif
