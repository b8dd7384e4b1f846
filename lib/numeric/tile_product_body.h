/* tile_product_body.h - the whole of tile_product.c for one type of number, REAL, under the name
 * GEMM; FUSED_AVX2 and FUSED_AVX512 are its fused multiply-add on vectors. Not a header: included
 * once in each file that defines these. */
enum { MOST_ROWS = 8, MOST_VECTORS = 3, MOST_WIDTH = MOST_VECTORS * 64 / sizeof(REAL) };

/* Sums over `depth` of a[r a_row + l a_step] b[l ldb + c] for the cells (r, c) of a tile, written
 * in rows that are `stride` apart. */
typedef void (*sum_fn)(int64_t depth, const REAL *a, int64_t a_row, int64_t a_step, const REAL *b,
                       int64_t ldb, REAL *sums, int64_t stride);

typedef struct kernels {
    int64_t rows, lanes, vectors;    /* vectors: as many as a tile may be wide */
    sum_fn by_columns[MOST_VECTORS]; /* a_row = 1: one, two, three vectors wide */
    sum_fn by_rows[MOST_VECTORS];    /* a_step = 1 */
} kernels;

/* The compiler splits vectors wider than its registers badly, hence a type for each width. */
#define DEFINE_SUM(NAME, TARGET, VEC, MULADD, ROWS, LANES, VECTORS, A_ROW, A_STEP)                \
    TARGET static void NAME(int64_t depth, const REAL *restrict a, int64_t a_row, int64_t a_step, \
                            const REAL *restrict b, int64_t ldb, REAL *restrict sums,             \
                            int64_t stride)                                                       \
    {                                                                                             \
        VEC s[ROWS][VECTORS], y[VECTORS];                                                         \
        (void)a_row, (void)a_step;                                                                \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                    \
        {                                                                                         \
            for (int v = 0; v < VECTORS; v++) s[r][v] = (VEC){0};                                 \
        }                                                                                         \
        for (int64_t l = 0; l < depth; l++, b += ldb, a += A_STEP) {                              \
            for (int v = 0; v < VECTORS; v++) y[v] = *(const VEC *)(b + LANES * v);               \
            _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                \
            {                                                                                     \
                const REAL x = a[r * A_ROW];                                                      \
                for (int v = 0; v < VECTORS; v++) s[r][v] = MULADD(x, y[v], s[r][v]);             \
            }                                                                                     \
        }                                                                                         \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                    \
        {                                                                                         \
            for (int v = 0; v < VECTORS; v++) *(VEC *)(sums + r * stride + v * LANES) = s[r][v];  \
        }                                                                                         \
    }

#define DEFINE_KERNELS(NAME, TARGET, MULADD, ROWS, BYTES, VECTORS)                                 \
    typedef REAL NAME##_vec __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias)); \
    DEFINE_SUM(NAME##_columns_1, TARGET, NAME##_vec, MULADD, ROWS, (BYTES / (int)sizeof(REAL)), 1, \
               1, a_step)                                                                          \
    DEFINE_SUM(NAME##_columns_2, TARGET, NAME##_vec, MULADD, ROWS, (BYTES / (int)sizeof(REAL)), 2, \
               1, a_step)                                                                          \
    DEFINE_SUM(NAME##_columns_3, TARGET, NAME##_vec, MULADD, ROWS, (BYTES / (int)sizeof(REAL)), 3, \
               1, a_step)                                                                          \
    DEFINE_SUM(NAME##_rows_1, TARGET, NAME##_vec, MULADD, ROWS, (BYTES / (int)sizeof(REAL)), 1,    \
               a_row, 1)                                                                           \
    DEFINE_SUM(NAME##_rows_2, TARGET, NAME##_vec, MULADD, ROWS, (BYTES / (int)sizeof(REAL)), 2,    \
               a_row, 1)                                                                           \
    DEFINE_SUM(NAME##_rows_3, TARGET, NAME##_vec, MULADD, ROWS, (BYTES / (int)sizeof(REAL)), 3,    \
               a_row, 1)                                                                           \
    static const kernels NAME = {ROWS,                                                             \
                                 (BYTES / (int)sizeof(REAL)),                                      \
                                 VECTORS,                                                          \
                                 {NAME##_columns_1, NAME##_columns_2, NAME##_columns_3},           \
                                 {NAME##_rows_1, NAME##_rows_2, NAME##_rows_3}};

#define MULTIPLY_ADD(x, y, s) ((s) + (x) * (y))

DEFINE_KERNELS(base, , MULTIPLY_ADD, 4, 16, 2)

#if defined(__x86_64__)
DEFINE_KERNELS(avx2, __attribute__((target("avx2"))), MULTIPLY_ADD, 4, 32, 2)
DEFINE_KERNELS(avx512, __attribute__((target("avx512f"))), MULTIPLY_ADD, 8, 64, 3)
DEFINE_KERNELS(fused_avx2, __attribute__((target("avx2,fma"))), FUSED_AVX2, 4, 32, 3)
DEFINE_KERNELS(fused_avx512, __attribute__((target("avx512f"))), FUSED_AVX512, 8, 64, 3)

static const kernels *const of_isa[MLSD__TILE_NONE] = {&base, &avx2, &avx512, &fused_avx2,
                                                       &fused_avx512};

#else
static const kernels *const of_isa[MLSD__TILE_NONE] = {&base};
#endif

/* One operand: cells along the result, terms along k. */
typedef struct strip {
    const REAL *data;
    int64_t cell, term; /* strides */
} strip;

typedef struct product {
    const kernels *with;
    bool only_upper;
    bool sets; /* sums take C's place: no stretch of k was before, alpha is 1 and beta 0 */
    int64_t m, n;
    REAL alpha;
    strip a, b;
    REAL *c;
    int64_t ldc;
} product;

/* packed[l][i] of cells first .. first + valid - 1; 0 up to the width. */
static void pack(strip s, int64_t first, int64_t valid, int64_t width, int64_t l, int64_t depth,
                 REAL *packed)
{
    const REAL *const from = s.data + first * s.cell + l * s.term;
    for (int64_t i = 0; i < width; i++)
        for (int64_t t = 0; t < depth; t++)
            packed[t * width + i] = i < valid ? from[i * s.cell + t * s.term] : 0;
}

/* A stretch of columns of the result: where its part of B lies. */
typedef struct panel {
    int64_t first, end; /* columns of the result that are new */
    int64_t origin;     /* column of b's first cell */
    int64_t n_vectors;
    const REAL *b;
    int64_t ldb;
} panel;

/* The columns from `first` on, as many as a tile takes; packed into room where they do not lie
 * ready. */
static panel next_panel(const product *p, int64_t first, int64_t l, int64_t depth, REAL *room)
{
    const int64_t lanes = p->with->lanes, left = (p->n - first + lanes - 1) / lanes;
    const int64_t most = p->with->vectors;
    /* 4 are 2 and 2: one vector alone would have to wait for itself. */
    panel q = {.first = first, .n_vectors = left < most ? left : left == 4 ? 2 : most};
    while (q.n_vectors > 1 && q.n_vectors * lanes > p->n) q.n_vectors--;
    const int64_t width = q.n_vectors * lanes;
    q.end = first + width < p->n ? first + width : p->n;
    if (p->b.cell == 1 && p->n >= width) {
        q.origin = q.end - width;
        q.b = p->b.data + q.origin + l * p->b.term;
        q.ldb = p->b.term;
    } else {
        q.origin = first;
        q.b = room;
        q.ldb = width;
        pack(p->b, first, q.end - first, width, l, depth, room);
    }
    return q;
}

static void add_tile(const product *p, const panel *q, int64_t i, int64_t first, int64_t end,
                     const REAL *sums)
{
    const int64_t width = q->n_vectors * p->with->lanes;
    for (int64_t row = first; row < end; row++) {
        const REAL *const from = sums + (row - i) * width;
        REAL *const to = p->c + row * p->ldc + q->origin;
        const int64_t j = p->only_upper && row > q->first ? row : q->first;
        for (int64_t c = j - q->origin; c < q->end - q->origin; c++)
            to[c] = p->sets ? from[c] : to[c] + p->alpha * from[c];
    }
}

/* Rows from `first` on, as many as a tile has. Where sums take C's place and the tile is within C
 * they go there at once, those of cells done before again: they are the same. */
static void multiply_tile(const product *p, const panel *q, int64_t first, int64_t l, int64_t depth)
{
    const int64_t rows = p->with->rows, end = first + rows < p->m ? first + rows : p->m;
    const int64_t width = q->n_vectors * p->with->lanes;
    REAL sums[MOST_ROWS * MOST_WIDTH];
    if (p->m < rows) {
        REAL packed[MLSD__TILE_DEPTH * MOST_ROWS];
        pack(p->a, 0, p->m, rows, l, depth, packed);
        p->with->by_columns[q->n_vectors - 1](depth, packed, 1, rows, q->b, q->ldb, sums, width);
        add_tile(p, q, 0, first, end, sums);
        return;
    }
    const int64_t i = end - rows;
    const sum_fn *const sum = p->a.cell == 1 ? p->with->by_columns : p->with->by_rows;
    const bool is_direct = p->sets && q->origin + width <= p->n;
    sum[q->n_vectors - 1](depth, p->a.data + i * p->a.cell + l * p->a.term, p->a.cell, p->a.term,
                          q->b, q->ldb, is_direct ? p->c + i * p->ldc + q->origin : sums,
                          is_direct ? p->ldc : width);
    if (!is_direct) add_tile(p, q, i, first, end, sums);
}

/* All rows for a panel, so that it is packed once. */
static void multiply(product *p, int64_t k)
{
    REAL packed[MLSD__TILE_DEPTH * MOST_WIDTH];
    for (int64_t l = 0; l < k; l += MLSD__TILE_DEPTH) {
        const int64_t depth = k - l < MLSD__TILE_DEPTH ? k - l : MLSD__TILE_DEPTH;
        panel q = {.end = 0};
        while (q.end < p->n) {
            q = next_panel(p, q.end, l, depth, packed);
            for (int64_t i = 0; i < p->m; i += p->with->rows) multiply_tile(p, &q, i, l, depth);
        }
        p->sets = false;
    }
}

/* Panels from the diagonal on: fewer cells below it are computed in vain. */
static void multiply_upper(product *p, int64_t k)
{
    REAL packed[MLSD__TILE_DEPTH * MOST_WIDTH];
    for (int64_t l = 0; l < k; l += MLSD__TILE_DEPTH) {
        const int64_t depth = k - l < MLSD__TILE_DEPTH ? k - l : MLSD__TILE_DEPTH;
        for (int64_t i = 0; i < p->m; i += p->with->rows) {
            panel q = {.end = i};
            while (q.end < p->n) {
                q = next_panel(p, q.end, l, depth, packed);
                multiply_tile(p, &q, i, l, depth);
            }
        }
    }
}

/* C = beta C; what C held does not matter where beta is 0. */
static void scale(const product *p, REAL beta)
{
    for (int64_t i = 0; i < p->m && beta != 1; i++) {
        REAL *const row = p->c + i * p->ldc;
        for (int64_t j = p->only_upper ? i : 0; j < p->n; j++)
            row[j] = beta == 0 ? 0 : beta * row[j];
    }
}

void GEMM(mlsd__tile_isa isa, bool only_upper, bool trans_a, bool trans_b, int64_t m, int64_t n,
          int64_t k, REAL alpha, const REAL *a, int64_t lda, const REAL *b, int64_t ldb, REAL beta,
          REAL *c, int64_t ldc)
{
    product p = {.with = of_isa[isa],
                 .only_upper = only_upper,
                 .sets = !only_upper && alpha == 1 && beta == 0 && k > 0,
                 .m = m,
                 .n = n,
                 .alpha = alpha,
                 .a = trans_a ? (strip){a, 1, lda} : (strip){a, lda, 1},
                 .b = trans_b ? (strip){b, ldb, 1} : (strip){b, 1, ldb},
                 .c = c,
                 .ldc = ldc};
    if (!p.sets) scale(&p, beta);
    (only_upper ? multiply_upper : multiply)(&p, k);
}
