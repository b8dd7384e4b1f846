/* custom_impl.h - what the description of a user's estimator is made of: a kind of its own, whose
 * functions (custom_estimator.c) call the user's. Counted by everything that refers to the kind. */
#ifndef MLSD_MODEL_CUSTOM_IMPL_H
#define MLSD_MODEL_CUSTOM_IMPL_H

#include "mlsd/custom.h"
#include "base/kindtable.h"
#include "model/augment/augmentation.h"
#include "model/estimator.h"

struct mlsd_custom {
    uint64_t magic;
    mlsd__allocator allocator;
    mlsd__kind_life life; /* the handle counts as one reference */
    mlsd_kind kind;
    mlsd__estimator_ops ops;
    int32_t abilities;
    char *name, *traits;
    mlsd_param *params; /* kind.params; texts owned */
    int64_t params_capacity;

    mlsd_custom_fit_fn fit;
    mlsd_custom_predict_fn predict;
    mlsd_custom_free_fn state_free;
    mlsd_custom_width_fn width;         /* NULL: as many columns as in */
    mlsd_custom_attribute_fn attribute; /* these three may be NULL */
    mlsd_custom_save_fn save;
    mlsd_custom_load_fn load;
    mlsd_custom_augment_fn augment; /* of an augmentation, which has none of the others */
    void *user;
    mlsd_release_fn release;
};

/* The functions of every custom estimator; abilities are filled in by its description. */
extern const mlsd__estimator_ops mlsd__custom_ops;

/* The functions of every augmentation of the user's. */
extern const mlsd__augmentation_ops mlsd__custom_augmentation_ops;

/* The description that a kind is part of. */
const mlsd_custom *mlsd__custom_of(const mlsd_kind *kind);

#endif
