# SPDX-License-Identifier: MIT
"""The RAPL fixture module, built against the headers of the image's own kernel and cached beside it."""

import shutil
from pathlib import Path

from . import cache, image
from .cache import RigError

SOURCE = Path(__file__).resolve().parent.parent / 'kmod'
NAME = 'jouletrace_rapl_fixture'


def _ensure_build_root(image_dir: Path, release: str) -> Path:
    """A Debian root with the compiler and headers that belong to the image's kernel."""
    kernel = (image_dir / 'kernel').read_text()
    final = image_dir / 'build-root'
    if final.exists():
        return final
    image.tools_needed()
    image.say(f'making a build root for Linux {kernel} (about a minute, once)')
    with cache.build_directory(final) as root, open(image_dir / 'build-root.log', 'w', encoding='utf-8') as log:
        root.rmdir()
        image.debootstrap(release, ['make', 'gcc', 'libc6-dev', f'linux-headers-{kernel}'], root, log)
    return final


def ensure_module(image_dir: Path, release: str) -> Path:
    """The .ko for the image's kernel, built now when its source changed."""
    files = sorted(path for path in SOURCE.iterdir() if path.suffix in ('.c', '.h') or path.name == 'Makefile')
    kernel = (image_dir / 'kernel').read_text()
    final = image_dir / f'module-{cache.digest(*files)}'
    module = final / f'{NAME}.ko'
    if module.exists():
        return module
    with cache.lock('kmod'):
        if module.exists():
            return module
        root = _ensure_build_root(image_dir, release)
        with cache.build_directory(final) as work, open(image_dir / 'module.log', 'w', encoding='utf-8') as log:
            source = root / 'tmp' / 'kmod'
            shutil.rmtree(source, ignore_errors=True)
            source.mkdir(parents=True)
            for path in files:
                shutil.copy(path, source)
            image.run(['chroot', str(root), 'make', '-C', f'/usr/src/linux-headers-{kernel}', 'M=/tmp/kmod', 'modules'],
                      timeout=300, log=log, env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C'})
            built = source / f'{NAME}.ko'
            if not built.exists():
                raise RigError(f'the module was not built; see {log.name}')
            image.run(['chroot', str(root), 'strip', '--strip-debug', f'/tmp/kmod/{NAME}.ko'], timeout=60, log=log)
            shutil.copy(built, work)
        cache.prune(image_dir, 'module-*', 6)
    return module
