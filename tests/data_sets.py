"""Where the data sets lie that do not come with the code; tests of them are skipped where they are missing."""

import os
from pathlib import Path

DATA = Path(os.environ.get("ENGAGEMENT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
