"""How the rules are now, as retained messages: there from their beginning on, and gone with them.

The broker remembers what an earlier run of this bridge has told; what is no rule any more is taken back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from bridge.rules.engine import Kind
from bridge.sinks.home_assistant import HomeAssistant
from bridge.sinks.mqtt_connection import Message
from bridge.sinks.mqtt_topics import Topics, rule_message
from bridge.sinks.rule_board import RuleBoard, RuleChange, RuleKey


class MqttRules:
    """Of one broker; `client_id` tells our messages from those of another bridge of the network."""

    def __init__(
        self, board: RuleBoard, network: str, client_id: str, topics: Topics, home: HomeAssistant | None
    ) -> None:
        self._board = board
        self._network = network
        self._client_id = client_id
        self._topics = topics
        self._home = home
        self._generation = 0  # of what was told
        self._told: set[RuleKey] = set()  # whatever the broker may hold of ours

    def news(self) -> Iterator[Message]:
        """If rules began anew, all of them."""
        if self._generation != self._board.generation:
            yield from self.all()

    def all(self) -> Iterator[Message]:
        """How each rule is now, and nothing of those that are no more."""
        self._generation = self._board.generation
        if not self._generation:
            return
        changes = self._board.states().changes
        for rule in self._told - changes.keys():
            yield from self._forget(rule)
        for rule, change in changes.items():
            if self._home is not None and rule[0] is Kind.ALARM:
                yield from self._home.announce_alarm(rule[1])
            yield self._message(rule, change)
        self._told |= changes.keys()

    def of(self, change: RuleChange) -> Iterator[Message]:
        """What has changed, unless it is of the past, or of a rule that is no more."""
        if change.is_live and self._board.states().has_news(change):
            yield self._message(change.rule, change)

    def hear(self, topic: str, payload: str) -> None:
        """What the broker holds: if it is ours, we have to see to it."""
        try:
            told = json.loads(payload)
            rule = Kind(told["kind"]), str(told["name"])
            is_ours = told["bridge"] == self._client_id and topic == self._topics.rule(rule)
        except (ValueError, LookupError, TypeError, RecursionError):
            return
        if is_ours and rule not in self._told:
            self._told.add(rule)
            self._generation = 0  # it may be no rule any more

    def _message(self, rule: RuleKey, change: RuleChange | None) -> Message:
        return rule_message(self._topics, self._network, rule, change, bridge=self._client_id)

    def _forget(self, rule: RuleKey) -> Iterator[Message]:
        if self._home is not None and rule[0] is not Kind.ANOMALY:
            yield self._home.forget_alarm(rule[1])
        yield Message(self._topics.rule(rule), "", retain=True)
