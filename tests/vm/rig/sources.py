# SPDX-License-Identifier: MIT
"""The apt sources for an image, taken from the machine this runs on: the tree names no mirror."""

import os
import re
import subprocess
from pathlib import Path

from .cache import RigError

RELEASES = ('bookworm', 'trixie')


def host_codename() -> str:
    try:
        text = Path('/etc/os-release').read_text()
    except OSError:
        return ''
    match = re.search(r'^VERSION_CODENAME="?(\w+)"?$', text, re.M)
    return match.group(1) if match else ''


def default_release() -> str:
    """The host's own release when it is one of ours: programs built here then run there."""
    host = host_codename()
    return host if host in RELEASES else RELEASES[0]


def _deb822_entries(text: str):
    for stanza in re.split(r'\n\s*\n', text):
        fields, name = {}, None
        for line in stanza.splitlines():
            if line.startswith('#'):
                continue
            if line[:1].isspace() and name:
                fields[name] += '\n' + line
            elif ':' in line:
                name, _, value = line.partition(':')
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields.get('enabled', 'yes').lower() in ('no', 'false', '0', 'off'):
            continue
        if 'deb' in fields.get('types', '').split():
            yield (fields.get('uris', '').split(), fields.get('suites', '').split(),
                   fields.get('components', '').split(), fields.get('signed-by', ''))


def _one_line_entries(text: str):
    for line in text.splitlines():
        match = re.match(r'^deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+)$', line.split('#')[0].strip())
        if match:
            options = dict(o.split('=', 1) for o in (match.group(1) or '').split() if '=' in o)
            yield [match.group(2)], [match.group(3)], match.group(4).split(), options.get('signed-by', '')


def _host_entries(etc: Path):
    files = [etc / 'sources.list', *sorted((etc / 'sources.list.d').glob('*.list'))]
    for path in files:
        if path.is_file():
            yield from _one_line_entries(path.read_text())
    for path in sorted((etc / 'sources.list.d').glob('*.sources')):
        yield from _deb822_entries(path.read_text())


def sources_for(release: str, etc: Path = Path('/etc/apt'), host: str | None = None) -> str:
    """deb822 text for `release`: the host's Debian main entries, with the suite's codename replaced."""
    host = host or host_codename()
    stanzas = []
    for uris, suites, components, signed_by in _host_entries(etc):
        wanted = [re.sub(rf'^{host}\b', release, s) for s in suites if re.match(rf'^{host}(-updates|-security)?$', s)]
        if not wanted or 'main' not in components or not uris:
            continue
        stanza = ['Types: deb', f'URIs: {" ".join(uris)}', f'Suites: {" ".join(wanted)}', 'Components: main']
        if signed_by:
            stanza.append(f'Signed-By: {signed_by}')
        stanzas.append('\n'.join(stanza))
    if not stanzas:
        raise RigError(f'no apt source for Debian main of "{host or "unknown"}" under {etc}: '
                       'the VM image is built from the sources of the machine it is built on')
    return '\n\n'.join(stanzas) + '\n'


def proxy_options() -> str:
    """The host's apt proxy settings, as apt.conf lines."""
    try:
        dump = subprocess.run(['apt-config', 'dump'], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise RigError(f'apt-config: {error}') from error
    lines = [line for line in dump.splitlines()
             if re.match(r'^Acquire::(http|https)::Proxy(::|\s)', line, re.I) and not line.endswith('"";')]
    for scheme in ('http', 'https'):
        proxy = os.environ.get(f'{scheme}_proxy')
        if proxy and not lines:
            lines.append(f'Acquire::{scheme}::Proxy "{proxy}";')
    return '\n'.join(lines) + '\n' if lines else ''
