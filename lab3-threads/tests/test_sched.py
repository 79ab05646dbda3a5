"""The scheduler on processors that run at the same time, and how fair it is, in figures."""

import struct

import pytest

pytestmark = pytest.mark.needs("3.1", "3.2", "3.3")


def test_a_processor_for_each(ktest, several):
    """As many threads as processors, none of which gives way, run at the same time, and where they may."""
    assert ktest("sched_meetings", cpus=several, icount=False, limit=10, backstop=240).replies == [str(several)]


def jain(shares: list[float]) -> float:
    """1 if all are equal, 1/n if one has everything (Jain, Chiu, Hawe: DEC-TR-301, 1984)."""
    return sum(shares) ** 2 / (len(shares) * sum(share ** 2 for share in shares))


@pytest.mark.parametrize("policy, priorities", [("fair", [16] * 12), ("fair", [13, 14, 15, 16, 17, 18]), ("mlfq", [16] * 12)],
                         ids=["fair-alike", "fair-weighted", "mlfq-alike"])
def test_fairness(ktest, record_property, policy, priorities):
    """What threads that compute have had, divided by their weights: Jain's index is 0.99 at least."""
    told = ktest("sched_fairness", input=[f"{priority:02}" for priority in priorities],
                 append=f"sched={policy}", limit=5).replies[0]
    had = struct.unpack(f"<{2 * len(priorities)}Q", bytes.fromhex(told))
    index = jain([ns / weight for ns, weight in zip(had[::2], had[1::2])])
    record_property("fairness", f"{index:.5f}")
    print(f"{policy}, {len(priorities)} threads: {index:.5f}")
    assert index > 0.99, had
