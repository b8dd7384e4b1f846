/* compare_impl.h - what a comparison of models brings, and the paired statistics that stand beside
 * every comparison elsewhere (leaderboards, searches). */
#ifndef MLSD_VALIDATE_COMPARE_IMPL_H
#define MLSD_VALIDATE_COMPARE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/kindtable.h"
#include "base/scope.h"
#include "validate/result_impl.h"

/* What one comparison of two models says. `difference` is the second minus the first; what is not
 * defined is NaN, and where something should be, `reason` (static) says why it is not. */
typedef struct mlsd__paired {
    int64_t n; /* rows that both have */
    double difference, low, high, effect, min_detectable;
    double statistic, df, df_2, p_value, p_adjusted;
    double p_below, p_within, p_above; /* chances of a difference below -rope, within, above rope */
    double direction; /* sign of what was seen where it is not that of the difference; 0: it is */
    const char *reason;
} mlsd__paired;

/* How certain, how strong, and in which direction. */
typedef struct mlsd__pair_settings {
    double level, power, rope; /* power NaN: no minimum detectable difference */
    int64_t alternative;       /* MLSD__TWO_SIDED, ... */
} mlsd__pair_settings;
enum { MLSD__TWO_SIDED = 0, MLSD__GREATER = 1, MLSD__LESS = 2 };

#define MLSD__PAIR_DEFAULTS                    \
    (mlsd__pair_settings)                      \
    {                                          \
        .level = 0.95, .power = 0.8, .rope = 0 \
    }

/* Everything NaN. */
void mlsd__paired_clear(mlsd__paired *out);

/* The corrected resampled t test of b against a on the same J resamples, test_train being n_test /
 * n_train, with the chances of the Bayesian correlated t test, which has the same scale. NaN
 * scores leave their resample out. */
void mlsd__compare_corrected_t(const double *a, const double *b, int64_t n, double test_train,
                               const mlsd__pair_settings *settings, mlsd__paired *out);

/* Test, interval and minimum detectable difference of an estimate with its standard error, by
 * Student's t (df infinite: normal). */
void mlsd__paired_by_t(mlsd__paired *out, const mlsd__pair_settings *settings, double difference,
                       double se, double df);

/* McNemar's test of the rows that only the first (`first` of them) or only the second has right,
 * among n: difference (of the shares that are right) with Bonett & Price's interval, statistic,
 * p-value, and the odds second : first as the effect. */
enum {
    MLSD__MCNEMAR_MID_P = 0,
    MLSD__MCNEMAR_EXACT = 1,
    MLSD__MCNEMAR_CHI2 = 2,
    MLSD__MCNEMAR_CHI2_CORRECTED = 3
};
void mlsd__compare_counts(int64_t n, int64_t first, int64_t second, int64_t method,
                          const mlsd__pair_settings *settings, mlsd__paired *out);

/* Two-sided or one-sided p-value of a statistic whose distribution is symmetric: `below` is the
 * chance of one so small, `above` of one so large. */
double mlsd__paired_p(const mlsd__pair_settings *settings, double below, double above);

/* ---- the kinds of family "comparison" ---- */

/* Each kind's table has some of them. */
typedef struct mlsd__comparison_params {
    mlsd__str_list names;
    double level, power, rope, test_train, prior_strength, loss_power;
    int64_t greater_is_better, alternative, control, correction, post_hoc, method, zeros, ties;
    int64_t continuity, n_permutations, n_draws, block_rows, horizon, window, seed;
} mlsd__comparison_params;

typedef struct mlsd__pair {
    int64_t a, b;
    mlsd__paired is;
} mlsd__pair;

/* A comparison while it runs. */
typedef struct mlsd__comparison {
    mlsd__scope *scope;
    const mlsd__comparison_params *params;
    const struct mlsd__comparison_ops *ops;
    mlsd__pair_settings settings;
    bool greater_is_better;
    int64_t n_rows, n_models;
    double *scores; /* model by model, n_rows each */
    double *y;      /* or NULL */
    char **names;
    mlsd__pair *pairs;
    int64_t n_pairs;
    double *rank_score, *mean_rank; /* by model */
    mlsd__paired all;               /* of a test of all models at once */
    double critical_difference;     /* of mean ranks */
    double chi2, chi2_p_value;
    void *state; /* what prepare made; ends with ops->end */
} mlsd__comparison;

enum { MLSD__BY_PARAMETER = 0, MLSD__GREATER_IS_BETTER = 1, MLSD__LOWER_IS_BETTER = 2 };
typedef struct mlsd__comparison_ops {
    const char *test;      /* "corrected resampled t" */
    const char *effect_is; /* what the number "effect" is */
    const char *rows;      /* what rows are, for sentences: "resamples" */
    bool takes_y, needs_y;
    int32_t direction; /* MLSD__BY_PARAMETER, ... */
    bool is_bayesian;
    bool is_of_ranks; /* differences are of mean ranks, where lower is better */
    int64_t n_rows;   /* that it needs; 0: any */
    /* Turn scores and y into what is compared; NULL: nothing to do. */
    mlsd_status (*prepare)(mlsd__comparison *c);
    void (*end)(mlsd__comparison *c);
    /* One pair, the second against the first. */
    mlsd_status (*pair)(mlsd__scope *scope, const mlsd__comparison *c, mlsd__pair *pair);
    /* All models at once, after the pairs where `pair` is there; fills `all`, and pairs otherwise.
     */
    mlsd_status (*all)(mlsd__comparison *c);
} mlsd__comparison_ops;

/* The scores of a model. */
const double *mlsd__comparison_scores(const mlsd__comparison *c, int64_t model);
/* b - a of the rows that have both; room for n_rows. Returns how many. */
int64_t mlsd__comparison_differences(const mlsd__comparison *c, int64_t a, int64_t b, double *out);
/* The rows in which every model (and y) is known; room for n_rows. Returns how many. */
int64_t mlsd__comparison_complete_rows(const mlsd__comparison *c, int64_t *out);

/* compare_report.c: tables, numbers and verdict. */
mlsd_status mlsd__comparison_report(const mlsd__comparison *c, mlsd_result *r);

/* Those of several files. */
extern const mlsd__comparison_ops mlsd__compare_corrected_t_ops, mlsd__compare_bayes_t_ops,
    mlsd__compare_five_by_two_f_ops, mlsd__compare_five_by_two_t_ops,
    mlsd__compare_diebold_mariano_ops, mlsd__compare_mcnemar_ops, mlsd__compare_cochran_q_ops,
    mlsd__compare_delong_ops, mlsd__compare_wilcoxon_ops, mlsd__compare_sign_ops,
    mlsd__compare_permutation_ops, mlsd__compare_max_t_ops, mlsd__compare_friedman_ops,
    mlsd__compare_bayes_signed_rank_ops;

#endif
