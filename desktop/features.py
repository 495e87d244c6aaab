"""All that the app is made of, in the order of the menus."""

from __future__ import annotations

from desktop.bridge_page.feature import BridgeFeature
from desktop.connect.feature import SourcesFeature
from desktop.editor.feature import EditorFeature
from desktop.feature import Feature
from desktop.keep.export_feature import ExportFeature
from desktop.keep.feature import KeepFeature
from desktop.keep.files import FilesFeature
from desktop.network.feature import NetworkFeature
from desktop.packets.feature import PacketsFeature
from desktop.plots.feature import PlotsFeature
from desktop.plots.live_features import LinksFeature, ValuesFeature
from desktop.replay.feature import ReplayFeature
from desktop.shell.appearance import AppearanceFeature
from desktop.shell.drop import DropFeature
from desktop.shell.find import FindFeature
from desktop.shell.help import HelpFeature
from desktop.shell.log_feature import LogFeature
from desktop.shell.settle import SettingsFeature
from desktop.shell.start import StartFeature
from desktop.shell.views import ViewsFeature
from desktop.simulate.feature import SimulateFeature

FEATURES: tuple[type[Feature], ...] = (
    FilesFeature,
    KeepFeature,
    ExportFeature,
    EditorFeature,
    SourcesFeature,
    SimulateFeature,
    BridgeFeature,
    ReplayFeature,
    ViewsFeature,
    PlotsFeature,
    ValuesFeature,
    LinksFeature,
    PacketsFeature,
    NetworkFeature,
    AppearanceFeature,
    FindFeature,
    SettingsFeature,
    LogFeature,
    HelpFeature,
    StartFeature,
    DropFeature,
)
