/* mathfun_values.c - the library's own exp, log and so on from the outside: reads lines of a name
 * and one or two numbers, and prints each value as a hexadecimal double. For the comparison with
 * mpmath in test_mathfun_mpmath.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/mathfun.h"

static const struct {
    const char *name;
    double (*of_one)(double);
} functions[] = {
    {"exp", mlsd__exp},   {"expm1", mlsd__expm1}, {"log", mlsd__log},   {"log1p", mlsd__log1p},
    {"tanh", mlsd__tanh}, {"erf", mlsd__erf},     {"erfc", mlsd__erfc}, {"lgamma", mlsd__lgamma},
};

int main(void)
{
    char line[256], name[16], first[64], second[64];
    while (fgets(line, sizeof line, stdin) != NULL) {
        const int n = sscanf(line, "%15s %63s %63s", name, first, second);
        if (n == 3 && strcmp(name, "pow") == 0) {
            printf("%a\n", mlsd__pow(strtod(first, NULL), strtod(second, NULL)));
            continue;
        }
        size_t f = 0;
        while (f < sizeof functions / sizeof *functions && strcmp(functions[f].name, name) != 0)
            f++;
        if (n != 2 || f == sizeof functions / sizeof *functions) return 1;
        printf("%a\n", functions[f].of_one(strtod(first, NULL)));
    }
    return 0;
}
