"""The domain: how a diagram runs, what is sold, who promised what. Knows no web."""
