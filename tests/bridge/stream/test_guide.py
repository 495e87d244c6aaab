"""The guide's examples run as they stand, one after the other, and give what it says they give."""

import doctest
import re
from pathlib import Path

import bridge.stream

GUIDE = Path(__file__).parents[3] / "docs" / "streams.md"


def test_the_examples_of_the_guide() -> None:
    examples = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert len(examples) > 8
    names: dict[str, object] = {}
    runner = doctest.DocTestRunner()
    for number, example in enumerate(examples, start=1):
        if ">>> " in example:
            test = doctest.DocTestParser().get_doctest(example, names, f"example {number}", str(GUIDE), 0)
            result = runner.run(test, clear_globs=False)
            assert not result.failed, f"example {number} gives something else; the output has it"
            names |= test.globs
        else:
            exec(compile(example, f"{GUIDE} example {number}", "exec"), names)


def test_every_public_name_is_there() -> None:
    assert [name for name in bridge.stream.__all__ if not hasattr(bridge.stream, name)] == []
