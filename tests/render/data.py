"""The data of a page with a script, for tests."""

import json
import re
from typing import Any


def data_of(page: str) -> Any:
    """The data that stand in a page."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])
