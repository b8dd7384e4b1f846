/* bagging.h - the kinds bagging_classifier and bagging_regressor: members, each an estimator fitted
 * to rows and columns drawn for it. bagging.c fits, bagging_draw.c draws, bagging_oob.c scores rows
 * by the members that have not seen them, bagging_state.c predicts, tells, saves and loads. */
#ifndef MLSD_MODEL_BAGGING_H
#define MLSD_MODEL_BAGGING_H

#include "base/random.h"
#include "model/ensemble/member.h"

typedef struct mlsd__bagging_params {
    int64_t n_estimators;
    double max_samples, max_features;
    int64_t bootstrap, bootstrap_features, oob_score, seed;
} mlsd__bagging_params;

typedef struct mlsd__bagging_member {
    const int64_t *columns; /* width numbers, rising */
    mlsd__feature *features;
    const struct mlsd__bagging *whole;
} mlsd__bagging_member;

typedef struct mlsd__bagging {
    mlsd__members own;
    int64_t width;
    mlsd__bagging_member *members; /* beside their states */
    mlsd__feature *picked;         /* members x width, whose texts are those of own.features */
    int64_t *columns;              /* members x width */
    double *columns_told;          /* the same */
    int64_t n_oob;                 /* numbers of oob, 0 where it was not asked for */
    double *oob; /* the score, then what the members that have not seen a row say of it, for each
                    training row; NaN where all have */
} mlsd__bagging;

/* How many of n a parameter asks for: a share up to 1, a whole number above; 0 for too many. */
int64_t mlsd__bagging_count(double asked, int64_t n);

/* Draw m of n, each as often as counts (n, zeros before) then says; room has n. */
void mlsd__bagging_draw(mlsd__stream *stream, int64_t n, int64_t m, bool again, int64_t *counts,
                        int64_t *room);
/* The rows of a member. Of classes there are two or more, where some draw in a hundred has. */
void mlsd__bagging_draw_rows(const mlsd__bagging_params *params, int64_t member,
                             const mlsd__train *train, int64_t m, int64_t *counts, int64_t *room);
/* The columns of all members. */
mlsd_status mlsd__bagging_draw_columns(const mlsd__bagging_params *params, mlsd__bagging *s);

/* Sums of what members say of rows they have not seen. */
typedef struct mlsd__bagging_unseen {
    int64_t n; /* of one member */
    int64_t *rows;
    double *said; /* n x outputs */
} mlsd__bagging_unseen;
void mlsd__bagging_unseen_free(const mlsd__allocator *a, mlsd__bagging_unseen *unseen);
/* Ask a member that has its state about the rows whose count is 0. */
mlsd_status mlsd__bagging_ask_unseen(mlsd__scope *scope, const mlsd__bagging *s, int64_t member,
                                     const mlsd__train *train, const int64_t *counts,
                                     mlsd__bagging_unseen *out);
/* rows: the numbers among n_all of those in train. sums is train rows x outputs, votes of how many
 * members. */
mlsd_status mlsd__bagging_finish_oob(mlsd__scope *scope, const mlsd__train *train,
                                     const int64_t *rows, int64_t n_all, double *sums,
                                     const double *votes, mlsd__bagging *s);

/* A state without members' states; columns are not drawn. */
mlsd_status mlsd__bagging_new(const mlsd__allocator *a, const mlsd_spec *spec,
                              const mlsd__feature *features, int64_t p, int64_t k,
                              mlsd__bagging **out);
void mlsd__bagging_free(const mlsd__allocator *a, void *state);
/* Once the columns are there: the features of each member. */
void mlsd__bagging_place_columns(mlsd__bagging *s);
int64_t mlsd__bagging_outputs(const mlsd__bagging *s);
/* A frame of a member's columns. */
void mlsd__bagging_frame(const mlsd__bagging_member *member, const mlsd__frame *all,
                         mlsd__frame *out);
/* What a member says of rows of such a frame (n x outputs): numbers, probabilities, or 1 for the
 * class that it is for. scope may be NULL for few rows. */
mlsd_status mlsd__bagging_ask(mlsd__scope *scope, const mlsd__bagging *s, int64_t member,
                              const mlsd__frame *frame, double *out);

/* Members of the ops table. */
mlsd_status mlsd__bagging_check_block(const void *state, const double *x, int64_t n, int64_t ld,
                                      int64_t first_row, bool has_nan, double *scratch);
mlsd_status mlsd__bagging_predict(mlsd__scope *scope, const void *state, const double *x, int64_t n,
                                  int64_t ld, mlsd_output what, double *out, double *scratch);
int64_t mlsd__bagging_scratch(const void *state);
bool mlsd__bagging_by_rows(const void *state);
mlsd_status mlsd__bagging_predict_rows(mlsd__scope *scope, const void *state, const double *x,
                                       int64_t n, int64_t ld, int64_t first_row, mlsd_output what,
                                       double *out);
const char *mlsd__bagging_attribute(const void *state, int64_t i, const double **data,
                                    int64_t *rows, int64_t *cols);
mlsd_status mlsd__bagging_save(const void *state, mlsd__writer *w);
mlsd_status mlsd__bagging_load(mlsd__reader *r, const mlsd_spec *spec,
                               const mlsd__feature *features, int64_t n_features, int64_t n_classes,
                               void **out_state);

#endif
