/* search_impl.h - what a search holds while it runs, and its steps: candidates, rounds of fits,
 * choice, result. The kinds differ in which candidates take part in which round. */
#ifndef MLSD_VALIDATE_SEARCH_IMPL_H
#define MLSD_VALIDATE_SEARCH_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "validate/bbc.h"
#include "validate/choose.h"
#include "validate/fold_tasks.h"
#include "validate/result_rows.h"
#include "validate/space.h"
#include "validate/validation.h"

/* Parameters of all kinds; each kind lists those it has, and the others stay zero. */
typedef struct mlsd__search_params {
    mlsd__str_list space, metrics;
    int64_t choose;
    double tolerance, rope, max_latency_us, max_bytes;
    mlsd__str_list simple_first;
    int64_t measure_bytes, refit, n_bootstraps, seed;
    int64_t n_iter; /* draws; MLSD__NULL_I64: as many as the resources allow */
    char *resource;
    double factor;
    int64_t min_resources, max_resources, aggressive_elimination;
    int64_t burn_in, num_ties;
    double alpha;
} mlsd__search_params;

/* One candidate on one split: the last fit of it. */
typedef struct mlsd__search_cell {
    bool is_done; /* it was fitted, or that was tried */
    mlsd_status status;
    char *message;
    int64_t n_train, n_test;
    double fit_seconds, predict_seconds;
    mlsd__scoring scoring; /* where predictions are kept */
} mlsd__search_cell;

/* One candidate in one rung of a halving. */
typedef struct mlsd__rung_entry {
    int64_t bracket, rung, candidate, n_resources, n_failed;
} mlsd__rung_entry;

typedef struct mlsd__search mlsd__search;

/* How a kind searches. */
typedef struct mlsd__search_strategy {
    bool draws; /* candidates are drawn, otherwise all combinations */
    bool halves, races;
    mlsd_status (*check)(const mlsd__search *s); /* its parameters; NULL for none */
    /* Number of candidates to draw; NULL: n_iter. */
    mlsd_status (*count)(mlsd__search *s, int64_t *out);
    mlsd_status (*run)(mlsd__search *s);
} mlsd__search_strategy;

struct mlsd__search {
    mlsd__scope *scope;
    const mlsd__allocator *a;
    const mlsd_spec *spec, *estimator;
    const mlsd__search_params *params;
    const mlsd__search_strategy *strategy;
    const mlsd_dataset *dataset;
    const mlsd_folds *folds; /* of the caller, or own_folds */
    mlsd_folds *own_folds;
    mlsd__metrics metrics;
    mlsd__space space;
    mlsd__candidates candidates;
    int64_t n, n_splits;
    bool keeps_predictions;

    double *scores;           /* n x n_metrics x n_splits: of the last round of each */
    mlsd__search_cell *cells; /* n x n_splits */
    int64_t *n_resources;     /* n: of the last round; 0 where there was none */
    int64_t *bracket, *rung;  /* n */
    bool *is_given_up;        /* n: left behind by better ones */
    void **progress;          /* n x n_splits: where training goes on from; NULL: it does not */
    double test_train;        /* of whole splits */
    int64_t n_fits;
    mlsd__text plan; /* what was done, once each */

    mlsd__rung_entry *rungs;
    double *rung_scores; /* n_rungs x n_metrics x n_splits */
    int64_t n_rungs, rung_capacity, rung_score_capacity;

    mlsd__choice_rule rule;
    mlsd__contender *contenders; /* n */
    mlsd__choice choice;
    bool *front; /* n: on the front of score, latency and size; contenders have score and size */
    mlsd__bbc bbc;
    bool has_bbc;
    char note[256]; /* why something was left out; "" for nothing */
    mlsd_model *model;
    double refit_seconds;
};

/* search.c. open checks all there is to check before a fit; folds may be NULL. close after either
 * outcome. */
mlsd_status mlsd__search_open(mlsd__search *s, mlsd__scope *scope, const mlsd_spec *spec,
                              const mlsd_dataset *dataset, const mlsd_folds *folds,
                              const mlsd__search_strategy *strategy);
/* The same checks as far as they need no folds. */
mlsd_status mlsd__search_check(const mlsd__allocator *a, const mlsd_spec *spec,
                               const mlsd_dataset *dataset, const mlsd__search_strategy *strategy);
mlsd_status mlsd__search_run(mlsd__search *s); /* until the choice */
mlsd_status mlsd__search_all(mlsd__search *s); /* the strategy of every candidate on every split */
mlsd_status mlsd__search_refit(mlsd__search *s); /* where it is asked for */
void mlsd__search_close(mlsd__search *s);

/* search_kinds.c: the strategy of a search spec; and open and run one, without the bootstrap. */
const mlsd__search_strategy *mlsd__search_strategy_of(const mlsd_spec *search);
mlsd_status mlsd__search_choose_only(mlsd__search *s, mlsd__scope *scope, const mlsd_spec *search,
                                     const mlsd_dataset *train);

/* Fit n_members candidates on folds, whose split k is split split_of[k] of the search (NULL: k).
 * The specs are the candidates' own where `specs` is NULL, else n_members. */
typedef struct mlsd__search_round {
    const int64_t *members;
    int64_t n_members;
    const mlsd_folds *folds;
    const int64_t *split_of;
    int64_t n_resources;
} mlsd__search_round;
mlsd_status mlsd__search_fit(mlsd__search *s, const mlsd__search_round *round);

static inline double *mlsd__search_scores(const mlsd__search *s, int64_t candidate, int64_t metric)
{
    return s->scores + (candidate * s->metrics.n + metric) * s->n_splits;
}

static inline mlsd__search_cell *mlsd__search_cell_at(const mlsd__search *s, int64_t candidate,
                                                      int64_t split)
{
    return &s->cells[candidate * s->n_splits + split];
}

/* A candidate's training will not go on. */
void mlsd__search_forget(mlsd__search *s, int64_t candidate);

/* The mean of a candidate's scores by the metric that decides, NaN where a split has none. */
double mlsd__search_mean(const mlsd__search *s, int64_t candidate);

/* search_choose.c: contenders, the choice, and what its making costs the score. */
mlsd_status mlsd__search_check_choice(const mlsd__search *s);
mlsd_status mlsd__search_choose(mlsd__search *s);

/* search_result.c. */
mlsd_status mlsd__search_result(mlsd__search *s, const mlsd_context *context, mlsd_result **out);
/* The cheap checks of folds behind "audit.", where the context wants them. */
mlsd_status mlsd__search_audit(mlsd_result *r, mlsd__scope *scope, const mlsd_context *context,
                               const mlsd_dataset *dataset, const mlsd_folds *folds);
/* The spec of the chosen candidate, borrowed. */
static inline const mlsd_spec *mlsd__search_chosen(const mlsd__search *s)
{
    return s->candidates.specs[s->choice.chosen];
}

/* halving.c, racing.c. */
mlsd_status mlsd__halving_check(const mlsd__search *s);
mlsd_status mlsd__halving_count(mlsd__search *s, int64_t *out);
mlsd_status mlsd__halving_run(mlsd__search *s);
mlsd_status mlsd__hyperband_count(mlsd__search *s, int64_t *out);
mlsd_status mlsd__hyperband_run(mlsd__search *s);
mlsd_status mlsd__racing_run(mlsd__search *s);

#endif
