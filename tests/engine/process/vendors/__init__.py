"""Diagrams the way other tools write them: invented content, real habits. Nothing here is copied from any tool."""
