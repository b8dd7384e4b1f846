/* smote.c - kinds "smote" (Chawla, Bowyer, Hall & Kegelmeyer 2002, "SMOTE: synthetic minority
 * over-sampling technique"), "borderline_smote" (Han, Wang & Mao 2005) and "adasyn" (He, Bai,
 * Garcia & Li 2008): new rows of a small class, on the lines between its rows and their nearest
 * neighbours of the same class. They differ in which rows the new ones start from. */
#include <math.h>
#include <string.h>

#include "model/augment/class_resample.h"

extern const mlsd_kind mlsd__kind_smote;
extern const mlsd_kind mlsd__kind_borderline_smote;
extern const mlsd_kind mlsd__kind_adasyn;

/* Of all three; n_around is of the latter two, whose names for it differ. */
typedef struct params {
    double sampling_strategy;
    int64_t k_neighbors, m_neighbors;
} params;

/* One class on its way. */
typedef struct grow {
    const char *kind;
    const params *params;
    const mlsd__class_rows *classes;
    mlsd__synthesis *synthesis;
    int64_t k, n_class, n_lacking; /* which class, its rows, how many it lacks */
    const int64_t *rows;           /* of the class */
    int64_t *n_from;               /* new rows that start from each */
} grow;

/* How many of the new rows start from each row of the class, into g->n_from. */
typedef mlsd_status (*share_fn)(mlsd__scope *scope, grow *g);

/* As many from each row of `among` as from any other, but for one; who has one more is drawn. */
static mlsd_status share_evenly(mlsd__scope *scope, grow *g, const int64_t *among, int64_t n)
{
    int64_t *const order = mlsd__alloc_raw(scope->allocator, n, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) order[i] = among != NULL ? among[i] : i;
    mlsd__stream stream = mlsd__synthesis_stream(g->synthesis, g->k, -1);
    mlsd__stream_shuffle(&stream, order, n);
    for (int64_t i = 0; i < n; i++) g->n_from[order[i]] = g->n_lacking / n + (i < g->n_lacking % n);
    mlsd__free(scope->allocator, order);
    return MLSD_OK;
}

static mlsd_status share_smote(mlsd__scope *scope, grow *g)
{
    return share_evenly(scope, g, NULL, g->n_class);
}

/* For each row of the class, how many of the nearest rows of all classes are of another; *out_m is
 * how many were asked. */
static mlsd_status count_others(mlsd__scope *scope, const grow *g, int64_t *out_m, int64_t *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__train *const train = g->synthesis->train;
    const int64_t p = g->synthesis->p, n = g->n_class;
    const int64_t n_all = g->classes->start[g->classes->n_classes];
    const int64_t m = g->params->m_neighbors < n_all ? g->params->m_neighbors : n_all - 1;
    int64_t *const found = mlsd__alloc_raw(a, n * m, sizeof *found);
    int64_t *const self = mlsd__alloc_raw(a, n, sizeof *self);
    double *points = NULL, *queries = NULL;
    mlsd_status status = found == NULL || self == NULL ? MLSD_E_NOMEM : MLSD_OK;
    /* Numbers of points are places in the list of all classes, where this class is one stretch. */
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) self[i] = g->classes->start[g->k] + i;
    if (status == MLSD_OK)
        status = mlsd__pack_rows(a, g->synthesis->x, p, g->classes->rows, n_all, &points);
    if (status == MLSD_OK) status = mlsd__pack_rows(a, g->synthesis->x, p, g->rows, n, &queries);
    const mlsd__near_job job = {points, queries, n_all, n, p, m, self, found};
    if (status == MLSD_OK) status = mlsd__nearest_others(scope, &job);
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        out[i] = 0;
        for (int64_t j = 0; j < m; j++)
            out[i] += train->y[g->classes->rows[found[i * m + j]]] != (double)g->k;
    }
    *out_m = m;
    mlsd__free(a, points);
    mlsd__free(a, queries);
    mlsd__free(a, found);
    mlsd__free(a, self);
    return status;
}

static void tell_nothing(mlsd__scope *scope, const grow *g, const char *why)
{
    mlsd__log_line(scope, MLSD_LOG_WARNING, "%s: class number %lld gets no new rows: %s", g->kind,
                   (long long)g->k, why);
}

/* From rows in danger alone: at least half of those around are of other classes, but not all. */
static mlsd_status share_borderline(mlsd__scope *scope, grow *g)
{
    int64_t *const others = mlsd__alloc(scope->allocator, 2 * g->n_class, sizeof *others);
    if (others == NULL) return MLSD_E_NOMEM;
    int64_t *const danger = others + g->n_class;
    int64_t m = 0, n = 0;
    mlsd_status status = count_others(scope, g, &m, others);
    for (int64_t i = 0; status == MLSD_OK && i < g->n_class; i++)
        if (2 * others[i] >= m && others[i] < m) danger[n++] = i;
    if (status == MLSD_OK && n > 0) status = share_evenly(scope, g, danger, n);
    if (status == MLSD_OK && n == 0) tell_nothing(scope, g, "none of its rows is near a border");
    mlsd__free(scope->allocator, others);
    return status;
}

/* In proportion to how many around are of other classes: each share rounded by itself, as there. */
static mlsd_status share_adasyn(mlsd__scope *scope, grow *g)
{
    int64_t *const others = mlsd__alloc(scope->allocator, g->n_class, sizeof *others);
    if (others == NULL) return MLSD_E_NOMEM;
    int64_t m = 0, total = 0;
    const mlsd_status status = count_others(scope, g, &m, others);
    for (int64_t i = 0; status == MLSD_OK && i < g->n_class; i++) total += others[i];
    for (int64_t i = 0; status == MLSD_OK && total > 0 && i < g->n_class; i++)
        g->n_from[i] =
            (int64_t)floor((double)others[i] / (double)total * (double)g->n_lacking + 0.5);
    if (status == MLSD_OK && total == 0)
        tell_nothing(scope, g, "no row of another class is near any of its rows");
    mlsd__free(scope->allocator, others);
    return status;
}

/* The new rows of a class, each from its row towards one of the k nearest of the class. */
static void add_rows(const grow *g, const int64_t *near, int64_t k_near)
{
    int64_t number = 0;
    for (int64_t i = 0; i < g->n_class; i++) {
        for (int64_t s = 0; s < g->n_from[i]; s++) {
            mlsd__stream stream = mlsd__synthesis_stream(g->synthesis, g->k, number++);
            const int64_t which = (int64_t)mlsd__stream_below(&stream, (uint64_t)k_near);
            mlsd__synthesis_add(g->synthesis, g->rows[i], g->rows[near[i * k_near + which]],
                                mlsd__stream_double(&stream));
        }
    }
}

static mlsd_status grow_class(mlsd__scope *scope, grow *g)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = g->n_class, wanted = g->params->k_neighbors;
    const int64_t k_near = wanted < n ? wanted : n - 1;
    int64_t *const near = mlsd__alloc_raw(a, n * k_near, sizeof *near);
    int64_t *const self = mlsd__alloc_raw(a, n, sizeof *self);
    double *points = NULL;
    mlsd_status status = near == NULL || self == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) self[i] = i;
    if (status == MLSD_OK)
        status = mlsd__pack_rows(a, g->synthesis->x, g->synthesis->p, g->rows, n, &points);
    const mlsd__near_job job = {points, points, n, n, g->synthesis->p, k_near, self, near};
    if (status == MLSD_OK) status = mlsd__nearest_others(scope, &job);
    if (status == MLSD_OK) add_rows(g, near, k_near);
    mlsd__free(a, points);
    mlsd__free(a, near);
    mlsd__free(a, self);
    return status;
}

/* Rounding may give a class of adasyn half a row more for each of its rows. */
static int64_t most_new(const mlsd__class_rows *c, double ratio)
{
    int64_t n = 0;
    for (int64_t k = 0; k < c->n_classes; k++) {
        const int64_t lacking = mlsd__class_lacks(c, k, ratio);
        n += lacking > 0 ? lacking + mlsd__class_count(c, k) : 0;
    }
    return n;
}

static mlsd_status grow_classes(mlsd__scope *scope, const mlsd_spec *spec, share_fn share,
                                const mlsd__class_rows *c, mlsd__synthesis *synthesis)
{
    grow g = {.kind = mlsd_kind_name(mlsd_spec_kind(spec)),
              .params = mlsd__spec_params(spec),
              .classes = c,
              .synthesis = synthesis};
    for (g.k = 0; g.k < c->n_classes; g.k++) {
        g.n_lacking = mlsd__class_lacks(c, g.k, g.params->sampling_strategy);
        if (g.n_lacking == 0) continue;
        g.rows = c->rows + c->start[g.k];
        g.n_class = mlsd__class_count(c, g.k);
        if (g.n_class < 2)
            return mlsd__fail(MLSD_E_DATA,
                              "%s: class number %lld has one training row, which has no neighbour "
                              "of its class; use random_oversample",
                              g.kind, (long long)g.k);
        g.n_from = mlsd__alloc(scope->allocator, g.n_class, sizeof *g.n_from);
        mlsd_status status = g.n_from == NULL ? MLSD_E_NOMEM : share(scope, &g);
        if (status == MLSD_OK) status = grow_class(scope, &g);
        mlsd__free(scope->allocator, g.n_from);
        MLSD__TRY(status);
    }
    return MLSD_OK;
}

static mlsd_status resample(mlsd__scope *scope, const mlsd_spec *spec, uint64_t seed,
                            const mlsd__train *train, share_fn share, mlsd__resampled *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const params *const p = mlsd__spec_params(spec);
    mlsd__class_rows classes = {0};
    mlsd__synthesis synthesis;
    double *x = NULL;
    if (!train->x_is_finite) MLSD__TRY(mlsd__frame_require_finite(scope, train->x, false));
    mlsd_status status = mlsd__class_rows_open(&classes, a, train);
    if (status == MLSD_OK) status = mlsd__frame_materialize(scope, train->x, &x);
    if (status == MLSD_OK)
        status = mlsd__synthesis_open(&synthesis, scope, train, x, seed,
                                      most_new(&classes, p->sampling_strategy), out);
    if (status == MLSD_OK) status = grow_classes(scope, spec, share, &classes, &synthesis);
    mlsd__free(a, x);
    mlsd__class_rows_close(&classes, a);
    return status;
}

static mlsd_status resample_smote(mlsd__scope *scope, const mlsd_spec *spec, uint64_t seed,
                                  const mlsd__train *train, mlsd__resampled *out)
{
    return resample(scope, spec, seed, train, share_smote, out);
}

static mlsd_status resample_borderline(mlsd__scope *scope, const mlsd_spec *spec, uint64_t seed,
                                       const mlsd__train *train, mlsd__resampled *out)
{
    return resample(scope, spec, seed, train, share_borderline, out);
}

static mlsd_status resample_adasyn(mlsd__scope *scope, const mlsd_spec *spec, uint64_t seed,
                                   const mlsd__train *train, mlsd__resampled *out)
{
    return resample(scope, spec, seed, train, share_adasyn, out);
}

static const mlsd__augmentation_ops smote_ops = {.check = mlsd__resample_check_classes,
                                                 .resample = resample_smote};
static const mlsd__augmentation_ops borderline_ops = {.check = mlsd__resample_check_classes,
                                                      .resample = resample_borderline};
static const mlsd__augmentation_ops adasyn_ops = {.check = mlsd__resample_check_classes,
                                                  .resample = resample_adasyn};

enum { MOST_NEIGHBORS = 1000000 };
#define SHARED                                                                                  \
    MLSD__P_F64(params, sampling_strategy, 0, 1, MLSD__OPEN_LOWER, "1", NULL,                   \
                "rows that each smaller class has afterwards, as a part of the largest class"), \
        MLSD__P_I64(params, k_neighbors, 1, MOST_NEIGHBORS, "5", "log",                         \
                    "new rows lie towards one of so many nearest rows of the class; fewer "     \
                    "where a class has fewer")

static const mlsd_param smote_table[] = {SHARED};
static const mlsd_param borderline_table[] = {
    SHARED,
    MLSD__P_I64(params, m_neighbors, 1, MOST_NEIGHBORS, "10", "log",
                "a row is in danger where at least half, but not all, of so many nearest rows are "
                "of other classes"),
};
static const mlsd_param adasyn_table[] = {
    SHARED,
    MLSD__P_I64(params, m_neighbors, 1, MOST_NEIGHBORS, "5", "log",
                "a row gets new ones in proportion to how many of so many nearest rows are of "
                "other classes"),
};

const mlsd_kind mlsd__kind_smote = {
    .name = "smote",
    .family = "augmentation",
    .doc = "New rows of small classes, between rows of the class that are near each other",
    .params = smote_table,
    .n_params = MLSD__COUNT(smote_table),
    .params_size = sizeof(params),
    .ops = &smote_ops,
    .traits = "{\"resamples\":true}",
};

const mlsd_kind mlsd__kind_borderline_smote = {
    .name = "borderline_smote",
    .family = "augmentation",
    .doc = "smote from those rows of a small class alone that are near the border to others",
    .params = borderline_table,
    .n_params = MLSD__COUNT(borderline_table),
    .params_size = sizeof(params),
    .ops = &borderline_ops,
    .traits = "{\"resamples\":true}",
};

const mlsd_kind mlsd__kind_adasyn = {
    .name = "adasyn",
    .family = "augmentation",
    .doc = "smote with more new rows where more of the rows around are of other classes",
    .params = adasyn_table,
    .n_params = MLSD__COUNT(adasyn_table),
    .params_size = sizeof(params),
    .ops = &adasyn_ops,
    .traits = "{\"resamples\":true}",
};
