"""The app as a person left it when it was killed: it records, a note was typed, a field was edited.

Run with an argument, the speed of the demo. It says "recording" when the network is heard and all is typed.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from desktop.editor.feature import EditorFeature
from desktop.keep.feature import KeepFeature
from desktop.sources.demo import DemoSource
from desktop.window import Window, open_root

FIELD = "yard"
NOTE = "gateway moved"


def main() -> None:
    """Never ends by itself."""
    root = open_root("light")
    window = Window(root)
    window.start(DemoSource(speed=float(sys.argv[1])))
    root.after(100, lambda: type_when_heard(window))
    root.mainloop()


def type_when_heard(window: Window) -> None:
    """What a person does."""
    assert window.session is not None
    if window.session.model.observer.good < 50:
        window.root.after(100, lambda: type_when_heard(window))
        return
    keep = window.feature(KeepFeature)
    keep.add_bookmark()
    keep.view.entry.focus_force()
    window.root.update()
    for letter in NOTE:
        keep.view.entry.event_generate("<Key>", keysym="space" if letter == " " else letter)
    window.root.update()
    editor = window.feature(EditorFeature).editor
    editor.do(replace(editor.document, name=FIELD), "name")
    print(f"recording {window.session.log}", flush=True)


if __name__ == "__main__":
    main()
