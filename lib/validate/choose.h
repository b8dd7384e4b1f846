/* choose.h - which of several models to take: rules that a person can repeat, on scores from the
 * same splits. Models are given from simple to strong, or say how simple they are. */
#ifndef MLSD_VALIDATE_CHOOSE_H
#define MLSD_VALIDATE_CHOOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "metric/metric_impl.h"

/* Positions of the words of mlsd__choose_names. */
enum {
    MLSD__CHOOSE_BEST = 0,
    MLSD__CHOOSE_ONE_SE = 1,
    MLSD__CHOOSE_TOLERANCE = 2,
    MLSD__CHOOSE_ROPE = 3
};
extern const char *const mlsd__choose_names[]; /* NULL-terminated */

typedef struct mlsd__choice_rule {
    int64_t rule;
    double tolerance;                 /* TOLERANCE: part of the best score */
    double rope;                      /* ROPE: differences up to it do not matter in practice */
    double max_latency_us, max_bytes; /* budgets; NaN for none */
    double level;                     /* of the intervals */
    double test_train;                /* average n_test / n_train */
    bool greater_is_better;
} mlsd__choice_rule;

/* One of those to choose from. Above: the caller's; below: what comes of it. */
typedef struct mlsd__contender {
    const double *scores;       /* n_splits, NaN where there is none */
    bool is_out;                /* cannot be taken, such as what could not be fitted on all rows */
    double simplicity;          /* the smaller the simpler; ties go to the earlier one */
    double latency_us, n_bytes; /* NaN: not known */

    mlsd__estimate score;
    bool is_eligible; /* has scores on as many splits as any, and is not out */
    bool is_within;   /* eligible, within the budgets, and as good as the rule asks */
    bool on_front; /* eligible, and none is as good in score, latency and size and better in one */
    int64_t rank;  /* 1 is best; equal scores share the lowest, what is not eligible the last */
} mlsd__contender;

/* Of those within the budgets: the best, and the one to take by the rule. Where none is within them
 * (mlsd__choice_misses): the best of all, and the nearest to the budgets. -1 where nothing is
 * eligible. */
typedef struct mlsd__choice {
    int64_t best, chosen;
    int64_t n_eligible, n_affordable;
} mlsd__choice;

mlsd_status mlsd__choose(const mlsd__allocator *a, const mlsd__choice_rule *rule,
                         mlsd__contender *contenders, int64_t n, int64_t n_splits,
                         mlsd__choice *out);

/* Find the front anew, after a choice, such as with other costs. */
mlsd_status mlsd__choice_front(const mlsd__allocator *a, const mlsd__choice_rule *rule,
                               mlsd__contender *contenders, int64_t n);

/* MLSD_E_DATA where nothing was eligible. `what` is "model" or "candidate"; `message` says why a
 * fit failed, NULL if none did. */
mlsd_status mlsd__choice_require(const mlsd__choice *choice, const char *what, const char *metric,
                                 const char *message);

bool mlsd__choice_has_budget(const mlsd__choice_rule *rule);
/* Is there something to choose from, and nothing of it within the budgets? */
bool mlsd__choice_misses(const mlsd__choice *choice);

/* ", the simplest within one standard error of the best": why it was chosen, for a sentence.
 * best_name may be NULL where chosen is the best. */
void mlsd__choice_say(const mlsd__choice_rule *rule, const mlsd__contender *contenders,
                      const mlsd__choice *choice, const char *what, const char *best_name,
                      mlsd__text *t);

/* Noise of the scores of n contenders beside each other, from what is left after their means and
 * those of the splits (eligible ones only); corrected as an estimate's se. NaN below two of each.
 */
double mlsd__choice_noise(const mlsd__choice_rule *rule, const mlsd__contender *contenders,
                          int64_t n, int64_t n_splits);

#endif
