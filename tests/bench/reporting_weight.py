"""What a report's page weighs on first load, compressed as a server sends it: page, picture, style, script and fonts."""
