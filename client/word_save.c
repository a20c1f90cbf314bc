/* SPDX-License-Identifier: GPL-3.0-or-later */
/* word_save.c: the word `save`: what a message of the archive holds, into a file of a directory. */
#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "json.h"
#include "recall.h"
#include "save.h"
#include "say.h"
#include "show.h"

#include "base/banned.h"

static enum status check_directory(const char *path)
{
    struct stat st;
    struct visible_value shown = visible_value(span_str(path));
    bool is_there = stat(path, &st) == 0;
    if (is_there && S_ISDIR(st.st_mode))
        return STATUS_OK;
    say("can't save in %s: %s.", shown.text, is_there ? "it isn't a directory" : strerror(errno));
    return STATUS_CANT_CREATE;
}

static enum status print_json(const struct recalled *recalled, const char *path)
{
    struct json json;
    json_begin(&json);
    json_add_string(&json, "id", recalled->record.id);
    json_add_string(&json, "saved", path);
    return json_print(&json);
}

static enum status save(const struct session *s, const struct recalled *recalled,
                        const char *directory)
{
    char path[PATH_MAX];
    bool goes_on;
    struct saving saving = {.output = directory,
                            .name = recalled->inspected.content.name,
                            .id = recalled->record.id,
                            .data = show_data(&recalled->received, &recalled->inspected),
                            .is_archived = true};
    enum status status = save_data(&saving, path, &goes_on);
    if (status != STATUS_OK)
        return status;
    if (s->options.is_json)
        return print_json(recalled, path);
    struct visible_value shown = visible_value(span_str(path));
    (void)printf("%s\n", shown.text);
    return STATUS_OK;
}

enum status word_save_main(struct session *s, int argc, char *argv[])
{
    struct recalled recalled;
    if (argc < 3) {
        say("save what, and where? Type: %ssave ID DIR; `%shistory` lists ids.", say_command(),
            say_command());
        return STATUS_USAGE;
    }
    enum status status = check_directory(argv[2]);
    if (status != STATUS_OK)
        return status;
    status = recall_message(s, argv[1], &recalled);
    if (status == STATUS_OK && recalled.inspected.verdict == VERDICT_UNSIGNED)
        say("the message from %s is UNSIGNED: whoever runs the server could have written it.",
            recalled.record.peer);
    if (status == STATUS_OK)
        status = save(s, &recalled, argv[2]);
    recall_free(&recalled);
    return status;
}
