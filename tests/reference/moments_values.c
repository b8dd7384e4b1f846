/* moments_values.c - the library's own mean, standard deviation, autocorrelation and analysis of
 * variance from the outside, for bench/nist_digits.py. Reads sets, each the sizes of its groups
 * after their number, then the values; prints what numeric/moments.h finds: mean, standard
 * deviation and autocorrelation of one group, F of several. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "numeric/moments.h"

enum { MOST_GROUPS = 16 };

static double number(void)
{
    char word[64];
    if (scanf("%63s", word) != 1) exit(1);
    return strtod(word, NULL);
}

int main(void)
{
    int n_groups;
    while (scanf("%d", &n_groups) == 1) {
        int64_t size[MOST_GROUPS], n = 0, at = 0;
        if (n_groups < 1 || n_groups > MOST_GROUPS) return 1;
        for (int g = 0; g < n_groups; g++) n += size[g] = (int64_t)number();
        double *const x = malloc((size_t)n * sizeof *x);
        int32_t *const code = malloc((size_t)n * sizeof *code);
        if (x == NULL || code == NULL) return 1;
        for (int g = 0; g < n_groups; g++)
            for (int64_t i = 0; i < size[g]; i++, at++) {
                x[at] = number();
                code[at] = g;
            }
        mlsd__group_moments groups[MOST_GROUPS];
        mlsd__anova anova;
        if (n_groups == 1) {
            printf("%a %a %a\n", mlsd__mean(x, n), sqrt(mlsd__variance(x, n, 1)),
                   mlsd__autocorrelation(x, n));
        } else {
            mlsd__anova_oneway(x, code, n, n_groups, groups, &anova);
            printf("%a\n", anova.f);
        }
        free(code);
        free(x);
    }
    return 0;
}
