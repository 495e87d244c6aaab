"""A network on a canvas: nodes, links, notes, the token, and a dot for every frame that passes."""

from __future__ import annotations

import math
import time
import tkinter as tk
from collections.abc import Collection, Iterable, Iterator, Mapping
from tkinter.font import Font

from desktop import theme
from desktop.network.activity import Activity
from desktop.network.camera import STEP, Camera
from desktop.network.link_finder import LinkFinder
from desktop.network.link_layer import LinkLayer
from desktop.network.motion import Motion, Place
from desktop.network.node_details import NodeDetails
from desktop.network.node_images import NodeImages
from desktop.network.node_items import Brush, NodeItems
from desktop.network.notes import ID_RADIUS_EM, Note, place_notes
from desktop.network.packet_layer import PacketLayer
from desktop.network.packets import Curve, Packets
from desktop.network.plan import Plan, PlanFit
from desktop.network.plan_ground import PlanGround
from desktop.network.pointer import Pointer
from desktop.network.scale_bar import ScaleBar
from desktop.network.scene import Fitted, Link, Look, Scene
from desktop.network.token_item import TokenItem
from desktop.palette import Palette

_FRAME_S = 0.022  # from one frame to the next, while anything moves
_LEAST_REST_S = 0.004  # left to others after each, and at least as long as the frame took
_VALUE_RADIUS_EM = 1.5  # from this size on there is room for the value
_LEAST_ID_PX = 7  # smaller digits are not read
_USUAL_EM_PX = 13
_THIN = 0.55  # of the width of a link, at the least


class NetworkCanvas(tk.Canvas):
    """Draws what `show` was given last.

    The pointer on a node or a link brings its details; Pointer has the rest, and the keys. `<<Choose>>`
    tells that another node is `chosen`, `<<Open>>` that a person wants all of it, `<<Context>>` asks for a
    menu at `context_at` (on the screen) for the chosen node, or the `link` of that node.
    """

    def __init__(self, master: tk.Misc, scene: Scene) -> None:
        super().__init__(master, highlightthickness=1, takefocus=True, width=1, height=1)
        self._em = theme.em_px()
        self._scene = scene
        self._now_us = 0
        self._plan: Plan | None = None
        self._plan_fit: PlanFit | None = None
        self._whole = self._fitted = Fitted()
        self._camera = Camera()
        self._camera_is_due = False
        self._notes: Mapping[int, Note] = {}
        self._noted: tuple[Fitted, Mapping[int, Look]] | None = None
        self._items: dict[int, NodeItems] = {}
        self._drawn_links: Mapping[int, Link] = {}
        self._motion = Motion()
        self._activity = Activity()
        self.packets = Packets()
        self._framed_s = 0.0
        self.frames_drawn = 0  # of what moves
        self._is_framing = False
        self._images = NodeImages(self)
        self._id_font, self._value_font = Font(self, weight="bold"), Font(self)
        self._note_font = Font(self, size=-round(0.95 * self._em))
        self._brush: Brush | None = None
        self._ground = PlanGround()
        self._links = LinkLayer(self)
        self._finder = LinkFinder()
        self._mark = self.create_line(0, 0, 0, 0, state="hidden", tags="over-packets")
        self._chosen_mark = self.create_oval(0, 0, 0, 0, state="hidden")
        self._packet_layer = PacketLayer(self)
        self._token = TokenItem(self)
        self._scale_bar = ScaleBar(self, self._note_font, self._em)
        self._details = NodeDetails(self)
        self._caption = self.create_text(0, 0, justify="center", tags="caption")
        self.cut: frozenset[tuple[int, int]] = frozenset()  # links that a person has cut
        self.chosen: int | None = None
        self.link: int | None = None  # that of this node to the one it is tied to, while it is asked about
        self.is_open = False  # all of the chosen node is told elsewhere
        self.context_at = (0, 0)
        self._hovered: int | None = None
        self._hovered_link: int | None = None
        self.bind("<Configure>", lambda event: self._arrange(animated=False))
        self._pointer = Pointer(self)

    # --- for the view ------------------------------------------------------------------------------------

    @property
    def has_values(self) -> bool:
        """Whether nodes are large enough to bear their values."""
        return self._fitted.radius_px >= _VALUE_RADIUS_EM * self._em

    @property
    def node_count(self) -> int:
        """How many nodes are drawn."""
        return len(self._items)

    @property
    def images(self) -> NodeImages:
        """The pictures of the nodes, for a legend."""
        return self._images

    @property
    def em_px(self) -> int:
        """The unit of all sizes."""
        return self._em

    @property
    def scene(self) -> Scene:
        """What is drawn."""
        return self._scene

    @property
    def plan(self) -> Plan | None:
        """The plan that nodes stand on, if they do."""
        return self._plan

    @property
    def ground_problem(self) -> str:
        """Why the plan's picture is not there; "" if it is, or if there is none."""
        return self._ground.problem

    def show(self, scene: Scene, now_us: int) -> None:
        """Draw this; nodes that were there before glide. `now_us` is the time of the records."""
        old, self._scene, self._now_us = self._scene, scene, now_us
        for node in self._items.keys() - scene.looks.keys():
            self._items.pop(node).delete()
        if type(scene) is not type(old) or scene.arrangement != old.arrangement:
            self._arrange(animated=True)
        else:
            self._draw_links()
            self._paint(scene.looks)

    def stand_on(self, plan: Plan | None) -> None:
        """Let the nodes stand on that plan from now on, or as the network is if there is none."""
        if plan is not self._plan:
            self._plan = plan and self._ground.sized(plan)
            self._camera = Camera()
            self._arrange(animated=True)

    def forget(self) -> None:
        """Another network is shown from now on: nothing of this one is chosen or flies."""
        self.packets.clear()
        self._activity = Activity()
        self._camera = Camera()
        self.choose(None)

    def flash(self, sent: Collection[tuple[int, int]], frames: int) -> None:
        """So many frames passed, between these sources and destinations."""
        if not sent or not self.winfo_viewable():
            return
        now_s = time.monotonic()
        looks = self._scene.looks
        new = self._activity.note((source for source, _ in sent if source in looks), now_s)
        curves = [curve for source, destination in sent if (curve := self._curve(source, destination))]
        self.packets.launch(curves, round(frames * len(curves) / len(sent)), now_s)
        self._paint(new)
        self._frame_soon()

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        self._images.use(palette)
        self._token.use(palette)
        self.configure(
            background=palette.surface,
            highlightbackground=palette.surface,  # the ring around a canvas that has the focus
            highlightcolor=palette.accent,
        )
        self.itemconfigure(self._caption, fill=palette.muted)
        self.itemconfigure(self._chosen_mark, outline=palette.accent)
        self.itemconfigure(self._mark, fill=palette.accent)
        self._fit_brush()
        self._draw_links()
        self._paint(self._scene.looks)

    # --- which part is seen ------------------------------------------------------------------------------

    @property
    def camera(self) -> Camera:
        """Which part is seen."""
        return self._camera

    def look(self, camera: Camera) -> None:
        """See that part, from the next frame on."""
        self._camera = camera
        self._camera_is_due = True
        self._frame_soon()

    def zoom(self, steps: float, about: Place | None = None) -> None:
        """So many steps closer (or farther), about the middle if no other point is given."""
        middle = self.winfo_width() / 2, self.winfo_height() / 2
        self.look(self._camera.zoomed(STEP**steps, about or middle))

    def see_all(self) -> None:
        """All of it, as large as there is room."""
        self.look(Camera())

    # --- what a person asks about ------------------------------------------------------------------------

    def choose(self, node: int | None) -> None:
        """That node is what a person asks about."""
        self.link = None
        if node != self.chosen:
            self.chosen = node
            self.event_generate("<<Choose>>")
        self._mark_chosen()
        self._tell()

    def hover(self, node: int | None, link: int | None) -> None:
        """The pointer is there."""
        if (node, link) != (self._hovered, self._hovered_link):
            self._hovered, self._hovered_link = node, link
            self._mark_chosen()
            self._tell()

    def node_at(self, x: float, y: float) -> int | None:
        """The node there."""
        reach = max(self._fitted.radius_px, 0.5 * self._em) * 1.2
        near = [
            (distance, node)
            for node, place in self._motion.places.items()
            if (distance := math.dist(place, (x, y))) <= reach
        ]
        return min(near)[1] if near else None

    def link_at(self, x: float, y: float) -> int | None:
        """The node whose link to the one it is tied to passes there."""
        return self._finder.at(self._drawn_links, (x, y), 0.55 * self._em)

    def place_of(self, node: int) -> Place | None:
        """Where that node is seen."""
        return self._motion.places.get(node)

    # --- where nodes stand -------------------------------------------------------------------------------

    def _arrange(self, *, animated: bool) -> None:
        """Fit the scene to the size of the canvas."""
        width, height = self.winfo_width(), self.winfo_height()
        self.coords(self._caption, width / 2, height / 2)
        if self._plan is None or not self._scene.looks:
            self._plan_fit = None
            self._whole = self._scene.fit(width, height, self._em)
        else:
            self._plan_fit = self._plan.fit(self._scene.looks, width, height, self._em)
            self._whole = self._plan_fit.fitted
        self._view(animated=animated)

    def _view(self, *, animated: bool) -> None:
        self._camera_is_due = False
        self._fitted = self._camera.view(self._whole, self._em)
        self._fit_brush()
        now_s = time.monotonic() if animated else None
        self._motion.aim(self._fitted.places, self._scene.ties, now_s)
        self._place()
        px_per_m = self._plan_fit.px_per_m * self._camera.zoom if self._plan_fit else None
        self._scale_bar.show(px_per_m, theme.current())
        self._frame_soon()  # nodes glide, even where no frame comes

    def _fit_brush(self) -> None:
        digits = max((len(str(node)) for node in self._scene.looks), default=1)
        id_share = 0.72 if self.has_values else min(0.9, 2 / digits)
        radius_px = self._fitted.radius_px
        id_px = max(1, round(radius_px * id_share))
        self._id_font.configure(size=-id_px)
        self._value_font.configure(size=-max(1, round(radius_px * 0.5)))
        is_roomy = radius_px >= ID_RADIUS_EM * self._em or not self._fitted.outward
        palette = theme.current()
        self._brush = Brush(
            palette,
            self._images,
            round(radius_px),
            self._id_font,
            self._value_font,
            self._note_font,
            is_roomy and id_px >= _LEAST_ID_PX,
            self.has_values,
        )
        self._packet_layer.use(palette, round(min(max(0.2 * self._em, 0.24 * radius_px), 0.45 * self._em)))

    def _place(self) -> None:
        """Take every node, and all that hangs on it, to where it is now."""
        for node, place in self._motion.places.items():
            if node not in self._items:
                self._items[node] = NodeItems(self)
            self._items[node].stand(*place)
        self._draw_links()
        self._paint(self._scene.looks)

    # --- drawing -----------------------------------------------------------------------------------------

    def _draw_links(self) -> None:
        palette = theme.current()
        # Where nodes are small their links are thinner, too.
        scale = self._em / _USUAL_EM_PX * min(1.0, max(_THIN, self._fitted.radius_px / self._em))
        self._drawn_links = self._scene.links(self._fitted, self._motion.places, palette, scale)
        plan, fit, camera = self._plan, self._plan_fit, self._camera
        links = [*self._drawn_links.values(), *self._cut_links(palette, scale)]
        key = palette, plan, fit and (fit.px_per_m, fit.origin, fit.silent), camera if plan else None
        self._links.draw(
            links,
            lambda size: self._ground.draw(size, palette, plan, fit, camera),
            key,
        )

    def _cut_links(self, palette: Palette, scale: float) -> Iterator[Link]:
        """What was cut, on a plan: in layers, links that are no part of the tree would be in the way."""
        places = self._motion.places
        for a, b in {(min(link), max(link)) for link in self.cut} if self._fitted.is_plan else ():
            if a in places and b in places:
                ends = places[a], places[a], places[b], places[b]
                yield Link(ends, palette.maximum, 1.6 * scale, (3 * scale, 3 * scale))

    def _paint(self, nodes: Iterable[int]) -> None:
        """Draw these nodes, and what stands apart from nodes, as they are now."""
        looks, fitted, brush = self._scene.looks, self._fitted, self._brush
        assert brush is not None  # repaint comes first
        if self._noted is None or self._noted[0] is not fitted or self._noted[1] != looks:
            self._noted = fitted, looks
            self._notes = place_notes(looks, fitted, self._em)
            nodes = looks  # notes give way to each other
        shows_senders = self._scene.token_at is None  # where a token goes, it tells who sends
        for node in nodes:
            if node in self._items and node in looks:
                note = None if self._motion.moving else self._notes.get(node)
                active = shows_senders and node in self._activity.nodes
                self._items[node].paint(node, looks[node], note, brush, active=active)
        self._write_caption()
        self._token.follow(self._scene.token_at, fitted, self._motion.places, time.monotonic())
        self._mark_chosen()
        self._tell()

    def _write_caption(self) -> None:
        """As much as there is room for."""
        across, upright = self._fitted.caption_room
        for text in () if self._fitted.is_plan else self._scene.captions:  # on a plan, nodes stand there
            self.itemconfigure(self._caption, text=text)
            left, top, right, bottom = self.bbox(self._caption)
            if math.hypot((right - left) / 2 * upright, (bottom - top) / 2 * across) <= across * upright:
                break
        else:
            self.itemconfigure(self._caption, text="")

    def _mark_chosen(self) -> None:
        """A ring about the chosen node, a line over the link that is asked about."""
        place = None if self.chosen is None else self.place_of(self.chosen)
        if place is None:
            self.itemconfigure(self._chosen_mark, state="hidden")
        else:
            (x, y), reach = place, self._fitted.radius_px * 1.35 + 2
            self.coords(self._chosen_mark, x - reach, y - reach, x + reach, y + reach)
            self.itemconfigure(self._chosen_mark, state="normal", width=max(2, round(0.16 * self._em)))
        link = self._drawn_links.get(-1 if (node := self._asked_link) is None else node)
        if link is None:
            self.itemconfigure(self._mark, state="hidden")
        else:
            self.coords(self._mark, *(value for point in self._finder.points(link) for value in point))
            self.itemconfigure(self._mark, state="normal", width=max(2, round(0.25 * self._em)))

    @property
    def _asked_link(self) -> int | None:
        return self.link if self._hovered_link is None else self._hovered_link

    def _tell(self) -> None:
        """The details of what the pointer is on, or of what is chosen if they are not told elsewhere."""
        looks = self._scene.looks
        node = self.chosen if self._hovered is None and not self.is_open else self._hovered
        link = self._asked_link
        if self._hovered is None and link is not None and link in self._drawn_links:
            points = self._finder.points(self._drawn_links[link])
            self._details.show(self._scene.describe_link(link), points[len(points) // 2])
        elif node is not None and node in looks:
            self._details.show(self._scene.describe(node, self._now_us), self.place_of(node))
        else:
            self._details.show((), None)

    # --- what moves --------------------------------------------------------------------------------------

    def _curve(self, source: int, destination: int) -> Curve | None:
        """The way of a frame: along the link of the two, or straight; None where the token tells it."""
        places, ties = self._motion.places, self._scene.ties
        start, end = places.get(source), places.get(destination)
        if start is None or end is None:
            return None
        tied = ties.get(source) == destination, ties.get(destination) == source
        if not any(tied):
            return start, start, end, end
        if self._scene.token_at is not None:
            return None
        link = self._drawn_links.get(source if tied[0] else destination)
        if link is None or len(link.points) != 4:
            return start, start, end, end
        a, b, c, d = link.points
        return (a, b, c, d) if a == start else (d, c, b, a)

    def _frame_soon(self) -> None:
        if self._is_framing:
            return
        busy = self._motion.moving or self._token.moving or self._activity.nodes or len(self.packets)
        if busy or self._camera_is_due:
            self._is_framing = True
            now_s = time.monotonic()
            wait_s = max(self._framed_s + _FRAME_S - now_s, _LEAST_REST_S)
            self.after(math.ceil(wait_s * 1000), self._frame)

    def _frame(self) -> None:
        self._is_framing = False
        now_s = self._framed_s = time.monotonic()
        if self._camera_is_due:
            self.packets.clear()  # their ways were elsewhere
            self._view(animated=False)
        if self._motion.moving:
            self._motion.advance(now_s)
            self._place()
        self._paint(self._activity.expire(now_s))
        self._packet_layer.show(self.packets.places(now_s))
        self.frames_drawn += 1
        # Whoever draws may not take all the time: as much is left to others.
        self._framed_s = max(now_s, 2 * time.monotonic() - now_s - _FRAME_S)
        self._frame_soon()
