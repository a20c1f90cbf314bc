/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sender's name for a file: whatever it is, one file comes to be, in the directory, and is seen there. */
#include "client/save.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/field.h"
#include "tests/fuzz/fuzz.h"

#define ID "000102030405060708090a0b0c0d0e0f"

static char place[PATH_MAX];

void fuzz_start(void)
{
    snprintf(place, sizeof(place), "%s/into", fuzz_directory());
    FUZZ_HOLDS(mkdir(place, 0700) == 0);
}

static unsigned count_files(void)
{
    unsigned n = 0;
    DIR *list = opendir(place);
    FUZZ_HOLDS(list != NULL);
    for (const struct dirent *d; (d = readdir(list)) != NULL;)
        n += strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
    closedir(list);
    return n;
}

static void check_path(const char *path)
{
    size_t len = strlen(place);
    FUZZ_HOLDS(strncmp(path, place, len) == 0 && path[len] == '/');
    const char *name = path + len + 1;
    FUZZ_HOLDS(strchr(name, '/') == NULL && name[0] != '.' && name[0] != '\0');
    FUZZ_HOLDS(field_is_file_name(span_str(name)));
}

void fuzz_one(struct span in)
{
    char name[1024], paths[2][PATH_MAX];
    bool goes_on;
    const struct saving saving = {.output = place,
                                  .name = fuzz_text(in, name, sizeof(name)),
                                  .id = ID,
                                  .data = SPAN("data")};
    for (unsigned i = 0; i < 2; i++) {
        FUZZ_HOLDS(save_data(&saving, paths[i], &goes_on) == STATUS_OK);
        check_path(paths[i]);
        FUZZ_HOLDS(count_files() == i + 1);
    }
    FUZZ_HOLDS(strcmp(paths[0], paths[1]) != 0);
    for (unsigned i = 0; i < 2; i++)
        save_undo(paths[i]);
    FUZZ_HOLDS(count_files() == 0);
}
