"""Many at once: two clients on one mailbox, two hundred handlers on one store, and handlers killed under load.
Afterwards the books balance: every acknowledged message is there once, none twice, none changed."""
import random
import threading

from peer.client import Peer
from peer.objects import envelope_make, new_id
from peer.primitives import Refused
from peer.wire import Ended

HANDLERS = 200
KILLS = 40


def in_parallel(jobs, at_once=16):
    """Runs callables on a few threads; the first exception is the test's."""
    todo, errors = list(reversed(jobs)), []

    def work():
        while todo and not errors:
            try:
                job = todo.pop()
            except IndexError:
                return
            try:
                job()
            except BaseException as error:  # handed to the test below
                errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(min(at_once, len(jobs)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def drain(house, account, *options):
    """Reads and acknowledges a whole mailbox; returns {id: body} and insists on each coming once."""
    found = {}
    with house.login(account, *options) as peer:
        while (message := peer.read()) is not None:
            assert message.id not in found
            found[message.id] = message.body
            if len(found) % 50 == 0:
                peer.ack(*list(found)[-50:])
        peer.ack(*list(found)[-50:])
        assert peer.list() == (0, [])
    return found


def test_two_clients_on_one_mailbox(house):
    """Two sessions of one account read and acknowledge while two senders write: each message is given to at
    least one of them, never changed, and in the end none is left."""
    alice, bob, carol = house.registered('alice', 'bob', 'carol')
    sent, seen, done = {}, [{}, {}], threading.Event()

    def write(sender):
        with house.login(sender) as peer:
            for i in range(40):
                id = new_id()
                sent[id] = envelope_make(sender, bob.identity, b'%d' % i, id=id)
                peer.ok('COMPOSE bob ' + id, sent[id])

    def read(mine):
        with house.login(bob) as peer:
            while True:
                last = done.is_set()
                for message in peer.read_all():
                    mine[message.id] = message.body
                    peer.ack(message.id)
                if last:
                    return
                peer.ok('WAIT 1')

    readers = [threading.Thread(target=read, args=(mine,)) for mine in seen]
    for reader in readers:
        reader.start()
    try:
        in_parallel([lambda: write(alice), lambda: write(carol)])
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert {**seen[0], **seen[1]} == sent
    for mine in seen:
        assert all(sent[id] == body for id, body in mine.items())
    assert drain(house, bob) == {}


def test_two_hundred_handlers_at_once(house):
    """Two hundred handlers run at the same time on one store; all compose, to one mailbox and to many, and
    each message that was acknowledged is there once."""
    people = dict(zip('abcd', house.registered('alice', 'bob', 'carol', 'dave')))
    peers, sent = [], {name: {} for name in people}
    lock = threading.Lock()

    def connect(i):
        account = people['abcd'[i % 4]]
        peer = house.connect()
        peer.login(account)
        with lock:
            peers.append((i, account, peer))

    def compose(i, account, peer):
        for name in ('a', 'abcd'[i // 4 % 4]):
            id = new_id()
            envelope = envelope_make(account, people[name].identity, b'%d' % i, id=id)
            assert peer.ok('COMPOSE %s %s' % (people[name].user, id), envelope).words == ['OK', id]
            with lock:
                sent[name][id] = envelope

    in_parallel([lambda i=i: connect(i) for i in range(HANDLERS)])
    assert all(peer.process.popen.poll() is None for _, _, peer in peers) and len(peers) == HANDLERS
    in_parallel([lambda p=p: compose(*p) for p in peers], at_once=32)
    for _, _, peer in peers:
        peer.close()
    for name, account in people.items():
        assert drain(house, account) == sent[name]


def test_two_hundred_composes_in_flight(house):
    """The same with every frame sent before any answer is read: the handlers really work side by side."""
    alice, bob = house.registered('alice', 'bob')
    peers, sent = [Peer(p.channel) for p in [house.start() for _ in range(HANDLERS)]], {}
    for peer in peers:
        peer.send(peer.login_head(alice))
    for i, peer in enumerate(peers):
        id = new_id()
        sent[id] = envelope_make(alice, bob.identity, b'%d' % i, id=id)
        peer.send('COMPOSE bob ' + id, sent[id])
    for peer in peers:
        assert peer.receive().count == 0
        assert peer.receive().kind == 'OK'
        peer.close()
    assert drain(house, bob) == sent


def test_registering_one_name_at_once(house):
    """Of many who register one name at the same moment exactly one gets it, and the others are told."""
    with house.connect() as first:
        assert first.ask('PING').kind == 'OK'
    peers, accounts = [house.connect() for _ in range(12)], [house.person('alice') for _ in range(12)]
    for peer, account in zip(peers, accounts):
        peer.send(peer.register_head(account), account.body())
    answers = [peer.receive() for peer in peers]
    winners = [a for a, answer in zip(accounts, answers) if answer.kind == 'OK']
    assert len(winners) == 1
    assert sum(a.code == 'name-taken' for a in answers) == 11
    with house.login(winners[0]) as peer:
        assert peer.who('alice').text == winners[0].identity.text


def test_a_store_made_by_many_at_once(house):
    """Handlers that find no store and all make one end up with the same store and one host key."""
    processes = [house.start() for _ in range(12)]
    peers = [Peer(p.channel) for p in processes]
    assert len({peer.host_key for peer in peers}) == 1
    account = house.person('alice')
    peers[0].register(account)
    for peer in peers[1:]:
        assert peer.login(account) == 0


def test_one_message_from_many_is_stored_once(house):
    """One envelope sent by many sessions at the same moment is stored once; all are told OK."""
    alice, bob = house.registered('alice', 'bob')
    id = new_id()
    envelope = envelope_make(alice, bob.identity, b'x', id=id)
    peers = [house.login(alice) for _ in range(12)]
    for peer in peers:
        peer.send('COMPOSE bob ' + id, envelope)
    answers = [peer.receive().words for peer in peers]
    assert sorted(answers) == [['OK', id]] + [['OK', id, 'duplicate']] * 11
    assert list(drain(house, bob)) == [id]


def test_handlers_killed_under_load(house):
    """Handlers are killed with SIGKILL at random moments while they store and acknowledge; their clients
    repeat what got no answer. In the end each message is there once and unchanged, nobody's help needed."""
    alice, bob, carol = house.registered('alice', 'bob', 'carol')
    dice = random.Random(7325)
    sent, read, running, stop = {}, {}, [], threading.Event()
    kills = [0]

    def stubborn(account, work):
        """Does `work(peer)` on new connections until one isn't killed."""
        while True:
            peer = house.connect()
            peer.process.may_die = True
            running.append(peer.process)
            try:
                peer.login(account)
                work(peer)
                return
            except (Ended, Refused):
                assert peer.process.wait() == -9, peer.process.log
            finally:
                running.remove(peer.process)
                peer.close()

    def write(account):
        while kills[0] < KILLS:
            write_batch(account)

    def write_batch(account):
        envelopes = {id: envelope_make(account, bob.identity, id.encode() * 20, id=id)
                     for id in (new_id() for _ in range(30))}
        left = list(envelopes)

        def work(peer):
            while left:
                batch = left[:10]
                for id in batch:
                    peer.send('COMPOSE bob ' + id, envelopes[id])
                for id in batch:
                    assert peer.receive().words[:2] == ['OK', id]
                    left.remove(id)

        stubborn(account, work)
        sent.update(envelopes)

    def take():
        def work(peer):
            while not stop.is_set() or peer.list()[0]:
                while (message := peer.read()) is not None:
                    assert read.setdefault(message.id, message.body) == message.body
                    peer.ack(message.id)
                peer.ok('WAIT 1')

        stubborn(bob, work)

    def kill():
        while not stop.is_set():
            stop.wait(dice.uniform(0.02, 0.08))
            victims = list(running)
            if victims:
                dice.choice(victims).popen.kill()
                kills[0] += 1

    reader, killer = threading.Thread(target=take), threading.Thread(target=kill)
    reader.start()
    killer.start()
    try:
        in_parallel([lambda: write(alice), lambda: write(carol), lambda: write(alice)])
    finally:
        stop.set()
        killer.join()
        reader.join()
    assert read == sent and len(sent) >= 90
    assert drain(house, bob) == {}
    with house.login(alice) as peer:
        for id, envelope in sent.items():
            if envelope.startswith(b'secmsg-message-1\nfrom: alice\n'):
                assert peer.ok('COMPOSE bob ' + id, envelope).words == ['OK', id, 'duplicate']
