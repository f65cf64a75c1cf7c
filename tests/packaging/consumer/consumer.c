/* What a C program of somebody else's is at least: it finds the header and the library, and they fit together. */
#include <stdio.h>
#include <string.h>
#include <ucwa.h>

int main(void)
{
    ucwa_config *config = ucwa_config_new();
    char *culture;
    int fits;
    if (strcmp(ucwa_version(), UCWA_VERSION) != 0 || ucwa_config_set(config, "culture", "de-DE") != UCWA_OK
        || ucwa_config_set(config, "colour", "blue") != UCWA_INVALID_CONFIG) {
        fprintf(stderr, "libucwa %s with the header of %s: %s\n", ucwa_version(), UCWA_VERSION, ucwa_last_error_message());
        return 1;
    }
    culture = ucwa_config_get(config, "culture");
    fits = culture != NULL && strcmp(culture, "de-DE") == 0;
    ucwa_string_free(culture);
    ucwa_config_free(config);
    printf("C with libucwa %s\n", ucwa_version());
    return !fits;
}
