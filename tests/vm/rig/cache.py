# SPDX-License-Identifier: MIT
"""Where images and saved states are kept: outside the tree, keyed by what they are made of."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from pathlib import Path


class RigError(Exception):
    """The rig itself failed: no image, no VM, no answer in time. Never a verdict on the project."""


def cache_dir() -> Path:
    explicit = os.environ.get('JOULETRACE_CACHE')
    if explicit:
        path = Path(explicit)
    else:
        path = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'jouletrace'
    path = path / 'vm'
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def lock(name: str, timeout: float = 1800):
    """Take the cache's lock `name`, waiting at most `timeout` seconds; it ends with its holder."""
    fd = os.open(cache_dir() / f'{name}.lock', os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise RigError(f'the lock "{name}" was held by somebody else for {timeout:.0f} s') from None
                time.sleep(0.2)
        yield fd
    finally:
        os.close(fd)


def digest(*parts) -> str:
    """A short key over strings, bytes and the contents of files."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode() if isinstance(part, str) else part
        sha.update(len(data).to_bytes(8, 'big'))
        sha.update(data)
    return sha.hexdigest()[:16]


@contextlib.contextmanager
def build_directory(final: Path):
    """A directory that becomes `final` in one rename, or vanishes: a broken build never looks like a cache."""
    tmp = final.with_name(f'.{final.name}.{os.getpid()}.part')
    final.parent.mkdir(parents=True, exist_ok=True)
    for stale in final.parent.glob(f'.{final.name}.*.part'):
        shutil.rmtree(stale, ignore_errors=True)
    tmp.mkdir()
    try:
        yield tmp
        tmp.rename(final)
    except BaseException:
        shutil.rmtree(tmp, ignore_errors=True)
        raise


def prune(parent: Path, pattern: str, keep: int) -> None:
    """Keep the `keep` most recently used entries that match."""
    entries = sorted(parent.glob(pattern), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in entries[keep:]:
        shutil.rmtree(old, ignore_errors=True)
