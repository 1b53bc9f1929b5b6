# SPDX-License-Identifier: MIT
"""joulectl doctor: the files of a host below a root of fixtures, and what a scripted service says of itself."""

import fcntl
import json
import os
import re

import pytest

from joulectl_rig import BUILD, Rig

CPUFREQ = "sys/devices/system/cpu/cpufreq"
THP = "sys/kernel/mm/transparent_hugepage/enabled"
HEALTHY = {
    "sys/devices/system/cpu/online": "0-1\n",
    "sys/devices/system/cpu/intel_pstate/no_turbo": "1\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
    f"{CPUFREQ}/policy0/scaling_governor": "performance\n",
    f"{CPUFREQ}/policy0/scaling_available_governors": "performance powersave\n",
    "sys/class/thermal/thermal_zone0/type": "x86_pkg_temp\n",
    "sys/class/thermal/thermal_zone0/temp": "48500\n",
    "sys/class/powercap/intel-rapl:0/name": "package-0\n",
    "sys/class/powercap/intel-rapl:0/energy_uj": "1000\n",
    "sys/class/powercap/intel-rapl:0/max_energy_range_uj": "262143328850\n",
    THP: "always [madvise] never\n",
    "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
    "proc/cpuinfo": "vendor_id\t: GenuineIntel\nflags\t\t: fpu tsc\n",
    "proc/sys/kernel/perf_event_paranoid": "3\n",
    "proc/sys/kernel/osrelease": "6.1.0\n",
    "proc/swaps": "Filename Type Size Used Priority\n",
    "proc/1/comm": "systemd\n",
    "usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service": "",
    "usr/share/polkit-1/actions/org.jouletrace.JouleTrace1.policy": "",
    "usr/lib/systemd/libsystemd-shared-252.so": "",
    "run/systemd/system/.keep": "",
}
CHECKS = [{"name": "meter", "ok": True, "value": "package-0", "limit": "at least one package", "remedy": "Load it."},
          {"name": "cpus", "ok": False, "value": "confined on 1", "limit": "reserved", "remedy": "Set ReservedCPUs=."},
          {"name": "records", "ok": False, "value": "/var/lib/x: full", "limit": "can be written", "remedy": "Make room."}]
NOT_READY = {"Ready": False, "NotReadyReasons": ["records: /var/lib/x: full. Make room."]}


@pytest.fixture(scope="module")
def rig():
    rig = Rig()
    yield rig
    rig.close()


@pytest.fixture
def host(tmp_path):
    """Makes a tree: host(files={name: text}) is the healthy one with these files."""
    def make(files={}, top=tmp_path / "host"):
        for name, text in {**HEALTHY, **files}.items():
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (top / "sys/class/powercap/intel-rapl:0/energy_uj").chmod(0o400)
        return top
    return make


def examine(rig, top, *arguments):
    code, out, err = rig.run("--local", "--sysroot", top, "--json", "doctor", *arguments)
    assert err == ""
    body = json.loads(out)
    return code, body, {check["name"]: check for check in body["checks"]}


def test_nothing_is_wrong(rig, host):
    top = host()
    code, body, checks = examine(rig, top)
    assert [name for name, check in checks.items() if check["verdict"] != "ok"] == []
    assert code == 0 and body["verdict"] == "ok" and body["changes"] == []
    assert all(check["why"] and not check["command"] and not check["advice"] for check in checks.values())
    code, out, _ = rig.run("--local", "--sysroot", top, "doctor")
    assert code == 0 and "Nothing keeps this machine from measuring well." in out and "→" not in out


def test_notes_are_no_failure_and_problems_are(rig, host):
    code, body, checks = examine(rig, host(files={THP: "[always] madvise never\n"}))
    assert code == 0 and body["verdict"] == "note" and checks["thp"]["verdict"] == "note"
    code, body, checks = examine(rig, host(files={"proc/sys/kernel/osrelease": "5.10.0\n"}))
    assert code == 1 and body["verdict"] == "problem" and checks["kernel"]["advice"] == "Install Linux 6.1 or newer."


def test_table(rig, host):
    top = host(files={THP: "[always] madvise never\n", "proc/sys/kernel/osrelease": "5.10.0\n"})
    code, out, _ = rig.run("--local", "--sysroot", top, "doctor")
    assert code == 1
    assert re.search(r"^Disturbances$", out, re.M) and re.search(r"^Platform$", out, re.M)
    assert re.search(r"^  note     thp +always\n {11}Whether memory", out, re.M)
    assert f"           → echo madvise > /{THP}\n" in out
    assert re.search(r"^  problem  kernel +Linux 5.10.0\n", out, re.M)
    assert re.search(r"^  ok       temperature +x86_pkg_temp, 49 °C$", out, re.M)
    assert "\n1 problem, 1 note\n" in out and "“joulectl doctor --fix” changes, as root: thp" in out
    assert all(len(line) <= 80 or "→" in line for line in out.splitlines())
    plain = rig.run("--ascii", "--local", "--sysroot", top, "doctor")[1]
    assert plain.isascii() and f"           -> echo madvise > /{THP}\n" in plain


def test_colours(rig, host):
    top = host(files={THP: "[always] madvise never\n"})
    code, seen = rig.on_terminal("--local", "--sysroot", str(top), "doctor")
    assert code == 0 and "\033[33mnote\033[0m" in seen and "\033[1;32mok\033[0m" in seen
    assert "\033" not in rig.on_terminal("--no-color", "--local", "--sysroot", str(top), "doctor")[1]


def test_fix(rig, host):
    top = host(files={THP: "[always] madvise never\n", f"{CPUFREQ}/policy0/scaling_governor": "powersave\n",
                      "proc/swaps": "Filename Type Size Used Priority\n/dev/sda2 partition 1024 0 -2\n"})
    code, body, checks = examine(rig, top, "--fix")
    assert code == 0 and (top / CPUFREQ / "policy0/scaling_governor").read_text() == "performance\n"
    governor = next(change for change in body["changes"] if change["check"] == "governor")
    assert governor == {"check": "governor", "error": None,
                        "settings": [{"path": f"/{CPUFREQ}/policy0/scaling_governor", "from": "powersave", "to": "performance"}],
                        "undo": f"echo powersave | tee /{CPUFREQ}/policy0/scaling_governor"}
    assert [change["check"] for change in body["changes"]] == ["governor", "thp"]  # swap may be needed
    assert checks["governor"]["verdict"] == "ok" and checks["swap"]["verdict"] == "note"
    out = rig.run("--local", "--sysroot", top, "doctor", "--fix")[1]
    assert out.startswith("There was nothing that --fix changes.")


def test_fix_says_what_it_changed(rig, host):
    top = host(files={f"{CPUFREQ}/policy0/scaling_governor": "powersave\n"})
    code, out, _ = rig.run("--local", "--sysroot", top, "doctor", "--fix")
    assert code == 0 and out.startswith(
        f"Changed /{CPUFREQ}/policy0/scaling_governor from powersave to performance\n"
        f"  to undo: echo powersave | tee /{CPUFREQ}/policy0/scaling_governor\n\nCounters\n")


def test_fix_that_is_not_taken(rig, host):
    """Two files that are one: the second write undoes the first, as a kernel does that takes a write and ignores it."""
    name = f"{CPUFREQ}/policy0/scaling_governor"
    top = host(files={THP: "[always] madvise never"})
    (top / name).unlink()
    (top / name).hardlink_to(top / THP)
    code, body, checks = examine(rig, top, "--fix")
    assert {change["check"]: change["error"] for change in body["changes"]} == {
        "governor": "the kernel did not take it", "thp": None}
    assert code == 1 and checks["governor"]["verdict"] == "note"


def test_fix_follows_no_link(rig, host):
    top = host(files={"elsewhere": "always [madvise] never\n"})
    name = f"{CPUFREQ}/policy0/scaling_governor"
    (top / name).unlink()
    (top / name).symlink_to("/elsewhere")
    code, body, _ = examine(rig, top, "--fix")
    assert code == 1 and [change["undo"] for change in body["changes"]] == [None]
    assert (top / "elsewhere").read_text() == "always [madvise] never\n"


def test_fix_waits_for_no_job(rig, host):
    """What is changed while a job is measured would be put back at its end, over the fix."""
    top = host(files={THP: "[always] madvise never\n", "run/jouletrace/machine.lock": ""})
    with open(top / "run/jouletrace/machine.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert examine(rig, top)[0] == 0  # to look is always allowed
        code, out, err = rig.run("--local", "--sysroot", top, "doctor", "--fix")
        assert code == 4 and out == "" and "a job is being measured" in err
        assert (top / THP).read_text() == "[always] madvise never\n"
    assert examine(rig, top, "--fix")[0] == 0 and (top / THP).read_text() == "madvise\n"


def test_fix_excludes_jobs_while_it_writes(rig, host):
    """No job begins between the first write and the last."""
    top = host(files={THP: "[always] madvise never\n", "run/jouletrace/machine.lock": ""})
    swaps = top / "proc/swaps"
    swaps.unlink()
    os.mkfifo(swaps)  # the examination before the writes and the one after wait here

    def examine_locked(lock):
        with open(swaps, "w", encoding="ascii") as writer:
            with pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            writer.write("Filename Type Size Used Priority\n")

    doctor = rig.popen("--local", "--sysroot", top, "doctor", "--fix")
    with open(top / "run/jouletrace/machine.lock", "rb") as lock:
        examine_locked(lock)
        rig.wait_for(lambda: (top / THP).read_text() == "madvise\n", "a write")
        examine_locked(lock)
        doctor.communicate(timeout=30)
        assert doctor.returncode == 0
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_fix_that_is_refused(rig, host):
    """A tree of fixtures is written with the rights of who asks."""
    other = 65534 if os.geteuid() == 0 else None
    top = host(top=rig.directory / "refused", files={THP: "[always] madvise never\n"})
    (top / THP).chmod(0o444)
    code, seen = rig.on_terminal("--no-color", "--local", "--sysroot", str(top), "doctor", "--fix", uid=other)
    assert code == 1 and "thp: not mended: Permission denied" in seen and "to undo" not in seen and "Changed" not in seen
    assert (top / THP).read_text() == "[always] madvise never\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_fix_is_roots(rig):
    code, seen = rig.on_terminal("--local", "doctor", "--fix", uid=65534)
    assert code == 3 and "only root may" in seen and "Changed" not in seen


def test_service_checks(rig):
    rig.serve(checks=CHECKS, properties=NOT_READY)
    code, out, _ = rig.run("--json", "doctor")
    checks = {check["name"]: check for check in json.loads(out)["checks"] if check["group"] == "Service"}
    assert code == 1 and list(checks) == ["meter", "cpus", "records", "calibration"]
    assert checks["meter"]["verdict"] == "ok" and checks["meter"]["advice"] is None
    assert checks["cpus"]["verdict"] == "note" and checks["cpus"]["limit"] == "reserved"
    assert checks["records"]["verdict"] == "problem" and checks["records"]["advice"] == "Make room."
    assert all(check["why"] for check in checks.values())
    out = rig.run("doctor")[1]
    assert re.search(r"^  note     cpus +confined on 1 \(should be reserved\)$", out, re.M)
    assert [call["interactive"] for call in rig.calls("Diagnose")] == [False, False]


FOUND = {"noise-floor": 0.0123, "measured": 1700000000000000, "expired": False}


@pytest.mark.parametrize("calibration, verdict, value", [
    (FOUND, "ok", "1.2 %, 2023-11-14 22:13:20"),
    ({**FOUND, "expired": True, "reason": "it is older than 90d"}, "note", "1.2 %, 2023-11-14 22:13:20: it is older than 90d"),
    ({}, "note", "none")])
def test_calibration(rig, calibration, verdict, value):
    """That there is one, of when, and that it still holds; else what makes a new one."""
    rig.serve(checks=CHECKS[:1], calibration=calibration)
    code, out, _ = rig.run("--json", "doctor", env={"TZ": "UTC"})
    check = next(check for check in json.loads(out)["checks"] if check["name"] == "calibration")
    assert (check["verdict"], check["value"]) == (verdict, value) and "without it" in check["why"].lower()
    assert check["command"] == (None if verdict == "ok" else "joulectl calibrate")
    assert ("→ joulectl calibrate\n" in rig.run("doctor", env={"TZ": "UTC"})[1]) == (verdict == "note")


@pytest.mark.parametrize("meter", [{**CHECKS[0], "ok": False, "value": "no energy counter"},
                                   {**CHECKS[0], "value": "none, by configuration"}])
def test_nothing_to_calibrate(rig, meter):
    """No command is recommended that would be refused."""
    rig.serve(checks=[meter])
    assert "calibration" not in [check["name"] for check in json.loads(rig.run("--json", "doctor")[1])["checks"]]


def test_a_service_that_does_not_answer_is_a_finding(rig):
    rig.serve(error=["org.freedesktop.DBus.Error.ServiceUnknown", "no such name"])
    code, out, err = rig.run("doctor")
    assert code == 1 and err == ""
    assert re.search(r"^  problem  service +does not answer$", out, re.M) and "→ systemctl start jouletraced\n" in out
    rig.serve(error=["org.freedesktop.DBus.Error.NoMemory", "too little memory"])
    code, out, err = rig.run("doctor")
    assert code == 1 and re.search(r"^  problem  service +too little memory$", out, re.M)
    assert "→ journalctl -u jouletraced\n" in out


def test_usage(rig, tmp_path):
    assert rig.run("doctor", "x")[0] == 2
    code, _, err = rig.run("-H", "server", "doctor")
    assert code == 2 and "ssh server joulectl doctor" in err
    code, _, err = rig.run("--local", "--sysroot", tmp_path / "none", "doctor")
    assert code == 4 and "none" in err


@pytest.mark.parametrize("locale, group, verdict, value, changed", [
    ("de_DE.UTF-8", "Störungen", "Hinweis", "keine", "geändert von always auf madvise"),
    ("ja_JP.UTF-8", "妨げになるもの", "注意", "なし", "always から madvise に変更しました")])
def test_languages(rig, host, locale, group, verdict, value, changed):
    """Values and reasons, which come as English, are in the user's language; names and commands are the same in all."""
    environ = {"LC_ALL": locale, "LANGUAGE": "", "JOULETRACE_LOCALEDIR": str(BUILD / "po")}
    top = host(files={THP: "[always] madvise never\n"})
    out = rig.run("--local", "--sysroot", top, "doctor", env=environ)[1]
    assert f"\n{group}\n" in out and re.search(rf"^  {verdict} +thp +always$", out, re.M)
    assert re.search(rf"^  \S+ +swap +{value}$", out, re.M) and f"→ echo madvise > /{THP}\n" in out
    assert "Whether memory" not in out and re.search(r"^  \S+ +counters +package-0", out, re.M)
    assert changed in rig.run("--local", "--sysroot", top, "doctor", "--fix", env=environ)[1]
    assert json.loads(rig.run("--json", "--local", "--sysroot", top, "doctor", env=environ)[1])["checks"][9]["value"] == "none"
