"""What a field that comes twice is refused for, by its name."""

import pytest

from ingest.strict_json import NotJson, parse


def test_a_key_that_comes_twice_is_refused() -> None:
    with pytest.raises(NotJson, match="'a' comes twice"):
        parse('{"a":1,"b":2,"a":3}')
