"""Bytes in, bytes out: the constructions that protocol.md names, and the RFCs behind them."""
import base64
import hashlib
import hmac as hmac_module
import os
import re

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, padding as block_padding
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

RSA_LEN = 384
NUMBER_END = 2 ** 53


class Refused(Exception):
    """What a receiver must refuse; str() says why."""


def b64(data):
    return base64.urlsafe_b64encode(data).decode()


def unb64(text, length=None):
    """Strict: the one spelling that b64 makes, or Refused."""
    if isinstance(text, bytes):
        text = text.decode('ascii', 'replace')
    if not re.fullmatch(r'[A-Za-z0-9_-]*={0,2}', text) or len(text) % 4:
        raise Refused('not base64url')
    try:
        data = base64.urlsafe_b64decode(text)
    except ValueError:
        raise Refused('not base64url') from None
    if b64(data) != text:
        raise Refused('base64url with trailing bits')
    if length is not None and len(data) != length:
        raise Refused('wrong length')
    return data


def number(text):
    if not re.fullmatch(r'0|[1-9][0-9]{0,15}', text) or int(text) >= NUMBER_END:
        raise Refused('not a number')
    return int(text)


def be64(n):
    return n.to_bytes(8, 'big')


def sha256(data):
    return hashlib.sha256(data).digest()


def hmac(key, data):
    return hmac_module.new(key, data, hashlib.sha256).digest()


def hkdf(ikm, salt, info, length):
    return HKDF(hashes.SHA256(), length, salt, info).derive(ikm)


def fingerprint(data):
    return 'SHA256:' + base64.b64encode(sha256(data)).decode().rstrip('=')


# ---- Fernet (fernet/spec, version 0x80), strict where Python's own is lenient ----

def fernet_seal(key, plain, time=0, iv=None):
    iv = os.urandom(16) if iv is None else iv
    pad = block_padding.PKCS7(128).padder()
    cipher = Cipher(algorithms.AES(key[16:]), modes.CBC(iv)).encryptor()
    body = cipher.update(pad.update(plain) + pad.finalize()) + cipher.finalize()
    signed = b'\x80' + be64(time) + iv + body
    return b64(signed + hmac(key[:16], signed)).encode()


def fernet_open(key, token):
    data = unb64(token)
    if len(data) < 1 + 8 + 16 + 16 + 32 or (len(data) - 57) % 16 or data[0] != 0x80:
        raise Refused('not a Fernet token')
    if not hmac_module.compare_digest(hmac(key[:16], data[:-32]), data[-32:]):
        raise Refused('Fernet token of another key')
    cipher = Cipher(algorithms.AES(key[16:]), modes.CBC(data[9:25])).decryptor()
    unpad = block_padding.PKCS7(128).unpadder()
    try:
        return unpad.update(cipher.update(data[25:-32]) + cipher.finalize()) + unpad.finalize()
    except ValueError:
        raise Refused('Fernet padding') from None


def fernet_form(token):
    """What can be said of a token without its key."""
    data = unb64(token)
    if len(data) < 73 or (len(data) - 57) % 16 or data[0] != 0x80:
        raise Refused('not a Fernet token')


# ---- RSA-3072 ----

PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


def modulus_check(n):
    """n as 384 bytes, first and last bit set."""
    if len(n) != RSA_LEN or not n[0] & 0x80 or not n[-1] & 1:
        raise Refused('modulus')


def rsa_public(n):
    modulus_check(n)
    return rsa.RSAPublicNumbers(65537, int.from_bytes(n, 'big')).public_key()


def rsa_private(p, q):
    p, q = (int.from_bytes(x, 'big') for x in (p, q))
    d = pow(65537, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p=p, q=q, d=d, dmp1=d % (p - 1), dmq1=d % (q - 1), iqmp=pow(q, -1, p),
        public_numbers=rsa.RSAPublicNumbers(65537, p * q)).private_key()


def modulus(private):
    return private.public_key().public_numbers().n.to_bytes(RSA_LEN, 'big')


def primes(private):
    numbers = private.private_numbers()
    return numbers.p.to_bytes(192, 'big'), numbers.q.to_bytes(192, 'big')


def pss_sign(private, data):
    return private.sign(data, PSS, hashes.SHA256())


def below_modulus(value, n):
    if len(value) != RSA_LEN or value >= n:
        raise Refused('RSA value')


def pss_verify(n, signature, data):
    public = rsa_public(n)
    below_modulus(signature, n)
    try:
        public.verify(signature, data, PSS, hashes.SHA256())
    except InvalidSignature:
        raise Refused('signature') from None


def oaep_seal(n, data):
    return rsa_public(n).encrypt(data, OAEP)


def oaep_open(private, data):
    below_modulus(data, modulus(private))
    try:
        return private.decrypt(data, OAEP)
    except ValueError:
        raise Refused('message key') from None


# ---- passwords ----

def stretch(password, salt):
    return hash_secret_raw(password, salt, time_cost=3, memory_cost=65536, parallelism=1, hash_len=32,
                           type=Type.ID)


def login_secret(root, host_key, user):
    return b64(hkdf(root, host_key, b'secmsg-secret-1\n' + user.encode(), 32))


def vault_key(root):
    return hkdf(root, b'', b'secmsg-vault-1', 32)


def stored_check(salt, secret):
    return sha256(b'secmsg-password-1\n' + salt + secret.encode())


def unknown_salt(store_secret, user):
    return hmac(store_secret, b'secmsg-salt-1\n' + user.encode())[:16]


def padme(n):
    """The smallest Padme length that fits n bytes (PURBs, section 4)."""
    if n < 2:
        return n
    exponent = n.bit_length() - 1
    zeros = exponent - exponent.bit_length()
    return (n + (1 << zeros) - 1) >> zeros << zeros
