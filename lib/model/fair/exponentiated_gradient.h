/* exponentiated_gradient.h - the kind exponentiated_gradient: a mixture of classifiers that is as
 * accurate as a constraint of fairness lets it be. exponentiated_gradient.c is the kind and finds
 * the mixture, fair_hypotheses.c fits what it is made of, fair_state.c predicts, tells, saves and
 * loads; fair_moments.c and matrix_game.c are the arithmetic. */
#ifndef MLSD_MODEL_EXPONENTIATED_GRADIENT_H
#define MLSD_MODEL_EXPONENTIATED_GRADIENT_H

#include "model/ensemble/member.h"
#include "model/fair/fair_moments.h"

typedef struct mlsd__fair_params {
    int64_t constraint;
    mlsd__str_list sensitive_features;
    int64_t keep_sensitive;
    double eps;
    int64_t max_iter;
    double nu, eta, lambda_bound;
    int64_t lp_step;
    const char *id;
    int64_t randomize, seed, max_groups, max_values, group_bins;
} mlsd__fair_params;

typedef struct mlsd__fair_member {
    void *state;
    int64_t constant; /* 0 or 1: it has no state, and says this of every row; otherwise -1 */
} mlsd__fair_member;

/* Scalars of a fit, at the end of its numbers. */
enum {
    MLSD__FAIR_ERROR,
    MLSD__FAIR_GAP,
    MLSD__FAIR_NU,
    MLSD__FAIR_N_ITER,
    MLSD__FAIR_CONVERGED,
    MLSD__FAIR_N_UNBOUND,
    MLSD__FAIR_N_SCALARS
};

typedef struct mlsd__fair {
    mlsd__members own;  /* states of those that are no constants */
    int64_t *constants; /* of each member, as mlsd__fair_member has it */
    int64_t width, id;  /* columns of a member; the one of ids, -1 for none */
    int64_t randomize, seed;
    mlsd__feature *picked;        /* width, whose texts are those of own.features */
    int64_t *columns, *sensitive; /* width; n_sensitive */
    int64_t n_sensitive, n_events, n_groups;
    /* One block: weights (members), multipliers (events x groups x 2: of gap, of -gap), rates,
     * gaps and slack (events x groups each), groups (n_groups x n_sensitive), scalars. */
    double *numbers, *weights, *multipliers, *rates, *gaps, *slack, *groups, *scalars;
    int64_t n_numbers;
} mlsd__fair;

/* A state without members and numbers: the columns by their names. MLSD_E_COLUMN. */
mlsd_status mlsd__fair_new(const mlsd__allocator *a, const mlsd_spec *spec,
                           const mlsd__feature *features, int64_t p, mlsd__fair **out);
/* Room for members and numbers, once there is their count. */
mlsd_status mlsd__fair_make_room(mlsd__fair *s, int64_t n_members, int64_t n_groups);
void mlsd__fair_free(const mlsd__allocator *a, void *state);
/* The columns of the child. */
void mlsd__fair_frame(const mlsd__fair *s, const mlsd__frame *all, mlsd__frame *out);
/* 0 or 1 of each row of such a frame by a member; room has 2 numbers a row. */
mlsd_status mlsd__fair_answer(mlsd__scope *scope, const mlsd__fair *s,
                              const mlsd__fair_member *member, const mlsd__frame *frame,
                              double *room, double *out);

/* What was fitted in the course of a fit. */
typedef struct mlsd__hypothesis {
    mlsd__fair_member member;
    double error;
    double *multipliers, *rates, *gaps; /* that it was fitted for; events x groups each */
} mlsd__hypothesis;

typedef struct mlsd__hypotheses {
    const mlsd__fair *fair;
    const mlsd__fair_moments *moments;
    const mlsd__train *train;
    const mlsd__frame *frame; /* the child's columns */
    int64_t n, capacity, m;   /* m: events x groups */
    mlsd__hypothesis *list;
    double *store, *y, *weight, *answers; /* of the rows; answers with room of 2 a row behind */
} mlsd__hypotheses;

mlsd_status mlsd__hypotheses_open(const mlsd__allocator *a, int64_t capacity, mlsd__hypotheses *h);
void mlsd__hypotheses_close(const mlsd__allocator *a, mlsd__hypotheses *h);
/* The answer to multipliers (m x 2): the best of what is fitted for them and all before. It must
 * have room for one more. */
mlsd_status mlsd__hypotheses_answer(mlsd__scope *scope, mlsd__hypotheses *h, double eps,
                                    const double *multipliers, int64_t *out);
/* Error and constraints of one under multipliers. */
double mlsd__hypothesis_cost(const mlsd__hypothesis *h, int64_t m, double eps,
                             const double *multipliers);

/* Members of the ops table. */
mlsd_status mlsd__fair_predict_rows(mlsd__scope *scope, const void *state, const double *x,
                                    int64_t n, int64_t ld, int64_t first_row, mlsd_output what,
                                    double *out);
const char *mlsd__fair_attribute(const void *state, int64_t i, const double **data, int64_t *rows,
                                 int64_t *cols);
mlsd_status mlsd__fair_save(const void *state, mlsd__writer *w);
mlsd_status mlsd__fair_load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                            int64_t n_features, int64_t n_classes, void **out_state);

#endif
