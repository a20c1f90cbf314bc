#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes first inputs for the fuzzers, out of tests/vectors and of what the formats want, to DIRECTORY/<target>/.

Usage: tests/fuzz/seeds.py DIRECTORY      (then `tests/fuzz/run.sh merge` keeps those that reach something)
"""
import base64
import json
import pathlib
import struct
import sys

VECTORS = pathlib.Path(__file__).parent.parent / "vectors"
SECMSG = json.loads((VECTORS / "secmsg-1.json").read_text())
ID = "000102030405060708090a0b0c0d0e0f"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def number(n: int, below: int = 65536) -> bytes:
    """As fuzz_take_number reads it."""
    return n.to_bytes(((below - 1).bit_length() + 7) // 8, "big")


def some(data: bytes) -> bytes:
    return number(len(data)) + data


def identities() -> list[str]:
    return [SECMSG["identities"][who]["text"] for who in ("alice", "bob")] + [
        bad["text"] for bad in SECMSG["refused_identities"]]


def envelopes() -> list[str]:
    return [m["envelope_text"] for m in SECMSG["messages_alice_to_bob"]] + [
        bad["envelope_text"] for bad in SECMSG["refused_envelopes"]]


def proofs() -> list[str]:
    return [m["proof_text"] for m in SECMSG["messages_alice_to_bob"]] + [
        bad["text"] for bad in SECMSG["refused_proofs"]]


def account(vault: str) -> str:
    identity = SECMSG["identities"]["alice"]["text"]
    return f"salt: {b64(bytes(16))}\nidentity: {b64(identity.encode())}\nvault: {vault}\n"


def content(name: str = "") -> str:
    alice, bob = (SECMSG["identities"][who]["fingerprint_text"] for who in ("alice", "bob"))
    return (f"from: alice\nto: bob\nid: {ID}\nfrom-identity: {alice}\nto-identity: {bob}\n"
            f"type: text/plain\n{name}size: 4\n\ntext")


RECORD = (f"kind: sent\nid: {ID}\npeer: bob\ntime: 5\nstored: 0\ntype: text/plain\nname: a.txt\nsize: 4\n"
          f"digest: {b64(bytes(32))}\n")
SETTINGS = ("# a comment\nstore = /tmp/x\nmax-message = 4M\nretention-days = 30\nregistration = closed\n"
            "log-level = debug\nmailbox-per-sender = 25\nidle-timeout=5\n")
STORE_CONF = f"format = 1\nshards = 256\nid = {b64(bytes(16))}\nsecret = {b64(bytes(32))}\n"
COMMANDS = ["INFO", "SALT alice", f"LOGIN alice {b64(bytes(32))}", f"REGISTER alice {b64(bytes(32))} invite\nbody",
            f"COMPOSE bob {ID}\nbody", "READ", f"ACK\n{ID}\n", "LIST", "WAIT 0", "WHO bob", "PING", "EXIT",
            f"PASSWD {b64(bytes(32))} {b64(bytes(32))}\nbody", f"DELETE {b64(bytes(32))}", "PROVE alice\nbody"]
ANSWERS = ["OK", "OK 3", "EMPTY", "BYE", f"OK {ID} duplicate", f"MESSAGE {ID} alice 1800000000 signed 2\nbody",
           f"MESSAGE {ID} alice 1800000000 unsigned 0\nhello", f"OK 1\n{ID} alice 1800000000 2652\n",
           "ERR mailbox-full limit=4 used=4 full", "ERR rate-limited retry-after=60 wait", "ERR no-identity none",
           "ERR auth-failed no", "ERR later-code what",
           "OK\nsoftware: secmsg\nversion: 1\nmax-message: 4194304\nmax-frame: 9000000\nmailbox-messages: 10\n"
           "mailbox-bytes: 10\nmailbox-per-sender: 25\nretention-days: 0\nregistration: open\n"]
TEXTS = ["plain", "\x1b[31mred\x07", "a\u202eb\u2066c", "\u200d", "e\u0301 \U0001f468\u200d\U0001f469\ufe0f",
         "tab\tand\nline\r\n", "\u2028\u2029\ufeff", "x" * 700]
PLAIN = ["REGISTER carol pw\nINFO\nEXIT\n",
         "REGISTER carol pw\nCOMPOSE carol\nhello\nCOMPOSE carol " + ID + "\n.dots\nLIST\nREAD\nREAD\nREAD\nEXIT\n",
         "REGISTER dave pw\nPASSWD pw pw2\nDELETE pw2\n", "LOGIN x y\nLOGIN x y\nLOGIN x y\nPING\n",
         "SALT a\nWAIT 1\nPING\nREGISTER e f\nWAIT 2\nWHO e\nEXIT\n", "COMPOSE\n", "REGISTER A b\n"]



def ask(op: int, what: int = 0, *more: int) -> bytes:
    return bytes([op, what, *more])


REGISTER, LOGIN, COMPOSE, READ, ACK, LIST, PASSWD, DELETE, OTHER, EXIT, JUNK = 0, 1, 2, 4, 6, 7, 8, 9, 10, 11, 12
HEAR, NEST, LATER, GO, CLOSE = bytes([13, 0]), bytes([13, 2]), bytes([13, 1, 200]), bytes([0]), bytes([19])
REGISTER_BOTH = (GO + ask(REGISTER, 0) + ask(EXIT) + HEAR + CLOSE +
                 GO + ask(REGISTER, 1) + ask(COMPOSE, 12) + ask(COMPOSE, 13) + ask(COMPOSE, 12))
PROGRAMS = [
    REGISTER_BOTH + HEAR + ask(LIST) + ask(EXIT) + HEAR + CLOSE +
    GO + ask(LOGIN, 0) + ask(READ) + ask(READ) + ask(READ) + ask(ACK, 12, 2) + ask(READ) + HEAR + ask(LIST) + ask(EXIT) +
    HEAR + CLOSE + GO + ask(LOGIN, 1) + ask(COMPOSE, 12) + ask(COMPOSE, 14) + CLOSE,
    # Another session of the same account reads, acknowledges and changes the password meanwhile.
    REGISTER_BOTH + NEST + GO + ask(LOGIN, 1) + ask(COMPOSE, 18) + ask(READ) + ask(ACK, 18, 1) + HEAR + ask(PASSWD) +
    HEAR + CLOSE + ask(READ) + ask(COMPOSE, 15) + CLOSE,
    REGISTER_BOTH + NEST + GO + ask(LOGIN, 0) + ask(READ) + ask(ACK, 12, 1) + CLOSE + ask(COMPOSE, 12) + ask(COMPOSE, 16) +
    LATER + ask(COMPOSE, 12) + ask(READ) + ask(LIST) + CLOSE,
    REGISTER_BOTH + ask(DELETE, 0) + CLOSE + GO + ask(LOGIN, 1) + ask(LOGIN, 1) + ask(LOGIN, 250) + CLOSE +
    GO + ask(LOGIN, 0) + ask(COMPOSE, 6) + CLOSE,
    GO + ask(REGISTER, 0) + bytes([JUNK, 0]) + number(77) + b"\x01" + ask(READ) + CLOSE,
    GO + ask(REGISTER, 0) + bytes([OTHER, 0, 4]) + b"INFO" + bytes([OTHER, 0, 6]) + b"WAIT 9" + HEAR +
    bytes([OTHER, 0, 9]) + b"WHO alice" + bytes([OTHER, 0, 3]) + b"a\0b" + CLOSE,
    REGISTER_BOTH + b"".join(ask(COMPOSE, n) for n in range(18, 24)) + HEAR +
    b"".join(ask(COMPOSE, n) for n in (14, 15, 16, 17)) + HEAR + ask(ACK, 18, 6) + HEAR + ask(COMPOSE, 17) + CLOSE,
]

# Of guard_file: the limits, the last peer, what garbage there is, and who does what.
LIMITS, NARROW, PEER = bytes(10), bytes([2, 2, 0, 0, 0, 0, 0, 2, 2, 1]), bytes.fromhex("20010db8") + bytes(12)
ENTER, LEAVE, RENEW, PENALISE, TAKE, PASS, VIEW, CLEAR, CLEAR_ALL, COUNT, PRESSURE, SPILL, CUT = (
    0, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15)
EARLIER, SOON, LATE = 2, 5, 4  # a_time in targets/guard_file/garbage.c


def at(kind: int, ms: int) -> bytes:
    return bytes([kind]) + number(ms, 2**32 - 1)


def slots(first: int, n: int, source: int, seen: bytes) -> bytes:
    return b"\x02" + number(first, 4096) + number(n - 1, 4096) + number(4711, 2**32 - 1) + bytes([source]) + seen


ALL_SLOTS = b"\x05" + at(LATE, 0) + b"\0" + at(LATE, 0) + at(LATE, 0) + at(LATE, 0)


def places(source: int, which: int, until: bytes, acts: int) -> bytes:
    return b"\x03" + bytes([source, which, 1]) + until + until + bytes([0, acts]) * which.bit_count()


def guard_file(acts: list[tuple[int, ...]], *spills: bytes, limits: bytes = LIMITS, header: bytes = b"") -> bytes:
    how = bytes([8 * len(spills) + bool(header)])
    return limits + PEER + how + header + b"\x07" + b"".join(spills) + b"".join(bytes(act) for act in acts)


GUARD_FILES = [
    guard_file([(ENTER, 4), (ENTER, 5), (VIEW, 0, 0), (RENEW, 0), (LEAVE, 0), (COUNT, 0, 0, 1, 1, 1, 2, 3, 4, 5)]),
    guard_file([(ENTER, 4), (PENALISE, 4), (PENALISE, 4), (ENTER, 4), (VIEW, 0, 9), (CLEAR, 4), (ENTER, 4), (CLEAR_ALL, 0),
                (PRESSURE, 0)]),
    guard_file([(ENTER, 4), (TAKE, 0), (TAKE, 4), (TAKE, 4), (TAKE, 4), (PASS, 0, 1, 0), (TAKE, 4)], limits=NARROW),
    guard_file([(ENTER, 4), (VIEW, 0, 0), (ENTER, 8)], ALL_SLOTS, slots(0, 4096, 1, at(EARLIER, 500)),
               slots(9, 40, 250, at(SOON, 9**6))),
    guard_file([(ENTER, 4), (ENTER, 16), (VIEW, 0, 0), (PENALISE, 0), (CLEAR_ALL, 0)], places(1, 255, at(SOON, 10**5), 1),
               places(4, 18, at(SOON, 10**6), 1)),
    guard_file([(ENTER, 8), (PENALISE, 8), (VIEW, 0, 0)], b"\x04\x02" + at(SOON, 10**6) + at(SOON, 10**6) + number(1, 3)),
    guard_file([(ENTER, 4), (CUT, 0) + tuple(number(4096, 2**19)), (RENEW, 0), (ENTER, 5), (VIEW, 0, 0)],
               b"\x01" + number(999, 2**19) + b"\xff" + number(9999, 2**19)),
    guard_file([(ENTER, 4)], header=number(4) + number(8, 16) + bytes(range(8)) + b"\x01"),
    guard_file([(ENTER, 4)], header=number(0) + number(0, 16) + b"\0" + number(4096, 2**20)),
]


def seeds() -> dict[str, list[bytes]]:
    vault = SECMSG["vault"]["token_text"]
    shakes = SECMSG["handshake"]
    tokens = [v["token"] for v in json.loads((VECTORS / "fernet-verify.json").read_text())] + [
        v["token"] for v in json.loads((VECTORS / "fernet-invalid.json").read_text())]
    fingerprints = [SECMSG["identities"]["alice"]["fingerprint_text"], shakes["host_fingerprint_text"]]
    alice = SECMSG["identities"]["alice"]
    pins = f"alice {alice['fingerprint_text']} {b64(alice['text'].encode())}\n"
    p, q = (bytes.fromhex(SECMSG["keys"]["alice"]["sign"][n]) for n in "pq")
    moduli = [bytes.fromhex(SECMSG["keys"]["alice"]["sign"]["n"]), bytes(384), b"\x80" + bytes(382) + b"\x01"]
    records = b"".join(bytes([k]) + number(n, 700) + bytes(range(n % 251)) for k, n in
                       ((0, 100), (1, 24), (66, 8), (3, 0), (130, 250)))
    utf8 = [t.encode() for t in TEXTS]
    return {
        "account_body": [account(vault).encode(), f"salt: {b64(bytes(16))}\nvault: {vault}\n".encode(),
                         f"vault: {vault}\n".encode()],
        "answer": [a.encode() for a in ANSWERS],
        "base64": [b"", b"AAAA", b"AA==", b"_-8=", b64(bytes(32)).encode()] + [f.encode() for f in fingerprints],
        "command": [c.encode() for c in COMMANDS],
        "conf": [SETTINGS.encode(), b"a", b"=\n", b"registration = maybe\n"],
        "content": [bytes([flag]) + content(name).encode() for flag in (0, 1) for name in ("", "name: a.txt\n")],
        "envelope": [e.encode() for e in envelopes()],
        "fernet": [b"\0" + t.encode() for t in tokens] + [b"\x01\0\0\0hello", b"\x01\0\x05\x01hello"],
        "field": [b"0", b"9007199254740991", b"alice", ID.encode(), b"text/plain", b"a.txt", b"name: value\nrest",
                  f"b: {b64(bytes(8))}\n".encode()] + utf8,
        "frame": [b"\0" + f["line_text"].strip().encode() for f in SECMSG["frames"]] +
                 [b"\x01\0\0\0\0INFO", b"\x01\0\x09\x01\0INFO", b"\x02HEAD\nbody", b"\x02HEAD"],
        "hello": [b"\0" + shakes["client_line_text"].strip().encode(), b"\0SECMSG 2 x", b"\x01ERR busy later",
                  b"\x01" + shakes["server_line_text"].strip().encode(), b"\x02\0\0", b"\x02\x20\x01"],
        "identity": [i.encode() for i in identities()],
        "log": utf8 + [b"a=b \"c\" \\"],
        "proof": [b"\0" + p.encode() for p in proofs()] + [b"\x01" + bytes(32)] +
                 [b"\x02" + i.encode() for i in identities()] + [b"\x03" + e.encode() for e in envelopes()],
        "rsa": [bytes([0, forced]) + m + bytes(384) for m in moduli for forced in (0, 1)] +
               [b"\x01" + m for m in moduli] + [b"\x02" + bytes(96), b"\x03" + bytes(64), b"\x03\x01" + bytes(63)],
        "vault": [b"\0" + SECMSG["vault"]["plaintext_text"].encode(), b"\x01" + p + q, b"\x01" + p + p],
        "client_address": [a.encode() for a in (
            "localhost", "LocalHost:7325", "[::1]:1", "::1", "[fe80::1%eth0]:65535",
            "secmsg://example.org:7325#" + fingerprints[0], "secmsg://[::1]#" + fingerprints[1], "a:0", "-a")],
        "client_archive": [b"\0\0\0", b"\x01\0\x40\x01\0\0", b"\0\0\x10", b"\0\0\0" + ID.encode() + b" 10 10 x y\n"],
        "client_json": utf8 + [b"\xff\xfe", b"a\0b"],
        "client_keyring": [b"\0" + account(vault).encode(), b"\x01" + SECMSG["vault"]["plaintext_text"].encode()],
        "client_outbox": [b"\x01" + some((RECORD.replace("sent", "waiting") + "sealed: 0\nsealed-for: \nreason: \n")
                                         .encode()) + some(b"text"),
                          b"\x01" + some((RECORD.replace("sent", "waiting") +
                                          f"sealed: 9\nsealed-for: {fingerprints[0]}\nreason: full\n").encode()) +
                          some(b"text") + envelopes()[0].encode(), b"\0x\n"],
        "client_pins": [b"\0" + f"{b64(bytes(32))} localhost:7325\n{b64(bytes(32))} exec:ssh%20x\n".encode(),
                        b"\x01" + pins.encode(), b"\x02ssh host 'a b' %", b"\0" + b"x\n"],
        "client_record": [RECORD.encode(), (RECORD + "more").encode()],
        "client_save": [n.encode() for n in ("report.pdf", "../../etc/passwd", ".bashrc", "a" * 255, "a." + "b" * 40,
                                             "\u202egnp.exe", "é" * 127, "", "con/..", "x\ny")],
        "client_seen": [b"\x01" + f"{ID} alice signed {'00' * 32}\n".encode(), b"\0" + f"{ID} alice unsign".encode()],
        "client_settings": [b"\0server = localhost\nuser = bob\ntimeout = 5\njson = yes\ntrust = strict\n",
                            b"\0exec = ssh x\nserver = y\n", b"\x01--server\nlocalhost\nread\n-o\n/tmp\n--all",
                            b"\x01send\n--file=x\nbob\n--password-fd\n3\n--timeout\n9"],
        "client_visible": [bytes([how, width]) + t for t in utf8 for how, width in ((0, 0), (1, 10), (2, 40))],
        "client_session": [bytes(head) + b"".join(bytes([0]) + some(a.encode()) if isinstance(a, str) else bytes([a])
                                                  for a in answers) + bytes(words)
                           for head, answers, words in (
                               ([3], [5, 4, 7], [1, 0]), ([4], [5, 4, 7, 6], [1, 5]), ([2], [1, 2], [0]),
                               ([5], [1, 2, 3, ANSWERS[13], 6], [0, 5]), ([1], [ANSWERS[13]], [1, 3]),
                               ([1], [ANSWERS[7]], [1, 4]), ([1], [ANSWERS[7]], [1, 12]), ([1], [4], [1, 2]),
                               ([2], [ANSWERS[6], ANSWERS[10]], [1, 0]), ([4], [ANSWERS[6], ANSWERS[10], 7, 6], [1, 5]),
                               ([1], ["OK 3"], [1, 1]), ([1], [ANSWERS[9]], [1, 5]))],
        "guard_file": GUARD_FILES,
        "handler_plain": [b"\x01" + p.encode() for p in PLAIN] + [b"\0" + shakes["client_line_text"].encode() + b"x\n"],
        "handler_settings": [b"\0" + SETTINGS.encode(), b"\x02\x07--plain\x0a--store=/x" + SETTINGS.encode()],
        "handler_session": PROGRAMS,
        "store_conf": [b"\x01" + STORE_CONF.encode(), b"\x01format = 2\nnew = x\n", b"\0" + bytes(96)],
        "store_header": [b"\0" + bytes([fixed]) + bytes(80) for fixed in (0, 1, 31)] +
                        [b"\x01" + bytes([fixed]) + struct.pack("<Q", 9) * 31 for fixed in (0, 7, 15, 31)],
        "store_index": [b"\0" + bytes(range(64)), b"\x01\x81" + number(8, 4096) + b"\xff\xff", b"\x40" + number(3000, 9999),
                        b"\x80" + bytes(500), b"\x02\x01" + number(5000, 70000) + b"\x01\x90" + number(40, 4096) + b"\x7f"],
        "store_journal": [b"\x05" + records, b"\x05" + records + b"\x01" + number(200, 65535) + b"\x03\x01",
                          b"\x05" + records + b"\x01" + number(300, 65535) + b"\xa0" + b"garbage " * 4 + b"\x07"],
        "store_shard": [b"\0", b"\x01" + number(300) + b"\x01\x55", b"\x04" + number(900) + b"\x02\x55\x55", b"\x10",
                        b"\x20", b"\x40", b"\x50", b"\x0c" + number(84) + b"\x04abcd" + number(2000) + b"\x01x"],
    }


def main() -> None:
    into = pathlib.Path(sys.argv[1])
    for target, inputs in seeds().items():
        (into / target).mkdir(parents=True, exist_ok=True)
        for n, data in enumerate(inputs):
            (into / target / f"seed-{n}").write_bytes(data)


if __name__ == "__main__":
    main()
