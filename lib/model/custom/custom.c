/* custom.c - describing an estimator of the user's: name, abilities, parameters, and its specs. How
 * its callbacks are called is in custom_estimator.c. A description changes only while nothing but
 * its handle refers to it. */
#include "model/custom/custom_impl.h"

#include <math.h>
#include <string.h>

#include "base/context_impl.h"
#include "base/handle.h"
#include "base/scope.h"
#include "base/spec_impl.h"
#include "base/text.h"

enum { NAME_CAPACITY = 64, FALLBACK_CAPACITY = 256 };

static mlsd_custom *owner_of_life(const mlsd__kind_life *life)
{
    return (mlsd_custom *)(uintptr_t)((const char *)life - offsetof(mlsd_custom, life));
}

const mlsd_custom *mlsd__custom_of(const mlsd_kind *kind)
{
    return owner_of_life(kind->life);
}

static void param_free(const mlsd__allocator *a, const mlsd_param *p)
{
    mlsd__free(a, (void *)(uintptr_t)p->name);
    mlsd__free(a, (void *)(uintptr_t)p->fallback);
    mlsd__free(a, (void *)(uintptr_t)p->doc);
}

static mlsd_status give_back(void *arg)
{
    const mlsd_custom *const custom = arg;
    custom->release(custom->user);
    return MLSD_OK;
}

static void end_custom(mlsd__kind_life *life)
{
    mlsd_custom *const custom = owner_of_life(life);
    const mlsd__allocator a = custom->allocator;
    if (custom->release != NULL) (void)mlsd__on_entry_thread(give_back, custom, true);
    for (int64_t i = 0; i < custom->kind.n_params; i++) param_free(&a, &custom->params[i]);
    mlsd__free(&a, custom->params);
    mlsd__free(&a, custom->traits);
    mlsd__free(&a, custom->name);
    custom->magic = MLSD__DEAD_MAGIC;
    mlsd__free(&a, custom);
}

static bool is_among(char c, const char *others)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(others, c) != NULL);
}

static mlsd_status check_name(const char *name, const char *others, const char *of)
{
    MLSD__REQUIRE(name != NULL, "the name of %s is NULL", of);
    const size_t length = strlen(name);
    bool is_word = length > 0 && length < NAME_CAPACITY;
    for (size_t i = 0; i < length && is_word; i++) is_word = is_among(name[i], others);
    MLSD__REQUIRE(is_word,
                  "'%.80s' cannot be the name of %s: 1 to 63 letters, digits or any of '%s'", name,
                  of, others);
    return MLSD_OK;
}

static mlsd_status check_abilities(int32_t abilities)
{
    const int32_t known = 2 * MLSD_CUSTOM_ANY_THREAD - 1;
    const int32_t predicts = MLSD_CUSTOM_REGRESSES | MLSD_CUSTOM_CLASSIFIES;
    const int32_t of_classes = MLSD_CUSTOM_PROBA | MLSD_CUSTOM_DECISION | MLSD_CUSTOM_CLASSES;
    MLSD__REQUIRE((abilities & ~known) == 0, "%d is no sum of MLSD_CUSTOM_*", (int)abilities);
    const bool transforms = (abilities & MLSD_CUSTOM_TRANSFORMS) != 0;
    MLSD__REQUIRE(transforms != ((abilities & predicts) != 0),
                  "a custom estimator regresses, classifies or both, or it transforms");
    MLSD__REQUIRE((abilities & MLSD_CUSTOM_CLASSIFIES) != 0 || (abilities & of_classes) == 0,
                  "only what classifies gives probabilities, decision scores or classes");
    return MLSD_OK;
}

static char *describe_traits(const mlsd__allocator *a, int32_t abilities)
{
    if ((abilities & MLSD_CUSTOM_TRANSFORMS) != 0)
        return mlsd__strdup(a, "{\"transform\":true,\"custom\":true}");
    const bool regresses = (abilities & MLSD_CUSTOM_REGRESSES) != 0;
    const bool classifies = (abilities & MLSD_CUSTOM_CLASSIFIES) != 0;
    mlsd__text t;
    mlsd__text_init(&t, a);
    mlsd__text_format(&t, "{\"tasks\":[%s%s%s],\"iterative\":false,\"proba\":%s,\"custom\":true}",
                      regresses ? "\"regression\"" : "", regresses && classifies ? "," : "",
                      classifies ? "\"classification\"" : "",
                      (abilities & MLSD_CUSTOM_PROBA) != 0 ? "true" : "false");
    char *const out = t.status == MLSD_OK ? mlsd__strdup(a, t.data) : NULL;
    mlsd__text_free(&t);
    return out;
}

static void fill_ops(mlsd_custom *custom)
{
    const int32_t abilities = custom->abilities;
    mlsd__estimator_ops *const ops = &custom->ops;
    *ops = mlsd__custom_ops;
    ops->regresses = (abilities & MLSD_CUSTOM_REGRESSES) != 0;
    ops->classifies = (abilities & MLSD_CUSTOM_CLASSIFIES) != 0;
    ops->transforms = (abilities & MLSD_CUSTOM_TRANSFORMS) != 0;
    ops->has_proba = (abilities & MLSD_CUSTOM_PROBA) != 0;
    ops->lacks_decision = (abilities & MLSD_CUSTOM_DECISION) == 0;
    ops->takes_nan = (abilities & MLSD_CUSTOM_TAKES_NAN) != 0;
    ops->gives_classes = ops->classifies && ((abilities & MLSD_CUSTOM_CLASSES) != 0 ||
                                             (!ops->has_proba && ops->lacks_decision));
}

/* What both makers do alike: a description without a kind. */
static mlsd_status describe(const mlsd_context *context, const char *name, int32_t abilities,
                            const char *noun, mlsd_custom **out)
{
    if (context != NULL) MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    MLSD__TRY(check_name(name, "_-:", noun));
    for (int64_t i = 0; i < mlsd__n_kinds; i++) {
        if (strcmp(mlsd__kinds[i]->name, name) == 0)
            return mlsd__fail(MLSD_E_KIND, "'%s' is a built-in kind; take another name", name);
    }
    const mlsd__allocator *const a = mlsd__context_allocator(context);
    mlsd_custom *const custom = mlsd__alloc(a, 1, sizeof *custom);
    if (custom == NULL) return MLSD_E_NOMEM;
    custom->magic = MLSD__MAGIC_CUSTOM;
    custom->allocator = *a;
    atomic_init(&custom->life.n_references, 1);
    custom->life.end = end_custom;
    custom->abilities = abilities;
    custom->name = mlsd__strdup(a, name);
    if (custom->name == NULL) {
        mlsd_custom_free(custom);
        return MLSD_E_NOMEM;
    }
    *out = custom;
    return MLSD_OK;
}

mlsd_status mlsd_custom_new(const mlsd_context *context, const char *name, int32_t abilities,
                            mlsd_custom_fit_fn fit, mlsd_custom_predict_fn predict,
                            mlsd_custom_free_fn state_free, void *user, mlsd_release_fn release,
                            mlsd_custom **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    MLSD__TRY(check_abilities(abilities));
    MLSD__REQUIRE(fit != NULL && predict != NULL, "a custom estimator needs fit and predict");
    mlsd_custom *custom;
    MLSD__TRY(describe(context, name, abilities, "an estimator", &custom));
    custom->fit = fit;
    custom->predict = predict;
    custom->state_free = state_free;
    custom->traits = describe_traits(&custom->allocator, abilities);
    if (custom->traits == NULL) {
        mlsd_custom_free(custom);
        return MLSD_E_NOMEM;
    }
    fill_ops(custom);
    custom->kind = (mlsd_kind){.name = custom->name,
                               .family = custom->ops.transforms ? "transform" : "estimator",
                               .doc = "An estimator of the user's",
                               .ops = &custom->ops,
                               .traits = custom->traits,
                               .life = &custom->life};
    custom->user = user;
    custom->release = release;
    *out = custom;
    return MLSD_OK;
}

mlsd_status mlsd_custom_new_augmentation(const mlsd_context *context, const char *name,
                                         int32_t abilities, mlsd_custom_augment_fn augment,
                                         void *user, mlsd_release_fn release, mlsd_custom **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    MLSD__REQUIRE((abilities & ~MLSD_CUSTOM_ANY_THREAD) == 0,
                  "abilities of an augmentation are 0 or MLSD_CUSTOM_ANY_THREAD, got %d",
                  (int)abilities);
    MLSD__REQUIRE(augment != NULL, "'augment' is NULL");
    mlsd_custom *custom;
    MLSD__TRY(describe(context, name, abilities, "an augmentation", &custom));
    custom->augment = augment;
    custom->kind = (mlsd_kind){.name = custom->name,
                               .family = "augmentation",
                               .doc = "An augmentation of the user's",
                               .ops = &mlsd__custom_augmentation_ops,
                               .traits = "{\"custom\":true}",
                               .life = &custom->life};
    custom->user = user;
    custom->release = release;
    *out = custom;
    return MLSD_OK;
}

void mlsd_custom_free(mlsd_custom *custom)
{
    if (!MLSD__IS_LIVE(custom, MLSD__MAGIC_CUSTOM)) return;
    const mlsd_kind handle = {.life = &custom->life};
    mlsd__kind_release(&handle);
}

static mlsd_status require_unused(const mlsd_custom *custom)
{
    MLSD__REQUIRE_LIVE(custom, MLSD__MAGIC_CUSTOM, "custom");
    MLSD__REQUIRE(atomic_load(&custom->life.n_references) == 1,
                  "'%s' has specs or is known to a context: describe it before", custom->name);
    return MLSD_OK;
}

/* The default as the tables have it: JSON, and free of what mlsd__value_reset would take off. */
static mlsd_status json_fallback(const mlsd__allocator *a, mlsd_param_type type, const char *text,
                                 const char **out)
{
    const bool is_text = type == MLSD_PARAM_STR && strcmp(text, "null") != 0;
    MLSD__REQUIRE(strlen(text) < FALLBACK_CAPACITY && strpbrk(text, "\"\\[]\n\r\t") == NULL,
                  "the default '%.40s' is longer than 255 bytes, or holds a quote, a bracket or a "
                  "backslash",
                  text);
    mlsd__text t;
    mlsd__text_init(&t, a);
    mlsd__text_append(&t, is_text ? "\"" : "");
    mlsd__text_append(&t, text);
    mlsd__text_append(&t, is_text ? "\"" : "");
    *out = t.status == MLSD_OK ? mlsd__strdup(a, t.data) : NULL;
    mlsd__text_free(&t);
    return *out != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

static mlsd_status check_param(const mlsd_custom *custom, const char *name, mlsd_param_type type,
                               const char *fallback, double lower, double upper)
{
    MLSD__TRY(check_name(name, "_", "a parameter"));
    MLSD__REQUIRE(fallback != NULL, "the default of '%s' is NULL", name);
    MLSD__REQUIRE(type >= MLSD_PARAM_F64 && type <= MLSD_PARAM_STR,
                  "'%s' must be a number, a whole number, true or false, or a text", name);
    MLSD__REQUIRE(lower <= upper, "the bounds of '%s' are not in order", name);
    MLSD__REQUIRE(strcmp(name, "kind") != 0 && strcmp(name, "name") != 0,
                  "a parameter cannot be called '%s'", name);
    for (int64_t i = 0; i < custom->kind.n_params; i++)
        MLSD__REQUIRE(strcmp(custom->params[i].name, name) != 0,
                      "'%s' has a parameter '%s' already", custom->name, name);
    return MLSD_OK;
}

static void set_n_params(mlsd_custom *custom, int64_t n)
{
    custom->kind.params = custom->params;
    custom->kind.n_params = n;
    custom->kind.params_size = (size_t)n * sizeof(int64_t);
}

mlsd_status mlsd_custom_add_param(mlsd_custom *custom, const char *name, mlsd_param_type type,
                                  const char *fallback, double lower, double upper, const char *doc)
{
    MLSD__TRY(require_unused(custom));
    MLSD__TRY(check_param(custom, name, type, fallback, lower, upper));
    const mlsd__allocator *const a = &custom->allocator;
    const int64_t n = custom->kind.n_params;
    void *params = custom->params;
    const mlsd_status grown =
        mlsd__reserve(a, &params, &custom->params_capacity, n + 1, sizeof *custom->params);
    custom->params = params;
    custom->kind.params = params;
    MLSD__TRY(grown);

    const bool is_bool = type == MLSD_PARAM_BOOL;
    mlsd_param *const p = &custom->params[n];
    *p = (mlsd_param){.type = type,
                      .nullable =
                          type == MLSD_PARAM_STR || (!is_bool && strcmp(fallback, "null") == 0),
                      .offset = (size_t)n * sizeof(int64_t),
                      .lower = is_bool ? 0 : lower,
                      .upper = is_bool ? 1 : upper,
                      .name = mlsd__strdup(a, name),
                      .doc = mlsd__strdup(a, doc != NULL ? doc : "")};
    mlsd_status status = p->name == NULL || p->doc == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = json_fallback(a, type, fallback, &p->fallback);
    set_n_params(custom, n + 1);
    /* A spec takes the defaults through the same checks as a user's values. */
    mlsd_spec *trial = NULL;
    if (status == MLSD_OK) status = mlsd__spec_new_of(a, &custom->kind, &trial);
    mlsd_spec_free(trial);
    if (status == MLSD_OK) return MLSD_OK;
    set_n_params(custom, n);
    param_free(a, p);
    return status;
}

mlsd_status mlsd_custom_set_width(mlsd_custom *custom, mlsd_custom_width_fn width)
{
    MLSD__TRY(require_unused(custom));
    MLSD__REQUIRE(custom->ops.transforms, "'%s' transforms nothing, so it has no width",
                  custom->name);
    custom->width = width;
    return MLSD_OK;
}

mlsd_status mlsd_custom_set_attribute(mlsd_custom *custom, mlsd_custom_attribute_fn attribute)
{
    MLSD__TRY(require_unused(custom));
    custom->attribute = attribute;
    return MLSD_OK;
}

mlsd_status mlsd_custom_set_save(mlsd_custom *custom, mlsd_custom_save_fn save,
                                 mlsd_custom_load_fn load)
{
    MLSD__TRY(require_unused(custom));
    MLSD__REQUIRE((save != NULL) == (load != NULL), "saving and loading go together");
    custom->save = save;
    custom->load = load;
    return MLSD_OK;
}

mlsd_status mlsd_spec_new_custom(const mlsd_custom *custom, mlsd_spec **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(custom, MLSD__MAGIC_CUSTOM, "custom");
    return mlsd__spec_new_of(&custom->allocator, &custom->kind, out);
}

mlsd_status mlsd_context_add_custom(mlsd_context *context, const mlsd_custom *custom)
{
    MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    MLSD__REQUIRE_LIVE(custom, MLSD__MAGIC_CUSTOM, "custom");
    return mlsd__context_add_kind(context, &custom->kind);
}
