"""A view of the workspace: a card that shows a model."""

from __future__ import annotations

from abc import ABC, abstractmethod

from desktop.card import Card
from desktop.model.model import Model
from desktop.sources.session import Session


class View(Card, ABC):
    """`attend` tells it the session, then `attach` the model: the session's, or one of another time of it.

    A model is subscribed to once, in `attach`; the one before publishes no more.
    """

    def attend(self, session: Session) -> None:
        """Another session is shown; `attach` follows."""

    @abstractmethod
    def attach(self, model: Model) -> None:
        """Show that model from now on. It must be quick: a person who seeks through a log waits for it."""

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
