/* cli_diagnosis.c - what loss curves mean, in a few words: of one file's curves, and of those in an
 * experiment's result. */
#include <math.h>
#include <stdio.h>

#include "cli_print.h"

const char *cli_show_diagnosis(const mlsd_result *r, const char *prefix,
                               char out[CLI_DIAGNOSIS_CAPACITY])
{
    char name[64];
    snprintf(name, sizeof name, "%.40sdiagnosis", prefix);
    int n = snprintf(out, CLI_DIAGNOSIS_CAPACITY, "%.60s", cli_result_text(r, name));
    if (n == 0) return out;
    snprintf(name, sizeof name, "%.40skind", prefix);
    const char *const kind = cli_result_text(r, name);
    if (*kind != '\0') n += snprintf(out + n, CLI_DIAGNOSIS_CAPACITY - (size_t)n, " (%.60s)", kind);
    snprintf(name, sizeof name, "%.40sconfidence", prefix);
    const double confidence = cli_result_number(r, name);
    if (!isnan(confidence)) /* rounded down: 0.999 is not certain */
        snprintf(out + n, CLI_DIAGNOSIS_CAPACITY - (size_t)n, ", confidence %.2f",
                 floor(100 * confidence) / 100);
    return out;
}
