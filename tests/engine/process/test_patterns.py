"""Every supported element in loops, branches, scopes and instances: what must be open was written by hand."""

import pytest

from tests.engine.process.patterns import Pattern, events, instances, joins, scopes

PATTERNS = {**joins.PATTERNS, **scopes.PATTERNS, **events.PATTERNS, **instances.PATTERNS}
WALKS = [
    pytest.param(pattern, walk, id=f"{name} {number}" if number > 1 else name)
    for name, pattern in PATTERNS.items()
    for number, walk in enumerate(pattern.walks, 1)
]


@pytest.mark.parametrize(("pattern", "walk"), WALKS)
def test_the_pattern_opens_what_a_person_expects(pattern: Pattern, walk: str) -> None:
    versus = pattern.walk(walk)

    assert versus.play.ended
    assert versus.play.tokens == 0
