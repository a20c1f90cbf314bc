"""What may be on a disk after a loss of power, from a trace that faults.c recorded.

The model promises little, as ext4 without a journal does: fsync or fdatasync makes a file's bytes and size
durable, fsync of a directory its entries. Everything else may be there, in any order, or not; a write may be
there by sectors of 512 bytes; of a rename, either half; where a file has grown, what others left there. A failed
sync loses what it was to write.

Policies of what is left:
  none     only what was synced            all     everything
  torn     everything but the last write, of which some sectors
  random   of the rest any part: names kept or lost one by one, writes kept, lost, or there by sectors
  garbage  as random, and lost writes behind a file's durable end left other people's bytes there
  data     all names, random writes        names   random names, all writes"""

import os
import struct

HEAD = struct.Struct("<5Q")
CREATE, SIZE, WRITE, SYNC, LOST_SYNC, SYNC_DIRECTORY, RENAME, LINK, UNLINK, MKDIR, RMDIR, TOLD = range(1, 13)
SECTOR = 512


def read_trace(path):
    """All records: (op, inode, offset, first, second)."""
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at + HEAD.size <= len(data):
        op, inode, offset, first, second = HEAD.unpack_from(data, at)
        at += HEAD.size
        yield op, inode, offset, data[at : at + first], data[at + first : at + first + second].decode()
        at += first + second


class File:
    def __init__(self, content=b""):
        self.durable = bytes(content)
        self.pending = []  # (offset, bytes), or (size, None)

    def sync(self):
        self.durable = apply_writes(self.durable, self.pending)
        self.pending = []


class Directory:
    def __init__(self):
        self.current = {}
        self.durable = {}
        self.pending = []  # (name, object or None)

    def change(self, name, thing):
        if thing is None:
            self.current.pop(name, None)
        else:
            self.current[name] = thing
        self.pending.append((name, thing))

    def sync(self):
        self.durable = dict(self.current)
        self.pending = []


def apply_writes(content, writes):
    if not writes:
        return content
    content = bytearray(content)
    for offset, data in writes:
        if data is None:
            content[offset:] = bytes(max(0, offset - len(content)))
            continue
        if len(content) < offset + len(data):
            content.extend(bytes(offset + len(data) - len(content)))
        content[offset : offset + len(data)] = data
    return bytes(content)


def tear(write, keep):
    """The sectors of a write for which keep() says so."""
    offset, data = write
    if data is None:
        return [write]
    parts = []
    at = offset
    while at < offset + len(data):
        end = min((at // SECTOR + 1) * SECTOR, offset + len(data))
        if keep():
            parts.append((at, data[at - offset : end - offset]))
        at = end
    return parts


class Disk:
    """Follows a trace; `base` is a store that was there, durable, before it began, and `inodes` has the path in it
    of each inode that the trace speaks of."""

    def __init__(self, base=None, inodes=None):
        self.parent = Directory()  # holds the store's directory under the name ""
        self.inodes = {}
        self.told = b""
        self.last = None  # the last write: (file, index of its pending entry)
        if base:
            self.parent.change("", self._load(base))
            self.parent.sync()
        for inode, path in (inodes or {}).items():
            directory, name = self._find(path)
            self.inodes[inode] = directory.current[name]

    def _load(self, path):
        directory = Directory()
        for entry in os.scandir(path):
            if entry.is_dir():
                thing = self._load(entry.path)
            else:
                with open(entry.path, "rb") as file:
                    thing = File(file.read())
            directory.current[entry.name] = thing
        directory.sync()
        return directory

    def _find(self, path):
        """The directory that holds path, and the name in it."""
        if path == "":
            return self.parent, ""
        directory = self.parent.current[""]
        *ups, name = path.split("/")
        for up in ups:
            directory = directory.current[up]
        return directory, name

    def _directory(self, path):
        if path == "..":
            return self.parent
        directory, name = self._find(path)
        return directory.current[name]

    def follow(self, op, inode, offset, first, second):
        if op == TOLD:
            self.told += first
            return
        if op == WRITE:
            file = self.inodes[inode]
            file.pending.append((offset, first))
            self.last = file
            return
        path = first.decode()
        if op == CREATE:
            self.inodes[inode] = File()
            directory, name = self._find(path)
            directory.change(name, self.inodes[inode])
        elif op == SIZE:
            self.inodes[inode].pending.append((offset, None))
        elif op == SYNC:
            self.inodes[inode].sync()
        elif op == LOST_SYNC and inode in self.inodes:
            self.inodes[inode].pending = []
        elif op == SYNC_DIRECTORY:
            self._directory(path).sync()
        elif op in (RENAME, LINK):
            directory, name = self._find(path)
            to, to_name = self._find(second)
            to.change(to_name, directory.current[name])
            if op == RENAME:
                directory.change(name, None)
        elif op in (UNLINK, RMDIR):
            directory, name = self._find(path)
            directory.change(name, None)
        elif op == MKDIR:
            directory, name = self._find(path)
            directory.change(name, Directory())

    def write_image(self, path, policy, rng):
        """Makes what may be left at `path`. False if the whole store is gone."""
        root = self._entries(self.parent, policy, rng).get("")
        if root is None:
            return False
        self._write_directory(path, root, policy, rng)
        return True

    @staticmethod
    def _entries(directory, policy, rng):
        entries = dict(directory.durable)
        for name, thing in directory.pending:
            keep = policy in ("all", "torn", "data") or (policy != "none" and rng.random() < 0.5)
            if keep and thing is None:
                entries.pop(name, None)
            elif keep:
                entries[name] = thing
        return entries

    def _content(self, file, policy, rng):
        kept = []
        for i, write in enumerate(file.pending):
            if policy in ("all", "names"):
                kept.append(write)
            elif policy == "torn":
                is_last = file is self.last and i == len(file.pending) - 1
                kept += tear(write, lambda: rng.random() < 0.5) if is_last else [write]
            elif policy in ("random", "garbage", "data"):
                fate = rng.random()
                if policy == "garbage" and write[1] and write[0] >= len(file.durable):
                    kept.append((write[0], rng.randbytes(len(write[1]))))
                if fate < 0.4:
                    kept.append(write)
                elif fate < 0.7:
                    kept += tear(write, lambda: rng.random() < 0.5)
        return apply_writes(file.durable, kept)

    def _write_directory(self, path, directory, policy, rng):
        os.mkdir(path, 0o700)
        for name, thing in self._entries(directory, policy, rng).items():
            below = os.path.join(path, name)
            if isinstance(thing, Directory):
                self._write_directory(below, thing, policy, rng)
                continue
            with open(below, "wb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(self._content(thing, policy, rng))
