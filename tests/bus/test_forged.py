# SPDX-License-Identifier: MIT
"""Signals a stranger sends us as if they were the bus's own: any connection may send any signal to any other."""

from harness import BUS, WAIT, wait_for


def forge_leaving(stranger, victim):
    """What the bus would say to all if the victim's connection were gone, said by the stranger to the daemon alone."""
    stranger.do("emit", dest=BUS, path="/org/freedesktop/DBus", interface="org.freedesktop.DBus", member="NameOwnerChanged",
                args=f"('{victim.name}', '{victim.name}', '')").result(WAIT)
    stranger.barrier()


def test_a_stranger_ends_nobodys_job(daemon, user1, user2):
    daemon.start()
    _, path = user1.listen().measure(daemon.on_hold("a"))
    daemon.wait_started("a")
    forge_leaving(user2, user1)
    assert user1.job_get(path, "State") == "measuring"
    daemon.release("a")
    assert user1.finished(path) == "done"


def test_a_stranger_takes_nobodys_dialog_away(daemon, polkit, user1, user2):
    polkit.set("hang")
    daemon.start()
    pending = user1.start_measure(["fake"], detach=True)
    wait_for(lambda: polkit.asked()["hanging"], "polkit is asked")
    forge_leaving(user2, user1)
    assert polkit.asked()["cancelled"] == []
    polkit.release("allow")
    assert pending.result(30)[0] > 0
