# SPDX-License-Identifier: MIT
"""Hosts of other shapes: two packages; no counters at all."""

import pytest

from helpers import install_programs, joulectl, measure


@pytest.mark.vm(sockets=2, rapl={"packages": 2})
class TestTwoPackages:
    def test_total_is_over_both(self, vm):
        install_programs(vm)
        result = measure(vm, "spin", "300")
        kept = {domain["name"] for domain in result["measurement"]["meter"]["domains"] if domain["kind"] == "package"}
        assert kept == {"package-0", "package-1"}
        assert "package-0" in result["measurement"]["meter"]["total"] and "package-1" in result["measurement"]["meter"]["total"]
        assert result["environment"]["packages"] == 2
        for trial in result["measurement"]["trials"]:
            window = trial["windows"][0]
            parts = [name for name in window["energy_uj"] if name.startswith(("package", "dram"))]
            # Each of them is rounded to a step no larger than its own uncertainty: off by half of that at most.
            steps = [trial["uncertainty_uj"]["total"]] + [window["domain_uncertainty_uj"][name]["total"] for name in parts]
            assert sum(window["energy_uj"][name] for name in parts) == pytest.approx(trial["total_uj"], abs=sum(steps) / 2)

    def test_topology_shows_them(self, vm):
        _, out, _ = joulectl(vm, "topology")
        assert "package-0" in out and "package-1" in out


@pytest.mark.vm(rapl=None)
class TestNoCounters:
    def test_time_only_with_the_reason(self, vm):
        result = measure(vm, "sleep", "0.15")
        assert result["job"]["result"] == "done"
        assert result["measurement"]["status"] == "TIME_ONLY"
        assert result["measurement"]["summary"]["wall_s"]["median"] > 0
        assert result["measurement"]["summary"].get("total_j") is None
        _, out, _ = joulectl(vm, "measure", "--trials=2", "--warmups=0", "--cooldown=0", "--", "sleep", "0.15")
        assert "no joules" in out.lower() or "no energy" in out.lower() or "no counter" in out.lower()

    def test_asking_for_a_meter_by_name_is_refused(self, vm):
        code, _, err = joulectl(vm, "measure", "--meter=powercap", "--", "sleep", "0.15", check=False)
        assert code == 4 and "powercap" in err

    def test_status_says_why(self, vm):
        _, out, _ = joulectl(vm, "status")
        assert "energy" in out.lower() or "counter" in out.lower() or "meter" in out.lower()
