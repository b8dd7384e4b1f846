/* fold_moments.c - one pass over the parts' rows, and a binary tree of their moments.
 *
 * A part's rows are gathered a few hundred at a time into a packed panel, less an origin near their
 * mean, and multiplied while they are in the cache; a last column of ones gives the sums in the
 * same product. The origin is the mean of some rows from all over: what the mean differs from it by
 * is taken away at the end, and is small. Large parts are cut into stretches, so that there is work
 * for all threads; how they are cut depends on sizes alone, and the stretches are merged in order.
 * Unions follow the tree from its root, left to right. */
#include "numeric/fold_moments.h"

#include <math.h>
#include <string.h>

#include "numeric/blas.h"
#include "numeric/sum.h"

enum {
    STRETCHES = 32,                        /* of all rows; each at least MLSD__BLOCK_ROWS long */
    MAX_STRETCH_DOUBLES = 8 * 1024 * 1024, /* of moments beyond one for each part: 64 MB */
    ORIGIN_ROWS = 32,                      /* whose mean is the origin of a stretch */
    PANEL_ROWS = 512,                      /* gathered at a time, and */
    PANEL_DOUBLES = 1 << 16 /* fewer where rows are wide: half a megabyte stays in the cache */
};

typedef struct stretch {
    int64_t part, first, n; /* positions in rows */
    mlsd__gram *gram;
} stretch;

typedef struct moment_pass {
    const mlsd__moment_source *source;
    const mlsd__part_rows *parts;
    int64_t n_stretches, n_extra, panel_rows;
    stretch *stretches;
    mlsd__gram *extra; /* n_extra: of the stretches that are not the first of their part */
    double *room;      /* of each thread: origin, product and panel */
    int64_t room_size;
} moment_pass;

int64_t mlsd__fold_moments_doubles(int64_t q, int64_t n_parts)
{
    return 2 * n_parts * (q * q + 4 * q);
}

/* How many stretches to make of a part of n rows out of `total`, with room for `most`. */
static int64_t stretches_of(int64_t n, int64_t total, int64_t most)
{
    const int64_t longest = mlsd__n_blocks(n);
    const int64_t share = total > 0 ? (n * most + total / 2) / total : 1;
    const int64_t wanted = share < longest ? share : longest;
    return wanted > 1 ? wanted : 1;
}

static mlsd_status cut(const mlsd__allocator *a, moment_pass *pass, mlsd__gram *leaves)
{
    const mlsd__part_rows *const parts = pass->parts;
    const int64_t q = pass->source->q, k = parts->n_parts;
    const int64_t total = parts->first[k] - parts->first[0];
    const int64_t room = MAX_STRETCH_DOUBLES / (q * q + 1);
    const int64_t most = room < STRETCHES ? room : STRETCHES;
    for (int64_t part = 0; part < k; part++)
        pass->n_stretches += stretches_of(parts->first[part + 1] - parts->first[part], total, most);
    pass->stretches = mlsd__alloc(a, pass->n_stretches, sizeof *pass->stretches);
    pass->extra = mlsd__alloc(a, pass->n_stretches - k, sizeof *pass->extra);
    if (pass->stretches == NULL || pass->extra == NULL) return MLSD_E_NOMEM;

    int64_t at = 0;
    for (int64_t part = 0; part < k; part++) {
        const int64_t first = parts->first[part], n = parts->first[part + 1] - first;
        const int64_t pieces = stretches_of(n, total, most);
        for (int64_t piece = 0; piece < pieces; piece++) {
            const int64_t begin = n * piece / pieces, end = n * (piece + 1) / pieces;
            mlsd__gram *const gram = piece == 0 ? &leaves[part] : &pass->extra[pass->n_extra++];
            pass->stretches[at++] = (stretch){part, first + begin, end - begin, gram};
        }
    }
    return MLSD_OK;
}

static void add_distance(const double *restrict row, const double *restrict first, int64_t q,
                         double *restrict sum)
{
    for (int64_t j = 0; j < q; j++) sum[j] += row[j] - first[j];
}

/* The mean of some rows of a stretch, as distances from the first one: that of a constant column is
 * exact. `z` has room for ORIGIN_ROWS rows, which are left there; `sum` for q numbers. */
static mlsd_status find_origin(const moment_pass *pass, mlsd__scope *scope, const stretch *s,
                               double *origin, double *sum, double *z)
{
    const mlsd__moment_source *const source = pass->source;
    const int64_t q = source->q, ld = q + 1, n = s->n < ORIGIN_ROWS ? s->n : ORIGIN_ROWS;
    int64_t rows[ORIGIN_ROWS];
    for (int64_t i = 0; i < n; i++)
        rows[i] = pass->parts->rows[s->first + (n < s->n ? s->n * i / n : i)];
    memset(origin, 0, (size_t)q * sizeof *origin);
    memset(sum, 0, (size_t)q * sizeof *sum);
    MLSD__TRY(source->read(source->user, scope, rows, n, origin, z, ld));
    for (int64_t i = 1; i < n; i++) add_distance(z + i * ld, z, q, sum);
    for (int64_t j = 0; j < q; j++) origin[j] = z[j] + sum[j] / (double)n;
    return MLSD_OK;
}

/* Rows at hand, less the origin that they were read without. */
static void subtract_origin(const double *restrict origin, int64_t n, int64_t q, double *restrict z)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < q; j++) z[i * (q + 1) + j] -= origin[j];
}

/* Rows as they are multiplied: times the root of the weight, which also is the last column. */
static double weigh(const mlsd__moment_source *source, const int64_t *rows, int64_t n, double *z)
{
    const int64_t q = source->q, ld = q + 1;
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
        double *const row = z + i * ld;
        row[q] = 1;
        if (source->weight == NULL) continue;
        const double weight = source->weight[rows[i]], root = sqrt(weight);
        total += weight;
        row[q] = root;
        for (int64_t j = 0; j < q; j++) row[j] *= root;
    }
    return source->weight == NULL ? (double)n : total;
}

static mlsd_status add_stretch(void *arg, int64_t task, mlsd__scope *scope)
{
    const moment_pass *const pass = arg;
    const mlsd__moment_source *const source = pass->source;
    const stretch *const s = &pass->stretches[task];
    const int64_t q = source->q, ld = q + 1, most = pass->panel_rows;
    MLSD__TRY(mlsd__gram_init(s->gram, scope->allocator, q));
    if (s->n == 0) return MLSD_OK;
    double *const origin = pass->room + scope->worker * pass->room_size;
    double *const product = origin + q, *const z = product + ld * ld;
    MLSD__TRY(find_origin(pass, scope, s, origin, product, z));
    memset(product, 0, (size_t)(ld * ld) * sizeof *product);
    double total = 0;
    for (int64_t at = 0; at < s->n; at += most) {
        const int64_t n = s->n - at < most ? s->n - at : most;
        const int64_t *const rows = pass->parts->rows + s->first + at;
        if (s->n <= ORIGIN_ROWS) /* they are all there */
            subtract_origin(origin, n, q, z);
        else
            MLSD__TRY(source->read(source->user, scope, rows, n, origin, z, ld));
        total += weigh(source, rows, n, z);
        mlsd__syrk(n, ld, 1, z, ld, 1, product, ld);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    double *const sums = z; /* the product's last column */
    for (int64_t j = 0; j < q; j++) sums[j] = product[j * ld + q];
    mlsd__gram_set(s->gram, s->n, total, origin, sums, product, ld);
    return MLSD_OK;
}

/* Nodes by level: the parts, then sums of two neighbours each, up to the root. A node without a
 * neighbour goes up as it is, as a copy. */
static int64_t count_nodes(int64_t n_parts)
{
    int64_t n_nodes = n_parts;
    for (int64_t n = n_parts; n > 1; n = (n + 1) / 2) n_nodes += (n + 1) / 2;
    return n_nodes;
}

static mlsd_status build_tree(mlsd__scope *scope, mlsd__fold_moments *m)
{
    mlsd__gram *below = m->nodes;
    for (int64_t n = m->n_parts; n > 1; n = (n + 1) / 2) {
        mlsd__gram *const level = below + n;
        for (int64_t i = 0; i < (n + 1) / 2; i++) {
            MLSD__TRY(mlsd__gram_init(&level[i], scope->allocator, m->q));
            mlsd__gram_merge(&level[i], &below[2 * i]);
            if (2 * i + 1 < n) mlsd__gram_merge(&level[i], &below[2 * i + 1]);
        }
        MLSD__TRY(mlsd__checkpoint(scope));
        below = level;
    }
    return MLSD_OK;
}

static mlsd_status open_room(mlsd__scope *scope, moment_pass *pass)
{
    const int64_t ld = pass->source->q + 1, fitting = PANEL_DOUBLES / ld;
    pass->panel_rows = fitting < 64 ? 64 : fitting < PANEL_ROWS ? fitting : PANEL_ROWS;
    pass->room_size = ld + ld * ld + pass->panel_rows * ld;
    pass->room =
        mlsd__alloc_raw(scope->allocator, scope->n_threads * pass->room_size, sizeof(double));
    return pass->room != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

mlsd_status mlsd__fold_moments_new(mlsd__scope *scope, const mlsd__moment_source *source,
                                   const mlsd__part_rows *parts, mlsd__fold_moments *out)
{
    const mlsd__allocator *const a = scope->allocator;
    *out = (mlsd__fold_moments){
        .q = source->q, .n_parts = parts->n_parts, .n_nodes = count_nodes(parts->n_parts)};
    out->nodes = mlsd__alloc(a, out->n_nodes, sizeof *out->nodes);
    if (out->nodes == NULL) return MLSD_E_NOMEM;
    moment_pass pass = {.source = source, .parts = parts};
    mlsd_status status = open_room(scope, &pass);
    if (status == MLSD_OK) status = cut(a, &pass, out->nodes);
    if (status == MLSD_OK) status = mlsd__parallel_for(scope, pass.n_stretches, add_stretch, &pass);
    for (int64_t i = 0; status == MLSD_OK && i < pass.n_stretches; i++) {
        mlsd__gram *const leaf = &out->nodes[pass.stretches[i].part];
        if (pass.stretches[i].gram != leaf) mlsd__gram_merge(leaf, pass.stretches[i].gram);
    }
    if (status == MLSD_OK) status = build_tree(scope, out);
    for (int64_t i = 0; pass.extra != NULL && i < pass.n_extra; i++)
        mlsd__gram_free(&pass.extra[i], a);
    mlsd__free(a, pass.extra);
    mlsd__free(a, pass.stretches);
    mlsd__free(a, pass.room);
    return status;
}

void mlsd__fold_moments_free(mlsd__fold_moments *m, const mlsd__allocator *a)
{
    for (int64_t i = 0; m->nodes != NULL && i < m->n_nodes; i++) mlsd__gram_free(&m->nodes[i], a);
    mlsd__free(a, m->nodes);
    *m = (mlsd__fold_moments){.q = 0};
}

const mlsd__gram *mlsd__fold_moments_part(const mlsd__fold_moments *m, int64_t part)
{
    return &m->nodes[part];
}

const mlsd__gram *mlsd__fold_moments_only(const mlsd__fold_moments *m, const uint8_t *take)
{
    const mlsd__gram *only = NULL;
    for (int64_t k = 0; k < m->n_parts; k++) {
        if (take[k] == 0) continue;
        if (only != NULL) return NULL;
        only = &m->nodes[k];
    }
    return only;
}

/* How many of the parts [begin, end) are taken. */
static int64_t count_taken(const uint8_t *take, int64_t begin, int64_t end)
{
    int64_t n = 0;
    for (int64_t k = begin; k < end; k++) n += take[k] != 0;
    return n;
}

/* The node of a level that is `width` parts wide, whose nodes begin at `level`. */
static void add_node(const mlsd__fold_moments *m, const uint8_t *take, int64_t level, int64_t node,
                     int64_t width, mlsd__gram *out)
{
    const int64_t begin = node * width;
    const int64_t end = begin + width < m->n_parts ? begin + width : m->n_parts;
    const int64_t taken = count_taken(take, begin, end);
    if (taken == 0) return;
    if (taken == end - begin) {
        mlsd__gram_merge(out, &m->nodes[level + node]);
        return;
    }
    const int64_t half = width / 2, n_below = (m->n_parts + half - 1) / half;
    add_node(m, take, level - n_below, 2 * node, half, out);
    if (2 * node + 1 < n_below) add_node(m, take, level - n_below, 2 * node + 1, half, out);
}

void mlsd__fold_moments_sum(const mlsd__fold_moments *m, const uint8_t *take, mlsd__gram *out)
{
    int64_t width = 1;
    while (width < m->n_parts) width *= 2;
    if (m->n_parts > 0) add_node(m, take, m->n_nodes - 1, 0, width, out);
}
