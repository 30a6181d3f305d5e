"""Figures about the running process, read from Linux's /proc."""

import os
import time


def seconds_since_start() -> float:
    """Seconds since the process was started, the interpreter's own start included."""
    with open("/proc/self/stat") as file:
        ticks = int(file.read().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def memory() -> dict[str, int]:
    """Resident bytes now and at their highest."""
    with open("/proc/self/status") as file:
        fields = dict(line.split(":", 1) for line in file)
    return {name: int(fields[key].split()[0]) * 1024 for name, key in (("rss", "VmRSS"), ("peak", "VmHWM"))}
