/* spec_value.c - the values of a spec's parameters: checked against the table's row when they are
 * set, read from its default, copied, compared and freed. A failed set leaves the old value. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/spec_impl.h"
#include "base/text.h"

static const char *const type_nouns[] = {
    [MLSD_PARAM_F64] = "a number",
    [MLSD_PARAM_I64] = "a whole number",
    [MLSD_PARAM_BOOL] = "true or false",
    [MLSD_PARAM_STR] = "a text",
    [MLSD_PARAM_CHOICE] = "a text",
    [MLSD_PARAM_F64_LIST] = "a list of numbers",
    [MLSD_PARAM_STR_LIST] = "a list of texts",
};

static mlsd_status fail_type(const mlsd_param *p, const char *got)
{
    return mlsd__fail(MLSD_E_PARAM_TYPE, "'%s' is %s, got %s", p->name, type_nouns[p->type], got);
}

static mlsd_status check_range(const mlsd_param *p, double v)
{
    const bool low_ok = p->open & MLSD__OPEN_LOWER ? v > p->lower : v >= p->lower;
    const bool high_ok = p->open & MLSD__OPEN_UPPER ? v < p->upper : v <= p->upper;
    if (low_ok && high_ok) return MLSD_OK; /* NaN is neither */
    char lower[MLSD__NUMBER_CAPACITY], upper[MLSD__NUMBER_CAPACITY], got[MLSD__NUMBER_CAPACITY];
    (void)mlsd__format_double(p->lower, lower);
    (void)mlsd__format_double(p->upper, upper);
    (void)mlsd__format_double(v, got);
    const bool left_open = p->open & MLSD__OPEN_LOWER || isinf(p->lower);
    const bool right_open = p->open & MLSD__OPEN_UPPER || isinf(p->upper);
    return mlsd__fail(MLSD_E_PARAM_RANGE, "'%s' must be in %c%s, %s%c, got %s", p->name,
                      left_open ? '(' : '[', lower, upper, right_open ? ')' : ']', got);
}

mlsd_status mlsd__value_set_f64(mlsd_spec *spec, const mlsd_param *p, double v)
{
    if (p->type == MLSD_PARAM_F64_LIST) return mlsd__value_set_f64_list(spec, p, &v, 1);
    if (p->type != MLSD_PARAM_F64) return fail_type(p, "a number");
    if (!(p->nullable && isnan(v))) MLSD__TRY(check_range(p, v));
    *(double *)mlsd__value_at(spec, p) = v;
    return MLSD_OK;
}

mlsd_status mlsd__value_set_i64(mlsd_spec *spec, const mlsd_param *p, int64_t v)
{
    if (p->type == MLSD_PARAM_F64 || p->type == MLSD_PARAM_F64_LIST)
        return mlsd__value_set_f64(spec, p, (double)v);
    if (p->type != MLSD_PARAM_I64) return fail_type(p, "a whole number");
    MLSD__TRY(check_range(p, (double)v));
    *(int64_t *)mlsd__value_at(spec, p) = v;
    return MLSD_OK;
}

mlsd_status mlsd__value_set_bool(mlsd_spec *spec, const mlsd_param *p, int32_t v)
{
    if (p->type != MLSD_PARAM_BOOL) return fail_type(p, v ? "true" : "false");
    if (v != 0 && v != 1)
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'%s' must be 0 or 1, got %d", p->name, (int)v);
    *(int64_t *)mlsd__value_at(spec, p) = v;
    return MLSD_OK;
}

static const char *choice_at(const void *user, int64_t i)
{
    return mlsd_param_choice_at(user, i);
}

static mlsd_status set_choice(mlsd_spec *spec, const mlsd_param *p, const char *v)
{
    const int64_t n = mlsd_param_choice_count(p);
    for (int64_t i = 0; i < n; i++) {
        if (strcmp(p->choices[i], v) != 0) continue;
        *(int64_t *)mlsd__value_at(spec, p) = i;
        return MLSD_OK;
    }
    const char *near = mlsd__nearest_name(v, choice_at, p, n);
    if (near != NULL)
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'%.60s' is not a choice for '%s'; did you mean '%s'?", v, p->name, near);
    char list[256] = "";
    size_t length = 0;
    for (int64_t i = 0; i < n; i++) {
        const size_t need = strlen(p->choices[i]) + 2;
        if (length + need >= sizeof list) break;
        if (i > 0) memcpy(list + length, ", ", 2), length += 2;
        memcpy(list + length, p->choices[i], need - 2);
        length += need - 2;
        list[length] = '\0';
    }
    return mlsd__fail(MLSD_E_PARAM_RANGE, "'%.60s' is not a choice for '%s' (%s)", v, p->name,
                      list);
}

mlsd_status mlsd__value_set_str(mlsd_spec *spec, const mlsd_param *p, const char *v)
{
    if (p->type == MLSD_PARAM_STR_LIST) return mlsd__value_set_str_list(spec, p, &v, 1);
    if (p->type == MLSD_PARAM_CHOICE) return set_choice(spec, p, v);
    if (p->type != MLSD_PARAM_STR) return fail_type(p, "a text");
    size_t bad = 0;
    if (!mlsd__utf8_valid(v, strlen(v), &bad))
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'%s' is not UTF-8 at byte %zu", p->name, bad);
    char *copy = mlsd__strdup(&spec->allocator, v);
    if (copy == NULL) return MLSD_E_NOMEM;
    char **at = mlsd__value_at(spec, p);
    mlsd__free(&spec->allocator, *at);
    *at = copy;
    return MLSD_OK;
}

mlsd_status mlsd__value_set_f64_list(mlsd_spec *spec, const mlsd_param *p, const double *v,
                                     int64_t n)
{
    if (p->type != MLSD_PARAM_F64_LIST) return fail_type(p, "a list of numbers");
    for (int64_t i = 0; i < n; i++) MLSD__TRY(check_range(p, v[i]));
    double *copy = mlsd__memdup(&spec->allocator, v, n, sizeof *v);
    if (copy == NULL) return MLSD_E_NOMEM;
    mlsd__value_free(spec, p);
    *(mlsd__f64_list *)mlsd__value_at(spec, p) = (mlsd__f64_list){copy, n};
    return MLSD_OK;
}

static void free_texts(const mlsd__allocator *a, char **texts, int64_t n)
{
    for (int64_t i = 0; texts != NULL && i < n; i++) mlsd__free(a, texts[i]);
    mlsd__free(a, texts);
}

mlsd_status mlsd__value_set_str_list(mlsd_spec *spec, const mlsd_param *p, const char *const *v,
                                     int64_t n)
{
    if (p->type != MLSD_PARAM_STR_LIST) return fail_type(p, "a list of texts");
    const mlsd__allocator *a = &spec->allocator;
    char **copy = mlsd__alloc(a, n, sizeof *copy);
    if (copy == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        size_t bad = 0;
        mlsd_status status = MLSD_OK;
        if (v[i] == NULL)
            status = mlsd__fail(MLSD_E_ARG, "text %lld of '%s' is NULL", (long long)i, p->name);
        else if (!mlsd__utf8_valid(v[i], strlen(v[i]), &bad))
            status = mlsd__fail(MLSD_E_PARAM_RANGE, "text %lld of '%s' is not UTF-8", (long long)i,
                                p->name);
        else if ((copy[i] = mlsd__strdup(a, v[i])) == NULL)
            status = MLSD_E_NOMEM;
        if (status != MLSD_OK) {
            free_texts(a, copy, n);
            return status;
        }
    }
    mlsd__value_free(spec, p);
    *(mlsd__str_list *)mlsd__value_at(spec, p) = (mlsd__str_list){copy, n};
    return MLSD_OK;
}

void mlsd__value_free(mlsd_spec *spec, const mlsd_param *p)
{
    void *at = mlsd__value_at(spec, p);
    if (p->type == MLSD_PARAM_STR) {
        mlsd__free(&spec->allocator, *(char **)at);
        *(char **)at = NULL;
    } else if (p->type == MLSD_PARAM_F64_LIST) {
        mlsd__free(&spec->allocator, ((mlsd__f64_list *)at)->values);
        *(mlsd__f64_list *)at = (mlsd__f64_list){NULL, 0};
    } else if (p->type == MLSD_PARAM_STR_LIST) {
        const mlsd__str_list list = *(mlsd__str_list *)at;
        free_texts(&spec->allocator, list.values, list.n);
        *(mlsd__str_list *)at = (mlsd__str_list){NULL, 0};
    }
}

mlsd_status mlsd__value_set_null(mlsd_spec *spec, const mlsd_param *p)
{
    if (!p->nullable) return mlsd__fail(MLSD_E_PARAM_TYPE, "'%s' cannot be null", p->name);
    mlsd__value_free(spec, p);
    if (p->type == MLSD_PARAM_F64) *(double *)mlsd__value_at(spec, p) = NAN;
    if (p->type == MLSD_PARAM_I64) *(int64_t *)mlsd__value_at(spec, p) = MLSD__NULL_I64;
    return MLSD_OK;
}

bool mlsd__value_is_null(const mlsd_spec *spec, const mlsd_param *p)
{
    const void *at = mlsd__value_at(spec, p);
    switch (p->type) {
    case MLSD_PARAM_F64:
        return p->nullable && isnan(*(const double *)at);
    case MLSD_PARAM_I64:
        return p->nullable && *(const int64_t *)at == MLSD__NULL_I64;
    case MLSD_PARAM_STR:
        return *(char *const *)at == NULL;
    case MLSD_PARAM_F64_LIST:
        return ((const mlsd__f64_list *)at)->values == NULL;
    case MLSD_PARAM_STR_LIST:
        return ((const mlsd__str_list *)at)->values == NULL;
    default:
        return false;
    }
}

/* Cut "a, b" at commas, and hand each piece without surrounding blanks to `take`. */
typedef mlsd_status (*piece_fn)(void *user, int64_t i, const char *piece, size_t length);

static mlsd_status each_piece(const char *text, piece_fn take, void *user, int64_t *out_n)
{
    int64_t n = 0;
    for (const char *start = text; *text != '\0';) {
        const char *end = start + strcspn(start, ",");
        const char *first = start + strspn(start, " ");
        const char *last = end;
        if (first > end) first = end;
        while (last > first && last[-1] == ' ') last--;
        MLSD__TRY(take(user, n++, first, (size_t)(last - first)));
        if (*end == '\0') break;
        start = end + 1;
    }
    *out_n = n;
    return MLSD_OK;
}

typedef struct list_text {
    const mlsd_param *param;
    const mlsd__allocator *allocator;
    double *numbers;
    char **texts;
} list_text;

static mlsd_status take_number(void *user, int64_t i, const char *piece, size_t length)
{
    list_text *list = user;
    if (mlsd__parse_double(piece, length, &list->numbers[i])) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_TYPE, "'%s' is a list of numbers, got '%.*s'", list->param->name,
                      (int)(length < 60 ? length : 60), piece);
}

static mlsd_status take_text(void *user, int64_t i, const char *piece, size_t length)
{
    list_text *list = user;
    list->texts[i] = mlsd__strndup(list->allocator, piece, length);
    return list->texts[i] != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

static mlsd_status set_list_text(mlsd_spec *spec, const mlsd_param *p, const char *text)
{
    const bool numbers = p->type == MLSD_PARAM_F64_LIST;
    const mlsd__allocator *a = &spec->allocator;
    list_text list = {p, a, NULL, NULL};
    const int64_t capacity = (int64_t)strlen(text) + 1;
    void *values = mlsd__alloc(a, capacity, sizeof(double));
    if (values == NULL) return MLSD_E_NOMEM;
    list.numbers = values;
    list.texts = values;
    int64_t n = 0;
    mlsd_status status = each_piece(text, numbers ? take_number : take_text, &list, &n);
    if (status == MLSD_OK)
        status = numbers ? mlsd__value_set_f64_list(spec, p, list.numbers, n)
                         : mlsd__value_set_str_list(spec, p, (const char *const *)list.texts, n);
    if (numbers)
        mlsd__free(a, values);
    else
        free_texts(a, list.texts, capacity);
    return status;
}

mlsd_status mlsd__value_set_text(mlsd_spec *spec, const mlsd_param *p, const char *text)
{
    const size_t length = strlen(text);
    double number = 0;
    int64_t whole = 0;
    if (p->nullable && strcmp(text, "null") == 0) return mlsd__value_set_null(spec, p);
    switch (p->type) {
    case MLSD_PARAM_F64:
        if (mlsd__parse_double(text, length, &number)) return mlsd__value_set_f64(spec, p, number);
        break;
    case MLSD_PARAM_I64:
        if (mlsd__parse_int64(text, length, &whole)) return mlsd__value_set_i64(spec, p, whole);
        break;
    case MLSD_PARAM_BOOL:
        if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
            return mlsd__value_set_bool(spec, p, 1);
        if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
            return mlsd__value_set_bool(spec, p, 0);
        break;
    case MLSD_PARAM_F64_LIST:
    case MLSD_PARAM_STR_LIST:
        return set_list_text(spec, p, text);
    default:
        return mlsd__value_set_str(spec, p, text);
    }
    return mlsd__fail(MLSD_E_PARAM_TYPE, "'%s' is %s, got '%.60s'", p->name, type_nouns[p->type],
                      text);
}

/* Defaults are written in the table as JSON; lists lose their brackets and texts their quotes (no
 * default holds a comma, a quote or a backslash inside a text, which a test checks). */
mlsd_status mlsd__value_reset(mlsd_spec *spec, const mlsd_param *p)
{
    char plain[512];
    size_t n = 0;
    if (strcmp(p->fallback, "null") == 0) return mlsd__value_set_null(spec, p);
    for (const char *c = p->fallback; *c != '\0' && n + 1 < sizeof plain; c++) {
        if (*c != '"' && *c != '[' && *c != ']') plain[n++] = *c;
    }
    plain[n] = '\0';
    return mlsd__value_set_text(spec, p, plain);
}

mlsd_status mlsd__value_copy(mlsd_spec *to, const mlsd_spec *from, const mlsd_param *p)
{
    if (mlsd__value_is_null(from, p)) return mlsd__value_set_null(to, p);
    const void *at = mlsd__value_at(from, p);
    const mlsd__f64_list *numbers = at;
    const mlsd__str_list *texts = at;
    switch (p->type) {
    case MLSD_PARAM_STR:
        return mlsd__value_set_str(to, p, *(char *const *)at);
    case MLSD_PARAM_F64_LIST:
        return mlsd__value_set_f64_list(to, p, numbers->values, numbers->n);
    case MLSD_PARAM_STR_LIST:
        return mlsd__value_set_str_list(to, p, (const char *const *)texts->values, texts->n);
    default:
        memcpy(mlsd__value_at(to, p), at, sizeof(int64_t));
        return MLSD_OK;
    }
}

static bool texts_equal(const mlsd__str_list *a, const mlsd__str_list *b)
{
    if (a->n != b->n) return false;
    for (int64_t i = 0; i < a->n; i++) {
        if (strcmp(a->values[i], b->values[i]) != 0) return false;
    }
    return true;
}

bool mlsd__value_equals(const mlsd_spec *a, const mlsd_spec *b, const mlsd_param *p)
{
    const bool null_a = mlsd__value_is_null(a, p), null_b = mlsd__value_is_null(b, p);
    if (null_a || null_b) return null_a && null_b;
    const void *at_a = mlsd__value_at(a, p), *at_b = mlsd__value_at(b, p);
    const mlsd__f64_list *list_a = at_a, *list_b = at_b;
    switch (p->type) {
    case MLSD_PARAM_F64:
        return *(const double *)at_a == *(const double *)at_b;
    case MLSD_PARAM_STR:
        return strcmp(*(char *const *)at_a, *(char *const *)at_b) == 0;
    case MLSD_PARAM_STR_LIST:
        return texts_equal(at_a, at_b);
    case MLSD_PARAM_F64_LIST:
        return list_a->n == list_b->n &&
               memcmp(list_a->values, list_b->values, (size_t)list_a->n * sizeof(double)) == 0;
    default:
        return *(const int64_t *)at_a == *(const int64_t *)at_b;
    }
}
