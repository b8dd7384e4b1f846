/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/export.h - how symbols leave the shared library. Nothing else is exported: the
 * library is built with hidden visibility and a linker map.
 */
#ifndef MLSD_EXPORT_H
#define MLSD_EXPORT_H

#ifndef MLSD_API
#if defined(__GNUC__)
#define MLSD_API __attribute__((visibility("default")))
#else
#define MLSD_API
#endif
#endif

#endif /* MLSD_EXPORT_H */
