/* suite_json.h - a JSON text whose values know their lines. */
#ifndef MLSD_SLICE_SUITE_JSON_H
#define MLSD_SLICE_SUITE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/memory.h"

typedef int32_t mlsd__json_type;
enum {
    MLSD__JSON_NULL = 0,
    MLSD__JSON_TRUTH,
    MLSD__JSON_NUMBER,
    MLSD__JSON_TEXT,
    MLSD__JSON_LIST,
    MLSD__JSON_OBJECT
};

typedef struct mlsd__json {
    mlsd__json_type type;
    const char *key; /* NULL outside of an object */
    int64_t line;    /* of the key, where there is one */
    double number;   /* also of a truth */
    const char *text;
    int64_t n_children;
    const struct mlsd__json *first, *next; /* first child; next of the same parent */
} mlsd__json;

typedef struct mlsd__json_document {
    const mlsd__json *root;
    mlsd__json *values; /* depth first, as they stand in the text */
    int64_t *lines;
    int64_t n_values, n_lines, capacity;
    void *parsed; /* jansson's, which owns the texts */
} mlsd__json_document;

/* MLSD_E_PARSE as "name:line: what is wrong". End it also after a failure. */
mlsd_status mlsd__json_read(const mlsd__allocator *a, const char *name, const char *text,
                            size_t size, mlsd__json_document *out);
void mlsd__json_end(const mlsd__allocator *a, mlsd__json_document *d);

/* "a number", "a text", ... */
const char *mlsd__json_type_name(const mlsd__json *value);

#endif
