"""status and metrics: what was done is counted, the format is Prometheus's, and dashboard, alerts and documentation name
the metrics that there are."""
import json
import os
import re
import stat
import subprocess

import pytest
import yaml

from conftest import REPO
from test_admin import admin, lines, plain, store, template  # noqa: F401  the fixtures

SAMPLE = re.compile(r'(secmsg_[a-z_]+)(?:\{((?:[a-z]+="[^"]*",?)+)\})? ([0-9.e+]+)')


def read(text):
    """{name: (type, {labels: value})}, by the rules of the text format: HELP and TYPE first, each name in one place."""
    found, name, kind = {}, None, None
    for line in text.splitlines():
        if line.startswith('# HELP '):
            name = line.split()[2]
            assert name not in found and len(line.split(' ', 3)[3]) > 10
        elif line.startswith('# TYPE '):
            assert line.split()[2] == name
            kind = line.split()[3]
            found[name] = (kind, {})
        else:
            full, labels, value = SAMPLE.fullmatch(line).groups()
            assert full == name or (kind == 'histogram' and re.fullmatch(name + '_(bucket|sum|count)', full)), line
            key = full[len(name):] + (labels or '')
            assert key not in found[name][1], line
            found[name][1][key] = float(value)
    assert text.endswith('\n')
    return found


def metrics(path):
    return read(admin(path, 'metrics').stdout)


def value(found, name, labels=''):
    return found['secmsg_' + name][1][labels]


def test_what_was_done_is_counted(store):  # noqa: F811
    """Messages that wait, and what commands did, in both words."""
    before = metrics(store)
    assert value(before, 'messages_waiting') == 2 and value(before, 'shards_untold') == 0
    plain(store, 'LOGIN bob pw', 'COMPOSE alice', 'three', 'COMPOSE nobody', 'x')
    after = metrics(store)
    assert value(after, 'messages_waiting') == 3
    assert value(after, 'messages_waiting_bytes') - value(before, 'messages_waiting_bytes') == 5
    for name, more in (('connections_started_total', 1), ('logins_total', 1), ('messages_accepted_total', 1),
                       ('messages_accepted_bytes_total', 5)):
        assert value(after, name) - value(before, name) == more, name
    assert value(after, 'answers_total', 'code="no-user"') == 1
    assert value(after, 'command_seconds', '_countcommand="COMPOSE"') == 2
    status, = lines(admin(store, '--json', 'status'))
    assert status['messages'] == 3 and status['messages_accepted'] == value(after, 'messages_accepted_total')
    text = admin(store, 'status').stdout
    assert len(text.splitlines()) == len(status) and all(len(line) <= 80 for line in text.splitlines())


def test_the_format(store):  # noqa: F811
    """Counters end in _total and nothing else does; units are base units; histograms are cumulative and whole."""
    plain(store, 'LOGIN bob pw', 'READ')
    found = metrics(store)
    for name, (kind, samples) in found.items():
        assert (kind == 'counter') == name.endswith('_total') and kind in ('counter', 'gauge', 'histogram') and samples
        assert not re.search(r'_(ms|us|usec|kb|mb|percent)(_|$)', name)
        if kind != 'histogram':
            continue
        for labels in {re.sub(r',?le="[^"]*"', '', k)[len('_bucket'):] for k in samples if k.startswith('_bucket')}:
            buckets = [v for k, v in samples.items() if k.startswith('_bucket') and re.sub(r',?le="[^"]*"', '', k) == '_bucket' + labels]
            bounds = [re.search('le="([^"]*)"', k).group(1) for k in samples if re.sub(r',?le="[^"]*"', '', k) == '_bucket' + labels]
            assert buckets == sorted(buckets) and bounds[-1] == '+Inf' and len(bounds) == 10
            assert [float(b) for b in bounds] == sorted(float(b) for b in bounds)
            assert buckets[-1] == samples['_count' + labels] and '_sum' + labels in samples


def test_output(store, tmp_path):  # noqa: F811
    """The file is replaced whole, can be read by others, and nothing else is left beside it."""
    directory = tmp_path / 'collector'
    directory.mkdir()
    path = directory / 'secmsg.prom'
    path.write_text('old')
    os.chmod(path, 0o600)
    before = path.stat().st_ino
    assert admin(store, 'metrics', '--output', str(path)).stdout == ''
    assert 'secmsg_messages_waiting' in read(path.read_text()) and path.stat().st_ino != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o644 and os.listdir(directory) == ['secmsg.prom']


def test_output_that_cannot_be_written(store, tmp_path):  # noqa: F811
    """The reason is the system's own, since that is what an operator has to mend."""
    for path, why in ((tmp_path / 'none' / 'x', 'No such file or directory'), (tmp_path, 'Is a directory')):
        done = admin(store, 'metrics', '--output', str(path), status=73)
        assert done.stderr == "secmsg-admin: %s: can't be written: %s\n" % (path, why)


@pytest.mark.parametrize('words', [['status', 'x'], ['metrics', 'x'], ['--json', 'metrics'], ['stats', '--output', 'x'],
                                   ['metrics', '--output', ''], ['metrics', '--output'], ['status', '--days=3']])
def test_wrong_command_lines(store, words):  # noqa: F811
    """64, and one line."""
    assert admin(store, *words, status=64).stderr.count('\n') == 1


def test_nobody_is_asked_to_wait(store):  # noqa: F811
    """Without the shards' locks, and without making an index: a shard that has none is said to be untold."""
    locks = [p / 'lock' for p in (store / 'shards').iterdir() if p.is_dir()]
    for lock in locks:
        os.truncate(lock, 0)
    before = {p: p.stat().st_mtime_ns for lock in locks for p in lock.parent.iterdir()}
    found = metrics(store)
    assert value(found, 'shards_untold') == value(found, 'shards') == len(locks)
    assert {p: p.stat().st_mtime_ns for lock in locks for p in lock.parent.iterdir()} == before


# ---- who names metrics ----

def source(*path):
    with open(os.path.join(REPO, *path), encoding='utf-8') as file:
        return file.read()


def named(text):
    return {re.sub(r'_(bucket|sum|count)$', '', n) for n in re.findall(r'\bsecmsg_[a-z_]+', text)}


def test_the_dashboard(store):  # noqa: F811
    """Of Grafana's form; it shows every metric, and none that there isn't."""
    board = json.loads(source('docs', 'grafana-secmsg.json'))
    assert board['title'] == board['uid'] == 'secmsg' and board['schemaVersion'] >= 36
    panels = board['panels']
    assert len({p['id'] for p in panels}) == len(panels)
    places = set()
    for p in panels:
        assert p['type'] in ('timeseries', 'stat') and p['title'] and p['targets']
        assert p['gridPos']['x'] + p['gridPos']['w'] <= 24
        places.add((p['gridPos']['x'], p['gridPos']['y']))
        for i, target in enumerate(p['targets']):
            assert target['refId'] == chr(65 + i) and target['expr'].count('(') == target['expr'].count(')')
    assert len(places) == len(panels)
    assert named(json.dumps([p['targets'] for p in panels])) == set(metrics(store))
    assert {v['name'] for v in board['templating']['list']} == {'datasource', 'instance'}


def test_the_alerts(store):  # noqa: F811
    """Of Prometheus's form, about metrics that there are, each with what to do, and all in the documentation."""
    group, = yaml.safe_load(source('docs', 'secmsg-alerts.yml'))['groups']
    text = source('docs', 'observing.md')
    for rule in group['rules']:
        assert set(rule) == {'alert', 'expr', 'for', 'labels', 'annotations'}
        assert re.fullmatch(r'\d+[smhd]', str(rule['for'])) and rule['labels']['severity'] in ('warning', 'critical')
        assert rule['expr'].count('(') == rule['expr'].count(')')
        known = metrics(store)
        assert named(rule['expr'].replace('secmsg.prom', '')) <= set(known)
        for name, code in re.findall(r'(secmsg_answers_total)\{code="([a-z-]+)"\}', rule['expr']):
            assert 'code="%s"' % code in known[name][1]
        assert '| %s (%s) |' % (rule['alert'], rule['labels']['severity']) in text
        assert rule['annotations']['description'] in text
    assert len(group['rules']) == len(re.findall(r'^\| Secmsg', text, re.M))


def test_every_metric_is_documented(store):  # noqa: F811
    """With its type, and no other."""
    rows = re.findall(r'^\| `([a-z_]+)` \| ([a-z]+) \|', source('docs', 'observing.md').split('## Metrics')[1], re.M)
    assert {('secmsg_' + name, kind) for name, kind in rows} == {(n, kind) for n, (kind, _) in metrics(store).items()}


def test_the_timer_units():
    """As systemd reads them; the file that is written is one that the collector reads."""
    service = source('systemd', 'secmsg-metrics.service')
    assert re.search(r'^ExecStart=/usr/local/bin/secmsg-admin --store=\S+ metrics --output=\S+\.prom$', service, re.M)
    assert 'OnCalendar' in source('systemd', 'secmsg-metrics.timer')
