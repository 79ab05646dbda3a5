"""The scheduler on several processors that run at the same time."""

import pytest

pytestmark = pytest.mark.needs("3.1", "3.2", "3.3")


def test_a_processor_for_each(ktest):
    """As many threads as processors, none of which gives way, run at the same time, and where they may."""
    assert ktest("sched_meetings", cpus=2, icount=False).replies == ["2"]
