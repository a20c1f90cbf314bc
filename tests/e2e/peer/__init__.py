"""Protocol 1 of secmsg, written from docs/protocol.md alone: no line of the project's C code is used here.

primitives  b64, Fernet, HKDF, RSA, Padme        objects  account body, identity, vault, envelope, proof
wire        hello and frames, both ends          client   a session against a real server
server      a scripted server, honest until told otherwise
"""
