"""A world for each test: a real database with a worker on it."""

import pytest
from sqlalchemy import Engine

from tests.engine.process.kit import World


@pytest.fixture
def world(database: Engine) -> World:
    return World(database)
