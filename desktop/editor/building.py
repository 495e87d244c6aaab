"""What becomes of a drawn field: a simulation, boards and Pis, settings of live nodes; and the way back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.errors import UsageError
from desktop.actions import Action
from desktop.editor.editor import Editor
from desktop.editor.files import FieldFiles
from desktop.editor.page import FieldPage
from desktop.editor.push import review, taken_over
from desktop.editor.validation import Severity
from desktop.network.plan import Placed
from desktop.network.plan_file import picture_on
from firmware.field.description import Field, parse_field
from protocol.simulator.scenario import load_scenario
from protocol.simulator.toml_tables import DescriptionError

if TYPE_CHECKING:
    from desktop.window import Window


class Building:
    """`actions` are all of it, `tools` those with a button above the plan."""

    def __init__(
        self,
        window: Window,
        editor: Editor,
        page: FieldPage,
        files: FieldFiles,
        show: Callable[[], object],
    ) -> None:
        self._window = window
        self._editor = editor
        self._files = files
        self._show = show
        built = self._build_obstacle
        simulate = Action(
            "Simulate", "Simulate this field", "F10", self.simulate, obstacle=self._nodes_obstacle, page=page
        )
        provision = Action("Field", "Provision …", "", self.provision, obstacle=built, page=page, group=6)
        flash = Action("Field", "Flash …", "", self.flash, obstacle=self._flash_obstacle, page=page, group=6)
        push = Action(
            "Field",
            "Push to the live nodes …",
            "",
            self.push,
            obstacle=self._push_obstacle,
            page=page,
            group=6,
        )
        take = Action(
            "Field",
            "Take over from the live network",
            "",
            self.take_over,
            obstacle=self._live_obstacle,
            group=6,
        )
        self.actions = [simulate, provision, flash, push, take]
        self.tools = (
            ((provision, "box-seam", ""), (flash, "lightning-charge", ""), (push, "broadcast", "")),
            ((simulate, "play-fill", "Simulate"),),
        )

    def simulate(self) -> None:
        """Run the field as it is drawn."""
        from desktop.simulate.source import SimulationSource

        try:
            scenario = load_scenario(self._editor.text, self._editor.title)
        except DescriptionError as error:
            self._window.complain("This field cannot be simulated", f"{error.problem}; {error.remedy}")
            return
        document = self._editor.document
        picture = picture_on(document.background, self._editor.path)
        self._window.start(SimulationSource(scenario, title=f"Simulated {document.name}", picture=picture))

    def provision(self) -> None:
        """Keys, and what each node is told, into a folder."""
        from desktop.editor.provision_dialog import ProvisionDialog

        field, path = self._saved_field()
        if field is not None and path is not None:
            ProvisionDialog(self._window, field, path)

    def flash(self) -> None:
        """A node onto the board at a port."""
        from desktop.editor.flash_dialog import FlashDialog

        field, path = self._saved_field()
        if field is not None and path is not None:
            chosen = next((n.id for n in self._editor.selected if n.board.is_arduino), None)
            FlashDialog(self._window, field, path.parent / field.name, chosen)

    def push(self) -> None:
        """Settings to the nodes that are heard, after a look at what differs."""
        from desktop.editor.push_dialog import PushDialog
        from desktop.sources.live import LiveSource

        session = self._window.session
        if session is None:
            return
        source = session.source if isinstance(session.source, LiveSource) else None
        why = "the app only looks on; connect to a port or the network, with the controller's keys"
        obstacle = why if source is None else source.command_obstacle
        model = session.model
        PushDialog(self._window, review(self._editor.document, model.tree(), model.network), source, obstacle)

    def take_over(self) -> None:
        """A field of the nodes that are heard."""
        session = self._window.session
        if session is None or not self._files.may_leave():
            return
        model = session.model
        places = session.source.places if isinstance(session.source, Placed) else {}
        document = taken_over(model.tree(), model.network, places, "live", self._editor.document.period_s)
        self._editor.open(document, None, is_saved=False)
        self._show()
        self._window.hint("what boards they are, nobody tells: check each, and save the field")

    def _saved_field(self) -> tuple[Field | None, Path | None]:
        """As it is on file: provisioning and flashing name that file to people."""
        if (self._editor.is_dirty or self._editor.path is None) and not self._files.save():
            return None, None
        try:
            return parse_field(self._editor.text, self._editor.title), self._editor.path
        except UsageError as error:
            self._window.complain("This field cannot be built", str(error))
            return None, None

    # --- why it cannot be done now -----------------------------------------------------------------------

    def _nodes_obstacle(self) -> str | None:
        return None if self._editor.document.nodes else "there is no node yet; double-click on the plan"

    def _build_obstacle(self) -> str | None:
        errors = (p.text for p in self._editor.findings.problems if p.severity is Severity.ERROR)
        return self._nodes_obstacle() or next(errors, None)

    def _flash_obstacle(self) -> str | None:
        if not any(node.board.is_arduino for node in self._editor.document.nodes):
            return "no node is an Arduino; Pis are provisioned"
        return self._build_obstacle()

    def _live_obstacle(self) -> str | None:
        if self._window.session is None:
            return "no network is shown; connect to one"
        return None if self._window.session.model.tree() else "no node was heard yet; wait a moment"

    def _push_obstacle(self) -> str | None:
        return self._live_obstacle() or self._build_obstacle()
