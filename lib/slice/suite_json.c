/* suite_json.c - JSON with lines. jansson reads and checks the text, but forgets where things
 * stand. So a second look at what is known to be well formed notes the line of each value in the
 * order of the text, which is the order in which jansson's tree is then copied. */
#include "slice/suite_json.h"

#include <jansson.h>
#include <string.h>

static const char *const type_names[] = {"null",   "true or false", "a number",
                                         "a text", "a list",        "an object"};

const char *mlsd__json_type_name(const mlsd__json *value)
{
    return type_names[value->type];
}

/* ---- the lines ---- */

typedef struct scan {
    const mlsd__allocator *allocator;
    const char *at, *end;
    int64_t line;
    mlsd__json_document *out;
} scan;

static void skip_blank(scan *s)
{
    for (; s->at < s->end && strchr(" \t\r\n", *s->at) != NULL && *s->at != '\0'; s->at++)
        s->line += *s->at == '\n';
}

static void skip_string(scan *s)
{
    for (s->at++; s->at < s->end && *s->at != '"'; s->at++) s->at += *s->at == '\\';
    s->at++;
}

static mlsd_status note_line(scan *s, int64_t line)
{
    mlsd__json_document *const d = s->out;
    void *lines = d->lines;
    MLSD__TRY(mlsd__reserve(s->allocator, &lines, &d->capacity, d->n_lines + 1, sizeof *d->lines));
    d->lines = lines;
    d->lines[d->n_lines++] = line;
    return MLSD_OK;
}

/* Whether the string at hand is a key: what follows it is a colon. */
static bool is_key(scan s)
{
    skip_string(&s);
    skip_blank(&s);
    return s.at < s.end && *s.at == ':';
}

static mlsd_status find_lines(scan *s)
{
    int64_t key_line = 0;
    for (skip_blank(s); s->at < s->end; skip_blank(s)) {
        if (strchr(",:]}", *s->at) != NULL) {
            s->at++;
            continue;
        }
        if (*s->at == '"' && key_line == 0 && is_key(*s)) {
            key_line = s->line;
            skip_string(s);
            continue;
        }
        MLSD__TRY(note_line(s, key_line != 0 ? key_line : s->line));
        key_line = 0;
        if (*s->at == '"') {
            skip_string(s);
        } else if (*s->at == '{' || *s->at == '[') {
            s->at++;
        } else {
            while (s->at < s->end && strchr(" \t\r\n,]}", *s->at) == NULL) s->at++;
        }
    }
    return MLSD_OK;
}

/* ---- the values ---- */

static int64_t count_values(const json_t *value)
{
    int64_t n = 1;
    const char *key;
    json_t *child;
    size_t i;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, key, child) n += count_values(child);
    } else {
        json_array_foreach(value, i, child) n += count_values(child);
    }
    return n;
}

static mlsd__json *copy_value(mlsd__json_document *d, const json_t *value, const char *key);

static void add_child(mlsd__json_document *d, mlsd__json *parent, mlsd__json **last,
                      const json_t *value, const char *key)
{
    mlsd__json *const child = copy_value(d, value, key);
    if (*last == NULL) {
        parent->first = child;
    } else {
        (*last)->next = child;
    }
    *last = child;
    parent->n_children++;
}

static mlsd__json *copy_value(mlsd__json_document *d, const json_t *value, const char *key)
{
    mlsd__json *const out = &d->values[d->n_values], *last = NULL;
    *out = (mlsd__json){.key = key, .line = d->lines[d->n_values]};
    d->n_values++;
    size_t i;
    json_t *child;
    const char *name;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        out->type = MLSD__JSON_OBJECT;
        json_object_foreach((json_t *)(uintptr_t)value, name, child)
            add_child(d, out, &last, child, name);
        break;
    case JSON_ARRAY:
        out->type = MLSD__JSON_LIST;
        json_array_foreach(value, i, child) add_child(d, out, &last, child, NULL);
        break;
    case JSON_STRING:
        out->type = MLSD__JSON_TEXT;
        out->text = json_string_value(value);
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        out->type = MLSD__JSON_NUMBER;
        out->number = json_number_value(value);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        out->type = MLSD__JSON_TRUTH;
        out->number = json_is_true(value);
        break;
    case JSON_NULL:
        out->type = MLSD__JSON_NULL;
    }
    return out;
}

/* jansson quotes the text near the fault, which may hold anything: one line of it. */
static mlsd_status fail_parse(const char *name, json_error_t *error)
{
    if (json_error_code(error) == json_error_out_of_memory) return mlsd__fail_nomem();
    for (char *p = error->text; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ') *p = ' ';
    }
    return mlsd__fail(MLSD_E_PARSE, "%s:%d: %s", name, error->line > 0 ? error->line : 1,
                      error->text);
}

mlsd_status mlsd__json_read(const mlsd__allocator *a, const char *name, const char *text,
                            size_t size, mlsd__json_document *out)
{
    static const char mark[] = "\xef\xbb\xbf"; /* the byte-order mark that some editors leave */
    json_error_t error;
    *out = (mlsd__json_document){0};
    if (size >= sizeof mark - 1 && memcmp(text, mark, sizeof mark - 1) == 0) {
        text += sizeof mark - 1;
        size -= sizeof mark - 1;
    }
    json_t *const parsed =
        json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
    if (parsed == NULL) return fail_parse(name, &error);
    out->parsed = parsed;
    scan s = {.allocator = a, .at = text, .end = text + size, .line = 1, .out = out};
    MLSD__TRY(find_lines(&s));
    const int64_t n = count_values(parsed);
    if (n != out->n_lines)
        return mlsd__fail(MLSD_E_INTERNAL, "%s: %lld values on %lld lines", name, (long long)n,
                          (long long)out->n_lines);
    out->values = mlsd__alloc(a, n, sizeof *out->values);
    if (out->values == NULL) return MLSD_E_NOMEM;
    out->root = copy_value(out, parsed, NULL);
    return MLSD_OK;
}

void mlsd__json_end(const mlsd__allocator *a, mlsd__json_document *d)
{
    mlsd__free(a, d->values);
    mlsd__free(a, d->lines);
    json_decref(d->parsed);
    *d = (mlsd__json_document){0};
}
