/* metric_rate.c - the ratios of class against the rest: recall, precision, F, Jaccard and the other
 * rates, with their averages over classes. They differ in which of the four cells (true and false
 * positives, false and true negatives) stand above and below the line; class_ratio.c does the work.
 */
#include <math.h>

#include "metric/class_ratio.h"

#define PARAMS_FOR_ALL                                                                            \
    MLSD__P_CHOICE(mlsd__ratio_params, average, mlsd__average_choices, "\"binary\"",              \
                   "how classes are put together: binary (class pos_label of two), micro (all "   \
                   "decisions), macro (mean of the classes), weighted (by their rows), samples "  \
                   "(mean of the rows, of many labels), none (each alone)"),                      \
        MLSD__P_I64(mlsd__ratio_params, pos_label, 0, 1, "1", NULL,                               \
                    "the class that counts where average = binary"),                              \
        MLSD__P_F64_LIST(mlsd__ratio_params, labels, 0, INFINITY, MLSD__OPEN_UPPER, "null", NULL, \
                         "class numbers to put together; null: all that occur"),                  \
        MLSD__P_F64_NULL(mlsd__ratio_params, zero_division, -INFINITY, INFINITY, 0, "null",       \
                         "value of a rate without a denominator; null: undefined, and left out "  \
                         "of averages")

static const mlsd_param rate_table[] = {PARAMS_FOR_ALL};
static const mlsd_param f_table[] = {
    PARAMS_FOR_ALL,
    MLSD__P_F64(mlsd__ratio_params, beta, 0, INFINITY, MLSD__OPEN_UPPER, "1.0", NULL,
                "how many times as much recall counts as precision"),
};

static mlsd_status finish_rate(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    (void)scope;
    return mlsd__ratio_finish(f, f->metric->data, out);
}

/* van Rijsbergen (1979), Information Retrieval, 2nd ed., ch. 7, with the counts put in: what is
 * left undefined is then only a class that neither is nor is predicted. */
static mlsd__ratio ratio_of_f(const mlsd__ratio_params *p)
{
    const double b = p->beta * p->beta;
    return (mlsd__ratio){.above = {[MLSD__TP] = 1 + b},
                         .below = {[MLSD__TP] = 1 + b, [MLSD__FP] = 1, [MLSD__FN] = b}};
}

static mlsd_status finish_f(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    (void)scope;
    const mlsd__ratio ratio = ratio_of_f(f->params);
    return mlsd__ratio_finish(f, &ratio, out);
}

static void loss_of_rate(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                         double *out)
{
    (void)rows;
    mlsd__ratio_row_loss(s, s->data, first, n, out);
}

static void loss_of_f(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                      double *out)
{
    (void)rows;
    const mlsd__ratio ratio = ratio_of_f(s->params);
    mlsd__ratio_row_loss(s, &ratio, first, n, out);
}

#define DEFAULTS(average_)                                                   \
    {                                                                        \
        .average = average_, .pos_label = 1, .zero_division = NAN, .beta = 1 \
    }
static const mlsd__ratio_params defaults = DEFAULTS(MLSD__AVERAGE_BINARY);
static const mlsd__ratio_params micro = DEFAULTS(MLSD__AVERAGE_MICRO);
static const mlsd__ratio_params macro = DEFAULTS(MLSD__AVERAGE_MACRO);
static const mlsd__ratio_params weighted = DEFAULTS(MLSD__AVERAGE_WEIGHTED);
static const mlsd__ratio_params samples = DEFAULTS(MLSD__AVERAGE_SAMPLES);

#define OPS(greater_, which_, data_, params_)                                          \
    {                                                                                  \
        .params = params_, .params_size = sizeof(mlsd__ratio_params), .data = data_,   \
        .greater_is_better = greater_, .for_classification = true, .for_labels = true, \
        .choose = mlsd__ratio_summary, .check = mlsd__ratio_check,                     \
        .summary_loss = loss_of_##which_, .finish = finish_##which_,                   \
    }

/* In the order tp, fp, fn, tn. */
static const mlsd__ratio recall = {{1, 0, 0, 0}, {1, 0, 1, 0}};
static const mlsd__ratio precision = {{1, 0, 0, 0}, {1, 1, 0, 0}};
static const mlsd__ratio specificity = {{0, 0, 0, 1}, {0, 1, 0, 1}};
static const mlsd__ratio npv = {{0, 0, 0, 1}, {0, 0, 1, 1}};
static const mlsd__ratio fpr = {{0, 1, 0, 0}, {0, 1, 0, 1}};
static const mlsd__ratio fnr = {{0, 0, 1, 0}, {1, 0, 1, 0}};
static const mlsd__ratio fdr = {{0, 1, 0, 0}, {1, 1, 0, 0}};
static const mlsd__ratio false_omission_rate = {{0, 0, 1, 0}, {0, 0, 1, 1}};
static const mlsd__ratio jaccard = {{1, 0, 0, 0}, {1, 1, 1, 0}};
static const mlsd__ratio selection_rate = {{1, 1, 0, 0}, {1, 1, 1, 1}};
static const mlsd__ratio prevalence = {{1, 0, 1, 0}, {1, 1, 1, 1}};

/* A kind and its operations; `greater_` is 1 where greater is better. */
#define RATE(name_, greater_, direction_, doc_)                                                 \
    static const mlsd__metric_ops name_##_ops = OPS(greater_, rate, &name_, &defaults);         \
    MLSD__METRIC_KIND_WITH(name_, rate_table, mlsd__ratio_params, MLSD__OF_CLASSES, direction_, \
                           doc_ "; Wilson interval, of averages by the delta method")

RATE(recall, 1, "1", "share of a class's rows that are predicted as it (true positive rate)");
RATE(precision, 1, "1", "share of the rows predicted as a class that are of it");
RATE(specificity, 1, "1",
     "share of the rows of other classes predicted as such (true negative rate)");
RATE(npv, 1, "1",
     "share of the rows predicted as other classes that are (negative predictive value)");
RATE(fpr, 0, "-1",
     "share of the rows of other classes predicted as the class (false positive rate)");
RATE(fnr, 0, "-1", "share of a class's rows that are missed (false negative rate)");
RATE(fdr, 0, "-1", "share of the rows predicted as a class that are not of it (false discoveries)");
RATE(false_omission_rate, 0, "-1", "share of the rows predicted as others that are of the class");
RATE(jaccard, 1, "1",
     "rows of a class predicted as it, as a share of those that are or are predicted");
RATE(selection_rate, 1, "1", "share of the rows that are predicted as a class");
RATE(prevalence, 1, "1", "share of the rows that are of a class (base rate)");

static const mlsd__metric_ops f_score_ops = OPS(1, f, NULL, &defaults);
MLSD__METRIC_KIND_WITH(
    f_score, f_table, mlsd__ratio_params, MLSD__OF_CLASSES, "1",
    "weighted harmonic mean of precision and recall, f1 unless beta says otherwise; interval "
    "of f1 of one class from Wilson's of the Jaccard index, otherwise by the delta method");

/* scikit-learn's names of scorers. */
#define ALIASES(name_, kind_, which_, data_)                          \
    {name_ "_micro", kind_, OPS(1, which_, data_, &micro)},           \
        {name_ "_macro", kind_, OPS(1, which_, data_, &macro)},       \
        {name_ "_weighted", kind_, OPS(1, which_, data_, &weighted)}, \
    {                                                                 \
        name_ "_samples", kind_, OPS(1, which_, data_, &samples)      \
    }
const mlsd__metric_alias mlsd__rate_aliases[] = {
    {"f1", "f_score", OPS(1, f, NULL, &defaults)},
    ALIASES("f1", "f_score", f, NULL),
    ALIASES("precision", "precision", rate, &precision),
    ALIASES("recall", "recall", rate, &recall),
    ALIASES("jaccard", "jaccard", rate, &jaccard),
    {"sensitivity", "recall", OPS(1, rate, &recall, &defaults)},
    {0},
};
