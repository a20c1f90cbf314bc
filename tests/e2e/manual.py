"""The manual pages as the tests read them: their sources, docs/*.scd."""
import os
import re

from conftest import REPO


def page(name):
    """The source of a page, with nothing escaped."""
    with open(os.path.join(REPO, 'docs', name + '.scd'), encoding='utf-8') as file:
        return re.sub(r'\\(.)', r'\1', file.read())


def section(name, title):
    return re.split(r'\n# (.+)\n', page(name))[1:][2 * titles(name).index(title) + 1]


def titles(name):
    return re.findall(r'^# (.+)$', page(name), re.M)


def entries(text):
    """(what is explained, the explanation) of each list entry, in their order."""
    found = re.findall(r'^(\S.*)\n((?:\t.*\n|\n(?=\t))+)', text + '\n', re.M)
    return [(head, ' '.join(body.split())) for head, body in found]


def bold(text):
    return re.findall(r'\*([^*]+)\*', text)


def options(text):
    """The options that a text tells of, as they are typed."""
    return set(re.findall(r'(?<![\w-])(?:--[a-z][a-z-]*|-[a-z])(?![\w-])', text))


def statuses(name):
    return {int(head.strip('*')) for head, _ in entries(section(name, 'EXIT STATUS'))}
