# SPDX-License-Identifier: MIT
"""The base image: a Debian root made by mmdebstrap, its kernel, and a small initrd. Built once, then cached."""

import lzma
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import cache, sources
from .cache import RigError

PACKAGES = (
    'systemd systemd-sysv dbus polkitd udev kmod linux-image-amd64 busybox-static '
    'openssh-server openssh-client sudo procps util-linux iproute2 strace locales '
    'python3 python3-gi gir1.2-glib-2.0 libglib2.0-0 libjson-glib-1.0-0 libseccomp2 libsqlite3-0 '
    'libyaml-0-2 libarchive13 sqlite3 jq gzip gcc g++ libc6-dev '
    'linux-perf fuse3 hyperfine bubblewrap'
).split()
# Debian 13 renamed libraries for its 64-bit time_t.
RENAMED = {'trixie': {'libglib2.0-0': 'libglib2.0-0t64', 'libarchive13': 'libarchive13t64'}}
UNUSED_PATHS = ('/usr/share/man/*', '/usr/share/doc/*', '/usr/share/info/*')
INITRD_MODULES = ('virtio_pci', 'virtio_blk', 'ext4')
LOADED_MODULES = ('9p', '9pnet_virtio', 'virtio_console', 'fuse')
USERS = {'user1': 1001, 'user2': 1002, 'outsider': 1003}
DISK_MIB = 4096
BUILD_TIMEOUT_SEC = 1500
# Nothing may wake an idle VM in the middle of a measurement.
MASKED_UNITS = ('apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer '
                'systemd-tmpfiles-clean.timer getty@tty1.service serial-getty@ttyS0.service '
                'systemd-networkd-wait-online.service console-getty.service e2scrub_reap.service').split()

AGENT_UNIT = '''[Unit]
Description=Hand of the JouleTrace test rig
ConditionPathIsDirectory=/sys/class/virtio-ports

[Service]
ExecStartPre=/bin/sh -c 'i=0; while [ ! -e /dev/virtio-ports/org.jouletrace.test ] && [ $i -lt 300 ]; do sleep 0.2; i=$((i+1)); done'
ExecStart=/usr/bin/python3 -B /usr/local/lib/jouletrace-test-agent.py
TimeoutStartSec=90
Restart=always
RestartSec=1
TasksMax=infinity
LimitNOFILE=65536
KillMode=process
IgnoreSIGPIPE=no

[Install]
WantedBy=multi-user.target
'''

INIT = '''#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
for m in $(/bin/busybox cat /modules); do /bin/busybox insmod /$m; done
i=0
until [ -b /dev/vda ]; do /bin/busybox sleep 0.1; i=$((i+1)); [ $i -lt 200 ] || exit 1; done
/bin/busybox mount -t ext4 -o rw /dev/vda /root || exit 1
/bin/busybox umount /proc
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
'''

CUSTOMIZE = r'''
set -eu
cd "$1"
printf 'jouletrace-vm\n' > etc/hostname
printf '127.0.0.1 localhost jouletrace-vm\n::1 localhost\n' > etc/hosts
printf '/dev/vda / ext4 defaults 0 1\n' > etc/fstab
printf 'LANG=C.UTF-8\n' > etc/default/locale
printf '%s\n' @LOADED@ > etc/modules-load.d/jouletrace-test.conf
for locale in de_DE ja_JP; do chroot . localedef -i "$locale" -f UTF-8 "$locale.UTF-8"; done
for user in @USERS@; do
        chroot . useradd -m -s /bin/bash -u "${user#*:}" "${user%:*}"
        printf '%s:%s\n' "${user%:*}" "${user%:*}" | chroot . chpasswd
done
printf 'root:root\n' | chroot . chpasswd
chroot . ssh-keygen -A >/dev/null
mkdir -p share
for unit in @MASKED@; do ln -sf /dev/null etc/systemd/system/$unit; done
chroot . systemctl enable jouletrace-test-agent.service
mkdir -p etc/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' > etc/systemd/journald.conf.d/test.conf
rm -f boot/initrd.img-* var/lib/apt/lists/*_* var/cache/apt/*.bin
'''


def packages(release: str) -> list[str]:
    return [RENAMED.get(release, {}).get(name, name) for name in PACKAGES]


def tools_needed() -> None:
    missing = [tool for tool in ('mmdebstrap', 'mke2fs', 'qemu-img', 'qemu-system-x86_64', 'apt-config')
               if not shutil.which(tool)]
    if missing:
        raise RigError(f'missing: {", ".join(missing)} (Debian: mmdebstrap e2fsprogs qemu-utils qemu-system-x86 apt)')
    if os.geteuid() != 0:
        raise RigError('building the VM image needs root: run it with sudo')


def run(argv, *, timeout, log=None, **options) -> None:
    try:
        subprocess.run(argv, check=True, timeout=timeout, stdin=options.pop('stdin', subprocess.DEVNULL),
                       stdout=log or subprocess.DEVNULL, stderr=subprocess.STDOUT if log else None, **options)
    except (OSError, subprocess.SubprocessError) as error:
        tail = ''
        if log:
            log.flush()
            tail = '\n' + ''.join(Path(log.name).read_text(errors='replace').splitlines(True)[-25:])
        raise RigError(f'{argv[0]}: {error}{tail}') from error


def say(text: str) -> None:
    print(f'vm: {text}', file=sys.stderr, flush=True)


def debootstrap(release: str, include: list[str], target: Path, log, *, customize: str | None = None,
                copy_in: dict[str, str] | None = None) -> None:
    """mmdebstrap `include` into the directory `target`; files of `copy_in` are there when `customize` runs."""
    with tempfile.TemporaryDirectory(prefix='jouletrace-image-') as tmp_name:
        tmp = Path(tmp_name)
        source_list = tmp / 'debian.sources'
        source_list.write_text(sources.sources_for(release))
        argv = ['mmdebstrap', '--mode=root', '--variant=minbase', f'--include={",".join(include)}',
                '--skip=check/empty', *(f'--dpkgopt=path-exclude={path}' for path in UNUSED_PATHS),
                '--aptopt=Acquire::Retries "3"']
        argv += [f'--aptopt={line.rstrip(";")}' for line in sources.proxy_options().splitlines()]
        for path, text in (copy_in or {}).items():
            item = tmp / path.replace('/', '_')
            item.write_text(text)
            argv.append(f'--customize-hook=install -D -m 0644 {item} "$1/{path}"')
        if customize:
            hook = tmp / 'customize'
            hook.write_text(customize)
            argv.append(f'--customize-hook=sh {hook} "$1"')
        run([*argv, release, str(target), str(source_list)], timeout=BUILD_TIMEOUT_SEC, log=log,
            env={**os.environ, 'LC_ALL': 'C.UTF-8', 'DEBIAN_FRONTEND': 'noninteractive', 'INITRD': 'No'})


def _module_files(modules_dir: Path, names) -> list[Path]:
    """The files of `names` with all they depend on, dependencies first."""
    by_name, depends = {}, {}
    for line in (modules_dir / 'modules.dep').read_text().splitlines():
        path, _, rest = line.partition(':')
        by_name[re.sub(r'\.ko(\.\w+)?$', '', Path(path).name).replace('-', '_')] = path
        depends[path] = rest.split()
    builtin = {re.sub(r'\.ko$', '', Path(p).name).replace('-', '_')
               for p in (modules_dir / 'modules.builtin').read_text().split()}
    # Soft dependencies are not in modules.dep, and ext4 will not mount without its checksum.
    wanted = [n for n in ('crc32c_generic', *names) if n in by_name or n not in builtin]
    ordered = []
    for name in wanted:
        if name not in by_name:
            if name == 'crc32c_generic':
                continue
            raise RigError(f'the kernel of the image has no module {name}')
        for path in [*reversed(depends[by_name[name]]), by_name[name]]:
            if path not in ordered:
                ordered.append(path)
    return [modules_dir / path for path in ordered]


def _cpio_entry(name: str, data: bytes, mode: int, inode: int) -> bytes:
    encoded = name.encode() + b'\0'
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    header = b'070701' + b''.join(b'%08X' % field for field in fields) + encoded
    return header + bytes(-len(header) % 4) + data + bytes(-len(data) % 4)


def initrd(root: Path, kernel: str) -> bytes:
    """A newc archive: static busybox, the modules of the disk and its file system, and a ten-line init."""
    modules = _module_files(root / 'usr/lib/modules' / kernel, INITRD_MODULES)
    entries = [(name, b'', 0o040755) for name in ('bin', 'dev', 'proc', 'root')]
    busybox = next((p for p in (root / 'usr/bin/busybox', root / 'bin/busybox') if p.is_file()), None)
    if busybox is None:
        raise RigError('no busybox in the image')
    entries += [('bin/busybox', busybox.read_bytes(), 0o100755), ('init', INIT.encode(), 0o100755)]
    names = []
    for path in modules:
        data = path.read_bytes()
        data = lzma.decompress(data) if path.suffix == '.xz' else data
        names.append(re.sub(r'\.xz$', '', path.name))
        entries.append((names[-1], data, 0o100644))
    entries.append(('modules', '\n'.join(names).encode(), 0o100644))
    archive = b''.join(_cpio_entry(*entry, inode) for inode, entry in enumerate(entries, 1))
    return archive + _cpio_entry('TRAILER!!!', b'', 0, 0)


def _build(release: str, directory: Path) -> None:
    root = directory / 'root'
    customize = CUSTOMIZE
    for token, value in {'@LOADED@': ' '.join(LOADED_MODULES), '@MASKED@': ' '.join(MASKED_UNITS),
                         '@USERS@': ' '.join(f'{name}:{uid}' for name, uid in USERS.items())}.items():
        customize = customize.replace(token, value)
    agent = Path(__file__).with_name('agent.py').read_text()
    with open(directory / 'build.log', 'w', encoding='utf-8') as log:
        debootstrap(release, packages(release), root, log, customize=customize,
                    copy_in={'usr/local/lib/jouletrace-test-agent.py': agent,
                             'etc/systemd/system/jouletrace-test-agent.service': AGENT_UNIT})
        kernels = sorted(p.name.removeprefix('vmlinuz-') for p in (root / 'boot').glob('vmlinuz-*'))
        if len(kernels) != 1:
            raise RigError(f'expected one kernel in the image, found {kernels}')
        shutil.copyfile(root / 'boot' / f'vmlinuz-{kernels[0]}', directory / 'vmlinuz')
        (directory / 'initrd').write_bytes(initrd(root, kernels[0]))
        (directory / 'kernel').write_text(kernels[0])
        raw = directory / 'root.raw'
        run(['mke2fs', '-q', '-t', 'ext4', '-E', 'lazy_itable_init=0', '-d', str(root),
             str(raw), f'{DISK_MIB}M'], timeout=300, log=log)
        run(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', str(raw), str(directory / 'root.qcow2')],
            timeout=300, log=log)
        raw.unlink()
    shutil.rmtree(root)


def image_key(release: str) -> str:
    here = Path(__file__)
    return cache.digest(release, ' '.join(packages(release)), here, here.with_name('agent.py'))


def ensure_image(release: str) -> Path:
    """The directory of the image of `release`, built now when it is not there.

    It holds vmlinuz, initrd, root.qcow2 (never written again) and kernel (its version)."""
    if release not in sources.RELEASES:
        raise RigError(f'no image for "{release}": {" or ".join(sources.RELEASES)}')
    final = cache.cache_dir() / f'image-{release}-{image_key(release)}'
    if (final / 'root.qcow2').exists():
        os.utime(final)
        return final
    tools_needed()
    with cache.lock(f'image-{release}'):
        if (final / 'root.qcow2').exists():
            return final
        say(f'building the {release} image (about two minutes, once)')
        with cache.build_directory(final) as directory:
            _build(release, directory)
        cache.prune(final.parent, f'image-{release}-*', keep=2)
    return final
