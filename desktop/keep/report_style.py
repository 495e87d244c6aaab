"""How a report looks: light, dark as the system is, and on paper; the colours are the app's."""

from __future__ import annotations

from dataclasses import fields

from desktop.palette import DARK, LIGHT, PALETTES

_CSS = """
:root { %s color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { %s } }
@media print { :root { %s } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--background); margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem; background: var(--surface); }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .6rem; border-bottom: 1px solid var(--border); }
p, li { max-width: 46rem; overflow-wrap: anywhere; }
.lead, .muted, figcaption { color: var(--muted); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; width: 100%%; }
th, td { text-align: left; vertical-align: top; padding: .22rem .6rem; }
th, td { border-bottom: 1px solid var(--border); overflow-wrap: anywhere; }
th { color: var(--muted); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 0; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 1rem 0; }
svg.figure { display: block; width: 100%%; height: auto; }
svg.figure * { stroke-linejoin: round; stroke-linecap: butt; }
@media print {
  body { background: none; font-size: 10.5pt; } main { max-width: none; padding: 0; }
  figure, tr { break-inside: avoid; } h2 { break-after: avoid; } .wide { overflow: visible; }
}
"""


def style() -> str:
    """The page's style sheet."""

    def variables(mode: str) -> str:
        return " ".join(
            f"--{each.name}: {getattr(PALETTES[mode], each.name)};" for each in fields(PALETTES[mode])
        )

    return _CSS % (variables(LIGHT), variables(DARK), variables(LIGHT))
