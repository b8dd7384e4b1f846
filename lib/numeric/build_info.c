/* build_info.c - what this build is and what it runs on: all that may change the last bits. */
#include <sched.h>
#include <stdbool.h>

#include "base/text.h"
#include "mlsd/version.h"
#include "numeric/blas.h"
#include "numeric/exact.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "unknown"
#endif

#if defined(__x86_64__)
#define ARCHITECTURE "x86_64"
#elif defined(__aarch64__)
#define ARCHITECTURE "aarch64"
#else
#define ARCHITECTURE "other"
#endif

typedef struct cpu_feature {
    const char *name;
    bool present;
} cpu_feature;

static void write_features(mlsd__text *t)
{
#if defined(__x86_64__)
    const cpu_feature features[] = {
        {"sse4.2", __builtin_cpu_supports("sse4.2")},   {"avx", __builtin_cpu_supports("avx")},
        {"avx2", __builtin_cpu_supports("avx2")},       {"fma", __builtin_cpu_supports("fma")},
        {"avx512f", __builtin_cpu_supports("avx512f")},
    };
    bool first = true;
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        if (!features[i].present) continue;
        mlsd__text_format(t, "%s\"%s\"", first ? "" : ",", features[i].name);
        first = false;
    }
#else
    (void)t;
#endif
}

static int allowed_cpus(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

mlsd_status mlsd_build_info(char *buf, int64_t capacity, int64_t *out_length)
{
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    mlsd__text_append(&t, "{\"version\":\"" MLSD_VERSION_STRING "\",\"compiler\":");
    mlsd__text_json_string(&t, COMPILER);
    mlsd__text_append(&t, ",\"architecture\":\"" ARCHITECTURE "\",\"cpu_features\":[");
    write_features(&t);
    mlsd__text_format(&t, "],\"allowed_cpus\":%d,\"blas\":", allowed_cpus());
    mlsd__text_json_string(&t, mlsd__blas_config());
    mlsd__text_append(&t, ",\"blas_core\":");
    mlsd__text_json_string(&t, mlsd__blas_core());
    mlsd__text_append(&t, ",\"exact_kernels\":");
    mlsd__text_json_string(&t, mlsd__exact_name());
    mlsd__text_append(&t, "}");
    const mlsd_status status = mlsd__text_to_buffer(&t, buf, capacity, out_length);
    mlsd__text_free(&t);
    return status;
}
