/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/version.h - which mlsd this is, at compile time and at run time.
 */
#ifndef MLSD_VERSION_H
#define MLSD_VERSION_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/export.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MLSD_VERSION_MAJOR 0
#define MLSD_VERSION_MINOR 1
#define MLSD_VERSION_PATCH 0
#define MLSD_VERSION_STRING "0.1.0"

/* One number that grows with every release: major * 1000000 + minor * 1000 + patch. */
#define MLSD_VERSION_NUMBER \
    (MLSD_VERSION_MAJOR * 1000000 + MLSD_VERSION_MINOR * 1000 + MLSD_VERSION_PATCH)

/* MLSD_VERSION_NUMBER of the library that is loaded, which may be newer than the headers.
 * Since 0.1. */
MLSD_API int32_t mlsd_version(void);

/* MLSD_VERSION_STRING of the library that is loaded, such as "0.1.0". Static. Since 0.1. */
MLSD_API const char *mlsd_version_string(void);

/* Write a JSON object that tells what this build is and what it runs on: version, compiler, the
 * BLAS library with its configuration and chosen core, CPU features, allowed CPUs. Two machines
 * that give different bits differ here. Text into a caller's buffer: see mlsd/status.h.
 * Errors: MLSD_E_BUFFER, MLSD_E_NOMEM. Since 0.1. */
MLSD_API mlsd_status mlsd_build_info(char *buf, int64_t capacity, int64_t *out_length);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_VERSION_H */
