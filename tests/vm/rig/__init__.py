# SPDX-License-Identifier: MIT
"""The test rig: real systemd, real polkit and played RAPL counters in a VM. See machine.VM."""

from .cache import RigError
from .channel import CommandFailed, CommandTimeout, Process, Result
from .install import Staged, install_project, stage
from .machine import VM

__all__ = ['VM', 'Result', 'Process', 'RigError', 'CommandFailed', 'CommandTimeout', 'Staged', 'stage', 'install_project']
