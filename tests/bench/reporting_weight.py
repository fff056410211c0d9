"""What a report's page weighs on first load, compressed as a server sends it: page, picture, style, script and fonts."""

import gzip
import re
from html import unescape
from urllib.parse import urlsplit

from tests.bench.figures import Figure
