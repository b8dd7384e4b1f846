/* hash_split.c - hash_split and hash_kfold: the part of a row follows from its id alone.
 *
 * u is a number in [0, 1) made of the id's hash, and parts are intervals of u. So a row lands in
 * the same part for ever: on any machine, in any order, after other rows came or went. The last
 * part is [0, f), the one before it begins at f, and part 0 takes the rest; a part whose fraction
 * grows keeps the rows that it had as long as those behind it do not shrink. The price: sizes are
 * those that chance gives, and classes are not kept in proportion.
 *
 * The definition is part of the results and is pinned by known answers in its test: u is (h >> 11)
 * times 2^-53, h is XXH3-64 of the id's eight little-endian bytes, seeded by `seed`, or with a salt
 * by XXH3-64 of the salt's bytes seeded by `seed`. Ids are encoded as dataset_roles.h says. */
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "split/part_sizes.h"
#include "split/splitter.h"

enum { BY_ID = 0, BY_GROUP = 1 };
static const char *const by_choices[] = {"id", "group", NULL};

/* What both kinds have: their structs begin with it. */
typedef struct hashing {
    int64_t seed;
    char *salt;
    int64_t by;
} hashing;

typedef struct split_params {
    hashing hashing;
    mlsd__f64_list parts;
} split_params;

typedef struct kfold_params {
    hashing hashing;
    int64_t n_splits;
} kfold_params;

#define HASHING_PARAMS                                                                        \
    MLSD__P_I64(hashing, seed, 0, UINT32_MAX, "0", NULL,                                      \
                "seed of the hash: another one makes another split"),                         \
        MLSD__P_STR(hashing, salt, "null",                                                    \
                    "name of the experiment, so that its split differs from that of others"), \
        MLSD__P_CHOICE(hashing, by, by_choices, "\"id\"",                                     \
                       "what is hashed: each row's id, or its group, which then stays whole")

static const mlsd_param hash_split_params[] = {
    MLSD__P_F64_LIST(split_params, parts, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "[0.75,0.25]",
                     NULL,
                     "chance of a row to be in each part, training first and test last; "
                     "sum 1"),
    HASHING_PARAMS,
};

static const mlsd_param hash_kfold_params[] = {
    MLSD__P_I64(kfold_params, n_splits, 2, INT32_MAX - 1, "5", NULL, "number of folds"),
    HASHING_PARAMS,
};

/* The seed of the second hash. */
static uint64_t salted_seed(const hashing *p)
{
    const uint64_t seed = (uint64_t)p->seed;
    return p->salt == NULL ? seed : mlsd__hash64(p->salt, strlen(p->salt), seed);
}

static double unit_of(uint64_t id, uint64_t seed)
{
    unsigned char bytes[8];
    for (int k = 0; k < 8; k++) bytes[k] = (unsigned char)(id >> (8 * k));
    return (double)(mlsd__hash64(bytes, sizeof bytes, seed) >> 11) * 0x1p-53;
}

/* u of each group; a text counts by its bytes, not by its place among the present ones. */
static mlsd_status group_units(const mlsd__allocator *a, const mlsd__split_input *in, uint64_t seed,
                               double **out)
{
    *out = mlsd__alloc_raw(a, in->n_groups, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t g = 0; g < in->n_groups; g++) {
        const double value = in->group_values[g];
        (*out)[g] =
            unit_of(in->group_names != NULL ? mlsd__id_of_text(in->group_names[(int64_t)value])
                                            : mlsd__id_of_f64(value),
                    seed);
    }
    return MLSD_OK;
}

/* Says for each row in turn what part or fold u is in. */
typedef struct cuts {
    const double *ends; /* of parts from the last to the first but part 0, or NULL: folds */
    int64_t n_parts;
} cuts;

static int64_t part_of(const cuts *c, double u)
{
    if (c->ends == NULL) return (int64_t)(u * (double)c->n_parts);
    int64_t k = 0;
    while (k < c->n_parts - 1 && u >= c->ends[k]) k++;
    return c->n_parts - 1 - k;
}

/* Calls for every row: u, then `set`. Rows are counted into sizes by part. */
static mlsd_status deal(mlsd__scope *scope, const hashing *p, const mlsd__split_input *in,
                        const cuts *c, mlsd_folds *out)
{
    const uint64_t seed = salted_seed(p);
    double *of_group = NULL;
    if (p->by == BY_GROUP) MLSD__TRY(group_units(scope->allocator, in, seed, &of_group));
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < in->n_rows; i++) {
        const double u = of_group != NULL ? of_group[in->groups[i]] : unit_of(in->ids[i], seed);
        const int64_t part = part_of(c, u);
        if (out->ids != NULL)
            out->ids[i] = (int32_t)part;
        else
            out->marks[i] = (int8_t)part;
        out->sizes[part]++;
        if (i % MLSD__BLOCK_ROWS == 0) status = mlsd__checkpoint(scope);
    }
    mlsd__free(scope->allocator, of_group);
    return status;
}

static int64_t n_hashed(const hashing *p, const mlsd__split_input *in)
{
    return p->by == BY_GROUP ? in->n_groups : in->n_rows;
}

static const char *noun(const hashing *p)
{
    return p->by == BY_GROUP ? "groups" : "rows";
}

static mlsd_status check_parts(const split_params *p, const mlsd_folds *folds,
                               const mlsd__split_input *in)
{
    char share[MLSD__NUMBER_CAPACITY];
    for (int64_t k = 0; k < folds->n_parts; k++) {
        if (folds->sizes[k] > 0) continue;
        mlsd__format_double(p->parts.values[k], share);
        return mlsd__fail(MLSD_E_DATA,
                          "part %lld (%s) has none of the %lld %s: a hash leaves sizes to chance; "
                          "use a larger fraction, another seed, or holdout",
                          (long long)k, share, (long long)n_hashed(&p->hashing, in),
                          noun(&p->hashing));
    }
    return MLSD_OK;
}

static mlsd_status split_parts(mlsd__scope *scope, const mlsd_spec *spec,
                               const mlsd__split_input *in, mlsd_folds *out)
{
    const split_params *const p = mlsd__spec_params(spec);
    const int64_t n_parts = p->parts.n;
    if (n_parts > INT8_MAX)
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'parts' has %lld fractions; at most %d can be cut",
                          (long long)n_parts, INT8_MAX);
    MLSD__TRY(mlsd__part_sizes_check_fractions(&p->parts));
    double ends[INT8_MAX];
    double end = 0;
    for (int64_t k = 0; k < n_parts - 1; k++) ends[k] = end += p->parts.values[n_parts - 1 - k];
    MLSD__TRY(mlsd__folds_make_marks(out, NULL, in->n_rows, 1, n_parts));
    MLSD__TRY(deal(scope, &p->hashing, in, &(cuts){ends, n_parts}, out));
    return check_parts(p, out, in);
}

static mlsd_status split_folds(mlsd__scope *scope, const mlsd_spec *spec,
                               const mlsd__split_input *in, mlsd_folds *out)
{
    const kfold_params *const p = mlsd__spec_params(spec);
    const int64_t n = n_hashed(&p->hashing, in);
    if (p->n_splits > n)
        return mlsd__fail(MLSD_E_DATA, "n_splits=%lld is more than the %lld %s; use at most %lld",
                          (long long)p->n_splits, (long long)n, noun(&p->hashing), (long long)n);
    MLSD__TRY(mlsd__folds_make_ids(out, p->n_splits, 1));
    MLSD__TRY(deal(scope, &p->hashing, in, &(cuts){NULL, p->n_splits}, out));
    for (int64_t f = 0; f < p->n_splits; f++) {
        if (out->sizes[f] > 0) continue;
        return mlsd__fail(MLSD_E_DATA,
                          "fold %lld of %lld has none of the %lld %s: a hash leaves sizes to "
                          "chance; use fewer folds, another seed, or kfold",
                          (long long)f, (long long)p->n_splits, (long long)n, noun(&p->hashing));
    }
    return MLSD_OK;
}

static int32_t needs(const mlsd_spec *spec)
{
    const hashing *const p = mlsd__spec_params(spec);
    return p->by == BY_GROUP ? MLSD__NEEDS_GROUPS : MLSD__NEEDS_IDS;
}

static const mlsd__splitter_ops split_ops = {.needs = needs, .split = split_parts};
static const mlsd__splitter_ops kfold_ops = {.needs = needs, .split = split_folds};

const mlsd_kind mlsd__kind_hash_split = {
    .name = "hash_split",
    .family = "splitter",
    .doc = "parts by a hash of each row's id: a row stays in its part for ever, whatever rows come",
    .params = hash_split_params,
    .n_params = MLSD__COUNT(hash_split_params),
    .params_size = sizeof(split_params),
    .ops = &split_ops,
};

const mlsd_kind mlsd__kind_hash_kfold = {
    .name = "hash_kfold",
    .family = "splitter",
    .doc = "k folds by a hash of each row's id: a row stays in its fold for ever",
    .params = hash_kfold_params,
    .n_params = MLSD__COUNT(hash_kfold_params),
    .params_size = sizeof(kfold_params),
    .ops = &kfold_ops,
};
