/* row_mixing.c - kinds "mixup" (Zhang, Cisse, Dauphin & Lopez-Paz 2018, "mixup: beyond empirical
 * risk minimization") and "cutmix" (Yun et al. 2019, for columns in place of a box of pixels): a
 * row and another training row, whose share of the target is its share of the row.
 *
 * The other row is drawn from all training rows, where the papers shuffle the batch: so a row does
 * not depend on what stands beside it. It comes as it is in the training set. */
#include <math.h>

#include "model/augment/augmentation.h"
#include "model/augment/draws.h"

extern const mlsd_kind mlsd__kind_mixup;
extern const mlsd_kind mlsd__kind_cutmix;

typedef struct params {
    double alpha;
} params;

/* Another training row into row->other; its number. */
static int64_t draw_other(mlsd__augmented_row *row)
{
    const int64_t other = mlsd__augment_draw_row(row->source, &row->stream);
    mlsd__augment_source_row(row->source, other, row->other);
    return other;
}

static void mixup_change(mlsd__augmented_row *row)
{
    const double share = mlsd__draw_beta(&row->stream, ((const params *)row->params)->alpha);
    const int64_t other = draw_other(row);
    for (int64_t j = 0; j < row->p; j++)
        row->x[j] = share * row->x[j] + (1 - share) * row->other[j];
    mlsd__augment_mix_targets(row->source, other, share, row->targets, row->k);
}

/* So many columns of the other row, each set of that size as likely as any (Knuth's algorithm S).
 */
static void cutmix_change(mlsd__augmented_row *row)
{
    const double share = mlsd__draw_beta(&row->stream, ((const params *)row->params)->alpha);
    const int64_t other = draw_other(row), p = row->p;
    const int64_t n_taken = (int64_t)floor((1 - share) * (double)p + 0.5);
    int64_t n_left = n_taken;
    for (int64_t j = 0; j < p; j++) {
        if (!(mlsd__stream_double(&row->stream) * (double)(p - j) < (double)n_left)) continue;
        row->x[j] = row->other[j];
        n_left--;
    }
    if (n_taken > 0)
        mlsd__augment_mix_targets(row->source, other, 1 - (double)n_taken / (double)p, row->targets,
                                  row->k);
}

static const mlsd__augmentation_ops mixup_ops = {.mixes = true, .change = mixup_change};
static const mlsd__augmentation_ops cutmix_ops = {
    .mixes = true, .takes_category = true, .change = cutmix_change};

static const mlsd_param mixup_table[] = {
    MLSD__P_F64(params, alpha, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.2", "log",
                "the row's share is Beta(alpha, alpha): near 0 or 1 where alpha is small"),
};
static const mlsd_param cutmix_table[] = {
    MLSD__P_F64(params, alpha, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "1", "log",
                "the part of columns that the row keeps is Beta(alpha, alpha); 1: any as likely"),
};

const mlsd_kind mlsd__kind_mixup = {
    .name = "mixup",
    .family = "augmentation",
    .doc = "A point between the row and another training row, and the same point between their "
           "targets",
    .params = mixup_table,
    .n_params = MLSD__COUNT(mixup_table),
    .params_size = sizeof(params),
    .ops = &mixup_ops,
};

const mlsd_kind mlsd__kind_cutmix = {
    .name = "cutmix",
    .family = "augmentation",
    .doc = "Some columns of another training row, and as much of its target",
    .params = cutmix_table,
    .n_params = MLSD__COUNT(cutmix_table),
    .params_size = sizeof(params),
    .ops = &cutmix_ops,
};
