"""Long random runs against a model of the mailbox so small that one can see that it is right."""
import glob
import os
import random

import pytest

from peer.client import Message
from peer.objects import envelope_make, new_id


class Model:
    """What the protocol promises: waiting messages in order, ids remembered for ever (here), and what each
    session was given."""

    def __init__(self, users):
        self.waiting = {u: [] for u in users}  # [(id, sender, body)]
        self.known = {u: {} for u in users}    # id: (sender, body)

    def compose(self, sender, to, id, body):
        if id in self.known[to]:
            return ['OK', id, 'duplicate'] if self.known[to][id] == (sender, body) else ['ERR', 'id-taken']
        self.known[to][id] = (sender, body)
        self.waiting[to].append((id, sender, body))
        return ['OK', id]

    def read(self, user, given):
        new = [m for m in self.waiting[user] if m[0] not in given]
        return (new[0], len(new) - 1) if new else None

    def ack(self, user, ids):
        self.waiting[user] = [m for m in self.waiting[user] if m[0] not in ids]
        return len(self.waiting[user])


class Run:
    """One random run: each step acts on the real thing and on the model, and compares the answers."""

    def __init__(self, house, seed):
        self.house, self.dice = house, random.Random(seed)
        self.accounts = {a.user: a for a in house.registered('alice', 'bob', 'carol')}
        self.model, self.sessions = Model(self.accounts), []
        self.sent = []  # (sender, to, id, body)

    def session(self):
        if not self.sessions or (len(self.sessions) < 6 and self.dice.random() < 0.1):
            account = self.dice.choice(list(self.accounts.values()))
            peer = self.house.login(account)
            assert peer.unread == len(self.model.waiting[account.user])
            self.sessions.append((peer, account, set()))
        return self.dice.choice(self.sessions)

    def fresh(self, peer, account, given):
        to, id = self.dice.choice(list(self.accounts)), new_id()
        data = self.dice.randbytes(self.dice.choice([0, 1, 100, 3000, 40000]))
        body = envelope_make(account, self.accounts[to].identity, data, id=id)
        self.sent.append((account.user, to, id, body))
        self.composed(peer, account.user, to, id, body)

    def composed(self, peer, sender, to, id, body):
        answer = peer.ask('COMPOSE %s %s' % (to, id), body)
        expected = self.model.compose(sender, to, id, body)
        assert answer.words[:len(expected)] == expected and (answer.code or len(answer.words) == len(expected))

    def again(self, peer, account, given):
        mine = [s for s in self.sent if s[0] == account.user]
        if mine:
            self.composed(peer, *self.dice.choice(mine))

    def taken(self, peer, account, given):
        if self.sent:
            _, to, id, _ = self.dice.choice(self.sent)
            self.composed(peer, account.user, to, id,
                          envelope_make(account, self.accounts[to].identity, b'other', id=id))

    def read(self, peer, account, given):
        for _ in range(self.dice.randint(1, 4)):
            expected, answer = self.model.read(account.user, given), peer.ask('READ')
            if expected is None:
                assert answer.kind == 'EMPTY'
                return
            message, left = Message(answer), expected[1]
            assert (message.id, message.sender, message.body) == expected[0]
            assert (message.signed, message.left) == (True, left)
            given.add(message.id)

    def ack(self, peer, account, given):
        waiting = [m[0] for m in self.model.waiting[account.user]]
        ids = self.dice.sample(waiting, self.dice.randint(0, len(waiting))) + [new_id()] * self.dice.randint(0, 1)
        self.dice.shuffle(ids)
        assert peer.ack(*ids) == self.model.ack(account.user, set(ids))

    def list(self, peer, account, given):
        unread, rows = peer.list()
        expected = [(m[0], m[1], len(m[2])) for m in self.model.waiting[account.user]]
        assert unread == len(expected) and [(r[0], r[1], r[3]) for r in rows] == expected

    def wait(self, peer, account, given):
        left = sum(m[0] not in given for m in self.model.waiting[account.user])
        assert peer.ok('WAIT 0').count == left

    def leave(self, peer, account, given):
        if self.dice.random() < 0.5:
            peer.process.kill()
        peer.close()
        self.sessions = [s for s in self.sessions if s[0] is not peer]

    def lose_the_index(self, peer, account, given):
        for path in glob.glob(os.path.join(glob.escape(self.house.store), 'shards', '*', 'index.gdbm')):
            if self.dice.random() < 0.5:
                os.unlink(path)

    STEPS = (['fresh'] * 8 + ['again'] * 2 + ['taken', 'list', 'wait'] + ['read'] * 6 + ['ack'] * 3 + ['leave'])

    def go(self, steps, losing):
        for n in range(steps):
            name = 'lose_the_index' if losing and n % 40 == 39 else self.dice.choice(self.STEPS)
            peer, account, given = self.session()
            getattr(self, name)(peer, account, given)
        for peer, _, _ in self.sessions:
            peer.close()
        for user, account in self.accounts.items():
            with self.house.login(account) as peer:
                assert [(m.id, m.sender, m.body) for m in peer.read_all()] == self.model.waiting[user]


@pytest.mark.parametrize('seed', range(4))
def test_random_sessions(house, seed):
    """Six sessions of three people compose, repeat, read, acknowledge, list, wait, leave and are killed in any
    order: every answer, to its counts, is the model's."""
    Run(house, seed).go(300, losing=False)


@pytest.mark.parametrize('seed', range(2))
def test_random_sessions_while_indexes_are_lost(house, seed):
    """The same while indexes are removed under the open sessions: they are rebuilt, and nobody notices."""
    Run(house, 1000 + seed).go(300, losing=True)
