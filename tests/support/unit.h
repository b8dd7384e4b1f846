/* unit.h - what every unit test includes: cmocka in the order it wants, and checks that show mlsd's
 * own message when they fail. */
#ifndef MLSD_TESTS_UNIT_H
#define MLSD_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mlsd/status.h"

/* The call succeeds. */
#define ASSERT_OK(expression)                                                   \
    do {                                                                        \
        const mlsd_status unit_status_ = (expression);                          \
        if (unit_status_ != MLSD_OK)                                            \
            fail_msg("%s: %s: %s", #expression, mlsd_status_name(unit_status_), \
                     mlsd_last_error());                                        \
    } while (0)

/* The call fails with that status, and its message holds that text. */
#define ASSERT_FAILS(wanted, text, expression)                                                   \
    do {                                                                                         \
        const mlsd_status unit_status_ = (expression);                                           \
        if (unit_status_ != (wanted))                                                            \
            fail_msg("%s: got %s (%s), wanted %s", #expression, mlsd_status_name(unit_status_),  \
                     mlsd_last_error(), mlsd_status_name(wanted));                               \
        if (strstr(mlsd_last_error(), (text)) == NULL)                                           \
            fail_msg("%s: message \"%s\" lacks \"%s\"", #expression, mlsd_last_error(), (text)); \
    } while (0)

/* The double `value` is within `tolerance` of `wanted` (0: equal). NaN is near nothing. */
#define ASSERT_NEAR(value, wanted, tolerance)                                                    \
    do {                                                                                         \
        const double unit_value_ = (value), unit_wanted_ = (wanted);                             \
        const double unit_gap_ = unit_value_ - unit_wanted_;                                     \
        if (!(unit_gap_ <= (tolerance) && unit_gap_ >= -(tolerance)))                            \
            fail_msg("%s: got %.17g, wanted %.17g within %g", #value, unit_value_, unit_wanted_, \
                     (double)(tolerance));                                                       \
    } while (0)

#endif
