/* spec_impl.h - what a spec is made of, shared by spec.c, spec_value.c and spec_json.c. */
#ifndef MLSD_BASE_SPEC_IMPL_H
#define MLSD_BASE_SPEC_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/kindtable.h"
#include "base/memory.h"

typedef struct mlsd__child {
    int64_t slot; /* index into the kind's slots */
    char *name;
    mlsd_spec *spec;
} mlsd__child;

struct mlsd_spec {
    uint64_t magic;
    mlsd__allocator allocator;
    const mlsd_kind *kind;
    void *params; /* the kind's struct; NULL without parameters */
    mlsd__child *children;
    int64_t n_children, capacity;
};

/* Values of one parameter in a spec's struct. Setters check, and leave the old value on failure. */
mlsd_status mlsd__value_set_f64(mlsd_spec *spec, const mlsd_param *p, double v);
mlsd_status mlsd__value_set_i64(mlsd_spec *spec, const mlsd_param *p, int64_t v);
mlsd_status mlsd__value_set_bool(mlsd_spec *spec, const mlsd_param *p, int32_t v);
mlsd_status mlsd__value_set_str(mlsd_spec *spec, const mlsd_param *p, const char *v);
mlsd_status mlsd__value_set_f64_list(mlsd_spec *spec, const mlsd_param *p, const double *v,
                                     int64_t n);
mlsd_status mlsd__value_set_str_list(mlsd_spec *spec, const mlsd_param *p, const char *const *v,
                                     int64_t n);
mlsd_status mlsd__value_set_null(mlsd_spec *spec, const mlsd_param *p);
mlsd_status mlsd__value_set_text(mlsd_spec *spec, const mlsd_param *p, const char *text);
mlsd_status mlsd__value_reset(mlsd_spec *spec, const mlsd_param *p);
mlsd_status mlsd__value_copy(mlsd_spec *to, const mlsd_spec *from, const mlsd_param *p);
void mlsd__value_free(mlsd_spec *spec, const mlsd_param *p);
bool mlsd__value_is_null(const mlsd_spec *spec, const mlsd_param *p);
bool mlsd__value_equals(const mlsd_spec *a, const mlsd_spec *b, const mlsd_param *p);

/* Where the parameter's value stands. */
static inline void *mlsd__value_at(const mlsd_spec *spec, const mlsd_param *p)
{
    return (char *)spec->params + p->offset;
}

/* A spec of a kind of the table, or of one that the context was given. */
mlsd_status mlsd__spec_new_in(const mlsd_context *context, const char *kind, mlsd_spec **out);
/* A slot of the kind by name, -1 without. */
int64_t mlsd__kind_slot(const mlsd_kind *kind, const char *name);
/* A parameter of the kind by name; NULL with the message (and the nearest name) without. */
const mlsd_param *mlsd__kind_param(const mlsd_kind *kind, const char *name);
/* Follow "child.child.name" to the spec that has the parameter; the messages are those of a set. */
mlsd_status mlsd__spec_resolve(const mlsd_spec *spec, const char *name, mlsd_spec **out_spec,
                               const mlsd_param **out_param);
/* Take `child` over (also on failure) into a slot. */
mlsd_status mlsd__spec_adopt_child(mlsd_spec *spec, const char *slot, const char *name,
                                   mlsd_spec *child);

#endif
