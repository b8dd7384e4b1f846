/* compare_kind.c - the kinds of comparison and their parameters. */
#include <math.h>

#include "metric/adjust.h"
#include "validate/compare_impl.h"

typedef mlsd__comparison_params params;

static const char *const alternatives[] = {"two_sided", "greater", "less", NULL};
static const char *const mcnemar_methods[] = {"mid_p", "exact", "chi2", "chi2_corrected", NULL};
static const char *const wilcoxon_methods[] = {"auto", "exact", "normal", NULL};
static const char *const zero_choices[] = {"pratt", "wilcox", NULL};
static const char *const post_hocs[] = {"nemenyi", "corrected", NULL};
static const char *const windows[] = {"uniform", "bartlett", NULL};

#define NAMES \
    MLSD__P_STR_LIST(params, names, "null", "what the models are called; null: a, b, c, ...")
#define LEVEL                                                                             \
    MLSD__P_F64(params, level, 0.5, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.95", NULL, \
                "of intervals; p-values up to 1 - level tell models apart")
#define POWER                                                         \
    MLSD__P_F64(params, power, 0.5, 1, MLSD__OPEN_UPPER, "0.8", NULL, \
                "chance with which the minimum detectable difference is found")
#define GREATER MLSD__P_BOOL(params, greater_is_better, "true", "false where scores are losses")
#define ALTERNATIVE                                                    \
    MLSD__P_CHOICE(params, alternative, alternatives, "\"two_sided\"", \
                   "greater: the later column is, whatever is better; less: it is not")
#define CONTROL                                           \
    MLSD__P_I64_NULL(params, control, 0, 1000000, "null", \
                     "the column that all others are compared with; null: all pairs")
#define CORRECTION                                                    \
    MLSD__P_CHOICE(params, correction, mlsd__corrections, "\"holm\"", \
                   "of p-values of several pairs")
#define TEST_TRAIN                                               \
    MLSD__P_F64_NULL(params, test_train, 0, INFINITY, 0, "null", \
                     "rows tested over rows trained on in a resample: 1 / (k - 1) for k folds")
#define ROPE                                             \
    MLSD__P_F64(params, rope, 0, INFINITY, 0, "0", NULL, \
                "differences up to it do not matter: the region of practical equivalence")
#define SEED MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL, "seed of what is drawn")
#define PERMUTATIONS                                                  \
    MLSD__P_I64(params, n_permutations, 1, 1000000000, "9999", "log", \
                "flips of signs that are drawn; where there are no more, all are made")
#define BLOCK                                                  \
    MLSD__P_I64(params, block_rows, 1, 1000000000, "1", "log", \
                "neighbouring rows whose signs flip together: folds of one repeat")
#define MCNEMAR_METHOD                                           \
    MLSD__P_CHOICE(params, method, mcnemar_methods, "\"mid_p\"", \
                   "exact is on the safe side, mid_p nearly so and stronger; chi2 for many rows")

static const mlsd_param corrected_t[] = {TEST_TRAIN, NAMES,   LEVEL,      GREATER, ALTERNATIVE,
                                         ROPE,       CONTROL, CORRECTION, POWER};
static const mlsd_param bayes_t[] = {TEST_TRAIN, ROPE, NAMES, LEVEL, GREATER, CONTROL};
static const mlsd_param five_by_two_t[] = {NAMES,   LEVEL,      GREATER, ALTERNATIVE,
                                           CONTROL, CORRECTION, POWER};
static const mlsd_param five_by_two_f[] = {NAMES, LEVEL, GREATER, CONTROL, CORRECTION, POWER};
static const mlsd_param mcnemar[] = {MCNEMAR_METHOD, NAMES,      LEVEL, ALTERNATIVE,
                                     CONTROL,        CORRECTION, POWER};
static const mlsd_param cochran_q[] = {MCNEMAR_METHOD, NAMES, LEVEL, CONTROL, CORRECTION, POWER};
static const mlsd_param delong[] = {NAMES, LEVEL, ALTERNATIVE, CONTROL, CORRECTION, POWER};
static const mlsd_param diebold_mariano[] = {
    MLSD__P_I64(params, horizon, 1, 1000000000, "1", NULL, "steps ahead of the forecasts"),
    MLSD__P_F64(params, loss_power, 0, INFINITY, MLSD__OPEN_LOWER, "2", NULL,
                "a loss is the error's size to this power; without y the columns are losses"),
    MLSD__P_CHOICE(params, window, windows, "\"uniform\"",
                   "weights of the lags up to the horizon; bartlett keeps the variance positive"),
    NAMES,
    LEVEL,
    ALTERNATIVE,
    CONTROL,
    CORRECTION,
    POWER};
static const mlsd_param wilcoxon[] = {
    MLSD__P_CHOICE(params, method, wilcoxon_methods, "\"auto\"",
                   "auto: exact for up to 50 rows that differ, ties or not"),
    MLSD__P_CHOICE(params, zeros, zero_choices, "\"pratt\"",
                   "pratt: rows without a difference are ranked, then dropped; wilcox: dropped"),
    MLSD__P_BOOL(params, continuity, "true", "correct the normal distribution by half a rank"),
    NAMES,
    LEVEL,
    GREATER,
    ALTERNATIVE,
    CONTROL,
    CORRECTION,
    POWER};
static const mlsd_param sign_test[] = {NAMES,   LEVEL,      GREATER, ALTERNATIVE,
                                       CONTROL, CORRECTION, POWER};
static const mlsd_param paired_permutation[] = {
    PERMUTATIONS, BLOCK, SEED, NAMES, LEVEL, GREATER, ALTERNATIVE, CONTROL, CORRECTION, POWER};
static const mlsd_param max_t[] = {MLSD__P_I64(params, control, 0, 1000000, "0", NULL,
                                               "the column that all others are compared with"),
                                   PERMUTATIONS,
                                   BLOCK,
                                   SEED,
                                   NAMES,
                                   LEVEL,
                                   GREATER,
                                   ALTERNATIVE,
                                   POWER};
static const mlsd_param friedman[] = {
    MLSD__P_BOOL(params, ties, "true", "correct for equal scores in a row"),
    MLSD__P_CHOICE(params, post_hoc, post_hocs, "\"nemenyi\"",
                   "how pairs are compared: all at once, or each with 'correction'; with a control "
                   "always corrected"),
    NAMES,
    LEVEL,
    GREATER,
    CONTROL,
    CORRECTION,
    POWER};
static const mlsd_param bayes_signed_rank[] = {
    ROPE,
    MLSD__P_I64(params, n_draws, 1, 1000000000, "50000", "log", "draws of the posterior"),
    MLSD__P_F64(params, prior_strength, 0, INFINITY, MLSD__OPEN_LOWER, "0.5", NULL,
                "rows without a difference that the prior counts for"),
    SEED,
    NAMES,
    LEVEL,
    GREATER,
    CONTROL};

#define COMPARISON(kind, table, ops_, doc_) \
    const mlsd_kind mlsd__kind_##kind = {   \
        .name = #kind,                      \
        .family = "comparison",             \
        .doc = doc_,                        \
        .params = table,                    \
        .n_params = MLSD__COUNT(table),     \
        .params_size = sizeof(params),      \
        .ops = &(ops_),                     \
    }

COMPARISON(corrected_t, corrected_t, mlsd__compare_corrected_t_ops,
           "Corrected resampled t test of Nadeau & Bengio (2003): rows are folds or drawn splits");
COMPARISON(
    bayes_correlated_t, bayes_t, mlsd__compare_bayes_t_ops,
    "Bayesian correlated t test of Corani & Benavoli (2015): rows are folds or drawn splits");
COMPARISON(five_by_two_f, five_by_two_f, mlsd__compare_five_by_two_f_ops,
           "Combined F test of five times two-fold cross-validation (Alpaydin 1999): ten rows, the "
           "halves of a repeat together");
COMPARISON(five_by_two_t, five_by_two_t, mlsd__compare_five_by_two_t_ops,
           "t test of five times two-fold cross-validation (Dietterich 1998): ten rows, the halves "
           "of a repeat together; five_by_two_f is stronger");
COMPARISON(
    mcnemar, mcnemar, mlsd__compare_mcnemar_ops,
    "McNemar's test: rows are those of a test set, columns right or wrong or predicted classes");
COMPARISON(
    cochran_q, cochran_q, mlsd__compare_cochran_q_ops,
    "Cochran's Q of several models right or wrong on a test set, then McNemar's test of pairs");
COMPARISON(delong, delong, mlsd__compare_delong_ops,
           "DeLong's test of areas under ROC curves: columns are scores of class 1, y is 0 or 1");
COMPARISON(diebold_mariano, diebold_mariano, mlsd__compare_diebold_mariano_ops,
           "Diebold-Mariano test of forecasts, corrected for short series: rows in order of time");
COMPARISON(wilcoxon, wilcoxon, mlsd__compare_wilcoxon_ops,
           "Wilcoxon's signed-rank test: rows are independent, as data sets are and folds are not");
COMPARISON(sign_test, sign_test, mlsd__compare_sign_ops,
           "Sign test: in how many independent rows is a model better?");
COMPARISON(paired_permutation, paired_permutation, mlsd__compare_permutation_ops,
           "Permutation test of the mean difference by flips of signs: rows are independent");
COMPARISON(
    max_t, max_t, mlsd__compare_max_t_ops,
    "Many models against one by flips of signs, corrected by the largest t (Westfall & Young "
    "1993): rows are independent");
COMPARISON(friedman, friedman, mlsd__compare_friedman_ops,
           "Friedman's test of mean ranks with Iman & Davenport's F: rows are data sets");
COMPARISON(bayes_signed_rank, bayes_signed_rank, mlsd__compare_bayes_signed_rank_ops,
           "Bayesian signed-rank test of Benavoli et al. (2017): rows are data sets");
