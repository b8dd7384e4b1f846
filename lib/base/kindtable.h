/* kindtable.h - the table of kinds and parameters: what a row looks like.
 *
 * A kind's parameters live in a plain struct that its algorithm reads directly (`p->alpha`); the
 * table says where each stands, so that names, bounds, defaults, JSON, Python and docs all come
 * from it. Struct fields by type: F64 double, I64 int64_t, BOOL int64_t, STR char*, CHOICE int64_t
 * (index), F64_LIST mlsd__f64_list, STR_LIST mlsd__str_list. Null: F64 NaN, I64 MLSD__NULL_I64, STR
 * and lists NULL pointers. */
#ifndef MLSD_BASE_KINDTABLE_H
#define MLSD_BASE_KINDTABLE_H

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mlsd/kind.h"
#include "mlsd/spec.h"
#include "base/memory.h"

#define MLSD__NULL_I64 INT64_MIN

typedef struct mlsd__f64_list {
    double *values;
    int64_t n;
} mlsd__f64_list;

typedef struct mlsd__str_list {
    char **values;
    int64_t n;
} mlsd__str_list;

enum { MLSD__OPEN_LOWER = 1, MLSD__OPEN_UPPER = 2 };

struct mlsd_param {
    const char *name;
    mlsd_param_type type;
    int32_t open; /* MLSD__OPEN_* */
    int32_t nullable;
    size_t offset;              /* in the kind's struct */
    double lower, upper;        /* of numbers and of each list element; exact for i64 below 2^53 */
    const char *fallback;       /* the default as JSON text */
    const char *const *choices; /* NULL-terminated, for CHOICE */
    const char *scale;          /* "linear" (NULL means it) or "log" */
    const char *doc;            /* one line */
};

typedef struct mlsd__slot {
    const char *name;
    const char *families; /* comma-separated: "estimator,transform" */
    int32_t many;         /* 0: at most one child */
    const char *doc;
} mlsd__slot;

/* A kind that is not of the table lives as long as anything refers to it: specs, fitted states, the
 * context that knows it by name. The first member of its owner, who frees itself in `end`. */
typedef struct mlsd__kind_life {
    atomic_llong n_references;
    void (*end)(struct mlsd__kind_life *life);
} mlsd__kind_life;

struct mlsd_kind {
    const char *name, *family, *doc;
    const mlsd_param *params;
    int64_t n_params;
    size_t params_size; /* bytes of the struct; 0 without parameters */
    const mlsd__slot *slots;
    int64_t n_slots;
    const void *ops;       /* the family's table of functions */
    const char *traits;    /* JSON object with what bindings must know, such as
                              {"tasks":["regression"],"iterative":true}; NULL for {} */
    mlsd__kind_life *life; /* NULL: of the table, for ever */
};

/* Count one more or one less reference to a kind; nothing for those of the table. */
void mlsd__kind_retain(const mlsd_kind *kind);
void mlsd__kind_release(const mlsd_kind *kind);

/* Shorthands for tables: type, name and offset cannot then disagree by accident. */
#define MLSD__P_F64(S, field, lo, hi, open_, fallback_, scale_, doc_)                           \
    {                                                                                           \
        .name = #field, .type = MLSD_PARAM_F64, .open = (open_), .offset = offsetof(S, field),  \
        .lower = (lo), .upper = (hi), .fallback = (fallback_), .scale = (scale_), .doc = (doc_) \
    }
#define MLSD__P_F64_NULL(S, field, lo, hi, open_, fallback_, doc_)                           \
    {                                                                                        \
        .name = #field, .type = MLSD_PARAM_F64, .open = (open_), .nullable = 1,              \
        .offset = offsetof(S, field), .lower = (lo), .upper = (hi), .fallback = (fallback_), \
        .doc = (doc_)                                                                        \
    }
#define MLSD__P_I64(S, field, lo, hi, fallback_, scale_, doc_)                               \
    {                                                                                        \
        .name = #field, .type = MLSD_PARAM_I64, .offset = offsetof(S, field), .lower = (lo), \
        .upper = (hi), .fallback = (fallback_), .scale = (scale_), .doc = (doc_)             \
    }
#define MLSD__P_I64_NULL(S, field, lo, hi, fallback_, doc_)                                  \
    {                                                                                        \
        .name = #field, .type = MLSD_PARAM_I64, .nullable = 1, .offset = offsetof(S, field), \
        .lower = (lo), .upper = (hi), .fallback = (fallback_), .doc = (doc_)                 \
    }
#define MLSD__P_BOOL(S, field, fallback_, doc_)                                            \
    {                                                                                      \
        .name = #field, .type = MLSD_PARAM_BOOL, .offset = offsetof(S, field), .upper = 1, \
        .fallback = (fallback_), .doc = (doc_)                                             \
    }
#define MLSD__P_STR(S, field, fallback_, doc_)                                               \
    {                                                                                        \
        .name = #field, .type = MLSD_PARAM_STR, .nullable = 1, .offset = offsetof(S, field), \
        .fallback = (fallback_), .doc = (doc_)                                               \
    }
#define MLSD__P_CHOICE(S, field, choices_, fallback_, doc_)                      \
    {                                                                            \
        .name = #field, .type = MLSD_PARAM_CHOICE, .offset = offsetof(S, field), \
        .choices = (choices_), .fallback = (fallback_), .doc = (doc_)            \
    }
#define MLSD__P_F64_LIST(S, field, lo, hi, open_, fallback_, scale_, doc_)                   \
    {                                                                                        \
        .name = #field, .type = MLSD_PARAM_F64_LIST, .open = (open_), .nullable = 1,         \
        .offset = offsetof(S, field), .lower = (lo), .upper = (hi), .fallback = (fallback_), \
        .scale = (scale_), .doc = (doc_)                                                     \
    }
#define MLSD__P_STR_LIST(S, field, fallback_, doc_)                                               \
    {                                                                                             \
        .name = #field, .type = MLSD_PARAM_STR_LIST, .nullable = 1, .offset = offsetof(S, field), \
        .fallback = (fallback_), .doc = (doc_)                                                    \
    }
#define MLSD__COUNT(array) ((int64_t)(sizeof(array) / sizeof((array)[0])))

/* Every kind, in the order of the documentation. Defined in lib/registry.c, the one file that knows
 * all folders. */
extern const mlsd_kind *const mlsd__kinds[];
extern const int64_t mlsd__n_kinds;

/* The parameter struct of a spec, typed by the caller who knows the kind. */
const void *mlsd__spec_params(const mlsd_spec *spec);
/* The kind's family table. */
const void *mlsd__spec_ops(const mlsd_spec *spec);
/* Check that a spec belongs to one of the families ("splitter", "estimator,transform"):
 * MLSD_E_KIND. */
mlsd_status mlsd__spec_require(const mlsd_spec *spec, const char *families);
/* The child of that slot (first of many), NULL without. */
const mlsd_spec *mlsd__spec_slot_child(const mlsd_spec *spec, const char *slot);
/* Children stay borrowed; i counts within the slot. NULL past the end. */
const mlsd_spec *mlsd__spec_slot_at(const mlsd_spec *spec, const char *slot, int64_t i);
const char *mlsd__spec_slot_name_at(const mlsd_spec *spec, const char *slot, int64_t i);
/* Of the same kind, with the same values and the same children under the same names? */
bool mlsd__spec_equals(const mlsd_spec *a, const mlsd_spec *b);
/* Is it, or a child of it, of a kind that is not of the table? */
bool mlsd__spec_is_custom(const mlsd_spec *spec);
/* A spec without a context, for defaults inside calls: allocator given. */
mlsd_status mlsd__spec_new(const mlsd__allocator *allocator, const char *kind, mlsd_spec **out);
/* The same of a kind that is at hand. */
mlsd_status mlsd__spec_new_of(const mlsd__allocator *allocator, const mlsd_kind *kind,
                              mlsd_spec **out);

#endif
