"""Gauges about mails at ``/metrics``, read from the database when somebody asks: the same on every process."""

from collections.abc import Iterator

from flask import Flask
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from engagement.services.mailing import mails
from engagement.services.ports import Toolbox


class MailGauges(Collector):
    """``engagement_mails``, ``engagement_mail_oldest_due_seconds`` and ``engagement_mail_paused``."""

    def __init__(self, tools: Toolbox) -> None:
        self._tools = tools

    def describe(self) -> list[GaugeMetricFamily]:
        return []  # asking for them at the start would need a database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = mails.gauges(self._tools)
        if found is None:
            return
        states = GaugeMetricFamily("engagement_mails", "Mails in the outbox by what they wait for.", labels=["state"])
        for state in ("waiting", "failed"):
            states.add_metric([state], found[state])
        yield states
        yield GaugeMetricFamily(
            "engagement_mail_oldest_due_seconds", "How long the most overdue mail has waited.", found["oldest"]
        )
        yield GaugeMetricFamily("engagement_mail_paused", "1 while the mail server takes nothing.", found["paused"])


def register(app: Flask, tools: Toolbox) -> None:
    registry: CollectorRegistry = app.extensions["engagement-metrics"]
    registry.register(MailGauges(tools))
