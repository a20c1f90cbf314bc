"""Hello and frames: every manipulation is refused as protocol 1 says, and nothing of it is acted on."""
import os

import pytest

from peer.client import Peer
from peer.objects import envelope_make, new_id
from peer.primitives import b64
from peer.wire import Ended, FrameEnd, client_line, line_length

# Points of small order, and their non-canonical spellings; with the top bit set they are the same.
LOW_ORDER = [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]


def greeted(house, line, end_input=False):
    """What a handler answers to a first line, up to its end of stream."""
    process = house.start()
    process.channel.write(line)
    if end_input:
        process.end_input()
    return process.channel.rest()


def test_handshake_gives_a_session(house):
    """A client that speaks the page gets a session, and the host key is the same on each connection."""
    with house.connect() as first, house.connect() as second:
        assert first.ask('PING').plain == b'OK'
        assert first.host_key == second.host_key
        assert first.transcript != second.transcript
        assert second.ask('PING').plain == b'OK'
        second.exit()


@pytest.mark.parametrize('line', [
    b'\n', b'GET / HTTP/1.1\r\n', b'SECMSG\n', b'SECMSG 1\n', b'SECMSG 1 \n', b'SECMSG 1 AAAA\n',
    b'SECMSG 01 %s\n', b' SECMSG 1 %s\n', b'secmsg 1 %s\n', b'SECMSG 1 %s \n', b'SECMSG  1 %s\n',
    b'SECMSG 1 %s\r\n', b'SECMSG 1 %s x\n', b'SECMSG x %s\n', b'SECMSG -1 %s\n', b'SECMSG 1 %s\0\n',
    b'\0\1\2\xff\xfe\n', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n',
])
def test_other_first_lines_are_bad_hello(house, line):
    """A first line that isn't exactly a hello is answered bad-hello in the clear, and that is all."""
    key = client_line(os.urandom(32)).split()[2]
    answer = greeted(house, line.replace(b'%s', key))
    assert answer.startswith(b'ERR bad-hello ') and answer.count(b'\n') == 1


@pytest.mark.parametrize('spelling', ['no padding', 'trailing bits', 'standard alphabet', 'short', 'long'])
def test_the_hello_key_has_one_spelling(house, spelling):
    """Another spelling of a key's base64, or another length, is bad-hello."""
    key = {'no padding': b64(b'\x07' * 32)[:-1], 'trailing bits': b64(b'\x07' * 32)[:-2] + 'd=',
           'standard alphabet': b64(b'\xff' * 32).replace('_', '/'), 'short': b64(b'\x07' * 31),
           'long': b64(b'\x07' * 33)}[spelling]
    assert greeted(house, b'SECMSG 1 %s\n' % key.encode()).startswith(b'ERR bad-hello ')


@pytest.mark.parametrize('version', [b'0 x', b'2 whatever it says', b'10 ', b'999999 a b c', b'2'])
def test_other_versions(house, version):
    """A client of another version is told which one this server speaks."""
    answer = greeted(house, b'SECMSG %s\n' % version)
    assert answer.startswith(b'ERR version ') and b'1' in answer[12:]


def test_length_of_a_hello(house):
    """A hello line of 512 bytes is read to its end; one of 513 is bad-hello, whatever it says, and the rest
    isn't waited for."""
    start = b'SECMSG 2 '
    assert greeted(house, start + b'x' * (511 - len(start)) + b'\n').startswith(b'ERR version ')
    assert greeted(house, start + b'x' * (512 - len(start)) + b'\n').startswith(b'ERR bad-hello ')
    assert greeted(house, start + b'x' * 100000).startswith(b'ERR bad-hello ')


@pytest.mark.parametrize('point', LOW_ORDER)
def test_low_order_points_are_refused(house, point):
    """A key that gives an all-zero result, also with its top bit set, is bad-hello."""
    for top in (0, 0x80):
        key = bytearray.fromhex(point)
        key[31] |= top
        assert greeted(house, b'SECMSG 1 %s\n' % b64(key).encode()).startswith(b'ERR bad-hello ')


def test_end_of_stream_in_the_hello(house):
    """A stream that ends before or inside the hello ends the handler without a session."""
    assert greeted(house, b'', end_input=True) == b''
    cut = greeted(house, client_line(os.urandom(32))[:-1], end_input=True)
    assert cut.startswith(b'ERR bad-hello ') and cut.count(b'\n') == 1


def test_silence_times_out(house):
    """Who says no hello is told so after the hello deadline: before a line, and inside one."""
    for said in (b'', b'SECMSG 1 '):
        process = house.start('--hello-timeout=1')
        process.channel.write(said)
        answer = process.channel.rest()
        assert answer.startswith(b'ERR timeout ') and answer.count(b'\n') == 1


# ---- frames ----

def tampered(peer):
    """The server's last frame is `tampered`, its log says so, and it ends."""
    peer.ends('tampered')
    peer.close()
    peer.process.wait()
    assert 'tampered' in peer.process.log


def test_a_changed_byte_at_every_position(house):
    """A frame with any one byte changed is refused: token, space, tag, and a LF in the middle."""
    length = len(FrameEnd(bytes(32), bytes(32)).seal(b'PING'))
    for position in range(length - 1):
        with house.connect() as peer:
            line = bytearray(peer.seal('PING'))
            assert len(line) == length
            line[position] ^= 1
            peer.channel.write(line)
            tampered(peer)


@pytest.mark.parametrize('how', ['repeated', 'dropped', 'swapped', 'reflected', 'other connection'])
def test_frames_know_their_place(house, how):
    """A frame that is repeated, skipped, moved, sent back, or from another connection is refused."""
    with house.connect() as peer, house.connect() as other:
        first, second = peer.seal('PING'), peer.seal('INFO')
        if how == 'repeated':
            peer.channel.write(first + first)
            assert peer.receive().kind == 'OK'
        elif how == 'dropped':
            peer.channel.write(second)
        elif how == 'swapped':
            peer.channel.write(second + first)
        elif how == 'other connection':
            peer.channel.write(other.seal('PING'))
        else:
            peer.channel.write(first)
            line = peer.channel.line()
            assert peer.into.open(line) == b'OK'
            peer.channel.write(line + b'\n')
        tampered(peer)


@pytest.mark.parametrize('change', [
    lambda line: b'\n',
    lambda line: b' \n',
    lambda line: b'x\n',
    lambda line: b'\0\xff\xfe\x80 junk\n',
    lambda line: line.replace(b'\n', b'\r\n'),
    lambda line: line.replace(b'\n', b' \n'),
    lambda line: line.replace(b' ', b'  '),
    lambda line: b' ' + line,
    lambda line: line.replace(b' ', b'\t'),
    lambda line: line.replace(b'\n', b' x\n'),
    lambda line: line.split(b' ')[0] + b'\n',
    lambda line: line.split(b' ')[0] + b' \n',
    lambda line: b' ' + line.split(b' ')[1],
    lambda line: line[:-2] + b'\n',
    lambda line: line[:-1] + b'=\n',
    lambda line: line[1:],
    lambda line: line.replace(b'\n', b'\0\n'),
    lambda line: b'PING\n',
    lambda line: os.urandom(200).replace(b'\n', b' ') + b'\n',
])
def test_malformed_lines_are_tampered(house, change):
    """A line that isn't exactly token, space, tag is refused and ends the connection."""
    with house.connect() as peer:
        peer.channel.write(change(peer.seal('PING')))
        tampered(peer)


@pytest.mark.parametrize('token', ['not a token', 'another key', 'cut', 'version', 'padding'])
def test_a_right_tag_on_a_wrong_token(house, token):
    """The token has to hold by itself, even under a tag that is right."""
    with house.connect() as peer:
        end = peer.out
        if token == 'not a token':
            made = b'AAAA'
        elif token == 'another key':
            made = FrameEnd(os.urandom(32), end.mac).seal(b'PING').split(b' ')[0]
        else:
            good = end.seal(b'PING').split(b' ')[0]
            end.sequence = 0
            made = {'cut': good[:-4], 'version': b'gQ' + good[2:],
                    'padding': good.replace(b'=', b'')}[token]
        peer.channel.write(made + b' ' + end.tag(made, 0) + b'\n')
        tampered(peer)


def test_frames_before_an_invalid_one_stand(house):
    """What came before a forged frame is done and answered; what comes after it is not."""
    alice = house.person('alice')
    with house.connect() as peer:
        head = peer.register_head(alice)
        peer.channel.write(peer.seal('PING') + peer.seal(head, alice.body()) + b'forged\n' + peer.seal('PING'))
        assert peer.receive().kind == 'OK'
        assert peer.receive().kind == 'OK'
        tampered(peer)
    with house.connect() as peer:
        assert peer.login(alice) == 0


def test_end_of_stream_inside_a_line(house):
    """A stream that ends inside a line is tampered; one that ends between lines is an end like any other."""
    with house.connect() as peer:
        peer.channel.write(peer.seal('PING')[:-1])
        peer.process.end_input()
        tampered(peer)
    with house.connect() as peer:
        peer.channel.write(peer.seal('PING'))
        peer.process.end_input()
        assert peer.receive().kind == 'OK'
        peer.ends()
        assert 'tampered' not in peer.process.log


def test_the_token_time_is_not_checked(house):
    """A client whose clock is decades off is served."""
    with house.connect() as peer:
        for when in (0, 1, 2 ** 33):
            peer.channel.write(peer.out.seal(b'PING', time=when))
            assert peer.receive().kind == 'OK'


@pytest.mark.parametrize('head', [
    b'', b' ', b'PING ', b' PING', b'PING  ', b'PING x', b'ping', b'NOSUCH', b'PI\0NG', b'PING\t', b'PING\r',
    b'P\xc3\xafNG', b'SALT', b'SALT a b', b'SALT  alice', b'LOGIN alice', b'LOGIN alice x y', b'EXIT now',
    b'INFO x', b'REGISTER', b'PING' + b'x' * 509, b'\x7f', b'WHO', b'READ 1', b'LIST all', b'WAIT', b'ACK x',
])
def test_malformed_heads(house, head):
    """A valid frame with a malformed head is bad-command, and the session goes on."""
    with house.connect() as peer:
        assert peer.refused('bad-command', head)
        assert peer.ask('PING').kind == 'OK'


def test_heads_of_512_bytes(house):
    """A head of 512 bytes is looked at, one of 513 is malformed."""
    with house.connect() as peer:
        secret = 'x' * (512 - len('LOGIN alice '))
        peer.refused('auth-failed', 'LOGIN alice ' + secret)
        peer.refused('bad-command', 'LOGIN alice ' + secret + 'x')


def test_bodies_where_none_belongs(house):
    """A body that isn't expected, even an empty one, is bad-command; so is one that is missing."""
    alice = house.person('alice')
    with house.connect() as peer:
        for head in ('PING', 'INFO', 'SALT alice', 'LOGIN alice x', 'EXIT'):
            peer.refused('bad-command', head, b'')
            peer.refused('bad-command', head, b'body')
        peer.refused('bad-command', 'PROVE alice')
        peer.refused('bad-command', peer.register_head(alice))
        peer.register(alice)
        for head in ('READ', 'LIST', 'WAIT 0', 'WHO alice', 'DELETE x'):
            peer.refused('bad-command', head, b'')
        for head in ('ACK', 'COMPOSE alice ' + new_id(), 'PASSWD x y'):
            peer.refused('bad-command', head)
        assert peer.ask('PING').kind == 'OK'


def test_a_line_before_login_is_at_most_16384_bytes(house):
    """16384 bytes before login are read; a longer line gets too-large and the connection ends, without the
    rest being read."""
    def plain_of(length):
        return next(n for n in range(length, 0, -1) if line_length(n) <= length)

    longest = plain_of(16384)
    assert line_length(longest) <= 16384 < line_length(longest + 16)
    with house.connect() as peer:
        line = peer.out.seal(b'PING\n' + bytes(longest - 5))
        peer.channel.write(line)
        assert peer.receive().code == 'bad-command'
        peer.channel.write(b'A' * 16383 + b'\n')
        peer.ends('tampered')
    for line in (b'A' * 16384 + b'\n', b'A' * 16385, b'A' * 3000000):
        with house.connect() as peer:
            peer.channel.write(line)
            peer.ends('too-large')


def test_a_line_after_login_is_at_most_max_frame(house):
    """After login a line of exactly max-frame bytes is read, one byte more is too-large and ends it."""
    house.registered('alice')
    alice = house.people[0]
    for extra, code in ((0, 'tampered'), (1, 'too-large')):
        with house.login(alice) as peer:
            size = int(peer.info()['max-frame'])
            peer.channel.write(b'A' * (size - 1 + extra) + b'\n')
            peer.ends(code)
    with house.login(alice, '--max-message=4096') as peer:
        size = int(peer.info()['max-frame'])
        line = peer.seal('X' * 512, bytes(4096))
        assert len(line) == size
        peer.channel.write(line)
        assert peer.receive().code == 'bad-command'
        peer.refused('bad-command', 'X' * 512, bytes(4096))
        peer.send('X' * 512, bytes(4096 + 16))
        peer.ends('too-large')


def test_max_frame_is_enough_for_max_message(house):
    """A message of exactly max-message bytes goes through; one of a byte more is too-large, and the
    connection stays open."""
    alice, bob = house.registered('alice', 'bob')
    id = new_id()
    envelope = envelope_make(alice, bob.identity, b'x' * 15000, id=id)
    options = ('--max-message=%d' % len(envelope),)
    with house.login(alice, *options) as peer:
        info = peer.info()
        assert info['max-message'] == str(len(envelope))
        assert int(info['max-frame']) == line_length(512 + 1 + len(envelope))
        peer.ok('COMPOSE bob ' + id, envelope)
        over = peer.refused('too-large', 'COMPOSE bob ' + new_id(), envelope + b'x')
        assert over.field('limit') == len(envelope)
        assert peer.ask('PING').kind == 'OK'
    with house.login(bob, *options) as peer:
        assert peer.read().body == envelope


def test_sixty_four_frames_before_login(house):
    """A connection that doesn't log in is served 64 frames and no more."""
    with house.connect() as peer:
        for _ in range(64):
            assert peer.ask('PING').kind == 'OK'
        peer.send('PING')
        peer.ends('rate-limited')


def test_login_lifts_the_budget(house):
    """A connection that has logged in, even with its last frame, goes on."""
    alice = house.registered('alice')
    with house.connect() as peer:
        for _ in range(63):
            assert peer.ask('PING').kind == 'OK'
        peer.login(alice)
        for _ in range(70):
            assert peer.ask('PING').kind == 'OK'


def test_pipelined_answers_come_in_order(house):
    """Commands sent without waiting are answered one by one, in order, whatever their size."""
    alice = house.registered('alice')
    with house.login(alice) as peer:
        heads = ['PING', 'INFO', 'WHO alice', 'LIST', 'NOSUCH', 'READ'] * 50
        for head in heads:
            peer.send(head)
        for head in heads:
            answer = peer.receive()
            expected = {'PING': b'OK', 'READ': b'EMPTY'}
            assert answer.kind == {'NOSUCH': 'ERR', 'READ': 'EMPTY'}.get(head, 'OK')
            assert head not in expected or answer.plain == expected[head]
            if head == 'WHO alice':
                assert answer.body == alice.identity.text


def test_frames_may_arrive_in_any_pieces(house):
    """A frame that arrives byte by byte is the same as one that arrives at once."""
    with house.connect() as peer:
        for byte in peer.seal('PING') + peer.seal('INFO'):
            peer.channel.write(bytes([byte]))
        assert peer.receive().kind == 'OK'
        assert peer.receive().body


def test_the_last_frame_arrives_over_tcp(house):
    """Over TCP too a client that has sent more than was wanted reads the server's last words."""
    listener = house.listen()
    channel = listener.dial()
    peer = Peer(channel)
    channel.write(b'A' * 60000)
    answer = peer.receive()
    assert answer.code == 'too-large'
    assert channel.rest() == b''
    channel.close()
    with listener.connect() as peer:
        peer.channel.write(b'junk\n' + b'more ' * 2000)
        peer.ends('tampered')


def test_a_server_that_is_gone_is_noticed(house):
    """When the handler is killed the client's stream ends where an answer is due: nothing is made up."""
    with house.connect() as peer:
        peer.process.kill()
        peer.send('PING')
        with pytest.raises(Ended):
            peer.receive()
