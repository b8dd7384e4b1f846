/* space.c - reading the texts of a search space. Every value is set on a copy of the estimator as
 * it is read, so that a wrong name, type or bound is found here, and the message says which entry
 * it stands in. Making candidates is candidates.c's. */
#include "validate/space.h"

#include <string.h>

#include "base/hash.h"
#include "base/spec_impl.h"
#include "base/text.h"

/* A parse in progress: a text and where in it we are. */
typedef struct reading {
    const mlsd__allocator *allocator;
    mlsd_spec *scratch; /* a copy of the estimator */
    mlsd__space *space;
    mlsd__axis *axis;
    const char *entry; /* the text */
    int64_t index;     /* its place in `space` */
} reading;

static void axis_free(const mlsd__allocator *a, mlsd__axis *axis)
{
    mlsd__free(a, axis->name);
    mlsd__free(a, axis->entry);
    for (int64_t i = 0; i < axis->n_values; i++) mlsd__free(a, axis->values[i]);
    mlsd__free(a, axis->values);
}

void mlsd__space_free(mlsd__space *space)
{
    const mlsd__allocator *a = &space->allocator;
    for (int64_t g = 0; g < space->n_grids; g++) {
        for (int64_t i = 0; i < space->grids[g].n_axes; i++) axis_free(a, &space->grids[g].axes[i]);
        mlsd__free(a, space->grids[g].axes);
    }
    if (space->grids != NULL) mlsd__free(a, space->grids);
    for (int64_t i = 0; i < space->n_names; i++) mlsd__free(a, space->names[i]);
    if (space->names != NULL) mlsd__free(a, space->names);
    memset(space, 0, sizeof *space);
}

/* Put the entry in front of the message that stands. */
static mlsd_status in_entry(const reading *r, mlsd_status status)
{
    if (status == MLSD_OK || status == MLSD_E_NOMEM) return status;
    char message[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(message);
    return mlsd__fail(status, "entry %lld of 'space' ('%.80s'): %s", (long long)r->index, r->entry,
                      message);
}

/* ---- texts ---- */

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

static size_t trimmed(const char *from, const char *to)
{
    while (to > from && (to[-1] == ' ' || to[-1] == '\t')) to--;
    return (size_t)(to - from);
}

/* The first of the characters outside double quotes; the end without. */
static const char *find_outside(const char *at, const char *characters)
{
    for (bool quoted = false; *at != '\0'; at++) {
        if (*at == '"') quoted = !quoted;
        if (!quoted && strchr(characters, *at) != NULL) break;
    }
    return at;
}

/* One value: as it stands, or within double quotes, where "" is one quote. */
static mlsd_status read_value(const reading *r, const char *at, size_t length, char **out)
{
    *out = NULL;
    if (length == 0)
        return mlsd__fail(MLSD_E_PARSE, "a value is missing; an empty text is written as \"\"");
    if (*at != '"') {
        *out = mlsd__strndup(r->allocator, at, length);
        return *out != NULL ? MLSD_OK : MLSD_E_NOMEM;
    }
    char *const value = mlsd__alloc_raw(r->allocator, (int64_t)length + 1, 1);
    if (value == NULL) return MLSD_E_NOMEM;
    size_t n = 0, i = 1;
    for (; i < length; i++) {
        if (at[i] == '"') {
            if (i + 1 >= length || at[i + 1] != '"') break;
            i++;
        }
        value[n++] = at[i];
    }
    value[n] = '\0';
    if (i + 1 != length) {
        mlsd__free(r->allocator, value);
        return mlsd__fail(MLSD_E_PARSE, i >= length ? "a quote is open at the end"
                                                    : "after a quoted text there must be a comma");
    }
    *out = value;
    return MLSD_OK;
}

/* ---- lists ---- */

/* Are two texts the same value? 1 and 1.0 are. */
static bool is_same_value(const char *a, const char *b)
{
    double x, y;
    if (strcmp(a, b) == 0) return true;
    return mlsd__parse_double(a, strlen(a), &x) && mlsd__parse_double(b, strlen(b), &y) && x == y;
}

static mlsd_status take_value(const reading *r, const char *from, const char *to, int64_t *capacity)
{
    mlsd__axis *const axis = r->axis;
    void *values = axis->values;
    const mlsd_status grown =
        mlsd__reserve(r->allocator, &values, capacity, axis->n_values + 1, sizeof *axis->values);
    axis->values = values;
    MLSD__TRY(grown);
    char *value;
    MLSD__TRY(read_value(r, from, trimmed(from, to), &value));
    axis->values[axis->n_values++] = value;
    MLSD__TRY(mlsd_spec_set_text(r->scratch, axis->name, value));
    for (int64_t i = 0; i < axis->n_values - 1; i++) {
        if (is_same_value(axis->values[i], value))
            return mlsd__fail(MLSD_E_PARAM_CONFLICT, "the value %.60s of '%s' stands there twice",
                              value, axis->name);
    }
    return MLSD_OK;
}

static mlsd_status read_list(const reading *r, const char *at)
{
    int64_t capacity = 0;
    if (*skip_blanks(at) == '\0')
        return mlsd__fail(MLSD_E_PARSE, "there is no value for '%s'", r->axis->name);
    for (;;) {
        const char *const end = find_outside(at, ",");
        MLSD__TRY(take_value(r, skip_blanks(at), end, &capacity));
        if (*end == '\0') return MLSD_OK;
        at = end + 1;
    }
}

/* ---- ranges ---- */

static const char *const RANGES[] = {
    [MLSD__AXIS_UNIFORM] = "uniform",
    [MLSD__AXIS_LOG_UNIFORM] = "log_uniform",
    [MLSD__AXIS_INTEGERS] = "integers",
};

static const char *range_at(const void *user, int64_t i)
{
    return ((const char *const *)user)[i + 1];
}

static mlsd_status read_form(mlsd__axis *axis, const char *from, size_t length)
{
    for (int32_t form = MLSD__AXIS_UNIFORM; form <= MLSD__AXIS_INTEGERS; form++) {
        axis->form = form;
        if (strlen(RANGES[form]) == length && memcmp(RANGES[form], from, length) == 0)
            return MLSD_OK;
    }
    char name[32];
    const size_t n = length < sizeof name ? length : sizeof name - 1;
    memcpy(name, from, n);
    name[n] = '\0';
    const char *const near = mlsd__nearest_name(name, range_at, RANGES, MLSD__COUNT(RANGES) - 1);
    if (near != NULL)
        return mlsd__fail(MLSD_E_PARSE, "there is no range '%s'; did you mean '%s'?", name, near);
    return mlsd__fail(MLSD_E_PARSE,
                      "there is no range '%s'; ranges are uniform(low, high), log_uniform(low, "
                      "high) and integers(low, high)",
                      name);
}

static mlsd_status read_bound(const char *from, const char *to, double *out)
{
    const size_t length = trimmed(from, to);
    if (mlsd__parse_double(from, length, out) && isfinite(*out)) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARSE, "'%.*s' is no number to begin or end a range with",
                      (int)(length < 40 ? length : 40), from);
}

/* An end of a range must be a value of the parameter, but may be a bound that is left out, since
 * no draw hits it. */
static mlsd_status check_end(const reading *r, const mlsd_param *param, double value)
{
    const bool left_out = param->type == MLSD_PARAM_F64 &&
                          (((param->open & MLSD__OPEN_LOWER) != 0 && value == param->lower) ||
                           ((param->open & MLSD__OPEN_UPPER) != 0 && value == param->upper));
    char text[MLSD__NUMBER_CAPACITY];
    (void)mlsd__format_double(value, text);
    return left_out ? MLSD_OK : mlsd_spec_set_text(r->scratch, r->axis->name, text);
}

static mlsd_status check_range(const reading *r)
{
    static const double LARGEST = 9007199254740992.0; /* 2^53: whole numbers are told apart below */
    mlsd__axis *const axis = r->axis;
    mlsd_spec *owner;
    const mlsd_param *param;
    MLSD__TRY(mlsd__spec_resolve(r->scratch, axis->name, &owner, &param));
    if (param->type != MLSD_PARAM_F64 && param->type != MLSD_PARAM_I64)
        return mlsd__fail(MLSD_E_PARAM_TYPE,
                          "'%s' is no number, so it has no range; list its values with '='",
                          axis->name);
    axis->is_whole = param->type == MLSD_PARAM_I64;
    const bool must_be_whole = axis->is_whole || axis->form == MLSD__AXIS_INTEGERS;
    char low[MLSD__NUMBER_CAPACITY], high[MLSD__NUMBER_CAPACITY];
    (void)mlsd__format_double(axis->low, low);
    (void)mlsd__format_double(axis->high, high);
    if (!(axis->low < axis->high))
        return mlsd__fail(MLSD_E_PARAM_RANGE, "low must be below high, got %s and %s", low, high);
    if (must_be_whole && (axis->low != floor(axis->low) || axis->high != floor(axis->high) ||
                          fabs(axis->low) > LARGEST || fabs(axis->high) > LARGEST))
        return mlsd__fail(MLSD_E_PARAM_TYPE, "low and high must be whole numbers, got %s and %s",
                          low, high);
    if (axis->form == MLSD__AXIS_UNIFORM && axis->is_whole)
        return mlsd__fail(MLSD_E_PARAM_TYPE, "'%s' takes whole numbers: write integers(%s, %s)",
                          axis->name, low, high);
    if (axis->form == MLSD__AXIS_LOG_UNIFORM && !(axis->low > 0))
        return mlsd__fail(MLSD_E_PARAM_RANGE, "low must be above 0 to step by factors, got %s",
                          low);
    MLSD__TRY(check_end(r, param, axis->low));
    return check_end(r, param, axis->high);
}

static mlsd_status read_range(const reading *r, const char *at)
{
    mlsd__axis *const axis = r->axis;
    at = skip_blanks(at);
    const char *const open = at + strcspn(at, "(");
    MLSD__TRY(read_form(axis, at, trimmed(at, open)));
    const char *const comma = open + strcspn(open, ","), *const close = comma + strcspn(comma, ")");
    if (*open == '\0' || *comma == '\0' || *close == '\0' || *skip_blanks(close + 1) != '\0')
        return mlsd__fail(MLSD_E_PARSE, "a range is written as %s(low, high)", RANGES[axis->form]);
    MLSD__TRY(read_bound(skip_blanks(open + 1), comma, &axis->low));
    MLSD__TRY(read_bound(skip_blanks(comma + 1), close, &axis->high));
    return check_range(r);
}

/* ---- entries ---- */

static mlsd_status add_grid(mlsd__space *space)
{
    void *grids = space->grids;
    const mlsd_status status = mlsd__reserve(&space->allocator, &grids, &space->grid_capacity,
                                             space->n_grids + 1, sizeof *space->grids);
    space->grids = grids;
    MLSD__TRY(status);
    space->grids[space->n_grids++] = (mlsd__grid){0};
    return MLSD_OK;
}

static mlsd_status add_axis(mlsd__space *space, mlsd__axis **out)
{
    mlsd__grid *const grid = &space->grids[space->n_grids - 1];
    void *axes = grid->axes;
    const mlsd_status status = mlsd__reserve(&space->allocator, &axes, &grid->capacity,
                                             grid->n_axes + 1, sizeof *grid->axes);
    grid->axes = axes;
    MLSD__TRY(status);
    *out = &grid->axes[grid->n_axes++];
    **out = (mlsd__axis){0};
    return MLSD_OK;
}

/* The column of a name, made where it is new. */
static mlsd_status find_column(mlsd__space *space, const char *name, int64_t *out)
{
    for (*out = 0; *out < space->n_names; (*out)++) {
        if (strcmp(space->names[*out], name) == 0) return MLSD_OK;
    }
    void *names = space->names;
    const mlsd_status status = mlsd__reserve(&space->allocator, &names, &space->name_capacity,
                                             space->n_names + 1, sizeof *space->names);
    space->names = names;
    MLSD__TRY(status);
    space->names[space->n_names] = mlsd__strdup(&space->allocator, name);
    if (space->names[space->n_names] == NULL) return MLSD_E_NOMEM;
    space->n_names++;
    return MLSD_OK;
}

static mlsd_status check_name(const reading *r)
{
    const mlsd__grid *const grid = &r->space->grids[r->space->n_grids - 1];
    mlsd_spec *owner;
    const mlsd_param *param;
    if (*r->axis->name == '\0')
        return mlsd__fail(MLSD_E_PARSE, "there is no name in front of '=' or '~'");
    MLSD__TRY(mlsd__spec_resolve(r->scratch, r->axis->name, &owner, &param));
    for (int64_t i = 0; i < grid->n_axes - 1; i++) {
        if (strcmp(grid->axes[i].name, r->axis->name) == 0)
            return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                              "'%s' stands in entry %lld as well; an entry \"or\" between them "
                              "begins another grid",
                              r->axis->name, (long long)grid->axes[i].entry_index);
    }
    return MLSD_OK;
}

static mlsd_status read_axis(reading *r)
{
    const char *const text = skip_blanks(r->entry);
    const char *const sign = find_outside(text, "=~");
    if (*sign == '\0')
        return mlsd__fail(MLSD_E_PARSE,
                          "write \"name = value, value\" or \"name ~ uniform(low, high)\"");
    MLSD__TRY(add_axis(r->space, &r->axis));
    r->axis->entry_index = r->index;
    r->axis->entry = mlsd__strdup(r->allocator, r->entry);
    r->axis->name = mlsd__strndup(r->allocator, text, trimmed(text, sign));
    if (r->axis->entry == NULL || r->axis->name == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(check_name(r));
    MLSD__TRY(find_column(r->space, r->axis->name, &r->axis->column));
    return *sign == '=' ? read_list(r, sign + 1) : read_range(r, sign + 1);
}

static bool is_or(const char *text)
{
    text = skip_blanks(text);
    return strlen(text) >= 2 && trimmed(text, text + strlen(text)) == 2 &&
           memcmp(text, "or", 2) == 0;
}

/* Another grid begins; the one before must have something in it. */
static mlsd_status read_or(reading *r)
{
    if (r->space->grids[r->space->n_grids - 1].n_axes == 0)
        return mlsd__fail(MLSD_E_PARSE, "there is no entry on one side of \"or\"");
    return add_grid(r->space);
}

static mlsd_status read_entries(reading *r, const mlsd__str_list *texts)
{
    mlsd__text joined;
    mlsd__text_init(&joined, r->allocator);
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < texts->n && status == MLSD_OK;) {
        r->index = i;
        joined.length = 0;
        mlsd__text_append(&joined, texts->values[i]);
        const bool joins = !is_or(texts->values[i++]);
        while (joins && i < texts->n && !is_or(texts->values[i]) &&
               *find_outside(texts->values[i], "=~") == '\0') {
            mlsd__text_append(&joined, ", ");
            mlsd__text_append(&joined, texts->values[i++]);
        }
        status = joined.status;
        if (status != MLSD_OK) break;
        r->entry = joined.data;
        status = in_entry(r, joins ? read_axis(r) : read_or(r));
    }
    if (status == MLSD_OK && r->space->grids[r->space->n_grids - 1].n_axes == 0)
        status = mlsd__fail(MLSD_E_PARSE, texts->n == 0
                                              ? "'space' is empty; write what to search, such as "
                                                "\"alpha = 0.1, 1, 10\""
                                              : "'space' ends with \"or\"");
    mlsd__text_free(&joined);
    return status;
}

mlsd_status mlsd__space_read(const mlsd__allocator *a, const mlsd_spec *estimator,
                             const mlsd__str_list *texts, mlsd__space *out)
{
    memset(out, 0, sizeof *out);
    out->allocator = *a;
    reading r = {.allocator = &out->allocator, .space = out};
    mlsd_status status = mlsd_spec_clone(estimator, &r.scratch);
    if (status == MLSD_OK) status = add_grid(out);
    if (status == MLSD_OK) status = read_entries(&r, texts);
    mlsd_spec_free(r.scratch);
    if (status != MLSD_OK) mlsd__space_free(out);
    return status;
}

bool mlsd__space_has_range(const mlsd__space *space)
{
    for (int64_t g = 0; g < space->n_grids; g++) {
        for (int64_t i = 0; i < space->grids[g].n_axes; i++) {
            if (space->grids[g].axes[i].form != MLSD__AXIS_LIST) return true;
        }
    }
    return false;
}

int mlsd__axis_edge(const mlsd__axis *axis, const char *value)
{
    double x, y, least = INFINITY, greatest = -INFINITY;
    if (axis->form != MLSD__AXIS_LIST || axis->n_values < 3 || value == NULL) return 0;
    for (int64_t i = 0; i < axis->n_values; i++) {
        if (!mlsd__parse_double(axis->values[i], strlen(axis->values[i]), &y)) return 0;
        if (y < least) least = y;
        if (y > greatest) greatest = y;
    }
    if (!mlsd__parse_double(value, strlen(value), &x)) return 0;
    return x == least ? -1 : x == greatest ? 1 : 0;
}
