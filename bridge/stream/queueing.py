"""Queues in figures: what is measured of arrivals and departures, beside what M/M/1 would predict.

    meter = QueueMeter(now_s)
    meter.arrive(now_s) ... meter.depart(now_s)
    measured = meter.measured(now_s)
    measured.length, measured.predicted.length

J. D. C. Little, "A proof for the queuing formula L = lambda W", Operations Research 9(3), 1961; M/M/1 as in
L. Kleinrock, "Queueing Systems" I, chapter 3.2. The queue's symbols stand beside each figure.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import inf, nan


@dataclass(frozen=True, slots=True)
class MM1:
    """One server, one line: Poisson arrivals, exponential service. Figures are means over long times.

    At a utilisation of 1 and above the queue only grows, and they are infinite; of a rate that is NaN, NaN.
    """

    arrival_rate_per_s: float  # lambda
    service_rate_per_s: float  # mu

    def __post_init__(self) -> None:
        """Raises ValueError for rates below 0 and a service that never ends."""
        arrivals, services = self.arrival_rate_per_s, self.service_rate_per_s
        if arrivals < 0 or services <= 0:
            raise ValueError(f"no queue has {arrivals} arrivals and {services} services a second")

    @property
    def utilisation(self) -> float:
        """rho = lambda / mu, the part of the time that the server works."""
        return self.arrival_rate_per_s / self.service_rate_per_s

    @property
    def length(self) -> float:
        """L = rho / (1 - rho), items waiting and served."""
        rho = self.utilisation
        return inf if rho >= 1 else rho / (1 - rho)

    @property
    def waiting_length(self) -> float:
        """Lq = rho^2 / (1 - rho), items waiting."""
        rho = self.utilisation
        return inf if rho >= 1 else rho * rho / (1 - rho)

    @property
    def sojourn_s(self) -> float:
        """W = 1 / (mu - lambda), from arrival to departure."""
        return inf if self.utilisation >= 1 else 1 / (self.service_rate_per_s - self.arrival_rate_per_s)

    @property
    def waiting_s(self) -> float:
        """Wq = rho / (mu - lambda), from arrival to the beginning of service."""
        rho = self.utilisation
        return inf if rho >= 1 else rho / (self.service_rate_per_s - self.arrival_rate_per_s)


@dataclass(frozen=True, slots=True)
class QueueMeasure:
    """What happened to a queue in a span of time; what nothing happened to tell is NaN.

    `length` and `waiting_length` are means over time, `sojourn_s`, `waiting_s` and `service_s` over the items
    that departed within the span.
    """

    span_s: float
    arrivals: int
    departures: int
    utilisation: float  # rho: the part of the span in which something was there to be served
    length: float  # L
    waiting_length: float  # Lq
    sojourn_s: float  # W
    waiting_s: float  # Wq
    service_s: float  # 1 / mu

    @property
    def arrival_rate_per_s(self) -> float:
        """lambda"""
        return self.arrivals / self.span_s if self.span_s else nan

    @property
    def service_rate_per_s(self) -> float:
        """mu; infinite if service takes no time."""
        return 1 / self.service_s if self.service_s else inf

    @property
    def littles_length(self) -> float:
        """lambda W, which is L if the queue was empty at both ends of the span, and nears it in long ones."""
        return self.arrival_rate_per_s * self.sojourn_s

    @property
    def predicted(self) -> MM1:
        """M/M/1 of the same rates. Longer queues than it says have burstier arrivals or services."""
        return MM1(self.arrival_rate_per_s, self.service_rate_per_s)


class QueueMeter:
    """Measures a queue from its arrivals and departures, first in, first out, with one server.

    Service of an item begins when it has arrived and the one before it has departed. All times are of one
    clock; one that is earlier than the last counts as the last. Memory is a number for each item that is in
    the queue; an arrival or departure costs O(1). One thread tells it everything, or its callers see to that.
    """

    def __init__(self, now_s: float) -> None:
        self._arrived_s: deque[float] = deque()
        self._departed_s = now_s  # when the last item departed
        self._upto_s = now_s
        self.restart(now_s)

    def restart(self, now_s: float) -> None:
        """Begin a new span. What is in the queue stays there, with the time that it has waited."""
        self._start_s = self._upto_s = max(self._upto_s, now_s)
        self._arrivals = self._departures = 0
        self._area_s = 0.0  # integral of the length over time
        self._busy_s = 0.0
        self._sojourn_s = self._waiting_s = 0.0  # sums over what departed

    def arrive(self, now_s: float, count: int = 1) -> None:
        """So many items enter the queue."""
        self._advance(now_s)
        self._arrivals += count
        self._arrived_s.extend([self._upto_s] * count)

    def depart(self, now_s: float, count: int = 1) -> None:
        """So many items have been served and leave. Raises ValueError if there are fewer."""
        if count > len(self._arrived_s):
            raise ValueError(f"{count} items cannot depart from a queue of {len(self._arrived_s)}")
        self._advance(now_s)
        for _ in range(count):
            arrived_s = self._arrived_s.popleft()
            self._sojourn_s += self._upto_s - arrived_s
            self._waiting_s += max(0.0, self._departed_s - arrived_s)
            self._departed_s = self._upto_s
        self._departures += count

    def measured(self, now_s: float) -> QueueMeasure:
        """The span up to now."""
        self._advance(now_s)
        span_s, departures = self._upto_s - self._start_s, self._departures
        return QueueMeasure(
            span_s=span_s,
            arrivals=self._arrivals,
            departures=departures,
            utilisation=_ratio(self._busy_s, span_s),
            length=_ratio(self._area_s, span_s),
            waiting_length=_ratio(self._area_s - self._busy_s, span_s),
            sojourn_s=_ratio(self._sojourn_s, departures),
            waiting_s=_ratio(self._waiting_s, departures),
            service_s=_ratio(self._sojourn_s - self._waiting_s, departures),
        )

    def _advance(self, now_s: float) -> None:
        elapsed_s = now_s - self._upto_s
        if elapsed_s > 0:
            self._area_s += elapsed_s * len(self._arrived_s)
            self._busy_s += elapsed_s if self._arrived_s else 0.0
            self._upto_s = now_s


def _ratio(total: float, parts: float) -> float:
    return total / parts if parts else nan
