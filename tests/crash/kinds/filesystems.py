"""The other kinds again, on file systems of several makers, each made in a file and mounted by a loop device.

Each file system has a run.py of its own, in a mount namespace of its own: whatever ends it, the kernel then unmounts,
and frees the loop device. The file that holds it has lost its name as soon as it is mounted."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile

from harness import Failure, Skip

# name: (mkfs and its options, None for what needs none; bytes; options of mount)
FILE_SYSTEMS = {
    "tmpfs": (None, 0, "size=128m"),
    "ext4": (["mkfs.ext4", "-q", "-F"], 64 << 20, "loop"),
    # Its inodes of 128 bytes have times of whole seconds.
    "ext4 without a journal": (["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-I", "128"], 64 << 20, "loop"),
    "xfs": (["mkfs.xfs", "-q", "-f"], 320 << 20, "loop"),
    "btrfs": (["mkfs.btrfs", "-q", "-f"], 256 << 20, "loop"),
}
KINDS = "kill,points,error,after kill,crowd,disk full,remounted"
CASES = 25
TIMEOUT = 900


def why_not(make):
    """What this machine lacks, or None."""
    if os.geteuid() != 0:
        return "mounting needs root"
    if make and not shutil.which(make[0]):
        return f"there is no {make[0]}"
    probe = ["unshare", "--mount", "--propagation", "private", "true"]
    if not shutil.which("unshare") or subprocess.run(probe, capture_output=True, check=False).returncode:
        return "no mount namespace can be had"
    if make and not os.path.exists("/dev/loop-control"):
        return "there are no loop devices"
    return None


def filesystems(bench, rng, where):
    """Each of them, with some cases of the kinds that depend on it."""
    while True:
        for name, (make, _, _) in FILE_SYSTEMS.items():
            seed = rng.randrange(1 << 30)

            def run(_, name=name, make=make, seed=seed):
                lacking = why_not(make)
                if lacking:
                    raise Skip(f"{name}: {lacking}")
                program = [sys.executable, os.path.abspath(sys.argv[0]), bench.build, "--mounted", name,
                           "--only", KINDS, "--cases", str(CASES), "--seed", str(seed)]
                done = subprocess.run(["unshare", "--mount", "--propagation", "private", "--", *program],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                      timeout=TIMEOUT, check=False)
                last = done.stdout.strip().splitlines()[-1:] or [""]
                if "can't be mounted" in last[0]:
                    raise Skip(last[0])
                if done.returncode != 0:
                    raise Failure(f"{name}:\n{done.stdout[-6000:]}")
                return int(last[0].split()[0])

            yield f"{name} {seed}", run
        yield None


@contextlib.contextmanager
def mounted(name):
    """A directory that is a new file system of this kind, for as long as it's used."""
    make, size, options = FILE_SYSTEMS[name]
    base = tempfile.mkdtemp(prefix="secmsg-crash-", dir="/dev/shm")
    place, image = os.path.join(base, "mount"), os.path.join(base, "image")
    os.mkdir(place)
    try:
        if make:
            with open(image, "wb") as file:
                file.truncate(size)
            run_quietly([*make, image], name)
        kind = name.split()[0]
        run_quietly(["mount", "-t", kind, "-o", options, image if make else "none", place], name)
        if make:
            os.unlink(image)
        try:
            yield place
        finally:
            subprocess.run(["umount", "--lazy", place], check=False)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def run_quietly(command, name):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{name} can't be mounted: {' '.join(done.stderr.split())}")
