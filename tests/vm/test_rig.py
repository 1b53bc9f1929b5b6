# SPDX-License-Identifier: MIT
"""The rig itself: commands in the VM, its users, and the played counters against their formula and their truth."""

import re
import signal
import time

import pytest

import rig

pytestmark = pytest.mark.vm(project=False)

ZONE = '/sys/class/powercap/intel-rapl:0'

# Prints wall and CPU time and the counter's change over a spin, read as near to each other as can be. Like every program
# that is measured it is held against its own CPU time: the interpreter's start lies outside.
SPIN = r'''
import sys, time
def read(path):
    return int(open(path).read())
zone = sys.argv[1]
def truth():
    lines = open("/sys/kernel/debug/jouletrace_rapl_fixture/truth").read().splitlines()
    return int(lines[0].split()[1]), int(lines[1].split("pkg_nj=")[1].split()[0])
for spin in map(float, sys.argv[2:]):
    time.sleep(0.2)
    true0, energy0, wall0, cpu0 = truth(), read(zone + "/energy_uj"), time.monotonic(), time.process_time()
    while time.process_time() < cpu0 + spin:
        pass
    true1, energy1, wall1, cpu1 = truth(), read(zone + "/energy_uj"), time.monotonic(), time.process_time()
    print(wall1 - wall0, cpu1 - cpu0, energy1 - energy0, (true1[1] - true0[1]) / 1000)
'''

# Opens energy-pkg of CPU 0, of a task, and sampling.
OPEN = r'''
import ctypes, errno, struct
kind = int(open("/sys/bus/event_source/devices/power/type").read())
libc = ctypes.CDLL(None, use_errno=True)
def answer(pid, cpu, period=0):
    attr = struct.pack("IIQQ", kind, 128, 2, period).ljust(128, b"\0")
    fd = libc.syscall(298, attr, pid, cpu, -1, 0)
    return errno.errorcode[ctypes.get_errno()] if fd < 0 else True
print(answer(-1, 0), answer(0, -1), answer(-1, 0, 1000))
'''


def spin(vm, *seconds, zone=ZONE):
    out = vm.run(['python3', '-c', SPIN, zone, *map(str, seconds)]).out
    return [tuple(map(float, line.split())) for line in out.splitlines()]


def energy_uj(vm, zone=ZONE):
    return int(vm.read(f'{zone}/energy_uj'))


class TestCommands:
    def test_streams_and_exit_code(self, vm):
        assert vm.run('echo out; echo err >&2; exit 7', check=False) == (7, 'out\n', 'err\n')

    def test_a_failure_is_raised_with_its_output(self, vm):
        with pytest.raises(rig.CommandFailed, match='the reason'):
            vm.run('echo the reason >&2; exit 1')

    def test_signal(self, vm):
        assert vm.run('kill -SEGV $$', check=False).rc == -signal.SIGSEGV

    def test_no_such_program(self, vm):
        result = vm.run(['no-such-program'], check=False)
        assert result.rc == 127 and 'no-such-program' in result.err

    def test_every_byte_comes_back(self, vm):
        data = bytes(range(256)) * 4096
        result = vm.run('tee /dev/stderr', input=data, binary=True)
        assert result.out == data and result.err == data

    def test_input_that_nobody_reads(self, vm):
        assert vm.run('exit 3', input=b'x' * 1000000, check=False).rc == 3

    def test_several_at_once(self, vm):
        waiting = vm.popen('read line; echo "got $line"', input=True)
        sleeper = vm.popen('sleep 100')
        assert vm.run('echo meanwhile').out == 'meanwhile\n'
        waiting.write('word\n')
        assert waiting.wait(30) == (0, 'got word\n', '')
        assert sleeper.poll() is None
        sleeper.kill(signal.SIGTERM)
        assert sleeper.wait(30).rc == -signal.SIGTERM

    def test_output_is_there_while_it_runs(self, vm):
        process = vm.popen('echo first; sleep 100')
        assert process.expect('first') == 'first\n'
        assert vm.run(['ps', '-o', 'args=', '-p', str(process.started())]).out.startswith('/bin/sh -c echo first')
        process.kill()
        process.wait(30)

    def test_a_time_out_kills_and_tells(self, vm):
        with pytest.raises(rig.CommandTimeout, match='said this'):
            vm.run('echo said this; sleep 4711', timeout=2)
        vm.wait_for('! pgrep -f "^sleep 4711"')

    def test_a_child_left_behind_does_not_hold_the_answer(self, vm):
        began = time.monotonic()
        assert vm.run('sleep 60 & echo done').out == 'done\n'
        assert time.monotonic() - began < 30

    def test_users(self, vm):
        for name in ('user1', 'user2', 'outsider'):
            result = vm.run('id -un; id -Gn; pwd; umask; echo $HOME', user=name).out.split()
            assert result[:3] == [name, name, f'/home/{name}'] and result[-1] == f'/home/{name}'

    def test_terminal(self, vm):
        process = vm.popen('stty size; tty; read line; echo "got $line"', user='user1', tty=(33, 100))
        process.expect('/dev/pts/')
        process.write('word\n')
        result = process.wait(30)
        assert result.rc == 0 and '33 100' in result.out and 'got word' in result.out

    def test_interrupt_character(self, vm):
        process = vm.popen('echo ready; exec sleep 100', tty=(24, 80))
        process.expect('ready')
        process.write('\x03')
        assert process.wait(30).rc == -signal.SIGINT

    def test_files(self, vm, tmp_path):
        (tmp_path / 'a').write_bytes(b'\0\1')
        (tmp_path / 'sub').mkdir()
        (tmp_path / 'sub' / 'b').write_text('text')
        vm.push(tmp_path, '/tmp/pushed')
        assert vm.read('/tmp/pushed/sub/b') == 'text'
        vm.pull('/tmp/pushed/a', tmp_path / 'back')
        assert (tmp_path / 'back').read_bytes() == b'\0\1'

    def test_the_clock_is_right(self, vm):
        assert abs(float(vm.run('date +%s.%N').out) - time.time()) < 5

    def test_systemd_runs_and_nothing_failed(self, vm):
        assert vm.run('systemctl is-system-running').out == 'running\n'


class TestCounters:
    def test_it_says_what_it_is(self, vm):
        assert 'TEST FIXTURE' in vm.run('dmesg').out

    def test_only_root_reads(self, vm):
        assert vm.run(['stat', '-L', '-c', '%a %U', f'{ZONE}/energy_uj']).out == '400 root\n'
        assert vm.read(f'{ZONE}/name') == 'package-0\n'
        assert vm.read(f'{ZONE}:0/name') == 'dram\n'

    @pytest.mark.parametrize('idle_mw, core_mw', [(10000, 5000), (20000, 15000)])
    def test_a_spin_costs_what_the_formula_says(self, vm, idle_mw, core_mw):
        vm.rapl_set(idle_mw=idle_mw, core_mw=core_mw)
        from_formula, from_truth = [], []
        for wall_s, cpu_s, shown_uj, true_uj in spin(vm, 0.5, 0.5, 0.5, 0.5, 0.5):
            from_formula.append(abs(shown_uj / (1000 * (idle_mw * wall_s + core_mw * cpu_s)) - 1))
            from_truth.append(abs(shown_uj / true_uj - 1))
        # Clocks and counters are read one after the other, and on a loaded host there is time between.
        assert sorted(from_formula)[2] < 0.05, from_formula
        assert sorted(from_truth)[2] < 0.02, from_truth

    def test_change_of_power_leaves_the_past_alone(self, vm):
        vm.rapl_set(idle_mw=1000, core_mw=0)
        before = vm.rapl_truth()
        vm.rapl_set(idle_mw=50000)
        vm.rapl_set(idle_mw=1000)
        after = vm.rapl_truth()
        spent_nj = after['package'][0]['pkg_nj'] - before['package'][0]['pkg_nj']
        assert 0 < spent_nj < 50 * (after['time_ns'] - before['time_ns'])

    def test_steps_of_a_tick(self, vm):
        vm.rapl_set(idle_mw=10000, core_mw=5000)
        seen = vm.run(['python3', '-c', f'''
import time
f = open("{ZONE}/energy_uj")
values = []
end = time.monotonic() + 0.1
while time.monotonic() < end:
    f.seek(0)
    values.append(int(f.read()))
print(len(values), len(set(values)))''']).out.split()
        assert int(seen[1]) <= 103 and int(seen[0]) > int(seen[1])

    def test_wrap(self, vm):
        """At the range of the zone, plus one count."""
        def look():
            energy, truth = vm.run(f'cat {ZONE}/energy_uj /sys/kernel/debug/jouletrace_rapl_fixture/truth').out.split('\n', 1)
            return int(energy), rig.machine.parse_truth(truth)['package'][0]['pkg_nj'] / 1000

        range_uj = int(vm.read(f'{ZONE}/max_energy_range_uj'))
        vm.rapl_set(idle_mw=10000, core_mw=0, wrap_in_uj=40000000)
        before_uj, true0_uj = look()
        vm.wait_for(f'[ $(cat {ZONE}/energy_uj) -lt {before_uj} ]')
        after_uj, true1_uj = look()
        assert 0 < range_uj - before_uj < 40000000
        # The two files are read within a tenth of a second.
        assert after_uj + range_uj - before_uj == pytest.approx(true1_uj - true0_uj, abs=1e6)

    def test_read_error(self, vm):
        """powercap turns every error of a driver into EINVAL; perf passes it on."""
        vm.rapl_set(eio=1)
        try:
            result = vm.run(['cat', f'{ZONE}/energy_uj'], check=False)
            assert result.rc == 1 and 'Invalid argument' in result.err
            assert vm.run(['python3', '-c', OPEN]).out.startswith('EIO ')
        finally:
            vm.rapl_set(eio=0)
        assert energy_uj(vm) > 0

    def test_frozen(self, vm):
        vm.rapl_set(frozen=1)
        assert energy_uj(vm) == energy_uj(vm)
        vm.rapl_set(frozen=0)
        assert energy_uj(vm) != energy_uj(vm)

    def test_perf_stat(self, vm):
        """Unmodified perf counts what the truth says, up to what it spends before and after counting."""
        vm.rapl_set(idle_mw=20000, core_mw=0, dram_idle_mw=4000, dram_core_mw=0)
        err = vm.run('perf stat -a -x, -e power/energy-pkg/,power/energy-ram/,duration_time sleep 1').err
        figures = [float(line.split(',')[0]) for line in err.splitlines() if line and line[0].isdigit()]
        assert figures[0] == pytest.approx(20e-9 * figures[2], rel=0.05)
        assert figures[1] == pytest.approx(4e-9 * figures[2], rel=0.05)

    def test_perf_refuses_a_task_and_sampling(self, vm):
        assert vm.run(['python3', '-c', OPEN]).out == 'True EINVAL EINVAL\n'

    def test_unload_and_load(self, vm):
        vm.unload_rapl()
        assert vm.run('ls /sys/class/powercap').out == ''
        vm.load_rapl()
        assert energy_uj(vm) > 0


CPUFREQ = '/sys/devices/system/cpu/cpufreq'
NASTY = {'psys': 1, 'mmio': 1, 'core_zone': 1, 'power_core': 1, 'sensors': 1, 'cpufreq': 1,
         'dram_unit_shift': 16, 'idle_mw': '10000,30000'}


@pytest.mark.vm(sockets=2, rapl=NASTY)
class TestTwoPackages:
    def test_names(self, vm):
        out = vm.run('cd /sys/class/powercap; for z in *:*; do echo $z $(cat $z/name); done').out
        assert dict(line.split() for line in out.splitlines()) == {
            'intel-rapl:0': 'package-0', 'intel-rapl:0:0': 'core', 'intel-rapl:0:1': 'dram',
            'intel-rapl:1': 'package-1', 'intel-rapl:1:0': 'core', 'intel-rapl:1:1': 'dram',
            'intel-rapl:2': 'psys', 'intel-rapl-mmio:0': 'package-0'}

    def test_each_has_its_own_power_and_cpus(self, vm):
        first = vm.rapl_truth()
        vm.run(['taskset', '-c', '2', 'timeout', '2', 'sh', '-c', 'while :; do :; done'], check=False)
        second = vm.rapl_truth()
        seconds = (second['time_ns'] - first['time_ns']) / 1e9
        for package, idle_w in ((0, 10), (1, 30)):
            a, b = first['package'][package], second['package'][package]
            busy_s = (b['busy_ns'] - a['busy_ns']) / 1e9
            assert (b['pkg_nj'] - a['pkg_nj']) / 1e9 == pytest.approx(idle_w * seconds + 5 * busy_s, rel=0.001)
        assert second['package'][1]['busy_ns'] - first['package'][1]['busy_ns'] > 1.8e9

    def test_perf_has_a_cpu_for_each(self, vm):
        assert vm.read('/sys/bus/event_source/devices/power/cpumask') == '0,2\n'
        assert vm.read('/sys/bus/event_source/devices/power_core/cpumask') == '0-3\n'
        assert vm.read('/sys/bus/event_source/devices/power/events/energy-psys.unit') == 'Joules\n'
        err = vm.run('perf stat -a --per-socket -x, -e power/energy-pkg/ sleep 1').err
        joules = {line.split(',')[0]: float(line.split(',')[2]) for line in err.splitlines() if line.startswith('S')}
        assert joules['S1'] > joules['S0'] + 15

    def test_units_of_its_own(self, vm):
        assert int(vm.read('/sys/class/powercap/intel-rapl:0:1/max_energy_range_uj')) == (2**32 - 1) * 10**6 >> 16
        assert int(vm.read(f'{ZONE}/max_energy_range_uj')) == (2**32 - 1) * 10**6 >> 14

    def test_psys_is_more_than_the_sum(self, vm):
        text = vm.read('/sys/kernel/debug/jouletrace_rapl_fixture/truth')
        psys_nj = int(re.search(r'^psys_nj (\d+)', text, re.M).group(1))
        truth = rig.machine.parse_truth(text)
        parts_nj = sum(package['pkg_nj'] + package['dram_nj'] for package in truth['package'])
        assert psys_nj == pytest.approx(parts_nj + 3 * truth['time_ns'], rel=0.001)

    def test_sensors(self, vm):
        assert 'x86_pkg_temp' in vm.run('cat /sys/class/thermal/thermal_zone*/type').out
        vm.rapl_set(temp_mc=61000)
        hwmon = vm.run("dirname $(grep -lx coretemp /sys/class/hwmon/*/name)").out.strip()
        assert vm.read(f'{hwmon}/temp1_input') == '61000\n'

    def test_frequencies(self, vm):
        """The governors, limits and boost are the kernel's own, one moved along by another."""
        assert vm.run('cat boost policy?/scaling_max_freq', cwd=CPUFREQ).out.split() == ['1', *['3000000'] * 4]
        assert set(vm.read(f'{CPUFREQ}/policy2/scaling_available_governors').split()) >= {'performance', 'schedutil'}
        vm.run('echo 0 > boost; echo performance > policy2/scaling_governor; echo power > policy2/energy_performance_preference', cwd=CPUFREQ)
        assert vm.run('cat policy?/scaling_max_freq policy2/scaling_governor policy2/energy_performance_preference '
                      'policy1/energy_performance_preference', cwd=CPUFREQ).out.split() == [*['2400000'] * 4, 'performance', 'power', 'default']
        assert vm.run('echo loud > policy2/energy_performance_preference', cwd=CPUFREQ, check=False).rc != 0
        vm.unload_rapl()
        assert vm.run('ls -d policy*', cwd=CPUFREQ, check=False).rc != 0
        vm.load_rapl(**NASTY)
        assert vm.read(f'{CPUFREQ}/boost') == '1\n'


@pytest.mark.vm(rapl={'mirrors': 1, 'no_dram': 1, 'no_range': 1, 'perf': 0, 'range_uj': 3000000, 'start_uj': 2900000})
def test_mirrors_and_missing_parts(vm):
    names = vm.run('cat /sys/class/powercap/intel-rapl:*/name').out.split()
    assert names == ['package-0-die-0', 'package-0-die-1']
    assert vm.run(['cat', f'{ZONE}/max_energy_range_uj'], check=False).rc == 1
    assert vm.run('ls -d /sys/bus/event_source/devices/power', check=False).rc != 0
    assert energy_uj(vm) <= 3000000


@pytest.mark.vm(rapl=None)
def test_without_counters(vm):
    assert vm.run('ls /sys/class/powercap').out == ''


@pytest.mark.vm(threads=2, rapl=None)
def test_smt(vm):
    assert vm.read('/sys/devices/system/cpu/cpu0/topology/thread_siblings_list') == '0-1\n'
