"""Take the screenshots of ``docs/screenshots`` anew: ``python -m tests.browser.screenshots``."""

import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main([str(Path(__file__).with_name("gallery.py")), "-q", *sys.argv[1:]]))
